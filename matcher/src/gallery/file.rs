//! A gallery's file: little-endian, the same bytes for the same references whatever their history.
//!
//! | Offset | Bytes | |
//! |---|---|---|
//! | 0 | 8 | `SPGALLRY` |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | length of a code in bytes |
//! | 16 | 8 | number of codes, n |
//! | 24 | 32 | SHA-256 of all other bytes |
//! | 56 | 16 n | identifiers, ascending |
//! | | | n codes in that order |
//!
//! The checksum finds accidents, not forgeries: whoever may write the file may write another. Whoever must not be trusted
//! with that gets a sealed record instead, of what [`Gallery::write`] writes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use sallyport_mapping::PrivateCopy;
use sha2::{Digest as _, Sha256};

use super::{CODE_BYTES_MAX, Codes, FileFault, Gallery, GalleryError, ReferenceId};

const MAGIC: &[u8; 8] = b"SPGALLRY";
const VERSION: u32 = 1;
const CHECKSUM_BYTES: usize = 32;
const HEADER_BYTES: usize = 56;
const ID_BYTES: usize = 16;
/// Codes of a file that take more are mapped: the kernel can do without their pages when it must.
const MAPPED_FROM_BYTES: u64 = 64 << 20;
const BUFFER_BYTES: usize = 1 << 20;

/// Why there is no gallery in what was read.
enum ReadError {
    Fault(FileFault),
    System(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<FileFault> for ReadError {
    fn from(fault: FileFault) -> Self {
        Self::Fault(fault)
    }
}

impl Gallery {
    /// Reads a gallery's file. Large ones are mapped from a copy that is made beside the file and has no name, so that whoever
    /// truncates, changes or removes the file does not touch a gallery in use.
    ///
    /// The file is not locked: nobody writes it in place, and one that changes while it is read fails its checksum.
    pub fn open(path: &Path) -> Result<Self, GalleryError> {
        Self::open_mapped_from(path, MAPPED_FROM_BYTES)
    }

    pub(super) fn open_mapped_from(path: &Path, mapped_from_bytes: u64) -> Result<Self, GalleryError> {
        let read = || {
            let file = File::open(path)?;
            let bytes = file.metadata()?.len();
            read(BufReader::with_capacity(BUFFER_BYTES, file), bytes, mapped_from_bytes, folder_of(path))
        };
        read().map_err(|error| match error {
            ReadError::Fault(fault) => GalleryError::Fault { path: path.into(), fault },
            ReadError::System(source) => GalleryError::File { path: path.into(), source },
        })
    }

    /// Reads what [`Gallery::write`] wrote, into memory.
    pub fn decode(bytes: &[u8]) -> Result<Self, GalleryError> {
        read(bytes, bytes.len() as u64, u64::MAX, Path::new("")).map_err(|error| match error {
            ReadError::Fault(fault) => GalleryError::Fault { path: "gallery".into(), fault },
            ReadError::System(source) => GalleryError::Memory(source),
        })
    }

    /// Writes the file, whole or not at all, for its owner alone, flushed to the disk. What was removed is gone from it.
    pub fn save(&self, path: &Path) -> Result<(), GalleryError> {
        let failed = |source| GalleryError::File { path: path.into(), source };
        let folder = File::open(folder_of(path)).map_err(failed)?;
        // Released when it is closed, however the process ends. So the unfinished file has one writer and one name, and what
        // a crash left of it can be removed.
        folder.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => GalleryError::Busy(path.into()),
            fs::TryLockError::Error(source) => failed(source),
        })?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        let write = || {
            match fs::remove_file(&unfinished) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
            let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
            self.write(&mut file)?;
            file.into_inner()?.sync_all()?;
            fs::rename(&unfinished, path)?;
            folder.sync_all()
        };
        write().map_err(|source| {
            let _ = fs::remove_file(&unfinished);
            failed(source)
        })
    }

    /// Writes the bytes of its file, as for a sealed record.
    pub fn write(&self, output: &mut (impl Write + Seek)) -> io::Result<()> {
        let mut rows: Vec<_> = self.rows.iter().map(|(&id, &row)| (id, row)).collect();
        rows.sort_unstable();
        let header = Header { code_bytes: self.code_bytes(), count: rows.len() as u64 };
        let mut checksum = Sha256::new_with_prefix(header.encode());
        let from = output.stream_position()?;
        output.write_all(&[0; HEADER_BYTES])?;
        let mut put = |bytes: &[u8]| {
            checksum.update(bytes);
            output.write_all(bytes)
        };
        for (id, _) in &rows {
            put(&id.0.to_le_bytes())?;
        }
        for (_, row) in &rows {
            put(self.codes.row(*row).ok_or(io::ErrorKind::InvalidData)?)?;
        }
        let end = output.stream_position()?;
        output.seek(SeekFrom::Start(from))?;
        output.write_all(&header.encode())?;
        output.write_all(&checksum.finalize())?;
        output.seek(SeekFrom::Start(end))?;
        output.flush()
    }
}

