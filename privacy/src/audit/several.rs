//! Several processes write one trail: handles against a model, and real processes of which some are killed.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use proptest::prelude::*;

use super::{
    entry::{self, BEGINNING},
    tests::{Place, deed, joined, kinds, now, place, signer},
    *,
};

impl Place {
    fn join(&self) -> Result<Trail, AuditError> {
        Trail::join(&self.path, &self.head, signer(1))
    }

    /// What a process would write next.
    fn next_write(&self) -> String {
        let lines = self.lines();
        let last = lines.iter().rev().find_map(|line| match entry::Line::parse(line.as_bytes())? {
            entry::Line::Entry { stated, entry, .. } => Some((entry.n, stated)),
            entry::Line::Checkpoint(_) => None,
        });
        let (n, before) = last.unwrap_or((0, BEGINNING));
        let (line, hash) = Entry::new(n + 1, now(), &deed("torn", Act::View, Some(9))).unwrap().line(&before).unwrap();
        format!("{line}{}\n", signer(1).sign(n + 1, hash, now()))
    }

    fn append_raw(&self, bytes: &[u8]) {
        fs::OpenOptions::new().append(true).open(&self.path).unwrap().write_all(bytes).unwrap();
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Reopen(usize),
    /// A process dies so far into its write, in thousandths.
    Torn(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3usize).prop_map(Step::Append),
        1 => (0..3usize).prop_map(Step::Reopen),
        2 => (0..1_000usize).prop_map(Step::Torn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn handles_take_turns_in_any_order_and_survive_each_others_torn_writes(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let place = place();
        let _service = place.open().0;
        let mut handles: Vec<Trail> = (0..3).map(|_| place.join().unwrap()).collect();
        let mut acknowledged = vec![(1, "service".to_owned())];
        for step in steps {
            match step {
                Step::Reopen(handle) => handles[handle] = place.join().unwrap(),
                Step::Append(handle) => {
                    let who = format!("handle-{handle}");
                    let n = handles[handle].append(&deed(&who, Act::View, None), now()).unwrap();
                    acknowledged.push((n, who));
                }
                Step::Torn(thousandths) => {
                    let whole = place.next_write();
                    place.append_raw(&whole.as_bytes()[..whole.len() * thousandths / 1_000]);
                    let n = handles[0].append(&deed("handle-0", Act::View, None), now()).unwrap();
                    acknowledged.push((n, "handle-0".to_owned()));
                }
            }
        }
        prop_assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), []);
        let found = search(joined(&place.lines()).as_bytes(), &Query::default(), 1_000).unwrap();
        let found: Vec<_> = found.into_iter().map(|entry| (entry.n, entry.who)).collect();
        prop_assert_eq!(found, acknowledged);
    }
}

#[test]
fn a_whole_write_of_a_process_that_died_before_it_could_say_so_is_kept() {
    let place = place();
    let (trail, _) = place.open();
    place.append_raw(place.next_write().as_bytes());
    assert_eq!(trail.append(&deed("ana", Act::View, None), now()).unwrap(), 3);
    assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), []);
}

#[test]
fn what_somebody_else_writes_or_cuts_is_not_gone_on_from() {
    let forged = |place: &Place| {
        let bytes = place.next_write().replace("\"torn\"", "\"eve\"");
        place.append_raw(bytes.as_bytes());
    };
    let garbage = |place: &Place| place.append_raw(b"garbage\n");
    let unsigned = |place: &Place| {
        for _ in 0..2 {
            let text = place.next_write();
            place.append_raw(text.split_inclusive('\n').next().unwrap().as_bytes());
        }
    };
    let cut = |place: &Place| {
        let lines = place.lines();
        fs::write(&place.path, joined(&lines[..lines.len() - 2])).unwrap();
    };
    let others_cut = |place: &Place| {
        let before = fs::read(&place.path).unwrap();
        place.join().unwrap().append(&deed("bo", Act::View, None), now()).unwrap();
        fs::write(&place.path, before).unwrap();
    };
    let no_head = |place: &Place| fs::write(&place.head, "garbage").unwrap();
    let gone = |place: &Place| fs::write(&place.path, "").unwrap();
    let deeds: [&dyn Fn(&Place); 7] = [&forged, &garbage, &unsigned, &cut, &others_cut, &no_head, &gone];
    for (number, done) in deeds.iter().enumerate() {
        let place = place();
        place.filled();
        let service = place.open().0;
        done(&place);
        let left = fs::read(&place.path).unwrap();
        for error in [service.append(&deed("ana", Act::View, None), now()).unwrap_err(), place.join().unwrap_err()] {
            let AuditError::Altered { problems, .. } = &error else { panic!("{number}: {error}") };
            assert!(!problems.is_empty() && error.to_string().contains("who changed it"), "{number}: {error}");
        }
        assert_eq!(fs::read(&place.path).unwrap(), left, "{number}: what was found is evidence");
        // The program that keeps it puts it aside; whoever has it open does not write into the old one.
        let (anew, found) = place.open();
        let aside = found.aside.unwrap();
        assert_eq!(fs::read(&aside).unwrap(), left, "{number}");
        assert!(matches!(service.append(&deed("ana", Act::View, None), now()), Err(AuditError::Altered { .. })));
        anew.append(&deed("ana", Act::View, None), now()).unwrap();
        place.join().unwrap().append(&deed("bo", Act::View, None), now()).unwrap();
        assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), [], "{number}");
        assert!(place.lines()[0].contains("\"damage\""), "{number}");
    }
}

