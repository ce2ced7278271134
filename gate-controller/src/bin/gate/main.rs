//! `gate`: an e-gate.

mod cache;
mod console;
mod devices;
mod run;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use sallyport_gate::config::{COMMENTED_DEFAULT, Config};
use sallyport_privacy::{
    accounts::Accounts,
    audit::Act,
    keys::{KeyPlace, Keys, passphrase},
    memory,
};
use sallyport_protocol::EnrollmentId;

/// An e-gate: reads passports, compares faces, moves two doors of which only one is ever open.
///
/// Begin with `gate config > gate.toml`, adapt it, then `gate init --config gate.toml`, then `gate run`.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Print a configuration with its defaults, commented.
    Config,
    /// Check a configuration.
    Check(ConfigFile),
    /// Make the data folder, the root key and the first officer's account; its password is printed once.
    Init(Keyed),
    /// Officers' accounts. It is noted in the audit trail, which needs the root key.
    Account {
        #[command(subcommand)]
        change: AccountChange,
    },
    /// Who did what; the gate may run meanwhile.
    Audit {
        #[command(subcommand)]
        what: AuditTask,
    },
    /// Run the gate.
    Run(Keyed),
}

#[derive(Args)]
struct ConfigFile {
    /// The configuration.
    #[arg(long, default_value = "/etc/sallyport/gate.toml")]
    config: PathBuf,
}

#[derive(Args)]
struct Keyed {
    #[command(flatten)]
    file: ConfigFile,
    /// A file whose first line is the root key's passphrase, or the token's PIN. SALLYPORT_PASSPHRASE goes before it, but can be read in
    /// /proc for as long as the process lives: for demonstrations. Without both, the passphrase is asked for.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum AccountChange {
    /// Add an account; its password is printed once.
    Add {
        /// The login name.
        name: String,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = RoleName::Officer)]
        role: RoleName,
        #[command(flatten)]
        keyed: Keyed,
    },
    /// Give an account a new password, printed once. Its sessions end.
    Reset {
        /// The login name.
        name: String,
        #[command(flatten)]
        keyed: Keyed,
    },
    /// Remove an account. Its sessions end.
    Remove {
        /// The login name.
        name: String,
        #[command(flatten)]
        keyed: Keyed,
    },
}

#[derive(Subcommand)]
enum AuditTask {
    /// Check that no entry was altered, removed or moved, and that no end was cut off.
    Verify {
        /// The trail's file, or the data folder.
        #[arg(id = "trail", value_name = "FILE_OR_FOLDER")]
        path: PathBuf,
        /// The public key, 64 hexadecimal digits. By default that in `audit.pub` beside the trail, which whoever changed
        /// the trail may have replaced, too.
        #[arg(long)]
        key: Option<String>,
        /// A file of check-points kept elsewhere, such as the enrollment service gives out on its page of gates. By default
        /// `audit.head` beside the trail, if it is there.
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Print entries, one a line, as JSON.
    Search {
        /// The trail's file, or the data folder.
        #[arg(id = "trail", value_name = "FILE_OR_FOLDER")]
        path: PathBuf,
        /// Of this account.
        #[arg(long)]
        who: Option<String>,
        /// Of this kind: log_in, accept, refuse, open, set_mode, view, ...
        #[arg(long)]
        act: Option<Act>,
        /// Done to this crossing, door, mode or account.
        #[arg(long)]
        what: Option<String>,
        /// Not before this instant, such as 2026-03-01T00:00:00Z.
        #[arg(long)]
        since: Option<Timestamp>,
        /// Not after this instant.
        #[arg(long)]
        until: Option<Timestamp>,
        /// About this enrollment, of which the trail holds only a pseudonym: the root key is needed to find it, and that
        /// somebody looked is noted in the trail of the configuration.
        #[arg(long, value_name = "ENROLLMENT")]
        person: Option<EnrollmentId>,
        #[command(flatten)]
        keyed: Keyed,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    /// Decides referrals, sets modes, opens doors.
    Officer,
    /// Looks only.
    Observer,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    if let Err(error) = memory::forbid_core_dumps() {
        tracing::warn!(%error, "a core dump of this process would hold keys: forbid them with `ulimit -c 0`");
    }
    match arguments.task {
        Task::Config => print!("{COMMENTED_DEFAULT}"),
        Task::Check(file) => {
            file.read()?;
            println!("{} is in order", file.config.display());
        }
        Task::Init(keyed) => console::init(&keyed)?,
        Task::Account { change } => console::account(change)?,
        Task::Audit { what } => console::audit(what)?,
        Task::Run(keyed) => {
            let config = keyed.file.read()?;
            let keys = keyed.open_keys(&config)?;
            run::run(&config, &keys)?;
        }
    }
    Ok(())
}

impl ConfigFile {
    fn read(&self) -> anyhow::Result<Config> {
        Ok(Config::read(&self.config)?)
    }
}

impl Keyed {
    fn open_keys(&self, config: &Config) -> anyhow::Result<Keys> {
        let data = config.data.display();
        anyhow::ensure!(is_initialized(config), "{data} is no data folder of a gate yet: run `gate init` first");
        Ok(config.key_place().open(&passphrase(self.passphrase_file.as_deref(), false)?)?)
    }
}

/// The last thing that is made is the first account.
fn is_initialized(config: &Config) -> bool {
    match config.key_place() {
        KeyPlace::Files { root, .. } => root.exists(),
        KeyPlace::Token { .. } => config.data.join(ACCOUNTS).exists(),
    }
}

const ACCOUNTS: &str = "accounts.toml";

/// The accounts of the gate with this data folder.
fn accounts(data: &Path) -> Accounts {
    Accounts::at(data.join(ACCOUNTS))
}
