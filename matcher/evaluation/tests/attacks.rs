//! Rendered heads and attacks through detection and all cues. Skips loudly without nets and faces: run `make setup`.
#![allow(clippy::unwrap_used)]

mod assets;

use std::fs;

use assets::assets;
use sallyport_evaluation::attack::{CAMERAS, Scene, Species};
use sallyport_matcher::{
    Image,
    face::{CueName, FaceEngine, Liveness, PadPolicy, Verdict, View},
};

/// What the cues say of a scene after three moments before these cameras.
fn verdict(engine: &FaceEngine, photo: &Image, scene: Scene, cameras: &[u8]) -> Verdict {
    let landmarks = engine.detect(photo).unwrap()[0].landmarks;
    let mut liveness = Liveness::new(&PadPolicy::default());
    for taken_ms in [0, 100, 200] {
        for &camera in cameras {
            let frame = scene.render(photo, &landmarks, camera, taken_ms).unwrap();
            // As a camera would send it.
            let frame = Image::decode(&frame.encode_jpeg().unwrap()).unwrap();
            let faces = engine.detect(&frame).unwrap();
            let Some(detection) = faces.first() else { continue };
            liveness.look(&View { camera, taken_ms, image: &frame, detection }).unwrap();
        }
    }
    let verdict = liveness.verdict();
    liveness.forget();
    assert_eq!(liveness.verdict(), Verdict::Undecided, "what was forgotten does not count");
    verdict
}

#[test]
fn heads_are_genuine_and_every_species_is_suspected_by_the_cue_that_it_fails() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let all: Vec<u8> = (0..CAMERAS).collect();
    for (at, name) in ["obama.jpg", "biden.jpg"].into_iter().enumerate() {
        let photo = Image::decode(&fs::read(folder.join("faces").join(name)).unwrap()).unwrap();
        for &species in Species::ALL {
            let found = verdict(&engine, &photo, Scene { species, seed: 40 + at as u64 }, &all);
            let cue = match found {
                Verdict::Suspected { cue, score, threshold } => {
                    assert!(score > threshold, "{cue}: {score} of {threshold}");
                    Some(cue)
                }
                _ => None,
            };
            match species {
                Species::Genuine => assert_eq!(found, Verdict::Genuine, "{name}"),
                // No plane, but without a nose.
                Species::CutMask => assert_eq!(cue, Some(CueName::FacialRelief), "{name}: {found}"),
                Species::FlatPrint | Species::ScreenReplay => {
                    assert_eq!(cue, Some(CueName::PlanarMotion), "{name}, {}: {found}", species.name());
                }
                _ => assert!(cue.is_some(), "{name}, {}: {found}", species.name()),
            }
        }
    }
}

#[test]
fn one_camera_vouches_for_nobody() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let photo = Image::decode(&fs::read(folder.join("faces/obama.jpg")).unwrap()).unwrap();
    let scene = Scene { species: Species::Genuine, seed: 1 };
    assert_eq!(verdict(&engine, &photo, scene, &[0]), Verdict::Undecided);
}

#[test]
fn a_scene_is_the_same_again_and_another_at_another_seed_time_and_camera() {
    let bytes = (0..120 * 120 * 3).map(|at| (at * 7 % 251) as u8).collect::<Vec<_>>();
    let photo = Image::from_bgr(120, 120, bytes.into()).unwrap();
    let landmarks = [[40.0, 50.0], [80.0, 50.0], [60.0, 72.0], [45.0, 92.0], [75.0, 92.0]];
    for &species in Species::ALL {
        let render = |seed, camera, ms| Scene { species, seed }.render(&photo, &landmarks, camera, ms).unwrap();
        let first = render(1, 0, 0);
        assert!(first.bgr() == render(1, 0, 0).bgr(), "{}", species.name());
        for other in [render(2, 0, 0), render(1, 1, 0), render(1, 0, 100)] {
            assert!(first.bgr() != other.bgr(), "{}", species.name());
        }
    }
    // Landmarks that are none.
    for landmarks in [[[f32::NAN; 2]; 5], [[0.0; 2]; 5], [[1e30; 2]; 5]] {
        for &species in Species::ALL {
            Scene { species, seed: 3 }.render(&photo, &landmarks, 9, u64::MAX).unwrap();
        }
    }
}
