//! A net that was trained to tell faces from pictures of faces: used where the folder of nets holds the manifest of one.

use std::{path::Path, sync::Arc};

use tract_onnx::prelude::*;

use super::{Cue, CueName, Evidence, View, recent::Recent, views::Motion};
use crate::face::{
    FaceError, Input, Manifest, ModelError, Net,
    align::{Affine, planes},
    manifest::AttackClasses,
};

/// Frames needed, and how many count.
const FRAMES_MIN: usize = 3;
const FRAMES_MAX: usize = 12;

/// The net, shared by all travelers.
pub(in crate::face) struct AttackNet {
    net: Net,
    input: Input,
    classes: AttackClasses,
}

impl AttackNet {
    /// Loads the net of this manifest in the folder, by hash.
    pub(in crate::face) fn load(folder: &Path, manifest: Manifest, classes: AttackClasses) -> Result<Self, ModelError> {
        let Manifest { name, file, sha256, input, .. } = manifest;
        let net = Net::load(&folder.join(file), &sha256, [1, 3, input.height as usize, input.width as usize])?;
        if let Some(found) = net.output_length().filter(|&found| found != classes.count) {
            return Err(ModelError::Classes { model: name, expected: classes.count, found });
        }
        Ok(Self { net, input, classes })
    }

    /// How probable it is to the net that this is no living face, 0 to 1; `None` of a face that has no size.
    fn suspicion(&self, view: &View<'_>) -> Result<Option<f32>, FaceError> {
        let Some(m) = self.part_of(view) else { return Ok(None) };
        let failed = |error: TractError| FaceError::Inference(format!("{error:#}"));
        let part = view.image.warped(m, self.input.width, self.input.height)?;
        let outputs = self.net.run(planes(&part, &self.input).map_err(failed)?).map_err(failed)?;
        let output = outputs.first().ok_or_else(|| FaceError::Inference("no output".into()))?;
        let logits = output.to_plain_array_view::<f32>().map_err(failed)?;
        let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let shares: Vec<f32> = logits.iter().map(|logit| (logit - most).exp()).collect();
        let live = shares.get(self.classes.live).copied().unwrap_or(0.0);
        Ok(Some(1.0 - live / shares.iter().sum::<f32>()))
    }

    /// The map from the frame to the input: a square around the face, of the size that the net was trained on.
    fn part_of(&self, view: &View<'_>) -> Option<Affine> {
        let face = view.detection;
        let side = f64::from(self.classes.scale * face.width.max(face.height));
        let axis = |start: f32, length: f32, pixels: u32| {
            let by = f64::from(pixels) / side;
            let first = f64::from(start + length / 2.0) - side / 2.0;
            (by, -first * by)
        };
        let ((across, left), (down, top)) =
            (axis(face.left, face.width, self.input.width), axis(face.top, face.height, self.input.height));
        let m = [[across, 0.0, left], [0.0, down, top]];
        (side > 0.0 && m.iter().flatten().all(|value| value.is_finite())).then_some(m)
    }
}

/// See the module.
pub(super) struct TrainedNet {
    net: Arc<AttackNet>,
    suspicions: Recent<FRAMES_MAX>,
}

impl TrainedNet {
    pub(super) fn new(net: Arc<AttackNet>) -> Self {
        Self { net, suspicions: Recent::default() }
    }
}

impl Cue for TrainedNet {
    fn name(&self) -> CueName {
        CueName::TrainedNet
    }

    fn look(&mut self, view: &View<'_>, _: &[Motion]) -> Result<(), FaceError> {
        self.suspicions.extend(self.net.suspicion(view)?.map(f64::from));
        Ok(())
    }

    fn evidence(&self) -> Option<Evidence> {
        self.suspicions.median(FRAMES_MIN).map(|suspicion| Evidence { score: suspicion as f32, vouches: true })
    }

    fn forget(&mut self) {
        self.suspicions.clear();
    }
}
