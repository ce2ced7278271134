//! What a cue saw last.

use std::collections::VecDeque;

use super::homography::median;

/// The last values, at most `MOST` of them.
#[derive(Default)]
pub(super) struct Recent<const MOST: usize>(VecDeque<f64>);

impl<const MOST: usize> Recent<MOST> {
    /// Takes more; the oldest make room.
    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = f64>) {
        self.0.extend(values);
        while self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// The middle of them, once there are so many.
    pub(super) fn median(&self, least: usize) -> Option<f64> {
        let values: Vec<f64> = self.0.iter().copied().collect();
        (values.len() >= least).then(|| median(&values))
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
