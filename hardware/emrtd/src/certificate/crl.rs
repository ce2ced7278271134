//! Certificate revocation lists (RFC 5280, 5; Doc 9303-12, 7.1.4).

use std::{collections::HashMap, fmt};

use super::{Certificate, Signed, extensions::authority_key};
use crate::{
    asn1::{self, Asn1Error, BOOLEAN, Elements, INTEGER, Name, OCTET_STRING, SEQUENCE, oid, unix_time},
    tlv,
};

const EXTENSIONS: u16 = 0xA0;
const UTC_TIME: u16 = 0x17;
const GENERALIZED_TIME: u16 = 0x18;
/// CRLReason removeFromCRL: only in lists of changes.
const REMOVED: &[u8] = &[8];

/// A revocation list.
pub struct Crl {
    der: Vec<u8>,
    signed: Signed,
    issuer: Name,
    authority_key: Option<Vec<u8>>,
    this_update_unix_s: i64,
    next_update_unix_s: Option<i64>,
    revoked: HashMap<Vec<u8>, i64>,
}

impl Crl {
    /// Reads a DER list; what follows it is left out. A list of changes (delta CRL) is refused: alone it says nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Asn1Error> {
        let der = tlv::read(bytes)?.0.whole;
        let (signed, mut part) = Signed::parse(der)?;
        part.optional(INTEGER)?;
        signed.expect_algorithm(&mut part)?;
        let issuer = Name::parse(part.next(SEQUENCE, "the issuer")?.whole)?;
        let this_update_unix_s = unix_time(part.any()?.ok_or(Asn1Error::Missing("the time of the list"))?)?;
        let next_update = part.optional(UTC_TIME)?.or(part.optional(GENERALIZED_TIME)?);
        let next_update_unix_s = next_update.map(unix_time).transpose()?;
        let mut revoked = HashMap::new();
        if let Some(entries) = part.optional(SEQUENCE)? {
            for entry in tlv::objects(entries.value) {
                let (serial, since_unix_s, removed) = entry_of(entry?.value)?;
                if !removed {
                    revoked.insert(serial, since_unix_s);
                }
            }
        }
        let mut authority = None;
        if let Some(list) = part.optional(EXTENSIONS)? {
            for extension in tlv::all(tlv::expect(list.value, SEQUENCE)?.0)? {
                match extension_of(extension.value)? {
                    (oid::AUTHORITY_KEY_IDENTIFIER, _, value) => authority = authority_key(value),
                    (oid::DELTA_CRL, ..) => return Err(Asn1Error::Value("a list of changes only")),
                    // Such as a scope: a list of one part must not be taken for the whole.
                    (kind, true, _) if kind != oid::CRL_NUMBER => {
                        return Err(Asn1Error::Value("a critical extension of the list"));
                    }
                    _ => {}
                }
            }
        }
        let der = der.to_vec();
        Ok(Self { der, signed, issuer, authority_key: authority, this_update_unix_s, next_update_unix_s, revoked })
    }

    /// The encoding.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Who made it.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Which of the issuer's keys signed it.
    pub fn authority_key(&self) -> Option<&[u8]> {
        self.authority_key.as_deref()
    }

    /// When it was made.
    pub fn this_update_unix_s(&self) -> i64 {
        self.this_update_unix_s
    }

    /// When the next one is due.
    pub fn next_update_unix_s(&self) -> Option<i64> {
        self.next_update_unix_s
    }

    /// Certificates on it.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether nothing was revoked.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// Since when the certificate with this serial number is revoked, in seconds since 1970.
    pub fn revoked_since(&self, serial: &[u8]) -> Option<i64> {
        self.revoked.get(asn1::magnitude(serial)).copied()
    }

    /// Whether this issuer's key signed it, and was allowed to.
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        issuer.extensions().key_usage.is_none_or(|usage| usage.crl_signing())
            && issuer.public_key().is_ok_and(|key| self.signed.holds(&self.der, key))
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {} entries)", self.issuer, self.revoked.len())
    }
}

/// Serial number, time, and whether it is an entry that takes one back.
fn entry_of(entry: &[u8]) -> Result<(Vec<u8>, i64, bool), Asn1Error> {
    let mut parts = Elements::new(entry);
    let serial = asn1::magnitude(parts.next(INTEGER, "a revoked serial number")?.value).to_vec();
    let since_unix_s = unix_time(parts.any()?.ok_or(Asn1Error::Missing("the time of a revocation"))?)?;
    let mut removed = false;
    if let Some(extensions) = parts.optional(SEQUENCE)? {
        for extension in tlv::all(extensions.value)? {
            if let (oid::CRL_REASON, _, value) = extension_of(extension.value)? {
                removed = tlv::expect(value, 0x0A).is_ok_and(|(reason, _)| reason == REMOVED);
            }
        }
    }
    Ok((serial, since_unix_s, removed))
}

fn extension_of(extension: &[u8]) -> Result<(&[u8], bool, &[u8]), Asn1Error> {
    let mut parts = Elements::new(extension);
    let kind = parts.identifier("an extension's type")?;
    let critical = parts.optional(BOOLEAN)?.is_some_and(|critical| critical.value != [0]);
    Ok((kind, critical, parts.next(OCTET_STRING, "an extension's value")?.value))
}
