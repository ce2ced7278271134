//! The devices of a gate: its doors' line, document reader, cameras and fingerprint sensor.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use sallyport_hardware::camera::Position;
use serde::Deserialize;

use super::ConfigError;

/// The devices of the gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// The two doors.
    pub turnstile: TurnstileLine,
    /// The document reader.
    pub reader: Reader,
    /// The cameras, by their place on the totem: one to three.
    #[serde(default)]
    pub cameras: BTreeMap<Position, Camera>,
    /// A single camera; taken for the one in the middle.
    #[serde(default)]
    camera: Option<Camera>,
    /// The fingerprint sensor. Without one, cards whose holders have no face enrolled are referred.
    pub fingerprint: Option<Fingerprint>,
}

/// The turnstile's serial line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnstileLine {
    /// The port.
    pub line: PathBuf,
    /// Its rate.
    #[serde(default = "fast")]
    pub baud: u32,
    /// The control socket of a simulated turnstile, for crossings by hand.
    pub control: Option<PathBuf>,
}

/// The document reader.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reader {
    /// PC/SC, with a machine readable zone reader on a serial line.
    Pcsc {
        /// Part of the reader's name.
        name: Option<String>,
        /// The zone reader's port.
        zone_line: PathBuf,
        /// Its rate.
        #[serde(default = "slow")]
        zone_baud: u32,
    },
    /// Simulated documents, each a folder in this folder.
    Simulated {
        /// The folder.
        documents: PathBuf,
    },
}

/// A camera.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Camera {
    /// A device, stream or file.
    Video {
        /// As OpenCV opens it.
        source: String,
        /// Frames that are taken in a second at most.
        #[serde(default = "usual_rate")]
        per_second: f64,
    },
    /// The pictures of a folder, round and round.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Pictures a second.
        #[serde(default = "usual_rate")]
        per_second: f64,
    },
    /// Simulated scenes, each a folder in this folder.
    Simulated {
        /// The folder.
        scenes: PathBuf,
    },
}

/// A fingerprint sensor.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fingerprint {
    /// One that libfprint drives.
    Libfprint {
        /// Its driver's name; the first sensor that gives images when absent.
        driver: Option<String>,
        /// Its resolution where the driver does not know it, in pixels an inch.
        #[serde(default = "usual_dpi")]
        dpi: f64,
    },
    /// The pictures of a folder, round and round.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Resolution of those that do not say, in pixels an inch.
        #[serde(default = "usual_dpi")]
        dpi: f64,
    },
    /// Simulated fingers, each a folder in this folder.
    Simulated {
        /// The folder.
        fingers: PathBuf,
    },
}

impl Fingerprint {
    /// Resolution of pictures that do not say, in pixels an inch.
    pub fn dpi(&self) -> f64 {
        match self {
            Self::Libfprint { dpi, .. } | Self::Folder { dpi, .. } => *dpi,
            Self::Simulated { .. } => usual_dpi(),
        }
    }
}

impl Camera {
    /// Frames that are taken of it in a second at most.
    pub fn per_second(&self) -> f64 {
        match self {
            Self::Video { per_second, .. } | Self::Folder { per_second, .. } => *per_second,
            Self::Simulated { .. } => PER_SECOND,
        }
    }

    /// Whether both are one device.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Video { source: one, .. }, Self::Video { source: other, .. }) => one == other,
            (Self::Folder { path: one, .. }, Self::Folder { path: other, .. }) => one == other,
            _ => false,
        }
    }

    /// Where a simulated one finds its scenes.
    fn scenes(&self) -> Option<&Path> {
        match self {
            Self::Simulated { scenes } => Some(scenes),
            _ => None,
        }
    }
}

const fn fast() -> u32 {
    115_200
}

const fn slow() -> u32 {
    9_600
}

/// More frames than this show nothing new of a traveler and only warm the machine.
const PER_SECOND: f64 = 15.0;
/// Rates that a camera can be asked for.
const PER_SECOND_RANGE: RangeInclusive<f64> = 1.0..=60.0;

const fn usual_rate() -> f64 {
    PER_SECOND
}

