//! Hash and signature algorithms of certificates and CMS (Doc 9303-12, 4.1.6; RFC 4055, RFC 5758, BSI TR-03111).

use openssl::{
    error::ErrorStack,
    pkey::{Id, PKey, PKeyRef, Private, Public},
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer, Verifier},
};

use crate::{
    asn1::{self, Asn1Error, Elements, OBJECT_IDENTIFIER, SEQUENCE, oid},
    crypto::{ecdsa, hash::HashAlgorithm},
    tlv,
};

/// NULL, the parameters that hash algorithms and PKCS#1 v1.5 carry.
const NULL: &[u8] = &[5, 0];
/// hashAlgorithm, maskGenAlgorithm and saltLength of RSASSA-PSS-params (RFC 4055, 3.1).
const PSS_HASH: u16 = 0xA0;
const PSS_MASK: u16 = 0xA1;
const PSS_SALT: u16 = 0xA2;
/// saltLength if absent.
const PSS_SALT_BYTES_DEFAULT: u32 = 20;
/// Whatever length the signature turns out to have; OpenSSL's RSA_PSS_SALTLEN_AUTO.
const PSS_SALT_ANY: RsaPssSaltlen = RsaPssSaltlen::MAXIMUM_LENGTH;
/// The arc `1.2.840.113549.1.1` that signature algorithms with RSA lie under.
const PKCS1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1];

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS.
    Pss {
        /// The hash of the mask generation function; `None`: that of the signature.
        mask: Option<HashAlgorithm>,
        /// Length of the salt.
        salt_bytes: u32,
    },
    /// ECDSA, DER-encoded.
    Ecdsa,
    /// ECDSA as the concatenation of r and s (BSI TR-03111, 5.2.1).
    EcdsaPlain,
    /// The usual one of the key: PKCS#1 v1.5 or ECDSA. Signers in the field name their key's type here.
    OfKey,
}

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// How the signature is made.
    pub scheme: Scheme,
    /// Over which hash; `None`: over that which the surroundings name.
    pub hash: Option<HashAlgorithm>,
}

impl SignatureAlgorithm {
    /// The algorithm of an AlgorithmIdentifier's value.
    pub fn parse(identifier: &[u8]) -> Result<Self, Asn1Error> {
        use HashAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        let mut elements = Elements::new(identifier);
        let found = elements.identifier("a signature algorithm")?;
        if found == oid::RSASSA_PSS {
            return Self::parse_pss(elements);
        }
        let known = |scheme, hash| Ok(Self { scheme, hash });
        if found == oid::RSA || found == oid::EC_PUBLIC_KEY {
            return known(Scheme::OfKey, None);
        }
        let (scheme, hash) = if let Some(arc) = found.strip_prefix(PKCS1) {
            (Scheme::Pkcs1, [(5, Sha1), (11, Sha256), (12, Sha384), (13, Sha512), (14, Sha224)].as_slice().pick(arc))
        } else if let Some(arc) = found.strip_prefix(oid::ECDSA) {
            let hash = match arc {
                [1] => Some(Sha1),
                [3, arc @ ..] => [(1, Sha224), (2, Sha256), (3, Sha384), (4, Sha512)].as_slice().pick(arc),
                _ => None,
            };
            (Scheme::Ecdsa, hash)
        } else if let Some(arc) = found.strip_prefix(oid::ECDSA_PLAIN) {
            let hashes = [(1, Sha1), (2, Sha224), (3, Sha256), (4, Sha384), (5, Sha512)];
            (Scheme::EcdsaPlain, hashes.as_slice().pick(arc))
        } else {
            (Scheme::OfKey, None)
        };
        known(scheme, Some(hash.ok_or(Asn1Error::Value("a signature algorithm (none that Doc 9303-12 allows)"))?))
    }

