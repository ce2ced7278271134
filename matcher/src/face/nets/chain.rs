//! Separable convolutions one behind the other, as one operation: pointwise, then 3 x 3 by channel, then what is
//! negative to zero, then halving by maximum, and on to the next.
//!
//! YuNet is made of such units. As nodes of their own each reads and writes whole layers, which do not fit the second
//! cache of a processor; in tract 0.23 copying, comparing and halving took longer than arithmetic. Here rows go through
//! all units while they are in cache: a unit takes rows until it has a strip of them, multiplies it, and hands each row
//! that it can finish to the next unit, straight into the order in which the matrix product wants its operand.

use tract_onnx::{
    Onnx,
    pb::NodeProto,
    tract_hir::internal::{InferenceResult, Solver, TensorProxy, *},
};

use super::{
    product::{Product, Strip},
    rows::{Alternate, Convolved, Halved, Raised, Row, Taps},
};

/// Name of the operation in a prepared graph. Inputs: the picture; of a stem weights and biases; of each unit pointwise
/// weights and biases, 3 x 3 weights and biases.
pub(super) const OPERATION: &str = "SeparableChain";
/// Attribute: how the picture is read, see [`Source`].
pub(super) const SOURCE: &str = "source";
/// Attribute, for each unit: whether what is negative becomes zero.
pub(super) const RECTIFIED: &str = "rectified";
/// Attribute, for each unit: whether the greatest of each 2 x 2 values is kept.
pub(super) const HALVED: &str = "halved";
/// Attribute: how many of the last unit's channels each output takes.
pub(super) const SPLIT: &str = "split";

/// Most values of a strip, before or after multiplication: strips and weights stay in a second cache of 512 kB.
const STRIP_VALUES_MAX: usize = 128 * 1024;

/// How the first unit's input is made of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// As it is.
    Plain = 0,
    /// The greatest of each 2 x 2 values.
    Halved = 1,
    /// By a convolution of 3 x 3 with stride 2 and one of padding around, then what is negative to zero.
    Stem = 2,
}

/// Makes models loaded with this reader know it.
pub(super) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert(OPERATION, |_, node: &NodeProto| {
        let find = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
        let attribute = |name: &str| find(name).with_context(|| format!("no {name}"));
        let flags = |name| Ok::<_, TractError>(attribute(name)?.ints.iter().map(|&flag| flag != 0));
        let source = match attribute(SOURCE)?.i {
            1 => Source::Halved,
            2 => Source::Stem,
            _ => Source::Plain,
        };
        let units = flags(RECTIFIED)?.zip(flags(HALVED)?).collect();
        let split = attribute(SPLIT)?.ints.iter().map(|&part| part as usize).collect();
        Ok((expand(Untyped { source, units, split }), vec![]))
    });
}

/// The chain before types and shapes are known.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Untyped {
    source: Source,
    /// For each unit whether it rectifies, and whether it halves.
    units: TVec<(bool, bool)>,
    split: TVec<usize>,
}

impl Untyped {
    /// How many of the picture's pixels are one of the result's, along a side.
    fn scale(&self) -> usize {
        let source = if self.source == Source::Plain { 1 } else { 2 };
        self.units.iter().fold(source, |scale, (_, halved)| if *halved { scale * 2 } else { scale })
    }
}

