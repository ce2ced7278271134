//! PReLU in one pass. tract's own reading of it (multiply, compare, choose) took half of SFace's time.

use tract_onnx::{
    Onnx,
    tract_hir::internal::{InferenceResult, Solver, TensorProxy, *},
};

/// Makes models loaded with this reader use it.
pub(super) fn register(onnx: &mut Onnx) {
    onnx.op_register.insert("PRelu", |_, _| Ok((expand(Untyped), vec![])));
}

/// PReLU before types and shapes are known.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Untyped;

impl Expansion for Untyped {
    fn name(&self) -> StaticName {
        "ChannelPRelu".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&inputs[0].datum_type, f32::datum_type())?;
        solver.equals(&inputs[1].datum_type, f32::datum_type())?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.equals(&inputs[0].shape, &outputs[0].shape)
    }

    fn wire(&self, name: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(name, PRelu, inputs)
    }
}

/// `x` where it is positive, else `slope x`; a slope for each channel (NCHW) or one for all.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct PRelu;

impl Op for PRelu {
    fn name(&self) -> StaticName {
        "ChannelPRelu".into()
    }

    op_as_typed_op!();
}

impl EvalOp for PRelu {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (input, slopes) = args_2!(inputs);
        let slopes = slopes.try_as_plain_ram()?;
        let slopes = slopes.as_slice::<f32>()?;
        let mut tensor = input.into_tensor();
        let channels = tensor.shape().get(1).copied().unwrap_or(1);
        ensure!(slopes.len() == 1 || slopes.len() == channels, "{} slopes for {channels} channels", slopes.len());
        let plane = tensor.shape().iter().skip(2).product::<usize>().max(1);
        let mut values = tensor.try_as_plain_ram_mut()?;
        for (plane, &slope) in values.as_slice_mut::<f32>()?.chunks_exact_mut(plane).zip(slopes.iter().cycle()) {
            plane.iter_mut().for_each(|value| *value = if *value > 0.0 { *value } else { slope * *value });
        }
        Ok(tvec!(tensor.into()))
    }
}

impl TypedOp for PRelu {
    as_op!();

    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec!(inputs[0].without_value()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(slopes: &[f32]) -> TractResult<Vec<f32>> {
        // Two pictures of two channels of two values.
        let input = Tensor::from_shape(&[2, 2, 1, 2], &[1.0f32, -1.0, 2.0, -2.0, 0.0, -3.0, -4.0, 4.0])?;
        let slopes = Tensor::from_shape(&[slopes.len(), 1, 1], slopes)?;
        let context = EvalContext::out_of_plan();
        let outputs = PRelu.eval(&context, tvec!(input.into(), slopes.into()))?;
        Ok(outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect())
    }

    #[test]
    fn only_what_is_negative_is_scaled_and_by_its_channel() {
        assert_eq!(run(&[0.5, 0.25]).unwrap(), [1.0, -0.5, 2.0, -0.5, 0.0, -1.5, -1.0, 4.0]);
        assert_eq!(run(&[2.0]).unwrap(), [1.0, -2.0, 2.0, -4.0, 0.0, -6.0, -8.0, 4.0]);
        assert!(run(&[1.0, 1.0, 1.0]).is_err());
    }
}
