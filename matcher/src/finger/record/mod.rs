//! Minutiae from and for others: ISO/IEC 19794-2:2005 and :2011, ANSI/INCITS 378-2004.
//!
//! Records come from chips, other vendors' devices and other countries: any bytes give views or a typed error. What a
//! record holds beside its minutiae (ridge counts, cores and deltas, vendors' own data) is passed over.

mod edition_2005;
mod edition_2011;
mod fields;

use zeroize::Zeroizing;

use super::MinutiaTemplate;

/// Longest record that is read, in bytes: ten fingers with two views of 255 minutiae each, and as much again.
pub const RECORD_BYTES_MAX: usize = 64 << 10;
/// Most views of a record that are read.
pub const VIEWS_MOST: usize = 20;
/// Resolutions that are read, in pixels a centimeter: 250 to 1,000 dpi.
const RESOLUTIONS: std::ops::RangeInclusive<u16> = 98..=394;
/// 500 dpi are 196.85 pixels a centimeter, which some write as 196.
const OURS: [u16; 2] = [197, 196];

/// Which standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// ISO/IEC 19794-2:2005, record format (version 2.0).
    Iso2005,
    /// ISO/IEC 19794-2:2011 (version 3.0).
    Iso2011,
    /// ANSI/INCITS 378-2004 (also version 2.0).
    Ansi2004,
}

impl Format {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Iso2005, Self::Iso2011, Self::Ansi2004];
}

/// Which finger (ISO/IEC 19794-2:2005, table 2; the other standards number alike).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Position {
    #[default]
    Unknown,
    RightThumb,
    RightIndex,
    RightMiddle,
    RightRing,
    RightLittle,
    LeftThumb,
    LeftIndex,
    LeftMiddle,
    LeftRing,
    LeftLittle,
}

impl Position {
    /// Every one, by its number.
    pub const ALL: [Self; 11] = [
        Self::Unknown,
        Self::RightThumb,
        Self::RightIndex,
        Self::RightMiddle,
        Self::RightRing,
        Self::RightLittle,
        Self::LeftThumb,
        Self::LeftIndex,
        Self::LeftMiddle,
        Self::LeftRing,
        Self::LeftLittle,
    ];
}

/// How the impression was made (ISO/IEC 19794-2:2005, table 3): four bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Impression {
    /// Laid upon a sensor.
    #[default]
    LivePlain,
    /// Rolled over a sensor.
    LiveRolled,
    /// From a card, plain.
    NonlivePlain,
    /// From a card, rolled.
    NonliveRolled,
    /// Drawn across a narrow sensor.
    Swipe,
    /// Another, or not known.
    Other,
}

/// Numbers of the impressions that have a name here; 2011 knows more than four bits hold.
const IMPRESSIONS: [(u8, Impression); 5] = [
    (0, Impression::LivePlain),
    (1, Impression::LiveRolled),
    (2, Impression::NonlivePlain),
    (3, Impression::NonliveRolled),
    (8, Impression::Swipe),
];

/// One impression in a record.
#[derive(Debug)]
pub struct View {
    /// Which finger.
    pub position: Position,
    /// How it was made.
    pub impression: Impression,
    /// Of the picture, 0 to 100, if it is told.
    pub quality: Option<u8>,
    /// Its minutiae.
    pub template: MinutiaTemplate,
}

/// Why bytes are no record, or views do not fit into one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Not `FMR`, or of an edition that is not known.
    #[error("these bytes are no minutiae of ISO/IEC 19794-2:2005, :2011 or ANSI/INCITS 378-2004: ask for one of them")]
    Format,
    /// Less than there should be.
    #[error("the record is cut short: send all of it")]
    Truncated,
    /// The lengths contradict each other.
    #[error("the record says that it has {said} bytes, and has {found}: was it altered on its way?")]
    Length {
        /// By its header.
        said: usize,
        /// By counting.
        found: usize,
    },
    /// Longer than any person's fingers need.
    #[error("the record has {0} bytes, at most {RECORD_BYTES_MAX} are read: send fewer views")]
    Size(usize),
    /// None, or more than fingers.
    #[error("the record has {0} views, 1 to {VIEWS_MOST} are taken: send the best of each finger")]
    Views(usize),
    /// Not a finger.
    #[error("finger position {0} is no single finger: send one finger a view")]
    Position(u8),
    /// A resolution of no fingerprint sensor.
    #[error(
        "the record says {0} pixels a centimeter, 98 to 394 (250 to 1,000 dpi) are taken: have its writer state them"
    )]
    Resolution(u16),
    /// A picture of no pixels, or one too large for a record.
    #[error("the record's picture has {0} x {1} pixels: 1 to 16,383 a side can be said, at 500 dpi too")]
    Sides(u32, u32),
    /// Minutiae that are neither five nor six bytes long.
    #[error("minutiae of {0} bytes: only 5 and 6 are known")]
    MinutiaLength(u8),
    /// What ISO/IEC 19794-2:2005 and ANSI/INCITS 378-2004 can say only once.
    #[error("views of pictures of different sizes do not fit into one record of this format: write one record a view")]
    Different,
}

/// Reads a record of any of the formats.
pub fn read(bytes: &[u8]) -> Result<(Format, Vec<View>), RecordError> {
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(RecordError::Size(bytes.len()));
    }
    match bytes {
        [b'F', b'M', b'R', 0, b' ', b'2', b'0', 0, rest @ ..] => edition_2005::read(bytes.len(), rest),
        [b'F', b'M', b'R', 0, b'0', b'3', b'0', 0, rest @ ..] => {
            Ok((Format::Iso2011, edition_2011::read(bytes.len(), rest)?))
        }
        _ => Err(RecordError::Format),
    }
}

/// Writes a record of one or more views, at 500 dpi.
pub fn write(views: &[&View], format: Format) -> Result<Zeroizing<Vec<u8>>, RecordError> {
    if views.is_empty() || views.len() > VIEWS_MOST {
        return Err(RecordError::Views(views.len()));
    }
    match format {
        Format::Iso2005 | Format::Ansi2004 => edition_2005::write(views, format),
        Format::Iso2011 => edition_2011::write(views),
    }
}

#[cfg(test)]
mod tests;
