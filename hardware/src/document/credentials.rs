//! What an inspection system shows to chips so that they give fingerprints (Terminal Authentication, BSI TR-03110-1,
//! 3.5), as a folder: `.cvcert` are card-verifiable certificates, `.der` private keys.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sallyport_emrtd::eac::{
    cvc::{Certificate, CvcError, SigningKey},
    terminal_authentication::Credentials,
};
use zeroize::Zeroizing;

/// Why a folder holds no credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The system says no.
    #[error("{} cannot be read ({source}): give the folder with the terminal's .cvcert and .der files", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// It is no certificate.
    #[error("{} is no card-verifiable certificate ({source}): fetch it from the document verifier again", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CvcError,
    },
    /// Nobody certified the key.
    #[error("{} is the key of none of the certificates beside it: add its certificate", .0.display())]
    NotCertified(PathBuf),
    /// Certificates alone open nothing.
    #[error("{} has no key of a terminal: add it in DER, as PKCS #8", .0.display())]
    NoKey(PathBuf),
}

/// Reads the folder. Other files in it do not matter.
pub fn load(folder: &Path) -> Result<Credentials, CredentialsError> {
    let read = |path: &Path| {
        let path = path.to_owned();
        |source| CredentialsError::Read { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read(folder))? {
        paths.push(entry.map_err(read(folder))?.path());
    }
    paths.sort_unstable();
    let of_kind = |kind: &'static str| {
        paths.iter().filter(move |path| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(kind)))
    };
    let mut certificates = Vec::new();
    for path in of_kind("cvcert") {
        let certificate = Certificate::parse(&fs::read(path).map_err(read(path))?);
        certificates.push(certificate.map_err(|source| CredentialsError::Certificate { path: path.clone(), source })?);
    }
    let mut keys = Vec::new();
    for path in of_kind("der") {
        let der = Zeroizing::new(fs::read(path).map_err(read(path))?);
        // The certificate says how the key signs.
        let fitting = certificates
            .iter()
            .map(|certificate| &certificate.contents().key)
            .find_map(|public| SigningKey::from_der(public.algorithm(), &der).ok().filter(|key| key.matches(public)));
        keys.push(fitting.ok_or_else(|| CredentialsError::NotCertified(path.clone()))?);
    }
    if keys.is_empty() {
        return Err(CredentialsError::NoKey(folder.to_owned()));
    }
    Ok(Credentials::new(certificates, keys))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_emrtd::{
        eac::cvc::{Date, Rights},
        issue::TerminalAuthority,
    };

    use super::*;

    const NOW_UNIX_S: i64 = 1_790_000_000;

    #[test]
    fn keys_find_their_certificates_and_stray_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        let authority = TerminalAuthority::new("UT", NOW_UNIX_S, Rights::READ_DG3).unwrap();
        let (terminal, key) = authority.terminal("GATE1", Rights::READ_DG3, NOW_UNIX_S, 30).unwrap();
        put("dv.cvcert", &authority.verifier().to_bytes());
        put("readme.txt", b"not looked at");
        assert!(matches!(load(folder.path()), Err(CredentialsError::NoKey(_))));
        put("gate.der", &key.to_der().unwrap());
        assert!(matches!(load(folder.path()), Err(CredentialsError::NotCertified(path)) if path.ends_with("gate.der")));
        put("gate.cvcert", &terminal.to_bytes());
        let credentials = load(folder.path()).unwrap();
        assert!(credentials.path(&[authority.cvca().holder().clone()], Date::from_unix_s(NOW_UNIX_S)).is_ok());
        put("broken.cvcert", b"\x7F\x21");
        assert!(matches!(load(folder.path()), Err(CredentialsError::Certificate { .. })));
        assert!(matches!(load(&folder.path().join("nothing")), Err(CredentialsError::Read { .. })));
    }
}
