//! Memory asked for before it is needed.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// How far ahead. The machine's own foresight ends with each page of 4 KiB.
const AHEAD_BYTES: usize = 4096;

/// Asks for the line of memory that lies so far behind the beginning of these bytes.
#[inline]
#[allow(unused_unsafe, reason = "unsafe to call in older Rust only")]
pub(crate) fn foresee(bytes: &[u8]) {
    let ahead = bytes.as_ptr().wrapping_add(AHEAD_BYTES);
    // SAFETY: a prefetch reads nothing that the program could see, and faults at no address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.cast()) }
}
