//! Linkability D_sys of scores (Gomez-Barrero, Galbally, Rathgeb and Busch, "General framework to evaluate unlinkability
//! in biometric template protection systems", IEEE TIFS 13(6), 2018).
use serde::Serialize;

/// temporary
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Linkability {
    pub d_sys: f64,
    pub null: f64,
}

impl Linkability {
    pub(super) fn of(mated: &[f32], non_mated: &[f32], seed: u64) -> anyhow::Result<Self> {
        let d_sys = d_sys(mated, non_mated);
        let mut all: Vec<f32> = non_mated.to_vec();
        let mut state = seed | 1;
        let mut sum = 0.0;
        for _ in 0..20 {
            for at in (1..all.len()).rev() {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                all.swap(at, ((state >> 33) as usize) % (at + 1));
            }
            let (a, b) = all.split_at(mated.len().min(all.len() / 2));
            sum += self::d_sys(a, b);
        }
        Ok(Self { d_sys, null: sum / 20.0 })
    }
}

fn d_sys(mated: &[f32], non_mated: &[f32]) -> f64 {
    let all = || mated.iter().chain(non_mated).copied();
    let (low, high) = (all().fold(f32::INFINITY, f32::min), all().fold(f32::NEG_INFINITY, f32::max));
    let bins = (mated.len() / 10).clamp(1, 100);
    let hist = |s: &[f32]| {
        let mut h = vec![0.0; bins];
        for v in s {
            let at = (((v - low) / (high - low).max(1e-9)) * bins as f32) as usize;
            h[at.min(bins - 1)] += 1.0 / s.len() as f64;
        }
        h
    };
    hist(mated)
        .iter()
        .zip(hist(non_mated))
        .map(|(&m, n)| if m > n { m * (2.0 * (m / (m + n)) - 1.0) } else { 0.0 })
        .sum()
}
