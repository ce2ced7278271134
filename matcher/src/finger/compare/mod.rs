//! Fingers compared: minutia by minutia, then all pairs with each other, then one finger laid upon the other.
//!
//! 1. Local similarity of minutia cylinders; each minutia finds one partner at most ([`similarity`]).
//! 2. Relaxation: pairs that agree in distance and direction support each other (Cappelli, Ferrara and Maltoni,
//!    "Minutia Cylinder-Code", IEEE TPAMI 32(12), 2010, section 5.2: local similarity sort with relaxation).
//! 3. Alignment: how many minutiae lie together of those that lie where both fingers reach ([`alignment`]).
//!
//! The score is the geometric mean of what relaxation and alignment say, 0 to 1.

mod alignment;
mod enrolled;
mod relaxation;
mod search;
mod similarity;

use std::{cmp::Ordering, fmt};

use zeroize::{Zeroize, Zeroizing};

use self::similarity::Sketch;
pub use self::{
    enrolled::EnrolledFinger,
    search::{Candidate, identify},
};
use super::{
    Minutia, MinutiaTemplate,
    cylinder::{Cylinder, Hull, Place, cylinders},
};

/// Fewest and most pairs that the score of relaxation is the mean of (min and max n P of the paper).
const SCORED: (f32, f32) = (4.0, 12.0);
/// Middle and steepness of how their number grows with the minutiae (mu P, tau P).
const SCORED_GROWTH: (f32, f32) = (20.0, 2.0 / 5.0);

/// A minutia's place, y up, and its direction.
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

impl Point {
    fn of(minutia: &Minutia) -> Self {
        let Place { x, y } = Place::of(minutia);
        Self { x, y, direction: minutia.direction }
    }

    fn place(&self) -> Place {
        Place { x: self.x, y: self.y }
    }
}

/// A finger ready for comparison, as probe and as reference alike. Zeroed on drop; neither cloned nor printed.
pub struct PreparedFinger {
    /// All minutiae; those with a cylinder first, in the order of the cylinders.
    points: Zeroizing<Vec<Point>>,
    cylinders: Zeroizing<Vec<Cylinder>>,
    /// Of each cylinder.
    sketches: Zeroizing<Vec<Sketch>>,
    hull: Hull,
}

impl fmt::Debug for PreparedFinger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedFinger({} minutiae, {} cylinders)", self.points.len(), self.cylinders.len())
    }
}

impl PreparedFinger {
    /// Prepares a template: once for all comparisons with it.
    pub fn new(template: &MinutiaTemplate) -> Self {
        let minutiae = template.minutiae();
        let all = Zeroizing::new(cylinders(minutiae));
        // Their final size at once: growing would leave copies behind.
        let mut points = Zeroizing::new(Vec::with_capacity(minutiae.len()));
        let mut kept = Zeroizing::new(Vec::with_capacity(minutiae.len()));
        let mut sketches = Zeroizing::new(Vec::with_capacity(minutiae.len()));
        for (minutia, cylinder) in minutiae.iter().zip(all.iter()) {
            if let Some(cylinder) = cylinder {
                points.push(Point::of(minutia));
                kept.push(*cylinder);
                sketches.push(Sketch::of(cylinder, minutia.direction));
            }
        }
        points.extend(
            minutiae
                .iter()
                .zip(all.iter())
                .filter(|(_, cylinder)| cylinder.is_none())
                .map(|(minutia, _)| Point::of(minutia)),
        );
        let places = Zeroizing::new(points.iter().map(Point::place).collect::<Vec<_>>());
        Self { points, cylinders: kept, sketches, hull: Hull::around(&places) }
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
        let pairs = similarity::pairs(a, b);
        if pairs.is_empty() {
            return 0.0;
        }
        let relaxed = relaxation::relax(a, b, &pairs);
        let agreeing = relaxed.score(&pairs, scored(a.len().min(b.len())));
        let together = alignment::score(a, b, &pairs, &relaxed);
        (agreeing * together).sqrt()
    }

    fn comes_before(&self, other: &Self) -> bool {
        let values = |point: &Point| [point.x, point.y, point.direction].map(f32::to_bits);
        let lengths = self.points.len().cmp(&other.points.len());
        lengths.then_with(|| self.points.iter().map(values).cmp(other.points.iter().map(values))) != Ordering::Greater
    }
}

/// How many pairs the score of relaxation is the mean of, when the finger with fewer minutiae has so many (20).
fn scored(fewer: usize) -> usize {
    let (middle, steepness) = SCORED_GROWTH;
    let growth = 1.0 / (1.0 + (-steepness * (fewer as f32 - middle)).exp());
    (SCORED.0 + (growth * (SCORED.1 - SCORED.0)).round()) as usize
}

/// Fingers out of thin air, for the tests of this module.
#[cfg(test)]
pub(super) mod synthetic {
    use zeroize::Zeroizing;

    use super::super::{Minutia, MinutiaTemplate};

    /// Steele, Lea and Flood's SplitMix64: the same fingers on every machine.
    pub(in crate::finger) struct Draws(pub u64);

