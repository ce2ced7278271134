//! Passive authentication (Doc 9303-11, 5.1; EF.SOD: Doc 9303-10, 4.6.2): a CMS SignedData (RFC 5652) over the hashes
//! of the data groups, made by a document signer whose certificate a trusted CSCA issued.

use std::fmt;

use openssl::{
    asn1::Asn1Time,
    hash::{MessageDigest, hash},
    nid::Nid,
    rsa::Padding,
    sign::{RsaPssSaltlen, Verifier},
    x509::{X509, X509NameRef},
};
use subtle::ConstantTimeEq;

use crate::{
    lds::ChipContents,
    tlv::{self, Tlv, TlvError},
};

/// id-icao-mrtd-security-ldsSecurityObject, 2.23.136.1.1.1.
pub(crate) const LDS_SECURITY_OBJECT: &[u8] = &[0x67, 0x81, 0x08, 0x01, 0x01, 0x01];
/// id-signedData, 1.2.840.113549.1.7.2.
pub(crate) const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
/// id-contentType and id-messageDigest, 1.2.840.113549.1.9.3 and .4.
pub(crate) const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
pub(crate) const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10.
const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A];

/// The group of the machine readable zone, DG1.
const ZONE_GROUP: u8 = 1;

/// Why a document is not authentic, or cannot be shown to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassiveError {
    /// A data group was changed after signing.
    #[error("the hash of DG{group} is {}", hashes.as_deref().map_or("not the signed one".into(), Hashes::to_string))]
    HashMismatch {
        /// The group.
        group: u8,
        /// Both hashes; not of DG1: a name and a date of birth can be tried until their hash is found.
        hashes: Option<Box<Hashes>>,
    },
    /// A data group was read that the signer did not sign.
    #[error("DG{0} is not covered by EF.SOD")]
    NotSigned(u8),
    /// The signature does not verify.
    #[error("the signature over EF.SOD is wrong")]
    SignatureInvalid,
    /// No trusted CSCA issued the signer.
    #[error("no trusted CSCA `{issuer}` issued the document signer: import the issuer's CSCA certificate")]
    CscaUnknown {
        /// The issuer's name in the signer's certificate.
        issuer: String,
    },
    /// The signer's certificate was not valid at that time.
    #[error("the document signer's certificate `{signer}` is not valid now")]
    SignerExpired {
        /// The signer.
        signer: String,
    },
    /// EF.SOD is not what Doc 9303-10 describes.
    #[error("EF.SOD is malformed: {0}")]
    Malformed(&'static str),
}

/// Two hashes that should be one, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// The one in EF.SOD.
    pub signed: String,
    /// That of the file that was read.
    pub found: String,
}

impl fmt::Display for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, signed was {}", self.found, self.signed)
    }
}

impl From<TlvError> for PassiveError {
    fn from(_: TlvError) -> Self {
        Self::Malformed("its ASN.1 structure is broken")
    }
}

/// The CSCA certificates that this inspection system trusts.
#[derive(Default)]
pub struct TrustStore(Vec<X509>);

impl TrustStore {
    /// A store of these DER or PEM certificates.
    pub fn from_certificates<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, PassiveError> {
        let wrong = |_| PassiveError::Malformed("a CSCA certificate is neither DER nor PEM");
        let mut store = Vec::new();
        for file in files {
            if file.starts_with(b"-----") {
                store.extend(X509::stack_from_pem(file).map_err(wrong)?);
            } else {
                store.push(X509::from_der(file).map_err(wrong)?);
            }
        }
        Ok(Self(store))
    }

    /// How many certificates it holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it trusts nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The document signer.
    pub signer: String,
    /// The CSCA that issued it.
    pub csca: String,
    /// The groups whose hashes were compared.
    pub groups: Vec<u8>,
}

/// Verifies all groups that were read, at this time (seconds since 1970).
///
/// The order is: signature, hashes, CSCA, validity of the signer. So a changed group is named as such even when its
/// signer is unknown; only the whole chain makes a document authentic.
pub fn verify(contents: &ChipContents, trust: &TrustStore, at_unix_s: i64) -> Result<Verified, PassiveError> {
    let sod = SecurityObject::parse(&contents.sod)?;
    sod.verify_signature()?;
    let groups = sod.verify_hashes(contents)?;
    let csca = sod.issuing_csca(trust)?;
    let now = Asn1Time::from_unix(at_unix_s).map_err(|_| PassiveError::Malformed("the time to verify at"))?;
    let signer = name(sod.signer.subject_name());
    if sod.signer.not_before() > now || sod.signer.not_after() < now {
        return Err(PassiveError::SignerExpired { signer });
    }
    Ok(Verified { signer, csca: name(csca.subject_name()), groups })
}

