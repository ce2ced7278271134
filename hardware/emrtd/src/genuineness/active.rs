//! Active Authentication (Doc 9303-11, 6.1): the chip signs a challenge with the key whose public half is in DG15.

use openssl::{
    bn::BigNum,
    ec::EcKey,
    error::ErrorStack,
    pkey::{Id, PKey, Private, Public},
    rsa::{Padding, Rsa},
    sign::{RsaPssSaltlen, Signer, Verifier},
};
use rand::CryptoRng;
use subtle::ConstantTimeEq;

use crate::{
    apdu::{Command, SHORT_RESPONSE_BYTES_MAX},
    asn1::{OBJECT_IDENTIFIER, oid},
    cms::{self, SignatureAlgorithm},
    crypto::{ecdsa, hash::HashAlgorithm},
    tlv,
};

/// EF.DG15's template.
const DG15: u16 = 0x6F;
/// First byte of a message representative with partial recovery (ISO/IEC 9796-2, 8.2.2), unpadded and padded.
const HEADER: u8 = 0x6A;
const HEADER_PADDED: u8 = 0x6B;
const FILLER: u8 = 0xBB;
const FILLER_END: u8 = 0xBA;
/// Last byte where the hash algorithm is agreed on (SHA-1), and where the byte before names it.
const TRAILER_IMPLICIT: u8 = 0xBC;
const TRAILER_EXPLICIT: u8 = 0xCC;

/// Why a chip's key or answer is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActiveError {
    /// DG15 is not what Doc 9303-11, 6.1.5 describes.
    #[error("DG15 holds no usable public key ({0}): treat the chip as not authenticated")]
    Key(&'static str),
    /// The answer was not made with the key that belongs to DG15.
    #[error(
        "the chip's signature over the challenge is wrong: it does not hold the private key of DG15, so it is a copy"
    )]
    SignatureInvalid,
    /// This key cannot sign so.
    #[error("this key cannot make such a signature: choose a longer key or a shorter hash")]
    KeyTooShort,
    /// OpenSSL refused.
    #[error("the key could not be used: {0}")]
    OpenSsl(String),
}

impl From<ErrorStack> for ActiveError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// How the chip signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// ISO/IEC 9796-2, digital signature scheme 1, with partial recovery: the standard's for RSA.
    Iso9796,
    /// RSASSA-PKCS1-v1_5 over the challenge: not the standard's, met in the field.
    Pkcs1,
    /// RSASSA-PSS over the challenge: not the standard's, met in the field.
    Pss,
    /// ECDSA as `r || s`: the standard's for elliptic curves.
    PlainEcdsa,
    /// ECDSA in DER: not the standard's, met in the field.
    DerEcdsa,
}

/// What a chip showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// How it signed.
    pub scheme: Scheme,
    /// With which hash.
    pub hash: HashAlgorithm,
}

/// INTERNAL AUTHENTICATE with this challenge (Doc 9303-11, 6.1.3). An answer longer than the short form carries
/// ([`PublicKey::signature_bytes`]) needs the extended form, which some chips refuse here.
pub fn command(challenge: &[u8; 8]) -> Command {
    Command::new([0, 0x88, 0, 0]).data(*challenge).expecting(SHORT_RESPONSE_BYTES_MAX)
}

/// The hash that ActiveAuthenticationInfo's signature algorithm names (Doc 9303-11, 9.2.4); `oid` without its header.
/// Plain signatures are the standard's, and some issuers name those in DER.
pub fn announced_hash(oid: &[u8]) -> Option<HashAlgorithm> {
    let algorithm = SignatureAlgorithm::parse(&tlv::object(OBJECT_IDENTIFIER, oid)).ok()?;
    algorithm.hash.filter(|_| matches!(algorithm.scheme, cms::Scheme::EcdsaPlain | cms::Scheme::Ecdsa))
}

/// The signature algorithm to announce for ECDSA with this hash, as an object identifier's value.
pub fn plain_ecdsa_oid(hash: HashAlgorithm) -> Vec<u8> {
    [oid::ECDSA_PLAIN, &[hash as u8 + 1]].concat()
}

/// The chip's public key, from DG15.
pub enum PublicKey {
    /// RSA.
    Rsa(Rsa<Public>),
    /// ECDSA on a named curve or with explicit parameters.
    Ec(EcKey<Public>),
}

