//! The manifest that stands beside each net: which file it is, what goes into it and what its scores mean.
//!
//! A folder of nets holds one manifest (`*.toml`) for each [`Role`] that is needed. Another ArcFace-style embedder is used by putting its
//! manifest in the other one's place; `matcher-eval calibrate` then completes it. DESIGN section 3.

use std::{
    ffi::OsStr,
    fmt, fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::calibration::{Calibration, CalibrationError, SECTION};

/// Longest manifest, in bytes: ours have four thousand.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;
/// Least and most of an input's sides, in pixels.
const SIDES_PX: std::ops::RangeInclusive<u32> = 16..=2_048;
/// The coarsest grid on which YuNet finds faces: the input is a whole number of its cells.
const DETECTOR_STRIDE_PX: u32 = 32;
/// Longest embedding: twice that of the longest in use (2,048).
const EMBEDDING_LENGTH_MAX: usize = 4_096;
/// Sides of the input of a finger's net are multiples of at most this, in pixels.
pub(crate) const MULTIPLE_MAX: u32 = 128;
/// Least and most of the part of the frame that an attack detector looks at, beside the face.
const ATTACK_SCALES: std::ops::RangeInclusive<f32> = 0.5..=8.0;
/// Least and most classes of an attack detector.
const ATTACK_CLASSES: std::ops::RangeInclusive<usize> = 2..=100;
/// Longest name of a net or of its file, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Least distance of the two eyes' places, beside the input's width.
const EYES_APART_MIN: f64 = 0.1;

/// What a net is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Finds faces and five landmarks, with YuNet's outputs (`cls_8`, `obj_8`, `bbox_8`, `kps_8` and so on).
    FaceDetector,
    /// Makes an embedding of an aligned face; embeddings are compared by their cosine.
    FaceEmbedder,
    /// Finds a finger's minutiae; its manifest is [`crate::finger::NetManifest`].
    MinutiaExtractor,
    /// Our own extractor of minutiae, which needs no net: what its scores mean ([`crate::finger::RidgeManifest`]).
    RidgeExtractor,
    /// Tells faces from pictures of faces; optional.
    AttackDetector,
}

impl Role {
    /// Whether it is about fingers.
    pub(crate) fn is_of_fingers(self) -> bool {
        matches!(self, Self::MinutiaExtractor | Self::RidgeExtractor)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FaceDetector => "face-detector",
            Self::FaceEmbedder => "face-embedder",
            Self::MinutiaExtractor => "minutia-extractor",
            Self::RidgeExtractor => "ridge-extractor",
            Self::AttackDetector => "attack-detector",
        })
    }
}

/// Order of a net's color planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Channels {
    /// Red first.
    #[serde(rename = "RGB")]
    Rgb,
    /// Blue first.
    #[serde(rename = "BGR")]
    Bgr,
}

/// What goes into a net: 1 x 3 x height x width (NCHW) values, `(pixel - mean) * scale` of pixels 0 to 255.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Order of the planes.
    pub channels: Channels,
    /// Taken from each pixel's value; one for each plane, in their order.
    pub mean: [f32; 3],
    /// What remains is multiplied by this.
    pub scale: [f32; 3],
}

/// What comes out of an embedder, and how a face must lie in its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// How many values.
    pub length: usize,
    /// Where eyes, nose and corners of the mouth lie in the input, in pixels; those at the picture's left first.
    pub landmarks: [[f64; 2]; 5],
    /// What an embedding's length before normalization says; without it, quality is told by the picture alone.
    pub magnitude: Option<Magnitude>,
}

/// How the length of an embedding, before it is normalized, falls with the quality of the face that it is made of. Nets
/// that are trained on the sphere tell a poor face by it, whether or not they were trained to (MagFace, CVPR 2021, was).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Magnitude {
    /// The length that is worth half.
    pub half: f32,
    /// How much more or less of it is worth three quarters or a quarter, divided by the logarithm of 3.
    pub spread: f32,
}

/// What an attack detector looks at and what comes out of it, as logits.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackClasses {
    /// Side of the square part of the frame around the face, beside the longer side of the face's box.
    pub scale: f32,
    /// How many classes the net tells apart.
    pub count: usize,
    /// Which of them is a living face, from 0.
    pub live: usize,
}

