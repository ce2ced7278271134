//! The screens as they are served anywhere but in a demonstration: over TLS 1.3, with the gate's own certificate.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use sallyport_demo::world::World;
use support::world;
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

/// How long a server may stay silent before it counts as such.
const PATIENCE: Duration = Duration::from_secs(5);

fn agent(root: Option<&[u8]>) -> Agent {
    let tls = TlsConfig::builder();
    let tls = match root {
        Some(pem) => tls.root_certs(RootCerts::new_with_certs(&[Certificate::from_pem(pem).unwrap()])),
        None => tls,
    };
    let config = Agent::config_builder().tls_config(tls.build()).max_redirects(0).http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(20))).build().new_agent()
}

/// Shakes hands with the screens in this version of TLS; gives the version agreed upon.
fn handshake(
    address: &str,
    root: &[u8],
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<rustls::ProtocolVersion> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(connection.protocol_version().unwrap())
}

fn serving() -> Option<(tempfile::TempDir, World, Vec<u8>)> {
    let (folder, mut world) = world(|settings| settings.tls = true)?;
    world.start_gate().unwrap();
    let root = fs::read(world.path("identity/ca.crt")).unwrap();
    Some((folder, world, root))
}

#[test]
fn the_screens_speak_tls_1_3_with_the_gates_certificate_and_nothing_else() {
    let Some((_folder, mut world, root)) = serving() else { return };
    let screens = world.screens();
    let (_, address) = screens.split_once("https://").unwrap();

    let known = agent(Some(&root));
    for page in ["traveler", "officer", "screens/texts/ja"] {
        assert_eq!(known.get(format!("{screens}/{page}")).call().unwrap().status(), 200, "{page}");
    }
    let stranger = agent(None).get(format!("{screens}/traveler")).call();
    assert!(matches!(stranger, Err(ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Io(_))), "{stranger:?}");

    let log_in = |password: &str| {
        let login = known.post(format!("{screens}/officer/login")).header("origin", &screens);
        login.send_form([("name", "officer"), ("password", password)]).unwrap()
    };
    assert!(log_in("wrong").headers().get("set-cookie").is_none());
    let answer = log_in(&world.officer_password);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/officer"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute}: {}", cookie.len());
    }
    assert_eq!(known.get(format!("{screens}/officer/session")).call().unwrap().status(), 200);
    // The same login from a page without TLS is from another origin.
    let elsewhere = known.post(format!("{screens}/officer/login")).header("origin", format!("http://{address}"));
    let elsewhere = elsewhere.send_form([("name", "officer"), ("password", world.officer_password.as_str())]);
    assert_eq!(elsewhere.unwrap().status(), 403);

    let mut plain = TcpStream::connect(address).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may hang up in the middle of it.
    let _ = write!(plain, "GET /traveler HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    // At most a TLS alert (RFC 8446, 5.1: content type 21), never a page.
    assert!(answer.is_empty() || answer[0] == 21, "{}", String::from_utf8_lossy(&answer));

    assert_eq!(handshake(address, &root, &TLS13).unwrap(), rustls::ProtocolVersion::TLSv1_3);
    let refused = handshake(address, &root, &TLS12).unwrap_err();
    assert!(refused.to_string().contains("ProtocolVersion"), "{refused}");
    assert!(world.gate_is_alive());
    world.stop_gate().unwrap();
}
