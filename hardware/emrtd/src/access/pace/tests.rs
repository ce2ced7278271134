#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use rand::{CryptoRng, SeedableRng as _, rngs::StdRng};

use super::{vectors::Script, *};
use crate::{
    crypto::group::{Group, KeyPair, ParameterForm},
    security_info::{Mapping, SecurityInfo, SecurityInfos},
};

fn can(digits: &str) -> Password {
    Password::of_can(&Can::parse(digits).unwrap())
}

/// What both sides got.
struct Run {
    terminal: terminal::Established,
    chip: Keys,
    infos: SecurityInfos,
}

fn static_key(offer: &Offer, rng: &mut impl CryptoRng) -> Option<KeyPair> {
    (offer.protocol.mapping == Mapping::ChipAuthentication).then(|| KeyPair::generate(&offer.group, rng).unwrap())
}

fn infos_of(key: Option<&KeyPair>, id: Option<u64>) -> SecurityInfos {
    SecurityInfos(
        key.map(|key| {
            let written = key.public().public_key_info(ParameterForm::Explicit).unwrap();
            SecurityInfo::of_public_key(key.public(), written, id)
        })
        .into_iter()
        .collect(),
    )
}

fn run(offer: &Offer, terminal: &str, chip: &str, rng: &mut impl CryptoRng) -> Result<Run, PaceError> {
    let key = static_key(offer, rng);
    let infos = infos_of(key.as_ref(), offer.parameter_id);
    let (terminal, command) = terminal::AwaitNonce::start(offer.clone(), can(terminal));
    let (chip, response) = chip::AwaitStart::new(offer.clone(), can(chip), key)?.nonce(&command, rng)?;
    let (terminal, command) = terminal.map(&response, rng)?;
    let (chip, response) = chip.map(&command, rng)?;
    let (terminal, command) = terminal.agree(&response, rng)?;
    let (chip, response) = chip.agree(&command, rng)?;
    let (terminal, command) = terminal.authenticate(&response)?;
    let (chip, response) = chip.finish(&command)?;
    Ok(Run { terminal: terminal.finish(&response)?, chip: chip.keys, infos })
}

fn standardized(protocol: PaceProtocol, id: u8) -> Option<Offer> {
    let infos = SecurityInfos(vec![SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(id.into()) }]);
    Offer::all(&infos).pop()
}

/// EF.CardAccess is not signed: whoever wrote it must not keep the terminal computing.
#[test]
fn no_more_offers_are_looked_at_than_a_chip_can_have() {
    let protocol = PaceProtocol { mapping: Mapping::Generic, agreement: Agreement::Ecdh, suite: Suite::Aes128 };
    let offer = |id| SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(id) };
    let group = Group::standardized(13).unwrap();
    let explicit = group.algorithm_identifier(ParameterForm::Explicit).unwrap();
    let parameters =
        (32..52).map(|id| SecurityInfo::of_parameters(&group, Mapping::Generic, explicit.clone(), Some(id)));
    let mut infos = SecurityInfos((32..52).map(offer).chain(parameters).collect());
    assert_eq!(Offer::all(&infos).len(), 4);
    // Nor do they hide what comes behind them.
    infos.0.push(offer(12));
    assert_eq!(Offer::all(&infos).len(), 5);
    assert_eq!(Offer::all(&SecurityInfos(vec![offer(12); 1_000])).len(), 64);
}

#[test]
fn both_sides_agree_for_every_mapping_group_and_cipher() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut runs = 0;
    for protocol in PaceProtocol::all() {
        for id in Group::STANDARDIZED {
            let fits = Group::standardized(id).unwrap().agreement() == protocol.agreement;
            // P-224, number 10, has p = 1 mod 4, which the point encoding of integrated mapping does not serve.
            let fits = fits && !(protocol.mapping == Mapping::Integrated && id == 10);
            let Some(offer) = standardized(protocol, id) else {
                assert!(!fits, "{protocol:?} in {id}");
                continue;
            };
            assert!(fits, "{protocol:?} in {id}");
            let run = run(&offer, "123456", "123456", &mut rng).unwrap_or_else(|e| panic!("{protocol:?} in {id}: {e}"));
            assert_eq!(run.terminal.keys.encryption, run.chip.encryption);
            assert_eq!(run.terminal.keys.mac, run.chip.mac);
            assert_ne!(run.chip.mac, run.chip.encryption);
            assert_eq!(run.terminal.chip_proof.is_some(), protocol.mapping == Mapping::ChipAuthentication);
            if let Some(proof) = run.terminal.chip_proof {
                proof.verify(&run.infos, offer.parameter_id).unwrap();
            }
            runs += 1;
        }
    }
    // 2 mappings x 4 ciphers x 3 fields, 4 x 11 curves generic, 4 x 10 integrated, 3 x 11 with chip authentication.
    assert_eq!(runs, 24 + 44 + 40 + 33);
}

