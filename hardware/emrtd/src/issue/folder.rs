//! A simulated document as a folder: the printed zone, the chip's files, and what the chip keeps to itself.

use std::{fs, io, path::Path};

use zeroize::Zeroizing;

use super::{Document, Genuineness, IssueError};
use crate::{
    ChipContents, Mrz, MrzKey,
    chip::{ChipFiles, Secrets},
    mrz::Can,
};

/// The groups that a document can have.
const GROUPS: std::ops::RangeInclusive<u8> = 1..=16;
const ZONE: &str = "mrz.txt";
const CAN: &str = "CAN.txt";
const COM: &str = "EF_COM.bin";
const SOD: &str = "EF_SOD.bin";

/// The name of a group's file.
fn group_file(group: u8) -> String {
    format!("DG{group}.bin")
}

/// The files that not every chip has.
fn further_files(files: &mut ChipFiles) -> [(&'static str, &mut Option<Vec<u8>>); 5] {
    [
        ("EF_CardAccess.bin", &mut files.card_access),
        ("EF_CardSecurity.bin", &mut files.card_security),
        ("EF_CVCA.bin", &mut files.cvca),
        ("EF_ATR_INFO.bin", &mut files.atr_info),
        ("EF_DIR.bin", &mut files.dir),
    ]
}

/// Writes the printed zone and the chip's files. Files of a document that was there before do not stay.
pub fn save(folder: &Path, mrz_lines: &str, files: &ChipFiles) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(ZONE), mrz_lines)?;
    fs::write(folder.join(COM), &files.com)?;
    fs::write(folder.join(SOD), &files.sod)?;
    for group in GROUPS {
        write(&folder.join(group_file(group)), files.groups.get(&group).map(Vec::as_slice))?;
    }
    for (name, file) in further_files(&mut files.clone()) {
        write(&folder.join(name), file.as_deref())?;
    }
    Ok(())
}

/// Reads what [`save`] wrote: the printed zone and the files.
pub fn load(folder: &Path) -> io::Result<(String, ChipFiles)> {
    let mut files =
        ChipFiles { com: fs::read(folder.join(COM))?, sod: fs::read(folder.join(SOD))?, ..Default::default() };
    for group in GROUPS {
        match read(&folder.join(group_file(group)))? {
            Some(bytes) => drop(files.groups.insert(group, bytes)),
            None if group == 1 => return Err(io::Error::new(io::ErrorKind::NotFound, "no document is without DG1")),
            None => {}
        }
    }
    for (name, file) in further_files(&mut files) {
        *file = read(&folder.join(name))?;
    }
    Ok((fs::read_to_string(folder.join(ZONE))?, files))
}

impl Document {
    /// Writes the document, its secrets with it: they are those of a simulation.
    pub fn save(&self, folder: &Path, mrz_lines: &str) -> Result<(), IssueError> {
        let failed = |source| IssueError::File { path: folder.to_owned(), source };
        save(folder, mrz_lines, &self.files).map_err(failed)?;
        let can = self.secrets.can.as_ref().map(|can| can.as_bytes());
        write(&folder.join(CAN), can).map_err(failed)?;
        self.secrets.genuineness.save(folder)
    }

    /// Reads what [`Document::save`] wrote, and the zone as it is printed. A page that was printed wrong does not change
    /// the chip: then its key is that of DG1.
    pub fn load(folder: &Path) -> Result<(Zeroizing<String>, Self), IssueError> {
        let failed = |source| IssueError::File { path: folder.to_owned(), source };
        let content = |file: &str, what| IssueError::Content { path: folder.join(file), what };
        let (zone, files) = load(folder).map_err(failed)?;
        let zone = Zeroizing::new(zone);
        let key = chip_key(&zone, &files).ok_or_else(|| content(ZONE, "a zone that its chip could open to"))?;
        let can = read(&folder.join(CAN)).map_err(failed)?;
        let can = can.map(|text| Can::parse(&String::from_utf8_lossy(&text))).transpose();
        let can = can.map_err(|_| content(CAN, "a card access number of six digits"))?;
        let genuineness = Genuineness::load(folder)?;
        Ok((zone, Self { files, secrets: Secrets { key, can, genuineness } }))
    }
}

fn chip_key(zone: &str, files: &ChipFiles) -> Option<MrzKey> {
    let dg1 = || {
        let mut contents = ChipContents::default();
        contents.groups.insert(1, files.groups.get(&1)?.clone());
        contents.dg1().ok()
    };
    Mrz::parse(zone).ok().or_else(dg1).map(|mrz| mrz.key())
}

fn write(path: &Path, content: Option<&[u8]>) -> io::Result<()> {
    match content {
        Some(bytes) => fs::write(path, bytes),
        None => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
