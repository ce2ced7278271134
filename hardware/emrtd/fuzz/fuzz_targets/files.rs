//! Any bytes as the files of a chip that the terminal reads over BAC: EF.COM up to the first FF, DG1 and DG2 after it.
#![no_main]
use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    chip::{Chip, ChipFiles},
    mrz::Mrz,
    terminal::{self, AccessKey, Terminal},
};
const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (com, groups) = bytes.split_at(bytes.iter().position(|&byte| byte == 0xFF).unwrap_or(bytes.len()));
    let group = groups.get(1..).unwrap_or_default().to_vec();
    let groups = [(1, group.clone()), (2, group)].into();
    let files = ChipFiles { com: com.to_vec(), sod: vec![0x77, 1, 0], groups, ..Default::default() };
    let key = || Mrz::parse(ZONE).expect("a zone").key();
    let mut chip = Chip::new(files, key(), Default::default(), &mut StdRng::seed_from_u64(2));
    let mut terminal = Terminal::new(AccessKey::Mrz(key()), &mut StdRng::seed_from_u64(1));
    let _ = terminal::read(&mut terminal, &mut |command| Ok::<_, ()>(chip.transmit(command)), &mut |_| {});
});
