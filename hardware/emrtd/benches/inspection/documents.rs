//! Documents as they are in the field, and the authorities of a store as long as a country's master list.

use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    ImageFormat, Mrz,
    cms::{HashAlgorithm, Scheme},
    crypto::{group::Agreement, suite::Suite},
    issue::{
        ActiveKey, AgreementKey, Authority, Curve, Document, DocumentProfile, KeyKind, Parameters, Portrait, Profile,
        Role, SigningKey,
    },
    security_info::{Mapping, PaceProtocol},
    terminal::{Access, AccessKey},
};

pub(crate) const NOW: i64 = 1_780_000_000;
/// Certificates on a large master list.
const AUTHORITIES: usize = 588;
const PORTRAIT_BYTES: usize = 20_000;

/// A document and who answers for it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) document: Document,
    pub(crate) csca: Authority,
    /// How it opens.
    pub(crate) access: Access,
}

pub(crate) fn zone() -> Mrz {
    let text = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    Mrz::parse(text).unwrap()
}

pub(crate) fn key() -> AccessKey {
    AccessKey::Mrz(zone().key())
}

/// EF.DG2 of about 20 kB.
pub(crate) fn dg2() -> Vec<u8> {
    let mut image = vec![0xFF, 0xD8, 0xFF, 0xE0];
    image.resize(PORTRAIT_BYTES, 7);
    Portrait { image: &image, format: ImageFormat::Jpeg, width: 300, height: 400 }.dg2()
}

fn explicit(curve: Curve) -> KeyKind {
    KeyKind::Ec { curve, parameters: Parameters::Explicit }
}

fn named(curve: Curve) -> KeyKind {
    KeyKind::Ec { curve, parameters: Parameters::Named }
}

fn rsa(bits: u32) -> KeyKind {
    KeyKind::Rsa { bits }
}

/// A CSCA and a signer with keys of these kinds.
fn country([csca, signer]: [KeyKind; 2], hash: HashAlgorithm) -> [Authority; 2] {
    let profile = |role, name, kind| {
        let key = SigningKey::generate(kind).unwrap();
        Profile::new(role, "UT", name, NOW, 90).unwrap().signing_with(&key, key.usual(hash))
    };
    let csca = Authority::self_signed(&profile(Role::Csca, "CSCA UT", csca)).unwrap();
    let signer = csca.certify(&profile(Role::DocumentSigner, "DS UT", signer)).unwrap();
    [csca, signer]
}

/// What a document is made of.
struct Kind {
    name: &'static str,
    /// PACE in these domain parameters; `None`: BAC.
    pace: Option<Mapping>,
    group: u8,
    suite: Suite,
    active: KeyKind,
    /// Of CSCA and document signer.
    signers: [KeyKind; 2],
    hash: HashAlgorithm,
}

impl Kind {
    fn issue(self) -> Case {
        let Self { name, pace, group, suite, active, signers, hash } = self;
        let agreement = if group < 8 { Agreement::Dh } else { Agreement::Ecdh };
        let protocol = pace.map(|mapping| PaceProtocol { mapping, agreement, suite });
        let [csca, signer] = country(signers, hash);
        let zone = zone();
        let mut profile = DocumentProfile::plain(&zone, dg2());
        profile.pace = protocol.map(|protocol| (protocol, group)).into_iter().collect();
        // With chip authentication mapping, nothing more is needed.
        let suites = if pace == Some(Mapping::ChipAuthentication) { &[][..] } else { &[suite] };
        let id = Some(u64::from(group));
        profile.genuineness.agreement =
            vec![AgreementKey::generate(group, id, suites, &mut StdRng::seed_from_u64(1)).unwrap()];
        profile.genuineness.active = Some(ActiveKey::generate(active, HashAlgorithm::Sha256).unwrap());
        let document = signer.issue_document(profile).unwrap();
        let access = protocol.map_or(Access::Bac, |protocol| Access::Pace { protocol, parameter_id: id });
        Case { name, document, csca, access }
    }
}

