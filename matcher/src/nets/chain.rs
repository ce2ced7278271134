//! Separable convolutions one behind the other, as one operation: pointwise, then 3 x 3 by channel, then what is
//! negative to zero, then halving by maximum, and on to the next.
//!
//! YuNet is made of such units. As nodes of their own each reads and writes whole layers, which do not fit the second
//! cache of a processor; in tract 0.23 copying, comparing and halving took longer than arithmetic. Here rows go through
//! all units while they are in cache: a unit takes rows until it has a strip of them, multiplies it, and hands each row
//! that it can finish to the next unit, straight into the order in which the matrix product wants its operand.
//!
//! YuNet at 320 x 320 took 1.8 to 2.0 times onnxruntime's time on the core, on a busy machine (`make bench`). Samples by
//! `perf`: tract's product kernels 36 %, what tract does around each of their tiles 6 %, 3 x 3 windows by channel 25 %,
//! making the first product's operand of the picture 8 %, handing rows on 6 %, padding 3 %, memory taken and cleared 5 %.
//! Compiling this crate for AVX2 instead of the baseline's SSE2 gained 2 %; reused buffers and a product without its
//! biases gained nothing. That points to waiting for caches rather than to arithmetic; the machine had no counters to
//! show it.

use tract_onnx::{
    Onnx,
    pb::NodeProto,
    tract_hir::internal::{InferenceResult, Solver, TensorProxy, *},
};

