//! Memory for keys: never swapped, in no core dump, empty in children, zeroed when it is given back.
//!
//! Each [`Locked`] has a page of its own, since the kernel locks and marks whole pages: keys are few and long-lived.
//! What is computed from a key passes through registers and the stack as ever; this guards where keys stay, and
//! [`wipe_stack`] clears up behind what was computed.

use std::{
    alloc::{Layout, handle_alloc_error},
    fmt, io,
    ops::{Deref, DerefMut},
    ptr::{self, NonNull},
    sync::atomic::{AtomicUsize, Ordering},
};

use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// Pages that are in use and could not be locked.
static UNLOCKED: AtomicUsize = AtomicUsize::new(0);

/// Keys in use that the kernel may write to swap, because the process had reached its limit of locked memory
/// (`ulimit -l`; `LimitMEMLOCK=` of systemd) when they were made. For the log: a gate that stood still for want of
/// locked memory would protect nobody better.
pub fn unlocked() -> usize {
    UNLOCKED.load(Ordering::Relaxed)
}

/// Leaves this process without core dumps, and without debuggers of the same user (prctl(2), `PR_SET_DUMPABLE`).
pub fn forbid_core_dumps() -> io::Result<()> {
    const NONE: libc::rlimit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: takes a number and changes a flag of this process.
    let dumpable = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
    if dumpable != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: reads the structure, which lives until the end of the program.
    let limited = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &NONE) };
    if limited == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How far down [`wipe_stack`] goes, in words of 8 bytes: 32 KiB, several times what deriving and expanding a key takes.
const WIPED_WORDS: usize = 4096;

/// Overwrites what functions that have returned left on the stack below their caller, whose own variables stay.
#[inline(never)]
pub fn wipe_stack() {
    let mut below = [0u64; WIPED_WORDS];
    // Volatile, and so not left out as what nobody reads.
    below.zeroize();
}

/// `N` bytes in locked memory. Has no `Debug` of its content and no `Clone`.
///
/// ```compile_fail,E0277
/// fn copied<T: Clone>(_: &T) {}
/// copied(&sallyport_memory::Locked::<32>::zeroed());
/// ```
pub struct Locked<const N: usize> {
    start: NonNull<u8>,
    locked: bool,
}

// SAFETY: it owns its pages as a box owns its memory, and bytes may be used from any thread.
unsafe impl<const N: usize> Send for Locked<N> {}
// SAFETY: as above; through a shared reference they can only be read.
unsafe impl<const N: usize> Sync for Locked<N> {}

impl<const N: usize> Locked<N> {
    /// New memory, all zero. As with every allocation, the process ends if there is none at all.
    pub fn zeroed() -> Self {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: asks for pages of their own wherever the kernel likes; nothing that exists is touched.
        let start = unsafe { libc::mmap(ptr::null_mut(), Self::LENGTH, access, kind, -1, 0) };
        let start = match NonNull::new(start.cast::<u8>()) {
            Some(start) if start.as_ptr().cast() != libc::MAP_FAILED => start,
            _ => handle_alloc_error(Layout::new::<[u8; N]>()),
        };
        let page = start.as_ptr().cast();
        // Kernels without one of these marks (WIPEONFORK: before 4.14) leave it out, and the key is as good as any.
        for advice in [libc::MADV_DONTDUMP, libc::MADV_WIPEONFORK] {
            // SAFETY: the pages are ours, and neither mark changes what they hold in this process.
            unsafe { libc::madvise(page, Self::LENGTH, advice) };
        }
        // SAFETY: the pages are ours.
        let locked = unsafe { libc::mlock(page, Self::LENGTH) } == 0;
        UNLOCKED.fetch_add(usize::from(!locked), Ordering::Relaxed);
        Self { start, locked }
    }

    /// Whether it is locked: see [`unlocked`].
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// What is mapped: at least a byte, which the kernel makes a whole page of.
    const LENGTH: usize = if N == 0 { 1 } else { N };
}

impl<const N: usize> Deref for Locked<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        // SAFETY: N bytes are mapped, aligned to a page and initialized by the kernel, until this is dropped.
        unsafe { self.start.cast().as_ref() }
    }
}

impl<const N: usize> DerefMut for Locked<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        // SAFETY: as for reading, and nobody else has a reference.
        unsafe { self.start.cast().as_mut() }
    }
}

impl<const N: usize> From<&[u8; N]> for Locked<N> {
    fn from(bytes: &[u8; N]) -> Self {
        let mut locked = Self::zeroed();
        locked.copy_from_slice(bytes);
        locked
    }
}

impl<const N: usize> ZeroizeOnDrop for Locked<N> {}

impl<const N: usize> Drop for Locked<N> {
    fn drop(&mut self) {
        self.zeroize();
        UNLOCKED.fetch_sub(usize::from(!self.locked), Ordering::Relaxed);
        // SAFETY: the pages are ours and no reference is left. Unmapping unlocks them.
        unsafe { libc::munmap(self.start.as_ptr().cast(), Self::LENGTH) };
    }
}

impl<const N: usize> fmt::Debug for Locked<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locked(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    /// The kernel's own words about the page at this address (proc(5), `VmFlags`).
    fn flags(address: usize) -> Option<String> {
        let maps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut here = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            if let Some((from, to)) = range
                && let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                here = (from..to).contains(&address);
            } else if here && let Some(flags) = line.strip_prefix("VmFlags:") {
                return Some(flags.to_owned());
            }
        }
        None
    }

    #[test]
    fn the_kernel_agrees_that_keys_are_locked_and_undumped() {
        let key = Locked::<32>::from(&[7; 32]);
        let flags = flags(key.as_ptr() as usize).unwrap();
        assert_eq!(*key, [7; 32]);
        assert_eq!(flags.contains(" lo"), key.is_locked(), "{flags}");
        for flag in ["dd", "wf"] {
            assert!(flags.split(' ').any(|word| word == flag), "{flag} in {flags}");
        }
        if !key.is_locked() {
            eprintln!("SKIPPED: locking, since this process may lock nothing (ulimit -l)");
        }
        let (mut one, none) = (Locked::<1>::zeroed(), Locked::<0>::zeroed());
        one[0] = 1;
        assert_eq!((one[0], none.len(), format!("{one:?}").as_str()), (1, 0, "Locked(..)"));
    }
}
