//! ICAO Doc 9303 electronic travel documents, without I/O: command bytes out, response bytes in.
//!
//! * [`terminal`]: an inspection system. Opens the chip by PACE or BAC, reads it, and lets it prove that it is the one
//!   that was issued (Doc 9303-11, 4 to 7). Drive it with whatever carries APDUs.
//! * [`passive`]: passive authentication up to a CSCA (Doc 9303-11, 5.1; -12), with a report of each check.
//! * [`trust`]: whom to trust: master lists, directories, link certificates, revocation and deviation lists.
//! * [`mrz`] and [`lds`]: the machine readable zone (Doc 9303-3 to -7) and the data groups (Doc 9303-10).
//! * [`chip`] and [`issue`]: the other half of the same standards, genuine or forged, for tests and demonstrations.
//!
//! What these are made of can be used apart: [`access`] (BAC, PACE), [`genuineness`] (Active and Chip Authentication),
//! [`eac`] (Terminal Authentication, card-verifiable certificates), [`secure`] (secure messaging), [`security_info`],
//! [`cms`], [`certificate`], [`crypto`], [`apdu`], [`asn1`] and [`tlv`].
//!
//! ```
//! use sallyport_emrtd::{
//!     ImageFormat, Mrz,
//!     chip::{Behavior, Chip},
//!     issue::{Authority, Portrait},
//!     passive,
//!     terminal::{self, AccessKey, Terminal},
//!     trust::TrustStore,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let zone = Mrz::parse("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10")?;
//! // A document of Utopia, whose chip takes the place of a reader here.
//! let now_unix_s = 1_300_000_000;
//! let csca = Authority::csca("UT", now_unix_s)?;
//! let portrait = Portrait { image: &[0xFF, 0xD8, 0xFF, 0xD9], format: ImageFormat::Jpeg, width: 1, height: 1 };
//! let files = csca.document_signer("UT", now_unix_s, 90)?.issue(&zone, &portrait)?;
//! let mut chip = Chip::new(files, zone.key(), Behavior::default(), &mut rand::rng());
//!
//! let mut terminal = Terminal::new(AccessKey::Mrz(zone.key()), &mut rand::rng());
//! let mut transmit = |command: &[u8]| Ok::<_, std::io::Error>(chip.transmit(command));
//! let reading = terminal::read(&mut terminal, &mut transmit, &mut |_progress| {})?;
//!
//! let trust = TrustStore::from_certificates([csca.certificate_der()?.as_slice()])?;
//! let verified = passive::verify(&reading.contents, &trust, now_unix_s)?;
//! assert_eq!(verified.groups, [1, 2]);
//! assert_eq!(reading.contents.dg1()?.surname, "ERIKSSON");
//! # Ok(())
//! # }
//! ```

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
