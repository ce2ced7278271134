//! YuNet: one pass at the input's size, decoded as OpenCV's FaceDetectorYN does.

use tract_onnx::prelude::*;

use super::{FaceError, align::planes, manifest::Input, nets::Net};
use crate::Image;

const STRIDES: [usize; 3] = [8, 16, 32];
/// As OpenCV's sample for the net.
const SCORE_MIN: f32 = 0.6;
const OVERLAP_MAX: f32 = 0.3;

/// A face found.
#[derive(Debug, Clone, Copy)]
pub struct Detection {
    /// Left, in pixels of the picture.
    pub left: f32,
    /// Top.
    pub top: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Eyes, nose, mouth corners; those at the picture's left first.
    pub landmarks: [[f32; 2]; 5],
    /// The detector's confidence (0..=1).
    pub confidence: f32,
}

impl Detection {
    /// Distance between the eyes, in pixels.
    pub fn eyes_px(&self) -> f32 {
        let [a, b, ..] = self.landmarks;
        (a[0] - b[0]).hypot(a[1] - b[1])
    }

    /// Area less twice the squared distance from the picture's center, in square pixels.
    pub(super) fn prominence(&self, width: u32, height: u32) -> f32 {
        let from_center =
            (self.left + (self.width - width as f32) / 2.0).hypot(self.top + (self.height - height as f32) / 2.0);
        self.width * self.height - 2.0 * from_center.powi(2)
    }

    fn overlap(&self, other: &Self) -> f32 {
        let span = |a: f32, a_size: f32, b: f32, b_size: f32| ((a + a_size).min(b + b_size) - a.max(b)).max(0.0);
        let both =
            span(self.left, self.width, other.left, other.width) * span(self.top, self.height, other.top, other.height);
        both / (self.width * self.height + other.width * other.height - both).max(f32::EPSILON)
    }
}

pub(super) fn detect(net: &Net, input: &Input, image: &Image) -> Result<Vec<Detection>, FaceError> {
    let failed = |error: TractError| FaceError::Inference(format!("{error:#}"));
    let scale = (input.width as f32 / image.width() as f32).min(input.height as f32 / image.height() as f32);
    let sized = |side: u32, most: u32| ((side as f32 * scale).round() as u32).clamp(1, most);
    let small = image.resized(sized(image.width(), input.width), sized(image.height(), input.height))?;
    let outputs = net.run(planes(&small, input).map_err(failed)?).map_err(failed)?;
    let output = |name: String| -> Result<Vec<f32>, FaceError> {
        let at = net.outputs.iter().position(|output| *output == name);
        let value = at.and_then(|at| outputs.get(at));
        let value = value.ok_or_else(|| FaceError::Inference(format!("the detector has no output {name}")))?;
        Ok(value.to_plain_array_view::<f32>().map_err(failed)?.iter().copied().collect())
    };
    let mut found = Vec::new();
    for stride in STRIDES {
        let class = output(format!("cls_{stride}"))?;
        let object = output(format!("obj_{stride}"))?;
        let boxes = output(format!("bbox_{stride}"))?;
        let points = output(format!("kps_{stride}"))?;
        let columns = input.width as usize / stride;
        let cells = class.iter().zip(&object).zip(boxes.as_chunks::<4>().0).zip(points.as_chunks::<10>().0);
        for (at, (((class, object), bounds), points)) in cells.enumerate() {
            let confidence = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if confidence < SCORE_MIN {
                continue;
            }
            let (column, row, stride) = ((at % columns) as f32, (at / columns) as f32, stride as f32);
            let place = |offset: f32, cell: f32| (cell + offset) * stride / scale;
            let (width, height) = (bounds[2].exp() * stride / scale, bounds[3].exp() * stride / scale);
            let mut landmarks = [[0.0; 2]; 5];
            for (landmark, offset) in landmarks.iter_mut().zip(points.as_chunks::<2>().0) {
                *landmark = [place(offset[0], column), place(offset[1], row)];
            }
            found.push(Detection {
                left: place(bounds[0], column) - width / 2.0,
                top: place(bounds[1], row) - height / 2.0,
                width,
                height,
                landmarks,
                confidence,
            });
        }
    }
    Ok(suppress(found))
}

/// Keeps the best of overlapping detections; the largest face first.
fn suppress(mut found: Vec<Detection>) -> Vec<Detection> {
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut kept: Vec<Detection> = Vec::new();
    for face in found {
        if kept.iter().all(|other| other.overlap(&face) <= OVERLAP_MAX) {
            kept.push(face);
        }
    }
    kept.sort_by(|a, b| (b.width * b.height).total_cmp(&(a.width * a.height)));
    kept
}
