//! Writing the trail.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{
    AuditError, Checkpoint, Problem, ProblemKind, Signer,
    entry::{Act, BEGINNING, Deed, Entry, Hash},
    verify,
};
use crate::keys::write_private;

/// The account of what the service does by itself.
const SERVICE: &str = "service";

/// What was found when the trail was opened.
#[derive(Debug, Default)]
pub struct Found {
    /// What is wrong with the file that was there.
    pub problems: Vec<Problem>,
    /// Where it was put aside, as evidence. The trail begins anew, and its first entry says so.
    pub aside: Option<PathBuf>,
}

/// A trail to write into.
pub struct Trail {
    path: PathBuf,
    head: PathBuf,
    signer: Signer,
    state: Mutex<State>,
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trail({})", self.path.display())
    }
}

struct State {
    file: File,
    /// Length of what is whole and on the disk. Anything behind it is the rest of a failed write.
    length: u64,
    n: u64,
    last: Hash,
}

impl Trail {
    /// Opens or begins the trail in this file, whose last check-point is also kept in the file `head`. The whole file is
    /// verified. An entry that the power cut short, or short of its check-point, is dropped, since nobody was told that it was
    /// written, and to sign it now would be to vouch for whoever wrote it. Whatever else is wrong puts the file aside.
    pub fn open(path: &Path, head: &Path, signer: Signer, now: Timestamp) -> Result<(Self, Found), AuditError> {
        let failed = |source| AuditError::File { path: path.into(), source };
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let known = match fs::read_to_string(head) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            other => Some(other.map_err(|source| AuditError::File { path: head.into(), source })?),
        };
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        // A head that is no check-point proves nothing, and is a problem by itself.
        let parsed = known.as_deref().map(str::parse::<Checkpoint>);
        let kept = parsed.as_ref().and_then(|parsed| parsed.as_ref().ok());
        let mut report = verify(BufReader::new(&file), &signer.verifier(), kept).map_err(failed)?;
        if matches!(parsed, Some(Err(_))) {
            report.problems.push(Problem { line: 0, kind: ProblemKind::Form });
        }
        report.problems.retain(|problem| !is_of_a_power_cut(problem.kind, report.checkpoint.as_ref(), report.last_n));
        let signed = report.checkpoint.map_or((0, BEGINNING), |checkpoint| (checkpoint.n, checkpoint.hash));
        let (mut length, (mut n, mut last)) = (report.signed_bytes, signed);
        let mut found = Found { problems: report.problems, aside: None };
        if !found.problems.is_empty() {
            let aside = path.with_file_name(format!("audit-damaged-{}.log", now.as_millisecond()));
            fs::rename(path, &aside).map_err(failed)?;
            file = options.create_new(true).open(path).map_err(failed)?;
            (length, n, last) = (0, 0, BEGINNING);
            found.aside = Some(aside);
        }
        let state = Mutex::new(State { file, length, n, last });
        let trail = Self { path: path.into(), head: head.into(), signer, state };
        let act = if found.aside.is_some() { Act::Damage } else { Act::Start };
        trail.append(&Deed { who: SERVICE, act, whose: None, why: "opened", of: None }, now)?;
        Ok((trail, found))
    }

    /// Writes down a deed; it is on the disk, signed, when this returns. Gives the entry's number. To be called *before*
    /// what it tells is done: then nothing is done that is not noted.
    pub fn append(&self, deed: &Deed<'_>, now: Timestamp) -> Result<u64, AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let n = state.n.saturating_add(1);
        let (line, hash) =
            Entry::new(n, now, deed)?.line(&state.last).map_err(|error| failed(io::Error::other(error)))?;
        let checkpoint = self.signer.sign(n, hash, now);
        let text = format!("{line}{checkpoint}\n");
        state.write(text.as_bytes()).map_err(failed)?;
        (state.n, state.last) = (n, hash);
        // Behind by one after a power cut: then the file has more than the head says, and that is as it should be.
        write_private(&self.head, format!("{checkpoint}\n").as_bytes(), true)
            .map_err(|source| AuditError::File { path: self.head.clone(), source })?;
        Ok(n)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Entry and check-point are one write, of which a power cut may leave any part.
fn is_of_a_power_cut(kind: ProblemKind, checkpoint: Option<&Checkpoint>, last_n: u64) -> bool {
    let signed = checkpoint.map_or(0, |checkpoint| checkpoint.n);
    match kind {
        ProblemKind::Torn => true,
        ProblemKind::Unsigned { .. } => signed.saturating_add(1) == last_n,
        _ => false,
    }
}

impl State {
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(text)?;
        self.file.sync_data()?;
        self.length = self.length.saturating_add(text.len() as u64);
        Ok(())
    }
}
