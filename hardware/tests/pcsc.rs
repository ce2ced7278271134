//! The PC/SC driver against a real `pcscd` with a virtual reader (Debian's `vsmartcard-vpcd`), in which our chip lies.
//!
//! The virtual reader listens on all addresses and `pcscd` at one place of the whole machine, so all this happens in a
//! network and a mount namespace of its own. Where that cannot be had the test says so and does nothing.
#![allow(clippy::unwrap_used)]

mod passport;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use passport::{Passport, read};
use sallyport_emrtd::{
    chip::{Behavior, Chip},
    terminal::ReadError,
};
use sallyport_hardware::document::{DocumentReader as _, PcscReader, ReaderError, Token, ZoneSource};
use zeroize::Zeroizing;

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const PCSCD: &str = "/usr/sbin/pcscd";
/// The first slot of the virtual reader as Debian configures it.
const SLOT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 35_963);
const NAMESPACE: &str = "SALLYPORT_PCSC_TEST_NAMESPACE";
const PATIENCE: Duration = Duration::from_secs(20);
/// ISO/IEC 14443-4 type A without historical bytes (PC/SC part 3, 3.1.3.2.3.1).
const ATR: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

/// What lies in the virtual reader.
enum Laid {
    Chip(Box<Chip>),
    Card(&'static [u8]),
    /// Answers half a status word.
    Broken,
}

impl Laid {
    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        match (self, command) {
            (Self::Chip(chip), command) => chip.transmit(command),
            (Self::Card(uid), [0xFF, 0xCA, 0, 0, 0]) => [uid, &[0x90, 0][..]].concat(),
            (Self::Card(_), _) => vec![0x6A, 0x82],
            (Self::Broken, _) => vec![0x90],
        }
    }

    fn reset(&mut self) {
        if let Self::Chip(chip) = self {
            chip.reset();
        }
    }
}

/// Something in the slot; taken out when dropped.
struct InSlot(TcpStream);

impl InSlot {
    fn lay(laid: Laid) -> Self {
        let connection = until("the virtual reader", || TcpStream::connect(SLOT).ok());
        let line = connection.try_clone().unwrap();
        std::thread::spawn(move || converse(line, laid));
        Self(connection)
    }
}

