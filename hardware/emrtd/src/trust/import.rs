//! What comes into the store and how it is reported: master lists, directories in LDIF, single files.

use std::fmt;

use super::{
    Authentication, DeviationList, ListSigner, MasterList, Provenance, Standing, TrustError, TrustStore, certificates,
    ldif::{self, Attribute},
    list::authenticate,
    pem,
};
use crate::{
    asn1::{Asn1Error, oid},
    certificate::{Certificate, Crl, KeyError},
};

/// What an import brought.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Who signed the lists that were taken.
    pub lists: Vec<ListSigner>,
    /// CSCA certificates that are new in the store, by name.
    pub certificates: Vec<String>,
    /// Document signers that are new in the store.
    pub signers: usize,
    /// Revocation lists that are new in the store.
    pub revocation_lists: usize,
    /// Deviation lists that are new in the store.
    pub deviation_lists: usize,
    /// What was left out, and why.
    pub skipped: Vec<Skipped>,
}

/// Something that was left out.
#[derive(Debug)]
pub struct Skipped {
    /// What: a subject, or the place in a list or directory.
    pub what: String,
    /// Why.
    pub why: SkipReason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Why something was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// The store has it.
    #[error("already there")]
    AlreadyThere,
    /// It is no certificate or list.
    #[error("malformed: {0}")]
    Malformed(Asn1Error),
    /// Its key is not accepted.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// It says that it is no authority.
    #[error("it is no certification authority")]
    NotAnAuthority,
    /// It says that it signed itself, and did not.
    #[error("its own signature is wrong")]
    SignatureInvalid,
    /// A list that is older than the one in the store.
    #[error("a newer one is there")]
    Older,
    /// A revocation list that no trusted CSCA signed.
    #[error("no trusted CSCA signed it: import the issuer's certificate first")]
    NoSigner,
    /// A list that is not authentic.
    #[error("{0}")]
    List(Box<TrustError>),
}

impl SkipReason {
    /// A stable name, for reports that machines read.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyThere => "already-there",
            Self::Malformed(_) => "malformed",
            Self::Key(_) => "key-not-accepted",
            Self::NotAnAuthority => "not-an-authority",
            Self::SignatureInvalid => "signature-invalid",
            Self::Older => "older",
            Self::NoSigner => "no-signer",
            Self::List(_) => "list-not-authentic",
        }
    }
}

