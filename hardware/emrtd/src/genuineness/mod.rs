//! Whether the chip is the one that was issued, and no copy of its files: Active Authentication and Chip
//! Authentication (Doc 9303-11, 6). Both count only where passive authentication binds the chip's public key.

pub mod active;
pub mod chip_authentication;
