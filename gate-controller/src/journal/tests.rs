//! The journal against what it promised, cut at every byte and changed in every line.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sallyport_protocol::{Door, Outcome};

use super::*;
use crate::transaction::{Crossing, Moment};

fn gate() -> GateId {
    "gate-1".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn id(number: u8) -> CrossingId {
    CrossingId::from_bytes([number; 16])
}

fn began(number: u8) -> JournalLine {
    JournalLine::Began { crossing: id(number), at: now() }
}

fn record(number: u8, outcome: Outcome) -> Box<CrossingRecord> {
    let crossing = Crossing::new(id(number), Moment { ms: 0, wall: now() });
    Box::new(crossing.finish(Moment { ms: 10, wall: now() }, &gate(), outcome, &[Reason::FaceMatchedChip]))
}

fn decided(number: u8, outcome: Outcome) -> JournalLine {
    JournalLine::Decided(record(number, outcome))
}

fn finished(number: u8, outcome: Outcome) -> JournalLine {
    JournalLine::Finished(record(number, outcome))
}

fn open(folder: &Path) -> (Journal, Found) {
    Journal::open(folder, &gate(), true, now()).unwrap()
}

fn outcomes(journal: &Journal) -> Vec<(CrossingId, Outcome)> {
    journal.waiting(usize::MAX).iter().map(|record| (record.crossing, record.outcome)).collect()
}

fn sample(journal: &Journal) {
    for line in [
        began(1),
        decided(1, Outcome::Accepted),
        finished(1, Outcome::Accepted),
        began(2),
        JournalLine::DoorOrdered { crossing: Some(id(2)), door: Door::Entry, by: None },
        decided(2, Outcome::Accepted),
        JournalLine::DoorOrdered { crossing: Some(id(2)), door: Door::Exit, by: None },
    ] {
        journal.append(line).unwrap();
    }
}

#[test]
fn a_stop_in_the_middle_closes_the_crossing_as_it_was_decided() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    sample(&journal);
    journal.append(began(3)).unwrap();
    drop(journal);
    let (journal, found) = open(folder.path());
    assert_eq!((found.interrupted, found.damaged), (vec![id(2), id(3)], None));
    assert_eq!(
        outcomes(&journal),
        [(id(1), Outcome::Accepted), (id(2), Outcome::Accepted), (id(3), Outcome::Interrupted)]
    );
    let second = journal.waiting(2).remove(1);
    assert_eq!(second.reasons, [Reason::FaceMatchedChip, Reason::ControllerInterrupted]);
    assert_eq!(second.doors.len(), 2, "what was ordered is told");
    drop(journal);
    let (journal, found) = open(folder.path());
    assert!(found.interrupted.is_empty(), "closed once");
    assert_eq!(journal.waiting_count(), 3);
}

#[test]
fn the_mode_that_an_officer_set_outlives_stops_and_damage() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found) = open(folder.path());
    assert_eq!(found.mode, None);
    for mode in [GateMode::Held, GateMode::Closed] {
        journal.append(JournalLine::ModeSet { mode, officer: "ana".into() }).unwrap();
    }
    sample(&journal);
    drop(journal);
    assert_eq!(open(folder.path()).1.mode, Some(GateMode::Closed));
    let path = folder.path().join("journal.log");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("0202", "0203", 1)).unwrap();
    let found = open(folder.path()).1;
    assert!(found.damaged.is_some());
    assert_eq!(found.mode, Some(GateMode::Closed));
}

#[test]
fn what_is_uploaded_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    sample(&journal);
    journal.append(finished(2, Outcome::Accepted)).unwrap();
    assert_eq!(journal.waiting_count(), 2);
    journal.uploaded(&[id(1)]).unwrap();
    assert_eq!(outcomes(&journal), [(id(2), Outcome::Accepted)]);
    drop(journal);
    assert_eq!(outcomes(&open(folder.path()).0), [(id(2), Outcome::Accepted)]);
}

