//! A folder of pictures as a camera, for tests, demonstrations and replays.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use super::{Camera, CameraError, Frame, Pixels};

/// What a folder gives unless told otherwise.
pub(crate) const FRAMES_PER_SECOND: f64 = 10.0;
/// What counts as a picture; the matcher decodes these.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "png", "jp2", "j2k"];

/// The picture files of a folder in name order, hidden ones left out.
pub(crate) fn pictures(folder: &Path) -> io::Result<Vec<PathBuf>> {
    files_of(folder, &EXTENSIONS)
}

/// The files of a folder that have one of these extensions, in name order, hidden ones left out.
pub(crate) fn files_of(folder: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Lets frames through at a camera's pace. What one frame is late, the next makes up for.
pub(crate) struct Pace {
    interval: Duration,
    due: Option<Instant>,
}

impl Pace {
    /// So many frames a second; those of no camera count as the slowest or fastest of one.
    pub(crate) fn new(frames_per_second: f64) -> Self {
        let frames =
            if frames_per_second.is_finite() { frames_per_second.clamp(0.1, 1_000.0) } else { FRAMES_PER_SECOND };
        Self { interval: Duration::from_secs_f64(1.0 / frames), due: None }
    }

    /// How long until the next frame is due.
    pub(crate) fn left(&self) -> Duration {
        self.due.map_or(Duration::ZERO, |due| due.saturating_duration_since(Instant::now()))
    }

    /// Notes that the frame that was due is taken now. A backlog of several is forgotten.
    pub(crate) fn took(&mut self) {
        let now = Instant::now();
        let next = self.due.map(|due| due + self.interval).filter(|next| *next > now);
        self.due = Some(next.unwrap_or(now + self.interval));
    }

    /// Waits until the next frame is due, but not longer than this; gives whether it is.
    pub(crate) fn wait(&mut self, patience: Duration) -> bool {
        let left = self.left();
        std::thread::sleep(left.min(patience));
        let due = left <= patience;
        if due {
            self.took();
        }
        due
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(FRAMES_PER_SECOND)
    }
}

/// The pictures of a folder in name order, round and round.
pub struct FolderCamera {
    name: String,
    files: Vec<PathBuf>,
    next: usize,
    pace: Pace,
}

impl FolderCamera {
    /// The JPEG, JPEG 2000 and PNG files of this folder, ten a second.
    pub fn open(folder: &Path) -> Result<Self, CameraError> {
        let name = folder.display().to_string();
        match pictures(folder) {
            Ok(files) if !files.is_empty() => Ok(Self { name, files, next: 0, pace: Pace::default() }),
            Ok(_) => Err(CameraError::Open { name, why: "no picture in the folder".to_owned() }),
            Err(error) => Err(CameraError::Open { name, why: error.to_string() }),
        }
    }

    /// At another pace.
    pub fn frames_per_second(mut self, frames_per_second: f64) -> Self {
        self.pace = Pace::new(frames_per_second);
        self
    }
}

impl Camera for FolderCamera {
    fn frame(&mut self, patience: Duration) -> Result<Frame, CameraError> {
        if !self.pace.wait(patience) {
            return Err(CameraError::NoFrame { name: self.name.clone(), why: "the next is not due yet".to_owned() });
        }
        let path = &self.files[self.next % self.files.len()];
        self.next = (self.next + 1) % self.files.len();
        match fs::read(path) {
            Ok(file) => Ok(Frame::new(Pixels::File(Zeroizing::new(file)), Instant::now())),
            Err(error) => {
                Err(CameraError::Lost { name: self.name.clone(), why: format!("{}: {error}", path.display()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn content(camera: &mut FolderCamera) -> Vec<u8> {
        match camera.frame(Duration::from_secs(5)).unwrap().pixels {
            Pixels::File(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pictures_come_in_name_order_round_and_round() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(matches!(FolderCamera::open(folder.path()), Err(CameraError::Open { .. })));
        for name in ["b.jpg", "a.PNG", ".hidden.jpg", "notes.txt", "c.jp2"] {
            fs::write(at(name), name).unwrap();
        }
        fs::create_dir(at("d.jpg")).unwrap();
        let mut camera = FolderCamera::open(folder.path()).unwrap().frames_per_second(500.0);
        for expected in ["a.PNG", "b.jpg", "c.jp2", "a.PNG"] {
            assert_eq!(content(&mut camera), expected.as_bytes());
        }
        fs::remove_file(at("b.jpg")).unwrap();
        assert!(matches!(camera.frame(Duration::from_secs(5)), Err(CameraError::Lost { .. })));
        assert_eq!(content(&mut camera), b"c.jp2");
        assert!(matches!(FolderCamera::open(&at("none")), Err(CameraError::Open { .. })));
    }

    #[test]
    fn a_frame_that_is_not_due_is_not_given() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.jpg"), "a").unwrap();
        let mut camera = FolderCamera::open(folder.path()).unwrap().frames_per_second(0.0);
        content(&mut camera);
        assert!(matches!(camera.frame(Duration::from_millis(1)), Err(CameraError::NoFrame { .. })));
    }
}