    /// RSASSA-PSS-params. The hash and that of the mask generation function may differ.
    fn parse_pss(mut elements: Elements<'_>) -> Result<Self, Asn1Error> {
        let Some(parameters) = elements.optional(SEQUENCE)? else {
            // Absent in a certificate's key; where a signature lacks them, everything follows the digest algorithm.
            return Ok(Self { scheme: Scheme::Pss { mask: None, salt_bytes: PSS_SALT_BYTES_DEFAULT }, hash: None });
        };
        let mut parameters = Elements::new(parameters.value);
        let hash = match parameters.optional(PSS_HASH)? {
            Some(hash) => HashAlgorithm::parse(tlv::expect(hash.value, SEQUENCE)?.0)?,
            None => HashAlgorithm::Sha1,
        };
        let mask = match parameters.optional(PSS_MASK)? {
            Some(mask) => {
                let mut mask = Elements::of(mask.value, SEQUENCE)?;
                if mask.identifier("the mask generation function")? != oid::MGF1 {
                    return Err(Asn1Error::Value("the mask generation function"));
                }
                HashAlgorithm::parse(mask.next(SEQUENCE, "the mask's hash")?.value)?
            }
            None => HashAlgorithm::Sha1,
        };
        let salt_bytes = match parameters.optional(PSS_SALT)? {
            Some(salt) => asn1::small(tlv::expect(salt.value, asn1::INTEGER)?.0).ok_or(Asn1Error::Value("the salt"))?,
            None => PSS_SALT_BYTES_DEFAULT,
        };
        Ok(Self { scheme: Scheme::Pss { mask: Some(mask), salt_bytes }, hash: Some(hash) })
    }

    /// The AlgorithmIdentifier; `hash` where the algorithm itself names none.
    pub fn write(self, hash: HashAlgorithm) -> Vec<u8> {
        let hash = self.hash.unwrap_or(hash);
        let arc = |under: &[u8], arc: &[u8]| tlv::object(OBJECT_IDENTIFIER, &[under, arc].concat());
        let of_five = |numbers: [u8; 5]| numbers[hash as usize];
        let parts = match self.scheme {
            Scheme::Pkcs1 => [arc(PKCS1, &[of_five([5, 14, 11, 12, 13])]), NULL.to_vec()].concat(),
            Scheme::Ecdsa if hash == HashAlgorithm::Sha1 => arc(oid::ECDSA, &[1]),
            Scheme::Ecdsa => arc(oid::ECDSA, &[3, of_five([0, 1, 2, 3, 4])]),
            Scheme::EcdsaPlain => arc(oid::ECDSA_PLAIN, &[of_five([1, 2, 3, 4, 5])]),
            Scheme::OfKey => tlv::object(OBJECT_IDENTIFIER, oid::RSA),
            Scheme::Pss { mask, salt_bytes } => {
                [tlv::object(OBJECT_IDENTIFIER, oid::RSASSA_PSS), write_pss(hash, mask.unwrap_or(hash), salt_bytes)]
                    .concat()
            }
        };
        tlv::object(SEQUENCE, &parts)
    }

    /// Whether this key made this signature over this message; `hash` where the algorithm itself names none.
    ///
    /// The salt's length is that of the signature, where the key allows: a wrong declaration makes no forgery possible.
    pub fn verify(self, key: &PKeyRef<Public>, hash: HashAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.try_verify(key, hash, message, signature).unwrap_or(false)
    }

    fn try_verify(
        self,
        key: &PKeyRef<Public>,
        hash: HashAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        let hash = self.hash.unwrap_or(hash);
        let mut verifier = Verifier::new(hash.message_digest(), key)?;
        let rsa = matches!(key.id(), Id::RSA | Id::RSA_PSS);
        match self.scheme {
            Scheme::Pkcs1 if rsa => verifier.set_rsa_padding(Padding::PKCS1)?,
            Scheme::OfKey if key.id() == Id::RSA => verifier.set_rsa_padding(Padding::PKCS1)?,
            Scheme::Pss { mask, salt_bytes } if rsa => {
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                // OpenSSL takes no salt of unknown length from a key that is bound to PSS.
                let declared = RsaPssSaltlen::custom(salt_bytes.try_into().unwrap_or(i32::MAX));
                verifier.set_rsa_pss_saltlen(if key.id() == Id::RSA { PSS_SALT_ANY } else { declared })?;
                verifier.set_rsa_mgf1_md(mask.unwrap_or(hash).message_digest())?;
            }
            Scheme::Ecdsa | Scheme::OfKey if key.id() == Id::EC => {}
            Scheme::EcdsaPlain if key.id() == Id::EC => {
                return Ok(ecdsa::verify(&*key.ec_key()?, &hash.of(&[message]), signature));
            }
            _ => return Ok(false),
        }
        verifier.verify_oneshot(signature, message)
    }

