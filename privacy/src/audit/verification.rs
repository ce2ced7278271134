//! Check-points, and whether a trail is whole.

use std::{
    fmt,
    io::{self, BufRead},
    str::FromStr,
};

use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sallyport_memory::Locked;

use super::{
    AuditError,
    entry::{BEGINNING, Hash, Line, hash, next_line},
};

/// Most problems that are told: a file of garbage has one in each line.
const PROBLEMS_MAX: usize = 100;

/// Signs check-points, or statements of another kind.
pub struct Signer {
    seed: Locked<32>,
    public: [u8; 32],
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// From a key that is used for nothing else.
    pub fn new(seed: Locked<32>) -> Self {
        let mut public = [0; 32];
        public.copy_from_slice(pair(&seed).public_key().as_ref());
        Self { seed, public }
    }

    /// What others need to verify.
    pub fn verifier(&self) -> Verifier {
        Verifier(self.public)
    }

    pub(super) fn sign(&self, n: u64, hash: Hash, at: Timestamp) -> Checkpoint {
        Checkpoint { n, hash, at, signature: self.sign_statement(&message(n, &hash, at)) }
    }

    /// Signs something else than a check-point: by a key that is used for nothing else, and signs no other kind of
    /// statement.
    pub fn sign_statement(&self, statement: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        // The pair is made for each signature, so that the private key stays in locked memory in between.
        signature.copy_from_slice(pair(&self.seed).sign(statement).as_ref());
        signature
    }
}

fn pair(seed: &Locked<32>) -> Ed25519KeyPair {
    match Ed25519KeyPair::from_seed_unchecked(&seed[..]) {
        Ok(pair) => pair,
        Err(_) => unreachable!("any 32 bytes are a seed (RFC 8032, 5.1.5)"),
    }
}

/// The public key of a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verifier([u8; 32]);

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Verifier {
    type Err = AuditError;

    fn from_str(text: &str) -> Result<Self, AuditError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map(|()| Self(key)).map_err(|_| AuditError::Key)
    }
}

impl Verifier {
    fn accepts(&self, checkpoint: &Checkpoint) -> bool {
        let Checkpoint { n, hash, at, signature } = checkpoint;
        self.accepts_statement(&message(*n, hash, *at), signature)
    }

    /// Whether [`Signer::sign_statement`] signed this.
    pub fn accepts_statement(&self, statement: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(statement, signature).is_ok()
    }
}

fn message(n: u64, hash: &Hash, at: Timestamp) -> Vec<u8> {
    let at = at.to_string();
    [&b"sallyport audit checkpoint 1\0"[..], &n.to_be_bytes(), hash, at.as_bytes()].concat()
}

/// A signed statement that a trail had this many entries, of which the last had this hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the last entry.
    pub n: u64,
    pub(super) hash: Hash,
    /// When it was signed.
    pub at: Timestamp,
    signature: [u8; 64],
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n, hash, at, signature } = self;
        write!(f, "C {n} {} {at} {}", hex::encode(hash), hex::encode(signature))
    }
}

impl FromStr for Checkpoint {
    type Err = AuditError;

    fn from_str(text: &str) -> Result<Self, AuditError> {
        let mut parts = text.trim_end().split(' ');
        let mut next = || parts.next().ok_or(AuditError::Checkpoint);
        if next()? != "C" {
            return Err(AuditError::Checkpoint);
        }
        let n = next()?.parse().map_err(|_| AuditError::Checkpoint)?;
        let (mut hash, mut signature) = (BEGINNING, [0; 64]);
        hex::decode_to_slice(next()?, &mut hash).map_err(|_| AuditError::Checkpoint)?;
        let at = next()?.parse().map_err(|_| AuditError::Checkpoint)?;
        hex::decode_to_slice(next()?, &mut signature).map_err(|_| AuditError::Checkpoint)?;
        if parts.next().is_some() { Err(AuditError::Checkpoint) } else { Ok(Self { n, hash, at, signature }) }
    }
}

