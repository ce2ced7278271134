//! Terminal against chip in every combination of the standard's algorithms: access protocol with each SOD algorithm,
//! every proof, and what a clone, a downgrade or a terminal without rights comes to.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    access::pace::Offer,
    chip::{Behavior, Chip},
    cms::{HashAlgorithm, Scheme, SignatureAlgorithm},
    crypto::{group::Agreement, suite::Suite},
    eac::{
        cvc::{Date, Rights},
        terminal_authentication::Credentials,
    },
    issue::{
        ActiveKey, AgreementKey, Authority, Curve, Document, DocumentProfile, Genuineness, KeyKind, Parameters,
        Profile, Role, SigningKey, SodProfile, TerminalAuthority, TerminalTrust,
    },
    mrz::Can,
    passive::{self, TrustStore},
    secure::SecureError,
    security_info::{Mapping, PaceProtocol, SecurityInfo, SecurityInfos},
    terminal::{
        self, Access, AccessKey, AccessPolicy, Groups, NotDone, Options, Proof, Reading, Terminal,
        TerminalAuthentication, TerminalError,
    },
};
use support::{Failure, NOW, key, mrz, portrait_dg2, read_chip};

/// Standardized domain parameters (Doc 9303-11, 9.5.1).
const FIELDS: [u8; 3] = [0, 1, 2];
const CURVES: std::ops::RangeInclusive<u8> = 8..=18;

/// A CSCA and a signer of one algorithm, and who trusts them.
struct Issuer {
    name: String,
    signer: Authority,
    trust: TrustStore,
    hash: HashAlgorithm,
}

impl Issuer {
    fn new(name: String, key: &SigningKey, algorithm: SignatureAlgorithm, hash: HashAlgorithm) -> Self {
        let profile = |role, name| Profile::new(role, "UT", name, NOW, 90).unwrap().signing_with(key, algorithm);
        let csca = Authority::self_signed(&profile(Role::Csca, "CSCA UT")).unwrap();
        let signer = csca.certify(&profile(Role::DocumentSigner, "DS UT")).unwrap();
        let trust = TrustStore::from_certificates([csca.certificate_der().unwrap().as_slice()]).unwrap();
        Self { name, signer, trust, hash }
    }
}

/// One signer for every algorithm that Doc 9303-12, 4.1.6 allows. RSA keys are shared: they take a second each.
static ISSUERS: LazyLock<Vec<Issuer>> = LazyLock::new(|| {
    let mut issuers = Vec::new();
    let rsa = SigningKey::generate(KeyKind::Rsa { bits: 2_048 }).unwrap();
    for hash in HashAlgorithm::ALL {
        let salt_bytes = hash.bytes() as u32;
        for scheme in [Scheme::Pkcs1, Scheme::Pss { mask: Some(hash), salt_bytes }] {
            let algorithm = SignatureAlgorithm { scheme, hash: Some(hash) };
            issuers.push(Issuer::new(format!("RSA {scheme:?} {hash:?}"), &rsa, algorithm, hash));
        }
    }
    for (at, curve) in Curve::ALL.into_iter().enumerate() {
        for parameters in [Parameters::Named, Parameters::Explicit] {
            let hash = HashAlgorithm::ALL[at % HashAlgorithm::ALL.len()];
            let key = SigningKey::generate(KeyKind::Ec { curve, parameters }).unwrap();
            let name = format!("ECDSA {curve:?} {parameters:?} {hash:?}");
            issuers.push(Issuer::new(name, &key, key.usual(hash), hash));
        }
    }
    issuers
});

/// The usual issuer of tests that are not about signatures.
fn issuer() -> &'static Issuer {
    ISSUERS.iter().find(|issuer| issuer.name.contains("NistP256 Named")).unwrap()
}

