//! What the traveler is told while the cameras look. Frames disagree from one to the next; a screen that follows each of
//! them tells nothing.

use crate::view::TravelerInstruction;

/// How long an advice must be the one that most frames ask for before it is shown, in milliseconds.
const STEADY_MS: u64 = 400;
/// How long an advice stays at least: long enough to be read and done.
const SHOWN_MS: u64 = 1_500;

/// Chooses the one thing to show. No clock inside.
#[derive(Debug)]
pub(super) struct Advice {
    shown: TravelerInstruction,
    shown_ms: u64,
    /// What frames have asked for without a break, and since when.
    asked: TravelerInstruction,
    asked_ms: u64,
}

impl Advice {
    /// The screen shows this since now.
    pub(super) fn new(shown: TravelerInstruction, now_ms: u64) -> Self {
        Self { shown, shown_ms: now_ms, asked: shown, asked_ms: now_ms }
    }

    /// Takes what a frame asks for (`None`: nothing, so that looking at the camera is all); gives what is to be shown
    /// from now on, if that changes.
    pub(super) fn take(&mut self, now_ms: u64, asks: Option<TravelerInstruction>) -> Option<TravelerInstruction> {
        let asks = asks.unwrap_or(TravelerInstruction::LookAtCamera);
        if asks != self.asked {
            (self.asked, self.asked_ms) = (asks, now_ms);
        }
        let steady = now_ms.saturating_sub(self.asked_ms) >= STEADY_MS;
        let read = now_ms.saturating_sub(self.shown_ms) >= SHOWN_MS;
        (self.asked != self.shown && steady && read).then(|| {
            (self.shown, self.shown_ms) = (self.asked, now_ms);
            self.shown
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TravelerInstruction::{LookAtCamera, OnePersonOnly, UncoverFace};

    #[test]
    fn only_what_lasts_is_shown_and_stays_long_enough_to_be_read() {
        let mut advice = Advice::new(LookAtCamera, 0);
        for at in (0..2_000).step_by(50) {
            let asks = (at / 50 % 2 == 0).then_some(UncoverFace);
            assert_eq!(advice.take(at, asks), None, "frames that disagree, at {at} ms");
        }
        let shown: Vec<_> = (2_000..6_000)
            .step_by(50)
            .filter_map(|at| {
                let asks = if at < 2_600 { Some(UncoverFace) } else { None };
                Some((at, advice.take(at, asks)?))
            })
            .collect();
        assert_eq!(shown, [(2_400, UncoverFace), (3_900, LookAtCamera)]);
        assert_eq!(advice.take(5_900, Some(OnePersonOnly)), None, "not yet steady");
        assert_eq!(advice.take(6_300, Some(OnePersonOnly)), Some(OnePersonOnly));
    }
}
