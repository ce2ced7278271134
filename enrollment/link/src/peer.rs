//! Who the peer is.

use std::{fs, path::Path};

use openssl::{hash::MessageDigest, nid::Nid, x509::X509};

use crate::LinkError;

/// SHA-256 of a certificate.
pub type Fingerprint = [u8; 32];

/// The one common name of this certificate (DER); `None` if it is no certificate or has none, or several.
pub fn common_name(der: &[u8]) -> Option<String> {
    let certificate = X509::from_der(der).ok()?;
    let mut names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
    let name = names.next()?.data().to_string().ok()?;
    names.next().is_none().then_some(name)
}

/// SHA-256 of this certificate (DER); `None` if it is no certificate.
pub fn fingerprint(der: &[u8]) -> Option<Fingerprint> {
    let digest = X509::from_der(der).ok()?.digest(MessageDigest::sha256()).ok()?;
    (*digest).try_into().ok()
}

/// The first certificate of a PEM file, as DER.
pub fn read_certificate(path: &Path) -> Result<Vec<u8>, LinkError> {
    let pem = fs::read(path).map_err(|source| LinkError::File { path: path.into(), source })?;
    X509::from_pem(&pem)
        .and_then(|certificate| certificate.to_der())
        .map_err(|error| LinkError::Certificate { path: path.into(), why: error.to_string() })
}
