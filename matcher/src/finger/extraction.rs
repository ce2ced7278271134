//! Which of two extractors a policy wants: the fast one, the thorough one, or the thorough one only where the fast one's
//! score leaves it open who it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Extractor, FingerError, FingerImage, MinutiaTemplate};

/// How a policy wants fingers to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extraction {
    /// Fast, always.
    Fast,
    /// Thoroughly, always: enrollment, and a second look at hard fingers.
    Thorough,
    /// Fast, and thoroughly too when the fast score is near the threshold.
    #[default]
    Hybrid,
}

/// One of the two extractors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtractorKind {
    /// The fast one.
    Fast,
    /// The thorough one.
    Thorough,
}

/// Both extractors. Their templates do not compare with each other's: a reference that is to be met by both has one of
/// each.
#[derive(Clone)]
pub struct Extractors {
    /// Some milliseconds a picture.
    pub fast: Arc<dyn Extractor>,
    /// A second a picture.
    pub thorough: Arc<dyn Extractor>,
}

/// Least scores that match, and the fast scores that decide nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    fast: f32,
    thorough: f32,
    doubt: [f32; 2],
}

impl Limits {
    /// Thresholds of both extractors at the policy's false match rate, and how far below and above its own a fast score
    /// is still looked into.
    ///
    /// Two looks are two chances. A false match rate is kept when `above` reaches to the fast threshold of a tenth of
    /// that rate: then at most that tenth is added to what the thorough extractor lets through. A distance that is no
    /// number counts as none.
    pub fn new(fast: f32, thorough: f32, below: f32, above: f32) -> Self {
        // Of a number and none `max` gives the number.
        Self { fast, thorough, doubt: [fast - below.max(0.0), fast + above.max(0.0)] }
    }

    /// Least score of this extractor that matches.
    pub fn threshold(&self, kind: ExtractorKind) -> f32 {
        match kind {
            ExtractorKind::Fast => self.fast,
            ExtractorKind::Thorough => self.thorough,
        }
    }

    /// Whether this fast score is near the threshold. One that is no number is.
    pub fn doubtful(&self, score: f32) -> bool {
        let [from, to] = self.doubt;
        score.is_nan() || (from..to).contains(&score)
    }
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Whether it matches.
    pub matched: bool,
    /// The score that decided.
    pub score: f32,
    /// Of which extractor it is.
    pub kind: ExtractorKind,
    /// The fast score that left it open.
    pub doubtful: Option<f32>,
}

impl Extraction {
    /// Whose templates a reference must have.
    pub fn extractors(self) -> &'static [ExtractorKind] {
        match self {
            Self::Fast => &[ExtractorKind::Fast],
            Self::Thorough => &[ExtractorKind::Thorough],
            Self::Hybrid => &[ExtractorKind::Fast, ExtractorKind::Thorough],
        }
    }
}

impl Extractors {
    /// One of them.
    pub fn of(&self, kind: ExtractorKind) -> &dyn Extractor {
        match kind {
            ExtractorKind::Fast => self.fast.as_ref(),
            ExtractorKind::Thorough => self.thorough.as_ref(),
        }
    }

    /// Templates for a reference: one of each extractor that this policy may ask. A finger in which only the thorough one
    /// finds enough has none of the fast one. `read` is what the fast one found in this picture, where it was asked before.
    pub fn enroll(
        &self,
        extraction: Extraction,
        image: &FingerImage,
        mut read: Option<Result<MinutiaTemplate, FingerError>>,
    ) -> Result<Vec<(ExtractorKind, MinutiaTemplate)>, FingerError> {
        let mut templates = Vec::new();
        for &kind in extraction.extractors() {
            let read = read.take_if(|_| kind == ExtractorKind::Fast);
            match read.unwrap_or_else(|| self.of(kind).extract(image)) {
                Ok(template) => templates.push((kind, template)),
                Err(FingerError::TooFew { .. }) if kind == ExtractorKind::Fast && extraction == Extraction::Hybrid => {}
                Err(error) => return Err(error),
            }
        }
        Ok(templates)
    }