impl Expansion for Untyped {
    fn name(&self) -> StaticName {
        OPERATION.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.split.len())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_output_arity(outputs, self.split.len())?;
        for output in outputs {
            solver.equals(&output.datum_type, f32::datum_type())?;
        }
        solver.given(&inputs[0].shape, move |solver, shape| {
            let [batch, _, height, width] = shape.as_slice() else { bail!("a picture of shape {shape:?}") };
            for (output, part) in outputs.iter().zip(&self.split) {
                let size = [height, width].map(|side| side.clone() / self.scale());
                let [height, width] = size;
                solver.equals(&output.shape, ShapeFactoid::from(tvec!(batch.clone(), part.to_dim(), height, width)))?;
            }
            Ok(())
        })
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let fact = model.outlet_fact(*inputs.first().context("no input")?)?;
        let &[1, channels, height, width] = fact.shape.as_concrete().context("a picture of open shape")? else {
            bail!("{name} takes one picture, not {:?}", fact.shape)
        };
        let scale = self.scale();
        ensure!(
            height % scale == 0 && width % scale == 0,
            "{name}: sides {width} x {height} are no multiples of {scale}"
        );
        let mut constants = inputs.iter().skip(1).map(|input| {
            let constant = model.outlet_fact(*input)?.konst.clone();
            constant.with_context(|| format!("{name} has weights that are not constant"))
        });
        let mut next = || constants.next().context("too few weights")?;
        let mut size = if self.source == Source::Plain { [height, width] } else { [height / 2, width / 2] };
        // How many rows of the source make a strip.
        let rows = STRIP_VALUES_MAX / (size[1] + 2) / 32;
        let rows = (rows / scale * scale).max(scale * 2);
        let mut strips: Vec<usize> = (0..size[0]).step_by(rows).map(|row| rows.min(size[0] - row)).collect();
        let mut units = Vec::new();
        if self.source == Source::Stem {
            units.push(Unit::new(size, &mut strips, next()?, next()?, None, (true, false))?);
        }
        for &flags in &self.units {
            let (weights, biases) = (next()?, next()?);
            units.push(Unit::new(size, &mut strips, weights, biases, Some((next()?, next()?)), flags)?);
            size = if flags.1 { size.map(|side| side / 2) } else { size };
        }
        let channels_out = units.last().context("no unit")?.product.outputs();
        ensure!(
            channels_out == self.split.iter().sum::<usize>(),
            "{name}: {channels_out} channels, split {:?}",
            self.split
        );
        let chain = Chain {
            source: self.source,
            units,
            split: self.split.clone(),
            input: [channels, height, width],
            rows,
            size,
        };
        model.wire_node(name, chain, &inputs[..1])
    }
}

/// The chain for pictures of one size.
#[derive(Debug, Clone, PartialEq)]
struct Chain {
    source: Source,
    units: Vec<Unit>,
    split: TVec<usize>,
    /// Channels, height and width of the picture.
    input: [usize; 3],
    /// How many of the first unit's rows make a strip.
    rows: usize,
    /// Height and width of the result.
    size: [usize; 2],
}

impl Eq for Chain {}

/// One unit for pictures of one size. Its planes have a column of padding at either side, so that windows can run over
/// the ends of rows.
#[derive(Debug, Clone, PartialEq)]
struct Unit {
    product: Product,
    /// None in a stem, whose product is all of it.
    taps: Option<Vec<Taps>>,
    /// No value is less.
    floor: f32,
    halved: bool,
    /// Width of a row with its padding.
    stride: usize,
    height: usize,
}

impl Unit {
    /// For rows that come in strips of these heights, which become those of the next unit.
    fn new(
        [height, width]: [usize; 2],
        strips: &mut Vec<usize>,
        weights: Arc<Tensor>,
        biases: Arc<Tensor>,
        spatial: Option<(Arc<Tensor>, Arc<Tensor>)>,
        (rectified, halved): (bool, bool),
    ) -> TractResult<Self> {
        let outputs = weights.shape().first().copied().filter(|&outputs| outputs > 0).context("no weights")?;
        let channels = weights.len() / outputs;
        let taps = spatial.map(|(weights, biases)| -> TractResult<Vec<Taps>> {
            let (weights, biases) = (weights.try_as_plain_ram()?, biases.try_as_plain_ram()?);
            let weights = weights.as_slice::<f32>()?.as_chunks::<9>().0.iter();
            Ok(weights.zip(biases.as_slice::<f32>()?).map(|(&weights, &bias)| Taps { weights, bias }).collect())
        });
        let taps = taps.transpose()?;
        ensure!(taps.as_ref().is_none_or(|taps| taps.len() == outputs), "{outputs} channels and as many 3 x 3 weights");
        let stride = width + 2;
        let mut pixels: Vec<usize> = strips.iter().map(|rows| rows * stride).collect();
        pixels.sort_unstable();
        pixels.dedup();
        let weights = weights.into_tensor().into_shape(&[outputs, channels])?;
        let product = Product::new(&weights, biases, &pixels)?;
        let floor = if rectified { 0.0 } else { f32::NEG_INFINITY };
        let unit = Self { product, taps, floor, halved, stride, height };
        let (mut received, mut handed) = (0, 0);
        strips.iter_mut().for_each(|rows| {
            received += *rows;
            *rows = unit.finished(received) - handed;
            handed += *rows;
        });
        strips.retain(|rows| *rows > 0);
        Ok(unit)
    }

