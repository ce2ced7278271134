//! Quality over real photographs, as they are and with what goes wrong drawn onto them. Skips loudly without nets and faces:
//! run `make setup`.
#![allow(clippy::unwrap_used)]

mod degrade;

use std::{
    fs,
    path::{Path, PathBuf},
};

use degrade::Degradation;
use sallyport_matcher::{
    Image,
    face::{Component, Detection, FaceEngine, FaceError, Flaw, Guidance, Quality},
};
use sha2::{Digest as _, Sha256};

const FACES: [&str; 4] = ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"];

fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os("SALLYPORT_ASSETS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets"), PathBuf::from);
    let there = folder.join("models/face_recognition_sface.onnx").exists();
    if !there {
        eprintln!("SKIPPED: no nets and faces in {}: run `make setup`", folder.display());
    }
    there.then_some(folder)
}

fn picture(path: &Path) -> Image {
    Image::decode(&fs::read(path).unwrap()).unwrap()
}

/// The face in the middle, if there is one.
fn face(engine: &FaceEngine, image: &Image) -> Option<Detection> {
    let far = |face: &Detection| {
        (face.left + face.width / 2.0 - image.width() as f32 / 2.0)
            .hypot(face.top + face.height / 2.0 - image.height() as f32 / 2.0)
    };
    engine.detect(image).unwrap().into_iter().min_by(|a, b| far(a).total_cmp(&far(b)))
}

