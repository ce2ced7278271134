//! Whether the forehead can be seen.

use super::{
    component::{Guidance, Measure},
    view::View,
};

/// A forehead this dark beside the cheeks is covered: worth half, and how fast that changes.
const COVERED: f32 = 0.65;
const COVERED_SPREAD: f32 = 0.07;
/// A brim runs across the forehead, hair runs down it: a hat where relief from row to row is this much of that from column
/// to column.
const BRIM_MIN: f32 = 2.0;

/// OFIQ's NoHeadCoverings, of brightness and relief. Hats and fringes both cover; only what has a brim is a hat. What is as
/// bright as skin is not found, nor is a scarf that leaves the forehead free, which nobody needs to take off.
pub(super) fn uncovered(view: &View) -> (Measure, Option<Guidance>) {
    let [left, right] = view.cheeks();
    let ratio = view.gray.median(view.part(view.brow(), [0.0, -0.61], [0.35, 0.11])) / ((left + right) / 2.0);
    let whole = view.part(view.brow(), [0.0, -0.60], [0.50, 0.40]);
    let brim = view.gray.relief_down(whole) / view.gray.relief_across(whole).max(0.1);
    let hat = ratio < COVERED && brim > BRIM_MIN;
    let value = 1.0 / (1.0 + ((COVERED - ratio) / COVERED_SPREAD).exp());
    (Measure::new(ratio, value), hat.then_some(Guidance::TakeOffHat))
}
