//! Opening the chip: PACE, else BAC (Doc 9303-11, 4.2).

use rand::{Rng as _, rngs::StdRng};
use zeroize::Zeroizing;

use super::{APPLICATION, AccessKey, TerminalError, line::Session};
use crate::{
    access::{
        bac::{self, Contribution},
        pace::{Offer, PaceError, Password, SetAt, terminal as pace},
    },
    apdu::{Command, EXTENDED_RESPONSE_BYTES_MAX, SHORT_RESPONSE_BYTES_MAX, status},
    crypto::group::Agreement,
};

/// MSE:Set AT for PACE (Doc 9303-11, 4.4.4.1).
const SET_AT: [u8; 4] = [0, 0x22, 0xC1, 0xA4];
/// GENERAL AUTHENTICATE, more to follow (command chaining) and last.
const GENERAL_AUTHENTICATE: [u8; 4] = [0x10, 0x86, 0, 0];
const GENERAL_AUTHENTICATE_LAST: [u8; 4] = [0, 0x86, 0, 0];
/// Fields from which on an answer of PACE does not fit the short form.
const LONG_FIELD_BYTES: usize = 240;

/// Selects the eMRTD application.
pub(super) async fn select_application(session: &mut Session) -> Result<(), TerminalError> {
    let answer = session.send(&Command::new([0, 0xA4, 4, 0x0C]).data(APPLICATION)).await?;
    if answer.is_ok() { Ok(()) } else { Err(TerminalError::NoApplication(answer.status)) }
}

/// Selects the master file, where EF.CardAccess is. A chip that does not understand says so to the next command, too.
pub(super) async fn select_master_file(session: &mut Session) -> Result<(), TerminalError> {
    session.send(&Command::new([0, 0xA4, 0, 0x0C]).data([0x3F, 0x00])).await.map(drop)
}

/// How PACE ended without a channel.
pub(super) enum PaceFailure {
    /// The line or the channel failed.
    Terminal(TerminalError),
    /// The chip did not do what the protocol wants. It may at another try.
    Pace(PaceError),
}

impl From<TerminalError> for PaceFailure {
    fn from(error: TerminalError) -> Self {
        Self::Terminal(error)
    }
}

impl From<PaceError> for PaceFailure {
    fn from(error: PaceError) -> Self {
        Self::Pace(error)
    }
}

/// PACE in one of the offered variants.
pub(super) async fn pace(
    session: &mut Session,
    offer: Offer,
    password: Password,
    random: &mut StdRng,
) -> Result<pace::Established, PaceFailure> {
    let mut select =
        SetAt { protocol: offer.protocol, reference: password.reference(), parameter_id: offer.parameter_id };
    let mut answer = session.send(&Command::new(SET_AT).data(select.to_bytes())).await?;
    if is_about_data(answer.status) && select.parameter_id.take().is_some() {
        answer = session.send(&Command::new(SET_AT).data(select.to_bytes())).await?;
    }
    // 63Cx tells the tries left of a password that blocks; it is selected nonetheless.
    if !answer.is_ok() && answer.status & 0xFFF0 != 0x63C0 {
        return Err(PaceError::Refused(answer.status).into());
    }
    let long = offer.group.agreement() == Agreement::Dh && offer.group.field_bytes() >= LONG_FIELD_BYTES;
    let expected = if long { EXTENDED_RESPONSE_BYTES_MAX } else { SHORT_RESPONSE_BYTES_MAX };
    let (state, data) = pace::AwaitNonce::start(offer, password);
    let response = general_authenticate(session, GENERAL_AUTHENTICATE, data, expected).await?;
    let (state, data) = state.map(&response, random)?;
    let response = general_authenticate(session, GENERAL_AUTHENTICATE, data, expected).await?;
    let (state, data) = state.agree(&response, random)?;
    let response = general_authenticate(session, GENERAL_AUTHENTICATE, data, expected).await?;
    let (state, data) = state.authenticate(&response)?;
    let response = general_authenticate(session, GENERAL_AUTHENTICATE_LAST, data, expected).await?;
    Ok(state.finish(&response)?)
}

async fn general_authenticate(
    session: &mut Session,
    header: [u8; 4],
    data: Vec<u8>,
    expected: usize,
) -> Result<Zeroizing<Vec<u8>>, PaceFailure> {
    let answer = session.send(&Command::new(header).data(data).expecting(expected)).await?;
    if answer.is_ok() { Ok(answer.data) } else { Err(PaceError::of_status(answer.status).into()) }
}

/// Statuses by which chips refuse a data field, such as the number of domain parameters where there is but one.
fn is_about_data(word: u16) -> bool {
    matches!(word, status::WRONG_DATA | status::REFERENCE_NOT_FOUND | status::WRONG_LENGTH)
}

/// Basic Access Control (Doc 9303-11, 4.3). Gives false for a chip that knows no access control at all.
pub(super) async fn basic(session: &mut Session, key: &AccessKey, random: &mut StdRng) -> Result<bool, TerminalError> {
    let answer = session.send(&Command::new([0, 0x84, 0, 0]).expecting(8)).await?;
    if matches!(answer.status, status::INSTRUCTION_NOT_SUPPORTED | status::CLASS_NOT_SUPPORTED) {
        return Ok(false);
    }
    let AccessKey::Mrz(key) = key else {
        return Err(TerminalError::AccessDenied("a card access number opens by PACE only, which the chip has not"));
    };
    let chip_challenge = <[u8; 8]>::try_from(&answer.data[..])
        .ok()
        .filter(|_| answer.is_ok())
        .ok_or(TerminalError::AccessDenied("no challenge of 8 bytes"))?;
    let keys = bac::document_keys(key);
    let mut own = Contribution { challenge: [0; 8], material: Zeroizing::new([0; 16]) };
    random.fill_bytes(&mut own.challenge);
    random.fill_bytes(&mut own.material[..]);
    let cryptogram = bac::terminal_cryptogram(&keys, &own, &chip_challenge);
    let answer = session.send(&Command::new([0, 0x82, 0, 0]).data(cryptogram).expecting(0x28)).await?;
    if !answer.is_ok() {
        return Err(TerminalError::AccessDenied("refused by the chip"));
    }
    let channel = bac::terminal_channel(&keys, &own, &chip_challenge, &answer.data)
        .ok_or(TerminalError::AccessDenied("the chip's proof is wrong"))?;
    session.channel = Some(channel);
    Ok(true)
}