/// Every variant of PACE with every domain parameters that suit it.
fn variants() -> Vec<(PaceProtocol, u8)> {
    let suits = |protocol: PaceProtocol, id: u8| {
        let pace = SecurityInfo::Pace { protocol, version: 2, parameter_id: Some(id.into()) };
        Offer::select(&SecurityInfos(vec![pace])).is_ok()
    };
    PaceProtocol::all()
        .flat_map(|protocol| FIELDS.into_iter().chain(CURVES).map(move |id| (protocol, id)))
        .filter(|&(protocol, id)| suits(protocol, id))
        .collect()
}

fn chip_key(group: u8, suites: &[Suite]) -> AgreementKey {
    AgreementKey::generate(group, Some(u64::from(group)), suites, &mut rand::rng()).unwrap()
}

/// A document of the usual issuer, otherwise as `change` makes it.
fn document(change: impl FnOnce(&mut DocumentProfile<'_>)) -> Document {
    issued_by(issuer(), change)
}

fn issued_by(issuer: &Issuer, change: impl FnOnce(&mut DocumentProfile<'_>)) -> Document {
    let mrz = mrz();
    let mut profile = DocumentProfile::plain(&mrz, portrait_dg2(900));
    profile.sod = SodProfile { hash: issuer.hash, ..SodProfile::default() };
    change(&mut profile);
    issuer.signer.issue_document(profile).unwrap()
}

fn read(document: Document, behavior: Behavior, options: Options) -> Result<Box<Reading>, Failure> {
    let mut chip = Chip::new(document.files, document.secrets, behavior, &mut rand::rng());
    read_chip(&mut chip, key(), options)
}

fn long() -> Behavior {
    Behavior { extended_bytes_max: Some(65_535), ..Behavior::default() }
}

fn generic(suite: Suite) -> PaceProtocol {
    PaceProtocol { mapping: Mapping::Generic, agreement: Agreement::Ecdh, suite }
}

#[test]
fn every_variant_of_pace_with_every_sod_algorithm() {
    let variants = variants();
    let of = |mapping| variants.iter().filter(|(protocol, _)| protocol.mapping == mapping).count();
    // 11 curves and 3 fields with 4 suites; P-224 has no integrated mapping; chip authentication mapping is for curves
    // and AES.
    assert_eq!(
        [of(Mapping::Generic), of(Mapping::Integrated), of(Mapping::ChipAuthentication)],
        [14 * 4, 13 * 4, 11 * 3]
    );
    let pairs: Vec<_> =
        ISSUERS.iter().flat_map(|issuer| variants.iter().map(move |&variant| (issuer, variant))).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(&(issuer, variant)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    pair(issuer, variant);
                }
            });
        }
    });
}

