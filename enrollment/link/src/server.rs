//! The serving side of TLS.

use std::{path::Path, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    server::WebPkiClientVerifier,
    version::TLS13,
};

use crate::LinkError;

/// TLS 1.3 with this certificate (PEM; a chain may follow it) and key. With `clients`, the file of an authority, a
/// client must show a certificate of that authority; without, none is asked for.
pub fn server_config(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<ServerConfig, LinkError> {
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::Io(source) => LinkError::File { path: key.into(), source },
        other => LinkError::Key { path: key.into(), why: other.to_string() },
    })?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| LinkError::Tls(error.to_string()))?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let unusable = |why: String| LinkError::Certificate { path: authority.into(), why };
            let mut roots = RootCertStore::empty();
            for root in certificates(authority)? {
                roots.add(root).map_err(|error| unusable(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| unusable(error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder
        .with_single_cert(chain, private)
        .map_err(|error| LinkError::Key { path: key.into(), why: error.to_string() })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LinkError> {
    let unusable = |error: pem::Error| match error {
        pem::Error::Io(source) => LinkError::File { path: path.into(), source },
        other => LinkError::Certificate { path: path.into(), why: other.to_string() },
    };
    let found = CertificateDer::pem_file_iter(path).map_err(unusable)?.collect::<Result<Vec<_>, _>>();
    match found.map_err(unusable)? {
        none if none.is_empty() => {
            Err(LinkError::Certificate { path: path.into(), why: "no certificate in it".into() })
        }
        some => Ok(some),
    }
}
