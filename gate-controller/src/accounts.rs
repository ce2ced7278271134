//! Officers' accounts in `accounts.toml`, as the screens ask for them.

use sallyport_privacy::accounts::{self, Standing};

use crate::view::{AccountError, Accounts, Role};

/// The accounts file of this gate.
pub struct FileAccounts(pub accounts::Accounts);

impl Accounts for FileAccounts {
    fn verify(&self, name: &str, password: &str) -> Result<Role, AccountError> {
        match self.0.verify(name, password) {
            Ok(role) if role == Role::Officer.name() => Ok(Role::Officer),
            Ok(role) if role == Role::Observer.name() => Ok(Role::Observer),
            Ok(role) => Err(AccountError::Store(format!("`{role}` is no role"))),
            Err(accounts::AccountError::Wrong) => Err(AccountError::Wrong),
            Err(error) => Err(AccountError::Store(error.to_string())),
        }
    }

    fn standing(&self, name: &str) -> Result<Option<Standing>, AccountError> {
        self.0.standing(name).map_err(|error| AccountError::Store(error.to_string()))
    }
}
