//! Rows of a picture's planes: 3 x 3 convolution of one plane, and halving by maximum. Plain loops over slices of equal
//! length, which the compiler turns into vector instructions of every processor of the target.

/// The nine weights of one channel, row by row, and what is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taps {
    pub(super) weights: [f32; 9],
    pub(super) bias: f32,
}

impl Taps {
    /// One row of the convolution with stride 1: `rows` are those above, at and below it, of the same length as `out`;
    /// beyond the row's ends are zeros. No value falls below `floor`.
    pub(super) fn convolve(&self, rows: [&[f32]; 3], floor: f32, out: &mut [f32]) {
        let [above, at, below] = rows;
        let length = out.len();
        let (Some(above), Some(at), Some(below)) = (above.get(..length), at.get(..length), below.get(..length)) else {
            return;
        };
        let [a, b, c, d, e, f, g, h, i] = self.weights;
        // Three sums that do not wait for each other.
        if let Some(inner) = length.checked_sub(2)
            && let Some(out) = out.get_mut(1..length - 1)
        {
            let (above, at, below) = (Shifted::of(above, inner), Shifted::of(at, inner), Shifted::of(below, inner));
            for (index, out) in out.iter_mut().enumerate().take(inner) {
                let upper = self.bias + above.0[index] * a + above.1[index] * b + above.2[index] * c;
                let middle = at.0[index] * d + at.1[index] * e + at.2[index] * f;
                let lower = below.0[index] * g + below.1[index] * h + below.2[index] * i;
                *out = greater(upper + middle + lower, floor);
            }
        }
        for edge in [0, length.saturating_sub(1)] {
            let value =
                |row: &[f32], place: Option<usize>| place.and_then(|place| row.get(place)).copied().unwrap_or(0.0);
            let (left, right) = (edge.checked_sub(1), Some(edge + 1));
            let sum = |row: &[f32], weights: [f32; 3]| {
                value(row, left) * weights[0] + value(row, Some(edge)) * weights[1] + value(row, right) * weights[2]
            };
            if let Some(out) = out.get_mut(edge) {
                *out = greater(self.bias + sum(above, [a, b, c]) + sum(at, [d, e, f]) + sum(below, [g, h, i]), floor);
            }
        }
    }
}

/// A row from its first, second and third value on, of one length: a window's three columns.
struct Shifted<'a>(&'a [f32], &'a [f32], &'a [f32]);

impl<'a> Shifted<'a> {
    #[inline(always)]
    fn of(row: &'a [f32], length: usize) -> Self {
        Self(&row[..length], &row[1..][..length], &row[2..][..length])
    }
}

/// One instruction, which `f32::max` is not.
#[inline(always)]
fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The greatest of each 2 x 2 values of two rows.
pub(super) fn halve(rows: [&[f32]; 2], out: &mut [f32]) {
    let pairs = rows[0].as_chunks::<2>().0.iter().zip(rows[1].as_chunks::<2>().0);
    for (out, (a, b)) in out.iter_mut().zip(pairs) {
        *out = greater(greater(a[0], a[1]), greater(b[0], b[1]));
    }
}
