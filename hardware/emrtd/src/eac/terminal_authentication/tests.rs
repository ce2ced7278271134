#![allow(clippy::unwrap_used)]
use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
};
use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use super::*;
use crate::{
    apdu::status,
    crypto::hash::HashAlgorithm,
    eac::cvc::{
        Authorization, Certificate, Contents, Date, Rights, Role, SignatureAlgorithm, SignatureScheme, SigningKey,
    },
};

const IDENTIFIER: &[u8] = b"L898902C<3";
const TERMINAL_KEY: &[u8] = &[7; 32];
const ALL_RIGHTS: Rights = Rights::READ_DG3.with(Rights::READ_DG4);

fn day(month: u8, day: u8) -> Date {
    Date::new(2026, month, day).unwrap()
}

fn name(name: &str) -> Reference {
    Reference::new("UT", name, "00001").unwrap()
}

fn key() -> SigningKey {
    let key = EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap();
    let algorithm = SignatureAlgorithm { scheme: SignatureScheme::Ecdsa, hash: HashAlgorithm::Sha256 };
    SigningKey::new(algorithm, PKey::from_ec_key(key).unwrap()).unwrap()
}

/// A certificate of `holder` by `authority`, valid in these two months.
fn issue(
    (authority, signer): (&str, &SigningKey),
    (holder, key): (&str, &SigningKey),
    role: Role,
    rights: Rights,
    months: (u8, u8),
) -> Certificate {
    let contents = Contents {
        authority: name(authority),
        key: if role == Role::Cvca {
            key.public_key().unwrap()
        } else {
            key.public_key().unwrap().without_parameters()
        },
        holder: name(holder),
        authorization: Authorization::inspection(role, rights),
        effective: day(months.0, 1),
        expiration: day(months.1, 28),
    };
    Certificate::issue(contents, signer).unwrap()
}

/// Two generations of a CVCA, a domestic and a foreign verifier, and a terminal of each.
struct World {
    old: Certificate,
    link: Certificate,
    domestic: Certificate,
    terminal: Certificate,
    foreign: Certificate,
    guest: Certificate,
    terminal_key: SigningKey,
    guest_key: SigningKey,
    verifier_key: SigningKey,
}

fn world() -> World {
    let (old_key, new_key, verifier_key, terminal_key, guest_key) = (key(), key(), key(), key(), key());
    let verifier = |holder, role| issue(("NEW", &new_key), (holder, &verifier_key), role, ALL_RIGHTS, (2, 8));
    World {
        old: issue(("OLD", &old_key), ("OLD", &old_key), Role::Cvca, ALL_RIGHTS, (1, 6)),
        link: issue(("OLD", &old_key), ("NEW", &new_key), Role::Cvca, ALL_RIGHTS, (2, 12)),
        domestic: verifier("DV", Role::DomesticVerifier),
        foreign: verifier("FV", Role::ForeignVerifier),
        terminal: issue(("DV", &verifier_key), ("IS", &terminal_key), Role::Terminal, Rights::READ_DG3, (3, 4)),
        guest: issue(("FV", &verifier_key), ("GUEST", &guest_key), Role::Terminal, ALL_RIGHTS, (5, 6)),
        terminal_key,
        guest_key,
        verifier_key,
    }
}

/// The chip's driver: gives the step that the chip refuses, or the rights.
fn run(trust: &mut Trust, path: &Path<'_>, rng: &mut StdRng) -> Result<Rights, TerminalAuthenticationError> {
    let mut session = Session::default();
    let mut challenge = Vec::new();
    for (step, command) in path.commands() {
        let answer = match command.header {
            SET_DST => session.set_dst(trust, &command.data),
            VERIFY_CERTIFICATE => session.verify_certificate(trust, &command.data),
            SET_AT => session.set_at(&command.data),
            GET_CHALLENGE => {
                challenge = session.challenge(rng).to_vec();
                Ok(())
            }
            _ => unreachable!(),
        };
        answer.map_err(|status| TerminalAuthenticationError::Refused { step, status })?;
    }
    assert_eq!(session.rights(), Rights::NONE);
    let command = path.authenticate(IDENTIFIER, &challenge, TERMINAL_KEY)?;
    let rights = session.external_authenticate(IDENTIFIER, Some(TERMINAL_KEY), &command.data);
    let refused = |status| TerminalAuthenticationError::Refused { step: Step::Authenticate, status };
    let rights = rights.map_err(refused)?;
    assert_eq!(session.rights(), rights);
    // Once a session.
    let again = session.external_authenticate(IDENTIFIER, Some(TERMINAL_KEY), &command.data);
    assert_eq!(again, Err(status::SECURITY_STATUS));
    Ok(rights)
}

