//! Pictures in memory: decoded by OpenCV, zeroed when dropped.

use opencv::{
    core::{BORDER_REPLICATE, Mat, MatTraitConst as _, MatTraitConstManual as _, Scalar, Size, Vec3b, Vector},
    imgcodecs, imgproc,
};
use zeroize::{Zeroize as _, Zeroizing};

use crate::header::{self, Orientation};

/// Longest side accepted, in pixels; DG2 portraits and gate cameras are far below.
pub const SIDE_PX_MAX: u32 = 8_192;
/// Most pixels accepted: sixteen megapixels, whatever the sides.
pub const PIXELS_MAX: u64 = 16 << 20;
/// Longest file accepted, in bytes.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// Why bytes are no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Neither JPEG, JPEG 2000 nor PNG.
    #[error("the picture is neither JPEG, JPEG 2000 nor PNG")]
    Format,
    /// The file ends early.
    #[error("the picture is cut short: send the whole file")]
    Truncated,
    /// It cannot be decoded.
    #[error("the picture cannot be decoded: {0}")]
    Decode(String),
    /// It cannot be encoded.
    #[error("the picture cannot be encoded as JPEG: is memory short?")]
    Encode,
    /// Too many bytes or pixels, or none.
    #[error("the picture has {0}: at most {SIDE_PX_MAX} a side, {PIXELS_MAX} in all and {FILE_BYTES_MAX} bytes")]
    Size(String),
}

impl From<opencv::Error> for ImageError {
    fn from(error: opencv::Error) -> Self {
        Self::Decode(error.message)
    }
}

/// A color picture: rows of 8-bit blue, green, red, without padding. Zeroed on drop; neither cloned nor printed.
pub struct Image {
    width: u32,
    height: u32,
    bgr: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} x {})", self.width, self.height)
    }
}

impl Image {
    /// Decodes a JPEG, JPEG 2000 or PNG file, whatever its colors (gray, palette, CMYK, YCCK, 16 bits a channel), turned
    /// as its Exif asks. Of an animated PNG it takes the picture that other readers show; other moving formats are none
    /// of ours.
    pub fn decode(file: &[u8]) -> Result<Self, ImageError> {
        if file.len() > FILE_BYTES_MAX {
            return Err(ImageError::Size(format!("{} bytes", file.len())));
        }
        // OpenCV allocates by the header, and its own limits are gigabytes.
        let header = header::read(file)?;
        Self::decode_checked(file, (header.width, header.height), header.orientation)
    }

    /// Decodes a file that says it has these sides; whether it is one that OpenCV can be let at, its header has told.
    pub(crate) fn decode_checked(
        file: &[u8],
        (width, height): (u32, u32),
        orientation: Orientation,
    ) -> Result<Self, ImageError> {
        check_sides(width, height)?;
        let mut bytes = Vector::<u8>::from_slice(file);
        // OpenCV would free the picture from before the turn as it is.
        let decoded = imgcodecs::imdecode(&bytes, imgcodecs::IMREAD_COLOR | imgcodecs::IMREAD_IGNORE_ORIENTATION);
        bytes.as_mut_slice().zeroize();
        let mut mat = decoded?;
        let image = Self::from_mat(&mat);
        wipe(&mut mat);
        image.and_then(|image| image.turned(orientation))
    }

    /// Turned as its Exif asks.
    fn turned(self, orientation: Orientation) -> Result<Self, ImageError> {
        if orientation.is_upright() {
            return Ok(self);
        }
        let (columns, rows) = (self.width as usize, self.height as usize);
        let (width, height) = if orientation.transposed { (rows, columns) } else { (columns, rows) };
        let mut bgr = Zeroizing::new(Vec::with_capacity(self.bgr.len()));
        let pixels = self.bgr.as_chunks::<3>().0;
        for y in 0..height {
            let y = if orientation.upside_down { height - 1 - y } else { y };
            for x in 0..width {
                let x = if orientation.mirrored { width - 1 - x } else { x };
                let at = if orientation.transposed { x * columns + y } else { y * columns + x };
                bgr.extend_from_slice(pixels.get(at).ok_or_else(|| ImageError::Decode("rows cut short".into()))?);
            }
        }
        Self::from_bgr(width as u32, height as u32, bgr)
    }

    /// A JPEG file of it, for an officer's screen. What OpenCV hands over is zeroed; the encoder's own work memory, a
    /// few rows at a time, is freed as it is.
    pub fn encode_jpeg(&self) -> Result<Zeroizing<Vec<u8>>, ImageError> {
        let mut bytes = Vector::<u8>::new();
        let encoded = imgcodecs::imencode_def(".jpg", &self.mat()?, &mut bytes);
        let file = Zeroizing::new(bytes.as_slice().to_vec());
        bytes.as_mut_slice().zeroize();
        match encoded? {
            true => Ok(file),
            false => Err(ImageError::Encode),
        }
    }

    /// A picture from rows of blue, green, red.
    pub fn from_bgr(width: u32, height: u32, bgr: Zeroizing<Vec<u8>>) -> Result<Self, ImageError> {
        check_sides(width, height)?;
        if bgr.len() != width as usize * height as usize * 3 {
            return Err(ImageError::Size(format!("{width} x {height} pixels in {} bytes", bgr.len())));
        }
        Ok(Self { width, height, bgr })
    }

