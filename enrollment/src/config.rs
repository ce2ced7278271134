//! The one configuration file.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use sallyport_privacy::{audit, keys::KeyPlace};
use sallyport_wording::LANGUAGES;
use serde::Deserialize;

/// The file with every default and what it means.
pub const TEMPLATE: &str = include_str!("../enrollment.toml");

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read ({source}): make one with `enrollment config > {path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("the configuration {path} is not usable: {why}\n`enrollment config` prints every key there is")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No such language.
    #[error("`language = \"{0}\"` is none of the web admin's: choose one of en, fr, es, ar, zh, ja")]
    Language(String),
    /// Plain HTTP where others can listen.
    #[error(
        "`plain_http = true` is accepted only on a loopback address, and `[admin] listen` is {0}: \
         listen on 127.0.0.1, or set `plain_http = false`"
    )]
    PlainHttp(SocketAddr),
    /// A token's module without its label, or the other way round.
    #[error("`[keys] module` and `token` belong together: name both, or neither")]
    Token,
}

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The folder of the nets.
    pub models: PathBuf,
    /// The language in which the web admin starts.
    pub language: String,
    /// The gates' side.
    pub gates: Gates,
    /// The staff's side.
    pub admin: Admin,
    /// Keys, and what proves things.
    pub keys: KeyPlaces,
    /// How long what is over is kept.
    pub retention: Kept,
}

/// The gates' side.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Where gates connect.
    pub listen: SocketAddr,
}

/// The staff's side.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Where browsers connect.
    pub listen: SocketAddr,
    /// Without TLS, on the loopback only.
    pub plain_http: bool,
}

/// Where keys lie, and what is best kept apart from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyPlaces {
    /// The PKCS#11 module of the token that holds the root key; without it, the root key is a file.
    pub module: Option<PathBuf>,
    /// The token's label.
    pub token: Option<String>,
    /// The folder of the records' own keys.
    pub envelopes: Option<PathBuf>,
    /// The folder of the counter and the audit trail's head.
    pub witness: Option<PathBuf>,
    /// How many generations of the envelopes' key are kept.
    pub keep_generations: usize,
    /// How old a generation becomes.
    pub rotate_days: u16,
}

impl Default for KeyPlaces {
    fn default() -> Self {
        Self { module: None, token: None, envelopes: None, witness: None, keep_generations: 2, rotate_days: 7 }
    }
}

/// How long what is over is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kept {
    /// Enrollments, after their last day.
    pub expired_enrollments_days: u16,
    /// Enrollments whose holder consents to nothing any more, after the last consent ended.
    pub unconsented_enrollments_days: u16,
    /// The longest consent.
    pub consent_days_max: u16,
    /// Records of crossings, after the day on which they came.
    pub crossings_days: u16,
    /// What is remembered of a deletion.
    pub deletions_days: u16,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            expired_enrollments_days: 30,
            unconsented_enrollments_days: 7,
            consent_days_max: crate::registry::CONSENT_DAYS_MAX,
            crossings_days: 90,
            deletions_days: 1_095,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "data".into(),
            models: "models".into(),
            language: "en".into(),
            gates: Gates::default(),
            admin: Admin::default(),
            keys: KeyPlaces::default(),
            retention: Kept::default(),
        }
    }
}

impl Default for Gates {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([0, 0, 0, 0], 8443)) }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([0, 0, 0, 0], 8444)), plain_http: false }
    }
}

impl Config {
    /// Reads a file; relative paths in it become relative to its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.into(), source })?;
        let mut config = Self::parse(&text, path)?;
        if let Some(folder) = path.parent() {
            config.data = folder.join(&config.data);
            config.models = folder.join(&config.models);
            for place in [&mut config.keys.envelopes, &mut config.keys.witness] {
                *place = place.take().map(|place| folder.join(place));
            }
        }
        Ok(config)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Format { path: path.into(), why: error.to_string() })?;
        if !LANGUAGES.iter().any(|(language, _)| *language == config.language) {
            return Err(ConfigError::Language(config.language));
        }
        if config.admin.plain_http && !config.admin.listen.ip().is_loopback() {
            return Err(ConfigError::PlainHttp(config.admin.listen));
        }
        if config.keys.module.is_some() != config.keys.token.is_some() {
            return Err(ConfigError::Token);
        }
        Ok(config)
    }

    /// The root key's file.
    pub fn root_key(&self) -> PathBuf {
        self.data.join("root.json")
    }

    /// Where the root key and the keys that are rotated lie.
    pub fn key_place(&self) -> KeyPlace {
        match (&self.keys.module, &self.keys.token) {
            (Some(module), Some(label)) => KeyPlace::Token { module: module.clone(), label: label.clone() },
            _ => KeyPlace::Files { root: self.root_key(), others: self.key_folder() },
        }
    }

    /// The accounts' file.
    pub fn accounts(&self) -> PathBuf {
        self.data.join("accounts.toml")
    }

    /// The folder of the admitted gates' certificates.
    pub fn admitted(&self) -> PathBuf {
        self.data.join("gates")
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// The folder of the registry's records.
    pub fn records(&self) -> PathBuf {
        self.data.join("records")
    }

    /// The folder of the records' own keys.
    pub fn envelopes(&self) -> PathBuf {
        self.keys.envelopes.clone().unwrap_or_else(|| self.data.join("envelopes"))
    }

    /// The folder of the keys that are rotated, where there is no token.
    pub fn key_folder(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// The file that says when the envelopes' key was last rotated.
    pub fn rotated(&self) -> PathBuf {
        self.data.join("envelopes.rotated")
    }

    /// The folder of the audit trail.
    pub fn audit(&self) -> PathBuf {
        self.data.join(audit::FOLDER)
    }

    /// The file of the trail's head.
    pub fn audit_head(&self) -> PathBuf {
        self.keys.witness.clone().unwrap_or_else(|| self.audit()).join(audit::HEAD)
    }

    /// The file that says how far the records had come.
    pub fn counter(&self) -> PathBuf {
        self.keys.witness.as_ref().unwrap_or(&self.data).join("records.counter")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("enrollment.toml"))
    }

    #[test]
    fn the_template_says_the_defaults() {
        assert_eq!(parse(TEMPLATE).unwrap(), Config::default());
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn what_is_unknown_or_unsafe_is_refused_with_advice() {
        let unknown = parse("langauge = \"en\"").unwrap_err().to_string();
        assert!(unknown.contains("langauge") && unknown.contains("enrollment config"), "{unknown}");
        assert!(matches!(parse("language = \"de\""), Err(ConfigError::Language(_))));
        assert!(matches!(parse("[admin]\nplain_http = true"), Err(ConfigError::PlainHttp(_))));
        assert!(parse("[admin]\nplain_http = true\nlisten = \"127.0.0.1:0\"").is_ok());
        assert!(parse("[admin]\nplain_http = true\nlisten = \"[::1]:0\"").is_ok());
        assert!(parse("[gates]\nlisten = \"everywhere\"").is_err());
        assert!(matches!(parse("[keys]\nmodule = \"a.so\""), Err(ConfigError::Token)));
        assert!(parse("[keys]\nmodule = \"a.so\"\ntoken = \"root\"").is_ok());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("enrollment.toml");
        assert!(Config::read(&path).unwrap_err().to_string().contains("enrollment config >"));
        fs::write(&path, "data = \"kept\"\nmodels = \"/nets\"").unwrap();
        let config = Config::read(&path).unwrap();
        assert_eq!((config.data, config.models), (folder.path().join("kept"), PathBuf::from("/nets")));
    }
}
