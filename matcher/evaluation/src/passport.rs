//! Portraits as chips hold them: a token image (ISO/IEC 19794-5:2005, 9) of 300 x 400 pixels, as JPEG or JPEG 2000, in as
//! few bytes as issuers use (ICAO Doc 9303-11, 15 to 20 kB; from 8 kB in the field).

use anyhow::{Context as _, bail};
use opencv::{
    core::{BORDER_REPLICATE, Mat, MatTraitConstManual as _, MatTraitManual as _, Scalar, Size, Vec3b, Vector},
    imgcodecs, imgproc,
};
use sallyport_matcher::{Image, face::Detection};
use zeroize::{Zeroize as _, Zeroizing};

/// Sides of a token image, and where its eyes are (9.2.3: a quarter of the width apart, at 0.6 of it from above).
const WIDTH: i32 = 300;
const HEIGHT: i32 = 400;
const LEFT_EYE: [f64; 2] = [0.375 * WIDTH as f64 - 1.0, 0.6 * WIDTH as f64 - 1.0];
const EYES: f64 = 0.25 * WIDTH as f64;

/// How the picture is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// JPEG.
    Jpeg,
    /// JPEG 2000.
    Jpeg2000,
}

impl Codec {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::Jpeg2000];

    /// As people say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Jpeg2000 => "JPEG 2000",
        }
    }
}

/// The token image of this face.
pub fn token(image: &Image, face: &Detection) -> anyhow::Result<Image> {
    let [left, right, ..] = face.landmarks.map(|point| point.map(f64::from));
    let (x, y) = (right[0] - left[0], right[1] - left[1]);
    let square = x * x + y * y;
    if square < 1.0 {
        bail!("the eyes are in one place");
    }
    let (a, b) = (EYES * x / square, EYES * y / square);
    let m = [[a, b, LEFT_EYE[0] - a * left[0] - b * left[1]], [-b, a, LEFT_EYE[1] + b * left[0] - a * left[1]]];
    let (m, mut out) = (Mat::from_slice_2d(&m)?, Mat::default());
    let size = Size::new(WIDTH, HEIGHT);
    let how = imgproc::INTER_LINEAR;
    imgproc::warp_affine(&mat(image)?, &mut out, &m, size, how, BORDER_REPLICATE, Scalar::default())?;
    let bytes = Zeroizing::new(out.data_bytes()?.to_vec());
    out.data_bytes_mut()?.zeroize();
    Ok(Image::from_bgr(WIDTH as u32, HEIGHT as u32, bytes)?)
}

/// The best file of at most this many bytes.
pub fn compressed(image: &Image, codec: Codec, bytes_max: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Quality of JPEG; parts in a thousand of the raw size of JPEG 2000.
    let (kind, parameter, mut least, mut most) = match codec {
        Codec::Jpeg => (".jpg", imgcodecs::IMWRITE_JPEG_QUALITY, 1, 100),
        Codec::Jpeg2000 => (".jp2", imgcodecs::IMWRITE_JPEG2000_COMPRESSION_X1000, 1, 999),
    };
    let mat = mat(image)?;
    let mut best = None;
    while least <= most {
        let value = (least + most) / 2;
        let mut file = Vector::<u8>::new();
        let parameters = Vector::from_slice(&[parameter, value]);
        let encoded = imgcodecs::imencode(kind, &mat, &mut file, &parameters)?;
        if encoded && file.len() <= bytes_max {
            best = Some(Zeroizing::new(file.as_slice().to_vec()));
            least = value + 1;
        } else {
            most = value - 1;
        }
        file.as_mut_slice().zeroize();
    }
    best.with_context(|| format!("no {} file of {bytes_max} bytes shows this face", codec.name()))
}

fn mat(image: &Image) -> opencv::Result<opencv::boxed_ref::BoxedRef<'_, Mat>> {
    Mat::new_rows_cols_with_bytes::<Vec3b>(image.height() as i32, image.width() as i32, image.bgr())
}
