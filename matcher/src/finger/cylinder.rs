//! Minutia cylinders: what surrounds a minutia, as bits that turn with it.
//!
//! Cappelli, Ferrara and Maltoni, "Minutia Cylinder-Code: A New Representation and Matching Technique for Fingerprint
//! Recognition", IEEE TPAMI 32(12), 2010: equation numbers are theirs. The bit-based variant (section 4.3): a cell is set
//! where the minutiae around it contribute at least [`CELL_LEAST`].

use std::f32::consts::{PI, TAU};

use zeroize::{Zeroize, Zeroizing};

use super::Minutia;

/// Radius of a cylinder, in pixels at 500 dpi (R).
const RADIUS_PX: f32 = 75.0;
/// Cells along the diameter (Ns).
const CELLS_ACROSS: usize = 10;
/// Sections of the angle (Nd).
const SECTIONS: usize = 6;
/// Side of a cell, in pixels (delta s).
const CELL_PX: f32 = 2.0 * RADIUS_PX / CELLS_ACROSS as f32;
/// Height of a section, in radians (delta d).
const SECTION: f32 = TAU / SECTIONS as f32;
/// Deviation of a minutia's place, in pixels (sigma s).
const PLACE_DEVIATION_PX: f32 = 28.0 / 3.0;
/// Deviation of a minutia's direction, in radians (sigma d).
const DIRECTION_DEVIATION: f32 = 2.0 * PI / 9.0;
/// Least contribution that sets a cell (mu psi).
const CELL_LEAST: f32 = 0.01;
/// How far around the minutiae's hull a finger is taken to reach, in pixels (omega).
const HULL_MARGIN_PX: f32 = 50.0;
/// Least share of the cells that lie on the finger (min VC).
const VALID_LEAST: f32 = 0.75;
/// Fewest other minutiae that contribute (min M).
const NEIGHBORS_LEAST: usize = 2;

/// Cells whose center lies within the radius; of the corners of the square around it none does.
const CELLS: usize = 80;
/// Words of all cells of all sections, section by section.
pub(super) const WORDS: usize = (CELLS * SECTIONS).div_ceil(64);
/// Cells that two cylinders can at most have in common.
pub(super) const CELLS_MOST: u32 = (CELLS * SECTIONS) as u32;

/// Bits of one minutia's cylinder; where a cell does not lie on the finger, `valid` is not set, nor is `set`.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Cylinder {
    /// Cells with minutiae about them.
    pub set: [u64; WORDS],
    /// Cells that lie on the finger.
    pub valid: [u64; WORDS],
}

/// A place on the finger: x to the right, y *up*, so that angles turn as they do in books.
#[derive(Debug, Clone, Copy, PartialEq, Zeroize)]
pub(super) struct Place {
    pub x: f32,
    pub y: f32,
}

impl Place {
    pub(super) fn of(minutia: &Minutia) -> Self {
        Self { x: minutia.x, y: -minutia.y }
    }

    fn squared_distance(self, other: Self) -> f32 {
        (self.x - other.x).powi(2) + (self.y - other.y).powi(2)
    }
}

/// Cylinders of all minutiae; `None` of such as lie too far out or too lonely for one.
pub(super) fn cylinders(minutiae: &[Minutia]) -> Vec<Option<Cylinder>> {
    let places: Vec<Place> = minutiae.iter().map(Place::of).collect();
    let hull = Hull::around(&places);
    let centers = centers();
    minutiae.iter().map(|minutia| cylinder(minutia, minutiae, &hull, &centers)).collect()
}

/// Centers of the cells within the radius, from the minutia, its direction to the right (4).
fn centers() -> Vec<Place> {
    let at = |cell: usize| (cell as f32 - (CELLS_ACROSS as f32 - 1.0) / 2.0) * CELL_PX;
    let all =
        (0..CELLS_ACROSS).flat_map(|row| (0..CELLS_ACROSS).map(move |column| Place { x: at(column), y: at(row) }));
    all.filter(|center| center.x.hypot(center.y) <= RADIUS_PX).collect()
}

