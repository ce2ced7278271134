#![allow(clippy::unwrap_used)]
use std::{fs, path::PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;
use sallyport_memory::Locked;

use super::*;

pub(super) fn signer(seed: u8) -> Signer {
    Signer::new(Locked::from(&[seed; 32]))
}

pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
    pub(super) head: PathBuf,
}

pub(super) fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let (path, head) = (folder.path().join("audit.log"), folder.path().join("audit.head"));
    Place { _folder: folder, path, head }
}

impl Place {
    pub(super) fn open(&self) -> (Trail, Found) {
        Trail::open(&self.path, &self.head, signer(1), now()).unwrap()
    }

    /// A trail of five entries; the first tells of the start.
    pub(super) fn filled(&self) -> Vec<String> {
        let (trail, found) = self.open();
        assert!(found.problems.is_empty());
        for (who, act, person) in [
            ("ana", Act::LogIn, None),
            ("ana", Act::Create, Some(1)),
            ("bo", Act::View, Some(1)),
            ("bo", Act::Delete, Some(2)),
        ] {
            trail.append(&deed(who, act, person), now()).unwrap();
        }
        self.lines()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.path).unwrap().lines().map(str::to_owned).collect()
    }

    pub(super) fn head(&self) -> Checkpoint {
        fs::read_to_string(&self.head).unwrap().parse().unwrap()
    }
}

pub(super) fn person(number: u8) -> Pseudonym {
    Pseudonym::new(&[9; 32], &[number])
}

pub(super) fn deed(who: &str, act: Act, whose: Option<u8>) -> Deed<'_> {
    Deed { whose: whose.map(person), ..Deed::new(who, act, "staff-request") }
}

pub(super) fn kinds(text: &str, known: Option<&Checkpoint>) -> Vec<ProblemKind> {
    let report = verify(text.as_bytes(), &signer(1).verifier(), known.copied().as_slice()).unwrap();
    report.problems.iter().map(|problem| problem.kind).collect()
}

pub(super) fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_trail_that_nobody_touched_is_whole_and_goes_on_after_a_restart() {
    let place = place();
    let lines = place.filled();
    assert_eq!(lines.len(), 10, "an entry and a check-point each");
    let report = verify(joined(&lines).as_bytes(), &signer(1).verifier(), &[place.head()]).unwrap();
    assert!(report.is_whole(), "{:?}", report.problems);
    assert_eq!((report.entries, report.checkpoint), (5, Some(place.head())));
    let (trail, found) = place.open();
    assert!(found.problems.is_empty() && found.aside.is_none());
    assert_eq!(trail.append(&deed("ana", Act::LogOut, None), now()).unwrap(), 7, "six told of the second start");
    assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), []);
    assert_eq!(kinds(&joined(&place.lines()), Some(&lines[9].parse().unwrap())), [], "an auditor's older check-point");
}

#[test]
fn whatever_is_altered_removed_or_moved_is_found() {
    let place = place();
    let lines = place.filled();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        let problems = kinds(&joined(&without), Some(&place.head()));
        // A check-point in the middle proves nothing that the next one does not.
        let covered = lines[at].starts_with('C') && at + 1 < lines.len();
        assert_eq!(problems.is_empty(), covered, "line {at} taken out: {problems:?}");
        for other in at + 1..lines.len() {
            let mut moved = lines.clone();
            moved.swap(at, other);
            assert_ne!(kinds(&joined(&moved), Some(&place.head())), [], "lines {at} and {other} swapped");
        }
        for byte in 0..lines[at].len() {
            let mut changed = joined(&lines).into_bytes();
            let start: usize = lines[..at].iter().map(|line| line.len() + 1).sum();
            changed[start + byte] ^= 1;
            let report = verify(&changed[..], &signer(1).verifier(), &[]).unwrap();
            assert!(!report.is_whole(), "byte {byte} of line {at}");
        }
    }
}

