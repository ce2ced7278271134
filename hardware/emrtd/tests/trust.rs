//! Lists of certificates: those that tests issue, and real ones where the evaluation data is there.
#![allow(clippy::unwrap_used)]

mod country;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use country::*;
use openssl::{base64::encode_block, pkey::Id};
use proptest::prelude::*;
use sallyport_emrtd::{
    certificate::{Certificate, Crl},
    cms::HashAlgorithm,
    issue::{Authority, Curve, Parameters, Profile, Role, SignedDataProfile},
    passive::{Check, PassiveError, verify},
    trust::{Authentication, DeviationList, MasterList, SkipReason, Standing, TrustError, TrustStore},
};

struct Lister {
    csca: Authority,
    signer: Authority,
}

/// A country whose CSCA certifies a signer of master lists.
fn lister() -> Lister {
    let csca = Authority::csca("UT", NOW).unwrap();
    let profile = Profile::new(Role::MasterListSigner, "UT", "ML", NOW, 90).unwrap();
    Lister { signer: csca.certify(&profile).unwrap(), csca }
}

fn list(lister: &Lister, certificates: &[&[u8]]) -> Vec<u8> {
    let profile = SignedDataProfile { signing_time_unix_s: Some(NOW), ..Default::default() };
    lister.signer.sign_master_list(certificates, &profile).unwrap()
}

#[test]
fn a_master_list_is_followed_to_its_root_and_what_it_brought_is_told() {
    let lister = lister();
    let (first, second) = (Authority::csca("AA", NOW).unwrap(), Authority::csca("BB", NOW).unwrap());
    let signer = first.document_signer("AA", NOW, 90).unwrap();
    let mut broken = second.certificate_der().unwrap();
    *broken.last_mut().unwrap() ^= 1;
    let certificates = [first.certificate().der(), second.certificate().der(), &broken, &[0x30, 0]];
    let bytes = list(&lister, &certificates);
    let root = [lister.csca.certificate().clone()];
    let mut store = TrustStore::default();
    let report = store.import_master_list(&bytes, "UT.ml", Authentication::Roots(&root), NOW).unwrap();
    assert_eq!((report.certificates.len(), store.len()), (2, 2));
    let why: BTreeSet<&str> = report.skipped.iter().map(|skipped| skipped.why.code()).collect();
    assert_eq!(why, BTreeSet::from(["malformed", "signature-invalid"]));
    assert_eq!(report.lists[0].country.as_deref(), Some("UT"));
    assert!(report.lists[0].anchor.as_deref().unwrap().contains("CN=CSCA UT"));
    let origin = store.entries()[0].provenance.as_ref().unwrap().to_string();
    assert!(origin.starts_with("UT.ml, list of C=UT") && origin.ends_with("imported 2026-05-28"), "{origin}");
    assert_eq!(store.countries().keys().collect::<Vec<_>>(), ["AA", "BB"]);
    let again = store.import(&bytes, "UT.ml", Authentication::Operator, NOW).unwrap();
    assert_eq!((again.certificates.len(), store.len()), (0, 2));
    assert!(again.lists[0].anchor.is_none());
    assert!(matches!(store.path(signer.certificate(), NOW), Ok(path) if path.len() == 1));
}

#[test]
fn a_list_of_a_stranger_a_document_signer_or_the_past_is_refused() {
    let own = lister();
    let other = lister();
    let certificate = own.csca.certificate_der().unwrap();
    let bytes = list(&own, &[&certificate]);
    let mut store = TrustStore::default();
    let mut import = |bytes: &[u8], authentication, time| {
        store.import(bytes, "UT.ml", authentication, time).map(|report| report.certificates.len())
    };
    let strange = [other.csca.certificate().clone()];
    for authentication in [Authentication::Roots(&strange), Authentication::Roots(&[]), Authentication::Store] {
        assert!(matches!(import(&bytes, authentication, NOW), Err(TrustError::ListSigner { .. })));
    }
    let expired = import(&bytes, Authentication::Operator, NOW + 91 * DAY);
    assert!(matches!(expired, Err(TrustError::ListSignerExpired { .. })));
    let signer = own.csca.document_signer("UT", NOW, 90).unwrap();
    let wrong = signer.sign_master_list(&[&certificate], &SignedDataProfile::default()).unwrap();
    assert!(matches!(import(&wrong, Authentication::Operator, NOW), Err(TrustError::Purpose { .. })));
    let mut forged = bytes.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert!(matches!(import(&forged, Authentication::Operator, NOW), Err(TrustError::List(_))));
    assert!(store.is_empty());
    let mut store = trust(&[&own.csca]);
    let crl = own.csca.revocation_list(NOW, None, &[own.signer.certificate()]).unwrap();
    store.add_crl(Crl::parse(&crl).unwrap(), NOW).unwrap();
    let revoked = store.import(&bytes, "UT.ml", Authentication::Store, NOW);
    assert!(matches!(revoked, Err(TrustError::ListSignerRevoked { .. })));
}