/// A net's manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Names the net; templates of different names do not compare.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The net's file, in the manifest's folder.
    pub file: String,
    /// Of the file, in hexadecimal digits.
    pub sha256: String,
    /// Of the net; an SPDX expression where there is one.
    pub license: String,
    /// Where the file comes from.
    pub source: String,
    /// What goes in.
    pub input: Input,
    /// What comes out of an embedder.
    pub embedding: Option<Embedding>,
    /// What an attack detector's output means.
    pub attack: Option<AttackClasses>,
    /// What an embedder's scores mean; without it faces can be compared, but not decided on.
    pub calibration: Option<Calibration>,
}

/// Why there is no manifest to go by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The folder or a file cannot be read or written.
    #[error("{path}: {source}; is it the folder where `make setup` put the nets?")]
    File {
        /// Folder or file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Not TOML, or not these fields.
    #[error("{path} is no manifest of a net: {reason}; compare it with those of `make setup`")]
    Syntax {
        /// The manifest.
        path: String,
        /// What the parser says, and where.
        reason: String,
    },
    /// A field's value.
    #[error("{path}: {reason}; correct the manifest")]
    Value {
        /// The manifest.
        path: String,
        /// What is wrong.
        reason: ValueError,
    },
    /// No net for this.
    #[error("no manifest in {folder} has the role {role}: run `make setup`, or put the net's manifest there")]
    Missing {
        /// What was looked for.
        role: Role,
        /// Where.
        folder: String,
    },
    /// Which one?
    #[error("{first} and {second} both have the role {role}: move the one that is not wanted out of the folder")]
    Two {
        /// What for.
        role: Role,
        /// One manifest.
        first: String,
        /// Another one.
        second: String,
    },
    /// The calibration cannot be put at the end.
    #[error("{path} has something behind [calibration] that belongs to another section: move it before [calibration]")]
    Order {
        /// The manifest.
        path: String,
    },
}

/// What is wrong with a manifest's value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// A name that says nothing, or too much.
    #[error("`name` must be 1 to {NAME_BYTES_MAX} letters, digits and - . _ +")]
    Name,
    /// A path, or nothing.
    #[error("`file` must be the plain name of a file in the manifest's folder")]
    File,
    /// No hash.
    #[error("`sha256` must be 64 hexadecimal digits: sha256sum prints them")]
    Sha256,
    /// A net of other pictures.
    #[error("`role` of a face's net must be face-detector or face-embedder")]
    Role,
    /// Sides that no net has.
    #[error("`input.multiple` must be 1 to {MULTIPLE_MAX} pixels")]
    Multiple,
    /// A calibration of another version of ours.
    #[error("`name` is not {0}, the extractor of this program: run `make setup`")]
    Extractor(&'static str),
    /// Certainties are parts of one.
    #[error("`minutiae` must be two numbers from 0 to 1, `quality_min` above 0")]
    Minutiae,
    /// An input of no size, or too large.
    #[error("`input` must be {} to {} pixels wide and high", SIDES_PX.start(), SIDES_PX.end())]
    Sides,
    /// A grid of faces that does not cover the input.
    #[error("`input` of a face-detector must be a multiple of {DETECTOR_STRIDE_PX} pixels wide and high")]
    Grid,
    /// Values that no net was trained on.
    #[error("`mean` and `scale` must be numbers, and `scale` not zero")]
    Normalization,
    /// Landmarks outside the input, or in one place.
    #[error("`landmarks` must be two eyes apart, nose and corners of the mouth, within the input")]
    Landmarks,
    /// An embedding of no length, or too long.
    #[error("`embedding.length` must be 2 to {EMBEDDING_LENGTH_MAX}")]
    Length,
    /// Lengths that no embedding has.
    #[error("`embedding.magnitude` must be numbers above zero; leave it out where it was not measured")]
    Magnitude,
    /// An embedder must have `[embedding]`; nothing else has it.
    #[error("[embedding] is what a face-embedder has, and no other net")]
    Embedding,
    /// As above.
    #[error("[attack] is what an attack-detector has, and no other net")]
    Attack,
    /// Classes that no net tells apart.
    #[error("`attack` must have a scale of {} to {}, {} to {} classes, and `live` among them",
        ATTACK_SCALES.start(), ATTACK_SCALES.end(), ATTACK_CLASSES.start(), ATTACK_CLASSES.end())]
    Classes,
    /// As above.
    #[error("[calibration] is what a face-embedder may have, and no other net")]
    NotCalibrated,
    /// The calibration.
    #[error("{0}: run `matcher-eval calibrate`")]
    Calibration(#[from] CalibrationError),
}

