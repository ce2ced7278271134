//! Terminals that we did not write read our chip, and our terminal reads a chip that we did not write, both through a
//! real PC/SC service.
#![allow(clippy::unwrap_used)]

mod passport;
mod pcscd;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use passport::{Passport, read, read_with};
use pcscd::{InSlot, PATIENCE, Service, in_namespaces, skip, until};
use sallyport_emrtd::{
    ImageFormat, Mrz,
    chip::{Behavior, Chip},
    crypto::{group::Agreement, hash::HashAlgorithm, suite::Suite},
    issue::{self, ActiveKey, Authority, Curve, DocumentProfile, KeyKind, Parameters, Portrait},
    mrz::Can,
    security_info::{Mapping, PaceProtocol, SecurityInfo, SecurityInfos},
    terminal::{Access, AccessKey, ReadError, TerminalError},
};
use sallyport_hardware::document::{DocumentReader as _, PcscReader, ReaderError, Token, ZoneSource};
use zeroize::Zeroizing;

/// What the foreign reader said, by the first word of each line.
type Said = BTreeMap<String, String>;

/// The program of `hardware/foreign`.
fn foreign_reader() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/target/debug/foreign-read");
    std::env::var_os("SALLYPORT_FOREIGN_READ").map(PathBuf::from).or(built.exists().then_some(built))
}

/// Runs a test that needs the foreign reader, in namespaces of its own.
fn with_foreign_reader(test: &str, work: impl FnOnce(&Path)) {
    match foreign_reader() {
        Some(reader) => in_namespaces(test, || work(&reader)),
        None => skip(test, "build it: cargo build --manifest-path hardware/foreign/Cargo.toml"),
    }
}

/// Runs it once a document is there; with this certificate as its trust.
fn run(reader: &Path, csca: Option<&Path>, arguments: &[&str]) -> Result<Said, String> {
    let mut command = Command::new(reader);
    command.args(arguments).envs(csca.map(|path| ("FOREIGN_CSCA", path)));
    let output = until("the document", || {
        let output = command.output().unwrap();
        let too_early = ["no reader holds", "NoReadersAvailable", "NoService"];
        let error = String::from_utf8_lossy(&output.stderr);
        (!too_early.iter().any(|what| error.contains(what))).then_some(output)
    });
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    Ok(text.lines().filter_map(|line| line.split_once(' ')).map(|(key, value)| (key.into(), value.into())).collect())
}

fn attempts<T>(most: usize, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    (0..most).find_map(|_| {
        attempt().or_else(|| {
            std::thread::sleep(Duration::from_millis(200));
            None
        })
    })
}

fn lay(passport: &Passport) -> InSlot {
    let chip = Chip::new(passport.files.clone(), passport.mrz().key(), Behavior::default(), &mut rand::rng());
    InSlot::lay(chip)
}

fn assert_read(said: &Said, passport: &Passport) {
    assert_eq!(said["COM"], hex::encode_upper(&passport.files.com));
    assert_eq!(said["SOD"], hex::encode_upper(&passport.files.sod));
    for group in [1, 2] {
        assert_eq!(said[&format!("DG{group}")], hex::encode_upper(&passport.files.groups[&group]), "DG{group}");
    }
}

#[test]
fn the_crate_emrtd_reads_our_chip_by_bac() {
    with_foreign_reader("the_crate_emrtd_reads_our_chip_by_bac", |reader| {
        let passport = Passport::issue();
        let _service = Service::start();
        let _laid = lay(&passport);
        let read = |expiry| run(reader, None, &["emrtd", "L898902C3", "740812", expiry, "1", "2"]);
        assert_read(&read("320415").unwrap(), &passport);
        let refused = read("320416").unwrap_err();
        assert!(refused.contains("RecvApduError(99, 0)"), "the wrong key opened the chip: {refused}");
    });
}

#[test]
fn the_crate_dmrtd_reads_our_chip_by_bac_and_finds_it_authentic() {
    with_foreign_reader("the_crate_dmrtd_reads_our_chip_by_bac_and_finds_it_authentic", |reader| {
        let (passport, folder) = (Passport::issue(), tempfile::tempdir().unwrap());
        let own = folder.path().join("own.cer");
        fs::write(&own, &passport.csca_der).unwrap();
        let other = folder.path().join("other.cer");
        fs::write(&other, &Passport::issue().csca_der).unwrap();
        let _service = Service::start();
        let _laid = lay(&passport);
        let read = |csca| run(reader, Some(csca), &["dmrtd", "L898902C3", "740812", "320415", "1", "2"]).unwrap();
        let said = read(&own);
        assert_read(&said, &passport);
        assert_eq!(said["PASSIVE"], "authentic");
        assert_eq!(read(&other)["PASSIVE"], "unverified");
    });
}

