//! Minutia cylinders on rings, as numbers: what a template protection makes codes of.
//!
//! As the cylinders of Cappelli, Ferrara and Maltoni ("Minutia Cylinder-Code", IEEE TPAMI 32(12), 2010) they tell of each
//! place and direction around a minutia, seen from it, how much its neighbors lie there. Two things differ, because a
//! protected comparison has neither places nor a relaxation to lean on afterwards:
//! * Cells lie on rings and their tolerance along a ring grows with its radius, since a wrong direction of the minutia in
//!   the middle moves the far neighbors the most. So a cylinder may reach farther.
//! * Values stay numbers: a sign of a projection keeps an angle between vectors, and square roots of kernels make that
//!   angle the one of Hellinger's affinity.

use std::{
    f32::consts::{PI, TAU},
    fmt,
};

use zeroize::Zeroizing;

use super::{
    Minutia, MinutiaTemplate,
    cylinder::{Place, wrapped},
};

/// Distance between rings, in pixels at 500 dpi.
const RING_PX: f32 = 7.0;
/// Cells on each ring: as many as lie two deviations apart.
const RINGS: [usize; 14] = [3, 9, 13, 17, 21, 23, 25, 27, 28, 30, 30, 31, 32, 32];
/// Sections of the angle (Nd of the paper).
const SECTIONS: usize = 6;
/// Deviation of a minutia's place, in pixels: half a ridge.
const PLACE_DEVIATION_PX: f32 = 4.0;
/// Deviation of a minutia's direction where it turns the neighbors about it, in radians: five degrees.
const TURN_DEVIATION: f32 = PI / 36.0;
/// Deviation of the difference of two directions, in radians; as in the paper more than what is measured, since sections
/// are wide.
const DIRECTION_DEVIATION: f32 = PI / 7.0;
/// Deviations beyond which a neighbor does not matter to a cell.
const DEVIATIONS_MOST: f32 = 3.0;
/// How far within the outermost ring a neighbor begins to fade, in pixels: it must not matter which side of the edge it is.
const EDGE_PX: f32 = 10.0;
/// Part of a neighbor's weight that its quality decides: a minutia in doubt tells less, but not nothing.
const QUALITY_PART: f32 = 0.5;
/// Fewest neighbors (min M of the paper).
const NEIGHBORS_LEAST: usize = 2;

const CELLS: usize = {
    let (mut sum, mut ring) = (0, 0);
    while ring < RINGS.len() {
        sum += RINGS[ring];
        ring += 1;
    }
    sum
};
/// Values of one cylinder.
pub const CYLINDER_LENGTH: usize = CELLS * SECTIONS;

/// Cylinders of a finger's minutiae, best minutia first, without place or direction of any. Zeroed on drop; neither cloned
/// nor printed.
pub struct CylinderVectors(Zeroizing<Vec<[f32; CYLINDER_LENGTH]>>);

impl fmt::Debug for CylinderVectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CylinderVectors({})", self.0.len())
    }
}

impl CylinderVectors {
    /// Those of this template; the lonely minutiae have none.
    pub fn new(template: &MinutiaTemplate) -> Self {
        let minutiae = template.minutiae();
        // Its final size at once: growing would leave copies behind.
        let mut vectors = Zeroizing::new(Vec::with_capacity(minutiae.len()));
        for minutia in minutiae {
            let mut vector = Zeroizing::new([0.0; CYLINDER_LENGTH]);
            if fill(&mut vector, minutia, minutiae) >= NEIGHBORS_LEAST {
                vectors.push(*vector);
            }
        }
        Self(vectors)
    }

    /// One after the other: [`CYLINDER_LENGTH`] values whose mean is 0.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.0.iter().map(<[f32; CYLINDER_LENGTH]>::as_slice)
    }

    /// Of how many minutiae.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A neighbor as the minutia in the middle sees it.
struct Seen {
    distance: f32,
    /// From the minutia's direction to the neighbor's place.
    bearing: f32,
    /// Part in each section.
    sections: [f32; SECTIONS],
}

/// Fills in a minutia's cylinder and tells how many neighbors it has.
fn fill(vector: &mut [f32; CYLINDER_LENGTH], of: &Minutia, minutiae: &[Minutia]) -> usize {
    let origin = Place::of(of);
    let mut neighbors = 0;
    for minutia in minutiae.iter().filter(|minutia| !std::ptr::eq(*minutia, of)) {
        let place = Place::of(minutia);
        let (x, y) = (place.x - origin.x, place.y - origin.y);
        let distance = x.hypot(y);
        let weight = weight(distance, minutia.quality);
        if weight > 0.0 {
            let sections = by_section(minutia.direction - of.direction).map(|section| weight * section);
            add(vector, &Seen { distance, bearing: y.atan2(x) - of.direction, sections });
            neighbors += 1;
        }
    }
    vector.iter_mut().for_each(|value| *value = value.sqrt());
    let mean = vector.iter().sum::<f32>() / CYLINDER_LENGTH as f32;
    vector.iter_mut().for_each(|value| *value -= mean);
    neighbors
}