impl Drop for InSlot {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// The virtual reader sends a length and either an APDU or one byte of control.
fn converse(mut line: TcpStream, mut laid: Laid) -> io::Result<()> {
    loop {
        let mut length = [0; 2];
        line.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        line.read_exact(&mut message)?;
        let answer = match (message.as_slice(), &mut laid) {
            ([4], _) => ATR.to_vec(),
            ([_], laid) => {
                laid.reset();
                continue;
            }
            (command, laid) => laid.answer(command),
        };
        line.write_all(&[&(answer.len() as u16).to_be_bytes()[..], &answer].concat())?;
    }
}

struct Service(Child);

impl Service {
    fn start() -> Self {
        Self(Command::new(PCSCD).arg("--foreground").stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        let _ = fs::remove_dir_all("/run/pcscd");
    }
}

struct Page(Zeroizing<String>);

impl ZoneSource for Page {
    fn read(&mut self, _patience: Duration) -> Result<Zeroizing<String>, ReaderError> {
        Ok(self.0.clone())
    }
}

/// Calls until it gives something: services and readers take their time.
fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This command in namespaces of its own, with `/run` empty and the loopback up.
fn apart(command: &[&str]) -> Command {
    let mut apart = Command::new("unshare");
    apart.args(["--map-root-user", "--mount", "--net", "--kill-child", "--", "sh", "-c"]);
    apart.arg("mount -t tmpfs tmpfs /run && ip link set lo up && exec \"$@\"").arg("sh").args(command);
    apart
}

fn hindrance() -> Option<&'static str> {
    if !Path::new(PCSCD).exists() || !Path::new(DRIVER).exists() {
        Some("install pcscd and vsmartcard-vpcd")
    } else if !apart(&["true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        Some("this machine gives no namespaces (unshare --map-root-user --mount --net)")
    } else {
        None
    }
}

#[test]
fn passports_and_cards_are_read_through_a_real_service() {
    if std::env::var_os(NAMESPACE).is_some() {
        return read_through_a_real_service();
    }
    if let Some(hindrance) = hindrance() {
        // Past the test harness, which would keep it to itself.
        let _ = writeln!(io::stderr(), "\nSKIPPED: the PC/SC reader was not tested: {hindrance}\n");
        return;
    }
    let own = std::env::current_exe().unwrap();
    let this = "passports_and_cards_are_read_through_a_real_service";
    let status = apart(&[own.to_str().unwrap(), this, "--exact", "--nocapture"]).env(NAMESPACE, "1").status().unwrap();
    assert!(status.success(), "{status}");
}

fn read_through_a_real_service() {
    let passport = Passport::issue();
    let page = || Box::new(Page(passport.zone.clone()));
    let chip = || {
        let key = passport.mrz().key();
        let chip = Chip::new(passport.files.clone(), key, Behavior::default(), &mut rand::rng());
        InSlot::lay(Laid::Chip(Box::new(chip)))
    };
    let is_away = |reader: &mut PcscReader| until("its removal", || (!reader.is_present()).then_some(()));

    let stopped = PcscReader::open(None, page()).err().unwrap();
    assert!(matches!(stopped, ReaderError::Unavailable { .. }), "{stopped}");
    let service = Service::start();
    let mut reader = until("the reader", || PcscReader::open(Some("00 00"), page()).ok());
    assert!(matches!(PcscReader::open(Some("no such"), page()), Err(ReaderError::Unavailable { .. })));
    assert!(!reader.wait(Duration::from_millis(100)).unwrap());

    // A passport.
    let laid = chip();
    assert!(reader.wait(PATIENCE).unwrap());
    assert!(!reader.wait(Duration::from_millis(700)).unwrap(), "reported twice");
    let Token::Document { zone } = reader.identify(PATIENCE).unwrap() else { panic!("a card") };
    let contents = read(&mut reader, &zone, &mut |_| {}).unwrap();
    assert_eq!(passport.verify(&contents).groups, [1, 2]);
    assert!(reader.is_present());
    drop(laid);
    is_away(&mut reader);
    assert!(!reader.wait(Duration::ZERO).unwrap());

    // A card.
    let laid = InSlot::lay(Laid::Card(&[0x04, 0xA1, 0xB2, 0xC3]));
    assert!(reader.wait(PATIENCE).unwrap());
    assert!(matches!(reader.identify(PATIENCE), Ok(Token::Card { uid }) if uid == [0x04, 0xA1, 0xB2, 0xC3]));
    drop(laid);
    is_away(&mut reader);

    // Taken away while it is read.
    let mut laid = Some(chip());
    assert!(reader.wait(PATIENCE).unwrap());
    reader.identify(PATIENCE).unwrap();
    let result = read(&mut reader, &zone, &mut |answered| {
        if answered == 12 {
            laid = None;
        }
    });
    assert!(matches!(result, Err(ReadError::Line(ReaderError::Removed))), "{result:?}");
    is_away(&mut reader);

    // There, but without a whole answer.
    let laid = InSlot::lay(Laid::Broken);
    assert!(reader.wait(PATIENCE).unwrap());
    assert_eq!(reader.identify(PATIENCE).unwrap_err(), ReaderError::NoAnswer);
    drop(laid);
    is_away(&mut reader);

    // The service dies and comes back.
    drop(service);
    until("the loss", || matches!(reader.wait(Duration::ZERO), Err(ReaderError::Unavailable { .. })).then_some(()));
    assert!(!reader.is_present());
    let _service = Service::start();
    let _laid = chip();
    until("the service", || reader.wait(Duration::from_millis(500)).ok().filter(|laid| *laid));
    reader.identify(PATIENCE).unwrap();
    passport.verify(&read(&mut reader, &zone, &mut |_| {}).unwrap());
}