    /// Whether a finger matches. `compare` gives the score of a template beside the reference's of the same extractor, or
    /// none where the reference has no such template; if it has none that the policy asks for, there is no decision.
    ///
    /// A finger in which the fast extractor finds too little is a hard one: where the policy lets it, the thorough one
    /// is asked. A picture that shows nothing is refused at once. `read` is what the fast extractor found in this picture,
    /// where it was asked before.
    pub fn decide<E: From<FingerError>>(
        &self,
        extraction: Extraction,
        limits: &Limits,
        image: &FingerImage,
        read: Option<Result<MinutiaTemplate, FingerError>>,
        mut compare: impl FnMut(ExtractorKind, &MinutiaTemplate) -> Result<Option<f32>, E>,
    ) -> Result<Option<Decision>, E> {
        let decision = |kind: ExtractorKind, score: f32, doubtful: Option<f32>| {
            Some(Decision { matched: score >= limits.threshold(kind), score, kind, doubtful })
        };
        let fast = match extraction {
            Extraction::Thorough => None,
            Extraction::Fast | Extraction::Hybrid => match read.unwrap_or_else(|| self.fast.extract(image)) {
                Ok(template) => compare(ExtractorKind::Fast, &template)?,
                Err(FingerError::TooFew { .. }) if extraction == Extraction::Hybrid => None,
                Err(error) => return Err(error.into()),
            },
        };
        if let Some(score) = fast.filter(|&score| extraction == Extraction::Fast || !limits.doubtful(score)) {
            return Ok(decision(ExtractorKind::Fast, score, None));
        }
        if extraction == Extraction::Fast {
            return Ok(None);
        }
        let score = compare(ExtractorKind::Thorough, &self.thorough.extract(image)?)?;
        // Without a reference for the thorough extractor the fast score is all there is.
        Ok(score.map_or_else(
            || fast.and_then(|score| decision(ExtractorKind::Fast, score, Some(score))),
            |score| decision(ExtractorKind::Thorough, score, fast),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::{super::Minutia, *};

    /// Gives so many minutiae, or says that there are too few, and counts how often it is asked.
    struct Counted(usize, AtomicUsize);

    impl Extractor for Counted {
        fn name(&self) -> &str {
            "counted"
        }

        fn extract(&self, image: &FingerImage) -> Result<MinutiaTemplate, FingerError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            match self.0 {
                0 => Err(FingerError::Blank),
                1..4 => Err(FingerError::TooFew { found: self.0, least: 4 }),
                many => {
                    let minutiae = Zeroizing::new(vec![Minutia::default(); many]);
                    Ok(MinutiaTemplate::new(image.width(), image.height(), minutiae))
                }
            }
        }
    }

    struct Both {
        extractors: Extractors,
        fast: Arc<Counted>,
        thorough: Arc<Counted>,
    }

    fn both(fast: usize, thorough: usize) -> Both {
        let counted = |many: usize| Arc::new(Counted(many, AtomicUsize::new(0)));
        let (fast, thorough) = (counted(fast), counted(thorough));
        Both { extractors: Extractors { fast: fast.clone(), thorough: thorough.clone() }, fast, thorough }
    }

    impl Both {
        fn asked(&self) -> (usize, usize) {
            (self.fast.1.load(Ordering::Relaxed), self.thorough.1.load(Ordering::Relaxed))
        }

        fn decide(&self, extraction: Extraction, scores: [Option<f32>; 2]) -> Result<Option<Decision>, FingerError> {
            let limits = Limits::new(0.5, 0.4, 0.1, 0.2);
            let score = |kind: ExtractorKind| if kind == ExtractorKind::Fast { scores[0] } else { scores[1] };
            self.extractors.decide(extraction, &limits, &image(), None, |kind, _| Ok(score(kind)))
        }
    }

    fn image() -> FingerImage {
        FingerImage::new(60, 60, Zeroizing::new(vec![0; 3_600])).unwrap()
    }

    fn decided(matched: bool, score: f32, kind: ExtractorKind, doubtful: Option<f32>) -> Option<Decision> {
        Some(Decision { matched, score, kind, doubtful })
    }

    #[test]
    fn the_thorough_one_is_asked_only_near_the_threshold() {
        let hybrid = Extraction::Hybrid;
        for (fast, expected, asked) in [
            (0.9, decided(true, 0.9, ExtractorKind::Fast, None), (1, 0)),
            (0.1, decided(false, 0.1, ExtractorKind::Fast, None), (1, 0)),
            (0.45, decided(true, 0.41, ExtractorKind::Thorough, Some(0.45)), (1, 1)),
            (0.65, decided(true, 0.41, ExtractorKind::Thorough, Some(0.65)), (1, 1)),
        ] {
            let both = both(9, 9);
            assert_eq!(both.decide(hybrid, [Some(fast), Some(0.41)]).unwrap(), expected, "{fast}");
            assert_eq!(both.asked(), asked, "{fast}");
        }
        // A fast match that the thorough one does not confirm is none.
        let found = both(9, 9).decide(hybrid, [Some(0.6), Some(0.3)]).unwrap();
        assert_eq!(found, decided(false, 0.3, ExtractorKind::Thorough, Some(0.6)));
    }

    #[test]
    fn each_policy_asks_whom_it_names() {
        let (one, other) = (both(9, 9), both(9, 9));
        let fast = one.decide(Extraction::Fast, [Some(0.5), Some(0.0)]).unwrap();
        assert_eq!((fast, one.asked()), (decided(true, 0.5, ExtractorKind::Fast, None), (1, 0)));
        let thorough = other.decide(Extraction::Thorough, [Some(0.0), Some(0.39)]).unwrap();
        assert_eq!((thorough, other.asked()), (decided(false, 0.39, ExtractorKind::Thorough, None), (0, 1)));
    }

    #[test]
    fn hard_fingers_go_to_the_thorough_one_and_empty_sensors_to_nobody() {
        let hard = both(3, 9);
        let found = hard.decide(Extraction::Hybrid, [None, Some(0.8)]).unwrap();
        assert_eq!((found, hard.asked()), (decided(true, 0.8, ExtractorKind::Thorough, None), (1, 1)));
        assert_eq!(hard.extractors.enroll(Extraction::Hybrid, &image(), None).unwrap().len(), 1);
        assert!(matches!(hard.decide(Extraction::Fast, [None; 2]), Err(FingerError::TooFew { found: 3, .. })));
        let empty = both(0, 9);
        assert!(matches!(empty.decide(Extraction::Hybrid, [None; 2]), Err(FingerError::Blank)));
        assert_eq!(empty.asked(), (1, 0));
        assert!(matches!(
            both(9, 2).extractors.enroll(Extraction::Hybrid, &image(), None),
            Err(FingerError::TooFew { .. })
        ));
    }

    #[test]
    fn a_reference_of_one_extractor_is_met_by_that_one() {
        let found = both(9, 9).decide(Extraction::Hybrid, [Some(0.55), None]).unwrap();
        assert_eq!(found, decided(true, 0.55, ExtractorKind::Fast, Some(0.55)));
        let found = both(9, 9).decide(Extraction::Hybrid, [None, Some(0.5)]).unwrap();
        assert_eq!(found, decided(true, 0.5, ExtractorKind::Thorough, None));
        for extraction in [Extraction::Fast, Extraction::Thorough, Extraction::Hybrid] {
            assert_eq!(both(9, 9).decide(extraction, [None; 2]).unwrap(), None);
        }
        for (extraction, templates) in [(Extraction::Fast, 1), (Extraction::Thorough, 1), (Extraction::Hybrid, 2)] {
            assert_eq!(both(9, 9).extractors.enroll(extraction, &image(), None).unwrap().len(), templates);
        }
    }

    #[test]
    fn a_picture_that_was_read_before_is_not_read_again() {
        let both = both(9, 9);
        let read = || Some(both.fast.extract(&image()));
        let (first, second) = (read(), read());
        let limits = Limits::new(0.5, 0.4, 0.1, 0.1);
        let scored = |_, _: &MinutiaTemplate| Ok::<_, FingerError>(Some(0.9));
        assert!(both.extractors.decide(Extraction::Hybrid, &limits, &image(), first, scored).unwrap().unwrap().matched);
        assert_eq!(both.extractors.enroll(Extraction::Hybrid, &image(), second).unwrap().len(), 2);
        assert_eq!(both.asked(), (2, 1));
    }

    proptest! {
        /// Whatever the numbers: a decision is the threshold's, and a far score is never looked into.
        #[test]
        fn decisions_are_thresholds(fast in any::<f32>(), thorough in any::<f32>(), limits in any::<[f32; 4]>()) {
            let [first, second, below, above] = limits;
            let limits = Limits::new(first, second, below, above);
            let both = both(9, 9);
            let score = |kind: ExtractorKind| Some(if kind == ExtractorKind::Fast { fast } else { thorough });
            let found = both.extractors.decide(Extraction::Hybrid, &limits, &image(), None, |kind, _| {
                Ok::<_, FingerError>(score(kind))
            });
            let decision = found.unwrap().unwrap();
            prop_assert_eq!(decision.matched, decision.score >= limits.threshold(decision.kind));
            prop_assert_eq!(decision.kind == ExtractorKind::Thorough, limits.doubtful(fast));
            if decision.kind == ExtractorKind::Thorough && fast.is_finite() {
                prop_assert!(fast >= first - below.max(0.0) && fast < first + above.max(0.0));
            }
        }
    }
}
