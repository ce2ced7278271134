//! Chip authentication mapping (Doc 9303-11, 4.4.3.3.5 and 4.4.3.5): the chip proves that its key for the mapping was
//! made with its static private key.

use zeroize::Zeroizing;

use super::{PaceError, zero_vector};
use crate::{
    crypto::{
        group::{GroupError, KeyPair, PublicKey},
        suite::unpad,
    },
    secure::Keys,
    security_info::SecurityInfos,
};

/// Why the proof of a genuine chip does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipProofError {
    /// EF.CardSecurity has no key that the proof can be checked with.
    #[error(
        "EF.CardSecurity has no public key for chip authentication mapping: the chip cannot be shown to be genuine"
    )]
    NoKey,
    /// The chip has not the private key.
    #[error("the chip has not the private key of its document: it is a copy")]
    Wrong,
    /// The key cannot be used.
    #[error(transparent)]
    Group(#[from] GroupError),
}

/// What the chip sent as proof. It counts only when checked with a key whose EF.CardSecurity is authentic.
pub struct ChipProof {
    mapping: PublicKey,
    /// CA_IC, the quotient of the two private keys.
    data: Zeroizing<Vec<u8>>,
}

impl ChipProof {
    /// Decrypts A_IC.
    pub(super) fn open(keys: &Keys, mapping: PublicKey, encrypted: &[u8]) -> Result<Self, PaceError> {
        if encrypted.is_empty() || !encrypted.len().is_multiple_of(keys.suite.block_bytes()) {
            return Err(PaceError::Protocol("the chip authentication data are not whole blocks"));
        }
        let padded = keys.suite.decrypt(&keys.encryption, &vector(keys), encrypted);
        let data = unpad(&padded).ok_or(PaceError::Protocol("the chip authentication data are not padded"))?;
        Ok(Self { mapping, data: Zeroizing::new(data.to_vec()) })
    }

    /// Checks the proof with the keys in EF.CardSecurity: that of the domain parameters' number first, then others of the
    /// same group. `parameter_id` is that of [`super::Offer`].
    pub fn verify(
        &self,
        card_security: &SecurityInfos,
        parameter_id: Option<u64>,
    ) -> Result<PublicKey, ChipProofError> {
        let mut keys: Vec<_> = card_security
            .chip_authentication_keys()
            .filter_map(|(id, key)| key.ok().map(|key| (id, key)))
            .filter(|(_, key)| key.group() == self.mapping.group())
            .collect();
        keys.sort_by_key(|(id, _)| *id != parameter_id);
        if keys.is_empty() {
            return Err(ChipProofError::NoKey);
        }
        for (_, key) in keys {
            if self.is_of(&key)? {
                return Ok(key);
            }
        }
        Err(ChipProofError::Wrong)
    }

    /// Whether CA_IC · PK_IC is the key that the chip mapped with.
    fn is_of(&self, key: &PublicKey) -> Result<bool, ChipProofError> {
        match KeyPair::multiple(key, &self.data) {
            Ok(product) => Ok(product == self.mapping),
            // A number that cannot be a quotient.
            Err(GroupError::PrivateKey) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl std::fmt::Debug for ChipProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChipProof(..)")
    }
}

/// A_IC for the chip to send.
pub(super) fn encrypt(keys: &Keys, data: &[u8]) -> Vec<u8> {
    keys.suite.encrypt(&keys.encryption, &vector(keys), &keys.suite.pad(data)).to_vec()
}

/// The encryption of -1, all bits set.
fn vector(keys: &Keys) -> Zeroizing<Vec<u8>> {
    let ones = vec![0xFF; keys.suite.block_bytes()];
    keys.suite.encrypt(&keys.encryption, &zero_vector(keys.suite), &ones)
}
