//! The pictures of one face that components are measured on.

use zeroize::Zeroizing;

use super::super::{Detection, align::ALIGNED_PX};
use crate::{Image, ImageError};

/// A gray picture, zeroed on drop.
pub(super) struct Gray {
    side: usize,
    values: Zeroizing<Vec<f32>>,
}

impl Gray {
    fn of(image: &Image) -> Self {
        // ITU-R BT.601 luma, as in every JPEG.
        let luma =
            |pixel: &[u8; 3]| 0.114 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.299 * f32::from(pixel[2]);
        let values = Zeroizing::new(image.bgr().as_chunks::<3>().0.iter().map(luma).collect());
        Self { side: image.width() as usize, values }
    }

    /// A pixel; black beyond the edge.
    pub(super) fn at(&self, row: usize, column: usize) -> f32 {
        if column < self.side { self.values.get(row * self.side + column).copied().unwrap_or_default() } else { 0.0 }
    }
}

/// One face as components see it.
pub(super) struct View {
    /// The aligned face.
    pub aligned: Gray,
}

impl View {
    pub(super) fn new(_image: &Image, aligned: &Image, _detection: &Detection) -> Result<Self, ImageError> {
        debug_assert_eq!(aligned.width(), ALIGNED_PX);
        Ok(Self { aligned: Gray::of(aligned) })
    }
}
