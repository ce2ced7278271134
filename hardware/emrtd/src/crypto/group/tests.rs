#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use super::*;
use crate::tlv;

fn number(text: &str) -> BigNum {
    BigNum::from_hex_str(text).unwrap()
}

#[test]
fn both_sides_agree_in_every_standardized_group_and_however_it_is_written() {
    let mut rng = StdRng::seed_from_u64(1);
    for id in Group::STANDARDIZED {
        let group = Group::standardized(id).unwrap();
        assert_eq!(group.id(), Some(id));
        let one = KeyPair::generate(&group, &mut rng).unwrap();
        let field = group.field_bytes();
        let expected = if group.agreement() == Agreement::Ecdh { 1 + 2 * field } else { field };
        assert_eq!(one.public().encoded().len(), expected);
        for form in [ParameterForm::Standardized, ParameterForm::Named, ParameterForm::Explicit] {
            let read = PublicKey::from_public_key_info(&one.public().public_key_info(form).unwrap()).unwrap();
            assert_eq!(read, *one.public(), "{id} as {form:?}");
            assert_eq!(read.group().id(), Some(id), "{form:?}");
            let other = KeyPair::generate(read.group(), &mut rng).unwrap();
            let secret = one.agree(other.public()).unwrap();
            assert_eq!(secret, other.agree(&read).unwrap());
            assert_eq!(secret.len(), field);
            assert_ne!(secret, one.agree(one.public()).unwrap());
        }
        let again = KeyPair::from_private(&group, &one.private_bytes().unwrap()).unwrap();
        assert_eq!(again.public(), one.public());
    }
    for id in [3u8, 7, 19, 31, 255] {
        assert_eq!(Group::standardized(id).unwrap_err(), GroupError::NotStandardized(id.into()));
    }
}

#[test]
fn both_sides_map_the_same_generator_and_agree_on_it() {
    let mut rng = StdRng::seed_from_u64(2);
    for id in Group::STANDARDIZED {
        let group = Group::standardized(id).unwrap();
        let (one, two) = (KeyPair::generate(&group, &mut rng).unwrap(), KeyPair::generate(&group, &mut rng).unwrap());
        let mapped = group.map_generic(&[7; 16], &one, two.public()).unwrap();
        let same = group.map_generic(&[7; 16], &two, one.public()).unwrap();
        assert_eq!(mapped.encode().unwrap(), same.encode().unwrap());
        let other = group.map_generic(&[8; 16], &two, one.public()).unwrap();
        assert_ne!(mapped.encode().unwrap(), other.encode().unwrap());
        // A mapped generator generates the same group.
        assert!(group.decode(&mapped.encode().unwrap()).is_ok());
        let (three, four) =
            (KeyPair::generate_mapped(&mapped, &mut rng).unwrap(), KeyPair::generate_mapped(&same, &mut rng).unwrap());
        assert_eq!(three.agree(four.public()).unwrap(), four.agree(three.public()).unwrap());
        let private = three.private_bytes().unwrap();
        assert_eq!(KeyPair::from_private_mapped(&same, &private).unwrap().public(), three.public());
        assert_ne!(KeyPair::from_private(&group, &private).unwrap().public(), three.public());
    }
}

#[test]
fn points_at_infinity_beside_the_curve_or_in_another_form_are_refused() {
    let mut rng = StdRng::seed_from_u64(3);
    for id in 8..=18 {
        let group = Group::standardized(id).unwrap();
        let good = KeyPair::generate(&group, &mut rng).unwrap().public().encoded().to_vec();
        assert!(group.decode(&good).is_ok());
        let mut beside = good.clone();
        *beside.last_mut().unwrap() ^= 1;
        let field = group.field_bytes();
        let compressed = [&[2 + (good[2 * field] & 1)], &good[1..=field]].concat();
        let hybrid = [&[6 + (good[2 * field] & 1)], &good[1..]].concat();
        // x + p fits where the prime leaves room in its highest byte; OpenSSL must not reduce it.
        let mut unreduced = BigNum::from_slice(&good[1..=field]).unwrap();
        unreduced = &unreduced + group.prime();
        let unreduced = unreduced.to_vec_padded(field.try_into().unwrap()).unwrap_or_default();
        let unreduced = [&[4], &unreduced[..], &good[1 + field..]].concat();
        for bad in [&[][..], &[0], &[0; 33], &[4], &beside, &compressed, &hybrid, &unreduced, &good[..good.len() - 1]] {
            assert!(matches!(group.decode(bad), Err(GroupError::PublicKey(_))), "{id}: {bad:02X?}");
        }
        let zeros = vec![0; good.len()];
        assert!(group.decode(&zeros).is_err());
    }
}

