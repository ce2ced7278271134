//! Issuing for tests and demonstrations: a CSCA, a document signer and passports whose files a real terminal accepts.

use std::{fs, io, path::Path};

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::{MessageDigest, hash},
    nid::Nid,
    pkey::{PKey, Private},
    sign::Signer,
    x509::{
        X509, X509Builder, X509NameBuilder,
        extension::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier},
    },
};

use crate::{
    chip::ChipFiles,
    lds::{self, ImageFormat},
    mrz::{Mrz, MrzError},
    passive::{CONTENT_TYPE, LDS_SECURITY_OBJECT, MESSAGE_DIGEST, SIGNED_DATA},
    tlv,
};

const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];

/// Why issuing failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// OpenSSL refused.
    #[error("key or certificate could not be made: {0}")]
    OpenSsl(#[from] ErrorStack),
    /// The zone cannot be written.
    #[error(transparent)]
    Mrz(#[from] MrzError),
}

/// A key with its certificate: a CSCA or a document signer.
pub struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

impl Authority {
    /// A CSCA of this country (two letters), valid from a day before `now_unix_s` for ten years.
    pub fn csca(country: &str, now_unix_s: i64) -> Result<Self, IssueError> {
        let key = new_key()?;
        let mut builder = certificate(country, &format!("CSCA {country}"), &key, now_unix_s, 3650)?;
        let subject = name(country, &format!("CSCA {country}"))?;
        builder.set_issuer_name(&subject)?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { key, certificate: builder.build() })
    }

    /// A document signer under this CSCA, valid for `days` from a day before `now_unix_s`.
    pub fn document_signer(&self, country: &str, now_unix_s: i64, days: u32) -> Result<Self, IssueError> {
        let key = new_key()?;
        let mut builder = certificate(country, &format!("DS {country} 1"), &key, now_unix_s, days)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let identifier = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(identifier)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(Self { key, certificate: builder.build() })
    }

    /// The certificate in DER.
    pub fn certificate_der(&self) -> Result<Vec<u8>, IssueError> {
        Ok(self.certificate.to_der()?)
    }

    /// Issues a passport: signs DG1 and DG2.
    pub fn issue(&self, mrz: &Mrz, portrait: &Portrait<'_>) -> Result<ChipFiles, IssueError> {
        let dg1 = lds::write_dg1(&mrz.compose_td3()?);
        let dg2 = portrait.dg2();
        let sod = self.sign_groups(&[(1, &dg1), (2, &dg2)])?;
        Ok(ChipFiles { com: lds::write_com(&[1, 2]), sod, groups: [(1, dg1), (2, dg2)].into(), ..Default::default() })
    }

    /// EF.SOD over these groups (Doc 9303-10, appendix D; RFC 5652).
    fn sign_groups(&self, groups: &[(u8, &[u8])]) -> Result<Vec<u8>, IssueError> {
        let sha256 = tlv::constructed(0x30, &[&tlv::object(0x06, SHA256)]);
        let mut hashes = Vec::new();
        for (group, file) in groups {
            let value = hash(MessageDigest::sha256(), file)?;
            let entry = tlv::constructed(0x30, &[&tlv::object(0x02, &[*group]), &tlv::object(0x04, &value)]);
            hashes.extend_from_slice(&entry);
        }
        let content = tlv::constructed(0x30, &[&tlv::object(0x02, &[0]), &sha256, &tlv::object(0x30, &hashes)]);
        let attribute =
            |oid: &[u8], value: &[u8]| tlv::constructed(0x30, &[&tlv::object(0x06, oid), &tlv::object(0x31, value)]);
        let attributes = [
            attribute(CONTENT_TYPE, &tlv::object(0x06, LDS_SECURITY_OBJECT)),
            attribute(MESSAGE_DIGEST, &tlv::object(0x04, &hash(MessageDigest::sha256(), &content)?)),
        ]
        .concat();
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        let signature = signer.sign_oneshot_to_vec(&tlv::object(0x31, &attributes))?;
        let mut serial = self.certificate.serial_number().to_bn()?.to_vec();
        if serial.first().is_none_or(|byte| byte & 0x80 != 0) {
            serial.insert(0, 0);
        }
        let issuer = self.certificate.issuer_name().to_der()?;
        let signer_info = tlv::constructed(
            0x30,
            &[
                &tlv::object(0x02, &[1]),
                &tlv::constructed(0x30, &[&issuer, &tlv::object(0x02, &serial)]),
                &sha256,
                &tlv::object(0xA0, &attributes),
                &tlv::constructed(0x30, &[&tlv::object(0x06, ECDSA_SHA256)]),
                &tlv::object(0x04, &signature),
            ],
        );
        let encapsulated = tlv::constructed(
            0x30,
            &[&tlv::object(0x06, LDS_SECURITY_OBJECT), &tlv::object(0xA0, &tlv::object(0x04, &content))],
        );
        let signed_data = tlv::constructed(
            0x30,
            &[
                &tlv::object(0x02, &[3]),
                &tlv::object(0x31, &sha256),
                &encapsulated,
                &tlv::object(0xA0, &self.certificate.to_der()?),
                &tlv::object(0x31, &signer_info),
            ],
        );
        let content_info = tlv::constructed(0x30, &[&tlv::object(0x06, SIGNED_DATA), &tlv::object(0xA0, &signed_data)]);
        Ok(tlv::object(0x77, &content_info))
    }
}

