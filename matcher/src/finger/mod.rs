//! Fingerprints: pictures to minutiae to scores.
//!
//! All lengths are pixels at 500 dpi (19.685 pixels a millimeter), x to the right and y down. All directions are radians,
//! counter-clockwise as seen, from the axis to the right.

mod calibration;
mod compare;
mod cylinder;
mod decode;
mod error;
pub mod extract;
mod extraction;
mod image;
mod minutia;
mod net;
mod polar;
mod quality;
pub mod record;
pub mod wsq;

pub use self::{
    calibration::{
        Calibrations, Compared, Comparison, FingerCalibration, Form, IMPRESSIONS_MOST, NotCalibrated, RidgeManifest,
    },
    compare::{Candidate, EnrolledFinger, PreparedFinger, identify},
    decode::{Raw, Resolution},
    error::FingerError,
    extraction::{Decision, Extraction, Extractors, Limits, Stage},
    image::{DPI, FingerImage},
    minutia::{Extractor, Kind, MINUTIAE_MOST, Minutia, MinutiaTemplate},
    net::{MinutiaeManifest, NetExtractor, NetInputManifest, NetManifest},
    polar::{CYLINDER_LENGTH, CylinderVectors},
    quality::{FingerQuality, Guidance, QUALITY_GOOD},
};
