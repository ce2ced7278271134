//! Faces: detection (YuNet), alignment, quality, embedding (SFace), comparison.

mod align;
mod detect;
mod engine;
mod error;
mod nets;
mod quality;
mod template;
mod threshold;

pub use self::{
    detect::Detection,
    engine::{FaceEngine, MODEL, Source},
    error::FaceError,
    nets::{ModelError, Net, NodeTime},
    quality::{Flaw, Quality},
    template::{EMBEDDING_LENGTH, FaceSample, FaceTemplate},
    threshold::{Fmr, threshold},
};
