//! What a crossing knows of the traveler's face: in memory only, of one crossing only, zeroed when it ends.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sallyport_matcher::face::{FaceTemplate, OtherModel};
use sallyport_privacy::template::{Code, Projection, TemplateError};
use sallyport_protocol::CrossingId;
use zeroize::Zeroizing;

/// What the live face is compared with.
pub(super) enum Reference {
    /// The template of the chip's portrait.
    Portrait(FaceTemplate),
    /// The code of an enrollment, with the projection that makes the probe's code.
    Enrollment(Box<Code>, Projection),
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
    portrait: Option<Jpeg>,
    probe: Option<Jpeg>,
}

/// The evidence of the crossing in progress. What comes late, for a crossing that has ended, is not taken.
#[derive(Default)]
pub(super) struct Evidence(Mutex<Option<Held>>);

impl Evidence {
    /// A document is about to be read for this crossing: what an earlier one vouched for counts no more.
    pub(super) fn begin(&self, crossing: CrossingId) {
        *self.held() = Some(Held { crossing, reference: None, portrait: None, probe: None });
    }

    /// Takes the reference, and the portrait for the officer.
    pub(super) fn lay(&self, crossing: CrossingId, reference: Reference, portrait: Option<Jpeg>) {
        if let Some(held) = self.held().as_mut().filter(|held| held.crossing == crossing) {
            (held.reference, held.portrait) = (Some(reference), portrait);
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
                let own = projection.protect(probe.values()).map_err(CompareError::from);
                Some(own.map(|own| own.similarity(code)))
            }
        }
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
    use sallyport_privacy::keys::ApplicationKey;

    use super::*;

    fn reference() -> Reference {
        let seed = ApplicationKey::received(&[1; 32], 1).enrollment_seed(&[1; 16], 1);
        let projection = Projection::new(&seed);
        Reference::Enrollment(Box::new(projection.protect(&[0.5; 128]).unwrap()), projection)
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
