//! What the scores of both extractors mean: thresholds by false match rate, of each way to compare fingers.
//!
//! They stand at the end of the manifests: the net's ([`super::NetManifest`]), and one that our own extractor has for this
//! alone ([`RidgeManifest`]). `matcher-eval calibrate --fingers` writes them.

use std::{
    collections::BTreeMap,
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use toml::value::Datetime;

use super::{Extraction, Limits, NetManifest, Stage as ExtractorKind, extract::NAME};
use crate::{
    calibration::{
        CalibrationError, Fmr, LikelihoodRatio, SECTION, Tail, Threshold, WRITTEN, check_thresholds, meaning_toml,
    },
    face::{
        ManifestError, Role, ValueError,
        manifest::{ensure, replace, text_of, the_one, with_section},
    },
};

/// Most impressions of a finger that are enrolled.
pub const IMPRESSIONS_MOST: usize = 8;
/// What fingers are compared by.
const SCORES: RangeInclusive<f32> = 0.0..=1.0;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Minutiae themselves ([`super::PreparedFinger`]).
    Plain,
    /// Codes of minutiae under a key that the impostor has too (DESIGN section 4).
    Protected,
}

/// A way to compare fingers, whose scores mean something of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Comparison {
    /// What is compared.
    pub form: Form,
    /// How many impressions are enrolled; several are one score by [`super::EnrolledFinger::fuse`].
    pub impressions: usize,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.form {
            Form::Plain => "plain",
            Form::Protected => "protected",
        };
        write!(f, "{form} comparison with {} enrolled", self.impressions)
    }
}

/// What the scores of one way to compare mean, and from which comparisons that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// What was compared.
    pub form: Form,
    /// How many impressions were enrolled.
    pub impressions: usize,
    /// Comparisons of one finger with itself.
    pub genuine: usize,
    /// Comparisons of two fingers.
    pub impostor: usize,
    /// Where the extrapolated thresholds come from.
    pub tail: Option<Tail>,
    /// Thresholds by rate.
    pub thresholds: BTreeMap<Fmr, Threshold>,
    /// The strength of evidence.
    pub likelihood_ratio: LikelihoodRatio,
}

/// What the scores of one extractor's templates mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FingerCalibration {
    /// When it was measured.
    pub date: Datetime,
    /// On which fingers.
    pub data: String,
    /// Pictures compared.
    pub images: usize,
    /// Fingers on them.
    pub fingers: usize,
    /// Each way to compare.
    pub comparisons: Vec<Compared>,
}

impl FingerCalibration {
    /// Whether it can be true.
    pub(crate) fn check(&self) -> Result<(), CalibrationError> {
        let mut seen = Vec::new();
        for compared in &self.comparisons {
            let Compared { form, impressions, .. } = *compared;
            if !(1..=IMPRESSIONS_MOST).contains(&impressions) {
                return Err(CalibrationError::Impressions);
            }
            if seen.contains(&(form, impressions)) {
                return Err(CalibrationError::Twice);
            }
            seen.push((form, impressions));
            check_thresholds(&compared.thresholds, SCORES)?;
            compared.likelihood_ratio.check()?;
        }
        Ok(())
    }

    /// What scores of this comparison mean. With more impressions than were calibrated the false match rate would be
    /// higher than the threshold's name says, so there is none.
    pub fn of(&self, comparison: Comparison) -> Option<&Compared> {
        let is = |one: &&Compared| (one.form, one.impressions) == (comparison.form, comparison.impressions);
        self.comparisons.iter().find(is)
    }

    /// The manifest's section.
    fn to_toml(&self) -> String {
        let Self { date, images, fingers, .. } = self;
        let data = toml::Value::from(self.data.as_str());
        let mut out =
            format!("{SECTION}\n{WRITTEN}\ndate = {date}\ndata = {data}\nimages = {images}\nfingers = {fingers}\n");
        for Compared { form, impressions, genuine, impostor, tail, thresholds, likelihood_ratio } in &self.comparisons {
            let form = match form {
                Form::Plain => "plain",
                Form::Protected => "protected",
            };
            out += &format!(
                "\n[[calibration.comparisons]]\nform = \"{form}\"\nimpressions = {impressions}\ngenuine = {genuine}\n\
                 impostor = {impostor}\n"
            );
            out += &meaning_toml("calibration.comparisons", tail.as_ref(), thresholds, likelihood_ratio);
        }
        out
    }
}

