//! Real handshakes on the loopback: who gets in, and who does not.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    thread,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConnection, StreamOwned, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use sallyport_link::{Authority, Issued, LinkError, Usage, common_name, fingerprint, read_certificate, server_config};
use sallyport_privacy::vault::Vault;

fn authority_in(folder: &Path) -> Authority {
    let authority = Authority::create().unwrap();
    authority.save(folder, &Vault::new(&[7; 32])).unwrap();
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    authority.issue("service", &hosts, Usage::Server).unwrap().save(folder, "service").unwrap();
    authority
}

/// One connection to a server that asks for certificates of the authority in `folder`; gives the common name that
/// the server saw.
fn connect(
    folder: &Path,
    own: Option<&Issued>,
    version: &'static SupportedProtocolVersion,
    host: &str,
) -> Result<String, String> {
    let ca = folder.join("ca.crt");
    let config = server_config(&folder.join("service.crt"), &folder.join("service.key"), Some(&ca)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || -> Result<String, String> {
        let (socket, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), socket);
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(|error| error.to_string())?;
        stream.write_all(&byte).map_err(|error| error.to_string())?;
        let peer = stream.conn.peer_certificates().unwrap()[0].clone();
        Ok(common_name(&peer).unwrap())
    });
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&ca).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let client = match own {
        None => builder.with_no_client_auth(),
        Some(own) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(own.certificate_pem.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(own.key_pem.as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    let mut byte = [7];
    // In TLS 1.3 a client hears of its refusal only when it reads.
    let heard = stream.write_all(&byte).and_then(|()| stream.read_exact(&mut byte));
    drop(stream);
    let seen = server.join().unwrap();
    heard.map_err(|error| error.to_string()).and(seen)
}

#[test]
fn only_certificates_of_the_authority_and_tls_1_3_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority_in(folder.path());
    let gate = authority.issue("gate-1", &[], Usage::Both).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(connect(folder.path(), Some(&gate), &TLS13, host).unwrap(), "gate-1");
    }
    assert!(connect(folder.path(), Some(&gate), &TLS13, "elsewhere").is_err());
    assert!(connect(folder.path(), None, &TLS13, "localhost").is_err());
    assert!(connect(folder.path(), Some(&gate), &TLS12, "localhost").is_err());
    let rogue = Authority::create().unwrap().issue("gate-1", &[], Usage::Both).unwrap();
    assert!(connect(folder.path(), Some(&rogue), &TLS13, "localhost").is_err());
    let server_only = authority.issue("gate-1", &[], Usage::Server).unwrap();
    assert!(connect(folder.path(), Some(&server_only), &TLS13, "localhost").is_err());
}

#[test]
fn a_loaded_authority_issues_what_the_saved_one_is_trusted_for() {
    let folder = tempfile::tempdir().unwrap();
    authority_in(folder.path());
    let loaded = Authority::load(folder.path(), &Vault::new(&[7; 32])).unwrap();
    let gate = loaded.issue("gate-2", &[], Usage::Client).unwrap();
    assert_eq!(connect(folder.path(), Some(&gate), &TLS13, "localhost").unwrap(), "gate-2");

    let key = folder.path().join("ca.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder.path().join("service.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!String::from_utf8_lossy(&fs::read(&key).unwrap()).contains("PRIVATE KEY"));
    assert!(matches!(Authority::load(folder.path(), &Vault::new(&[8; 32])), Err(LinkError::Sealed { .. })));
    assert!(loaded.save(folder.path(), &Vault::new(&[7; 32])).is_err(), "nothing is overwritten");
}

#[test]
fn peers_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority_in(folder.path());
    let [a, b] = [(); 2].map(|()| authority.issue("gate-1", &[], Usage::Client).unwrap());
    a.save(folder.path(), "a").unwrap();
    b.save(folder.path(), "b").unwrap();
    let [a, b] = ["a.crt", "b.crt"].map(|name| read_certificate(&folder.path().join(name)).unwrap());
    assert_eq!(common_name(&a).as_deref(), Some("gate-1"));
    assert_ne!(fingerprint(&a).unwrap(), fingerprint(&b).unwrap());
    assert_eq!((common_name(b"no certificate"), fingerprint(b"")), (None, None));
}

#[test]
fn unusable_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    authority_in(folder.path());
    let [certificate, key, ca] = ["service.crt", "service.key", "ca.crt"].map(|name| folder.path().join(name));
    let missing = folder.path().join("missing");
    assert!(matches!(server_config(&missing, &key, None), Err(LinkError::File { path, .. }) if path == missing));
    assert!(matches!(server_config(&certificate, &certificate, None), Err(LinkError::Key { .. })));
    assert!(matches!(server_config(&key, &key, None), Err(LinkError::Certificate { .. })));
    assert!(matches!(server_config(&ca, &key, None), Err(LinkError::Key { .. })), "the key of another certificate");
    assert!(matches!(server_config(&certificate, &key, Some(&key)), Err(LinkError::Certificate { .. })));
}
