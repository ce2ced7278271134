#![allow(clippy::unwrap_used)]
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use sallyport_matcher::{
    Image,
    face::{Cue, CueName, Evidence, FaceError, Motion, PadPolicy},
};
use zeroize::Zeroizing;

use super::{
    Position::{Lower, Middle, Upper},
    *,
};

const FRAME: (u32, u32) = (640, 480);

/// A cue that says what the test says, once it has looked at a frame.
#[derive(Clone, Default)]
struct Says {
    /// Whether a head is seen (`true`), a picture of one (`false`) or nothing yet.
    head: Arc<Mutex<Option<bool>>>,
    looks: Arc<Mutex<u32>>,
}

impl Says {
    fn says(&self, head: Option<bool>) {
        *self.head.lock().unwrap() = head;
    }

    fn looks(&self) -> u32 {
        *self.looks.lock().unwrap()
    }
}

impl Cue for Says {
    fn name(&self) -> CueName {
        CueName::PlanarMotion
    }
    fn look(&mut self, _: &View<'_>, _: &[Motion]) -> Result<(), FaceError> {
        *self.looks.lock().unwrap() += 1;
        Ok(())
    }
    fn evidence(&self) -> Option<Evidence> {
        let head = (*self.head.lock().unwrap())?;
        (self.looks() > 0).then_some(Evidence { score: if head { 0.1 } else { 0.9 }, vouches: true })
    }
    fn forget(&mut self) {
        *self.looks.lock().unwrap() = 0;
    }
}

/// One attempt, the picture that all cameras give, and the one cue.
struct Bench {
    attempt: Attempt,
    image: Image,
    cue: Says,
}

impl Bench {
    fn new(liveness: LivenessRule) -> Self {
        let rules = Rules { threshold: 0.4, same_person: 0.3, frames_min: 2, liveness, liveness_patience_ms: 1_000 };
        let cue = Says::default();
        let bytes = Zeroizing::new(vec![128; (FRAME.0 * FRAME.1 * 3) as usize]);
        Self {
            attempt: Attempt::new(rules, Liveness::with(&PadPolicy::default(), vec![Box::new(cue.clone())])),
            image: Image::from_bgr(FRAME.0, FRAME.1, bytes).unwrap(),
            cue,
        }
    }

    /// A frame with these faces, the traveler's template in this direction; gives the decision after it.
    fn frame(&mut self, at: Position, ms: u64, faces: &[Detection], person: f32) -> Option<Measurement> {
        let detection = self.attempt.see(at, ms, FRAME, faces)?;
        let view = View { camera: at as u8, taken_ms: ms, image: &self.image, detection: &detection };
        self.attempt.add(template(person), 80, &view);
        let probe = self.attempt.probe()?;
        let cosine = probe.template.compare(&template(0.0)).unwrap();
        self.attempt.compared(ms, &probe, cosine)
    }

    /// The same with the traveler alone, whom the document shows.
    fn holder(&mut self, at: Position, ms: u64) -> Option<Measurement> {
        self.frame(at, ms, &[face(320.0, 60.0)], 0.0)
    }
}

/// A face whose eyes' middle is here.
fn face(x: f32, eyes: f32) -> Detection {
    let y = 220.0;
    let landmarks = [
        [x - eyes / 2.0, y],
        [x + eyes / 2.0, y],
        [x, y + 0.6 * eyes],
        [x - 0.4 * eyes, y + 1.2 * eyes],
        [x + 0.4 * eyes, y + 1.2 * eyes],
    ];
    Detection { left: x - eyes, top: y - eyes, width: 2.0 * eyes, height: 3.0 * eyes, landmarks, confidence: 0.9 }
}

/// Of the person at this angle from the document's holder; strangers are at right angles.
fn template(person: f32) -> FaceTemplate {
    FaceTemplate::new(&"plane".into(), Zeroizing::new(vec![person.cos(), person.sin()])).unwrap()
}

const STRANGER: f32 = std::f32::consts::FRAC_PI_2;

fn reason(result: Result<Measurement, Problem>) -> Result<bool, Reason> {
    result.map(|measured| measured.score >= measured.threshold).map_err(|problem| problem.reason)
}

#[test]
fn two_frames_that_agree_decide_and_one_does_not() {
    let mut bench = Bench::new(LivenessRule::Off);
    assert_eq!(bench.holder(Middle, 0), None);
    let decided = bench.holder(Upper, 30).unwrap();
    assert!(decided.score > 0.99 && decided.threshold == 0.4);
}

