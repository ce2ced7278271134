//! Inverted bottlenecks (ConvNeXt, Liu et al. 2022) as one operation: normalization over channels, pointwise to several
//! times as many, GELU, pointwise back, the block's own input added, pointwise once more.
//!
//! The wide layer in the middle is the largest of a net: LEADER's has 208 channels at half the picture's sides, 33 MB for
//! 416 x 384 pixels, which node by node is written and read four times. Pixels do not meet each other in any of these
//! steps, so here a strip of them goes through all while it is in cache.

use tract_onnx::{
    Onnx,
    pb::NodeProto,
    tract_hir::internal::{InferenceResult, Solver, TensorProxy, *},
};

use super::{
    planes::{Normalization, gelu},
    product::{Product, Strip},
};

/// Name of the operation in a prepared graph. Inputs: what is normalized; the block's input; gain and bias of the
/// normalization; weights and biases of the three products.
pub(super) const OPERATION: &str = "InvertedBottleneck";
/// Attribute: added to the variance.
pub(super) const EPSILON: &str = "epsilon";
/// Pixels of a strip, which with 208 channels takes 160 kB, and its packed copy as much: both stay in a second cache of
/// 512 kB. Two and four times as many, and other kernels of tract, were as fast within 4 %.
const STRIP_PIXELS: usize = 192;

/// Makes models loaded with this reader know it.
pub(super) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert(OPERATION, |_, node: &NodeProto| {
        let epsilon = node.attribute.iter().find(|attribute| attribute.name == EPSILON).context("no epsilon")?;
        Ok((expand(Untyped { epsilon: epsilon.f.to_bits() }), vec![]))
    });
}

/// The block before types and shapes are known.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Untyped {
    epsilon: u32,
}

impl Expansion for Untyped {
    fn name(&self) -> StaticName {
        OPERATION.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 10)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.equals(&inputs[0].shape, &inputs[1].shape)?;
        solver.equals(&outputs[0].rank, 4)?;
        solver.equals(&outputs[0].shape[1], &inputs[9].shape[0])?;
        for axis in [0, 2, 3] {
            solver.equals(&outputs[0].shape[axis], &inputs[0].shape[axis])?;
        }
        Ok(())
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let fact = model.outlet_fact(*inputs.first().context("no input")?)?;
        let &[1, channels, height, width] = fact.shape.as_concrete().context("a picture of open shape")? else {
            bail!("{name} takes one picture, not {:?}", fact.shape)
        };
        let mut constants = inputs.iter().skip(2).map(|input| {
            let constant = model.outlet_fact(*input)?.konst.clone();
            constant.with_context(|| format!("{name} has weights that are not constant"))
        });
        let mut next = || constants.next().context("too few weights")?;
        let (gain, bias) = (next()?, next()?);
        ensure!(gain.len() == channels && bias.len() == channels, "{name}: a gain for each of {channels} channels");
        let pixels = height * width;
        let strips: TVec<usize> =
            [STRIP_PIXELS.min(pixels), pixels % STRIP_PIXELS].into_iter().filter(|&strip| strip > 0).collect();
        let mut from = channels;
        let mut product = || -> TractResult<Product> {
            let (weights, biases) = (next()?, next()?);
            let to = biases.len();
            ensure!(weights.len() == from * to, "{name}: weights {:?} for {from} channels", weights.shape());
            let weights = weights.into_tensor().into_shape(&[to, from])?;
            from = to;
            Product::new(&weights, biases, &strips)
        };
        let products = [product()?, product()?, product()?];
        let [_, narrow, _] = &products;
        ensure!(narrow.outputs() == channels, "{name}: {} channels cannot be added to {channels}", narrow.outputs());
        let block = Bottleneck { gain, bias, epsilon: self.epsilon, products, height, width };
        model.wire_node(name, block, &inputs[..2])
    }
}