fn cylinder(of: &Minutia, minutiae: &[Minutia], hull: &Hull, centers: &[Place]) -> Option<Cylinder> {
    let origin = Place::of(of);
    let reach = 3.0 * PLACE_DEVIATION_PX;
    let near = |minutia: &&Minutia| {
        let squared = origin.squared_distance(Place::of(minutia));
        !std::ptr::eq(*minutia, of) && squared <= (RADIUS_PX + reach).powi(2)
    };
    let neighbors: Vec<(Place, [f32; SECTIONS])> = minutiae
        .iter()
        .filter(near)
        .map(|minutia| (Place::of(minutia), by_section(of.direction - minutia.direction)))
        .collect();
    if neighbors.len() < NEIGHBORS_LEAST {
        return None;
    }
    let (sin, cos) = of.direction.sin_cos();
    let mut cylinder = Cylinder { set: [0; WORDS], valid: [0; WORDS] };
    let mut valid = 0;
    for (cell, center) in centers.iter().enumerate() {
        let place =
            Place { x: origin.x + center.x * cos - center.y * sin, y: origin.y + center.x * sin + center.y * cos };
        if !hull.reaches(place, HULL_MARGIN_PX) {
            continue;
        }
        valid += 1;
        let mut sums = [0.0; SECTIONS];
        for (neighbor, sections) in &neighbors {
            let squared = place.squared_distance(*neighbor);
            if squared <= reach * reach {
                let weight = place_weight(squared);
                sums.iter_mut().zip(sections).for_each(|(sum, section)| *sum += weight * section);
            }
        }
        for (section, sum) in sums.into_iter().enumerate() {
            let bit = section * CELLS + cell;
            if let (Some(set), Some(valid)) = (cylinder.set.get_mut(bit / 64), cylinder.valid.get_mut(bit / 64)) {
                *valid |= 1 << (bit % 64);
                *set |= u64::from(sum >= CELL_LEAST) << (bit % 64);
            }
        }
    }
    (valid as f32 >= VALID_LEAST * CELLS as f32).then_some(cylinder)
}

/// How much a minutia at this distance contributes to a cell (9).
fn place_weight(squared_distance: f32) -> f32 {
    let variance = PLACE_DEVIATION_PX * PLACE_DEVIATION_PX;
    (-squared_distance / (2.0 * variance)).exp() / (PLACE_DEVIATION_PX * TAU.sqrt())
}

/// How much a minutia turned by this difference contributes to each section (11, 12).
fn by_section(difference: f32) -> [f32; SECTIONS] {
    std::array::from_fn(|section| {
        let middle = (section as f32 + 0.5) * SECTION - PI;
        let off = wrapped(middle - difference);
        normal_below((off + SECTION / 2.0) / DIRECTION_DEVIATION)
            - normal_below((off - SECTION / 2.0) / DIRECTION_DEVIATION)
    })
}

/// Part of the standard normal distribution below this (Abramowitz and Stegun, 26.2.17: within 7.5e-8).
fn normal_below(value: f32) -> f32 {
    const COEFFICIENTS: [f32; 5] = [0.319_381_54, -0.356_563_78, 1.781_477_9, -1.821_255_9, 1.330_274_5];
    let t = 1.0 / (1.0 + 0.231_641_9 * value.abs());
    let sum = COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    let above = (-value * value / 2.0).exp() / TAU.sqrt() * sum;
    if value >= 0.0 { 1.0 - above } else { above }
}

/// An angle as -pi to pi.
pub(super) fn wrapped(angle: f32) -> f32 {
    let turned = angle.rem_euclid(TAU);
    if turned > PI { turned - TAU } else { turned }
}

/// The convex hull of all minutiae, counter-clockwise.
pub(super) struct Hull(Zeroizing<Vec<Place>>);

impl Hull {
    /// Andrew's monotone chain (1979).
    pub(super) fn around(places: &[Place]) -> Self {
        let mut sorted = places.to_vec();
        sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        sorted.dedup();
        let half = |places: &mut dyn Iterator<Item = &Place>| {
            let mut chain: Vec<Place> = Vec::new();
            for &place in places {
                while let [.., before, last] = chain.as_slice()
                    && cross(*before, *last, place) <= 0.0
                {
                    chain.pop();
                }
                chain.push(place);
            }
            chain.pop();
            chain
        };
        let mut hull = half(&mut sorted.iter());
        hull.extend(half(&mut sorted.iter().rev()));
        if hull.is_empty() {
            hull.clone_from(&sorted);
        }
        sorted.zeroize();
        Self(Zeroizing::new(hull))
    }

    /// Whether a place lies on the hull or within this margin around it, in pixels.
    pub(super) fn reaches(&self, place: Place, margin: f32) -> bool {
        let next = self.0.iter().cycle().skip(1);
        let mut inside = true;
        for (&from, &to) in self.0.iter().zip(next) {
            inside &= cross(from, to, place) >= 0.0;
            if squared_distance_to(from, to, place) <= margin * margin {
                return true;
            }
        }
        inside && self.0.len() > 2
    }
}

