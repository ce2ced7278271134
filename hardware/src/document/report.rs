//! What came out of reading a document, check by check, in the manner of BSI TR-03135: each check has a result of its
//! own, and one that was not made says why. Without data of the holder unless they are asked for.

use std::{fmt, time::Duration};

use sallyport_emrtd::{
    ChipContents, LdsError,
    asn1::date,
    mrz::MrzDate,
    passive,
    security_info::Mapping,
    terminal::{Access, NotDone, Proof, Reading},
    trust::TrustStore,
};
use serde::Serialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// How one check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it must be.
    Passed,
    /// Not as it must be.
    Failed,
    /// Nobody knows: it was not made.
    NotDone,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A stable name, such as `active-authentication`.
    pub check: String,
    /// How it went.
    pub outcome: Outcome,
    /// Why it failed or was not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Check {
    fn new(check: impl Into<String>, outcome: Outcome, why: Option<String>) -> Self {
        Self { check: check.into(), outcome, why }
    }

    /// A proof of the chip; its key must stand in a file that is authentic.
    fn proof(check: &str, proof: &Proof, file: &str, authentic: bool) -> Self {
        let (outcome, why) = match proof {
            Proof::Passed if authentic => (Outcome::Passed, None),
            Proof::Passed => {
                (Outcome::NotDone, Some(format!("passed, but with a key of {file}, which is not authentic")))
            }
            Proof::Failed(why) => (Outcome::Failed, Some(why.clone())),
            Proof::NotDone(why) => (Outcome::NotDone, Some(reason(*why).to_owned())),
        };
        Self::new(check, outcome, why)
    }
}

fn reason(why: NotDone) -> &'static str {
    match why {
        NotDone::NotOffered => "the chip does not offer it",
        NotDone::NotWanted => "not asked for",
        NotDone::Withheld => "the chip has it and does not give it",
        NotDone::Unsupported => "the chip asks for an algorithm outside the standard",
    }
}

/// What all checks together say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Signed by an authority that is trusted, and nothing failed.
    Authentic,
    /// Something failed.
    NotAuthentic,
    /// Nothing failed, but no trusted authorities were given to judge the signer by.
    Undetermined,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentic => "AUTHENTIC",
            Self::NotAuthentic => "NOT AUTHENTIC",
            Self::Undetermined => "UNDETERMINED: give a trust store to judge the signer by",
        })
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRead {
    /// Its name in Doc 9303-10.
    pub name: String,
    /// Its length.
    pub bytes: usize,
}

/// Who holds the document, as its zone says.
#[derive(Serialize, Zeroize, ZeroizeOnDrop)]
#[allow(missing_docs)] // the fields of Doc 9303-3
pub struct Holder {
    pub document_code: String,
    pub issuer: String,
    pub document_number: String,
    pub surname: String,
    pub given_names: String,
    pub nationality: String,
    pub birth: String,
    pub sex: char,
    pub expiry: String,
    pub faces: usize,
}

impl Holder {
    /// Out of DG1 and DG2.
    pub fn of(contents: &ChipContents) -> Result<Self, LdsError> {
        let zone = contents.dg1()?;
        Ok(Self {
            document_code: zone.document_code.clone(),
            issuer: zone.issuer.clone(),
            document_number: zone.document_number.clone(),
            surname: zone.surname.clone(),
            given_names: zone.given_names.clone(),
            nationality: zone.nationality.clone(),
            birth: as_printed(zone.birth),
            sex: zone.sex,
            expiry: as_printed(zone.expiry),
            faces: contents.dg2().map_or(0, |faces| faces.len()),
        })
    }
}

/// Year without century, month, day.
fn as_printed(date: MrzDate) -> String {
    let part = |part: Option<u8>| part.map_or_else(|| "??".to_owned(), |part| format!("{part:02}"));
    [date.year, date.month, date.day].map(part).join("-")
}

/// What came out of reading a document.
#[derive(Serialize)]
pub struct Report {
    /// What all checks together say.
    pub verdict: Verdict,
    /// How the chip was opened.
    pub access: String,
    /// Commands sent.
    pub commands: usize,
    /// How long the reading took.
    pub milliseconds: u64,
    /// The files that were read.
    pub files: Vec<FileRead>,
    /// Groups that the chip has but did not give, with its status word.
    pub refused: Vec<(String, String)>,
    /// The checks, those of the chip first.
    pub checks: Vec<Check>,
    /// The signer, if its signature holds.
    pub signer: Option<String>,
    /// The authorities above the signer, the trusted one last.
    pub authorities: Vec<String>,
    /// When validity was checked.
    pub checked: String,
    /// Who holds it; only for those who ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
}

