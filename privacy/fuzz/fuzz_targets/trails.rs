//! Any bytes as an audit trail, a check-point, a key or a pseudonym: problems are told, nothing panics, memory is bounded.
#![no_main]

use sallyport_privacy::audit::{Checkpoint, Pseudonym, Query, Signer, Verifier, search, verify};
use sallyport_privacy::memory::Locked;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let verifier = Signer::new(Locked::from(&[1; 32])).verifier();
    let Ok(report) = verify(bytes, &verifier, None) else { unreachable!("memory does not fail") };
    assert!(report.problems.len() <= 100);
    assert!(report.checkpoint.is_none(), "nobody finds a signature by chance");
    assert!(report.entries == 0 || !report.is_whole());
    let found = search(bytes, &Query::default(), 10).map_or(0, |found| found.len());
    assert!(found <= 10 && found as u64 <= report.entries);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string().parse::<Checkpoint>().ok(), Some(checkpoint));
    }
    let _ = (text.parse::<Pseudonym>(), text.parse::<Verifier>());
});
