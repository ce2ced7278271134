//! Accounts of officers and staff: `accounts.toml`, passwords as argon2id (RFC 9106); and their sessions.

mod session;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use self::session::{AGE_MAX, IDLE_MAX, Login, Sessions, Standing, Throttle, same_origin};
use crate::keys::write_private;

/// Why an account could not be used or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Unknown name or wrong password: deliberately the same.
    #[error("name or password is wrong")]
    Wrong,
    /// The file cannot be read or written.
    #[error("accounts file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("accounts file {path} is damaged ({why}): restore it from a backup")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A name in use.
    #[error("there is an account `{0}` already: use `account reset` for a new password")]
    Exists(String),
    /// No such name.
    #[error("there is no account `{0}`: use `account add`")]
    Unknown(String),
    /// A name of other characters.
    #[error("`{0}` is no account name: use 1 to 40 of a-z, 0-9, `.` and `-`")]
    Name(String),
}

#[derive(Serialize, Deserialize)]
struct Account {
    role: String,
    password: String,
}

/// An accounts file.
#[derive(Debug, Clone)]
pub struct Accounts {
    path: PathBuf,
}

/// A hash that no password has, so that unknown names take as long as wrong passwords.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsbHlwb3J0LW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Accounts {
    /// The accounts in this file; it need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn read(&self) -> Result<BTreeMap<String, Account>, AccountError> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            other => other.map_err(|source| self.file(source))?,
        };
        toml::from_str(&text)
            .map_err(|error| AccountError::Format { path: self.path.clone(), why: error.message().to_owned() })
    }

    fn file(&self, source: io::Error) -> AccountError {
        AccountError::File { path: self.path.clone(), source }
    }

    fn write(&self, accounts: &BTreeMap<String, Account>) -> Result<(), AccountError> {
        let text = toml::to_string(accounts).map_err(|error| self.file(io::Error::other(error)))?;
        write_private(&self.path, text.as_bytes(), true).map_err(|source| self.file(source))
    }

    /// Adds an account with this role and gives its password, which is stored nowhere.
    pub fn add(&self, name: &str, role: &str) -> Result<Zeroizing<String>, AccountError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
        if !(1..=40).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(AccountError::Name(name.chars().take(60).collect()));
        }
        let mut accounts = self.read()?;
        if accounts.contains_key(name) {
            return Err(AccountError::Exists(name.to_owned()));
        }
        let password = new_password();
        accounts.insert(name.to_owned(), Account { role: role.to_owned(), password: self.hashed(&password)? });
        self.write(&accounts)?;
        Ok(password)
    }

    /// Gives an account a new password.
    pub fn reset(&self, name: &str) -> Result<Zeroizing<String>, AccountError> {
        let mut accounts = self.read()?;
        let account = accounts.get_mut(name).ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        let password = new_password();
        account.password = self.hashed(&password)?;
        self.write(&accounts)?;
        Ok(password)
    }

    /// Removes an account; its sessions end.
    pub fn remove(&self, name: &str) -> Result<(), AccountError> {
        let mut accounts = self.read()?;
        accounts.remove(name).ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        self.write(&accounts)
    }

    /// What sessions of this account rest on: another one after each change of its password or role, `None` if there is
    /// no such account. Ask before [`Accounts::verify`], so that a change in between is not overlooked.
    pub fn standing(&self, name: &str) -> Result<Option<Standing>, AccountError> {
        let accounts = self.read()?;
        let standing = |account: &Account| Sha256::digest(format!("{} {}", account.role, account.password)).into();
        Ok(accounts.get(name).map(standing))
    }

    fn hashed(&self, password: &str) -> Result<String, AccountError> {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| self.file(io::Error::other(error.to_string())))
    }

    /// Checks a password and gives the account's role. Takes as long for an unknown name.
    pub fn verify(&self, name: &str, password: &str) -> Result<String, AccountError> {
        let accounts = self.read()?;
        let account = accounts.get(name);
        let stored = account.map_or(NOBODY, |account| account.password.as_str());
        let hash = PasswordHash::new(stored)
            .map_err(|error| AccountError::Format { path: self.path.clone(), why: error.to_string() })?;
        match (Argon2::default().verify_password(password.as_bytes(), &hash), account) {
            (Ok(()), Some(account)) => Ok(account.role.clone()),
            _ => Err(AccountError::Wrong),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Twenty letters and digits that are not mistaken for others: 99 bits.
fn new_password() -> Zeroizing<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = Zeroizing::new([0u8; 20]);
    rand::Rng::fill_bytes(&mut rand::rng(), &mut random[..]);
    Zeroizing::new(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_account_takes_its_own_password_only() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = Accounts::at(folder.path().join("accounts.toml"));
        assert!(matches!(accounts.verify("ana", "x"), Err(AccountError::Wrong)));
        let first = accounts.add("ana", "officer").unwrap();
        assert_eq!(accounts.verify("ana", &first).unwrap(), "officer");
        assert!(matches!(accounts.verify("ana", "wrong"), Err(AccountError::Wrong)));
        assert!(matches!(accounts.add("ana", "officer"), Err(AccountError::Exists(_))));
        assert!(matches!(accounts.add("Ana B", "officer"), Err(AccountError::Name(_))));
        let second = accounts.reset("ana").unwrap();
        assert!(accounts.verify("ana", &first).is_err());
        accounts.add("bo", "observer").unwrap();
        accounts.remove("bo").unwrap();
        assert!(matches!(accounts.remove("bo"), Err(AccountError::Unknown(_))));
        assert_eq!(accounts.standing("bo").unwrap(), None);
        let standing = accounts.standing("ana").unwrap().unwrap();
        assert_eq!(accounts.standing("ana").unwrap(), Some(standing));
        let text = fs::read_to_string(accounts.path()).unwrap();
        fs::write(accounts.path(), text.replace("officer", "observer")).unwrap();
        assert_ne!(accounts.standing("ana").unwrap(), Some(standing), "another role");
        fs::write(accounts.path(), text).unwrap();
        assert!(accounts.verify("ana", &second).is_ok());
        assert!(matches!(accounts.reset("ole"), Err(AccountError::Unknown(_))));
        let text = fs::read_to_string(accounts.path()).unwrap();
        assert!(text.contains("$argon2id$") && !text.contains(second.as_str()));
        fs::write(accounts.path(), "ana = 3").unwrap();
        assert!(matches!(accounts.verify("ana", &second), Err(AccountError::Format { .. })));
    }

    #[test]
    fn the_stand_in_for_unknown_names_is_a_real_hash() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }
}
