//! The search: every code once from memory, for all probes at once.

use std::{
    collections::BinaryHeap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use sallyport_hamming::Kernel;

use super::{Gallery, GalleryError, ReferenceId};

/// Codes that are compared with one probe after the other while they are in a core's own cache, of 256 KiB and more.
const BLOCK_BYTES: usize = 64 << 10;
/// What a thread takes from the rest of the work at once.
const SHARE_BYTES: usize = 1 << 20;
/// Comparing so much, times the number of probes, takes several times what starting a thread does.
const THREAD_BYTES: usize = 4 << 20;

/// What a search is to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// At most so many candidates a probe.
    pub most: usize,
    /// None farther away than this, in bits.
    pub distance_max: u32,
}

impl Limit {
    /// So many, however far away.
    pub const fn nearest(most: usize) -> Self {
        Self { most, distance_max: u32::MAX }
    }

    /// All that are no farther away, in bits.
    pub const fn within(distance_max: u32) -> Self {
        Self { most: usize::MAX, distance_max }
    }
}

/// A reference that may be the probe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Hamming distance from the probe in bits.
    pub distance: u32,
    /// Whose code it is.
    pub id: ReferenceId,
}

impl Gallery {
    /// Each probe's candidates, the nearest first, equally near ones by identifier.
    ///
    /// On at most so many threads, this one among them: a small gallery is not worth starting any.
    pub fn search(&self, probes: &[&[u8]], limit: Limit, threads: usize) -> Result<Vec<Vec<Candidate>>, GalleryError> {
        probes.iter().try_for_each(|probe| self.check(probe))?;
        let work = Work { gallery: self, probes, limit, shares: self.shares(), next: AtomicUsize::new(0) };
        let bytes: usize = self.codes.runs().map(<[u8]>::len).sum();
        let threads = threads.min(bytes.saturating_mul(probes.len()) / THREAD_BYTES);
        let mut found = thread::scope(|scope| {
            // Without a thread that the system refuses, the others do its part.
            let others: Vec<_> = (1..threads)
                .filter_map(|_| thread::Builder::new().name("gallery".into()).spawn_scoped(scope, || work.run()).ok())
                .collect();
            let mut found = work.run();
            for other in others {
                let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                found.iter_mut().zip(other).for_each(|(nearest, other)| nearest.merge(other));
            }
            found
        });
        Ok(found.drain(..).map(Nearest::into_candidates).collect())
    }

    /// All rows in pieces, each with the number of its first row.
    fn shares(&self) -> Vec<(usize, &[u8])> {
        let code_bytes = self.code_bytes();
        let rows = SHARE_BYTES / code_bytes;
        let mut first = 0;
        let mut shares = Vec::new();
        for share in self.codes.runs().flat_map(|run| run.chunks(rows * code_bytes)) {
            shares.push((first, share));
            first += share.len() / code_bytes;
        }
        shares
    }
}

/// A search under way, of which each thread takes a share after the other.
struct Work<'a> {
    gallery: &'a Gallery,
    probes: &'a [&'a [u8]],
    limit: Limit,
    shares: Vec<(usize, &'a [u8])>,
    next: AtomicUsize,
}

impl Work<'_> {
    /// Takes shares until there are none.
    fn run(&self) -> Vec<Nearest> {
        let kernel = Kernel::best();
        let code_bytes = self.gallery.code_bytes();
        let rows = (BLOCK_BYTES / code_bytes).max(1);
        let mut distances = vec![0; rows];
        let mut found: Vec<_> = self.probes.iter().map(|_| Nearest::new(self.limit)).collect();
        while let Some(&(mut first, share)) = self.shares.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            for block in share.chunks(rows * code_bytes) {
                for (probe, nearest) in self.probes.iter().zip(&mut found) {
                    let count = kernel.distances(probe, block, &mut distances);
                    nearest.take(&distances[..count], self.gallery.ids.get(first..).unwrap_or_default());
                }
                first += block.len() / code_bytes;
            }
        }
        found
    }
}

/// The best candidates so far of one probe.
struct Nearest {
    most: usize,
    /// What is farther away is no candidate any more.
    bound: u32,
    /// The worst is on top.
    heap: BinaryHeap<Candidate>,
}

impl Nearest {
    fn new(limit: Limit) -> Self {
        Self { most: limit.most, bound: limit.distance_max, heap: BinaryHeap::new() }
    }

    /// Looks at the distances of codes and at whose they are.
    fn take(&mut self, distances: &[u32], ids: &[Option<ReferenceId>]) {
        // Mostly all are too far away.
        if distances.iter().min().is_none_or(|&least| least > self.bound) {
            return;
        }
        for (&distance, id) in distances.iter().zip(ids) {
            if distance <= self.bound
                && let Some(id) = *id
            {
                self.offer(Candidate { distance, id });
            }
        }
    }

    fn offer(&mut self, candidate: Candidate) {
        if self.heap.len() < self.most {
            self.heap.push(candidate);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
        if self.heap.len() >= self.most
            && let Some(worst) = self.heap.peek()
        {
            self.bound = worst.distance;
        }
    }

    fn merge(&mut self, other: Self) {
        other.heap.into_iter().for_each(|candidate| self.offer(candidate));
    }

    fn into_candidates(self) -> Vec<Candidate> {
        self.heap.into_sorted_vec()
    }
}
