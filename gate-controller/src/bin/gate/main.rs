//! `gate`: an e-gate.

mod cache;
mod devices;
mod run;

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sallyport_gate::{
    config::{COMMENTED_DEFAULT, Config},
    view::Role,
};
use sallyport_privacy::{
    accounts::Accounts,
    keys::{KeyPlace, Keys, passphrase},
    memory,
};

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
    /// Officers' accounts.
    Account {
        #[command(subcommand)]
        change: AccountChange,
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
        file: ConfigFile,
    },
    /// Give an account a new password, printed once. Its sessions end.
    Reset {
        /// The login name.
        name: String,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Remove an account. Its sessions end.
    Remove {
        /// The login name.
        name: String,
        #[command(flatten)]
        file: ConfigFile,
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
        Task::Init(keyed) => init(&keyed)?,
        Task::Account { change } => account(change)?,
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

fn init(keyed: &Keyed) -> anyhow::Result<()> {
    let config = keyed.file.read()?;
    let data = config.data.display();
    anyhow::ensure!(!is_initialized(&config), "{data} is a gate's data folder already; nothing was changed");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("make the data folder {}", config.data.display()))?;
    config.key_place().create(&passphrase(keyed.passphrase_file.as_deref(), true)?)?;
    match config.key_place() {
        KeyPlace::Files { root, .. } => {
            eprintln!("made {}: keep its passphrase elsewhere, and a copy of both", root.display());
        }
        KeyPlace::Token { label, .. } => eprintln!("the root key is in the token `{label}`: keep its PIN elsewhere"),
    }
    let password = accounts(&config.data).add("officer", Role::Officer.name())?;
    println!("password of officer: {}", *password);
    Ok(())
}

fn account(change: AccountChange) -> anyhow::Result<()> {
    let (name, password) = match change {
        AccountChange::Add { name, role, file } => {
            let role = match role {
                RoleName::Officer => Role::Officer,
                RoleName::Observer => Role::Observer,
            };
            let password = accounts(&file.read()?.data).add(&name, role.name())?;
            (name, password)
        }
        AccountChange::Reset { name, file } => {
            let password = accounts(&file.read()?.data).reset(&name)?;
            (name, password)
        }
        AccountChange::Remove { name, file } => {
            accounts(&file.read()?.data).remove(&name)?;
            eprintln!("there is no account {name} any longer");
            return Ok(());
        }
    };
    println!("password of {name}: {}", *password);
    Ok(())
}
