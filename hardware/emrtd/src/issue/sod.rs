//! Signing: EF.SOD, EF.CardSecurity, and lists for tests (Doc 9303-10, appendix D; RFC 5652).

use super::{Authority, IssueError, Portrait};
use crate::{
    asn1::{INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, integer, oid, write_time},
    chip::ChipFiles,
    cms::HashAlgorithm,
    lds,
    mrz::Mrz,
    tlv,
    trust::Deviation,
};

/// How something is signed.
#[derive(Debug, Clone)]
pub struct SignedDataProfile {
    /// The digest of the content; `None`: that of the signer's algorithm.
    pub digest: Option<HashAlgorithm>,
    /// The attribute signingTime, if it shall be there.
    pub signing_time_unix_s: Option<i64>,
    /// Whether there are signed attributes at all; old signers left them out.
    pub signed_attributes: bool,
    /// The signer by its key identifier, instead of issuer and serial number.
    pub by_key_identifier: bool,
    /// Whether the signer's certificate goes along.
    pub with_certificate: bool,
    /// Further certificates that go along, DER.
    pub certificates: Vec<Vec<u8>>,
}

impl Default for SignedDataProfile {
    fn default() -> Self {
        Self {
            digest: None,
            signing_time_unix_s: None,
            signed_attributes: true,
            by_key_identifier: false,
            with_certificate: true,
            certificates: Vec::new(),
        }
    }
}

/// How an EF.SOD is made.
#[derive(Debug, Clone)]
pub struct SodProfile {
    /// The hash of the data groups.
    pub hash: HashAlgorithm,
    /// Version 1 of the security object names the versions of LDS and Unicode, such as `0108` and `040000`.
    pub versions: Option<(String, String)>,
    /// How it is signed.
    pub signed_data: SignedDataProfile,
}

impl Default for SodProfile {
    fn default() -> Self {
        Self { hash: HashAlgorithm::Sha256, versions: None, signed_data: SignedDataProfile::default() }
    }
}

impl Authority {
    /// Issues a passport: signs DG1 and DG2.
    pub fn issue(&self, mrz: &Mrz, portrait: &Portrait<'_>) -> Result<ChipFiles, IssueError> {
        let dg1 = lds::write_dg1(&mrz.compose_td3()?);
        let dg2 = portrait.dg2();
        let sod = self.sign_groups([(1, dg1.as_slice()), (2, dg2.as_slice())], &SodProfile::default())?;
        Ok(ChipFiles { com: lds::write_com(&[1, 2]), sod, groups: [(1, dg1), (2, dg2)].into(), ..Default::default() })
    }

    /// EF.SOD over these groups.
    pub fn sign_groups<'a>(
        &self,
        groups: impl IntoIterator<Item = (u8, &'a [u8])>,
        profile: &SodProfile,
    ) -> Result<Vec<u8>, IssueError> {
        let mut hashes = Vec::new();
        for (group, file) in groups {
            let hash = tlv::object(OCTET_STRING, &profile.hash.of(&[file]));
            tlv::push(&mut hashes, SEQUENCE, &[integer(&[group]), hash].concat());
        }
        let versions = profile.versions.as_ref().map(|(lds, unicode)| {
            let texts = [tlv::object(0x13, lds.as_bytes()), tlv::object(0x13, unicode.as_bytes())];
            tlv::object(SEQUENCE, &texts.concat())
        });
        let content = tlv::constructed(
            SEQUENCE,
            &[
                &tlv::object(INTEGER, &[u8::from(versions.is_some())]),
                &profile.hash.write(),
                &tlv::object(SEQUENCE, &hashes),
                &versions.unwrap_or_default(),
            ],
        );
        Ok(tlv::object(0x77, &self.sign(oid::LDS_SECURITY_OBJECT, &content, &profile.signed_data)?))
    }

    /// EF.CardSecurity over these SecurityInfos, a SET OF (BSI TR-03110-3, A.1.2.5; Doc 9303-11, 9.2.11).
    pub fn sign_card_security(&self, security_infos: &[u8]) -> Result<Vec<u8>, IssueError> {
        self.sign(oid::SECURITY_OBJECT, security_infos, &SignedDataProfile::default())
    }

