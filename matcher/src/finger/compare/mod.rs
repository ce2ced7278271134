//! Fingers compared: minutia by minutia, then all pairs with each other.
//!
//! Local similarity of minutia cylinders, then relaxation (Cappelli, Ferrara and Maltoni 2010).

mod relaxation;
mod similarity;

use std::{cmp::Ordering, fmt};

use zeroize::{Zeroize, Zeroizing};

use super::{
    MinutiaTemplate,
    cylinder::{Cylinder, cylinders},
};

/// Fewest and most pairs that the score is the mean of (min and max n P).
const SCORED: (f32, f32) = (4.0, 12.0);
/// Middle and steepness of how their number grows with the minutiae (mu P, tau P).
const SCORED_GROWTH: (f32, f32) = (20.0, 2.0 / 5.0);

/// A minutia's place, y up.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Point {
    x: f32,
    y: f32,
    direction: f32,
}

impl Zeroize for Point {
    fn zeroize(&mut self) {
        *self = Self::default();
    }
}

/// A finger ready for comparison, as probe and as reference alike. Zeroed on drop; neither cloned nor printed.
pub struct PreparedFinger {
    /// Of the cylinders, in their order.
    points: Zeroizing<Vec<Point>>,
    cylinders: Zeroizing<Vec<Cylinder>>,
}

impl fmt::Debug for PreparedFinger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedFinger({} cylinders)", self.cylinders.len())
    }
}

impl PreparedFinger {
    /// Prepares a template: once for all comparisons with it.
    pub fn new(template: &MinutiaTemplate) -> Self {
        let minutiae = template.minutiae();
        // Their final size at once: growing would leave copies behind.
        let mut points = Zeroizing::new(Vec::with_capacity(minutiae.len()));
        let mut kept = Zeroizing::new(Vec::with_capacity(minutiae.len()));
        let all = Zeroizing::new(cylinders(minutiae));
        for (minutia, cylinder) in minutiae.iter().zip(all.iter()) {
            if let Some(cylinder) = cylinder {
                points.push(Point { x: minutia.x, y: -minutia.y, direction: minutia.direction });
                kept.push(*cylinder);
            }
        }
        Self { points, cylinders: kept }
    }

    /// How many minutiae can be compared: fewer than about ten tell little.
    pub fn len(&self) -> usize {
        self.cylinders.len()
    }

    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.cylinders.is_empty()
    }

    /// How alike two fingers are, 0 to 1, the same both ways round.
    pub fn compare(&self, other: &Self) -> f32 {
        // Sums of floats depend on their order, and so do choices among equals.
        let (a, b) = if self.comes_before(other) { (self, other) } else { (other, self) };
        let fewer = a.len().min(b.len());
        let pairs = similarity::pairs(a, b, fewer);
        let values = relaxation::relax(a, b, &pairs);
        let scored = scored(fewer);
        let gain = |at: usize| values.get(at).zip(pairs.get(at)).map_or(0.0, |(value, pair)| value / pair.similarity);
        let mut by_gain: Vec<(f32, f32)> = values.iter().enumerate().map(|(at, &value)| (gain(at), value)).collect();
        by_gain.sort_by(|x, y| y.0.total_cmp(&x.0));
        by_gain.iter().take(scored).map(|pair| pair.1).sum::<f32>() / scored as f32
    }

    fn comes_before(&self, other: &Self) -> bool {
        let values = |finger: &'_ Self| {
            let points = finger.points.iter();
            points.flat_map(|point| [point.x, point.y, point.direction]).map(f32::to_bits).collect::<Vec<_>>()
        };
        match self.len().cmp(&other.len()) {
            Ordering::Equal => values(self) <= values(other),
            shorter => shorter == Ordering::Less,
        }
    }
}

/// How many pairs the score is the mean of, when the finger with fewer minutiae has so many (20).
fn scored(fewer: usize) -> usize {
    let (middle, steepness) = SCORED_GROWTH;
    let growth = 1.0 / (1.0 + (-steepness * (fewer as f32 - middle)).exp());
    (SCORED.0 + (growth * (SCORED.1 - SCORED.0)).round()) as usize
}
