//! Any bytes of a gallery's file, as they are and with a checksum that is right: a gallery that is written as it was read
//! and can be searched, or a typed error, in bounded memory.
#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../src/gallery/mod.rs"]
mod gallery;

use std::io::Cursor;

use gallery::{Gallery, Limit};
use sha2::{Digest as _, Sha256};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    check(file);
    if file.len() >= 56 {
        let mut file = file.to_vec();
        let checksum = Sha256::new_with_prefix(&file[..24]).chain_update(&file[56..]).finalize();
        file[24..56].copy_from_slice(&checksum);
        check(&file);
    }
});

fn check(file: &[u8]) {
    match Gallery::decode(file) {
        Ok(mut gallery) => {
            let mut again = Cursor::new(Vec::new());
            gallery.write(&mut again).expect("memory");
            assert!(again.into_inner() == file);
            let probe = vec![0x5A; gallery.code_bytes()];
            let found = gallery.search(&[&probe], Limit::within(u32::MAX), 1).expect("a probe of the gallery's length");
            assert!(found[0].len() == gallery.len() && found[0].is_sorted());
            assert!(found[0].iter().all(|candidate| gallery.remove(candidate.id)) && gallery.is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
