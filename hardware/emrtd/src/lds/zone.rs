//! DG1: the machine readable zone (Doc 9303-10, 4.7.1).

use zeroize::Zeroizing;

use super::{ChipContents, LdsError};
use crate::{mrz::Mrz, tlv};

impl ChipContents {
    /// The machine readable zone of DG1 (Doc 9303-10, 4.7.1).
    pub fn dg1(&self) -> Result<Mrz, LdsError> {
        let value = tlv::find(self.group(1)?, 0x5F1F).map_err(|source| LdsError::Tlv { group: 1, source })?;
        let text = Zeroizing::new(String::from_utf8_lossy(value).into_owned());
        let width = match text.len() {
            90 => 30,
            72 => 36,
            _ => 44,
        };
        let mut lines = Zeroizing::new(String::with_capacity(96));
        for (at, character) in text.chars().enumerate() {
            if at > 0 && at % width == 0 {
                lines.push('\n');
            }
            lines.push(character);
        }
        Ok(Mrz::parse(&lines)?)
    }
}

/// Writes EF.DG1.
pub(crate) fn write_dg1(mrz_lines: &str) -> Vec<u8> {
    let text = mrz_lines.replace('\n', "");
    tlv::object(0x61, &tlv::object(0x5F1F, text.as_bytes()))
}