fn weight(distance: f32, quality: u8) -> f32 {
    let radius = RING_PX * RINGS.len() as f32;
    let quality = f32::from(quality.min(100)) / 100.0;
    ((radius - distance) / EDGE_PX).clamp(0.0, 1.0) * (1.0 - QUALITY_PART + QUALITY_PART * quality)
}

fn by_section(difference: f32) -> [f32; SECTIONS] {
    std::array::from_fn(|section| {
        let middle = (section as f32 + 0.5) * TAU / SECTIONS as f32;
        normal(wrapped(difference - middle) / DIRECTION_DEVIATION)
    })
}

/// Adds a neighbor to all cells it matters to.
fn add(vector: &mut [f32; CYLINDER_LENGTH], seen: &Seen) {
    let mut rest = vector.as_mut_slice();
    for (ring, &count) in RINGS.iter().enumerate() {
        let (cells, outer) = rest.split_at_mut(count * SECTIONS);
        rest = outer;
        let radius = (ring as f32 + 0.5) * RING_PX;
        let off = (seen.distance - radius) / PLACE_DEVIATION_PX;
        if off.abs() > DEVIATIONS_MOST {
            continue;
        }
        let across = normal(off);
        for (cell, sections) in cells.as_chunks_mut::<SECTIONS>().0.iter_mut().enumerate() {
            let bearing = (cell as f32 + 0.5) * TAU / count as f32;
            let along = wrapped(seen.bearing - bearing) * radius / deviation_along(radius);
            if along.abs() <= DEVIATIONS_MOST {
                let share = across * normal(along);
                sections.iter_mut().zip(seen.sections).for_each(|(sum, section)| *sum += share * section);
            }
        }
    }
}

/// Along a ring, in pixels.
fn deviation_along(radius: f32) -> f32 {
    PLACE_DEVIATION_PX.hypot(TURN_DEVIATION * radius)
}

/// The normal curve, 1 in the middle.
fn normal(deviations: f32) -> f32 {
    (-deviations * deviations / 2.0).exp()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::compare::synthetic::{Draws, finger, impression, template},
        *,
    };

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn cells_of_a_ring_lie_two_deviations_apart() {
        for (ring, &count) in RINGS.iter().enumerate() {
            let radius = (ring as f32 + 0.5) * RING_PX;
            let apart = TAU * radius / count as f32 / deviation_along(radius);
            assert!((1.5..=2.05).contains(&apart), "{ring}: {apart}");
        }
    }

    #[test]
    fn a_cylinder_turns_with_its_minutia() {
        let minutiae = finger(3);
        let (sin, cos) = 1.3_f32.sin_cos();
        let turned: Vec<Minutia> = minutiae
            .iter()
            .map(|minutia| Minutia {
                x: 300.0 + (minutia.x - 250.0) * cos + (minutia.y - 300.0) * sin,
                y: 350.0 - (minutia.x - 250.0) * sin + (minutia.y - 300.0) * cos,
                direction: minutia.direction + 1.3,
                ..*minutia
            })
            .collect();
        let [one, other] = [minutiae, turned].map(|minutiae| CylinderVectors::new(&template(minutiae)));
        assert!(one.len() > 30 && one.len() == other.len());
        for (a, b) in one.iter().zip(other.iter()) {
            assert!(cosine(a, b) > 0.999, "{}", cosine(a, b));
            assert!(a.iter().sum::<f32>().abs() < 1e-2);
        }
    }

    #[test]
    fn surroundings_of_one_minutia_are_alike_and_those_of_others_are_not() {
        let mut draws = Draws(9);
        // Qualities of their own would order the impressions differently.
        let minutiae: Vec<Minutia> =
            finger(4).into_iter().map(|minutia| Minutia { quality: (100.0 * draws.next()) as u8, ..minutia }).collect();
        let [one, again, other] = [minutiae.clone(), impression(&minutiae, 0.4, 5), finger(5)]
            .map(|minutiae| CylinderVectors::new(&template(minutiae)));
        let best = |among: &CylinderVectors| {
            let most = |a: &[f32]| among.iter().map(|b| cosine(a, b)).fold(-1.0, f32::max);
            let mut best: Vec<f32> = one.iter().map(most).collect();
            best.sort_unstable_by(|a, b| b.total_cmp(a));
            best[10]
        };
        assert!(best(&again) > 0.6 && best(&other) < 0.4, "{} {}", best(&again), best(&other));
    }

    #[test]
    fn the_lonely_have_no_cylinder() {
        let minutia = |x: f32| Minutia { x, y: 50.0, ..Minutia::default() };
        let vectors = CylinderVectors::new(&template(vec![minutia(0.0), minutia(10.0), minutia(20.0), minutia(500.0)]));
        assert_eq!(vectors.len(), 3);
        assert!(CylinderVectors::new(&template(vec![])).is_empty());
        // All in one place: each is at no distance, in no particular bearing.
        let heap = CylinderVectors::new(&template(vec![minutia(5.0); 255]));
        assert!(heap.iter().flatten().all(|value| value.is_finite()));
    }
}