use super::{
    product::Product,
    rows::Taps,
    run::{Run, State, read},
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
pub(super) struct Unit {
    pub(super) product: Product,
    /// None in a stem, whose product is all of it.
    pub(super) taps: Option<Vec<Taps>>,
    /// No value is less.
    pub(super) floor: f32,
    pub(super) halved: bool,
    /// Width of a row with its padding.
    pub(super) stride: usize,
    pub(super) height: usize,
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
    pub(super) fn finished(&self, received: usize) -> usize {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tract_onnx::{
        pb::{self, AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto},
        prelude::*,
        tract_core::internal::Approximation,
    };

    use super::super::{reader, rewrite};

    /// Numbers that look like weights, the same in every run.
    struct Numbers(u32);

    impl Numbers {
        fn next(&mut self) -> f32 {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / (1 << 24) as f32 - 0.5
        }

        fn tensor(&mut self, name: String, dims: &[i64]) -> TensorProto {
            let raw_data = (0..dims.iter().product()).flat_map(|_| self.next().to_le_bytes()).collect();
            TensorProto { name, dims: dims.to_vec(), data_type: 1, raw_data, ..Default::default() }
        }
    }

    fn node(operation: &str, inputs: &[&str], output: &str, attributes: &[(&str, &[i64])]) -> pb::NodeProto {
        let attribute = |(name, ints): &(&str, &[i64])| {
            // Types 2 and 7 are INT and INTS.
            let (i, r#type) = if *name == "group" { (ints[0], 2) } else { (0, 7) };
            AttributeProto { name: (*name).into(), i, ints: ints.to_vec(), r#type, ..Default::default() }
        };
        pb::NodeProto {
            name: output.into(),
            op_type: operation.into(),
            input: inputs.iter().map(|&name| name.into()).collect(),
            output: vec![output.into()],
            attribute: attributes.iter().map(attribute).collect(),
            ..Default::default()
        }
    }

    /// A stem, five units of which one halves, a halving that two read, and two heads over one picture.
    fn net() -> ModelProto {
        let mut numbers = Numbers(1);
        let mut graph = GraphProto { name: "chains".into(), ..Default::default() };
        let mut convolve = |graph: &mut GraphProto, from: &str, to: &str, dims: [i64; 4], stride: i64| {
            let [weights, biases] = [format!("{to}.weights"), format!("{to}.biases")];
            graph.initializer.push(numbers.tensor(weights.clone(), &dims));
            graph.initializer.push(numbers.tensor(biases.clone(), &dims[..1]));
            let padding = if dims[2] == 3 { 1 } else { 0 };
            let group = if dims[2] == 3 && stride == 1 { dims[0] } else { 1 };
            let attributes: [(&str, &[i64]); 4] =
                [("kernel_shape", &dims[2..]), ("strides", &[stride; 2]), ("pads", &[padding; 4]), ("group", &[group])];
            graph.node.push(node("Conv", &[from, &weights, &biases], to, &attributes));
        };
        convolve(&mut graph, "input", "s", [5, 3, 3, 3], 2);
        graph.node.push(node("Relu", &["s"], "r0", &[]));
        for (from, to, [inputs, outputs]) in [
            ("r0", "1", [5, 7]),
            ("h1", "2", [7, 16]),
            ("r2", "3", [16, 40]),
            ("h3", "4", [40, 6]),
            ("r4", "5", [6, 6]),
        ] {
            convolve(&mut graph, from, &format!("p{to}"), [outputs, inputs, 1, 1], 1);
            convolve(&mut graph, &format!("p{to}"), &format!("d{to}"), [outputs, 1, 3, 3], 1);
            graph.node.push(node("Relu", &[&format!("d{to}")], &format!("r{to}"), &[]));
            if ["1", "3"].contains(&to) {
                let halving: [(&str, &[i64]); 3] = [("kernel_shape", &[2; 2]), ("strides", &[2; 2]), ("pads", &[0; 4])];
                graph.node.push(node("MaxPool", &[&format!("r{to}")], &format!("h{to}"), &halving));
            }
        }
        for (to, outputs) in [("a", 1), ("b", 4)] {
            convolve(&mut graph, "r5", &format!("p{to}"), [outputs, 6, 1, 1], 1);
            convolve(&mut graph, &format!("p{to}"), to, [outputs, 1, 3, 3], 1);
        }
        let floats = pb::type_proto::Tensor { elem_type: 1, shape: None };
        let r#type = pb::TypeProto { value: Some(pb::type_proto::Value::TensorType(floats)), ..Default::default() };
        let value =
            |name: &str| ValueInfoProto { name: name.into(), r#type: Some(r#type.clone()), ..Default::default() };
        graph.input = vec![value("input")];
        // The third unit's result is read by its halving and given out.
        graph.output = ["a", "b", "r3"].map(value).to_vec();
        let opset_import = vec![pb::OperatorSetIdProto { domain: String::new(), version: 13 }];
        ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }
    }

    fn run(proto: &ModelProto, [height, width]: [usize; 2]) -> Vec<Tensor> {
        let mut model = reader().model_for_proto_model(proto).unwrap();
        model.set_input_fact(0, f32::fact([1, 3, height, width]).into()).unwrap();
        let plan = model.into_optimized().unwrap().into_runnable().unwrap();
        let mut numbers = Numbers(2);
        let values: Vec<f32> = (0..3 * height * width).map(|_| numbers.next()).collect();
        let input = || Tensor::from_shape(&[1, 3, height, width], &values).unwrap().into_tvalue();
        plan.run(tvec!(input())).unwrap();
        plan.run(tvec!(input())).unwrap().into_iter().map(|output| output.into_tensor()).collect()
    }

    #[test]
    fn chains_compute_what_single_nodes_do_at_any_size() {
        let (plain, mut chained) = (net(), net());
        rewrite::fuse(chained.graph.as_mut().unwrap()).unwrap();
        let nodes = &chained.graph.as_ref().unwrap().node;
        // The stem with three units; a halving with the rest and both heads.
        assert_eq!(nodes.iter().map(|node| node.op_type.as_str()).collect::<Vec<_>>(), [super::OPERATION; 2]);
        // From a single row in the middle to several strips, of unlike heights.
        for size in [[8, 8], [8, 64], [16, 24], [40, 16], [96, 64], [200, 8], [320, 256]] {
            for (plain, chained) in run(&plain, size).iter().zip(&run(&chained, size)) {
                chained.close_enough(plain, Approximation::Approximate).unwrap();
                assert!(chained.to_plain_array_view::<f32>().unwrap().iter().any(|value| *value != 0.0));
            }
        }
    }
}
