//! The central enrollment service of Sallyport: see `enrollment --help`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use sallyport_enrollment::{
    config::{Config, TEMPLATE},
    console::{self, COMMAND_LINE, Of},
    proof, serve, setup,
    web::{Role, StatedReason},
};
use sallyport_privacy::{
    audit::{Act, Query, search_file, verify_file},
    keys::{passphrase, passphrase_in},
    memory,
};
use sallyport_protocol::{EnrollmentId, GateId};
use sallyport_store::Opening;
use tracing_subscriber::EnvFilter;

/// Sallyport's central enrollment service: trusted travelers, gates, records, and the web admin for staff.
///
/// To begin: `enrollment config > enrollment.toml`, edit it, `enrollment init`, `enrollment gate add gate-1 --out
/// gate-1`, `enrollment run`.
#[derive(Parser)]
#[command(name = "enrollment", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print a configuration with every key, its default and what it means
    Config,
    /// Make the data folder: root key, authority, server certificate, first account
    Init {
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
        /// A further name or IP address by which gates and browsers reach the service; may be repeated
        #[arg(long = "host", value_name = "NAME_OR_IP")]
        hosts: Vec<String>,
    },
    /// Serve gates and staff, until SIGTERM or SIGINT
    Run {
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
        /// Take the records as they are, although they are not those that were left: after they were restored from a
        /// backup. It is noted in the audit trail
        #[arg(long)]
        restored: bool,
    },
    /// Admit gates and dismiss them; the service may run meanwhile. It is noted in the audit trail, which needs the root key
    #[command(subcommand)]
    Gate(GateCommand),
    /// Accounts of staff; the service may run meanwhile. It is noted in the audit trail, which needs the root key
    #[command(subcommand)]
    Account(AccountCommand),
    /// Keys; the service may run meanwhile
    #[command(subcommand)]
    Key(KeyCommand),
    /// Who did what to whose data; the service may run meanwhile
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Certificates of deletions
    #[command(subcommand)]
    Proof(ProofCommand),
}

