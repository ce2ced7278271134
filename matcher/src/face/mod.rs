//! Faces: detection (YuNet), alignment, quality, embedding (SFace), comparison.

mod align;
mod detect;
mod engine;
mod error;
mod fusion;
mod landmarks;
mod nets;
mod prelu;
mod quality;
mod template;
mod threshold;
mod track;

pub use self::{
    detect::Detection,
    engine::{FaceEngine, MODEL, Source},
    error::FaceError,
    fusion::{Added, FUSED_MOST, Fused, Fusion, FusionError},
    nets::{ModelError, Net},
    quality::{Component, Flaw, Guidance, Measure, Quality},
    template::{EMBEDDING_LENGTH, FaceSample, FaceTemplate},
    threshold::{Fmr, threshold},
    track::{Region, Seen, TrackEvent, TrackId, Tracker, Zone},
};