struct SecurityObject<'a> {
    content: &'a [u8],
    signer: X509,
    digest: MessageDigest,
    signed_attributes: Option<Tlv<'a>>,
    signature_algorithm: &'a [u8],
    signature: &'a [u8],
}

/// The elements of a SEQUENCE or SET, in order.
struct Elements<'a>(std::iter::Peekable<std::vec::IntoIter<Tlv<'a>>>);

impl<'a> Elements<'a> {
    fn of(value: &'a [u8]) -> Result<Self, PassiveError> {
        Ok(Self(tlv::all(value)?.into_iter().peekable()))
    }

    fn next(&mut self, tag: u16) -> Result<Tlv<'a>, PassiveError> {
        self.0.next_if(|object| object.tag == tag).ok_or(PassiveError::Malformed("an element is missing"))
    }

    fn optional(&mut self, tag: u16) -> Option<Tlv<'a>> {
        self.0.next_if(|object| object.tag == tag)
    }
}

impl<'a> SecurityObject<'a> {
    fn parse(sod: &'a [u8]) -> Result<Self, PassiveError> {
        let (content_info, _) = tlv::expect(tlv::expect(sod, 0x77)?.0, 0x30)?;
        let mut content_info = Elements::of(content_info)?;
        if content_info.next(0x06)?.value != SIGNED_DATA {
            return Err(PassiveError::Malformed("it is no CMS SignedData"));
        }
        let (signed_data, _) = tlv::expect(content_info.next(0xA0)?.value, 0x30)?;
        let mut signed_data = Elements::of(signed_data)?;
        signed_data.next(0x02)?;
        signed_data.next(0x31)?;
        let mut encapsulated = Elements::of(signed_data.next(0x30)?.value)?;
        if encapsulated.next(0x06)?.value != LDS_SECURITY_OBJECT {
            return Err(PassiveError::Malformed("its content is no LDS security object"));
        }
        let (content, _) = tlv::expect(encapsulated.next(0xA0)?.value, 0x04)?;
        let certificates = signed_data.optional(0xA0).ok_or(PassiveError::Malformed("it carries no certificate"))?;
        signed_data.optional(0xA1);
        let (signer_info, _) = tlv::expect(signed_data.next(0x31)?.value, 0x30)?;
        let mut signer_info = Elements::of(signer_info)?;
        signer_info.next(0x02)?;
        let identifier = signer_info.0.next().ok_or(PassiveError::Malformed("no signer identifier"))?;
        let signer = find_signer(certificates.value, identifier)?;
        let digest = digest_of(algorithm(signer_info.next(0x30)?.value)?)?;
        let signed_attributes = signer_info.optional(0xA0);
        let signature_algorithm = signer_info.next(0x30)?.value;
        let signature = signer_info.next(0x04)?.value;
        Ok(Self { content, signer, digest, signed_attributes, signature_algorithm, signature })
    }

    /// RFC 5652, 5.4 and 5.6. The SignerInfo's algorithms count, not the certificate's.
    fn verify_signature(&self) -> Result<(), PassiveError> {
        let invalid = |_| PassiveError::SignatureInvalid;
        let message = match self.signed_attributes {
            None => self.content.to_vec(),
            Some(attributes) => {
                let own = hash(self.digest, self.content).map_err(invalid)?;
                if attribute(attributes.value, MESSAGE_DIGEST, 0x04)? != &own[..]
                    || attribute(attributes.value, CONTENT_TYPE, 0x06)? != LDS_SECURITY_OBJECT
                {
                    return Err(PassiveError::SignatureInvalid);
                }
                // Signed as a SET OF, whatever tag they carry here.
                let mut message = attributes.whole.to_vec();
                message[0] = 0x31;
                message
            }
        };
        let key = self.signer.public_key().map_err(|_| PassiveError::Malformed("the signer's key"))?;
        let mut elements = Elements::of(self.signature_algorithm)?;
        let oid = elements.next(0x06)?.value;
        let digest = signature_digest(oid).unwrap_or(self.digest);
        let mut verifier = Verifier::new(digest, &key).map_err(invalid)?;
        if oid == RSASSA_PSS {
            // Doc 9303-12 asks for MGF1 with the same hash.
            verifier.set_rsa_padding(Padding::PKCS1_PSS).map_err(invalid)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(-2)).map_err(invalid)?;
            verifier.set_rsa_mgf1_md(digest).map_err(invalid)?;
        }
        match verifier.verify_oneshot(self.signature, &message) {
            Ok(true) => Ok(()),
            _ => Err(PassiveError::SignatureInvalid),
        }
    }

    fn verify_hashes(&self, contents: &ChipContents) -> Result<Vec<u8>, PassiveError> {
        let (object, _) = tlv::expect(self.content, 0x30)?;
        let mut object = Elements::of(object)?;
        object.next(0x02)?;
        let digest = digest_of(algorithm(object.next(0x30)?.value)?)?;
        let mut signed = std::collections::BTreeMap::new();
        for entry in tlv::all(object.next(0x30)?.value)? {
            let mut entry = Elements::of(entry.value)?;
            let number = entry.next(0x02)?.value;
            let value = entry.next(0x04)?.value;
            if let [group] = number {
                signed.insert(*group, value);
            }
        }
        for (&group, file) in &contents.groups {
            let expected = *signed.get(&group).ok_or(PassiveError::NotSigned(group))?;
            let found = hash(digest, file).map_err(|_| PassiveError::Malformed("its hash algorithm"))?;
            if !bool::from(found[..].ct_eq(expected)) {
                let hashes = Hashes { signed: hex::encode(expected), found: hex::encode(&found[..]) };
                return Err(PassiveError::HashMismatch {
                    group,
                    hashes: (group != ZONE_GROUP).then(|| Box::new(hashes)),
                });
            }
        }
        Ok(contents.groups.keys().copied().collect())
    }

    fn issuing_csca<'t>(&self, trust: &'t TrustStore) -> Result<&'t X509, PassiveError> {
        let issuer = self.signer.issuer_name();
        trust
            .0
            .iter()
            .filter(|csca| csca.subject_name().try_cmp(issuer).is_ok_and(|order| order.is_eq()))
            .find(|csca| csca.public_key().is_ok_and(|key| self.signer.verify(&key).unwrap_or(false)))
            .ok_or_else(|| PassiveError::CscaUnknown { issuer: name(issuer) })
    }
}

