//! Separable convolution in one pass: pointwise, then 3 x 3 by channel, then what is negative to zero, then halving.
//!
//! YuNet is made of such units. As nodes of their own each reads and writes whole layers; in tract 0.23 the copying,
//! comparing and halving took longer than the arithmetic.

use tract_onnx::{
    Onnx,
    pb::NodeProto,
    tract_hir::internal::{InferenceResult, Solver, TensorProxy, *},
};

use super::{
    product::Product,
    rows::{self, Taps},
};

/// Name of the operation in a prepared graph. Inputs: picture, pointwise weights and biases, 3 x 3 weights and biases.
pub(super) const OPERATION: &str = "SeparableConvolution";
/// Attribute: whether what is negative becomes zero.
pub(super) const RECTIFIED: &str = "rectified";
/// Attribute: whether the greatest of each 2 x 2 values is kept.
pub(super) const HALVED: &str = "halved";
/// Attribute: how many channels each output takes.
pub(super) const SPLIT: &str = "split";

/// Values of a strip, input or output: it stays in the second cache of small processors.
const STRIP_VALUES: usize = 48 * 1024;

/// Makes models loaded with this reader know it.
pub(super) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert(OPERATION, |_, node: &NodeProto| {
        let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
        let flag = |name: &str| attribute(name).is_some_and(|attribute| attribute.i != 0);
        let split = attribute(SPLIT).context("no split")?.ints.iter().map(|&part| part as usize).collect();
        Ok((expand(Untyped { rectified: flag(RECTIFIED), halved: flag(HALVED), split }), vec![]))
    });
}

/// The unit before types and shapes are known.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Untyped {
    rectified: bool,
    halved: bool,
    split: TVec<usize>,
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
        check_input_arity(inputs, 5)?;
        check_output_arity(outputs, self.split.len())?;
        for output in outputs {
            solver.equals(&output.datum_type, f32::datum_type())?;
        }
        solver.given(&inputs[0].shape, move |solver, shape| {
            let &[ref batch, _, ref height, ref width] = shape.as_slice() else {
                bail!("a picture of shape {shape:?}")
            };
            let scale = if self.halved { 2 } else { 1 };
            for (output, part) in outputs.iter().zip(&self.split) {
                let shape = tvec!(batch.clone(), part.to_dim(), height.clone() / scale, width.clone() / scale);
                solver.equals(&output.shape, ShapeFactoid::from(shape))?;
            }
            Ok(())
        })
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let constant = |at: usize| {
            let constant = model.outlet_fact(inputs[at])?.konst.clone();
            constant.with_context(|| format!("input {at} of {name} is not constant"))
        };
        let fact = model.outlet_fact(inputs[0])?;
        let &[1, channels, height, width] = fact.shape.as_concrete().context("a picture of open shape")? else {
            bail!("{name} takes one picture, not {:?}", fact.shape)
        };
        ensure!(!self.halved || height % 2 == 0 && width % 2 == 0, "{name}: {width} x {height} cannot be halved");
        let (pointwise, weights, biases) = (constant(1)?, constant(3)?, constant(4)?);
        let outputs = self.split.iter().sum::<usize>();
        let pointwise = pointwise.into_tensor().into_shape(&[outputs, channels])?;
        let weights = weights.try_as_plain_ram()?.as_slice::<f32>()?.as_chunks::<9>().0.iter();
        let biases = biases.try_as_plain_ram()?.as_slice::<f32>()?.iter();
        let taps: Vec<Taps> = weights.zip(biases).map(|(&weights, &bias)| Taps { weights, bias }).collect();
        ensure!(taps.len() == outputs, "{name}: {} channels by themselves, not {outputs}", taps.len());
        // All strips are equally high.
        let rows_max = (STRIP_VALUES / width.max(1) / channels.max(outputs).max(1)).max(1);
        let rows = (1..=height.min(rows_max)).rev().find(|rows| height.is_multiple_of(*rows)).unwrap_or(1);
        let unit = Separable {
            product: Product::new(&pointwise, constant(2)?, rows * width)?,
            taps,
            rectified: self.rectified,
            halved: self.halved,
            split: self.split.clone(),
            rows,
            size: [height, width],
        };
        model.wire_node(name, unit, &inputs[..1])
    }
}

/// The unit for pictures of one size.
#[derive(Debug, Clone, PartialEq)]
struct Separable {
    product: Product,
    taps: Vec<Taps>,
    rectified: bool,
    halved: bool,
    split: TVec<usize>,
    /// Height of a strip.
    rows: usize,
    /// Height and width of the picture.
    size: [usize; 2],
}

