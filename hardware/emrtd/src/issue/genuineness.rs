//! What a simulated chip proves itself with, and whom it opens DG3 and DG4 to: keys of Active and Chip Authentication,
//! trust points of Terminal Authentication, the files that announce them, and the folder that keeps them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use openssl::pkey::{PKey, Private};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{IssueError, KeyKind, SigningKey as IssuingKey};
use crate::{
    crypto::{
        group::{Group, KeyPair, ParameterForm},
        hash::HashAlgorithm,
        suite::Suite,
    },
    eac::{
        cvc::{Certificate, Date},
        terminal_authentication::Trust,
    },
    genuineness::{
        active::{Scheme, SecretKey, plain_ecdsa_oid},
        chip_authentication::Protocol,
    },
    security_info::{SecurityInfo, SecurityInfos},
    tlv,
};

/// A key of Chip Authentication.
pub use crate::genuineness::chip_authentication::ChipKey as AgreementKey;

const DG14: u16 = 0x6E;
const DG15: u16 = 0x6F;

/// Files of the folder, beside those of the document itself.
const ACTIVE_KEY: &str = "AA_key.der";
const ACTIVE_PUBLIC: &str = "AA_public.der";
const ACTIVE_MANNER: &str = "AA_manner.txt";
const AGREEMENT_MANNER: &str = "CA_keys.txt";
const CVCA: &str = "CVCA.cvcert";
const TRUST_DATE: &str = "CVCA_date.txt";

fn agreement_file(number: usize) -> String {
    format!("CA_key_{number}.bin")
}

/// The key of Active Authentication and the manner of signing.
pub struct ActiveKey {
    key: SecretKey,
    /// SubjectPublicKeyInfo as DG15 carries it, with named or explicit parameters.
    public: Vec<u8>,
    scheme: Scheme,
    hash: HashAlgorithm,
}

impl ActiveKey {
    /// A fresh key of this kind, signing as the standard has it.
    pub fn generate(kind: KeyKind, hash: HashAlgorithm) -> Result<Self, IssueError> {
        let key = IssuingKey::generate(kind)?;
        let scheme = if matches!(kind, KeyKind::Ec { .. }) { Scheme::PlainEcdsa } else { Scheme::Iso9796 };
        Self::new(&key.key, key.key_info, scheme, hash)
    }

    fn new(key: &PKey<Private>, public: Vec<u8>, scheme: Scheme, hash: HashAlgorithm) -> Result<Self, IssueError> {
        let key = match key.rsa() {
            Ok(key) => SecretKey::Rsa(key),
            Err(_) => SecretKey::Ec(key.ec_key()?),
        };
        Ok(Self { key, public, scheme, hash })
    }

    /// Signing otherwise, as some chips do.
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    /// EF.DG15.
    pub fn dg15(&self) -> Vec<u8> {
        tlv::object(DG15, &self.public)
    }

    /// What DG14 announces: the hash, for ECDSA (Doc 9303-11, 9.2.4).
    pub fn security_infos(&self) -> Vec<SecurityInfo> {
        match self.key {
            SecretKey::Rsa(_) => Vec::new(),
            SecretKey::Ec(_) => {
                let signature_algorithm = plain_ecdsa_oid(self.hash);
                vec![SecurityInfo::ActiveAuthentication { version: 1, signature_algorithm }]
            }
        }
    }

