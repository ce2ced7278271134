//! The fleet: which gates are admitted, what they are, what crossed them, and how far their audit trails have come.

mod admission;
mod crossings;
mod reports;
mod trails;

pub use self::{
    admission::{Admission, AdmissionError},
    crossings::{CROSSING_KEYS, CrossingPage, Crossings},
    reports::{GateReport, ReportError, Reports},
    trails::{GateTrail, TrailAlarm, Trails},
};
