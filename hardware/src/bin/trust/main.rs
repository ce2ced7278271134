//! `trust`: the authorities by which documents are judged.

mod view;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Parser, Subcommand};
use sallyport_emrtd::{
    certificate::Certificate,
    trust::{Authentication, Entry, ImportReport, TrustStore},
};
use sallyport_hardware::console::{say, told};
use serde_json::json;
use view::{Authority, fingerprint};

/// Keeps the authorities by which electronic travel documents are judged: a folder with a file for each certificate.
///
/// Countries publish their authorities (CSCA) on signed master lists. The German list, for example, comes from the
/// Federal Office for Information Security (BSI), the ICAO list from the ICAO Public Key Directory. Whoever signed a list
/// is only as good as the way on which you got his root: fetch that from another place than the list.
#[derive(Parser)]
#[command(name = "trust", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes certificates, master lists (.ml), directories (.ldif), revocation and deviation lists into a store.
    ///
    /// A list counts if its signature holds and its signer leads to a root: one that is given with --root, or an
    /// authority that is in the store. Single certificates are taken on your word. Exits with 1 if a file was refused.
    Import {
        /// The files, in this order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The store's folder; made if it is not there.
        #[arg(long, value_name = "FOLDER")]
        store: PathBuf,
        /// The CSCA certificate of the list's country, DER or PEM; several are allowed.
        #[arg(long, value_name = "CERTIFICATE")]
        root: Vec<PathBuf>,
        /// Take lists whose signer leads to nobody: you vouch for the files yourself.
        #[arg(long, conflicts_with = "root")]
        vouch: bool,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the authorities of a store by country.
    List {
        /// The store's folder.
        #[arg(long, value_name = "FOLDER")]
        store: PathBuf,
        /// Only this country: two letters.
        #[arg(long)]
        country: Option<String>,
        /// Only those that are valid today.
        #[arg(long)]
        valid: bool,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows everything that is known of a certificate.
    Show {
        /// Its fingerprint (SHA-256, as `list` shows it) or the beginning of it, or a part of its name.
        which: String,
        /// The store's folder.
        #[arg(long, value_name = "FOLDER")]
        store: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("trust: {}", told(&error));
            ExitCode::from(3)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let now =
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs())?;
    match command {
        Command::Import { files, store, root, vouch, json } => import(&files, &store, &root, vouch, json, now),
        Command::List { store, country, valid, json } => {
            list(&load(&store, now)?, country.as_deref(), valid, json, now)
        }
        Command::Show { which, store, json } => show(&load(&store, now)?, &which, json, now),
    }
}

/// The store in this folder; tells of files that are of no use there.
fn load(folder: &Path, now: i64) -> anyhow::Result<TrustStore> {
    let (store, unused) =
        TrustStore::load(folder, now).map_err(|error| anyhow!("{error}: `trust import` makes a store"))?;
    for name in unused {
        eprintln!("trust: {} is not used", folder.join(name).display());
    }
    Ok(store)
}

fn import(
    files: &[PathBuf],
    folder: &Path,
    roots: &[PathBuf],
    vouch: bool,
    as_json: bool,
    now: i64,
) -> anyhow::Result<ExitCode> {
    let roots = roots.iter().map(|path| certificates(path)).collect::<anyhow::Result<Vec<_>>>()?.concat();
    let mut store = if folder.exists() { load(folder, now)? } else { TrustStore::default() };
    let mut reports = Vec::new();
    let mut refused = 0;
    for path in files {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let authentication = match (vouch, roots.as_slice()) {
            (true, _) => Authentication::Operator,
            (false, []) => Authentication::Store,
            (false, roots) => Authentication::Roots(roots),
        };
        let result = store.import(&bytes, &name, authentication, now);
        refused += usize::from(result.is_err());
        match result {
            Ok(report) if as_json => reports.push(imported(&name, &report)),
            Ok(report) => tell(&name, &report)?,
            Err(error) if as_json => reports.push(json!({"file": name, "refused": error.to_string()})),
            Err(error) => say(format_args!("{name}: REFUSED: {error}"))?,
        }
    }
    if refused < files.len() {
        store.save(folder)?;
    }
    if as_json {
        say(serde_json::to_string_pretty(&json!({"files": reports, "authorities": store.len()}))?)?;
    } else {
        let (authorities, countries) = (store.len(), store.countries().len());
        say(format_args!("{authorities} authorities of {countries} countries in {}", folder.display()))?;
    }
    Ok(ExitCode::from(u8::from(refused > 0)))
}

fn certificates(path: &Path) -> anyhow::Result<Vec<Certificate>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let store = TrustStore::from_certificates([bytes.as_slice()]).with_context(|| path.display().to_string())?;
    Ok(store.entries().iter().map(|entry| entry.certificate.clone()).collect())
}

