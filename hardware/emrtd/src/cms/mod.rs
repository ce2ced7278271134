//! CMS SignedData (RFC 5652): EF.SOD, EF.CardSecurity, master lists and deviation lists are all this.

mod algorithm;

pub use crate::crypto::hash::HashAlgorithm;
pub(crate) use algorithm::write_pss;
pub use algorithm::{Scheme, SignatureAlgorithm};
use subtle::ConstantTimeEq as _;

use crate::{
    asn1::{
        Asn1Error, Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, definite, dotted, oid, unix_time,
    },
    certificate::{Certificate, SignerIdentifier},
    tlv,
};

/// Explicit tags, and those of certificates, revocation lists and attributes.
const EXPLICIT: u16 = 0xA0;
const CERTIFICATES: u16 = 0xA0;
const REVOCATION_LISTS: u16 = 0xA1;
const SIGNED_ATTRIBUTES: u16 = 0xA0;

/// Doc 9303-10, 4.6.2.2 recommends one. Each costs a verification, and hostile data could hold hundreds.
const SIGNERS_MAX: usize = 8;

/// Why something signed cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// It is not what RFC 5652 describes.
    #[error("it is no well-formed CMS SignedData: {0}")]
    Malformed(#[from] Asn1Error),
    /// Something else was signed.
    #[error("its content is of type {found}, and {expected} was expected")]
    ContentType {
        /// The type that should be.
        expected: String,
        /// The type that is.
        found: String,
    },
    /// Nobody signed it.
    #[error("nobody signed it")]
    Unsigned,
    /// The signer's certificate is neither in it nor known.
    #[error("the certificate of the signer `{0}` is neither in it nor in the trust store: import it")]
    SignerAbsent(String),
    /// The signature is wrong, or its key or algorithm is none that is accepted.
    #[error("the signature is wrong")]
    SignatureInvalid,
}

/// A parsed SignedData.
#[derive(Debug)]
pub struct SignedData {
    content_type: Vec<u8>,
    content: Vec<u8>,
    certificates: Vec<Certificate>,
    signers: Vec<SignerInfo>,
}

#[derive(Debug)]
struct SignerInfo {
    identifier: SignerIdentifier,
    digest: HashAlgorithm,
    attributes: Option<Attributes>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

/// The signed attributes.
#[derive(Debug)]
struct Attributes {
    /// What the signature is over: a SET OF, whatever tag they carried.
    set: Vec<u8>,
    content_type: Vec<u8>,
    message_digest: Vec<u8>,
    signing_time_unix_s: Option<i64>,
}

/// A signature that holds.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The certificate whose key made it. Whether to trust that is another question.
    pub signer: &'a Certificate,
    /// When the signer says it was made.
    pub signing_time_unix_s: Option<i64>,
    /// The hash it was made over.
    pub hash: HashAlgorithm,
}

impl SignedData {
    /// Reads a ContentInfo with SignedData, whose content must be of this type.
    pub fn parse(bytes: &[u8], content_type: &[u8]) -> Result<Self, CmsError> {
        let bytes = definite(bytes)?;
        let mut content_info = Elements::of(&bytes, SEQUENCE).map_err(CmsError::Malformed)?;
        expect_type(content_info.identifier("the content type")?, oid::SIGNED_DATA)?;
        let mut data = Elements::of(content_info.next(EXPLICIT, "the signed data")?.value, SEQUENCE)?;
        data.next(INTEGER, "the version")?;
        data.next(SET, "the digest algorithms")?;
        let mut encapsulated = data.sequence("the content")?;
        expect_type(encapsulated.identifier("the content's type")?, content_type)?;
        let content = encapsulated.next(EXPLICIT, "the content")?.value;
        let content = tlv::expect(content, OCTET_STRING).map_err(Asn1Error::from)?.0.to_vec();
        let mut certificates = Vec::new();
        if let Some(list) = data.optional(CERTIFICATES)? {
            // One that cannot be read is none; if it was the signer's, that will be said.
            let all = tlv::all(list.value).map_err(Asn1Error::from)?;
            certificates = all.iter().filter_map(|object| Certificate::parse(object.whole).ok()).collect();
        }
        data.optional(REVOCATION_LISTS)?;
        let signers = tlv::all(data.next(SET, "the signers")?.value).map_err(Asn1Error::from)?;
        let signers =
            signers.iter().take(SIGNERS_MAX).map(|signer| SignerInfo::parse(signer.whole)).collect::<Result<_, _>>()?;
        Ok(Self { content_type: content_type.to_vec(), content, certificates, signers })
    }

