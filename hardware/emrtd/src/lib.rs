//! ICAO Doc 9303 electronic travel documents, without I/O: command bytes out, response bytes in.
//!
//! * [`mrz`]: the machine readable zone (Doc 9303-3 to -7).
//! * [`terminal`]: Basic Access Control, secure messaging and reading of EF.COM, EF.SOD, DG1 and DG2 (Doc 9303-10, -11).
//! * [`access`]: Basic Access Control and PACE with all mappings (Doc 9303-11, 4), as [`security_info`] offers it.
//! * [`passive`]: passive authentication up to a CSCA (Doc 9303-11, 5.1; -12), with a report of each check; [`cms`] and
//!   [`certificate`] are what it reads.
//! * [`trust`]: whom to trust: master lists, directories, link certificates, revocation and deviation lists.
//! * [`genuineness`]: Active Authentication and Chip Authentication (Doc 9303-11, 6).
//! * [`eac`]: Terminal Authentication with card-verifiable certificates (Doc 9303-11, 7.1; TR-03110).
//! * [`chip`] and [`issue`]: the other half of the same standards, for tests and demonstrations.
//!
//! Nothing here knows a reader: drive a [`terminal::Terminal`] with whatever carries APDUs.

pub mod access;
pub mod apdu;
pub mod asn1;
pub mod certificate;
pub mod chip;
pub mod cms;
pub mod crypto;
pub mod eac;
pub mod genuineness;
pub mod issue;
pub mod lds;
pub mod mrz;
pub mod passive;
pub mod secure;
pub mod security_info;
pub mod terminal;
pub mod tlv;
pub mod trust;

pub use lds::{ChipContents, FaceImage, ImageFormat, LdsError};
pub use mrz::{Can, Mrz, MrzKey};