/// The certificate that the signer identifier names: by issuer and serial number, or by subject key identifier.
fn find_signer(certificates: &[u8], identifier: Tlv<'_>) -> Result<X509, PassiveError> {
    for object in tlv::all(certificates)?.iter().filter(|object| object.tag == 0x30) {
        let certificate =
            X509::from_der(object.whole).map_err(|_| PassiveError::Malformed("the signer's certificate"))?;
        let named = match identifier.tag {
            0x30 => {
                let issuer_der = certificate.issuer_name().to_der().unwrap_or_default();
                let serial = certificate.serial_number().to_bn().map(|serial| serial.to_vec()).unwrap_or_default();
                let mut parts = Elements::of(identifier.value)?;
                let (issuer, number) = (parts.next(0x30)?, parts.next(0x02)?);
                let number = number.value.strip_prefix(&[0]).unwrap_or(number.value);
                issuer.whole == issuer_der && number == serial
            }
            _ => certificate.subject_key_id().is_some_and(|key| key.as_slice() == identifier.value),
        };
        if named {
            return Ok(certificate);
        }
    }
    Err(PassiveError::Malformed("the signer's certificate is not in it"))
}

fn algorithm(identifier: &[u8]) -> Result<&[u8], PassiveError> {
    Ok(tlv::expect(identifier, 0x06)?.0)
}

fn attribute<'a>(attributes: &'a [u8], oid: &[u8], tag: u16) -> Result<&'a [u8], PassiveError> {
    for entry in tlv::all(attributes)? {
        let (found, rest) = tlv::expect(entry.value, 0x06)?;
        if found == oid {
            return Ok(tlv::expect(tlv::expect(rest, 0x31)?.0, tag)?.0);
        }
    }
    Err(PassiveError::Malformed("a signed attribute is missing"))
}

fn digest_of(oid: &[u8]) -> Result<MessageDigest, PassiveError> {
    match oid {
        [0x2B, 0x0E, 3, 2, 0x1A] => Ok(MessageDigest::sha1()),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => Ok(MessageDigest::sha256()),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => Ok(MessageDigest::sha384()),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => Ok(MessageDigest::sha512()),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4] => Ok(MessageDigest::sha224()),
        _ => Err(PassiveError::Malformed("its hash algorithm is none that Doc 9303-12 allows")),
    }
}

/// The hash that a signature algorithm names, such as ecdsa-with-SHA256 or sha256WithRSAEncryption.
fn signature_digest(oid: &[u8]) -> Option<MessageDigest> {
    match oid {
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1] | [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 5] => {
            Some(MessageDigest::sha1())
        }
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 1] | [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 14] => {
            Some(MessageDigest::sha224())
        }
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2] | [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11] => {
            Some(MessageDigest::sha256())
        }
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 3] | [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 12] => {
            Some(MessageDigest::sha384())
        }
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 4] | [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 13] => {
            Some(MessageDigest::sha512())
        }
        _ => None,
    }
}

/// `C=UT, O=.., CN=..` as text.
fn name(name: &X509NameRef) -> String {
    name.entries()
        .map(|entry| {
            let key = entry.object().nid();
            let key = if key == Nid::UNDEF { "?" } else { key.short_name().unwrap_or("?") };
            let value = entry.data().to_string().unwrap_or_default();
            format!("{key}={value}")
        })
        .collect::<Vec<_>>()
        .join(", ")
}
