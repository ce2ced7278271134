//! Where a certificate came from, kept beside it in the trust folder.

use super::ListSigner;
use crate::{asn1::date, certificate::Fingerprint};

/// The first line of the file.
const TITLE: &str = "# sha256\timported (unix s)\tfile\tlist signer\tlist anchor\tlist signed (unix s)";

/// Where a certificate came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Name of the file that was imported.
    pub file: String,
    /// When.
    pub imported_unix_s: i64,
    /// The list it was on, if any.
    pub list: Option<ListProvenance>,
}

/// The list that a certificate was on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListProvenance {
    /// Who signed it.
    pub signer: String,
    /// The anchor that vouches for the signer; `None`: the operator.
    pub anchor: Option<String>,
    /// When the signer says it was signed.
    pub signed_at_unix_s: Option<i64>,
}

impl Provenance {
    /// A file on its own.
    pub(super) fn file(name: &str, imported_unix_s: i64) -> Self {
        Self { file: field(name), imported_unix_s, list: None }
    }

    pub(super) fn on_list(&self, signer: &ListSigner) -> Self {
        let list = ListProvenance {
            signer: field(&signer.name),
            anchor: signer.anchor.as_deref().map(field),
            signed_at_unix_s: signer.signed_at_unix_s,
        };
        Self { list: Some(list), ..self.clone() }
    }
}

/// `DE_ML.ml of C=DE, .. (under C=DE, ..), 2026-05-28`.
impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(list) = &self.list {
            write!(f, ", list of {}", list.signer)?;
            match &list.anchor {
                Some(anchor) => write!(f, " under {anchor}")?,
                None => write!(f, " (only the operator vouches for it)")?,
            }
        }
        write!(f, ", imported {}", date(self.imported_unix_s))
    }
}

/// What can stand between two tabs.
fn field(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The file, one row a certificate.
pub(super) fn write<'a>(rows: impl Iterator<Item = (&'a Fingerprint, &'a Provenance)>) -> String {
    let mut text = format!("{TITLE}\n");
    for (fingerprint, it) in rows {
        let (signer, anchor, signed) = match &it.list {
            Some(list) => (list.signer.as_str(), list.anchor.as_deref().unwrap_or_default(), list.signed_at_unix_s),
            None => ("", "", None),
        };
        let signed = signed.map(|time| time.to_string()).unwrap_or_default();
        let fingerprint = hex::encode(fingerprint);
        text.push_str(&format!("{fingerprint}\t{}\t{}\t{signer}\t{anchor}\t{signed}\n", it.imported_unix_s, it.file));
    }
    text
}

/// The rows of the file; what is no row is left out, since trust does not depend on it.
pub(super) fn parse(text: &str) -> impl Iterator<Item = (Fingerprint, Provenance)> {
    text.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let mut fingerprint = Fingerprint::default();
        hex::decode_to_slice(fields.next()?, &mut fingerprint).ok()?;
        let imported_unix_s = fields.next()?.parse().ok()?;
        let file = fields.next()?.to_owned();
        let [signer, anchor, signed] = [(); 3].map(|()| fields.next().filter(|field| !field.is_empty()));
        let list = signer.map(|signer| ListProvenance {
            signer: signer.to_owned(),
            anchor: anchor.map(str::to_owned),
            signed_at_unix_s: signed.and_then(|time| time.parse().ok()),
        });
        Some((fingerprint, Provenance { file, imported_unix_s, list }))
    })
}
