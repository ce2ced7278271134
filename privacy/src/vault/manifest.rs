//! What a whole store of sealed records must hold.
//!
//! A record proves by itself that it was neither changed nor moved. That it was taken out, or put back as it was last
//! week, only something else can prove. That is the manifest: a counter that rises with every change, the number of records, and
//! a sum over all of them, sealed in the same batch as each change.
//!
//! The sum is MSet-Add-Hash (Clarke et al., "Incremental multiset hash functions", 2003): each record gives a MAC over its
//! place, version and salt, and MACs are added modulo 2^256, so that a change costs the same whatever the store's size.
//! Finding another set of records with the same sum without the key is as hard as forging the MAC.
//!
//! A store that is put back *as a whole*, manifest included, is consistent; only a counter kept elsewhere tells.

use zeroize::Zeroizing;

use super::{Header, Vault, VaultError, mac};

const PLACE: &[u8] = b"manifest";
const BYTES: usize = 8 + 8 + 8 + 32;

/// The key of a store's manifest.
pub struct ManifestKey {
    vault: Vault,
    mac: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for ManifestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ManifestKey(..)")
    }
}

impl ManifestKey {
    /// From a key that is used for nothing else.
    pub fn new(key: &[u8; 32]) -> Self {
        let vault = Vault::new(key);
        Self { mac: Zeroizing::new(vault.pseudonym("manifest", b"")), vault }
    }
}

/// One record, as the manifest sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded([u8; 32]);

impl Recorded {
    /// The record at this place: `more` is whatever else about it must not change unnoticed.
    pub fn new(key: &ManifestKey, place: &[u8], header: &Header, more: &[u8]) -> Self {
        let length = (place.len() as u64).to_be_bytes();
        Self(mac(&key.mac, &[&length, place, &header.version.to_be_bytes(), &header.salt, more]))
    }
}

/// The state of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Rises by one with every change of the store: also the version of what is written next.
    pub counter: u64,
    /// The latest time that was seen, in milliseconds since 1970: a clock that is set back prolongs nothing.
    pub latest_ms: i64,
    count: u64,
    sum: [u8; 32],
}

impl Manifest {
    /// An empty store after this change.
    pub fn begun_at(counter: u64) -> Self {
        Self { counter, ..Self::default() }
    }

    /// An empty store whose counter and time stand as in this one.
    pub fn emptied(&self) -> Self {
        Self { count: 0, sum: [0; 32], ..*self }
    }

    /// A record came.
    pub fn add(&mut self, record: &Recorded) {
        self.count = self.count.wrapping_add(1);
        self.sum = added(&self.sum, &record.0);
    }

    /// A record went.
    pub fn remove(&mut self, record: &Recorded) {
        self.count = self.count.wrapping_sub(1);
        self.sum = added(&self.sum, &negated(&record.0));
    }

    /// Whether both speak of the same records.
    pub fn agrees(&self, other: &Self) -> bool {
        (self.count, self.sum) == (other.count, other.sum)
    }

    /// Sealed, to be written in the same batch as the change.
    pub fn seal(&self, key: &ManifestKey) -> Vec<u8> {
        let mut plain = [0; BYTES];
        plain[..8].copy_from_slice(&self.counter.to_be_bytes());
        plain[8..16].copy_from_slice(&self.latest_ms.to_be_bytes());
        plain[16..24].copy_from_slice(&self.count.to_be_bytes());
        plain[24..].copy_from_slice(&self.sum);
        key.vault.seal_version(PLACE, self.counter, &plain)
    }

    /// Opens what [`Manifest::seal`] sealed.
    pub fn open(key: &ManifestKey, sealed: &[u8]) -> Result<Self, VaultError> {
        let plain = key.vault.open(PLACE, sealed)?;
        let (counter, rest) = plain.split_first_chunk().ok_or(VaultError::Format)?;
        let (latest, rest) = rest.split_first_chunk().ok_or(VaultError::Format)?;
        let (count, sum) = rest.split_first_chunk().ok_or(VaultError::Format)?;
        let sum = sum.try_into().map_err(|_| VaultError::Format)?;
        let (counter, count) = (u64::from_be_bytes(*counter), u64::from_be_bytes(*count));
        Ok(Self { counter, latest_ms: i64::from_be_bytes(*latest), count, sum })
    }
}

/// Addition modulo 2^256, big endian.
fn added(one: &[u8; 32], other: &[u8; 32]) -> [u8; 32] {
    let (mut sum, mut carry) = ([0; 32], 0u16);
    for ((sum, one), other) in sum.iter_mut().zip(one).zip(other).rev() {
        carry += u16::from(*one) + u16::from(*other);
        *sum = carry as u8;
        carry >>= 8;
    }
    sum
}

fn negated(number: &[u8; 32]) -> [u8; 32] {
    let mut one = [0; 32];
    one[31] = 1;
    added(&number.map(|byte| !byte), &one)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn recorded(key: &ManifestKey, place: u8, version: u64) -> Recorded {
        Recorded::new(key, &[place], &Header { generation: 1, version, salt: [0; 32] }, b"")
    }

    #[test]
    fn the_sum_is_of_the_set_and_of_nothing_else() {
        let key = ManifestKey::new(&[3; 32]);
        let (mut one, mut other) = (Manifest { counter: 1, ..Manifest::default() }, Manifest::default());
        for (place, version) in [(1, 1), (2, 2), (3, 3)] {
            one.add(&recorded(&key, place, version));
        }
        for (place, version) in [(3, 3), (7, 9), (1, 1), (2, 2)] {
            other.add(&recorded(&key, place, version));
        }
        assert!(!one.agrees(&other));
        other.remove(&recorded(&key, 7, 9));
        assert!(one.agrees(&other), "whatever the order and the counter");
        other.remove(&recorded(&key, 2, 2));
        other.add(&recorded(&key, 2, 1));
        assert!(!one.agrees(&other), "an older version");
        assert!(one.emptied().agrees(&Manifest::default()) && one.emptied().counter == 1);
        assert_eq!(Manifest::open(&key, &one.seal(&key)), Ok(one));
        assert_eq!(Manifest::open(&ManifestKey::new(&[4; 32]), &one.seal(&key)), Err(VaultError::Sealed));
    }

    proptest! {
        #[test]
        fn what_is_added_and_taken_away_leaves_nothing(one: [u8; 32], other: [u8; 32]) {
            prop_assert_eq!(added(&added(&one, &other), &negated(&other)), one);
            prop_assert_eq!(added(&one, &other), added(&other, &one));
        }
    }
}
