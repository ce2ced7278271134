//! Any bytes as the data of the commands that a terminal sends for Chip Authentication.
#![no_main]
use std::sync::LazyLock;

use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    crypto::{
        group::{Group, KeyPair},
        suite::Suite,
    },
    genuineness::chip_authentication::{ChipKey, general_authenticate, set_at, set_kat},
};
static KEYS: LazyLock<[ChipKey; 2]> = LazyLock::new(|| {
    [(12, None), (0, Some(1))].map(|(group, id)| {
        let group = Group::standardized(group).expect("standardized");
        let pair = KeyPair::generate(&group, &mut StdRng::seed_from_u64(1)).expect("a key");
        ChipKey { pair, id, suites: Suite::ALL.to_vec() }
    })
});
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for keys in [&KEYS[..1], &KEYS[1..], &KEYS[..]] {
        let _ = set_kat(keys, bytes);
        // MSE: Set AT without and with the key's name.
        for length in [12, 15] {
            let (select, authenticate) = bytes.split_at(bytes.len().min(length));
            if let Ok(selected) = set_at(keys, select) {
                let _ = general_authenticate(keys, selected, authenticate);
            }
        }
    }
});