    impl Draws {
        /// 0 to 1.
        pub(in crate::finger) fn next(&mut self) -> f32 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 24) as f32
        }
    }

    /// A finger of 40 minutiae within 300 x 400 pixels.
    pub(in crate::finger) fn finger(seed: u64) -> Vec<Minutia> {
        let mut draws = Draws(seed);
        let mut minutia = || Minutia {
            x: 100.0 + 300.0 * draws.next(),
            y: 100.0 + 400.0 * draws.next(),
            direction: std::f32::consts::TAU * draws.next(),
            quality: (100.0 * draws.next()) as u8,
            ..Minutia::default()
        };
        (0..40).map(|_| minutia()).collect()
    }

    /// Another impression: turned about the middle, moved, each minutia a little elsewhere, some lost.
    pub(in crate::finger) fn impression(of: &[Minutia], turn: f32, seed: u64) -> Vec<Minutia> {
        let mut draws = Draws(seed);
        let (sin, cos) = turn.sin_cos();
        let mut minutiae = Vec::new();
        for minutia in of {
            let (x, y) = (minutia.x - 250.0, minutia.y - 300.0);
            let mut noise = |most: f32| most * (2.0 * draws.next() - 1.0);
            // Counter-clockwise as seen, with y down.
            let moved = Minutia {
                x: 262.0 + x * cos + y * sin + noise(3.0),
                y: 308.0 - x * sin + y * cos + noise(3.0),
                direction: (minutia.direction + turn + noise(0.1)).rem_euclid(std::f32::consts::TAU),
                ..*minutia
            };
            if draws.next() < 0.8 {
                minutiae.push(moved);
            }
        }
        minutiae
    }

    pub(in crate::finger) fn template(minutiae: Vec<Minutia>) -> MinutiaTemplate {
        MinutiaTemplate::new(600, 700, Zeroizing::new(minutiae))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::{
        synthetic::{finger, impression, template},
        *,
    };

    fn prepared(minutiae: Vec<Minutia>) -> PreparedFinger {
        PreparedFinger::new(&template(minutiae))
    }

    #[test]
    fn impressions_of_one_finger_are_alike_however_they_lie_and_others_are_not() {
        let fingers: Vec<PreparedFinger> = (0..12).map(|seed| prepared(finger(seed))).collect();
        let highest = |at: usize| {
            let others = fingers.iter().enumerate().filter(|(other, _)| *other != at);
            others.map(|(_, other)| fingers[at].compare(other)).fold(0.0, f32::max)
        };
        for (at, first) in fingers.iter().enumerate() {
            for turn in [0.0, 0.6, -1.2] {
                let again = prepared(impression(&finger(at as u64), turn, 77 + at as u64));
                let score = first.compare(&again);
                assert!(
                    score > 0.4 && score > 3.0 * highest(at),
                    "{at} turned {turn}: {score}, others {}",
                    highest(at)
                );
            }
        }
        // A mirrored finger is another finger.
        let mirrored = |minutia: Minutia| Minutia {
            x: 600.0 - minutia.x,
            direction: std::f32::consts::PI - minutia.direction,
            ..minutia
        };
        let mirrored = prepared(finger(1).into_iter().map(mirrored).collect());
        assert!(mirrored.compare(&fingers[1]) < 0.15, "{}", mirrored.compare(&fingers[1]));
    }

    #[test]
    fn nothing_is_like_nothing() {
        let (none, one, all) = (prepared(vec![]), prepared(vec![finger(1)[0]]), prepared(finger(1)));
        assert!(none.is_empty() && one.is_empty() && all.len() > 30);
        for (a, b) in [(&none, &none), (&none, &all), (&one, &one), (&one, &all)] {
            assert_eq!((a.compare(b), b.compare(a)), (0.0, 0.0));
        }
        // All in one place, and all in one row.
        let heap = prepared(vec![finger(1)[0]; 255]);
        let row = prepared((0..40).map(|at| Minutia { x: 10.0 * at as f32, y: 5.0, ..Minutia::default() }).collect());
        for (a, b) in [(&heap, &heap), (&row, &row), (&heap, &row), (&row, &all), (&heap, &all)] {
            assert!((0.0..=1.0).contains(&a.compare(b)));
        }
    }

    /// On a coarse grid, so that ties are the rule.
    fn places() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
        prop::collection::vec((0_u8..30, 0_u8..30, 0_u8..16), 0..60)
    }

    fn minutiae(places: &[(u8, u8, u8)]) -> Vec<Minutia> {
        let minutia = |&(x, y, direction): &(u8, u8, u8)| Minutia {
            x: f32::from(x) * 15.0,
            y: f32::from(y) * 15.0,
            direction: f32::from(direction) * std::f32::consts::TAU / 16.0,
            ..Minutia::default()
        };
        places.iter().map(minutia).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_comparison_is_the_same_both_ways_round_and_every_time(first in places(), second in places()) {
            let [first, second] = [first, second].map(|places| minutiae(&places));
            let (a, b) = (prepared(first.clone()), prepared(second.clone()));
            let score = a.compare(&b);
            prop_assert!((0.0..=1.0).contains(&score));
            prop_assert_eq!(score.to_bits(), b.compare(&a).to_bits());
            prop_assert_eq!(score.to_bits(), prepared(second).compare(&prepared(first)).to_bits());
        }
    }
}
