//! How a camera was held: the orientation tag of Exif (CIPA DC-008-2019, 4.6.4 A), which is a TIFF file inside a segment.
//!
//! Telephones write every photograph as the sensor sees it and note here how it is to be turned. Applicants send such.

/// Which row and column of the picture the first row and column of pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Rows are columns: applied first.
    pub transposed: bool,
    /// Left is right.
    pub mirrored: bool,
    /// Top is bottom.
    pub upside_down: bool,
}

/// Tag of the orientation (0112.H) and type SHORT.
const TAG: u16 = 0x0112;
const SHORT: u16 = 3;
/// Most entries that are looked at: cameras write about twelve.
const ENTRIES_MAX: usize = 64;

impl Orientation {
    /// From what APP1 holds; `None` when it tells nothing that can be understood. A wrong turn would be worse than none.
    pub(super) fn of(segment: &[u8]) -> Option<Self> {
        let tiff = segment.strip_prefix(b"Exif\0\0")?;
        let little = match tiff.first_chunk()? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let short = |at: usize| {
            let bytes = *tiff.get(at..)?.first_chunk()?;
            Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
        };
        let long = |at: usize| {
            let bytes = *tiff.get(at..)?.first_chunk()?;
            Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
        };
        let directory = usize::try_from(long(4)?).ok().filter(|&at| at < tiff.len())?;
        let entries = usize::from(short(directory)?).min(ENTRIES_MAX);
        let entry = (0..entries).map(|entry| directory + 2 + 12 * entry).find(|&at| short(at) == Some(TAG))?;
        if (short(entry + 2)?, long(entry + 4)?) != (SHORT, 1) {
            return None;
        }
        let (transposed, mirrored, upside_down) = match short(entry + 8)? {
            1 => (false, false, false),
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => return None,
        };
        Some(Self { transposed, mirrored, upside_down })
    }

    /// Whether there is nothing to turn.
    pub(crate) fn is_upright(self) -> bool {
        self == Self::default()
    }
}
