//! Each failure of passive authentication is found by its own check, and by no other.
#![allow(clippy::unwrap_used)]

mod country;

use country::*;
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{Asn1Flag, EcGroup, EcKey, EcPoint, PointConversionForm},
    pkey::PKey,
};
use sallyport_emrtd::{
    ChipContents, Mrz,
    asn1::oid,
    certificate::{Certificate, Crl, KeyError, Period},
    cms::{CmsError, HashAlgorithm},
    issue::{Authority, Curve, Parameters, Profile, Role, SignedDataProfile, SigningKey, SodProfile},
    passive::{
        Check, NotDone, Outcome, PassiveError, TrustStore, inspect, inspect_card_security, verify, verify_card_security,
    },
    tlv,
    trust::{Authentication, Description, DeviatingSigner, Deviation, SkipReason, Standing},
};

struct Country {
    csca: Authority,
    signer: Authority,
    contents: ChipContents,
}

fn country(profile: &Profile) -> Country {
    let csca = Authority::csca("UT", NOW).unwrap();
    let signer = csca.certify(profile).unwrap();
    let contents = document(&signer, &zone());
    Country { csca, signer, contents }
}

#[test]
fn a_genuine_document_passes_every_check_that_can_be_made() {
    let Country { csca, contents, .. } = country(&signer_profile());
    let report = accept(&contents, &trust(&[&csca]));
    let passed: Vec<String> =
        report.results.iter().filter(|(_, it)| *it == Outcome::Passed).map(|(check, _)| check.code()).collect();
    let expected = [
        "signature",
        "hash-dg1",
        "hash-dg2",
        "signer-chain",
        "signer-validity",
        "signer-usage",
        "csca-validity",
        "csca-usage",
        "country",
        "identifiers",
        "group-list",
    ];
    assert_eq!(passed, expected);
    assert_eq!(code(&report, Check::SignerRevocation), ("not-done", Some("no-revocation-list")));
    assert_eq!(code(&report, Check::DocumentType), ("not-done", Some("no-extension")));
    assert_eq!(code(&report, Check::SigningTime), ("not-done", Some("no-signing-time")));
    assert_eq!(code(&report, Check::Deviations), ("not-done", Some("no-deviation-list")));
    assert_eq!((report.signed_groups.as_slice(), report.authentic_groups.as_slice()), (&[1, 2][..], &[1, 2][..]));
    let text = report.to_string();
    assert!(text.contains("hash of DG2: passed") && text.contains("verified at: 2026-05-28"), "{text}");
}

#[test]
fn groups_are_judged_one_by_one() {
    let Country { csca, signer, mut contents } = country(&signer_profile());
    contents.groups.insert(14, tlv::object(0x6E, &[1]));
    sign(
        &mut contents,
        &signer,
        &SodProfile { versions: Some(("0108".into(), "040000".into())), ..Default::default() },
    );
    contents.groups.remove(&14);
    contents.groups.insert(15, tlv::object(0x6F, &[1]));
    contents.groups.get_mut(&2).unwrap()[9] ^= 1;
    let report = inspect(&contents, &trust(&[&csca]), NOW);
    assert_eq!(code(&report, Check::GroupHash(1)), ("passed", None));
    assert_eq!(code(&report, Check::GroupHash(2)), ("failed", Some("hash-mismatch")));
    assert_eq!(code(&report, Check::GroupHash(14)), ("not-done", Some("not-read")));
    assert_eq!(code(&report, Check::GroupHash(15)), ("failed", Some("not-signed")));
    assert_eq!(code(&report, Check::Signature), ("passed", None));
    assert_eq!((report.authentic_groups.as_slice(), report.lds_version.as_deref()), (&[1][..], Some("0108")));
    // EF.COM lists 1 and 2 only: group 14 was hidden from whoever believes it.
    let hidden = PassiveError::GroupList { unsigned: vec![], unlisted: vec![14] };
    assert_eq!(report.outcome(Check::GroupList), Some(&Outcome::Failed(hidden)));
    assert!(matches!(report.summary(), Err(PassiveError::HashMismatch { group: 2, .. })));
}

/// Doc 9303-10, 4.6.2: DataGroupNumber is 1 to 16.
#[test]
fn a_security_object_over_groups_that_do_not_exist_is_refused() {
    for number in [0, 17, 0x9E] {
        let Country { csca, signer, mut contents } = country(&signer_profile());
        contents.groups.insert(number, tlv::object(0x6E, &[1]));
        sign(&mut contents, &signer, &SodProfile::default());
        let report = inspect(&contents, &trust(&[&csca]), NOW);
        assert_eq!(code(&report, Check::Signature), ("failed", Some("security-object")), "{number}");
    }
}