/// A power cut leaves any beginning of the file: nothing whole is lost, nothing torn counts, and it is written on.
#[test]
fn cut_anywhere_it_keeps_every_whole_line() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    sample(&journal);
    drop(journal);
    let path = folder.path().join("journal.log");
    let whole = fs::read(&path).unwrap();
    // Around every line's end, and at every fifth byte elsewhere: each takes several flushes.
    let near_an_end = |cut: usize| whole[cut.saturating_sub(2)..(cut + 2).min(whole.len())].contains(&b'\n');
    for cut in (0..=whole.len()).filter(|&cut| cut % 5 == 0 || near_an_end(cut)) {
        fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
        let (journal, found) = open(folder.path());
        assert_eq!(found.damaged, None, "cut at {cut}");
        let mut expected = Vec::new();
        if lines >= 1 {
            expected.push((id(1), if lines >= 2 { Outcome::Accepted } else { Outcome::Interrupted }));
        }
        if lines >= 4 {
            expected.push((id(2), if lines >= 6 { Outcome::Accepted } else { Outcome::Interrupted }));
        }
        assert_eq!(outcomes(&journal), expected, "cut at {cut}");
        drop(journal);
        let (journal, found) = open(folder.path());
        assert!(found.interrupted.is_empty() && found.damaged.is_none());
        assert_eq!(outcomes(&journal), expected);
    }
}

#[test]
fn a_changed_or_missing_line_is_noticed_and_the_rest_still_told() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    sample(&journal);
    drop(journal);
    let path = folder.path().join("journal.log");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for at in 0..lines.len() {
        for taken_out in [false, true] {
            let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            if taken_out {
                if at + 1 == lines.len() {
                    continue; // the end cut off whole is not to be told from an earlier end
                }
                changed.remove(at);
            } else {
                changed[at] = changed[at].replacen("0101", "0100", 1).replacen("0202", "0203", 1);
                if changed[at] == lines[at] {
                    continue;
                }
            }
            let _ = fs::remove_dir_all(folder.path());
            fs::create_dir_all(folder.path()).unwrap();
            fs::write(&path, changed.join("\n") + "\n").unwrap();
            let (journal, found) = open(folder.path());
            let aside = found.damaged.unwrap_or_else(|| panic!("line {at}, taken out: {taken_out}"));
            assert!(aside.exists());
            if at > 2 {
                assert!(outcomes(&journal).contains(&(id(1), Outcome::Accepted)), "line {at}");
            }
            drop(journal);
            assert_eq!(open(folder.path()).1.damaged, None, "the new file is whole");
        }
    }
}

#[test]
fn without_a_centre_nothing_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let alone = || Journal::open(folder.path(), &gate(), false, now()).unwrap().0;
    let journal = alone();
    sample(&journal);
    assert_eq!(journal.waiting_count(), 0);
    drop(journal);
    assert_eq!(alone().waiting_count(), 0);
    assert_eq!(open(folder.path()).0.waiting_count(), 2, "the records are there for a centre that comes later");
}

/// Everything that lies in the folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn a_day_later_nothing_is_left_of_what_the_service_has() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    let at = |hours| now() + SignedDuration::from_hours(hours);
    let append = |line| journal.append_at(&Entry::Gate(line), now()).unwrap();
    append(JournalLine::ModeSet { mode: GateMode::Held, officer: "ana".into() });
    for line in [began(1), finished(1, Outcome::Accepted), began(2)] {
        append(line);
    }
    let tells_of = |number| files(folder.path()).iter().any(|(_, text)| text.contains(&id(number).to_string()));
    let settle =
        |number| journal.append_at(&Entry::Journal(Own::Uploaded { crossings: vec![id(number)] }), now()).unwrap();
    journal.renew(at(25)).unwrap();
    assert!(tells_of(1), "one waits, and one is in progress");
    settle(1);
    journal.renew(at(25)).unwrap();
    assert!(tells_of(1), "one is in progress");
    append(finished(2, Outcome::Refused));
    journal.renew(at(25)).unwrap();
    assert!(tells_of(1) && journal.waiting_count() == 1);
    settle(2);
    journal.renew(at(24)).unwrap();
    assert!(tells_of(1), "it is not old yet");
    fs::write(folder.path().join("journal.new"), "left by a start that was cut off").unwrap();
    journal.renew(at(25)).unwrap();
    assert!(!tells_of(1) && !tells_of(2) && !tells_of(3));
    let names: Vec<_> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["journal.log"], "no file was put aside");

    // It goes on from there, and the mode is still known.
    append(began(3));
    append(finished(3, Outcome::Accepted));
    drop(journal);
    let (journal, found) = open(folder.path());
    assert_eq!((found.mode, found.damaged, found.interrupted.len()), (Some(GateMode::Held), None, 0));
    assert_eq!(outcomes(&journal), [(id(3), Outcome::Accepted)]);
}

