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
const STRIP_VALUES_MAX: usize = 32 * 1024;

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
        let mut units = Vec::new();
        if self.source == Source::Stem {
            units.push(Unit::new(size, next()?, next()?, None, (true, false))?);
        }
        for &(rectified, halved) in &self.units {
            let (weights, biases) = (next()?, next()?);
            units.push(Unit::new(size, weights, biases, Some((next()?, next()?)), (rectified, halved))?);
            size = if halved { size.map(|side| side / 2) } else { size };
        }
        let channels_out = units.last().context("no unit")?.product.outputs();
        ensure!(
            channels_out == self.split.iter().sum::<usize>(),
            "{name}: {channels_out} channels, split {:?}",
            self.split
        );
        let chain =
            Chain { source: self.source, units, split: self.split.clone(), input: [channels, height, width], size };
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
    /// Height and width of the result.
    size: [usize; 2],
}

impl Eq for Chain {}

/// One unit for pictures of one size.
#[derive(Debug, Clone, PartialEq)]
struct Unit {
    product: Product,
    /// None in a stem, whose product is all of it.
    taps: Option<Vec<Taps>>,
    /// No value is less.
    floor: f32,
    halved: bool,
    /// Height of a strip.
    rows: usize,
    width: usize,
    height: usize,
}

impl Unit {
    fn new(
        [height, width]: [usize; 2],
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
        // All strips are equally high.
        let rows_max = STRIP_VALUES_MAX / (width * channels.max(outputs)).max(1);
        let fits = |rows: &usize| height.is_multiple_of(*rows);
        let rows = (2..=height.min(rows_max)).rev().find(fits).or_else(|| (2..=height).find(fits)).unwrap_or(height);
        let weights = weights.into_tensor().into_shape(&[outputs, channels])?;
        let product = Product::new(&weights, biases, rows * width)?;
        Ok(Self { product, taps, floor: if rectified { 0.0 } else { f32::NEG_INFINITY }, halved, rows, width, height })
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
        let mut states = self.units.iter().map(State::new).collect::<TractResult<Vec<_>>>()?;
        let zeros = vec![0.0; width];
        let mut run = Run { context, planes, zeros: &zeros };
        let first = self.units.first().context("no unit")?;
        for row in 0..first.height {
            let state = states.first_mut().context("no unit")?;
            read(self.source, &picture, width, row, &mut state.strip)?;
            run.advance(&self.units, &mut states)?;
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
    /// The rows that came in since the last product.
    strip: Strip,
    /// The product before this strip's; none yet above the picture.
    last: Option<Tensor>,
    /// Of each channel the two finished rows to be halved.
    pairs: Vec<f32>,
    /// How many rows are finished.
    done: usize,
}

impl State {
    fn new(unit: &Unit) -> TractResult<Self> {
        let pairs = vec![0.0; if unit.halved { 2 * unit.product.outputs() * unit.width } else { 0 }];
        Ok(Self { strip: unit.product.strip()?, last: None, pairs, done: 0 })
    }
}

/// One run of a chain.
struct Run<'a> {
    context: &'a EvalContext<'a>,
    /// The last unit's channels.
    planes: Vec<&'a mut [f32]>,
    /// Stands for rows outside the picture.
    zeros: &'a [f32],
}

impl Run<'_> {
    /// Lets the first of these units work if its strip is full, and then those behind it.
    fn advance(&mut self, units: &[Unit], states: &mut [State]) -> TractResult<()> {
        let (Some((unit, units)), Some((state, states))) = (units.split_first(), states.split_first_mut()) else {
            return Ok(());
        };
        if !state.strip.is_full() {
            return Ok(());
        }
        // tract keeps something for each session and node: each unit must be a node of its own to it.
        let node_id = self.context.node_id + (units.len() << 16);
        let product = unit.product.run(&EvalContext { node_id, ..*self.context }, &mut state.strip)?;
        let plain = product.try_as_plain_ram()?;
        let now: Vec<&[f32]> = plain.as_slice::<f32>()?.chunks_exact(unit.rows * unit.width).collect();
        let plain = state.last.as_ref().map(|last| last.try_as_plain_ram()).transpose()?;
        let before = plain.as_ref().map(|plain| plain.as_slice::<f32>()).transpose()?.unwrap_or_default();
        let before: Vec<&[f32]> = before.chunks_exact(unit.rows * unit.width).collect();
        // Rows are counted from the strip's first.
        let fetch = |channel: usize, row: isize| {
            let (planes, row) = if row < 0 { (&before, row + unit.rows as isize) } else { (&now, row) };
            let row = planes.get(channel).zip(usize::try_from(row).ok());
            row.and_then(|(plane, row)| plane.get(row * unit.width..)?.get(..unit.width))
        };
        let delay = usize::from(unit.taps.is_some());
        let end = state.done + delay + unit.rows == unit.height + if state.last.is_some() { 0 } else { delay };
        let first = if state.last.is_some() { -(delay as isize) } else { 0 };
        let last = if end { unit.rows } else { unit.rows - delay } as isize;
        let none = self.zeros.get(..unit.width).context("no zeros")?;
        for row in first..last {
            let row_is_second = state.done % 2 == 1;
            for channel in 0..unit.product.outputs() {
                let at = fetch(channel, row).context("the product is too small")?;
                let Some(taps) = unit.taps.as_ref().and_then(|taps| taps.get(channel)) else {
                    self.hand_on(states, channel, state.done, &Raised { row: at, floor: unit.floor })?;
                    continue;
                };
                let window = [fetch(channel, row - 1).unwrap_or(none), at, fetch(channel, row + 1).unwrap_or(none)];
                let convolved = Convolved { taps, window, floor: unit.floor };
                if !unit.halved {
                    self.hand_on(states, channel, state.done, &convolved)?;
                    continue;
                }
                let pair =
                    state.pairs.get_mut(channel * 2 * unit.width..).and_then(|rest| rest.get_mut(..2 * unit.width));
                let (upper, lower) = pair.context("no room for rows")?.split_at_mut(unit.width);
                if row_is_second {
                    convolved.write(0, lower);
                    self.hand_on(states, channel, state.done / 2, &Halved([upper, lower]))?;
                } else {
                    convolved.write(0, upper);
                }
            }
            state.done += 1;
            if !unit.halved || row_is_second {
                self.advance(units, states)?;
            }
        }
        drop((now, before));
        state.last = Some(product);
        Ok(())
    }

