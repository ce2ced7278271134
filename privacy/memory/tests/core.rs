//! A process of its own, since it never dumps core again.
#![allow(clippy::unwrap_used)]

use std::fs;

#[test]
fn this_process_leaves_no_core() {
    // Read before: afterwards only root may look.
    let before = fs::read_to_string("/proc/self/limits").unwrap();
    assert!(before.contains("Max core file size"));
    sallyport_memory::forbid_core_dumps().unwrap();
    // SAFETY: reads a flag of this process.
    assert_eq!(unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }, 0);
    let mut limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: writes the structure, which is ours.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit) }, 0);
    assert_eq!((limit.rlim_cur, limit.rlim_max), (0, 0));
}
