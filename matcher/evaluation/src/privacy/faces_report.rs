//! What a measurement of protected faces says: in JSON as it stands here; as text and as a page, by the same tables.

use sallyport_privacy::template::CODE_BITS;
use serde::Serialize;

use super::{
    faces::{A_PERSON_EACH, KNOWN},
    faces_codes::Attacker,
    judge::ATTACK_FMR,
    report::{self, About, Accuracy, Attempts, Linked, attempts, exponent},
    tables::{self, Table},
};
use crate::report::{Subject, text::thousands};

/// False match rates that tables show; JSON has all.
const SHOWN: [f64; 2] = [1e-3, 1e-4];

/// All that was measured. Rates are fractions.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub images: usize,
    pub failed_to_acquire: usize,
    /// Who has a template.
    pub people: usize,
    pub model: String,
    /// Of all keys.
    pub seed: u64,
    pub genuine: usize,
    pub impostor: usize,
    /// Of all intervals, by bootstrap over people.
    pub confidence: f64,
    pub resamples: u64,
    pub accuracy: Vec<Accuracy>,
    pub linked: Vec<Linked>,
    pub attacks: Vec<Attack>,
}

/// What an attacker's templates pass.
#[derive(Debug, Serialize)]
pub(super) struct Attack {
    pub attacker: Attacker,
    pub bits: usize,
    /// Attacked.
    pub people: usize,
    /// Median, of the template made and the embedding that was enrolled.
    pub cosine: Option<f32>,
    /// The same enrollment's code.
    pub code: Attempts,
    /// Another picture of the person, unprotected.
    pub face: Attempts,
    /// Another picture's code with another application, under another key.
    pub elsewhere: Attempts,
}

impl Attacker {
    fn name(self) -> &'static str {
        match self {
            Self::Owner => "none: the enrolled picture itself",
            Self::Nothing => "nothing: another person's face",
            Self::Code => "code only: solved for a guessed key",
            Self::Key => "key only, or nothing: the average of all others",
            Self::BothSummed => "code and key: signed directions summed",
            Self::BothSolved => "code and key: solved",
        }
    }
}

/// For a terminal.
pub(super) fn text(report: &Report) -> String {
    let tables: Vec<String> = tables(report).iter().map(Table::text).collect();
    format!("{}\n\n{}", about(report), tables.join("\n"))
}

/// For a browser.
pub(super) fn page(report: &Report) -> String {
    let mut body: String = tables(report).iter().map(Table::html).collect();
    // Of each scheme the longest codes, under the key that an impostor meets.
    let is_shown = |accuracy: &&Accuracy| accuracy.keys != A_PERSON_EACH && accuracy.bytes >= CODE_BITS / 8;
    let curves: Vec<&Accuracy> = report.accuracy.iter().filter(is_shown).collect();
    body.push_str(&report::figures(Subject::Face, &curves, report.impostor, &report.linked));
    tables::page("Protection of faces", &about(report), &body)
}

fn about(report: &Report) -> String {
    format!(
        "{} images of {} people, {} of them without a template; model {}; keys of seed {}",
        thousands(report.images),
        thousands(report.people),
        report.failed_to_acquire,
        report.model,
        report.seed
    )
}

fn tables(report: &Report) -> [Table; 3] {
    let known = format!("up to {KNOWN}, of each one code");
    [accuracy(report), report::linked(Subject::Face, &known, &report.linked), attacks(report)]
}

fn accuracy(report: &Report) -> Table {
    let about = About {
        subject: Subject::Face,
        title: "Accuracy",
        note: format!("{} genuine and {} impostor comparisons.", thousands(report.genuine), thousands(report.impostor)),
        confidence: report.confidence,
        shown: SHOWN,
        one_scale: true,
    };
    report::accuracy(&about, &report.accuracy)
}

fn attacks(report: &Report) -> Table {
    let head = [
        "attacker has",
        "bits",
        "cosine",
        "passes the code",
        "passes another picture",
        "passes another application's code",
    ];
    let row = |attack: &Attack| {
        vec![
            attack.attacker.name().to_owned(),
            attack.bits.to_string(),
            attack.cosine.map_or_else(|| "-".into(), |cosine| format!("{cosine:.3}")),
            attempts(&attack.code),
            attempts(&attack.face),
            attempts(&attack.elsewhere),
        ]
    };
    Table {
        title: "Reconstruction",
        note: format!(
            "Passes at an FMR of {}, of templates that attackers make and hand in as live embeddings. Cosine: median, with \
             what was enrolled.",
            exponent(ATTACK_FMR)
        ),
        head: head.map(str::to_owned).into(),
        rows: report.attacks.iter().map(row).collect(),
    }
}