#[test]
fn integers_outside_the_subgroup_are_refused() {
    let mut rng = StdRng::seed_from_u64(4);
    for id in [0, 1, 2] {
        let group = Group::standardized(id).unwrap();
        let mut last = group.prime().to_owned().unwrap();
        last.sub_word(1).unwrap();
        // p - 1 has order 2; 2 generates more than the subgroup.
        for bad in [vec![], vec![0], vec![1], vec![2], last.to_vec(), group.prime().to_vec(), vec![0xFF; 257]] {
            assert!(matches!(group.decode(&bad), Err(GroupError::PublicKey(_))), "{id}: {bad:02X?}");
        }
        let good = KeyPair::generate(&group, &mut rng).unwrap();
        let padded = [&[0, 0], good.public().encoded()].concat();
        assert_eq!(group.decode(&padded).unwrap(), *good.public());
    }
}

#[test]
fn private_keys_lie_between_one_and_the_order() {
    for id in [0, 12, 18] {
        let group = Group::standardized(id).unwrap();
        let order = group.order().to_vec();
        assert_eq!(KeyPair::from_private(&group, &order).unwrap_err(), GroupError::PrivateKey);
        assert_eq!(KeyPair::from_private(&group, &[0; 20]).unwrap_err(), GroupError::PrivateKey);
        let mut last = group.order().to_owned().unwrap();
        last.sub_word(1).unwrap();
        assert!(KeyPair::from_private(&group, &last.to_vec()).is_ok());
        let one = KeyPair::from_private(&group, &[1]).unwrap();
        assert_eq!(one.public().encoded(), group.generator().unwrap());
    }
}

#[test]
fn keys_of_two_groups_do_not_meet() {
    let mut rng = StdRng::seed_from_u64(5);
    let mut pair = |id| KeyPair::generate(&Group::standardized(id).unwrap(), &mut rng).unwrap();
    let (nist, brainpool, field) = (pair(12), pair(13), pair(2));
    for other in [&brainpool, &field] {
        assert_eq!(nist.agree(other.public()).unwrap_err(), GroupError::OtherGroup);
        let mapped = nist.public().group().map_generic(&[1; 16], &nist, other.public());
        assert_eq!(mapped.err(), Some(GroupError::OtherGroup));
    }
}

/// The French curve FRP256v1 (ANSSI, 2011), which is not among the standardized ones.
fn french() -> [&'static str; 6] {
    [
        "F1FD178C0B3AD58F10126DE8CE42435B3961ADBCABC8CA6DE8FCF353D86E9C03",
        "F1FD178C0B3AD58F10126DE8CE42435B3961ADBCABC8CA6DE8FCF353D86E9C00",
        "EE353FCA5428A9300D4ABA754A44C00FDFEC0C9AE4B1A1803075ED967B7BB73F",
        "B6B3D4C356C139EB31183D4749D423958C27D2DCAF98B70164C97A2DD98F5CFF",
        "6142E0F7C8B204911F9271F0F3ECEF8C2701C307E8E4C9E183115A1554062CFB",
        "F1FD178C0B3AD58F10126DE8CE42435B53DC67E140D2BF941FFDD459C6D655E1",
    ]
}

