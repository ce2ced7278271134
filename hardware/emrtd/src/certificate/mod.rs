//! Certificates of CSCAs and document signers (RFC 5280 in the profile of Doc 9303-12, 7), as far as an inspection
//! system looks at them; keys are decoded when they are needed.

mod crl;
mod extensions;
mod key;

use std::{fmt, sync::OnceLock};

use openssl::{
    pkey::{PKey, Public},
    sha::sha256,
};

pub use crl::Crl;
pub use extensions::{Extensions, KeyUsage, Period};
pub use key::{KeyError, public_key};

use crate::{
    asn1::{self, Asn1Error, BIT_STRING, Elements, INTEGER, Name, SEQUENCE, bits, unix_time},
    cms::{HashAlgorithm, SignatureAlgorithm},
    tlv::{self, Tlv},
};

/// SHA-256 over the encoding.
pub type Fingerprint = [u8; 32];

const VERSION: u16 = 0xA0;
const ISSUER_UNIQUE_ID: u16 = 0x81;
const SUBJECT_UNIQUE_ID: u16 = 0x82;
const EXTENSIONS: u16 = 0xA3;

/// A certificate.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Signed,
    serial: Vec<u8>,
    issuer: Name,
    subject: Name,
    validity: Validity,
    key_info: Vec<u8>,
    key: OnceLock<Result<PKey<Public>, KeyError>>,
    extensions: Extensions,
    fingerprint: Fingerprint,
}

/// From when to when something is valid, both included, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub from_unix_s: i64,
    /// Last second.
    pub until_unix_s: i64,
}

impl Validity {
    /// Whether it is valid then.
    pub fn contains(self, at_unix_s: i64) -> bool {
        (self.from_unix_s..=self.until_unix_s).contains(&at_unix_s)
    }
}

/// What certificates and revocation lists share (RFC 5280, 4.1.1): something signed, the algorithm, the signature.
#[derive(Clone)]
struct Signed {
    /// Length of the header in front of the signed part, and its end, in the whole encoding.
    from: usize,
    until: usize,
    identifier: Vec<u8>,
    algorithm: Result<SignatureAlgorithm, Asn1Error>,
    signature: Vec<u8>,
}

impl Signed {
    /// Splits the whole encoding.
    fn parse(der: &[u8]) -> Result<(Self, Elements<'_>), Asn1Error> {
        let (value, _) = tlv::expect(der, SEQUENCE)?;
        let mut outer = Elements::new(value);
        let part = outer.next(SEQUENCE, "the signed part")?;
        let identifier = outer.next(SEQUENCE, "the signature algorithm")?.value;
        let algorithm = SignatureAlgorithm::parse(identifier);
        let signature = bits(outer.next(BIT_STRING, "the signature")?.value, "the signature")?.to_vec();
        let from = der.len() - value.len();
        let (until, identifier) = (from + part.whole.len(), identifier.to_vec());
        Ok((Self { from, until, identifier, algorithm, signature }, Elements::new(part.value)))
    }

    /// The algorithm is named twice, and only the inner name is signed (RFC 5280, 4.1.1.2).
    fn expect_algorithm(&self, part: &mut Elements<'_>) -> Result<(), Asn1Error> {
        if part.next(SEQUENCE, "the inner algorithm")?.value == self.identifier {
            return Ok(());
        }
        Err(Asn1Error::Value("the inner signature algorithm (not the outer one)"))
    }

    fn holds(&self, der: &[u8], key: &PKey<Public>) -> bool {
        let message = der.get(self.from..self.until).unwrap_or_default();
        // Certificates name their hash; SHA-1 is what absent parameters of PSS mean.
        self.algorithm.is_ok_and(|it| it.verify(key, HashAlgorithm::Sha1, message, &self.signature))
    }
}

