//! Work on all cores.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// How many threads keep this machine busy.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Does the work of each number below `count`, on so many threads; what came of it is in the order of the numbers.
pub(crate) fn each<Done: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> Done + Sync,
) -> anyhow::Result<Vec<Done>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return done;
            }
            done.push((at, work(at)));
        }
    };
    let mut all = thread::scope(|scope| -> anyhow::Result<Vec<(usize, Done)>> {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.join().map_err(|_| anyhow::anyhow!("a worker panicked: this is a bug, see above"))?);
        }
        Ok(all)
    })?;
    all.sort_unstable_by_key(|&(at, _)| at);
    Ok(all.into_iter().map(|(_, done)| done).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_is_done_once_in_order_whatever_the_threads() {
        for threads in [0, 1, 3, 50] {
            assert_eq!(each(20, threads, |at| at * at).unwrap(), (0..20).map(|at| at * at).collect::<Vec<_>>());
        }
        assert!(each(0, 2, |at| at).unwrap().is_empty());
    }

    #[test]
    fn a_panic_is_an_error() {
        assert!(each(3, 2, |at| assert!(at != 1)).is_err());
    }
}
