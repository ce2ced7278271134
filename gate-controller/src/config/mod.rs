//! The gate's configuration: one TOML file.

mod devices;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use actix_web::http::Uri;
use sallyport_privacy::keys::KeyPlace;
use sallyport_protocol::GateId;
use sallyport_wording::LANGUAGES;
use serde::Deserialize;

pub use self::devices::{Camera, Devices, Fingerprint, Reader, TurnstileLine};
use crate::policy::Policy;

/// The commented file that `gate config` prints.
pub const COMMENTED_DEFAULT: &str = include_str!("../../assets/gate.toml");

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {path}: {source}; `gate config` prints one to begin with")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("configuration {path}: {fault}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What and where.
        fault: String,
    },
    /// Plain HTTP elsewhere than on the loopback.
    #[error("screens.plain_http is for demonstrations on a loopback address, and {0} is none: set it to false")]
    PlainHttp(SocketAddr),
    /// An unknown language.
    #[error("language `{0}` is unknown: use one of en, fr, es, ar, zh, ja")]
    Language(String),
    /// A token's module without its label, or the other way round.
    #[error("[keys] module and token belong together: name both, or neither")]
    Token,
    /// Trusted for longer than kept.
    #[error(
        "policy.cache_h = {keep_h}: the cache would be destroyed while policy.cache_grace_h = {grace_h} trusts it still; \
         make it as long at least"
    )]
    CacheHours {
        /// For how long it is kept.
        keep_h: u32,
        /// For how long it is trusted.
        grace_h: u32,
    },
    /// A link to another gate that leads nowhere.
    #[error("screens.others.{gate}: `{url}` is no address of a gate's screens: write it as https://host:port")]
    OtherGate {
        /// The other gate.
        gate: String,
        /// What was written.
        url: String,
    },
    /// A certificate is needed.
    #[error("[identity] is missing: it is needed for {0}; `enrollment gate add` issues it")]
    Identity(&'static str),
    /// Simulated devices where others can reach them.
    #[error(
        "whoever reaches a gate with simulated devices drives it, and screens.listen = {0} is no loopback address: use 127.0.0.1"
    )]
    SimulationListen(SocketAddr),
    /// Nothing sees the traveler.
    #[error(
        "no camera: describe one as [devices.camera], or up to three as [devices.cameras.lower], .middle and .upper"
    )]
    NoCamera,
    /// Two ways to say the same.
    #[error(
        "[devices.camera] stands for a single camera: beside [devices.cameras] write it as [devices.cameras.middle]"
    )]
    CameraBesideTotem,
    /// One device in two places: its pictures would make every face look flat.
    #[error("devices.cameras: {0} and {1} are the same camera: each place has a camera of its own, or none")]
    CameraTwice(&'static str, &'static str),
    /// A rate of no camera.
    #[error("devices.cameras.{position}: {per_second} frames a second is no camera's rate: use 1 to 60")]
    FrameRate {
        /// Where the camera is.
        position: &'static str,
        /// What was written.
        per_second: f64,
    },
    /// A resolution at which ridges cannot be followed.
    #[error("devices.fingerprint: {0} dpi is no fingerprint sensor's resolution: use 250 to 1000, most often 500")]
    Resolution(f64),
    /// A simulated device beside a real one.
    #[error(
        "a simulated {0} needs a simulated reader, cameras of the same scenes and no real sensor: simulation is all or nothing"
    )]
    Simulation(&'static str),
}

/// One gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name.
    pub gate: GateId,
    /// Its data folder.
    pub data: PathBuf,
    /// The nets.
    pub models: PathBuf,
    /// The CSCA certificates.
    pub trust: PathBuf,
    /// The traveler screen's language.
    #[serde(default = "english")]
    pub language: String,
    /// The screens.
    pub screens: Screens,
    /// The gate's certificate.
    pub identity: Option<Identity>,
    /// The enrollment service.
    pub centre: Option<Centre>,
    /// Where keys lie.
    #[serde(default)]
    pub keys: Keys,
    /// The devices.
    pub devices: Devices,
    /// What the gate admits.
    #[serde(default)]
    pub policy: Policy,
}

