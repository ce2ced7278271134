//! Hamming distances of equally long codes, by the widest popcount that this machine has: AVX-512 VPOPCNTDQ, AVX2 or NEON,
//! else words of 64 bits. One safe interface: a [`Kernel`] of instructions that the machine lacks cannot be had.
//!
//! ```
//! assert_eq!(sallyport_hamming::distance(&[0b1011, 0], &[0b0001, 255]), Some(10));
//! assert_eq!(sallyport_hamming::distance(&[0; 8], &[0; 9]), None);
//! ```

#[cfg(target_arch = "x86_64")]
mod ahead;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use std::sync::OnceLock;

/// Longest code in bytes: the bits of longer ones could not be counted in 32 bits.
pub const CODE_BYTES_MAX: usize = 1 << 28;

/// Hamming distance of two codes in bits; none unless they are equally long, at most [`CODE_BYTES_MAX`].
pub fn distance(a: &[u8], b: &[u8]) -> Option<u32> {
    Kernel::best().distance(a, b)
}

/// What counts bits, with instructions that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Instructions);

/// Made by [`Kernel::all`] alone, which asks the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// Calls a function of the kernel's module.
macro_rules! dispatch {
    ($kernel:expr, $function:ident($($argument:expr),*)) => {
        match $kernel.0 {
            Instructions::Portable => portable::$function($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` found AVX2 on this machine.
            Instructions::Avx2 => unsafe { avx2::$function($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `all` found AVX-512 F, BW and VPOPCNTDQ on this machine.
            Instructions::Avx512 => unsafe { avx512::$function($($argument),*) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: `all` found NEON on this machine.
            Instructions::Neon => unsafe { neon::$function($($argument),*) },
        }
    };
}

impl Kernel {
    /// All that this machine has, the slowest first.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self(Instructions::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                all.push(Self(Instructions::Avx2));
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vpopcntdq")
            {
                all.push(Self(Instructions::Avx512));
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            all.push(Self(Instructions::Neon));
        }
        all
    }

    /// The fastest; the machine is asked once.
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().pop().unwrap_or(Self(Instructions::Portable)))
    }

    /// Its instructions.
    pub fn name(self) -> &'static str {
        match self.0 {
            Instructions::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => "AVX-512 VPOPCNTDQ",
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => "NEON",
        }
    }

    /// Hamming distance of two codes in bits; none unless they are equally long, at most [`CODE_BYTES_MAX`].
    pub fn distance(self, a: &[u8], b: &[u8]) -> Option<u32> {
        (a.len() == b.len() && a.len() <= CODE_BYTES_MAX).then(|| dispatch!(self, distance(a, b)))
    }

    /// Distances of a probe from codes that lie one behind the other, each as long as the probe. How many were
    /// computed: as many as there are both whole codes and places for distances.
    pub fn distances(self, probe: &[u8], codes: &[u8], distances: &mut [u32]) -> usize {
        if probe.is_empty() || probe.len() > CODE_BYTES_MAX {
            return 0;
        }
        dispatch!(self, distances(probe, codes, distances));
        distances.len().min(codes.len() / probe.len())
    }

    /// Reads these bytes, as wide as it can, and does next to nothing with them (the sum of the words): what no search can be
    /// faster than.
    pub fn read(self, bytes: &[u8]) -> u64 {
        dispatch!(self, read(bytes))
    }
}

/// The loop around each kernel's own distance, inlined into a function with the kernel's instructions.
#[inline(always)]
fn each(probe: &[u8], codes: &[u8], distances: &mut [u32], distance: impl Fn(&[u8], &[u8]) -> u32) {
    for (code, found) in codes.chunks_exact(probe.len()).zip(distances) {
        *found = distance(probe, code);
    }
}
