//! The station with a sensor that gives what the test says, on the demonstration's fingers.
#![allow(clippy::unwrap_used)]
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::mpsc::channel,
};

use sallyport_matcher::finger::{CylinderVectors, Extraction, Extractor as _};
use sallyport_privacy::{keys::ApplicationKey, template::FingerProjection};
use zeroize::Zeroizing;

use super::*;
use crate::{supervisor::evidence::Fingers, view::TravelerInstruction};

/// One of the fingers that `make setup` puts there; says loudly if it did not.
fn finger(name: &str) -> Option<FingerImage> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/fingers").join(name);
    let Ok(file) = std::fs::read(&path) else {
        eprintln!("SKIPPED: the fingerprint station was not tried: {} is missing; run `make setup`", path.display());
        return None;
    };
    Some(FingerImage::decode(&file, Resolution::OfFileOr(500.0)).unwrap())
}

fn impression(image: &FingerImage) -> Impression {
    let (width, height) = (image.width(), image.height());
    let pixels = Pixels::Gray { width, height, bytes: Zeroizing::new(image.gray().to_vec()) };
    Impression { pixels, dpi: None, taken: Instant::now() }
}

/// What a finger gives that hardly touches the sensor: a piece of this many pixels a side.
fn piece(image: &FingerImage, side: u32) -> FingerImage {
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    let rows = (top..top + side).flat_map(|y| {
        let begin = (y * image.width() + left) as usize;
        image.gray()[begin..begin + side as usize].to_vec()
    });
    FingerImage::new(side, side, Zeroizing::new(rows.collect())).unwrap()
}

/// A sensor that gives these impressions, and then none.
struct Scripted(VecDeque<Result<Impression, SensorError>>);

impl FingerprintSensor for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn capture(&mut self, _: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        guide(Guidance::Place);
        let given = self.0.pop_front().unwrap_or(Err(SensorError::NoFinger { name: "scripted".into() }))?;
        guide(Guidance::Lift);
        Ok(given)
    }
}

struct Bench {
    station: FingerStation,
    inputs: Receiver<Input>,
    crossing: CrossingId,
}

impl Bench {
    /// A crossing whose card says that this finger is enrolled, and what the sensor gives.
    fn new(enrolled: &FingerImage, given: Vec<Result<Impression, SensorError>>) -> Self {
        let (evidence, crossing) = (Arc::<Evidence>::default(), CrossingId::random());
        let projection = FingerProjection::new(&ApplicationKey::received(&[1; 32], 1).enrollment_seed(&[1; 16], 1));
        let template = RidgeExtractor.extract(enrolled).unwrap();
        let code = projection.protect(CylinderVectors::new(&template).iter()).unwrap();
        let enrolled = vec![(RidgeExtractor.name().to_owned(), vec![code])];
        evidence.begin(crossing);
        evidence.lay_enrollment(crossing, None, Some(Fingers { projection, enrolled }));
        let (sender, inputs) = channel();
        let station = FingerStation {
            sensor: Box::new(Scripted(given.into())),
            dpi: 500.0,
            engine: Arc::new(Engine::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("../matcher/models"))),
            evidence,
            policy: Policy { finger_extraction: Extraction::Fast, finger_attempt_ms: 100, ..Policy::default() },
            inputs: sender,
            said: None,
        };
        Self { station, inputs, crossing }
    }

    fn capture(&mut self, attempt: u32) -> Result<bool, Reason> {
        let result = self.station.capture(self.crossing, attempt);
        result.map(|measured| measured.score >= measured.threshold).map_err(|problem| problem.reason)
    }

    /// What the traveler was told, once each time it changed.
    fn told(&self) -> Vec<TravelerInstruction> {
        let mut told: Vec<_> = self
            .inputs
            .try_iter()
            .filter_map(|input| match input {
                Input::Guidance { instruction, .. } => Some(instruction),
                _ => None,
            })
            .collect();
        told.dedup();
        told
    }
}

