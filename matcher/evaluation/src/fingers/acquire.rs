//! From the pictures of a set to templates, by an extractor or from others' records.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use anyhow::Context as _;
use sallyport_matcher::finger::{
    Extractor, FingerImage, MinutiaTemplate, NetExtractor, Resolution,
    extract::RidgeExtractor,
    record::{self, Format, Impression, Position, View},
};
use zeroize::Zeroizing;

use super::sets::Set;
use crate::{
    acquisition::{self, Acquisition},
    subjects::Picture,
};

/// Resolution of pictures that say none, unless `--dpi` tells.
const DPI: f64 = 500.0;

/// Which extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    /// Ours, the fast one.
    Own,
    /// The net, the thorough one.
    Net,
}

impl By {
    /// The extractor itself.
    pub(crate) fn load(self, models: &Path) -> anyhow::Result<Box<dyn Extractor>> {
        Ok(match self {
            Self::Own => Box::new(RidgeExtractor),
            Self::Net => Box::new(
                NetExtractor::load(models)
                    .with_context(|| format!("net in {}: run `make setup`, or give --models", models.display()))?,
            ),
        })
    }
}

/// Where minutiae come from.
#[derive(clap::Args)]
pub(crate) struct Source {
    /// Resolution of a set, `fvc2002_db2_b=569`, where its pictures do not say it themselves.
    #[arg(long, value_name = "SET=DPI", value_parser = resolution)]
    pub dpi: Vec<(String, f64)>,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    pub models: PathBuf,
    /// Pictures and comparisons at once; as many as there are cores when not given.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
}

impl Source {
    /// Pictures and comparisons at once.
    pub(crate) fn threads(&self) -> usize {
        let cores = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        self.threads.unwrap_or(cores).get()
    }

    fn resolution(&self, set: &str) -> Resolution {
        let given = self.dpi.iter().find(|given| given.0 == set);
        given.map_or(Resolution::OfFileOr(DPI), |given| Resolution::Known(given.1))
    }
}

fn resolution(text: &str) -> Result<(String, f64), String> {
    let parts = text.split_once('=').and_then(|(set, dpi)| Some((set.to_owned(), dpi.parse().ok()?)));
    parts.ok_or_else(|| format!("{text:?} is not SET=DPI, as in fvc2002_db2_b=569"))
}

/// A template, and what it took.
pub(crate) struct Extracted {
    pub template: MinutiaTemplate,
    /// Of one thread; none where a record gave the minutiae.
    pub milliseconds: Option<f64>,
}

/// Makes a template of each picture of a set. Its quality is what our own extractor says of the picture.
pub(crate) fn acquire(set: &Set, extractor: &dyn Extractor, source: &Source) -> anyhow::Result<Acquisition<Extracted>> {
    let resolution = source.resolution(&set.name);
    acquisition::templates(&set.fingers.pictures, source.threads(), |file, _| {
        let image = FingerImage::decode(file, resolution).map_err(|error| error.to_string())?;
        let began = Instant::now();
        let template = extractor.extract(&image).map_err(|error| error.to_string())?;
        let milliseconds = Some(began.elapsed().as_secs_f64() * 1e3);
        let quality = RidgeExtractor.analyze(&image).map_or(0, |analysis| analysis.quality().overall);
        Ok((Extracted { template, milliseconds }, quality))
    })
}

/// Takes the minutiae from the records (`.fmr`) of the same names in this folder, or its folder of the set's name.
pub(crate) fn recorded(set: &Set, folder: &Path, source: &Source) -> anyhow::Result<Acquisition<Extracted>> {
    let template = |picture: &Picture| -> anyhow::Result<Extracted> {
        let name = picture.path.file_stem().unwrap_or_default();
        let places = [folder.join(&set.name).join(name), folder.join(name)].map(|place| place.with_extension("fmr"));
        let place = places.iter().find(|place| place.is_file()).context("there is no record of its minutiae")?;
        let (_, views) = record::read(&Zeroizing::new(fs::read(place)?))?;
        let view = views.into_iter().next().context("the record holds no finger")?;
        Ok(Extracted { template: view.template, milliseconds: None })
    };
    acquisition::templates(&set.fingers.pictures, source.threads(), |_, picture| {
        template(picture).map(|extracted| (extracted, 0)).map_err(|error| format!("{error:#}"))
    })
}

/// Whose each sample is.
pub(crate) fn people_of<Template>(set: &Set, acquired: &Acquisition<Template>) -> Vec<u32> {
    let person = |picture: u32| set.fingers.pictures.get(picture as usize).map_or(u32::MAX, |picture| picture.person);
    acquired.samples.iter().map(|sample| person(sample.picture)).collect()
}

/// Length of a template as an ISO/IEC 19794-2:2005 record.
pub(crate) fn record_bytes(template: &MinutiaTemplate) -> anyhow::Result<usize> {
    let copy = MinutiaTemplate::new(template.width(), template.height(), Zeroizing::new(template.minutiae().to_vec()));
    let view = View { position: Position::Unknown, impression: Impression::LivePlain, quality: None, template: copy };
    Ok(record::write(&[&view], Format::Iso2005)?.len())
}