    /// How many rows it has handed on once it has received so many: a window needs the row below.
    fn finished(&self, received: usize) -> usize {
        let delay = usize::from(self.taps.is_some() && received < self.height);
        received.saturating_sub(delay) / if self.halved { 2 } else { 1 }
    }
}

impl Op for Chain {
    fn name(&self) -> StaticName {
        OPERATION.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Chain {
    not_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let input = input.try_as_plain_ram()?;
        let input = input.as_slice::<f32>()?;
        let [_, height, width] = self.input;
        let picture: Vec<&[f32]> = input.chunks_exact(height * width).collect();
        let [rows, columns] = self.size;
        let shapes = self.split.iter().map(|&part| Tensor::zero::<f32>(&[1, part, rows, columns]));
        let mut outputs: Vec<Tensor> = shapes.collect::<TractResult<_>>()?;
        let views = outputs.iter_mut().map(|output| output.try_as_plain_ram_mut());
        let mut views: Vec<_> = views.collect::<TractResult<_>>()?;
        let mut planes = Vec::new();
        for view in &mut views {
            planes.extend(view.as_slice_mut::<f32>()?.chunks_exact_mut(rows * columns));
        }
        let first = self.units.first().context("no unit")?;
        let mut states = self.units.iter().map(State::new).collect::<TractResult<Vec<_>>>()?;
        let zeros = vec![0.0; width + 2];
        let mut run = Run { context, planes, columns, zeros: &zeros };
        for begin in (0..first.height).step_by(self.rows) {
            let rows = self.rows.min(first.height - begin);
            let state = states.first_mut().context("no unit")?;
            for row in 0..rows {
                let pixel = row * first.stride + 1;
                read(self.source, &picture, &zeros[2..], begin + row, (&mut state.strip, pixel))?;
            }
            run.advance(&self.units, &mut states, rows)?;
        }
        drop(run);
        drop(views);
        Ok(outputs.into_iter().map(Tensor::into_tvalue).collect())
    }

    fn drop_session(&self, session: SessionId, node: usize) {
        self.units.iter().for_each(|unit| unit.product.drop_session(session, node));
    }
}

impl TypedOp for Chain {
    as_op!();

    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [height, width] = self.size;
        Ok(self.split.iter().map(|&part| f32::fact([1, part, height, width])).collect())
    }
}

