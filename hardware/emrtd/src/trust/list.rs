//! Signed lists of countries: CSCA master lists (Doc 9303-12, 9), and what they share with deviation lists.

use super::{Standing, TrustError, TrustStore};
use crate::{
    asn1::{Asn1Error, Elements, INTEGER, SEQUENCE, SET, definite, oid, small},
    certificate::Certificate,
    cms::{CmsError, SignedData},
    tlv,
};

/// Up to whom a list's signer is followed.
#[derive(Debug, Clone, Copy)]
pub enum Authentication<'a> {
    /// To one of these certificates, which somebody fetched over another way.
    Roots(&'a [Certificate]),
    /// To an anchor that is in the store already.
    Store,
    /// Nobody: the operator vouches for the file. The signature must hold nevertheless.
    Operator,
}

/// Who signed a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSigner {
    /// The signer's name.
    pub name: String,
    /// Its country, in capital letters.
    pub country: Option<String>,
    /// When the signer says that the list was signed.
    pub signed_at_unix_s: Option<i64>,
    /// The anchor that the signer leads to; `None` if only the operator vouches.
    pub anchor: Option<String>,
}

/// Verifies a list's signature and its signer: made for this purpose, valid at that time, under an anchor.
pub(super) fn authenticate(
    list: &SignedData,
    purpose: &[u8],
    store: &TrustStore,
    authentication: Authentication<'_>,
    at_unix_s: i64,
) -> Result<ListSigner, TrustError> {
    let signature = list.verify(&|_| None)?;
    let signer = signature.signer;
    let name = signer.subject().to_string();
    // A document signer's key lies in a factory; it must not be able to name new authorities.
    if !signer.extensions().purposes.iter().any(|found| found == purpose) {
        return Err(TrustError::Purpose { signer: name });
    }
    if !signer.validity().contains(at_unix_s) {
        return Err(TrustError::ListSignerExpired { signer: name });
    }
    if store.crls_for(signer).iter().any(|crl| crl.revoked_since(signer.serial()).is_some()) {
        return Err(TrustError::ListSignerRevoked { signer: name });
    }
    let mut roots = TrustStore::default();
    let path = match authentication {
        Authentication::Operator => None,
        Authentication::Store => Some(store.path(signer, at_unix_s)),
        Authentication::Roots(trusted) => {
            for root in trusted {
                roots.add(root.clone(), Standing::Anchor, None);
            }
            for certificate in list.certificates() {
                roots.add(certificate.clone(), Standing::Link, None);
            }
            Some(roots.path(signer, at_unix_s))
        }
    };
    let anchor = match path {
        None => None,
        Some(Ok(path)) => path.last().map(|entry| entry.certificate.subject().to_string()),
        Some(Err(source)) => return Err(TrustError::ListSigner { signer: name, source }),
    };
    let country = signer.country();
    Ok(ListSigner { name, country, signed_at_unix_s: signature.signing_time_unix_s, anchor })
}

/// A master list as it came: well-formed, its signature not yet looked at.
#[derive(Debug)]
pub struct MasterList {
    pub(super) signed: SignedData,
    /// The certificates on it that can be read, and why others cannot.
    pub(super) certificates: Vec<Result<Certificate, Asn1Error>>,
}

impl MasterList {
    /// Reads a DER or BER master list, `.ml`.
    pub fn parse(bytes: &[u8]) -> Result<Self, CmsError> {
        let signed = SignedData::parse(bytes, oid::MASTER_LIST)?;
        let content = definite(signed.content())?;
        let mut content = Elements::of(&content, SEQUENCE)?;
        if small(content.next(INTEGER, "the version")?.value) != Some(0) {
            return Err(Asn1Error::Value("the version of the master list").into());
        }
        let all = tlv::all(content.next(SET, "the certificates")?.value).map_err(Asn1Error::from)?;
        let certificates = all.iter().map(|object| Certificate::parse(object.whole)).collect();
        Ok(Self { signed, certificates })
    }

    /// How many certificates are on it, readable or not.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether it names nobody.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The certificates on it that can be read.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().flatten()
    }
}
