//! TIFF 6.0: the first directory, with what a decoder allocates by.

use super::{Density, malformed};
use crate::ImageError;

// Tags (section 8), those of tiles (section 15) and of samples (section 19).
const WIDTH: u16 = 256;
const LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES_PER_PIXEL: u16 = 277;
const STRIP_BYTE_COUNTS: u16 = 279;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const SAMPLE_FORMAT: u16 = 339;

const INCH: u32 = 2;
const CENTIMETER: u32 = 3;
const CENTIMETERS_AN_INCH: f64 = 2.54;
/// None, LZW, deflate by its two numbers, PackBits: what is without loss and holds no other format inside.
const COMPRESSIONS: [u32; 5] = [1, 5, 8, 32_946, 32_773];
/// Most entries of a directory: scanners write about twenty.
const ENTRIES_MAX: usize = 256;
/// Most samples a pixel: colors and alpha.
const SAMPLES_MAX: u32 = 4;
/// Most strips or tiles: a strip a row is usual.
const PARTS_MAX: usize = 16_384;

/// Sides and density, if the file is complete and of a kind that a sensor's software writes.
pub(crate) fn read(file: &[u8]) -> Result<((u32, u32), Option<Density>), ImageError> {
    let directory = Directory::of(file)?;
    let number = |tag, default| directory.number(tag).map(|value| value.unwrap_or(default));
    let missing = || malformed("no sides in its first directory");
    let sides = (directory.number(WIDTH)?.ok_or_else(missing)?, directory.number(LENGTH)?.ok_or_else(missing)?);
    if !COMPRESSIONS.contains(&number(COMPRESSION, 1)?) {
        return Err(malformed("compressed as facsimile or JPEG: store it with LZW, deflate or uncompressed"));
    }
    let samples = number(SAMPLES_PER_PIXEL, 1)?;
    let depths = directory.numbers(BITS_PER_SAMPLE)?.unwrap_or_else(|| vec![1]);
    if !(1..=SAMPLES_MAX).contains(&samples) || depths.iter().any(|depth| !matches!(depth, 1 | 4 | 8 | 16)) {
        return Err(malformed("samples that are neither gray nor color of 1, 4, 8 or 16 bits"));
    }
    if number(SAMPLE_FORMAT, 1)? != 1 {
        return Err(malformed("samples that are no whole numbers"));
    }
    if number(ORIENTATION, 1)? != 1 {
        return Err(malformed("turned: store it upright"));
    }
    let tile = [number(TILE_WIDTH, 1)?, number(TILE_LENGTH, 1)?];
    if tile.iter().any(|&side| side == 0 || side > crate::SIDE_PX_MAX) {
        return Err(malformed("tiles of no possible size"));
    }
    directory.check_parts()?;
    Ok((sides, directory.density()?))
}

struct Directory<'a> {
    file: &'a [u8],
    little: bool,
    entries: &'a [[u8; 12]],
}

impl<'a> Directory<'a> {
    fn of(file: &'a [u8]) -> Result<Self, ImageError> {
        let little = file.starts_with(b"II");
        let mut directory = Self { file, little, entries: &[] };
        let at = directory.long(file.get(4..8).unwrap_or_default())? as usize;
        let rest = file.get(at..).ok_or(ImageError::Truncated)?;
        let count = usize::from(directory.short(rest)?);
        if count > ENTRIES_MAX {
            return Err(malformed("too many entries in its directory"));
        }
        let entries = rest.get(2..2 + 12 * count).ok_or(ImageError::Truncated)?;
        directory.entries = entries.as_chunks::<12>().0;
        Ok(directory)
    }

    fn short(&self, bytes: &[u8]) -> Result<u16, ImageError> {
        let bytes = *bytes.first_chunk().ok_or(ImageError::Truncated)?;
        Ok(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, bytes: &[u8]) -> Result<u32, ImageError> {
        let bytes = *bytes.first_chunk().ok_or(ImageError::Truncated)?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// Type and bytes of a tag's values (section 2): in the entry itself where four bytes are enough.
    fn values(&self, tag: u16) -> Result<Option<(u16, &[u8])>, ImageError> {
        let Some(entry) = self.entries.iter().find(|entry| self.short(&entry[..]).is_ok_and(|found| found == tag))
        else {
            return Ok(None);
        };
        let (kind, count) = (self.short(&entry[2..])?, self.long(&entry[4..])? as usize);
        let size = match kind {
            3 => 2,
            4 => 4,
            5 => 8,
            _ => return Err(malformed("a number of another type than its tag may have")),
        };
        if count == 0 || count > PARTS_MAX {
            return Err(malformed("too many strips or tiles, or a tag without a value"));
        }
        let length = size * count;
        if length <= 4 {
            return Ok(Some((kind, &entry[8..8 + length])));
        }
        let at = self.long(&entry[8..])? as usize;
        let bytes = self.file.get(at..).and_then(|rest| rest.get(..length)).ok_or(ImageError::Truncated)?;
        Ok(Some((kind, bytes)))
    }

    fn numbers(&self, tag: u16) -> Result<Option<Vec<u32>>, ImageError> {
        let numbers: Result<Vec<u32>, ImageError> = match self.values(tag)? {
            None => return Ok(None),
            Some((3, bytes)) => bytes.chunks_exact(2).map(|bytes| self.short(bytes).map(u32::from)).collect(),
            Some((4, bytes)) => bytes.chunks_exact(4).map(|bytes| self.long(bytes)).collect(),
            Some(_) => return Err(malformed("a fraction where a whole number is due")),
        };
        numbers.map(Some)
    }

    fn number(&self, tag: u16) -> Result<Option<u32>, ImageError> {
        Ok(self.numbers(tag)?.and_then(|values| values.first().copied()))
    }

    fn fraction(&self, tag: u16) -> Result<Option<f64>, ImageError> {
        match self.values(tag)? {
            Some((5, bytes)) => {
                let (above, below) = (self.long(bytes)?, self.long(bytes.get(4..).unwrap_or_default())?);
                Ok((below > 0).then(|| f64::from(above) / f64::from(below)))
            }
            _ => Ok(None),
        }
    }

    fn density(&self) -> Result<Option<Density>, ImageError> {
        let factor = match self.number(RESOLUTION_UNIT)?.unwrap_or(INCH) {
            INCH => 1.0,
            CENTIMETER => CENTIMETERS_AN_INCH,
            _ => return Ok(None),
        };
        let (x, y) = (self.fraction(X_RESOLUTION)?, self.fraction(Y_RESOLUTION)?);
        Ok(x.zip(y).map(|(x, y)| Density { x: x * factor, y: y * factor }))
    }

    /// A decoder goes on where strips or tiles are missing; what it shows there is not the finger.
    fn check_parts(&self) -> Result<(), ImageError> {
        let tiled = self.values(TILE_OFFSETS)?.is_some();
        let tags = if tiled { [TILE_OFFSETS, TILE_BYTE_COUNTS] } else { [STRIP_OFFSETS, STRIP_BYTE_COUNTS] };
        let [offsets, counts] = [self.numbers(tags[0])?, self.numbers(tags[1])?];
        let (Some(offsets), Some(counts)) = (offsets, counts) else {
            return Err(malformed("no strips or tiles in its first directory"));
        };
        if offsets.len() != counts.len() {
            return Err(malformed("strips or tiles without length"));
        }
        let ends = |(&at, &count): (&u32, &u32)| u64::from(at) + u64::from(count);
        match offsets.iter().zip(&counts).map(ends).all(|end| end <= self.file.len() as u64) {
            true => Ok(()),
            false => Err(ImageError::Truncated),
        }
    }
}