    fn from_mat(mat: &Mat) -> Result<Self, ImageError> {
        if mat.empty() {
            return Err(ImageError::Decode("no pixels in it".into()));
        }
        let bytes = Zeroizing::new(mat.data_bytes()?.to_vec());
        Self::from_bgr(mat.cols() as u32, mat.rows() as u32, bytes)
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The rows.
    pub fn bgr(&self) -> &[u8] {
        &self.bgr
    }

    fn mat(&self) -> Result<opencv::boxed_ref::BoxedRef<'_, Mat>, ImageError> {
        Ok(Mat::new_rows_cols_with_bytes::<Vec3b>(self.height as i32, self.width as i32, &self.bgr)?)
    }

    /// Scaled to these sides in pixels.
    pub(crate) fn resized(&self, width: u32, height: u32) -> Result<Self, ImageError> {
        let mut out = Mat::default();
        let size = Size::new(width as i32, height as i32);
        // Averaging when shrinking: bilinear alone would alias.
        let how = if width < self.width { imgproc::INTER_AREA } else { imgproc::INTER_LINEAR };
        imgproc::resize(&self.mat()?, &mut out, size, 0.0, 0.0, how)?;
        let resized = Self::from_mat(&out);
        wipe(&mut out);
        resized
    }

    /// A picture of these sides, of which each pixel `p` comes from `inverse(m) p`; `m` maps this picture's points to
    /// that one's: `[a b tx; c d ty]`. Beyond its edges this picture goes on as it ends there: nets take a black edge
    /// for something to be seen.
    pub(crate) fn warped(&self, m: [[f64; 3]; 2], width: u32, height: u32) -> Result<Self, ImageError> {
        let m = Mat::from_slice_2d(&m)?;
        let mut out = Mat::default();
        let size = Size::new(width as i32, height as i32);
        let how = imgproc::INTER_LINEAR;
        imgproc::warp_affine(&self.mat()?, &mut out, &m, size, how, BORDER_REPLICATE, Scalar::default())?;
        let warped = Self::from_mat(&out);
        wipe(&mut out);
        warped
    }

    /// Four pictures of the same sides in one, row by row.
    pub(crate) fn montage(parts: [[&Self; 2]; 2]) -> Result<Self, ImageError> {
        let mut bgr = Zeroizing::new(Vec::with_capacity(parts.as_flattened().iter().map(|part| part.bgr.len()).sum()));
        for [left, right] in parts {
            let rows = |part: &Self| 3 * part.width as usize;
            for (left, right) in left.bgr.chunks_exact(rows(left)).zip(right.bgr.chunks_exact(rows(right))) {
                bgr.extend_from_slice(left);
                bgr.extend_from_slice(right);
            }
        }
        let [[first, beside], [below, _]] = parts;
        Self::from_bgr(first.width + beside.width, first.height + below.height, bgr)
    }

    /// The brightness of each pixel (ITU-R BT.601 luma, as in every JPEG), row by row.
    pub(crate) fn luma(&self) -> Zeroizing<Vec<f32>> {
        let luma =
            |pixel: &[u8; 3]| 0.114 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.299 * f32::from(pixel[2]);
        Zeroizing::new(self.bgr.as_chunks::<3>().0.iter().map(luma).collect())
    }

    /// Mean and standard deviation of brightness (0..=255).
    pub(crate) fn brightness(&self) -> (f64, f64) {
        // In whole numbers, which the compiler adds many at a time.
        let (sum, squares) = self.bgr.iter().fold((0u64, 0u64), |(sum, squares), &value| {
            (sum + u64::from(value), squares + u64::from(value) * u64::from(value))
        });
        let count = self.bgr.len() as f64;
        let mean = sum as f64 / count;
        (mean, (squares as f64 / count - mean * mean).max(0.0).sqrt())
    }
}

fn check_sides(width: u32, height: u32) -> Result<(), ImageError> {
    let sides = 1..=SIDE_PX_MAX;
    if !sides.contains(&width) || !sides.contains(&height) || u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(ImageError::Size(format!("{width} x {height} pixels")));
    }
    Ok(())
}

/// OpenCV frees its pixels without zeroing them.
pub(crate) fn wipe(mat: &mut Mat) {
    use opencv::core::MatTraitManual as _;
    if let Ok(bytes) = mat.data_bytes_mut() {
        bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn picture() -> Image {
        let bytes = (0..96 * 80 * 3).map(|at| (at % 251) as u8).collect();
        Image::from_bgr(96, 80, Zeroizing::new(bytes)).unwrap()
    }

    fn encoded(extension: &str) -> Vec<u8> {
        let mut file = Vector::<u8>::new();
        imgcodecs::imencode_def(extension, &picture().mat().unwrap(), &mut file).unwrap();
        file.iter().collect()
    }

    #[test]
    fn every_kind_decodes_and_truncation_is_an_error() {
        for extension in [".jpg", ".jp2", ".png"] {
            let file = encoded(extension);
            let image = Image::decode(&file).unwrap();
            assert_eq!((image.width(), image.height()), (96, 80), "{extension}");
        }
        assert_eq!(Image::decode(&encoded(".png")).unwrap().bgr(), picture().bgr());
        let jpeg = encoded(".jpg");
        for end in 3..jpeg.len() - 1 {
            assert!(matches!(Image::decode(&jpeg[..end]), Err(ImageError::Truncated)), "cut at {end}");
        }
        assert!(matches!(Image::decode(b"GIF89a"), Err(ImageError::Format)));
        assert!(matches!(Image::decode(b""), Err(ImageError::Format)));
        assert!(Image::from_bgr(2, 2, Zeroizing::new(vec![0; 11])).is_err());
    }
}
