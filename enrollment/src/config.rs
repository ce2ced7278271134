//! The one configuration file.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

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

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "data".into(),
            models: "models".into(),
            language: "en".into(),
            gates: Gates::default(),
            admin: Admin::default(),
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
        Ok(config)
    }

    /// The root key's file.
    pub fn root_key(&self) -> PathBuf {
        self.data.join("root.json")
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