impl TrustStore {
    /// Imports a file of any kind that the trust folder, a country or the ICAO directory publishes; `name` says in the
    /// provenance which. Certificates are the operator's word, lists are followed as asked.
    pub fn import(
        &mut self,
        bytes: &[u8],
        name: &str,
        authentication: Authentication<'_>,
        at_unix_s: i64,
    ) -> Result<ImportReport, TrustError> {
        let mut report = ImportReport::default();
        let origin = Provenance::file(name, at_unix_s);
        if bytes.starts_with(b"-----") {
            for (label, der) in pem::blocks(bytes)? {
                match label.as_str() {
                    "X509 CRL" => self.take_crl(&der, name, at_unix_s, &mut report),
                    "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                        self.take_csca(&der, Standing::Anchor, &origin, name, &mut report);
                    }
                    _ => self.import_list(&der, &origin, authentication, at_unix_s, &mut report)?,
                }
            }
        } else if ldif::looks_like(bytes) {
            self.import_ldif(bytes, &origin, authentication, at_unix_s, &mut report)?;
        } else if Crl::parse(bytes).is_ok() {
            self.take_crl(bytes, name, at_unix_s, &mut report);
        } else if Certificate::parse(bytes).is_ok() {
            self.take_csca(bytes, Standing::Anchor, &origin, name, &mut report);
        } else {
            self.import_list(bytes, &origin, authentication, at_unix_s, &mut report)?;
        }
        Ok(report)
    }

    /// Imports a master list (`.ml`): every certificate on it becomes an anchor.
    pub fn import_master_list(
        &mut self,
        bytes: &[u8],
        name: &str,
        authentication: Authentication<'_>,
        at_unix_s: i64,
    ) -> Result<ImportReport, TrustError> {
        let mut report = ImportReport::default();
        self.take_master_list(bytes, &Provenance::file(name, at_unix_s), authentication, at_unix_s, &mut report)?;
        Ok(report)
    }

    fn import_list(
        &mut self,
        bytes: &[u8],
        origin: &Provenance,
        authentication: Authentication<'_>,
        at_unix_s: i64,
        report: &mut ImportReport,
    ) -> Result<(), TrustError> {
        if DeviationList::parse(bytes).is_ok() {
            self.take_deviation_list(bytes, authentication, at_unix_s, report)
        } else {
            self.take_master_list(bytes, origin, authentication, at_unix_s, report)
        }
    }

    fn take_master_list(
        &mut self,
        bytes: &[u8],
        origin: &Provenance,
        authentication: Authentication<'_>,
        at_unix_s: i64,
        report: &mut ImportReport,
    ) -> Result<(), TrustError> {
        let list = MasterList::parse(bytes)?;
        let signer = authenticate(&list.signed, oid::MASTER_LIST_SIGNING, self, authentication, at_unix_s)?;
        let origin = origin.on_list(&signer);
        for (at, certificate) in list.certificates.into_iter().enumerate() {
            match certificate {
                Ok(certificate) => self.take_parsed_csca(certificate, Standing::Anchor, &origin, report),
                Err(error) => {
                    let what = format!("certificate {} of the list of {}", at + 1, signer.name);
                    report.skipped.push(Skipped { what, why: SkipReason::Malformed(error) });
                }
            }
        }
        report.lists.push(signer);
        Ok(())
    }

    fn take_deviation_list(
        &mut self,
        bytes: &[u8],
        authentication: Authentication<'_>,
        at_unix_s: i64,
        report: &mut ImportReport,
    ) -> Result<(), TrustError> {
        let mut list = DeviationList::parse(bytes)?;
        let signer = authenticate(&list.signed, oid::DEVIATION_LIST_SIGNING, self, authentication, at_unix_s)?;
        if self.deviation_lists.iter().any(|known| known.der == list.der) {
            report.skipped.push(Skipped { what: signer.name, why: SkipReason::AlreadyThere });
            return Ok(());
        }
        report.lists.push(signer.clone());
        list.signer = Some(signer);
        self.deviation_lists.push(list);
        report.deviation_lists += 1;
        Ok(())
    }

    /// The ICAO directory's download (LDIF): lists as asked, links and signers to be proved, revocation lists.
    fn import_ldif(
        &mut self,
        text: &[u8],
        origin: &Provenance,
        authentication: Authentication<'_>,
        at_unix_s: i64,
        report: &mut ImportReport,
    ) -> Result<(), TrustError> {
        let mut values = Vec::new();
        for entry in ldif::entries(text)? {
            values.extend(entry.values.into_iter().map(|(kind, value)| (kind, entry.name.clone(), value)));
        }
        // Revocation lists last: their signers may stand below them.
        values.sort_by_key(|(kind, ..)| *kind == Attribute::RevocationList);
        for (kind, what, value) in values {
            let list = match kind {
                Attribute::MasterList => self.take_master_list(&value, origin, authentication, at_unix_s, report),
                Attribute::DeviationList => self.take_deviation_list(&value, authentication, at_unix_s, report),
                Attribute::Certificate => {
                    self.take_directory_certificate(&value, origin, &what, report);
                    Ok(())
                }
                Attribute::RevocationList => {
                    self.take_crl(&value, &what, at_unix_s, report);
                    Ok(())
                }
            };
            if let Err(error) = list {
                report.skipped.push(Skipped { what, why: SkipReason::List(Box::new(error)) });
            }
        }
        Ok(())
    }

    /// A directory vouches for nothing: authorities must be proved by their issuer, signers are signers.
    fn take_directory_certificate(&mut self, der: &[u8], origin: &Provenance, what: &str, report: &mut ImportReport) {
        let skip = |report: &mut ImportReport, why| report.skipped.push(Skipped { what: what.to_owned(), why });
        match Certificate::parse(der) {
            Err(error) => skip(report, SkipReason::Malformed(error)),
            Ok(certificate) if certificate.extensions().authority == Some(true) => {
                self.take_parsed_csca(certificate, Standing::Link, origin, report);
            }
            Ok(certificate) => {
                if self.add(certificate, Standing::Signer, Some(origin.clone())) {
                    report.signers += 1;
                } else {
                    skip(report, SkipReason::AlreadyThere);
                }
            }
        }
    }

    fn take_csca(&mut self, der: &[u8], standing: Standing, from: &Provenance, what: &str, report: &mut ImportReport) {
        match Certificate::parse(der) {
            Ok(certificate) => self.take_parsed_csca(certificate, standing, from, report),
            Err(error) => {
                report.skipped.push(Skipped { what: what.to_owned(), why: SkipReason::Malformed(error) });
            }
        }
    }

    fn take_parsed_csca(
        &mut self,
        certificate: Certificate,
        standing: Standing,
        origin: &Provenance,
        report: &mut ImportReport,
    ) {
        let name = certificate.subject().to_string();
        let refusal = if let Err(error) = certificate.public_key() {
            Some(SkipReason::Key(error))
        } else if certificate.extensions().authority == Some(false) {
            Some(SkipReason::NotAnAuthority)
        } else if certificate.names_itself() && !certificate.is_signed_by(&certificate) {
            Some(SkipReason::SignatureInvalid)
        } else if self.add(certificate, standing, Some(origin.clone())) {
            None
        } else {
            Some(SkipReason::AlreadyThere)
        };
        match refusal {
            None => report.certificates.push(name),
            Some(why) => report.skipped.push(Skipped { what: name, why }),
        }
    }

    fn take_crl(&mut self, der: &[u8], what: &str, at_unix_s: i64, report: &mut ImportReport) {
        let taken = Crl::parse(der).map_err(SkipReason::Malformed).and_then(|crl| self.add_crl(crl, at_unix_s));
        match taken {
            Ok(()) => report.revocation_lists += 1,
            Err(why) => report.skipped.push(Skipped { what: what.to_owned(), why }),
        }
    }

    /// Imports single certificates, DER or PEM, as the operator's word.
    pub fn import_certificates(&mut self, file: &[u8], name: &str, at_unix_s: i64) -> Result<ImportReport, TrustError> {
        let mut report = ImportReport::default();
        let origin = Provenance::file(name, at_unix_s);
        for certificate in certificates(file)? {
            self.take_parsed_csca(certificate, Standing::Anchor, &origin, &mut report);
        }
        Ok(report)
    }
}
