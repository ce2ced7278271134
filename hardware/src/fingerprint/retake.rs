//! One impression after the other until one is good enough.

use std::time::{Duration, Instant};

use super::{FingerprintSensor, Guidance, Impression, SensorError};

/// After so many impressions that were refused another finger is offered, and each time again. Old age and wet work wear
/// ridges down, and people have ten fingers.
const OFFER_AFTER: u32 = 3;

/// Captures until `judge` makes something of an impression, for this long in all and however many it takes. What the judge
/// finds wanting is told to `guide`, after every third time together with the offer of another finger.
pub fn until_accepted<T>(
    sensor: &mut dyn FingerprintSensor,
    patience: Duration,
    guide: &mut dyn FnMut(Guidance),
    judge: &mut dyn FnMut(Impression) -> Result<T, Guidance>,
) -> Result<T, SensorError> {
    let deadline = Instant::now().checked_add(patience);
    let mut refused = 0u32;
    loop {
        let left = deadline.map_or(patience, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() && refused > 0 {
            return Err(SensorError::NoFinger { name: sensor.name().to_owned() });
        }
        match judge(sensor.capture(left, guide)?) {
            Ok(accepted) => return Ok(accepted),
            Err(wanting) => {
                refused = refused.saturating_add(1);
                guide(wanting);
                if refused.is_multiple_of(OFFER_AFTER) {
                    guide(Guidance::AnotherFinger);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use zeroize::Zeroizing;

    use super::*;
    use crate::fingerprint::Pixels;

    /// Gives pictures of one pixel, whose value counts them.
    struct Counting(u8);

    impl FingerprintSensor for Counting {
        fn name(&self) -> &str {
            "counting"
        }

        fn capture(
            &mut self,
            _patience: Duration,
            _guide: &mut dyn FnMut(Guidance),
        ) -> Result<Impression, SensorError> {
            self.0 += 1;
            let pixels = Pixels::Gray { width: 1, height: 1, bytes: Zeroizing::new(vec![self.0]) };
            Ok(Impression { pixels, dpi: None, taken: Instant::now() })
        }
    }

    fn count(impression: Impression) -> u8 {
        match impression.pixels {
            Pixels::Gray { bytes, .. } => bytes[0],
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn poor_impressions_are_retaken_and_another_finger_is_offered() {
        let mut said = Vec::new();
        let mut judge = |impression| match count(impression) {
            taken @ 8.. => Ok(taken),
            _ => Err(Guidance::Dry),
        };
        let hour = Duration::from_secs(3_600);
        let accepted = until_accepted(&mut Counting(0), hour, &mut |guidance| said.push(guidance), &mut judge).unwrap();
        use Guidance::{AnotherFinger, Dry};
        assert_eq!((accepted, said), (8, vec![Dry, Dry, Dry, AnotherFinger, Dry, Dry, Dry, AnotherFinger, Dry]));
    }

    #[test]
    fn patience_ends_it() {
        let mut judge = |impression| if count(impression) > 100 { Ok(()) } else { Err(Guidance::Center) };
        let error = until_accepted(&mut Counting(0), Duration::ZERO, &mut |_| {}, &mut judge).unwrap_err();
        assert_eq!(error, SensorError::NoFinger { name: "counting".to_owned() });
    }
}