/// Somebody without the key writes another history, with all hashes right.
#[test]
fn hashes_made_anew_do_not_help_without_the_key() {
    let place = place();
    let lines = place.filled();
    let (mut forged, mut before) = (Vec::new(), [0; 32]);
    for line in &lines {
        if let Some(entry::Line::Entry { mut entry, .. }) = entry::Line::parse(line.as_bytes()) {
            entry.who = entry.who.replace("bo", "eve");
            let (line, hash) = entry.line(&before).unwrap();
            before = hash;
            forged.push(line.trim_end().to_owned());
        } else {
            forged.push(line.clone());
        }
    }
    assert_eq!(
        kinds(&joined(&forged), None),
        [ProblemKind::Signed, ProblemKind::Signed, ProblemKind::Unsigned { from: 4 }]
    );
    let entries: Vec<_> = forged.iter().filter(|line| line.starts_with('E')).cloned().collect();
    assert_eq!(kinds(&joined(&entries), None), [ProblemKind::Unsigned { from: 1 }]);
    // With a key of one's own it is another's trail.
    let mut own = entries.clone();
    own.push(signer(2).sign(5, before, now()).to_string());
    assert_eq!(kinds(&joined(&own), None), [ProblemKind::Signature, ProblemKind::Unsigned { from: 1 }]);
}

#[test]
fn a_tail_cut_off_with_its_check_points_is_found_by_one_kept_elsewhere() {
    let place = place();
    let lines = place.filled();
    let cut = joined(&lines[..6]);
    assert_eq!(kinds(&cut, None), [], "by itself it is a good trail");
    assert_eq!(kinds(&cut, Some(&place.head())), [ProblemKind::Cut { known: 5, found: 3 }]);
    fs::write(&place.path, &cut).unwrap();
    let (trail, found) = place.open();
    assert!(matches!(found.problems[..], [Problem { kind: ProblemKind::Cut { known: 5, found: 3 }, .. }]));
    assert_eq!(fs::read_to_string(found.aside.unwrap()).unwrap(), cut, "kept as evidence");
    trail.append(&deed("ana", Act::View, Some(1)), now()).unwrap();
    let text = joined(&place.lines());
    assert_eq!(kinds(&text, Some(&place.head())), []);
    assert!(text.lines().next().unwrap().contains("\"damage\""));
}

#[test]
fn a_power_cut_at_any_byte_is_no_damage_and_loses_nothing_acknowledged() {
    let place = place();
    let (lines, head) = (place.filled(), place.head());
    let (trail, before) = (place.open().0, place.lines().len());
    drop(trail);
    let acknowledged = (joined(&place.lines()), fs::read_to_string(&place.head).unwrap());
    place.open().0.append(&deed("ana", Act::View, Some(1)), now()).unwrap();
    let whole = joined(&place.lines());
    for length in (acknowledged.0.len()..whole.len()).step_by(13) {
        fs::write(&place.path, &whole[..length]).unwrap();
        fs::write(&place.head, &acknowledged.1).unwrap();
        let (_, found) = place.open();
        assert!(found.problems.is_empty(), "cut at {length}: {:?}", found.problems);
        assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), []);
        assert!(place.lines().len() >= before);
    }
    // An entry that nobody signed is not signed afterwards, whoever wrote it.
    let unsigned = whole.lines().rev().nth(1).unwrap();
    let (signed, _) = whole.split_at(whole.find(unsigned).unwrap());
    fs::write(&place.path, format!("{signed}{unsigned}\n")).unwrap();
    fs::write(&place.head, signed.lines().last().unwrap()).unwrap();
    assert!(place.open().1.problems.is_empty() && !joined(&place.lines()).contains(unsigned));
    assert!(head.n == 5 && lines.len() == 10);
    // The head is written last, so an entry that it tells of was whole: cut short, it was cut by somebody.
    for cut in [signed.to_owned() + unsigned, whole[..whole.len() - 9].to_owned()] {
        fs::write(&place.path, cut).unwrap();
        fs::write(&place.head, whole.lines().last().unwrap()).unwrap();
        assert!(place.open().1.aside.is_some());
    }
    fs::write(&place.head, "garbage").unwrap();
    assert!(place.open().1.aside.is_some(), "a head that is none is not taken for no head");
}