/// Above 0 where c lies left of the way from a to b.
fn cross(a: Place, b: Place, c: Place) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// Of a place from the nearest one between two others.
fn squared_distance_to(from: Place, to: Place, place: Place) -> f32 {
    let squared = from.squared_distance(to);
    let along = (place.x - from.x) * (to.x - from.x) + (place.y - from.y) * (to.y - from.y);
    let part = if squared > 0.0 { (along / squared).clamp(0.0, 1.0) } else { 0.0 };
    place.squared_distance(Place { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cells_are_those_within_the_radius() {
        let centers = centers();
        assert_eq!(centers.len(), CELLS);
        assert!(centers.iter().all(|center| centers.contains(&Place { x: -center.y, y: center.x })));
    }

    #[test]
    fn the_normal_distribution_is_the_tables() {
        for (value, below) in [(0.0, 0.5), (1.0, 0.841_345), (-1.0, 0.158_655), (1.96, 0.975_002), (-3.0, 0.001_35)] {
            assert!((normal_below(value) - below).abs() < 1e-5, "{value}");
        }
        // A minutia's direction lies somewhere: nearly all of it in the sections around it.
        for at in -40_i16..40 {
            let sections = by_section(f32::from(at) / 10.0);
            assert!((sections.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{at}: {sections:?}");
        }
        // A difference of 0 lies between the third and the fourth section.
        let [_, _, third, fourth, ..] = by_section(0.0);
        assert!((third - fourth).abs() < 1e-4 && third > 0.4);
    }

    #[test]
    fn a_hull_is_convex_and_reaches_as_far_as_its_margin() {
        let at = |x: f32, y: f32| Place { x, y };
        let hull =
            Hull::around(&[at(0.0, 0.0), at(10.0, 0.0), at(5.0, 5.0), at(10.0, 10.0), at(0.0, 10.0), at(5.0, 0.0)]);
        assert_eq!(*hull.0, [at(0.0, 0.0), at(10.0, 0.0), at(10.0, 10.0), at(0.0, 10.0)]);
        assert!(hull.reaches(at(5.0, 5.0), 0.0) && hull.reaches(at(13.0, 14.0), 5.0));
        assert!(!hull.reaches(at(13.1, 14.1), 5.0) && !hull.reaches(at(-5.1, 5.0), 5.0));
        let line = Hull::around(&[at(0.0, 0.0), at(4.0, 0.0), at(2.0, 0.0)]);
        assert!(line.reaches(at(5.0, 0.0), 1.0) && !line.reaches(at(2.0, 1.5), 1.0));
        assert!(Hull::around(&[at(3.0, 3.0)]).reaches(at(3.0, 4.0), 1.0));
        assert!(!Hull::around(&[]).reaches(at(3.0, 4.0), 1e9));
    }

    #[test]
    fn the_cell_above_a_neighbor_is_set_in_the_section_of_its_turn() {
        let minutia = |x: f32, y: f32, direction: f32| Minutia { x, y, direction, ..Minutia::default() };
        // A minutia up the page from the first, whose direction is up as well, lies to the right in its cylinder.
        let up = PI / 2.0;
        let mut minutiae =
            vec![minutia(200.0, 200.0, up), minutia(200.0, 152.5, up), minutia(193.0, 200.0, up + PI / 3.0)];
        // Far off, so that the finger is large enough.
        minutiae.extend([(50.0, 50.0), (350.0, 50.0), (50.0, 350.0), (350.0, 350.0)].map(|(x, y)| minutia(x, y, 0.0)));
        let cylinder = cylinders(&minutiae)[0].unwrap();
        let centers = centers();
        let cell = |x: f32, y: f32| centers.iter().position(|center| *center == Place { x, y }).unwrap();
        let is_set = |section: usize, cell: usize| {
            let bit = section * CELLS + cell;
            cylinder.set[bit / 64] >> (bit % 64) & 1 == 1
        };
        assert!(is_set(2, cell(52.5, 7.5)) && is_set(3, cell(52.5, 7.5)) && !is_set(0, cell(52.5, 7.5)));
        assert!(!is_set(3, cell(-52.5, 7.5)));
        // Left of the page is left of a minutia that looks up: there lies the third one, and the difference of the first to
        // it, a sixth of a turn less, between the second and the third section.
        assert!(is_set(2, cell(7.5, 7.5)) && is_set(1, cell(7.5, 7.5)));
    }

    #[test]
    fn the_lonely_have_no_cylinder() {
        let minutia = |x: f32| Minutia { x, y: 50.0, ..Minutia::default() };
        let found = cylinders(&[minutia(0.0), minutia(10.0), minutia(20.0), minutia(500.0)]);
        assert!(found[3].is_none());
        assert!(cylinders(&[]).is_empty());
    }
}
