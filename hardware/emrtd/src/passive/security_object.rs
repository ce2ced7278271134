//! EF.SOD and the LDS security object in it (Doc 9303-10, 4.6.2 and appendix D).

use std::collections::BTreeMap;

use subtle::ConstantTimeEq as _;

use super::{Hashes, PassiveError};
use crate::{
    asn1::{Asn1Error, Elements, INTEGER, OCTET_STRING, PRINTABLE_STRING, SEQUENCE, definite, oid, small},
    cms::{CmsError, HashAlgorithm, SignedData},
    tlv,
};

/// The tag of EF.SOD.
const FILE: u16 = 0x77;
/// The group of the machine readable zone, DG1.
const ZONE_GROUP: u8 = 1;
/// Numbers of data groups (Doc 9303-10, 4.6.2: `DataGroupNumber`).
const GROUPS: std::ops::RangeInclusive<u8> = 1..=16;

/// What EF.SOD says of the data groups; not yet verified.
pub(super) struct SecurityObject {
    pub(super) signed: SignedData,
    hash: HashAlgorithm,
    groups: BTreeMap<u8, Vec<u8>>,
    /// LDS version of a version 1 object, such as `0108`.
    pub(super) lds_version: Option<String>,
}

impl SecurityObject {
    pub(super) fn parse(file: &[u8]) -> Result<Self, PassiveError> {
        let file = definite(file).map_err(CmsError::Malformed)?;
        let data = tlv::expect(&file, FILE).map_err(Asn1Error::from).map_err(CmsError::Malformed)?.0;
        let signed = SignedData::parse(data, oid::LDS_SECURITY_OBJECT)?;
        let (hash, groups, lds_version) = content(signed.content()).map_err(CmsError::Malformed)?;
        Ok(Self { signed, hash, groups, lds_version })
    }

    /// The groups that the signer signed.
    pub(super) fn groups(&self) -> Vec<u8> {
        self.groups.keys().copied().collect()
    }

    /// Compares the hash of a file with the signed one.
    pub(super) fn verify_hash(&self, group: u8, file: &[u8]) -> Result<(), PassiveError> {
        let signed = self.groups.get(&group).ok_or(PassiveError::NotSigned(group))?;
        let found = self.hash.of(&[file]);
        if bool::from(found.as_slice().ct_eq(signed.as_slice())) {
            return Ok(());
        }
        let hashes = Hashes { signed: hex::encode(signed), found: hex::encode(found) };
        Err(PassiveError::HashMismatch { group, hashes: (group != ZONE_GROUP).then(|| Box::new(hashes)) })
    }
}

type Content = (HashAlgorithm, BTreeMap<u8, Vec<u8>>, Option<String>);

/// LDSSecurityObject: version, hash algorithm, hashes, and from version 1 the versions of LDS and Unicode.
fn content(bytes: &[u8]) -> Result<Content, Asn1Error> {
    let mut object = Elements::of(bytes, SEQUENCE)?;
    object.next(INTEGER, "the version")?;
    let hash = HashAlgorithm::parse(object.next(SEQUENCE, "the hash algorithm")?.value)?;
    let mut groups = BTreeMap::new();
    for entry in tlv::objects(object.next(SEQUENCE, "the hashes")?.value) {
        let mut entry = Elements::of(entry?.whole, SEQUENCE)?;
        let number = small(entry.next(INTEGER, "the number of a group")?.value);
        let value = entry.next(OCTET_STRING, "the hash of a group")?.value;
        let group = number.and_then(|number| u8::try_from(number).ok()).filter(|group| GROUPS.contains(group));
        let group = group.ok_or(Asn1Error::Value("a group's number"))?;
        if groups.insert(group, value.to_vec()).is_some() {
            return Err(Asn1Error::Value("a group that is listed twice"));
        }
    }
    let mut lds_version = None;
    if let Some(versions) = object.optional(SEQUENCE)? {
        let version = Elements::new(versions.value).next(PRINTABLE_STRING, "the LDS version")?.value;
        lds_version = Some(String::from_utf8_lossy(version).into_owned());
    }
    Ok((hash, groups, lds_version))
}
