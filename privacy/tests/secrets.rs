//! Keys are in nothing that a log, an error, a screen or a file could show.
#![allow(clippy::unwrap_used)]

use std::{fmt::Debug, fs};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sallyport_privacy::{
    keys::{ApplicationKey, FileKeyStore, KeyStore, ROOT, RootKey, random_key},
    vault::{ManifestKey, Vault},
};

const PASSPHRASE: &str = "correct horse battery";

/// Every way in which the bytes might have been written: raw, hexadecimal, base64, or a list of numbers.
fn shows(text: &[u8], key: &[u8]) -> bool {
    let list = format!("{key:?}");
    let numbers = list.trim_matches(['[', ']']).split(", ").take(4).collect::<Vec<_>>().join(", ");
    let forms = [
        key[..8].to_vec(),
        hex::encode(&key[..8]).into_bytes(),
        hex::encode_upper(&key[..8]).into_bytes(),
        STANDARD.encode(&key[..9]).into_bytes(),
        numbers.into_bytes(),
    ];
    forms.iter().any(|form| text.windows(form.len()).any(|window| window == form))
}

#[test]
fn the_search_itself_finds_each_form() {
    let key = random_key();
    for text in [hex::encode(key), STANDARD.encode(key), format!("{key:?}"), format!("Key({:02X?})", key)] {
        let joined = text.replace(", ", "");
        assert!(shows(text.as_bytes(), &key) || shows(joined.as_bytes(), &key), "{text}");
    }
    assert!(shows(&[&b"before"[..], &key].concat(), &key) && !shows(b"nothing", &key));
}

#[test]
fn no_text_about_a_key_tells_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.json");
    let root = RootKey::create(&path, PASSPHRASE).unwrap();
    let key = random_key();
    let (application, vault) = (ApplicationKey::received(&key, 1), Vault::new(&key));
    let seed = application.enrollment_seed(&[1; 16], 1);
    let (manifest, derived) = (ManifestKey::new(&key), root.key("audit"));
    let told: [&dyn Debug; 6] = [&root, &application, &seed, &vault, &manifest, &derived];
    for told in told {
        for text in [format!("{told:?}"), format!("{told:#?}")] {
            assert!(!shows(text.as_bytes(), &key) && !shows(text.as_bytes(), &derived[..]), "{text}");
        }
    }

    let wrong = RootKey::open(&path, "another horse battery").unwrap_err();
    let kept = vault.seal(b"application key", &application.to_plain());
    let other = root.vault("other").open(b"application key", &kept).unwrap_err();
    let sealed = vault.seal(b"a", b"x");
    let error = Vault::new(&derived).open(b"a", &sealed).unwrap_err();
    for text in [format!("{wrong} {wrong:?}"), format!("{other} {other:?}"), format!("{error} {error:?}")] {
        assert!(!shows(text.as_bytes(), &key) && !text.contains("horse"), "{text}");
    }
}

#[test]
fn no_file_holds_a_key_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let root = RootKey::create(&folder.path().join("root.json"), PASSPHRASE).unwrap();
    let (vault, key) = (root.vault("keys"), random_key());
    let kept = vault.seal(b"application key", &ApplicationKey::received(&key, 1).to_plain());
    fs::write(folder.path().join("application.key"), kept).unwrap();
    let store = FileKeyStore::open(&folder.path().join("keys"), &root).unwrap();
    store.create("envelopes-1").unwrap();
    let keys = [key, *store.derive("envelopes-1", b"").unwrap(), *store.derive(ROOT, b"").unwrap()];
    let mut files = 0;
    for place in [folder.path().to_owned(), folder.path().join("keys")] {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = fs::read(&path) else { continue };
            files += 1;
            assert!(!keys.iter().any(|key| shows(&bytes, key)), "{}", path.display());
            assert!(!bytes.windows(5).any(|window| window == b"horse"), "{}", path.display());
        }
    }
    assert_eq!(files, 3);
}
