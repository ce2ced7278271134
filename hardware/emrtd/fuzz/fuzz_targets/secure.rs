//! Any bytes as a response under secure messaging, which must be refused, and as the content of a genuine one, which
//! must arrive; the first byte chooses the suite.
#![no_main]
use sallyport_emrtd::{
    apdu::Command,
    crypto::suite::Suite,
    secure::{Channel, Keys},
};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let suite = Suite::ALL[usize::from(bytes.first().copied().unwrap_or_default()) % Suite::ALL.len()];
    let channel = || Channel::new(Keys::derive(suite, b"seed"));
    assert!(channel().open(bytes).is_err());
    assert!(channel().open_command(&Command::new([0x0C, 0xB0, 0, 0]).data(bytes)).is_err());
    let genuine = channel().protect_response(0xB0, bytes, 0x9000);
    let (content, status) = channel().open(&genuine).expect("a genuine response");
    assert_eq!((content.as_slice(), status), (bytes, 0x9000));
});
