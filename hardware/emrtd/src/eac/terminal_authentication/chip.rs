//! The chip's side: its trust points and date, which outlast a session, and what a session has verified so far.

use rand::CryptoRng;

use super::{CHALLENGE_BYTES, KEY_REFERENCE, message, write_ef_cvca};
use crate::{
    apdu::status,
    eac::cvc::{Certificate, Certified, CvcError, Date, Reference, Rights, Role, is_accurate},
    tlv,
};

/// Trust points a chip keeps (Doc 9303-11, 7.1.4.3.2).
const TRUST_POINTS_MAX: usize = 2;

/// Whom the chip trusts, and the day it believes it is.
#[derive(Clone)]
pub struct Trust {
    /// The newest first.
    points: Vec<Certified>,
    today: Date,
}

impl Trust {
    /// This CVCA, on the day of personalization.
    pub fn new(cvca: &Certificate, today: Date) -> Result<Self, CvcError> {
        Ok(Self { points: vec![Certified::trust_point(cvca)?], today })
    }

    /// EF.CVCA.
    pub fn ef_cvca(&self) -> Vec<u8> {
        write_ef_cvca(self.points.iter().map(|point| &point.holder))
    }

    /// The day the chip believes it is: the newest that a believable certificate began on.
    pub fn today(&self) -> Date {
        self.today
    }

    fn find(&self, reference: &[u8]) -> Option<&Certified> {
        self.points.iter().find(|point| point.holder.as_bytes() == reference)
    }

    /// Doc 9303-11, 7.1.4.3.4, steps 2 and 3.
    fn update(&mut self, issuer: &Certified, certified: &Certified) {
        if is_accurate(issuer) {
            self.today = self.today.max(certified.effective);
        }
        if certified.authorization.role == Role::Cvca {
            self.points.insert(0, certified.clone());
            self.points.sort_by_key(|point| std::cmp::Reverse(point.effective));
            self.points.truncate(TRUST_POINTS_MAX);
        }
    }
}

/// What the present session verified. Each command fails with the status word to answer.
#[derive(Default)]
pub struct Session {
    /// The key that verifies the next certificate.
    authority: Option<Certified>,
    /// The last verifier or terminal whose certificate was verified.
    imported: Option<Certified>,
    terminal: Option<Certified>,
    challenge: Option<[u8; CHALLENGE_BYTES]>,
    rights: Option<Rights>,
}

impl Session {
    /// What the authenticated terminal may do: nothing before it is.
    pub fn rights(&self) -> Rights {
        self.rights.unwrap_or_default()
    }

    /// MSE: Set DST.
    pub fn set_dst(&mut self, trust: &Trust, data: &[u8]) -> Result<(), u16> {
        let reference = tlv::find(data, KEY_REFERENCE).map_err(|_| status::WRONG_DATA)?;
        self.authority = trust.find(reference).or_else(|| self.imported_as(reference)).cloned();
        self.authority.as_ref().map(|_| ()).ok_or(status::REFERENCE_NOT_FOUND)
    }

    fn imported_as(&self, reference: &[u8]) -> Option<&Certified> {
        self.imported.as_ref().filter(|imported| imported.holder.as_bytes() == reference)
    }

    /// PSO: Verify Certificate.
    pub fn verify_certificate(&mut self, trust: &mut Trust, data: &[u8]) -> Result<(), u16> {
        let issuer = self.authority.take().ok_or(status::CONDITIONS)?;
        let certificate = Certificate::parse_command_data(data).map_err(|_| status::WRONG_DATA)?;
        let certified = issuer.certify(&certificate, trust.today).map_err(|_| status::VERIFICATION_FAILED)?;
        // A permanent key is never taken over by another of the same name (Doc 9303-11, 7.1.4.3.7).
        if trust.find(certified.holder.as_bytes()).is_some() {
            return Err(status::CONDITIONS);
        }
        trust.update(&issuer, &certified);
        if certified.authorization.role != Role::Cvca {
            self.imported = Some(certified);
        }
        Ok(())
    }

    /// MSE: Set AT for external authentication.
    pub fn set_at(&mut self, data: &[u8]) -> Result<(), u16> {
        let reference = tlv::find(data, KEY_REFERENCE).map_err(|_| status::WRONG_DATA)?;
        let imported = self.imported_as(reference).ok_or(status::REFERENCE_NOT_FOUND)?;
        if imported.authorization.role != Role::Terminal {
            return Err(status::WRONG_DATA);
        }
        self.terminal = Some(imported.clone());
        Ok(())
    }

    /// GET CHALLENGE.
    pub fn challenge(&mut self, rng: &mut impl CryptoRng) -> [u8; CHALLENGE_BYTES] {
        let mut challenge = [0; CHALLENGE_BYTES];
        rng.fill_bytes(&mut challenge);
        self.challenge = Some(challenge);
        challenge
    }

    /// With this challenge given out, by whoever gave it.
    pub fn set_challenge(&mut self, challenge: [u8; CHALLENGE_BYTES]) {
        self.challenge = Some(challenge);
    }

    /// EXTERNAL AUTHENTICATE: gives the terminal's rights. `terminal_key` is the compressed ephemeral key of Chip
    /// Authentication, if there was one: without it nobody is authenticated.
    pub fn external_authenticate(
        &mut self,
        chip_identifier: &[u8],
        terminal_key: Option<&[u8]>,
        signature: &[u8],
    ) -> Result<Rights, u16> {
        // Once a session (Doc 9303-11, 7.1.3).
        let Some(terminal_key) = terminal_key.filter(|_| self.rights.is_none()) else {
            return Err(status::SECURITY_STATUS);
        };
        let challenge = self.challenge.take().ok_or(status::CONDITIONS)?;
        let terminal = self.terminal.take().ok_or(status::CONDITIONS)?;
        if !terminal.key.verify(&message(chip_identifier, &challenge, terminal_key), signature) {
            return Err(status::VERIFICATION_FAILED);
        }
        self.rights = Some(terminal.authorization.rights);
        Ok(terminal.authorization.rights)
    }

    /// The name of the terminal whose certificate was verified last.
    pub fn imported(&self) -> Option<&Reference> {
        self.imported.as_ref().map(|imported| &imported.holder)
    }
}
