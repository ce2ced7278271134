//! Deviation lists (Doc 9303-12, 10): an issuer says which of its documents were made otherwise than the standard asks.

use super::ListSigner;
use crate::{
    asn1::{
        Asn1Error, Elements, INTEGER, OBJECT_IDENTIFIER, PRINTABLE_STRING, SEQUENCE, SET, definite, generalized_time,
        integer, oid, small, write_generalized,
    },
    certificate::{Certificate, SignerIdentifier, Validity},
    cms::{CmsError, HashAlgorithm, SignedData},
    mrz::Mrz,
    tlv::{self, Tlv},
};

/// Tags of DeviationDocuments and DocumentSignerIdentifier.
const DOCUMENT_TYPE: u16 = 0x80;
const ISSUER_AND_SERIAL: u16 = 0xA1;
const SUBJECT_KEY: u16 = 0x82;
const CERTIFICATE_DIGEST: u16 = 0x83;
const ISSUING_DATE: u16 = 0xA4;
const DOCUMENT_NUMBERS: u16 = 0xA5;

/// A deviation list.
#[derive(Debug)]
pub struct DeviationList {
    pub(super) signed: SignedData,
    pub(super) der: Vec<u8>,
    /// Who signed it, once that was verified.
    pub(super) signer: Option<ListSigner>,
    /// What it tells.
    pub deviations: Vec<Deviation>,
}

/// Some documents and what is particular about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Document code as in the machine readable zone.
    pub document_type: Option<String>,
    /// Their signer.
    pub signer: Option<DeviatingSigner>,
    /// When they were issued. The zone does not tell, so this excludes nothing.
    pub issued: Option<Validity>,
    /// Their numbers; empty: all.
    pub document_numbers: Vec<String>,
    /// What is particular.
    pub descriptions: Vec<Description>,
}

/// How a deviation names the document signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviatingSigner {
    /// As CMS does.
    Identifier(SignerIdentifier),
    /// By a hash of its certificate.
    Digest {
        /// With this algorithm.
        hash: HashAlgorithm,
        /// The hash.
        value: Vec<u8>,
    },
}

/// What is particular about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// In words.
    pub text: Option<String>,
    /// The deviation's type, the octets of an object identifier; [`crate::asn1::dotted`] makes it readable.
    pub kind: Vec<u8>,
}

impl DeviationList {
    /// Reads a deviation list; its signature is not yet looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, CmsError> {
        let signed = SignedData::parse(bytes, oid::DEVIATION_LIST)?;
        let content = definite(signed.content())?;
        let deviations = deviations(&content)?;
        drop(content);
        Ok(Self { signed, der: bytes.to_vec(), signer: None, deviations })
    }

    /// Who signed it, once it is in a store.
    pub fn signer(&self) -> Option<&ListSigner> {
        self.signer.as_ref()
    }

    /// What the list says of a document with this signer and zone. A country speaks of its own documents only.
    pub fn of<'a>(&'a self, signer: &Certificate, mrz: Option<&Mrz>) -> Vec<&'a Description> {
        let own = self.signer.as_ref().and_then(|it| it.country.clone());
        if own.is_none() || own != signer.country() {
            return Vec::new();
        }
        let meant = self.deviations.iter().filter(|deviation| deviation.means(signer, mrz));
        meant.flat_map(|deviation| &deviation.descriptions).collect()
    }
}

impl Deviation {
    fn means(&self, signer: &Certificate, mrz: Option<&Mrz>) -> bool {
        let code = |code: &str| code.trim_end_matches('<').to_uppercase();
        let type_fits = match (&self.document_type, mrz) {
            (Some(document_type), Some(mrz)) => code(document_type) == code(&mrz.document_code),
            _ => true,
        };
        let number_fits = self.document_numbers.is_empty()
            || mrz.is_some_and(|mrz| {
                self.document_numbers.iter().any(|number| code(number) == code(&mrz.document_number))
            });
        let signer_fits = match &self.signer {
            None => true,
            Some(DeviatingSigner::Identifier(identifier)) => signer.is_named_by(identifier),
            Some(DeviatingSigner::Digest { hash, value }) => hash.of(&[signer.der()]) == *value,
        };
        type_fits && number_fits && signer_fits
    }
}

/// DeviationList: version, digest algorithm of certificates, deviations.
fn deviations(content: &[u8]) -> Result<Vec<Deviation>, Asn1Error> {
    let mut list = Elements::of(content, SEQUENCE)?;
    if small(list.next(INTEGER, "the version")?.value) != Some(0) {
        return Err(Asn1Error::Value("the version of the deviation list"));
    }
    let hash = list.optional(SEQUENCE)?.map(|hash| HashAlgorithm::parse(hash.value)).transpose()?;
    let all = tlv::all(list.next(SET, "the deviations")?.value)?;
    all.iter().map(|deviation| Deviation::parse(deviation.whole, hash)).collect()
}

