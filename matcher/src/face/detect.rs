//! YuNet: one pass at the size that the picture or the part of it needs, decoded as OpenCV's FaceDetectorYN does.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tract_onnx::prelude::*;
use zeroize::Zeroizing;

use super::{FaceError, ModelError, Region, align::planes, manifest::Input};
use crate::{
    Image,
    nets::{Model, Net, Order},
};

/// Sides of the net's input are multiples of its largest stride.
const SIDE_STEP_PX: u32 = 32;
/// Longest side to which a part of a frame is scaled: a face that fills half of it is as large there as one that fills a
/// third of a whole frame at 320 pixels, for a third of the arithmetic.
const PART_PX_MAX: u32 = 192;
/// Most sizes that are kept ready: those of three cameras' frames, of parts of them, and of documents' portraits.
const SIZES_MAX: usize = 12;

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

/// The net for pictures up to the size in its manifest, and for smaller ones or other proportions.
pub(super) struct Detector {
    /// At the manifest's size.
    pub(super) full: Arc<Net>,
    input: Input,
    model: Model,
    /// Prepared as they are first needed, the latest first; none where the net does not go with a size.
    sizes: Mutex<Vec<Size>>,
}

/// Width and height, and the net for them.
type Size = ([u32; 2], Option<Arc<Net>>);

impl Detector {
    /// Loads it, by hash.
    pub(super) fn load(path: &Path, sha256: &str, input: Input) -> Result<Self, ModelError> {
        let model = Model::read(path, sha256, Order::ChannelsFirst)?;
        let full = Arc::new(Net::of(&model, [1, 3, input.height as usize, input.width as usize])?);
        Ok(Self { full, input, model, sizes: Mutex::default() })
    }

    /// All faces of the picture, largest first.
    pub(super) fn detect(&self, image: &Image) -> Result<Vec<Detection>, FaceError> {
        self.detect_at(image, f32::INFINITY)
    }

    /// All faces of this part of the picture, largest first, where they lie in the whole picture.
    pub(super) fn detect_within(&self, image: &Image, region: &Region) -> Result<Vec<Detection>, FaceError> {
        let Some((left, top, part)) = cut(image, region)? else { return Ok(Vec::new()) };
        let scale = (PART_PX_MAX as f32 / part.width().max(part.height()) as f32).min(1.0);
        let mut found = self.detect_at(&part, scale)?;
        for face in &mut found {
            (face.left, face.top) = (face.left + left, face.top + top);
            face.landmarks = face.landmarks.map(|[x, y]| [x + left, y + top]);
        }
        Ok(found)
    }

    fn detect_at(&self, image: &Image, scale_max: f32) -> Result<Vec<Detection>, FaceError> {
        let failed = |error: TractError| FaceError::Inference(format!("{error:#}"));
        let Input { width, height, .. } = self.input;
        let fitting = (width as f32 / image.width() as f32).min(height as f32 / image.height() as f32);
        let scale = fitting.min(scale_max);
        let sized = |side: u32, most: u32| ((side as f32 * scale).round() as u32).clamp(1, most);
        let small = image.resized(sized(image.width(), width), sized(image.height(), height))?;
        let whole = |side: u32, most: u32| side.next_multiple_of(SIDE_STEP_PX).min(most);
        let (net, width, height) = self.net(whole(small.width(), width), whole(small.height(), height));
        let input = Input { width, height, ..self.input.clone() };
        let outputs = net.run(planes(&small, &input).map_err(failed)?).map_err(failed)?;
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
            let columns = width as usize / stride;
            let cells = class.iter().zip(&object).zip(boxes.as_chunks::<4>().0).zip(points.as_chunks::<10>().0);
            for (at, (((class, object), bounds), points)) in cells.enumerate() {
                let confidence = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
                if confidence >= SCORE_MIN {
                    let cell = [(at % columns) as f32, (at / columns) as f32];
                    found.push(decode(cell, stride as f32 / scale, bounds, points, confidence));
                }
            }
        }
        Ok(suppress(found))
    }

    /// The net for this size, or for the full one.
    fn net(&self, width: u32, height: u32) -> (Arc<Net>, u32, u32) {
        let full = || (self.full.clone(), self.input.width, self.input.height);
        if (width, height) == (self.input.width, self.input.height) {
            return full();
        }
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sizes.iter().position(|(size, _)| *size == [width, height]);
        let entry = match known {
            Some(at) => sizes.remove(at),
            None => ([width, height], self.prepare(width, height).map(Arc::new)),
        };
        let net = entry.1.clone();
        sizes.insert(0, entry);
        sizes.truncate(SIZES_MAX);
        net.map_or_else(full, |net| (net, width, height))
    }

    /// None where the net's file is made for one size only.
    fn prepare(&self, width: u32, height: u32) -> Option<Net> {
        let net = Net::of(&self.model, [1, 3, height as usize, width as usize]).ok()?;
        let cells = |stride: usize| (width as usize / stride) * (height as usize / stride);
        STRIDES.iter().all(|&stride| net.length_of(&format!("cls_{stride}")) == Some(cells(stride))).then_some(net)
    }
}

/// What the net says of the cell in this column and row, of so many pixels of the picture.
fn decode([column, row]: [f32; 2], cell_px: f32, bounds: &[f32; 4], points: &[f32; 10], confidence: f32) -> Detection {
    let place = |offset: f32, cell: f32| (cell + offset) * cell_px;
    let (width, height) = (bounds[2].exp() * cell_px, bounds[3].exp() * cell_px);
    let mut landmarks = [[0.0; 2]; 5];
    for (landmark, offset) in landmarks.iter_mut().zip(points.as_chunks::<2>().0) {
        *landmark = [place(offset[0], column), place(offset[1], row)];
    }
    let (left, top) = (place(bounds[0], column) - width / 2.0, place(bounds[1], row) - height / 2.0);
    Detection { left, top, width, height, landmarks, confidence }
}

/// The part of the picture, and where it begins; none if nothing of it lies in the picture.
fn cut(image: &Image, region: &Region) -> Result<Option<(f32, f32, Image)>, FaceError> {
    let span = |from: f32, length: f32, most: u32| {
        let end = (from + length).ceil().clamp(0.0, most as f32) as u32;
        let begin = from.floor().clamp(0.0, most as f32) as u32;
        (begin, end.saturating_sub(begin))
    };
    let (left, width) = span(region.left, region.width, image.width());
    let (top, height) = span(region.top, region.height, image.height());
    if width == 0 || height == 0 {
        return Ok(None);
    }
    let rows = image.bgr().chunks_exact(3 * image.width() as usize).skip(top as usize).take(height as usize);
    let mut bgr = Zeroizing::new(Vec::with_capacity(3 * width as usize * height as usize));
    for row in rows {
        bgr.extend_from_slice(
            row.get(3 * left as usize..).and_then(|row| row.get(..3 * width as usize)).unwrap_or(row),
        );
    }
    Ok(Some((left as f32, top as f32, Image::from_bgr(width, height, bgr)?)))
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