#[test]
fn both_sides_agree_with_explicit_parameters() {
    let mut rng = StdRng::seed_from_u64(2);
    for (agreement, id) in [(Agreement::Ecdh, 13), (Agreement::Dh, 2)] {
        let protocol = PaceProtocol { mapping: Mapping::Generic, agreement, suite: Suite::Aes256 };
        let group = Group::standardized(id).unwrap();
        let algorithm = group.algorithm_identifier(ParameterForm::Explicit).unwrap();
        for number in [Some(40), None] {
            let infos = SecurityInfos(vec![
                SecurityInfo::Pace { protocol, version: 2, parameter_id: number },
                SecurityInfo::of_parameters(&group, protocol.mapping, algorithm.clone(), number),
            ]);
            let offer = Offer::select(&SecurityInfos::parse(&infos.to_der()).unwrap()).unwrap();
            assert_eq!((offer.group.id(), offer.parameter_id), (Some(id), number));
            run(&offer, "000001", "000001", &mut rng).unwrap();
            // Parameters of another number are not these.
            let mut other = infos.clone();
            other.0[1] = SecurityInfo::of_parameters(&group, protocol.mapping, algorithm.clone(), Some(41));
            assert_eq!(Offer::select(&other).is_err(), number.is_some());
        }
    }
}

/// PKCS #3 tells no order, and so nothing of how hard logarithms are.
#[test]
fn a_field_without_the_order_of_its_generator_is_no_offer() {
    let group = Group::standardized(2).unwrap();
    let square = KeyPair::from_private(&group, &[2]).unwrap();
    let numbers = [&[0], &group.prime().to_vec()[..], square.public().encoded()];
    let parameters = [tlv::object(2, &numbers[..2].concat()), tlv::object(2, numbers[2])].concat();
    let dh_key_agreement = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 3, 1];
    let algorithm = tlv::constructed(0x30, &[&tlv::object(6, &dh_key_agreement), &tlv::object(0x30, &parameters)]);
    assert!(Group::from_algorithm_identifier(&algorithm).is_ok());
    let protocol = PaceProtocol { mapping: Mapping::Generic, agreement: Agreement::Dh, suite: Suite::Aes128 };
    let infos = SecurityInfos(vec![
        SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(40) },
        SecurityInfo::of_parameters(&group, protocol.mapping, algorithm, Some(40)),
    ]);
    assert_eq!(Offer::select(&infos), Err(PaceError::NoOffer));
}

#[test]
fn the_best_offer_is_taken_and_unusable_ones_are_not() {
    let pace = |mapping, agreement, suite, version, id| SecurityInfo::Pace {
        protocol: PaceProtocol { mapping, agreement, suite },
        version,
        parameter_id: Some(id),
    };
    use {Agreement::*, Mapping::*, Suite::*};
    let infos = SecurityInfos(vec![
        pace(Generic, Dh, Aes256, 2, 2),
        pace(Generic, Ecdh, TripleDes, 2, 12),
        pace(Generic, Ecdh, Aes128, 2, 13),
        pace(Generic, Ecdh, Aes256, 1, 13),
        pace(Integrated, Ecdh, Aes256, 2, 10),
        pace(Generic, Ecdh, Aes256, 2, 2),
        pace(Generic, Ecdh, Aes256, 2, 7),
        pace(ChipAuthentication, Ecdh, Aes128, 2, 12),
    ]);
    let offers: Vec<_> = Offer::all(&infos).iter().map(|o| (o.protocol.mapping, o.parameter_id)).collect();
    assert_eq!(offers, [(ChipAuthentication, Some(12)), (Generic, Some(13)), (Generic, Some(12)), (Generic, Some(2))]);
    let none = SecurityInfos(vec![pace(Generic, Ecdh, Aes256, 1, 13)]);
    assert_eq!(Offer::select(&none), Err(PaceError::NoOffer));
}

#[test]
fn another_password_is_told_as_such_by_both_sides() {
    let mut rng = StdRng::seed_from_u64(3);
    for protocol in PaceProtocol::all().filter(|protocol| protocol.suite != Suite::Aes192) {
        let offer = standardized(protocol, if protocol.agreement == Agreement::Ecdh { 12 } else { 0 }).unwrap();
        let refusal = run(&offer, "123456", "123457", &mut rng).err();
        assert_eq!(refusal, Some(PaceError::WrongPassword { tries_left: None }), "{protocol:?}");
    }
    assert_eq!(PaceError::of_status(0x63C2), PaceError::WrongPassword { tries_left: Some(2) });
    assert_eq!(PaceError::of_status(0x6300), PaceError::WrongPassword { tries_left: None });
    assert_eq!(PaceError::of_status(0x6A80), PaceError::Refused(0x6A80));
}

