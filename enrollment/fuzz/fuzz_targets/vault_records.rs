//! Any bytes written over a record, an envelope or the manifest of a vault store by somebody who writes to its disks: the
//! store does not open, or the record does not; never anything else than what was stored, and no panic.
#![no_main]

use std::sync::Arc;

use sallyport_privacy::vault::{ManifestKey, SystemClock, Vault};
use sallyport_store::{Change, MemoryStore, NoAnchor, Opening, Store, StoreError, VaultChange, VaultKeys, VaultStore};
use zeroize::Zeroizing;

const TREE: &str = "people";
const KEY: &[u8] = b"1";
const PLAIN: &[u8] = b"what was stored";

fn opened(disks: [&Arc<MemoryStore>; 2], opening: Opening) -> Result<VaultStore, StoreError> {
    let keys = VaultKeys { envelopes: Vault::new(&[1; 32]), manifest: ManifestKey::new(&[2; 32]) };
    let [records, envelopes] = disks.map(Arc::clone);
    VaultStore::open(records, envelopes, Arc::new(NoAnchor), Arc::new(SystemClock), &[TREE], keys, opening)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, value)) = bytes.split_first() else { return };
    let (records, envelopes) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
    let disks = [&records, &envelopes];
    let Ok(store) = opened(disks, Opening::AsLeft) else { unreachable!("an empty store opens") };
    let put = VaultChange::Put { tree: TREE, key: KEY.into(), plain: Zeroizing::new(PLAIN.into()), expires: None };
    assert!(store.apply(vec![put]).is_ok());
    let (disk, tree) =
        [(&records, TREE), (&records, "vault-manifest"), (&envelopes, "envelopes")][usize::from(which % 3)];
    let Ok(found) = disk.scan(tree, None, 1) else { unreachable!("memory does not fail") };
    let Some((key, before)) = found.into_iter().next() else { unreachable!("it was just written") };
    // Half of the time a part of what is there is changed, else all of it.
    let value = if which & 64 == 0 {
        value.to_vec()
    } else {
        before.iter().zip(value.iter().chain(std::iter::repeat(&0))).map(|(a, b)| a ^ b).collect()
    };
    let is_as_it_was = value == before;
    assert!(disk.apply(vec![Change::Put { tree, key, value }]).is_ok());
    // In the running store.
    match store.get(TREE, KEY) {
        Ok(found) => assert!(tree == "vault-manifest" || is_as_it_was && found.is_some_and(|found| *found == PLAIN)),
        Err(error) => assert!(!is_as_it_was && !error.to_string().is_empty()),
    }
    // And in one that is opened anew, as it was left or as somebody decided to take it.
    for opening in [Opening::AsLeft, Opening::Restored] {
        match opened(disks, opening).and_then(|store| store.get(TREE, KEY)) {
            Ok(Some(found)) => assert_eq!(*found, PLAIN),
            Ok(None) => assert!(opening == Opening::Restored && !is_as_it_was, "only what does not open is left out"),
            Err(error) => assert!(!is_as_it_was && !error.to_string().is_empty()),
        }
    }
});
