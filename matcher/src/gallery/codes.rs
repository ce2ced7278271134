//! Codes in rows, one behind the other: first those that are mapped, then those in memory. A row never moves.

use std::io::{self, Read};

use sallyport_mapping::{Memory, PrivateCopy};
use zeroize::Zeroize as _;

use super::GalleryError;

/// What is taken from the system at once; of this, pages only as they are used.
const SEGMENT_BYTES: usize = 16 << 20;

/// All rows of a gallery.
pub(super) struct Codes {
    code_bytes: usize,
    mapped: Option<PrivateCopy>,
    /// All but the last are full.
    segments: Vec<Memory>,
}

impl Codes {
    /// None yet, of this length, which is not zero.
    pub(super) fn new(code_bytes: usize) -> Self {
        Self { code_bytes, mapped: None, segments: Vec::new() }
    }

    /// Whole rows that are mapped.
    pub(super) fn mapped(code_bytes: usize, mapped: PrivateCopy) -> Self {
        Self { code_bytes, mapped: Some(mapped), segments: Vec::new() }
    }

    /// So many rows read into memory.
    pub(super) fn read(code_bytes: usize, rows: usize, source: &mut impl Read) -> io::Result<Self> {
        let mut codes = Self::new(code_bytes);
        let mut left = rows;
        while left > 0 {
            let some = left.min(codes.segment_rows());
            let mut segment = codes.segment()?;
            segment.read_from(source, some * code_bytes)?;
            codes.segments.push(segment);
            left -= some;
        }
        Ok(codes)
    }

    pub(super) fn code_bytes(&self) -> usize {
        self.code_bytes
    }

    /// The contiguous pieces that all rows lie in, in order.
    pub(super) fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.mapped.iter().map(|mapped| &**mapped).chain(self.segments.iter().map(|segment| &**segment))
    }

    /// A row's code.
    pub(super) fn row(&self, row: usize) -> Option<&[u8]> {
        match row.checked_sub(self.mapped_rows()) {
            None => self.mapped.as_ref()?.chunks_exact(self.code_bytes).nth(row),
            Some(row) => {
                let segment = self.segments.get(row / self.segment_rows())?;
                segment.chunks_exact(self.code_bytes).nth(row % self.segment_rows())
            }
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, code: &[u8]) -> Result<(), GalleryError> {
        if let Some(last) = self.segments.last_mut()
            && last.push(code)
        {
            return Ok(());
        }
        let mut segment = self.segment().map_err(GalleryError::Memory)?;
        if !segment.push(code) {
            return Err(GalleryError::Memory(io::ErrorKind::OutOfMemory.into()));
        }
        self.segments.push(segment);
        Ok(())
    }

    /// Writes over a row; whether it could be: a mapped one cannot.
    pub(super) fn overwrite(&mut self, row: usize, code: &[u8]) -> bool {
        let Some(place) = self.row_mut(row) else { return false };
        place.iter_mut().zip(code).for_each(|(place, byte)| *place = *byte);
        true
    }

    /// Zeroes a row; whether it could be: a mapped one cannot.
    pub(super) fn erase(&mut self, row: usize) -> bool {
        self.row_mut(row).map(|place| place.zeroize()).is_some()
    }

    fn row_mut(&mut self, row: usize) -> Option<&mut [u8]> {
        let (row, rows, code_bytes) = (row.checked_sub(self.mapped_rows())?, self.segment_rows(), self.code_bytes);
        self.segments.get_mut(row / rows)?.as_mut_slice().chunks_exact_mut(code_bytes).nth(row % rows)
    }

    fn mapped_rows(&self) -> usize {
        self.mapped.as_ref().map_or(0, |mapped| mapped.len() / self.code_bytes)
    }

    /// How many rows a segment holds: whole ones.
    fn segment_rows(&self) -> usize {
        SEGMENT_BYTES / self.code_bytes
    }

    fn segment(&self) -> io::Result<Memory> {
        Memory::with_capacity(self.segment_rows() * self.code_bytes)
    }
}
