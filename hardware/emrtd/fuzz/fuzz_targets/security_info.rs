//! Any bytes as EF.CardAccess: what parses is written, and its keys and offers are looked at.
#![no_main]
use sallyport_emrtd::{access::pace::Offer, security_info::SecurityInfos};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(infos) = SecurityInfos::parse(bytes) {
        assert_eq!(SecurityInfos::parse(&infos.to_der()).map(|again| again.0.len()), Ok(infos.0.len()));
        infos.chip_authentication_keys().for_each(drop);
        let _ = Offer::select(&infos);
    }
});