#[test]
fn entries_are_found_by_who_what_whose_and_when_and_say_no_name() {
    let place = place();
    let text = joined(&place.filled());
    let found = |query: &Query| search(text.as_bytes(), query, 10).unwrap().iter().map(|e| e.n).collect::<Vec<_>>();
    assert_eq!(found(&Query::default()), [1, 2, 3, 4, 5]);
    assert_eq!(found(&Query { whose: Some(person(1)), ..Query::default() }), [3, 4]);
    assert_eq!(found(&Query { who: Some("bo".into()), act: Some(Act::Delete), ..Query::default() }), [5]);
    assert_eq!(found(&Query { since: Some(Timestamp::MAX), ..Query::default() }), [0u64; 0]);
    assert_eq!(search(text.as_bytes(), &Query::default(), 2).unwrap()[0].n, 4, "the last ones");
    assert_eq!("delete".parse::<Act>().unwrap(), Act::Delete);
    assert_eq!((Act::LogIn.to_string(), "dance".parse::<Act>().is_err()), ("log_in".to_owned(), true));
    let (trail, _) = place.open();
    for (who, why) in [("", "x"), ("a\nb", "x"), ("ana", "Ana Silva, born 1980"), ("ana", "")] {
        let deed = Deed::new(who, Act::View, why);
        assert!(matches!(trail.append(&deed, now()), Err(AuditError::Field(_))), "{who} {why}");
    }
    assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), [], "what was refused left nothing");
    assert_ne!(person(1), Pseudonym::new(&[8; 32], &[1]));
    assert_eq!(person(1).to_string().parse::<Pseudonym>().unwrap(), person(1));
}

#[test]
fn things_are_found_by_their_names_which_cannot_say_much() {
    let place = place();
    let (trail, _) = place.open();
    let admit = |name| trail.append(&Deed::new("ana", Act::Admit, "command-line").to(name), now()).unwrap();
    let named = ["gate-1", "gate-2", "hunter2 is my password", "", "gate-1"].map(admit);
    let query = |what: &str| Query { what: Some(what.into()), ..Query::default() };
    let found = |query: &Query| search(joined(&place.lines()).as_bytes(), query, 10).unwrap();
    let numbers: Vec<u64> = found(&query("gate-1")).iter().map(|entry| entry.n).collect();
    assert_eq!(numbers, [named[0], named[4]]);
    assert!(found(&query("")).is_empty() && !joined(&place.lines()).contains("hunter2"));
    let below = Query { below: Some(named[1]), ..Query::default() };
    assert_eq!(found(&below).last().map(|entry| entry.n), Some(named[0]));
    let forced = Deed { what: Some("Ana Silva"), ..Deed::new("ana", Act::Admit, "command-line") };
    assert!(matches!(trail.append(&forced, now()), Err(AuditError::Field(_))));
    assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), []);
}

#[test]
fn every_act_is_read_as_it_is_written() {
    for act in Act::ALL {
        assert_eq!(act.to_string().parse::<Act>().unwrap(), *act);
    }
    assert!("dance".parse::<Act>().unwrap_err().contains("log_in_refused"));
}

/// Written before entries had a thing, and by the program of then.
const OLD: &str = include_str!("../../tests/data/audit-trail-1.txt");

#[test]
fn a_trail_of_an_earlier_version_is_whole_and_goes_on() {
    let place = place();
    fs::write(&place.path, OLD).unwrap();
    let (trail, found) = place.open();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let n = trail.append(&Deed::new("ana", Act::Admit, "command-line").to("gate-1"), now()).unwrap();
    assert_eq!(n, OLD.lines().count() as u64 / 2 + 2);
    assert!(joined(&place.lines()).starts_with(OLD));
    assert_eq!(kinds(&joined(&place.lines()), Some(&OLD.lines().last().unwrap().parse().unwrap())), []);
    let old = search(OLD.as_bytes(), &Query { whose: Some(person(1)), ..Query::default() }, 10).unwrap();
    assert_eq!(old.len(), 2);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..5_000)) {
        let report = verify(&bytes[..], &signer(1).verifier(), &[]).unwrap();
        prop_assert!(bytes.is_empty() || !report.is_whole());
        prop_assert!(search(&bytes[..], &Query::default(), 3).unwrap().is_empty());
    }

    #[test]
    fn check_points_round_trip(n: u64, hash: [u8; 32], text in "C [0-9a-f ]{0,40}") {
        let checkpoint = signer(1).sign(n, hash, now());
        prop_assert_eq!(checkpoint.to_string().parse::<Checkpoint>().unwrap(), checkpoint);
        prop_assert!(text.parse::<Checkpoint>().is_err());
    }
}
