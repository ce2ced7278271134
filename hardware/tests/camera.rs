//! The OpenCV driver over a real video file that OpenCV wrote.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use opencv::{
    core::{CV_8UC3, Mat, MatTraitConst as _, Scalar, Size, Vector},
    imgcodecs,
    videoio::{VideoWriter, VideoWriterTrait as _, VideoWriterTraitConst as _},
};
use sallyport_hardware::camera::{
    Camera, CameraError, FolderCamera, Frame, Mounted, Pixels, Position, Seen, Totem, VideoCamera,
};

const PATIENCE: Duration = Duration::from_secs(20);
const SHADES: [u8; 4] = [20, 90, 160, 230];

/// Motion JPEG in AVI: one gray shade a frame, blue a little brighter.
fn write_video(path: &Path) {
    write(path, ['M', 'J', 'P', 'G']);
}

/// MPEG-4 in MP4.
fn write_film(path: &Path) {
    write(path, ['m', 'p', '4', 'v']);
}

fn write(path: &Path, [a, b, c, d]: [char; 4]) {
    let fourcc = VideoWriter::fourcc(a, b, c, d).unwrap();
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

/// A network camera: motion JPEG over HTTP, 20 frames a second, whose shade tells the frame's number.
#[derive(Default)]
struct NetworkCamera {
    sent: AtomicU64,
    unplugged: AtomicBool,
}

/// Numbers are told apart in so many steps of two shades.
const STEPS: u64 = 100;

impl NetworkCamera {
    fn serve(self: &Arc<Self>, listener: TcpListener) {
        let camera = Arc::clone(self);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                // The peer leaving ends a connection.
                let _ = camera.send_frames(connection.unwrap());
            }
        });
    }

    fn send_frames(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let _ = connection.read(&mut [0; 2_000])?;
        connection.write_all(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=f\r\n\r\n")?;
        while !self.unplugged.load(Ordering::SeqCst) {
            let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
            let shade = Scalar::all((number % STEPS * 2 + 20) as f64);
            let mut jpeg = Vector::<u8>::new();
            let picture = Mat::new_rows_cols_with_default(48, 64, CV_8UC3, shade).unwrap();
            imgcodecs::imencode_def(".jpg", &picture, &mut jpeg).unwrap();
            write!(connection, "--f\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len())?;
            connection.write_all(&[jpeg.as_slice(), b"\r\n"].concat())?;
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn wait_until_sent(&self, number: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.sent.load(Ordering::SeqCst) < number {
            assert!(Instant::now() < deadline, "nobody takes frames");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_live_camera_gives_the_newest_frame_and_survives_a_loss() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let network = Arc::new(NetworkCamera::default());
    network.serve(listener);
    let mut camera = VideoCamera::open(&address).unwrap();
    camera.frame(PATIENCE).unwrap();
    // Whoever reads a buffer in order falls behind by what nobody asked for, further each time.
    let behind = |attempt: u64| {
        network.wait_until_sent(network.sent.load(Ordering::SeqCst) + 30);
        let sent = network.sent.load(Ordering::SeqCst);
        let number = u64::from(shades(&camera.frame(PATIENCE).unwrap()).0.saturating_sub(19)) / 2;
        let behind = (sent + STEPS + 2 - number) % STEPS;
        (behind > 12).then(|| format!("attempt {attempt}: {behind} frames behind"))
    };
    let late: Vec<String> = (0..4).map_while(behind).collect();
    assert!(late.len() < 4, "{late:?}");

    network.unplugged.store(true, Ordering::SeqCst);
    let deadline = Instant::now() + PATIENCE;
    while !matches!(camera.frame(Duration::from_millis(100)), Err(CameraError::Lost { .. })) {
        assert!(Instant::now() < deadline, "never noticed");
    }
    network.unplugged.store(false, Ordering::SeqCst);
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

/// A totem of three image folders at the rate that a gate takes.
const FRAMES_PER_SECOND: f64 = 15.0;

fn mount(position: Position, camera: impl Camera + 'static) -> Mounted {
    Mounted { position, camera: Box::new(camera), frames_per_second: FRAMES_PER_SECOND }
}

/// Pictures that tell their number and their camera's position.
fn write_pictures(folder: &Path, position: Position) {
    fs::create_dir_all(folder).unwrap();
    for (number, shade) in SHADES.into_iter().enumerate() {
        let shade = Scalar::all(f64::from(shade));
        let picture = Mat::new_rows_cols_with_default(48, 64 + 8 * position as i32, CV_8UC3, shade).unwrap();
        let mut jpeg = Vector::<u8>::new();
        imgcodecs::imencode_def(".jpg", &picture, &mut jpeg).unwrap();
        fs::write(folder.join(format!("{number}.jpg")), jpeg.as_slice()).unwrap();
    }
}

#[test]
fn three_cameras_give_fresh_frames_to_two_slow_workers_and_nothing_piles_up() {
    let folder = tempfile::tempdir().unwrap();
    let cameras = Position::ALL.map(|position| {
        let of_position = folder.path().join(position.name());
        write_pictures(&of_position, position);
        mount(position, FolderCamera::open(&of_position).unwrap().frames_per_second(FRAMES_PER_SECOND))
    });
    let totem = Totem::new(cameras.into());
    totem.watch(true);
    let until = Instant::now() + Duration::from_secs(4);
    let work = || {
        let mut seen = Vec::new();
        while Instant::now() < until {
            if let Some(Seen::Frame(position, frame)) = totem.next(PATIENCE) {
                let Pixels::File(file) = &frame.pixels else { panic!("{frame:?}") };
                let picture = imgcodecs::imdecode(&Vector::<u8>::from_slice(file), imgcodecs::IMREAD_COLOR).unwrap();
                assert_eq!((picture.cols(), picture.rows()), (64 + 8 * position as i32, 48));
                let age = frame.taken.elapsed();
                seen.push((position, frame.sequence, frame.taken, age));
                // As long as a template takes: two workers cannot keep pace with 45 frames a second.
                std::thread::sleep(Duration::from_millis(60));
            }
        }
        seen
    };
    let seen: Vec<_> = std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let oldest = seen.iter().map(|(.., age)| *age).max().unwrap();
    println!("{} frames taken up, {} dropped, the oldest {oldest:?} old", seen.len(), totem.dropped());
    let mut taken = 0;
    for position in Position::ALL {
        let mut of_camera: Vec<_> = seen.iter().filter(|(of, ..)| *of == position).collect();
        of_camera.sort_by_key(|(_, sequence, ..)| *sequence);
        let numbers: Vec<_> = of_camera.iter().map(|(_, sequence, ..)| *sequence).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "none twice: {numbers:?}");
        assert!(of_camera.windows(2).all(|pair| pair[0].2 < pair[1].2), "newer ones come later");
        assert!(of_camera.len() * 4 > seen.len(), "each camera has its turn: {} of {}", of_camera.len(), seen.len());
        taken += numbers.last().unwrap();
    }
    // Whatever was taken was handed out, dropped, or is the one frame that waits: nothing else is kept.
    let kept = taken.saturating_sub(seen.len() as u64 + totem.dropped());
    assert!(kept == 0, "{kept} frames are nowhere");
    assert!(totem.dropped() > 0, "the workers were meant to be too slow");
}

#[test]
fn one_camera_of_a_totem_goes_and_returns_while_a_film_plays_on_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (pictures, away) = (folder.path().join("pictures"), folder.path().join("away"));
    write_pictures(&pictures, Position::Lower);
    let film = folder.path().join("film.mp4");
    write_film(&film);
    let totem = Totem::new(vec![
        mount(Position::Lower, FolderCamera::open(&pictures).unwrap()),
        mount(Position::Upper, VideoCamera::open(film.to_str().unwrap()).unwrap()),
    ]);
    totem.watch(true);
    let until = |wanted: &dyn Fn(&Seen) -> bool| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "never seen");
            let seen = totem.next(Duration::from_millis(100));
            if let Some(seen) = seen.filter(wanted) {
                return seen;
            }
        }
    };
    let frame_of = |position: Position| move |seen: &Seen| matches!(seen, Seen::Frame(of, _) if *of == position);
    until(&frame_of(Position::Lower));
    let Seen::Frame(_, frame) = until(&frame_of(Position::Upper)) else { panic!("no frame") };
    assert!(matches!(frame.pixels, Pixels::Bgr { width: 64, height: 48, .. }), "{frame:?}");

    fs::rename(&pictures, &away).unwrap();
    let lost = until(&|seen| !matches!(seen, Seen::Frame(..)));
    assert!(matches!(lost, Seen::Lost { position: Position::Lower, error: CameraError::Lost { .. } }), "{lost:?}");
    assert_eq!((totem.lost_positions(), totem.lost()), (vec![Position::Lower], None));
    for _ in 0..5 {
        until(&frame_of(Position::Upper));
    }
    fs::rename(&away, &pictures).unwrap();
    let back = until(&|seen| !matches!(seen, Seen::Frame(..)));
    assert!(matches!(back, Seen::Back(Position::Lower)), "{back:?}");
    until(&frame_of(Position::Lower));
    assert!(totem.lost_positions().is_empty());

    fs::remove_dir_all(&pictures).unwrap();
    fs::remove_file(&film).unwrap();
    (0..2).for_each(|_| drop(until(&|seen| matches!(seen, Seen::Lost { .. }))));
    assert!(totem.lost().is_some(), "both");
}
