//! Proof of deletion: what the service states of a deletion, signed, for whoever has the public key.
//!
//! A certificate is a JSON file: `statement`, and the Ed25519 `signature` (RFC 8032, hexadecimal) over that statement as
//! canonical JSON: members in order of their names, nothing between them (RFC 8785 for what occurs here: objects, lists,
//! texts without escapes, whole numbers, `true`, `false`, `null`). So it can be laid out anew, and checked with other
//! programs, too: `jq -cjS .statement FILE` gives the bytes that are signed.
//!
//! It proves what the service stated and when. That the keys are destroyed only the key store proves, that a gate has
//! forgotten only the gate: it reports so when its cache has. Its journal may name the enrollment for a day longer, as one
//! that crossed, until it begins anew; it holds nothing else of the person.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use sallyport_privacy::{
    audit::{AuditError, Pseudonym, Signer, Verifier},
    keys::{RootKey, write_private},
};
use sallyport_protocol::{EnrollmentId, EpochId, GateId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    config::Config,
    registry::{Behind, Deletion},
};

const KIND: &str = "sallyport deletion 1";
const PUBLIC_KEY: &str = "deletions.pub";

/// What is stated of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    kind: String,
    /// It stands so at this instant.
    pub at: Timestamp,
    /// The enrollment that was.
    pub enrollment: EnrollmentId,
    /// Its pseudonym in the audit trail.
    pub pseudonym: Pseudonym,
    /// When it was deleted,
    pub deleted: Timestamp,
    /// by whom,
    pub by: String,
    /// and why.
    pub reason: String,
    /// The audit trail's entry.
    pub audit_entry: u64,
    /// The tombstone's revision,
    pub revision: u64,
    /// and the epoch that gave it.
    pub epoch: EpochId,
    /// How many protected codes were destroyed; `None`: unknown, since the record was damaged.
    pub codes: Option<u64>,
    /// How many records, each with its own key.
    pub records: u64,
    /// Reports of crossings, and copies of the records' keys; `None`: not yet.
    pub behind: Option<Behind>,
    /// Since when copies of the records' keys are known to be dead.
    pub copies_dead: Option<Timestamp>,
    /// Where the keys are that opened those copies.
    pub keys_in: KeysIn,
    /// How it stands at each gate that may have heard of the person.
    pub gates: Vec<AtGate>,
}

/// Where keys are that can be destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysIn {
    /// In a token.
    Token,
    /// In a folder: whoever has an older copy of it, and the passphrase, has them still.
    Folder,
}

/// How a deletion stands at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtGate {
    /// The gate.
    pub gate: GateId,
    /// When it first reported that it had forgotten the person.
    pub forgotten: Option<Timestamp>,
    /// When it was last heard.
    pub heard: Option<Timestamp>,
    /// Whether it is admitted.
    pub admitted: bool,
}

impl AtGate {
    /// Its name in messages and classes: how it stands.
    pub fn standing(&self) -> &'static str {
        match (self.forgotten, self.admitted) {
            (Some(_), _) => "forgotten",
            (None, true) => "outstanding",
            (None, false) => "dismissed",
        }
    }
}

