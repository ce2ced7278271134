//! Speed of the terminal: `make bench`. Issue 3 promises less than 60 ms of computing a document on one core.
//!
//! A chip is asked once by a terminal with a seeded generator, and its answers are kept. A terminal with the same seed
//! sends the same commands, and so takes the same answers: what is measured is the terminal alone.
#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros make undocumented items

mod documents;
mod transmission;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use documents::{Case, NOW, authorities, cases};
use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    apdu::Command,
    chip::{Behavior, Chip},
    crypto::suite::Suite,
    issue::{Authority, Document, Profile, Role, SignedDataProfile},
    passive,
    secure::{Channel, Keys},
    terminal::{self, Options, Reading, Terminal},
    trust::{Authentication, TrustStore},
};

/// A conversation with a chip.
struct Recording {
    commands: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
}

fn terminal() -> Terminal {
    Terminal::with_options(documents::key(), Options::default(), &mut StdRng::seed_from_u64(9303))
}

fn record(document: Document) -> Recording {
    // Keys of a finite field do not fit short commands. Files are read in the short form: the longer way.
    let behavior = Behavior { extended_bytes_max: Some(65_535), ..Behavior::default() };
    let mut chip = Chip::new(document.files, document.secrets, behavior, &mut rand::rng());
    let mut recording = Recording { commands: Vec::new(), answers: Vec::new() };
    let mut transmit = |command: &[u8]| {
        recording.commands.push(command.to_vec());
        recording.answers.push(chip.transmit(command));
        Ok::<_, std::convert::Infallible>(recording.answers.last().unwrap().clone())
    };
    terminal::read(&mut terminal(), &mut transmit, &mut |_| {}).unwrap();
    recording
}

impl Recording {
    fn replay(&self) -> Box<Reading> {
        let mut answers = self.answers.iter();
        let mut transmit = |_: &[u8]| answers.next().cloned().ok_or(());
        terminal::read(&mut terminal(), &mut transmit, &mut |_| {}).unwrap()
    }

    /// Whether a terminal of this seed is asked nothing new.
    fn is_deterministic(&self) -> bool {
        let mut at = 0;
        let mut transmit = |command: &[u8]| {
            let same = self.commands[at] == command;
            at += 1;
            if same { Ok(self.answers[at - 1].clone()) } else { Err(()) }
        };
        terminal::read(&mut terminal(), &mut transmit, &mut |_| {}).is_ok() && at == self.commands.len()
    }
}

/// Everything that is asked of what was read.
fn inspect(reading: &Reading, trust: &TrustStore) -> bool {
    let report = passive::inspect(&reading.contents, trust, NOW);
    let zone = reading.contents.dg1().unwrap();
    let card_security = reading.contents.card_security.as_deref();
    let maps_chip = card_security
        .is_none_or(|file| passive::inspect_card_security(file, trust, NOW, Some(&zone)).0.summary().is_ok());
    report.summary().is_ok() && maps_chip
}

fn inspection(criterion: &mut Criterion) {
    transmission::print();
    let authorities = authorities();
    let mut group = criterion.benchmark_group("inspection");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for Case { name, document, csca, access } in cases() {
        let recording = record(document);
        assert!(recording.is_deterministic(), "{name}");
        let trusted = authorities.iter().chain([&csca]);
        let trust = TrustStore::from_certificates(trusted.map(|csca| csca.certificate().der())).unwrap();
        let reading = recording.replay();
        assert!(inspect(&reading, &trust), "{name}: {}", passive::inspect(&reading.contents, &trust, NOW));
        assert_eq!(reading.access, access, "{name}");
        assert!(reading.chip_authentication.passed() || reading.chip_authentication_mapping.passed(), "{name}");
        assert!(reading.active_authentication.passed(), "{name}");
        group.bench_function(format!("{name}: reading"), |bencher| bencher.iter(|| recording.replay()));
        group.bench_function(format!("{name}: passive authentication"), |bencher| {
            bencher.iter(|| inspect(black_box(&reading), &trust));
        });
    }
    group.finish();
}

/// One protected READ BINARY of a short and of an extended answer, as the terminal sees it.
fn secure_messaging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("secure messaging");
    for (suite, bytes) in Suite::ALL.into_iter().flat_map(|suite| [(suite, 223), (suite, 20_000)]) {
        let channel = || Channel::new(Keys::derive(suite, b"secret"));
        let command = Command::new([0, 0xB0, 0, 0]).expecting(bytes);
        let mut chip = channel();
        chip.open_command(&Command::parse(&channel().protect(&command)).unwrap()).unwrap();
        let answer = chip.protect_response(0xB0, &vec![7; bytes], 0x9000);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(format!("{suite:?}, {bytes} bytes"), |bencher| {
            bencher.iter(|| {
                let mut terminal = channel();
                black_box(terminal.protect(&command));
                terminal.open(black_box(&answer)).unwrap()
            });
        });
    }
    group.finish();
}

fn trust(criterion: &mut Criterion) {
    let authorities = authorities();
    let certificates: Vec<&[u8]> = authorities.iter().map(|csca| csca.certificate().der()).collect();
    let root = Authority::csca("UT", NOW).unwrap();
    let lister = root.certify(&Profile::new(Role::MasterListSigner, "UT", "ML", NOW, 90).unwrap()).unwrap();
    let list = lister.sign_master_list(&certificates, &SignedDataProfile::default()).unwrap();
    let mut group = criterion.benchmark_group("trust");
    group.sample_size(10);
    group.bench_function(format!("load {} certificates", certificates.len()), |bencher| {
        bencher.iter(|| TrustStore::from_certificates(certificates.iter().copied()).unwrap());
    });
    group.bench_function(format!("import a master list of {}", certificates.len()), |bencher| {
        bencher.iter(|| {
            let mut store = TrustStore::default();
            let roots = [root.certificate().clone()];
            store.import_master_list(&list, "UT.ml", Authentication::Roots(&roots), NOW).unwrap();
            assert_eq!(store.len(), certificates.len());
        });
    });
    group.finish();
}

criterion_group!(benches, inspection, secure_messaging, trust);
criterion_main!(benches);
