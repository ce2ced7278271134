//! Passports, cards, scenes and fingers of the demonstration: synthetic people of Utopia with real faces.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use opencv::{
    core::{Mat, MatTraitConst as _, Size, Vector},
    imgcodecs, imgproc,
};
use sallyport_emrtd::{
    ImageFormat, Mrz,
    issue::{Authority, Portrait, Profile, Role},
    mrz::{Format, MrzDate},
};

use crate::{
    chips::{self, Proof},
    scenes,
};

/// The number of the trusted traveler's card.
pub const CARD: &str = "04A1B2C3D4E5F6";
/// The number of the card of the traveler whose finger is enrolled.
pub const FINGER_CARD: &str = "04F1A2B3C4D5E6";
/// The issuer that the demonstration's gate admits.
pub const ADMITTED: &str = "UTO";

/// A document's folder name.
pub mod name {
    /// A genuine passport: PACE and Chip Authentication.
    pub const GENUINE: &str = "passport";
    /// The same, its portrait in JPEG 2000.
    pub const JPEG_2000: &str = "passport-jpeg2000";
    /// A genuine passport of an older kind: BAC, and no proof that its chip is the issued one.
    pub const OLDER: &str = "passport-of-an-older-kind";
    /// A genuine passport: BAC and Active Authentication.
    pub const ACTIVE: &str = "passport-with-active-authentication";
    /// A genuine passport: PACE with Chip Authentication Mapping.
    pub const MAPPED: &str = "passport-with-chip-authentication-mapping";
    /// The genuine passport's files on another chip, which lacks its private key.
    pub const CLONE: &str = "passport-cloned";
    /// The same on a chip that tries with a key of its own.
    pub const CLONE_WITH_KEY: &str = "passport-cloned-with-another-key";
    /// The genuine passport's files on another chip, but for those that announce its proof.
    pub const STRIPPED_CLONE: &str = "passport-cloned-and-stripped";
    /// The files of the passport with Active Authentication on another chip.
    pub const CLONE_OF_ACTIVE: &str = "passport-with-active-authentication-cloned";
    /// A clone without the file that announces PACE, so that BAC opens it.
    pub const CLONE_WITHOUT_PACE: &str = "passport-cloned-with-pace-hidden";
    /// A genuine chip without that file: somebody stands between.
    pub const DOWNGRADED: &str = "passport-with-pace-hidden";
    /// A chip that announces PACE and breaks off.
    pub const PACE_BROKEN: &str = "passport-with-broken-pace";
    /// A chip that keeps its portrait to itself.
    pub const PORTRAIT_WITHHELD: &str = "passport-with-withheld-portrait";
    /// Signed by a document signer that its country has revoked.
    pub const REVOKED_SIGNER: &str = "passport-of-revoked-signer";
    /// Signed by another country than its issuer.
    pub const FOREIGN_SIGNER: &str = "passport-signed-by-another-country";
    /// Signed by a document signer for other types of documents.
    pub const OTHER_TYPE: &str = "passport-signed-for-another-type";
    /// The genuine passport with another portrait put into DG2.
    pub const REPLACED: &str = "passport-with-replaced-portrait";
    /// A child's.
    pub const CHILD: &str = "passport-of-a-child";
    /// Of an issuer whose documents are authentic but not admitted.
    pub const OTHER_ISSUER: &str = "passport-of-another-issuer";
    /// Signed under a CSCA that nobody trusts.
    pub const UNKNOWN_CSCA: &str = "passport-of-unknown-csca";
    /// Expired yesterday.
    pub const EXPIRED: &str = "passport-expired";
    /// A printed zone with a wrong check digit.
    pub const WRONG_DIGIT: &str = "passport-with-wrong-check-digit";
    /// Signed, but its portrait's file is cut short.
    pub const CUT_PORTRAIT: &str = "passport-with-cut-portrait";
    /// DG2 ends before the length that it states.
    pub const CUT_GROUP: &str = "passport-with-cut-dg2";
    /// EF.SOD is no signed object.
    pub const GARBAGE: &str = "passport-with-garbage-for-signature";
    /// A chip whose answers state lengths far beyond their end.
    pub const HOSTILE: &str = "passport-with-hostile-lengths";
    /// A file that states a length of two gigabytes.
    pub const ENDLESS: &str = "passport-with-endless-dg2";
    /// A chip that falls silent over long reads, until it is laid down again.
    pub const SILENT_OVER_LONG_READS: &str = "passport-silent-over-long-reads";
    /// A chip that stops answering.
    pub const SILENT: &str = "passport-with-silent-chip";
    /// A trusted traveler's card.
    pub const CARD: &str = "card-of-trusted-traveler";
    /// The card of a traveler whose finger is enrolled, and no face.
    pub const FINGER_CARD: &str = "card-with-fingerprint";
    /// A card that nobody enrolled.
    pub const UNKNOWN_CARD: &str = "card-unknown";
}

