//! Whether the eyes can be seen, and whether they are open.

use super::{
    component::{Guidance, Measure},
    view::{View, mean, quantile},
};

/// About each eye, in eye distances: lids and sockets, which dark glasses cover and lashes do not fill.
const SOCKET: [f32; 2] = [0.30, 0.18];
/// That part lies a little below the pupil, since brows are dark, too.
const SOCKET_DOWN: f32 = 0.05;
/// Skin is in the brighter third of an eye's surroundings, whatever its color.
const SKIN: f32 = 0.70;
/// Both sockets this dark beside their cheeks are glasses. Deep-set eyes under light from above come near.
const GLASSES_MAX: f32 = 0.50;
/// Worth half, and how fast that changes.
const SOCKET_HALF: f32 = 0.55;
const SOCKET_SPREAD: f32 = 0.06;
/// How high what is dark about the pupil stands, in eye distances: an iris and lashes have about 0.23, tinted lenses, dark
/// frames and shaded sockets more. Worth half, and how fast that changes.
const DARK_HALF: f32 = 0.34;
const DARK_SPREAD: f32 = 0.03;
/// How much darker than the skin the darkest spot of three pixels is: an iris is a spot, the lashes of a shut eye a line.
const IRIS_HALF: f32 = 0.40;
const IRIS_SPREAD: f32 = 0.06;

/// OFIQ's EyesVisible, of brightness alone: dark glasses are found, mirrored and clear ones are not.
pub(super) fn visible(view: &View) -> (Measure, Option<Guidance>) {
    let ratios = view.eyes().into_iter().zip(view.cheeks()).map(|(eye, cheek)| {
        let skin = quantile(&view.gray.sorted(view.part(eye, [0.0, SOCKET_DOWN], SOCKET)), SKIN);
        skin / cheek
    });
    // The brighter eye: a shadow on one is none of glasses.
    let ratio = ratios.fold(0.0, f32::max);
    let socket = 1.0 / (1.0 + ((SOCKET_HALF - ratio) / SOCKET_SPREAD).exp());
    let dark = 1.0 / (1.0 + ((dark_height(view) - DARK_HALF) / DARK_SPREAD).exp());
    (Measure::new(ratio, socket * dark), (ratio < GLASSES_MAX).then_some(Guidance::TakeOffGlasses))
}

/// Mean height of what is dark about each pupil, over its four highest columns.
fn dark_height(view: &View) -> f32 {
    mean(view.eyes().into_iter().map(|eye| {
        let part = view.part(eye, [0.0, 0.0], [0.22, 0.20]);
        let sorted = view.gray.sorted(part);
        let middle = (quantile(&sorted, 0.02) + quantile(&sorted, 0.90)) / 2.0;
        let height = |column: usize| part.rows().filter(|&row| view.gray.at(row, column) < middle).count();
        let mut heights: Vec<usize> = part.columns().map(height).collect();
        heights.sort_unstable_by(|a, b| b.cmp(a));
        view.units(mean(heights.iter().take(4).map(|&height| height as f32)))
    }))
}

/// Stands for OFIQ's EyesOpen, which measures lids with 98 landmarks. With five, a shut eye is told from an open one by its
/// iris, and about half of shut eyes have lashes as dark: a low score means little, and nobody is told to open their eyes.
pub(super) fn open(view: &View) -> Measure {
    let depth = mean(view.eyes().into_iter().map(|eye| {
        let around = view.gray.sorted(view.part(eye, [0.0, 0.0], [0.30, 0.30]));
        let skin = quantile(&around, 0.85).max(1.0);
        let part = view.part(eye, [0.0, 0.0], [0.14, 0.10]);
        let spot = |row: usize, column: usize| {
            let near =
                (0..9).map(|at| view.gray.at((row + at / 3).saturating_sub(1), (column + at % 3).saturating_sub(1)));
            mean(near)
        };
        let spots = part.rows().flat_map(|row| part.columns().map(move |column| spot(row, column)));
        (skin - spots.fold(f32::INFINITY, f32::min)) / skin
    }));
    Measure::new(depth, 1.0 / (1.0 + ((IRIS_HALF - depth) / IRIS_SPREAD).exp()))
}