    /// A master list of these certificates, DER (Doc 9303-12, 9).
    pub fn sign_master_list(&self, certificates: &[&[u8]], profile: &SignedDataProfile) -> Result<Vec<u8>, IssueError> {
        let mut certificates = certificates.to_vec();
        certificates.sort_unstable();
        let content =
            tlv::constructed(SEQUENCE, &[&tlv::object(INTEGER, &[0]), &tlv::object(SET, &certificates.concat())]);
        self.sign(oid::MASTER_LIST, &content, profile)
    }

    /// A deviation list of these deviations; hashes in them are of this algorithm (Doc 9303-12, 10).
    pub fn sign_deviation_list(&self, hash: HashAlgorithm, deviations: &[Deviation]) -> Result<Vec<u8>, IssueError> {
        let deviations: Vec<u8> = deviations.iter().flat_map(Deviation::write).collect();
        let content =
            tlv::constructed(SEQUENCE, &[&tlv::object(INTEGER, &[0]), &hash.write(), &tlv::object(SET, &deviations)]);
        self.sign(oid::DEVIATION_LIST, &content, &SignedDataProfile::default())
    }

    /// CMS SignedData over a content of this type.
    pub fn sign(
        &self,
        content_type: &[u8],
        content: &[u8],
        profile: &SignedDataProfile,
    ) -> Result<Vec<u8>, IssueError> {
        let digest = profile.digest.or(self.algorithm.hash).unwrap_or(HashAlgorithm::Sha256);
        let attributes = profile.signed_attributes.then(|| attributes(content_type, content, digest, profile));
        let attributes = attributes.transpose()?;
        let message = attributes.as_ref().map(|list| tlv::object(SET, list));
        let signature = self.algorithm.sign(&self.key.key, digest, message.as_deref().unwrap_or(content))?;
        let (version, identifier) = if profile.by_key_identifier {
            (3, tlv::object(0x80, &self.key.identifier()?))
        } else {
            let issuer = self.certificate.issuer().der();
            (1, tlv::constructed(SEQUENCE, &[issuer, &integer(self.certificate.serial())]))
        };
        let signer_info = tlv::constructed(
            SEQUENCE,
            &[
                &tlv::object(INTEGER, &[version]),
                &identifier,
                &digest.write(),
                &attributes.map(|list| tlv::object(0xA0, &list)).unwrap_or_default(),
                &self.algorithm.write(digest),
                &tlv::object(OCTET_STRING, &signature),
            ],
        );
        let encapsulated = tlv::constructed(
            SEQUENCE,
            &[&tlv::object(OBJECT_IDENTIFIER, content_type), &tlv::object(0xA0, &tlv::object(OCTET_STRING, content))],
        );
        let own = if profile.with_certificate { self.certificate.der() } else { &[] };
        let certificates = [own, &profile.certificates.concat()].concat();
        let signed_data = tlv::constructed(
            SEQUENCE,
            &[
                &tlv::object(INTEGER, &[3]),
                &tlv::object(SET, &digest.write()),
                &encapsulated,
                &if certificates.is_empty() { Vec::new() } else { tlv::object(0xA0, &certificates) },
                &tlv::object(SET, &signer_info),
            ],
        );
        Ok(tlv::constructed(
            SEQUENCE,
            &[&tlv::object(OBJECT_IDENTIFIER, oid::SIGNED_DATA), &tlv::object(0xA0, &signed_data)],
        ))
    }
}

/// The signed attributes, sorted as DER wants a SET OF.
fn attributes(
    content_type: &[u8],
    content: &[u8],
    digest: HashAlgorithm,
    profile: &SignedDataProfile,
) -> Result<Vec<u8>, IssueError> {
    let attribute = |kind: &[u8], value: &[u8]| {
        tlv::constructed(SEQUENCE, &[&tlv::object(OBJECT_IDENTIFIER, kind), &tlv::object(SET, value)])
    };
    let mut attributes = vec![
        attribute(oid::CONTENT_TYPE, &tlv::object(OBJECT_IDENTIFIER, content_type)),
        attribute(oid::MESSAGE_DIGEST, &tlv::object(OCTET_STRING, &digest.of(&[content]))),
    ];
    attributes.extend(profile.signing_time_unix_s.map(|time| attribute(oid::SIGNING_TIME, &write_time(time))));
    attributes.sort_unstable();
    Ok(attributes.concat())
}