fn curve([prime, a, b, x, y, order]: [&str; 6]) -> Result<Group, GroupError> {
    let generator = hex::decode(format!("04{x}{y}")).unwrap();
    Group::explicit_curve(parameters::CurveParameters {
        prime: number(prime),
        a: number(a),
        b: number(b),
        generator: &generator,
        order: number(order),
    })
}

#[test]
fn a_sound_curve_that_nobody_numbered_is_taken_and_an_unsound_one_is_not() {
    let mut rng = StdRng::seed_from_u64(6);
    let group = curve(french()).unwrap();
    assert_eq!(group.id(), None);
    let pair = KeyPair::generate(&group, &mut rng).unwrap();
    let written = pair.public().public_key_info(ParameterForm::Named).unwrap();
    let read = PublicKey::from_public_key_info(&written).unwrap();
    let other = KeyPair::generate(read.group(), &mut rng).unwrap();
    assert_eq!(pair.agree(other.public()).unwrap(), other.agree(&read).unwrap());
    // Each value changed by itself: prime, coefficients, generator, order.
    for at in 0..6 {
        let mut changed = french();
        let mut value = number(changed[at]);
        value.add_word(2).unwrap();
        let value = value.to_hex_str().unwrap().to_string();
        changed[at] = &value;
        assert!(matches!(curve(changed), Err(GroupError::Parameters(_))), "value {at}");
    }
    // A curve whose order is its prime is anomalous: its logarithms are easy.
    let mut anomalous = french();
    anomalous[5] = anomalous[0];
    assert!(curve(anomalous).is_err());
    // A known prime with another generator is no standardized curve, and is checked as any other.
    let known = Group::standardized(13).unwrap();
    let two = KeyPair::from_private(&known, &[2]).unwrap();
    let (a, b) = known.coefficients().unwrap();
    let own = Group::explicit_curve(parameters::CurveParameters {
        prime: known.prime().to_owned().unwrap(),
        a: a.to_owned().unwrap(),
        b: b.to_owned().unwrap(),
        generator: two.public().encoded(),
        order: known.order().to_owned().unwrap(),
    });
    assert_eq!(own.as_ref().unwrap().id(), None);
    assert_ne!(own.unwrap(), known);
}

#[test]
fn fields_with_explicit_parameters_are_known_again_or_checked() {
    let known = Group::standardized(2).unwrap();
    let generator = || BigNum::from_slice(&known.generator().unwrap()).unwrap();
    let prime = || known.prime().to_owned().unwrap();
    let order = || known.order().to_owned().unwrap();
    // PKCS #3 tells no order; it is known nevertheless.
    assert_eq!(Group::explicit_field(prime(), generator(), None, None).unwrap().id(), Some(2));
    // The square of the generator generates the same subgroup, so this field is as good, but without a number.
    let square = KeyPair::from_private(&known, &[2]).unwrap().public().encoded().to_vec();
    let square = || BigNum::from_slice(&square).unwrap();
    let unknown = Group::explicit_field(prime(), square(), Some(order()), None).unwrap();
    assert_eq!(unknown.id(), None);
    let mut rng = StdRng::seed_from_u64(7);
    let pair = KeyPair::generate(&unknown, &mut rng).unwrap();
    let read = pair.public().public_key_info(ParameterForm::Standardized).unwrap();
    assert_eq!(PublicKey::from_public_key_info(&read).unwrap(), *pair.public());
    // Without an order and with a length of private keys.
    let short = Group::explicit_field(prime(), square(), None, Some(256)).unwrap();
    assert!(KeyPair::generate(&short, &mut rng).unwrap().private_bytes().unwrap().len() <= 33);
    let read = KeyPair::generate(&short, &mut rng).unwrap();
    let written = read.public().public_key_info(ParameterForm::Explicit).unwrap();
    assert_eq!(PublicKey::from_public_key_info(&written).unwrap().encoded(), read.public().encoded());
    let refused = |prime: BigNum, generator: BigNum, order: Option<BigNum>| {
        matches!(Group::explicit_field(prime, generator, order, None), Err(GroupError::Parameters(_)))
    };
    assert!(refused(prime(), BigNum::from_u32(1).unwrap(), Some(order())));
    assert!(refused(prime(), BigNum::from_u32(2).unwrap(), Some(order())));
    assert!(refused(&prime() + &number("2"), square(), Some(order())));
    assert!(refused(prime(), square(), Some(number("10001"))));
    assert!(refused(number("FFFFFFFFFFFFFFC5"), number("2"), None));
}

