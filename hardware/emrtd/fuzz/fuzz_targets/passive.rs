//! Any bytes as EF.SOD, over a DG1.
#![no_main]
libfuzzer_sys::fuzz_target!(|sod: &[u8]| {
    let mut contents = sallyport_emrtd::ChipContents::default();
    contents.sod = sod.to_vec();
    contents.groups.insert(1, vec![0x61, 0]);
    let _ = sallyport_emrtd::passive::verify(&contents, &Default::default(), 1_780_000_000);
});