    /// The answer to INTERNAL AUTHENTICATE.
    pub fn sign(&self, challenge: &[u8; 8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, IssueError> {
        Ok(self.key.sign(challenge, self.scheme, self.hash, rng)?)
    }

    fn private_der(&self) -> Result<Zeroizing<Vec<u8>>, IssueError> {
        let key = match &self.key {
            SecretKey::Rsa(key) => PKey::from_rsa(key.clone())?,
            SecretKey::Ec(key) => PKey::from_ec_key(key.clone())?,
        };
        Ok(Zeroizing::new(key.private_key_to_pkcs8()?))
    }
}

impl AgreementKey {
    /// A fresh key in a group of standardized domain parameters.
    pub fn generate(
        group: u8,
        id: Option<u64>,
        suites: &[Suite],
        rng: &mut impl CryptoRng,
    ) -> Result<Self, IssueError> {
        let pair = KeyPair::generate(&Group::standardized(group)?, rng)?;
        Ok(Self { pair, id, suites: suites.to_vec() })
    }

    /// What DG14 announces: the key with explicit parameters, and a protocol for each suite (Doc 9303-11, 9.2).
    pub fn security_infos(&self) -> Result<Vec<SecurityInfo>, IssueError> {
        let public = self.pair.public();
        let agreement = public.group().agreement();
        let key = SecurityInfo::of_public_key(public, public.public_key_info(ParameterForm::Explicit)?, self.id);
        let protocols = self.suites.iter().map(|&suite| SecurityInfo::ChipAuthentication {
            protocol: Protocol { agreement, suite },
            version: 1,
            key_id: self.id,
        });
        Ok(protocols.chain([key]).collect())
    }
}

/// Whom the chip opens DG3 and DG4 to.
#[derive(Clone)]
pub struct TerminalTrust {
    cvca: Certificate,
    personalized: Date,
}

impl TerminalTrust {
    /// Terminals below this CVCA; the chip's calendar begins on this day.
    pub fn new(cvca: Certificate, personalized: Date) -> Result<Self, IssueError> {
        Trust::new(&cvca, personalized)?;
        Ok(Self { cvca, personalized })
    }

    /// The chip's state on the day of its personalization.
    pub fn trust(&self) -> Result<Trust, IssueError> {
        Ok(Trust::new(&self.cvca, self.personalized)?)
    }

    /// What DG14 announces.
    pub fn security_infos(&self) -> Vec<SecurityInfo> {
        vec![SecurityInfo::TerminalAuthentication { version: 1, cvca_file: None }]
    }
}

/// All of a chip's proofs and trust.
#[derive(Default)]
pub struct Genuineness {
    /// The key of Active Authentication.
    pub active: Option<ActiveKey>,
    /// The keys of Chip Authentication, and of PACE with Chip Authentication Mapping.
    pub agreement: Vec<AgreementKey>,
    /// Terminal Authentication.
    pub terminals: Option<TerminalTrust>,
}

impl Genuineness {
    /// EF.DG14 with these and more infos, such as those of PACE; `None` if there is nothing to announce.
    pub fn dg14(&self, more: &[SecurityInfo]) -> Result<Option<Vec<u8>>, IssueError> {
        let mut infos = more.to_vec();
        infos.extend(self.active.iter().flat_map(ActiveKey::security_infos));
        for key in &self.agreement {
            infos.extend(key.security_infos()?);
        }
        infos.extend(self.terminals.iter().flat_map(TerminalTrust::security_infos));
        Ok((!infos.is_empty()).then(|| tlv::object(DG14, &SecurityInfos(infos).to_der())))
    }

    /// EF.DG15.
    pub fn dg15(&self) -> Option<Vec<u8>> {
        self.active.as_ref().map(ActiveKey::dg15)
    }

    /// EF.CVCA.
    pub fn ef_cvca(&self) -> Result<Option<Vec<u8>>, IssueError> {
        self.terminals.as_ref().map(|terminals| Ok(terminals.trust()?.ef_cvca())).transpose()
    }

    /// Writes keys and trust into a document's folder. The keys lie there open: they are those of a simulation.
    pub fn save(&self, folder: &Path) -> Result<(), IssueError> {
        let folder = Folder(folder);
        fs::create_dir_all(folder.0).map_err(|source| IssueError::File { path: folder.0.to_owned(), source })?;
        match &self.active {
            Some(active) => {
                folder.write(ACTIVE_KEY, &active.private_der()?)?;
                folder.write(ACTIVE_PUBLIC, &active.public)?;
                let manner = format!("{} {}\n", name_of(&SCHEMES, active.scheme), name_of(&HASHES, active.hash));
                folder.write(ACTIVE_MANNER, manner.as_bytes())?;
            }
            None => [ACTIVE_KEY, ACTIVE_PUBLIC, ACTIVE_MANNER].iter().try_for_each(|name| folder.remove(name))?,
        }
        let mut manners = String::new();
        for (number, key) in self.agreement.iter().enumerate() {
            let public = key.pair.public();
            let group = public.group().id().ok_or(IssueError::NotStandardized)?;
            let id = key.id.map_or_else(|| "-".to_owned(), |id| id.to_string());
            let suites: Vec<_> = key.suites.iter().map(|&suite| name_of(&SUITES, suite)).collect();
            manners.push_str(&format!("{group} {id} {}\n", suites.join(" ")));
            folder.write(&agreement_file(number), &key.pair.private_bytes()?)?;
        }
        let later = (self.agreement.len()..).map(agreement_file);
        later.take_while(|file| folder.path(file).exists()).try_for_each(|file| folder.remove(&file))?;
        folder.write(AGREEMENT_MANNER, manners.as_bytes())?;
        match &self.terminals {
            Some(terminals) => {
                folder.write(CVCA, &terminals.cvca.to_bytes())?;
                let digits = terminals.personalized.digits().map(|digit| char::from(b'0' + digit));
                folder.write(TRUST_DATE, String::from_iter(digits).as_bytes())?;
            }
            None => [CVCA, TRUST_DATE].iter().try_for_each(|name| folder.remove(name))?,
        }
        Ok(())
    }

    /// Reads what [`Genuineness::save`] wrote; what is not there, the chip does not have.
    pub fn load(folder: &Path) -> Result<Self, IssueError> {
        let folder = Folder(folder);
        let mut genuineness = Self::default();
        if let (Some(key), Some(public), Some(manner)) =
            (folder.read(ACTIVE_KEY)?, folder.read(ACTIVE_PUBLIC)?, folder.text(ACTIVE_MANNER)?)
        {
            let wrong = || folder.wrong(ACTIVE_MANNER, "scheme and hash");
            let (scheme, hash) = manner.trim().split_once(' ').ok_or_else(wrong)?;
            let scheme = named(&SCHEMES, scheme).ok_or_else(wrong)?;
            let hash = named(&HASHES, hash).ok_or_else(wrong)?;
            let key = PKey::private_key_from_der(&key)?;
            genuineness.active = Some(ActiveKey::new(&key, public.to_vec(), scheme, hash)?);
        }
        for (number, line) in folder.text(AGREEMENT_MANNER)?.unwrap_or_default().lines().enumerate() {
            let wrong = || folder.wrong(AGREEMENT_MANNER, "group, key number and suites");
            let mut words = line.split_whitespace();
            let group = words.next().and_then(|group| group.parse().ok()).ok_or_else(wrong)?;
            let id = match words.next().ok_or_else(wrong)? {
                "-" => None,
                id => Some(id.parse().map_err(|_| wrong())?),
            };
            let suites: Option<Vec<_>> = words.map(|suite| named(&SUITES, suite)).collect();
            let file = agreement_file(number);
            let private = folder.read(&file)?.ok_or_else(|| folder.wrong(&file, "a private key"))?;
            let pair = KeyPair::from_private(&Group::standardized(group)?, &private)?;
            genuineness.agreement.push(AgreementKey { pair, id, suites: suites.ok_or_else(wrong)? });
        }
        if let (Some(cvca), Some(date)) = (folder.read(CVCA)?, folder.text(TRUST_DATE)?) {
            let digits: Vec<u8> = date.trim().bytes().map(|digit| digit.wrapping_sub(b'0')).collect();
            let terminals = TerminalTrust::new(Certificate::parse(&cvca)?, Date::parse(&digits)?)?;
            genuineness.terminals = Some(terminals);
        }
        Ok(genuineness)
    }
}

const SCHEMES: [(Scheme, &str); 5] = [
    (Scheme::Iso9796, "iso9796"),
    (Scheme::Pkcs1, "pkcs1"),
    (Scheme::Pss, "pss"),
    (Scheme::PlainEcdsa, "ecdsa"),
    (Scheme::DerEcdsa, "ecdsa-der"),
];
const HASHES: [(HashAlgorithm, &str); 5] = [
    (HashAlgorithm::Sha1, "sha1"),
    (HashAlgorithm::Sha224, "sha224"),
    (HashAlgorithm::Sha256, "sha256"),
    (HashAlgorithm::Sha384, "sha384"),
    (HashAlgorithm::Sha512, "sha512"),
];
const SUITES: [(Suite, &str); 4] =
    [(Suite::TripleDes, "3des"), (Suite::Aes128, "aes128"), (Suite::Aes192, "aes192"), (Suite::Aes256, "aes256")];

fn name_of<T: PartialEq>(names: &[(T, &'static str)], value: T) -> &'static str {
    names.iter().find(|(other, _)| *other == value).map_or("", |(_, name)| name)
}

fn named<T: Copy>(names: &[(T, &str)], name: &str) -> Option<T> {
    names.iter().find(|(_, other)| *other == name).map(|&(value, _)| value)
}

/// Its files, with their names in errors.
struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn failed(&self, name: &str) -> impl FnOnce(io::Error) -> IssueError {
        let path = self.path(name);
        |source| IssueError::File { path, source }
    }

    fn wrong(&self, name: &str, what: &'static str) -> IssueError {
        IssueError::Content { path: self.path(name), what }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), IssueError> {
        fs::write(self.path(name), bytes).map_err(self.failed(name))
    }

    fn remove(&self, name: &str) -> Result<(), IssueError> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(name)(error)),
            _ => Ok(()),
        }
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, IssueError> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(name)(error)),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, IssueError> {
        let bytes = self.read(name)?;
        bytes.map(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| self.wrong(name, "text"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::{super::terminals::TerminalAuthority, *};
    use crate::{
        eac::{cvc::Rights, terminal_authentication::read_ef_cvca},
        genuineness::active::{PublicKey, announced_hash},
        issue::{Curve, Parameters},
    };

    const CHALLENGE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
    const NOW_UNIX_S: i64 = 1_790_000_000;

    fn genuineness(kind: KeyKind, rng: &mut StdRng) -> Genuineness {
        let authority = TerminalAuthority::new("UT", NOW_UNIX_S, Rights::READ_DG3).unwrap();
        Genuineness {
            active: Some(ActiveKey::generate(kind, HashAlgorithm::Sha256).unwrap()),
            agreement: vec![
                AgreementKey::generate(12, Some(1), &[Suite::TripleDes], rng).unwrap(),
                AgreementKey::generate(2, Some(2), &[Suite::Aes128, Suite::Aes256], rng).unwrap(),
            ],
            terminals: Some(TerminalTrust::new(authority.cvca().clone(), Date::from_unix_s(NOW_UNIX_S)).unwrap()),
        }
    }

    #[test]
    fn what_is_announced_is_what_the_chip_can_do() {
        let mut rng = StdRng::seed_from_u64(1);
        let named = KeyKind::Ec { curve: Curve::NistP256, parameters: Parameters::Named };
        let explicit = KeyKind::Ec { curve: Curve::BrainpoolP384r1, parameters: Parameters::Explicit };
        for kind in [KeyKind::Rsa { bits: 1024 }, named, explicit] {
            let genuineness = genuineness(kind, &mut rng);
            let infos = SecurityInfos::parse_dg14(&genuineness.dg14(&[]).unwrap().unwrap()).unwrap();
            let announced = infos.0.iter().find_map(|info| match info {
                SecurityInfo::ActiveAuthentication { signature_algorithm, .. } => announced_hash(signature_algorithm),
                _ => None,
            });
            assert_eq!(announced.is_some(), kind != KeyKind::Rsa { bits: 1024 });
            let key = PublicKey::from_dg15(&genuineness.dg15().unwrap()).unwrap();
            let answer = genuineness.active.as_ref().unwrap().sign(&CHALLENGE, &mut rng).unwrap();
            assert!(key.verify(&CHALLENGE, &answer, announced).is_ok());
            let keys: Vec<_> = infos.chip_authentication_keys().map(|(id, key)| (id, key.unwrap())).collect();
            assert_eq!(keys.len(), 2);
            for (id, key) in keys {
                let own = genuineness.agreement.iter().find(|own| own.id == id).unwrap();
                assert!(own.pair.public() == &key);
            }
            let protocols = infos.0.iter().filter(|info| matches!(info, SecurityInfo::ChipAuthentication { .. }));
            assert_eq!(protocols.count(), 3);
            let authorities = read_ef_cvca(&genuineness.ef_cvca().unwrap().unwrap()).unwrap();
            assert_eq!(authorities[0].country(), "UT");
        }
        let nothing = Genuineness::default();
        assert!(
            nothing.dg14(&[]).unwrap().is_none() && nothing.dg15().is_none() && nothing.ef_cvca().unwrap().is_none()
        );
    }

    #[test]
    fn a_folder_gives_back_what_was_saved_and_nothing_of_an_earlier_document() {
        let mut rng = StdRng::seed_from_u64(2);
        let folder = std::env::temp_dir().join(format!("sallyport-genuineness-{}", std::process::id()));
        let kind = KeyKind::Ec { curve: Curve::BrainpoolP256r1, parameters: Parameters::Explicit };
        let saved = genuineness(kind, &mut rng);
        saved.save(&folder).unwrap();
        let loaded = Genuineness::load(&folder).unwrap();
        assert_eq!(loaded.dg14(&[]).unwrap(), saved.dg14(&[]).unwrap());
        assert_eq!(loaded.dg15(), saved.dg15());
        assert_eq!(loaded.ef_cvca().unwrap(), saved.ef_cvca().unwrap());
        let answer = loaded.active.as_ref().unwrap().sign(&CHALLENGE, &mut rng).unwrap();
        let key = PublicKey::from_dg15(&saved.dg15().unwrap()).unwrap();
        assert!(key.verify(&CHALLENGE, &answer, Some(HashAlgorithm::Sha256)).is_ok());
        fs::write(folder.join(ACTIVE_MANNER), "nonsense").unwrap();
        assert!(matches!(Genuineness::load(&folder), Err(IssueError::Content { .. })));
        assert!(folder.join("CA_key_1.bin").exists());
        Genuineness::default().save(&folder).unwrap();
        let loaded = Genuineness::load(&folder).unwrap();
        assert!(!folder.join("CA_key_0.bin").exists() && !folder.join("CA_key_1.bin").exists());
        assert!(loaded.active.is_none() && loaded.agreement.is_empty() && loaded.terminals.is_none());
        fs::remove_dir_all(&folder).unwrap();
    }
}
