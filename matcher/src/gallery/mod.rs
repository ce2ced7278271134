//! One probe among many: exact search over protected codes by Hamming distance. Bits only; it needs no key, and knows none.
//!
//! A [`Gallery`] holds codes of one length, each under its reference's identifier, in memory of its own or, when it was read
//! from a large file, in a copy that is mapped. A search reads all of them once, whatever the number of probes, and finds
//! the nearest, those within a distance, or both. What it finds depends on the codes alone: equal distances are ordered by
//! identifier, whatever the threads and however the gallery came about.

mod codes;
mod error;
mod file;
mod search;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
};

use self::codes::Codes;
pub use self::{
    error::{FileFault, GalleryError},
    search::{Candidate, Limit},
};

/// Length of a code of 4096 bits.
pub const CODE_BYTES: usize = 512;
/// Longest code: eight times what any scheme here makes of a face.
pub const CODE_BYTES_MAX: usize = 4096;

/// Whose code it is: the identifier of a biometric reference, such as a UUID's 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferenceId(pub u128);

/// Codes of one length, each under an identifier. Zeroed on drop; neither cloned nor printed.
pub struct Gallery {
    codes: Codes,
    /// Of each row of codes; a row without is skipped, and used again unless it is mapped.
    ids: Vec<Option<ReferenceId>>,
    rows: HashMap<ReferenceId, usize>,
    vacant: Vec<usize>,
}

impl fmt::Debug for Gallery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gallery({} codes of {} bytes)", self.len(), self.code_bytes())
    }
}

impl Gallery {
    /// An empty one, for codes of this length: a multiple of 8 bytes, at most [`CODE_BYTES_MAX`].
    pub fn new(code_bytes: usize) -> Result<Self, GalleryError> {
        if code_bytes == 0 || code_bytes > CODE_BYTES_MAX || !code_bytes.is_multiple_of(8) {
            return Err(GalleryError::CodeBytes(code_bytes));
        }
        Ok(Self { codes: Codes::new(code_bytes), ids: Vec::new(), rows: HashMap::new(), vacant: Vec::new() })
    }

    /// Length of each code in bytes.
    pub fn code_bytes(&self) -> usize {
        self.codes.code_bytes()
    }

    /// How many codes it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The code of a reference.
    pub fn code(&self, id: ReferenceId) -> Option<&[u8]> {
        self.codes.row(*self.rows.get(&id)?)
    }

    /// Every reference's identifier, in no order.
    pub fn ids(&self) -> impl Iterator<Item = ReferenceId> {
        self.rows.keys().copied()
    }

    /// Adds a reference that is not there yet.
    pub fn add(&mut self, id: ReferenceId, code: &[u8]) -> Result<(), GalleryError> {
        self.check(code)?;
        let Entry::Vacant(entry) = self.rows.entry(id) else { return Err(GalleryError::Known(id)) };
        // Rows of codes are in step with identifiers: a row that was used again is still in `ids`.
        let row = match self.vacant.last().copied() {
            Some(row) if self.codes.overwrite(row, code) => {
                self.vacant.pop();
                row
            }
            _ => {
                self.codes.push(code)?;
                self.ids.push(None);
                self.ids.len() - 1
            }
        };
        if let Some(place) = self.ids.get_mut(row) {
            *place = Some(id);
        }
        entry.insert(row);
        Ok(())
    }

    /// Puts another code in the place of a reference's, as after a renewal.
    pub fn update(&mut self, id: ReferenceId, code: &[u8]) -> Result<(), GalleryError> {
        self.check(code)?;
        let row = *self.rows.get(&id).ok_or(GalleryError::Unknown(id))?;
        if self.codes.overwrite(row, code) {
            return Ok(());
        }
        // A mapped code cannot be changed. Nothing is lost if there is no memory for the new one.
        self.rows.remove(&id);
        let added = self.add(id, code);
        match added {
            Ok(()) => self.vacate(row),
            Err(_) => drop(self.rows.insert(id, row)),
        }
        added
    }

    /// Removes a reference; whether it was there. Its code is zeroed, but in a mapped copy it stays, unseen, until the
    /// gallery is saved and opened again.
    pub fn remove(&mut self, id: ReferenceId) -> bool {
        let Some(row) = self.rows.remove(&id) else { return false };
        self.vacate(row);
        true
    }

    /// Leaves a row without a reference.
    fn vacate(&mut self, row: usize) {
        if let Some(place) = self.ids.get_mut(row) {
            *place = None;
        }
        if self.codes.erase(row) {
            self.vacant.push(row);
        }
    }

    fn check(&self, code: &[u8]) -> Result<(), GalleryError> {
        let expected = self.code_bytes();
        if code.len() == expected { Ok(()) } else { Err(GalleryError::Length { expected, found: code.len() }) }
    }

    /// The memory that a search reads, run by run: over this is measured how fast it can be read at all.
    pub fn memory(&self) -> impl Iterator<Item = &[u8]> {
        self.codes.runs()
    }
}
