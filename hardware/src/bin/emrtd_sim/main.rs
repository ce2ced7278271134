//! `emrtd-sim`: issues simulated travel documents, and lays them into a virtual reader.

mod field;
mod forgery;
mod profile;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::AtomicBool,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use field::{Fault, InField, RATES};
use forgery::Forgery;
use profile::Profile;
use sallyport_emrtd::{
    chip::BitRate,
    eac::cvc::Date,
    issue::Document,
    terminal::{self, AccessKey, Groups, Options, Terminal, TerminalAuthentication},
    trust::TrustStore,
};
use sallyport_hardware::{
    console::{say, told},
    document::{
        credentials,
        report::{Report, Verdict},
    },
    simulator::vpcd::{self, Card as _, End},
};
use serde_json::json;

/// How soon a reader that went away is looked for again.
const REOPEN_AFTER: Duration = Duration::from_millis(500);
/// The file that a document's folder has beside those of the library.
const CHIP: &str = "chip.json";
/// The trust store beside a document.
const TRUST: &str = "trust";
/// The credentials of the terminal to which it gives fingerprints.
const TERMINAL: &str = "terminal";

/// Simulated electronic travel documents (ICAO Doc 9303), genuine and forged.
///
/// `issue` makes a document from a profile and signs it with an authority of its own. `read` reads it in this process and
/// says what that costs on the air. `serve` lays it into the virtual PC/SC reader of Debian's vsmartcard-vpcd, where every
/// program that speaks PC/SC can read it, `emrtd-read` too.
#[derive(Parser)]
#[command(name = "emrtd-sim", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints a profile with every setting and its default, to begin with.
    Example,
    /// Makes a document: a folder with its zone, its files, its keys, and in `trust` the authority to judge it by.
    Issue {
        /// The profile (TOML, see `example`); without one, all is as in the example.
        profile: Option<PathBuf>,
        /// The document's folder, which must be new.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Make a forged document.
        #[arg(long, value_enum)]
        forgery: Option<Forgery>,
    },
    /// Reads a document in this process; exits as `emrtd-read` does.
    Read {
        #[command(flatten)]
        laid: Laid,
        /// The trust store to judge it by; the one in its folder otherwise.
        #[arg(long, value_name = "FOLDER")]
        trust: Option<PathBuf>,
        /// Open it by its card access number.
        #[arg(long)]
        can: bool,
        /// Show who holds the document.
        #[arg(long)]
        show: bool,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lays a document into a virtual reader, until Ctrl-C.
    Serve {
        #[command(flatten)]
        laid: Laid,
        /// Where the virtual reader listens: Debian's has two slots, on ports 35963 and 35964.
        #[arg(long, default_value_t = SocketAddr::from(([127, 0, 0, 1], vpcd::PORT)))]
        address: SocketAddr,
        /// End when the reader goes, rather than wait for it.
        #[arg(long)]
        once: bool,
    },
}

#[derive(Args)]
struct Laid {
    /// The document's folder.
    document: PathBuf,
    /// Answer as slowly as at this rate on the air, in kbit/s: 106, 212, 424 or 848.
    #[arg(long, value_parser = rate)]
    rate: Option<BitRate>,
    /// Let the chip misbehave.
    #[arg(long, value_enum)]
    fault: Option<Fault>,
    /// After how many commands a fault begins; of `gone`, after how many bytes.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    after: usize,
}

fn rate(text: &str) -> Result<BitRate, String> {
    let rate = text.parse().ok().and_then(BitRate::from_kbit_s);
    rate.ok_or_else(|| "the rates are 106, 212, 424 and 848".to_owned())
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("emrtd-sim: {}", told(&error));
            ExitCode::from(3)
        }
    }
}

fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Example => {
            say(profile::EXAMPLE.trim_end())?;
            Ok(0)
        }
        Command::Issue { profile, out, forgery } => issue(profile.as_deref(), &out, forgery),
        Command::Read { laid, trust, can, show, json } => read(&laid, trust.as_deref(), can, show, json),
        Command::Serve { laid, address, once } => serve(&laid, address, once),
    }
}

fn now() -> anyhow::Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(i64::try_from(since.as_secs())?)
}