/// The manifest of our own extractor: it has no net, but scores that mean something.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RidgeManifest {
    /// The extractor's name and version, [`super::extract::RidgeExtractor`]'s own.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// What its scores mean; without it fingers can be compared, but not decided on.
    pub calibration: Option<FingerCalibration>,
}

impl RidgeManifest {
    /// Reads a manifest; the path is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| ManifestError::Syntax { path: path.display().to_string(), reason: error.to_string() })?;
        manifest.check().map_err(|error| error.at(path))?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ValueError> {
        ensure(self.role == Role::RidgeExtractor, ValueError::Role)?;
        ensure(self.name == NAME, ValueError::Extractor(NAME))?;
        self.calibration.as_ref().map_or(Ok(()), |calibration| Ok(calibration.check()?))
    }
}

/// What both extractors' scores mean, as the manifests of a folder say.
#[derive(Debug, Clone)]
pub struct Calibrations {
    fast: Known,
    thorough: Option<Known>,
}

/// What is known of one extractor.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    calibration: Option<FingerCalibration>,
    path: PathBuf,
}

/// There is no threshold by which to decide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "extractor {extractor} has no threshold at FMR {fmr} for {comparison}: run `matcher-eval calibrate --fingers`, or let \
     the policy name another rate or number of impressions"
)]
pub struct NotCalibrated {
    /// Of which extractor.
    pub extractor: String,
    /// What would be compared.
    pub comparison: Comparison,
    /// The rate.
    pub fmr: Fmr,
}

impl Calibrations {
    /// Reads the manifests of our own extractor and, where there is one, of the net.
    pub fn read(models: &Path) -> Result<Self, ManifestError> {
        let role = Role::RidgeExtractor;
        let missing = || ManifestError::Missing { role, folder: models.display().to_string() };
        let (own, path) = the_one(models, role, RidgeManifest::parse)?.ok_or_else(missing)?;
        let net = the_one(models, Role::MinutiaExtractor, NetManifest::parse)?;
        Ok(Self {
            fast: Known { name: own.name, calibration: own.calibration, path },
            thorough: net.map(|(net, path)| Known { name: net.name, calibration: net.calibration, path }),
        })
    }

    fn known(&self, kind: ExtractorKind) -> Option<&Known> {
        match kind {
            ExtractorKind::Fast => Some(&self.fast),
            ExtractorKind::Thorough => self.thorough.as_ref(),
        }
    }

    /// Of this extractor, if it was calibrated.
    pub fn of(&self, kind: ExtractorKind) -> Option<&FingerCalibration> {
        self.known(kind)?.calibration.as_ref()
    }

    /// The least score that matches at this rate.
    pub fn threshold(&self, kind: ExtractorKind, comparison: Comparison, fmr: Fmr) -> Result<Threshold, NotCalibrated> {
        let found = self.of(kind).and_then(|calibration| calibration.of(comparison)?.thresholds.get(&fmr).copied());
        let name = || self.known(kind).map_or_else(|| Role::MinutiaExtractor.to_string(), |known| known.name.clone());
        found.ok_or_else(|| NotCalibrated { extractor: name(), comparison, fmr })
    }

