//! Opening the chip: PACE, else BAC (Doc 9303-11, 4.2).

use rand::{CryptoRng, rngs::StdRng};
use zeroize::Zeroizing;

use super::{APPLICATION, AccessKey, TerminalError, line::Session};
use crate::{
    access::{self, Contribution},
    apdu::{Command, status},
};

/// Selects the eMRTD application.
pub(super) async fn select_application(session: &mut Session) -> Result<(), TerminalError> {
    let answer = session.send(&Command::new([0, 0xA4, 4, 0x0C]).data(APPLICATION)).await?;
    if answer.is_ok() { Ok(()) } else { Err(TerminalError::NoApplication(answer.status)) }
}

/// Basic Access Control (Doc 9303-11, 4.3). Gives false for a chip that knows no access control at all.
pub(super) async fn basic(session: &mut Session, key: &AccessKey, random: &mut StdRng) -> Result<bool, TerminalError> {
    let AccessKey::Mrz(key) = key;
    let keys = access::document_keys(key);
    let mut own = Contribution { challenge: [0; 8], material: Zeroizing::new([0; 16]) };
    fill(random, &mut own);
    let answer = session.send(&Command::new([0, 0x84, 0, 0]).expecting(8)).await?;
    if matches!(answer.status, status::INSTRUCTION_NOT_SUPPORTED | status::CLASS_NOT_SUPPORTED) {
        return Ok(false);
    }
    let chip_challenge = <[u8; 8]>::try_from(&answer.data[..])
        .ok()
        .filter(|_| answer.is_ok())
        .ok_or(TerminalError::AccessDenied("no challenge of 8 bytes"))?;
    let cryptogram = access::terminal_cryptogram(&keys, &own, &chip_challenge);
    let answer = session.send(&Command::new([0, 0x82, 0, 0]).data(cryptogram).expecting(0x28)).await?;
    if !answer.is_ok() {
        return Err(TerminalError::AccessDenied("refused by the chip"));
    }
    let channel = access::terminal_channel(&keys, &own, &chip_challenge, &answer.data)
        .ok_or(TerminalError::AccessDenied("the chip's proof is wrong"))?;
    session.channel = Some(channel);
    Ok(true)
}

fn fill(random: &mut impl CryptoRng, own: &mut Contribution) {
    random.fill_bytes(&mut own.challenge);
    random.fill_bytes(&mut own.material[..]);
}
