//! What is left of bytes in the memory of another process: for tests that keys are in no core dump, and gone after use.
//!
//! The process is a child that waits meanwhile ([`Child`]), since whoever looks for bytes has them. Its memory is read as a
//! debugger's is, through `/proc/PID/mem`, which needs the same right (ptrace(2), "Ptrace access mode checking").

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::{
        fs::{FileExt as _, OpenOptionsExt as _},
        process::ExitStatusExt as _,
    },
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Read at once, in bytes.
const CHUNK: usize = 1 << 20;
/// How long a program may take to read: patience, not a measurement.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a child says before the name of a stage, on a line of its own.
const STAGE: &str = "stage: ";

/// Which of its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// All that it may read itself, but for files that it may only read.
    All,
    /// What a core dump may hold, whatever its filter (core(5)): all but what is marked `MADV_DONTDUMP`.
    Dumped,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The address.
    pub address: u64,
    /// What lies there, such as `[heap]` or `[stack]`; nothing for memory without a name.
    pub mapping: String,
}

/// A child that does something with secrets, stage by stage, each of which ends when it is told to go on.
pub struct Child {
    process: std::process::Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Child {
    /// Starts a program that calls [`stage`].
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (told, says) = (process.stdin.take(), process.stdout.take());
        let (told, says) = told.zip(says).ok_or_else(|| io::Error::other("the child has no pipes"))?;
        Ok(Self { process, told, says: BufReader::new(says) })
    }

    /// Waits until it has come to this stage.
    pub fn await_stage(&mut self, name: &str) -> io::Result<()> {
        let mut line = String::new();
        while self.says.read_line(&mut line)? > 0 {
            if line.trim_end().strip_prefix(STAGE) == Some(name) {
                return Ok(());
            }
            line.clear();
        }
        Err(io::Error::other(format!("the child ended before `{name}`")))
    }

    /// Lets it go on.
    pub fn go_on(&mut self) -> io::Result<()> {
        self.told.write_all(b"\n")
    }

