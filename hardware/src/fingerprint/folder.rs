//! A folder of pictures as a fingerprint sensor, for tests, demonstrations and replays.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use super::{FingerprintSensor, Guidance, Impression, Pixels, SensorError};
use crate::camera::files_of;

/// Ends of the names of files that count as pictures of fingers; the matcher decodes these.
pub(crate) const FINGER_FILES: [&str; 10] = ["png", "bmp", "tif", "tiff", "wsq", "pgm", "jpg", "jpeg", "jp2", "j2k"];

/// The pictures of a folder in name order, round and round; each capture is one.
pub struct FolderSensor {
    name: String,
    files: Vec<PathBuf>,
    next: usize,
    dpi: Option<f64>,
}

impl FolderSensor {
    /// The PNG, BMP, TIFF, WSQ, PGM, JPEG and JPEG 2000 files of this folder.
    pub fn open(folder: &Path) -> Result<Self, SensorError> {
        let name = folder.display().to_string();
        match files_of(folder, &FINGER_FILES) {
            Ok(files) if !files.is_empty() => Ok(Self { name, files, next: 0, dpi: None }),
            Ok(_) => Err(SensorError::Open { name, why: "no picture in the folder".to_owned() }),
            Err(error) => Err(SensorError::Open { name, why: error.to_string() }),
        }
    }

    /// Pixels an inch of pictures that do not say.
    pub fn dpi(mut self, dpi: f64) -> Self {
        self.dpi = Some(dpi);
        self
    }
}

impl FingerprintSensor for FolderSensor {
    fn name(&self) -> &str {
        &self.name
    }

    fn capture(&mut self, _patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        guide(Guidance::Place);
        let path = &self.files[self.next % self.files.len()];
        self.next = (self.next + 1) % self.files.len();
        match fs::read(path) {
            Ok(file) => {
                guide(Guidance::Lift);
                Ok(Impression { pixels: Pixels::File(Zeroizing::new(file)), dpi: self.dpi, taken: Instant::now() })
            }
            Err(error) => {
                Err(SensorError::Lost { name: self.name.clone(), why: format!("{}: {error}", path.display()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn content(sensor: &mut FolderSensor) -> Vec<u8> {
        let mut guidance = Vec::new();
        let impression = sensor.capture(Duration::ZERO, &mut |said| guidance.push(said)).unwrap();
        assert_eq!((guidance, impression.dpi), (vec![Guidance::Place, Guidance::Lift], Some(569.0)));
        match impression.pixels {
            Pixels::File(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pictures_come_in_name_order_round_and_round() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(matches!(FolderSensor::open(folder.path()), Err(SensorError::Open { .. })));
        for name in ["b.wsq", "a.PNG", ".hidden.png", "notes.txt", "c.tif"] {
            fs::write(at(name), name).unwrap();
        }
        let mut sensor = FolderSensor::open(folder.path()).unwrap().dpi(569.0);
        for expected in ["a.PNG", "b.wsq", "c.tif", "a.PNG"] {
            assert_eq!(content(&mut sensor), expected.as_bytes());
        }
        fs::remove_file(at("b.wsq")).unwrap();
        assert!(matches!(sensor.capture(Duration::ZERO, &mut |_| {}), Err(SensorError::Lost { .. })));
        assert_eq!(content(&mut sensor), b"c.tif");
        assert!(matches!(FolderSensor::open(&at("none")), Err(SensorError::Open { .. })));
    }
}
