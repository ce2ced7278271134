//! The fleet: which gates are admitted, what they are and what crossed them.

mod admission;
mod reports;

pub use self::{
    admission::{Admission, AdmissionError},
    reports::{CrossingPage, GateReport, ReportError, Reports},
};