impl PublicKey {
    /// Reads EF.DG15.
    pub fn from_dg15(file: &[u8]) -> Result<Self, ActiveError> {
        let (info, _) = tlv::expect(file, DG15).map_err(|_| ActiveError::Key("it is no DG15"))?;
        Self::from_subject_public_key_info(info)
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280, 4.1).
    pub fn from_subject_public_key_info(der: &[u8]) -> Result<Self, ActiveError> {
        let key = PKey::public_key_from_der(der).map_err(|_| ActiveError::Key("it is no SubjectPublicKeyInfo"))?;
        match key.id() {
            Id::RSA => Ok(Self::Rsa(key.rsa()?)),
            Id::EC => Ok(Self::Ec(key.ec_key()?)),
            _ => Err(ActiveError::Key("neither RSA nor elliptic curve")),
        }
    }

    /// How long the chip's answer is.
    pub fn signature_bytes(&self) -> usize {
        match self {
            Self::Rsa(key) => key.size() as usize,
            Self::Ec(key) => 2 * ecdsa::order_bytes(key.group()),
        }
    }

    /// Checks the chip's answer to this challenge. `announced` is the hash that DG14 names for ECDSA; where it names
    /// none, the one that fits the curve is tried first.
    pub fn verify(
        &self,
        challenge: &[u8; 8],
        answer: &[u8],
        announced: Option<HashAlgorithm>,
    ) -> Result<Proof, ActiveError> {
        let proof = match self {
            Self::Rsa(key) => verify_rsa(key, challenge, answer),
            Self::Ec(key) => {
                let fitting = HashAlgorithm::for_key_bits(key.group().order_bits());
                let all = [fitting].into_iter().chain(HashAlgorithm::ALL);
                let candidates: Vec<_> = announced.map_or_else(|| all.collect(), |hash| vec![hash]);
                candidates.into_iter().find_map(|hash| verify_ecdsa(key, &hash.of(&[challenge]), answer, hash))
            }
        };
        proof.ok_or(ActiveError::SignatureInvalid)
    }
}

fn verify_ecdsa(key: &EcKey<Public>, digest: &[u8], answer: &[u8], hash: HashAlgorithm) -> Option<Proof> {
    let scheme = if ecdsa::verify(key, digest, answer) {
        Scheme::PlainEcdsa
    } else if ecdsa::verify_der(key, digest, answer) {
        Scheme::DerEcdsa
    } else {
        return None;
    };
    Some(Proof { scheme, hash })
}

fn verify_rsa(key: &Rsa<Public>, challenge: &[u8; 8], answer: &[u8]) -> Option<Proof> {
    let mut representative = vec![0; key.size() as usize];
    if answer.len() != representative.len() {
        return None;
    }
    key.public_decrypt(answer, &mut representative, Padding::NONE).ok()?;
    // ISO/IEC 9796-2, B.4: the signer may have taken the smaller of s and n - s.
    let other = complement(key, &representative)?;
    for representative in [&representative, &other] {
        if let Some(hash) = verify_iso9796(representative, challenge) {
            return Some(Proof { scheme: Scheme::Iso9796, hash });
        }
    }
    if let Some(hash) = verify_pkcs1(key, challenge, answer) {
        return Some(Proof { scheme: Scheme::Pkcs1, hash });
    }
    let hash = HashAlgorithm::ALL.into_iter().find(|&hash| verify_pss(key, challenge, answer, hash))?;
    Some(Proof { scheme: Scheme::Pss, hash })
}

/// n minus this number.
fn complement(key: &Rsa<Public>, number: &[u8]) -> Option<Vec<u8>> {
    let number = BigNum::from_slice(number).ok()?;
    let difference = key.n() - &number;
    Some(difference.to_vec())
}

/// ISO/IEC 9796-2, 8.3: gives the hash if the representative opens over the challenge.
fn verify_iso9796(representative: &[u8], challenge: &[u8; 8]) -> Option<HashAlgorithm> {
    let Recovered { message, digest, hash } = open_iso9796(representative)?;
    bool::from(hash.of(&[message, challenge]).ct_eq(digest)).then_some(hash)
}

/// A message representative's parts: what it recovers of the message, and its hash.
struct Recovered<'a> {
    message: &'a [u8],
    digest: &'a [u8],
    hash: HashAlgorithm,
}

fn open_iso9796(representative: &[u8]) -> Option<Recovered<'_>> {
    let start = representative.iter().position(|&byte| byte != 0)?;
    let (&header, body) = representative.get(start..)?.split_first()?;
    let body = match header {
        HEADER => body,
        HEADER_PADDED => {
            let filler = body.iter().take_while(|&&byte| byte == FILLER).count();
            body.get(filler..)?.strip_prefix(&[FILLER_END])?
        }
        _ => return None,
    };
    let (body, hash) = match body {
        [body @ .., TRAILER_IMPLICIT] => (body, HashAlgorithm::Sha1),
        [body @ .., name, TRAILER_EXPLICIT] => (body, hash_of_trailer(*name)?),
        _ => return None,
    };
    let (message, digest) = body.split_at(body.len().checked_sub(hash.bytes())?);
    Some(Recovered { message, digest, hash })
}

