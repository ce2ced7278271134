//! The configured devices. One that cannot be opened yet is opened when it is needed: a gate starts without it, and
//! says so.

use std::{collections::BTreeMap, time::Duration};

use sallyport_gate::config::{Camera as CameraConfig, Fingerprint as FingerprintConfig, Reader as ReaderConfig};
use sallyport_hardware::{
    camera::{Camera, CameraError, FolderCamera, Frame, Mounted, Position, VideoCamera},
    document::{DocumentReader, PcscReader, ReaderError, SerialZoneReader, Token},
    fingerprint::{FingerprintSensor, FolderSensor, Guidance, Impression, LibfprintSensor, SensorError},
};
use zeroize::Zeroizing;

/// A device that is opened at its first use, and tried again after each failure to open.
struct Late<D, E> {
    open: Box<dyn Fn() -> Result<D, E> + Send>,
    device: Option<D>,
}

impl<D, E> Late<D, E> {
    fn new(open: impl Fn() -> Result<D, E> + Send + 'static) -> Self {
        Self { open: Box::new(open), device: None }
    }

    fn get(&mut self) -> Result<&mut D, E> {
        match &mut self.device {
            Some(device) => Ok(device),
            none => Ok(none.insert((self.open)()?)),
        }
    }
}

impl DocumentReader for Late<PcscReader, ReaderError> {
    fn wait(&mut self, patience: Duration) -> Result<bool, ReaderError> {
        self.get()?.wait(patience)
    }

    fn identify(&mut self, patience: Duration) -> Result<Token, ReaderError> {
        self.get()?.identify(patience)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        self.get()?.transmit(command)
    }

    fn is_present(&mut self) -> bool {
        self.device.as_mut().is_some_and(DocumentReader::is_present)
    }
}

impl Camera for Late<Box<dyn Camera>, CameraError> {
    fn frame(&mut self, patience: Duration) -> Result<Frame, CameraError> {
        self.get()?.frame(patience)
    }
}

impl FingerprintSensor for Late<Box<dyn FingerprintSensor>, SensorError> {
    fn name(&self) -> &str {
        self.device.as_ref().map_or("not yet opened", |device| device.name())
    }

    fn capture(&mut self, patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        self.get()?.capture(patience, guide)
    }

    fn check(&mut self) -> Result<(), SensorError> {
        self.get()?.check()
    }
}

/// A real document reader; `None` for a simulated one.
pub(crate) fn reader(config: &ReaderConfig) -> Option<Box<dyn DocumentReader>> {
    let ReaderConfig::Pcsc { name, zone_line, zone_baud } = config.clone() else { return None };
    Some(Box::new(Late::new(move || {
        let zones = SerialZoneReader::open(&zone_line.to_string_lossy(), zone_baud)?;
        PcscReader::open(name.as_deref(), Box::new(zones))
    })))
}

/// The real cameras of a totem; `None` for simulated ones.
pub(crate) fn cameras(config: &BTreeMap<Position, CameraConfig>) -> Option<Vec<Mounted>> {
    let mount = |(&position, config): (&Position, &CameraConfig)| {
        Some(Mounted { position, camera: camera(config)?, frames_per_second: config.per_second() })
    };
    config.iter().map(mount).collect()
}

fn camera(config: &CameraConfig) -> Option<Box<dyn Camera>> {
    type Open = Box<dyn Fn() -> Result<Box<dyn Camera>, CameraError> + Send>;
    let open: Open = match config.clone() {
        CameraConfig::Simulated { .. } => return None,
        CameraConfig::Video { source, .. } => Box::new(move || Ok(Box::new(VideoCamera::open(&source)?))),
        CameraConfig::Folder { path, per_second } => {
            Box::new(move || Ok(Box::new(FolderCamera::open(&path)?.frames_per_second(per_second))))
        }
    };
    Some(Box::new(Late::new(open)))
}

/// A real fingerprint sensor; `None` for a simulated one.
pub(crate) fn fingerprint(config: &FingerprintConfig) -> Option<Box<dyn FingerprintSensor>> {
    type Open = Box<dyn Fn() -> Result<Box<dyn FingerprintSensor>, SensorError> + Send>;
    let open: Open = match config.clone() {
        FingerprintConfig::Simulated { .. } => return None,
        FingerprintConfig::Libfprint { driver, .. } => {
            Box::new(move || Ok(Box::new(LibfprintSensor::open(driver.as_deref())?)))
        }
        FingerprintConfig::Folder { path, .. } => Box::new(move || Ok(Box::new(FolderSensor::open(&path)?))),
    };
    Some(Box::new(Late::new(open)))
}