    /// Limits of a decision at this rate, for the extractors that the policy may ask.
    ///
    /// Where it may ask both, a fast score matches alone from the threshold of a tenth of the rate on, which adds at most
    /// that tenth to the thorough extractor's false match rate; and it fails alone below the threshold of one in a
    /// hundred, or as far below its own as above it, whichever is lower.
    pub fn limits(&self, extraction: Extraction, comparison: Comparison, fmr: Fmr) -> Result<Limits, NotCalibrated> {
        let least =
            |kind: ExtractorKind, fmr: Fmr| self.threshold(kind, comparison, fmr).map(|threshold| threshold.score);
        let asked = |kind: ExtractorKind| match extraction.stages().contains(&kind) {
            true => least(kind, fmr),
            false => Ok(f32::INFINITY),
        };
        let (fast, thorough) = (asked(ExtractorKind::Fast)?, asked(ExtractorKind::Thorough)?);
        if extraction != Extraction::Hybrid {
            return Ok(Limits::new(fast, thorough, 0.0, 0.0));
        }
        let lenient = fast - least(ExtractorKind::Fast, Fmr::OneInHundred)?;
        // Without a threshold at a tenth of the rate, every match by the fast extractor is looked into.
        let (below, above) = match fmr.tenth() {
            Some(tenth) => {
                let above = least(ExtractorKind::Fast, tenth)? - fast;
                (lenient.max(above), above)
            }
            None => (lenient, f32::INFINITY),
        };
        Ok(Limits::new(fast, thorough, below, above))
    }

    /// Writes this extractor's calibration into its manifest, all at once, and leaves the rest as it is. Gives the
    /// manifest's path.
    pub fn calibrate(&self, kind: ExtractorKind, calibration: &FingerCalibration) -> Result<&Path, ManifestError> {
        let missing =
            || ManifestError::Missing { role: Role::MinutiaExtractor, folder: self.fast.path.display().to_string() };
        let path = &self.known(kind).ok_or_else(missing)?.path;
        calibration.check().map_err(|error| ValueError::from(error).at(path))?;
        let text = with_section(&text_of(path)?, &calibration.to_toml());
        let written = match kind {
            ExtractorKind::Fast => RidgeManifest::parse(&text, path).map(|manifest| manifest.calibration),
            ExtractorKind::Thorough => NetManifest::parse(&text, path).map(|manifest| manifest.calibration),
        };
        match written {
            Ok(Some(after)) if after == *calibration => replace(path, &text)?,
            _ => return Err(ManifestError::Order { path: path.display().to_string() }),
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::calibration::Basis;

    const OURS: &str = include_str!("../../models/finger_minutiae_ridges.toml");
    const NET: &str = include_str!("../../models/finger_minutiae_leader.toml");
    const ONE: Comparison = Comparison { form: Form::Plain, impressions: 1 };

    fn parse(text: &str) -> Result<RidgeManifest, ManifestError> {
        RidgeManifest::parse(text, Path::new("some.toml"))
    }

    /// Plain comparisons of one impression with these thresholds, and a protected one of three without any.
    fn calibration(thresholds: &[(Fmr, f32)]) -> FingerCalibration {
        let threshold = |&(fmr, score): &(Fmr, f32)| (fmr, Threshold { score, basis: Basis::Measured });
        let compared = |form, impressions, thresholds: &[(Fmr, f32)]| Compared {
            form,
            impressions,
            genuine: 280,
            impostor: 2_880,
            tail: Some(Tail { from: 0.2, scale: 1e-7, shape: -0.1, exceedances: 16, censored: 1 }),
            thresholds: thresholds.iter().map(threshold).collect(),
            likelihood_ratio: LikelihoodRatio { points: vec![[0.0, -2.0], [0.5, 3.0]], cllr: 0.1 },
        };
        FingerCalibration {
            date: "2026-01-31".parse().unwrap(),
            data: "a \"quoted\" name\n[calibration]".into(),
            images: 80,
            fingers: 10,
            comparisons: vec![compared(Form::Plain, 1, thresholds), compared(Form::Protected, 3, &[])],
        }
    }

    /// A folder of both manifests, calibrated with these thresholds.
    fn calibrated(fast: &[(Fmr, f32)], thorough: &[(Fmr, f32)]) -> (tempfile::TempDir, Calibrations) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ours.toml"), OURS).unwrap();
        std::fs::write(folder.path().join("net.toml"), NET).unwrap();
        let read = || Calibrations::read(folder.path()).unwrap();
        read().calibrate(ExtractorKind::Fast, &calibration(fast)).unwrap();
        read().calibrate(ExtractorKind::Thorough, &calibration(thorough)).unwrap();
        let calibrations = read();
        (folder, calibrations)
    }

    #[test]
    fn ours_are_calibrated_for_one_and_for_several_impressions() {
        let shipped = Calibrations::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).unwrap();
        for kind in [ExtractorKind::Fast, ExtractorKind::Thorough] {
            for impressions in 1..=4 {
                let comparison = Comparison { form: Form::Plain, impressions };
                for &fmr in Fmr::ALL {
                    assert!(shipped.threshold(kind, comparison, fmr).is_ok(), "{kind:?} {comparison} {fmr}");
                }
                let ratio = &shipped.of(kind).unwrap().of(comparison).unwrap().likelihood_ratio;
                assert!(ratio.log10(0.0) < 0.0 && ratio.log10(0.9) > 1.0);
            }
        }
    }