#[derive(Subcommand)]
enum ProofCommand {
    /// Check that a certificate of a deletion is as the service signed it, and say what it states
    Verify {
        /// The certificate, as the web admin gave it out
        file: PathBuf,
        /// The service's public key, 64 hexadecimal digits, as whoever trusts it has noted it. Without it, that of the
        /// configured service: `audit/deletions.pub` in its data folder
        #[arg(long, value_name = "HEX")]
        key: Option<String>,
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make the next generation of the key that seals the records' own keys. The service takes it up within a minute,
    /// seals anew, and destroys generations that are not kept
    Rotate {
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
    /// Revoke the key of all codes, because codes or key may have been stolen. The running service takes the next generation
    /// up within a minute, destroys all codes and then the old key. No gate uses them after its next synchronization, and
    /// everybody's face or fingers are taken anew
    Revoke {
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
    /// Seal the root key by another passphrase
    Passphrase {
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
        /// A file whose first line is the new passphrase
        #[arg(long = "new-passphrase-file", value_name = "FILE")]
        new: PathBuf,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check that no entry was altered, removed or moved, and that no end was cut off
    Verify {
        /// The trail's file, or the data folder
        #[arg(id = "trail", value_name = "FILE_OR_FOLDER")]
        path: PathBuf,
        /// The public key, 64 hexadecimal digits. By default that in `audit.pub` beside the trail, which whoever changed
        /// the trail may have replaced, too
        #[arg(long)]
        key: Option<String>,
        /// A check-point kept elsewhere. By default `audit.head` beside the trail, if it is there
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Print entries, one a line, as JSON
    Search {
        /// The trail's file, or the data folder
        #[arg(id = "trail", value_name = "FILE_OR_FOLDER")]
        path: PathBuf,
        /// Of this account
        #[arg(long)]
        who: Option<String>,
        /// Of this kind: log_in, create, change, delete, view, export, ...
        #[arg(long)]
        act: Option<Act>,
        /// Done to this gate, account, door or the like
        #[arg(long)]
        what: Option<String>,
        /// Not before this instant, such as 2026-03-01T00:00:00Z
        #[arg(long)]
        since: Option<Timestamp>,
        /// Not after this instant
        #[arg(long)]
        until: Option<Timestamp>,
        /// About this enrollment, of which the trail holds only a pseudonym: the root key is needed to find it, and that
        /// somebody looked is noted in the trail of the configuration
        #[arg(long, value_name = "ENROLLMENT")]
        person: Option<EnrollmentId>,
        /// Why you look for that person: data-subject-request, investigation, ...
        #[arg(long, value_name = "REASON", requires = "person")]
        why: Option<StatedReason>,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
}

#[derive(Subcommand)]
enum GateCommand {
    /// Issue a gate's certificate, and admit the gate
    Add {
        /// The gate's name: 1 to 40 of a-z, 0-9 and `-`
        name: GateId,
        /// The folder for gate.crt, gate.key and ca.crt, to be installed on the gate
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// A further name or IP address by which browsers reach the gate's screens; may be repeated
        #[arg(long = "host", value_name = "NAME_OR_IP")]
        hosts: Vec<String>,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
    /// Dismiss a gate: its next request is refused
    Remove {
        /// The gate's name
        name: GateId,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Add an account, and print its password once
    Add {
        /// The login name: 1 to 40 of a-z, 0-9, `.` and `-`
        name: String,
        /// `staff` enroll, suspend and look; `admin` may also delete
        #[arg(long, default_value = "staff")]
        role: Role,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
    /// Give an account a new password, and print it once; its sessions end
    Reset {
        /// The login name
        name: String,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
    /// Remove an account; its sessions end
    Remove {
        /// The login name
        name: String,
        #[command(flatten)]
        config: ConfigFile,
        #[command(flatten)]
        passphrase: PassphraseFile,
    },
}

#[derive(Args)]
struct ConfigFile {
    /// The configuration file
    #[arg(id = "config", long = "config", value_name = "FILE", default_value = "enrollment.toml")]
    path: PathBuf,
}

#[derive(Args)]
struct PassphraseFile {
    /// A file whose first line is the root key's passphrase. SALLYPORT_PASSPHRASE goes before it, but can be read in
    /// /proc for as long as the process lives: for demonstrations. Without both, the passphrase is asked for
    #[arg(id = "passphrase-file", long = "passphrase-file", value_name = "FILE")]
    path: Option<PathBuf>,
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let command = Arguments::parse().command;
    if let Err(error) = memory::forbid_core_dumps() {
        tracing::warn!(%error, "a core dump of this process would hold keys: forbid them with `ulimit -c 0`");
    }
    match execute(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("enrollment: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<()> {
    match command {
        Command::Config => say(TEMPLATE.trim_end()),
        Command::Init { config, passphrase: file, hosts } => {
            let config = Config::read(&config.path)?;
            let secret = passphrase(file.path.as_deref(), true)?;
            let password = setup::init(&config, &hosts, &secret)?;
            eprintln!("The data folder is {}. Without the passphrase nothing in it opens.", config.data.display());
            eprintln!("The password is shown this once; `enrollment account reset` makes another.");
            say(&format!("password of {}: {}", setup::FIRST_ACCOUNT, *password))
        }
        Command::Run { config, passphrase: file, restored } => {
            let config = Config::read(&config.path)?;
            let secret = passphrase(file.path.as_deref(), false)?;
            let keys = setup::open_keys(&config, &secret)?;
            drop(secret);
            if memory::unlocked() > 0 {
                tracing::warn!("keys may be written to swap: allow this process more locked memory (`ulimit -l`)");
            }
            let opening = if restored { Opening::Restored } else { Opening::AsLeft };
            let ready = |line: &str| {
                // Whoever started us may have stopped listening; that is no reason to end.
                let _ = say(line);
            };
            actix_web::rt::System::new().block_on(serve::run(&config, keys, opening, ready))
        }
        Command::Key(command) => execute_key(command),
        Command::Audit(command) => execute_audit(command),
        Command::Proof(ProofCommand::Verify { file, key, config }) => {
            say(&proof::verify_file(&file, key.as_deref(), &config.path)?)
        }
        Command::Gate(command) => execute_gate(command),
        Command::Account(command) => execute_account(command),
    }
}

fn execute_gate(command: GateCommand) -> Result<()> {
    match command {
        GateCommand::Add { name, out, hosts, config, passphrase: file } => {
            let config = Config::read(&config.path)?;
            let secret = passphrase(file.path.as_deref(), false)?;
            setup::add_gate(&config, &name, &out, &hosts, &secret)?;
            eprintln!("Gate {name} is admitted. Install the three files of {} on it.", out.display());
        }
        GateCommand::Remove { name, config, passphrase: file } => {
            let config = Config::read(&config.path)?;
            setup::remove_gate(&config, &name, &passphrase(file.path.as_deref(), false)?)?;
            eprintln!("Gate {name} is admitted no longer.");
        }
    }
    Ok(())
}

fn execute_account(command: AccountCommand) -> Result<()> {
    let (name, password) = match command {
        AccountCommand::Add { name, role, config, passphrase: file } => {
            let (config, secret) = (Config::read(&config.path)?, passphrase(file.path.as_deref(), false)?);
            let password = setup::add_account(&config, &name, role, &secret)?;
            (name, password)
        }
        AccountCommand::Reset { name, config, passphrase: file } => {
            let (config, secret) = (Config::read(&config.path)?, passphrase(file.path.as_deref(), false)?);
            let password = setup::reset_account(&config, &name, &secret)?;
            (name, password)
        }
        AccountCommand::Remove { name, config, passphrase: file } => {
            let (config, secret) = (Config::read(&config.path)?, passphrase(file.path.as_deref(), false)?);
            setup::remove_account(&config, &name, &secret)?;
            eprintln!("There is no account {name} any longer.");
            return Ok(());
        }
    };
    say(&format!("password of {name}: {}", *password))
}

fn execute_key(command: KeyCommand) -> Result<()> {
    match command {
        KeyCommand::Rotate { config, passphrase: file } => {
            let config = Config::read(&config.path)?;
            let generation = setup::rotate_key(&config, &passphrase(file.path.as_deref(), false)?)?;
            eprintln!("Generation {generation} is made. A running service takes it up within a minute.");
            Ok(())
        }
        KeyCommand::Revoke { config, passphrase: file } => {
            let config = Config::read(&config.path)?;
            let generation = setup::revoke_key(&config, &passphrase(file.path.as_deref(), false)?)?;
            eprintln!(
                "Generation {generation} of the codes' key is made. A running service takes it up within a minute, and \
                 destroys all codes that were made before; the web admin lists who is to be taken anew."
            );
            Ok(())
        }
        KeyCommand::Passphrase { config, passphrase: file, new } => {
            let config = Config::read(&config.path)?;
            let (old, new) = (passphrase(file.path.as_deref(), false)?, passphrase_in(&new)?);
            setup::change_passphrase(&config, &old, &new)?;
            eprintln!("The new passphrase opens the root key. Copies of the file open with the old one still.");
            Ok(())
        }
    }
}

fn execute_audit(command: AuditCommand) -> Result<()> {
    match command {
        AuditCommand::Verify { path, key, head } => {
            say(&verify_file(&path, key.as_deref(), head.as_deref())?.to_string())
        }
        AuditCommand::Search { path, who, act, what, since, until, person, why, config, passphrase: file } => {
            let query = Query { who, act, what, since, until, ..Query::default() };
            let Some(id) = person else { return say(&search_file(&path, query, None)?) };
            let config = Config::read(&config.path)?;
            let root = setup::open_root(&config, &passphrase(file.path.as_deref(), false)?)?;
            let why = why.map_or(COMMAND_LINE, StatedReason::name);
            console::noted(&config, &root, Act::Audit, Of::Person(id), why, || {
                say(&search_file(&path, query, Some((&root, id.as_bytes())))?)
            })
        }
    }
}

/// One line on standard output, at once.
fn say(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
