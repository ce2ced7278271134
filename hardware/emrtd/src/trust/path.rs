//! From a certificate to an anchor, over link certificates where a CSCA changed its key or name (Doc 9303-12, 4.2).

use std::collections::HashSet;

use super::{Entry, Standing, TrustStore};
use crate::{
    asn1::Name,
    certificate::{Certificate, Crl, Fingerprint},
};

/// CSCA keys live three to five years and documents ten: more links than this are no chain but a maze.
const LINKS_MAX: usize = 8;

/// Why no anchor was reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nobody by the issuer's name or key is in the store.
    #[error("no trusted CSCA `{issuer}`")]
    Unknown {
        /// The issuer.
        issuer: String,
    },
    /// Somebody by that name is, and did not sign it.
    #[error("a CSCA named `{issuer}` is trusted, and it did not sign the certificate")]
    NotSigned {
        /// The issuer.
        issuer: String,
    },
}

impl TrustStore {
    /// The certificates above this one: its issuer first, an anchor last. What is valid at that time is preferred.
    pub fn path(&self, certificate: &Certificate, at_unix_s: i64) -> Result<Vec<&Entry>, PathError> {
        let mut path = Vec::new();
        if self.climb(certificate, at_unix_s, &mut path, &mut HashSet::new()) {
            return Ok(path);
        }
        let issuer = certificate.issuer().to_string();
        if self.issuers_of(certificate, at_unix_s).is_empty() {
            Err(PathError::Unknown { issuer })
        } else {
            Err(PathError::NotSigned { issuer })
        }
    }

    /// Nobody is tried twice: links of one directory that all vouch for each other would be a maze without end.
    fn climb<'a>(
        &'a self,
        certificate: &Certificate,
        at_unix_s: i64,
        path: &mut Vec<&'a Entry>,
        tried: &mut HashSet<&'a Fingerprint>,
    ) -> bool {
        if path.len() > LINKS_MAX {
            return false;
        }
        for issuer in self.issuers_of(certificate, at_unix_s) {
            if tried.contains(issuer.certificate.fingerprint()) || !certificate.is_signed_by(&issuer.certificate) {
                continue;
            }
            tried.insert(issuer.certificate.fingerprint());
            path.push(issuer);
            if issuer.standing == Standing::Anchor || self.climb(&issuer.certificate, at_unix_s, path, tried) {
                return true;
            }
            path.pop();
        }
        false
    }

    /// Whether a trusted CSCA signed a revocation list.
    pub(super) fn vouches_for(&self, crl: &Crl, at_unix_s: i64) -> bool {
        self.issuers(crl.issuer(), crl.authority_key(), at_unix_s).into_iter().any(|issuer| {
            crl.is_signed_by(&issuer.certificate)
                && (issuer.standing == Standing::Anchor || self.path(&issuer.certificate, at_unix_s).is_ok())
        })
    }

    fn issuers_of(&self, certificate: &Certificate, at_unix_s: i64) -> Vec<&Entry> {
        self.issuers(certificate.issuer(), certificate.extensions().authority_key.as_deref(), at_unix_s)
    }

    /// Who may have issued something, likeliest first: by the name of the issuer and by its key identifier. Two keys of one
    /// CSCA often share its name, and names are spelled in two ways; the signature decides.
    fn issuers(&self, name: &Name, authority_key: Option<&[u8]>, at_unix_s: i64) -> Vec<&Entry> {
        let by_key = authority_key.and_then(|key| self.by_key.get(key));
        let by_name = self.by_subject.get(&name.key());
        let mut places: Vec<usize> = by_key.into_iter().chain(by_name).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let mut issuers: Vec<&Entry> = places.iter().filter_map(|&at| self.entries.get(at)).collect();
        issuers.retain(|entry| entry.may_issue());
        issuers.sort_by_key(|entry| {
            let extensions = entry.certificate.extensions();
            (
                !(authority_key.is_some() && extensions.subject_key.as_deref() == authority_key),
                !entry.certificate.validity().contains(at_unix_s),
                entry.standing != Standing::Anchor,
            )
        });
        issuers
    }
}

impl Entry {
    /// A link must say that it is an authority: its issuer signs document signers too. An anchor is vouched for.
    fn may_issue(&self) -> bool {
        let extensions = self.certificate.extensions();
        match self.standing {
            Standing::Signer => false,
            Standing::Anchor => true,
            Standing::Link => {
                extensions.authority == Some(true)
                    && extensions.key_usage.is_none_or(|usage| usage.certificate_signing())
                    && extensions.unknown_critical.is_empty()
            }
        }
    }
}