fn tell(name: &str, report: &ImportReport) -> anyhow::Result<()> {
    say(format_args!(
        "{name}: {} authorities, {} signers, {} revocation lists, {} deviation lists are new; {} left out",
        report.certificates.len(),
        report.signers,
        report.revocation_lists,
        report.deviation_lists,
        report.skipped.len()
    ))?;
    for list in &report.lists {
        let anchor =
            list.anchor.as_ref().map_or("nobody but you vouches for it".to_owned(), |root| format!("under {root}"));
        say(format_args!("  list of {}, {anchor}", list.name))?;
    }
    for skipped in report.skipped.iter().filter(|skipped| skipped.why.code() != "already-there") {
        say(format_args!("  left out: {skipped}"))?;
    }
    Ok(())
}

fn imported(name: &str, report: &ImportReport) -> serde_json::Value {
    let lists: Vec<_> = report.lists.iter().map(|list| json!({"signer": list.name, "anchor": list.anchor})).collect();
    let skipped: Vec<_> =
        report.skipped.iter().map(|skipped| json!({"what": skipped.what, "why": skipped.why.code()})).collect();
    json!({
        "file": name,
        "authorities": report.certificates,
        "signers": report.signers,
        "revocation_lists": report.revocation_lists,
        "deviation_lists": report.deviation_lists,
        "lists": lists,
        "left_out": skipped,
    })
}

fn list(store: &TrustStore, country: Option<&str>, valid: bool, as_json: bool, now: i64) -> anyhow::Result<ExitCode> {
    let mut countries = store.countries();
    if let Some(country) = country {
        let country = country.to_uppercase();
        countries.retain(|name, _| *name == country);
        if countries.is_empty() {
            bail!("the store has no authority of {country}: import a master list that has one");
        }
    }
    for entries in countries.values_mut() {
        entries.retain(|entry| !valid || entry.certificate.validity().contains(now));
        entries
            .sort_by_key(|entry| (entry.certificate.subject().to_string(), entry.certificate.validity().from_unix_s));
    }
    if as_json {
        let all: Vec<_> = countries.values().flatten().map(|entry| Authority::new(entry, now)).collect();
        say(serde_json::to_string_pretty(&all)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (country, entries) in countries.iter().filter(|(_, entries)| !entries.is_empty()) {
        say(country)?;
        for entry in entries {
            say(Authority::new(entry, now).line())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(store: &TrustStore, which: &str, as_json: bool, now: i64) -> anyhow::Result<ExitCode> {
    let wanted = which.to_lowercase();
    let matches = |entry: &&Entry| {
        fingerprint(entry).starts_with(&wanted)
            || entry.certificate.subject().to_string().to_lowercase().contains(&wanted)
    };
    let found: Vec<_> = store.entries().iter().filter(matches).map(|entry| Authority::new(entry, now)).collect();
    if found.is_empty() {
        bail!("the store has nothing of the name or fingerprint `{which}`: see `trust list`");
    }
    if as_json {
        say(serde_json::to_string_pretty(&found)?)?;
    } else {
        found.iter().try_for_each(say)?;
    }
    Ok(ExitCode::SUCCESS)
}
