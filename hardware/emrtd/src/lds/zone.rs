//! DG1: the machine readable zone (Doc 9303-10, 4.7.1).

use zeroize::Zeroizing;

use super::{ChipContents, LdsError};
use crate::{mrz::Mrz, tlv};

impl ChipContents {
    /// The machine readable zone of DG1 (Doc 9303-10, 4.7.1).
    pub fn dg1(&self) -> Result<Mrz, LdsError> {
        let value = tlv::find(self.group(1)?, 0x5F1F).map_err(|source| LdsError::Tlv { group: 1, source })?;
        let width = match value.len() {
            90 => 30,
            72 => 36,
            _ => 44,
        };
        // What is no ASCII is no zone; as ISO/IEC 8859-1 it is refused with its place.
        let mut lines = Zeroizing::new(String::with_capacity(2 * value.len()));
        for (at, line) in value.chunks(width).enumerate() {
            if at > 0 {
                lines.push('\n');
            }
            lines.extend(line.iter().map(|&byte| char::from(byte)));
        }
        Ok(Mrz::parse(&lines)?)
    }
}

/// Writes EF.DG1.
pub(crate) fn write_dg1(mrz_lines: &str) -> Vec<u8> {
    let text = mrz_lines.replace('\n', "");
    tlv::object(0x61, &tlv::object(0x5F1F, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::mrz::MrzError;

    #[test]
    fn zones_of_every_size_are_read_and_others_refused() {
        for zone in [
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
            "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
        ] {
            let read = ChipContents::of(1, write_dg1(zone)).dg1().unwrap();
            assert_eq!(*read.compose().unwrap(), zone);
        }
        let refused =
            |text: &[u8]| ChipContents::of(1, tlv::object(0x61, &tlv::object(0x5F1F, text))).dg1().unwrap_err();
        assert_eq!(refused(b"P<UTO"), LdsError::Mrz(MrzError::Shape(vec![5])));
        assert!(matches!(refused(&[0xE4; 88]), LdsError::Mrz(MrzError::Character { line: 1, column: 1, found: 'ä' })));
    }
}