/// What most sensors have, and what minutiae are counted in.
const fn usual_dpi() -> f64 {
    sallyport_matcher::finger::DPI as f64
}

/// Resolutions at which ridges can be followed.
const DPI_RANGE: RangeInclusive<f64> = 250.0..=1_000.0;

impl Devices {
    /// Puts a single camera in the totem's middle.
    pub(super) fn mount(&mut self) -> Result<(), ConfigError> {
        match self.camera.take() {
            Some(_) if !self.cameras.is_empty() => return Err(ConfigError::CameraBesideTotem),
            Some(camera) => drop(self.cameras.insert(Position::Middle, camera)),
            None => {}
        }
        Ok(())
    }

    /// All simulated or none, and cameras that there can be.
    pub(super) fn check(&self, listen: SocketAddr) -> Result<(), ConfigError> {
        let mut cameras = self.cameras.values();
        let first = cameras.next().ok_or(ConfigError::NoCamera)?;
        if cameras.any(|other| first.scenes() != other.scenes()) {
            return Err(ConfigError::Simulation("camera"));
        }
        for (at, (position, camera)) in self.cameras.iter().enumerate() {
            if let Some((twin, _)) = self.cameras.iter().take(at).find(|(_, other)| camera.is(other)) {
                return Err(ConfigError::CameraTwice(twin.name(), position.name()));
            }
            let per_second = camera.per_second();
            if !PER_SECOND_RANGE.contains(&per_second) {
                return Err(ConfigError::FrameRate { position: position.name(), per_second });
            }
        }
        if let Some(sensor) = &self.fingerprint {
            let dpi = sensor.dpi();
            if !DPI_RANGE.contains(&dpi) {
                return Err(ConfigError::Resolution(dpi));
            }
            let simulated = matches!(sensor, Fingerprint::Simulated { .. });
            if simulated != matches!(self.reader, Reader::Simulated { .. }) {
                return Err(ConfigError::Simulation("fingerprint sensor"));
            }
        }
        match (&self.reader, first) {
            (Reader::Simulated { .. }, Camera::Simulated { .. }) if !listen.ip().is_loopback() => {
                Err(ConfigError::SimulationListen(listen))
            }
            (Reader::Simulated { .. }, Camera::Simulated { .. }) => Ok(()),
            (Reader::Simulated { .. }, _) => Err(ConfigError::Simulation("reader")),
            (_, Camera::Simulated { .. }) => Err(ConfigError::Simulation("camera")),
            _ if self.turnstile.control.is_some() => Err(ConfigError::Simulation("turnstile")),
            _ => Ok(()),
        }
    }

