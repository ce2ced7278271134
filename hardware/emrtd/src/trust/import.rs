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
        Import::new(self, name, authentication, at_unix_s).run(|import| import.file(bytes, name))
    }

    /// Imports a master list (`.ml`): every certificate on it becomes an anchor.
    pub fn import_master_list(
        &mut self,
        bytes: &[u8],
        name: &str,
        authentication: Authentication<'_>,
        at_unix_s: i64,
    ) -> Result<ImportReport, TrustError> {
        Import::new(self, name, authentication, at_unix_s).run(|import| import.master_list(bytes))
    }

    /// Imports single certificates, DER or PEM, as the operator's word.
    pub fn import_certificates(&mut self, file: &[u8], name: &str, at_unix_s: i64) -> Result<ImportReport, TrustError> {
        Import::new(self, name, Authentication::Operator, at_unix_s).run(|import| {
            for certificate in certificates(file)? {
                import.authority(certificate, Standing::Anchor, &import.origin.clone());
            }
            Ok(())
        })
    }
}

/// One import under way.
struct Import<'a> {
    store: &'a mut TrustStore,
    origin: Provenance,
    authentication: Authentication<'a>,
    at_unix_s: i64,
    report: ImportReport,
}

impl<'a> Import<'a> {
    fn new(store: &'a mut TrustStore, name: &str, authentication: Authentication<'a>, at_unix_s: i64) -> Self {
        let origin = Provenance::file(name, at_unix_s);
        Self { store, origin, authentication, at_unix_s, report: ImportReport::default() }
    }

    fn run(mut self, take: impl FnOnce(&mut Self) -> Result<(), TrustError>) -> Result<ImportReport, TrustError> {
        take(&mut self)?;
        Ok(self.report)
    }

    fn skip(&mut self, what: impl Into<String>, why: SkipReason) {
        self.report.skipped.push(Skipped { what: what.into(), why });
    }

    fn file(&mut self, bytes: &[u8], name: &str) -> Result<(), TrustError> {
        if bytes.starts_with(b"-----") {
            for (label, der) in pem::blocks(bytes)? {
                match label.as_str() {
                    "X509 CRL" => self.revocation_list(&der, name),
                    "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => self.certificate(&der, name),
                    _ => self.list(&der)?,
                }
            }
        } else if ldif::looks_like(bytes) {
            self.directory(bytes)?;
        } else if Crl::parse(bytes).is_ok() {
            self.revocation_list(bytes, name);
        } else if Certificate::parse(bytes).is_ok() {
            self.certificate(bytes, name);
        } else {
            self.list(bytes)?;
        }
        Ok(())
    }

    fn list(&mut self, bytes: &[u8]) -> Result<(), TrustError> {
        if DeviationList::parse(bytes).is_ok() { self.deviation_list(bytes) } else { self.master_list(bytes) }
    }

    fn master_list(&mut self, bytes: &[u8]) -> Result<(), TrustError> {
        let list = MasterList::parse(bytes)?;
        let signer =
            authenticate(&list.signed, oid::MASTER_LIST_SIGNING, self.store, self.authentication, self.at_unix_s)?;
        let origin = self.origin.on_list(&signer);
        for (at, certificate) in list.certificates.into_iter().enumerate() {
            match certificate {
                Ok(certificate) => self.authority(certificate, Standing::Anchor, &origin),
                Err(error) => {
                    let what = format!("certificate {} of the list of {}", at + 1, signer.name);
                    self.skip(what, SkipReason::Malformed(error));
                }
            }
        }
        self.report.lists.push(signer);
        Ok(())
    }

    fn deviation_list(&mut self, bytes: &[u8]) -> Result<(), TrustError> {
        let mut list = DeviationList::parse(bytes)?;
        let signer =
            authenticate(&list.signed, oid::DEVIATION_LIST_SIGNING, self.store, self.authentication, self.at_unix_s)?;
        if self.store.deviation_lists.iter().any(|known| known.der == list.der) {
            self.skip(signer.name, SkipReason::AlreadyThere);
            return Ok(());
        }
        self.report.lists.push(signer.clone());
        list.signer = Some(signer);
        self.store.deviation_lists.push(list);
        self.report.deviation_lists += 1;
        Ok(())
    }

    /// The ICAO directory's download (LDIF): lists as asked, links and signers to be proved, revocation lists.
    fn directory(&mut self, text: &[u8]) -> Result<(), TrustError> {
        let mut values = Vec::new();
        for entry in ldif::entries(text)? {
            values.extend(entry.values.into_iter().map(|(kind, value)| (kind, entry.name.clone(), value)));
        }
        // Revocation lists last: their signers may stand below them.
        values.sort_by_key(|(kind, ..)| *kind == Attribute::RevocationList);
        for (kind, what, value) in values {
            let list = match kind {
                Attribute::MasterList => self.master_list(&value),
                Attribute::DeviationList => self.deviation_list(&value),
                Attribute::Certificate => {
                    self.directory_certificate(&value, &what);
                    Ok(())
                }
                Attribute::RevocationList => {
                    self.revocation_list(&value, &what);
                    Ok(())
                }
            };
            if let Err(error) = list {
                self.skip(what, SkipReason::List(Box::new(error)));
            }
        }
        Ok(())
    }

    /// A directory vouches for nothing: authorities must be proved by their issuer, signers are signers.
    fn directory_certificate(&mut self, der: &[u8], what: &str) {
        match Certificate::parse(der) {
            Err(error) => self.skip(what, SkipReason::Malformed(error)),
            Ok(certificate) if certificate.extensions().authority == Some(true) => {
                self.authority(certificate, Standing::Link, &self.origin.clone());
            }
            Ok(certificate) => {
                if self.store.add(certificate, Standing::Signer, Some(self.origin.clone())) {
                    self.report.signers += 1;
                } else {
                    self.skip(what, SkipReason::AlreadyThere);
                }
            }
        }
    }

    fn certificate(&mut self, der: &[u8], what: &str) {
        match Certificate::parse(der) {
            Ok(certificate) => self.authority(certificate, Standing::Anchor, &self.origin.clone()),
            Err(error) => self.skip(what, SkipReason::Malformed(error)),
        }
    }

    fn authority(&mut self, certificate: Certificate, standing: Standing, origin: &Provenance) {
        let name = certificate.subject().to_string();
        let refusal = if let Err(error) = certificate.public_key() {
            Some(SkipReason::Key(error))
        } else if certificate.extensions().authority == Some(false) {
            Some(SkipReason::NotAnAuthority)
        } else if certificate.names_itself() && !certificate.is_signed_by(&certificate) {
            Some(SkipReason::SignatureInvalid)
        } else if self.store.add(certificate, standing, Some(origin.clone())) {
            None
        } else {
            Some(SkipReason::AlreadyThere)
        };
        match refusal {
            None => self.report.certificates.push(name),
            Some(why) => self.skip(name, why),
        }
    }

    fn revocation_list(&mut self, der: &[u8], what: &str) {
        let at_unix_s = self.at_unix_s;
        let taken = Crl::parse(der).map_err(SkipReason::Malformed).and_then(|crl| self.store.add_crl(crl, at_unix_s));
        match taken {
            Ok(()) => self.report.revocation_lists += 1,
            Err(why) => self.skip(what, why),
        }
    }
}