fn pair(issuer: &Issuer, (protocol, id): (PaceProtocol, u8)) {
    let name = format!("{protocol:?} {id} {}", issuer.name);
    let maps_chip = protocol.mapping == Mapping::ChipAuthentication;
    let document = issued_by(issuer, |profile| {
        profile.pace = vec![(protocol, id)];
        if maps_chip {
            profile.genuineness.agreement = vec![chip_key(id, &[])];
        }
    });
    let options = Options { chip_authentication: false, ..Options::default() };
    let behavior = Behavior { basic_access: false, ..long() };
    let reading = read(document, behavior, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(reading.access, Access::Pace { protocol, parameter_id: Some(id.into()) }, "{name}");
    assert_eq!(reading.chip_authentication_mapping.passed(), maps_chip, "{name}: {reading:?}");
    assert!(!reading.is_downgraded(), "{name}");
    let verified =
        passive::verify(&reading.contents, &issuer.trust, NOW).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(verified.groups, [1, 2, 14], "{name}");
}

#[test]
fn chip_authentication_in_every_group_and_suite() {
    for group in FIELDS.into_iter().chain(CURVES) {
        for suite in Suite::ALL {
            for behavior in [long(), Behavior::default()] {
                let document = document(|profile| profile.genuineness.agreement = vec![chip_key(group, &[suite])]);
                let reading = read(document, behavior, Options::default()).unwrap();
                assert_eq!(reading.chip_authentication, Proof::Passed, "{group} {suite:?}");
                assert!(reading.contents.groups.contains_key(&2));
            }
        }
    }
}

/// The same signed files with other keys, or none.
fn cloned(document: Document, genuineness: Genuineness) -> Document {
    let mut clone = document;
    clone.secrets.genuineness = genuineness;
    clone
}

#[test]
fn a_clone_fails_chip_authentication_and_is_read_nonetheless() {
    for suite in [Suite::TripleDes, Suite::Aes256] {
        let other_key = || Genuineness { agreement: vec![chip_key(13, &[suite])], ..Genuineness::default() };
        for keys in [other_key(), Genuineness::default()] {
            let genuine = document(|profile| profile.genuineness.agreement = vec![chip_key(13, &[suite])]);
            let reading = read(cloned(genuine, keys), Behavior::default(), Options::default()).unwrap();
            assert!(reading.chip_authentication.failed(), "{reading:?}");
            assert!(passive::verify(&reading.contents, &issuer().trust, NOW).is_ok());
            assert!(reading.contents.groups.contains_key(&2));
        }
    }
}

#[test]
fn a_clone_fails_chip_authentication_mapping() {
    let protocol = PaceProtocol { mapping: Mapping::ChipAuthentication, ..generic(Suite::Aes128) };
    let genuine = document(|profile| {
        profile.pace = vec![(protocol, 12)];
        profile.genuineness.agreement = vec![chip_key(12, &[])];
    });
    let keys = Genuineness { agreement: vec![chip_key(12, &[])], ..Genuineness::default() };
    let options = Options { chip_authentication: false, ..Options::default() };
    let reading = read(cloned(genuine, keys), Behavior::default(), options).unwrap();
    assert!(reading.chip_authentication_mapping.failed(), "{reading:?}");
}

/// A copy that cannot do it refuses the variant, or does not announce it, and opens by another one that is signed, too.
#[test]
fn a_clone_that_leaves_chip_authentication_mapping_out_has_not_shown_it() {
    let mapping = PaceProtocol { mapping: Mapping::ChipAuthentication, ..generic(Suite::Aes128) };
    let genuine = || {
        document(|profile| {
            profile.pace = vec![(mapping, 12), (generic(Suite::Aes128), 12)];
            profile.genuineness.agreement = vec![chip_key(12, &[])];
        })
    };
    let options = |access| Options { access, chip_authentication: false, ..Options::default() };
    let refuses = cloned(genuine(), Genuineness::default());
    let mut hides = cloned(genuine(), Genuineness::default());
    let other = SecurityInfo::Pace { protocol: generic(Suite::Aes128), version: 2, parameter_id: Some(12) };
    hides.files.card_access = Some(SecurityInfos(vec![other]).to_der());
    let mut denies = cloned(genuine(), Genuineness::default());
    denies.files.card_access = None;
    for clone in [refuses, hides, denies] {
        let reading = read(clone, Behavior::default(), options(AccessPolicy::PaceElseBac)).unwrap();
        assert_eq!(reading.chip_authentication_mapping, Proof::NotDone(NotDone::Withheld));
        assert!(passive::verify(&reading.contents, &issuer().trust, NOW).is_ok());
    }
    let reading = read(genuine(), Behavior::default(), options(AccessPolicy::BacOnly)).unwrap();
    assert_eq!(reading.chip_authentication_mapping, Proof::NotDone(NotDone::NotWanted));
    let reading = read(genuine(), Behavior::default(), options(AccessPolicy::PaceElseBac)).unwrap();
    assert!(reading.chip_authentication_mapping.passed());
}

#[test]
fn active_authentication_with_every_kind_of_key_and_a_clone() {
    let mut kinds = vec![KeyKind::Rsa { bits: 1_024 }, KeyKind::Rsa { bits: 2_048 }];
    for curve in Curve::ALL {
        for parameters in [Parameters::Named, Parameters::Explicit] {
            kinds.push(KeyKind::Ec { curve, parameters });
        }
    }
    for kind in kinds {
        for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
            let active = || ActiveKey::generate(kind, hash).unwrap();
            for behavior in [Behavior::default(), long()] {
                let document = document(|profile| profile.genuineness.active = Some(active()));
                let reading = read(document, behavior, Options::default()).unwrap();
                assert_eq!(reading.active_authentication, Proof::Passed, "{kind:?} {hash:?}");
            }
            if kind == (KeyKind::Rsa { bits: 2_048 }) {
                continue;
            }
            let genuine = document(|profile| profile.genuineness.active = Some(active()));
            let keys = Genuineness { active: Some(active()), ..Genuineness::default() };
            let reading = read(cloned(genuine, keys), Behavior::default(), Options::default()).unwrap();
            assert!(reading.active_authentication.failed(), "{kind:?} {hash:?}");
        }
    }
}

