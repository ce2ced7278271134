//! Whom an inspection system trusts: CSCA certificates with where they came from, link certificates, document
//! signers from a directory, revocation lists and deviation lists (Doc 9303-12, 4 and 9).

mod path;
mod pem;

use std::collections::HashMap;

pub use path::PathError;

use crate::{
    asn1::Asn1Error,
    certificate::{Certificate, Fingerprint, SignerIdentifier},
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
}

impl TrustStore {
    /// A store of these DER or PEM certificates, all of them anchors.
    pub fn from_certificates<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, TrustError> {
        let mut store = Self::default();
        for file in files {
            for certificate in certificates(file)? {
                store.add(certificate, Standing::Anchor);
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
    pub fn add(&mut self, certificate: Certificate, standing: Standing) -> bool {
        if let Some(entry) = self.known.get(certificate.fingerprint()).and_then(|&at| self.entries.get_mut(at)) {
            let better = entry.standing == Standing::Link && standing == Standing::Anchor;
            if better {
                entry.standing = standing;
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
        self.entries.push(Entry { certificate, standing });
        true
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
