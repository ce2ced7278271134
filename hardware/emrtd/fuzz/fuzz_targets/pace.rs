//! Any bytes as answers of a chip in PACE, each with its length in front; the first byte chooses the variant.
#![no_main]
use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    access::pace::{Offer, Password, SetAt, terminal::AwaitNonce},
    mrz::Can,
    security_info::{PaceProtocol, SecurityInfo, SecurityInfos},
};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = SetAt::parse(bytes);
    let Some((&variant, mut rest)) = bytes.split_first() else { return };
    let mut answer = || {
        let (&length, tail) = rest.split_first().unwrap_or((&0, &[]));
        let (message, tail) = tail.split_at(tail.len().min(usize::from(length)));
        rest = tail;
        message
    };
    let Some(protocol) = PaceProtocol::all().nth(usize::from(variant) % 19) else { return };
    let parameter_id = Some(if variant & 0x80 == 0 { 12 } else { 0 });
    let info = SecurityInfo::Pace { protocol, version: 2, parameter_id };
    let Ok(offer) = Offer::select(&SecurityInfos(vec![info])) else { return };
    let mut rng = StdRng::seed_from_u64(1);
    let password = Password::of_can(&Can::parse("123456").expect("six digits"));
    let (terminal, _) = AwaitNonce::start(offer, password);
    let Ok((terminal, _)) = terminal.map(answer(), &mut rng) else { return };
    let Ok((terminal, _)) = terminal.agree(answer(), &mut rng) else { return };
    let Ok((terminal, _)) = terminal.authenticate(answer()) else { return };
    assert!(terminal.finish(answer()).is_err(), "no chip without the password");
});
