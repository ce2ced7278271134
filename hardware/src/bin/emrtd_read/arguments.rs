//! What `emrtd-read` is told.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use sallyport_emrtd::{
    Mrz,
    eac::cvc::Date,
    mrz::{Can, Format, MrzDate},
    terminal::{AccessKey, AccessPolicy, ExtendedLength, Groups, Options, TerminalAuthentication},
};
use sallyport_hardware::document::credentials;
use zeroize::Zeroizing;

/// Reads an electronic travel document (ICAO Doc 9303) on a PC/SC reader and says whether it is authentic.
///
/// What opens the chip is printed on the document: the machine readable zone, or the card access number. It is the
/// holder's; on the command line other users of this machine can see it, so rather give `--mrz -` and type the zone.
///
/// Exit codes: 0 authentic, 1 not authentic, 2 wrong arguments, 3 no document was read, 4 read, but without --trust there
/// is nothing to judge the signer by.
#[derive(Parser)]
#[command(name = "emrtd-read", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) read: Read,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists the readers that pcscd knows.
    List,
}

#[derive(Args)]
pub(crate) struct Read {
    /// The lines of the zone, each an argument, or `-` to read them from the standard input.
    #[arg(long, num_args = 1..=3, value_name = "LINE", conflicts_with_all = ["number", "can"])]
    mrz: Vec<String>,
    /// Document number, in place of the zone.
    #[arg(long, requires_all = ["birth", "expiry"], conflicts_with = "can")]
    number: Option<String>,
    /// Date of birth as in the zone: YYMMDD, `<<` for an unknown part.
    #[arg(long, value_name = "YYMMDD", requires = "number")]
    birth: Option<String>,
    /// Date of expiry as in the zone: YYMMDD.
    #[arg(long, value_name = "YYMMDD", requires = "number")]
    expiry: Option<String>,
    /// Card access number: the six digits on the front of many cards, or `-` to read it from the standard input.
    #[arg(long)]
    can: Option<String>,
    /// Part of the reader's name; the first reader otherwise.
    #[arg(long)]
    pub(crate) reader: Option<String>,
    /// How many seconds to wait for a document.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub(crate) wait: u64,
    /// The trust store to judge the document by; see the program `trust`.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) trust: Option<PathBuf>,
    /// The data groups to read, such as 1,2,11; `all` for all that the chip gives.
    #[arg(long, default_value = "1,2")]
    groups: String,
    /// Which protocols may open the chip.
    #[arg(long, value_enum, default_value_t = Access::PaceElseBac)]
    access: Access,
    /// Try reads longer than 256 bytes on chips that do not announce them. Faster; some chips fall silent.
    #[arg(long)]
    extended: bool,
    /// The terminal's certificates (.cvcert) and key (.der): with them the chip gives fingerprints, if --groups has 3.
    #[arg(long, value_name = "FOLDER")]
    terminal: Option<PathBuf>,
    /// Do not ask the chip to prove that it is no clone.
    #[arg(long)]
    no_proofs: bool,
    /// Write the files into this folder, which only you can read. They are personal.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// Show who holds the document.
    #[arg(long)]
    pub(crate) show: bool,
    /// Report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Access {
    /// PACE where the chip announces it, else BAC.
    PaceElseBac,
    /// PACE only.
    Pace,
    /// BAC only.
    Bac,
    /// BAC also after PACE failed.
    BacAllowed,
}

impl Read {
    /// What opens the chip.
    pub(crate) fn key(&self) -> anyhow::Result<AccessKey> {
        if let Some(can) = &self.can {
            let typed = if can == "-" { typed("card access number")? } else { Zeroizing::new(can.clone()) };
            return Ok(AccessKey::Can(Can::parse(&typed)?));
        }
        if let (Some(number), Some(birth), Some(expiry)) = (&self.number, &self.birth, &self.expiry) {
            let mrz = Mrz {
                format: Format::Td3,
                document_code: String::new(),
                issuer: String::new(),
                surname: String::new(),
                given_names: String::new(),
                document_number: number.to_uppercase(),
                nationality: String::new(),
                birth: date(birth).context("--birth")?,
                sex: 'X',
                expiry: date(expiry).context("--expiry")?,
                optional: String::new(),
                optional_second: String::new(),
            };
            return Ok(AccessKey::Mrz(mrz.key()));
        }
        let zone = match self.mrz.as_slice() {
            [] => bail!("say what opens the chip: --mrz, or --number with --birth and --expiry, or --can"),
            [dash] if dash == "-" => typed("machine readable zone")?,
            lines => Zeroizing::new(lines.join("\n")),
        };
        Ok(AccessKey::Mrz(Mrz::parse(zone.trim())?.key()))
    }

    pub(crate) fn options(&self, now_unix_s: i64) -> anyhow::Result<Options> {
        let groups = match self.groups.as_str() {
            "all" => Groups::All,
            list => {
                let numbers: Vec<u8> = list
                    .split(',')
                    .map(|number| {
                        number.trim().trim_start_matches("DG").parse().ok().filter(|number| (1..=16).contains(number))
                    })
                    .collect::<Option<_>>()
                    .with_context(|| format!("`{list}` is no list of groups: write numbers from 1 to 16, or `all`"))?;
                Groups::These(numbers)
            }
        };
        Ok(Options {
            groups,
            access: match self.access {
                Access::PaceElseBac => AccessPolicy::PaceElseBac,
                Access::Pace => AccessPolicy::PaceOnly,
                Access::Bac => AccessPolicy::BacOnly,
                Access::BacAllowed => AccessPolicy::BacAllowed,
            },
            chip_authentication: !self.no_proofs,
            active_authentication: !self.no_proofs,
            terminal_authentication: self.terminal.as_deref().map(|folder| rights(folder, now_unix_s)).transpose()?,
            extended_length: if self.extended { ExtendedLength::Probe } else { ExtendedLength::Announced },
            ..Options::default()
        })
    }
}

fn rights(folder: &Path, now_unix_s: i64) -> anyhow::Result<TerminalAuthentication> {
    Ok(TerminalAuthentication { credentials: credentials::load(folder)?, today: Date::from_unix_s(now_unix_s) })
}

/// All of the standard input.
fn typed(what: &str) -> anyhow::Result<Zeroizing<String>> {
    use std::io::IsTerminal as _;
    if std::io::stdin().is_terminal() {
        eprintln!("type the {what}, then Ctrl-D");
    }
    let mut text = Zeroizing::new(String::with_capacity(256));
    std::io::stdin().take(255).read_to_string(&mut text).with_context(|| format!("read the {what}"))?;
    Ok(text)
}

fn date(text: &str) -> anyhow::Result<MrzDate> {
    MrzDate::parse(text).with_context(|| format!("`{text}` is no date: write YYMMDD as in the zone"))
}
