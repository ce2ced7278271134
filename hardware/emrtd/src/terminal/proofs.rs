//! The chip proves that it is the one that was issued: it holds private keys that no copy has (Doc 9303-11, 6).

use rand::{Rng as _, rngs::StdRng};

use super::{NotDone, Proof, Stage, TerminalError, line::Session};
use crate::{
    apdu::{EXTENDED_RESPONSE_BYTES_MAX, SHORT_RESPONSE_BYTES_MAX},
    crypto::hash::HashAlgorithm,
    genuineness::active,
};

/// Active Authentication with the key of this EF.DG15 (Doc 9303-11, 6.1).
pub(super) async fn active_authentication(
    session: &mut Session,
    dg15: &[u8],
    announced: Option<HashAlgorithm>,
    random: &mut StdRng,
) -> Result<Proof, TerminalError> {
    session.enter(Stage::ActiveAuthentication);
    let key = match active::PublicKey::from_dg15(dg15) {
        Ok(key) => key,
        Err(_) => return Ok(Proof::NotDone(NotDone::Unsupported)),
    };
    let mut challenge = [0; 8];
    random.fill_bytes(&mut challenge);
    let fits = session.channel.as_ref().map_or(SHORT_RESPONSE_BYTES_MAX, |c| c.capacity(SHORT_RESPONSE_BYTES_MAX));
    // The short form first, even for an answer that does not fit it: chips of the field that fail on an extended Le
    // here send the rest on request. The extended form next, for those that do not.
    let lengths = [SHORT_RESPONSE_BYTES_MAX, EXTENDED_RESPONSE_BYTES_MAX];
    let tries = if key.signature_bytes() > fits { 2 } else { 1 };
    let mut outcome = Proof::default();
    for length in lengths.into_iter().take(tries) {
        let answer = session.send(&active::command(&challenge).expecting(length)).await?;
        if !answer.is_ok() {
            outcome = Proof::Failed(format!("the chip answered {:04X} to INTERNAL AUTHENTICATE", answer.status));
            continue;
        }
        match key.verify(&challenge, &answer.data, announced) {
            Ok(_) => return Ok(Proof::Passed),
            Err(error) => outcome = Proof::Failed(error.to_string()),
        }
    }
    Ok(outcome)
}