fn generic(id: u8) -> Offer {
    let agreement = Group::standardized(id).unwrap().agreement();
    standardized(PaceProtocol { mapping: Mapping::Generic, agreement, suite: Suite::Aes128 }, id).unwrap()
}

/// A terminal that waits for mapping data, and the data it sent.
fn waiting(offer: &Offer, rng: &mut impl CryptoRng) -> (terminal::AwaitMapping, Vec<u8>) {
    let (terminal, _) = terminal::AwaitNonce::start(offer.clone(), can("123456"));
    terminal.map(&dynamic_data(&[(NONCE, &[7; 16])]), rng).unwrap()
}

#[test]
fn a_chip_that_sends_back_what_it_got_is_refused() {
    for id in [12, 13, 0, 2] {
        let (offer, mut rng) = (generic(id), StdRng::seed_from_u64(4));
        let (terminal, command) = waiting(&offer, &mut rng);
        let own = find(&command, TERMINAL_MAPPING, "").unwrap();
        let refusal = terminal.agree(&dynamic_data(&[(CHIP_MAPPING, own)]), &mut rng).err();
        assert!(matches!(refusal, Some(PaceError::Protocol(_))), "{id}");
        let (terminal, _) = waiting(&offer, &mut rng);
        let chip = KeyPair::generate(&offer.group, &mut rng).unwrap();
        let (terminal, command) =
            terminal.agree(&dynamic_data(&[(CHIP_MAPPING, chip.public().encoded())]), &mut rng).unwrap();
        let own = find(&command, TERMINAL_KEY, "").unwrap();
        let refusal = terminal.authenticate(&dynamic_data(&[(CHIP_KEY, own)])).err();
        assert!(matches!(refusal, Some(PaceError::Protocol(_))), "{id}");
    }
}

#[test]
fn keys_at_infinity_beside_the_curve_or_outside_the_subgroup_are_refused_in_both_steps_and_by_both_sides() {
    for id in [12, 13, 18, 0, 2] {
        let (offer, mut rng) = (generic(id), StdRng::seed_from_u64(5));
        let good = KeyPair::generate(&offer.group, &mut rng).unwrap();
        let mut beside = good.public().encoded().to_vec();
        *beside.last_mut().unwrap() ^= 1;
        let zeros = vec![0; beside.len()];
        for bad in [&[][..], &[0], &[1], &[2], &[4], &zeros, &beside] {
            let refused = |error: Option<PaceError>| matches!(error, Some(PaceError::Group(GroupError::PublicKey(_))));
            let (terminal, _) = waiting(&offer, &mut rng);
            assert!(refused(terminal.agree(&dynamic_data(&[(CHIP_MAPPING, bad)]), &mut rng).err()), "{id}: {bad:02X?}");
            let (terminal, _) = waiting(&offer, &mut rng);
            let (terminal, _) =
                terminal.agree(&dynamic_data(&[(CHIP_MAPPING, good.public().encoded())]), &mut rng).unwrap();
            assert!(refused(terminal.authenticate(&dynamic_data(&[(CHIP_KEY, bad)])).err()), "{id}: {bad:02X?}");
            let chip = || chip::AwaitStart::new(offer.clone(), can("123456"), None).unwrap();
            let (awaiting, _) = chip().nonce(&dynamic_data(&[]), &mut rng).unwrap();
            assert!(refused(awaiting.map(&dynamic_data(&[(TERMINAL_MAPPING, bad)]), &mut rng).err()));
            let (awaiting, _) = chip().nonce(&dynamic_data(&[]), &mut rng).unwrap();
            let (awaiting, _) =
                awaiting.map(&dynamic_data(&[(TERMINAL_MAPPING, good.public().encoded())]), &mut rng).unwrap();
            assert!(refused(awaiting.agree(&dynamic_data(&[(TERMINAL_KEY, bad)]), &mut rng).err()));
        }
    }
}

