//! Writing the trail. Several processes may write the same one: each locks the file, reads and verifies what the others
//! wrote meanwhile, and goes on from there.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Take, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{
    AuditError, Checkpoint, Problem, ProblemKind, Signer,
    entry::{Act, Deed, Entry},
    verification::{Reached, Report, verify, verify_from},
};
use crate::keys::write_private;

/// The account of what a program does by itself.
pub const SERVICE: &str = "service";

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
    /// Up to where this process knows the trail to be whole and on the disk. What follows was written by others, or is the
    /// rest of a write that was cut short.
    reached: Mutex<Reached>,
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trail({})", self.path.display())
    }
}

impl Trail {
    /// Opens or begins the trail in this file, for the one program that keeps it. Its last check-point is also kept in the
    /// file `head`, its public key beside it in a file that ends in `.pub`. The whole file is verified. An entry that a power
    /// cut or a killed process left short of its check-point is dropped, since nobody was told that it was written, and to
    /// sign it now would be to vouch for whoever wrote it. Whatever else is wrong puts the file aside.
    pub fn open(path: &Path, head: &Path, signer: Signer, now: Timestamp) -> Result<(Self, Found), AuditError> {
        let (trail, file, problems) = Self::locked_and_verified(path, head, signer)?;
        let mut found = Found { problems, aside: None };
        if !found.problems.is_empty() {
            found.aside = Some(trail.put_aside(now)?);
        }
        drop(file);
        let act = if found.aside.is_some() { Act::Damage } else { Act::Start };
        trail.append(&Deed::new(SERVICE, act, "opened"), now)?;
        Ok((trail, found))
    }

    /// Opens or begins the trail for a program beside the one that keeps it, such as a command. One that is damaged is left
    /// to the other, and is an error here.
    pub fn join(path: &Path, head: &Path, signer: Signer) -> Result<Self, AuditError> {
        match Self::locked_and_verified(path, head, signer)? {
            (trail, _, problems) if problems.is_empty() => Ok(trail),
            (trail, _, problems) => Err(AuditError::Altered { path: trail.path, problems }),
        }
    }

    fn locked_and_verified(path: &Path, head: &Path, signer: Signer) -> Result<(Self, File, Vec<Problem>), AuditError> {
        let failed = |source| AuditError::File { path: path.into(), source };
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = locked(path, true).map_err(failed)?;
        let public = path.with_extension("pub");
        let key = format!("{}\n", signer.verifier());
        if fs::read(&public).ok().as_deref() != Some(key.as_bytes()) {
            let written = write_private(&public, key.as_bytes(), true);
            written.map_err(|source| AuditError::File { path: public, source })?;
        }
        let trail = Self { path: path.into(), head: head.into(), signer, reached: Mutex::default() };
        let mut report = trail.verified(Reached::default(), &file)?;
        // Otherwise how far it is whole is of no use to anybody.
        if report.problems.is_empty() {
            *trail.reached() = report.signed;
        }
        Ok((trail, file, std::mem::take(&mut report.problems)))
    }

    /// Writes down a deed; it is on the disk, signed, when this returns. Gives the entry's number. To be called *before*
    /// what it tells is done: then nothing is done that is not noted.
    pub fn append(&self, deed: &Deed<'_>, now: Timestamp) -> Result<u64, AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        let mut reached = self.reached();
        let mut file = locked(&self.path, reached.n == 0).map_err(failed)?;
        *reached = self.caught_up(*reached, &file)?;
        let n = reached.n.saturating_add(1);
        let (line, hash) =
            Entry::new(n, now, deed)?.line(&reached.hash).map_err(|error| failed(io::Error::other(error)))?;
        let checkpoint = self.signer.sign(n, hash, now);
        let text = format!("{line}{checkpoint}\n");
        if let Err(error) = write_at(&mut file, reached.bytes, text.as_bytes()) {
            // What was not acknowledged should not stay. If it does after all, the next writer takes it for what it is: cut
            // short, or an entry of something that was then not done.
            let _ = file.set_len(reached.bytes);
            return Err(failed(error));
        }
        *reached = Reached { bytes: reached.bytes.saturating_add(text.len() as u64), n, hash };
        // Behind by one after a power cut: then the file has more than the head says, and that is as it should be.
        write_private(&self.head, format!("{checkpoint}\n").as_bytes(), true)
            .map_err(|source| AuditError::File { path: self.head.clone(), source })?;
        Ok(n)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last check-point, as it is kept in the head.
    pub fn last(&self) -> Result<Option<Checkpoint>, AuditError> {
        self.kept()?.map(|text| text.parse()).transpose()
    }

    fn reached(&self) -> std::sync::MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> Result<Option<String>, AuditError> {
        match fs::read_to_string(&self.head) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(|source| AuditError::File { path: self.head.clone(), source }),
        }
    }

