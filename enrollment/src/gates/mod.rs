//! The fleet: which gates are admitted, what they are and what crossed them.

mod admission;
mod crossings;
mod reports;

pub use self::{
    admission::{Admission, AdmissionError},
    crossings::{CROSSING_KEYS, CrossingPage, Crossings},
    reports::{GateReport, ReportError, Reports},
};
