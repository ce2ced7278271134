//! The OpenCV driver over a real video file that OpenCV wrote.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use opencv::{
    core::{CV_8UC3, Mat, Scalar, Size},
    videoio::{VideoWriter, VideoWriterTrait as _, VideoWriterTraitConst as _},
};
use sallyport_hardware::camera::{Camera as _, CameraError, Frame, Pixels, VideoCamera};

const PATIENCE: Duration = Duration::from_secs(20);
const SHADES: [u8; 4] = [20, 90, 160, 230];

/// Motion JPEG in AVI: one gray shade a frame, blue a little brighter.
fn write_video(path: &Path) {
    let fourcc = VideoWriter::fourcc('M', 'J', 'P', 'G').unwrap();
    let mut writer = VideoWriter::new(path, fourcc, 50.0, Size::new(64, 48), true).unwrap();
    assert!(writer.is_opened().unwrap());
    for shade in SHADES {
        let color = Scalar::new(f64::from(shade) + 20.0, f64::from(shade), f64::from(shade), 0.0);
        writer.write(&Mat::new_rows_cols_with_default(48, 64, CV_8UC3, color).unwrap()).unwrap();
    }
    writer.release().unwrap();
}

/// The mean blue and red of a frame.
fn shades(frame: &Frame) -> (u8, u8) {
    let Pixels::Bgr { width: 64, height: 48, bytes } = &frame.pixels else { panic!("{frame:?}") };
    assert_eq!(bytes.len(), 64 * 48 * 3);
    let mean = |channel: usize| {
        let sum: usize = bytes.iter().skip(channel).step_by(3).map(|&value| usize::from(value)).sum();
        (sum / (64 * 48)) as u8
    };
    (mean(0), mean(2))
}

#[test]
fn a_video_file_plays_in_order_over_and_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.avi");
    write_video(&path);
    let mut camera = VideoCamera::open(path.to_str().unwrap()).unwrap();
    let mut before = Instant::now();
    for shade in SHADES.iter().cycle().take(10) {
        let frame = camera.frame(PATIENCE).unwrap();
        let (blue, red) = shades(&frame);
        assert!(red.abs_diff(*shade) < 8, "red {red} of {shade}");
        assert!(blue > red + 8, "blue {blue}, red {red}: channels are exchanged");
        assert!(frame.taken > before);
        before = frame.taken;
        let printed = format!("{frame:?}");
        assert!(printed.contains("64 x 48") && printed.len() < 120, "{printed}");
    }
}

#[test]
fn a_lost_source_is_reported_and_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.avi");
    write_video(&path);
    let mut camera = VideoCamera::open(path.to_str().unwrap()).unwrap();
    camera.frame(PATIENCE).unwrap();
    fs::remove_file(&path).unwrap();
    let deadline = Instant::now() + PATIENCE;
    let lost = loop {
        assert!(Instant::now() < deadline, "never noticed");
        if let Err(error) = camera.frame(Duration::from_millis(500)) {
            break error;
        }
    };
    assert!(matches!(&lost, CameraError::Lost { name, .. } if name.ends_with("clip.avi")), "{lost}");
    write_video(&path);
    let deadline = Instant::now() + PATIENCE;
    while camera.frame(Duration::from_millis(500)).is_err() {
        assert!(Instant::now() < deadline, "never came back");
    }
}

#[test]
fn what_is_no_camera_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.avi");
    fs::write(&text, "no video").unwrap();
    for source in ["/dev/video97", "rtsp://gate:secret@127.0.0.1:9/none", text.to_str().unwrap(), "/none.mp4"] {
        let error = VideoCamera::open(source).err().unwrap();
        assert!(matches!(error, CameraError::Open { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
