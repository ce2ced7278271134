//! One run of a chain: rows from the picture through its units.

use tract_onnx::{prelude::*, tract_core::internal::*};

use super::{
    chain::{Source, Unit},
    product::Strip,
    rows::{Alternate, Convolved, Halved, Raised, Row, Taps},
};

/// What a unit keeps between strips: a 3 x 3 window spans two of them.
pub(super) struct State {
    /// What came in since the last product.
    pub(super) strip: Strip,
    /// How many rows came in altogether.
    received: usize,
    /// Of each channel the product's last two rows; at first the zeros above the picture.
    last: Vec<f32>,
    /// Of each channel the finished row that waits for another to be halved with.
    waiting: Vec<f32>,
    /// Finished rows of one channel, where they are not handed on as they are.
    finished: Vec<f32>,
}

impl State {
    pub(super) fn new(unit: &Unit) -> TractResult<Self> {
        let rows =
            |wanted: bool, rows: usize| vec![0.0; if wanted { rows * unit.product.outputs() * unit.stride } else { 0 }];
        Ok(Self {
            strip: unit.product.strip()?,
            received: 0,
            last: rows(unit.taps.is_some(), 2),
            waiting: rows(unit.halved, 1),
            finished: Vec::new(),
        })
    }
}

/// One run of a chain.
pub(super) struct Run<'a> {
    pub(super) context: &'a EvalContext<'a>,
    /// The last unit's channels.
    pub(super) planes: Vec<&'a mut [f32]>,
    /// Width of the last unit's rows.
    pub(super) columns: usize,
    /// Stands for the row below the picture.
    pub(super) zeros: &'a [f32],
}

impl Run<'_> {
    /// Lets the first of these units work on so many new rows, and then those behind it.
    pub(super) fn advance(&mut self, units: &[Unit], states: &mut [State], rows: usize) -> TractResult<()> {
        let (Some((unit, units)), Some((state, states))) = (units.split_first(), states.split_first_mut()) else {
            return Ok(());
        };
        if rows == 0 {
            return Ok(());
        }
        // tract keeps something for each session and node: each unit must be a node of its own to it.
        let node_id = self.context.node_id + (units.len() << 16);
        let context = EvalContext { node_id, ..*self.context };
        let mut product = unit.product.run(&context, &state.strip, rows * unit.stride)?;
        let mut product = product.try_as_plain_ram_mut()?;
        let product = product.as_slice_mut::<f32>()?;
        // Padding is zero, not the product of zeros, which is the bias.
        for row in product.chunks_exact_mut(unit.stride) {
            let [first, .., last] = row else { bail!("a row without padding") };
            (*first, *last) = (0.0, 0.0);
        }
        let before = unit.finished(state.received);
        state.received += rows;
        let handed = unit.finished(state.received) - before;
        for (channel, plane) in product.chunks_exact(rows * unit.stride).enumerate() {
            let Some(taps) = unit.taps.as_ref().and_then(|taps| taps.get(channel)) else {
                let next = states.first_mut().context("a stem without units")?;
                next.strip.take(channel, 0, &Raised { row: plane, floor: unit.floor })?;
                continue;
            };
            self.channel(unit, state, states.first_mut(), (channel, before, taps), plane)?;
        }
        self.advance(units, states, handed)
    }

    /// Finishes what can be finished of one channel, whose new rows these are; so many were handed on before.
    fn channel(
        &mut self,
        unit: &Unit,
        state: &mut State,
        next: Option<&mut State>,
        (channel, before, taps): (usize, usize, &Taps),
        plane: &[f32],
    ) -> TractResult<()> {
        let stride = unit.stride;
        let rows = plane.len() / stride;
        let last = state.last.get_mut(channel * 2 * stride..).and_then(|rest| rest.get_mut(..2 * stride));
        let last = last.context("no last rows")?;
        let bottom = (state.received == unit.height).then_some(self.zeros.get(..stride)).flatten();
        let begins = state.received == rows;
        // A row may wait for another to be halved with.
        let waiting = state.waiting.get_mut(channel * stride..).and_then(|rest| rest.get_mut(..stride));
        let waits = unit.halved && (state.received - rows).saturating_sub(1) % 2 == 1;
        let mut row = usize::from(waits);
        let mut next = next;
        let direct = !unit.halved && next.is_some();
        if !direct {
            state.finished.resize((rows + 2) * stride, 0.0);
            let first = state.finished.iter_mut().take(if waits { stride } else { 0 });
            first.zip(waiting.iter().flat_map(|waiting| waiting.iter())).for_each(|(first, value)| *first = *value);
        }
        for window in windows(last, plane, begins, bottom)?.into_iter().flatten() {
            let convolved = Convolved { taps, window, floor: unit.floor };
            let begin = row * stride + 1;
            match next.as_deref_mut().filter(|_| direct) {
                Some(next) => next.strip.take(channel, begin, &convolved)?,
                None => {
                    let out = state.finished.get_mut(begin..).and_then(|rest| rest.get_mut(..convolved.length()));
                    convolved.write(0, out.context("too many rows")?);
                }
            }
            row += window[0].len() / stride;
        }
        if !direct {
            let finished = state.finished.get(..row * stride).context("too few rows")?;
            self.hand_on(unit, next, (channel, before), finished)?;
            let odd = finished.chunks_exact(stride).nth(row.wrapping_sub(1)).filter(|_| row % 2 == 1);
            waiting.zip(odd).into_iter().for_each(|(waiting, odd)| waiting.copy_from_slice(odd));
        }
        remember(last, plane);
        Ok(())
    }

    /// Gives finished rows with their padding, halved or not, to the next unit or to the result.
    fn hand_on(
        &mut self,
        unit: &Unit,
        mut next: Option<&mut State>,
        (channel, before): (usize, usize),
        finished: &[f32],
    ) -> TractResult<()> {
        let inner = |row: &'_ [f32]| -> std::ops::Range<usize> { 1..row.len() - 1 };
        if !unit.halved {
            for (at, row) in finished.chunks_exact(unit.stride).enumerate() {
                self.row(channel, before + at)?.copy_from_slice(&row[inner(row)]);
            }
            return Ok(());
        }
        for (at, pair) in finished.chunks_exact(2 * unit.stride).enumerate() {
            let (upper, lower) = pair.split_at(unit.stride);
            let halved = Halved([&upper[inner(upper)], &lower[inner(lower)]]);
            match next.as_deref_mut() {
                Some(next) => next.strip.take(channel, at * (unit.stride / 2 + 1) + 1, &halved)?,
                None => halved.write(0, self.row(channel, before + at)?),
            }
        }
        Ok(())
    }

    /// A row of the result.
    fn row(&mut self, channel: usize, row: usize) -> TractResult<&mut [f32]> {
        let plane = self.planes.get_mut(channel).and_then(|plane| plane.chunks_exact_mut(self.columns).nth(row));
        plane.context("the result is too small")
    }
}