/// What a unit keeps between strips: a 3 x 3 window spans two of them.
struct State {
    /// What came in since the last product.
    strip: Strip,
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
    fn new(unit: &Unit) -> TractResult<Self> {
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
struct Run<'a> {
    context: &'a EvalContext<'a>,
    /// The last unit's channels.
    planes: Vec<&'a mut [f32]>,
    /// Width of the last unit's rows.
    columns: usize,
    /// Stands for the row below the picture.
    zeros: &'a [f32],
}

impl Run<'_> {
    /// Lets the first of these units work on so many new rows, and then those behind it.
    fn advance(&mut self, units: &[Unit], states: &mut [State], rows: usize) -> TractResult<()> {
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

    /// Finishes what can be finished of one channel, whose new rows these are.
    fn channel(
        &mut self,
        unit: &Unit,
        state: &mut State,
        mut next: Option<&mut State>,
        (channel, before, taps): (usize, usize, &Taps),
        plane: &[f32],
    ) -> TractResult<()> {
        let stride = unit.stride;
        let rows = plane.len() / stride;
        let last = state.last.get_mut(channel * 2 * stride..).and_then(|rest| rest.get_mut(..2 * stride));
        let last = last.context("no last rows")?;
        let (older, newer) = last.split_at(stride);
        let (first, rest) = plane.split_at(stride);
        let bottom = self.zeros.get(..stride).context("no zeros")?;
        let (ends, begins) = (state.received == unit.height, state.received == rows);
        // The row above the first needs the two before; the first the one before; the others none.
        let mut windows = [None; 4];
        windows[0] = (!begins).then_some([older, newer, first]);
        if rows == 1 {
            windows[1] = ends.then_some([newer, first, bottom]);
        } else {
            windows[1] = rest.get(..stride).map(|second| [newer, first, second]);
            let inner = (rows - 2) * stride;
            windows[2] = (inner > 0).then(|| [&plane[..inner], &plane[stride..][..inner], &plane[2 * stride..]]);
            windows[3] = ends.then(|| [&plane[inner..][..stride], &plane[inner + stride..], bottom]);
        }
        let waits = unit.halved && (state.received - rows).saturating_sub(1) % 2 == 1;
        let mut row = usize::from(waits);
        let direct = !unit.halved && next.is_some();
        if !direct {
            state.finished.resize((rows + 2) * stride, 0.0);
        }
        let waiting = state.waiting.get_mut(channel * stride..).and_then(|rest| rest.get_mut(..stride));
        if let Some(waiting) = waiting.as_deref().filter(|_| waits) {
            state.finished[..stride].copy_from_slice(waiting);
        }
        for window in windows.into_iter().flatten() {
            let height = window[0].len() / stride;
            let convolved = Convolved { taps, window, floor: unit.floor };
            match next.as_deref_mut().filter(|_| direct) {
                Some(next) => next.strip.take(channel, row * stride + 1, &convolved)?,
                None => {
                    let out =
                        state.finished.get_mut(row * stride + 1..).and_then(|rest| rest.get_mut(..height * stride - 2));
                    convolved.write(0, out.context("too many rows")?);
                }
            }
            row += height;
        }
        let mut finished = state.finished.chunks_exact(stride).take(row).map(|row| &row[1..stride - 1]);
        if unit.halved {
            let pairs = state.finished.chunks_exact(2 * stride).take(row / 2);
            for (at, pair) in pairs.enumerate() {
                let halved = Halved([&pair[1..stride - 1], &pair[stride + 1..2 * stride - 1]]);
                match next.as_deref_mut() {
                    Some(next) => next.strip.take(channel, at * (stride / 2 + 1) + 1, &halved)?,
                    None => halved.write(0, self.row(channel, before + at)?),
                }
            }
            if row % 2 == 1
                && let Some(waiting) = waiting
                && let Some(odd) = state.finished.chunks_exact(stride).nth(row - 1)
            {
                waiting.copy_from_slice(odd);
            }
        } else if !direct {
            for at in 0..row {
                let values = finished.next().context("too few rows")?;
                self.row(channel, before + at)?.copy_from_slice(values);
            }
        }
        match plane.len().checked_sub(2 * stride).and_then(|start| plane.get(start..)) {
            Some(two) => last.copy_from_slice(two),
            None => {
                last.copy_within(stride.., 0);
                last.iter_mut().skip(stride).zip(plane).for_each(|(last, value)| *last = *value);
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

/// Makes one of the first unit's rows of the picture's rows, at this pixel of the strip.
fn read(
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
