//! Any bytes as DG2: the whole file, one record of ISO/IEC 19794-5, and the objects of 39794-5.
#![no_main]
use sallyport_emrtd::{ChipContents, tlv};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let template = |tag| tlv::object(0x75, &tlv::object(0x7F61, &tlv::object(0x7F60, &tlv::object(tag, bytes))));
    for file in [bytes.to_vec(), template(0x5F2E), template(0x7F2E)] {
        let mut contents = ChipContents::default();
        contents.groups.insert(2, file);
        let images: usize = contents.dg2().map_or(0, |faces| faces.iter().map(|face| face.bytes.len()).sum());
        assert!(images <= bytes.len());
    }
});