    /// Whether its memory may be read; says loudly if not.
    pub fn may_be_read(&self) -> io::Result<bool> {
        match self.traces(&[STAGE.as_bytes()], Memory::All) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                eprintln!("SKIPPED: no traces were looked for: the memory of a child may not be read here ({error})");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Where any of these stands in its memory.
    pub fn traces(&self, of: &[&[u8]], memory: Memory) -> io::Result<Vec<Trace>> {
        traces(self.process.id(), of, memory)
    }

    /// Waits for its end.
    pub fn end(mut self) -> io::Result<std::process::ExitStatus> {
        self.process.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// This test program once more, to run only this test, which is ignored otherwise.
pub fn once_more(test: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    Ok(command)
}

/// The same program with core dumps allowed; it does not begin where its limit may not be raised.
pub fn with_core_dumps(command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -c unlimited && exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    limited
}

/// How a program ended that was aborted.
#[derive(Debug)]
pub struct Aborted {
    /// Whether the kernel wrote a core dump, there or elsewhere.
    pub dumped: bool,
    /// How large a core dump it allowed itself (proc(5), `limits`).
    pub size_max: String,
}

/// Starts a program with core dumps allowed, and aborts it as soon as it reads from this named pipe. `None`, said loudly,
/// where core dumps cannot be allowed.
pub fn aborted_when_it_reads(command: &Command, pipe: &Path) -> io::Result<Option<Aborted>> {
    if !with_core_dumps(&Command::new("true")).status()?.success() {
        eprintln!("SKIPPED: core dumps were not tried: their size cannot be raised here (ulimit -Hc)");
        return Ok(None);
    }
    let mut child = with_core_dumps(command).stdin(Stdio::null()).spawn()?;
    let began = Instant::now();
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(libc::O_NONBLOCK);
    // Opening a pipe to write fails as long as nobody reads; who reads waits as long as it is open.
    let _kept = loop {
        match options.open(pipe) {
            Ok(opened) => break opened,
            Err(_) if child.try_wait()?.is_some() => return Err(io::Error::other("it ended before it read")),
            Err(error) if began.elapsed() > PATIENCE => {
                child.kill()?;
                return Err(error);
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    };
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id()))?;
    Command::new("sh").args(["-c", "kill -ABRT $0", &child.id().to_string()]).status()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap_or_default();
    let size_max = limit.split_ascii_whitespace().next().unwrap_or_default().to_owned();
    Ok(Some(Aborted { dumped: child.wait()?.core_dumped(), size_max }))
}

/// In a child: has come to a stage, and waits to be told to go on.
pub fn stage(name: &str) -> io::Result<()> {
    println!("\n{STAGE}{name}");
    io::stdout().flush()?;
    // One byte at a time, into this: no buffer of the standard library stays behind with something in it.
    let mut line = [0];
    while line != *b"\n" {
        io::Read::read_exact(&mut io::stdin(), &mut line)?;
    }
    Ok(())
}

/// Where any of these stands in the memory of this process.
pub fn traces(process: u32, of: &[&[u8]], memory: Memory) -> io::Result<Vec<Trace>> {
    let bytes = File::open(format!("/proc/{process}/mem"))?;
    let longest = of.iter().map(|bytes| bytes.len()).max().unwrap_or(1).max(1);
    let mut found = Vec::new();
    let mut chunk = vec![0; CHUNK + longest];
    for mapping in mappings(process)? {
        if memory == Memory::Dumped && !mapping.is_dumped {
            continue;
        }
        let mut at = mapping.start;
        while at < mapping.end {
            // Chunks overlap, so that what lies across their edge is found.
            let length = chunk.len().min(usize::try_from(mapping.end - at).unwrap_or(usize::MAX));
            // Some of the kernel's own pages cannot be read by anybody.
            let Ok(read) = bytes.read_at(&mut chunk[..length], at) else { break };
            if read == 0 {
                break;
            }
            for offset in places(&chunk[..read], of, CHUNK) {
                found.push(Trace { address: at + offset as u64, mapping: mapping.name.clone() });
            }
            at += CHUNK.min(read) as u64;
        }
    }
    Ok(found)
}

/// Where any of these stands in these bytes, such as a core dump.
pub fn places(bytes: &[u8], of: &[&[u8]], before: usize) -> Vec<usize> {
    let starts = |at: &usize| of.iter().any(|wanted| bytes.get(*at..).is_some_and(|rest| rest.starts_with(wanted)));
    (0..bytes.len().min(before)).filter(starts).collect()
}

/// A part of a process's memory.
struct Mapping {
    start: u64,
    end: u64,
    name: String,
    is_dumped: bool,
}

/// Those of [`Memory::All`], from the kernel's own words (proc(5), `smaps`).
fn mappings(process: u32) -> io::Result<Vec<Mapping>> {
    let mut all: Vec<Mapping> = Vec::new();
    let mut is_taken = false;
    for line in fs::read_to_string(format!("/proc/{process}/smaps"))?.lines() {
        let mut words = line.split_ascii_whitespace();
        let range = words.next().and_then(|word| word.split_once('-'));
        let range = range.and_then(|(start, end)| Some((hex(start)?, hex(end)?)));
        if let Some((start, end)) = range {
            let access = words.next().unwrap_or_default();
            let name = words.nth(3).unwrap_or_default().to_owned();
            is_taken = access.starts_with("rw") || access.starts_with('r') && !name.starts_with('/');
            all.extend(is_taken.then_some(Mapping { start, end, name, is_dumped: true }));
        } else if let (Some(flags), Some(last), true) = (line.strip_prefix("VmFlags:"), all.last_mut(), is_taken) {
            last.is_dumped = !flags.split_ascii_whitespace().any(|flag| flag == "dd");
        }
    }
    Ok(all)
}

fn hex(number: &str) -> Option<u64> {
    u64::from_str_radix(number, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_wherever_they_begin() {
        let bytes = b"..key.....keykey";
        assert_eq!(places(bytes, &[b"key"], usize::MAX), [2, 10, 13]);
        assert_eq!(places(bytes, &[b"key", b"..."], 8), [2, 5, 6, 7]);
        assert!(places(bytes, &[b"keys"], usize::MAX).is_empty() && places(b"", &[b"key"], 9).is_empty());
    }
}
