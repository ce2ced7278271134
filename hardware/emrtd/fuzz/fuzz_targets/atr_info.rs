//! Any bytes as EF.ATR/INFO and EF.DIR; what parses reads the same when it is written again.
#![no_main]
use sallyport_emrtd::lds::{AtrInfo, dir_file, parse_dir};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(info) = AtrInfo::parse(bytes) {
        assert_eq!(AtrInfo::parse(&info.file()), Ok(info));
    }
    if let Ok(applications) = parse_dir(bytes) {
        assert_eq!(parse_dir(&dir_file(&applications)).map(|read| read.len()), Ok(applications.len()));
    }
});
