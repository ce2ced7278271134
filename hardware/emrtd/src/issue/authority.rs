//! Certification authorities and signers: certificates, link certificates and revocation lists (Doc 9303-12, 7.1).

use openssl::rand::rand_bytes;

use super::{
    IssueError, KeyKind, SigningKey,
    key::{Curve, Parameters, bit_string},
};
use crate::{
    asn1::{
        BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, integer, oid, write_generalized, write_name,
        write_time,
    },
    certificate::{Certificate, Period, Validity},
    cms::{HashAlgorithm, SignatureAlgorithm},
    tlv,
};

const DAY_S: i64 = 86_400;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A country's certification authority.
    Csca,
    /// Signs EF.SOD and EF.CardSecurity.
    DocumentSigner,
    /// Signs master lists.
    MasterListSigner,
    /// Signs deviation lists.
    DeviationListSigner,
}

/// What a new authority or signer shall be.
#[derive(Clone)]
pub struct Profile {
    /// What it is for.
    pub role: Role,
    /// C=, two letters.
    pub country: String,
    /// CN=.
    pub common_name: String,
    /// Its key.
    pub key: SigningKey,
    /// With what it will sign.
    pub algorithm: SignatureAlgorithm,
    /// Validity of its certificate.
    pub validity: Validity,
    /// When its key may sign; not written if `None`.
    pub private_key_usage: Option<Period>,
    /// Document codes that it may sign; not written if empty.
    pub document_types: Vec<String>,
    /// Further extensions: object identifier, critical or not, value.
    pub extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
}

impl Profile {
    /// A profile with a key of the demonstration's kind (NIST P-256, SHA-256), valid for `days` from a day before
    /// `now_unix_s`.
    pub fn new(role: Role, country: &str, common_name: &str, now_unix_s: i64, days: u32) -> Result<Self, IssueError> {
        let kind = KeyKind::Ec { curve: Curve::NistP256, parameters: Parameters::Named };
        let key = SigningKey::generate(kind)?;
        let from_unix_s = now_unix_s - DAY_S;
        Ok(Self {
            role,
            country: country.into(),
            common_name: common_name.into(),
            algorithm: key.usual(HashAlgorithm::Sha256),
            key,
            validity: Validity { from_unix_s, until_unix_s: from_unix_s + i64::from(days) * DAY_S },
            private_key_usage: None,
            document_types: Vec::new(),
            extensions: Vec::new(),
        })
    }

    /// With this key, and this algorithm of it.
    pub fn signing_with(mut self, key: &SigningKey, algorithm: SignatureAlgorithm) -> Self {
        (self.key, self.algorithm) = (key.clone(), algorithm);
        self
    }

    fn name(&self) -> Vec<u8> {
        write_name(&[
            (oid::COUNTRY, &self.country),
            (oid::ORGANIZATION, "Sallyport demonstration"),
            (oid::COMMON_NAME, &self.common_name),
        ])
    }
}

/// A key with its certificate: a CSCA or a signer.
pub struct Authority {
    pub(super) key: SigningKey,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) certificate: Certificate,
}

impl Authority {
    /// A CSCA of this country (two letters), valid from a day before `now_unix_s` for ten years.
    pub fn csca(country: &str, now_unix_s: i64) -> Result<Self, IssueError> {
        Self::self_signed(&Profile::new(Role::Csca, country, &format!("CSCA {country}"), now_unix_s, 3650)?)
    }

    /// A document signer under this CSCA, valid for `days` from a day before `now_unix_s`.
    pub fn document_signer(&self, country: &str, now_unix_s: i64, days: u32) -> Result<Self, IssueError> {
        self.certify(&Profile::new(Role::DocumentSigner, country, &format!("DS {country} 1"), now_unix_s, days)?)
    }

