//! Terminal Authentication, version 1 (Doc 9303-11, 7.1; TR-03110-1, 3.5): an inspection system shows certificates that
//! lead from the chip's CVCA to itself, and signs the chip's challenge together with the ephemeral key of Chip
//! Authentication (or of PACE with Chip Authentication Mapping). Then the chip opens DG3 and DG4.

use crate::{
    eac::cvc::{CvcError, Reference},
    mrz::MrzKey,
    tlv,
};

mod chip;
mod terminal;
#[cfg(test)]
mod tests;

pub use chip::{Session, Trust};
pub use terminal::{Credentials, Path, Step, TerminalAuthenticationError};

/// EF.CVCA, unless DG14 names another file (TR-03110-3, A.1.1.3).
pub const EF_CVCA: u16 = 0x011C;
/// Its size, whatever it holds.
const EF_CVCA_BYTES: usize = 36;

/// MSE: Set DST for verification (Doc 9303-11, 7.1.5.1).
pub const SET_DST: [u8; 4] = [0, 0x22, 0x81, 0xB6];
/// PSO: Verify Certificate (Doc 9303-11, 7.1.5.2).
pub const VERIFY_CERTIFICATE: [u8; 4] = [0, 0x2A, 0, 0xBE];
/// MSE: Set AT for external authentication (Doc 9303-11, 7.1.5.3).
pub const SET_AT: [u8; 4] = [0, 0x22, 0x81, 0xA4];
/// GET CHALLENGE (Doc 9303-11, 7.1.5.4).
pub const GET_CHALLENGE: [u8; 4] = [0, 0x84, 0, 0];
/// EXTERNAL AUTHENTICATE (Doc 9303-11, 7.1.5.5).
pub const EXTERNAL_AUTHENTICATE: [u8; 4] = [0, 0x82, 0, 0];

const CHALLENGE_BYTES: usize = 8;
const KEY_REFERENCE: u16 = 0x83;
const AUTHORITY_REFERENCE: u16 = 0x42;

/// The chip's identifier after BAC: the document number with its check digit (Doc 9303-11, 7.1.2). After PACE it is the
/// chip's compressed ephemeral key instead.
pub fn identifier_after_bac(key: &MrzKey) -> &[u8] {
    /// Both dates with their check digits end the information.
    const DATES_BYTES: usize = 14;
    let information = key.information().as_bytes();
    information.get(..information.len().saturating_sub(DATES_BYTES)).unwrap_or_default()
}

/// What the terminal signs: the chip's identifier, its challenge and the terminal's compressed ephemeral key.
fn message(chip_identifier: &[u8], challenge: &[u8; CHALLENGE_BYTES], terminal_key: &[u8]) -> Vec<u8> {
    [chip_identifier, challenge, terminal_key].concat()
}

/// Reads EF.CVCA: the authorities a chip trusts, the newest first.
pub fn read_ef_cvca(file: &[u8]) -> Result<Vec<Reference>, CvcError> {
    let mut references = Vec::new();
    let mut rest = file;
    // Zeros fill what is left of the file.
    while rest.first().is_some_and(|&byte| byte != 0) {
        let (reference, after) = tlv::expect(rest, AUTHORITY_REFERENCE)?;
        references.push(Reference::parse(reference)?);
        rest = after;
    }
    if references.is_empty() {
        return Err(CvcError::Malformed("EF.CVCA names no authority"));
    }
    Ok(references)
}

/// Writes EF.CVCA.
pub fn write_ef_cvca<'a>(references: impl IntoIterator<Item = &'a Reference>) -> Vec<u8> {
    let mut file = Vec::with_capacity(EF_CVCA_BYTES);
    for reference in references {
        tlv::push(&mut file, AUTHORITY_REFERENCE, reference.as_bytes());
    }
    file.resize(file.len().max(EF_CVCA_BYTES), 0);
    file
}
