//! What document to issue, as somebody writes it down in TOML.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use opencv::{
    core::{Mat, Point, Scalar, Size, Vector},
    imgcodecs, imgproc,
    prelude::*,
};
use rand::CryptoRng;
use sallyport_emrtd::{
    Mrz, cms,
    crypto::{group::Agreement, hash::HashAlgorithm, suite::Suite},
    issue::{ActiveKey, AgreementKey, Curve, Genuineness, KeyKind, Parameters, SigningKey},
    lds::{AtrInfo, ExtendedLength, FaceEncoding, FaceMetadata, FaceRecord, ImageFormat, dg2_file},
    mrz::{Can, Format, MrzDate},
    security_info::{Mapping, PaceProtocol},
};
use serde::Deserialize;

/// Every setting with its default.
pub(crate) const EXAMPLE: &str = include_str!("example.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    faces: Vec<String>,
    face_encoding: String,
    can: String,
    zone: Zone,
    pub(crate) authority: Authority,
    pub(crate) access: Access,
    proofs: Proofs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    format: String,
    code: String,
    issuer: String,
    surname: String,
    given_names: String,
    number: String,
    nationality: String,
    birth: String,
    sex: char,
    expiry: String,
    optional: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authority {
    pub(crate) country: String,
    csca_key: String,
    signer_key: String,
    explicit_parameters: bool,
    pss: bool,
    hash: String,
    pub(crate) signer_days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Access {
    pub(crate) bac: bool,
    pace: Vec<String>,
    pub(crate) extended_bytes: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proofs {
    active: String,
    active_hash: String,
    chip: Vec<String>,
    fingers: bool,
}

/// An authority's or signer's key with what it signs with.
pub(crate) struct Signing {
    pub(crate) key: SigningKey,
    pub(crate) algorithm: cms::SignatureAlgorithm,
}

impl Profile {
    /// The file at this path, or the example, with defaults for what is left out.
    pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let mut whole: toml::Table = toml::from_str(EXAMPLE).context("the example")?;
        if let Some(path) = path {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            let own: toml::Table = toml::from_str(&text).with_context(|| path.display().to_string())?;
            merge(&mut whole, own);
        }
        let wrong = || path.map_or("the example".to_owned(), |path| path.display().to_string());
        whole.try_into().with_context(wrong)
    }

    pub(crate) fn mrz(&self) -> anyhow::Result<Mrz> {
        let zone = &self.zone;
        Ok(Mrz {
            format: named("format", &zone.format, &FORMATS)?,
            document_code: zone.code.clone(),
            issuer: zone.issuer.clone(),
            surname: zone.surname.clone(),
            given_names: zone.given_names.clone(),
            document_number: zone.number.clone(),
            nationality: zone.nationality.clone(),
            birth: date(&zone.birth).context("birth")?,
            sex: zone.sex,
            expiry: date(&zone.expiry).context("expiry")?,
            optional: zone.optional.clone(),
            optional_second: String::new(),
        })
    }

    pub(crate) fn can(&self) -> anyhow::Result<Option<Can>> {
        (!self.can.is_empty()).then(|| Can::parse(&self.can).context("can")).transpose()
    }

    /// EF.DG2 with the faces, found from the profile's folder.
    pub(crate) fn dg2(&self, base: &Path) -> anyhow::Result<Vec<u8>> {
        let encoding = named("face_encoding", &self.face_encoding, &ENCODINGS)?;
        let mut images = Vec::new();
        for face in &self.faces {
            let path = base.join(face);
            images.push((fs::read(&path).with_context(|| path.display().to_string())?, face.as_str()));
        }
        if images.is_empty() {
            images.push((drawn_face()?, "the drawn face"));
        }
        let mut faces = Vec::new();
        for (image, name) in &images {
            let format =
                ImageFormat::of(image).with_context(|| format!("{name} is neither JPEG nor JPEG 2000: convert it"))?;
            faces.push((image, format, FaceMetadata { size: Some(size(image, name)?), ..FaceMetadata::default() }));
        }
        let records: Vec<_> =
            faces.iter().map(|(image, format, metadata)| FaceRecord { image, format: *format, metadata }).collect();
        Ok(dg2_file(&records, encoding))
    }

    pub(crate) fn csca_signing(&self) -> anyhow::Result<Signing> {
        self.signing("csca_key", &self.authority.csca_key)
    }

    pub(crate) fn signer_signing(&self) -> anyhow::Result<Signing> {
        self.signing("signer_key", &self.authority.signer_key)
    }

    pub(crate) fn hash(&self) -> anyhow::Result<HashAlgorithm> {
        named("hash", &self.authority.hash, &HASHES)
    }

    fn signing(&self, setting: &str, name: &str) -> anyhow::Result<Signing> {
        let hash = self.hash()?;
        let kind = key_kind(setting, name, self.authority.explicit_parameters)?;
        let key = SigningKey::generate(kind)?;
        let mut algorithm = key.usual(hash);
        if self.authority.pss && matches!(kind, KeyKind::Rsa { .. }) {
            let salt_bytes = u32::try_from(hash.bytes()).unwrap_or_default();
            algorithm.scheme = cms::Scheme::Pss { mask: None, salt_bytes };
        }
        Ok(Signing { key, algorithm })
    }

    pub(crate) fn pace(&self) -> anyhow::Result<Vec<(PaceProtocol, u8)>> {
        self.access
            .pace
            .iter()
            .map(|text| {
                let parts: Vec<&str> = text.split('-').collect();
                let [mapping, agreement, suite, id] = parts.as_slice() else {
                    bail!("pace: `{text}` is not of the form gm-ecdh-aes128-13");
                };
                let protocol = PaceProtocol {
                    mapping: named("pace", mapping, &MAPPINGS)?,
                    agreement: named("pace", agreement, &AGREEMENTS)?,
                    suite: named("pace", suite, &SUITES)?,
                };
                Ok((protocol, id.parse().with_context(|| format!("pace: `{id}` is no number of domain parameters"))?))
            })
            .collect()
    }

    /// Fresh keys for the chip.
    pub(crate) fn genuineness(&self, rng: &mut impl CryptoRng) -> anyhow::Result<Genuineness> {
        let mut genuineness = Genuineness::default();
        if !self.proofs.active.is_empty() {
            let kind = key_kind("active", &self.proofs.active, self.authority.explicit_parameters)?;
            let hash = named("active_hash", &self.proofs.active_hash, &HASHES)?;
            genuineness.active = Some(ActiveKey::generate(kind, hash)?);
        }
        for (number, text) in self.proofs.chip.iter().enumerate() {
            let (group, suite) =
                text.split_once('-').with_context(|| format!("chip: `{text}` is not of the form 13-aes128"))?;
            let group = group.parse().with_context(|| format!("chip: `{group}` is no number of domain parameters"))?;
            // Only several keys need numbers (Doc 9303-11, 9.2.5).
            let id = (self.proofs.chip.len() > 1).then_some(number as u64 + 1);
            genuineness.agreement.push(AgreementKey::generate(group, id, &[named("chip", suite, &SUITES)?], rng)?);
        }
        Ok(genuineness)
    }

    /// Whether the document has fingerprints.
    pub(crate) fn fingers(&self) -> bool {
        self.proofs.fingers
    }

    /// EF.ATR/INFO of a chip with the extended form.
    pub(crate) fn atr_info(&self) -> Option<Vec<u8>> {
        let bytes = u32::from(self.access.extended_bytes);
        (bytes > 0).then(|| {
            let lengths = ExtendedLength { command_bytes_max: bytes, response_bytes_max: bytes };
            AtrInfo { extended_length: Some(lengths), ..AtrInfo::default() }.file()
        })
    }
}

fn merge(whole: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (whole.get_mut(&key), value) {
            (Some(toml::Value::Table(whole)), toml::Value::Table(own)) => merge(whole, own),
            (_, value) => drop(whole.insert(key, value)),
        }
    }
}

const FORMATS: [(&str, Format); 5] = [
    ("TD1", Format::Td1),
    ("TD2", Format::Td2),
    ("TD3", Format::Td3),
    ("MRV-A", Format::MrvA),
    ("MRV-B", Format::MrvB),
];
const ENCODINGS: [(&str, FaceEncoding); 2] =
    [("19794-5", FaceEncoding::Iso19794Edition2005), ("39794-5", FaceEncoding::Iso39794)];
const MAPPINGS: [(&str, Mapping); 3] =
    [("gm", Mapping::Generic), ("im", Mapping::Integrated), ("cam", Mapping::ChipAuthentication)];
const AGREEMENTS: [(&str, Agreement); 2] = [("dh", Agreement::Dh), ("ecdh", Agreement::Ecdh)];
const SUITES: [(&str, Suite); 4] =
    [("3des", Suite::TripleDes), ("aes128", Suite::Aes128), ("aes192", Suite::Aes192), ("aes256", Suite::Aes256)];
const HASHES: [(&str, HashAlgorithm); 5] = [
    ("sha1", HashAlgorithm::Sha1),
    ("sha224", HashAlgorithm::Sha224),
    ("sha256", HashAlgorithm::Sha256),
    ("sha384", HashAlgorithm::Sha384),
    ("sha512", HashAlgorithm::Sha512),
];
const CURVES: [(&str, Curve); 11] = [
    ("nist-p192", Curve::NistP192),
    ("nist-p224", Curve::NistP224),
    ("nist-p256", Curve::NistP256),
    ("nist-p384", Curve::NistP384),
    ("nist-p521", Curve::NistP521),
    ("brainpool-p192r1", Curve::BrainpoolP192r1),
    ("brainpool-p224r1", Curve::BrainpoolP224r1),
    ("brainpool-p256r1", Curve::BrainpoolP256r1),
    ("brainpool-p320r1", Curve::BrainpoolP320r1),
    ("brainpool-p384r1", Curve::BrainpoolP384r1),
    ("brainpool-p512r1", Curve::BrainpoolP512r1),
];
/// Shorter keys are not made; longer ones take minutes.
const RSA_BITS: std::ops::RangeInclusive<u32> = 1_024..=4_096;

fn named<T: Copy>(setting: &str, name: &str, names: &[(&str, T)]) -> anyhow::Result<T> {
    let found = names.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    found.with_context(|| {
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        format!("{setting}: `{name}` is none of {}", known.join(", "))
    })
}

fn key_kind(setting: &str, name: &str, explicit: bool) -> anyhow::Result<KeyKind> {
    if let Some(bits) = name.strip_prefix("rsa-") {
        let bits = bits.parse().ok().filter(|bits| RSA_BITS.contains(bits));
        let bits = bits.with_context(|| format!("{setting}: `{name}` is not between rsa-1024 and rsa-4096"))?;
        return Ok(KeyKind::Rsa { bits });
    }
    let parameters = if explicit { Parameters::Explicit } else { Parameters::Named };
    Ok(KeyKind::Ec { curve: named(setting, name, &CURVES)?, parameters })
}

fn date(text: &str) -> anyhow::Result<MrzDate> {
    MrzDate::parse(text).with_context(|| format!("`{text}` is no date: write YYMMDD as in the zone"))
}

fn size(image: &[u8], name: &str) -> anyhow::Result<(u16, u16)> {
    let pixels = imgcodecs::imdecode(&Vector::<u8>::from_slice(image), imgcodecs::IMREAD_GRAYSCALE)?;
    match (u16::try_from(pixels.cols()), u16::try_from(pixels.rows())) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => bail!("{name} is no image that can be read: convert it"),
    }
}