#[test]
fn a_wrong_signature_an_unknown_csca_and_a_namesake_are_told_apart() {
    let Country { csca, mut contents, .. } = country(&signer_profile());
    let namesake = Authority::csca("UT", NOW).unwrap();
    for store in [TrustStore::default(), trust(&[&namesake])] {
        let report = inspect(&contents, &store, NOW);
        assert!(matches!(only_failure(&report), (Check::SignerChain, PassiveError::CscaUnknown { .. })));
        assert_eq!(code(&report, Check::Country), ("not-done", Some("no-csca")));
    }
    // Both by one name in one store: the key decides.
    accept(&contents, &trust(&[&namesake, &csca]));
    let last = contents.sod.len() - 1;
    contents.sod[last] ^= 1;
    let report = inspect(&contents, &trust(&[&csca]), NOW);
    assert_eq!(only_failure(&report), (Check::Signature, PassiveError::SignatureInvalid));
    assert_eq!(code(&report, Check::SignerChain), ("not-done", Some("no-signer")));
}

#[test]
fn a_signer_is_not_valid_before_and_after_its_time_and_neither_is_a_csca() {
    let Country { csca, contents, .. } = country(&signer_profile());
    for time in [NOW - 2 * DAY, NOW + 90 * DAY] {
        let report = inspect(&contents, &trust(&[&csca]), time);
        let expired = report.outcome(Check::SignerValidity).unwrap();
        assert!(matches!(expired, Outcome::Failed(PassiveError::SignerExpired { .. })), "{report}");
    }
    let mut short = csca_profile("CSCA UT");
    short.validity.until_unix_s = NOW + 10 * DAY;
    let csca = Authority::self_signed(&short).unwrap();
    let contents = document(&csca.certify(&signer_profile()).unwrap(), &zone());
    let report = inspect(&contents, &trust(&[&csca]), NOW + 11 * DAY);
    assert!(matches!(only_failure(&report), (Check::CscaValidity, PassiveError::CscaExpired { .. })));
    // The same key, certified for longer: what is valid is preferred.
    let mut long = short.clone();
    long.validity.until_unix_s = NOW + 1000 * DAY;
    let longer = Authority::self_signed(&long).unwrap();
    assert!(inspect(&contents, &trust(&[&csca, &longer]), NOW + 11 * DAY).summary().is_ok());
}

#[test]
fn a_revoked_signer_is_refused_by_an_old_list_too_and_a_forged_list_does_not_count() {
    let Country { csca, signer, contents } = country(&signer_profile());
    let list = |csca: &Authority, time, revoked: &[&Certificate]| {
        Crl::parse(&csca.revocation_list(time, Some(time + 30 * DAY), revoked).unwrap()).unwrap()
    };
    let mut store = trust(&[&csca]);
    store.add_crl(list(&csca, NOW - DAY, &[]), NOW).unwrap();
    let report = accept(&contents, &store);
    assert_eq!(code(&report, Check::SignerRevocation), ("passed", None));
    assert_eq!(code(&report, Check::CscaRevocation), ("passed", None));
    let report = inspect(&contents, &store, NOW + 40 * DAY);
    assert_eq!(code(&report, Check::SignerRevocation), ("not-done", Some("revocation-list-stale")));

    store.add_crl(list(&csca, NOW, &[signer.certificate()]), NOW).unwrap();
    for time in [NOW, NOW + 40 * DAY] {
        let report = inspect(&contents, &store, time);
        let revoked = PassiveError::SignerRevoked { signer: report.signer.clone().unwrap(), since_unix_s: NOW };
        assert_eq!(only_failure(&report), (Check::SignerRevocation, revoked));
    }
    // A namesake's newer list would clear the signer; neither it nor an older one takes the place of the genuine.
    let namesake = Authority::csca("UT", NOW).unwrap();
    assert_eq!(store.add_crl(list(&namesake, NOW + DAY, &[]), NOW), Err(SkipReason::NoSigner));
    assert_eq!(store.add_crl(list(&csca, NOW - 2 * DAY, &[]), NOW), Err(SkipReason::Older));
    assert!(matches!(verify(&contents, &store, NOW), Err(PassiveError::SignerRevoked { .. })));

    store.add_crl(list(&csca, NOW + DAY, &[csca.certificate()]), NOW).unwrap();
    let report = inspect(&contents, &store, NOW + DAY);
    assert!(matches!(only_failure(&report), (Check::CscaRevocation, PassiveError::CscaRevoked { .. })));
}