fn issue(path: Option<&Path>, out: &Path, forgery: Option<Forgery>) -> anyhow::Result<u8> {
    let profile = Profile::load(path)?;
    let base = path.and_then(Path::parent).unwrap_or(Path::new("."));
    let issued = forgery::issue(&profile, base, forgery, now()?, &mut rand::rng())?;
    fs::create_dir(out).with_context(|| format!("--out needs a new folder, and {} cannot be made", out.display()))?;
    issued.document.save(out, &issued.zone)?;
    issued.trust.save(&out.join(TRUST))?;
    if !issued.terminal.is_empty() {
        let folder = out.join(TERMINAL);
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        for (name, content) in &issued.terminal {
            fs::write(folder.join(name), content).with_context(|| folder.join(name).display().to_string())?;
        }
    }
    let chip = json!({"bac": profile.access.bac, "extended_bytes": profile.access.extended_bytes});
    fs::write(out.join(CHIP), chip.to_string()).with_context(|| out.display().to_string())?;
    let groups: Vec<String> = issued.document.files.groups.keys().map(|group| format!("DG{group}")).collect();
    say(format_args!("{} with {}", out.display(), groups.join(", ")))?;
    Ok(0)
}

/// The document's chip, and what opens it.
fn lay(laid: &Laid, can: bool) -> anyhow::Result<(InField, AccessKey)> {
    let folder = &laid.document;
    let (_, document) = Document::load(folder)
        .with_context(|| format!("{} holds no document: make one by `emrtd-sim issue`", folder.display()))?;
    let settings: serde_json::Value = match fs::read(folder.join(CHIP)) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| folder.join(CHIP).display().to_string())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => serde_json::Value::Null,
        Err(error) => return Err(error).with_context(|| folder.join(CHIP).display().to_string()),
    };
    let key = match (&document.secrets.can, can) {
        (Some(can), true) => AccessKey::Can(can.clone()),
        (None, true) => bail!("the document has no card access number: leave --can out"),
        (_, false) => AccessKey::Mrz(document.secrets.key.clone()),
    };
    let basic_access = settings["bac"].as_bool().unwrap_or(true);
    let extended = usize::try_from(settings["extended_bytes"].as_u64().unwrap_or(0))?;
    let chip = field::chip(document, basic_access, extended, laid.fault.map(|fault| (fault, laid.after)));
    Ok((InField::new(chip, laid.rate), key))
}

#[derive(Debug, thiserror::Error)]
#[error("the chip stopped answering")]
struct NoAnswer;

fn read(laid: &Laid, trust: Option<&Path>, can: bool, show: bool, as_json: bool) -> anyhow::Result<u8> {
    let now = now()?;
    let (mut card, key) = lay(laid, can)?;
    let own = laid.document.join(TRUST);
    let (trust, _) = TrustStore::load(trust.unwrap_or(&own), now)?;
    let terminal = laid.document.join(TERMINAL);
    let terminal_authentication = terminal.exists().then(|| {
        let credentials = credentials::load(&terminal)?;
        anyhow::Ok(TerminalAuthentication { credentials, today: Date::from_unix_s(now) })
    });
    let terminal_authentication = terminal_authentication.transpose()?;
    let options = Options { groups: Groups::All, terminal_authentication, ..Options::default() };
    let mut terminal = Terminal::with_options(key, options, &mut rand::rng());
    let began = Instant::now();
    let mut transmit = |command: &[u8]| match card.transmit(command) {
        answer if answer.is_empty() => Err(NoAnswer),
        answer => Ok(answer),
    };
    let reading = terminal::read(&mut terminal, &mut transmit, &mut |_| {})?;
    let mut report = Report::new(&reading, Some(&trust), now, began.elapsed());
    if show {
        report = report.with_holder(&reading.contents);
    }
    if as_json {
        let air: serde_json::Map<_, _> =
            RATES.iter().zip(card.air_us).map(|((kbit, _), us)| (kbit.to_string(), (us / 1_000).into())).collect();
        let mut report = serde_json::to_value(&report)?;
        report["air_ms_by_kbit_s"] = air.into();
        say(serde_json::to_string_pretty(&report)?)?;
    } else {
        say(&report)?;
        for ((kbit, _), us) in RATES.iter().zip(card.air_us) {
            say(format_args!("{:>5.2} s on the air at {kbit} kbit/s", us as f64 / 1e6))?;
        }
    }
    Ok(match report.verdict {
        Verdict::Authentic => 0,
        Verdict::NotAuthentic => 1,
        Verdict::Undetermined => 4,
    })
}

fn serve(laid: &Laid, address: SocketAddr, once: bool) -> anyhow::Result<u8> {
    let (mut card, _) = lay(laid, false)?;
    // Nothing sets it: the process ends as a whole.
    let stop = AtomicBool::new(false);
    say(format_args!("{} lies in the virtual reader at {address}", laid.document.display()))?;
    loop {
        match vpcd::serve(&mut card, address, &stop) {
            Ok(End::Removed) => return Ok(0),
            Ok(End::ReaderClosed) if once => return Ok(0),
            Ok(End::ReaderClosed) => {}
            Err(error) if once => return Err(error.into()),
            Err(error) => eprintln!("emrtd-sim: {error}"),
        }
        std::thread::sleep(REOPEN_AFTER);
    }
}
