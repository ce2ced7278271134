//! A fingerprint sensor on which whoever controls it lays fingers from folders.
//!
//! A finger is a folder of pictures: its impressions, one after the other, round and round. It lies there until it is
//! taken away, and is lifted between two impressions.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::{
    camera::files_of,
    fingerprint::{FINGER_FILES, FingerprintSensor, Guidance, Impression, Pixels, SensorError},
};

/// How long a person takes to lift a finger and to place it again.
const LIFTED: Duration = Duration::from_millis(300);
/// How long nothing is looked at while a finger is waited for.
const PAUSE: Duration = Duration::from_millis(10);

/// The sensor before which [`FingerControl`] puts fingers.
pub struct SimulatedFinger {
    control: FingerControl,
    name: String,
    /// When the last impression was taken.
    taken: Option<Instant>,
}

/// Lays fingers on a [`SimulatedFinger`].
#[derive(Clone)]
pub struct FingerControl(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    laid: Mutex<Laid>,
}

struct Laid {
    plugged: bool,
    impressions: Vec<PathBuf>,
    next: usize,
}

impl SimulatedFinger {
    /// A sensor for the fingers in this folder; none lies there yet.
    pub fn new(fingers: &Path) -> Result<Self, SensorError> {
        let name = format!("simulated with {}", fingers.display());
        fs::read_dir(fingers).map_err(|error| SensorError::Open { name: name.clone(), why: error.to_string() })?;
        let laid = Mutex::new(Laid { plugged: true, impressions: Vec::new(), next: 0 });
        let control = FingerControl(Arc::new(Shared { folder: fingers.to_owned(), laid }));
        Ok(Self { control, name, taken: None })
    }

    /// What lays fingers on it.
    pub fn control(&self) -> FingerControl {
        self.control.clone()
    }

    fn lost(&self) -> SensorError {
        SensorError::Lost { name: self.name.clone(), why: "it is unplugged".to_owned() }
    }
}

impl FingerControl {
    /// Lays this finger there, from its first impression; `None` takes it away. Only names of [`Self::fingers`] are known.
    pub fn lay(&self, finger: Option<&str>) -> Result<(), SensorError> {
        let impressions = match finger {
            None => Vec::new(),
            Some(name) => self.impressions(name)?,
        };
        let mut laid = self.laid();
        (laid.impressions, laid.next) = (impressions, 0);
        Ok(())
    }

    /// Unplugs the sensor, or plugs it in again.
    pub fn plug(&self, plugged: bool) {
        self.laid().plugged = plugged;
    }

    /// The names of the fingers, in order.
    pub fn fingers(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0.folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn impressions(&self, name: &str) -> Result<Vec<PathBuf>, SensorError> {
        let failed = |why: String| SensorError::Open { name: format!("finger `{name}`"), why };
        // Only names that the folder really has: no path comes from outside.
        let known = self.fingers().into_iter().find(|known| known == name);
        let known = known.ok_or_else(|| failed("there is no such finger".to_owned()))?;
        let files = files_of(&self.0.folder.join(known), &FINGER_FILES).map_err(|error| failed(error.to_string()))?;
        if files.is_empty() { Err(failed("no picture in its folder".to_owned())) } else { Ok(files) }
    }

    fn laid(&self) -> MutexGuard<'_, Laid> {
        self.0.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_plugged(&self) -> bool {
        self.laid().plugged
    }

    /// The next impression of the finger that lies there.
    fn next(&self) -> Option<PathBuf> {
        let mut laid = self.laid();
        let at = laid.next.checked_rem(laid.impressions.len())?;
        laid.next = at + 1;
        laid.impressions.get(at).cloned()
    }
}

impl FingerprintSensor for SimulatedFinger {
    fn name(&self) -> &str {
        &self.name
    }

    fn capture(&mut self, patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        let deadline = Instant::now().checked_add(patience);
        guide(Guidance::Place);
        loop {
            self.check()?;
            let lifted = self.taken.is_none_or(|taken| taken.elapsed() >= LIFTED);
            match lifted.then(|| self.control.next()).flatten() {
                Some(path) => {
                    let file = fs::read(&path)
                        .map_err(|error| SensorError::Lost { name: self.name.clone(), why: error.to_string() })?;
                    self.taken = Some(Instant::now());
                    guide(Guidance::Lift);
                    let pixels = Pixels::File(Zeroizing::new(file));
                    return Ok(Impression { pixels, dpi: None, taken: Instant::now() });
                }
                None if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return Err(SensorError::NoFinger { name: self.name.clone() });
                }
                None => sleep(PAUSE),
            }
        }
    }

    fn check(&mut self) -> Result<(), SensorError> {
        if self.control.is_plugged() { Ok(()) } else { Err(self.lost()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn content(sensor: &mut SimulatedFinger) -> Vec<u8> {
        match sensor.capture(Duration::from_secs(60), &mut |_| {}).unwrap().pixels {
            Pixels::File(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_finger_lies_there_until_it_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        for (finger, files) in [("index", &["b.png", "a.png"][..]), ("thumb", &["c.png"]), ("none", &[])] {
            fs::create_dir(folder.path().join(finger)).unwrap();
            for file in files {
                fs::write(folder.path().join(finger).join(file), file).unwrap();
            }
        }
        let mut sensor = SimulatedFinger::new(folder.path()).unwrap();
        let control = sensor.control();
        assert_eq!(control.fingers(), ["index", "none", "thumb"]);
        let nobody = |sensor: &mut SimulatedFinger| {
            matches!(sensor.capture(Duration::ZERO, &mut |_| {}), Err(SensorError::NoFinger { .. }))
        };
        assert!(nobody(&mut sensor));
        control.lay(Some("index")).unwrap();
        for expected in ["a.png", "b.png", "a.png"] {
            assert_eq!(content(&mut sensor), expected.as_bytes());
        }
        control.lay(Some("thumb")).unwrap();
        assert_eq!(content(&mut sensor), b"c.png");
        for unknown in ["none", "nobody's", "..", "../index"] {
            assert!(matches!(control.lay(Some(unknown)), Err(SensorError::Open { .. })), "{unknown}");
        }
        control.lay(None).unwrap();
        assert!(nobody(&mut sensor));
        control.plug(false);
        assert!(sensor.check().is_err());
        assert!(matches!(sensor.capture(Duration::ZERO, &mut |_| {}), Err(SensorError::Lost { .. })));
        control.plug(true);
        assert!(sensor.check().is_ok() && nobody(&mut sensor));
    }
}
