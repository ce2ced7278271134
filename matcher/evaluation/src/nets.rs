//! Runs nets as told on standard input, so that another runtime can be timed in turn with ours on the same core.
//!
//! Nets are `detector`, `embedder` and `minutiae` (for pictures of 388 x 374). Each line is answered:
//! * `input <net>`, followed by the net's input as little-endian floats: a line `ready`;
//! * `run <net> <times>`: a line with the milliseconds of each run and the number of values of all outputs, then those
//!   values as little-endian floats, one output behind the other;
//! * `profile <net>`: a line with the number of nodes, then for each a line `<milliseconds> <operation> <node>`;
//! * `face <file>`: a line with the milliseconds of decoding, detecting, and aligning with embedding;
//! * `finger <width> <height>`, followed by gray pixels: a line with the milliseconds of extraction and the number of
//!   minutiae, then for each a line `<x> <y> <direction> <kind> <quality>`.

use std::{
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, bail};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, Net, NetInput},
    finger::{Extractor as _, FingerImage, NetExtractor},
};
use zeroize::Zeroizing;

/// Which nets.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
}

/// Serves standard input.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    serve(&arguments.models, io::stdin().lock(), io::stdout().lock())
}

/// A value of a picture, for a run whose result does not matter.
const GRAY: f32 = 128.0;
/// Width and height of FVC2002 DB1's pictures.
const FINGER_PX: [u32; 2] = [388, 374];
/// The least of so many runs is a node's time: the others met something else on the machine.
const PROFILE_ROUNDS: usize = 15;

/// Serves until the input ends. The first line tells in how many milliseconds both nets were loaded.
fn serve(models: &Path, mut input: impl BufRead, mut output: impl Write) -> anyhow::Result<()> {
    let (engine, load_ms) = timed(|| FaceEngine::load(models));
    let engine = engine?;
    let extractor = NetExtractor::load(models)?;
    let [width, height] = FINGER_PX;
    let (minutiae, _) = extractor.net(width, height)?;
    writeln!(output, "{load_ms:.1}")?;
    output.flush()?;
    let mut benches = [
        Bench::new("detector", engine.detector())?,
        Bench::new("embedder", engine.embedder())?,
        Bench::new("minutiae", &minutiae)?,
    ];
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        match line.trim().split_once(' ').unwrap_or((line.trim(), "")) {
            ("input", name) => {
                let net = Bench::of(&mut benches, name)?;
                net.read(&mut input)?;
                writeln!(output, "ready")?;
            }
            ("run", rest) => {
                let (name, times) = rest.split_once(' ').context("expected `run <net> <times>`")?;
                Bench::of(&mut benches, name)?.run(times.parse()?, &mut output)?;
            }
            ("face", file) => {
                let bytes = fs::read(file).with_context(|| format!("read {file}"))?;
                let (image, decode_ms) = timed(|| Image::decode(&bytes));
                let image = image?;
                let (found, detect_ms) = timed(|| engine.detect(&image));
                let first = *found?.first().with_context(|| format!("no face in {file}"))?;
                let (sample, sample_ms) = timed(|| engine.sample(&image, first));
                sample?;
                writeln!(output, "{decode_ms} {detect_ms} {sample_ms}")?;
            }
            ("finger", size) => finger(&extractor, size, &mut input, &mut output)?,
            ("profile", name) => Bench::of(&mut benches, name)?.profile(&mut output)?,
            _ => bail!("unknown request {line:?}: expected `input`, `run`, `profile`, `face` or `finger`"),
        }
        output.flush()?;
        line.clear();
    }
    Ok(())
}

/// Finds the minutiae of a picture of this size, which follows.
fn finger(
    extractor: &NetExtractor,
    size: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let (width, height) = size.split_once(' ').context("expected `finger <width> <height>`")?;
    let (width, height): (u32, u32) = (width.parse()?, height.parse()?);
    let mut gray = Zeroizing::new(vec![0; width as usize * height as usize]);
    input.read_exact(&mut gray).context("the picture ends early")?;
    let image = FingerImage::new(width, height, gray)?;
    let (template, ms) = timed(|| extractor.extract(&image));
    let template = template?;
    writeln!(output, "{ms} {}", template.minutiae().len())?;
    for minutia in template.minutiae() {
        let (x, y, direction) = (minutia.x, minutia.y, minutia.direction);
        writeln!(output, "{x} {y} {direction} {:?} {}", minutia.kind, minutia.quality)?;
    }
    Ok(())
}

/// A net and what it runs over.
struct Bench<'a> {
    name: &'static str,
    net: &'a Net,
    input: NetInput,
}

impl<'a> Bench<'a> {
    fn new(name: &'static str, net: &'a Net) -> anyhow::Result<Self> {
        Ok(Self { name, net, input: net.input(&vec![GRAY; net.input_length()])? })
    }

    fn of<'b>(benches: &'b mut [Self], name: &str) -> anyhow::Result<&'b mut Self> {
        benches.iter_mut().find(|bench| bench.name == name).with_context(|| format!("no net {name:?}"))
    }

    fn read(&mut self, input: &mut impl BufRead) -> anyhow::Result<()> {
        let mut bytes = vec![0; self.net.input_length() * size_of::<f32>()];
        input.read_exact(&mut bytes).context("the net's input ends early")?;
        let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        self.input = self.net.input(&values)?;
        Ok(())
    }

    fn run(&self, times: usize, output: &mut impl Write) -> anyhow::Result<()> {
        let mut last = Vec::new();
        for _ in 0..times {
            let (outputs, ms) = timed(|| self.net.run_raw(&self.input));
            last = outputs?;
            write!(output, "{ms} ")?;
        }
        let values = last.concat();
        writeln!(output, "{}", values.len())?;
        output.write_all(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())?;
        Ok(())
    }

    fn profile(&self, output: &mut impl Write) -> anyhow::Result<()> {
        let rounds: Vec<_> = (0..PROFILE_ROUNDS).map(|_| self.net.profile(&self.input)).collect::<Result<_, _>>()?;
        let first = rounds.first().context("no round")?;
        writeln!(output, "{}", first.len())?;
        for (at, node) in first.iter().enumerate() {
            let times = rounds.iter().filter_map(|round| round.get(at)).map(|node| node.ms);
            writeln!(output, "{:.4} {} {}", times.fold(f64::INFINITY, f64::min), node.operation, node.node)?;
        }
        Ok(())
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed().as_secs_f64() * 1e3)
}