/// The portrait of a document.
#[derive(Debug, Clone, Copy)]
pub struct Portrait<'a> {
    /// The image file.
    pub image: &'a [u8],
    /// How it is coded.
    pub format: ImageFormat,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
}

impl Portrait<'_> {
    /// EF.DG2 with this portrait; put into [`ChipFiles`] after signing, it makes a forged document.
    pub fn dg2(&self) -> Vec<u8> {
        lds::write_dg2(self.image, self.format, self.width, self.height)
    }
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?.as_ref())?)
}

fn name(country: &str, common_name: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COUNTRYNAME, country)?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Sallyport demonstration")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn certificate(
    country: &str,
    common_name: &str,
    key: &PKey<Private>,
    now_unix_s: i64,
    days: u32,
) -> Result<X509Builder, ErrorStack> {
    const DAY_S: i64 = 86_400;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(63, MsbOption::ONE, false)?;
    builder.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
    builder.set_subject_name(name(country, common_name)?.as_ref())?;
    builder.set_not_before(Asn1Time::from_unix(now_unix_s - DAY_S)?.as_ref())?;
    builder.set_not_after(Asn1Time::from_unix(now_unix_s - DAY_S + i64::from(days) * DAY_S)?.as_ref())?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

/// The names of the files that [`save`] writes, with their groups.
const GROUP_FILES: [(u8, &str); 2] = [(1, "DG1.bin"), (2, "DG2.bin")];

/// Writes a simulated document's folder: the printed zone and the chip's files.
pub fn save(folder: &Path, mrz_lines: &str, files: &ChipFiles) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("mrz.txt"), mrz_lines)?;
    fs::write(folder.join("EF_COM.bin"), &files.com)?;
    fs::write(folder.join("EF_SOD.bin"), &files.sod)?;
    for (group, file) in GROUP_FILES {
        if let Some(bytes) = files.groups.get(&group) {
            fs::write(folder.join(file), bytes)?;
        }
    }
    Ok(())
}

/// Reads what [`save`] wrote: the printed zone and the files.
pub fn load(folder: &Path) -> io::Result<(String, ChipFiles)> {
    let mut files = ChipFiles {
        com: fs::read(folder.join("EF_COM.bin"))?,
        sod: fs::read(folder.join("EF_SOD.bin"))?,
        ..Default::default()
    };
    for (group, file) in GROUP_FILES {
        files.groups.insert(group, fs::read(folder.join(file))?);
    }
    Ok((fs::read_to_string(folder.join("mrz.txt"))?, files))
}