/// The block for pictures of one size.
#[derive(Debug, Clone, PartialEq)]
struct Bottleneck {
    gain: Arc<Tensor>,
    bias: Arc<Tensor>,
    epsilon: u32,
    /// To many channels, back, and to the block's output.
    products: [Product; 3],
    height: usize,
    width: usize,
}

impl Eq for Bottleneck {}

impl Bottleneck {
    /// Multiplies these rows, one for each channel, by this one of the products.
    fn step(&self, at: usize, context: &EvalContext, strips: &mut [Strip; 3], rows: &[f32]) -> TractResult<Tensor> {
        let (product, strip) = (&self.products[at], &mut strips[at]);
        let length = rows.len() / product.inputs();
        for (channel, row) in rows.chunks_exact(length).enumerate() {
            strip.take(channel, 0, &row)?;
        }
        // tract keeps something for each session and node: each product must be a node of its own to it.
        let node_id = context.node_id + ((at + 1) << 16);
        product.run(&EvalContext { node_id, ..*context }, strip, length)
    }
}

impl Op for Bottleneck {
    fn name(&self) -> StaticName {
        OPERATION.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Bottleneck {
    not_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (seen, own) = args_2!(inputs);
        let (seen, own) = (seen.try_as_plain_ram()?, own.try_as_plain_ram()?);
        let (seen, own) = (seen.as_slice::<f32>()?, own.as_slice::<f32>()?);
        let (gain, bias) = (self.gain.try_as_plain_ram()?, self.bias.try_as_plain_ram()?);
        let norm = Normalization {
            gain: gain.as_slice::<f32>()?,
            bias: bias.as_slice::<f32>()?,
            epsilon: f32::from_bits(self.epsilon),
        };
        let pixels = self.height * self.width;
        let outputs = self.products[2].outputs();
        let mut output = Tensor::zero::<f32>(&[1, outputs, self.height, self.width])?;
        let mut planes = output.try_as_plain_ram_mut()?;
        let planes = planes.as_slice_mut::<f32>()?;
        let [wide, narrow, last] = &self.products;
        let mut strips = [wide.strip()?, narrow.strip()?, last.strip()?];
        let activation = gelu()?;
        let mut normalized = vec![0.0; norm.gain.len() * STRIP_PIXELS.min(pixels)];
        for begin in (0..pixels).step_by(STRIP_PIXELS) {
            let length = STRIP_PIXELS.min(pixels - begin);
            let normalized = normalized.get_mut(..norm.gain.len() * length).context("too few channels")?;
            for (row, plane) in normalized.chunks_exact_mut(length).zip(seen.chunks_exact(pixels)) {
                row.copy_from_slice(&plane[begin..begin + length]);
            }
            norm.apply(normalized, length, None)?;
            let mut many = self.step(0, context, &mut strips, normalized)?;
            activation.run(many.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?)?;
            let mut few = self.step(1, context, &mut strips, many.try_as_plain_ram()?.as_slice::<f32>()?)?;
            let mut sum = few.try_as_plain_ram_mut()?;
            let sum = sum.as_slice_mut::<f32>()?;
            for (row, plane) in sum.chunks_exact_mut(length).zip(own.chunks_exact(pixels)) {
                row.iter_mut().zip(&plane[begin..]).for_each(|(sum, own)| *sum += own);
            }
            let result = self.step(2, context, &mut strips, sum)?;
            let result = result.try_as_plain_ram()?;
            for (row, plane) in result.as_slice::<f32>()?.chunks_exact(length).zip(planes.chunks_exact_mut(pixels)) {
                plane[begin..begin + length].copy_from_slice(row);
            }
        }
        Ok(tvec!(output.into()))
    }

    fn drop_session(&self, session: SessionId, node: usize) {
        self.products.iter().for_each(|product| product.drop_session(session, node));
    }
}

impl TypedOp for Bottleneck {
    as_op!();

    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let outputs = self.products[2].outputs();
        Ok(tvec!(f32::fact([1, outputs, self.height, self.width])))
    }
}
