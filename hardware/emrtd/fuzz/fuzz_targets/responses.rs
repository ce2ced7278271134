//! Any bytes as responses to the terminal, each with its length in front; whatever parses as a command, to the chip.
#![no_main]
use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    chip::Chip,
    mrz::Mrz,
    terminal::{AccessKey, Terminal},
};
const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let key = || Mrz::parse(ZONE).expect("a zone").key();
    let mut terminal = Terminal::new(AccessKey::Mrz(key()), &mut StdRng::seed_from_u64(1));
    let mut chip = Chip::new(Default::default(), key(), Default::default(), &mut StdRng::seed_from_u64(2));
    let _ = terminal.advance(None);
    let mut rest = bytes;
    while let Some((&length, tail)) = rest.split_first() {
        let (message, tail) = tail.split_at(tail.len().min(usize::from(length)));
        let _ = (terminal.advance(Some(message)), chip.transmit(message));
        rest = tail;
    }
});