#[test]
fn only_a_document_signer_signs_documents() {
    let csca = Authority::csca("UT", NOW).unwrap();
    let mut critical = signer_profile();
    critical.extensions.push((vec![0x2A, 3, 4], true, vec![5, 0]));
    // Keys that a country's other machines hold: a seal's signer, 2.23.136.1.1.14.2, and a server.
    let for_purpose = |purpose: &[u8]| {
        let mut profile = signer_profile();
        let purposes = tlv::object(0x30, &tlv::object(0x06, purpose));
        profile.extensions.push((oid::EXTENDED_KEY_USAGE.to_vec(), false, purposes));
        profile
    };
    let profiles = [
        for_purpose(&[0x67, 0x81, 0x08, 1, 1, 14, 2]),
        for_purpose(oid::SERVER_AUTHENTICATION),
        Profile::new(Role::MasterListSigner, "UT", "ML", NOW, 90).unwrap(),
        Profile::new(Role::DeviationListSigner, "UT", "DL", NOW, 90).unwrap(),
        Profile::new(Role::Csca, "UT", "another CA", NOW, 90).unwrap(),
        critical,
    ];
    for profile in profiles {
        let contents = document(&csca.certify(&profile).unwrap(), &zone());
        let report = inspect(&contents, &trust(&[&csca]), NOW);
        assert!(matches!(only_failure(&report), (Check::SignerUsage, PassiveError::SignerUsage { .. })), "{report}");
    }
}

#[test]
fn a_document_signer_certifies_nobody_even_if_somebody_trusts_it() {
    let Country { csca, signer, .. } = country(&signer_profile());
    let forger = signer.certify(&signer_profile()).unwrap();
    let contents = document(&forger, &zone());
    let refusal = verify(&contents, &trust(&[&csca, &signer]), NOW).unwrap_err();
    assert!(matches!(refusal, PassiveError::CscaUsage { .. }), "{refusal}");
    // As a link it leads nowhere.
    let store = with_link(trust(&[&csca]), signer.certificate().clone());
    assert!(matches!(verify(&contents, &store, NOW), Err(PassiveError::CscaUnknown { .. })));
}

#[test]
fn the_signer_is_of_the_country_that_the_zone_names() {
    let text = "P<D<<ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let foreign = Mrz::parse(text).unwrap();
    let csca = Authority::csca("UT", NOW).unwrap();
    let contents = document(&csca.certify(&signer_profile()).unwrap(), &foreign);
    let report = inspect(&contents, &trust(&[&csca]), NOW);
    let expected = PassiveError::CountryMismatch { signer: "UT".into(), issuer: foreign.issuer.clone() };
    assert_eq!(only_failure(&report), (Check::Country, expected));
    // A signer that claims the country does not make its CSCA belong to it.
    let claims = csca.certify(&Profile::new(Role::DocumentSigner, "DE", "DS", NOW, 90).unwrap()).unwrap();
    let report = inspect(&document(&claims, &foreign), &trust(&[&csca]), NOW);
    assert_eq!(only_failure(&report).0, Check::Country);
    // Case does not count, and Germany is one letter.
    let german = Authority::csca("de", NOW).unwrap();
    let signer = german.certify(&Profile::new(Role::DocumentSigner, "DE", "DS", NOW, 90).unwrap()).unwrap();
    accept(&document(&signer, &foreign), &trust(&[&german]));
}

#[test]
fn the_signer_may_sign_this_type_of_document() {
    for (types, fits) in [(vec!["P"], true), (vec!["ID", "P"], true), (vec!["ID", "AR"], false), (vec!["PD"], false)] {
        let mut profile = signer_profile();
        profile.document_types = types.iter().map(|&code| code.into()).collect();
        let Country { csca, contents, .. } = country(&profile);
        let report = inspect(&contents, &trust(&[&csca]), NOW);
        if fits {
            assert_eq!(code(&report, Check::DocumentType), ("passed", None));
            assert!(report.summary().is_ok());
        } else {
            assert_eq!(
                only_failure(&report),
                (
                    Check::DocumentType,
                    PassiveError::SignerNotForThisDocumentType { document: "P".into(), allowed: report_types(&types) }
                )
            );
        }
    }
}

