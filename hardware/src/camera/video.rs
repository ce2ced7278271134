//! Cameras and video files through OpenCV.
//!
//! A thread takes frames from the driver as they come, so that its buffers never hold an old one, and decodes only those
//! that were asked for. It opens a lost camera again by itself.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use opencv::{
    core::{CV_8UC1, CV_8UC3, CV_8UC4, Mat, MatTraitConst as _, MatTraitConstManual as _, MatTraitManual as _, Vector},
    imgproc,
    videoio::{
        CAP_FFMPEG, CAP_PROP_FPS, CAP_PROP_OPEN_TIMEOUT_MSEC, CAP_PROP_READ_TIMEOUT_MSEC, CAP_V4L2, VideoCapture,
        VideoCaptureTrait as _, VideoCaptureTraitConst as _,
    },
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Camera, CameraError, Frame, Pace, Pixels};

/// How long a network camera may take to open, and to send a frame, in milliseconds.
const NETWORK_PATIENCE_MS: i32 = 5_000;
/// How long a lost camera is left alone before it is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// What a source's name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Device(i32),
    Network(String),
    File(String),
}

impl Source {
    fn parse(text: &str) -> Self {
        let number = text.strip_prefix("/dev/video").unwrap_or(text).parse();
        match number {
            Ok(number) if number >= 0 => Self::Device(number),
            _ if text.contains("://") => Self::Network(text.to_owned()),
            _ => Self::File(text.to_owned()),
        }
    }

    /// For messages: without user and password.
    fn name(&self) -> String {
        match self {
            Self::Device(number) => format!("/dev/video{number}"),
            Self::File(path) => path.clone(),
            Self::Network(address) => match address.split_once("://") {
                Some((scheme, rest)) => {
                    let authority_end = rest.find('/').unwrap_or(rest.len());
                    let host_at = rest[..authority_end].rfind('@').map_or(0, |at| at + 1);
                    format!("{scheme}://{}", &rest[host_at..])
                }
                None => address.clone(),
            },
        }
    }

    fn open(&self) -> Result<VideoCapture, String> {
        let capture = match self {
            Self::Device(number) => VideoCapture::new(*number, CAP_V4L2),
            Self::File(path) => VideoCapture::from_file(path, CAP_FFMPEG),
            Self::Network(address) => {
                let (open, read) = (CAP_PROP_OPEN_TIMEOUT_MSEC, CAP_PROP_READ_TIMEOUT_MSEC);
                let patience = Vector::from_slice(&[open, NETWORK_PATIENCE_MS, read, NETWORK_PATIENCE_MS]);
                VideoCapture::from_file_with_params(address, CAP_FFMPEG, &patience)
            }
        };
        match capture.and_then(|capture| Ok(capture.is_opened()?.then_some(capture))) {
            Ok(Some(capture)) => Ok(capture),
            Ok(None) => Err("not there, in use, or of no kind that OpenCV reads".to_owned()),
            Err(error) => Err(error.message),
        }
    }
}

/// A camera or video file that OpenCV reads. OpenCV's own buffers are wiped where it shows them: the decoded frame is,
/// the driver's raw buffers are overwritten by the next frames.
pub struct VideoCamera {
    name: String,
    shared: Arc<Shared>,
}

struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Default)]
struct Slot {
    /// Somebody waits for a frame.
    wanted: bool,
    frame: Option<Frame>,
    /// Why there is none.
    failure: Option<CameraError>,
    closed: bool,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VideoCamera {
    /// A camera by number or path (`0`, `/dev/video0`), a network camera by address (`rtsp://user:password@host/path`),
    /// or a video file, which plays at its own pace, over and over.
    pub fn open(source: &str) -> Result<Self, CameraError> {
        let source = Source::parse(source);
        let name = source.name();
        let capture = source.open().map_err(|why| CameraError::Open { name: name.clone(), why })?;
        let shared = Arc::new(Shared { slot: Mutex::default(), changed: Condvar::new() });
        let taker = Taker { name: name.clone(), source, shared: Arc::clone(&shared) };
        std::thread::spawn(move || taker.run(capture));
        Ok(Self { name, shared })
    }
}

impl Drop for VideoCamera {
    /// The thread ends after the frame it waits for.
    fn drop(&mut self) {
        self.shared.slot().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Camera for VideoCamera {
    fn frame(&mut self, patience: Duration) -> Result<Frame, CameraError> {
        let deadline = Instant::now().checked_add(patience);
        let mut slot = self.shared.slot();
        slot.wanted = true;
        slot.frame = None;
        self.shared.changed.notify_all();
        loop {
            if let Some(frame) = slot.frame.take() {
                return Ok(frame);
            }
            let left = deadline.map_or(patience, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                slot.wanted = false;
                let late = || CameraError::NoFrame { name: self.name.clone(), why: "none came in time".to_owned() };
                return Err(slot.failure.clone().unwrap_or_else(late));
            }
            slot = self.shared.changed.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The thread's end.
struct Taker {
    name: String,
    source: Source,
    shared: Arc<Shared>,
}

impl Taker {
    fn run(&self, capture: VideoCapture) {
        let mut capture = Some(capture);
        let mut pace = None;
        loop {
            if self.shared.slot().closed {
                return;
            }
            let Some(open) = &mut capture else {
                std::thread::sleep(REOPEN_AFTER);
                match self.source.open() {
                    Ok(opened) => {
                        tracing::info!(camera = self.name, "the camera is back");
                        capture = Some(opened);
                    }
                    Err(why) => self.fail(CameraError::Lost { name: self.name.clone(), why }),
                }
                continue;
            };
            if matches!(self.source, Source::File(_)) {
                let pace = pace.get_or_insert_with(|| Pace::new(open.get(CAP_PROP_FPS).unwrap_or(f64::NAN)));
                if !self.wait_until_wanted() {
                    return;
                }
                pace.wait(Duration::MAX);
            }
            match self.take(open) {
                Ok(true) => {}
                Ok(false) if matches!(self.source, Source::File(_)) => match self.source.open() {
                    // At its end it begins anew.
                    Ok(opened) => capture = Some(opened),
                    Err(why) => {
                        self.fail(CameraError::Lost { name: self.name.clone(), why });
                        capture = None;
                    }
                },
                taken => {
                    let why = taken.err().map_or("it sends nothing more".to_owned(), |error| error.message);
                    tracing::warn!(camera = self.name, why, "the camera is lost");
                    self.fail(CameraError::Lost { name: self.name.clone(), why });
                    capture = None;
                }
            }
        }
    }

    /// A file has time: its frames wait.
    fn wait_until_wanted(&self) -> bool {
        let mut slot = self.shared.slot();
        while !slot.wanted && !slot.closed {
            slot = self.shared.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
        !slot.closed
    }

    /// Takes one frame from the driver and decodes it if it is wanted; gives whether there was one.
    fn take(&self, capture: &mut VideoCapture) -> opencv::Result<bool> {
        if !capture.grab()? {
            return Ok(false);
        }
        let taken = Instant::now();
        if !self.shared.slot().wanted {
            return Ok(true);
        }
        let mut mat = Mat::default();
        let retrieved = capture.retrieve_def(&mut mat);
        let pixels = match retrieved {
            Ok(true) => pixels(&mat),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        wipe(&mut mat);
        match pixels? {
            Some(pixels) => {
                let mut slot = self.shared.slot();
                (slot.frame, slot.failure, slot.wanted) = (Some(Frame::new(pixels, taken)), None, false);
                self.shared.changed.notify_all();
            }
            None => self.fail(CameraError::NoFrame {
                name: self.name.clone(),
                why: "its frames are broken, or neither gray nor color of 8 bits".to_owned(),
            }),
        }
        Ok(true)
    }

    fn fail(&self, failure: CameraError) {
        self.shared.slot().failure = Some(failure);
    }
}

fn pixels(mat: &Mat) -> opencv::Result<Option<Pixels>> {
    let mut converted = Mat::default();
    let code = match mat.typ() {
        _ if mat.empty() => return Ok(None),
        CV_8UC3 => return of_bgr(mat),
        CV_8UC1 => imgproc::COLOR_GRAY2BGR,
        CV_8UC4 => imgproc::COLOR_BGRA2BGR,
        _ => return Ok(None),
    };
    imgproc::cvt_color_def(mat, &mut converted, code)?;
    let pixels = of_bgr(&converted);
    wipe(&mut converted);
    pixels
}

fn of_bgr(mat: &Mat) -> opencv::Result<Option<Pixels>> {
    let bytes = Zeroizing::new(mat.data_bytes()?.to_vec());
    let sides = (u32::try_from(mat.cols()), u32::try_from(mat.rows()));
    Ok(match sides {
        (Ok(width), Ok(height)) => Some(Pixels::Bgr { width, height, bytes }),
        _ => None,
    })
}

/// OpenCV frees its pixels without zeroing them.
fn wipe(mat: &mut Mat) {
    if let Ok(bytes) = mat.data_bytes_mut() {
        bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sources_are_told_apart_and_named_without_passwords() {
        assert_eq!(Source::parse("/dev/video2"), Source::Device(2));
        assert_eq!(Source::parse("0"), Source::Device(0));
        assert_eq!(Source::parse("-1"), Source::File("-1".to_owned()));
        assert_eq!(Source::parse("clips/a.avi"), Source::File("clips/a.avi".to_owned()));
        assert_eq!(Source::parse("/dev/video2").name(), "/dev/video2");
        assert_eq!(Source::parse("rtsp://gate:p@ss@10.0.0.9:554/a@b").name(), "rtsp://10.0.0.9:554/a@b");
        assert_eq!(Source::parse("rtsp://camera.example/1").name(), "rtsp://camera.example/1");
    }
}