/// Forty certificates of one name and key, each of which signed all others: forty to the eighth paths.
#[test]
fn a_maze_of_links_is_searched_once() {
    let key = ec(Curve::NistP256, Parameters::Named);
    let profile = csca_profile("CSCA UT").signing_with(&key, key.usual(HashAlgorithm::Sha256));
    let mut store = TrustStore::default();
    let maze: Vec<Authority> = (0..40).map(|_| Authority::self_signed(&profile).unwrap()).collect();
    for authority in &maze {
        assert!(store.add(authority.certificate().clone(), Standing::Link, None));
    }
    let contents = document(&maze[0].certify(&signer_profile()).unwrap(), &zone());
    assert!(matches!(verify(&contents, &store, NOW), Err(PassiveError::CscaUnknown { .. })));
}

/// A directory as the ICAO publishes it: revocation lists before the certificates of who signed them.
fn ldif(entries: &[(&str, &str, &[u8])]) -> String {
    let mut text = String::from("version: 1\n\n");
    for (name, attribute, value) in entries {
        let line = format!("{attribute}:: {}", encode_block(value));
        let folded: Vec<&str> = line.as_bytes().chunks(76).map(|part| std::str::from_utf8(part).unwrap()).collect();
        text.push_str(&format!("dn: {name}\nobjectClass: top\n{}\n\n", folded.join("\n ")));
    }
    text
}

#[test]
fn a_directory_gives_links_signers_and_revocation_lists_and_no_trust_of_its_own() {
    let old = Authority::csca("UT", NOW).unwrap();
    let new = Authority::self_signed(&csca_profile("CSCA UT 2")).unwrap();
    let signer = new.certify(&signer_profile()).unwrap();
    let link = old.link(&new).unwrap();
    let crl = new.revocation_list(NOW - DAY, Some(NOW + DAY), &[]).unwrap();
    let strange = Authority::csca("XX", NOW).unwrap();
    let strange_crl = strange.revocation_list(NOW, None, &[]).unwrap();
    let text = ldif(&[
        ("cn=crl", "certificateRevocationList;binary", &crl),
        ("cn=strange", "certificateRevocationList;binary", &strange_crl),
        ("cn=link", "cACertificate;binary", link.der()),
        ("cn=self", "userCertificate;binary", strange.certificate().der()),
        ("cn=signer", "userCertificate;binary", signer.certificate().der()),
        ("cn=garbage", "userCertificate;binary", &[1, 2, 3]),
        ("cn=list", "pkdMasterListContent", &[0x30, 0]),
    ]);
    let mut store = trust(&[&old]);
    let report = store.import(text.as_bytes(), "pkd.ldif", Authentication::Store, NOW).unwrap();
    assert_eq!((report.certificates.len(), report.signers, report.revocation_lists), (2, 1, 1));
    let skipped: Vec<(&str, &str)> =
        report.skipped.iter().map(|skipped| (skipped.what.as_str(), skipped.why.code())).collect();
    let expected = [("cn=garbage", "malformed"), ("cn=list", "list-not-authentic"), ("cn=strange", "no-signer")];
    assert_eq!(skipped, expected);
    let report = accept(&document(&signer, &zone()), &store);
    assert_eq!((report.path.len(), code(&report, Check::SignerRevocation)), (2, ("passed", None)));
    // That a directory lists it makes nobody trusted.
    let forged = document(&strange.document_signer("UT", NOW, 90).unwrap(), &zone());
    assert!(verify(&forged, &store, NOW).is_err());
}