impl Statement {
    /// What can be stated of this deletion.
    pub fn new(deletion: Deletion, pseudonym: Pseudonym, keys_in: KeysIn, gates: Vec<AtGate>, at: Timestamp) -> Self {
        let Deletion { enrollment, at: deleted, by, reason, audit_entry, revision, epoch, .. } = deletion;
        let Deletion { codes, records, behind, copies_dead, .. } = deletion;
        let kind = KIND.to_owned();
        Self {
            kind,
            at,
            enrollment,
            pseudonym,
            deleted,
            by,
            reason,
            audit_entry,
            revision,
            epoch,
            codes,
            records,
            behind,
            copies_dead,
            keys_in,
            gates,
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { enrollment, deleted, by, reason, audit_entry, pseudonym, revision, epoch, at, .. } = self;
        writeln!(f, "enrollment {enrollment} was deleted at {deleted} by {by}, reason: {reason}")?;
        writeln!(f, "audit trail: entry {audit_entry}, about {pseudonym}; revision {revision} of epoch {epoch}")?;
        let codes = self.codes.map_or_else(|| "an unknown number of".to_owned(), |codes| codes.to_string());
        writeln!(f, "destroyed: {codes} protected codes, {} records with their keys", self.records)?;
        match &self.behind {
            None => writeln!(f, "reports of crossings: not looked through yet")?,
            Some(Behind { links, at, links_dead_by, .. }) => {
                writeln!(
                    f,
                    "reports of crossings: {links} named it, none since {at}; copies are dead by {links_dead_by}"
                )?;
            }
        }
        match (self.copies_dead, self.behind.as_ref().and_then(|behind| behind.copies_dead_by)) {
            (Some(dead), _) => writeln!(f, "backups: dead, the last key was found destroyed at {dead}")?,
            (None, Some(by)) => writeln!(f, "backups: of the records' keys, open until about {by}")?,
            (None, None) => writeln!(f, "backups: of the records' keys, open until somebody rotates their key")?,
        }
        if self.keys_in == KeysIn::Folder {
            writeln!(
                f,
                "those keys lie in a folder: an older copy of it would open such backups, with the passphrase"
            )?;
        }
        for AtGate { gate, forgotten, heard, admitted } in &self.gates {
            let heard = heard.map_or_else(|| "never".to_owned(), |heard| heard.to_string());
            match forgotten {
                Some(forgotten) => writeln!(f, "gate {gate}: forgotten, as it reported at {forgotten}")?,
                None if *admitted => writeln!(f, "gate {gate}: outstanding; last heard: {heard}")?,
                None => writeln!(f, "gate {gate}: outstanding, and dismissed; last heard: {heard}")?,
            }
        }
        write!(f, "as of {at}")
    }
}

/// Signs statements.
pub struct Prover {
    signer: Signer,
    keys_in: KeysIn,
}

impl Prover {
    /// By a key of this root; the public key is written beside the audit trail's.
    pub fn open(config: &Config, root: &RootKey) -> Result<Self, AuditError> {
        let signer = Signer::new(root.key("deletions"));
        let path = public_key(config);
        let public = format!("{}\n", signer.verifier());
        write_private(&path, public.as_bytes(), true).map_err(|source| AuditError::File { path, source })?;
        let keys_in = if config.keys.module.is_some() { KeysIn::Token } else { KeysIn::Folder };
        Ok(Self { signer, keys_in })
    }

    /// Where the keys are.
    pub fn keys_in(&self) -> KeysIn {
        self.keys_in
    }

    /// What others need to verify.
    pub fn verifier(&self) -> Verifier {
        self.signer.verifier()
    }

    /// The certificate: a file of JSON.
    pub fn certify(&self, statement: &Statement) -> serde_json::Result<String> {
        let statement = serde_json::to_value(statement)?;
        let signature = hex::encode(self.signer.sign_statement(canonical(&statement).as_bytes()));
        let key = self.verifier().to_string();
        Ok(format!("{:#}\n", serde_json::json!({ "statement": statement, "signature": signature, "key": key })))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    statement: Value,
    signature: String,
    /// Only to be recognized by: whoever signs anything can put a key beside it.
    key: String,
}

/// Reads a certificate that this key's owner signed.
pub fn verify(text: &str, verifier: &Verifier) -> Result<Statement> {
    let wrong = "this is no certificate of a deletion of this version";
    let certificate: Certificate = serde_json::from_str(text).context(wrong)?;
    let signature = hex::decode(&certificate.signature).context(wrong)?;
    if !verifier.accepts_statement(canonical(&certificate.statement).as_bytes(), &signature) {
        bail!(
            "this is not what {verifier} signed: the statement was changed, or it is of another service ({})",
            certificate.key
        );
    }
    let statement: Statement = serde_json::from_value(certificate.statement).context(wrong)?;
    if statement.kind != KIND {
        bail!("{wrong}");
    }
    Ok(statement)
}

/// Verifies a certificate's file: by this key, or by that of the configured service. Gives what it states.
pub fn verify_file(path: &Path, key: Option<&str>, config: &Path) -> Result<String> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let verifier: Verifier = match key {
        Some(key) => key.parse()?,
        None => {
            let config = Config::read(config).context("give the service's public key with `--key`")?;
            read(&public_key(&config))?.parse()?
        }
    };
    Ok(format!("{}\nsigned by {verifier}", verify(&read(path)?, &verifier)?))
}

fn public_key(config: &Config) -> PathBuf {
    config.audit().join(PUBLIC_KEY)
}

/// JSON with the members of objects in order of their names, and nothing between them.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let member =
                |(name, value): (&String, &Value)| format!("{}:{}", Value::from(name.as_str()), canonical(value));
            format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        simple => simple.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn prover(folder: &Path) -> Prover {
        let config = Config { data: folder.to_owned(), ..Config::default() };
        fs::create_dir_all(config.audit()).unwrap();
        let root = RootKey::create(&folder.join("root.json"), "a passphrase for tests").unwrap();
        let prover = Prover::open(&config, &root).unwrap();
        assert_eq!(fs::read_to_string(public_key(&config)).unwrap().trim(), prover.verifier().to_string());
        prover
    }

