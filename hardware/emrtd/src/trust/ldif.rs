//! LDIF (RFC 2849), as far as downloads of the ICAO Public Key Directory use it.

use super::{TrustError, pem::base64_bytes};

/// What a value of an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    MasterList,
    DeviationList,
    Certificate,
    RevocationList,
}

/// Names in lower case, without options such as `;binary`.
const ATTRIBUTES: [(&str, Attribute); 7] = [
    ("cscamasterlistdata", Attribute::MasterList),
    ("pkdmasterlistcontent", Attribute::MasterList),
    ("pkddeviationlistcontent", Attribute::DeviationList),
    ("deviationlistdata", Attribute::DeviationList),
    ("usercertificate", Attribute::Certificate),
    ("cacertificate", Attribute::Certificate),
    ("certificaterevocationlist", Attribute::RevocationList),
];

/// An entry with the values that matter here.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) values: Vec<(Attribute, Vec<u8>)>,
}

/// Whether a file is LDIF.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_lowercase();
    let start = start.trim_start_matches('\u{feff}');
    start
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| line.starts_with("dn:") || line.starts_with("version:"))
}

/// The entries that have something to import.
pub(super) fn entries(text: &[u8]) -> Result<Vec<Entry>, TrustError> {
    let text = String::from_utf8_lossy(text);
    let mut entries = Vec::new();
    let mut entry = Entry { name: String::new(), values: Vec::new() };
    let mut line = String::new();
    // A line that begins with a space continues the one before (RFC 2849, note 2); an empty one ends an entry.
    for next in text.lines().map(|line| line.trim_end_matches('\r')).chain([""]) {
        if let Some(rest) = next.strip_prefix(' ') {
            line.push_str(rest);
            continue;
        }
        take(&mut entry, &line)?;
        line.clear();
        line.push_str(next);
        if next.is_empty() {
            if !entry.values.is_empty() {
                entries.push(std::mem::replace(&mut entry, Entry { name: String::new(), values: Vec::new() }));
            }
            entry.name.clear();
        }
    }
    Ok(entries)
}

fn take(entry: &mut Entry, line: &str) -> Result<(), TrustError> {
    let line = line.trim_start_matches('\u{feff}');
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let (name, value) = line.split_once(':').ok_or(TrustError::Ldif("a line without a colon"))?;
    let name = name.split(';').next().unwrap_or_default().to_lowercase();
    let known = ATTRIBUTES.iter().find(|(known, _)| *known == name).map(|(_, attribute)| *attribute);
    match (value.strip_prefix(':'), known) {
        (Some(base64), Some(attribute)) => {
            let value = base64_bytes(base64).ok_or(TrustError::Ldif("a value that is no base64"))?;
            entry.values.push((attribute, value));
        }
        (Some(base64), None) if name == "dn" => {
            entry.name = String::from_utf8_lossy(&base64_bytes(base64).unwrap_or_default()).into_owned();
        }
        (None, None) if name == "dn" => entry.name = value.trim().to_owned(),
        (None, Some(_)) => return Err(TrustError::Ldif("a certificate or list that is not in base64")),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folded_base64_of_every_entry_is_found() {
        let text = "version: 1\r\n\r\n# a comment\r\n of two lines\r\ndn: c=UT,dc=data\r\nobjectClass: top\r\n\
                    userCertificate;binary:: AQI\r\n DBA==\r\ncertificateRevocationList;binary::BQ==\r\n\r\n\
                    dn:: Yz1YWA==\nCscaMasterListData:: Bg==\n";
        assert!(looks_like(text.as_bytes()));
        let found = entries(text.as_bytes()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].name, "c=UT,dc=data");
        let expected = [(Attribute::Certificate, vec![1, 2, 3, 4]), (Attribute::RevocationList, vec![5])];
        assert_eq!(found[0].values, expected);
        assert_eq!((found[1].name.as_str(), &found[1].values[..]), ("c=XX", &[(Attribute::MasterList, vec![6])][..]));
        assert!(entries(b"dn: a\nuserCertificate:: ***\n").is_err());
        assert!(entries(b"dn: a\nuserCertificate: text\n").is_err());
    }

    proptest! {
        #[test]
        fn random_text_never_panics(text in "(dn|version|userCertificate;binary|[a-z]{0,3})(:|::|:: )[A-Za-z0-9+/= \n:]{0,80}") {
            let _ = (looks_like(text.as_bytes()), entries(text.as_bytes()));
        }
    }
}