/// The manifests of a folder: one for each role.
#[derive(Debug)]
pub struct Manifests {
    /// The detector's.
    pub detector: Manifest,
    /// The embedder's.
    pub embedder: Manifest,
    /// What comes out of the embedder.
    pub embedding: Embedding,
    /// The attack detector's, if there is one.
    pub attacks: Option<(Manifest, AttackClasses)>,
    embedder_path: PathBuf,
}

impl Manifests {
    /// Reads every `*.toml` of the folder, but for those of other nets than faces'.
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let (mut detector, mut embedder, mut attacks) = (None, None, None);
        for (path, text) in texts(folder)? {
            if role_of(&text).is_some_and(Role::is_of_fingers) {
                continue;
            }
            let manifest = Manifest::parse(&text, &path)?;
            let role = manifest.role;
            let place = match role {
                Role::FaceDetector => &mut detector,
                Role::AttackDetector => &mut attacks,
                _ => &mut embedder,
            };
            if let Some((_, first)) = place.replace((manifest, path.clone())) {
                return Err(ManifestError::two(role, &first, &path));
            }
        }
        let missing = |role| ManifestError::Missing { role, folder: shown(folder) };
        let (detector, _) = detector.ok_or_else(|| missing(Role::FaceDetector))?;
        let (embedder, embedder_path) = embedder.ok_or_else(|| missing(Role::FaceEmbedder))?;
        let embedding = embedder.embedding.clone().ok_or_else(|| ValueError::Embedding.at(&embedder_path))?;
        let attacks = attacks.and_then(|(manifest, _)| manifest.attack.map(|classes| (manifest, classes)));
        Ok(Self { detector, embedder, embedding, attacks, embedder_path })
    }

    /// Writes the embedder's calibration into its manifest, all at once, and leaves the rest as it is. Gives the
    /// manifest's path.
    pub fn calibrate(&self, calibration: &Calibration) -> Result<&Path, ManifestError> {
        let path = &self.embedder_path;
        replace(path, &calibrated(&text_of(path)?, calibration, path)?)?;
        Ok(path)
    }
}

impl Manifest {
    /// Reads a manifest; the path is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| ManifestError::Syntax { path: shown(path), reason: error.to_string() })?;
        manifest.check().map_err(|error| error.at(path))?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ValueError> {
        check_file(&self.name, &self.file, &self.sha256)?;
        ensure(!self.role.is_of_fingers(), ValueError::Role)?;
        let Input { width, height, mean, scale, .. } = &self.input;
        ensure(SIDES_PX.contains(width) && SIDES_PX.contains(height), ValueError::Sides)?;
        let whole = [width, height].iter().all(|side| side.is_multiple_of(DETECTOR_STRIDE_PX));
        ensure(whole || self.role != Role::FaceDetector, ValueError::Grid)?;
        let numbers = mean.iter().chain(scale).all(|value| value.is_finite());
        ensure(numbers && scale.iter().all(|&scale| scale != 0.0), ValueError::Normalization)?;
        ensure(self.embedding.is_some() == (self.role == Role::FaceEmbedder), ValueError::Embedding)?;
        ensure(self.attack.is_some() == (self.role == Role::AttackDetector), ValueError::Attack)?;
        ensure(self.calibration.is_none() || self.role == Role::FaceEmbedder, ValueError::NotCalibrated)?;
        if let Some(Embedding { length, landmarks, magnitude }) = &self.embedding {
            ensure((2..=EMBEDDING_LENGTH_MAX).contains(length), ValueError::Length)?;
            let (width, height) = (f64::from(*width), f64::from(*height));
            let within = landmarks.iter().all(|[x, y]| (0.0..width).contains(x) && (0.0..height).contains(y));
            let [left, right, ..] = landmarks;
            let positive = |value: f32| value.is_finite() && value > 0.0;
            let magnitude = magnitude.is_none_or(|m| positive(m.half) && positive(m.spread));
            ensure(magnitude, ValueError::Magnitude)?;
            ensure(within && right[0] - left[0] >= EYES_APART_MIN * width, ValueError::Landmarks)?;
        }
        if let Some(AttackClasses { scale, count, live }) = &self.attack {
            let sound = ATTACK_SCALES.contains(scale) && ATTACK_CLASSES.contains(count) && live < count;
            ensure(sound, ValueError::Classes)?;
        }
        self.calibration.as_ref().map_or(Ok(()), |calibration| Ok(calibration.check()?))
    }
}