fn report_types(types: &[&str]) -> String {
    types.join(", ")
}

#[test]
fn the_time_of_signing_and_the_periods_of_keys_are_compared() {
    let mut profile = signer_profile();
    profile.private_key_usage = Some(Period { from_unix_s: Some(NOW - DAY), until_unix_s: Some(NOW + 10 * DAY) });
    let mut csca = csca_profile("CSCA UT");
    csca.private_key_usage = Some(Period { from_unix_s: None, until_unix_s: Some(NOW) });
    let csca = Authority::self_signed(&csca).unwrap();
    let signer = csca.certify(&profile).unwrap();
    let mut contents = document(&signer, &zone());
    for (time, outcome) in [(NOW, ("passed", None)), (NOW + 20 * DAY, ("failed", Some("signed-out-of-period")))] {
        let signed_data = SignedDataProfile { signing_time_unix_s: Some(time), ..Default::default() };
        sign(&mut contents, &signer, &SodProfile { signed_data, ..Default::default() });
        // Told, and no reason to refuse: the signer writes this time itself.
        let report = accept(&contents, &trust(&[&csca]));
        assert_eq!((code(&report, Check::SigningTime), report.signing_time_unix_s), (outcome, Some(time)));
        assert_eq!(code(&report, Check::CscaKeyPeriod), ("passed", None));
    }
    profile.validity.from_unix_s = NOW + DAY;
    let late = document(&csca.certify(&profile).unwrap(), &zone());
    let report = inspect(&late, &trust(&[&csca]), NOW + 2 * DAY);
    assert_eq!(code(&report, Check::CscaKeyPeriod), ("failed", Some("signed-out-of-period")));
}

// Doc 9303-12, 4.2: a CSCA that changes its key, or its name, signs the new certificate with the old key.
#[test]
fn link_certificates_lead_to_the_anchor_and_prove_nothing_alone() {
    let old = Authority::self_signed(&csca_profile("CSCA UT")).unwrap();
    let middle = Authority::self_signed(&csca_profile("CSCA UT")).unwrap();
    let new = Authority::self_signed(&csca_profile("Renamed CSCA")).unwrap();
    let contents = document(&new.certify(&signer_profile()).unwrap(), &zone());
    let (first, second) = (old.link(&middle).unwrap(), middle.link(&new).unwrap());
    let store = with_link(with_link(trust(&[&old]), second.clone()), first.clone());
    let report = accept(&contents, &store);
    assert_eq!(report.path.len(), 3);
    assert_eq!(code(&report, Check::Identifiers), ("passed", None));
    for links in [vec![&first], vec![&second], vec![]] {
        let store = links.into_iter().fold(trust(&[&old]), |store, link| with_link(store, link.clone()));
        assert!(matches!(verify(&contents, &store, NOW), Err(PassiveError::CscaUnknown { .. })));
    }
    let store = with_link(with_link(TrustStore::default(), second), first);
    assert!(matches!(verify(&contents, &store, NOW), Err(PassiveError::CscaUnknown { .. })));
    // Two that vouch for each other are a circle.
    let mut circle = with_link(TrustStore::default(), old.link(&new).unwrap());
    assert!(circle.add(new.link(&old).unwrap(), Standing::Link, None));
    assert!(matches!(verify(&contents, &circle, NOW), Err(PassiveError::CscaUnknown { .. })));
}

