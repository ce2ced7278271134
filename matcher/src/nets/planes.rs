//! Operations over the planes of one picture (1 x channels x rows x columns), each in one pass.
//!
//! ONNX writes normalization over channels in eleven nodes and GELU in eight, each of which reads and writes a whole
//! layer: in onnxruntime they take more of LEADER's time than its convolutions.

use tract_onnx::{
    Onnx,
    pb::{AttributeProto, NodeProto},
    tract_core::internal::tract_linalg::{Func, element_wise::ElementWise},
    tract_hir::internal::{InferenceResult, Solver, TensorProxy, *},
};

/// Names of the operations in a prepared graph. Normalization: the picture, gain and bias by channel.
pub(super) const NORMALIZED: &str = "ChannelNormalization";
/// GELU by its tanh formula.
pub(super) const GELU: &str = "PlanesGelu";
/// Half the rows and columns: of the first channels the greatest of each 2 x 2 values, of the others their mean.
pub(super) const HALVED: &str = "PlanesHalved";
/// Each row and column twice.
pub(super) const DOUBLED: &str = "PlanesDoubled";
/// Attribute of normalization: added to the variance.
pub(super) const EPSILON: &str = "epsilon";
/// Attribute of normalization: whether GELU follows.
pub(super) const ACTIVATED: &str = "activated";
/// Attribute of halving: how many channels by the greatest.
pub(super) const GREATEST: &str = "greatest";

/// As many pixels of all channels as stay in a processor's first cache, or nearly.
const BLOCK_PIXELS: usize = 256;

/// A node of one of these operations, named after its output.
pub(super) fn node(operation: &str, output: &str, inputs: &[String], attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        name: output.into(),
        op_type: operation.into(),
        input: inputs.to_vec(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

/// Makes models loaded with this reader know them.
pub(super) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert(NORMALIZED, |_, node: &NodeProto| {
        let epsilon = attribute(node, EPSILON)?.f.to_bits();
        Ok((expand(Planes::Normalized { epsilon, activated: attribute(node, ACTIVATED)?.i != 0 }), vec![]))
    });
    onnx.op_register.insert(GELU, |_, _| Ok((expand(Planes::Gelu), vec![])));
    onnx.op_register.insert(HALVED, |_, node: &NodeProto| {
        Ok((expand(Planes::Halved { greatest: attribute(node, GREATEST)?.i as usize }), vec![]))
    });
    onnx.op_register.insert(DOUBLED, |_, _| Ok((expand(Planes::Doubled), vec![])));
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> TractResult<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name).with_context(|| format!("no {name}"))
}

/// Which operation.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
enum Planes {
    Normalized { epsilon: u32, activated: bool },
    Gelu,
    Halved { greatest: usize },
    Doubled,
}

impl Planes {
    /// A side of the result.
    fn side<D: DimLike>(&self, side: D) -> D {
        match self {
            Self::Normalized { .. } | Self::Gelu => side,
            Self::Halved { .. } => side / 2,
            Self::Doubled => side * 2,
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Normalized { .. } => NORMALIZED,
            Self::Gelu => GELU,
            Self::Halved { .. } => HALVED,
            Self::Doubled => DOUBLED,
        }
    }
}

impl Expansion for Planes {
    fn name(&self) -> StaticName {
        self.label().into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, if matches!(self, Self::Normalized { .. }) { 3 } else { 1 })?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.given(&inputs[0].shape, move |solver, shape| {
            let [batch, channels, height, width] = shape.as_slice() else { bail!("a picture of shape {shape:?}") };
            let sides = [height, width].map(|side| self.side(side.clone()));
            let [height, width] = sides;
            solver.equals(&outputs[0].shape, ShapeFactoid::from(tvec!(batch.clone(), channels.clone(), height, width)))
        })
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(name, self.clone(), inputs)
    }
}

impl Op for Planes {
    fn name(&self) -> StaticName {
        self.label().into()
    }

    op_as_typed_op!();
}

