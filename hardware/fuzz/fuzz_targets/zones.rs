//! Any bytes from a page reader; a fill byte of FF is silence.
#![no_main]
use sallyport_hardware::document::zone::ZoneFramer;
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut framer = ZoneFramer::default();
    for piece in bytes.split(|&byte| byte == 0xFF) {
        for zone in framer.feed(piece).into_iter().chain(framer.silence()) {
            let widths: Vec<usize> = zone.lines().map(str::len).collect();
            assert!(matches!(widths.as_slice(), [44, 44] | [36, 36] | [30, 30, 30]), "{widths:?}");
        }
    }
});
