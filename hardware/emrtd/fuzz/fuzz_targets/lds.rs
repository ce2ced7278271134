//! Any bytes as the value of every data group with a form of its own; further details that parse are written and read
//! again.
#![no_main]
use sallyport_emrtd::{
    ChipContents,
    lds::{Com, PERSONS_TO_NOTIFY_MAX, dg16_file},
    tlv,
};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Com::parse(&tlv::object(0x60, bytes));
    let mut contents = ChipContents::default();
    const TAGS: [(u8, u16); 9] =
        [(1, 0x61), (3, 0x63), (4, 0x76), (5, 0x65), (7, 0x67), (11, 0x6B), (12, 0x6C), (14, 0x6E), (16, 0x70)];
    for (group, tag) in TAGS {
        contents.groups.insert(group, tlv::object(tag, bytes));
    }
    let _ = (contents.dg1(), contents.dg3(), contents.dg4(), contents.dg5(), contents.dg7(), contents.group(14));
    let (person, document, notified) = (contents.dg11(), contents.dg12(), contents.dg16());
    let mut again = ChipContents::default();
    if let (Ok(person), Ok(document), Ok(notified)) = (person, document, notified) {
        again.groups = [(11, person.file()), (12, document.file()), (16, dg16_file(&notified))].into();
        let read = (again.dg11().expect("DG11"), again.dg12().expect("DG12"), again.dg16().expect("DG16"));
        assert!(read.0.birth == person.birth && read.1.issued == document.issued);
        assert_eq!(read.2.len(), notified.len().min(PERSONS_TO_NOTIFY_MAX));
    }
});