    /// What was signed.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The certificates that came with it.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The first signature that holds; the signer's certificate may also be known from elsewhere.
    pub fn verify<'a>(
        &'a self,
        elsewhere: &dyn Fn(&SignerIdentifier) -> Option<&'a Certificate>,
    ) -> Result<Signature<'a>, CmsError> {
        let mut refusal = CmsError::Unsigned;
        for info in &self.signers {
            let found = self.certificates.iter().find(|certificate| certificate.is_named_by(&info.identifier));
            let Some(signer) = found.or_else(|| elsewhere(&info.identifier)) else {
                refusal = CmsError::SignerAbsent(info.identifier.to_string());
                continue;
            };
            if info.holds(&self.content_type, &self.content, signer) {
                return Ok(Signature {
                    signer,
                    signing_time_unix_s: info.attributes.as_ref().and_then(|it| it.signing_time_unix_s),
                    hash: info.algorithm.hash.unwrap_or(info.digest),
                });
            }
            refusal = CmsError::SignatureInvalid;
        }
        Err(refusal)
    }
}

fn expect_type(found: &[u8], expected: &[u8]) -> Result<(), CmsError> {
    if found == expected {
        return Ok(());
    }
    Err(CmsError::ContentType { expected: dotted(expected), found: dotted(found) })
}

impl SignerInfo {
    fn parse(bytes: &[u8]) -> Result<Self, Asn1Error> {
        let mut parts = Elements::of(bytes, SEQUENCE)?;
        parts.next(INTEGER, "the signer's version")?;
        let identifier = SignerIdentifier::parse(parts.any()?.ok_or(Asn1Error::Missing("a signer identifier"))?)?;
        let digest = HashAlgorithm::parse(parts.next(SEQUENCE, "the digest algorithm")?.value)?;
        let attributes = parts.optional(SIGNED_ATTRIBUTES)?.map(|list| Attributes::parse(list.value)).transpose()?;
        let algorithm = SignatureAlgorithm::parse(parts.next(SEQUENCE, "the signature algorithm")?.value)?;
        let signature = parts.next(OCTET_STRING, "the signature")?.value.to_vec();
        Ok(Self { identifier, digest, attributes, algorithm, signature })
    }

    /// RFC 5652, 5.4 and 5.6. The SignerInfo's algorithms count, not the certificate's.
    fn holds(&self, content_type: &[u8], content: &[u8], signer: &Certificate) -> bool {
        let Ok(key) = signer.public_key() else { return false };
        let verify = |message: &[u8]| self.algorithm.verify(key, self.digest, message, &self.signature);
        let Some(attributes) = &self.attributes else {
            // RFC 5652 demands attributes for such content, and old signers left them out. Attributes cannot be
            // passed off as content: that begins with SEQUENCE, they are signed as SET.
            return content.first() != Some(&(SET as u8)) && verify(content);
        };
        // Signers in the field name one digest and use that of their signature algorithm. Either is signed.
        let digests = [Some(self.digest), self.algorithm.hash];
        let digest_holds = digests
            .into_iter()
            .flatten()
            .any(|hash| bool::from(hash.of(&[content])[..].ct_eq(attributes.message_digest.as_slice())));
        digest_holds
            && attributes.content_type == content_type
            && (verify(&attributes.set) || sorted(&attributes.set).is_ok_and(|set| verify(&set)))
    }
}

