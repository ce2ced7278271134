//! Commands that make things: the data folder, gates' certificates, accounts. None opens the store, so that all work
//! while the service runs. Each is noted in the audit trail before it is done, and so needs the root key.

use std::{fs, os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use sallyport_link::{Authority, Usage};
use sallyport_privacy::{
    accounts::Accounts,
    audit::Act,
    keys::{ApplicationKeys, Keys, RootKey, Rotating},
    vault::Vault,
};
use sallyport_protocol::GateId;
use zeroize::Zeroizing;

use crate::{
    config::Config,
    console::{COMMAND_LINE, Of, noted},
    gates::Admission,
    registry::APPLICATION,
    vaults::ENVELOPES,
    web::Role,
};

/// The first account.
pub const FIRST_ACCOUNT: &str = "admin";
/// Every server certificate is for these hosts.
const OWN_HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

/// Makes the data folder: root key, authority, server certificate, first account. Gives that account's password.
pub fn init(config: &Config, hosts: &[String], passphrase: &str) -> Result<Zeroizing<String>> {
    let data = &config.data;
    if is_initialized(config) {
        bail!(
            "{} is a data folder already, and nothing in it was changed: name another one in the configuration, or \
             move this one away",
            data.display()
        );
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    let root = config.key_place().create(passphrase)?.root;
    noted(config, &root, Act::Initialize, Of::Thing(FIRST_ACCOUNT), COMMAND_LINE, || {
        let authority = Authority::create()?;
        authority.save(data, &authority_vault(&root))?;
        let hosts: Vec<String> = OWN_HOSTS.iter().map(|host| (*host).to_owned()).chain(hosts.iter().cloned()).collect();
        authority.issue("enrollment service", &hosts, Usage::Server)?.save(data, "server")?;
        Ok(Accounts::at(config.accounts()).add(FIRST_ACCOUNT, Role::Admin.as_str())?)
    })
}

/// Issues a gate's certificate into a folder and admits the gate.
pub fn add_gate(config: &Config, gate: &GateId, out: &Path, hosts: &[String], passphrase: &str) -> Result<()> {
    let admission = Admission::at(config.admitted());
    admission.check_new(gate)?;
    let root = open_root(config, passphrase)?;
    noted(config, &root, Act::Admit, Of::Thing(gate.as_str()), COMMAND_LINE, || {
        let authority = Authority::load(&config.data, &authority_vault(&root))?;
        let hosts: Vec<String> = OWN_HOSTS.iter().map(|host| (*host).to_owned()).chain(hosts.iter().cloned()).collect();
        // The gate's screens are served with it too.
        let issued = authority.issue(gate.as_str(), &hosts, Usage::Both)?;
        fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
        issued.save(out, "gate")?;
        let ca = out.join("ca.crt");
        fs::write(&ca, authority.certificate_pem()).with_context(|| format!("{} cannot be written", ca.display()))?;
        Ok(admission.add(gate, &issued.certificate_pem)?)
    })
}

/// No longer admits a gate.
pub fn remove_gate(config: &Config, gate: &GateId, passphrase: &str) -> Result<()> {
    let root = open_root(config, passphrase)?;
    noted(config, &root, Act::Dismiss, Of::Thing(gate.as_str()), COMMAND_LINE, || {
        Ok(Admission::at(config.admitted()).remove(gate)?)
    })
}

/// Adds an account and gives its password.
pub fn add_account(config: &Config, name: &str, role: Role, passphrase: &str) -> Result<Zeroizing<String>> {
    let root = open_root(config, passphrase)?;
    noted(config, &root, Act::AddAccount, Of::Thing(name), COMMAND_LINE, || {
        Ok(Accounts::at(config.accounts()).add(name, role.as_str())?)
    })
}

/// Gives an account a new password.
pub fn reset_account(config: &Config, name: &str, passphrase: &str) -> Result<Zeroizing<String>> {
    let root = open_root(config, passphrase)?;
    noted(config, &root, Act::ResetAccount, Of::Thing(name), COMMAND_LINE, || {
        Ok(Accounts::at(config.accounts()).reset(name)?)
    })
}

/// Removes an account.
pub fn remove_account(config: &Config, name: &str, passphrase: &str) -> Result<()> {
    let root = open_root(config, passphrase)?;
    noted(config, &root, Act::RemoveAccount, Of::Thing(name), COMMAND_LINE, || {
        Ok(Accounts::at(config.accounts()).remove(name)?)
    })
}

/// Opens the root key.
pub fn open_root(config: &Config, passphrase: &str) -> Result<Arc<RootKey>> {
    Ok(open_keys(config, passphrase)?.root)
}

/// Opens the root key and the store of the other keys: by a passphrase, or by a token's PIN.
pub fn open_keys(config: &Config, passphrase: &str) -> Result<Keys> {
    check_initialized(config)?;
    Ok(config.key_place().open(passphrase)?)
}

/// Makes the next generation of the envelopes' key, which the running service takes up within a minute. Gives its number.
pub fn rotate_key(config: &Config, passphrase: &str) -> Result<u32> {
    let keys = open_keys(config, passphrase)?;
    noted(config, &keys.root, Act::Rotate, Of::Thing(ENVELOPES), COMMAND_LINE, || {
        Ok(Rotating::new(&*keys.store, ENVELOPES).rotate()?.newest())
    })
}

/// Makes the next generation of the key of all codes, which the running service takes up within a minute: all codes made
/// before are revoked. Gives its number.
pub fn revoke_key(config: &Config, passphrase: &str) -> Result<u32> {
    let keys = open_keys(config, passphrase)?;
    noted(config, &keys.root, Act::Revoke, Of::Everything, COMMAND_LINE, || {
        Ok(ApplicationKeys::new(&*keys.store, APPLICATION).revoke()?)
    })
}

/// Seals the root key's file by another passphrase.
pub fn change_passphrase(config: &Config, old: &str, new: &str) -> Result<()> {
    check_initialized(config)?;
    if config.keys.module.is_some() {
        bail!("the root key is in a token: change its PIN with the token's own tools");
    }
    let root = open_root(config, old)?;
    noted(config, &root, Act::Passphrase, Of::Everything, COMMAND_LINE, || {
        Ok(RootKey::change_passphrase(&config.root_key(), old, new)?)
    })
}

/// The last thing that is made is the first account.
fn is_initialized(config: &Config) -> bool {
    if config.keys.module.is_some() { config.accounts().exists() } else { config.root_key().exists() }
}

fn check_initialized(config: &Config) -> Result<()> {
    if !is_initialized(config) {
        bail!("{} is no data folder yet: make it with `enrollment init`", config.data.display());
    }
    Ok(())
}

fn authority_vault(root: &RootKey) -> Vault {
    root.vault("authority")
}
