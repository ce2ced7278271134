//! BSI, Worked Example for Extended Access Control (EAC), version 1.0; and certificates that others issued.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use openssl::bn::{BigNum, BigNumContext};
use sallyport_emrtd::{
    crypto::{
        group::{Group, KeyPair},
        suite::{Purpose, Suite},
    },
    eac::{
        cvc::{
            Authorization, Certificate, Certified, Contents, CvcError, Date, Rights, Role, SignatureScheme, SigningKey,
            TerminalType,
        },
        terminal_authentication::Credentials,
    },
    genuineness::chip_authentication::{
        Announcement, ChipKey, OfferedKey, Protocol, Terminal, choose, general_authenticate, set_at,
    },
};

/// The values of one of the two examples.
struct Example(HashMap<&'static str, Vec<u8>>);

impl Example {
    fn of(agreement: &str) -> Self {
        let lines = include_str!("vectors/bsi-eac-worked-example.txt").lines();
        let values = lines.filter_map(|line| line.strip_prefix(agreement)?.strip_prefix('.')?.split_once(' '));
        Self(values.map(|(name, value)| (name, hex::decode(value).unwrap())).collect())
    }

    fn get(&self, name: &str) -> &[u8] {
        &self.0[name]
    }

    fn certificate(&self, name: &str) -> Certificate {
        let certificate = Certificate::parse(self.get(name)).unwrap();
        assert_eq!(certificate.to_bytes(), self.get(name));
        certificate
    }

    /// The compressed form of a public key in this group.
    fn compressed(&self, group: &Group, name: &str) -> Vec<u8> {
        let key = self.get(name);
        // The log shows the DH key as a signed integer.
        group.decode(key.strip_prefix(&[0]).unwrap_or(key)).unwrap().compressed()
    }
}

/// Brainpool P-256 r1, and the 1024-bit MODP group: the examples' standardized domain parameters.
const EXAMPLES: [(&str, u8); 2] = [("ecdh", 13), ("dh", 0)];

// Worked Example, sections "Terminal Authentication" of the ECDH and of the DH example.
#[test]
fn terminal_authentication_of_the_worked_example() {
    for (agreement, id) in EXAMPLES {
        let example = Example::of(agreement);
        let group = Group::standardized(id).unwrap();
        let [cvca, verifier, terminal] = ["cvca_cert", "dv_cert", "ta_cert"].map(|name| example.certificate(name));
        let trust_point = Certified::trust_point(&cvca).unwrap();
        let verifier_key = verifier.contents().key.complete(Some(&trust_point.key)).unwrap();
        let terminal_key = terminal.contents().key.complete(Some(&verifier_key)).unwrap();
        assert!(verifier.is_signed_by(&trust_point.key) && terminal.is_signed_by(&verifier_key));
        assert!(!terminal.is_signed_by(&trust_point.key));
        // The example's CVCA is one for inspection systems, but verifier and terminal are of another kind: a chip that
        // goes by the standard refuses that.
        let today = terminal.contents().effective;
        assert_eq!(trust_point.authorization.terminal, TerminalType::Inspection);
        assert_eq!(terminal.contents().authorization.terminal, TerminalType::Authentication);
        assert_eq!(trust_point.certify(&verifier, today).err(), Some(CvcError::Role(verifier.holder().clone())));
        // The chip's identifier is its compressed ephemeral PACE key.
        let identifier = example.compressed(&group, "picc_pub_key");
        let ephemeral = example.compressed(&group, "ca_pcd_pub_key");
        let challenge = example.get("ta_nonce");
        let message = [&identifier[..], challenge, &ephemeral].concat();
        assert!(terminal_key.verify(&message, example.get("ta_pcd_signature")));
        // Our terminal with the example's key.
        let algorithm = terminal_key.algorithm();
        let key = SigningKey::from_der(algorithm, example.get("ta_pcd_key")).unwrap();
        let credentials = Credentials::new(vec![terminal, verifier], vec![key]);
        let path = credentials.path(&[cvca.holder().clone()], today).unwrap();
        assert_eq!(path.commands().len(), 6);
        let own = path.authenticate(&identifier, challenge, &ephemeral).unwrap();
        assert!(terminal_key.verify(&message, &own.data));
        // RSASSA-PKCS1-v1_5 has but one signature.
        assert_eq!(algorithm.scheme == SignatureScheme::RsaPkcs1, agreement == "dh");
        if agreement == "dh" {
            assert_eq!(own.data, example.get("ta_pcd_signature"));
        }
    }
}

// Worked Example, sections "Chip Authentication": version 2, whose keys also take a nonce, over the same agreement.
#[test]
fn chip_authentication_of_the_worked_example() {
    for (agreement, id) in EXAMPLES {
        let example = Example::of(agreement);
        let group = Group::standardized(id).unwrap();
        let chip = KeyPair::from_private(&group, example.get("ca_picc_priv_key")).unwrap();
        // The DH example's private key is longer than the order of its generator.
        let mut reduced = BigNum::new().unwrap();
        let private = BigNum::from_slice(example.get("ca_pcd_priv_key")).unwrap();
        reduced.nnmod(&private, &order(id), &mut BigNumContext::new().unwrap()).unwrap();
        let terminal = KeyPair::from_private(&group, &reduced.to_vec()).unwrap();
        assert_eq!(chip.public().encoded(), example.get("ca_picc_pub_key"));
        assert_eq!(terminal.public().encoded(), example.get("ca_pcd_pub_key"));
        let secret = terminal.agree(chip.public()).unwrap();
        assert_eq!(secret[..], *example.get("ca_shared_secret_k"));
        assert_eq!(chip.agree(terminal.public()).unwrap(), secret);
        let seed = [&secret, example.get("ca_nonce")].concat();
        let suite = Suite::Aes128;
        assert_eq!(suite.derive_key(&seed, Purpose::Encryption)[..], *example.get("ca_k_enc"));
        assert_eq!(suite.derive_key(&seed, Purpose::Mac)[..], *example.get("ca_k_mac"));
        // Version 1 with the same keys: both sides end on one channel.
        let protocol = Protocol { agreement: group.agreement(), suite };
        let offered = [OfferedKey { key: group.decode(chip.public().encoded()).unwrap(), id: None }];
        let choice = choose(&[Announcement { protocol, key_id: None }], &offered).unwrap();
        let side = Terminal::with_ephemeral(choice, &terminal).unwrap();
        let keys = [ChipKey { pair: chip, id: None, suites: vec![suite] }];
        let [select, authenticate] = &side.commands()[..] else { panic!("two commands") };
        let selected = set_at(&keys, &select.data).unwrap();
        let (_, mut agreed) = general_authenticate(&keys, selected, &authenticate.data).unwrap();
        assert_eq!(agreed.terminal_key, example.compressed(&group, "ca_pcd_pub_key"));
        let response = agreed.channel.protect_response(0xB0, b"proof", 0x9000);
        assert_eq!(&side.channel().open(&response).unwrap().0[..], b"proof");
    }
}

/// Of the examples' generators: RFC 5639, 3.4, and RFC 5114, 2.1.
fn order(id: u8) -> BigNum {
    BigNum::from_hex_str(match id {
        0 => "F518AA8781A8DF278ABA4E7D64B7CB9D49462353",
        _ => "A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
    })
    .unwrap()
}

fn day(year: u16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).unwrap()
}

