//! Any bytes as an audit trail, a check-point, a key or a pseudonym: problems are told, nothing panics, memory is bounded. And
//! any bytes behind a trail that another process had written: they are refused, or passed over as a write that was cut short.
#![no_main]

use std::fs;

use sallyport_privacy::{
    audit::{Act, AuditError, Checkpoint, Deed, Pseudonym, Query, Signer, Trail, Verifier, reader, search, verify},
    memory::Locked,
};

fn signer() -> Signer {
    Signer::new(Locked::from(&[1; 32]))
}

/// A trail that another process goes on with these bytes.
fn catch_up(bytes: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (log, head) = (folder.path().join("audit.log"), folder.path().join("audit.head"));
    let trail = Trail::join(&log, &head, signer())?;
    let (deed, now) = (Deed::new("ana", Act::View, "look"), "2026-03-01T12:00:00Z".parse()?);
    trail.append(&deed, now)?;
    let before = fs::read(&log)?;
    let with = [&before[..], bytes].concat();
    fs::write(&log, &with)?;
    match trail.append(&deed, now) {
        Ok(n) => {
            assert_eq!(n, 2, "nobody signs an entry by chance");
            let report = verify(reader(&log)?, &signer().verifier(), &[fs::read_to_string(&head)?.parse()?])?;
            assert!(report.is_whole() && report.entries == 2);
        }
        Err(AuditError::Altered { problems, .. }) => assert!(!problems.is_empty() && fs::read(&log)? == with),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let verifier = signer().verifier();
    let Ok(report) = verify(bytes, &verifier, &[]) else { unreachable!("memory does not fail") };
    assert!(report.problems.len() <= 100);
    assert!(report.checkpoint.is_none(), "nobody finds a signature by chance");
    assert!(report.entries == 0 || !report.is_whole());
    let found = search(bytes, &Query::default(), 10).map_or(0, |found| found.len());
    assert!(found <= 10 && found as u64 <= report.entries);
    if let Err(error) = catch_up(bytes) {
        panic!("{error}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string().parse::<Checkpoint>().ok(), Some(checkpoint));
    }
    let _ = (text.parse::<Pseudonym>(), text.parse::<Verifier>(), Checkpoint::parse_all(text));
});