/// What stands before the checksum.
struct Header {
    code_bytes: usize,
    count: u64,
}

impl Header {
    fn encode(&self) -> [u8; HEADER_BYTES - CHECKSUM_BYTES] {
        let mut bytes = [0; HEADER_BYTES - CHECKSUM_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(self.code_bytes as u32).to_le_bytes());
        bytes[16..].copy_from_slice(&self.count.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; HEADER_BYTES - CHECKSUM_BYTES]) -> Result<Self, FileFault> {
        let ([magic, numbers, count], []) = bytes.as_chunks::<8>() else { return Err(FileFault::Header) };
        let ([version, code_bytes], []) = numbers.as_chunks::<4>() else { return Err(FileFault::Header) };
        if magic != MAGIC {
            return Err(FileFault::Magic);
        }
        match u32::from_le_bytes(*version) {
            VERSION => {}
            other => return Err(FileFault::Version(other)),
        }
        let code_bytes = u32::from_le_bytes(*code_bytes) as usize;
        if code_bytes == 0 || code_bytes > CODE_BYTES_MAX || !code_bytes.is_multiple_of(8) {
            return Err(FileFault::Header);
        }
        Ok(Self { code_bytes, count: u64::from_le_bytes(*count) })
    }

    /// Of the whole file; saturating, since no file is that long.
    fn file_bytes(&self) -> u64 {
        self.count.saturating_mul((ID_BYTES + self.code_bytes) as u64).saturating_add(HEADER_BYTES as u64)
    }
}

/// Reads a gallery of so many bytes in all. No memory is taken for what its size does not bear out.
fn read(mut source: impl Read, bytes: u64, mapped_from_bytes: u64, folder: &Path) -> Result<Gallery, ReadError> {
    let mut header = [0; HEADER_BYTES - CHECKSUM_BYTES];
    let mut checksum = [0; CHECKSUM_BYTES];
    source.read_exact(&mut header).map_err(at_end(FileFault::Magic))?;
    let Header { code_bytes, count } = Header::decode(&header)?;
    let expected = Header { code_bytes, count }.file_bytes();
    let size = FileFault::Size { expected, found: bytes };
    if bytes != expected {
        return Err(size.into());
    }
    source.read_exact(&mut checksum).map_err(at_end(size))?;
    let mut source = Summed { source, sum: Sha256::new_with_prefix(header) };
    let rows = usize::try_from(count).map_err(|_| size)?;
    let mut gallery = Gallery::new(code_bytes).map_err(|_| FileFault::Header)?;
    gallery.ids = ids(&mut source, rows).map_err(at_end(size))?;
    let code_bytes_all = count.saturating_mul(code_bytes as u64);
    let codes = if code_bytes_all > mapped_from_bytes {
        PrivateCopy::of(&mut source, code_bytes_all, folder).map(|copy| Codes::mapped(code_bytes, copy))
    } else {
        Codes::read(code_bytes, rows, &mut source)
    };
    gallery.codes = codes.map_err(at_end(size))?;
    if source.sum.finalize()[..] != checksum {
        return Err(FileFault::Checksum.into());
    }
    if !gallery.ids.is_sorted_by(|a, b| a < b) {
        return Err(FileFault::Order.into());
    }
    gallery.rows = gallery.ids.iter().enumerate().filter_map(|(row, id)| Some(((*id)?, row))).collect();
    Ok(gallery)
}

fn ids(source: &mut impl Read, count: usize) -> io::Result<Vec<Option<ReferenceId>>> {
    let mut ids = Vec::new();
    ids.try_reserve_exact(count).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut id = [0; ID_BYTES];
    for _ in 0..count {
        source.read_exact(&mut id)?;
        ids.push(Some(ReferenceId(u128::from_le_bytes(id))));
    }
    Ok(ids)
}

/// A source that ended, though its size was asked for, was truncated meanwhile.
fn at_end(fault: FileFault) -> impl Fn(io::Error) -> ReadError {
    move |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadError::Fault(fault),
        _ => ReadError::System(error),
    }
}

/// Sums up what is read.
struct Summed<R> {
    source: R,
    sum: Sha256,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        self.sum.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