/// ISO/IEC 10118-3 numbers of the hash algorithms.
const TRAILERS: [(HashAlgorithm, u8); 5] = [
    (HashAlgorithm::Sha1, 0x33),
    (HashAlgorithm::Sha224, 0x38),
    (HashAlgorithm::Sha256, 0x34),
    (HashAlgorithm::Sha384, 0x36),
    (HashAlgorithm::Sha512, 0x35),
];

fn hash_of_trailer(name: u8) -> Option<HashAlgorithm> {
    TRAILERS.into_iter().find(|&(_, other)| other == name).map(|(hash, _)| hash)
}

/// The representative of `6A || M1 || hash || trailer` (Doc 9303-11, 6.1.2.2).
fn close_iso9796(message: &[u8], challenge: &[u8; 8], hash: HashAlgorithm) -> Vec<u8> {
    let mut representative = [&[HEADER], message, &hash.of(&[message, challenge])[..]].concat();
    match TRAILERS.into_iter().find(|&(other, _)| other == hash && hash != HashAlgorithm::Sha1) {
        None => representative.push(TRAILER_IMPLICIT),
        Some((_, name)) => representative.extend([name, TRAILER_EXPLICIT]),
    }
    representative
}

/// RFC 8017, 8.2.2. The DigestInfo is made and compared, never parsed.
fn verify_pkcs1(key: &Rsa<Public>, challenge: &[u8; 8], answer: &[u8]) -> Option<HashAlgorithm> {
    let mut found = vec![0; key.size() as usize];
    let length = key.public_decrypt(answer, &mut found, Padding::PKCS1).ok()?;
    let found = found.get(..length)?;
    HashAlgorithm::ALL.into_iter().find(|&hash| {
        let algorithm = tlv::constructed(0x30, &[&tlv::object(0x06, hash.oid()), &[0x05, 0]]);
        found == tlv::constructed(0x30, &[&algorithm, &tlv::object(0x04, &hash.of(&[challenge]))])
    })
}

fn verify_pss(key: &Rsa<Public>, challenge: &[u8; 8], answer: &[u8], hash: HashAlgorithm) -> bool {
    let verified = || {
        let key = PKey::from_rsa(key.clone())?;
        let mut verifier = Verifier::new(hash.message_digest(), &key)?;
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        // Whatever length the salt has.
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(-2))?;
        verifier.set_rsa_mgf1_md(hash.message_digest())?;
        verifier.verify_oneshot(answer, challenge)
    };
    verified().unwrap_or(false)
}

/// The chip's private key.
pub enum SecretKey {
    /// RSA.
    Rsa(Rsa<Private>),
    /// ECDSA.
    Ec(EcKey<Private>),
}

impl SecretKey {
    /// The SubjectPublicKeyInfo that DG15 carries.
    pub fn subject_public_key_info(&self) -> Result<Vec<u8>, ActiveError> {
        Ok(match self {
            Self::Rsa(key) => key.public_key_to_der()?,
            Self::Ec(key) => key.public_key_to_der()?,
        })
    }

    /// EF.DG15.
    pub fn dg15(&self) -> Result<Vec<u8>, ActiveError> {
        Ok(tlv::object(DG15, &self.subject_public_key_info()?))
    }

