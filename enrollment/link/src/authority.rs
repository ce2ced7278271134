//! The demonstration's certificate authority.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{Span, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use sallyport_privacy::{keys::write_private, vault::Vault};
use zeroize::Zeroizing;

use crate::LinkError;

const NAME: &str = "Sallyport demonstration CA";
const YEARS_OF_AUTHORITY: i64 = 10;
const YEARS_OF_LEAF: i64 = 1;
const CERTIFICATE_FILE: &str = "ca.crt";
const KEY_FILE: &str = "ca.key";
/// The vault's context of the sealed key.
const KEY_CONTEXT: &[u8] = b"certificate authority";

/// What a certificate is for (extended key usage, RFC 5280, 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// To connect to others.
    Client,
    /// To be connected to.
    Server,
    /// Both: a gate that also serves its screens.
    Both,
}

/// A certificate with its key.
pub struct Issued {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PEM (PKCS #8).
    pub key_pem: Zeroizing<String>,
}

/// A certificate authority with its key in memory.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(..)")
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued(..)")
    }
}

impl Authority {
    /// A new authority: P-256, ten years.
    pub fn create() -> Result<Self, LinkError> {
        let params = authority_params()?;
        let key = KeyPair::generate().map_err(issuing(NAME))?;
        let certificate: Certificate = params.self_signed(&key).map_err(issuing(NAME))?;
        Ok(Self { certificate_pem: certificate.pem(), issuer: Issuer::new(params, key) })
    }

    /// Writes `ca.crt`, and `ca.key` sealed by this vault and for its owner alone. Overwrites nothing.
    pub fn save(&self, folder: &Path, vault: &Vault) -> Result<(), LinkError> {
        let (certificate, key) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        let plain = Zeroizing::new(self.issuer.key().serialize_pem());
        write_private(&key, &vault.seal(KEY_CONTEXT, plain.as_bytes()), false).map_err(file(&key))?;
        fs::write(&certificate, &self.certificate_pem).map_err(file(&certificate))
    }

    /// Reads what [`Authority::save`] wrote.
    pub fn load(folder: &Path, vault: &Vault) -> Result<Self, LinkError> {
        let (certificate, path) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        let certificate_pem = fs::read_to_string(&certificate).map_err(file(&certificate))?;
        let sealed = fs::read(&path).map_err(file(&path))?;
        let plain = vault.open(KEY_CONTEXT, &sealed).map_err(|_| LinkError::Sealed { path: path.clone() })?;
        let unusable = |why: String| LinkError::Key { path: path.clone(), why };
        let pem = std::str::from_utf8(&plain).map_err(|error| unusable(error.to_string()))?;
        let key = KeyPair::from_pem(pem).map_err(|error| unusable(error.to_string()))?;
        Ok(Self { issuer: Issuer::new(authority_params()?, key), certificate_pem })
    }

    /// The authority's own certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Issues a certificate with a new key, for one year: `name` becomes its common name, `hosts` (DNS names and IP
    /// addresses) its subject alternative names.
    pub fn issue(&self, name: &str, hosts: &[String], usage: Usage) -> Result<Issued, LinkError> {
        let mut params = CertificateParams::new(hosts).map_err(issuing(name))?;
        params.distinguished_name = named(name);
        set_period(&mut params, name, YEARS_OF_LEAF.years())?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = match usage {
            Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Usage::Both => vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth],
        };
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(issuing(name))?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(issuing(name))?;
        Ok(Issued { certificate_pem: certificate.pem(), key_pem: Zeroizing::new(key.serialize_pem()) })
    }
}

impl Issued {
    /// Writes `<name>.crt`, and `<name>.key` for its owner alone, into this folder, in place of older ones.
    pub fn save(&self, folder: &Path, name: &str) -> Result<(), LinkError> {
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        write_private(&key, self.key_pem.as_bytes(), true).map_err(file(&key))?;
        fs::write(&certificate, &self.certificate_pem).map_err(file(&certificate))
    }
}

fn authority_params() -> Result<CertificateParams, LinkError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_period(&mut params, NAME, YEARS_OF_AUTHORITY.years())?;
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From yesterday, since clocks differ, until `span` from today.
fn set_period(params: &mut CertificateParams, name: &str, span: Span) -> Result<(), LinkError> {
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let wrong = |error: jiff::Error| LinkError::Issue { name: name.to_owned(), why: error.to_string() };
    let moment = |date: Date| date_time_ymd(i32::from(date.year()), date.month() as u8, date.day() as u8);
    params.not_before = moment(today.checked_sub(1.day()).map_err(wrong)?);
    params.not_after = moment(today.checked_add(span).map_err(wrong)?);
    Ok(())
}

fn issuing(name: &str) -> impl Fn(rcgen::Error) -> LinkError {
    move |error| LinkError::Issue { name: name.to_owned(), why: error.to_string() }
}

fn file(path: &Path) -> impl Fn(std::io::Error) -> LinkError {
    let path = PathBuf::from(path);
    move |source| LinkError::File { path: path.clone(), source }
}