/// Where the screens are served.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screens {
    /// The address.
    pub listen: SocketAddr,
    /// Without TLS.
    #[serde(default)]
    pub plain_http: bool,
    /// Other gates that this one's officers watch too, each with the address of its screens.
    #[serde(default)]
    pub others: BTreeMap<GateId, String>,
}

/// PEM files of the gate's identity.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Its certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority that issued it and the service's certificate.
    pub authority: PathBuf,
}

/// The enrollment service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centre {
    /// `https://host:port`.
    pub url: String,
    /// How often to ask for changes, in milliseconds.
    #[serde(default = "five_seconds")]
    pub interval_ms: u64,
}

/// Where keys lie, and how old they become.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// The PKCS#11 module of the token that holds the keys; without it, they are files.
    pub module: Option<PathBuf>,
    /// The token's label.
    pub token: Option<String>,
    /// How old the key of the cache's envelopes becomes, in hours: copies of what the gate forgot open for as long.
    pub rotate_hours: NonZeroU32,
}

impl Default for Keys {
    /// Twelve hours, as for all material of crossings (DESIGN section 5).
    fn default() -> Self {
        Self { module: None, token: None, rotate_hours: NonZeroU32::MIN.saturating_add(11) }
    }
}

fn english() -> String {
    "en".to_owned()
}

const fn five_seconds() -> u64 {
    5_000
}

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).map_err(|error| match error {
            ConfigError::Format { fault, .. } => ConfigError::Format { path: path.to_owned(), fault },
            other => other,
        })
    }

    /// Checks this text; relative paths begin at `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text)
            .map_err(|error| ConfigError::Format { path: PathBuf::new(), fault: error.to_string() })?;
        config.devices.mount()?;
        config.paths().into_iter().for_each(|path| *path = folder.join(&*path));
        if !LANGUAGES.iter().any(|(code, _)| *code == config.language) {
            return Err(ConfigError::Language(config.language));
        }
        let listen = config.screens.listen;
        if config.screens.plain_http && !listen.ip().is_loopback() {
            return Err(ConfigError::PlainHttp(listen));
        }
        for (gate, url) in &mut config.screens.others {
            *url = address_of_screens(url, config.screens.plain_http)
                .ok_or_else(|| ConfigError::OtherGate { gate: gate.as_str().to_owned(), url: url.clone() })?;
        }
        if config.identity.is_none() {
            if !config.screens.plain_http {
                return Err(ConfigError::Identity("the screens' TLS"));
            }
            if config.centre.is_some() {
                return Err(ConfigError::Identity("the enrollment service"));
            }
        }
        if config.keys.module.is_some() != config.keys.token.is_some() {
            return Err(ConfigError::Token);
        }
        let (keep_h, grace_h) = (config.policy.cache_h, config.policy.cache_grace_h);
        if keep_h < grace_h {
            return Err(ConfigError::CacheHours { keep_h, grace_h });
        }
        config.devices.check(listen)?;
        Ok(config)
    }

    /// Where the root key and the keys that are rotated lie.
    pub fn key_place(&self) -> KeyPlace {
        match (&self.keys.module, &self.keys.token) {
            (Some(module), Some(label)) => KeyPlace::Token { module: module.clone(), label: label.clone() },
            _ => KeyPlace::Files { root: self.root_key(), others: self.data.join("keys") },
        }
    }

    /// The root key's file, where no token holds it.
    pub fn root_key(&self) -> PathBuf {
        self.data.join("root.key")
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = vec![&mut self.data, &mut self.models, &mut self.trust];
        if let Some(identity) = &mut self.identity {
            paths.extend([&mut identity.certificate, &mut identity.key, &mut identity.authority]);
        }
        paths.extend(self.devices.paths());
        paths
    }
}