#[test]
fn a_trail_that_was_taken_away_is_not_begun_anew_in_silence() {
    let place = place();
    let (trail, _) = place.open();
    fs::remove_file(&place.path).unwrap();
    assert!(matches!(trail.append(&deed("ana", Act::View, None), now()), Err(AuditError::File { .. })));
    assert!(!place.path.exists());
    assert!(matches!(place.join(), Err(AuditError::Altered { .. })), "the head remembers");
}

const FOLDER_VARIABLE: &str = "SALLYPORT_AUDIT_TEST_FOLDER";
const ENTRIES_VARIABLE: &str = "SALLYPORT_AUDIT_TEST_ENTRIES";
const ENTRIES_EACH: usize = 40;
/// Of processes that are killed before they come so far.
const ENDLESS: usize = usize::MAX;

/// Not a test of its own: what each process of the next one does.
#[test]
fn writes_as_a_process() {
    let (Some(folder), Ok(entries)) = (env::var_os(FOLDER_VARIABLE), env::var(ENTRIES_VARIABLE)) else { return };
    let folder = Path::new(&folder);
    let trail = Trail::join(&folder.join("audit.log"), &folder.join("audit.head"), signer(1)).unwrap();
    let who = format!("process-{}", std::process::id());
    for _ in 0..entries.parse::<usize>().unwrap() {
        let n = trail.append(&deed(&who, Act::View, Some(1)), now()).unwrap();
        println!("\nwritten {n} {who}");
    }
}

/// Starts one, and hears what it wrote.
fn process(folder: &Path, entries: usize) -> (Child, thread::JoinHandle<Vec<(u64, String)>>) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "audit::several::writes_as_a_process", "--nocapture"]);
    command.env(FOLDER_VARIABLE, folder).env(ENTRIES_VARIABLE, entries.to_string());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let hearing = thread::spawn(move || {
        let written = out.lines().map_while(Result::ok).filter_map(|line| {
            let (n, who) = line.strip_prefix("written ")?.split_once(' ')?;
            Some((n.parse().ok()?, who.to_owned()))
        });
        written.collect()
    });
    (child, hearing)
}

#[test]
fn real_processes_write_one_trail_and_nothing_acknowledged_is_lost_when_some_are_killed() {
    let place = place();
    let (service, _) = place.open();
    let folder = place.path.parent().unwrap();
    let mut processes: Vec<_> =
        [ENTRIES_EACH, ENDLESS, ENTRIES_EACH, ENDLESS].map(|entries| (process(folder, entries), entries)).into();
    let mut acknowledged = Vec::new();
    for _ in 0..ENTRIES_EACH {
        let n = service.append(&deed("service", Act::View, None), now()).unwrap();
        acknowledged.push((n, "service".to_owned()));
    }
    for ((child, _), _) in processes.iter_mut().filter(|(_, entries)| *entries == ENDLESS) {
        child.kill().unwrap();
    }
    for ((mut child, hearing), entries) in processes {
        assert_eq!(child.wait().unwrap().success(), entries != ENDLESS);
        let written = hearing.join().unwrap();
        assert!(entries == ENDLESS || written.len() == ENTRIES_EACH, "{}", written.len());
        acknowledged.extend(written);
    }
    service.append(&deed("service", Act::View, None), now()).unwrap();
    assert_eq!(kinds(&joined(&place.lines()), Some(&place.head())), []);
    let found = search(reader(&place.path).unwrap(), &Query::default(), 100_000).unwrap();
    for (n, who) in &acknowledged {
        assert_eq!(&found[*n as usize - 1].who, who, "entry {n}");
    }
}
