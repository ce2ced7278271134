//! Passive authentication (Doc 9303-11, 5.1; EF.SOD: Doc 9303-10, 4.6.2): a CMS SignedData (RFC 5652) over the hashes
//! of the data groups, made by a document signer whose certificate a trusted CSCA issued.

mod security_object;

use std::fmt;

use security_object::SecurityObject;

pub use crate::trust::TrustStore;
use crate::{cms::CmsError, lds::ChipContents};

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
    /// EF.SOD is not what Doc 9303-10 describes, or lacks its signer.
    #[error("EF.SOD: {0}")]
    SecurityObject(CmsError),
    /// Something that is compared is not what Doc 9303 describes.
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

impl From<CmsError> for PassiveError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::SignatureInvalid => Self::SignatureInvalid,
            error => Self::SecurityObject(error),
        }
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
    let signer = sod.signed.verify(&|identifier| trust.signer(identifier))?.signer;
    for (&group, file) in &contents.groups {
        sod.verify_hash(group, file)?;
    }
    let path =
        trust.path(signer, at_unix_s).map_err(|_| PassiveError::CscaUnknown { issuer: signer.issuer().to_string() })?;
    let csca = path.first().map(|entry| entry.certificate.subject().to_string()).unwrap_or_default();
    let name = signer.subject().to_string();
    if !signer.validity().contains(at_unix_s) {
        return Err(PassiveError::SignerExpired { signer: name });
    }
    Ok(Verified { signer: name, csca, groups: contents.groups.keys().copied().collect() })
}
