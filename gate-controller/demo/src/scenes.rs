//! What the demonstration's cameras see. Travelers and attacks are rendered as three cameras at different heights and in
//! different light would see them; faults of cameras are single pictures, the same for all.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use opencv::{
    core::{Mat, MatTraitConst as _, Rect, Scalar, Vector},
    imgproc,
};
use sallyport_evaluation::attack::{Scene, Species};
use sallyport_matcher::{Image, face::FaceEngine};

use crate::documents::{encode, picture, scene};

const FRAME_PX: i32 = 640;
/// Moments of a rendered scene, 100 ms apart: they are shown round and round.
const MOMENTS: u64 = 6;
/// Which camera of the renderer has which view of the simulated totem.
const VIEWS: [(&str, u8); 3] = [("lower", 1), ("middle", 0), ("upper", 2)];

/// Who or what comes, by whose photograph, and what everything that chance decides follows from.
const RENDERED: [(&str, &str, Species, u64); 4] = [
    (scene::TRAVELER, "obama2.jpg", Species::Genuine, 1),
    (scene::STRANGER, "biden.jpg", Species::Genuine, 2),
    (scene::PRINT, "obama2.jpg", Species::FlatPrint, 3),
    (scene::SCREEN, "obama2.jpg", Species::ScreenReplay, 4),
];

/// Makes a folder for each scene.
pub(crate) fn make(assets: &Path, scenes: &Path) -> anyhow::Result<()> {
    let faces = assets.join("faces");
    let engine = FaceEngine::load(&assets.join("models"))?;
    for (name, photo, species, seed) in RENDERED {
        render(&engine, &faces.join(photo), Scene { species, seed }, &scenes.join(name))
            .with_context(|| format!("make scene {name}"))?;
    }
    spoiled(&faces, scenes)
}

fn render(engine: &FaceEngine, photo: &Path, scene: Scene, folder: &Path) -> anyhow::Result<()> {
    let photo = Image::decode(&encode(&picture(photo, FRAME_PX)?, ".jpg", 95)?)?;
    let faces = engine.detect(&photo)?;
    let landmarks = faces.first().context("no face in the photograph")?.landmarks;
    for (view, camera) in VIEWS {
        let folder = folder.join(view);
        fs::create_dir_all(&folder)?;
        for moment in 0..MOMENTS {
            let frame = scene.render(&photo, &landmarks, camera, 100 * moment)?;
            fs::write(folder.join(format!("{moment}.jpg")), &*frame.encode_jpeg()?)?;
        }
    }
    Ok(())
}

/// Frames that cannot be compared.
fn spoiled(faces: &Path, scenes: &Path) -> anyhow::Result<()> {
    let write = |scene: &str, file: &str, bytes: &[u8]| -> anyhow::Result<()> {
        let folder = scenes.join(scene);
        fs::create_dir_all(&folder).with_context(|| format!("make scene {scene}"))?;
        fs::write(folder.join(file), bytes).with_context(|| format!("make scene {scene}"))
    };
    let frame = |face: &str| -> anyhow::Result<Mat> { picture(&faces.join(face), FRAME_PX) };
    let jpeg = |picture: &Mat| encode(picture, ".jpg", 92);
    let (second, stranger) = (frame("obama2.jpg")?, frame("biden.jpg")?);
    let whole = jpeg(&second)?;
    write(scene::TRUNCATED, "1.jpg", &whole[..whole.len() / 2])?;
    let gray = |level: f64| Mat::new_rows_cols_with_default(480, 640, opencv::core::CV_8UC3, Scalar::all(level));
    write(scene::BLANK, "1.jpg", &jpeg(&gray(3.0)?)?)?;
    let mut wall = gray(120.0)?;
    for column in (0..640).step_by(64) {
        let stripe = Rect::new(column, 0, 32, 480);
        imgproc::rectangle(&mut wall, stripe, Scalar::all(160.0), imgproc::FILLED, imgproc::LINE_8, 0)?;
    }
    write(scene::NOBODY, "1.jpg", &jpeg(&wall)?)?;
    let side = second.rows().min(stranger.rows());
    let upper = |picture: &Mat| -> anyhow::Result<Mat> {
        Ok(Mat::roi(picture, Rect::new(0, 0, picture.cols(), side))?.try_clone()?)
    };
    let mut both = Mat::default();
    let pair: Vector<Mat> = Vector::from_iter([upper(&second)?, upper(&stranger)?]);
    opencv::core::hconcat(&pair, &mut both)?;
    ensure!(both.total() > 0, "no picture of two people");
    write(scene::TWO, "1.jpg", &jpeg(&both)?)
}