/// What every manifest says of its net: a name, a file and its hash.
pub(crate) fn check_file(name: &str, file: &str, sha256: &str) -> Result<(), ValueError> {
    check_name(name)?;
    let plain = !file.contains(['/', '\\', '\0']) && !matches!(file, "" | "." | "..");
    ensure(plain && file.len() <= NAME_BYTES_MAX, ValueError::File)?;
    ensure(sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) && sha256.len() == 64, ValueError::Sha256)
}

fn check_name(name: &str) -> Result<(), ValueError> {
    let sayable = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte);
    ensure((1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(sayable), ValueError::Name)
}

pub(crate) fn ensure(is: bool, error: ValueError) -> Result<(), ValueError> {
    if is { Ok(()) } else { Err(error) }
}

/// What a manifest's net is for, whatever else the manifest says.
fn role_of(text: &str) -> Option<Role> {
    #[derive(Deserialize)]
    struct Purpose {
        role: Role,
    }
    toml::from_str::<Purpose>(text).ok().map(|purpose| purpose.role)
}

/// The folder's manifest of this role, if there is one; two are an error.
pub(crate) fn the_one<M>(
    folder: &Path,
    role: Role,
    parse: impl Fn(&str, &Path) -> Result<M, ManifestError>,
) -> Result<Option<(M, PathBuf)>, ManifestError> {
    let mut found: Option<(M, PathBuf)> = None;
    for (path, text) in texts(folder)?.into_iter().filter(|(_, text)| role_of(text) == Some(role)) {
        let manifest = parse(&text, &path)?;
        if let Some((_, first)) = found.replace((manifest, path.clone())) {
            return Err(ManifestError::two(role, &first, &path));
        }
    }
    Ok(found)
}

/// Every `*.toml` of the folder.
fn texts(folder: &Path) -> Result<Vec<(PathBuf, String)>, ManifestError> {
    let failed = |source| ManifestError::File { path: shown(folder), source };
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension() == Some(OsStr::new("toml")) {
            let text = text_of(&path)?;
            texts.push((path, text));
        }
    }
    Ok(texts)
}

impl ManifestError {
    /// Both have this role.
    fn two(role: Role, one: &Path, other: &Path) -> Self {
        let mut both = [shown(one), shown(other)];
        both.sort();
        let [first, second] = both;
        Self::Two { role, first, second }
    }
}

impl ValueError {
    pub(crate) fn at(self, path: &Path) -> ManifestError {
        ManifestError::Value { path: shown(path), reason: self }
    }
}

/// The manifest with this calibration in the place of its own.
fn calibrated(text: &str, calibration: &Calibration, path: &Path) -> Result<String, ManifestError> {
    let before = Manifest::parse(text, path)?;
    calibration.check().map_err(|error| ValueError::from(error).at(path))?;
    let text = with_section(text, &calibration.to_toml());
    let expected = Manifest { calibration: Some(calibration.clone()), ..before };
    match Manifest::parse(&text, path) {
        Ok(after) if after == expected => Ok(text),
        _ => Err(ManifestError::Order { path: shown(path) }),
    }
}

/// A manifest with this section as its last one, in the place of its own.
pub(crate) fn with_section(text: &str, section: &str) -> String {
    let is_section = |line: &str| line.trim_start().starts_with(SECTION);
    let kept: String = text.split_inclusive('\n').take_while(|line| !is_section(line)).collect();
    format!("{}\n\n{section}", kept.trim_end())
}

/// Writes a manifest all at once.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), ManifestError> {
    // Not a manifest's name, so that nobody reads it half written.
    let unfinished = path.with_extension("toml.new");
    let written = fs::File::create(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|source| ManifestError::File { path: shown(path), source })
}