/// A scene's folder name.
pub mod scene {
    /// The traveler, on other photographs than the document's.
    pub const TRAVELER: &str = "traveler";
    /// Somebody else.
    pub const STRANGER: &str = "stranger";
    /// Two people.
    pub const TWO: &str = "two-people";
    /// A covered lens.
    pub const BLANK: &str = "blank-frame";
    /// A frame that was cut short on its way.
    pub const TRUNCATED: &str = "truncated-frame";
    /// A wall.
    pub const NOBODY: &str = "nobody";
    /// Somebody who holds a print of the traveler's photograph before the face.
    pub const PRINT: &str = "print-attack";
    /// The same with a tablet that shows it.
    pub const SCREEN: &str = "screen-attack";
}

/// A finger's folder name.
pub mod finger {
    /// The finger that is enrolled, on another impression.
    pub const HOLDER: &str = "holder";
    /// Another person's.
    pub const STRANGER: &str = "stranger";
}

/// Most bytes of a portrait; passports hold 8 to 25 kB.
const PORTRAIT_BYTES_MAX: usize = 18_000;
const PORTRAIT_PX: i32 = 420;

/// Issues everything into `documents`, `scenes`, `fingers` and `trust` of this folder; `assets` holds the demonstration's
/// nets, photographs and fingers.
pub fn issue(assets: &Path, folder: &Path) -> anyhow::Result<()> {
    let [documents, scenes, fingers, trust] =
        &["documents", "scenes", "fingers", "trust"].map(|name| folder.join(name));
    let faces = &assets.join("faces");
    let now = Timestamp::now();
    let today = TimeZone::UTC.to_datetime(now).date();
    let signers = Signers::under_trusted_authorities(trust, now.as_second())?;
    let own = portrait(&faces.join("obama.jpg"), ".jpg")?;
    let own_jpeg_2000 = portrait(&faces.join("obama.jpg"), ".jp2")?;
    let other = portrait(&faces.join("biden.jpg"), ".jpg")?;
    let adult = Holder { issuer: ADMITTED, birth: today - 45.years(), expiry: today + 5.years() };
    let issued_with = |proof, folder: &str, signer: &Authority, holder: &Holder, portrait: &Encoded| {
        let mrz = holder.mrz()?;
        let document = chips::issue(signer, &mrz, portrait.portrait().dg2(), proof)?;
        document.save(&documents.join(folder), &mrz.compose()?).with_context(|| format!("write {folder}"))
    };
    let issued = |folder: &str, signer: &Authority, holder: &Holder, portrait: &Encoded| {
        issued_with(Proof::ChipAuthentication, folder, signer, holder, portrait)
    };
    let utopia = &signers.utopia;
    issued(name::GENUINE, utopia, &adult, &own)?;
    issued(name::JPEG_2000, utopia, &adult, &own_jpeg_2000)?;
    issued_with(Proof::None, name::OLDER, utopia, &adult, &own)?;
    issued_with(Proof::ActiveAuthentication, name::ACTIVE, utopia, &adult, &own)?;
    issued_with(Proof::Mapping, name::MAPPED, utopia, &adult, &own)?;
    issued(name::CHILD, utopia, &Holder { birth: today - 12.years(), ..adult }, &own)?;
    issued(name::OTHER_ISSUER, &signers.order_of_malta, &Holder { issuer: "XOM", ..adult }, &own)?;
    issued(name::EXPIRED, utopia, &Holder { expiry: today - 1.day(), ..adult }, &own)?;
    issued(name::UNKNOWN_CSCA, &signers.unknown, &adult, &own)?;
    issued(name::REVOKED_SIGNER, &signers.revoked, &adult, &own)?;
    issued(name::FOREIGN_SIGNER, &signers.order_of_malta, &adult, &own)?;
    issued(name::OTHER_TYPE, &signers.of_visas, &adult, &own)?;
    let cut = Encoded { bytes: own.bytes[..own.bytes.len() / 3].to_vec(), ..own };
    issued(name::CUT_PORTRAIT, utopia, &adult, &cut)?;
    let spoiled = |folder: &str, file: &str, content: &[u8]| -> anyhow::Result<()> {
        issued(folder, utopia, &adult, &own)?;
        fs::write(documents.join(folder).join(file), content).with_context(|| format!("spoil {folder}"))
    };
    let dg2 = own.portrait().dg2();
    spoiled(name::REPLACED, "DG2.bin", &other.portrait().dg2())?;
    spoiled(name::CUT_GROUP, "DG2.bin", &dg2[..dg2.len() / 2])?;
    spoiled(name::ENDLESS, "DG2.bin", &[&[0x75, 0x84, 0x7F, 0xFF, 0xFF, 0xFF], &dg2[4..]].concat())?;
    spoiled(name::GARBAGE, "EF_SOD.bin", &[&[0x77, 0x82, 0x01, 0x00][..], &[0xA5; 256]].concat())?;
    spoiled(name::SILENT, "behavior.json", br#"{"silent_after": 40}"#)?;
    spoiled(name::SILENT_OVER_LONG_READS, "behavior.json", br#"{"silent_above": 200}"#)?;
    spoiled(name::HOSTILE, "behavior.json", br#"{"hostile_after": 40}"#)?;
    spoiled(name::PACE_BROKEN, "behavior.json", br#"{"pace_fails_at": 3}"#)?;
    spoiled(name::PORTRAIT_WITHHELD, "behavior.json", br#"{"withheld_groups": [2]}"#)?;
    let at = |folder: &str| documents.join(folder);
    chips::clone(&at(name::GENUINE), &at(name::CLONE), None)?;
    chips::clone(&at(name::GENUINE), &at(name::CLONE_WITH_KEY), Some(Proof::ChipAuthentication))?;
    chips::clone(&at(name::GENUINE), &at(name::STRIPPED_CLONE), None)?;
    fs::remove_file(at(name::STRIPPED_CLONE).join("DG14.bin")).context("strip a clone")?;
    // EF.COM is not signed: that of a document which has DG1 and DG2 only hides what was stripped.
    fs::copy(at(name::OLDER).join("EF_COM.bin"), at(name::STRIPPED_CLONE).join("EF_COM.bin"))
        .context("strip a clone")?;
    chips::clone(&at(name::ACTIVE), &at(name::CLONE_OF_ACTIVE), None)?;
    chips::clone(&at(name::GENUINE), &at(name::CLONE_WITHOUT_PACE), None)?;
    fs::remove_file(at(name::CLONE_WITHOUT_PACE).join("EF_CardAccess.bin")).context("hide PACE")?;
    issued(name::DOWNGRADED, utopia, &adult, &own)?;
    fs::remove_file(at(name::DOWNGRADED).join("EF_CardAccess.bin")).context("hide PACE")?;
    issued(name::WRONG_DIGIT, utopia, &adult, &own)?;
    spoil_check_digit(&documents.join(name::WRONG_DIGIT).join("mrz.txt"))?;
    let cards = [(name::CARD, CARD), (name::FINGER_CARD, FINGER_CARD), (name::UNKNOWN_CARD, "04FFFFFFFFFFFF")];
    for (folder, number) in cards {
        fs::create_dir_all(documents.join(folder)).context("make a card")?;
        fs::write(documents.join(folder).join("card.txt"), number).context("make a card")?;
    }
    for (finger, impression) in [(finger::HOLDER, "p1_2.png"), (finger::STRANGER, "p2_1.png")] {
        let folder = fingers.join(finger);
        fs::create_dir_all(&folder).context("make a finger")?;
        fs::copy(assets.join("fingers").join(impression), folder.join(impression))
            .with_context(|| format!("{impression} is missing among the fingers: run `make setup`"))?;
    }
    scenes::make(assets, scenes)
}

/// Document signers. What they stand under is written into the trust folder, but for the unknown one's authority.
struct Signers {
    utopia: Authority,
    /// Revoked by Utopia.
    revoked: Authority,
    /// Of Utopia, for visas only.
    of_visas: Authority,
    /// The Sovereign Military Order of Malta's (Doc 9303-3, 5, part D).
    order_of_malta: Authority,
    unknown: Authority,
}

impl Signers {
    fn under_trusted_authorities(trust: &Path, now_unix_s: i64) -> anyhow::Result<Self> {
        const LIST_VALID_S: i64 = 90 * 86_400;
        let write =
            |file: &str, bytes: &[u8]| fs::write(trust.join(file), bytes).with_context(|| format!("write {file}"));
        fs::create_dir_all(trust).context("make the folder of CSCA certificates")?;
        let utopia = Authority::csca("UT", now_unix_s)?;
        let order_of_malta = Authority::csca("XO", now_unix_s)?;
        let unknown = Authority::csca("UT", now_unix_s)?;
        let signer = |name: &str| Profile::new(Role::DocumentSigner, "UT", name, now_unix_s, 365);
        let revoked = utopia.certify(&signer("DS UT 2")?)?;
        let of_visas = utopia.certify(&Profile { document_types: vec!["V".into()], ..signer("DS UT 3")? })?;
        write("csca-utopia.cer", &utopia.certificate_der()?)?;
        write("csca-order-of-malta.cer", &order_of_malta.certificate_der()?)?;
        let until = Some(now_unix_s + LIST_VALID_S);
        write("utopia.crl", &utopia.revocation_list(now_unix_s, until, &[revoked.certificate()])?)?;
        Ok(Self {
            revoked,
            of_visas,
            utopia: utopia.document_signer("UT", now_unix_s, 365)?,
            order_of_malta: order_of_malta.document_signer("XO", now_unix_s, 365)?,
            unknown: unknown.document_signer("UT", now_unix_s, 365)?,
        })
    }
}

#[derive(Clone, Copy)]
struct Holder {
    issuer: &'static str,
    birth: Date,
    expiry: Date,
}

impl Holder {
    fn mrz(&self) -> anyhow::Result<Mrz> {
        let printed = |date: Date| {
            MrzDate::known(date.year().rem_euclid(100) as u8, date.month().unsigned_abs(), date.day().unsigned_abs())
        };
        Ok(Mrz {
            format: Format::Td3,
            document_code: "P".into(),
            issuer: self.issuer.into(),
            surname: "DEMONSTRATION".into(),
            given_names: "TRAVELER".into(),
            document_number: "L898902C3".into(),
            nationality: self.issuer.into(),
            birth: printed(self.birth),
            sex: '<',
            expiry: printed(self.expiry),
            optional: String::new(),
            optional_second: String::new(),
        })
    }
}

/// Changes the check digit of the document number (the tenth character of the second line).
fn spoil_check_digit(file: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).context("read the printed zone")?;
    let (first, second) = text.split_once('\n').context("the printed zone has two lines")?;
    let digit = second.as_bytes().get(9).context("the second line is short")?;
    let other = char::from(b'0' + (digit - b'0' + 1) % 10);
    let spoiled = format!("{first}\n{}{other}{}", &second[..9], &second[10..]);
    fs::write(file, spoiled).context("write the printed zone")
}

struct Encoded {
    bytes: Vec<u8>,
    format: ImageFormat,
    width: u16,
    height: u16,
}

impl Encoded {
    fn portrait(&self) -> Portrait<'_> {
        Portrait { image: &self.bytes, format: self.format, width: self.width, height: self.height }
    }
}

pub(crate) fn picture(path: &Path, side_px: i32) -> anyhow::Result<Mat> {
    let whole = imgcodecs::imread_def(path)?;
    ensure!(!whole.empty(), "{} is missing or no picture: run `make setup`", path.display());
    let scale = f64::from(side_px) / f64::from(whole.cols().max(whole.rows()));
    let sized = |side: i32| (f64::from(side) * scale).round() as i32;
    let mut small = Mat::default();
    let size = Size::new(sized(whole.cols()), sized(whole.rows()));
    imgproc::resize(&whole, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(small)
}

pub(crate) fn encode(picture: &Mat, extension: &str, quality: i32) -> anyhow::Result<Vec<u8>> {
    let flag = if extension == ".jp2" {
        imgcodecs::IMWRITE_JPEG2000_COMPRESSION_X1000
    } else {
        imgcodecs::IMWRITE_JPEG_QUALITY
    };
    let value = if extension == ".jp2" { quality / 2 } else { quality };
    let mut file = Vector::<u8>::new();
    imgcodecs::imencode(extension, picture, &mut file, &Vector::from_slice(&[flag, value]))?;
    Ok(file.iter().collect())
}

/// A portrait as passports hold it: small, and compressed until it fits.
fn portrait(path: &Path, extension: &str) -> anyhow::Result<Encoded> {
    let picture = picture(path, PORTRAIT_PX)?;
    let format = if extension == ".jp2" { ImageFormat::Jpeg2000 } else { ImageFormat::Jpeg };
    let (width, height) = (picture.cols() as u16, picture.rows() as u16);
    for quality in (10..=90).rev().step_by(5) {
        let bytes = encode(&picture, extension, quality)?;
        if bytes.len() <= PORTRAIT_BYTES_MAX {
            return Ok(Encoded { bytes, format, width, height });
        }
    }
    anyhow::bail!("{} cannot be compressed to {PORTRAIT_BYTES_MAX} bytes", path.display())
}
