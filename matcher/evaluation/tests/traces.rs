//! Pictures and templates, unprotected and protected, are gone from a process's memory when they are dropped. A child of the
//! test makes them and waits; its parent makes the same and looks for what they hold.
#![allow(clippy::unwrap_used)]

use std::{env, sync::Arc};

use sallyport_matcher::{
    Image,
    face::FaceTemplate,
    finger::{CylinderVectors, DPI, FingerImage, Minutia, MinutiaTemplate},
};
use sallyport_privacy::{
    keys::{ApplicationKey, EnrollmentSeed},
    template::{Code, EMBEDDING_LENGTH, FingerCode, FingerProjection, Projection},
};
use sallyport_traces::{Child, Memory, once_more, stage};
use zeroize::Zeroizing;

/// A number that all is made from; without it the child's test does nothing.
const NUMBER: &str = "SALLYPORT_TRACES_NUMBER";
/// What is looked for, in bytes: by chance nobody has the same.
const LENGTH: usize = 24;

struct Held {
    picture: Image,
    embedding: FaceTemplate,
    impression: FingerImage,
    minutiae: MinutiaTemplate,
    cylinders: CylinderVectors,
    code: Code,
    finger_code: FingerCode,
}

/// A number of eight bits that depends on both.
fn draw(number: u64, at: usize) -> u8 {
    let mut mixed = (number << 32 | at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as u8
}

/// Filled in place, at its final size.
fn filled<T>(length: usize, value: impl Fn(usize) -> T) -> Zeroizing<Vec<T>>
where
    Vec<T>: zeroize::Zeroize,
{
    let mut values = Zeroizing::new(Vec::with_capacity(length));
    values.extend((0..length).map(value));
    values
}

fn made(number: u64) -> Held {
    let byte = |salt: u64| move |at: usize| draw(number + salt, at);
    let unit = |salt: u64| move |at: usize| f32::from(draw(number + salt, at)) / 256.0;
    let model: Arc<str> = "a net".into();
    let embedding = FaceTemplate::new(&model, filled(EMBEDDING_LENGTH, |at| unit(1)(at) - 0.5)).unwrap();
    let minutia = |at: usize| Minutia {
        x: 300.0 * unit(2)(at),
        y: 300.0 * unit(3)(at),
        direction: std::f32::consts::TAU * unit(4)(at),
        quality: draw(number + 5, at) % 101,
        ..Minutia::default()
    };
    let minutiae = MinutiaTemplate::new(DPI, DPI, filled(45, minutia));
    let cylinders = CylinderVectors::new(&minutiae);
    let seed = seed(number);
    Held {
        picture: Image::from_bgr(64, 48, filled(64 * 48 * 3, byte(6))).unwrap(),
        impression: FingerImage::new(80, 90, filled(80 * 90, byte(7))).unwrap(),
        code: Projection::new(&seed).protect(embedding.values()).unwrap(),
        finger_code: FingerProjection::new(&seed).protect(cylinders.iter()).unwrap(),
        embedding,
        minutiae,
        cylinders,
    }
}

fn seed(number: u64) -> EnrollmentSeed {
    ApplicationKey::received(&[number as u8; 32], 1).enrollment_seed(&[1; 16], 1)
}

/// A part out of the middle of each, by its name.
fn parts(held: &Held) -> Vec<(&'static str, Vec<u8>)> {
    let middle = |bytes: &[u8]| bytes[bytes.len() / 2..][..LENGTH].to_vec();
    let numbers = |values: &[f32]| middle(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    let minutiae = held.minutiae.minutiae();
    let one = &minutiae[minutiae.len() / 2];
    vec![
        ("picture", middle(held.picture.bgr())),
        ("embedding", numbers(held.embedding.values())),
        ("impression", middle(held.impression.gray())),
        ("minutia", [one.x, one.y, one.direction].iter().flat_map(|value| value.to_le_bytes()).collect()),
        ("cylinder", numbers(held.cylinders.iter().next().unwrap())),
        ("face code", middle(held.code.expose_bytes())),
        ("finger code", middle(held.finger_code.expose_bytes())),
    ]
}

/// A process of its own for the test below.
#[test]
#[ignore = "the other test runs it in a child"]
fn child() {
    let Ok(number) = env::var(NUMBER) else { return };
    let held = made(number.parse().unwrap());
    stage("held").unwrap();
    drop(held);
    stage("dropped").unwrap();
}

#[test]
fn what_is_dropped_is_gone() {
    let mut child = Child::start(once_more("child").unwrap().env(NUMBER, "3")).unwrap();
    child.await_stage("held").unwrap();
    if !child.may_be_read().unwrap() {
        return;
    }
    let parts = parts(&made(3));
    for (name, part) in &parts {
        assert!(!child.traces(&[part], Memory::All).unwrap().is_empty(), "the {name} must be somewhere");
    }
    child.go_on().unwrap();
    child.await_stage("dropped").unwrap();
    for (name, part) in &parts {
        assert_eq!(child.traces(&[part], Memory::All).unwrap(), [], "{name}");
    }
    child.go_on().unwrap();
    assert!(child.end().unwrap().success());
}
