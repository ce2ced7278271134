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
use crate::keys::RootKey;

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

    /// Of the trail that is written under this root key.
    pub fn of(root: &RootKey) -> Self {
        Self::new(root.key("audit"))
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
    /// Of the trail that is written under this root key.
    pub fn of(root: &RootKey) -> Self {
        Signer::of(root).verifier()
    }

    /// Whether a check-point was signed with this trail's key.
    pub fn accepts(&self, checkpoint: &Checkpoint) -> bool {
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
    /// The number of the last entry,
    pub n: u64,
    /// and its hash.
    pub(super) hash: Hash,
    /// When it was signed.
    pub at: Timestamp,
    signature: [u8; 64],
}

impl Checkpoint {
    /// Whether both speak of the same entries.
    pub fn agrees_with(&self, other: &Self) -> bool {
        (self.n, self.hash) == (other.n, other.hash)
    }

    /// Reads check-points, one a line.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, AuditError> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let all: Vec<Self> = lines.map(str::parse).collect::<Result<_, _>>()?;
        if all.is_empty() { Err(AuditError::Checkpoint) } else { Ok(all) }
    }
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

/// How far a trail is written and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// Length up to there, in bytes.
    pub(super) bytes: u64,
    pub(super) n: u64,
    pub(super) hash: Hash,
}

impl Default for Reached {
    fn default() -> Self {
        Self { bytes: 0, n: 0, hash: BEGINNING }
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
    /// Up to where check-points vouch,
    pub(super) signed: Reached,
    /// and up to where it was read.
    read: Reached,
    /// The highest number of a check-point kept elsewhere.
    known: u64,
}

/// Verifies a trail. `known` are check-points that were kept elsewhere, signed with the same key.
pub fn verify(file: impl BufRead, verifier: &Verifier, known: &[Checkpoint]) -> io::Result<Report> {
    verify_from(Reached::default(), file, verifier, known)
}

/// Verifies what follows an earlier verification, which came so far; lines are counted from there.
pub(super) fn verify_from(
    reached: Reached,
    mut file: impl BufRead,
    verifier: &Verifier,
    known: &[Checkpoint],
) -> io::Result<Report> {
    let mut report = Report { signed: reached, read: reached, ..Report::default() };
    let (mut line, mut at) = (Vec::new(), 0u64);
    let (mut known, foreign): (Vec<Checkpoint>, Vec<_>) = known.iter().partition(|known| verifier.accepts(known));
    known.sort_unstable_by_key(|known| known.n);
    while next_line(&mut file, &mut line)? {
        at = at.saturating_add(1);
        report.read.bytes = report.read.bytes.saturating_add(line.len() as u64);
        match line.split_last() {
            Some((b'\n', line)) => report.read_line(at, line, verifier, &known),
            // Longer than any entry, or the last.
            _ if file.fill_buf()?.is_empty() => report.add(at, ProblemKind::Torn),
            _ => report.add(at, ProblemKind::Form),
        }
    }
    let last = report.read.n;
    if report.signed.n < last {
        report.add(at, ProblemKind::Unsigned { from: report.signed.n.saturating_add(1) });
    }
    foreign.iter().for_each(|_| report.add(0, ProblemKind::Signature));
    report.known = known.last().map_or(0, |known| known.n);
    if report.known > last {
        report.add(at, ProblemKind::Cut { known: report.known, found: last });
    }
    Ok(report)
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    /// Entry and check-point are one write, of which a power cut or a killed process may leave any part; but not of one
    /// whose check-point is known elsewhere, since that is written afterwards.
    pub(super) fn pass_over_a_cut_write(&mut self) {
        let (signed, last) = (self.signed.n, self.read.n);
        let acknowledged = self.known > signed;
        self.problems.retain(|problem| match problem.kind {
            ProblemKind::Torn => acknowledged,
            ProblemKind::Unsigned { .. } => acknowledged || signed.saturating_add(1) != last,
            _ => true,
        });
    }

    fn add(&mut self, line: u64, kind: ProblemKind) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { line, kind });
        }
    }

    fn read_line(&mut self, at: u64, line: &[u8], verifier: &Verifier, known: &[Checkpoint]) {
        match Line::parse(line) {
            None => self.add(at, ProblemKind::Form),
            Some(Line::Entry { stated, json, entry }) => {
                let wanted = self.read.n.saturating_add(1);
                if entry.n != wanted {
                    self.add(at, ProblemKind::Number { wanted, found: entry.n });
                }
                if hash(&self.read.hash, json) != stated {
                    self.add(at, ProblemKind::Chain);
                }
                // Goes on from what the line says, so that one problem is not told again in each line.
                (self.read.hash, self.read.n) = (stated, entry.n);
                self.entries = self.entries.saturating_add(1);
                let of_it = known.iter().skip(known.partition_point(|known| known.n < entry.n));
                if of_it.take_while(|known| known.n == entry.n).any(|known| known.hash != stated) {
                    self.add(at, ProblemKind::Signed);
                }
            }
            Some(Line::Checkpoint(text)) => match text.parse::<Checkpoint>() {
                Err(_) => self.add(at, ProblemKind::Form),
                Ok(checkpoint) if !verifier.accepts(&checkpoint) => self.add(at, ProblemKind::Signature),
                Ok(checkpoint) if (checkpoint.n, checkpoint.hash) != (self.read.n, self.read.hash) => {
                    self.add(at, ProblemKind::Signed);
                }
                Ok(checkpoint) => (self.checkpoint, self.signed) = (Some(checkpoint), self.read),
            },
        }
    }
}
