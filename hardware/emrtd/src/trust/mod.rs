//! Whom an inspection system trusts: CSCA certificates with where they came from, link certificates, document
//! signers from a directory, revocation lists and deviation lists (Doc 9303-12, 4 and 9).

mod deviation;
mod folder;
mod import;
mod ldif;
mod list;
mod path;
mod pem;
mod provenance;

use std::collections::{BTreeMap, HashMap};

pub use deviation::{Description, DeviatingSigner, Deviation, DeviationList};
pub use folder::FolderError;
pub use import::{ImportReport, SkipReason, Skipped};
pub use list::{Authentication, ListSigner, MasterList};
pub use path::PathError;
pub use provenance::{ListProvenance, Provenance};

use crate::{
    asn1::Asn1Error,
    certificate::{Certificate, Crl, Fingerprint, SignerIdentifier},
    cms::CmsError,
};

/// Why a file gives no trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It is no certificate.
    #[error("a certificate is neither DER nor PEM, or malformed: {0}")]
    Certificate(Asn1Error),
    /// A PEM file is broken.
    #[error("a PEM file holds {0}: fetch it again")]
    Pem(&'static str),
    /// An LDIF file is broken.
    #[error("the LDIF file holds {0}: fetch it again")]
    Ldif(&'static str),
    /// It is no revocation list.
    #[error("a revocation list is neither DER nor PEM, or malformed: {0}")]
    RevocationList(Asn1Error),
    /// It is no list of certificates or deviations, or not signed.
    #[error("it is none of certificate, revocation list, LDIF, master list and deviation list: {0}")]
    List(#[from] CmsError),
    /// A list was signed with a certificate that is for something else.
    #[error("the certificate of `{signer}` is not for signing such lists: do not use the list")]
    Purpose {
        /// The signer.
        signer: String,
    },
    /// The certificate of a list's signer has run out, or is not valid yet.
    #[error("the certificate of the list's signer `{signer}` is not valid now: fetch the current list")]
    ListSignerExpired {
        /// The signer.
        signer: String,
    },
    /// The certificate of a list's signer was revoked.
    #[error("the certificate of the list's signer `{signer}` is revoked: do not use the list")]
    ListSignerRevoked {
        /// The signer.
        signer: String,
    },
    /// A list's signer leads to nobody who is trusted.
    #[error(
        "{source} vouches for the list's signer `{signer}`: give the CSCA certificate of the list's country as root"
    )]
    ListSigner {
        /// The signer.
        signer: String,
        /// How far it got.
        source: PathError,
    },
}

/// What a certificate in the store is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A CSCA that somebody vouches for: the operator, or the signer of a master list. A chain may end here.
    Anchor,
    /// A CSCA that only counts if its own issuer leads to an anchor.
    Link,
    /// A document signer from a directory: for documents that do not carry theirs. Gives no trust.
    Signer,
}

/// A certificate of the store.
#[derive(Debug)]
pub struct Entry {
    /// The certificate.
    pub certificate: Certificate,
    /// What it is good for.
    pub standing: Standing,
    /// Where it came from; `None` for what somebody put there by hand.
    pub provenance: Option<Provenance>,
}

/// The certificates that this inspection system trusts, by name and by key, so that no document's chain is searched
/// through all of them.
#[derive(Debug, Default)]
pub struct TrustStore {
    entries: Vec<Entry>,
    known: HashMap<Fingerprint, usize>,
    by_subject: HashMap<String, Vec<usize>>,
    by_key: HashMap<Vec<u8>, Vec<usize>>,
    signers_by_issuer: HashMap<String, Vec<usize>>,
    /// By issuer.
    crls: HashMap<String, Vec<Crl>>,
    deviation_lists: Vec<DeviationList>,
}

impl TrustStore {
    /// A store of these DER or PEM certificates, all of them anchors.
    pub fn from_certificates<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, TrustError> {
        let mut store = Self::default();
        for file in files {
            for certificate in certificates(file)? {
                store.add(certificate, Standing::Anchor, None);
            }
        }
        Ok(store)
    }

    /// How many CSCA certificates it holds.
    pub fn len(&self) -> usize {
        self.entries.iter().filter(|entry| entry.standing != Standing::Signer).count()
    }

