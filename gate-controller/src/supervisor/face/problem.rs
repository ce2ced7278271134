//! What the matcher says, in the words of the gate.

use sallyport_matcher::face::{FaceError, Guidance, Liveness, Verdict};
use sallyport_protocol::{Measurement, Reason};

use crate::{transaction::Problem, view::TravelerInstruction};

/// Why a frame gave no template.
pub(super) fn face(error: &FaceError) -> Problem {
    let reason = match error {
        FaceError::Blank => Reason::FaceImageBlank,
        FaceError::NoFace => Reason::FaceNotFound,
        FaceError::Several(_) => Reason::FaceMultiple,
        FaceError::TooSmall { .. } | FaceError::Quality { .. } => Reason::FaceQualityLow,
        FaceError::Image(_) => Reason::FaceImageUnreadable,
        _ => Reason::MatcherUnavailable,
    };
    Problem::because(reason, error)
}

/// A face that is not shown to be a living one: which cue says so, what the others say, and whether it would have matched.
pub(super) fn suspected(liveness: &Liveness, measured: &Measurement) -> Problem {
    let verdict = liveness.verdict();
    let mut detail = verdict.to_string();
    for (cue, evidence) in liveness.evidence() {
        match (&verdict, evidence) {
            (Verdict::Suspected { cue: decisive, .. }, _) if *decisive == cue => {}
            (_, Some(evidence)) => detail += &format!("; {cue} {:.2}", evidence.score),
            (_, None) => detail += &format!("; {cue} not seen"),
        }
    }
    let Measurement { score, threshold } = measured;
    detail += &format!("; face score {score:.3}, threshold {threshold:.3}");
    Problem::because(Reason::PresentationAttackSuspected, &detail)
}

/// What the traveler is to be told.
pub(super) fn instruction(guidance: Guidance) -> TravelerInstruction {
    match guidance {
        Guidance::StepCloser => TravelerInstruction::StepCloser,
        Guidance::StepBack => TravelerInstruction::StepBack,
        Guidance::HoldStill => TravelerInstruction::HoldStill,
        Guidance::TakeOffGlasses => TravelerInstruction::TakeOffGlasses,
        Guidance::TakeOffHat => TravelerInstruction::TakeOffHat,
        Guidance::UncoverFace => TravelerInstruction::UncoverFace,
        Guidance::OpenEyes => TravelerInstruction::OpenEyes,
        Guidance::CloseMouth => TravelerInstruction::CloseMouth,
        _ => TravelerInstruction::LookAtCamera,
    }
}
