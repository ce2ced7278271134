//! Which gates are admitted: those whose very certificate is noted in the folder `gates`.
//!
//! A file a gate, so that the command line can add and remove gates while the service runs. Nothing is cached: a removal
//! takes effect at the next request, on connections that are open too.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sallyport_link::{LinkError, common_name, read_certificate};
use sallyport_protocol::GateId;

/// Why a gate is not admitted, or was not added or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// The certificate names no gate.
    #[error("the certificate's common name is no gate name: use the files that `enrollment gate add` wrote")]
    Nameless,
    /// No such gate.
    #[error("gate {0} is not admitted: add it with `enrollment gate add`")]
    Unknown(GateId),
    /// Another certificate of the same name.
    #[error("gate {0} has another certificate by now: install the newest files of `enrollment gate add`")]
    Replaced(GateId),
    /// There already.
    #[error("there is a gate {0} already: remove it first, its certificate is worthless then")]
    Exists(GateId),
    /// The notes.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The folder.
    #[error("{path}: {source}; check the data folder")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folder of noted certificates.
#[derive(Debug, Clone)]
pub struct Admission(PathBuf);

impl Admission {
    /// The notes in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Which gate shows this certificate (DER), if that very certificate is noted. That it is valid, and its holder has
    /// the key, is TLS's to check.
    pub fn admit(&self, der: &[u8]) -> Result<GateId, AdmissionError> {
        let name = common_name(der).ok_or(AdmissionError::Nameless)?;
        let gate: GateId = name.parse().map_err(|_| AdmissionError::Nameless)?;
        let note = self.note(&gate);
        if !note.exists() {
            return Err(AdmissionError::Unknown(gate));
        }
        if read_certificate(&note)? == der { Ok(gate) } else { Err(AdmissionError::Replaced(gate)) }
    }

    /// Notes a gate's certificate (PEM).
    pub fn add(&self, gate: &GateId, certificate_pem: &str) -> Result<(), AdmissionError> {
        let note = self.note(gate);
        self.check_new(gate)?;
        fs::create_dir_all(&self.0).map_err(folder(&self.0))?;
        fs::write(&note, certificate_pem).map_err(folder(&note))
    }

    /// Whether this name is free.
    pub fn check_new(&self, gate: &GateId) -> Result<(), AdmissionError> {
        if self.note(gate).exists() { Err(AdmissionError::Exists(gate.clone())) } else { Ok(()) }
    }

    /// Forgets a gate: its next request is refused.
    pub fn remove(&self, gate: &GateId) -> Result<(), AdmissionError> {
        let note = self.note(gate);
        fs::remove_file(&note).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => AdmissionError::Unknown(gate.clone()),
            _ => folder(&note)(error),
        })
    }

    /// Every gate admitted, by name.
    pub fn gates(&self) -> Result<Vec<GateId>, AdmissionError> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(folder(&self.0))?,
        };
        let mut gates: Vec<GateId> =
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".crt")?.parse().ok()).collect();
        gates.sort();
        Ok(gates)
    }

    fn note(&self, gate: &GateId) -> PathBuf {
        self.0.join(format!("{gate}.crt"))
    }
}

fn folder(path: &Path) -> impl Fn(io::Error) -> AdmissionError {
    move |source| AdmissionError::Folder { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sallyport_link::{Authority, Usage};

    #[test]
    fn only_the_noted_certificate_is_admitted() {
        let folder = tempfile::tempdir().unwrap();
        let admission = Admission::at(folder.path().join("gates"));
        let authority = Authority::create().unwrap();
        let [mine, other] = [(); 2].map(|()| {
            let issued = authority.issue("gate-1", &[], Usage::Both).unwrap();
            issued.save(folder.path(), "it").unwrap();
            (read_certificate(&folder.path().join("it.crt")).unwrap(), issued.certificate_pem)
        });
        let gate: GateId = "gate-1".parse().unwrap();
        assert!(matches!(admission.admit(&mine.0), Err(AdmissionError::Unknown(_))));
        assert!(admission.gates().unwrap().is_empty());
        admission.add(&gate, &mine.1).unwrap();
        assert!(matches!(admission.add(&gate, &other.1), Err(AdmissionError::Exists(_))));
        assert_eq!(admission.admit(&mine.0).unwrap(), gate);
        assert!(matches!(admission.admit(&other.0), Err(AdmissionError::Replaced(_))));
        assert_eq!(admission.gates().unwrap(), std::slice::from_ref(&gate));
        admission.remove(&gate).unwrap();
        assert!(matches!(admission.admit(&mine.0), Err(AdmissionError::Unknown(_))));
        assert!(matches!(admission.remove(&gate), Err(AdmissionError::Unknown(_))));
        assert!(matches!(admission.admit(b"no certificate"), Err(AdmissionError::Nameless)));
    }
}