/// Generic mapping with AES, the only cipher that it has, on curves of both families and in a finite field, by zone and by
/// card access number;
/// then Active Authentication, which it verifies itself.
#[test]
fn the_crate_dmrtd_opens_our_chip_by_pace_and_lets_it_prove_itself() {
    with_foreign_reader("the_crate_dmrtd_opens_our_chip_by_pace_and_lets_it_prove_itself", |reader| {
        let (mrz, folder) = (Passport::issue().mrz(), tempfile::tempdir().unwrap());
        let own = folder.path().join("own.cer");
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let csca = Authority::csca("UT", now).unwrap();
        fs::write(&own, csca.certificate_der().unwrap()).unwrap();
        let signer = csca.document_signer("UT", now, 90).unwrap();
        let image = [&[0xFF, 0xD8, 0xFF, 0xE0][..], &[7; 3_000]].concat();
        let portrait = Portrait { image: &image, format: ImageFormat::Jpeg, width: 300, height: 400 };
        let _service = Service::start();
        // Its answer fits the short form; GET RESPONSE is not for this reader.
        let rsa = KeyKind::Rsa { bits: 1_024 };
        let ec = KeyKind::Ec { curve: Curve::NistP256, parameters: Parameters::Explicit };
        for (agreement, suite, id, proof, arguments) in [
            (Agreement::Ecdh, Suite::Aes192, 12, rsa, &["dmrtd-pace", "L898902C3", "740812", "320415"][..]),
            (Agreement::Ecdh, Suite::Aes128, 13, ec, &["dmrtd-can", "123456"]),
            (Agreement::Ecdh, Suite::Aes256, 15, ec, &["dmrtd-can", "123456"]),
            (Agreement::Dh, Suite::Aes128, 2, rsa, &["dmrtd-pace", "L898902C3", "740812", "320415"]),
        ] {
            let protocol = PaceProtocol { mapping: Mapping::Generic, agreement, suite };
            let mut profile = DocumentProfile::plain(&mrz, portrait.dg2());
            profile.pace = vec![(protocol, id)];
            profile.can = Some(Can::parse("123456").unwrap());
            profile.genuineness.active = Some(ActiveKey::generate(proof, HashAlgorithm::Sha256).unwrap());
            let document = signer.issue_document(profile).unwrap();
            let files = document.files.clone();
            let behavior = Behavior { basic_access: false, extended_bytes_max: Some(1_024), ..Behavior::default() };
            let laid = InSlot::lay(Chip::new(document.files, document.secrets, behavior, &mut rand::rng()));
            let mut last = String::new();
            // The one before may be leaving still.
            let attempt = || {
                let said = run(reader, Some(&own), &[arguments, &["1", "2", "14", "15"]].concat());
                said.map_err(|error| last = error).ok()
            };
            let said = attempts(10, attempt).unwrap_or_else(|| panic!("{protocol:?}: {last}"));
            for (group, file) in &files.groups {
                assert_eq!(said[&format!("DG{group}")], hex::encode_upper(file), "{protocol:?}: DG{group}");
            }
            assert_eq!((said["ACTIVE"].as_str(), said["PASSIVE"].as_str()), ("genuine", "authentic"), "{protocol:?}");
            drop(laid);
        }
    });
}

/// A chip that we did not write, in the first slot; taken out when dropped.
struct ForeignChip(Child);

