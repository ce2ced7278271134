//! Fingers on libfprint's virtual image device, through the driver that serves real sensors. libfprint reads its
//! environment once, so each test runs itself again as a process of its own.
#![allow(clippy::unwrap_used)]

use std::{
    env,
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sallyport_hardware::{
    fingerprint::{FingerprintSensor as _, Guidance, Impression, LibfprintSensor, Pixels, SensorError},
    simulator::fingerprint::{Message, VirtualFinger},
};
use zeroize::Zeroizing;

const DRIVER: Option<&str> = Some("virtual_image");
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the test of this name again with a virtual device; gives its socket where this is that process.
fn socket(test: &str) -> Option<String> {
    if let Ok(socket) = env::var("FP_VIRTUAL_IMAGE") {
        return Some(socket);
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("finger");
    let mut again = Command::new(env::current_exe().unwrap());
    again.args(["--exact", test, "--nocapture"]).env("FP_VIRTUAL_IMAGE", &socket);
    assert!(again.status().unwrap().success());
    None
}

fn open() -> Option<LibfprintSensor> {
    match LibfprintSensor::open(DRIVER) {
        Ok(sensor) => Some(sensor),
        Err(SensorError::Open { why, .. }) if why.contains("finds none") => {
            eprintln!("SKIPPED: this build of libfprint has no virtual image device");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Rings in an oval, in which libfprint finds minutiae.
fn picture(width: u32, height: u32) -> Message {
    let at = |x: u32, y: u32| {
        let (x, y) = (f64::from(x) - f64::from(width) / 2.0, f64::from(y) - f64::from(height) / 2.0);
        let inside = (x / f64::from(width)).hypot(y / f64::from(height)) < 0.45;
        let ridge = (1.2 * x.hypot(1.3 * y + 20.0) / 1.9).sin() + 0.6 * (x / 11.0).sin();
        if inside { (128.0 + 70.0 * ridge).clamp(0.0, 255.0) as u8 } else { 240 }
    };
    let gray = (0..height).flat_map(|y| (0..width).map(move |x| at(x, y))).collect();
    Message::Picture { width, height, gray: Zeroizing::new(gray) }
}

/// Connects as soon as the device listens, which it does when it is opened.
fn finger(socket: &str) -> VirtualFinger {
    let began = Instant::now();
    loop {
        match VirtualFinger::at(Path::new(socket)) {
            Ok(finger) => return finger,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A capture during which these messages are sent, each once a finger is asked for or, later, after something was said.
fn capture(
    sensor: &mut LibfprintSensor,
    finger: &mut VirtualFinger,
    messages: &[Message],
) -> (Result<Impression, SensorError>, Vec<Guidance>) {
    let mut said = Vec::new();
    let mut left = messages.iter();
    let result = sensor.capture(PATIENCE, &mut |guidance| {
        said.push(guidance);
        if guidance == Guidance::Place {
            left.next().into_iter().for_each(|message| finger.send(message).unwrap());
        }
    });
    (result, said)
}

#[test]
fn an_image_comes_as_it_was_sent() {
    let Some(socket) = socket("an_image_comes_as_it_was_sent") else { return };
    let Some(mut sensor) = open() else { return };
    assert!(matches!(LibfprintSensor::open(DRIVER), Err(SensorError::Open { why, .. }) if why.contains("in use")));
    let mut finger = finger(&socket);
    for sides in [(256, 300), (300, 256)] {
        let sent = picture(sides.0, sides.1);
        let (impression, said) = capture(&mut sensor, &mut finger, std::slice::from_ref(&sent));
        let impression = impression.unwrap();
        let (Pixels::Gray { width, height, bytes }, Message::Picture { gray, .. }) = (&impression.pixels, &sent) else {
            panic!("{impression:?}")
        };
        assert_eq!(((*width, *height), impression.dpi), (sides, None));
        assert!(bytes == gray, "other pixels than were sent");
        assert_eq!(said, [Guidance::Place, Guidance::Lift]);
    }
}

#[test]
fn what_the_sensor_refuses_is_said_and_tried_again() {
    let Some(socket) = socket("what_the_sensor_refuses_is_said_and_tried_again") else { return };
    let Some(mut sensor) = open() else { return };
    let mut finger = finger(&socket);
    let messages = [Message::Retry(1), Message::Retry(2), Message::Retry(0), picture(256, 300)];
    let (impression, said) = capture(&mut sensor, &mut finger, &messages);
    assert!(impression.is_ok(), "{impression:?} after {said:?}");
    use Guidance::{Again, Center, Lift, Place, TooShort};
    assert_eq!(said, [Place, TooShort, Place, Center, Place, Again, Place, Lift]);
}

#[test]
fn patience_ends_and_a_failure_is_a_loss_after_which_it_goes_on() {
    let Some(socket) = socket("patience_ends_and_a_failure_is_a_loss_after_which_it_goes_on") else { return };
    let Some(mut sensor) = open() else { return };
    let nobody = sensor.capture(Duration::from_millis(100), &mut |_| {});
    assert!(matches!(nobody, Err(SensorError::NoFinger { .. })), "{nobody:?}");
    let mut first = finger(&socket);
    let (failed, _) = capture(&mut sensor, &mut first, &[Message::Fail(0)]);
    assert!(matches!(failed, Err(SensorError::Lost { .. })), "{failed:?}");
    drop(first);
    // Opened again, it listens again; so the finger is looked for while the capture waits.
    let (send, found) = mpsc::channel();
    let placing = thread::spawn(move || {
        found.recv().unwrap();
        let mut finger = finger(&socket);
        finger.send(&picture(256, 300)).unwrap();
        finger
    });
    let again = sensor.capture(PATIENCE, &mut |guidance| {
        if guidance == Guidance::Place {
            let _ = send.send(());
        }
    });
    assert!(again.is_ok(), "{again:?}");
    placing.join().unwrap();
    drop(sensor);
    // What was given back can be taken again.
    assert!(LibfprintSensor::open(DRIVER).is_ok());
}
