//! The serial zone reader over a real pseudo-terminal, unplugged and plugged in again.
#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File},
    io::Write as _,
    os::{fd::OwnedFd, unix::fs::symlink},
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    pty::openpty,
    sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
    unistd::ttyname,
};
use sallyport_hardware::document::{ReaderError, SerialZoneReader, ZoneSource as _};

const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(50);

/// The page reader's end of the line. The other end stays open, so that the driver may come later.
struct PageReader {
    line: File,
    _other_end: OwnedFd,
}

impl PageReader {
    fn plug(link: &Path) -> Self {
        let pair = openpty(None, None).unwrap();
        let mut mode = tcgetattr(&pair.slave).unwrap();
        cfmakeraw(&mut mode);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &mode).unwrap();
        let _ = fs::remove_file(link);
        symlink(ttyname(&pair.slave).unwrap(), link).unwrap();
        Self { line: File::from(pair.master), _other_end: pair.slave }
    }

    fn send(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).unwrap();
    }
}

#[test]
fn zones_arrive_in_whatever_framing_and_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("tty");
    let mut page = PageReader::plug(&link);
    let mut reader = SerialZoneReader::open(link.to_str().unwrap(), 9_600).unwrap();
    assert!(matches!(reader.read(SOON), Err(ReaderError::ZoneUnreadable(_))));
    let carriage = ZONE.replace('\n', "\r");
    let wrong = ZONE.replace("C36UTO", "C37UTO");
    for (sent, zone) in [
        (format!("\x02{carriage}\r\x03"), ZONE),
        (format!("noise\x00{carriage}"), ZONE),
        (format!("{wrong}\r\n"), wrong.as_str()),
        (wrong.clone(), wrong.as_str()),
    ] {
        page.send(&sent);
        assert_eq!(*reader.read(PATIENCE).unwrap(), zone, "{sent:?}");
        assert!(matches!(reader.read(SOON), Err(ReaderError::ZoneUnreadable(_))), "given twice: {sent:?}");
    }
    drop(reader);
    SerialZoneReader::open(link.to_str().unwrap(), 9_600).unwrap();
}

#[test]
fn an_unplugged_reader_is_unavailable_and_comes_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("tty");
    let path = link.to_str().unwrap();
    let missing = SerialZoneReader::open(path, 9_600).err().unwrap();
    assert!(matches!(&missing, ReaderError::Unavailable { name, .. } if name == path), "{missing}");
    let page = PageReader::plug(&link);
    let mut reader = SerialZoneReader::open(path, 9_600).unwrap();
    drop(page);
    fs::remove_file(&link).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !matches!(reader.read(SOON), Err(ReaderError::Unavailable { .. })) {
        assert!(Instant::now() < deadline, "never noticed");
    }
    let mut page = PageReader::plug(&link);
    page.send(ZONE);
    assert_eq!(*reader.read(PATIENCE).unwrap(), ZONE);
}