    #[test]
    fn a_calibration_is_written_and_read_again() {
        let some = [(Fmr::OneInHundred, 0.25), (Fmr::OneInMillion, 0.5)];
        let (folder, calibrations) = calibrated(&some, &some[..1]);
        assert_eq!(calibrations.of(ExtractorKind::Fast), Some(&calibration(&some)));
        assert_eq!(calibrations.of(ExtractorKind::Thorough), Some(&calibration(&some[..1])));
        // Again, over the old one.
        let path = calibrations.calibrate(ExtractorKind::Fast, &calibration(&some[1..])).unwrap();
        assert_eq!(path, folder.path().join("ours.toml"));
        let again = Calibrations::read(folder.path()).unwrap();
        assert_eq!(again.of(ExtractorKind::Fast), Some(&calibration(&some[1..])));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        // One that cannot be true is not written.
        let wrong = calibration(&[(Fmr::OneInHundred, 1.5)]);
        assert!(matches!(again.calibrate(ExtractorKind::Fast, &wrong), Err(ManifestError::Value { .. })));
    }

    #[test]
    fn what_was_not_measured_is_told() {
        let (_folder, calibrations) = calibrated(&[(Fmr::OneInHundred, 0.25)], &[]);
        assert_eq!(calibrations.threshold(ExtractorKind::Fast, ONE, Fmr::OneInHundred).unwrap().score, 0.25);
        for (kind, form, impressions, fmr) in [
            (ExtractorKind::Fast, Form::Plain, 1, Fmr::OneInThousand),
            (ExtractorKind::Fast, Form::Plain, 2, Fmr::OneInHundred),
            (ExtractorKind::Fast, Form::Protected, 1, Fmr::OneInHundred),
            (ExtractorKind::Fast, Form::Protected, 3, Fmr::OneInHundred),
            (ExtractorKind::Thorough, Form::Plain, 1, Fmr::OneInHundred),
        ] {
            let comparison = Comparison { form, impressions };
            let error = calibrations.threshold(kind, comparison, fmr).unwrap_err();
            assert_eq!((error.comparison, error.fmr), (comparison, fmr));
            assert!(error.to_string().contains("matcher-eval calibrate"), "{error}");
        }
        let bare = tempfile::tempdir().unwrap();
        let read = || Calibrations::read(bare.path());
        assert!(matches!(read(), Err(ManifestError::Missing { role: Role::RidgeExtractor, .. })));
        let (bare_ours, _) = OURS.split_once(SECTION).unwrap_or((OURS, ""));
        std::fs::write(bare.path().join("a.toml"), bare_ours).unwrap();
        assert!(read().unwrap().threshold(ExtractorKind::Fast, ONE, Fmr::OneInHundred).is_err());
        let no_net = read().unwrap().threshold(ExtractorKind::Thorough, ONE, Fmr::OneInHundred).unwrap_err();
        assert_eq!(no_net.extractor, "minutia-extractor");
        std::fs::write(bare.path().join("b.toml"), bare_ours).unwrap();
        assert!(matches!(read(), Err(ManifestError::Two { .. })));
    }