impl Report {
    /// Judges a reading at this time by these authorities, if there are any.
    pub fn new(reading: &Reading, trust: Option<&TrustStore>, at_unix_s: i64, took: Duration) -> Self {
        let nobody = TrustStore::default();
        let store = trust.unwrap_or(&nobody);
        let passive = passive::inspect(&reading.contents, store, at_unix_s);
        let mut checks = chip_checks(reading, &passive, store);
        for (check, outcome) in &passive.results {
            let (outcome, why) = match outcome {
                passive::Outcome::Passed => (Outcome::Passed, None),
                passive::Outcome::Failed(_) if trust.is_none() && *check == passive::Check::SignerChain => {
                    (Outcome::NotDone, Some("no trusted authorities were given".to_owned()))
                }
                passive::Outcome::Failed(reason) => (Outcome::Failed, Some(reason.to_string())),
                passive::Outcome::NotDone(why) => (Outcome::NotDone, Some(why.to_string())),
            };
            checks.push(Check::new(check.code(), outcome, why));
        }
        let unbound = |check: passive::Check| check.is_binding() && check != passive::Check::SignerChain;
        let verdict = if chip_failed(reading) || !hidden(reading, &passive).is_empty() {
            Verdict::NotAuthentic
        } else if trust.is_some() {
            if passive.summary().is_ok() { Verdict::Authentic } else { Verdict::NotAuthentic }
        } else if passive.failures().any(|(check, _)| unbound(check)) {
            Verdict::NotAuthentic
        } else {
            Verdict::Undetermined
        };
        Self {
            verdict,
            access: access(reading.access),
            commands: reading.commands,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            files: files(&reading.contents).map(|(name, file)| FileRead { name, bytes: file.len() }).collect(),
            refused: reading
                .refused
                .iter()
                .map(|(group, status)| (format!("DG{group}"), format!("{status:04X}")))
                .collect(),
            checks,
            signer: passive.signer.clone(),
            authorities: passive.path.clone(),
            checked: date(passive.at_unix_s),
            holder: None,
        }
    }

    /// With who holds it, for those who ask.
    pub fn with_holder(mut self, contents: &ChipContents) -> Self {
        self.holder = Holder::of(contents).ok();
        self
    }
}

fn access(access: Access) -> String {
    match access {
        Access::Open => "no protocol".to_owned(),
        Access::Bac => "BAC".to_owned(),
        Access::Pace { protocol, parameter_id } => {
            let mapping = match protocol.mapping {
                Mapping::Generic => "GM",
                Mapping::Integrated => "IM",
                Mapping::ChipAuthentication => "CAM",
            };
            let parameters = parameter_id.map_or_else(|| "own parameters".to_owned(), |id| format!("parameters {id}"));
            format!("PACE ({:?}, {mapping}, {:?}, {parameters})", protocol.agreement, protocol.suite)
        }
    }
}

/// Whether the chip was asked for a proof and failed. Terminal Authentication says something of the terminal only.
fn chip_failed(reading: &Reading) -> bool {
    [&reading.active_authentication, &reading.chip_authentication, &reading.chip_authentication_mapping]
        .iter()
        .any(|proof| proof.failed())
        || reading.is_downgraded()
}

/// The groups with keys of proofs that are signed, and were looked for in vain: a copy without the private keys hides
/// what it would be asked by.
fn hidden(reading: &Reading, passive: &passive::Report) -> Vec<u8> {
    let looked_for = |group: &u8| {
        let proof = if *group == 14 { &reading.chip_authentication } else { &reading.active_authentication };
        *proof != Proof::NotDone(NotDone::NotWanted)
    };
    let proofs = passive.signed_groups.iter().copied().filter(|group| matches!(group, 14 | 15));
    proofs.filter(|group| looked_for(group) && !reading.contents.groups.contains_key(group)).collect()
}

