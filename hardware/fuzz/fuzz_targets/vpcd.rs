//! Any bytes from the other side of a virtual reader's line, the first as the size of the pieces.
#![no_main]
use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{chip::Chip, mrz::Mrz};
use sallyport_hardware::simulator::vpcd::{Messages, answer};
const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let key = Mrz::parse(ZONE).expect("a zone").key();
    let mut chip = Chip::new(Default::default(), key, Default::default(), &mut StdRng::seed_from_u64(1));
    let Some((&size, stream)) = bytes.split_first() else { return };
    let mut messages = Messages::default();
    for piece in stream.chunks(usize::from(size.max(1))) {
        messages.feed(piece);
        while let Ok(Some(message)) = messages.next_message() {
            if let Ok(Some(answer)) = answer(&mut chip, &message) {
                let (length, body) = answer.split_first_chunk().expect("a length");
                assert_eq!(usize::from(u16::from_be_bytes(*length)), body.len());
            }
        }
    }
});
