//! What a crossing knows of the traveler's face and fingers: in memory only, of one crossing only, zeroed when it ends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sallyport_matcher::{
    face::{FaceTemplate, OtherModel},
    finger::{CylinderVectors, EnrolledFinger, MinutiaTemplate},
};
use sallyport_privacy::template::{Code, FingerCode, FingerProjection, Projection, TemplateError};
use sallyport_protocol::CrossingId;
use zeroize::Zeroizing;

/// What the live face is compared with.
pub(super) enum Reference {
    /// The template of the chip's portrait.
    Portrait(FaceTemplate),
    /// The code of an enrollment, with the projection that makes the probe's code.
    Enrollment(Box<Code>, Projection),
}

/// What a live finger is compared with: the fingers of an enrollment, each as one extractor read it, with the projection
/// that makes the probe's code.
pub(super) struct Fingers {
    pub projection: FingerProjection,
    /// Name of the extractor, and the code of each impression; none is without.
    pub enrolled: Vec<(String, Vec<FingerCode>)>,
}

impl Fingers {
    /// The score of the enrolled finger that is most alike, of so many impressions of each; `None` if there is none of this
    /// extractor.
    fn score(
        &self,
        extractor: &str,
        impressions: usize,
        probe: &MinutiaTemplate,
    ) -> Result<Option<f32>, TemplateError> {
        let own = self.projection.probe(CylinderVectors::new(probe).iter())?;
        let of_it = self.enrolled.iter().filter(|(name, _)| name == extractor);
        let scores = of_it.map(|(_, codes)| {
            let scores: Vec<f32> = codes.iter().take(impressions).map(|code| own.similarity(code)).collect();
            EnrolledFinger::fuse(&scores)
        });
        Ok(scores.max_by(f32::total_cmp))
    }
}

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompareError {
    /// The reference is another net's.
    #[error(transparent)]
    Model(#[from] OtherModel),
    /// No code of the live face can be made.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// A JPEG file, zeroed on drop.
pub(super) type Jpeg = Zeroizing<Vec<u8>>;

struct Held {
    crossing: CrossingId,
    reference: Option<Reference>,
    fingers: Option<Fingers>,
    portrait: Option<Jpeg>,
    probe: Option<Jpeg>,
}

/// The evidence of the crossing in progress. What comes late, for a crossing that has ended, is not taken.
#[derive(Default)]
pub(super) struct Evidence(Mutex<Option<Held>>);

impl Evidence {
    /// A document is about to be read for this crossing: what an earlier one vouched for counts no more.
    pub(super) fn begin(&self, crossing: CrossingId) {
        *self.held() = Some(Held { crossing, reference: None, fingers: None, portrait: None, probe: None });
    }

    /// Takes the reference, and the portrait for the officer.
    pub(super) fn lay(&self, crossing: CrossingId, reference: Reference, portrait: Option<Jpeg>) {
        if let Some(held) = self.held().as_mut().filter(|held| held.crossing == crossing) {
            (held.reference, held.portrait) = (Some(reference), portrait);
        }
    }

    /// Takes what an enrollment is known by.
    pub(super) fn lay_enrollment(&self, crossing: CrossingId, face: Option<Reference>, fingers: Option<Fingers>) {
        if let Some(held) = self.held().as_mut().filter(|held| held.crossing == crossing) {
            (held.reference, held.fingers) = (face, fingers);
        }
    }

    /// Takes a live picture for the officer.
    pub(super) fn lay_probe(&self, crossing: CrossingId, probe: Jpeg) {
        if let Some(held) = self.held().as_mut().filter(|held| held.crossing == crossing) {
            held.probe = Some(probe);
        }
    }

    /// Whether this crossing still goes on.
    pub(super) fn is_of(&self, crossing: CrossingId) -> bool {
        self.held().as_ref().is_some_and(|held| held.crossing == crossing)
    }

    /// The score of a live face (a cosine, or its estimate from codes); `None` without a reference of this crossing.
    pub(super) fn compare(&self, crossing: CrossingId, probe: &FaceTemplate) -> Option<Result<f32, CompareError>> {
        let guard = self.held();
        match guard.as_ref().filter(|held| held.crossing == crossing)?.reference.as_ref()? {
            Reference::Portrait(reference) => Some(reference.compare(probe).map_err(CompareError::from)),
            Reference::Enrollment(code, projection) => {
                let probe = projection.probe(probe.values()).map_err(CompareError::from);
                Some(probe.map(|probe| probe.similarity(code)))
            }
        }
    }

    /// How many impressions of each finger are enrolled at least; `None` without fingers of this crossing.
    pub(super) fn impressions(&self, crossing: CrossingId) -> Option<usize> {
        let guard = self.held();
        let fingers = guard.as_ref().filter(|held| held.crossing == crossing)?.fingers.as_ref()?;
        fingers.enrolled.iter().map(|(_, codes)| codes.len()).min()
    }

    /// The score of a live finger that this extractor read, over so many impressions of each enrolled one;
    /// `Some(Ok(None))` if no enrolled finger was read by it, `None` without fingers of this crossing.
    pub(super) fn compare_finger(
        &self,
        crossing: CrossingId,
        extractor: &str,
        impressions: usize,
        probe: &MinutiaTemplate,
    ) -> Option<Result<Option<f32>, TemplateError>> {
        let guard = self.held();
        let fingers = guard.as_ref().filter(|held| held.crossing == crossing)?.fingers.as_ref()?;
        Some(fingers.score(extractor, impressions, probe))
    }

    /// Copies of portrait and live picture, for the officer's desk.
    pub(super) fn pictures(&self, crossing: CrossingId) -> (Option<Jpeg>, Option<Jpeg>) {
        match self.held().as_ref().filter(|held| held.crossing == crossing) {
            Some(held) => (held.portrait.clone(), held.probe.clone()),
            None => (None, None),
        }
    }

    /// Forgets everything.
    pub(super) fn purge(&self) {
        *self.held() = None;
    }

    // A panic elsewhere must not keep a face in memory: the poisoned lock is taken all the same.
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_matcher::finger::Minutia;
    use sallyport_privacy::keys::ApplicationKey;

    use super::*;

    fn reference() -> Reference {
        let seed = ApplicationKey::received(&[1; 32], 1).enrollment_seed(&[1; 16], 1);
        let projection = Projection::new(&seed);
        Reference::Enrollment(Box::new(projection.protect(&[0.5; 128]).unwrap()), projection)
    }

    /// Minutiae wherever this number throws them (Steele, Lea and Flood's SplitMix64).
    fn finger(seed: u64) -> MinutiaTemplate {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            f32::from(((mixed ^ (mixed >> 31)) >> 48) as u16) / 65_536.0
        };
        let mut minutia = || {
            let (x, y, direction) = (50.0 + 250.0 * draw(), 50.0 + 300.0 * draw(), std::f32::consts::TAU * draw());
            Minutia { x, y, direction, ..Minutia::default() }
        };
        MinutiaTemplate::new(400, 500, Zeroizing::new((0..40).map(|_| minutia()).collect()))
    }

    #[test]
    fn a_finger_is_compared_with_those_of_its_extractor_and_gone_after_the_purge() {
        let seed = ApplicationKey::received(&[1; 32], 1).enrollment_seed(&[1; 16], 1);
        let projection = FingerProjection::new(&seed);
        let code = |of: u64| projection.protect(CylinderVectors::new(&finger(of)).iter()).unwrap();
        let enrolled = vec![("ridges".to_owned(), vec![code(3)]), ("ridges".to_owned(), vec![code(5), code(5)])];
        let (evidence, one) = (Evidence::default(), CrossingId::random());
        evidence.begin(one);
        assert!(evidence.compare_finger(one, "ridges", 1, &finger(5)).is_none(), "no enrollment");
        evidence.lay_enrollment(one, None, Some(Fingers { projection: FingerProjection::new(&seed), enrolled }));
        let score =
            |extractor: &str, of: u64| evidence.compare_finger(one, extractor, 2, &finger(of)).unwrap().unwrap();
        let (first, second, other) = (score("ridges", 3).unwrap(), score("ridges", 5).unwrap(), score("ridges", 7));
        assert!(first > 0.8 && second > 0.8 && other.unwrap() < 0.4, "{first} {second} {other:?}");
        assert_eq!((evidence.impressions(one), evidence.impressions(CrossingId::random())), (Some(1), None));
        assert_eq!(score("net", 3), None);
        assert!(evidence.compare_finger(CrossingId::random(), "ridges", 1, &finger(5)).is_none());
        evidence.purge();
        assert!(evidence.compare_finger(one, "ridges", 1, &finger(5)).is_none());
    }

    #[test]
    fn what_comes_late_is_not_taken_and_a_purge_leaves_nothing() {
        let (evidence, one, two) = (Evidence::default(), CrossingId::random(), CrossingId::random());
        evidence.lay(one, reference(), Some(Zeroizing::new(vec![1])));
        assert_eq!(evidence.pictures(one), (None, None), "no crossing in progress");
        evidence.begin(one);
        evidence.lay(one, reference(), Some(Zeroizing::new(vec![1])));
        evidence.lay_probe(one, Zeroizing::new(vec![2]));
        assert!(evidence.pictures(one).1.is_some());
        evidence.begin(one);
        assert_eq!(evidence.pictures(one), (None, None), "another document of the same crossing");
        assert_eq!(evidence.pictures(two), (None, None));
        evidence.begin(two);
        evidence.lay_probe(one, Zeroizing::new(vec![3]));
        assert_eq!(evidence.pictures(two), (None, None));
        assert!(!evidence.is_of(one));
        evidence.purge();
        assert!(!evidence.is_of(two));
    }
}