/// A chain with keys that somebody else issued for 2008; skips loudly where the evaluation data is absent.
#[test]
fn a_foreign_chain_of_an_inspection_system_verifies_until_it_expired() {
    let data = std::env::var_os("SALLYPORT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = data.join("chips/cvc");
    if !folder.exists() {
        eprintln!("SKIPPED: no certificates in {}", folder.display());
        return;
    }
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let [cvca, verifier, terminal] =
        ["CVCA", "DVD", "IS"].map(|name| Certificate::parse(&read(&format!("cert{name}_orig.cvcert"))).unwrap());
    let trust_point = Certified::trust_point(&cvca).unwrap();
    assert_eq!(trust_point.authorization, Authorization::inspection(Role::Cvca, Rights::READ_DG3));
    let certified = trust_point.certify(&verifier, day(2008, 10, 1)).unwrap();
    assert_eq!(certified.authorization.role, Role::DomesticVerifier);
    let certified = certified.certify(&terminal, day(2008, 10, 1)).unwrap();
    assert_eq!(certified.authorization, Authorization::inspection(Role::Terminal, Rights::READ_DG3));
    let refusal = trust_point.certify(&verifier, day(2026, 1, 1)).err().unwrap();
    assert!(matches!(refusal, CvcError::Expired { .. }), "{refusal}");
    // Their keys are those of the certificates, and issue others.
    let algorithm = terminal.contents().key.algorithm();
    let key = SigningKey::from_der(algorithm, &read("keyIS_orig.der")).unwrap();
    assert!(key.matches(&terminal.contents().key));
    let cvca_key = SigningKey::from_der(algorithm, &read("keyCVCA_orig.der")).unwrap();
    assert!(cvca_key.matches(&cvca.contents().key) && !key.matches(&cvca.contents().key));
    let renewed = Contents { expiration: day(2030, 1, 1), ..verifier.contents().clone() };
    let renewed = Certificate::issue(renewed, &cvca_key).unwrap();
    assert!(trust_point.certify(&renewed, day(2009, 1, 1)).is_ok());
    let credentials = Credentials::new(vec![terminal, verifier], vec![key]);
    let path = credentials.path(&[cvca.holder().clone()], day(2008, 10, 1)).unwrap();
    assert!(path.rights().may_read(3) && !path.rights().may_read(4));
}
