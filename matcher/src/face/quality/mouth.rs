//! Whether the mouth can be seen, and whether it is closed.

use super::{
    component::{Guidance, Measure},
    view::View,
};

/// Lips and what is about them, in eye distances.
const LIPS: [f32; 2] = [0.40, 0.25];
/// An eye with lids and lashes.
const EYE: [f32; 2] = [0.35, 0.22];
/// Lips have at least this much relief beside that of the eyes of the same face; a mask has hardly any. Worth half, and how
/// fast that changes.
const RELIEF_HALF: f32 = 0.50;
const RELIEF_SPREAD: f32 = 0.06;
/// Eyes without this much relief beside the skin's brightness are blurred or behind glass: nothing to hold the mouth against.
const EYES_MIN: f32 = 0.03;
/// A mouth, shut or not, is a dark line across; so much darker than what is above and below it, beside the skin.
const LINE_MAX: f32 = 0.10;
/// How far above and below the line it is compared, in pixels.
const LINE_REACHES: [usize; 3] = [3, 4, 6];
/// Where a mouth stands open.
const GAPE: [f32; 2] = [0.20, 0.28];
const GAPE_DOWN: f32 = 0.12;
/// An open mouth is this dark beside the skin about it.
const GAPE_DARK: f32 = 0.45;
/// This much of that part dark is a mouth wide open: worth half, and how fast that changes. Beards are left out.
const GAPE_HALF: f32 = 0.45;
const GAPE_SPREAD: f32 = 0.05;

/// OFIQ's MouthOcclusionPrevention, of relief alone: masks, scarves and plain hands are found, a printed mouth is not.
pub(super) fn visible(view: &View) -> (Measure, Option<Guidance>) {
    let eyes = view.eyes().map(|eye| view.smooth.relief_down(view.part(eye, [0.0, 0.0], EYE)));
    let lips = view.smooth.relief_down(view.part(view.mouth(), [0.0, 0.0], LIPS));
    let eyes = eyes[0].max(eyes[1]);
    let relief = lips / eyes.max(1.0);
    let covered = relief < RELIEF_HALF && line(view) < LINE_MAX && eyes > EYES_MIN * view.below_eyes();
    let value = 1.0 / (1.0 + ((RELIEF_HALF - relief) / RELIEF_SPREAD).exp());
    (Measure::new(relief, value), covered.then_some(Guidance::UncoverFace))
}

/// How much darker the darkest line across the mouth is than what is above and below, beside the skin below the eyes.
fn line(view: &View) -> f32 {
    let part = view.part(view.mouth(), [0.0, 0.0], [0.22, 0.22]);
    let at = |row: usize, column: usize| view.smooth.at(row, column);
    let depth = |row: usize, reach: usize| {
        let columns = part.columns().len().max(1) as f32;
        let pixel = |column| at(row - reach, column).min(at(row + reach, column)) - at(row, column);
        part.columns().map(pixel).sum::<f32>() / columns
    };
    let rows = part.rows().flat_map(|row| LINE_REACHES.map(|reach| (row, reach)));
    let depths = rows.filter(|&(row, reach)| row >= reach).map(|(row, reach)| depth(row, reach));
    depths.fold(0.0, f32::max) / view.below_eyes()
}

/// Stands for OFIQ's MouthClosed, which measures lips with 98 landmarks: a mouth that stands open is dark. Smiles are no
/// matter, nor are mouths a little open.
pub(super) fn closed(view: &View) -> (Measure, Option<Guidance>) {
    let mouth = view.mouth();
    let [left, right] = view.cheeks();
    // A beard is as dark as what is between the lips: what is above and below them tells.
    let above = view.gray.median(view.part(mouth, [0.0, -0.28], [0.22, 0.05]));
    let below = view.gray.median(view.part(mouth, [0.0, 0.50], [0.30, 0.08]));
    let skin = ((left + right) / 2.0).min(1.15 * above.min(below));
    let values = view.gray.sorted(view.part(mouth, [0.0, GAPE_DOWN], GAPE));
    let dark = values.partition_point(|&value| value < GAPE_DARK * skin) as f32 / values.len().max(1) as f32;
    let value = 1.0 / (1.0 + ((dark - GAPE_HALF) / GAPE_SPREAD).exp());
    (Measure::new(dark, value), (dark > GAPE_HALF).then_some(Guidance::CloseMouth))
}
