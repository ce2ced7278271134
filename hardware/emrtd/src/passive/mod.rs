//! Passive authentication (Doc 9303-11, 5.1; EF.SOD: Doc 9303-10, 4.6.2): a CMS SignedData (RFC 5652) over the hashes
//! of the data groups, made by a document signer whose certificate a trusted CSCA issued.

mod country;
mod inspect;
mod report;
mod security_object;

use std::fmt;

pub use inspect::{inspect, inspect_card_security};
pub use report::{Check, NotDone, Outcome, Report};

pub use crate::trust::TrustStore;
use crate::{asn1::date, cms::CmsError, lds::ChipContents, mrz::Mrz};

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
    /// The signer's certificate was revoked.
    #[error("the document signer's certificate `{signer}` is revoked since {}", date(*since_unix_s))]
    SignerRevoked {
        /// The signer.
        signer: String,
        /// Since when.
        since_unix_s: i64,
    },
    /// The signer's certificate is for something else.
    #[error("the certificate `{signer}` {why}: it signs no documents")]
    SignerUsage {
        /// The signer.
        signer: String,
        /// What it is or lacks.
        why: String,
    },
    /// A CSCA certificate of the chain was not valid at that time.
    #[error("the CSCA certificate `{csca}` is not valid now: import the country's current one")]
    CscaExpired {
        /// The CSCA.
        csca: String,
    },
    /// A CSCA certificate of the chain was revoked.
    #[error("the CSCA certificate `{csca}` is revoked since {}: remove it", date(*since_unix_s))]
    CscaRevoked {
        /// The CSCA.
        csca: String,
        /// Since when.
        since_unix_s: i64,
    },
    /// A trusted certificate is none of an authority.
    #[error("the trusted certificate `{csca}` is not for signing certificates: remove it")]
    CscaUsage {
        /// The CSCA.
        csca: String,
    },
    /// Another country's signer signed it.
    #[error("the signer belongs to country `{signer}`, and the zone names `{issuer}` as issuer")]
    CountryMismatch {
        /// C= of the signer's or the CSCA's certificate.
        signer: String,
        /// The issuer in the zone.
        issuer: String,
    },
    /// The signer signs other kinds of documents.
    #[error("the signer signs documents of type {allowed}, and not {document}")]
    SignerNotForThisDocumentType {
        /// The document code in the zone.
        document: String,
        /// Those in the signer's certificate.
        allowed: String,
    },
    /// A certificate names another issuer or key than the one that signed it.
    #[error("the certificate `{certificate}` does not name its {what}")]
    Identifiers {
        /// The certificate.
        certificate: String,
        /// What it should name.
        what: &'static str,
    },
    /// A key was used before or after its time.
    #[error("the key of `{signer}` was used when it should not have been")]
    SignedOutOfPeriod {
        /// Whose key.
        signer: String,
    },
    /// EF.COM and EF.SOD disagree.
    #[error("EF.COM and EF.SOD disagree: only listed {unsigned:?}, only signed {unlisted:?}")]
    GroupList {
        /// Groups that EF.COM lists and nobody signed.
        unsigned: Vec<u8>,
        /// Groups that were signed and EF.COM does not list: hidden, perhaps.
        unlisted: Vec<u8>,
    },
    /// The issuer told of this document that it is not as the standard asks.
    #[error("a deviation list of its issuer tells of this document: {0}")]
    Deviation(String),
    /// EF.SOD is not what Doc 9303-10 describes, or lacks its signer.
    #[error("EF.SOD: {0}")]
    SecurityObject(CmsError),
    /// EF.CardSecurity is not what TR-03110-3 describes.
    #[error("EF.CardSecurity: {0}")]
    CardSecurity(CmsError),
    /// Something that is compared is not what Doc 9303 describes.
    #[error("EF.SOD is malformed: {0}")]
    Malformed(&'static str),
}

impl PassiveError {
    /// A stable name, for reports that machines read.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HashMismatch { .. } => "hash-mismatch",
            Self::NotSigned(_) => "not-signed",
            Self::SignatureInvalid => "signature-invalid",
            Self::CscaUnknown { .. } => "csca-unknown",
            Self::SignerExpired { .. } => "signer-expired",
            Self::SignerRevoked { .. } => "signer-revoked",
            Self::SignerUsage { .. } => "signer-usage",
            Self::CscaExpired { .. } => "csca-expired",
            Self::CscaRevoked { .. } => "csca-revoked",
            Self::CscaUsage { .. } => "csca-usage",
            Self::CountryMismatch { .. } => "country-mismatch",
            Self::SignerNotForThisDocumentType { .. } => "document-type",
            Self::Identifiers { .. } => "identifiers",
            Self::SignedOutOfPeriod { .. } => "signed-out-of-period",
            Self::GroupList { .. } => "group-list",
            Self::Deviation(_) => "deviation",
            Self::SecurityObject(_) | Self::Malformed(_) => "security-object",
            Self::CardSecurity(_) => "card-security",
        }
    }
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

/// The groups that EF.SOD lists, nothing of it verified: what a terminal looks for even if EF.COM hides it.
pub fn signed_groups(sod: &[u8]) -> Result<Vec<u8>, PassiveError> {
    Ok(security_object::SecurityObject::parse(sod)?.groups())
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
/// The order is: signature, hashes, CSCA, validity of the signer, then what else [`Check::is_binding`]. So a changed
/// group is named as such even when its signer is unknown; only the whole chain makes a document authentic.
pub fn verify(contents: &ChipContents, trust: &TrustStore, at_unix_s: i64) -> Result<Verified, PassiveError> {
    inspect(contents, trust, at_unix_s).summary()
}

/// Verifies EF.CardSecurity; gives its SecurityInfos, which the issuer vouches for.
pub fn verify_card_security(
    file: &[u8],
    trust: &TrustStore,
    at_unix_s: i64,
    zone: Option<&Mrz>,
) -> Result<Vec<u8>, PassiveError> {
    let (report, security_infos) = inspect_card_security(file, trust, at_unix_s, zone);
    report.summary()?;
    security_infos.ok_or(PassiveError::SignatureInvalid)
}
