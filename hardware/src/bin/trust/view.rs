//! A certificate of a trust store, for people and programs.

use std::fmt;

use sallyport_emrtd::{
    asn1::date,
    certificate::Certificate,
    trust::{Entry, Standing},
};
use serde::Serialize;

/// What a trust store knows of a certificate.
#[derive(Serialize)]
pub(crate) struct Authority {
    fingerprint: String,
    standing: &'static str,
    country: Option<String>,
    subject: String,
    issuer: String,
    serial: String,
    key: String,
    key_identifier: Option<String>,
    valid_from: String,
    valid_until: String,
    valid_today: bool,
    /// Where it came from; nothing for what somebody put there by hand.
    origin: Option<String>,
}

/// SHA-256 of the certificate, in hexadecimal.
pub(crate) fn fingerprint(entry: &Entry) -> String {
    hex::encode(entry.certificate.fingerprint())
}

impl Authority {
    pub(crate) fn new(entry: &Entry, now: i64) -> Self {
        let certificate = &entry.certificate;
        let validity = certificate.validity();
        Self {
            fingerprint: fingerprint(entry),
            standing: match entry.standing {
                Standing::Anchor => "anchor",
                Standing::Link => "link",
                Standing::Signer => "signer",
            },
            country: certificate.country(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: hex::encode(certificate.serial()),
            key: key(certificate),
            key_identifier: certificate.extensions().subject_key.as_ref().map(hex::encode),
            valid_from: date(validity.from_unix_s),
            valid_until: date(validity.until_unix_s),
            valid_today: validity.contains(now),
            origin: entry.provenance.as_ref().map(ToString::to_string),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let short = self.fingerprint.get(..16).unwrap_or_default();
        let end = if self.valid_today { "" } else { ", not valid today" };
        format!("  {short}  {:<6}  {} to {}{end}  {}", self.standing, self.valid_from, self.valid_until, self.subject)
    }
}

fn key(certificate: &Certificate) -> String {
    match certificate.public_key() {
        Ok(key) if key.rsa().is_ok() => format!("RSA, {} bits", key.bits()),
        Ok(key) if key.ec_key().is_ok() => format!("elliptic curve, {} bits", key.bits()),
        Ok(key) => format!("{} bits", key.bits()),
        Err(error) => format!("not usable: {error}"),
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.subject)?;
        writeln!(f, "  fingerprint     {}", self.fingerprint)?;
        writeln!(f, "  standing        {}", self.standing)?;
        writeln!(f, "  issuer          {}", self.issuer)?;
        writeln!(f, "  serial number   {}", self.serial)?;
        writeln!(f, "  key             {}", self.key)?;
        writeln!(f, "  key identifier  {}", self.key_identifier.as_deref().unwrap_or("none"))?;
        let today = if self.valid_today { "" } else { " (not today)" };
        writeln!(f, "  valid           {} to {}{today}", self.valid_from, self.valid_until)?;
        write!(f, "  origin          {}", self.origin.as_deref().unwrap_or("put there by hand"))
    }
}