impl Attributes {
    fn parse(list: &[u8]) -> Result<Self, Asn1Error> {
        let content_type =
            attribute(list, oid::CONTENT_TYPE)?.ok_or(Asn1Error::Missing("the attribute contentType"))?;
        let message_digest =
            attribute(list, oid::MESSAGE_DIGEST)?.ok_or(Asn1Error::Missing("the attribute messageDigest"))?;
        let signing_time_unix_s = match attribute(list, oid::SIGNING_TIME)? {
            Some(time) => Some(unix_time(tlv::read(time)?.0)?),
            None => None,
        };
        Ok(Self {
            set: tlv::object(SET, list),
            content_type: tlv::expect(content_type, OBJECT_IDENTIFIER)?.0.to_vec(),
            message_digest: tlv::expect(message_digest, OCTET_STRING)?.0.to_vec(),
            signing_time_unix_s,
        })
    }
}

/// The values of an attribute, which may be there once only (RFC 5652, 11).
fn attribute<'a>(list: &'a [u8], kind: &[u8]) -> Result<Option<&'a [u8]>, Asn1Error> {
    let mut found = None;
    for entry in tlv::all(list)? {
        let mut parts = Elements::new(tlv::expect(entry.whole, SEQUENCE)?.0);
        if parts.identifier("an attribute's type")? == kind {
            let values = parts.next(SET, "an attribute's values")?.value;
            if found.replace(values).is_some() {
                return Err(Asn1Error::Value("an attribute that occurs twice"));
            }
        }
    }
    Ok(found)
}

/// The attributes as DER has them: shortest lengths, sorted. What is signed, if a signer wrote them otherwise.
fn sorted(set: &[u8]) -> Result<Vec<u8>, Asn1Error> {
    let mut attributes = Vec::new();
    for entry in tlv::all(tlv::expect(set, SET)?.0)? {
        attributes.push(shortest(entry.whole, 0)?);
    }
    attributes.sort_unstable();
    Ok(tlv::object(SET, &attributes.concat()))
}

/// An element with every length in as few bytes as possible. Attributes nest four deep.
fn shortest(element: &[u8], depth: usize) -> Result<Vec<u8>, Asn1Error> {
    const DEPTH_MAX: usize = 8;
    let (object, _) = tlv::read(element)?;
    if object.tag & 0x20 == 0 || object.tag > 0xFF || depth > DEPTH_MAX {
        return Ok(tlv::object(object.tag, object.value));
    }
    let mut content = Vec::with_capacity(object.value.len());
    for child in tlv::all(object.value)? {
        content.extend_from_slice(&shortest(child.whole, depth + 1)?);
    }
    Ok(tlv::object(object.tag, &content))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn attributes_are_sorted_and_their_lengths_shortened() {
        let long = [SET as u8, 0x81, 8, 0x30, 0x81, 1, 0x05, 0x30, 0x82, 0, 0];
        assert!(sorted(&long[..10]).is_err());
        let set = [SET as u8, 9, 0x30, 0x81, 2, 4, 0, 0x30, 0x82, 0, 0];
        assert_eq!(sorted(&set).unwrap(), [SET as u8, 6, 0x30, 0, 0x30, 2, 4, 0]);
    }

    #[test]
    fn an_attribute_that_occurs_twice_is_refused() {
        let time = tlv::object(0x17, b"260528120000Z");
        let entry =
            tlv::constructed(SEQUENCE, &[&tlv::object(OBJECT_IDENTIFIER, oid::SIGNING_TIME), &tlv::object(SET, &time)]);
        assert!(attribute(&entry, oid::SIGNING_TIME).unwrap().is_some());
        assert!(attribute(&[entry.clone(), entry].concat(), oid::SIGNING_TIME).is_err());
    }
}
