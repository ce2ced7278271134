//! Keys and templates: the only crate that sees both.
//!
//! * [`keys`]: root key sealed by a passphrase, application keys, seeds of enrollments.
//! * [`template`]: cancellable codes of faces and fingers (ISO/IEC 24745).
//! * [`vault`]: sealed records.
//! * [`accounts`]: passwords of officers and staff.
//!
//! What this protects against: whoever reads a disk, a backup or the wire learns nothing of a face. What it does not:
//! whoever holds a code *and* its seed can reconstruct the embedding closely (4096 sign bits of 128 values), so keys
//! never lie beside codes except sealed, and the passphrase is nowhere on disk.

pub mod accounts;
pub mod keys;
pub mod template;
pub mod vault;