    /// Chip: the answer to INTERNAL AUTHENTICATE. The scheme must be one of this key's kind.
    pub fn sign(
        &self,
        challenge: &[u8; 8],
        scheme: Scheme,
        hash: HashAlgorithm,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, ActiveError> {
        match (self, scheme) {
            (Self::Rsa(key), Scheme::Iso9796) => {
                let trailer = if hash == HashAlgorithm::Sha1 { 1 } else { 2 };
                let size = key.size() as usize;
                let capacity = size.checked_sub(1 + hash.bytes() + trailer).ok_or(ActiveError::KeyTooShort)?;
                let mut message = vec![0; capacity];
                rng.fill_bytes(&mut message);
                sign_representative(key, &close_iso9796(&message, challenge, hash))
            }
            (Self::Rsa(key), Scheme::Pkcs1 | Scheme::Pss) => {
                let key = PKey::from_rsa(key.clone())?;
                let mut signer = Signer::new(hash.message_digest(), &key)?;
                if scheme == Scheme::Pss {
                    signer.set_rsa_padding(Padding::PKCS1_PSS)?;
                    signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                }
                Ok(signer.sign_oneshot_to_vec(challenge)?)
            }
            (Self::Ec(key), Scheme::PlainEcdsa) => Ok(ecdsa::sign(key, &hash.of(&[challenge]))?),
            (Self::Ec(key), Scheme::DerEcdsa) => {
                Ok(openssl::ecdsa::EcdsaSig::sign(&hash.of(&[challenge]), key)?.to_der()?)
            }
            _ => Err(ActiveError::Key("the scheme is of another kind of key")),
        }
    }
}

fn sign_representative(key: &Rsa<Private>, representative: &[u8]) -> Result<Vec<u8>, ActiveError> {
    let mut signature = vec![0; key.size() as usize];
    key.private_encrypt(representative, &mut signature, Padding::NONE)?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::LazyLock;

    use openssl::{ec::EcGroup, nid::Nid};
    use proptest::prelude::*;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const CHALLENGE: [u8; 8] = [0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6];
    static RSA: LazyLock<SecretKey> = LazyLock::new(|| SecretKey::Rsa(Rsa::generate(1024).unwrap()));

    fn public(key: &SecretKey) -> PublicKey {
        PublicKey::from_dg15(&key.dg15().unwrap()).unwrap()
    }

    // Doc 9303-11, appendix F. It gives no key: what it gives of the representative is checked, and then signed.
    #[test]
    fn the_worked_example_of_the_standard() {
        let message = "9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C5524CF23A5303CD6C98\
                       599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD4E\
                       7292E2DCDA3024B47DA8";
        let representative = close_iso9796(&hex::decode(message).unwrap(), &CHALLENGE, HashAlgorithm::Sha1);
        let digest = "C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127";
        assert_eq!(hex::encode_upper(&representative), format!("6A{message}{digest}BC"));
        let recovered = open_iso9796(&representative).unwrap();
        assert_eq!(hex::encode_upper(recovered.message), message);
        assert_eq!(hex::encode_upper(recovered.digest), digest);
        let SecretKey::Rsa(key) = &*RSA else { unreachable!() };
        let mut answer = sign_representative(key, &representative).unwrap();
        let expected = Proof { scheme: Scheme::Iso9796, hash: HashAlgorithm::Sha1 };
        assert_eq!(public(&RSA).verify(&CHALLENGE, &answer, None), Ok(expected));
        answer[9] ^= 1;
        assert_eq!(public(&RSA).verify(&CHALLENGE, &answer, None), Err(ActiveError::SignatureInvalid));
        assert_eq!(command(&CHALLENGE).bytes(), hex::decode("0088000008F173589974BF40C600").unwrap());
    }

    #[test]
    fn every_scheme_and_hash_verifies_and_no_other_challenge_does() {
        let mut rng = StdRng::seed_from_u64(1);
        for hash in HashAlgorithm::ALL {
            for scheme in [Scheme::Iso9796, Scheme::Pkcs1, Scheme::Pss] {
                if scheme == Scheme::Pss && hash == HashAlgorithm::Sha512 {
                    continue; // Two hashes do not fit into 1024 bits.
                }
                let answer = RSA.sign(&CHALLENGE, scheme, hash, &mut rng).unwrap();
                assert_eq!(public(&RSA).verify(&CHALLENGE, &answer, None), Ok(Proof { scheme, hash }));
                assert_eq!(public(&RSA).verify(&[0; 8], &answer, None), Err(ActiveError::SignatureInvalid));
            }
        }
        for curve in [Nid::X9_62_PRIME192V1, Nid::X9_62_PRIME256V1, Nid::BRAINPOOL_P320R1, Nid::SECP521R1] {
            let group = EcGroup::from_curve_name(curve).unwrap();
            let key = SecretKey::Ec(EcKey::generate(&group).unwrap());
            for hash in HashAlgorithm::ALL {
                for scheme in [Scheme::PlainEcdsa, Scheme::DerEcdsa] {
                    let answer = key.sign(&CHALLENGE, scheme, hash, &mut rng).unwrap();
                    if scheme == Scheme::PlainEcdsa {
                        assert_eq!(answer.len(), public(&key).signature_bytes());
                    }
                    for announced in [None, Some(hash)] {
                        let proof = public(&key).verify(&CHALLENGE, &answer, announced);
                        assert_eq!(proof, Ok(Proof { scheme, hash }));
                    }
                    assert!(public(&key).verify(&[0; 8], &answer, None).is_err());
                }
            }
        }
    }

    #[test]
    fn the_smaller_root_and_a_small_exponent_and_explicit_parameters_are_accepted() {
        let mut rng = StdRng::seed_from_u64(2);
        let key = Rsa::generate_with_e(1024, &BigNum::from_u32(3).unwrap()).unwrap();
        let n = BigNum::from_slice(&key.n().to_vec()).unwrap();
        let key = SecretKey::Rsa(key);
        let answer = key.sign(&CHALLENGE, Scheme::Iso9796, HashAlgorithm::Sha256, &mut rng).unwrap();
        let other = &n - &BigNum::from_slice(&answer).unwrap();
        assert!(public(&key).verify(&CHALLENGE, &other.to_vec_padded(128).unwrap(), None).is_ok());
        let mut group = EcGroup::from_curve_name(Nid::BRAINPOOL_P224R1).unwrap();
        group.set_asn1_flag(openssl::ec::Asn1Flag::EXPLICIT_CURVE);
        let key = SecretKey::Ec(EcKey::generate(&group).unwrap());
        assert!(key.dg15().unwrap().len() > 200);
        let answer = key.sign(&CHALLENGE, Scheme::PlainEcdsa, HashAlgorithm::Sha224, &mut rng).unwrap();
        assert!(public(&key).verify(&CHALLENGE, &answer, None).is_ok());
    }

    #[test]
    fn a_clone_and_another_hash_than_announced_are_refused() {
        let mut rng = StdRng::seed_from_u64(3);
        let clone = SecretKey::Rsa(Rsa::generate(1024).unwrap());
        let answer = clone.sign(&CHALLENGE, Scheme::Iso9796, HashAlgorithm::Sha256, &mut rng).unwrap();
        assert_eq!(public(&RSA).verify(&CHALLENGE, &answer, None), Err(ActiveError::SignatureInvalid));
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = SecretKey::Ec(EcKey::generate(&group).unwrap());
        let answer = key.sign(&CHALLENGE, Scheme::PlainEcdsa, HashAlgorithm::Sha256, &mut rng).unwrap();
        assert!(public(&key).verify(&CHALLENGE, &answer, Some(HashAlgorithm::Sha384)).is_err());
        assert!(public(&key).verify(&CHALLENGE, &[0; 64], None).is_err());
    }

    // Doc 9303-11, 9.2.4; TR-03111, 5.2.1.1.
    #[test]
    fn announced_hashes_are_known_by_their_identifiers() {
        for hash in HashAlgorithm::ALL {
            assert_eq!(announced_hash(&plain_ecdsa_oid(hash)), Some(hash));
        }
        assert_eq!(plain_ecdsa_oid(HashAlgorithm::Sha256), hex::decode("04007F00070101040103").unwrap());
        assert_eq!(announced_hash(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]), Some(HashAlgorithm::Sha256));
        assert_eq!(announced_hash(&[0x2A]), None);
    }