    /// Every path in it.
    pub(super) fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = vec![&mut self.turnstile.line];
        paths.extend(&mut self.turnstile.control);
        match &mut self.reader {
            Reader::Pcsc { zone_line, .. } => paths.push(zone_line),
            Reader::Simulated { documents } => paths.push(documents),
        }
        if let Some(Fingerprint::Folder { path: folder, .. } | Fingerprint::Simulated { fingers: folder }) =
            &mut self.fingerprint
        {
            paths.push(folder);
        }
        paths.extend(self.cameras.values_mut().filter_map(|camera| match camera {
            Camera::Video { .. } => None,
            Camera::Folder { path: folder, .. } | Camera::Simulated { scenes: folder } => Some(folder),
        }));
        paths
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{COMMENTED_DEFAULT, Config};

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/sallyport"))
    }

    #[test]
    fn simulated_devices_are_for_the_loopback() {
        let text = |listen: &str| {
            format!(
                "gate = \"gate-1\"\ndata = \"d\"\nmodels = \"m\"\ntrust = \"t\"\n\
                 [screens]\nlisten = \"{listen}\"\n\
                 [identity]\ncertificate = \"c\"\nkey = \"k\"\nauthority = \"a\"\n\
                 [devices.turnstile]\nline = \"l\"\n\
                 [devices.reader]\nkind = \"simulated\"\ndocuments = \"d\"\n\
                 [devices.cameras.middle]\nkind = \"simulated\"\nscenes = \"s\"\n"
            )
        };
        assert!(parse(&text("127.0.0.1:8080")).is_ok());
        assert!(parse(&text("[::1]:8080")).is_ok());
        for open in ["0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080"] {
            assert!(matches!(parse(&text(open)), Err(ConfigError::SimulationListen(_))), "{open}");
        }
    }

    #[test]
    fn a_totem_has_one_to_three_cameras_of_one_kind_of_world() {
        let with = |cameras: &str| {
            let real = COMMENTED_DEFAULT;
            let at = real.find("[devices.cameras.middle]").unwrap();
            let end = real.find("# [policy]").unwrap();
            parse(&format!("{}{cameras}\n{}", &real[..at], &real[end..]))
        };
        let video =
            |position: &str| format!("[devices.cameras.{position}]\nkind = \"video\"\nsource = \"{position}.mp4\"\n");
        let three = with(&["lower", "middle", "upper"].map(video).concat()).unwrap();
        assert_eq!(three.devices.cameras.keys().copied().collect::<Vec<_>>(), Position::ALL);
        assert!(matches!(with("[devices.cameras]"), Err(ConfigError::NoCamera)));
        assert!(matches!(with(&video("behind")), Err(ConfigError::Format { .. })));
        assert!(matches!(with(&[video("lower"), video("lower")].concat()), Err(ConfigError::Format { .. })));
        for (rate, right) in [("15", true), ("1.0", true), ("0", false), ("-3", false), ("nan", false), ("1000", false)]
        {
            let paced = with(&format!("{}per_second = {rate}\n", video("upper")));
            assert_eq!(paced.is_ok(), right, "{rate}");
            assert!(right || matches!(paced, Err(ConfigError::FrameRate { position: "upper", .. })), "{rate}");
        }
        let twice = with(&format!("{}{}", video("lower"), video("upper").replace("upper.mp4", "lower.mp4")));
        assert!(matches!(twice, Err(ConfigError::CameraTwice("lower", "upper"))));
        let simulated = "[devices.cameras.upper]\nkind = \"simulated\"\nscenes = \"s\"\n";
        let mixed = with(&format!("{}{simulated}", video("lower")));
        assert!(matches!(mixed, Err(ConfigError::Simulation("camera"))));

        let single = "[devices.camera]\nkind = \"folder\"\npath = \"faces\"\n";
        let alone = with(single).unwrap().devices.cameras;
        assert!(
            matches!(&alone[&Position::Middle], Camera::Folder { path, per_second } if path.ends_with("sallyport/faces") && *per_second == 15.0)
        );
        assert_eq!(alone.len(), 1);
        let both = with(&format!("{}{single}", video("lower"))).unwrap_err();
        assert!(matches!(both, ConfigError::CameraBesideTotem), "{both}");
        assert!(both.to_string().contains("write it as"));
    }

    #[test]
    fn a_fingerprint_sensor_may_be_there_and_belongs_to_the_same_world() {
        let with = |sensor: &str| parse(&format!("{COMMENTED_DEFAULT}\n[devices.fingerprint]\n{sensor}\n"));
        assert!(parse(COMMENTED_DEFAULT).unwrap().devices.fingerprint.is_none());
        let libfprint = with("kind = \"libfprint\"").unwrap().devices.fingerprint.unwrap();
        assert!(matches!(&libfprint, Fingerprint::Libfprint { driver: None, .. }) && libfprint.dpi() == 500.0);
        let folder = with("kind = \"folder\"\npath = \"fingers\"\ndpi = 569").unwrap().devices.fingerprint.unwrap();
        assert!(matches!(&folder, Fingerprint::Folder { path, .. } if path.ends_with("sallyport/fingers")));
        assert_eq!(folder.dpi(), 569.0);
        for dpi in ["72", "nan", "-500"] {
            let wrong = with(&format!("kind = \"libfprint\"\ndpi = {dpi}"));
            assert!(matches!(wrong, Err(ConfigError::Resolution(_))), "{dpi}");
        }
        let mixed = with("kind = \"simulated\"\nfingers = \"fingers\"");
        assert!(matches!(mixed, Err(ConfigError::Simulation("fingerprint sensor"))));
    }
}