fn quality(engine: &FaceEngine, image: &Image) -> Option<Quality> {
    match engine.align(image, face(engine, image)?) {
        Ok(face) => Some(face.quality),
        Err(FaceError::TooSmall { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// What a degradation should cause: the guidance or the flaw, and the component that should be low.
fn expected(degradation: Degradation) -> (Component, Option<Guidance>, Option<Flaw>) {
    match degradation {
        Degradation::Sunglasses => (Component::EyesVisible, Some(Guidance::TakeOffGlasses), None),
        Degradation::Mask => (Component::MouthOcclusionPrevention, Some(Guidance::UncoverFace), None),
        Degradation::Cap => (Component::NoHeadCoverings, Some(Guidance::TakeOffHat), None),
        Degradation::ShutEyes => (Component::EyesOpen, None, None),
        Degradation::OpenMouth => (Component::MouthClosed, Some(Guidance::CloseMouth), None),
        Degradation::SideShadow => (Component::IlluminationUniformity, None, None),
        Degradation::TooDark => (Component::DynamicRange, None, Some(Flaw::Dark)),
        Degradation::TooBright => (Component::OverExposurePrevention, None, Some(Flaw::Bright)),
        Degradation::Blur => (Component::Sharpness, Some(Guidance::HoldStill), Some(Flaw::Blurred)),
        Degradation::Tilt => (Component::HeadPoseRoll, Some(Guidance::KeepHeadUpright), None),
    }
}

#[test]
fn portraits_are_good_and_what_is_wrong_is_told() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    for name in FACES {
        let image = picture(&folder.join("faces").join(name));
        let detection = face(&engine, &image).unwrap();
        let plain = quality(&engine, &image).unwrap();
        eprintln!("{name}: unified {}", plain.unified());
        for component in Component::ALL {
            eprintln!("  {component:?} {:?}", plain.component(component));
        }
        assert_eq!((plain.guidance(), plain.flaw()), (None, None), "{name}");
        for degradation in Degradation::ALL {
            let worse = degradation.applied(&image, &detection, 7);
            let Some(worse) = quality(&engine, &worse) else {
                assert_eq!(
                    degradation,
                    Degradation::Tilt,
                    "{name}: no face; only one that is tilted much may be missed"
                );
                continue;
            };
            let (component, guidance, _) = expected(degradation);
            eprintln!(
                "  {degradation:?}: unified {} {component:?} {:?} {:?} {:?}",
                worse.unified(),
                worse.component(component),
                worse.guidance(),
                worse.flaw()
            );
            assert!(worse.component(component).score < plain.component(component).score, "{name} {degradation:?}");
            // Mouths open more or less wide, and the detector's landmarks lag behind a face that is tilted much.
            let sometimes = matches!(degradation, Degradation::OpenMouth | Degradation::Tilt);
            if guidance.is_some() && !sometimes {
                assert_eq!(worse.guidance(), guidance, "{name} {degradation:?}");
            }
            if degradation != Degradation::Tilt {
                assert!(worse.guidance().is_none() || worse.guidance() == guidance, "{name} {degradation:?}");
            }
        }
    }
}

/// How often each degradation is told, and how often plain faces are told what is not so. Reads a folder with a folder of
/// pictures a person: `SALLYPORT_FACES=... cargo test -p sallyport-matcher --test quality -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes, and pictures from elsewhere"]
fn how_often_each_is_told() {
    let (Some(folder), Some(faces)) = (assets(), std::env::var_os("SALLYPORT_FACES")) else {
        eprintln!("SKIPPED: SALLYPORT_FACES names no folder of faces");
        return;
    };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let listed = |folder: &Path| {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let mut plain: Vec<(PathBuf, Quality)> = Vec::new();
    let mut worse: Vec<(Degradation, Option<Quality>)> = Vec::new();
    for person in listed(Path::new(&faces)).into_iter().filter(|path| path.is_dir()) {
        for (at, path) in listed(&person).into_iter().enumerate() {
            let image = picture(&path);
            let Some(detection) = face(&engine, &image) else { continue };
            plain.extend(quality(&engine, &image).map(|quality| (path.clone(), quality)));
            let seed = u64::from_le_bytes(*Sha256::digest(path.as_os_str().as_encoded_bytes()).first_chunk().unwrap());
            if at == 0 && seed.is_multiple_of(3) {
                worse.extend(Degradation::ALL.map(|degradation| {
                    (degradation, quality(&engine, &degradation.applied(&image, &detection, seed)))
                }));
            }
        }
    }
    let share = |count: usize, of: usize| 100.0 * count as f64 / of.max(1) as f64;
    println!(
        "{} plain faces, {} flawed",
        plain.len(),
        plain.iter().filter(|(_, quality)| quality.flaw().is_some()).count()
    );
    let frontal = |quality: &Quality| {
        [Component::HeadPoseYaw, Component::HeadPosePitch, Component::HeadPoseRoll]
            .into_iter()
            .all(|component| quality.component(component).raw.abs() < 15.0)
    };
    let frontal: Vec<_> = plain.iter().filter(|(_, quality)| frontal(quality)).collect();
    println!("{} of them frontal; guidance there:", frontal.len());
    let mut told: Vec<(Guidance, &Path)> =
        plain.iter().filter_map(|(path, quality)| Some((quality.guidance()?, path.as_path()))).collect();
    told.sort();
    for same in told.chunk_by(|a, b| a.0 == b.0) {
        let names: Vec<_> = same.iter().map(|(_, path)| path.file_stem().unwrap().to_string_lossy()).collect();
        let on_frontal = frontal.iter().filter(|(_, quality)| quality.guidance() == Some(same[0].0)).count();
        println!(
            "  {:?} {} ({:.2} % of frontal): {}",
            same[0].0,
            same.len(),
            share(on_frontal, frontal.len()),
            names.join(" ")
        );
    }
    for degradation in Degradation::ALL {
        let of: Vec<_> = worse.iter().filter(|(kind, _)| *kind == degradation).map(|(_, quality)| quality).collect();
        let found: Vec<&Quality> = of.iter().filter_map(|quality| quality.as_ref()).collect();
        let (component, guidance, flaw) = expected(degradation);
        let low = found.iter().filter(|quality| quality.component(component).score < 50).count();
        let also = plain.iter().filter(|(_, quality)| quality.component(component).score < 50).count();
        let right = found.iter().filter(|quality| guidance.is_some() && quality.guidance() == guidance).count();
        let flawed = found.iter().filter(|quality| flaw.is_some() && quality.flaw() == flaw).count();
        println!(
            "{degradation:?}: {} pictures, {} without a face; {component:?} below 50 in {:.1} % (plain {:.1} %); {guidance:?} {:.1} %; {flaw:?} {:.1} %",
            of.len(),
            of.len() - found.len(),
            share(low, found.len()),
            share(also, plain.len()),
            share(right, found.len()),
            share(flawed, found.len()),
        );
    }
    let unified = |part: usize| {
        let mut all: Vec<u8> = plain.iter().map(|(_, quality)| quality.unified()).collect();
        all.sort_unstable();
        all[part * (all.len() - 1) / 100]
    };
    println!("unified at 1, 5, 10, 25, 50, 90 %: {:?}", [1, 5, 10, 25, 50, 90].map(unified));
}