#[test]
fn a_terminal_is_led_over_a_link_to_its_rights_and_the_chip_learns_the_date() {
    let world = world();
    let mut rng = StdRng::seed_from_u64(1);
    let mut trust = Trust::new(&world.old, day(1, 1)).unwrap();
    let authorities = read_ef_cvca(&trust.ef_cvca()).unwrap();
    assert_eq!(authorities, [name("OLD")]);
    let certificates = vec![
        world.terminal.clone(),
        world.old.clone(),
        world.domestic.clone(),
        world.link.clone(),
        world.foreign.clone(),
        world.guest.clone(),
    ];
    let credentials = Credentials::new(certificates.clone(), vec![world.terminal_key]);
    let path = credentials.path(&authorities, day(3, 15)).unwrap();
    let holders: Vec<_> = path.certificates().iter().map(|certificate| certificate.holder().clone()).collect();
    assert_eq!(holders, [name("NEW"), name("DV"), name("IS")]);
    assert_eq!(path.rights(), Rights::READ_DG3);
    let rights = run(&mut trust, &path, &mut rng).unwrap();
    assert!(rights.may_read(3) && !rights.may_read(4) && rights.may_read(2));
    // The link moved the trust point, the domestic terminal the date.
    assert_eq!(read_ef_cvca(&trust.ef_cvca()).unwrap(), [name("NEW"), name("OLD")]);
    assert_eq!(trust.today(), day(3, 1));
    // From the new trust point the way is shorter.
    let authorities = read_ef_cvca(&trust.ef_cvca()).unwrap();
    let path = credentials.path(&authorities, day(3, 15)).unwrap();
    assert_eq!(path.certificates().len(), 2);
    run(&mut trust, &path, &mut rng).unwrap();
    // A foreign terminal's date is not believed.
    let credentials = Credentials::new(certificates, vec![world.guest_key]);
    let path = credentials.path(&authorities, day(5, 2)).unwrap();
    assert_eq!(run(&mut trust, &path, &mut rng).unwrap(), ALL_RIGHTS);
    assert_eq!(trust.today(), day(3, 1));
}

#[test]
fn what_the_chip_refuses_is_told_with_advice() {
    let world = world();
    let mut rng = StdRng::seed_from_u64(2);
    // The chip has seen May.
    let mut trust = Trust::new(&world.old, day(5, 1)).unwrap();
    let credentials = Credentials::new(
        vec![world.link.clone(), world.domestic.clone(), world.terminal.clone()],
        vec![world.terminal_key],
    );
    let path = credentials.path(&[name("OLD")], day(3, 1)).unwrap();
    let error = run(&mut trust, &path, &mut rng).unwrap_err();
    let step = Step::VerifyCertificate(name("IS"));
    assert_eq!(error, TerminalAuthenticationError::Refused { step, status: status::VERIFICATION_FAILED });
    assert!(error.to_string().contains("fetch new certificates"), "{error}");
    // The terminal itself knows better than to try.
    let error = credentials.path(&[name("OLD")], day(5, 1)).err().unwrap();
    let expected = TerminalAuthenticationError::Expired { holder: name("IS"), expiration: day(4, 28) };
    assert_eq!(error, expected);
    let error = credentials.path(&[name("ELSE")], day(3, 1)).err().unwrap();
    assert_eq!(error, TerminalAuthenticationError::NoPath(vec![name("ELSE")]));
    // A chip of another country.
    let stranger = key();
    let cvca = issue(("ELSE", &stranger), ("ELSE", &stranger), Role::Cvca, ALL_RIGHTS, (1, 12));
    let mut trust = Trust::new(&cvca, day(1, 1)).unwrap();
    let path = credentials.path(&[name("OLD")], day(3, 1)).unwrap();
    let error = run(&mut trust, &path, &mut rng).unwrap_err();
    let step = Step::SelectAuthority(name("OLD"));
    assert_eq!(error, TerminalAuthenticationError::Refused { step, status: status::REFERENCE_NOT_FOUND });
    // No key, no path.
    let keyless = Credentials::new(vec![world.link, world.domestic, world.terminal], vec![world.verifier_key]);
    assert!(keyless.path(&[name("OLD")], day(3, 1)).is_err());
}

