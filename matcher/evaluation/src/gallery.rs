//! Searches a gallery of random codes as told on standard input, so that another search can be timed in turn with ours
//! over the same codes. Each line is answered:
//! * `gallery <code bytes> <codes> <seed>`: a line `ready` when it holds that many, references 0, 1, 2 and so on. The codes are
//!   SplitMix64's words from that seed, little-endian;
//! * `probes <probes>`, followed by their codes: a line `ready`;
//! * `search <most> <threads> <times>`: a line with the milliseconds of each search, then for each probe a line of
//!   `<reference>:<distance>`;
//! * `read <threads> <times>`: a line with the milliseconds of each reading of the gallery's memory, by the widest loads.

use std::{
    hint::black_box,
    io::{self, BufRead, Read as _, Write},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use anyhow::{Context as _, bail};
use sallyport_hamming::Kernel;
use sallyport_matcher::gallery::{Candidate, Gallery, Limit, ReferenceId};

/// What a thread reads before it asks for more.
const SHARE_BYTES: usize = 1 << 20;

/// Serves standard input until it ends. The first line names the instructions that count bits.
pub(crate) fn run() -> anyhow::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    writeln!(output, "{}", Kernel::best().name())?;
    output.flush()?;
    let (mut gallery, mut probes) = (Gallery::new(8)?, Vec::new());
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let (request, rest) = line.trim().split_once(' ').context("expected a request and its numbers")?;
        let numbers = rest.split(' ').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        match (request, &numbers[..]) {
            ("gallery", &[code_bytes, codes, seed]) => {
                // The old one goes first: two may be too many for the machine.
                drop(std::mem::replace(&mut gallery, Gallery::new(8)?));
                gallery = random(code_bytes, codes, seed as u64)?;
                writeln!(output, "ready")?;
            }
            ("probes", &[count]) => {
                probes = vec![vec![0; gallery.code_bytes()]; count];
                probes.iter_mut().try_for_each(|probe| input.read_exact(probe))?;
                writeln!(output, "ready")?;
            }
            ("search", &[most, threads, times]) => {
                let probes: Vec<&[u8]> = probes.iter().map(Vec::as_slice).collect();
                let mut found = Vec::new();
                for _ in 0..times {
                    let began = Instant::now();
                    found = gallery.search(&probes, Limit::nearest(most), threads)?;
                    write!(output, "{} ", began.elapsed().as_secs_f64() * 1e3)?;
                }
                writeln!(output)?;
                for candidates in found {
                    let text = candidates.iter().map(|Candidate { id, distance }| format!("{}:{distance}", id.0));
                    writeln!(output, "{}", text.collect::<Vec<_>>().join(" "))?;
                }
            }
            ("read", &[threads, times]) => {
                for _ in 0..times {
                    let began = Instant::now();
                    black_box(read(&gallery, threads));
                    write!(output, "{} ", began.elapsed().as_secs_f64() * 1e3)?;
                }
                writeln!(output)?;
            }
            _ => bail!("unknown request {line:?}: expected `gallery`, `probes`, `search` or `read` and their numbers"),
        }
        output.flush()?;
        line.clear();
    }
    Ok(())
}

fn random(code_bytes: usize, codes: usize, seed: u64) -> anyhow::Result<Gallery> {
    let mut gallery = Gallery::new(code_bytes)?;
    let mut state = seed;
    let mut code = vec![0; code_bytes];
    for id in 0..codes {
        for word in code.as_chunks_mut::<8>().0 {
            *word = split_mix(&mut state).to_le_bytes();
        }
        gallery.add(ReferenceId(id as u128), &code)?;
    }
    Ok(gallery)
}

/// The next word (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Reads all of the gallery's memory, shared out like a search.
fn read(gallery: &Gallery, threads: usize) -> u64 {
    let shares: Vec<&[u8]> = gallery.memory().flat_map(|run| run.chunks(SHARE_BYTES)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sum = 0u64;
        while let Some(share) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum = sum.wrapping_add(Kernel::best().read(share));
        }
        sum
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        others.into_iter().filter_map(|other| other.join().ok()).fold(own, u64::wrapping_add)
    })
}