    /// Whether it trusts nobody.
    pub fn is_empty(&self) -> bool {
        !self.entries.iter().any(|entry| entry.standing == Standing::Anchor)
    }

    /// Adds a certificate unless it is there; an anchor stays one, and a link becomes one when somebody vouches for it.
    /// Whether anything changed.
    pub fn add(&mut self, certificate: Certificate, standing: Standing, provenance: Option<Provenance>) -> bool {
        if let Some(entry) = self.known.get(certificate.fingerprint()).and_then(|&at| self.entries.get_mut(at)) {
            let better = entry.standing == Standing::Link && standing == Standing::Anchor;
            if better {
                (entry.standing, entry.provenance) = (standing, provenance);
            }
            return better;
        }
        let at = self.entries.len();
        self.known.insert(*certificate.fingerprint(), at);
        let keys = &certificate.extensions().subject_key;
        if let Some(key) = keys {
            self.by_key.entry(key.clone()).or_default().push(at);
        }
        if standing == Standing::Signer {
            self.signers_by_issuer.entry(certificate.issuer().key()).or_default().push(at);
        } else {
            self.by_subject.entry(certificate.subject().key()).or_default().push(at);
        }
        self.entries.push(Entry { certificate, standing, provenance });
        true
    }

    /// Adds a revocation list that a trusted CSCA signed, in place of an older one of the same key.
    pub fn add_crl(&mut self, crl: Crl, at_unix_s: i64) -> Result<(), SkipReason> {
        // Before it can take another's place: a forged list would hide what the genuine one revoked.
        if !self.vouches_for(&crl, at_unix_s) {
            return Err(SkipReason::NoSigner);
        }
        let lists = self.crls.entry(crl.issuer().key()).or_default();
        match lists.iter_mut().find(|known| known.authority_key() == crl.authority_key()) {
            Some(known) if known.der() == crl.der() => return Err(SkipReason::AlreadyThere),
            Some(known) if known.this_update_unix_s() > crl.this_update_unix_s() => return Err(SkipReason::Older),
            Some(known) => *known = crl,
            None => lists.push(crl),
        }
        Ok(())
    }

    /// Everything in it.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// CSCA certificates by country, in capital letters; `??` for those that name none.
    pub fn countries(&self) -> BTreeMap<String, Vec<&Entry>> {
        let mut countries = BTreeMap::<String, Vec<&Entry>>::new();
        for entry in self.entries.iter().filter(|entry| entry.standing != Standing::Signer) {
            let country = entry.certificate.country().unwrap_or_else(|| "??".into());
            countries.entry(country).or_default().push(entry);
        }
        countries
    }

    /// Its revocation lists.
    pub fn crls(&self) -> impl Iterator<Item = &Crl> {
        self.crls.values().flatten()
    }

    /// Its deviation lists.
    pub fn deviation_lists(&self) -> &[DeviationList] {
        &self.deviation_lists
    }

    /// The revocation lists that may tell of a certificate.
    pub(crate) fn crls_for(&self, certificate: &Certificate) -> &[Crl] {
        self.crls.get(&certificate.issuer().key()).map(Vec::as_slice).unwrap_or_default()
    }

    /// A document signer that the document names and does not carry.
    pub fn signer(&self, identifier: &SignerIdentifier) -> Option<&Certificate> {
        let candidates = match identifier {
            SignerIdentifier::IssuerAndSerial { issuer, .. } => self.signers_by_issuer.get(&issuer.key()),
            SignerIdentifier::SubjectKey(key) => self.by_key.get(key),
        };
        candidates?
            .iter()
            .filter_map(|&at| self.entries.get(at))
            .filter(|entry| entry.standing == Standing::Signer)
            .map(|entry| &entry.certificate)
            .find(|certificate| certificate.is_named_by(identifier))
    }
}

/// The certificates of a DER or PEM file.
fn certificates(file: &[u8]) -> Result<Vec<Certificate>, TrustError> {
    if !file.starts_with(b"-----") {
        return Ok(vec![Certificate::parse(file).map_err(TrustError::Certificate)?]);
    }
    pem::blocks(file)?.iter().map(|(_, der)| Certificate::parse(der).map_err(TrustError::Certificate)).collect()
}
