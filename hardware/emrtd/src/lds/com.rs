//! EF.COM: the list of the data groups (Doc 9303-10, 4.6.1).

use super::group_tag;
use crate::tlv;

/// Writes EF.COM for these data groups: LDS 1.7, Unicode 4.0.0.
pub(crate) fn write_com(groups: &[u8]) -> Vec<u8> {
    let tags: Vec<u8> = groups.iter().filter_map(|&group| group_tag(group)).map(|tag| tag as u8).collect();
    tlv::constructed(0x60, &[&tlv::object(0x5F01, b"0107"), &tlv::object(0x5F36, b"040000"), &tlv::object(0x5C, &tags)])
}