#[test]
fn nothing_opens_for_another_channel_document_challenge_or_order() {
    let world = world();
    let mut rng = StdRng::seed_from_u64(3);
    let mut trust = Trust::new(&world.old, day(1, 1)).unwrap();
    let certificates = vec![world.link, world.domestic, world.terminal];
    let credentials = Credentials::new(certificates, vec![world.terminal_key]);
    let path = credentials.path(&[name("OLD")], day(3, 1)).unwrap();
    let prepare = |session: &mut Session, trust: &mut Trust| {
        for (_, command) in path.commands() {
            let answer = match command.header {
                SET_DST => session.set_dst(trust, &command.data),
                VERIFY_CERTIFICATE => session.verify_certificate(trust, &command.data),
                SET_AT => session.set_at(&command.data),
                _ => Ok(()),
            };
            // The link certificate's holder is known already the second time.
            if let Err(status) = answer {
                assert_eq!(status, status::CONDITIONS);
            }
        }
    };
    for (identifier, terminal_key, stale, expected) in [
        (&b"other"[..], Some(TERMINAL_KEY), false, status::VERIFICATION_FAILED),
        (IDENTIFIER, Some(&[8; 32][..]), false, status::VERIFICATION_FAILED),
        (IDENTIFIER, Some(TERMINAL_KEY), true, status::VERIFICATION_FAILED),
        (IDENTIFIER, None, false, status::SECURITY_STATUS),
    ] {
        let mut session = Session::default();
        prepare(&mut session, &mut trust);
        let challenge = session.challenge(&mut rng);
        let command = path.authenticate(IDENTIFIER, &challenge, TERMINAL_KEY).unwrap();
        if stale {
            session.challenge(&mut rng);
        }
        let answer = session.external_authenticate(identifier, terminal_key, &command.data);
        assert_eq!(answer, Err(expected));
        assert_eq!(session.rights(), Rights::NONE);
    }
    // Without a challenge, without a terminal, without an authority.
    let mut session = Session::default();
    assert_eq!(session.external_authenticate(IDENTIFIER, Some(TERMINAL_KEY), &[]), Err(status::CONDITIONS));
    session.challenge(&mut rng);
    assert_eq!(session.external_authenticate(IDENTIFIER, Some(TERMINAL_KEY), &[]), Err(status::CONDITIONS));
    let (_, verify) = &path.commands()[1];
    assert_eq!(session.verify_certificate(&mut trust, &verify.data), Err(status::CONDITIONS));
    // A verifier is no terminal.
    let commands = path.commands();
    session.set_dst(&trust, &tlv::object(KEY_REFERENCE, name("NEW").as_bytes())).unwrap();
    session.verify_certificate(&mut trust, &commands[3].1.data).unwrap();
    assert_eq!(session.imported(), Some(&name("DV")));
    assert_eq!(session.set_at(&tlv::object(KEY_REFERENCE, name("DV").as_bytes())), Err(status::WRONG_DATA));
}

#[test]
fn paths_end_although_names_go_in_circles() {
    let (one, two) = (key(), key());
    let certificates = vec![
        issue(("A", &one), ("B", &two), Role::Cvca, ALL_RIGHTS, (1, 12)),
        issue(("B", &two), ("A", &one), Role::Cvca, ALL_RIGHTS, (1, 12)),
    ];
    assert!(Credentials::new(certificates, vec![one, two]).path(&[name("A")], day(1, 1)).is_err());
}

// Doc 9303-11, appendix D.1, has this document; 7.1.2 says what identifies it.
#[test]
fn the_document_number_and_its_digit_identify_a_chip_after_bac() {
    let zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C<3UTO6908061F9406236ZE184226B<<<<<14";
    let key = crate::mrz::Mrz::parse(zone).unwrap().key();
    assert_eq!(identifier_after_bac(&key), IDENTIFIER);
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic_or_open(data in prop::collection::vec(any::<u8>(), 0..80)) {
        let world = world();
        let mut trust = Trust::new(&world.old, day(1, 1)).unwrap();
        let mut session = Session::default();
        let _ = read_ef_cvca(&data);
        let _ = session.set_dst(&trust, &data);
        let _ = session.verify_certificate(&mut trust, &data);
        let _ = session.set_at(&data);
        session.set_challenge([0; 8]);
        prop_assert!(session.external_authenticate(IDENTIFIER, Some(TERMINAL_KEY), &data).is_err());
    }
}
