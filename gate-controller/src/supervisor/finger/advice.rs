//! What sensor and matcher find wanting, in the words of the gate.

use sallyport_hardware::fingerprint::Guidance;
use sallyport_matcher::finger::{self, FingerError};
use sallyport_privacy::template::TemplateError;

use super::Fault;
use crate::view::TravelerInstruction;

/// What the traveler is to be told.
pub(super) fn of_sensor(guidance: Guidance) -> Option<TravelerInstruction> {
    Some(match guidance {
        Guidance::Place | Guidance::Again => TravelerInstruction::PlaceFinger,
        Guidance::Lift => TravelerInstruction::LiftFinger,
        Guidance::TooShort => TravelerInstruction::HoldFinger,
        Guidance::Center => TravelerInstruction::CenterFinger,
        Guidance::Dry => TravelerInstruction::PressHarder,
        Guidance::Wet => TravelerInstruction::PressLess,
        Guidance::AnotherFinger => TravelerInstruction::AnotherFinger,
        _ => return None,
    })
}

/// What is wrong with a poor impression, as a sensor would say it.
pub(super) fn of_quality(guidance: finger::Guidance) -> Guidance {
    use finger::Guidance as Told;
    match guidance {
        Told::CoverMore | Told::MoveRight | Told::MoveLeft | Told::MoveDown | Told::MoveUp => Guidance::Center,
        Told::TooDry | Told::PressMore => Guidance::Dry,
        Told::TooWet => Guidance::Wet,
        Told::HoldStill => Guidance::TooShort,
        Told::AnotherFinger => Guidance::AnotherFinger,
        _ => Guidance::Again,
    }
}

/// What the person can do against a fault; `None` where it is not theirs.
pub(super) fn of_fault(fault: &Fault) -> Option<Guidance> {
    match fault {
        Fault::Finger(FingerError::Blank) => Some(Guidance::Again),
        Fault::Finger(FingerError::TooFew { .. }) | Fault::Template(TemplateError::NoMinutiae) => {
            Some(Guidance::Center)
        }
        _ => None,
    }
}