impl Deviation {
    fn parse(bytes: &[u8], hash: Option<HashAlgorithm>) -> Result<Self, Asn1Error> {
        let mut deviation = Elements::of(bytes, SEQUENCE)?;
        let mut documents = deviation.sequence("the documents")?;
        let document_type = documents.optional(DOCUMENT_TYPE)?.map(text);
        let mut signer = None;
        if let Some(issuer) = documents.optional(ISSUER_AND_SERIAL)? {
            signer = Some(DeviatingSigner::Identifier(SignerIdentifier::issuer_and_serial(issuer.value)?));
        } else if let Some(key) = documents.optional(SUBJECT_KEY)? {
            signer = Some(DeviatingSigner::Identifier(SignerIdentifier::SubjectKey(key.value.to_vec())));
        } else if let Some(digest) = documents.optional(CERTIFICATE_DIGEST)? {
            let hash = hash.ok_or(Asn1Error::Missing("the hash algorithm of certificates"))?;
            signer = Some(DeviatingSigner::Digest { hash, value: digest.value.to_vec() });
        }
        let issued = documents.optional(ISSUING_DATE)?.map(|period| issuing(period.value)).transpose()?;
        let document_numbers = match documents.optional(DOCUMENT_NUMBERS)? {
            Some(numbers) => tlv::all(numbers.value)?.into_iter().map(text).collect(),
            None => Vec::new(),
        };
        let descriptions = tlv::all(deviation.next(SET, "the descriptions")?.value)?;
        let descriptions = descriptions.iter().map(|it| Description::parse(it.whole)).collect::<Result<_, _>>()?;
        Ok(Self { document_type, signer, issued, document_numbers, descriptions })
    }

    /// The encoding, for lists that tests sign.
    pub(crate) fn write(&self) -> Vec<u8> {
        let optional = |tag, value: Option<&[u8]>| value.map(|value| tlv::object(tag, value)).unwrap_or_default();
        let signer = match &self.signer {
            None => Vec::new(),
            Some(DeviatingSigner::Identifier(SignerIdentifier::IssuerAndSerial { issuer, serial })) => {
                tlv::constructed(ISSUER_AND_SERIAL, &[issuer.der(), &integer(serial)])
            }
            Some(DeviatingSigner::Identifier(SignerIdentifier::SubjectKey(key))) => tlv::object(SUBJECT_KEY, key),
            Some(DeviatingSigner::Digest { value, .. }) => tlv::object(CERTIFICATE_DIGEST, value),
        };
        let time = |unix_s| tlv::object(0x18, write_generalized(unix_s).as_bytes());
        let issued = self.issued.map(|it| [time(it.from_unix_s), time(it.until_unix_s)].concat());
        let numbers: Vec<u8> =
            self.document_numbers.iter().flat_map(|number| tlv::object(PRINTABLE_STRING, number.as_bytes())).collect();
        let documents = [
            optional(DOCUMENT_TYPE, self.document_type.as_deref().map(str::as_bytes)),
            signer,
            optional(ISSUING_DATE, issued.as_deref()),
            optional(DOCUMENT_NUMBERS, Some(numbers.as_slice()).filter(|numbers| !numbers.is_empty())),
        ];
        let descriptions: Vec<u8> = self
            .descriptions
            .iter()
            .flat_map(|description| {
                let text = optional(PRINTABLE_STRING, description.text.as_deref().map(str::as_bytes));
                let kind = tlv::object(OBJECT_IDENTIFIER, &description.kind);
                tlv::object(SEQUENCE, &[text, kind].concat())
            })
            .collect();
        let parts = [tlv::object(SEQUENCE, &documents.concat()), tlv::object(SET, &descriptions)];
        tlv::object(SEQUENCE, &parts.concat())
    }
}

impl Description {
    fn parse(bytes: &[u8]) -> Result<Self, Asn1Error> {
        let mut parts = Elements::of(bytes, SEQUENCE)?;
        let mut words = parts.optional(PRINTABLE_STRING)?;
        if words.is_none() {
            words = parts.optional(0x0C)?;
        }
        let kind = parts.identifier("the deviation's type")?.to_vec();
        Ok(Self { text: words.map(text), kind })
    }
}

fn issuing(period: &[u8]) -> Result<Validity, Asn1Error> {
    let mut times = Elements::new(period);
    let mut time = || generalized_time(times.next(0x18, "a date of issue")?.value);
    Ok(Validity { from_unix_s: time()?, until_unix_s: time()? })
}

fn text(string: Tlv<'_>) -> String {
    String::from_utf8_lossy(string.value).chars().filter(|character| !character.is_control()).collect()
}
