//! The inspection system's side: which certificates to show, and the commands that show them.

use std::collections::BTreeSet;

use super::{
    CHALLENGE_BYTES, EXTERNAL_AUTHENTICATE, GET_CHALLENGE, KEY_REFERENCE, SET_AT, SET_DST, VERIFY_CERTIFICATE, message,
};
use crate::{
    apdu::{Command, status},
    eac::cvc::{Certificate, CvcError, Date, Reference, Rights, Role, SigningKey},
    tlv,
};

/// The longest chain tried: two link certificates, verifier and terminal are what real ones need.
const CHAIN_MAX: usize = 8;

/// Why the chip's protected groups stay closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalAuthenticationError {
    /// No chain leads from the chip's authorities to a key that we hold.
    #[error("no certificates lead from the chip's authority ({}) to a key of this terminal: ask its document verifier for them", names(.0))]
    NoPath(Vec<Reference>),
    /// Such a chain exists, but one of its certificates expired.
    #[error("the certificate of `{holder}` expired after {expiration}: fetch a new one from its issuer")]
    Expired {
        /// Its holder.
        holder: Reference,
        /// Its last day.
        expiration: Date,
    },
    /// The chip refused a step.
    #[error("the chip refused {step} with status {status:04X}: {}", advice(step, *.status))]
    Refused {
        /// Which.
        step: Step,
        /// The status word.
        status: u16,
    },
    /// The chip's challenge is not eight bytes.
    #[error("the chip's challenge has {0} bytes instead of 8: read the document again")]
    Challenge(usize),
    /// The terminal's key failed.
    #[error(transparent)]
    Key(#[from] CvcError),
}

fn names(references: &[Reference]) -> String {
    references.iter().map(Reference::to_string).collect::<Vec<_>>().join(", ")
}

fn advice(step: &Step, status: u16) -> &'static str {
    match (step, status) {
        (Step::SelectAuthority(_), status::REFERENCE_NOT_FOUND) => {
            "it does not know this authority; a link certificate is missing"
        }
        (Step::SelectAuthority(_), _) => "it does not let this authority verify",
        (Step::VerifyCertificate(_), _) => {
            "it takes the certificate for expired, forged or not in order; fetch new certificates from the document verifier"
        }
        (Step::SelectTerminal(_), _) => "it did not keep the terminal's certificate",
        (Step::Challenge, _) => "it gives no challenge in this state; Chip Authentication must come first",
        (Step::Authenticate, status::VERIFICATION_FAILED) => {
            "the signature is wrong; the key is not that of the certificate"
        }
        (Step::Authenticate, _) => "Chip Authentication must come first, and once a session is enough",
    }
}

/// A step, for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// MSE: Set DST with this authority.
    SelectAuthority(Reference),
    /// PSO: Verify Certificate of this holder.
    VerifyCertificate(Reference),
    /// MSE: Set AT with this terminal.
    SelectTerminal(Reference),
    /// GET CHALLENGE.
    Challenge,
    /// EXTERNAL AUTHENTICATE.
    Authenticate,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SelectAuthority(reference) => write!(f, "to verify with the key of `{reference}`"),
            Self::VerifyCertificate(reference) => write!(f, "the certificate of `{reference}`"),
            Self::SelectTerminal(reference) => write!(f, "to authenticate `{reference}`"),
            Self::Challenge => f.write_str("a challenge"),
            Self::Authenticate => f.write_str("the terminal's signature"),
        }
    }
}

/// The certificates and keys of an inspection system, of all countries that let it read.
#[derive(Default)]
pub struct Credentials {
    certificates: Vec<Certificate>,
    keys: Vec<SigningKey>,
}

impl Credentials {
    /// These certificates, in any order, and the terminal's keys. Verifies nothing: the chip does.
    pub fn new(certificates: Vec<Certificate>, keys: Vec<SigningKey>) -> Self {
        Self { certificates, keys }
    }

