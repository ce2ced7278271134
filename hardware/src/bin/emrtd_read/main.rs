//! `emrtd-read`: reads an electronic travel document on a PC/SC reader and says whether it is authentic.

mod arguments;
mod progress;
mod written;

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, anyhow, bail};
use arguments::{Arguments, Command, Read};
use clap::Parser as _;
use progress::Progress;
use sallyport_emrtd::{
    asn1::date,
    terminal::{self, Terminal},
    trust::TrustStore,
};
use sallyport_hardware::{
    console::{say, told},
    document::{
        DocumentReader as _, PcscReader, ReaderError, Token, ZoneSource,
        report::{Report, Verdict},
    },
};
use zeroize::Zeroizing;

/// Exit code of a document that is authentic.
const AUTHENTIC: u8 = 0;
/// Exit code of a document that is not.
const NOT_AUTHENTIC: u8 = 1;
/// Exit code where no document was read. That of wrong arguments is 2, clap's.
const NOT_READ: u8 = 3;
/// Exit code of a document that was read, with nothing to judge it by.
const UNDETERMINED: u8 = 4;

fn main() -> ExitCode {
    let Arguments { command, read } = Arguments::parse();
    let result = match command {
        Some(Command::List) => list(),
        None => read_document(&read),
    };
    ExitCode::from(result.unwrap_or_else(|error| {
        eprintln!("emrtd-read: {}", told(&error));
        NOT_READ
    }))
}

fn list() -> anyhow::Result<u8> {
    let names = PcscReader::names()?;
    if names.is_empty() {
        bail!("pcscd knows no reader: plug one in");
    }
    say(names.join("\n"))?;
    Ok(0)
}

/// The zone comes from the arguments.
struct Elsewhere;

impl ZoneSource for Elsewhere {
    fn read(&mut self, _patience: Duration) -> Result<Zeroizing<String>, ReaderError> {
        Ok(Zeroizing::default())
    }
}

fn read_document(arguments: &Read) -> anyhow::Result<u8> {
    let now =
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs())?;
    // All that can be wrong with the arguments comes before the document is asked for.
    let key = arguments.key()?;
    let options = arguments.options(now)?;
    let trust = arguments.trust.as_deref().map(|folder| load(folder, now)).transpose()?;

    let mut reader = PcscReader::open(arguments.reader.as_deref(), Box::new(Elsewhere))?;
    let patience = Duration::from_secs(arguments.wait);
    if !reader.wait(Duration::ZERO)? {
        eprintln!("lay the document on the reader");
        if !reader.wait(patience)? {
            bail!("no document within {} s: lay it on the reader, or wait longer with --wait", arguments.wait);
        }
    }
    if let Token::Card { .. } = reader.identify(patience)? {
        bail!("this is no electronic travel document: lay down a document with the chip symbol");
    }
    let mut progress = Progress::new(arguments.quiet);
    let began = Instant::now();
    let mut terminal = Terminal::with_options(key, options, &mut rand::rng());
    let mut transmit = |command: &[u8]| reader.transmit(command).map(|mut answer| std::mem::take(&mut *answer));
    let reading = terminal::read(&mut terminal, &mut transmit, &mut |now| progress.show(now));
    progress.end();
    let reading = reading?;
    let mut report = Report::new(&reading, trust.as_ref(), now, began.elapsed());
    if arguments.show {
        report = report.with_holder(&reading.contents);
    }
    if let Some(folder) = &arguments.write {
        written::write(folder, &reading.contents)?;
    }
    if arguments.json {
        say(serde_json::to_string_pretty(&report)?)?;
    } else {
        say(&report)?;
        if let Some(folder) = &arguments.write {
            say(format_args!("files written to {}", folder.display()))?;
        }
    }
    Ok(match report.verdict {
        Verdict::Authentic => AUTHENTIC,
        Verdict::NotAuthentic => NOT_AUTHENTIC,
        Verdict::Undetermined => UNDETERMINED,
    })
}

fn load(folder: &Path, now: i64) -> anyhow::Result<TrustStore> {
    let (store, unused) =
        TrustStore::load(folder, now).map_err(|error| anyhow!("{error}: `trust import` makes a store"))?;
    for name in unused {
        eprintln!("emrtd-read: {} is not used", folder.join(name).display());
    }
    if store.is_empty() {
        bail!("{} trusts nobody on {}: import a master list by `trust import`", folder.display(), date(now));
    }
    Ok(store)
}