// CVE-2020-0601: explicit parameters with a generator of the forger's choice, under which the CSCA's public point has
// the private key 1.
#[test]
fn forged_curve_parameters_make_no_csca() {
    let genuine_key = ec(Curve::NistP256, Parameters::Explicit);
    let usual = genuine_key.usual(HashAlgorithm::Sha256);
    let genuine = Authority::self_signed(&csca_profile("CSCA UT").signing_with(&genuine_key, usual)).unwrap();
    let public = genuine.certificate().public_key().unwrap().ec_key().unwrap();
    let mut context = BigNumContext::new().unwrap();
    let (mut p, mut a, mut b, mut order) =
        (BigNum::new().unwrap(), BigNum::new().unwrap(), BigNum::new().unwrap(), BigNum::new().unwrap());
    public.group().components_gfp(&mut p, &mut a, &mut b, &mut context).unwrap();
    public.group().order(&mut order, &mut context).unwrap();
    let mut group = EcGroup::from_components(p, a, b, &mut context).unwrap();
    let point = public.public_key().to_bytes(public.group(), PointConversionForm::UNCOMPRESSED, &mut context).unwrap();
    let point = EcPoint::from_bytes(&group, &point, &mut context).unwrap();
    let one = BigNum::from_u32(1).unwrap();
    let generator = point.to_owned(&group).unwrap();
    group.set_generator(generator, order, BigNum::from_u32(1).unwrap()).unwrap();
    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let forged = EcKey::from_private_components(&group, &one, &point).unwrap();
    let forged = PKey::from_ec_key(forged).unwrap();
    let key_info = forged.public_key_to_der().unwrap();
    let forged = SigningKey::with_key_info(forged, key_info);
    let forged = Authority::self_signed(&csca_profile("CSCA UT").signing_with(&forged, usual)).unwrap();
    // The same point, so the same key identifier; OpenSSL itself would have called its own signature right.
    assert_eq!(forged.certificate().extensions().subject_key, genuine.certificate().extensions().subject_key);
    assert_eq!(forged.certificate().public_key().unwrap_err(), KeyError::UnknownCurve);
    let signer = forged.certify(&signer_profile()).unwrap();
    let mut contents = document(&signer, &zone());
    let signed_data = SignedDataProfile { certificates: vec![forged.certificate_der().unwrap()], ..Default::default() };
    sign(&mut contents, &signer, &SodProfile { signed_data, ..Default::default() });
    let mut store = trust(&[&genuine]);
    assert!(matches!(verify(&contents, &store, NOW), Err(PassiveError::CscaUnknown { .. })));
    let report = store.import(forged.certificate().der(), "forged.cer", Authentication::Operator, NOW).unwrap();
    assert_eq!(report.skipped[0].why, SkipReason::Key(KeyError::UnknownCurve));
    // And put into the folder by hand, it verifies nothing.
    assert!(matches!(verify(&contents, &trust(&[&forged, &genuine]), NOW), Err(PassiveError::CscaUnknown { .. })));
}

#[test]
fn signed_data_as_the_field_writes_it_is_read() {
    let Country { csca, signer, mut contents } = country(&signer_profile());
    let store = trust(&[&csca]);
    let variants = [
        SignedDataProfile { by_key_identifier: true, ..Default::default() },
        SignedDataProfile { signed_attributes: false, ..Default::default() },
        // digestAlgorithm other than that of the signature.
        SignedDataProfile { digest: Some(HashAlgorithm::Sha1), ..Default::default() },
        SignedDataProfile { certificates: vec![vec![0x30, 0], csca.certificate_der().unwrap()], ..Default::default() },
    ];
    for signed_data in variants {
        sign(&mut contents, &signer, &SodProfile { signed_data, ..Default::default() });
        accept(&contents, &store);
    }
    // Indefinite lengths and strings in pieces.
    contents.sod = indefinite(&contents.sod);
    accept(&contents, &store);
    // Without its certificate, the directory's is taken.
    let signed_data = SignedDataProfile { with_certificate: false, ..Default::default() };
    sign(&mut contents, &signer, &SodProfile { signed_data, ..Default::default() });
    let refusal = verify(&contents, &store, NOW).unwrap_err();
    assert!(matches!(refusal, PassiveError::SecurityObject(CmsError::SignerAbsent(_))), "{refusal}");
    let mut store = store;
    assert!(store.add(signer.certificate().clone(), Standing::Signer, None));
    accept(&contents, &store);
    assert_eq!(store.len(), 1, "a signer is no CSCA");
}

/// The same structure as a streaming encoder writes it.
fn indefinite(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for object in tlv::all(der).unwrap() {
        match object.tag {
            0x04 if object.value.len() > 1 => {
                let (first, second) = object.value.split_at(object.value.len() / 2);
                out.extend([0x24, 0x80]);
                out.extend([tlv::object(4, first), tlv::object(4, second)].concat());
                out.extend([0, 0]);
            }
            tag if tag & 0x20 != 0 && tag < 0x100 => {
                out.extend([tag as u8, 0x80]);
                out.extend(indefinite(object.value));
                out.extend([0, 0]);
            }
            _ => out.extend(object.whole),
        }
    }
    out
}