/// A clone that hides what would betray it: EF.SOD tells.
#[test]
fn a_clone_that_withholds_its_proofs_is_known_by_what_is_signed() {
    let genuine = document(|profile| {
        profile.genuineness.agreement = vec![chip_key(12, &[Suite::Aes128])];
        profile.genuineness.active =
            Some(ActiveKey::generate(KeyKind::Rsa { bits: 1_024 }, HashAlgorithm::Sha256).unwrap());
    });
    let mut clone = cloned(genuine, Genuineness::default());
    // EF.COM is not signed.
    clone.files.com = sallyport_emrtd::lds::Com::of(&[1, 2]).file();
    let behavior = Behavior { withheld_groups: vec![14, 15], ..Behavior::default() };
    let reading = read(clone, behavior, Options::default()).unwrap();
    assert_eq!(reading.refused.keys().copied().collect::<Vec<_>>(), [14, 15]);
    let withheld = Proof::NotDone(NotDone::Withheld);
    assert_eq!([&reading.chip_authentication, &reading.active_authentication], [&withheld; 2]);
}

#[test]
fn a_chip_that_hides_its_pace_is_known_by_what_is_signed() {
    let mut document = document(|profile| profile.pace = vec![(generic(Suite::Aes128), 12)]);
    document.files.card_access = None;
    let reading = read(document, Behavior::default(), Options::default()).unwrap();
    assert_eq!(reading.access, Access::Bac);
    assert!(reading.is_downgraded());
}

/// Whoever stands between may add a variant of his own to EF.CardAccess, which the terminal likes best.
#[test]
fn a_variant_that_nobody_signed_is_known_by_what_is_signed() {
    let mut document = document(|profile| profile.pace = vec![(generic(Suite::Aes128), 12)]);
    let added = SecurityInfo::Pace { protocol: generic(Suite::Aes256), version: 2, parameter_id: Some(8) };
    let mut infos = SecurityInfos::parse(document.files.card_access.as_deref().unwrap()).unwrap();
    infos.0.push(added);
    document.files.card_access = Some(infos.to_der());
    let reading = read(document, Behavior::default(), Options::default()).unwrap();
    assert_eq!(reading.access, Access::Pace { protocol: generic(Suite::Aes256), parameter_id: Some(8) });
    assert!(reading.is_downgraded());
}

#[test]
fn what_policy_lets_open_the_chip() {
    let with_pace = || document(|profile| profile.pace = vec![(generic(Suite::Aes128), 12)]);
    let without = || document(|_| {});
    let options = |access| Options { access, ..Options::default() };
    let opened = |document, behavior, access| read(document, behavior, options(access)).map(|reading| reading.access);
    let pace = Access::Pace { protocol: generic(Suite::Aes128), parameter_id: Some(12) };
    for (access, expected) in [
        (AccessPolicy::PaceElseBac, pace),
        (AccessPolicy::PaceOnly, pace),
        (AccessPolicy::BacAllowed, pace),
        (AccessPolicy::BacOnly, Access::Bac),
    ] {
        assert_eq!(opened(with_pace(), Behavior::default(), access), Ok(expected), "{access:?}");
    }
    assert_eq!(opened(without(), Behavior::default(), AccessPolicy::PaceElseBac), Ok(Access::Bac));
    assert_eq!(
        opened(without(), Behavior::default(), AccessPolicy::PaceOnly),
        Err(Failure::Terminal(TerminalError::NotOffered("PACE")))
    );
    // PACE that breaks off at any step: closed, unless policy says otherwise.
    for step in 1..=4 {
        let broken = || Behavior { pace_fails_at: Some(step), ..Behavior::default() };
        let refused = opened(with_pace(), broken(), AccessPolicy::PaceElseBac);
        assert!(matches!(refused, Err(Failure::Terminal(TerminalError::PaceFailed(_)))), "{refused:?}");
        assert_eq!(opened(with_pace(), broken(), AccessPolicy::BacAllowed), Ok(Access::Bac));
    }
}

