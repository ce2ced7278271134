//! What passive authentication looked at and what it found, check by check, in the manner of BSI TR-03135.

use std::fmt;

use super::{PassiveError, Verified};
use crate::asn1::date;

/// One check of passive authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The signature over EF.SOD, or EF.CardSecurity (RFC 5652, 5.4).
    Signature,
    /// The hash of this data group (Doc 9303-11, 5.1).
    GroupHash(u8),
    /// The signer's certificate leads to a trusted CSCA, over link certificates if need be.
    SignerChain,
    /// The signer's certificate is valid at the time of the inspection.
    SignerValidity,
    /// The signer's certificate is for signing documents (Doc 9303-12, 7.1).
    SignerUsage,
    /// The signer's certificate is not on its issuer's revocation list.
    SignerRevocation,
    /// The CSCA certificates of the chain are valid at the time of the inspection.
    CscaValidity,
    /// The CSCA certificates of the chain are for signing certificates.
    CscaUsage,
    /// The CSCA certificates of the chain are not on revocation lists.
    CscaRevocation,
    /// The signer belongs to the issuer that the machine readable zone names.
    Country,
    /// The signer may sign documents of the zone's code (Doc 9303-12, 7.1.1.6).
    DocumentType,
    /// Names and key identifiers along the chain are those that its certificates name.
    Identifiers,
    /// The signer's certificate and key were in use when it says that it signed.
    SigningTime,
    /// The CSCA's key was in use when it issued the signer's certificate.
    CscaKeyPeriod,
    /// EF.COM and EF.SOD list the same groups. EF.COM is not signed and does not count (Doc 9303-10, 4.6.1).
    GroupList,
    /// No deviation list tells of this document.
    Deviations,
}

impl Check {
    /// A stable name, for reports that machines read.
    pub fn code(self) -> String {
        match self {
            Self::Signature => "signature".into(),
            Self::GroupHash(group) => format!("hash-dg{group}"),
            Self::SignerChain => "signer-chain".into(),
            Self::SignerValidity => "signer-validity".into(),
            Self::SignerUsage => "signer-usage".into(),
            Self::SignerRevocation => "signer-revocation".into(),
            Self::CscaValidity => "csca-validity".into(),
            Self::CscaUsage => "csca-usage".into(),
            Self::CscaRevocation => "csca-revocation".into(),
            Self::Country => "country".into(),
            Self::DocumentType => "document-type".into(),
            Self::Identifiers => "identifiers".into(),
            Self::SigningTime => "signing-time".into(),
            Self::CscaKeyPeriod => "csca-key-period".into(),
            Self::GroupList => "group-list".into(),
            Self::Deviations => "deviations".into(),
        }
    }

    /// Whether a document that fails it is not authentic. The others are for somebody to know: genuine documents fail
    /// them in the field.
    pub fn is_binding(self) -> bool {
        !matches!(
            self,
            Self::Identifiers | Self::SigningTime | Self::CscaKeyPeriod | Self::GroupList | Self::Deviations
        )
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("signature"),
            Self::GroupHash(group) => write!(f, "hash of DG{group}"),
            Self::SignerChain => f.write_str("signer under a trusted CSCA"),
            Self::SignerValidity => f.write_str("validity of the signer"),
            Self::SignerUsage => f.write_str("purpose of the signer"),
            Self::SignerRevocation => f.write_str("revocation of the signer"),
            Self::CscaValidity => f.write_str("validity of the CSCA"),
            Self::CscaUsage => f.write_str("purpose of the CSCA"),
            Self::CscaRevocation => f.write_str("revocation of the CSCA"),
            Self::Country => f.write_str("country of the signer"),
            Self::DocumentType => f.write_str("document type"),
            Self::Identifiers => f.write_str("names and keys of the chain"),
            Self::SigningTime => f.write_str("time of signing"),
            Self::CscaKeyPeriod => f.write_str("key period of the CSCA"),
            Self::GroupList => f.write_str("list of groups"),
            Self::Deviations => f.write_str("deviation lists"),
        }
    }
}

/// Why a check was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDone {
    /// There is nothing signed to check it against.
    #[error("the security object cannot be read")]
    NoSecurityObject,
    /// The signer is not known.
    #[error("no signature holds, so there is no signer")]
    NoSigner,
    /// The chain ends below it.
    #[error("no trusted CSCA was reached")]
    NoCsca,
    /// The group was not read.
    #[error("the group was not read")]
    NotRead,
    /// EF.COM was not read, or is malformed.
    #[error("EF.COM was not read, or is malformed")]
    NoCom,
    /// DG1 was not read, or its zone is malformed.
    #[error("there is no zone: DG1 was not read, or is malformed")]
    NoZone,
    /// No revocation list of the issuer is there.
    #[error("no revocation list of `{issuer}` is there: import it")]
    NoRevocationList {
        /// The issuer.
        issuer: String,
    },
    /// The revocation list is old.
    #[error("the revocation list of `{issuer}` ran out on {}: import the current one", date(*until_unix_s))]
    RevocationListStale {
        /// The issuer.
        issuer: String,
        /// When the next one was due.
        until_unix_s: i64,
    },
    /// The certificate says nothing of it.
    #[error("the certificate has no extension {0}")]
    NoExtension(&'static str),
    /// The signer does not say when it signed.
    #[error("the signature has no attribute signingTime")]
    NoSigningTime,
    /// No deviation list of the signer's country is there.
    #[error("no deviation list of the signer's country is there")]
    NoDeviationList,
}

