//! What an entry says.

use std::{
    fmt,
    io::{self, BufRead, Read as _},
    str::FromStr,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::AuditError;

/// Longest line, in bytes, newline included.
pub(super) const LINE_BYTES_MAX: u64 = 2_048;
/// Longest account name and reason, in characters.
const FIELD_CHARS_MAX: usize = 64;

macro_rules! acts {
    ($($(#[doc = $text:literal])+ $act:ident,)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Act {
            $($(#[doc = $text])+ $act,)+
        }

        impl Act {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$act),+];
        }
    };
}

acts! {
    /// Somebody logged in.
    LogIn,
    /// Somebody tried to, with a wrong name or password, or too often.
    LogInRefused,
    /// Somebody logged out.
    LogOut,
    /// A person was enrolled.
    Create,
    /// An enrollment was changed: photographed anew, given more fingers.
    Change,
    /// An enrollment was suspended.
    Suspend,
    /// A suspended enrollment was taken up again.
    Resume,
    /// Codes were revoked.
    Revoke,
    /// An enrollment was deleted, and its record's key destroyed.
    Delete,
    /// An enrollment, or the pictures of a crossing, were looked at.
    View,
    /// Enrollments were looked through.
    Search,
    /// All that is held on a person was given out.
    Export,
    /// Records were deleted because their time was over.
    Expire,
    /// A key was rotated or destroyed.
    Rotate,
    /// A root key was sealed by another passphrase.
    Passphrase,
    /// A gate received a key.
    Grant,
    /// A gate forgot its copies, or trusts them no longer.
    Forget,
    /// A store was taken over from a backup.
    Restore,
    /// A data folder was made.
    Initialize,
    /// A gate was admitted.
    Admit,
    /// A gate was dismissed.
    Dismiss,
    /// What a gate's trail is now was taken for right, although it is not what it was.
    Acknowledge,
    /// An account was added.
    AddAccount,
    /// An account got a new password.
    ResetAccount,
    /// An account was removed.
    RemoveAccount,
    /// An officer let a referred traveler pass.
    Accept,
    /// An officer turned a referred traveler away.
    Refuse,
    /// An officer opened a door by hand.
    Open,
    /// An officer took a gate into service, held or closed it.
    SetMode,
    /// The trail itself was looked through.
    Audit,
    /// The service began.
    Start,
    /// What an earlier entry announced was not done after all.
    Fail,
    /// The trail was found damaged and begun anew.
    Damage,
    /// Acts that could not be noted in time and are lost: `what` says how many.
    Lose,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl FromStr for Act {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.iter().copied().find(|act| act.to_string() == text);
        let all = || Self::ALL.iter().map(Self::to_string).collect::<Vec<_>>().join(", ");
        named.ok_or_else(|| format!("`{text}` is no act: use one of {}", all()))
    }
}

/// Whose data: a MAC over an identifier, so that the trail says nothing to whoever lacks the key, and entries of one
/// person can still be found by whoever has it, after the person was deleted, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pseudonym([u8; 16]);

impl Pseudonym {
    /// The pseudonym of this identifier under this key, which is used for nothing else.
    pub fn new(key: &[u8; 32], identifier: &[u8]) -> Self {
        let whole = crate::vault::Vault::new(key).pseudonym("audit", identifier);
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        Self(short)
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.to_string()
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = AuditError;

    fn try_from(text: String) -> Result<Self, AuditError> {
        text.parse()
    }
}

impl FromStr for Pseudonym {
    type Err = AuditError;

    fn from_str(text: &str) -> Result<Self, AuditError> {
        let mut bytes = [0; 16];
        let wrong = |_| AuditError::Field(text.chars().take(FIELD_CHARS_MAX).collect());
        hex::decode_to_slice(text, &mut bytes).map(|()| Self(bytes)).map_err(wrong)
    }
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed<'a> {
    /// The account, or `service`.
    pub who: &'a str,
    /// What it did.
    pub act: Act,
    /// To whose data.
    pub whose: Option<Pseudonym>,
    /// To what, if it is no person's: a gate's or account's name, a door, a mode.
    pub what: Option<&'a str>,
    /// Why: a fixed word of the program or of policy, such as `consent-withdrawn`; never free text.
    pub why: &'a str,
    /// The entry that this one follows up.
    pub of: Option<u64>,
}

impl<'a> Deed<'a> {
    /// A deed to nobody's data and no thing.
    pub fn new(who: &'a str, act: Act, why: &'a str) -> Self {
        Self { who, act, whose: None, what: None, why, of: None }
    }

    /// To this thing. What is no name of one is left out: it may be a password, typed in the wrong place.
    pub fn to(self, thing: &'a str) -> Self {
        Self { what: Some(thing).filter(|thing| is_name(thing)), ..self }
    }
}

fn is_sized(text: &str) -> bool {
    (1..=FIELD_CHARS_MAX).contains(&text.chars().count())
}

/// Whether this may be the name of a thing.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    is_sized(text) && text.bytes().all(allowed)
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1 on without gaps.
    pub n: u64,
    /// When it was done; later entries are mostly later, but one that had to wait for room on the disk is not.
    pub at: Timestamp,
    /// The account.
    pub who: String,
    /// What it did.
    pub act: Act,
    /// To whose data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whose: Option<Pseudonym>,
    /// To what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Why.
    pub why: String,
    /// The entry that this one follows up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

/// SHA-256 over the hash before and an entry.
pub(super) type Hash = [u8; 32];

/// What stands before the first entry.
pub(super) const BEGINNING: Hash = [0; 32];

impl Entry {
    pub(super) fn new(n: u64, at: Timestamp, deed: &Deed<'_>) -> Result<Self, AuditError> {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let wrong = |text: &str| AuditError::Field(text.chars().take(FIELD_CHARS_MAX).collect());
        if !is_sized(deed.who) || deed.who.chars().any(char::is_control) {
            return Err(wrong(deed.who));
        }
        if !is_sized(deed.why) || !deed.why.bytes().all(word) {
            return Err(wrong(deed.why));
        }
        if let Some(what) = deed.what.filter(|what| !is_name(what)) {
            return Err(wrong(what));
        }
        let Deed { who, act, whose, what, why, of } = *deed;
        Ok(Self { n, at, who: who.to_owned(), act, whose, what: what.map(str::to_owned), why: why.to_owned(), of })
    }

    /// The line behind an entry of this hash: `E`, hash and JSON with spaces between, and a newline.
    pub(super) fn line(&self, before: &Hash) -> serde_json::Result<(String, Hash)> {
        let json = serde_json::to_string(self)?;
        let hash = hash(before, &json);
        Ok((format!("E {} {json}\n", hex::encode(hash)), hash))
    }
}

pub(super) fn hash(before: &Hash, json: &str) -> Hash {
    Sha256::new().chain_update("sallyport audit entry 1").chain_update(before).chain_update(json).finalize().into()
}

/// A line of the file.
pub(super) enum Line<'a> {
    Entry { stated: Hash, json: &'a str, entry: Entry },
    Checkpoint(&'a str),
}

impl<'a> Line<'a> {
    /// Reads a line without its newline.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        if line.starts_with("C ") {
            return Some(Self::Checkpoint(line));
        }
        let (stated, json) = line.strip_prefix("E ")?.split_once(' ')?;
        let mut hash = BEGINNING;
        hex::decode_to_slice(stated, &mut hash).ok()?;
        Some(Self::Entry { stated: hash, json, entry: serde_json::from_str(json).ok()? })
    }
}

/// Reads the next line, with its newline if it has one, at most [`LINE_BYTES_MAX`] bytes; `false` at the end.
pub(super) fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    file.take(LINE_BYTES_MAX).read_until(b'\n', line)?;
    Ok(!line.is_empty())
}

/// What to look for: everything that is said must agree.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The account.
    pub who: Option<String>,
    /// What was done.
    pub act: Option<Act>,
    /// To whose data.
    pub whose: Option<Pseudonym>,
    /// To what.
    pub what: Option<String>,
    /// With a lower number: what follows, when entries are shown newest first and in parts.
    pub below: Option<u64>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
}

impl Query {
    fn fits(&self, entry: &Entry) -> bool {
        self.who.as_ref().is_none_or(|who| *who == entry.who)
            && self.act.is_none_or(|act| act == entry.act)
            && self.whose.is_none_or(|whose| Some(whose) == entry.whose)
            && self.what.as_ref().is_none_or(|what| Some(what) == entry.what.as_ref())
            && self.below.is_none_or(|below| entry.n < below)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at <= until)
    }
}

/// The last `limit` entries that fit, in their order. Lines that are none are passed over: [`super::verify`] tells of them.
pub fn search(mut file: impl BufRead, query: &Query, limit: usize) -> io::Result<Vec<Entry>> {
    let (mut found, mut line) = (std::collections::VecDeque::new(), Vec::new());
    while next_line(&mut file, &mut line)? {
        if let Some(Line::Entry { entry, .. }) = Line::parse(line.trim_ascii_end())
            && query.fits(&entry)
        {
            found.push_back(entry);
            if found.len() > limit {
                found.pop_front();
            }
        }
    }
    Ok(found.into())
}
