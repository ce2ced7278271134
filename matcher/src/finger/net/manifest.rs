//! The manifest that stands beside a finger's net: which file it is, what goes into it and what is made of its outputs.

use std::path::Path;

use serde::Deserialize;

use crate::face::{
    ManifestError, Role, ValueError,
    manifest::{MULTIPLE_MAX, check_file, ensure, the_one},
};
use crate::finger::FingerCalibration;

/// What goes into a net: 1 x height x width x 1 values, `(pixel - mean) * scale` of pixels 0 to 255 at 500 dpi.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetInputManifest {
    /// Height and width are multiples of it, in pixels.
    pub multiple: u32,
    /// Taken from each pixel's value.
    pub mean: f32,
    /// What remains is multiplied by this.
    pub scale: f32,
}

/// What is made of the outputs, 1 x height x width x 4: certainty that a minutia is there, its direction, certainty that
/// it is an ending, and its quality, which is zero but where it is greatest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinutiaeManifest {
    /// Least quality of a minutia, 0 to 1.
    pub quality_min: f32,
    /// Least certainty of an ending, 0 to 1; below it is a bifurcation.
    pub ending_min: f32,
}

/// The manifest of a finger's net.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetManifest {
    /// Names the net; templates of different names mean different things.
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
    pub input: NetInputManifest,
    /// What is made of what comes out.
    pub minutiae: MinutiaeManifest,
    /// What the scores of its templates mean; without it fingers can be compared, but not decided on.
    pub calibration: Option<FingerCalibration>,
}

impl NetManifest {
    /// The one of the folder.
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let role = Role::MinutiaExtractor;
        let missing = || ManifestError::Missing { role, folder: folder.display().to_string() };
        the_one(folder, role, Self::parse)?.map(|(manifest, _)| manifest).ok_or_else(missing)
    }

    /// Reads a manifest; the path is only named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let path = path.display().to_string();
            ManifestError::Syntax { path, reason: error.to_string() }
        })?;
        manifest.check().map_err(|error| error.at(path))?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ValueError> {
        check_file(&self.name, &self.file, &self.sha256)?;
        ensure(self.role == Role::MinutiaExtractor, ValueError::Role)?;
        let NetInputManifest { multiple, mean, scale } = self.input;
        ensure((1..=MULTIPLE_MAX).contains(&multiple), ValueError::Multiple)?;
        ensure(mean.is_finite() && scale.is_finite() && scale != 0.0, ValueError::Normalization)?;
        let MinutiaeManifest { quality_min, ending_min } = self.minutiae;
        let parts = (0.0..=1.0).contains(&quality_min) && (0.0..=1.0).contains(&ending_min);
        ensure(parts && quality_min > 0.0, ValueError::Minutiae)?;
        self.calibration.as_ref().map_or(Ok(()), |calibration| Ok(calibration.check()?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::face::Manifests;

    const LEADER: &str = include_str!("../../../models/finger_minutiae_leader.toml");

    fn parse(text: &str) -> Result<NetManifest, ManifestError> {
        NetManifest::parse(text, Path::new("some.toml"))
    }

    #[test]
    fn ours_is_complete_and_wrong_values_are_told() {
        assert_eq!(parse(LEADER).unwrap().role, Role::MinutiaExtractor);
        for (from, to, expected) in [
            ("multiple = 32", "multiple = 0", ValueError::Multiple),
            ("scale = 1.0", "scale = 0.0", ValueError::Normalization),
            ("mean = 0.0", "mean = nan", ValueError::Normalization),
            ("quality_min = 0.55", "quality_min = 0.0", ValueError::Minutiae),
            ("ending_min = 0.5", "ending_min = 1.5", ValueError::Minutiae),
            ("role = \"minutia-extractor\"", "role = \"face-detector\"", ValueError::Role),
            ("file = \"finger", "file = \"../finger", ValueError::File),
        ] {
            assert!(LEADER.contains(from), "{from}");
            match parse(&LEADER.replacen(from, to, 1)) {
                Err(ManifestError::Value { reason, .. }) => assert_eq!(reason, expected, "{to}"),
                other => panic!("{to}: {other:?}"),
            }
        }
        assert!(matches!(parse("name = 1"), Err(ManifestError::Syntax { .. })));
    }

    #[test]
    fn a_folder_has_one_beside_the_faces() {
        let folder = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        assert!(matches!(NetManifest::read(folder.path()), Err(ManifestError::Missing { .. })));
        assert_eq!(NetManifest::read(&shipped).unwrap(), parse(LEADER).unwrap());
        assert!(Manifests::read(&shipped).is_ok());
        std::fs::write(folder.path().join("a.toml"), LEADER).unwrap();
        std::fs::write(folder.path().join("b.toml"), LEADER).unwrap();
        assert!(matches!(NetManifest::read(folder.path()), Err(ManifestError::Two { .. })));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            prop_assert!(parse(&text).is_err());
        }
    }
}
