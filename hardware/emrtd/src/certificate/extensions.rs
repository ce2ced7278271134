//! Extensions of certificates (RFC 5280, 4.2; Doc 9303-12, 7.1).

use crate::{
    asn1::{
        self, Asn1Error, BIT_STRING, BOOLEAN, Elements, INTEGER, OCTET_STRING, SEQUENCE, SET, generalized_time, oid,
    },
    tlv,
};

/// Extensions that Doc 9303-12 lists. A critical one besides these forbids the use of a certificate.
const KNOWN: [&[u8]; 13] = [
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::KEY_USAGE,
    oid::PRIVATE_KEY_USAGE_PERIOD,
    oid::SUBJECT_ALT_NAME,
    oid::ISSUER_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::CRL_NUMBER,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::EXTENDED_KEY_USAGE,
    oid::DOCUMENT_TYPE_LIST,
    oid::NAME_CHANGE,
];

/// What a certificate's key is for. Bits as in RFC 5280, 4.2.1.3, the first one highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u8);

impl KeyUsage {
    /// digitalSignature.
    pub fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// keyCertSign.
    pub fn certificate_signing(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// cRLSign.
    pub fn crl_signing(self) -> bool {
        self.0 & 0x02 != 0
    }
}

/// When the private key may sign (RFC 3280, 4.2.1.4), in seconds since 1970; an open end is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First second.
    pub from_unix_s: Option<i64>,
    /// Last second.
    pub until_unix_s: Option<i64>,
}

impl Period {
    /// Whether it may sign then.
    pub fn contains(self, at_unix_s: i64) -> bool {
        self.from_unix_s.is_none_or(|from| from <= at_unix_s)
            && self.until_unix_s.is_none_or(|until| at_unix_s <= until)
    }
}

/// The extensions of a certificate; what it does not have is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {
    /// Subject key identifier.
    pub subject_key: Option<Vec<u8>>,
    /// Authority key identifier.
    pub authority_key: Option<Vec<u8>>,
    /// Key usage.
    pub key_usage: Option<KeyUsage>,
    /// Basic constraints: whether it is a certification authority.
    pub authority: Option<bool>,
    /// Extended key usage, object identifiers.
    pub purposes: Vec<Vec<u8>>,
    /// Private key usage period.
    pub private_key_usage: Option<Period>,
    /// Document type list (Doc 9303-12, 7.1.1.6): codes as in the machine readable zone.
    pub document_types: Option<Vec<String>>,
    /// Name change (Doc 9303-12, 7.1.1.5): a CSCA's link certificate to another name.
    pub name_change: bool,
    /// Critical extensions that nobody here understands.
    pub unknown_critical: Vec<Vec<u8>>,
}

impl Extensions {
    /// Reads an Extensions SEQUENCE. A usage that cannot be read allows nothing; the rest is left out when malformed,
    /// as certificates in the field are.
    pub(super) fn parse(list: &[u8]) -> Result<Self, Asn1Error> {
        let mut extensions = Self::default();
        for extension in tlv::all(tlv::expect(list, SEQUENCE)?.0)? {
            let mut parts = Elements::new(tlv::expect(extension.whole, SEQUENCE)?.0);
            let kind = parts.identifier("an extension's type")?;
            let critical = parts.optional(BOOLEAN)?.is_some_and(|critical| critical.value != [0]);
            let value = parts.next(OCTET_STRING, "an extension's value")?.value;
            if critical && !KNOWN.contains(&kind) {
                extensions.unknown_critical.push(kind.to_vec());
            }
            extensions.take(kind, value);
        }
        Ok(extensions)
    }

    fn take(&mut self, kind: &[u8], value: &[u8]) {
        match kind {
            oid::SUBJECT_KEY_IDENTIFIER => {
                self.subject_key = tlv::expect(value, OCTET_STRING).ok().map(|(key, _)| key.to_vec());
            }
            oid::AUTHORITY_KEY_IDENTIFIER => self.authority_key = authority_key(value),
            oid::KEY_USAGE => self.key_usage = Some(key_usage(value).unwrap_or(KeyUsage(0))),
            oid::BASIC_CONSTRAINTS => self.authority = Some(is_authority(value).unwrap_or(false)),
            oid::EXTENDED_KEY_USAGE => {
                let purposes = tlv::expect(value, SEQUENCE).and_then(|(list, _)| tlv::all(list)).unwrap_or_default();
                self.purposes = purposes.iter().map(|purpose| purpose.value.to_vec()).collect();
            }
            oid::PRIVATE_KEY_USAGE_PERIOD => self.private_key_usage = period(value).ok(),
            // One that cannot be read allows no document.
            oid::DOCUMENT_TYPE_LIST => self.document_types = Some(document_types(value).unwrap_or_default()),
            oid::NAME_CHANGE => self.name_change = true,
            _ => {}
        }
    }
}

pub(super) fn authority_key(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = Elements::of(value, SEQUENCE).ok()?;
    parts.optional(0x80).ok()?.map(|key| key.value.to_vec())
}

fn key_usage(value: &[u8]) -> Option<KeyUsage> {
    let (bits, _) = tlv::expect(value, BIT_STRING).ok()?;
    bits.get(1).copied().map(KeyUsage)
}

fn is_authority(value: &[u8]) -> Option<bool> {
    let mut parts = Elements::of(value, SEQUENCE).ok()?;
    Some(parts.optional(BOOLEAN).ok()?.is_some_and(|authority| authority.value != [0]))
}

fn period(value: &[u8]) -> Result<Period, Asn1Error> {
    let mut parts = Elements::of(value, SEQUENCE)?;
    let mut time = |tag| parts.optional(tag)?.map(|time| generalized_time(time.value)).transpose();
    Ok(Period { from_unix_s: time(0x80)?, until_unix_s: time(0x81)? })
}

/// `SEQUENCE { version INTEGER, SET OF PrintableString }`.
fn document_types(value: &[u8]) -> Result<Vec<String>, Asn1Error> {
    let mut parts = Elements::of(value, SEQUENCE)?;
    if asn1::small(parts.next(INTEGER, "the version")?.value) != Some(0) {
        return Err(Asn1Error::Value("the version"));
    }
    let types = tlv::all(parts.next(SET, "the document types")?.value)?;
    Ok(types.iter().map(|code| String::from_utf8_lossy(code.value).trim_end_matches('<').to_uppercase()).collect())
}