impl NotDone {
    /// A stable name, for reports that machines read.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSecurityObject => "no-security-object",
            Self::NoSigner => "no-signer",
            Self::NoCsca => "no-csca",
            Self::NotRead => "not-read",
            Self::NoCom => "no-com",
            Self::NoZone => "no-zone",
            Self::NoRevocationList { .. } => "no-revocation-list",
            Self::RevocationListStale { .. } => "revocation-list-stale",
            Self::NoExtension(_) => "no-extension",
            Self::NoSigningTime => "no-signing-time",
            Self::NoDeviationList => "no-deviation-list",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed(PassiveError),
    /// Not checked.
    NotDone(NotDone),
}

impl Outcome {
    /// `passed`, `failed` or `not-done`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::NotDone(_) => "not-done",
        }
    }

    /// The reason as a stable name, unless it passed.
    pub fn reason_code(&self) -> Option<&'static str> {
        match self {
            Self::Passed => None,
            Self::Failed(reason) => Some(reason.code()),
            Self::NotDone(why) => Some(why.code()),
        }
    }
}

impl From<Result<(), PassiveError>> for Outcome {
    fn from(result: Result<(), PassiveError>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(reason) => write!(f, "FAILED: {reason}"),
            Self::NotDone(why) => write!(f, "not done: {why}"),
        }
    }
}

/// Everything that passive authentication found. Holds no data of the document's holder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Each check with what it found, binding ones first and in the order in which a failure counts.
    pub results: Vec<(Check, Outcome)>,
    /// The signer, if its signature holds.
    pub signer: Option<String>,
    /// The CSCA certificates above the signer, the anchor last.
    pub path: Vec<String>,
    /// When the signer says that it signed.
    pub signing_time_unix_s: Option<i64>,
    /// The time that validity was checked at.
    pub at_unix_s: i64,
    /// The groups that were signed. Only these are the document's, whatever EF.COM lists.
    pub signed_groups: Vec<u8>,
    /// The groups whose hashes were compared and are right.
    pub authentic_groups: Vec<u8>,
    /// The version of the LDS, signed since version 1 of the security object.
    pub lds_version: Option<String>,
}

impl Report {
    pub(super) fn new(at_unix_s: i64) -> Self {
        Self {
            results: Vec::new(),
            signer: None,
            path: Vec::new(),
            signing_time_unix_s: None,
            at_unix_s,
            signed_groups: Vec::new(),
            authentic_groups: Vec::new(),
            lds_version: None,
        }
    }

    pub(super) fn add(&mut self, check: Check, outcome: impl Into<Outcome>) {
        self.results.push((check, outcome.into()));
    }

    pub(super) fn not_done(&mut self, checks: &[Check], why: &NotDone) {
        self.results.extend(checks.iter().map(|check| (*check, Outcome::NotDone(why.clone()))));
    }

    /// What a check found.
    pub fn outcome(&self, check: Check) -> Option<&Outcome> {
        self.results.iter().find(|(made, _)| *made == check).map(|(_, outcome)| outcome)
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = (Check, &PassiveError)> {
        self.results.iter().filter_map(|(check, outcome)| match outcome {
            Outcome::Failed(reason) => Some((*check, reason)),
            _ => None,
        })
    }

    /// The strict summary: the first binding check that failed, else what was shown. A check that was not made for
    /// want of a revocation list or an extension refuses nobody; policy may ask [`Report::outcome`] for it.
    pub fn summary(&self) -> Result<Verified, PassiveError> {
        if let Some((_, reason)) = self.failures().find(|(check, _)| check.is_binding()) {
            return Err(reason.clone());
        }
        // Signature and chain are never left out without a failure; this keeps it so.
        let proved =
            [Check::Signature, Check::SignerChain].iter().all(|&it| self.outcome(it) == Some(&Outcome::Passed));
        match (proved, &self.signer, self.path.first()) {
            (true, Some(signer), Some(csca)) => {
                Ok(Verified { signer: signer.clone(), csca: csca.clone(), groups: self.authentic_groups.clone() })
            }
            _ => Err(PassiveError::SignatureInvalid),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "signer: {}", self.signer.as_deref().unwrap_or("unknown"))?;
        for csca in &self.path {
            writeln!(f, "  under: {csca}")?;
        }
        if let Some(time) = self.signing_time_unix_s {
            writeln!(f, "signed: {} (as the signer says)", date(time))?;
        }
        writeln!(f, "verified at: {}", date(self.at_unix_s))?;
        self.results.iter().try_for_each(|(check, outcome)| writeln!(f, "{check}: {outcome}"))
    }
}
