//! Keys in a PKCS#11 token (version 2.40), by its vendor's module.
//!
//! Each is a generic secret of 256 bits, made in the token, sensitive and not extractable. What is derived from it is
//! HMAC-SHA-256 over the purpose and the byte 1, computed in the token: the first and only block of HKDF-Expand (RFC 5869,
//! 2.3) under a key that is uniform already, so that nothing has to be extracted from it (3.3).

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use sallyport_memory::Locked;
use zeroize::Zeroizing;

use super::{KeyError, KeyStore, key_store::checked};

/// Before each name in the token, which may hold keys of others, too.
const LABEL: &str = "sallyport:";
const KEY_BYTES: usize = 32;

/// Why the token did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs11Error {
    /// The module cannot be loaded.
    #[error("the PKCS#11 module {path} cannot be used ({source}): install the token's software, and check the path")]
    Module {
        /// The module.
        path: PathBuf,
        /// Why.
        source: Error,
    },
    /// There is no such token.
    #[error("there is no token `{wanted}`; there are: {}", if .found.is_empty() { "none" } else { .found })]
    Absent {
        /// Its label.
        wanted: String,
        /// Those that are there.
        found: String,
    },
    /// Wrong, or locked after too many wrong ones.
    #[error("the token `{0}` does not take the PIN: it is wrong, or was wrong too often; each attempt counts")]
    Pin(String),
    /// Two keys of one name.
    #[error("the token holds {count} keys `{name}`: remove the wrong ones with the token's own tools")]
    Ambiguous {
        /// The name.
        name: String,
        /// How many there are.
        count: usize,
    },
    /// The token would give the key out.
    #[error("the token made `{0}` so that it can be read, and it was destroyed again: use a token that keeps its keys")]
    Extractable(String),
    /// It answered with something else than 32 bytes.
    #[error("the token's HMAC-SHA-256 has {0} bytes instead of 32: use another token")]
    Length(usize),
    /// Anything else.
    #[error("the token failed ({0}): check that it is plugged in and works, then start again")]
    Failed(#[from] Error),
}

/// The keys in a token.
pub struct Pkcs11KeyStore {
    token: String,
    session: Mutex<Session>,
}

impl std::fmt::Debug for Pkcs11KeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pkcs11KeyStore({})", self.token)
    }
}

impl Pkcs11KeyStore {
    /// Logs in to the token of this label.
    pub fn open(module: &Path, token: &str, pin: &Zeroizing<String>) -> Result<Self, Pkcs11Error> {
        let unusable = |source| Pkcs11Error::Module { path: module.into(), source };
        let context = Pkcs11::new(module).map_err(unusable)?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another token of the same module is open in this process.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(source) => return Err(unusable(source)),
        }
        let (mut found, mut slot) = (Vec::new(), None);
        for candidate in context.get_slots_with_initialized_token()? {
            let label = context.get_token_info(candidate)?.label().trim_end().to_owned();
            if label == token {
                slot = Some(candidate);
            }
            found.push(label);
        }
        let absent = || Pkcs11Error::Absent { wanted: token.into(), found: found.join(", ") };
        let session = context.open_rw_session(slot.ok_or_else(absent)?)?;
        // The type zeroes its copy.
        let pin = AuthPin::from(pin.as_str());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinLocked | RvError::PinInvalid | RvError::PinLenRange,
                _,
            )) => return Err(Pkcs11Error::Pin(token.into())),
            Err(other) => return Err(other.into()),
        }
        Ok(Self { token: token.into(), session: Mutex::new(session) })
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(session: &Session, name: &str) -> Result<Option<ObjectHandle>, Pkcs11Error> {
    let label = Attribute::Label(format!("{LABEL}{name}").into_bytes());
    let objects = session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true), label])?;
    match objects[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Pkcs11Error::Ambiguous { name: name.into(), count: objects.len() }),
    }
}

fn known(session: &Session, name: &str) -> Result<ObjectHandle, KeyError> {
    found(session, name)?.ok_or_else(|| KeyError::Unknown(name.into()))
}

/// Whether the token says that nobody ever reads this key.
fn is_kept(session: &Session, key: ObjectHandle) -> Result<bool, Pkcs11Error> {
    let wanted = [AttributeType::Sensitive, AttributeType::Extractable];
    let attributes = session.get_attributes(key, &wanted)?;
    let says = |wanted: &Attribute| attributes.contains(wanted);
    Ok(says(&Attribute::Sensitive(true)) && says(&Attribute::Extractable(false)))
}

impl KeyStore for Pkcs11KeyStore {
    fn derive(&self, name: &str, purpose: &[u8]) -> Result<Locked<32>, KeyError> {
        let session = self.session();
        let key = known(&session, checked(name)?)?;
        let block = [purpose, &[1]].concat();
        let derived = session.sign(&Mechanism::Sha256Hmac, key, &block).map_err(Pkcs11Error::from)?;
        let derived = Zeroizing::new(derived);
        let derived: &[u8; 32] = derived[..].try_into().map_err(|_| Pkcs11Error::Length(derived.len()))?;
        Ok(derived.into())
    }

    fn create(&self, name: &str) -> Result<(), KeyError> {
        let session = self.session();
        if found(&session, checked(name)?)?.is_some() {
            return Err(KeyError::Exists(name.into()));
        }
        let label = format!("{LABEL}{name}").into_bytes();
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::ValueLen((KEY_BYTES as u64).into()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Id(label.clone()),
            Attribute::Label(label),
        ];
        let key = session.generate_key(&Mechanism::GenericSecretKeyGen, &template).map_err(Pkcs11Error::from)?;
        if !is_kept(&session, key)? {
            session.destroy_object(key).map_err(Pkcs11Error::from)?;
            return Err(Pkcs11Error::Extractable(name.into()).into());
        }
        Ok(())
    }

    fn destroy(&self, name: &str) -> Result<(), KeyError> {
        let session = self.session();
        let key = known(&session, checked(name)?)?;
        Ok(session.destroy_object(key).map_err(Pkcs11Error::from)?)
    }

    fn names(&self) -> Result<Vec<String>, KeyError> {
        let session = self.session();
        let ours = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
        let mut names = Vec::new();
        for key in session.find_objects(&ours).map_err(Pkcs11Error::from)? {
            let attributes = session.get_attributes(key, &[AttributeType::Label]).map_err(Pkcs11Error::from)?;
            for attribute in attributes {
                if let Attribute::Label(label) = attribute
                    && let Ok(label) = String::from_utf8(label)
                {
                    names.extend(label.strip_prefix(LABEL).map(str::to_owned));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}
