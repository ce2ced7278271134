//! The trust folder: one file a certificate or list, which an import writes and a gate reads at its start.
//!
//! `UT-0123456789abcdef.cer` is an anchor, `.link.cer` a link, `.signer.cer` a document signer from a directory;
//! `.crl` are revocation lists, `.dvl` deviation lists, and `provenance.tsv` says where each certificate came from.
//! Certificates that somebody puts there by hand (`.cer`, `.crt`, `.der`, `.pem`) are anchors.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use openssl::sha::sha256;

use super::{Authentication, SkipReason, Standing, TrustError, TrustStore, certificates, pem, provenance};
use crate::{
    asn1::Name,
    certificate::{Crl, Fingerprint},
};

const PROVENANCE: &str = "provenance.tsv";
/// The rest of a name that is being written.
const UNFINISHED: &str = "part";

/// Why a trust folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// A file is not what its name says.
    #[error("{}: {source}; remove the file or import it again", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: TrustError,
    },
}

impl TrustStore {
    /// Reads a trust folder; `at_unix_s` is the time to verify its lists at. The names of files that are not used come
    /// along, for somebody to be told: other kinds, and lists whose signer is not trusted.
    pub fn load(folder: &Path, at_unix_s: i64) -> Result<(Self, Vec<String>), FolderError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Io { path, source }
        };
        let mut names: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder).map_err(io(folder))? {
            names.push(entry.map_err(io(folder))?.path());
        }
        names.sort_unstable();
        let mut store = Self::default();
        let mut origins: HashMap<Fingerprint, provenance::Provenance> = HashMap::new();
        let (mut others, mut crls, mut deviation_lists) = (Vec::new(), Vec::new(), Vec::new());
        for path in names.into_iter().filter(|path| path.is_file()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = || fs::read(&path).map_err(io(&path));
            let wrong = |source| FolderError::File { path: path.clone(), source };
            if name == PROVENANCE {
                origins = provenance::parse(&String::from_utf8_lossy(&bytes()?)).collect();
                continue;
            }
            match name.rsplit('.').next().unwrap_or_default().to_lowercase().as_str() {
                "cer" | "crt" | "der" | "pem" => {
                    for certificate in certificates(&bytes()?).map_err(wrong)? {
                        store.add(certificate, standing(&name), None);
                    }
                }
                "crl" => {
                    crls.extend(revocation_lists(&bytes()?).map_err(wrong)?.into_iter().map(|crl| (name.clone(), crl)));
                }
                "dvl" => deviation_lists.push((path.clone(), bytes()?)),
                _ => others.push(name),
            }
        }
        // Last, since their signers lead to anchors of the folder.
        for (name, crl) in crls {
            if store.add_crl(crl, at_unix_s) == Err(SkipReason::NoSigner) {
                others.push(name);
            }
        }
        for (path, bytes) in deviation_lists {
            // One that is not authentic any more is old news, and no reason to stay closed: it only explains.
            if store.import(&bytes, "", Authentication::Store, at_unix_s).is_err() {
                others.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
        for entry in &mut store.entries {
            entry.provenance = origins.remove(entry.certificate.fingerprint());
        }
        Ok((store, others))
    }

    /// Writes everything that is in the store into a trust folder, beside what is there.
    pub fn save(&self, folder: &Path) -> Result<(), FolderError> {
        fs::create_dir_all(folder).map_err(|source| FolderError::Io { path: folder.to_owned(), source })?;
        for entry in &self.entries {
            let kind = match entry.standing {
                Standing::Anchor => "cer",
                Standing::Link => "link.cer",
                Standing::Signer => "signer.cer",
            };
            let certificate = &entry.certificate;
            write(folder, &name(certificate.subject(), certificate.fingerprint(), kind), certificate.der())?;
            if entry.standing == Standing::Anchor {
                // Somebody vouched for what was a link until now.
                let _ =
                    fs::remove_file(folder.join(name(certificate.subject(), certificate.fingerprint(), "link.cer")));
            }
        }
        for crl in self.crls() {
            // One name a key, so that the next list takes the place of this one.
            let key = [crl.issuer().der(), crl.authority_key().unwrap_or_default()].concat();
            write(folder, &name(crl.issuer(), &sha256(&key), "crl"), crl.der())?;
        }
        for list in &self.deviation_lists {
            write(folder, &format!("{}.dvl", short(&sha256(&list.der))), &list.der)?;
        }
        let rows =
            self.entries.iter().filter_map(|entry| Some((entry.certificate.fingerprint(), entry.provenance.as_ref()?)));
        write(folder, PROVENANCE, provenance::write(rows).as_bytes())
    }
}

/// By the name that an import gave it.
fn standing(name: &str) -> Standing {
    let name = name.to_lowercase();
    if name.contains(".signer.") {
        Standing::Signer
    } else if name.contains(".link.") {
        Standing::Link
    } else {
        Standing::Anchor
    }
}

fn revocation_lists(file: &[u8]) -> Result<Vec<Crl>, TrustError> {
    if !file.starts_with(b"-----") {
        return Ok(vec![Crl::parse(file).map_err(TrustError::RevocationList)?]);
    }
    pem::blocks(file)?.iter().map(|(_, der)| Crl::parse(der).map_err(TrustError::RevocationList)).collect()
}

fn name(subject: &Name, fingerprint: &Fingerprint, kind: &str) -> String {
    // A country is two letters on paper; what a certificate says must not choose the folder.
    let country: String = subject.country().unwrap_or_default().chars().filter(char::is_ascii_alphabetic).collect();
    let country = if country.is_empty() { "XX".into() } else { country.to_uppercase() };
    format!("{country}-{}.{kind}", short(fingerprint))
}

fn short(fingerprint: &Fingerprint) -> String {
    hex::encode(fingerprint.first_chunk::<8>().copied().unwrap_or_default())
}

/// Writes a file whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
    let path = folder.join(name);
    let unfinished = folder.join(format!("{name}.{UNFINISHED}"));
    fs::write(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, &path))
        .map_err(|source| FolderError::Io { path, source })
}
