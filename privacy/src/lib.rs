//! Keys and templates: the only crate that sees both.
//!
//! * [`keys`]: root key sealed by a passphrase or in a token, application keys, seeds of enrollments, rotation.
//! * [`template`]: cancellable codes of faces and fingers (ISO/IEC 24745).
//! * [`vault`]: sealed records, what a store of them must hold, how long they are kept.
//! * [`audit`]: who did what to whose data and why, provably.
//! * [`accounts`]: passwords of officers and staff.
//!
//! What this protects against: whoever reads a disk, a backup or the wire learns nothing of a face or finger. What it does
//! not: whoever holds a code *and* its seed can reconstruct the embedding closely (4096 sign bits of 128 values), and the
//! surroundings of a finger's minutiae well enough to pass for it, so keys never lie beside codes except sealed, and the
//! passphrase is nowhere on disk.

pub mod accounts;
pub mod audit;
pub mod keys;
#[cfg(doctest)]
mod sensitive;
pub mod template;
pub mod vault;

pub use sallyport_memory as memory;