    fn statement() -> Statement {
        let at: Timestamp = "2026-03-01T12:00:00.25Z".parse().unwrap();
        let deletion = Deletion {
            enrollment: EnrollmentId::from_bytes([1; 16]),
            at,
            by: "Zoë \"Z\" Ångström".into(),
            reason: "delete".into(),
            audit_entry: 7,
            revision: 9,
            epoch: EpochId::from_bytes([2; 16]),
            codes: None,
            records: 3,
            gates: [("gate-1".parse().unwrap(), None)].into(),
            behind: Some(Behind { at, links: 1, links_dead_by: at, generation: 2, copies_dead_by: None }),
            copies_dead: None,
        };
        let gate = AtGate { gate: "gate-1".parse().unwrap(), forgotten: None, heard: Some(at), admitted: false };
        Statement::new(deletion, Pseudonym::new(&[3; 32], b"it"), KeysIn::Folder, vec![gate], at)
    }

    #[test]
    fn a_certificate_says_what_was_signed_however_it_is_laid_out_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (prover, other) = (prover(&folder.path().join("one")), prover(&folder.path().join("two")));
        let certificate = prover.certify(&statement()).unwrap();
        assert_eq!(verify(&certificate, &prover.verifier()).unwrap(), statement());
        let refused = verify(&certificate, &other.verifier()).unwrap_err().to_string();
        assert!(refused.contains(&prover.verifier().to_string()), "{refused}");
        // With the members in another order and without spaces.
        let Value::Object(members) = serde_json::from_str(&certificate).unwrap() else { panic!() };
        let Value::Object(stated) = &members["statement"] else { panic!() };
        let reversed: Vec<_> = stated.iter().rev().map(|(name, value)| format!("{name:?}:{value}")).collect();
        let laid_out = format!(
            "{{\"key\":{},\"statement\":{{{}}},\"signature\":{}}}",
            members["key"],
            reversed.join(","),
            members["signature"]
        );
        assert_eq!(verify(&laid_out, &prover.verifier()).unwrap(), statement());
        // Every single value is vouched for.
        for (name, value) in stated {
            let mut changed = members.clone();
            let altered = if value.is_null() { Value::from(1) } else { Value::Null };
            changed["statement"].as_object_mut().unwrap().insert(name.clone(), altered);
            assert!(verify(&Value::from(changed).to_string(), &prover.verifier()).is_err(), "{name}");
        }
        for wrong in ["", "{}", "[]", "{\"statement\":{},\"signature\":\"\",\"key\":\"\"}", "{\"statement\":1}"] {
            assert!(verify(wrong, &prover.verifier()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_signed_is_canonical_json() {
        let value: Value = serde_json::from_str(r#"{ "b": [1, "é", null], "a": { "d": true, "c": {} } }"#).unwrap();
        assert_eq!(canonical(&value), r#"{"a":{"c":{},"d":true},"b":[1,"é",null]}"#);
    }

    #[test]
    fn what_is_outstanding_is_said_so() {
        let said = statement().to_string();
        for wanted in
            ["an unknown number of", "gate-1: outstanding, and dismissed", "until somebody rotates", "in a folder"]
        {
            assert!(said.contains(wanted), "{said}");
        }
        let mut finished = statement();
        (finished.copies_dead, finished.keys_in) = (Some(finished.at), KeysIn::Token);
        finished.gates[0].forgotten = Some(finished.at);
        let said = finished.to_string();
        assert!(said.contains("backups: dead") && said.contains("gate-1: forgotten") && !said.contains("outstanding"));
    }
}
