//! Keys in a token of Debian's `softhsm2`, another's implementation of PKCS#11. Skipped, loudly, where it is not installed.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use sallyport_privacy::{
    keys::{Daily, KeyError, KeyStore, Pkcs11Error, Pkcs11KeyStore, ROOT, RootKey, Rotating},
    vault::VaultError,
};
use zeroize::Zeroizing;

const PIN: &str = "48151623";
const TOKEN: &str = "gate test";

fn module() -> Option<PathBuf> {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"];
    places.into_iter().map(PathBuf::from).find(|path| path.exists())
}

/// SoftHSM finds its tokens by an environment variable, which a test must not change for itself: so it begins itself anew.
#[test]
fn a_token_keeps_its_keys() {
    if module().is_none() || Command::new("softhsm2-util").arg("--version").output().is_err() {
        eprintln!("SKIPPED: keys in a PKCS#11 token, since softhsm2 is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (configuration, tokens) = (folder.path().join("softhsm2.conf"), folder.path().join("tokens"));
    fs::create_dir(&tokens).unwrap();
    fs::write(&configuration, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display())).unwrap();
    let with = |mut command: Command| command.env("SOFTHSM2_CONF", &configuration).output().unwrap();
    let mut init = Command::new("softhsm2-util");
    init.args(["--init-token", "--free", "--label", TOKEN, "--so-pin", "12345678", "--pin", PIN]);
    let made = with(init);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for part in ["makes_and_uses_keys", "finds_them_after_a_restart"] {
        let mut again = Command::new(env::current_exe().unwrap());
        again.args(["--exact", part, "--ignored", "--nocapture"]);
        let ran = with(again);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(
            ran.status.success() && said.contains("1 passed"),
            "{part}: {said}{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    let secret = fs::read_to_string(folder.path().join("tokens/derived")).unwrap();
    assert_eq!(secret.lines().count(), 2);
    let mut lines = secret.lines();
    assert_eq!(lines.next(), lines.next(), "the same key in both runs");
}

fn opened() -> Pkcs11KeyStore {
    Pkcs11KeyStore::open(&module().unwrap(), TOKEN, &Zeroizing::new(PIN.to_owned())).unwrap()
}

/// Adds a line about the root to the token's folder, to be compared between runs: a MAC, not the key.
fn note(root: &RootKey) {
    let folder = fs::read_to_string(env::var("SOFTHSM2_CONF").unwrap()).unwrap();
    let folder = folder.lines().next().unwrap().split_once(" = ").unwrap().1.to_owned();
    let line = hex::encode(root.vault("test").pseudonym("test", b"test"));
    let path = Path::new(&folder).join("derived");
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, format!("{before}{line}\n")).unwrap();
}

#[test]
#[ignore = "begun by the test above, with its token"]
fn makes_and_uses_keys() {
    let store = opened();
    assert!(store.names().unwrap().is_empty());
    assert!(matches!(store.derive(ROOT, b"a"), Err(KeyError::Unknown(_))));
    store.create(ROOT).unwrap();
    assert!(matches!(store.create(ROOT), Err(KeyError::Exists(_))));
    let derived = store.derive(ROOT, b"a").unwrap();
    assert_eq!(*derived, *store.derive(ROOT, b"a").unwrap());
    assert_ne!(*derived, *store.derive(ROOT, b"b").unwrap());
    note(&RootKey::from_store(&store).unwrap());

    let keys = Rotating::new(&store, "envelopes");
    let old = keys.vault().unwrap().seal(b"a", b"x");
    let both = keys.rotate().unwrap();
    assert!(both.open(b"a", &old).is_ok());
    assert_eq!(keys.retire(1).unwrap(), 1);
    assert_eq!(keys.vault().unwrap().open(b"a", &old), Err(VaultError::Generation(1)));
    assert_eq!(store.names().unwrap(), ["envelopes-2", ROOT]);
    assert!(matches!(store.destroy("envelopes-1"), Err(KeyError::Unknown(_))));

    let days = Daily::new(&store, "crossings");
    let sealed = [20_000, 20_001].map(|day| days.of(day).unwrap().seal(b"a", b"x"));
    let all = days.all(20_001).unwrap();
    assert!(sealed.iter().all(|sealed| all.open(b"a", sealed).is_ok()));
    assert_eq!(days.retire_before(20_001).unwrap(), 1);
    let all = days.all(20_001).unwrap();
    assert_eq!(all.open(b"a", &sealed[0]), Err(VaultError::Generation(20_000)));
    assert!(all.open(b"a", &sealed[1]).is_ok());
    assert_eq!(days.retire_before(20_002).unwrap(), 1);
}

#[test]
#[ignore = "begun by the test above, with its token"]
fn finds_them_after_a_restart() {
    let module = module().unwrap();
    let wrong = Pkcs11KeyStore::open(&module, TOKEN, &Zeroizing::new("00000000".to_owned())).unwrap_err();
    assert!(matches!(&wrong, Pkcs11Error::Pin(token) if token == TOKEN), "{wrong}");
    assert!(!wrong.to_string().contains("00000000") && !format!("{wrong:?}").contains("00000000"));
    let absent = Pkcs11KeyStore::open(&module, "another", &Zeroizing::new(PIN.to_owned())).unwrap_err().to_string();
    assert!(absent.contains("`another`") && absent.contains(TOKEN), "{absent}");
    let missing = Pkcs11KeyStore::open(Path::new("/nowhere.so"), TOKEN, &Zeroizing::new(PIN.to_owned()));
    assert!(matches!(missing, Err(Pkcs11Error::Module { .. })));
    let store = opened();
    assert_eq!(store.names().unwrap(), ["envelopes-2", ROOT]);
    note(&RootKey::from_store(&store).unwrap());
}