    #[test]
    fn limits_come_from_both_calibrations() {
        let fast = [(Fmr::OneInHundred, 0.2), (Fmr::OneInThousand, 0.3), (Fmr::OneInTenThousand, 0.45)];
        let thorough = [(Fmr::OneInHundred, 0.1), (Fmr::OneInThousand, 0.15)];
        let (_folder, calibrations) = calibrated(&fast, &thorough);
        let limits = |extraction, fmr| calibrations.limits(extraction, ONE, fmr);
        let hybrid = limits(Extraction::Hybrid, Fmr::OneInThousand).unwrap();
        assert_eq!((hybrid.threshold(ExtractorKind::Fast), hybrid.threshold(ExtractorKind::Thorough)), (0.3, 0.15));
        // As far below as above, 0.15, since that is lower than the threshold of one in a hundred.
        for (score, doubtful) in [(0.14, false), (0.16, true), (0.3, true), (0.44, true), (0.46, false)] {
            assert_eq!(hybrid.doubtful(score), doubtful, "{score}");
        }
        let lenient = limits(Extraction::Hybrid, Fmr::OneInHundred).unwrap();
        assert!(lenient.doubtful(0.11) && lenient.doubtful(0.29) && !lenient.doubtful(0.31));
        // Policies that ask one extractor need only its calibration.
        assert!(limits(Extraction::Hybrid, Fmr::OneInTenThousand).is_err());
        let alone = limits(Extraction::Fast, Fmr::OneInTenThousand).unwrap();
        assert_eq!(alone.threshold(ExtractorKind::Fast), 0.45);
        assert!(limits(Extraction::Thorough, Fmr::OneInTenThousand).is_err());
        assert_eq!(limits(Extraction::Thorough, Fmr::OneInThousand).unwrap().threshold(ExtractorKind::Thorough), 0.15);
    }

    #[test]
    fn the_strictest_rate_confirms_every_match() {
        let rates: Vec<(Fmr, f32)> =
            Fmr::ALL.iter().zip(1_u8..).map(|(&fmr, at)| (fmr, f32::from(at) / 10.0)).collect();
        let (_folder, calibrations) = calibrated(&rates, &rates);
        let limits = calibrations.limits(Extraction::Hybrid, ONE, Fmr::OneInMillion).unwrap();
        assert!(limits.doubtful(0.11) && limits.doubtful(1.0) && !limits.doubtful(0.09));
    }

    #[test]
    fn wrong_values_are_told() {
        let (bare, _) = OURS.split_once(SECTION).unwrap_or((OURS, ""));
        let written = format!("{bare}\n{}", calibration(&[(Fmr::OneInHundred, 0.25)]).to_toml());
        assert!(parse(&written).is_ok());
        for (from, to, expected) in [
            ("name = \"sallyport-ridges-1", "name = \"other-ridges-1", ValueError::Extractor(NAME)),
            ("role = \"ridge-extractor\"", "role = \"minutia-extractor\"", ValueError::Role),
            ("impressions = 1", "impressions = 0", ValueError::Calibration(CalibrationError::Impressions)),
            ("impressions = 3", "impressions = 9", ValueError::Calibration(CalibrationError::Impressions)),
            ("score = 0.25", "score = -0.25", ValueError::Calibration(CalibrationError::Range(Fmr::OneInHundred))),
            ("[0.5, 3.0]", "[0.0, 3.0]", ValueError::Calibration(CalibrationError::Points)),
            (
                "form = \"protected\"\nimpressions = 3",
                "form = \"plain\"\nimpressions = 1",
                ValueError::Calibration(CalibrationError::Twice),
            ),
        ] {
            assert!(written.contains(from), "{from}");
            match parse(&written.replacen(from, to, 1)) {
                Err(ManifestError::Value { reason, .. }) => assert_eq!(reason, expected, "{to}"),
                other => panic!("{to}: {other:?}"),
            }
        }
        assert!(matches!(parse(&written.replace("form", "from")), Err(ManifestError::Syntax { .. })));
    }
}