impl Certificate {
    /// Reads a DER certificate; what follows it is left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, Asn1Error> {
        let der = tlv::read(bytes)?.0.whole;
        let (signed, mut part) = Signed::parse(der)?;
        part.optional(VERSION)?;
        let serial = asn1::magnitude(part.next(INTEGER, "the serial number")?.value).to_vec();
        signed.expect_algorithm(&mut part)?;
        let issuer = Name::parse(part.next(SEQUENCE, "the issuer")?.whole)?;
        let mut validity = part.sequence("the validity")?;
        let mut time = || unix_time(validity.any()?.ok_or(Asn1Error::Missing("a time of the validity"))?);
        let validity = Validity { from_unix_s: time()?, until_unix_s: time()? };
        let subject = Name::parse(part.next(SEQUENCE, "the subject")?.whole)?;
        let key_info = part.next(SEQUENCE, "the public key")?.whole.to_vec();
        part.optional(ISSUER_UNIQUE_ID)?;
        part.optional(SUBJECT_UNIQUE_ID)?;
        let extensions = match part.optional(EXTENSIONS)? {
            Some(list) => Extensions::parse(list.value)?,
            None => Extensions::default(),
        };
        let key = OnceLock::new();
        let fingerprint = sha256(der);
        let der = der.to_vec();
        Ok(Self { der, signed, serial, issuer, subject, validity, key_info, key, extensions, fingerprint })
    }

    /// The encoding.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the encoding.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The serial number, without leading zeros.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Who signed it.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Whose key it carries.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// From when to when.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// What its extensions say.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The country of its subject, in capital letters.
    pub fn country(&self) -> Option<String> {
        self.subject.country().map(str::to_uppercase)
    }

    /// The public key.
    pub fn public_key(&self) -> Result<&PKey<Public>, KeyError> {
        self.key.get_or_init(|| public_key(&self.key_info)).as_ref().map_err(Clone::clone)
    }

    /// The SubjectPublicKeyInfo.
    pub fn key_info(&self) -> &[u8] {
        &self.key_info
    }

    /// Whether issuer and subject are one, by name and as far as key identifiers tell. Says nothing of a signature.
    pub fn names_itself(&self) -> bool {
        let keys = (&self.extensions.authority_key, &self.extensions.subject_key);
        let one_key = match keys {
            (Some(authority), Some(subject)) => authority == subject,
            _ => true,
        };
        one_key && self.issuer.key() == self.subject.key()
    }

    /// Whether this issuer's key signed it.
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        issuer.public_key().is_ok_and(|key| self.signed.holds(&self.der, key))
    }

    /// Whether this signer identifier (RFC 5652, 5.3) means this certificate.
    pub fn is_named_by(&self, identifier: &SignerIdentifier) -> bool {
        match identifier {
            SignerIdentifier::IssuerAndSerial { issuer, serial } => {
                self.serial == *serial && (self.issuer.der() == issuer.der() || self.issuer.key() == issuer.key())
            }
            SignerIdentifier::SubjectKey(key) => self.extensions.subject_key.as_deref() == Some(key),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject, hex::encode(&self.serial))
    }
}

/// Which certificate is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// By its issuer and serial number.
    IssuerAndSerial {
        /// The issuer.
        issuer: Name,
        /// The serial number without leading zeros.
        serial: Vec<u8>,
    },
    /// By its subject key identifier.
    SubjectKey(Vec<u8>),
}

impl SignerIdentifier {
    /// Of a CMS SignerInfo.
    pub fn parse(identifier: Tlv<'_>) -> Result<Self, Asn1Error> {
        match identifier.tag {
            SEQUENCE => Self::issuer_and_serial(identifier.value),
            0x80 => Ok(Self::SubjectKey(identifier.value.to_vec())),
            // Some encoders tag it explicitly.
            0xA0 => Ok(Self::SubjectKey(tlv::expect(identifier.value, asn1::OCTET_STRING)?.0.to_vec())),
            _ => Err(Asn1Error::Missing("a signer identifier")),
        }
    }

    /// The value of an IssuerAndSerialNumber.
    pub(crate) fn issuer_and_serial(value: &[u8]) -> Result<Self, Asn1Error> {
        let mut parts = Elements::new(value);
        let issuer = Name::parse(parts.next(SEQUENCE, "the signer's issuer")?.whole)?;
        let serial = asn1::magnitude(parts.next(INTEGER, "the signer's serial number")?.value).to_vec();
        Ok(Self::IssuerAndSerial { issuer, serial })
    }
}

impl fmt::Display for SignerIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerAndSerial { issuer, serial } => write!(f, "{issuer}, serial {}", hex::encode(serial)),
            Self::SubjectKey(key) => write!(f, "key {}", hex::encode(key)),
        }
    }
}
