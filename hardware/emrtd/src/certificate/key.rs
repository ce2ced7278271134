//! Public keys of certificates, and which of them are accepted.

use openssl::pkey::{Id, PKey, Public};

use crate::crypto::group::is_standardized;

/// Shorter moduli were factored; Doc 9303-12, 4.1.6 asks for 2048 and more of signers, and 1024 occurs.
const RSA_BITS: std::ops::RangeInclusive<u32> = 1024..=8192;

/// Why a key is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It cannot be decoded.
    #[error("the public key cannot be decoded")]
    Malformed,
    /// Domain parameters that are those of no standardized curve: whoever chooses the generator can make a key that
    /// looks like another's.
    #[error("the elliptic curve parameters are those of no standardized curve")]
    UnknownCurve,
    /// Too short to trust, or absurdly long.
    #[error("an RSA key of {0} bits is not accepted")]
    RsaBits(u32),
    /// Neither RSA nor elliptic curve.
    #[error("the public key is neither RSA nor of an elliptic curve")]
    Type,
}

/// Decodes a SubjectPublicKeyInfo.
///
/// Most CSCAs on elliptic curves carry explicit parameters (Doc 9303-12, 4.1.6.3). OpenSSL names the curve when
/// field, coefficients, generator, order and cofactor are all those of a standardized one; nothing else is accepted.
pub fn public_key(key_info: &[u8]) -> Result<PKey<Public>, KeyError> {
    let key = PKey::public_key_from_der(key_info).map_err(|_| KeyError::Malformed)?;
    match key.id() {
        Id::RSA | Id::RSA_PSS if RSA_BITS.contains(&key.bits()) => Ok(key),
        Id::RSA | Id::RSA_PSS => Err(KeyError::RsaBits(key.bits())),
        Id::EC => {
            let curve = key.ec_key().map_err(|_| KeyError::Malformed)?.group().curve_name();
            if curve.is_some_and(is_standardized) { Ok(key) } else { Err(KeyError::UnknownCurve) }
        }
        _ => Err(KeyError::Type),
    }
}
