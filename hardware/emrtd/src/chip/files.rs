//! The chip's files, and what opens them (Doc 9303-10, 3.6 and 3.11; -11, 7.1).

use std::collections::BTreeMap;

use crate::{
    apdu::{Command, status},
    terminal::{APPLICATION, File},
    tlv,
};

/// The files on a chip.
#[derive(Default, Clone)]
pub struct ChipFiles {
    /// EF.COM; empty for a chip without it.
    pub com: Vec<u8>,
    /// EF.SOD.
    pub sod: Vec<u8>,
    /// Data groups by number.
    pub groups: BTreeMap<u8, Vec<u8>>,
    /// EF.CardAccess, if the chip has PACE.
    pub card_access: Option<Vec<u8>>,
    /// EF.CardSecurity, if the chip has PACE with Chip Authentication Mapping.
    pub card_security: Option<Vec<u8>>,
    /// EF.CVCA, if the chip has Terminal Authentication.
    pub cvca: Option<Vec<u8>>,
    /// EF.ATR/INFO.
    pub atr_info: Option<Vec<u8>>,
    /// EF.DIR.
    pub dir: Option<Vec<u8>>,
}

/// What the terminal has shown so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rights {
    /// It has opened a secure channel by PACE.
    pub(super) pace: bool,
    /// It has opened a secure channel by PACE or BAC.
    pub(super) access: bool,
    /// Terminal Authentication lets it read DG3.
    pub(super) fingers: bool,
    /// Terminal Authentication lets it read DG4.
    pub(super) irises: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    Nothing,
    Access,
    Pace,
    Fingers,
    Irises,
}

impl Rights {
    fn allow(self, needed: Needed) -> bool {
        match needed {
            Needed::Nothing => true,
            Needed::Access => self.access,
            Needed::Pace => self.pace,
            Needed::Fingers => self.access && self.fingers,
            Needed::Irises => self.access && self.irises,
        }
    }
}

/// The master file with the eMRTD application, and which file is selected.
pub(super) struct FileSystem {
    master: Vec<Entry>,
    application: Vec<Entry>,
    in_application: bool,
    selected: Option<File>,
    /// Whether files are found by short identifier.
    short_identifiers: bool,
    /// Whether the chip is open without an access protocol.
    open: bool,
}

struct Entry {
    file: File,
    needed: Needed,
    content: Vec<u8>,
}

impl FileSystem {
    pub(super) fn new(files: ChipFiles, withheld: &[u8], short_identifiers: bool, open: bool) -> Self {
        let entry = |file, needed, content: Option<Vec<u8>>| content.map(|content| Entry { file, needed, content });
        let master = [
            entry(File::CARD_ACCESS, Needed::Nothing, files.card_access),
            entry(File::CARD_SECURITY, Needed::Pace, files.card_security),
            entry(File::ATR_INFO, Needed::Nothing, files.atr_info),
            entry(File::DIR, Needed::Nothing, files.dir),
        ];
        let own = [
            entry(File::COM, Needed::Access, Some(files.com).filter(|com| !com.is_empty())),
            entry(File::SOD, Needed::Access, Some(files.sod)),
            entry(File::CVCA, Needed::Access, files.cvca),
        ];
        let groups = files.groups.into_iter().filter(|(group, _)| !withheld.contains(group)).map(|(group, content)| {
            let needed = match group {
                3 => Needed::Fingers,
                4 => Needed::Irises,
                _ => Needed::Access,
            };
            Entry { file: File::group(group), needed, content }
        });
        Self {
            master: master.into_iter().flatten().collect(),
            application: own.into_iter().flatten().chain(groups).collect(),
            in_application: false,
            selected: None,
            short_identifiers,
            open,
        }
    }

    pub(super) fn reset(&mut self) {
        (self.in_application, self.selected) = (false, None);
    }

    pub(super) fn application_selected(&self) -> bool {
        self.in_application
    }

    fn find(&self, matches: impl Fn(File) -> bool) -> Option<&Entry> {
        let directory = if self.in_application { &self.application } else { &self.master };
        directory.iter().find(|entry| matches(entry.file))
    }

    fn allowed(&self, entry: &Entry, rights: Rights) -> bool {
        rights.allow(entry.needed) || (self.open && entry.needed == Needed::Access)
    }

    /// SELECT (ISO/IEC 7816-4, 11.2.2): the application, the master file or an elementary file.
    pub(super) fn select(&mut self, command: &Command, rights: Rights) -> u16 {
        match (command.header[2], &command.data[..]) {
            (4, data) if data == APPLICATION => {
                (self.in_application, self.selected) = (true, None);
                status::OK
            }
            (4, _) => status::FILE_NOT_FOUND,
            (0, [] | [0x3F, 0x00]) => {
                (self.in_application, self.selected) = (false, None);
                status::OK
            }
            (0 | 2, &[high, low]) => {
                let identifier = u16::from_be_bytes([high, low]);
                self.selected = None;
                match self.find(|file| file.identifier == identifier) {
                    None => status::FILE_NOT_FOUND,
                    Some(entry) if !self.allowed(entry, rights) => status::SECURITY_STATUS,
                    Some(entry) => {
                        self.selected = Some(entry.file);
                        status::OK
                    }
                }
            }
            _ => status::WRONG_PARAMETERS,
        }
    }

    /// READ BINARY with either instruction (ISO/IEC 7816-4, 11.3.3): at most `room` bytes.
    pub(super) fn read(&mut self, command: &Command, rights: Rights, room: usize) -> Result<(Vec<u8>, u16), u16> {
        let [_, instruction, high, low] = command.header;
        let odd = instruction & 1 == 1;
        let (file, offset) = match (odd, high) {
            (false, 0x80..) if !self.short_identifiers => return Err(status::WRONG_PARAMETERS),
            (false, 0x80..) => {
                let short = high & 0x1F;
                let found = self.find(|file| file.short == short).map(|entry| entry.file);
                (Some(found.ok_or(status::FILE_NOT_FOUND)?), usize::from(low))
            }
            (false, _) => (self.selected, usize::from(u16::from_be_bytes([high, low]))),
            (true, _) if (high, low) == (0, 0) => (self.selected, odd_offset(&command.data).ok_or(status::WRONG_DATA)?),
            (true, _) => return Err(status::WRONG_PARAMETERS),
        };
        let file = file.ok_or(status::NO_FILE)?;
        self.selected = Some(file);
        let entry = self.find(|other| other == file).ok_or(status::NO_FILE)?;
        if !self.allowed(entry, rights) {
            return Err(status::SECURITY_STATUS);
        }
        let rest = entry.content.get(offset..).ok_or(status::WRONG_OFFSET)?;
        let wanted = command.expected.unwrap_or_default().min(room);
        // Around the data of an odd read there is a header (ISO/IEC 7816-4, 11.3.3).
        let wanted = if odd { wanted.saturating_sub(4) } else { wanted };
        let data = rest.get(..wanted).unwrap_or(rest);
        let word = if data.len() < wanted { status::END_OF_FILE } else { status::OK };
        Ok((if odd { tlv::object(0x53, data) } else { data.to_vec() }, word))
    }
}

fn odd_offset(data: &[u8]) -> Option<usize> {
    let (offset, _) = tlv::expect(data, 0x54).ok()?;
    (offset.len() <= 4).then(|| offset.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)))
}