#[test]
fn the_holders_finger_matches_and_anothers_does_not() {
    let (Some(enrolled), Some(again), Some(other)) = (finger("p1_1.png"), finger("p1_2.png"), finger("p2_1.png"))
    else {
        return;
    };
    use TravelerInstruction::{LiftFinger, PlaceFinger};
    for (given, matches) in [(&again, true), (&other, false)] {
        let mut bench = Bench::new(&enrolled, vec![Ok(impression(given))]);
        assert_eq!(bench.capture(1), Ok(matches));
        assert_eq!(bench.told(), [PlaceFinger, LiftFinger]);
    }
}

#[test]
fn a_poor_finger_is_guided_and_compared_as_it_is_in_the_end() {
    let (Some(enrolled), Some(again)) = (finger("p1_1.png"), finger("p1_2.png")) else { return };
    use TravelerInstruction::{AnotherFinger, CenterFinger, LiftFinger};
    let poor = piece(&again, 120);
    let quality = RidgeExtractor.analyze(&poor).unwrap().quality();
    assert!(quality.overall < QUALITY_GOOD, "{quality:?}");
    let gives = |times: usize| (0..times).map(|_| Ok(impression(&poor))).collect();
    let mut bench = Bench::new(&enrolled, gives(4));
    assert!(bench.capture(2).is_ok(), "the fourth is compared");
    let told = bench.told();
    assert_eq!(told.iter().filter(|told| **told == CenterFinger).count(), 3, "{told:?}");
    assert_eq!(&told[told.len() - 2..], [AnotherFinger, LiftFinger], "offered, and not talked over by the sensor");
    let mut bench = Bench::new(&enrolled, gives(2));
    assert_eq!(bench.capture(1), Err(Reason::FingerQualityLow), "no more in time");
}

#[test]
fn what_is_no_finger_or_no_sensor_is_told() {
    let Some(enrolled) = finger("p1_1.png") else { return };
    assert_eq!(Bench::new(&enrolled, vec![]).capture(1), Err(Reason::FingerNotPlaced));
    let blank = FingerImage::new(300, 300, Zeroizing::new(vec![200; 90_000])).unwrap();
    assert_eq!(Bench::new(&enrolled, vec![Ok(impression(&blank))]).capture(1), Err(Reason::FingerQualityLow));
    let garbage = Pixels::File(Zeroizing::new(b"no picture".to_vec()));
    let garbage = Impression { pixels: garbage, dpi: None, taken: Instant::now() };
    assert_eq!(Bench::new(&enrolled, vec![Ok(garbage)]).capture(1), Err(Reason::FingerImageUnreadable));

    let lost = SensorError::Lost { name: "scripted".into(), why: "unplugged".into() };
    let mut bench = Bench::new(&enrolled, vec![Err(lost)]);
    assert_eq!(bench.capture(1), Err(Reason::FingerSensorUnavailable));
    let inputs: Vec<_> = bench.inputs.try_iter().collect();
    let told = |wanted: fn(&Input) -> bool| inputs.iter().any(wanted);
    assert!(told(|input| matches!(input, Input::Event(Event::FingerSensor { works: false }))), "{inputs:?}");
    let trouble =
        |input: &Input| matches!(input, Input::Aside { reason: Reason::FingerSensorUnavailable, there: true });
    assert!(inputs.iter().any(trouble), "{inputs:?}");
    // The next look finds it again.
    bench.station.look();
    assert!(bench.inputs.try_iter().any(|input| matches!(input, Input::Event(Event::FingerSensor { works: true }))));
}

#[test]
fn a_crossing_that_is_over_is_not_waited_for() {
    let (Some(enrolled), Some(again)) = (finger("p1_1.png"), finger("p1_2.png")) else { return };
    let mut bench = Bench::new(&enrolled, vec![Ok(impression(&again))]);
    bench.station.evidence.purge();
    assert_eq!(bench.capture(1), Err(Reason::TravelerLeft));
    let evidence = bench.station.evidence.clone();
    let goes_on = || evidence.is_of(bench.crossing);
    let mut sensor = WhileItGoesOn { sensor: &mut Scripted(VecDeque::new()), goes_on: &goes_on };
    let ended = sensor.capture(Duration::from_secs(3_600), &mut |_| {});
    assert!(matches!(ended, Err(SensorError::NoFinger { .. })));
}