#[test]
fn a_single_frame_decides_when_time_is_up() {
    let mut bench = Bench::new(LivenessRule::Off);
    bench.holder(Middle, 0);
    assert_eq!(reason(bench.attempt.end()), Ok(true));
}

#[test]
fn a_stranger_is_measured_and_does_not_match() {
    let mut bench = Bench::new(LivenessRule::Off);
    for ms in 0..8 {
        assert_eq!(bench.frame(Middle, ms * 70, &[face(320.0, 60.0)], STRANGER), None);
    }
    assert_eq!(reason(bench.attempt.end()), Ok(false));
}

#[test]
fn nobody_there_is_no_face() {
    let mut bench = Bench::new(LivenessRule::WhenSeen);
    assert_eq!(bench.frame(Middle, 0, &[], 0.0), None);
    assert_eq!(reason(bench.attempt.end()), Err(Reason::FaceNotFound));
}

#[test]
fn a_living_face_is_asked_for_as_the_rule_says() {
    use LivenessRule::{Off, Required, WhenSeen};
    // Decided within the patience, decided after it, and what is left at the end.
    for (rule, head, early, late, end) in [
        (Off, None, true, true, Ok(true)),
        (Off, Some(false), true, true, Ok(true)),
        (WhenSeen, Some(true), true, true, Ok(true)),
        (WhenSeen, None, false, true, Ok(true)),
        (WhenSeen, Some(false), false, false, Err(Reason::PresentationAttackSuspected)),
        (Required, Some(true), true, true, Ok(true)),
        (Required, None, false, false, Err(Reason::PresentationAttackSuspected)),
        (Required, Some(false), false, false, Err(Reason::PresentationAttackSuspected)),
    ] {
        let mut bench = Bench::new(rule);
        bench.cue.says(head);
        bench.holder(Lower, 0);
        assert_eq!(bench.holder(Middle, 30).is_some(), early, "{rule:?}, {head:?}");
        assert_eq!(bench.holder(Middle, 1_000).is_some(), late, "{rule:?}, {head:?}");
        assert_eq!(reason(bench.attempt.end()), end, "{rule:?}, {head:?}");
    }
}

#[test]
fn a_stranger_whom_no_cue_has_seen_is_a_stranger_and_no_attack() {
    let mut bench = Bench::new(LivenessRule::Required);
    bench.frame(Middle, 0, &[face(320.0, 60.0)], STRANGER);
    assert_eq!(reason(bench.attempt.end()), Ok(false));
}

#[test]
fn a_suspicion_is_not_talked_away_before_the_end() {
    let mut bench = Bench::new(LivenessRule::WhenSeen);
    bench.cue.says(Some(false));
    bench.holder(Middle, 0);
    bench.holder(Middle, 60);
    bench.cue.says(Some(true));
    for ms in 2..20 {
        assert_eq!(bench.holder(Middle, ms * 60), None);
    }
    assert_eq!(reason(bench.attempt.end()), Ok(true), "all evidence counts");
}

#[test]
fn the_officer_reads_what_the_cue_saw() {
    let mut bench = Bench::new(LivenessRule::WhenSeen);
    bench.cue.says(Some(false));
    bench.holder(Middle, 0);
    let problem = bench.attempt.end().unwrap_err();
    assert_eq!(
        problem.detail.as_deref(),
        Some("planar motion 0.90, at most 0.60 for a head; face score 1.000, threshold 0.400")
    );
}

#[test]
fn a_living_face_does_not_vouch_for_the_picture_of_another() {
    let mut bench = Bench::new(LivenessRule::Required);
    bench.cue.says(Some(true));
    // The stranger's head before one camera, the holder's picture before the next.
    for ms in 0..10 {
        assert_eq!(bench.frame(Middle, ms * 100, &[face(320.0, 60.0)], STRANGER), None);
        assert_eq!(bench.holder(Upper, ms * 100 + 50), None);
    }
    assert!(bench.cue.looks() <= 1, "the cues look at one person only");
}

#[test]
fn whoever_takes_the_place_begins_anew() {
    let mut bench = Bench::new(LivenessRule::Off);
    bench.holder(Middle, 0);
    // Too far from where the face was to be it. While that may yet come back, nobody else is the traveler.
    for ms in 1..=7 {
        assert_eq!(bench.frame(Middle, ms * 100, &[face(120.0, 60.0)], STRANGER), None);
    }
    assert_eq!(bench.attempt.probe().map(|probe| probe.samples), Some(2));
    assert_eq!(reason(bench.attempt.end()), Ok(false));
}

