//! The chip's side of Active, Chip and Terminal Authentication (Doc 9303-11, 6 and 7.1). All of them need a channel.

use super::{Chip, Reply};
use crate::{
    apdu::{Command, status},
    eac::cvc::Rights,
    genuineness::chip_authentication::{self, Agreed},
};

impl Chip {
    pub(super) fn authenticate_actively(&mut self, command: &Command) -> Reply {
        if !self.may_read() {
            return status::SECURITY_STATUS.into();
        }
        let Some(key) = &self.secrets.genuineness.active else { return status::INSTRUCTION_NOT_SUPPORTED.into() };
        let Ok(challenge) = <[u8; 8]>::try_from(&command.data[..]) else { return status::WRONG_LENGTH.into() };
        match key.sign(&challenge, &mut self.random) {
            Ok(signature) => Reply::ok(signature),
            Err(_) => status::CONDITIONS.into(),
        }
    }

    /// Whether the files behind access control are open.
    fn may_read(&self) -> bool {
        self.state.rights.access || self.behavior.open
    }

    /// MSE:Set KAT: the whole of Chip Authentication with 3DES.
    pub(super) fn agree_at_once(&mut self, command: &Command) -> Reply {
        self.agreeing(|chip| {
            let agreed = chip_authentication::set_kat(&chip.secrets.genuineness.agreement, &command.data)?;
            Ok((Vec::new(), agreed))
        })
    }

    /// MSE:Set AT for Chip Authentication: with which key and suite.
    pub(super) fn select_agreement(&mut self, command: &Command) -> Reply {
        if !self.state.protected {
            return status::SECURITY_STATUS.into();
        }
        match chip_authentication::set_at(&self.secrets.genuineness.agreement, &command.data) {
            Ok(selected) => {
                self.state.agreement = Some(selected);
                status::OK.into()
            }
            Err(status) => status.into(),
        }
    }

    /// GENERAL AUTHENTICATE of Chip Authentication.
    pub(super) fn agree(&mut self, command: &Command) -> Reply {
        self.agreeing(|chip| {
            let selected = chip.state.agreement.take().ok_or(status::CONDITIONS)?;
            chip_authentication::general_authenticate(&chip.secrets.genuineness.agreement, selected, &command.data)
        })
    }

    fn agreeing(&mut self, agree: impl FnOnce(&mut Self) -> Result<(Vec<u8>, Agreed), u16>) -> Reply {
        if !self.state.protected {
            return status::SECURITY_STATUS.into();
        }
        match agree(self) {
            Ok((data, agreed)) => {
                self.state.next_channel = Some(agreed.channel);
                self.state.terminal_key = Some(agreed.terminal_key);
                Reply::ok(data)
            }
            Err(status) => status.into(),
        }
    }

    pub(super) fn select_authority(&mut self, command: &Command) -> Reply {
        let Some(trust) = &self.trust else { return status::CONDITIONS.into() };
        self.state.terminal.set_dst(trust, &command.data).into()
    }

    pub(super) fn verify_certificate(&mut self, command: &Command) -> Reply {
        let Some(trust) = &mut self.trust else { return status::CONDITIONS.into() };
        self.state.terminal.verify_certificate(trust, &command.data).into()
    }

    pub(super) fn select_terminal(&mut self, command: &Command) -> Reply {
        self.state.terminal.set_at(&command.data).into()
    }

    pub(super) fn terminal_challenge(&mut self) -> Reply {
        Reply::ok(self.state.terminal.challenge(&mut self.random))
    }

    pub(super) fn authenticate_terminal(&mut self, command: &Command) -> Reply {
        let state = &mut self.state;
        let key = state.terminal_key.as_deref();
        match state.terminal.external_authenticate(&state.identifier, key, &command.data) {
            Ok(rights) => {
                state.rights.fingers = rights.include(Rights::READ_DG3);
                state.rights.irises = rights.include(Rights::READ_DG4);
                status::OK.into()
            }
            Err(status) => status.into(),
        }
    }
}

impl From<Result<(), u16>> for Reply {
    fn from(outcome: Result<(), u16>) -> Self {
        outcome.err().unwrap_or(status::OK).into()
    }
}