pub(crate) fn text_of(path: &Path) -> Result<String, ManifestError> {
    let failed = |source| ManifestError::File { path: shown(path), source };
    let mut text = String::new();
    // One byte more than allowed, so that too much is told from just enough.
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MANIFEST_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MANIFEST_BYTES_MAX {
        let reason = format!("it has more than {MANIFEST_BYTES_MAX} bytes");
        return Err(ManifestError::Syntax { path: shown(path), reason });
    }
    Ok(text)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::{calibration::tests::calibration, face::Fmr};

    const DETECTOR: &str = include_str!("../../models/face_detection_yunet.toml");
    const EMBEDDER: &str = include_str!("../../models/face_recognition_sface.toml");

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(text, Path::new("some.toml"))
    }

    /// The manifest with one piece of its text replaced.
    fn altered(text: &str, from: &str, to: &str) -> Result<Manifest, ManifestError> {
        assert!(text.contains(from), "{from}");
        parse(&text.replacen(from, to, 1))
    }

    #[test]
    fn ours_are_complete() {
        assert_eq!(parse(DETECTOR).unwrap().role, Role::FaceDetector);
        let embedder = parse(EMBEDDER).unwrap();
        let calibration = embedder.calibration.unwrap();
        assert!(Fmr::ALL.iter().all(|&fmr| calibration.threshold(fmr).is_some()));
        assert!(calibration.log10_likelihood_ratio(0.0) < 0.0 && calibration.log10_likelihood_ratio(0.9) > 3.0);
    }

    #[test]
    fn every_wrong_value_has_its_own_name() {
        let refused = |text: &str, from: &str, to: &str, expected: &ValueError| {
            let error = altered(text, from, to).unwrap_err();
            assert!(matches!(&error, ManifestError::Value { reason, .. } if reason == expected), "{to}: {error}");
            assert!(error.to_string().starts_with("some.toml: "), "{error}");
        };
        for name in ["", "two words", "../up", &"x".repeat(101)] {
            refused(EMBEDDER, "sface-2021dec-int8bq\"\nrole", &format!("{name}\"\nrole"), &ValueError::Name);
        }
        for file in ["", ".", "..", "../face.onnx", "/etc/passwd", "a/b.onnx", "a\\\\b.onnx", "a\\u0000"] {
            refused(EMBEDDER, "file = \"face_recognition_sface.onnx", &format!("file = \"{file}"), &ValueError::File);
        }
        for hash in ["fb143eea", "gb143eea07", "fb143eea07é"] {
            refused(EMBEDDER, "fb143eea07", hash, &ValueError::Sha256);
        }
        for side in ["0", "15", "2049"] {
            refused(EMBEDDER, "width = 112", &format!("width = {side}"), &ValueError::Sides);
        }
        refused(DETECTOR, "height = 320", "height = 330", &ValueError::Grid);
        for values in ["0.0, 1.0, 1.0", "nan, 1.0, 1.0", "1.0, inf, 1.0"] {
            refused(EMBEDDER, "1.0, 1.0, 1.0", values, &ValueError::Normalization);
        }
        for eye in ["112.0, 51.6963", "-0.1, 51.6963", "nan, 51.6963", "70.0, 51.6963"] {
            refused(EMBEDDER, "38.2946, 51.6963", eye, &ValueError::Landmarks);
        }
        for length in ["0", "1", "4097"] {
            refused(EMBEDDER, "length = 128", &format!("length = {length}"), &ValueError::Length);
        }
        refused(DETECTOR, "face-detector", "face-embedder", &ValueError::Embedding);
        refused(EMBEDDER, "face-embedder", "face-detector\" # \"", &ValueError::Grid);
        let calibrated = calibrated(EMBEDDER, &calibration(), Path::new("some.toml")).unwrap();
        let (_, section) = calibrated.split_once(SECTION).unwrap();
        let detector = format!("{DETECTOR}\n{SECTION}{section}");
        assert!(matches!(parse(&detector), Err(ManifestError::Value { reason: ValueError::NotCalibrated, .. })));
        refused(
            &calibrated,
            "1e-6 = { score = 0.5",
            "1e-6 = { score = 0.25",
            &ValueError::Calibration(CalibrationError::NotRising(Fmr::OneInMillion)),
        );
    }

    #[test]
    fn what_is_not_understood_is_not_passed_over() {
        for (from, to) in [
            ("name = ", "nam = "),
            ("[input]", "[input]\nlayout = \"NHWC\""),
            ("\"RGB\"", "\"rgb\""),
            ("face-embedder", "finger-minutiae"),
            ("length = 128", "length = -1"),
            ("length = 128", "length = 1e9"),
            ("mean = [0.0, 0.0, 0.0]", "mean = [0.0]"),
            ("license = \"Apache-2.0\"\n", ""),
            ("1e-4", "1e-7"),
        ] {
            assert!(matches!(altered(EMBEDDER, from, to), Err(ManifestError::Syntax { .. })), "{to}");
        }
    }

    #[test]
    fn a_calibration_replaces_the_old_one_and_nothing_else() {
        let path = Path::new("some.toml");
        let (kept, _) = EMBEDDER.split_once(SECTION).unwrap();
        let bare = calibrated(kept, &calibration(), path).unwrap();
        let replaced = calibrated(EMBEDDER, &calibration(), path).unwrap();
        assert_eq!(bare, replaced);
        assert!(replaced.starts_with(kept.trim_end()));
        assert_eq!(parse(&replaced).unwrap().calibration.unwrap(), calibration());
        assert_eq!(calibrated(&replaced, &calibration(), path).unwrap(), replaced);

        // Other sections behind it would be lost, and are not.
        let (input, rest) = kept.split_once("[embedding]").unwrap();
        let (_, section) = replaced.split_once(SECTION).unwrap();
        let turned = format!("{input}\n{SECTION}{section}\n[embedding]{rest}");
        assert!(parse(&turned).is_ok());
        assert!(matches!(calibrated(&turned, &calibration(), path), Err(ManifestError::Order { .. })));

        let mut wrong = calibration();
        wrong.likelihood_ratio.points.clear();
        assert!(matches!(calibrated(EMBEDDER, &wrong, path), Err(ManifestError::Value { .. })));
    }

    #[test]
    fn a_folder_holds_one_manifest_a_role() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let read = || Manifests::read(folder.path());
        assert!(matches!(read(), Err(ManifestError::Missing { role: Role::FaceDetector, .. })));
        put("detector.toml", DETECTOR);
        put("readme.txt", "no manifest");
        assert!(matches!(read(), Err(ManifestError::Missing { role: Role::FaceEmbedder, .. })));
        put("embedder.toml", EMBEDDER);
        let found = read().unwrap();
        assert_eq!((found.embedder.file.as_str(), found.embedding.length), ("face_recognition_sface.onnx", 128));

        let path = found.calibrate(&calibration()).unwrap();
        assert_eq!(path, folder.path().join("embedder.toml"));
        assert_eq!(read().unwrap().embedder.calibration, Some(calibration()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);

        put("other.toml", EMBEDDER);
        let Err(ManifestError::Two { role: Role::FaceEmbedder, first, second }) = read() else { panic!() };
        assert!(first.ends_with("embedder.toml") && second.ends_with("other.toml"), "{first} {second}");
        put("other.toml", &"#".repeat(MANIFEST_BYTES_MAX as usize + 1));
        assert!(matches!(read(), Err(ManifestError::Syntax { path, .. }) if path.ends_with("other.toml")));
        fs::write(folder.path().join("other.toml"), b"\xff").unwrap();
        assert!(matches!(read(), Err(ManifestError::File { .. })));
        let nowhere = Manifests::read(&folder.path().join("nowhere")).unwrap_err();
        assert!(nowhere.to_string().contains("make setup"), "{nowhere}");
    }

    proptest! {
        #[test]
        fn damaged_manifests_are_read_or_refused(at in 0..EMBEDDER.len(), length in 0usize..8, put in ".{0,8}") {
            let mut text = EMBEDDER.to_owned();
            let from = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let to = (at + length..).find(|&at| at >= text.len() || text.is_char_boundary(at)).unwrap().min(text.len());
            text.replace_range(from..to, &put);
            // Whatever is read is sound, and can be calibrated or says why not.
            if let Ok(manifest) = parse(&text) {
                prop_assert!(manifest.check().is_ok());
                if let Ok(text) = calibrated(&text, &calibration(), Path::new("some.toml")) {
                    prop_assert_eq!(parse(&text).unwrap().calibration, Some(calibration()));
                }
            }
        }
    }
}