    #[test]
    fn representatives_with_filler_open_and_malformed_ones_do_not() {
        let digest = HashAlgorithm::Sha1.of(&[b"M1", &CHALLENGE]);
        let padded = [&[0, 0x6B, 0xBB, 0xBB, 0xBA], &b"M1"[..], &digest[..], &[0xBC]].concat();
        assert_eq!(verify_iso9796(&padded, &CHALLENGE), Some(HashAlgorithm::Sha1));
        for wrong in [&[][..], &[0x6A], &[0x6A, 0xBC], &[0x6B, 0xBB, 0xBB], &[0x6A, 0x31, 0xCC], &[0x4A, 1, 0xBC]] {
            assert!(open_iso9796(wrong).is_none());
        }
    }

    proptest! {
        #[test]
        fn hostile_keys_and_answers_never_panic(
            key in prop::collection::vec(any::<u8>(), 0..300),
            answer in prop::collection::vec(any::<u8>(), 0..140),
        ) {
            prop_assert!(public(&RSA).verify(&CHALLENGE, &answer, None).is_err());
            let _ = open_iso9796(&answer);
            if let Ok(key) = PublicKey::from_dg15(&key) {
                let _ = key.verify(&CHALLENGE, &answer, None);
            }
        }

        #[test]
        fn a_changed_dg15_never_panics(at in 0usize..100, value in any::<u8>()) {
            let mut file = RSA.dg15().unwrap();
            file[at] = value;
            if let Ok(key) = PublicKey::from_dg15(&file) {
                let _ = key.verify(&CHALLENGE, &[1; 128], None);
            }
        }
    }
}
