//! What gates and the enrollment service say to each other.
//!
//! Both sides depend on this crate and not on one another. Everything here is plain data that may be
//! stored and sent: all that is biometric, the protected codes of an enrollment, travels as
//! [`ProtectedCode`], which zeroes itself and prints no content.

mod finger;
mod identity;
mod reason;
mod record;
mod sync;

pub use finger::{FingerCodes, FingerPosition};
pub use identity::{CardNumber, CrossingId, EnrollmentId, EpochId, GateId, IdentityError};
pub use reason::{Reason, Severity};
pub use record::{
    CrossingRecord, Door, DoorMovement, DoorMovementKind, Measurement, OfficerChoice, OfficerDecision, Outcome, Stage,
    TimelineEntry, TokenKind,
};
pub use sync::{
    ApplicationKeyGrant, EnrollmentForGate, EnrollmentPage, EnrollmentStatus, GateHealth, GateMode, ProtectedCode,
    RecordBatch, RecordReceipt, TrailHead, paths,
};