#[test]
fn a_folder_keeps_standing_provenance_and_lists() {
    let folder = std::env::temp_dir().join(format!("sallyport-trust-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let old = Authority::csca("UT", NOW).unwrap();
    let new = Authority::self_signed(&csca_profile("CSCA UT 2")).unwrap();
    let signer = new.certify(&signer_profile()).unwrap();
    let contents = document(&signer, &zone());
    let mut store = TrustStore::default();
    store.import(old.certificate().der(), "by\thand.cer", Authentication::Operator, NOW).unwrap();
    let crl = old.revocation_list(NOW - DAY, Some(NOW + DAY), &[]).unwrap();
    let link = old.link(&new).unwrap();
    let text = ldif(&[
        ("cn=link", "cACertificate;binary", link.der()),
        ("cn=signer", "userCertificate;binary", signer.certificate().der()),
        ("cn=crl", "certificateRevocationList;binary", &crl),
    ]);
    store.import(text.as_bytes(), "pkd.ldif", Authentication::Store, NOW).unwrap();
    store.save(&folder).unwrap();
    // By hand, as PEM and under any name; and what is none of its kinds.
    let other = Authority::csca("BB", NOW).unwrap();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        encode_block(other.certificate().der())
    );
    fs::write(folder.join("bb.pem"), pem).unwrap();
    fs::write(folder.join("README.txt"), "certificates").unwrap();
    // Provenance informs; without it a link is still no anchor.
    for keep in [true, false] {
        if !keep {
            fs::remove_file(folder.join("provenance.tsv")).unwrap();
        }
        let (read, others) = TrustStore::load(&folder, NOW).unwrap();
        assert_eq!((others.as_slice(), read.len()), (&["README.txt".to_owned()][..], 3));
        let standing = |certificate: &Certificate| {
            let found = read.entries().iter().find(|it| it.certificate.fingerprint() == certificate.fingerprint());
            found.map(|entry| (entry.standing, entry.provenance.as_ref().map(|origin| origin.file.clone())))
        };
        let origin = |file: &str| keep.then(|| file.to_owned());
        assert_eq!(standing(old.certificate()), Some((Standing::Anchor, origin("by hand.cer"))));
        assert_eq!(standing(&link), Some((Standing::Link, origin("pkd.ldif"))));
        assert_eq!(standing(signer.certificate()), Some((Standing::Signer, origin("pkd.ldif"))));
        assert_eq!(read.crls().count(), 1);
        assert_eq!(accept(&contents, &read).path.len(), 2);
    }
    fs::write(folder.join("broken.crt"), [1, 2, 3]).unwrap();
    let error = TrustStore::load(&folder, NOW).unwrap_err().to_string();
    assert!(error.contains("broken.crt"), "{error}");
    fs::remove_dir_all(&folder).unwrap();
}

fn evaluation_data() -> Option<PathBuf> {
    let data = std::env::var_os("SALLYPORT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = data.join("chips/trust");
    if !folder.exists() {
        eprintln!("SKIPPED: no master list in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn certificate(folder: &Path, name: &str) -> Certificate {
    Certificate::parse(&fs::read(folder.join(name)).unwrap()).unwrap()
}

#[test]
fn the_german_master_list_is_taken_and_every_signature_on_it_holds() {
    let Some(folder) = evaluation_data() else { return };
    let bytes = fs::read(folder.join("DE_ML_2026-05-28.ml")).unwrap();
    let all = MasterList::parse(&bytes).unwrap();
    assert_eq!((all.len(), all.certificates().count()), (588, 588));
    let kind = |kind| all.certificates().filter(|it| it.public_key().is_ok_and(|key| key.id() == kind)).count();
    assert_eq!((kind(Id::EC), kind(Id::RSA) + kind(Id::RSA_PSS)), (164, 424));

    let root = [certificate(&folder, "DE_ROOT_CA_CSCA07.cer")];
    let mut store = TrustStore::default();
    let report = store.import_master_list(&bytes, "DE_ML", Authentication::Roots(&root), NOW).unwrap();
    assert_eq!(report.lists[0].country.as_deref(), Some("DE"));
    assert!(report.lists[0].anchor.as_deref().unwrap().contains("csca-germany"));
    // Left out are seven links that say they are no authority. Their keys are on the list a second time, so that no
    // document loses its chain.
    assert_eq!((report.certificates.len(), report.skipped.len(), store.len()), (581, 7, 581));
    assert!(report.skipped.iter().all(|skipped| skipped.why == SkipReason::NotAnAuthority));
    let keys: BTreeSet<&[u8]> = store.entries().iter().map(|entry| entry.certificate.key_info()).collect();
    for left_out in all.certificates().filter(|it| it.extensions().authority == Some(false)) {
        assert!(keys.contains(left_out.key_info()) && !left_out.names_itself(), "{left_out:?}");
    }

    // What says that it signed itself did. A link's issuer is on the list, or its old key no longer is.
    let key_identifiers: BTreeSet<&Vec<u8>> =
        store.entries().iter().filter_map(|entry| entry.certificate.extensions().subject_key.as_ref()).collect();
    let (mut own, mut linked, mut left) = (0, 0, 0);
    for entry in store.entries() {
        let certificate = &entry.certificate;
        if certificate.names_itself() {
            assert!(certificate.is_signed_by(certificate), "{certificate:?}");
            own += 1;
        } else if store.path(certificate, NOW).is_ok() {
            linked += 1;
        } else {
            let listed = match &certificate.extensions().authority_key {
                Some(key) => key_identifiers.contains(key),
                None => store.entries().iter().any(|it| it.certificate.subject().key() == certificate.issuer().key()),
            };
            assert!(!listed, "{certificate:?}");
            left += 1;
        }
    }
    assert_eq!((own, linked, left), (375, 194, 12));
    // Albania, Romania, Slovenia and the United Kingdom write their codes small on some.
    let countries = store.countries();
    assert!(countries.keys().all(|code| code.len() == 2 && *code == code.to_uppercase()), "{:?}", countries.keys());
    assert_eq!((countries.len(), countries["DE"].len()), (112, 9));

    let written = std::env::temp_dir().join(format!("sallyport-german-list-{}", std::process::id()));
    store.save(&written).unwrap();
    let (read, others) = TrustStore::load(&written, NOW).unwrap();
    fs::remove_dir_all(&written).unwrap();
    assert_eq!((read.len(), others.len()), (581, 0));
    assert!(read.entries().iter().all(|entry| entry.provenance.as_ref().is_some_and(|origin| origin.list.is_some())));
}

#[test]
fn the_indonesian_link_certificates_chain() {
    let Some(folder) = evaluation_data() else { return };
    let (old, link) = (certificate(&folder, "IDN_2016-01_CSCA.cer"), certificate(&folder, "IDN_2020-10_CSCA_LINK.cer"));
    let new = certificate(&folder, "IDN_2020-10_CSCA.cer");
    // PKCS#1 signs a link to a key that signs by PSS.
    assert!(old.is_signed_by(&old) && link.is_signed_by(&old) && new.is_signed_by(&new));
    assert!(!link.is_signed_by(&new) && !new.is_signed_by(&old));
    assert_eq!(link.key_info(), new.key_info());
    let mut store = TrustStore::default();
    assert!(store.add(link.clone(), Standing::Link, None));
    assert!(store.path(&new, NOW).is_err());
    assert!(store.add(old, Standing::Anchor, None));
    let path = store.path(&new, NOW).unwrap();
    assert_eq!(path.iter().map(|entry| entry.standing).collect::<Vec<_>>(), [Standing::Link, Standing::Anchor]);
    // The one from 2016 links from a key that nobody gave here.
    let older = certificate(&folder, "IDN_2016-01_CSCA_LINK.cer");
    assert!(!older.names_itself() && !older.is_signed_by(&older));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hostile_lists_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut store = TrustStore::default();
        let _ = store.import(&bytes, "", Authentication::Operator, NOW);
        prop_assert!(store.is_empty());
        let _ = (MasterList::parse(&bytes).is_ok(), DeviationList::parse(&bytes).is_ok(), Crl::parse(&bytes).is_ok());
    }

    #[test]
    fn no_changed_byte_of_a_certificate_keeps_its_signature(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        static CSCA: std::sync::LazyLock<Authority> = std::sync::LazyLock::new(|| Authority::csca("UT", NOW).unwrap());
        let mut der = CSCA.certificate_der().unwrap();
        let at = at.index(der.len());
        der[at] ^= 1 << bit;
        if let Ok(changed) = Certificate::parse(&der) {
            prop_assert!(!changed.is_signed_by(CSCA.certificate()), "byte {at}");
        }
        if let Ok(crl) = Crl::parse(&der) {
            prop_assert!(!crl.is_signed_by(CSCA.certificate()));
        }
    }
}