#[test]
fn a_chip_that_makes_the_mapped_generator_neutral_is_refused() {
    // The nonce n decrypts to s; with H = -s·G the generator would be infinity. The terminal's key is 1 here.
    let offer = generic(12);
    let mut rng = Script::new(&[&format!("{:0>64}", "1")]);
    let (terminal, _) = waiting(&offer, &mut rng);
    let nonce = Suite::Aes128.decrypt(&can("123456").key(Suite::Aes128), &[0; 16], &[7; 16]);
    let scaled = KeyPair::from_private(&offer.group, &nonce).unwrap();
    let minus_one = KeyPair::from_private(&offer.group, &[1]).unwrap();
    let mut last = offer.group.order().to_owned().unwrap();
    last.sub_word(1).unwrap();
    let inverse = KeyPair::multiple(scaled.public(), &last.to_vec()).unwrap();
    assert_ne!(&inverse, minus_one.public());
    let refusal = terminal.agree(&dynamic_data(&[(CHIP_MAPPING, inverse.encoded())]), &mut rng).err();
    assert_eq!(refusal, Some(GroupError::PublicKey("the mapped generator is neutral").into()));
}

#[test]
fn a_copy_without_the_static_private_key_does_not_prove_itself() {
    let mut rng = StdRng::seed_from_u64(6);
    let protocol =
        PaceProtocol { mapping: Mapping::ChipAuthentication, agreement: Agreement::Ecdh, suite: Suite::Aes128 };
    let offer = standardized(protocol, 13).unwrap();
    let run = run(&offer, "123456", "123456", &mut rng).unwrap();
    let proof = run.terminal.chip_proof.unwrap();
    assert!(proof.verify(&run.infos, Some(13)).is_ok());
    // Its key may stand under another number, or beside others.
    assert!(proof.verify(&run.infos, Some(99)).is_ok());
    let genuine = KeyPair::generate(&offer.group, &mut rng).unwrap();
    let of_original = infos_of(Some(&genuine), Some(13));
    assert_eq!(proof.verify(&of_original, Some(13)).unwrap_err(), ChipProofError::Wrong);
    let both = SecurityInfos([of_original.0, run.infos.0].concat());
    assert!(proof.verify(&both, Some(13)).is_ok());
    let elsewhere = KeyPair::generate(&Group::standardized(12).unwrap(), &mut rng).unwrap();
    assert_eq!(proof.verify(&infos_of(Some(&elsewhere), Some(13)), Some(13)).unwrap_err(), ChipProofError::NoKey);
}

#[test]
fn a_chip_without_a_fitting_static_key_does_not_begin() {
    let mut rng = StdRng::seed_from_u64(7);
    let protocol =
        PaceProtocol { mapping: Mapping::ChipAuthentication, agreement: Agreement::Ecdh, suite: Suite::Aes128 };
    let offer = standardized(protocol, 13).unwrap();
    assert!(chip::AwaitStart::new(offer.clone(), can("123456"), None).is_err());
    let other = KeyPair::generate(&Group::standardized(12).unwrap(), &mut rng).unwrap();
    assert!(chip::AwaitStart::new(offer, can("123456"), Some(other)).is_err());
}

#[test]
fn a_chip_with_integrated_mapping_may_answer_the_mapping_with_nothing() {
    let mut rng = StdRng::seed_from_u64(8);
    let protocol = PaceProtocol { mapping: Mapping::Integrated, agreement: Agreement::Ecdh, suite: Suite::Aes256 };
    let offer = standardized(protocol, 12).unwrap();
    for answer in [&[][..], &[0x7C, 0], &[0x7C, 2, 0x82, 0]] {
        let (terminal, _) = terminal::AwaitNonce::start(offer.clone(), can("123456"));
        let (terminal, _) = terminal.map(&dynamic_data(&[(NONCE, &[7; 32])]), &mut rng).unwrap();
        assert!(terminal.agree(answer, &mut rng).is_ok());
    }
    let (terminal, _) = terminal::AwaitNonce::start(offer, can("123456"));
    assert!(terminal.map(&dynamic_data(&[(NONCE, &[7; 16])]), &mut rng).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn arbitrary_answers_never_panic_and_never_succeed(
        answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 4),
        well_formed in 0usize..4,
    ) {
        let mut rng = StdRng::seed_from_u64(9);
        let offer = generic(12);
        let chip = KeyPair::generate(&offer.group, &mut rng).unwrap();
        let answer = |at: usize, good: Vec<u8>| if at < well_formed { good } else { answers[at].clone() };
        let (terminal, _) = terminal::AwaitNonce::start(offer, can("123456"));
        let result = (|| {
            let (terminal, _) = terminal.map(&answer(0, dynamic_data(&[(NONCE, &[1; 16])])), &mut rng)?;
            let key = chip.public().encoded();
            let (terminal, _) = terminal.agree(&answer(1, dynamic_data(&[(CHIP_MAPPING, key)])), &mut rng)?;
            let (terminal, _) = terminal.authenticate(&answer(2, dynamic_data(&[(CHIP_KEY, key)])))?;
            terminal.finish(&answer(3, Vec::new()))
        })();
        prop_assert!(result.is_err());
        let _ = SetAt::parse(&answers[0]);
    }
}
