//! Why a gallery cannot do what it was asked to.

use std::{io, path::PathBuf};

use super::{CODE_BYTES_MAX, ReferenceId};

/// Why a gallery cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GalleryError {
    /// A length that codes do not have.
    #[error(
        "codes have a multiple of 8 bytes, at most {CODE_BYTES_MAX}; {0} were asked for: see the scheme's code length"
    )]
    CodeBytes(usize),
    /// A code of another length.
    #[error("this gallery's codes have {expected} bytes, this one {found}: was it made by another scheme?")]
    Length {
        /// The gallery's, in bytes.
        expected: usize,
        /// That of the code or probe.
        found: usize,
    },
    /// An addition of what is there.
    #[error("reference {:032x} is in the gallery already: update it, or remove it first", .0.0)]
    Known(ReferenceId),
    /// An update of what is not there.
    #[error("reference {:032x} is not in the gallery: add it", .0.0)]
    Unknown(ReferenceId),
    /// The system's.
    #[error("no memory for more codes ({0}): remove some, or give the machine more")]
    Memory(#[source] io::Error),
    /// The file cannot be read or written.
    #[error("{}: {source}: see that the folder exists, is writable and has room for a copy", path.display())]
    File {
        /// The gallery's.
        path: PathBuf,
        /// The system's.
        source: io::Error,
    },
    /// The file can be read, but holds no gallery.
    #[error("{}: {fault}", path.display())]
    Fault {
        /// The gallery's.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// Another process writes.
    #[error("{}: a gallery is being saved into this folder: try again when it is done", .0.display())]
    Busy(PathBuf),
}

/// What is wrong with a gallery's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// It begins otherwise.
    #[error("this is no gallery: see which file was meant")]
    Magic,
    /// Written by another program.
    #[error("a gallery of version {0}, which is not known here: update this program, or save the gallery anew")]
    Version(u32),
    /// A length that codes do not have, or other bytes that must not be.
    #[error("its header is damaged: fetch the gallery anew")]
    Header,
    /// Truncated, or followed by something.
    #[error("it has {found} bytes where its header tells of {expected}: fetch the gallery anew")]
    Size {
        /// By the header.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// Its identifiers do not ascend.
    #[error("its identifiers are out of order: fetch the gallery anew")]
    Order,
    /// Bytes were changed.
    #[error("its bytes are not those that were written (SHA-256): fetch the gallery anew")]
    Checksum,
}
