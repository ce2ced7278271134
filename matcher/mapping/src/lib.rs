//! Memory for large galleries: [`Memory`] of the process's own, in huge pages and zeroed on drop, and [`PrivateCopy`], a file
//! mapped so that no other process can change or truncate what is mapped. Neither gets into core dumps.

use std::{
    fmt,
    io::{self, Read},
    ops::Deref,
    path::Path,
};

use memmap2::{Advice, Mmap, MmapMut};
use zeroize::Zeroize as _;

/// Bytes of a fixed capacity, which never move: nothing is left behind by growing. Zeroed on drop.
pub struct Memory {
    map: MmapMut,
    used: usize,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} of {} bytes)", self.used, self.map.len())
    }
}

impl Memory {
    /// None used yet. Pages are taken as they are used, 2 MiB at a time where the kernel has such: reading them in order takes
    /// a fifth less time than reading pages of 4 KiB.
    pub fn with_capacity(bytes: usize) -> io::Result<Self> {
        let map = MmapMut::map_anon(bytes)?;
        // Kernels may be built without either.
        let _ = map.advise(Advice::HugePage);
        let _ = map.advise(Advice::DontDump);
        Ok(Self { map, used: 0 })
    }

    /// How many bytes are still free.
    pub fn free(&self) -> usize {
        self.map.len().saturating_sub(self.used)
    }

    /// Puts bytes behind those that are there. Whether there was room; if not, nothing happens.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.read_from(&mut &*bytes, bytes.len()).is_ok()
    }

    /// Reads so many bytes behind those that are there; fails if there is no room for them or the source ends early.
    pub fn read_from(&mut self, source: &mut impl Read, bytes: usize) -> io::Result<()> {
        let room = self.map.get_mut(self.used..).and_then(|free| free.get_mut(..bytes));
        source.read_exact(room.ok_or(io::ErrorKind::OutOfMemory)?)?;
        self.used += bytes;
        Ok(())
    }

    /// The bytes that are used.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.map.get_mut(..self.used).unwrap_or_default()
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.get(..self.used).unwrap_or_default()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.as_mut_slice().zeroize();
    }
}

/// Bytes in a file of this process's own, mapped: the kernel keeps as much of it in memory as there is room for.
///
/// A mapped file that another process truncates ends whoever reads what is gone. So what is mapped is a copy in a file
/// without a name, beside the original, which goes with its mapping. A disk that fails under it ends the process, as it
/// does under the program's own code.
pub struct PrivateCopy(Mmap);

impl fmt::Debug for PrivateCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateCopy({} bytes)", self.0.len())
    }
}

impl PrivateCopy {
    /// Copies so many bytes of a source, at least one, into a file without a name in this folder; fails if the source ends
    /// early.
    pub fn of(source: &mut impl Read, bytes: u64, folder: &Path) -> io::Result<Self> {
        let mut file = tempfile::tempfile_in(folder)?;
        if io::copy(&mut source.take(bytes), &mut file)? != bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // SAFETY: nobody changes or truncates the file as long as it is mapped. It has no name and was its owner's alone
        // (mode 0600) while it had one, `file` is the only descriptor of it and is closed below, and the mapping is read
        // only. All its bytes were written, so that no page lies behind its end.
        let map = unsafe { Mmap::map(&file) }?;
        let _ = map.advise(Advice::DontDump);
        Ok(Self(map))
    }
}

impl Deref for PrivateCopy {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    #[test]
    fn memory_takes_what_it_has_room_for() {
        let mut memory = Memory::with_capacity(10).unwrap();
        assert!(memory.is_empty() && memory.push(&[1, 2, 3]) && memory.free() == 7);
        assert!(!memory.push(&[9; 8]));
        memory.read_from(&mut &[4, 5, 6, 7][..], 3).unwrap();
        assert_eq!((&*memory, memory.free()), (&[1, 2, 3, 4, 5, 6][..], 4));
        memory.as_mut_slice()[0] = 7;
        // What a source that ended early gave does not count.
        assert_eq!(memory.read_from(&mut &[8][..], 2).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(memory.read_from(&mut &[8; 9][..], 9).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(&*memory, &[7, 2, 3, 4, 5, 6]);
        assert_eq!(format!("{memory:?}"), "Memory(6 of 10 bytes)");
    }

    #[test]
    fn a_copy_outlives_the_truncation_of_its_original() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("original");
        let bytes: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&path, &bytes).unwrap();
        let copy = PrivateCopy::of(&mut fs::File::open(&path).unwrap(), bytes.len() as u64, folder.path()).unwrap();
        fs::File::create(&path).unwrap().set_len(0).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the copy has no name");
        assert_eq!(*copy, *bytes);
    }

    #[test]
    fn a_source_that_ends_early_is_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let error = PrivateCopy::of(&mut &[1, 2, 3][..], 4, folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(PrivateCopy::of(&mut &[1][..], 1, &folder.path().join("missing")).is_err());
        assert_eq!(&*PrivateCopy::of(&mut &[1, 2, 3][..], 2, folder.path()).unwrap(), &[1, 2]);
    }
}
