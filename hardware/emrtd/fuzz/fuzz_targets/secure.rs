//! Any bytes as a response under secure messaging, which must be refused, and as the content of a genuine one, which
//! must arrive.
#![no_main]
use sallyport_emrtd::secure::{Channel, Keys};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let channel = || Channel::new(Keys::derive(b"seed"), 7);
    assert!(channel().open(bytes).is_err());
    let (content, status) = channel().open(&channel().protect_response(bytes, 0x9000)).expect("a genuine response");
    assert_eq!((content.as_slice(), status), (bytes, 0x9000));
});
