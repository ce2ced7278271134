//! Issuing for tests and demonstrations: a CSCA, document signers and passports whose files a real terminal accepts.

mod authority;
mod genuineness;
mod key;
mod sod;
mod terminals;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use authority::{Authority, Profile, Role};
pub use genuineness::{ActiveKey, AgreementKey, Genuineness, TerminalTrust};
pub use key::{Curve, KeyKind, Parameters, SigningKey, explicit_key_info};
use openssl::error::ErrorStack;
pub use sod::{SignedDataProfile, SodProfile};
pub use terminals::TerminalAuthority;

use crate::{
    asn1::Asn1Error,
    chip::ChipFiles,
    crypto::group::GroupError,
    eac::cvc::CvcError,
    genuineness::active::ActiveError,
    lds::{self, ImageFormat},
    mrz::MrzError,
};

/// Why issuing failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// OpenSSL refused.
    #[error("key or certificate could not be made: {0}")]
    OpenSsl(#[from] ErrorStack),
    /// What was put in makes no certificate.
    #[error("the certificate would be malformed: {0}")]
    Asn1(#[from] Asn1Error),
    /// The zone cannot be written.
    #[error(transparent)]
    Mrz(#[from] MrzError),
    /// A key of Active Authentication cannot be used so.
    #[error(transparent)]
    Active(#[from] ActiveError),
    /// A key of Chip Authentication cannot be used.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// A card-verifiable certificate cannot be made or trusted.
    #[error(transparent)]
    CardVerifiable(#[from] CvcError),
    /// A key's group has no number to save it by.
    #[error("a key of Chip Authentication is not in a standardized group and cannot be saved: generate it in one")]
    NotStandardized,
    /// A file of a simulated document cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of a simulated document holds something else.
    #[error("{} does not hold {what}: issue the document again", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
}

/// The portrait of a document.
#[derive(Debug, Clone, Copy)]
pub struct Portrait<'a> {
    /// The image file.
    pub image: &'a [u8],
    /// How it is coded.
    pub format: ImageFormat,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

impl Portrait<'_> {
    /// EF.DG2 with this portrait; put into [`ChipFiles`] after signing, it makes a forged document.
    pub fn dg2(&self) -> Vec<u8> {
        lds::write_dg2(self.image, self.format, self.width, self.height)
    }
}

/// The groups that a document can have.
const GROUPS: std::ops::RangeInclusive<u8> = 1..=16;

/// The name of the file that [`save`] writes for a group.
fn group_file(group: u8) -> String {
    format!("DG{group}.bin")
}

/// Writes a simulated document's folder: the printed zone and the chip's files. Files of a document that was there
/// before do not stay.
pub fn save(folder: &Path, mrz_lines: &str, files: &ChipFiles) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("mrz.txt"), mrz_lines)?;
    fs::write(folder.join("EF_COM.bin"), &files.com)?;
    fs::write(folder.join("EF_SOD.bin"), &files.sod)?;
    for group in GROUPS {
        let path = folder.join(group_file(group));
        match files.groups.get(&group) {
            Some(bytes) => fs::write(path, bytes)?,
            None if path.exists() => fs::remove_file(path)?,
            None => {}
        }
    }
    Ok(())
}

/// Reads what [`save`] wrote: the printed zone and the files.
pub fn load(folder: &Path) -> io::Result<(String, ChipFiles)> {
    let mut files = ChipFiles {
        com: fs::read(folder.join("EF_COM.bin"))?,
        sod: fs::read(folder.join("EF_SOD.bin"))?,
        ..Default::default()
    };
    for group in GROUPS {
        match fs::read(folder.join(group_file(group))) {
            Ok(bytes) => drop(files.groups.insert(group, bytes)),
            // No document is without its zone.
            Err(error) if error.kind() == io::ErrorKind::NotFound && group != 1 => {}
            Err(error) => return Err(error),
        }
    }
    Ok((fs::read_to_string(folder.join("mrz.txt"))?, files))
}
