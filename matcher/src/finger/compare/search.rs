//! One finger among many: the sketches of all minutiae tell whom to compare wholly.

use super::{PreparedFinger, relaxation, similarity};

/// Least share of the gallery, and fewest fingers of it, that are compared wholly.
const SHORTLIST_SHARE: usize = 32;
const SHORTLIST_LEAST: usize = 64;
/// Pairs whose support by the others is tried.
const SEEDS: usize = 8;

/// A finger of the gallery that may be the probe's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its place in the gallery.
    pub index: usize,
    /// Of the comparison, as [`PreparedFinger::compare`] says it.
    pub score: f32,
}

/// At most so many fingers of a gallery, the most alike first.
///
/// All are compared by their sketches, and the thirty-second part of them that is most alike wholly.
pub fn identify(probe: &PreparedFinger, gallery: &[&PreparedFinger], most: usize) -> Vec<Candidate> {
    let mut rough: Vec<(usize, f32)> =
        gallery.iter().enumerate().map(|(index, finger)| (index, rough(probe, finger))).collect();
    let shortlist = (gallery.len() / SHORTLIST_SHARE).max(SHORTLIST_LEAST).max(most);
    if shortlist < rough.len() {
        rough.select_nth_unstable_by(shortlist, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        rough.truncate(shortlist);
    }
    let compared =
        rough.iter().filter_map(|&(index, _)| Some(Candidate { index, score: gallery.get(index)?.compare(probe) }));
    let mut found: Vec<Candidate> = compared.collect();
    found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
    found.truncate(most);
    found
}

/// How alike two fingers may be, in any unit.
fn rough(a: &PreparedFinger, b: &PreparedFinger) -> f32 {
    relaxation::support(a, b, &similarity::rough_pairs(a, b), SEEDS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::synthetic::{finger, impression, template},
        *,
    };

    #[test]
    fn the_finger_is_found_and_the_gallery_may_be_of_any_size() {
        let gallery: Vec<PreparedFinger> = (0..300).map(|seed| PreparedFinger::new(&template(finger(seed)))).collect();
        let gallery: Vec<&PreparedFinger> = gallery.iter().collect();
        for at in [0, 123, 299] {
            let probe = PreparedFinger::new(&template(impression(&finger(at), 0.4, 5)));
            let found = identify(&probe, &gallery, 3);
            assert_eq!((found.len(), found[0].index), (3, at as usize));
            assert!(found[0].score == probe.compare(gallery[at as usize]) && found[0].score > 2.0 * found[1].score);
            // The shortlist is asked for the same way whoever stands in it.
            let alone = identify(&probe, &gallery[at as usize..=at as usize], 9);
            assert_eq!(alone, [Candidate { index: 0, score: found[0].score }]);
        }
        let probe = PreparedFinger::new(&template(vec![]));
        assert!(identify(&probe, &[], 3).is_empty() && identify(&probe, &gallery, 0).is_empty());
    }
}
