//! EF.COM: versions and the list of the data groups (Doc 9303-10, 4.6.1). Nobody signs it: what it lists is a hint of
//! what to read, and what EF.SOD holds a hash of is what the issuer put in.

use super::{LdsError, group_of_tag, group_tag};
use crate::tlv;

const TAG: u16 = 0x60;
const LDS_VERSION: u16 = 0x5F01;
const UNICODE_VERSION: u16 = 0x5F36;
const TAG_LIST: u16 = 0x5C;

/// The content of EF.COM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Com {
    /// LDS version, such as 1.7 or 1.8.
    pub lds_version: (u8, u8),
    /// Unicode version, such as 4.0.0.
    pub unicode_version: (u8, u8, u8),
    /// The groups present, by number, in the order listed.
    pub groups: Vec<u8>,
    /// Listed tags that are of no data group.
    pub other_tags: Vec<u8>,
}

impl Com {
    /// Groups in this order, LDS 1.7, Unicode 4.0.0.
    pub fn of(groups: &[u8]) -> Self {
        Self { lds_version: (1, 7), unicode_version: (4, 0, 0), groups: groups.to_vec(), other_tags: Vec::new() }
    }

    /// Reads EF.COM.
    pub fn parse(file: &[u8]) -> Result<Self, LdsError> {
        let wrong = |source| LdsError::File { name: "COM", source };
        let (value, _) = tlv::expect(file, TAG).map_err(wrong)?;
        let tags = tlv::find(value, TAG_LIST).map_err(wrong)?;
        // Versions are told and nothing more: digits that are none count as zero.
        let version = |tag: u16, at: usize| -> Result<u8, LdsError> {
            let digits = tlv::find_optional(value, tag).map_err(wrong)?.and_then(|value| value.get(at..at + 2));
            Ok(digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).unwrap_or(0))
        };
        let group = |tag: &u8| group_of_tag(*tag);
        Ok(Self {
            lds_version: (version(LDS_VERSION, 0)?, version(LDS_VERSION, 2)?),
            unicode_version: (version(UNICODE_VERSION, 0)?, version(UNICODE_VERSION, 2)?, version(UNICODE_VERSION, 4)?),
            groups: tags.iter().filter_map(group).collect(),
            other_tags: tags.iter().copied().filter(|tag| group(tag).is_none()).collect(),
        })
    }

    /// Writes EF.COM.
    pub fn file(&self) -> Vec<u8> {
        let mut tags: Vec<u8> =
            self.groups.iter().filter_map(|&group| group_tag(group)).filter_map(|tag| u8::try_from(tag).ok()).collect();
        tags.extend_from_slice(&self.other_tags);
        let (major, minor) = self.lds_version;
        let lds_version = format!("{:02}{:02}", major % 100, minor % 100);
        let (major, minor, release) = self.unicode_version;
        let unicode_version = format!("{:02}{:02}{:02}", major % 100, minor % 100, release % 100);
        tlv::constructed(
            TAG,
            &[
                &tlv::object(LDS_VERSION, lds_version.as_bytes()),
                &tlv::object(UNICODE_VERSION, unicode_version.as_bytes()),
                &tlv::object(TAG_LIST, &tags),
            ],
        )
    }
}

/// Writes EF.COM for these data groups: LDS 1.7, Unicode 4.0.0.
pub(crate) fn write_com(groups: &[u8]) -> Vec<u8> {
    Com::of(groups).file()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_list_of_a_specimen_reads_and_is_written_again() {
        // Doc 9303-10, 4.6.1: LDS 1.7, Unicode 4.0.0, DG1, DG2, DG3, DG14.
        let file = [
            0x60, 0x16, 0x5F, 0x01, 4, b'0', b'1', b'0', b'7', 0x5F, 0x36, 6, b'0', b'4', b'0', b'0', b'0', b'0', 0x5C,
            4, 0x61, 0x75, 0x63, 0x6E,
        ];
        let com = Com::parse(&file).unwrap();
        assert_eq!(com, Com::of(&[1, 2, 3, 14]));
        assert_eq!(com.file(), file);
        assert!(Com::parse(&file[..20]).is_err());
        assert!(matches!(Com::parse(&[0x61, 0]), Err(LdsError::File { name: "COM", .. })));
    }

    proptest! {
        #[test]
        fn any_list_reads_back(groups in prop::collection::vec(1u8..=16, 0..20), major in 0u8..100) {
            let com = Com { lds_version: (major, 8), other_tags: vec![0x77], ..Com::of(&groups) };
            prop_assert_eq!(Com::parse(&com.file()).unwrap(), com);
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Com::parse(&tlv::object(0x60, &bytes));
        }
    }
}
