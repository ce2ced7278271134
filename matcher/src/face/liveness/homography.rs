//! The plane-to-plane map that best explains how points moved (Hartley and Zisserman, Multiple View Geometry, 4.1).

/// How often weights are renewed: they settle within a few rounds.
const ROUNDS: usize = 6;
/// Where Huber's weights begin to fall, in robust deviations.
const HUBER: f64 = 1.345;

/// A map of the plane, its last element 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Homography([f64; 8]);

impl Homography {
    /// The map that takes each first point near its second: least squares, with less weight for outliers. `None` for
    /// fewer than eight pairs, and for points that determine none.
    pub(super) fn fit(pairs: &[([f64; 2], [f64; 2])]) -> Option<Self> {
        if pairs.len() < 8 {
            return None;
        }
        let mut weights = vec![1.0; pairs.len()];
        let mut best = None;
        for _ in 0..ROUNDS {
            let map = Self::weighted(pairs, &weights)?;
            let errors: Vec<f64> = pairs.iter().map(|pair| map.error(pair)).collect();
            let scale = 1.4826 * median(&errors).max(1e-6);
            for (weight, error) in weights.iter_mut().zip(&errors) {
                *weight = if *error <= HUBER * scale { 1.0 } else { HUBER * scale / error };
            }
            best = Some(map);
        }
        best
    }

    /// Normal equations of the linear form: `u (g x + h y + 1) = a x + b y + c`, likewise `v`. Coordinates are near 1, so
    /// that they need no further conditioning.
    fn weighted(pairs: &[([f64; 2], [f64; 2])], weights: &[f64]) -> Option<Self> {
        let (mut system, mut right) = ([[0.0; 8]; 8], [0.0; 8]);
        for (([x, y], [u, v]), &weight) in pairs.iter().zip(weights) {
            let rows = [
                ([*x, *y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], *u),
                ([0.0, 0.0, 0.0, *x, *y, 1.0, -v * x, -v * y], *v),
            ];
            for (row, target) in rows {
                for ((equation, right), a) in system.iter_mut().zip(&mut right).zip(row) {
                    equation.iter_mut().zip(row).for_each(|(cell, b)| *cell += weight * a * b);
                    *right += weight * a * target;
                }
            }
        }
        solve(system, right).map(Self)
    }

    /// Where a point goes.
    pub(super) fn map(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [a, b, c, d, e, f, g, h] = self.0;
        let w = g * x + h * y + 1.0;
        [(a * x + b * y + c) / w, (d * x + e * y + f) / w]
    }

    /// How far the map misses the second point.
    pub(super) fn error(&self, (from, to): &([f64; 2], [f64; 2])) -> f64 {
        let [u, v] = self.map(*from);
        (u - to[0]).hypot(v - to[1])
    }
}

/// Gauss's elimination with the greatest pivot. `None` where the equations determine nothing.
pub(super) fn solve<const N: usize>(mut system: [[f64; N]; N], mut right: [f64; N]) -> Option<[f64; N]> {
    for column in 0..N {
        let pivot = (column..N).max_by(|&a, &b| system[a][column].abs().total_cmp(&system[b][column].abs()))?;
        system.swap(column, pivot);
        right.swap(column, pivot);
        let (head, head_right) = (system[column], right[column]);
        if head[column].abs() < 1e-12 {
            return None;
        }
        for (at, (row, value)) in system.iter_mut().zip(&mut right).enumerate() {
            if at != column {
                let factor = row[column] / head[column];
                row.iter_mut().zip(&head).for_each(|(cell, above)| *cell -= factor * above);
                *value -= factor * head_right;
            }
        }
    }
    for (at, value) in right.iter_mut().enumerate() {
        *value /= system[at][at];
    }
    right.iter().all(|value| value.is_finite()).then_some(right)
}

/// The middle value; 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn grid() -> impl Iterator<Item = [f64; 2]> {
        (0..49).map(|at| [f64::from(at % 7) / 3.0 - 1.0, f64::from(at / 7) / 3.0 - 1.0])
    }

    #[test]
    fn a_plane_is_explained_wholly_though_some_points_lie() {
        let truth = Homography([1.1, 0.05, 0.02, -0.03, 0.9, -0.01, 0.08, -0.12]);
        let mut pairs: Vec<_> = grid().map(|point| (point, truth.map(point))).collect();
        for at in [3, 17, 40] {
            pairs[at].1[0] += 0.7;
        }
        let found = Homography::fit(&pairs).unwrap();
        let errors: Vec<_> = pairs.iter().map(|pair| found.error(pair)).collect();
        assert!(median(&errors) < 0.01, "{}", median(&errors));
        assert_eq!(errors.iter().filter(|error| **error > 0.5).count(), 3);
    }

    #[test]
    fn points_on_a_line_determine_nothing() {
        let pairs: Vec<_> = (0..20).map(|at| ([f64::from(at), 0.0], [f64::from(at), 0.0])).collect();
        assert_eq!(Homography::fit(&pairs), None);
        assert_eq!(Homography::fit(&pairs[..7]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(pairs in prop::collection::vec((any::<[f64; 2]>(), any::<[f64; 2]>()), 0..30)) {
            let _ = Homography::fit(&pairs);
        }
    }
}
