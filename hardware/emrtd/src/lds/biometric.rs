//! The biometric information templates of DG2, DG3 and DG4 (Doc 9303-10, 4.7.2.1, tables 44 and 47; ISO/IEC 7816-11).

use super::LdsError;
use crate::tlv::{self, TlvError};

const GROUP_TEMPLATE: u16 = 0x7F61;
const TEMPLATE: u16 = 0x7F60;
const HEADER: u16 = 0xA1;
/// Biometric subtype (Doc 9303-10, table 49).
const SUBTYPE: u16 = 0x82;
/// A data block of ISO/IEC 19794 (Doc 9303-10, 4.5.6, table 1).
const BLOCK: u16 = 0x5F2E;
/// A data block of ISO/IEC 39794.
const BLOCK_39794: u16 = 0x7F2E;
/// Issuer-defined content beside an empty group template, to make its hash differ (Doc 9303-10, 4.7.3.2.2).
const ISSUER_DEFINED: u16 = 0x53;
/// ISO/IEC JTC 1/SC 37.
const FORMAT_OWNER: [u8; 2] = [1, 1];

/// The data block of one template.
#[derive(Clone, Copy)]
pub(super) enum Block<'a> {
    /// A record of ISO/IEC 19794.
    Record(&'a [u8]),
    /// The objects below tag 7F2E, of ISO/IEC 39794.
    Objects(&'a [u8]),
}

/// Hands each template of the group to `take`: the biometric subtype of its header, and its data block. A group without
/// any is right: there may be no fingers.
pub(super) fn each_template<'a>(
    group: u8,
    value: &'a [u8],
    mut take: impl FnMut(Option<u8>, Block<'a>) -> Result<(), LdsError>,
) -> Result<(), LdsError> {
    let wrong = |source| LdsError::Tlv { group, source };
    let mut groups = 0;
    for object in tlv::objects(value) {
        let object = object.map_err(wrong)?;
        if object.tag != GROUP_TEMPLATE {
            continue;
        }
        groups += 1;
        for template in tlv::objects(object.value) {
            let template = template.map_err(wrong)?;
            if template.tag == TEMPLATE {
                let (subtype, block) = read_template(template.value).map_err(wrong)?;
                take(subtype, block)?;
            }
        }
    }
    if groups == 0 { Err(wrong(TlvError::Missing(GROUP_TEMPLATE))) } else { Ok(()) }
}

/// What the block is, it says itself: format owner and type of the header are not relied upon.
fn read_template(template: &[u8]) -> Result<(Option<u8>, Block<'_>), TlvError> {
    let subtype = match tlv::find_optional(template, HEADER)? {
        Some(header) => tlv::find_optional(header, SUBTYPE)?.and_then(|value| value.first().copied()),
        None => None,
    };
    let block = match tlv::find_optional(template, BLOCK)? {
        Some(record) => Block::Record(record),
        None => {
            let value = tlv::find(template, BLOCK_39794)?;
            // Older documents have a record of ISO/IEC 19794 in what was then the constructed form of the same tag.
            if [b"FAC\0", b"FIR\0", b"IIR\0"].iter().any(|identifier| value.starts_with(*identifier)) {
                Block::Record(value)
            } else {
                Block::Objects(value)
            }
        }
    };
    Ok((subtype, block))
}

/// Writes one template; `block` is a whole object.
pub(super) fn write_template(biometric_type: u8, subtype: Option<u8>, format_type: u16, block: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    tlv::push(&mut header, 0x80, &[1, 1]);
    tlv::push(&mut header, 0x81, &[biometric_type]);
    if let Some(subtype) = subtype {
        tlv::push(&mut header, SUBTYPE, &[subtype]);
    }
    tlv::push(&mut header, 0x87, &FORMAT_OWNER);
    tlv::push(&mut header, 0x88, &format_type.to_be_bytes());
    tlv::constructed(TEMPLATE, &[&tlv::object(HEADER, &header), block])
}

/// The data block object of a record of ISO/IEC 19794.
pub(super) fn record_block(record: &[u8]) -> Vec<u8> {
    tlv::object(BLOCK, record)
}

/// The data block object of ISO/IEC 39794 (Doc 9303-10, 4.5.6, table 2).
pub(super) fn objects_block(object: &[u8]) -> Vec<u8> {
    tlv::object(BLOCK_39794, &tlv::object(0xA1, object))
}

/// Writes the file of these templates. One without any may have issuer-defined content.
pub(super) fn write_group(file_tag: u16, templates: &[Vec<u8>], issuer_defined: Option<&[u8]>) -> Vec<u8> {
    let count = tlv::object(0x02, &[templates.len() as u8]);
    let group = tlv::object(GROUP_TEMPLATE, &[count, templates.concat()].concat());
    let rest = issuer_defined.map(|content| tlv::object(ISSUER_DEFINED, content)).unwrap_or_default();
    tlv::constructed(file_tag, &[&group, &rest])
}