#[test]
fn nobody_is_decided_on_in_company() {
    let mut bench = Bench::new(LivenessRule::Off);
    let both = [face(220.0, 60.0), face(460.0, 55.0)];
    bench.frame(Middle, 0, &both, 0.0);
    for ms in [60, 120, 180, 240] {
        // Not told yet, and yet not alone.
        assert_eq!(bench.frame(Middle, ms, &both, 0.0), None);
        assert_eq!(bench.holder(Upper, ms), None, "another camera does not see the second person");
    }
    bench.frame(Middle, 360, &both, 0.0);
    assert_eq!(bench.attempt.advice(None), Some(TravelerInstruction::OnePersonOnly));
    assert_eq!(reason(bench.attempt.end()), Err(Reason::FaceMultiple));
}

#[test]
fn the_second_person_may_step_back() {
    let mut bench = Bench::new(LivenessRule::Off);
    let both = [face(220.0, 60.0), face(460.0, 55.0)];
    for ms in [0, 100, 200, 300, 400] {
        bench.frame(Middle, ms, &both, 0.0);
    }
    assert_eq!(bench.attempt.advice(None), Some(TravelerInstruction::OnePersonOnly));
    let decided = (5..15).find_map(|ms| bench.frame(Middle, ms * 100, &both[..1], 0.0));
    assert!(decided.is_some() && bench.attempt.advice(None).is_none());
}

#[test]
fn what_the_traveler_can_put_right_is_said_first() {
    let mut bench = Bench::new(LivenessRule::Off);
    bench.attempt.note(Reason::MatcherUnavailable.into());
    bench.attempt.note(Reason::FaceQualityLow.into());
    bench.attempt.note(Reason::FaceImageUnreadable.into());
    let left = reason(bench.attempt.end()).unwrap_err();
    assert_eq!(left.severity(), Severity::Retry, "{left:?}");
}

#[derive(Debug, Clone)]
struct Step {
    camera: usize,
    wait_ms: u64,
    faces: Vec<(f32, f32)>,
    person: f32,
    head: Option<bool>,
}

fn step() -> impl Strategy<Value = Step> {
    let face = (60f32..580.0, 20f32..120.0);
    let person = prop_oneof![Just(0.0f32), Just(STRANGER), -0.9f32..0.9];
    let head = prop_oneof![Just(None), Just(Some(true)), Just(Some(false))];
    (0usize..3, 0u64..400, prop::collection::vec(face, 0..3), person, head)
        .prop_map(|(camera, wait_ms, faces, person, head)| Step { camera, wait_ms, faces, person, head })
}

proptest! {
    /// Whatever is seen: nothing is decided below the threshold, from too few frames, with a second face as near, or
    /// without a living face where one is required; and the end says neither a match without a measurement nor one of
    /// which the cues say that it is a picture.
    #[test]
    fn a_decision_keeps_to_the_rules(
        steps in prop::collection::vec(step(), 0..24),
        rule in prop_oneof![Just(LivenessRule::Off), Just(LivenessRule::WhenSeen), Just(LivenessRule::Required)],
    ) {
        let mut bench = Bench::new(rule);
        let mut now = 0;
        let mut head = None;
        for Step { camera, wait_ms, faces, person, head: says } in steps {
            now += wait_ms;
            head = says.or(head);
            bench.cue.says(head);
            let faces: Vec<_> = faces.into_iter().map(|(x, eyes)| face(x, eyes)).collect();
            if let Some(measured) = bench.frame(Position::ALL[camera], now, &faces, person) {
                prop_assert!(measured.score >= 0.4);
                prop_assert!(bench.attempt.probe().unwrap().samples >= 2);
                prop_assert!(!bench.attempt.has_second_person());
                match rule {
                    LivenessRule::Required => prop_assert_eq!(head, Some(true)),
                    LivenessRule::WhenSeen => prop_assert!(head != Some(false) && (head.is_some() || now >= 1_000)),
                    _ => {}
                }
                return Ok(());
            }
        }
        let seen = bench.cue.looks() > 0;
        if let Ok(measured) = bench.attempt.end()
            && measured.score >= measured.threshold
            && rule != LivenessRule::Off
        {
            prop_assert!(!(seen && head == Some(false)));
            prop_assert!(rule == LivenessRule::WhenSeen || (seen && head == Some(true)));
        }
    }
}
