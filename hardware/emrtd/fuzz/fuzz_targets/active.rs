//! Any bytes as DG15 and as the chip's answer to a challenge: the length of DG15 in two bytes, DG15, the answer.
#![no_main]
use sallyport_emrtd::genuineness::active::{PublicKey, announced_hash};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let (file, answer) = rest.split_at(usize::from(u16::from_be_bytes(length)).min(rest.len()));
    let _ = announced_hash(answer);
    if let Ok(key) = PublicKey::from_dg15(file) {
        let _ = key.verify(&[7; 8], answer, None);
    }
});