/// A field that was found sound as one thing must not be taken for sound as another.
#[test]
fn parameters_that_were_judged_before_keep_their_algorithm() {
    let known = Group::standardized(2).unwrap();
    let square = KeyPair::from_private(&known, &[2]).unwrap();
    let integer = |bytes: &[u8]| tlv::object(2, &[&[0], bytes].concat());
    let numbers = [known.prime().to_vec(), square.public().encoded().to_vec(), known.order().to_vec()];
    let parameters = tlv::object(0x30, &numbers.map(|number| integer(&number)).concat());
    let read =
        |oid: &[u8]| Group::from_algorithm_identifier(&tlv::constructed(0x30, &[&tlv::object(6, oid), &parameters]));
    for _ in 0..2 {
        assert!(!read(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 3, 1]).unwrap().has_subgroup());
        assert!(read(&[0x2A, 0x86, 0x48, 0xCE, 0x3E, 2, 1]).unwrap().has_subgroup());
        assert!(read(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]).is_err());
    }
}

#[test]
fn negative_integers_and_missing_cofactors_of_real_documents_are_understood() {
    let group = Group::standardized(13).unwrap();
    let der = group.algorithm_identifier(ParameterForm::Explicit).unwrap();
    // The cofactor is the last element: take it off and correct the lengths.
    let (value, _) = tlv::expect(&der, 0x30).unwrap();
    let (oid, rest) = tlv::read(value).unwrap();
    let (parameters, _) = tlv::expect(rest, 0x30).unwrap();
    let without = tlv::object(0x30, &parameters[..parameters.len() - 3]);
    let der = tlv::constructed(0x30, &[oid.whole, &without]);
    assert_eq!(Group::from_algorithm_identifier(&der).unwrap().id(), Some(13));
    // The prime as a "negative" INTEGER, without its leading zero.
    let prime = group.prime().to_vec();
    let field =
        tlv::constructed(0x30, &[&tlv::object(0x06, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 1, 1]), &tlv::object(2, &prime)]);
    let objects = tlv::all(parameters).unwrap();
    let parts: Vec<&[u8]> =
        objects.iter().enumerate().map(|(at, object)| if at == 1 { &field[..] } else { object.whole }).collect();
    let der = tlv::constructed(0x30, &[oid.whole, &tlv::constructed(0x30, &parts)]);
    assert_eq!(Group::from_algorithm_identifier(&der).unwrap().id(), Some(13));
}

/// Gives the same byte for ever.
struct Stuck(u8);

impl rand::TryRng for Stuck {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_be_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_be_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out.fill(self.0);
        Ok(())
    }
}

impl rand::TryCryptoRng for Stuck {}

#[test]
fn a_stuck_source_of_randomness_ends_in_an_error() {
    for id in [2, 12] {
        let group = Group::standardized(id).unwrap();
        assert_eq!(KeyPair::generate(&group, &mut Stuck(0)).unwrap_err(), GroupError::Randomness);
        assert_eq!(KeyPair::generate(&group, &mut Stuck(0xFF)).unwrap_err(), GroupError::Randomness);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn changed_key_information_never_panics(at in 0usize..500, byte in any::<u8>(), id in prop::sample::select(vec![0u8, 12, 13])) {
        let group = Group::standardized(id).unwrap();
        let pair = KeyPair::from_private(&group, &[5]).unwrap();
        let mut der = pair.public().public_key_info(ParameterForm::Explicit).unwrap();
        let at = at % der.len();
        der[at] = byte;
        let _ = PublicKey::from_public_key_info(&der);
        let _ = PublicKey::from_public_key_info(&der[..at]);
    }
}
