//! Any bytes from whoever places a finger on the virtual sensor: what is read is what would be written.
#![no_main]
use sallyport_hardware::simulator::fingerprint::Message;
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some((message, length))) = Message::parse(rest) {
        assert_eq!(message.write().len(), length);
        rest = &rest[length..];
    }
});