impl Eq for Separable {}

impl Op for Separable {
    fn name(&self) -> StaticName {
        OPERATION.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Separable {
    not_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [height, width] = self.size;
        let input = args_1!(inputs);
        let input = input.try_as_plain_ram()?;
        let input = input.as_slice::<f32>()?;
        let facts = self.outputs();
        let mut outputs: Vec<Tensor> =
            facts.iter().map(|shape| Tensor::zero::<f32>(shape)).collect::<TractResult<_>>()?;
        let mut planes = Vec::with_capacity(self.taps.len());
        let mut views: Vec<_> =
            outputs.iter_mut().map(|output| output.try_as_plain_ram_mut()).collect::<TractResult<_>>()?;
        let plane = if self.halved { height * width / 4 } else { height * width };
        for view in &mut views {
            planes.extend(view.as_slice_mut::<f32>()?.chunks_exact_mut(plane));
        }
        ensure!(planes.len() == self.taps.len(), "{} planes for {} channels", planes.len(), self.taps.len());
        let mut buffer = self.product.buffer()?;
        let mut carried: Vec<Carried> = self.taps.iter().map(|_| Carried::new(width)).collect();
        let zeros = vec![0.0; width];
        let pixels = self.rows * width;
        for at in 0..height / self.rows {
            let strip = input.chunks_exact(height * width).filter_map(|plane| plane.chunks_exact(pixels).nth(at));
            let product = self.product.run(context, &mut buffer, strip)?;
            let product = product.try_as_plain_ram()?;
            let product = product.as_slice::<f32>()?.chunks_exact(pixels);
            let last = (at + 1) * self.rows == height;
            for (((strip, taps), carried), plane) in product.zip(&self.taps).zip(&mut carried).zip(&mut planes) {
                carried.strip(self, taps, strip, last.then_some(zeros.as_slice()), plane);
            }
        }
        drop(planes);
        drop(views);
        Ok(outputs.into_iter().map(Tensor::into_tvalue).collect())
    }

    fn drop_session(&self, session: SessionId, node: usize) {
        self.product.drop_session(session, node);
    }
}

impl TypedOp for Separable {
    as_op!();

    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(self.outputs().iter().map(f32::fact).collect())
    }
}

impl Separable {
    fn outputs(&self) -> TVec<[usize; 4]> {
        let scale = if self.halved { 2 } else { 1 };
        self.split.iter().map(|&part| [1, part, self.size[0] / scale, self.size[1] / scale]).collect()
    }
}

/// What one channel keeps between strips: a 3 x 3 window spans two of them.
struct Carried {
    /// The last two rows, the older first; at first the zeros above the picture.
    rows: [Vec<f32>; 2],
    /// Two rows of the result before halving.
    pair: [Vec<f32>; 2],
    /// How many windows have passed; the first lies above the picture.
    passed: usize,
}

impl Carried {
    fn new(width: usize) -> Self {
        let row = || vec![0.0; width];
        Self { rows: [row(), row()], pair: [row(), row()], passed: 0 }
    }

    /// Convolves as far as the strip goes; `below` is what follows the picture's last row.
    fn strip(&mut self, unit: &Separable, taps: &Taps, strip: &[f32], below: Option<&[f32]>, plane: &mut [f32]) {
        let width = unit.size[1];
        let floor = if unit.rectified { 0.0 } else { f32::NEG_INFINITY };
        let [mut above, mut at] = self.rows.each_ref().map(Vec::as_slice);
        for below in strip.chunks_exact(width).chain(below) {
            let window = [above, at, below];
            (above, at) = (at, below);
            self.passed += 1;
            // The first window would give the row above the picture.
            let Some(row) = self.passed.checked_sub(2) else { continue };
            if !unit.halved {
                plane.chunks_exact_mut(width).nth(row).into_iter().for_each(|out| taps.convolve(window, floor, out));
                continue;
            }
            let [upper, lower] = &mut self.pair;
            taps.convolve(window, floor, if row % 2 == 0 { &mut *upper } else { &mut *lower });
            if row % 2 == 1 {
                let halved = plane.chunks_exact_mut(width / 2).nth(row / 2);
                halved.into_iter().for_each(|out| rows::halve([upper, lower], out));
            }
        }
        self.rows.swap(0, 1);
        for (kept, row) in self.rows.iter_mut().rev().zip(strip.chunks_exact(width).rev()) {
            kept.copy_from_slice(row);
        }
    }
}
