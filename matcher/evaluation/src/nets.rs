//! Runs nets as told on standard input, so that another runtime can be timed in turn with ours on the same core.
//!
//! A line `detector` or `embedder` is followed by the net's input as little-endian floats; the answer is a line
//! `<milliseconds> <count>`, followed by that many floats: all outputs, one behind the other. A line `face <file>` is
//! answered by a line with the milliseconds of decoding, detecting, and aligning with embedding. A line `profile
//! detector` or `profile embedder` is answered by a line `<count>` and as many lines `<milliseconds> <operation> <node>`.

use std::{
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, bail};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, Net},
};

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
/// The least of so many runs is a node's time: the others met something else on the machine.
const PROFILE_ROUNDS: usize = 15;

/// Serves until the input ends. The first line tells in how many milliseconds both nets were loaded.
fn serve(models: &Path, mut input: impl BufRead, mut output: impl Write) -> anyhow::Result<()> {
    let (engine, load_ms) = timed(|| FaceEngine::load(models));
    let engine = engine?;
    writeln!(output, "{load_ms:.1}")?;
    output.flush()?;
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        match line.trim().split_once(' ').unwrap_or((line.trim(), "")) {
            ("detector", "") => answer(engine.detector(), &mut input, &mut output)?,
            ("embedder", "") => answer(engine.embedder(), &mut input, &mut output)?,
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
            ("profile", "detector") => profile(engine.detector(), &mut output)?,
            ("profile", "embedder") => profile(engine.embedder(), &mut output)?,
            _ => bail!("unknown request {line:?}: expected `detector`, `embedder`, `profile <net>` or `face <file>`"),
        }
        output.flush()?;
        line.clear();
    }
    Ok(())
}

fn answer(net: &Net, input: &mut impl BufRead, output: &mut impl Write) -> anyhow::Result<()> {
    let mut bytes = vec![0; net.input_length() * size_of::<f32>()];
    input.read_exact(&mut bytes).context("the net's input ends early")?;
    let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
    let (outputs, ms) = timed(|| net.run_raw(&values));
    let outputs = outputs?.concat();
    writeln!(output, "{ms} {}", outputs.len())?;
    output.write_all(&outputs.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())?;
    Ok(())
}

fn profile(net: &Net, output: &mut impl Write) -> anyhow::Result<()> {
    let input = vec![GRAY; net.input_length()];
    let rounds: Vec<_> = (0..PROFILE_ROUNDS).map(|_| net.profile(&input)).collect::<Result<_, _>>()?;
    let first = rounds.first().context("no round")?;
    writeln!(output, "{}", first.len())?;
    for (at, node) in first.iter().enumerate() {
        let least = rounds.iter().filter_map(|round| round.get(at)).map(|node| node.ms).fold(f64::INFINITY, f64::min);
        writeln!(output, "{least:.4} {} {}", node.operation, node.node)?;
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed().as_secs_f64() * 1e3)
}
