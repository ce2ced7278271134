//! Pointwise (1 x 1) convolution of a strip of a picture, by tract's matrix product.
//!
//! tract packs the whole picture, multiplies it, and writes it all back before the next operation reads it: a layer of
//! YuNet's first half is larger than the processor's second cache. Here a strip of rows is packed, multiplied and handed
//! on while it is in cache, with the same kernels.

use std::sync::Arc;

use tract_onnx::tract_core::internal::tract_linalg::{
    BinOp, MmmDispatch, WeightType,
    mmm::{EagerPackedInput, OutputStoreSpec, PackedMatrixStorage, Query},
    pack::PackedFormat,
};
use tract_onnx::{
    prelude::*,
    tract_core::{
        internal::*,
        ops::matmul::{
            ModePicker,
            optimized::{AddMatMulGeometry, MapOutputAxisToInput, MatMulOperand, OptMatMul, ProtoFusedSpec},
        },
    },
};

/// `out[o][p] = bias[o] + sum over i of weight[o][i] in[i][p]`, for a fixed number of pixels p.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Product {
    product: OptMatMul,
    format: PackedFormat,
    bias: Arc<Tensor>,
    channels: usize,
    pixels: usize,
}

impl Product {
    /// For weights `[outputs, inputs]`, as many biases, and strips of so many pixels.
    pub(super) fn new(weights: &Tensor, bias: Arc<Tensor>, pixels: usize) -> TractResult<Self> {
        let &[outputs, channels] = weights.shape() else { bail!("weights of shape {:?}", weights.shape()) };
        ensure!(bias.shape() == [outputs], "{outputs} biases expected, not {:?}", bias.shape());
        // The pixels are the rows of the product: its kernels store those side by side, as planes are.
        let query = Query {
            weight: WeightType::Plain(f32::datum_type()),
            activation: f32::datum_type(),
            accumulators: tvec!(f32::datum_type()),
            store: Some(f32::datum_type()),
            allow_extractor: false,
            m: Some(pixels),
            k: Some(channels),
            n: Some(outputs),
        };
        let (kernel, packing, _) = MmmDispatch::native().pick(&query).context("no kernel for this product")?;
        let (pixel_format, weight_format) = kernel.packings().get(packing).context("the kernel has no such packing")?;
        let format = pixel_format.downcast_ref::<PackedFormat>().context("the kernel packs in another way")?.clone();
        let packed = weight_format.prepare_one(weights, 1, 0)?;
        let whole = || MapOutputAxisToInput(tvec!());
        let geo =
            AddMatMulGeometry { k: channels.to_dim(), c_to_a_axis_mapping: whole(), c_to_b_axis_mapping: whole() };
        let store = OutputStoreSpec::View { m_axis: Some(1), n_axis: Some(0), mr: kernel.mr(), nr: kernel.nr() };
        let steps = vec![
            ProtoFusedSpec::AddMatMul {
                geo,
                a: MatMulOperand::Input(0),
                b: MatMulOperand::Const(packed),
                packings: vec![(packing, None)],
            },
            ProtoFusedSpec::BinPerCol(1, BinOp::Add, whole()),
            ProtoFusedSpec::Store(vec![store]),
        ];
        let fact = f32::fact([outputs, pixels]);
        let product = OptMatMul::new(vec![kernel], ModePicker::Single, fact, Some(1), Some(0), steps, true)?;
        Ok(Self { product, format, bias, channels, pixels })
    }

    /// A buffer for the strips of one run.
    pub(super) fn buffer(&self) -> TractResult<EagerPackedInput> {
        self.format.new_packed_buffer(self.channels, self.pixels)
    }

    /// Multiplies the strip: `strip` gives each input channel's pixels. Gives `[outputs, pixels]`.
    pub(super) fn run<'a>(
        &self,
        context: &EvalContext,
        buffer: &mut EagerPackedInput,
        strip: impl Iterator<Item = &'a [f32]>,
    ) -> TractResult<Tensor> {
        let panel_bytes = buffer.panel_bytes;
        let bytes = Arc::get_mut(&mut buffer.packed).context("the buffer is still in use")?.as_bytes_mut();
        let mut channels = 0;
        // A panel holds as many pixels as the kernel takes at once, channel behind channel.
        for (channel, pixels) in strip.enumerate() {
            ensure!(pixels.len() == self.pixels, "a strip of {} pixels, not {}", pixels.len(), self.pixels);
            let row_bytes = self.format.r * size_of::<f32>();
            for (panel, pixels) in bytes.chunks_exact_mut(panel_bytes).zip(pixels.chunks(self.format.r)) {
                let row = panel.get_mut(channel * row_bytes..).context("more channels than the product has")?;
                row.as_chunks_mut::<4>().0.iter_mut().zip(pixels).for_each(|(to, from)| *to = from.to_ne_bytes());
            }
            channels += 1;
        }
        ensure!(channels == self.channels, "{channels} channels, not {}", self.channels);
        let input = PackedMatrixStorage::new(Box::new(buffer.clone())).into_tensor(f32::datum_type());
        let outputs = self.product.eval(context, tvec!(input.into(), self.bias.clone().into_tvalue()))?;
        Ok(outputs.into_iter().next().context("no product")?.into_tensor())
    }

    /// Lets go of what tract keeps for a session.
    pub(super) fn drop_session(&self, session: SessionId, node: usize) {
        self.product.drop_session(session, node);
    }
}
