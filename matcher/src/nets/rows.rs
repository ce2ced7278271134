//! Rows of a picture's planes: 3 x 3 convolution of one plane, and halving by maximum. Plain loops over slices of equal
//! length, which the compiler turns into vector instructions that every processor of the target has.

/// What a row is written as.
pub(super) trait Cell {
    fn of(value: f32) -> Self;
}

impl Cell for f32 {
    fn of(value: f32) -> Self {
        value
    }
}

/// A value within the bytes of a product's operand.
impl Cell for [u8; 4] {
    fn of(value: f32) -> Self {
        value.to_ne_bytes()
    }
}

/// A row that is computed where it is written.
pub(super) trait Row {
    /// How many values it has.
    fn length(&self) -> usize;
    /// Writes its values from this one on, as many as fit.
    fn write<C: Cell>(&self, from: usize, out: &mut [C]);
}

/// A row as it is.
impl Row for &[f32] {
    fn length(&self) -> usize {
        self.len()
    }

    fn write<C: Cell>(&self, from: usize, out: &mut [C]) {
        out.iter_mut().zip(self.iter().skip(from)).for_each(|(out, value)| *out = C::of(*value));
    }
}

/// A row without what lies below a floor.
pub(super) struct Raised<'a> {
    pub(super) row: &'a [f32],
    pub(super) floor: f32,
}

impl Row for Raised<'_> {
    fn length(&self) -> usize {
        self.row.len()
    }

    fn write<C: Cell>(&self, from: usize, out: &mut [C]) {
        let values = self.row.iter().skip(from);
        out.iter_mut().zip(values).for_each(|(out, value)| *out = C::of(greater(*value, self.floor)));
    }
}

/// The nine weights of one channel, row by row, and what is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Taps {
    pub(super) weights: [f32; 9],
    pub(super) bias: f32,
}

/// A 3 x 3 convolution with stride 1 along three rows, or along three runs of rows: the first value is that of the
/// window which begins at their first column.
pub(super) struct Convolved<'a> {
    pub(super) taps: &'a Taps,
    /// The rows above, at and below it, of one length.
    pub(super) window: [&'a [f32]; 3],
    /// No value is less.
    pub(super) floor: f32,
}

impl Row for Convolved<'_> {
    fn length(&self) -> usize {
        self.window.iter().map(|row| row.len()).min().unwrap_or(0).saturating_sub(2)
    }

    #[inline]
    fn write<C: Cell>(&self, from: usize, out: &mut [C]) {
        let length = out.len();
        let [above, at, below] = self.window.map(|row| Columns::of(row.get(from..).unwrap_or_default(), length));
        let (Some(above), Some(at), Some(below)) = (above, at, below) else { return };
        let [a, b, c, d, e, f, g, h, i] = self.taps.weights;
        let (bias, floor) = (self.taps.bias, self.floor);
        #[allow(clippy::needless_range_loop)] // three rows are read at three offsets of one index
        for index in 0..length {
            // Three sums that do not wait for each other.
            let upper = bias + above.0[index] * a + above.1[index] * b + above.2[index] * c;
            let middle = at.0[index] * d + at.1[index] * e + at.2[index] * f;
            let lower = below.0[index] * g + below.1[index] * h + below.2[index] * i;
            out[index] = C::of(greater(upper + middle + lower, floor));
        }
    }
}

/// A row from its first, second and third value on, of one length: the columns of windows.
struct Columns<'a>(&'a [f32], &'a [f32], &'a [f32]);

impl<'a> Columns<'a> {
    #[inline(always)]
    fn of(row: &'a [f32], length: usize) -> Option<Self> {
        Some(Self(row.get(..length)?, row.get(1..)?.get(..length)?, row.get(2..)?.get(..length)?))
    }
}

/// The greatest of each 2 x 2 values of two rows.
pub(super) struct Halved<'a>(pub(super) [&'a [f32]; 2]);

impl Row for Halved<'_> {
    fn length(&self) -> usize {
        self.0.iter().map(|row| row.len()).min().unwrap_or(0) / 2
    }

    fn write<C: Cell>(&self, from: usize, out: &mut [C]) {
        let [a, b] = self.0.map(|row| row.as_chunks::<2>().0.get(from..).unwrap_or_default());
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = C::of(greater(greater(a[0], a[1]), greater(b[0], b[1])));
        }
    }
}

/// One column of each two: the first, or the second.
pub(super) struct Alternate<'a> {
    pub(super) row: &'a [f32],
    /// The column of the row at which it begins; one before the row is a zero.
    pub(super) first: isize,
}

impl Row for Alternate<'_> {
    fn length(&self) -> usize {
        self.row.len() / 2
    }

    fn write<C: Cell>(&self, from: usize, out: &mut [C]) {
        let pairs = self.row.as_chunks::<2>().0;
        match self.first {
            0 => out.iter_mut().zip(pairs.iter().skip(from)).for_each(|(out, pair)| *out = C::of(pair[0])),
            1 => out.iter_mut().zip(pairs.iter().skip(from)).for_each(|(out, pair)| *out = C::of(pair[1])),
            _ => {
                let (skipped, zeros) = (from.saturating_sub(1), usize::from(from == 0));
                out.iter_mut().take(zeros).for_each(|out| *out = C::of(0.0));
                let rest = out.iter_mut().skip(zeros).zip(pairs.iter().skip(skipped));
                rest.for_each(|(out, pair)| *out = C::of(pair[1]));
            }
        }
    }
}

/// One instruction, which `f32::max` is not.
#[inline(always)]
fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
