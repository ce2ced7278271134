//! DG5 and DG7: the portrait and the signature as displayed (Doc 9303-10, 4.7.5 and 4.7.7); DG4: irises, as records.

use std::fmt;

use zeroize::Zeroizing;

use super::{
    ChipContents, ImageFormat, LdsError,
    biometric::{self, Block},
    group_tag,
};
use crate::tlv;

/// A displayed portrait, in DG5.
const PORTRAIT: u16 = 0x5F40;
/// A displayed signature or usual mark, in DG7.
const SIGNATURE: u16 = 0x5F43;

/// An image to be shown to a person.
pub struct DisplayedImage {
    /// How it is coded, where that is known.
    pub format: Option<ImageFormat>,
    /// The image file.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for DisplayedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisplayedImage({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

impl ChipContents {
    /// The records of DG4 as they are: ISO/IEC 19794-6, or the objects of 39794-6.
    pub fn dg4(&self) -> Result<Vec<Zeroizing<Vec<u8>>>, LdsError> {
        let mut records = Vec::new();
        biometric::each_template(4, self.group(4)?, |_, block| {
            let (Block::Record(bytes) | Block::Objects(bytes)) = block;
            records.push(Zeroizing::new(bytes.to_vec()));
            Ok(())
        })?;
        Ok(records)
    }

    /// Displayed portraits.
    pub fn dg5(&self) -> Result<Vec<DisplayedImage>, LdsError> {
        self.displayed(5, PORTRAIT)
    }

    /// Displayed signatures or usual marks.
    pub fn dg7(&self) -> Result<Vec<DisplayedImage>, LdsError> {
        self.displayed(7, SIGNATURE)
    }

    fn displayed(&self, group: u8, tag: u16) -> Result<Vec<DisplayedImage>, LdsError> {
        let mut images = Vec::new();
        for object in tlv::objects(self.group(group)?) {
            let object = object.map_err(|source| LdsError::Tlv { group, source })?;
            if object.tag == tag {
                let bytes = Zeroizing::new(object.value.to_vec());
                images.push(DisplayedImage { format: ImageFormat::of(&bytes), bytes });
            }
        }
        Ok(images)
    }
}

/// Writes EF.DG5 of these displayed portraits.
pub fn dg5_file(portraits: &[&[u8]]) -> Vec<u8> {
    write(5, PORTRAIT, portraits)
}

/// Writes EF.DG7 of these signatures.
pub fn dg7_file(signatures: &[&[u8]]) -> Vec<u8> {
    write(7, SIGNATURE, signatures)
}

fn write(group: u8, tag: u16, images: &[&[u8]]) -> Vec<u8> {
    let mut value = tlv::object(0x02, &[images.len() as u8]);
    for image in images {
        tlv::push(&mut value, tag, image);
    }
    tlv::object(group_tag(group).unwrap_or_default(), &value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tlv::TlvError;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn signatures_and_portraits_read_back(
            images in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..4)
        ) {
            let slices: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
            let contents = ChipContents::of(7, dg7_file(&slices));
            let read = contents.dg7().unwrap();
            prop_assert!(read.iter().map(|image| &*image.bytes).eq(images.iter()));
            let contents = ChipContents::of(5, dg5_file(&slices));
            prop_assert_eq!(contents.dg5().unwrap().len(), images.len());
        }
    }

    #[test]
    fn a_signature_knows_its_format_and_a_cut_file_is_refused() {
        let file = dg7_file(&[&[0xFF, 0xD8, 0xFF, 0xE0]]);
        assert_eq!(ChipContents::of(7, file.clone()).dg7().unwrap()[0].format, Some(ImageFormat::Jpeg));
        let cut = ChipContents::of(7, file[..file.len() - 1].to_vec());
        assert!(matches!(cut.dg7(), Err(LdsError::Tlv { group: 7, source: TlvError::Truncated { .. } })));
    }
}
