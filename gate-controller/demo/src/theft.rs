//! A thief who copied the whole central database, and how much worse it becomes with keys that are stolen later.

use std::{fmt, fs, path::Path};

use anyhow::{Context as _, bail};
use sallyport_enrollment::{config::Config, registry::APPLICATION, setup, vaults::Vaults};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, Fmr, Source},
};
use sallyport_privacy::{
    keys::ApplicationKeys,
    template::{Code, Projection},
};
use sallyport_protocol::{EnrollmentId, ProtectedCode};
use sallyport_store::Opening;
use serde::Deserialize;

use crate::world::{PASSPHRASE, World};

/// The false match rate of the threshold that a code is held against: what gates use.
const FMR: Fmr = Fmr::OneInTenThousand;

/// A copy of the database.
pub struct Stolen(Config);

/// What a code is worth.
#[derive(Debug, Clone, Copy)]
pub struct Worth {
    similarity: f32,
    threshold: f32,
}

impl Worth {
    /// Whether the code still tells its owner.
    pub fn matches(self) -> bool {
        self.similarity >= self.threshold
    }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.matches() { "at least" } else { "below" };
        write!(f, "similarity {:.2}, {sign} the threshold of {:.2}", self.similarity, self.threshold)
    }
}

/// What of a record the thief is after.
#[derive(Deserialize)]
struct Record {
    id: EnrollmentId,
    version: u32,
    code: Option<ProtectedCode>,
}

impl Stolen {
    /// Copies records and envelopes of a service that is stopped. Its key store stays where it is.
    pub fn copy_of(world: &World) -> anyhow::Result<Self> {
        let config = config(world)?;
        let data = world.path("stolen");
        for folder in ["records", "envelopes", "store"] {
            copy(&config.data.join(folder), &data.join(folder)).with_context(|| format!("copy {folder}"))?;
        }
        fs::copy(config.counter(), data.join("records.counter")).context("copy the counter")?;
        Ok(Self(Config { data, ..config }))
    }

    /// The code that was stolen against its owner's face, with all keys that the service has now: passphrase and key store
    /// are the thief's, too.
    pub fn against(&self, world: &World) -> anyhow::Result<Worth> {
        let keys = setup::open_keys(&config(world)?, PASSPHRASE)?;
        let opened = Vaults::open(&self.0, &keys, Opening::AsLeft).context("open the stolen database")?;
        let mut with_faces = opened.registry.scan::<Record>("enrollments", None, usize::MAX)?.into_iter();
        let stolen = with_faces.find_map(|(_, record)| record.ok().filter(|record| record.code.is_some()));
        let Some(Record { id, version, code: Some(code) }) = stolen else { bail!("the database holds no face") };
        let stored = ApplicationKeys::new(&*keys.store, APPLICATION);
        // What is left: the generation that the code was made with may have been destroyed.
        let key = stored.key(stored.newest()?.context("there is no key")?)?;
        let engine = FaceEngine::load(&world.asset("models"))?;
        let photograph = fs::read(world.asset("faces/obama2.jpg")).context("read the owner's photograph")?;
        let face = engine.template(&Image::decode(&photograph)?, Source::Portrait)?.template;
        let probe = Projection::new(&key.enrollment_seed(id.as_bytes(), version)).probe(face.values())?;
        let similarity = probe.similarity(&Code::from_bytes(code.expose_bytes())?);
        Ok(Worth { similarity, threshold: engine.threshold(FMR)? })
    }
}

fn config(world: &World) -> anyhow::Result<Config> {
    Ok(Config::read(&world.path("enrollment.toml"))?)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let there = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &there)?
        } else {
            fs::copy(entry.path(), there).map(drop)?
        }
    }
    Ok(())
}