#[test]
fn the_card_access_number_opens_by_pace_alone() {
    let can = |digits| Can::parse(digits).unwrap();
    let document = || {
        document(|profile| {
            profile.pace = vec![(generic(Suite::Aes256), 16)];
            profile.can = Some(can("123456"));
        })
    };
    let read = |key| {
        let document = document();
        let mut chip = Chip::new(document.files, document.secrets, Behavior::default(), &mut rand::rng());
        read_chip(&mut chip, key, Options::default()).map(|reading| reading.contents.groups.len())
    };
    assert_eq!(read(AccessKey::Can(can("123456"))), Ok(3));
    let refusal = read(AccessKey::Can(can("123457"))).unwrap_err();
    assert!(matches!(refusal, Failure::Terminal(TerminalError::AccessDenied(_))), "{refusal}");
    let mut other = mrz();
    other.document_number = "L898902C4".into();
    let refusal = read(AccessKey::Mrz(other.key())).unwrap_err();
    assert!(matches!(refusal, Failure::Terminal(TerminalError::AccessDenied(_))), "{refusal}");
}

/// Terminals of a country that DG3 opens to.
fn terminals(rights: Rights) -> TerminalAuthority {
    TerminalAuthority::new("UT", NOW, rights).unwrap()
}

fn with_fingers(authority: &TerminalAuthority, pace: bool) -> Document {
    document(|profile| {
        let mut random = StdRng::seed_from_u64(3);
        profile.genuineness.agreement = vec![AgreementKey::generate(13, None, &[Suite::Aes128], &mut random).unwrap()];
        profile.genuineness.terminals =
            Some(TerminalTrust::new(authority.cvca().clone(), Date::from_unix_s(NOW)).unwrap());
        profile.more_groups.insert(3, sallyport_emrtd::tlv::object(0x63, &[7; 400]));
        if pace {
            profile.pace = vec![(generic(Suite::Aes128), 12)];
        }
    })
}

fn all_groups(authority: Option<&TerminalAuthority>, rights: Rights) -> Options {
    let terminal_authentication = authority.map(|authority| {
        let (certificate, key) = authority.terminal("GATE", rights, NOW, 30).unwrap();
        let credentials = Credentials::new(vec![authority.verifier().clone(), certificate], vec![key]);
        TerminalAuthentication { credentials, today: Date::from_unix_s(NOW) }
    });
    Options { groups: Groups::All, terminal_authentication, ..Options::default() }
}