    /// Gives one channel's row to the next unit, or to the result.
    fn hand_on(&mut self, states: &mut [State], channel: usize, at: usize, row: &impl Row) -> TractResult<()> {
        if let Some(next) = states.first_mut() {
            return next.strip.take(channel, row);
        }
        let plane = self.planes.get_mut(channel).and_then(|plane| plane.chunks_exact_mut(row.length()).nth(at));
        row.write(0, plane.context("the result is too small")?);
        Ok(())
    }
}

/// Makes the first unit's row of the picture's rows.
fn read(source: Source, picture: &[&[f32]], width: usize, row: usize, strip: &mut Strip) -> TractResult<()> {
    let zeros = vec![0.0; width];
    for (channel, plane) in picture.iter().enumerate() {
        let at = |row: usize| plane.get(row * width..).and_then(|rest| rest.get(..width)).unwrap_or(&zeros);
        match source {
            Source::Plain => strip.take(channel, &at(row))?,
            Source::Halved => strip.take(channel, &Halved([at(2 * row), at(2 * row + 1)]))?,
            Source::Stem => {
                for tap in 0..3 {
                    let row = (2 * row + tap).checked_sub(1).map_or(zeros.as_slice(), at);
                    for first in -1..=1 {
                        let operand = channel * 9 + tap * 3 + (first + 1) as usize;
                        strip.take(operand, &Alternate { row, first })?;
                    }
                }
            }
        }
    }
    Ok(())
}