impl ForeignChip {
    /// With the access protocol `bac` or `pace`.
    fn start(protocol: &str, folder: &Path) -> Self {
        let mut command = Command::new(PYTHON);
        command.args([VICC, protocol, folder.to_str().unwrap()]).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for ForeignChip {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Debian's own: the packages are its.
const PYTHON: &str = "/usr/bin/python3";
const VICC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/vicc.py");

fn with_foreign_chip(test: &str, work: impl FnOnce()) {
    let needed = "import Cryptodome, ctypes; ctypes.CDLL('libeac.so.3')";
    let probe = Command::new(PYTHON).args(["-c", needed]).output();
    if Path::new("/usr/bin/vicc").exists() && probe.is_ok_and(|output| output.status.success()) {
        in_namespaces(test, work);
    } else {
        skip(test, "install vsmartcard-vpicc, python3-pycryptodome and libeac3");
    }
}

struct Page(Zeroizing<String>);

impl ZoneSource for Page {
    fn read(&mut self, _patience: Duration) -> Result<Zeroizing<String>, ReaderError> {
        Ok(self.0.clone())
    }
}

#[test]
fn our_terminal_reads_the_chip_of_vicc_by_bac() {
    with_foreign_chip("our_terminal_reads_the_chip_of_vicc_by_bac", || {
        let passport = Passport::issue();
        let folder = tempfile::tempdir().unwrap();
        issue::save(folder.path(), &passport.zone, &passport.files).unwrap();
        let _service = Service::start();
        let mut reader = until("the reader", || PcscReader::open(None, Box::new(Page(passport.zone.clone()))).ok());
        let _chip = ForeignChip::start("bac", folder.path());
        assert!(reader.wait(PATIENCE).unwrap());
        let Token::Document { zone } = reader.identify(PATIENCE).unwrap() else { panic!("a card") };
        let contents = read(&mut reader, &zone, &mut |_| {}).unwrap();
        assert_eq!(contents.groups, passport.files.groups);
        assert_eq!(passport.verify(&contents).groups, [1, 2]);

        let mut other = Mrz::parse(&zone).unwrap();
        other.document_number = "L898902C4".into();
        let refused = read(&mut reader, &other.compose_td3().unwrap(), &mut |_| {});
        assert!(matches!(refused, Err(ReadError::Terminal(TerminalError::AccessDenied(_)))), "{refused:?}");
    });
}

/// Generic mapping with curves of both families, a finite field and all lengths of AES. More is not to be had there: the
/// chip of `vicc` pads for AES only, and Debian's OpenPACE refuses integrated and chip authentication mapping.
#[test]
fn our_terminal_opens_the_chip_of_openpace() {
    with_foreign_chip("our_terminal_opens_the_chip_of_openpace", || {
        let passport = Passport::issue();
        let folder = tempfile::tempdir().unwrap();
        issue::save(folder.path(), &passport.zone, &passport.files).unwrap();
        fs::write(folder.path().join("can.txt"), "123456").unwrap();
        let _service = Service::start();
        let mut reader = until("the reader", || PcscReader::open(None, Box::new(Page(passport.zone.clone()))).ok());
        let zone = AccessKey::Mrz(passport.mrz().key());
        let can = |digits| AccessKey::Can(Can::parse(digits).unwrap());
        for (agreement, suite, parameter_id, key) in [
            (Agreement::Ecdh, Suite::Aes128, 12, zone.clone()),
            (Agreement::Ecdh, Suite::Aes192, 13, can("123456")),
            (Agreement::Ecdh, Suite::Aes256, 16, zone.clone()),
            (Agreement::Ecdh, Suite::Aes256, 18, can("123456")),
            (Agreement::Dh, Suite::Aes128, 2, zone),
        ] {
            let protocol = PaceProtocol { mapping: Mapping::Generic, agreement, suite };
            let offer = SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(parameter_id) };
            fs::write(folder.path().join("EF_CardAccess.bin"), SecurityInfos(vec![offer]).to_der()).unwrap();
            let chip = ForeignChip::start("pace", folder.path());
            assert!(reader.wait(PATIENCE).unwrap());
            reader.identify(PATIENCE).unwrap();
            let refused = read_with(&mut reader, can("123457"), &mut |_| {});
            assert!(matches!(refused, Err(ReadError::Terminal(TerminalError::AccessDenied(_)))), "{refused:?}");
            reader.identify(PATIENCE).unwrap();
            let reading = read_with(&mut reader, key, &mut |_| {}).unwrap();
            assert_eq!(reading.access, Access::Pace { protocol, parameter_id: Some(parameter_id) });
            assert_eq!(reading.contents.groups, passport.files.groups);
            assert_eq!(passport.verify(&reading.contents).groups, [1, 2]);
            drop(chip);
            until("its removal", || (!reader.is_present()).then_some(()));
        }
    });
}