    /// Signs a message.
    pub fn sign(self, key: &PKey<Private>, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let hash = self.hash.unwrap_or(hash);
        if self.scheme == Scheme::EcdsaPlain {
            return ecdsa::sign(&*key.ec_key()?, &hash.of(&[message]));
        }
        let mut signer = Signer::new(hash.message_digest(), key)?;
        if let Scheme::Pss { mask, salt_bytes } = self.scheme {
            signer.set_rsa_padding(Padding::PKCS1_PSS)?;
            signer.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt_bytes.try_into().unwrap_or(i32::MAX)))?;
            signer.set_rsa_mgf1_md(mask.unwrap_or(hash).message_digest())?;
        }
        signer.sign_oneshot_to_vec(message)
    }
}

/// RSASSA-PSS-params, every field written.
pub(crate) fn write_pss(hash: HashAlgorithm, mask: HashAlgorithm, salt_bytes: u32) -> Vec<u8> {
    let mask = tlv::constructed(SEQUENCE, &[&tlv::object(OBJECT_IDENTIFIER, oid::MGF1), &mask.write()]);
    tlv::constructed(
        SEQUENCE,
        &[
            &tlv::object(PSS_HASH, &hash.write()),
            &tlv::object(PSS_MASK, &mask),
            &tlv::object(PSS_SALT, &asn1::integer(&salt_bytes.to_be_bytes())),
        ],
    )
}

/// The last arc of an identifier to the hash it stands for.
trait Pick {
    fn pick(&self, arc: &[u8]) -> Option<HashAlgorithm>;
}

impl Pick for &[(u8, HashAlgorithm)] {
    fn pick(&self, arc: &[u8]) -> Option<HashAlgorithm> {
        let &[last] = arc else { return None };
        self.iter().find(|(number, _)| *number == last).map(|(_, hash)| *hash)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn parse(identifier: &[u8]) -> SignatureAlgorithm {
        SignatureAlgorithm::parse(tlv::expect(identifier, SEQUENCE).unwrap().0).unwrap()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for hash in HashAlgorithm::ALL {
            for mask in HashAlgorithm::ALL {
                let pss = Scheme::Pss { mask: Some(mask), salt_bytes: 32 };
                for scheme in [Scheme::Pkcs1, Scheme::Ecdsa, Scheme::EcdsaPlain, pss] {
                    let algorithm = SignatureAlgorithm { scheme, hash: Some(hash) };
                    assert_eq!(parse(&algorithm.write(HashAlgorithm::Sha1)), algorithm);
                }
            }
        }
    }

    // RFC 4055, 3.1: every field of RSASSA-PSS-params has a default.
    #[test]
    fn empty_parameters_of_pss_mean_sha_1_and_absent_ones_follow_the_digest() {
        let oid = tlv::object(OBJECT_IDENTIFIER, oid::RSASSA_PSS);
        let empty = parse(&tlv::constructed(SEQUENCE, &[&oid, &[SEQUENCE as u8, 0]]));
        let sha1 = Some(HashAlgorithm::Sha1);
        assert_eq!(empty, SignatureAlgorithm { scheme: Scheme::Pss { mask: sha1, salt_bytes: 20 }, hash: sha1 });
        let absent = parse(&tlv::constructed(SEQUENCE, &[&oid]));
        assert_eq!(absent.hash, None);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = (HashAlgorithm::parse(&bytes), SignatureAlgorithm::parse(&bytes));
            let pss = [&tlv::object(OBJECT_IDENTIFIER, oid::RSASSA_PSS), &tlv::object(SEQUENCE, &bytes)].map(|b| b.as_slice()).concat();
            let _ = SignatureAlgorithm::parse(&pss);
        }
    }
}
