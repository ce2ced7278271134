//! The chip's side of BAC and PACE (Doc 9303-11, 4.3 and 4.4).

use rand::Rng as _;
use zeroize::Zeroizing;

use super::{Chip, Reply};
use crate::{
    access::{
        bac::{self, Contribution},
        pace::{Offer, PaceError, Password, PasswordReference, SetAt, chip as pace},
    },
    apdu::{Command, status},
    crypto::group::KeyPair,
    secure::Channel,
    security_info::{Mapping, SecurityInfos},
};

/// Where PACE is.
pub(super) enum Pace {
    Start(pace::AwaitStart),
    Mapping(pace::AwaitMapping),
    Key(pace::AwaitKey),
    Token(pace::AwaitToken),
}

impl Pace {
    /// The number of the step that is awaited, from 1.
    fn step(&self) -> u8 {
        match self {
            Self::Start(_) => 1,
            Self::Mapping(_) => 2,
            Self::Key(_) => 3,
            Self::Token(_) => 4,
        }
    }
}

fn status_of(error: &PaceError) -> u16 {
    match error {
        PaceError::WrongPassword { .. } => status::VERIFICATION_FAILED,
        _ => status::WRONG_DATA,
    }
}

impl Chip {
    pub(super) fn challenge(&mut self) -> Reply {
        if self.behavior.open {
            return status::INSTRUCTION_NOT_SUPPORTED.into();
        }
        if !self.files.application_selected() || !self.behavior.basic_access {
            return status::CONDITIONS.into();
        }
        let mut challenge = [0; 8];
        self.random.fill_bytes(&mut challenge);
        self.state.challenge = Some(challenge);
        Reply::ok(challenge)
    }

    pub(super) fn basic_access(&mut self, command: &Command) -> Reply {
        let Some(challenge) = self.state.challenge.take() else { return status::CONDITIONS.into() };
        let mut own = Contribution { challenge, material: Zeroizing::new([0; 16]) };
        self.random.fill_bytes(&mut own.material[..]);
        match bac::chip_answer(&bac::document_keys(&self.secrets.key), &own, &command.data) {
            Some((answer, channel)) => {
                self.state.next_channel = Some(channel);
                self.state.rights.access = true;
                self.state.identifier = terminal_identifier(&self.secrets.key);
                Reply::ok(answer)
            }
            None => status::VERIFICATION_FAILED.into(),
        }
    }

    /// MSE:Set AT for PACE: one of the variants that EF.CardAccess announces, and a password that the chip has.
    pub(super) fn select_pace(&mut self, command: &Command) -> Reply {
        self.state.pace = None;
        let Ok(wanted) = SetAt::parse(&command.data) else { return status::WRONG_DATA.into() };
        let fits = |offer: &Offer| {
            offer.protocol == wanted.protocol
                && (wanted.parameter_id.is_none() || offer.parameter_id == wanted.parameter_id)
        };
        let Some(offer) = self.offers.iter().find(|offer| fits(offer)).cloned() else {
            return status::WRONG_DATA.into();
        };
        let password = match (wanted.reference, &self.secrets.can) {
            (PasswordReference::Mrz, _) => Password::of_mrz(&self.secrets.key),
            (PasswordReference::Can, Some(can)) => Password::of_can(can),
            (PasswordReference::Can, None) => return status::REFERENCE_NOT_FOUND.into(),
        };
        let static_key = (offer.protocol.mapping == Mapping::ChipAuthentication).then(|| self.mapping_key(&offer));
        match pace::AwaitStart::new(offer, password, static_key.flatten()) {
            Ok(start) => {
                self.state.pace = Some(Pace::Start(start));
                status::OK.into()
            }
            Err(_) => status::CONDITIONS.into(),
        }
    }

    /// The static key for chip authentication mapping: that of Chip Authentication in the same group.
    fn mapping_key(&self, offer: &Offer) -> Option<KeyPair> {
        let keys = &self.secrets.genuineness.agreement;
        let key = keys.iter().find(|key| *key.pair.public().group() == offer.group)?;
        KeyPair::from_private(&offer.group, &key.pair.private_bytes().ok()?).ok()
    }

    /// One GENERAL AUTHENTICATE of PACE.
    pub(super) fn continue_pace(&mut self, pace: Pace, command: &Command) -> Reply {
        if self.behavior.pace_fails_at == Some(pace.step()) {
            return status::CONDITIONS.into();
        }
        let last = command.header[0] & super::CHAINED == 0;
        if last != matches!(pace, Pace::Token(_)) {
            return status::LAST_OF_CHAIN_EXPECTED.into();
        }
        let (data, random) = (&command.data, &mut self.random);
        let next = match pace {
            Pace::Start(start) => start.nonce(data, random).map(|(next, reply)| (Pace::Mapping(next), reply)),
            Pace::Mapping(mapping) => mapping.map(data, random).map(|(next, reply)| (Pace::Key(next), reply)),
            Pace::Key(key) => key.agree(data, random).map(|(next, reply)| (Pace::Token(next), reply)),
            Pace::Token(token) => match token.finish(data) {
                Ok((established, reply)) => {
                    self.state.next_channel = Some(Channel::new(established.keys));
                    (self.state.rights.access, self.state.rights.pace) = (true, true);
                    self.state.identifier = established.chip_key;
                    return Reply::ok(reply);
                }
                Err(error) => Err(error),
            },
        };
        match next {
            Ok((next, reply)) => {
                self.state.pace = Some(next);
                Reply::ok(reply)
            }
            Err(error) => status_of(&error).into(),
        }
    }
}

/// What EF.CardAccess announces.
pub(super) fn offers(card_access: Option<&[u8]>) -> Vec<Offer> {
    card_access.and_then(|file| SecurityInfos::parse(file).ok()).map(|infos| Offer::all(&infos)).unwrap_or_default()
}

fn terminal_identifier(key: &crate::mrz::MrzKey) -> Vec<u8> {
    crate::eac::terminal_authentication::identifier_after_bac(key).to_vec()
}