/// A face that is nobody's, as JPEG.
fn drawn_face() -> anyhow::Result<Vec<u8>> {
    let gray = |value: f64| Scalar::new(value, value, value, 0.0);
    let mut image = Mat::new_size_with_default(Size::new(480, 640), opencv::core::CV_8UC3, gray(210.0))?;
    for (x, y, width, height, shade) in [
        (240, 640, 210, 150, 90.0),
        (240, 290, 130, 175, 170.0),
        (190, 260, 18, 10, 60.0),
        (290, 260, 18, 10, 60.0),
        (240, 380, 45, 10, 110.0),
    ] {
        let (center, axes) = (Point::new(x, y), Size::new(width, height));
        imgproc::ellipse(&mut image, center, axes, 0.0, 0.0, 360.0, gray(shade), imgproc::FILLED, imgproc::LINE_AA, 0)?;
    }
    let mut jpeg = Vector::<u8>::new();
    imgcodecs::imencode(".jpg", &image, &mut jpeg, &Vector::new())?;
    Ok(jpeg.to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_left_out_is_as_in_the_example() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.toml");
        fs::write(&path, "can = \"\"\n[zone]\nsurname = \"Müller\"\n[access]\npace = []\n").unwrap();
        let profile = Profile::load(Some(&path)).unwrap();
        assert_eq!(profile.mrz().unwrap().surname, "Müller");
        assert_eq!(profile.mrz().unwrap().given_names, "Anna Maria");
        assert!(profile.can().unwrap().is_none() && profile.pace().unwrap().is_empty());
        let whole = Profile::load(None).unwrap();
        assert_eq!(whole.pace().unwrap().len(), 2);
        let dg2 = whole.dg2(folder.path()).unwrap();
        assert!(dg2.windows(2).any(|bytes| bytes == [0xFF, 0xD8]));
        assert_eq!(size(&drawn_face().unwrap(), "it").unwrap(), (480, 640));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.toml");
        let wrong = |text: &str, ask: &dyn Fn(&Profile) -> anyhow::Result<()>| {
            fs::write(&path, text).unwrap();
            format!("{:#}", Profile::load(Some(&path)).and_then(|profile| ask(&profile)).unwrap_err())
        };
        let loads = |_: &Profile| Ok(());
        for (text, ask, expected) in [
            ("colour = 1", &loads as &dyn Fn(&Profile) -> _, "unknown field `colour`"),
            ("[access]\npace = [\"gm-ecdh-aes512-13\"]", &|profile| profile.pace().map(drop), "none of 3des, aes128"),
            ("[authority]\nsigner_key = \"rsa-512\"", &|profile| profile.signer_signing().map(drop), "rsa-4096"),
            ("[zone]\nbirth = \"19740812\"", &|profile| profile.mrz().map(drop), "write YYMMDD"),
            ("faces = [\"profile.toml\"]", &|profile| profile.dg2(folder.path()).map(drop), "neither JPEG nor"),
        ] {
            let error = wrong(text, ask);
            assert!(error.contains(expected), "{error}");
        }
    }
}
