//! The fleet: which gates are admitted, what they are what crossed them, and how far their audit trails
//! have come.

mod admission;
mod reports;
mod trails;

pub use self::{
    admission::{Admission, AdmissionError},
    reports::{CrossingPage, GateReport, ReportError, Reports},
    trails::{GateTrail, TrailAlarm, Trails},
};
