//! The logical data structure (Doc 9303-10): the files of a chip, and what they hold.
//!
//! Readers are methods of [`ChipContents`]; writers, for issuing, stand beside them ([`dg2_file`], [`Com::file`] and so
//! on). A length in a file is a claim: no reader reserves memory for bytes that are not there, and none recurses.

mod biometric;
mod com;
mod details;
mod displayed;
mod extensible;
mod face;
mod finger;
mod master_file;
mod record;
mod text;
mod zone;

use std::{collections::BTreeMap, fmt};

use zeroize::Zeroize;

use crate::{
    mrz::MrzError,
    tlv::{self, TlvError},
};

pub(crate) use com::write_com;
pub(crate) use face::write_dg2;
pub(crate) use zone::write_dg1;
pub use {
    com::Com,
    details::{DocumentDetails, PERSONS_TO_NOTIFY_MAX, PersonToNotify, PersonalDetails, dg16_file},
    displayed::{DisplayedImage, dg5_file, dg7_file},
    face::{
        Angle, CaptureTime, FaceEncoding, FaceImage, FaceKind, FaceMetadata, FaceQuality, FaceRecord, FeaturePoint,
        FeaturePointKind, ImageFormat, Pose, dg2_file,
    },
    finger::{FingerFormat, FingerImage, FingerPosition, FingerRecord, dg3_file, dg3_file_empty},
    master_file::{Application, AtrInfo, CardCapabilities, ExtendedLength, dir_file, parse_dir},
    text::{FullDate, FullTime, PersonName},
};

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LdsError {
    /// The group was not on the chip.
    #[error("DG{0} is missing: it is not on the chip, or was not read")]
    Missing(u8),
    /// The group is malformed.
    #[error("DG{group} is malformed: {source}")]
    Tlv {
        /// The group.
        group: u8,
        /// What is wrong.
        source: TlvError,
    },
    /// Another file is malformed.
    #[error("EF.{name} is malformed: {source}")]
    File {
        /// The file.
        name: &'static str,
        /// What is wrong.
        source: TlvError,
    },
    /// The machine readable zone in DG1 is wrong.
    #[error("DG1: {0}")]
    Mrz(#[from] MrzError),
    /// DG2 holds no face image in a form that ISO/IEC 19794-5 or 39794-5 defines.
    #[error("DG2 holds no usable face record: {0}")]
    Face(&'static str),
    /// DG3 holds a record that is none of ISO/IEC 19794-4 or 39794-4.
    #[error("DG3 holds an unusable finger record: {0}")]
    Finger(&'static str),
}

/// The tag of a data group's file (Doc 9303-10, table 38).
pub(crate) fn group_tag(group: u8) -> Option<u16> {
    [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70]
        .get(usize::from(group).checked_sub(1)?)
        .copied()
}

pub(crate) fn group_of_tag(tag: u8) -> Option<u8> {
    (1..=16).find(|&group| group_tag(group) == Some(u16::from(tag)))
}

/// The files of a chip, as read. Zeroed on drop.
#[derive(Default)]
pub struct ChipContents {
    /// EF.COM.
    pub com: Vec<u8>,
    /// EF.SOD.
    pub sod: Vec<u8>,
    /// Data groups by number, whole files.
    pub groups: BTreeMap<u8, Vec<u8>>,
    /// EF.CardAccess, of the master file: readable before any access protocol, and repeated in DG14.
    pub card_access: Option<Vec<u8>>,
    /// EF.CardSecurity, of the master file.
    pub card_security: Option<Vec<u8>>,
    /// EF.DIR, of the master file: the applications on the chip.
    pub dir: Option<Vec<u8>>,
    /// EF.ATR/INFO, of the master file: what the chip can do.
    pub atr_info: Option<Vec<u8>>,
}

impl Drop for ChipContents {
    fn drop(&mut self) {
        self.groups.values_mut().for_each(Zeroize::zeroize);
        for file in [&mut self.card_access, &mut self.card_security, &mut self.dir, &mut self.atr_info] {
            file.zeroize();
        }
    }
}

impl fmt::Debug for ChipContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChipContents(groups {:?})", self.groups.keys().collect::<Vec<_>>())
    }
}

impl ChipContents {
    /// The value of a data group's file, under its tag: for DG13 to DG15, and groups nobody has defined.
    pub fn group(&self, group: u8) -> Result<&[u8], LdsError> {
        let file = self.groups.get(&group).ok_or(LdsError::Missing(group))?;
        let tag = group_tag(group).ok_or(LdsError::Missing(group))?;
        tlv::expect(file, tag).map(|(value, _)| value).map_err(|source| LdsError::Tlv { group, source })
    }

    /// A chip of which one group was read.
    #[cfg(test)]
    pub(crate) fn of(group: u8, file: Vec<u8>) -> Self {
        let mut contents = Self::default();
        contents.groups.insert(group, file);
        contents
    }
}
