//! Commands beside the running gate. What they do is noted in the gate's audit trail before it is done.

use std::{fs, os::unix::fs::DirBuilderExt as _};

use anyhow::{Context as _, Result, ensure};
use sallyport_gate::{config::Config, view::Role};
use sallyport_privacy::{
    audit::{Act, Deed, FOLDER, HEAD, Ledger, Query, operator, search_file, verify_file},
    keys::{KeyPlace, RootKey, passphrase},
};

use crate::{AccountChange, AuditTask, Keyed, RoleName, accounts, is_initialized};

/// Why something is done at the command line.
const COMMAND_LINE: &str = "command-line";
/// The first account.
const FIRST_ACCOUNT: &str = "officer";

fn ledger(config: &Config, root: &RootKey) -> Result<Ledger> {
    let folder = config.data.join(FOLDER);
    Ok(Ledger::join(&folder, &folder.join(HEAD), root)?)
}

pub(crate) fn init(keyed: &Keyed) -> Result<()> {
    let config = keyed.file.read()?;
    let data = config.data.display();
    ensure!(!is_initialized(&config), "{data} is a gate's data folder already; nothing was changed");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("make the data folder {}", config.data.display()))?;
    let root = config.key_place().create(&passphrase(keyed.passphrase_file.as_deref(), true)?)?.root;
    match config.key_place() {
        KeyPlace::Files { root, .. } => {
            eprintln!("made {}: keep its passphrase elsewhere, and a copy of both", root.display());
        }
        KeyPlace::Token { label, .. } => eprintln!("the root key is in the token `{label}`: keep its PIN elsewhere"),
    }
    let (ledger, who) = (ledger(&config, &root)?, operator());
    let password = ledger.noted(&Deed::new(&who, Act::Initialize, COMMAND_LINE).to(FIRST_ACCOUNT), || {
        anyhow::Ok(accounts(&config.data).add(FIRST_ACCOUNT, Role::Officer.name())?)
    })?;
    println!("password of {FIRST_ACCOUNT}: {}", *password);
    Ok(())
}

pub(crate) fn account(change: AccountChange) -> Result<()> {
    let (act, name, keyed) = match &change {
        AccountChange::Add { name, keyed, .. } => (Act::AddAccount, name, keyed),
        AccountChange::Reset { name, keyed } => (Act::ResetAccount, name, keyed),
        AccountChange::Remove { name, keyed } => (Act::RemoveAccount, name, keyed),
    };
    let config = keyed.file.read()?;
    let (ledger, who) = (ledger(&config, &keyed.open_keys(&config)?.root)?, operator());
    let accounts = accounts(&config.data);
    let password = ledger.noted(&Deed::new(&who, act, COMMAND_LINE).to(name), || {
        let password = match &change {
            AccountChange::Add { role: RoleName::Officer, .. } => Some(accounts.add(name, Role::Officer.name())?),
            AccountChange::Add { role: RoleName::Observer, .. } => Some(accounts.add(name, Role::Observer.name())?),
            AccountChange::Reset { .. } => Some(accounts.reset(name)?),
            AccountChange::Remove { .. } => {
                accounts.remove(name)?;
                None
            }
        };
        anyhow::Ok(password)
    })?;
    match password {
        Some(password) => println!("password of {name}: {}", *password),
        None => eprintln!("there is no account {name} any longer"),
    }
    Ok(())
}

pub(crate) fn audit(task: AuditTask) -> Result<()> {
    match task {
        AuditTask::Verify { path, key, head } => println!("{}", verify_file(&path, key.as_deref(), head.as_deref())?),
        AuditTask::Search { path, who, act, what, since, until, person, keyed } => {
            let query = Query { who, act, what, since, until, ..Query::default() };
            let Some(id) = person else {
                println!("{}", search_file(&path, query, None)?);
                return Ok(());
            };
            let config = keyed.file.read()?;
            let root = keyed.open_keys(&config)?.root;
            let (ledger, who) = (ledger(&config, &root)?, operator());
            let whose = Some(ledger.pseudonym(id.as_bytes()));
            let found = ledger.noted(&Deed { whose, ..Deed::new(&who, Act::Audit, COMMAND_LINE) }, || {
                search_file(&path, query, Some((&root, id.as_bytes())))
            })?;
            println!("{found}");
        }
    }
    Ok(())
}
