//! Typical vectors of many, by which somebody who knows nothing of a finger still tries: spherical k-means (Dhillon and
//! Modha, "Concept decompositions for large sparse text data using clustering", 2001).

use super::judge::dot;
use crate::{bootstrap::SplitMix64, workers};

/// After so many rounds few vectors change sides.
const ROUNDS: usize = 10;

/// The directions of so many clusters of these vectors, at most as many as there are; the largest cluster first.
pub(super) fn typical(vectors: &[&[f32]], count: usize, seed: u64, threads: usize) -> anyhow::Result<Vec<Vec<f32>>> {
    let mut random = SplitMix64(seed);
    let mut begin: Vec<usize> = (0..vectors.len()).collect();
    for at in 0..count.min(begin.len()) {
        let left = (begin.len() - at) as u128;
        begin.swap(at, at + ((u128::from(random.next()) * left) >> 64) as usize);
    }
    let mut centers: Vec<Vec<f32>> =
        begin.iter().take(count).filter_map(|&at| vectors.get(at)).map(|vector| unit(vector.to_vec())).collect();
    for _ in 0..ROUNDS {
        let nearest = workers::each(vectors.len(), threads, |at| {
            let vector = vectors.get(at).copied().unwrap_or_default();
            let cosines = centers.iter().map(|center| dot(center, vector)).enumerate();
            cosines.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(center, _)| center)
        })?;
        let mut sums: Vec<(usize, Vec<f32>)> = centers.iter().map(|center| (0, vec![0.0; center.len()])).collect();
        for (vector, center) in vectors.iter().zip(nearest) {
            if let Some((members, sum)) = sums.get_mut(center) {
                let length = dot(vector, vector).sqrt().max(f32::MIN_POSITIVE);
                *members += 1;
                sum.iter_mut().zip(*vector).for_each(|(sum, value)| *sum += value / length);
            }
        }
        sums.retain(|(members, _)| *members > 0);
        sums.sort_by_key(|(members, _)| std::cmp::Reverse(*members));
        centers = sums.into_iter().map(|(_, sum)| unit(sum)).collect();
    }
    Ok(centers)
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|value| *value /= length);
    vector
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn clusters_are_found_whatever_the_threads() {
        let near = |axis: usize, by: f32| {
            let mut vector = vec![by; 4];
            vector[axis] = 3.0;
            vector
        };
        let vectors: Vec<Vec<f32>> = (0..12).map(|at| near(usize::from(at % 3 == 0), at as f32 / 40.0)).collect();
        let slices: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
        let centers = typical(&slices, 2, 5, 1).unwrap();
        let [large, small] = &centers[..] else { panic!("{centers:?}") };
        assert!(large[0] > 0.9 && small[1] > 0.9, "{centers:?}");
        assert!((dot(large, large) - 1.0).abs() < 1e-5);
        assert_eq!(typical(&slices, 2, 5, 3).unwrap(), centers);
        assert!(typical(&slices, 50, 1, 1).unwrap().len() <= 12);
        assert!(typical(&[], 5, 1, 1).unwrap().is_empty());
    }
}