/// The rows above, at and below each row, or run of rows, that can be finished now, of a plane after whose `last` two
/// rows these rows come; `bottom` is what follows them if they end the plane, and `begins` tells that they begin it.
type Windows<'a> = [Option<[&'a [f32]; 3]>; 4];

fn windows<'a>(last: &'a [f32], plane: &'a [f32], begins: bool, bottom: Option<&'a [f32]>) -> TractResult<Windows<'a>> {
    let stride = last.len() / 2;
    let (older, newer) = last.split_at(stride);
    let row = |at: usize| plane.get(at * stride..).and_then(|rest| rest.get(..stride));
    let first = row(0).context("no row")?;
    let mut windows = [None; 4];
    windows[0] = (!begins).then_some([older, newer, first]);
    windows[1] = row(1).or(bottom).map(|below| [newer, first, below]);
    if let Some(inner) = plane.len().checked_sub(2 * stride) {
        let run = |at: usize| plane.get(at * stride..).and_then(|rest| rest.get(..inner)).context("too few rows");
        windows[2] = if inner > 0 { Some([run(0)?, run(1)?, run(2)?]) } else { None };
        let above = inner / stride;
        windows[3] = bottom.and_then(|bottom| Some([row(above)?, row(above + 1)?, bottom]));
    }
    Ok(windows)
}

/// Keeps the last two rows.
fn remember(last: &mut [f32], plane: &[f32]) {
    match plane.len().checked_sub(last.len()).and_then(|start| plane.get(start..)) {
        Some(two) => last.copy_from_slice(two),
        None => {
            last.rotate_left(plane.len());
            last.iter_mut().rev().zip(plane.iter().rev()).for_each(|(last, value)| *last = *value);
        }
    }
}

/// Makes one of the first unit's rows of the picture's rows, at this pixel of the strip.
pub(super) fn read(
    source: Source,
    picture: &[&[f32]],
    zeros: &[f32],
    row: usize,
    (strip, pixel): (&mut Strip, usize),
) -> TractResult<()> {
    let width = zeros.len();
    for (channel, plane) in picture.iter().enumerate() {
        let at = |row: usize| plane.get(row * width..).and_then(|rest| rest.get(..width)).unwrap_or(zeros);
        match source {
            Source::Plain => strip.take(channel, pixel, &at(row))?,
            Source::Halved => strip.take(channel, pixel, &Halved([at(2 * row), at(2 * row + 1)]))?,
            Source::Stem => {
                for tap in 0..3 {
                    let row = (2 * row + tap).checked_sub(1).map_or(zeros, at);
                    for first in -1..=1 {
                        let operand = channel * 9 + tap * 3 + (first + 1) as usize;
                        strip.take(operand, pixel, &Alternate { row, first })?;
                    }
                }
            }
        }
    }
    Ok(())
}