fn chip_checks(reading: &Reading, passive: &passive::Report, store: &TrustStore) -> Vec<Check> {
    let signed = |group: u8| passive.summary().is_ok_and(|verified| verified.groups.contains(&group));
    let zone = reading.contents.dg1().ok();
    let card_security = reading.contents.card_security.as_deref().is_some_and(|file| {
        passive::inspect_card_security(file, store, passive.at_unix_s, zone.as_ref()).0.summary().is_ok()
    });
    let downgrade = match reading.contents.groups.contains_key(&14) {
        false => Check::new("access-downgrade", Outcome::NotDone, Some("there is no DG14 to compare with".to_owned())),
        true if reading.is_downgraded() => Check::new(
            "access-downgrade",
            Outcome::Failed,
            Some("the signed DG14 announces PACE otherwise than EF.CardAccess".to_owned()),
        ),
        true => Check::new("access-downgrade", Outcome::Passed, None),
    };
    let complete = match hidden(reading, passive).first() {
        Some(group) => Check::new(
            "proofs-complete",
            Outcome::Failed,
            Some(format!(
                "EF.SOD signs DG{group}, which the chip does not give: a copy hides what it would be asked by"
            )),
        ),
        None if reading.chip_authentication_mapping == Proof::NotDone(NotDone::Withheld) => Check::new(
            "proofs-complete",
            Outcome::Failed,
            Some("DG14 announces chip authentication mapping, and the chip opened without it".to_owned()),
        ),
        None if passive.signed_groups.is_empty() => {
            Check::new("proofs-complete", Outcome::NotDone, Some("the security object cannot be read".to_owned()))
        }
        None => Check::new("proofs-complete", Outcome::Passed, None),
    };
    vec![
        downgrade,
        complete,
        Check::proof("active-authentication", &reading.active_authentication, "DG15", signed(15)),
        Check::proof("chip-authentication", &reading.chip_authentication, "DG14", signed(14)),
        Check::proof(
            "chip-authentication-mapping",
            &reading.chip_authentication_mapping,
            "EF.CardSecurity",
            card_security,
        ),
        Check::proof("terminal-authentication", &reading.terminal_authentication, "EF.CVCA", true),
    ]
}

/// The files that were read, by their names in Doc 9303-10.
pub fn files(contents: &ChipContents) -> impl Iterator<Item = (String, &[u8])> {
    let optional = [
        ("EF.ATR/INFO", &contents.atr_info),
        ("EF.DIR", &contents.dir),
        ("EF.CardAccess", &contents.card_access),
        ("EF.CardSecurity", &contents.card_security),
    ];
    let master = optional.into_iter().filter_map(|(name, file)| Some((name.to_owned(), file.as_deref()?)));
    let own = [("EF.COM", contents.com.as_slice()), ("EF.SOD", contents.sod.as_slice())];
    let own = own.into_iter().filter(|(_, file)| !file.is_empty()).map(|(name, file)| (name.to_owned(), file));
    let groups = contents.groups.iter().map(|(group, file)| (format!("DG{group}"), file.as_slice()));
    master.chain(own).chain(groups)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.files.iter().map(|file| file.bytes).sum();
        writeln!(
            f,
            "opened by {}; {bytes} bytes in {} commands and {} ms",
            self.access, self.commands, self.milliseconds
        )?;
        for FileRead { name, bytes } in &self.files {
            writeln!(f, "  {name:<16} {bytes:>6} bytes")?;
        }
        for (group, status) in &self.refused {
            writeln!(f, "  {group:<16} refused ({status})")?;
        }
        if let Some(holder) = &self.holder {
            writeln!(f, "{holder}")?;
        }
        for Check { check, outcome, why } in &self.checks {
            let outcome = match outcome {
                Outcome::Passed => "passed",
                Outcome::Failed => "FAILED",
                Outcome::NotDone => "not done",
            };
            match why {
                Some(why) => writeln!(f, "{outcome:<9} {check}: {why}")?,
                None => writeln!(f, "{outcome:<9} {check}")?,
            }
        }
        if let Some(signer) = &self.signer {
            writeln!(f, "signed by {signer}")?;
        }
        for authority in &self.authorities {
            writeln!(f, "  under {authority}")?;
        }
        writeln!(f, "checked at {}", self.checked)?;
        write!(f, "{}", self.verdict)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {} {} of {}, expires {}", self.document_code, self.document_number, self.issuer, self.expiry)?;
        write!(
            f,
            "  {}, {} ({}), born {}, {}; {} face(s)",
            self.surname, self.given_names, self.sex, self.birth, self.nationality, self.faces
        )
    }
}
