//! The chip proves that it is the one that was issued: it holds private keys that no copy has (Doc 9303-11, 6). And the
//! terminal proves that it may read fingers and irises (7.1).

use rand::{Rng as _, rngs::StdRng};

use super::{
    NotDone, Proof, Stage, TerminalError,
    files::{File, Manner},
    line::Session,
};
use crate::{
    apdu::{Command, EXTENDED_RESPONSE_BYTES_MAX, SHORT_RESPONSE_BYTES_MAX},
    crypto::hash::HashAlgorithm,
    eac::{
        cvc::{Date, Reference},
        terminal_authentication::{Credentials, TerminalAuthenticationError},
    },
    genuineness::{
        active,
        chip_authentication::{self, Announcement, OfferedKey, Protocol},
    },
    security_info::{SecurityInfo, SecurityInfos},
};

/// Command data that fits the short form under secure messaging with any suite.
const CHAINED_DATA_BYTES: usize = 0xDF;
/// More commands of a chain follow (ISO/IEC 7816-4, 5.4.1).
const CHAINED: u8 = 0x10;

/// How Chip Authentication went, and the terminal's compressed ephemeral key, which Terminal Authentication is about.
pub(super) struct ChipAuthenticated {
    pub(super) proof: Proof,
    pub(super) terminal_key: Option<Vec<u8>>,
}

/// Chip Authentication with a key of EF.DG14 (Doc 9303-11, 6.2). After it has passed, the channel is a new one.
pub(super) async fn chip_authentication(
    session: &mut Session,
    manner: &Manner,
    infos: &SecurityInfos,
    random: &mut StdRng,
) -> Result<ChipAuthenticated, TerminalError> {
    let without = |proof| Ok(ChipAuthenticated { proof, terminal_key: None });
    let announced: Vec<Announcement> = infos.0.iter().filter_map(announcement).collect();
    let is_key = |info: &SecurityInfo| matches!(info, SecurityInfo::ChipAuthenticationPublicKey { .. });
    if announced.is_empty() && !infos.0.iter().any(is_key) {
        return without(Proof::NotDone(NotDone::NotOffered));
    }
    let keys = infos.chip_authentication_keys();
    let offered: Vec<OfferedKey> = keys.filter_map(|(id, key)| Some(OfferedKey { key: key.ok()?, id })).collect();
    session.enter(Stage::ChipAuthentication);
    let Ok(choice) = chip_authentication::choose(&announced, &offered) else {
        return without(Proof::NotDone(NotDone::Unsupported));
    };
    let terminal = match chip_authentication::Terminal::new(choice, random) {
        Ok(terminal) => terminal,
        Err(error) => return without(Proof::Failed(error.to_string())),
    };
    for command in terminal.commands() {
        let answer = send_long(session, manner, command).await?;
        if !answer.is_ok() {
            return without(Proof::Failed(format!("the chip answered {:04X} to Chip Authentication", answer.status)));
        }
    }
    // A chip without the private key derives other keys: what it says next does not open. What it says without the
    // channel anybody could say.
    session.channel = Some(terminal.channel());
    session.prove(&Command::new([0, 0xA4, 2, 0x0C]).data(File::COM.identifier.to_be_bytes())).await?;
    Ok(ChipAuthenticated { proof: Proof::Passed, terminal_key: Some(terminal.compressed_key().to_vec()) })
}

fn announcement(info: &SecurityInfo) -> Option<Announcement> {
    match *info {
        SecurityInfo::ChipAuthentication { protocol, version: 1, key_id } => {
            Some(Announcement { protocol: Protocol { agreement: protocol.agreement, suite: protocol.suite }, key_id })
        }
        _ => None,
    }
}

/// Active Authentication with the key of this EF.DG15 (Doc 9303-11, 6.1).
pub(super) async fn active_authentication(
    session: &mut Session,
    dg15: &[u8],
    announced: Option<HashAlgorithm>,
    random: &mut StdRng,
) -> Result<Proof, TerminalError> {
    session.enter(Stage::ActiveAuthentication);
    let Ok(key) = active::PublicKey::from_dg15(dg15) else {
        return Ok(Proof::NotDone(NotDone::Unsupported));
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
            outcome = Proof::Failed(format!("the chip answered {:04X} to Active Authentication", answer.status));
            continue;
        }
        match key.verify(&challenge, &answer.data, announced) {
            Ok(_) => return Ok(Proof::Passed),
            Err(error) => outcome = Proof::Failed(error.to_string()),
        }
    }
    Ok(outcome)
}

/// The hash that DG14 announces for Active Authentication by ECDSA.
pub(super) fn announced_hash(infos: &SecurityInfos) -> Option<HashAlgorithm> {
    infos.0.iter().find_map(|info| match info {
        SecurityInfo::ActiveAuthentication { signature_algorithm, .. } => active::announced_hash(signature_algorithm),
        _ => None,
    })
}

/// What Terminal Authentication signs.
pub(super) struct Binding<'a> {
    /// The chip's identifier: the document number, or its ephemeral key in PACE.
    pub(super) chip_identifier: &'a [u8],
    /// The terminal's compressed ephemeral key of Chip Authentication.
    pub(super) terminal_key: &'a [u8],
}

/// Terminal Authentication (Doc 9303-11, 7.1).
pub(super) async fn terminal_authentication(
    session: &mut Session,
    manner: &Manner,
    credentials: &Credentials,
    today: Date,
    authorities: &[Reference],
    binding: Binding<'_>,
) -> Result<Proof, TerminalError> {
    session.enter(Stage::TerminalAuthentication);
    let failed = |error: TerminalAuthenticationError| Ok(Proof::Failed(error.to_string()));
    let path = match credentials.path(authorities, today) {
        Ok(path) => path,
        Err(error) => return failed(error),
    };
    let mut challenge = Vec::new();
    for (step, command) in path.commands() {
        let mut answer = send_long(session, manner, command).await?;
        if !answer.is_ok() {
            return failed(TerminalAuthenticationError::Refused { step, status: answer.status });
        }
        challenge = std::mem::take(&mut *answer.data);
    }
    let command = match path.authenticate(binding.chip_identifier, &challenge, binding.terminal_key) {
        Ok(command) => command,
        Err(error) => return failed(error),
    };
    let answer = send_long(session, manner, command).await?;
    if answer.is_ok() {
        return Ok(Proof::Passed);
    }
    let step = crate::eac::terminal_authentication::Step::Authenticate;
    failed(TerminalAuthenticationError::Refused { step, status: answer.status })
}

/// Sends a command whose data may not fit the short form: in the extended form where the chip has it, else as a chain.
async fn send_long(
    session: &mut Session,
    manner: &Manner,
    mut command: Command,
) -> Result<crate::apdu::Response, TerminalError> {
    if manner.extended() || command.data.len() <= CHAINED_DATA_BYTES {
        return session.send(&command).await;
    }
    let data = std::mem::take(&mut command.data);
    let mut pieces = data.chunks(CHAINED_DATA_BYTES).peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            command.data = piece.to_vec();
            break;
        }
        let [class, instruction, p1, p2] = command.header;
        let answer = session.send(&Command::new([class | CHAINED, instruction, p1, p2]).data(piece)).await?;
        if !answer.is_ok() {
            return Ok(answer);
        }
    }
    session.send(&command).await
}
