//! Any bytes on the turnstile's line, to the controller and to the turnstile.
#![no_main]
use sallyport_hardware::{
    barrier::{Event, frame::Parser},
    simulator::turnstile::{Settings, Turnstile},
};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::default();
    parser.feed(bytes);
    while let Some(frame) = parser.next_frame() {
        let _ = Event::parse(&frame);
    }
    Turnstile::new(Settings::default(), 0).advance(1, bytes);
});