#[test]
fn a_start_removes_what_the_service_has_and_a_gate_alone_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |has_centre, hours| {
        Journal::open(folder.path(), &gate(), has_centre, now() + SignedDuration::from_hours(hours)).unwrap().0
    };
    let journal = begin(true, 0);
    for line in [began(1), finished(1, Outcome::Accepted)] {
        journal.append_at(&Entry::Gate(line), now()).unwrap();
    }
    drop(journal);
    let tells = || files(folder.path()).iter().any(|(_, text)| text.contains(&id(1).to_string()));
    drop(begin(true, 25));
    let alone = begin(false, 25);
    alone.renew(now() + SignedDuration::from_hours(25)).unwrap();
    drop(alone);
    assert!(tells(), "it waits for the service, and alone it is the only record");
    let journal = begin(true, 25);
    journal.append_at(&Entry::Journal(Own::Uploaded { crossings: vec![id(1)] }), now()).unwrap();
    drop(journal);
    let journal = begin(true, 25);
    assert!(!tells() && journal.waiting_count() == 0);
    assert_eq!(files(folder.path()).len(), 1);
}

/// Putting a damaged file aside takes two renames; a stop before, between and behind them loses nothing.
#[test]
fn a_stop_while_a_damaged_file_is_put_aside_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (journal, _) = open(folder.path());
    sample(&journal);
    journal.append(began(3)).unwrap();
    drop(journal);
    let whole = fs::read_to_string(at("journal.log")).unwrap();
    let damaged = whole.replacen("0202", "0203", 1);
    let expected = |journal: &Journal| {
        assert!(outcomes(journal).contains(&(id(1), Outcome::Accepted)));
        assert!(outcomes(journal).contains(&(id(3), Outcome::Interrupted)));
    };
    // Before the first rename: half a new file lies beside the old one.
    fs::write(at("journal.log"), &damaged).unwrap();
    fs::write(at("journal.new"), "half").unwrap();
    let (journal, found) = open(folder.path());
    expected(&journal);
    drop(journal);
    // Between them: only the new one.
    fs::rename(at("journal.log"), at("journal.new")).unwrap();
    fs::remove_file(found.damaged.unwrap()).unwrap();
    let (journal, found) = open(folder.path());
    expected(&journal);
    assert!(found.damaged.is_none() && !at("journal.new").exists());
}

#[test]
fn a_full_disk_and_a_folder_that_is_none_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Journal::open(&file, &gate(), true, now()).err().unwrap();
    assert_eq!(error.reason(), Reason::JournalUnavailable);
    let full = JournalError::of(&file, io::ErrorKind::StorageFull.into());
    assert_eq!(full.reason(), Reason::DiskFull);
    assert!(full.to_string().contains("make room"), "{full}");
}

proptest! {
    #[test]
    fn any_bytes_are_a_journal_of_something(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("journal.log"), &bytes).unwrap();
        let (journal, _) = open(folder.path());
        journal.append(began(9)).unwrap();
        drop(journal);
        let (_, found) = open(folder.path());
        prop_assert_eq!(found.interrupted, vec![id(9)]);
        prop_assert!(found.damaged.is_none());
    }
}