#[test]
fn card_security_is_verified_like_the_security_object() {
    let Country { csca, signer, .. } = country(&signer_profile());
    let infos = tlv::object(0x31, &[]);
    let file = signer.sign_card_security(&infos).unwrap();
    let (zone, store) = (zone(), trust(&[&csca]));
    assert_eq!(verify_card_security(&file, &store, NOW, Some(&zone)).unwrap(), infos);
    let (report, _) = inspect_card_security(&file, &store, NOW, Some(&zone));
    assert_eq!(code(&report, Check::Country), ("passed", None));
    let stranger = TrustStore::default();
    assert!(matches!(verify_card_security(&file, &stranger, NOW, None), Err(PassiveError::CscaUnknown { .. })));
    let mut forged = file.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(verify_card_security(&forged, &store, NOW, None), Err(PassiveError::SignatureInvalid));
    // An EF.SOD's content is something else, whoever signed it.
    let other = signer.sign(oid::LDS_SECURITY_OBJECT, &infos, &SignedDataProfile::default()).unwrap();
    let refusal = verify_card_security(&other, &store, NOW, None).unwrap_err();
    assert!(matches!(refusal, PassiveError::CardSecurity(CmsError::ContentType { .. })), "{refusal}");
}

#[test]
fn a_deviation_list_tells_of_its_countrys_documents_only() {
    let Country { csca, signer, contents } = country(&signer_profile());
    let lister = csca.certify(&Profile::new(Role::DeviationListSigner, "UT", "DL", NOW, 90).unwrap()).unwrap();
    let hash = HashAlgorithm::Sha256;
    let deviation = |signer, numbers: &[&str]| Deviation {
        document_type: Some("P".into()),
        signer,
        issued: None,
        document_numbers: numbers.iter().map(|&number| number.into()).collect(),
        descriptions: vec![Description { text: Some("DG2 says 2 images".into()), kind: oid::DEVIATION_LIST.to_vec() }],
    };
    let digest = Some(DeviatingSigner::Digest { hash, value: hash.of(&[signer.certificate().der()]) });
    let told = Outcome::Failed(PassiveError::Deviation("DG2 says 2 images".into()));
    for (deviation, expected) in [
        (deviation(digest.clone(), &[]), told.clone()),
        (deviation(None, &["L898902C3"]), told),
        (deviation(digest, &["X"]), Outcome::Passed),
    ] {
        let mut store = trust(&[&csca]);
        let list = lister.sign_deviation_list(hash, &[deviation]).unwrap();
        let report = store.import(&list, "UT.dvl", Authentication::Store, NOW).unwrap();
        assert_eq!(report.deviation_lists, 1);
        assert_eq!(accept(&contents, &store).outcome(Check::Deviations), Some(&expected));
    }
    // Another country's list, and one that a document signer made.
    let foreign = Authority::csca("XX", NOW).unwrap();
    let foreigner = foreign.certify(&Profile::new(Role::DeviationListSigner, "XX", "DL", NOW, 90).unwrap()).unwrap();
    let mut store = trust(&[&csca, &foreign]);
    let list = foreigner.sign_deviation_list(hash, &[deviation(None, &[])]).unwrap();
    store.import(&list, "XX.dvl", Authentication::Store, NOW).unwrap();
    let outcome = accept(&contents, &store).outcome(Check::Deviations).cloned();
    assert_eq!(outcome, Some(Outcome::NotDone(NotDone::NoDeviationList)));
    let list = signer.sign_deviation_list(hash, &[deviation(None, &[])]).unwrap();
    assert!(store.import(&list, "UT.dvl", Authentication::Store, NOW).is_err());
}

#[test]
fn names_and_keys_that_do_not_match_are_told_though_the_signature_holds() {
    // Two certificates of one key under two names.
    let key = ec(Curve::NistP256, Parameters::Named);
    let usual = key.usual(HashAlgorithm::Sha256);
    let csca = Authority::self_signed(&csca_profile("CSCA UT").signing_with(&key, usual)).unwrap();
    let renamed = Authority::self_signed(&csca_profile("CSCA Utopia").signing_with(&key, usual)).unwrap();
    let contents = document(&csca.certify(&signer_profile()).unwrap(), &zone());
    let report = accept(&contents, &trust(&[&renamed]));
    assert_eq!(code(&report, Check::Identifiers), ("failed", Some("identifiers")));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_files_never_panic_and_never_pass(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let mut contents = ChipContents::default();
        contents.sod = tlv::object(0x77, &bytes);
        contents.groups.insert(1, bytes.clone());
        assert!(verify(&contents, &TrustStore::default(), NOW).is_err());
        assert!(verify_card_security(&bytes, &TrustStore::default(), NOW, None).is_err());
    }
}
