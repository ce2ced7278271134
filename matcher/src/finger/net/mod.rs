//! The thorough extractor: a net by manifest, by default LEADER (Cappelli et al., arXiv 2602.15493), which gives for each
//! pixel of a picture whether a minutia is there, of which kind, and its direction.

mod manifest;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tract_onnx::prelude::*;
use zeroize::Zeroizing;

pub use self::manifest::{MinutiaeManifest, NetInputManifest, NetManifest};
use super::{Extractor, FingerError, FingerImage, Kind, Minutia, MinutiaTemplate};
use crate::nets::{Model, ModelError, Net, Order};

/// Most sizes of pictures that are kept ready: those of a few sensors and cards.
const SIZES_MAX: usize = 4;
/// Least standard deviation of brightness in a picture that shows something.
const BLANK_DEVIATION: f32 = 4.0;
/// Fewer minutiae make no template: nothing can be aligned by them.
const MINUTIAE_LEAST: usize = 4;
/// Planes of the output.
const PLANES: usize = 4;

/// A net that finds minutiae.
pub struct NetExtractor {
    manifest: NetManifest,
    model: Model,
    /// Prepared as they are first needed, the latest first: height and width, and the net for them.
    sizes: Mutex<Vec<([usize; 2], Arc<Net>)>>,
}

impl NetExtractor {
    /// Loads the net whose manifest is in this folder, by hash. It is prepared for a size of picture when the first one
    /// comes, or by [`net`](Self::net).
    pub fn load(models: &Path) -> Result<Self, ModelError> {
        let manifest = NetManifest::read(models)?;
        let model = Model::read(&models.join(&manifest.file), &manifest.sha256, Order::ChannelsLast)?;
        Ok(Self { manifest, model, sizes: Mutex::default() })
    }

    /// The net for pictures of this size, and the height and width of its input.
    pub fn net(&self, width: u32, height: u32) -> Result<(Arc<Net>, [usize; 2]), ModelError> {
        let size = [height, width].map(|side| side.next_multiple_of(self.manifest.input.multiple) as usize);
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = match sizes.iter().position(|(known, _)| *known == size) {
            Some(at) => sizes.remove(at),
            None => (size, Arc::new(self.prepare(size)?)),
        };
        let net = entry.1.clone();
        sizes.insert(0, entry);
        sizes.truncate(SIZES_MAX);
        Ok((net, size))
    }

    fn prepare(&self, [height, width]: [usize; 2]) -> Result<Net, ModelError> {
        let net = Net::of(&self.model, [1, 1, height, width])?;
        if net.output_length() != Some(PLANES * height * width) {
            return Err(ModelError::Prepare(format!(
                "{:?} values come out of {width} x {height}",
                net.output_length()
            )));
        }
        Ok(net)
    }
}

impl Extractor for NetExtractor {
    fn name(&self) -> &str {
        &self.manifest.name
    }

    fn extract(&self, image: &FingerImage) -> Result<MinutiaTemplate, FingerError> {
        if deviation(image.gray()) < BLANK_DEVIATION {
            return Err(FingerError::Blank);
        }
        let failed = |error: TractError| FingerError::Inference(format!("{error:#}"));
        let (net, size) =
            self.net(image.width(), image.height()).map_err(|error| FingerError::Inference(error.to_string()))?;
        let frame = Frame::around(image, size);
        let outputs = net.run(frame.input(image, &self.manifest.input).map_err(failed)?).map_err(failed)?;
        let output = outputs.first().ok_or_else(|| FingerError::Inference("no output".into()))?;
        let planes = output.try_as_plain_ram().map_err(failed)?;
        let minutiae = frame.minutiae(planes.as_slice::<f32>().map_err(failed)?, &self.manifest.minutiae);
        if minutiae.len() < MINUTIAE_LEAST {
            return Err(FingerError::TooFew { found: minutiae.len(), least: MINUTIAE_LEAST });
        }
        Ok(MinutiaTemplate::new(image.width(), image.height(), minutiae))
    }
}

/// Standard deviation of brightness.
fn deviation(gray: &[u8]) -> f32 {
    let (sum, squares) = gray.iter().fold((0u64, 0u64), |(sum, squares), &value| {
        (sum + u64::from(value), squares + u64::from(value) * u64::from(value))
    });
    let many = gray.len().max(1) as f64;
    let mean = sum as f64 / many;
    (squares as f64 / many - mean * mean).max(0.0).sqrt() as f32
}

/// Where a picture lies in the net's input: in the middle.
#[derive(Debug, Clone, Copy)]
struct Frame {
    rows: usize,
    columns: usize,
    above: usize,
    left: usize,
    width: usize,
    height: usize,
}

impl Frame {
    fn around(image: &FingerImage, [rows, columns]: [usize; 2]) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (above, left) = (rows.saturating_sub(height) / 2, columns.saturating_sub(width) / 2);
        Self { rows, columns, above, left, width, height }
    }

    /// The picture as values; around it goes the value of its first pixel, as in afis.
    fn input(&self, image: &FingerImage, input: &NetInputManifest) -> TractResult<Tensor> {
        let value = |pixel: u8| (f32::from(pixel) - input.mean) * input.scale;
        let mut tensor = Tensor::zero::<f32>(&[1, 1, self.rows, self.columns])?;
        let mut values = tensor.try_as_plain_ram_mut()?;
        let values = values.as_slice_mut::<f32>()?;
        values.fill(value(image.gray().first().copied().unwrap_or(u8::MAX)));
        let inner = values.chunks_exact_mut(self.columns).skip(self.above);
        for (row, pixels) in inner.zip(image.gray().chunks_exact(self.width)) {
            row.iter_mut().skip(self.left).zip(pixels).for_each(|(to, pixel)| *to = value(*pixel));
        }
        Ok(tensor)
    }

    /// Minutiae where quality is enough.
    fn minutiae(&self, planes: &[f32], least: &MinutiaeManifest) -> Zeroizing<Vec<Minutia>> {
        let plane = |at: usize| planes.chunks_exact(self.rows * self.columns).nth(at).unwrap_or_default();
        let (direction, ending, quality) = (plane(1), plane(2), plane(3));
        let mut found = Zeroizing::new(Vec::new());
        for (at, ((quality, direction), ending)) in quality.iter().zip(direction).zip(ending).enumerate() {
            let (row, column) = (at / self.columns, at % self.columns);
            let (y, x) = (row.wrapping_sub(self.above), column.wrapping_sub(self.left));
            if *quality >= least.quality_min && x < self.width && y < self.height {
                found.push(Minutia {
                    x: x as f32,
                    y: y as f32,
                    direction: *direction,
                    kind: if *ending >= least.ending_min { Kind::Ending } else { Kind::Bifurcation },
                    quality: (quality * 100.0).round().clamp(0.0, 100.0) as u8,
                });
            }
        }
        found
    }
}
