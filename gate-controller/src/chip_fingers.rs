//! Fingerprints of a document's chip as pictures for the matcher: chips and matcher do not know each other.

use sallyport_emrtd::lds;
use sallyport_matcher::finger::{DPI, FingerError, FingerImage, Raw, Resolution};

/// The picture of one fingerprint of DG3.
///
/// The record's resolution counts; where it says none, that of the picture inside, and else 500 dpi, the least that
/// documents hold (ISO/IEC 19794-4:2005, table 1, setting level 31).
pub fn picture(finger: &lds::FingerImage) -> Result<FingerImage, FingerError> {
    let recorded = finger.pixels_per_inch.map(f64::from);
    match finger.format {
        lds::FingerFormat::Raw | lds::FingerFormat::PackedRaw => {
            let (width, height) = finger.size.ok_or_else(|| {
                FingerError::Size("the record does not say the picture's sides: have the document replaced".to_owned())
            })?;
            let raw = Raw {
                width: width.into(),
                height: height.into(),
                bits_per_pixel: finger.bits_per_pixel.unwrap_or(8),
                packed: finger.format == lds::FingerFormat::PackedRaw,
            };
            FingerImage::from_raw(raw, recorded.unwrap_or(f64::from(DPI)), &finger.bytes)
        }
        _ => {
            let resolution = recorded.map_or(Resolution::OfFileOr(f64::from(DPI)), Resolution::Known);
            FingerImage::decode(&finger.bytes, resolution)
        }
    }
}
