//! Certificates and TLS 1.3 between gates, browsers and the enrollment service.
//!
//! * [`Authority`]: the demonstration's certificate authority. A border administration uses its own PKI instead and
//!   puts its files in the same places.
//! * [`server_config`]: TLS 1.3 only; with a clients' authority, whoever shows no certificate of it is refused.
//! * [`common_name`], [`fingerprint`], [`read_certificate`]: who the peer is.

mod authority;
mod peer;
mod server;

use std::{io, path::PathBuf};

pub use self::{
    authority::{Authority, Issued, Usage},
    peer::{Fingerprint, common_name, fingerprint, read_certificate},
    server::server_config,
};

/// Why certificates or TLS are not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A file cannot be read or written.
    #[error("{path}: {source}; check that the file is there and belongs to this user")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no certificate.
    #[error("{path} holds no usable certificate ({why}): expected PEM, `-----BEGIN CERTIFICATE-----`")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file holds no private key, or not the certificate's.
    #[error("{path} holds no private key that fits the certificate ({why}): issue both again")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The authority's key does not open.
    #[error("the authority's key {path} does not open: it was changed, or belongs to another root key")]
    Sealed {
        /// The file.
        path: PathBuf,
    },
    /// No certificate could be made.
    #[error("no certificate could be issued for `{name}`: {why}")]
    Issue {
        /// For whom.
        name: String,
        /// Why.
        why: String,
    },
    /// TLS itself.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