impl EvalOp for Planes {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut inputs = inputs.into_iter();
        let input = inputs.next().context("no picture")?;
        let &[1, channels, height, width] = input.shape() else { bail!("a picture of shape {:?}", input.shape()) };
        let output = match self {
            Self::Gelu => {
                let mut tensor = input.into_tensor();
                gelu()?.run(tensor.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?)?;
                tensor
            }
            Self::Normalized { epsilon, activated } => {
                let (gain, bias) = (inputs.next().context("no gain")?, inputs.next().context("no bias")?);
                let (gain, bias) = (gain.try_as_plain_ram()?, bias.try_as_plain_ram()?);
                let mut tensor = input.into_tensor();
                let norm = Normalization {
                    gain: gain.as_slice::<f32>()?,
                    bias: bias.as_slice::<f32>()?,
                    epsilon: f32::from_bits(*epsilon),
                };
                ensure!(norm.gain.len() == channels && norm.bias.len() == channels, "a gain for each channel");
                let activation = if *activated { Some(gelu()?) } else { None };
                let mut values = tensor.try_as_plain_ram_mut()?;
                norm.apply(values.as_slice_mut::<f32>()?, height * width, activation.as_deref())?;
                tensor
            }
            Self::Halved { greatest } => {
                ensure!(height % 2 == 0 && width % 2 == 0, "odd sides cannot be halved");
                let mut tensor = Tensor::zero::<f32>(&[1, channels, height / 2, width / 2])?;
                let input = input.try_as_plain_ram()?;
                let from = input.as_slice::<f32>()?.chunks_exact(2 * width);
                let mut to = tensor.try_as_plain_ram_mut()?;
                for (row, (pair, out)) in from.zip(to.as_slice_mut::<f32>()?.chunks_exact_mut(width / 2)).enumerate() {
                    halve(pair.split_at(width), out, row < greatest * (height / 2));
                }
                tensor
            }
            Self::Doubled => {
                let mut tensor = Tensor::zero::<f32>(&[1, channels, 2 * height, 2 * width])?;
                let input = input.try_as_plain_ram()?;
                let from = input.as_slice::<f32>()?.chunks_exact(width);
                let mut to = tensor.try_as_plain_ram_mut()?;
                from.zip(to.as_slice_mut::<f32>()?.chunks_exact_mut(4 * width)).for_each(|(row, out)| double(row, out));
                tensor
            }
        };
        Ok(tvec!(output.into()))
    }
}

impl TypedOp for Planes {
    as_op!();

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [batch, channels, height, width] = inputs[0].shape.dims() else { bail!("not a picture") };
        let sides = [height, width].map(|side| self.side(side.clone()));
        let [height, width] = sides;
        Ok(tvec!(f32::fact([batch.clone(), channels.clone(), height, width])))
    }
}

/// tract's kernel for this processor.
pub(super) fn gelu() -> TractResult<Box<dyn ElementWise<f32>>> {
    Func::Gelu.ew_f32()
}

/// `(x - mean) / sqrt(variance + epsilon) * gain + bias`, with mean and variance over a pixel's channels.
pub(super) struct Normalization<'a> {
    pub(super) gain: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) epsilon: f32,
}

impl Normalization<'_> {
    /// Over planes of so many pixels, in place.
    pub(super) fn apply(
        &self,
        planes: &mut [f32],
        pixels: usize,
        activation: Option<&dyn ElementWise<f32>>,
    ) -> TractResult<()> {
        for begin in (0..pixels).step_by(BLOCK_PIXELS) {
            let length = BLOCK_PIXELS.min(pixels - begin);
            let (mut mean, mut scale) = ([0.0f32; BLOCK_PIXELS], [0.0f32; BLOCK_PIXELS]);
            let (mean, scale) = (&mut mean[..length], &mut scale[..length]);
            let many = self.gain.len() as f32;
            for plane in planes.chunks_exact(pixels) {
                mean.iter_mut().zip(&plane[begin..]).for_each(|(sum, value)| *sum += value);
            }
            mean.iter_mut().for_each(|sum| *sum /= many);
            for plane in planes.chunks_exact(pixels) {
                for ((sum, value), mean) in scale.iter_mut().zip(&plane[begin..]).zip(&*mean) {
                    *sum += (value - mean) * (value - mean);
                }
            }
            scale.iter_mut().for_each(|sum| *sum = 1.0 / (*sum / many + self.epsilon).sqrt());
            for ((plane, gain), bias) in planes.chunks_exact_mut(pixels).zip(self.gain).zip(self.bias) {
                let block = &mut plane[begin..begin + length];
                for ((value, mean), scale) in block.iter_mut().zip(&*mean).zip(&*scale) {
                    *value = (*value - mean) * (scale * gain) + bias;
                }
                activation.map_or(Ok(()), |activation| activation.run(block))?;
            }
        }
        Ok(())
    }
}

