//! Where the passphrase of a root key comes from.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// The environment variable that may hold the passphrase. It stays readable in `/proc/PID/environ`, for the process's user
/// and for root, as long as the process lives, and services started from it inherit it: for tests and demonstrations.
/// A file for its owner alone, or a credential of the service manager, is better.
pub const PASSPHRASE_VARIABLE: &str = "SALLYPORT_PASSPHRASE";

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// The variable is no text.
    #[error("{PASSPHRASE_VARIABLE} is not UTF-8 text: set it anew, or use --passphrase-file")]
    Variable,
    /// The file cannot be read.
    #[error("the passphrase file {path} cannot be read ({source}): check its path and permissions")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file or variable holds nothing.
    #[error("the passphrase in {0} is empty: write it there as one line")]
    Empty(String),
    /// There is nobody to ask.
    #[error(
        "no passphrase: set {PASSPHRASE_VARIABLE}, give --passphrase-file, or start from a terminal to be asked ({0})"
    )]
    Terminal(io::Error),
    /// Two different entries.
    #[error("the two entries differ: begin again")]
    Differ,
}

/// The passphrase from [`PASSPHRASE_VARIABLE`], else from the first line of this file, else asked on the terminal,
/// where a new one (`creating`) is asked twice.
pub fn passphrase(file: Option<&Path>, creating: bool) -> Result<Zeroizing<String>, PassphraseError> {
    obtain(env::var_os(PASSPHRASE_VARIABLE), file, creating, |prompt| rpassword::prompt_password(prompt))
}

/// The passphrase in the first line of this file, whatever the environment says.
pub fn passphrase_in(file: &Path) -> Result<Zeroizing<String>, PassphraseError> {
    obtain(None, Some(file), false, |_| Err(io::ErrorKind::Unsupported.into()))
}

fn obtain(
    variable: Option<OsString>,
    file: Option<&Path>,
    creating: bool,
    mut ask: impl FnMut(&str) -> io::Result<String>,
) -> Result<Zeroizing<String>, PassphraseError> {
    let filled = |text: Zeroizing<String>, place: String| {
        if text.is_empty() { Err(PassphraseError::Empty(place)) } else { Ok(text) }
    };
    if let Some(value) = variable {
        let value = value.into_string().map_err(|_| PassphraseError::Variable)?;
        return filled(Zeroizing::new(value), PASSPHRASE_VARIABLE.into());
    }
    if let Some(path) = file {
        let text = fs::read_to_string(path).map_err(|source| PassphraseError::File { path: path.into(), source })?;
        let text = Zeroizing::new(text);
        let line = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
        return filled(line, path.display().to_string());
    }
    let mut entry = |prompt| ask(prompt).map(Zeroizing::new).map_err(PassphraseError::Terminal);
    if !creating {
        return entry("Passphrase: ");
    }
    let first = entry("New passphrase: ")?;
    if *entry("Once more: ")? == *first { Ok(first) } else { Err(PassphraseError::Differ) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn nobody(_: &str) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    #[test]
    fn the_variable_comes_first_then_the_file_then_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        fs::write(&file, "from the file\nand a note\n").unwrap();
        let variable = Some(OsString::from("from the variable"));
        assert_eq!(*obtain(variable, Some(&file), false, nobody).unwrap(), "from the variable");
        assert_eq!(*obtain(None, Some(&file), false, nobody).unwrap(), "from the file");
        assert_eq!(*obtain(None, None, false, |_| Ok("typed".into())).unwrap(), "typed");
        fs::write(&file, "\n").unwrap();
        assert!(matches!(obtain(None, Some(&file), false, nobody), Err(PassphraseError::Empty(_))));
        assert!(matches!(obtain(None, Some(folder.path()), false, nobody), Err(PassphraseError::File { .. })));
        let error = obtain(None, None, false, nobody).unwrap_err().to_string();
        assert!(error.contains(PASSPHRASE_VARIABLE) && error.contains("--passphrase-file"), "{error}");
    }

    #[test]
    fn a_new_passphrase_is_typed_twice_alike() {
        let mut entries = ["one", "one", "one", "two"].into_iter();
        let mut ask = |_: &str| Ok(entries.next().unwrap().to_owned());
        assert_eq!(*obtain(None, None, true, &mut ask).unwrap(), "one");
        assert!(matches!(obtain(None, None, true, &mut ask), Err(PassphraseError::Differ)));
    }
}