#[test]
fn fingers_open_to_a_terminal_with_the_right_and_to_no_other() {
    let (authority, stranger) = (terminals(Rights::READ_DG3), terminals(Rights::READ_DG3));
    for pace in [false, true] {
        for behavior in [Behavior::default(), long()] {
            let reading = |authorities: Option<&TerminalAuthority>, rights| {
                read(with_fingers(&authority, pace), behavior.clone(), all_groups(authorities, rights)).unwrap()
            };
            let with_right = reading(Some(&authority), Rights::READ_DG3);
            assert_eq!(with_right.terminal_authentication, Proof::Passed);
            assert!(with_right.contents.groups.contains_key(&3) && with_right.refused.is_empty());
            assert!(passive::verify(&with_right.contents, &issuer().trust, NOW).is_ok());
            let without_right = reading(Some(&authority), Rights::NONE);
            assert_eq!(without_right.terminal_authentication, Proof::Passed);
            assert_eq!(without_right.refused, [(3, 0x6982)].into());
            let of_another = reading(Some(&stranger), Rights::READ_DG3);
            assert!(of_another.terminal_authentication.failed());
            assert_eq!(of_another.refused, [(3, 0x6982)].into());
            let none = reading(None, Rights::NONE);
            assert_eq!(none.terminal_authentication, Proof::NotDone(NotDone::NotWanted));
            assert_eq!(none.refused, [(3, 0x6982)].into());
        }
    }
}

/// A channel that breaks over EF.CVCA costs another try and not the terminal's credentials.
#[test]
fn terminal_authentication_survives_a_broken_channel() {
    let authority = terminals(Rights::READ_DG3);
    let document = with_fingers(&authority, false);
    let mut chip = Chip::new(document.files, document.secrets, Behavior::default(), &mut rand::rng());
    let options = all_groups(Some(&authority), Rights::READ_DG3);
    let mut terminal = Terminal::with_options(key(), options, &mut rand::rng());
    let mut breaks = 1;
    let mut transmit = |command: &[u8]| {
        let at_cvca = command.starts_with(&[0x0C, 0xB0, 0x9C]) && breaks > 0;
        breaks -= usize::from(at_cvca);
        Ok::<_, Failure>(if at_cvca { vec![0x69, 0x87] } else { chip.transmit(command) })
    };
    let reading = terminal::read(&mut terminal, &mut transmit, &mut |_| {}).unwrap();
    assert_eq!((breaks, &reading.terminal_authentication), (0, &Proof::Passed));
    assert!(reading.contents.groups.contains_key(&3));
}

/// Whatever breaks during the proofs, a reading ends, and without a proof that was not given.
#[test]
fn a_chip_that_falls_silent_or_mad_during_its_proofs_proves_nothing() {
    let authority = terminals(Rights::READ_DG3);
    for pace in [false, true] {
        for limit in 0..400 {
            let silent = Behavior { silent_after: Some(limit), ..Behavior::default() };
            let mad = Behavior { garbage_after: Some(limit), ..Behavior::default() };
            let hostile = Behavior { hostile_after: Some(limit), ..Behavior::default() };
            let mut ended = 0;
            for behavior in [silent, mad, hostile] {
                let options = all_groups(Some(&authority), Rights::READ_DG3);
                match read(with_fingers(&authority, pace), behavior, options) {
                    Ok(reading) => {
                        ended += 1;
                        assert!(limit > 20 && reading.chip_authentication.passed());
                    }
                    Err(Failure::NoAnswer | Failure::Terminal(_)) => {}
                }
            }
            if ended == 3 {
                break;
            }
            assert!(limit < 399);
        }
    }
}

#[test]
fn an_error_of_the_channel_is_never_taken_for_a_missing_file() {
    let document = document(|_| {});
    let mut chip = Chip::new(document.files, document.secrets, Behavior::default(), &mut rand::rng());
    let mut terminal = sallyport_emrtd::terminal::Terminal::new(key(), &mut rand::rng());
    let mut commands = 0;
    let outcome = sallyport_emrtd::terminal::read(
        &mut terminal,
        &mut |command| {
            commands += 1;
            let mut answer = chip.transmit(command);
            // Somebody on the line changes one bit of a protected answer.
            if commands == 8 {
                answer[3] ^= 1;
            }
            Ok::<_, Failure>(answer)
        },
        &mut |_| {},
    );
    match outcome.unwrap_err() {
        sallyport_emrtd::terminal::ReadError::Terminal(TerminalError::Secure { source, .. }) => {
            assert!(matches!(source, SecureError::Checksum | SecureError::Malformed(_)), "{source}");
        }
        other => panic!("{other}"),
    }
}