    /// The shortest chain from one of the chip's authorities (EF.CVCA, the first preferred) to a key that is here, with
    /// no verifier or terminal certificate that expired before `today`.
    pub fn path(&self, authorities: &[Reference], today: Date) -> Result<Path<'_>, TerminalAuthenticationError> {
        let valid = |certificate: &Certificate| {
            let contents = certificate.contents();
            contents.authorization.role == Role::Cvca || contents.expiration >= today
        };
        if let Some(path) = self.search(authorities, valid) {
            return Ok(path);
        }
        let stale = self.search(authorities, |_| true);
        let expired = stale.iter().flat_map(|path| &path.certificates).find(|certificate| !valid(certificate));
        Err(match expired {
            Some(certificate) => TerminalAuthenticationError::Expired {
                holder: certificate.holder().clone(),
                expiration: certificate.contents().expiration,
            },
            None => TerminalAuthenticationError::NoPath(authorities.to_vec()),
        })
    }

    /// Breadth first, each holder once: names may go in circles.
    fn search(&self, authorities: &[Reference], valid: impl Fn(&Certificate) -> bool) -> Option<Path<'_>> {
        let mut seen: BTreeSet<&Reference> = BTreeSet::new();
        let mut chains: Vec<Vec<&Certificate>> = Vec::new();
        let mut heads: Vec<(&Reference, Vec<&Certificate>)> =
            authorities.iter().map(|head| (head, Vec::new())).collect();
        for _ in 0..CHAIN_MAX {
            for (head, chain) in heads.drain(..) {
                if !seen.insert(head) {
                    continue;
                }
                let issued = self.certificates.iter().filter(|certificate| {
                    certificate.authority() == head && !certificate.is_self_signed() && valid(certificate)
                });
                // Renewed certificates keep the holder's name but for its number; the newest is the best.
                let mut issued: Vec<_> = issued.collect();
                issued.sort_by_key(|certificate| std::cmp::Reverse(certificate.contents().effective));
                for certificate in issued {
                    if let Some(key) = self.key_of(certificate) {
                        return Some(Path { certificates: [&chain[..], &[certificate]].concat(), key });
                    }
                    chains.push([&chain[..], &[certificate]].concat());
                }
            }
            heads = chains.drain(..).filter_map(|chain| Some((chain.last()?.holder(), chain))).collect();
        }
        None
    }

    fn key_of(&self, certificate: &Certificate) -> Option<&SigningKey> {
        let contents = certificate.contents();
        (contents.authorization.role == Role::Terminal)
            .then(|| self.keys.iter().find(|key| key.matches(&contents.key)))
            .flatten()
    }
}

/// A chain of certificates to show, and the key that belongs to the last.
pub struct Path<'a> {
    certificates: Vec<&'a Certificate>,
    key: &'a SigningKey,
}

impl Path<'_> {
    /// The certificates, from the one that the chip's authority issued down to the terminal's.
    pub fn certificates(&self) -> &[&Certificate] {
        &self.certificates
    }

    /// The rights that all certificates grant. The chip's own CVCA may grant fewer.
    pub fn rights(&self) -> Rights {
        let below_links =
            self.certificates.iter().filter(|certificate| certificate.contents().authorization.role != Role::Cvca);
        let rights = below_links.map(|certificate| certificate.contents().authorization.rights);
        rights.reduce(|all, rights| all & rights).unwrap_or_default()
    }

    /// The commands up to the challenge, in order; each must be answered with `9000`, the last with eight bytes.
    pub fn commands(&self) -> Vec<(Step, Command)> {
        let reference = |reference: &Reference| tlv::object(KEY_REFERENCE, reference.as_bytes());
        let mut commands = Vec::new();
        for certificate in &self.certificates {
            let (authority, holder) = (certificate.authority().clone(), certificate.holder().clone());
            let select = Command::new(SET_DST).data(reference(&authority));
            commands.push((Step::SelectAuthority(authority), select));
            let verify = Command::new(VERIFY_CERTIFICATE).data(certificate.command_data());
            commands.push((Step::VerifyCertificate(holder), verify));
        }
        if let Some(terminal) = self.certificates.last() {
            let select = Command::new(SET_AT).data(reference(terminal.holder()));
            commands.push((Step::SelectTerminal(terminal.holder().clone()), select));
        }
        commands.push((Step::Challenge, Command::new(GET_CHALLENGE).expecting(CHALLENGE_BYTES)));
        commands
    }

    /// EXTERNAL AUTHENTICATE over the chip's challenge; its `9000` opens what the rights allow.
    pub fn authenticate(
        &self,
        chip_identifier: &[u8],
        challenge: &[u8],
        terminal_key: &[u8],
    ) -> Result<Command, TerminalAuthenticationError> {
        let wrong = |_| TerminalAuthenticationError::Challenge(challenge.len());
        let challenge: &[u8; CHALLENGE_BYTES] = challenge.try_into().map_err(wrong)?;
        let signature = self.key.sign(&message(chip_identifier, challenge, terminal_key))?;
        Ok(Command::new(EXTERNAL_AUTHENTICATE).data(signature))
    }
}
