//! The key of one application, which can be revoked: then every code that was made with it is worthless.
//!
//! Where codes may have been stolen, their key is destroyed, so that whoever comes by the key store later cannot use them;
//! where the key may have been stolen, the codes are destroyed. Either way the next generation takes over, codes are
//! made anew at the next live capture, and the people keep their faces and fingers.

use super::{ApplicationKey, KeyError, KeyStore, Rotating};

/// The generation that [`super::RootKey::application`] gave before there was a way to revoke. What comes from the root cannot be
/// destroyed, so nothing new is made with it.
const OF_THE_ROOT: u32 = 1;

/// The generations of one application's key in a key store, by the names `APPLICATION-2`, `APPLICATION-3`, ...; the newest is
/// the one in use.
#[derive(Clone, Copy)]
pub struct ApplicationKeys<'a>(Rotating<'a>);

impl std::fmt::Debug for ApplicationKeys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApplicationKeys({:?})", self.0)
    }
}

impl<'a> ApplicationKeys<'a> {
    /// The keys of this application, such as `trusted-traveler`.
    pub fn new(store: &'a dyn KeyStore, name: &'a str) -> Self {
        Self(Rotating::new(store, name))
    }

    /// The newest generation, if the key store has one.
    pub fn newest(&self) -> Result<Option<u32>, KeyError> {
        Ok(self.0.generations()?.last().copied())
    }

    /// The key of this generation, unless it was destroyed.
    pub fn key(&self, generation: u32) -> Result<ApplicationKey, KeyError> {
        let key = self.0.store.derive(&self.0.name(generation), b"sallyport application")?;
        Ok(ApplicationKey::received(&key, generation))
    }

    /// Makes the next generation, and gives its number. Put it in use, then destroy those before.
    pub fn revoke(&self) -> Result<u32, KeyError> {
        let next = self.newest()?.unwrap_or(OF_THE_ROOT).saturating_add(1);
        self.0.store.create(&self.0.name(next))?;
        Ok(next)
    }

    /// Destroys the generations before this one, for good. Gives how many that were.
    pub fn destroy_before(&self, generation: u32) -> Result<usize, KeyError> {
        self.0.retire_before(generation)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        keys::{FileKeyStore, RootKey},
        template::{Projection, protect},
    };

    #[test]
    fn a_revoked_key_is_gone_for_good_and_its_codes_match_nothing_made_later() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootKey::create(&folder.path().join("root.json"), "correct horse battery").unwrap();
        let store = FileKeyStore::open(&folder.path().join("keys"), &root).unwrap();
        let keys = ApplicationKeys::new(&store, "trusted-traveler");
        assert_eq!((keys.newest().unwrap(), keys.revoke().unwrap()), (None, 2));
        assert_ne!(
            keys.key(2).unwrap().expose_bytes(),
            root.application("trusted-traveler", 2).expose_bytes(),
            "what comes from the root can be made again"
        );
        assert!(matches!(ApplicationKeys::new(&store, "broker").key(2), Err(KeyError::Unknown(_))));

        let face: Vec<f32> = (0..128).map(|at| (at as f32).sin()).collect();
        let seed = |generation: u32| keys.key(generation).unwrap().enrollment_seed(&[1; 16], 1);
        let stolen = protect(&face, &seed(2)).unwrap();
        assert!(Projection::new(&seed(2)).probe(&face).unwrap().similarity(&stolen) > 0.9);
        assert_eq!(keys.revoke().unwrap(), 3);
        assert!(keys.key(2).is_ok(), "until it is destroyed");
        assert_eq!(keys.destroy_before(3).unwrap(), 1);
        assert!(matches!(keys.key(2), Err(KeyError::Unknown(_))));
        assert_eq!((keys.newest().unwrap(), keys.destroy_before(3).unwrap()), (Some(3), 0));
        let renewed = Projection::new(&seed(3)).probe(&face).unwrap();
        assert!(renewed.similarity(&stolen).abs() < 0.1, "{}", renewed.similarity(&stolen));
        assert!(renewed.similarity(&protect(&face, &seed(3)).unwrap()) > 0.9);
    }
}