/// What is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// Neither an entry nor a check-point.
    #[error("this is neither an entry nor a check-point")]
    Form,
    /// The end of the last line is missing: the power was cut, or somebody cut.
    #[error("the last line is cut short")]
    Torn,
    /// Changed, or the one before it was changed, taken out, put in or moved.
    #[error("this entry, or the one before it, was changed, taken out, put in or moved")]
    Chain,
    /// Numbers that do not follow each other.
    #[error("entry {found} stands where entry {wanted} belongs")]
    Number {
        /// What belongs there.
        wanted: u64,
        /// What is there.
        found: u64,
    },
    /// Signed by somebody else, or changed.
    #[error("this check-point is not signed with the trail's key")]
    Signature,
    /// A check-point for other entries than those before it.
    #[error("the entries up to here are not those that were signed")]
    Signed,
    /// Entries behind the last check-point.
    #[error("the entries from {from} on are covered by no check-point: anybody may have written them")]
    Unsigned {
        /// The first of them.
        from: u64,
    },
    /// A check-point kept elsewhere speaks of more entries than there are.
    #[error("the trail had {known} entries, and now has {found}: its end was cut off")]
    Cut {
        /// As the check-point says.
        known: u64,
        /// As there are.
        found: u64,
    },
}

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1 on.
    pub line: u64,
    /// What.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

/// What was found in a trail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many entries there are.
    pub entries: u64,
    /// The last check-point that is signed as it should be and agrees.
    pub checkpoint: Option<Checkpoint>,
    /// What is wrong: the first hundred. Empty: nothing.
    pub problems: Vec<Problem>,
    /// Where that check-point ends, in bytes.
    pub(super) signed_bytes: u64,
    bytes: u64,
    last: Hash,
    pub(super) last_n: u64,
}

/// Verifies a trail. `known` is a check-point that was kept elsewhere, signed with the same key.
pub fn verify(mut file: impl BufRead, verifier: &Verifier, known: Option<&Checkpoint>) -> io::Result<Report> {
    let (mut report, mut line, mut at) = (Report { last: BEGINNING, ..Report::default() }, Vec::new(), 0u64);
    while next_line(&mut file, &mut line)? {
        at = at.saturating_add(1);
        report.bytes = report.bytes.saturating_add(line.len() as u64);
        match line.split_last() {
            Some((b'\n', line)) => report.read(at, line, verifier, known),
            // Longer than any entry, or the last.
            _ if file.fill_buf()?.is_empty() => report.add(at, ProblemKind::Torn),
            _ => report.add(at, ProblemKind::Form),
        }
    }
    let signed = report.checkpoint.map_or(0, |checkpoint| checkpoint.n);
    if signed < report.last_n {
        report.add(at, ProblemKind::Unsigned { from: signed.saturating_add(1) });
    }
    if let Some(known) = known {
        if !verifier.accepts(known) {
            report.add(0, ProblemKind::Signature);
        } else if known.n > report.last_n {
            report.add(at, ProblemKind::Cut { known: known.n, found: report.last_n });
        }
    }
    Ok(report)
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, line: u64, kind: ProblemKind) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { line, kind });
        }
    }

    fn read(&mut self, at: u64, line: &[u8], verifier: &Verifier, known: Option<&Checkpoint>) {
        match Line::parse(line) {
            None => self.add(at, ProblemKind::Form),
            Some(Line::Entry { stated, json, entry }) => {
                let wanted = self.last_n.saturating_add(1);
                if entry.n != wanted {
                    self.add(at, ProblemKind::Number { wanted, found: entry.n });
                }
                if hash(&self.last, json) != stated {
                    self.add(at, ProblemKind::Chain);
                }
                // Goes on from what the line says, so that one problem is not told again in each line.
                (self.last, self.last_n) = (stated, entry.n);
                self.entries = self.entries.saturating_add(1);
                if known.is_some_and(|known| known.n == entry.n && known.hash != stated) {
                    self.add(at, ProblemKind::Signed);
                }
            }
            Some(Line::Checkpoint(text)) => match text.parse::<Checkpoint>() {
                Err(_) => self.add(at, ProblemKind::Form),
                Ok(checkpoint) if !verifier.accepts(&checkpoint) => self.add(at, ProblemKind::Signature),
                Ok(checkpoint) if (checkpoint.n, checkpoint.hash) != (self.last_n, self.last) => {
                    self.add(at, ProblemKind::Signed);
                }
                Ok(checkpoint) => (self.checkpoint, self.signed_bytes) = (Some(checkpoint), self.bytes),
            },
        }
    }
}
