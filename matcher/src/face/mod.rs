//! Faces: detection, alignment, quality, embedding, comparison. The nets are those of the manifests in a folder; by
//! default YuNet and SFace.

mod align;
mod detect;
mod engine;
mod error;
mod fusion;
mod landmarks;
mod liveness;
pub(crate) mod manifest;
mod quality;
mod template;
mod track;

pub use self::{
    detect::Detection,
    engine::{AlignedFace, FaceEngine, Source},
    error::FaceError,
    fusion::{Added, FUSED_MOST, Fused, Fusion, FusionError},
    liveness::{Cue, CueName, Evidence, Liveness, Motion, PadPolicy, Verdict, View},
    manifest::{
        AttackClasses, Channels, Embedding, Input, Magnitude, Manifest, ManifestError, Manifests, Role, ValueError,
    },
    quality::{Component, Flaw, Guidance, Measure, Quality},
    template::{FaceSample, FaceTemplate, OtherModel},
    track::{Region, Seen, TrackEvent, TrackId, Tracker, Zone},
};
pub use crate::calibration::{Basis, Calibration, CalibrationError, Fmr, LikelihoodRatio, Tail, Threshold};
pub use crate::nets::{ModelError, Net, NetInput, NodeTime};
