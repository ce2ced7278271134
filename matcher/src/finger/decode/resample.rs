//! From a sensor's resolution to 500 dpi.

use opencv::{
    core::{BORDER_REPLICATE, Mat, MatTraitConstManual as _, Size},
    imgproc,
};
use zeroize::Zeroizing;

use super::{Density, Gray};
use crate::{
    ImageError,
    finger::{DPI, FingerError, FingerImage},
    image::wipe,
};

/// A resolution this near to 500 dpi, as a part of it, is taken for it: skin stretches more from one touch to the next,
/// and interpolating only blurs. 19.7 pixels a millimeter are 500.38 dpi.
const SAME: f64 = 0.005;
/// Blur of a pixel's own area, as the standard deviation of a Gaussian in pixels. Shrinking by `s` needs the blur that
/// makes 0.5 s of it, 0.5 sqrt(s^2 - 1): from 1,000 dpi that is 0.87 pixels, where NIST SP 500-306 found 0.85 best.
const PIXEL_SIGMA: f64 = 0.5;

pub(super) fn to_500_dpi(gray: Gray, density: Density, sides: (u32, u32)) -> Result<FingerImage, FingerError> {
    let near = |dpi: f64| (dpi / f64::from(DPI) - 1.0).abs() <= SAME;
    if near(density.x) && near(density.y) {
        return FingerImage::new(gray.width, gray.height, gray.gray);
    }
    Ok(resized(&gray, density, sides).map_err(ImageError::from)??)
}

fn resized(gray: &Gray, density: Density, sides: (u32, u32)) -> opencv::Result<Result<FingerImage, FingerError>> {
    let mat = Mat::new_rows_cols_with_bytes::<u8>(gray.height as i32, gray.width as i32, &gray.gray)?;
    let sigma = |dpi: f64| PIXEL_SIGMA * ((dpi / f64::from(DPI)).powi(2) - 1.0).max(0.0).sqrt();
    let (x, y) = (sigma(density.x), sigma(density.y));
    let mut smooth = Mat::default();
    // OpenCV takes a deviation of zero for "choose one", so a side that is not shrunk gets a kernel of one pixel.
    let kernel = |sigma: f64| if sigma > 0.0 { 2 * (4.0 * sigma).ceil() as i32 + 1 } else { 1 };
    let (kernel, x, y) = (Size::new(kernel(x), kernel(y)), x.max(f64::MIN_POSITIVE), y.max(f64::MIN_POSITIVE));
    let blurred = imgproc::gaussian_blur(&mat, &mut smooth, kernel, x, y, BORDER_REPLICATE);
    let mut out = Mat::default();
    let size = Size::new(sides.0 as i32, sides.1 as i32);
    let scaled = blurred.and_then(|()| imgproc::resize(&smooth, &mut out, size, 0.0, 0.0, imgproc::INTER_CUBIC));
    wipe(&mut smooth);
    let bytes = scaled.and_then(|()| Ok(Zeroizing::new(out.data_bytes()?.to_vec())));
    wipe(&mut out);
    Ok(FingerImage::new(sides.0, sides.1, bytes?))
}