fn halve((upper, lower): (&[f32], &[f32]), out: &mut [f32], greatest: bool) {
    let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
    // One instruction, which `f32::max` is not.
    let greater = |a: f32, b: f32| if a > b { a } else { b };
    if greatest {
        let of = |(a, b): (&[f32; 2], &[f32; 2])| greater(greater(a[0], a[1]), greater(b[0], b[1]));
        out.iter_mut().zip(pairs).for_each(|(out, pair)| *out = of(pair));
    } else {
        out.iter_mut().zip(pairs).for_each(|(out, (a, b))| *out = 0.25 * ((a[0] + a[1]) + (b[0] + b[1])));
    }
}

/// A row into two rows of twice its width.
fn double(row: &[f32], out: &mut [f32]) {
    let (upper, lower) = out.split_at_mut(2 * row.len());
    upper.as_chunks_mut::<2>().0.iter_mut().zip(row).for_each(|(pair, value)| *pair = [*value; 2]);
    lower.copy_from_slice(upper);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(operation: &Planes, shape: [usize; 4], values: &[f32], more: &[&[f32]]) -> TractResult<Vec<f32>> {
        let picture = Tensor::from_shape(&shape, values)?;
        let more = more.iter().map(|values| Tensor::from_shape(&[1, values.len(), 1, 1], values));
        let mut inputs: TVec<TValue> = tvec!(picture.into());
        for tensor in more {
            inputs.push(tensor?.into());
        }
        let outputs = operation.eval(&EvalContext::out_of_plan(), inputs)?;
        Ok(outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect())
    }

    #[test]
    fn halving_takes_the_greatest_of_the_first_channels_and_the_mean_of_the_others() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -8.0];
        let both: Vec<f32> = values.iter().chain(&values).copied().collect();
        let halved = run(&Planes::Halved { greatest: 1 }, [1, 2, 2, 4], &both, &[]).unwrap();
        assert_eq!(halved, [6.0, 7.0, 3.5, 1.5]);
        assert!(run(&Planes::Halved { greatest: 1 }, [1, 1, 2, 1], &[1.0, 2.0], &[]).is_err());
    }

    #[test]
    fn doubling_repeats_rows_and_columns() {
        let doubled = run(&Planes::Doubled, [1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0], &[]).unwrap();
        assert_eq!(doubled, [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 3.0, 3.0, 4.0, 4.0]);
    }

    #[test]
    fn normalization_is_over_channels_at_each_pixel() {
        // More pixels than one block; two channels whose difference grows.
        let pixels = BLOCK_PIXELS + 3;
        let values: Vec<f32> = (0..2 * pixels).map(|at| if at < pixels { 1.0 } else { at as f32 }).collect();
        let norm = Planes::Normalized { epsilon: 0.25f32.to_bits(), activated: false };
        let found = run(&norm, [1, 2, 1, pixels], &values, &[&[1.0, 2.0], &[0.5, -0.5]]).unwrap();
        for at in 0..pixels {
            let half = ((at + pixels) as f32 - 1.0) / 2.0;
            let unit = half / (half * half + 0.25).sqrt();
            assert!((found[at] - (0.5 - unit)).abs() < 1e-5, "{} {unit}", found[at]);
            assert!((found[pixels + at] - (2.0 * unit - 0.5)).abs() < 1e-5);
        }
        let activated = Planes::Normalized { epsilon: 0.25f32.to_bits(), activated: true };
        let both = run(&activated, [1, 2, 1, pixels], &values, &[&[1.0, 2.0], &[0.5, -0.5]]).unwrap();
        let after = run(&Planes::Gelu, [1, 2, 1, pixels], &found, &[]).unwrap();
        assert!(both.iter().zip(&after).all(|(one, other)| (one - other).abs() < 1e-6));
        assert!(run(&norm, [1, 2, 1, 1], &[1.0, 2.0], &[&[1.0], &[0.0]]).is_err());
    }

    #[test]
    fn gelu_is_its_tanh_formula() {
        let values: Vec<f32> = (-60..=60).map(|at| at as f32 / 10.0).collect();
        let found = run(&Planes::Gelu, [1, 1, 1, values.len()], &values, &[]).unwrap();
        for (x, found) in values.iter().zip(found) {
            let expected = 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh());
            assert!((found - expected).abs() < 1e-5, "{x}: {found}, not {expected}");
        }
    }
}
