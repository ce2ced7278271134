//! Any bytes as DG1 and DG2.
#![no_main]
libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let mut contents = sallyport_emrtd::ChipContents::default();
    contents.groups.insert(1, file.to_vec());
    contents.groups.insert(2, file.to_vec());
    let _ = (contents.dg1(), contents.dg2());
});