/// Scheme, host and port, and nothing that a link could do besides leading there.
fn address_of_screens(url: &str, plain_http: bool) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str().filter(|&scheme| scheme == "https" || (plain_http && scheme == "http"))?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    (uri.path() == "/" && uri.query().is_none()).then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::{ChipAccess, ChipGenuineness};

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/sallyport"))
    }

    #[test]
    fn the_commented_file_is_valid_and_its_comments_state_the_defaults() {
        let config = parse(COMMENTED_DEFAULT).unwrap();
        assert_eq!((config.policy, config.keys), (Policy::default(), Keys::default()));
        let keys = COMMENTED_DEFAULT.replace("# [keys]", "[keys]").replace("# rotate_hours", "rotate_hours");
        assert_eq!(parse(&keys).unwrap().keys, Keys::default());
        let mut uncommented = String::new();
        let mut in_policy = false;
        for line in COMMENTED_DEFAULT.lines() {
            in_policy |= line == "# [policy]";
            let setting = line.strip_prefix("# ").filter(|text| *text == "[policy]" || text.contains(" = "));
            uncommented += setting.filter(|_| in_policy).unwrap_or(line);
            uncommented.push('\n');
        }
        assert_eq!(parse(&uncommented).unwrap().policy, Policy::default());
    }

    #[test]
    fn every_demand_on_chips_can_be_written() {
        let with = |line: &str| parse(&format!("{COMMENTED_DEFAULT}\n[policy]\n{line}"));
        for (text, access) in [
            ("pace-else-bac", ChipAccess::PaceElseBac),
            ("pace", ChipAccess::Pace),
            ("bac-allowed", ChipAccess::BacAllowed),
        ] {
            assert_eq!(with(&format!("chip_access = \"{text}\"")).unwrap().policy.chip_access, access);
        }
        for (text, genuineness) in [
            ("when-offered", ChipGenuineness::WhenOffered),
            ("required", ChipGenuineness::Required),
            ("off", ChipGenuineness::Off),
        ] {
            let config = with(&format!("chip_genuineness = \"{text}\"")).unwrap();
            assert_eq!(config.policy.chip_genuineness, genuineness);
        }
        assert!(with("chip_access = \"bac\"").unwrap_err().to_string().contains("`pace-else-bac`"));
    }

    #[test]
    fn a_faulty_file_says_what_to_do() {
        let changed = |from: &str, to: &str| parse(&COMMENTED_DEFAULT.replace(from, to)).unwrap_err().to_string();
        assert!(changed("gate = \"gate-1\"", "gate = \"Gate 1\"").contains("use 1 to 40 of a-z"));
        assert!(changed("# language = \"en\"", "language = \"de\"").contains("use one of en"));
        assert!(changed("# plain_http = false", "plain_http = true").contains("loopback"));
        assert!(changed("data = ", "dada = ").contains("dada"));
        assert!(
            changed("kind = \"video\"\nsource = \"/dev/video0\"", "kind = \"simulated\"\nscenes = \"s\"")
                .contains("all or")
        );
        assert!(changed("# [keys]", "[keys]\nmodule = \"a.so\"").contains("name both"));
        assert!(changed("# [keys]", "[keys]\nrotate_hours = 0").contains("nonzero"));
        assert!(
            parse(&format!("{COMMENTED_DEFAULT}\n[policy]\ncache_grace_h = 100"))
                .unwrap_err()
                .to_string()
                .contains("100")
        );
        let without = COMMENTED_DEFAULT.replace("[identity]", "[nothing]");
        assert!(parse(&without).unwrap_err().to_string().contains("nothing"));
        assert!(matches!(Config::read(Path::new("/no/such")), Err(ConfigError::File { .. })));
    }

    #[test]
    fn other_gates_have_addresses_of_screens_and_nothing_else() {
        let with = |url: &str| {
            let others = format!("[screens]\nothers = {{ gate-2 = \"{url}\" }}");
            parse(&COMMENTED_DEFAULT.replace("[screens]", &others))
        };
        let config = with("https://gate-2.example:8480/").unwrap();
        let (gate, url) = config.screens.others.first_key_value().unwrap();
        assert_eq!((gate.as_str(), url.as_str()), ("gate-2", "https://gate-2.example:8480"));
        for url in
            ["gate-2", "http://gate-2:8480", "javascript:alert(1)", "https://a@b", "https://b/officer", "https://b?c"]
        {
            assert!(matches!(with(url), Err(ConfigError::OtherGate { .. })), "{url}");
        }
    }

    #[test]
    fn relative_paths_begin_at_the_file() {
        let config = parse(&COMMENTED_DEFAULT.replace("/var/lib/sallyport/gate", "var")).unwrap();
        assert_eq!(config.data, Path::new("/etc/sallyport/var"));
        assert_eq!(config.models, Path::new("/usr/share/sallyport/models"));
    }
}