/// Documents of every access protocol.
pub(crate) fn cases() -> impl Iterator<Item = Case> {
    use Curve::{BrainpoolP256r1, BrainpoolP384r1, BrainpoolP512r1, NistP256, NistP384, NistP521};
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    use Mapping::{ChipAuthentication, Generic, Integrated};
    let kind =
        |name, pace, group, suite, active, signers, hash| Kind { name, pace, group, suite, active, signers, hash };
    let rsas = [rsa(4_096), rsa(2_048)];
    let brainpool = [explicit(BrainpoolP384r1), explicit(BrainpoolP256r1)];
    let large = [explicit(BrainpoolP512r1), explicit(BrainpoolP384r1)];
    let largest = [explicit(BrainpoolP512r1); 2];
    let nist = [explicit(NistP384), named(NistP256)];
    [
        kind("BAC, P-256, 3DES", None, 12, Suite::TripleDes, rsa(1_024), rsas, Sha256),
        kind("GM, P-256, AES-128", Some(Generic), 12, Suite::Aes128, rsa(2_048), rsas, Sha256),
        kind(
            "GM, brainpoolP256r1, AES-128",
            Some(Generic),
            13,
            Suite::Aes128,
            named(BrainpoolP256r1),
            brainpool,
            Sha256,
        ),
        kind("GM, brainpoolP384r1, AES-256", Some(Generic), 16, Suite::Aes256, named(BrainpoolP384r1), large, Sha384),
        kind("GM, brainpoolP512r1, AES-256", Some(Generic), 17, Suite::Aes256, named(BrainpoolP512r1), largest, Sha512),
        kind("GM, P-521, AES-256", Some(Generic), 18, Suite::Aes256, named(NistP521), [explicit(NistP521); 2], Sha512),
        kind("IM, P-256, AES-128", Some(Integrated), 12, Suite::Aes128, named(NistP256), nist, Sha256),
        kind(
            "IM, brainpoolP256r1, AES-128",
            Some(Integrated),
            13,
            Suite::Aes128,
            named(BrainpoolP256r1),
            brainpool,
            Sha256,
        ),
        kind(
            "CAM, brainpoolP256r1, AES-128",
            Some(ChipAuthentication),
            13,
            Suite::Aes128,
            named(NistP256),
            brainpool,
            Sha256,
        ),
        kind(
            "CAM, brainpoolP512r1, AES-256",
            Some(ChipAuthentication),
            17,
            Suite::Aes256,
            named(NistP521),
            largest,
            Sha512,
        ),
        kind("GM, DH 2048/256, AES-128", Some(Generic), 2, Suite::Aes128, rsa(2_048), rsas, Sha256),
        kind("IM, DH 2048/256, AES-128", Some(Integrated), 2, Suite::Aes128, rsa(2_048), rsas, Sha256),
    ]
    .into_iter()
    .map(Kind::issue)
}

/// As on a master list: half RSA, half elliptic, most of these with explicit parameters. RSA keys are few, for they
/// take seconds to make.
pub(crate) fn authorities() -> Vec<Authority> {
    let keys: Vec<SigningKey> = [2_048, 3_072, 4_096].map(|bits| SigningKey::generate(rsa(bits)).unwrap()).into();
    (0..AUTHORITIES)
        .map(|at| {
            let parameters = if at % 8 == 0 { Parameters::Named } else { Parameters::Explicit };
            let (key, hash) = match at % 2 {
                0 => (keys[at / 2 % keys.len()].clone(), HashAlgorithm::Sha256),
                _ => {
                    let curve = Curve::ALL[at / 2 % Curve::ALL.len()];
                    (SigningKey::generate(KeyKind::Ec { curve, parameters }).unwrap(), HashAlgorithm::Sha384)
                }
            };
            let mut algorithm = key.usual(hash);
            if at % 6 == 0 {
                algorithm.scheme = Scheme::Pss { mask: Some(hash), salt_bytes: 32 };
            }
            let profile = Profile::new(Role::Csca, "UT", &format!("CSCA {at}"), NOW, 3650).unwrap();
            Authority::self_signed(&profile.signing_with(&key, algorithm)).unwrap()
        })
        .collect()
}