    /// Takes over what other processes wrote since; nobody writes meanwhile, since we hold the file.
    fn caught_up(&self, reached: Reached, file: &File) -> Result<Reached, AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        let length = file.metadata().map_err(failed)?.len();
        let report = if length < reached.bytes { None } else { Some(self.verified(reached, file)?) };
        match report {
            Some(report) if report.problems.is_empty() => Ok(report.signed),
            report => {
                // From the beginning, and with all that we know: then it is told what is wrong, and where.
                let own = self.signer.sign(reached.n, reached.hash, Timestamp::now());
                let reader = self.reader(Reached::default(), file).map_err(failed)?;
                let mut problems = verify(reader, &self.signer.verifier(), &[own]).map_err(failed)?.problems;
                problems
                    .extend(report.map(|report| report.problems).filter(|_| problems.is_empty()).unwrap_or_default());
                Err(AuditError::Altered { path: self.path.clone(), problems })
            }
        }
    }

    /// Verifies from there on, with the head, and passes over what a cut-off write left behind.
    fn verified(&self, from: Reached, file: &File) -> Result<Report, AuditError> {
        let failed = |source| AuditError::File { path: self.path.clone(), source };
        // A head that is no check-point proves nothing, and is a problem by itself.
        let known = self.kept()?.map(|text| text.parse::<Checkpoint>());
        let (known, garbled) = match known {
            Some(Ok(known)) => (Some(known), false),
            Some(Err(_)) => (None, true),
            None => (None, false),
        };
        let reader = self.reader(from, file).map_err(failed)?;
        let mut report = verify_from(from, reader, &self.signer.verifier(), known.as_slice()).map_err(failed)?;
        if garbled {
            report.problems.push(Problem { line: 0, kind: ProblemKind::Form });
        }
        report.pass_over_a_cut_write();
        Ok(report)
    }

    fn reader<'a>(&self, from: Reached, mut file: &'a File) -> io::Result<BufReader<&'a File>> {
        file.seek(SeekFrom::Start(from.bytes))?;
        Ok(BufReader::new(file))
    }

    /// Puts log and head aside. The trail begins anew with the next entry.
    fn put_aside(&self, now: Timestamp) -> Result<PathBuf, AuditError> {
        let moved = |from: &Path, ending: &str| {
            let aside = from.with_file_name(format!("audit-damaged-{}.{ending}", now.as_millisecond()));
            match fs::rename(from, &aside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(AuditError::File { path: from.into(), source: error })
                }
                _ => Ok(aside),
            }
        };
        let aside = moved(&self.path, "log")?;
        moved(&self.head, "head")?;
        *self.reached() = Reached::default();
        Ok(aside)
    }
}

/// The trail as it was at one moment at which nobody was writing, to be verified or searched beside those who write.
pub fn reader(path: &Path) -> io::Result<BufReader<Take<File>>> {
    let file = File::open(path)?;
    // Where nothing can be locked, such as on a disk for reading only, nobody writes.
    let locked = file.lock_shared();
    let length = file.metadata()?.len();
    if locked.is_ok() {
        file.unlock()?;
    }
    Ok(BufReader::new(file.take(length)))
}

/// Opens the file at this path and holds it against other processes until it is closed.
fn locked(path: &Path, create: bool) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().read(true).write(true).create(create).truncate(false).mode(0o600).open(path)?;
        while let Err(error) = file.lock() {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        // Somebody may have put it aside while we waited.
        let (held, there) = (file.metadata()?, fs::metadata(path));
        match there {
            Ok(there) if (there.dev(), there.ino()) == (held.dev(), held.ino()) => return Ok(file),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}

/// Writes and flushes, in place of whatever follows this length.
fn write_at(file: &mut File, length: u64, text: &[u8]) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length))?;
    file.write_all(text)?;
    file.sync_data()
}