    /// An authority that signs its own certificate.
    pub fn self_signed(profile: &Profile) -> Result<Self, IssueError> {
        let issuer = Issuer { name: profile.name(), key: &profile.key, algorithm: profile.algorithm };
        Self::new(profile, &issuer)
    }

    /// An authority or signer under this one.
    pub fn certify(&self, profile: &Profile) -> Result<Self, IssueError> {
        Self::new(profile, &self.as_issuer())
    }

    fn new(profile: &Profile, issuer: &Issuer<'_>) -> Result<Self, IssueError> {
        let der = issuer.certify(profile, &profile.name())?;
        let certificate = Certificate::parse(&der)?;
        Ok(Self { key: profile.key.clone(), algorithm: profile.algorithm, certificate })
    }

    /// A link certificate: this CSCA says that the other one is its successor (Doc 9303-12, 4.2). Valid as long as both.
    pub fn link(&self, successor: &Self) -> Result<Certificate, IssueError> {
        let (own, new) = (self.certificate.validity(), successor.certificate.validity());
        let profile = Profile {
            role: Role::Csca,
            country: String::new(),
            common_name: String::new(),
            key: successor.key.clone(),
            algorithm: successor.algorithm,
            validity: Validity { from_unix_s: new.from_unix_s, until_unix_s: own.until_unix_s.min(new.until_unix_s) },
            private_key_usage: None,
            document_types: Vec::new(),
            extensions: Vec::new(),
        };
        let der = self.as_issuer().certify(&profile, successor.certificate.subject().der())?;
        Ok(Certificate::parse(&der)?)
    }

    /// A revocation list of these certificates (RFC 5280, 5), DER.
    pub fn revocation_list(
        &self,
        this_update_unix_s: i64,
        next_update_unix_s: Option<i64>,
        revoked: &[&Certificate],
    ) -> Result<Vec<u8>, IssueError> {
        let algorithm = self.algorithm.write(HashAlgorithm::Sha256);
        let mut entries = Vec::new();
        for certificate in revoked {
            let entry = [integer(certificate.serial()), write_time(this_update_unix_s)].concat();
            tlv::push(&mut entries, SEQUENCE, &entry);
        }
        let authority_key = tlv::object(SEQUENCE, &tlv::object(0x80, &self.key.identifier()?));
        let extensions = [
            extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &authority_key),
            extension(oid::CRL_NUMBER, false, &tlv::object(INTEGER, &[1])),
        ]
        .concat();
        let part = tlv::constructed(
            SEQUENCE,
            &[
                &tlv::object(INTEGER, &[1]),
                &algorithm,
                self.certificate.subject().der(),
                &write_time(this_update_unix_s),
                &next_update_unix_s.map(write_time).unwrap_or_default(),
                // An empty list is left out.
                &if entries.is_empty() { Vec::new() } else { tlv::object(SEQUENCE, &entries) },
                &tlv::object(0xA0, &tlv::object(SEQUENCE, &extensions)),
            ],
        );
        self.as_issuer().signed(&part, &algorithm)
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate in DER.
    pub fn certificate_der(&self) -> Result<Vec<u8>, IssueError> {
        Ok(self.certificate.der().to_vec())
    }

    fn as_issuer(&self) -> Issuer<'_> {
        Issuer { name: self.certificate.subject().der().to_vec(), key: &self.key, algorithm: self.algorithm }
    }
}

/// Who signs a certificate.
struct Issuer<'a> {
    name: Vec<u8>,
    key: &'a SigningKey,
    algorithm: SignatureAlgorithm,
}

