//! Faces: detection, alignment, quality, embedding, comparison. The nets are those of the manifests in a folder; by
//! default YuNet and SFace.

mod align;
mod calibration;
mod detect;
mod engine;
mod error;
mod manifest;
mod nets;
mod prelu;
mod quality;
mod template;

pub use self::{
    calibration::{Basis, Calibration, CalibrationError, Fmr, LikelihoodRatio, Tail, Threshold},
    detect::Detection,
    engine::{FaceEngine, Source},
    error::FaceError,
    manifest::{Channels, Embedding, Input, Manifest, ManifestError, Manifests, Role, ValueError},
    nets::{ModelError, Net},
    quality::{Flaw, Quality},
    template::{FaceSample, FaceTemplate, OtherModel},
};