impl Issuer<'_> {
    fn certify(&self, profile: &Profile, subject: &[u8]) -> Result<Vec<u8>, IssueError> {
        let mut serial = [0; 8];
        rand_bytes(&mut serial)?;
        // Positive, and never shorter (RFC 5280, 4.1.2.2).
        serial[0] = serial[0] & 0x7F | 0x40;
        let algorithm = self.algorithm.write(HashAlgorithm::Sha256);
        let validity = [write_time(profile.validity.from_unix_s), write_time(profile.validity.until_unix_s)].concat();
        let part = tlv::constructed(
            SEQUENCE,
            &[
                &tlv::object(0xA0, &tlv::object(INTEGER, &[2])),
                &integer(&serial),
                &algorithm,
                &self.name,
                &tlv::object(SEQUENCE, &validity),
                subject,
                &profile.key.key_info,
                &tlv::object(0xA3, &tlv::object(SEQUENCE, &self.extensions(profile)?)),
            ],
        );
        self.signed(&part, &algorithm)
    }

    fn signed(&self, part: &[u8], algorithm: &[u8]) -> Result<Vec<u8>, IssueError> {
        let signature = self.algorithm.sign(&self.key.key, HashAlgorithm::Sha256, part)?;
        Ok(tlv::constructed(SEQUENCE, &[part, algorithm, &bit_string(&signature)]))
    }

    fn extensions(&self, profile: &Profile) -> Result<Vec<u8>, IssueError> {
        let authority_key = tlv::object(SEQUENCE, &tlv::object(0x80, &self.key.identifier()?));
        let mut extensions = vec![
            extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &authority_key),
            extension(oid::SUBJECT_KEY_IDENTIFIER, false, &tlv::object(OCTET_STRING, &profile.key.identifier()?)),
        ];
        let purpose = |purpose: &[u8]| {
            extension(oid::EXTENDED_KEY_USAGE, true, &tlv::object(SEQUENCE, &tlv::object(OBJECT_IDENTIFIER, purpose)))
        };
        // keyCertSign and cRLSign, or digitalSignature: BIT STRINGs with the unused bits counted in front.
        let (usage, purpose) = match profile.role {
            Role::Csca => ([1, 0x06], None),
            Role::DocumentSigner => ([7, 0x80], None),
            Role::MasterListSigner => ([7, 0x80], Some(purpose(oid::MASTER_LIST_SIGNING))),
            Role::DeviationListSigner => ([7, 0x80], Some(purpose(oid::DEVIATION_LIST_SIGNING))),
        };
        extensions.push(extension(oid::KEY_USAGE, true, &tlv::object(crate::asn1::BIT_STRING, &usage)));
        extensions.extend(purpose);
        if profile.role == Role::Csca {
            let constraints = [tlv::object(BOOLEAN, &[0xFF]), tlv::object(INTEGER, &[0])].concat();
            extensions.push(extension(oid::BASIC_CONSTRAINTS, true, &tlv::object(SEQUENCE, &constraints)));
        }
        if let Some(period) = profile.private_key_usage {
            let time = |tag, time: Option<i64>| {
                time.map(|time| tlv::object(tag, write_generalized(time).as_bytes())).unwrap_or_default()
            };
            let period = [time(0x80, period.from_unix_s), time(0x81, period.until_unix_s)].concat();
            extensions.push(extension(oid::PRIVATE_KEY_USAGE_PERIOD, false, &tlv::object(SEQUENCE, &period)));
        }
        if !profile.document_types.is_empty() {
            let types: Vec<u8> =
                profile.document_types.iter().flat_map(|code| tlv::object(0x13, code.as_bytes())).collect();
            let list = [tlv::object(INTEGER, &[0]), tlv::object(SET, &types)].concat();
            extensions.push(extension(oid::DOCUMENT_TYPE_LIST, false, &tlv::object(SEQUENCE, &list)));
        }
        extensions.extend(profile.extensions.iter().map(|(kind, critical, value)| extension(kind, *critical, value)));
        Ok(extensions.concat())
    }
}

fn extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { tlv::object(BOOLEAN, &[0xFF]) } else { Vec::new() };
    tlv::constructed(SEQUENCE, &[&tlv::object(OBJECT_IDENTIFIER, kind), &critical, &tlv::object(OCTET_STRING, value)])
}
