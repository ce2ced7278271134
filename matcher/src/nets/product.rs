//! Pointwise (1 x 1) convolution of a strip of a picture, by tract's matrix product.
//!
//! tract packs the whole picture, multiplies it, and writes it all back before the next operation reads it: a layer of
//! YuNet's first half is larger than the processor's second cache. Here a strip of rows is packed, multiplied and handed
//! on while it is in cache, with the same kernels.

use std::sync::Arc;

use tract_onnx::tract_core::internal::tract_linalg::{
    BinOp, MmmDispatch, WeightType,
    mmm::{EagerPackedInput, MatMatMul, OutputStoreSpec, PackedMatrixStorage, Query},
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

use super::rows::Row;

/// `out[o][p] = bias[o] + sum over i of weight[o][i] in[i][p]`, for strips of a few known numbers of pixels p.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Product {
    /// For each number of pixels.
    products: Vec<(usize, OptMatMul)>,
    format: PackedFormat,
    bias: Arc<Tensor>,
    channels: usize,
}

impl Product {
    /// For weights `[outputs, inputs]`, as many biases, and strips of these numbers of pixels.
    pub(super) fn new(weights: &Tensor, bias: Arc<Tensor>, pixels: &[usize]) -> TractResult<Self> {
        let &[outputs, channels] = weights.shape() else { bail!("weights of shape {:?}", weights.shape()) };
        ensure!(bias.shape() == [outputs], "{outputs} biases expected, not {:?}", bias.shape());
        // The pixels are the rows of the product: its kernels store those side by side, as planes are.
        let query = Query {
            weight: WeightType::Plain(f32::datum_type()),
            activation: f32::datum_type(),
            accumulators: tvec!(f32::datum_type()),
            store: Some(f32::datum_type()),
            allow_extractor: false,
            m: pixels.iter().max().copied(),
            k: Some(channels),
            n: Some(outputs),
        };
        let (kernel, packing) = kernel(&query).context("no kernel for this product")?;
        let (pixel_format, weight_format) = kernel.packings().get(packing).context("the kernel has no such packing")?;
        let format = pixel_format.downcast_ref::<PackedFormat>().context("the kernel packs in another way")?.clone();
        let packed = weight_format.prepare_one(weights, 1, 0)?;
        let whole = || MapOutputAxisToInput(tvec!());
        let store = OutputStoreSpec::View { m_axis: Some(1), n_axis: Some(0), mr: kernel.mr(), nr: kernel.nr() };
        let steps = vec![
            ProtoFusedSpec::AddMatMul {
                geo: AddMatMulGeometry {
                    k: channels.to_dim(),
                    c_to_a_axis_mapping: whole(),
                    c_to_b_axis_mapping: whole(),
                },
                a: MatMulOperand::Input(0),
                b: MatMulOperand::Const(packed),
                packings: vec![(packing, None)],
            },
            ProtoFusedSpec::BinPerCol(1, BinOp::Add, whole()),
            ProtoFusedSpec::Store(vec![store]),
        ];
        let product = |&pixels: &usize| -> TractResult<_> {
            let (kernel, fact) = (vec![kernel.clone()], f32::fact([outputs, pixels]));
            let product = OptMatMul::new(kernel, ModePicker::Single, fact, Some(1), Some(0), steps.clone(), true)?;
            Ok((pixels, product))
        };
        let products = pixels.iter().map(product).collect::<TractResult<_>>()?;
        Ok(Self { products, format, bias, channels })
    }

    /// How many channels it gives.
    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// How many channels it takes.
    pub(super) fn inputs(&self) -> usize {
        self.channels
    }

    /// An empty strip.
    pub(super) fn strip(&self) -> TractResult<Strip> {
        let pixels = self.products.iter().map(|(pixels, _)| *pixels).max().unwrap_or(0);
        let packed = self.format.new_packed_buffer(self.channels, pixels)?;
        Ok(Strip { packed, panel_pixels: self.format.r, channels: self.channels, pixels })
    }

    /// Multiplies the strip's first pixels, so many. Gives `[outputs, pixels]`.
    pub(super) fn run(&self, context: &EvalContext, strip: &Strip, pixels: usize) -> TractResult<Tensor> {
        ensure!(pixels <= strip.pixels && strip.channels == self.channels, "another product's strip");
        let product = self.products.iter().find(|(known, _)| *known == pixels);
        let (_, product) = product.with_context(|| format!("no product of {pixels} pixels"))?;
        let input = PackedMatrixStorage::new(Box::new(strip.packed.clone())).into_tensor(f32::datum_type());
        let outputs = product.eval(context, tvec!(input.into(), self.bias.clone().into_tvalue()))?;
        Ok(outputs.into_iter().next().context("no product")?.into_tensor())
    }

    /// Lets go of what tract keeps for a session.
    pub(super) fn drop_session(&self, session: SessionId, node: usize) {
        self.products.iter().for_each(|(_, product)| product.drop_session(session, node));
    }
}

/// Kernels of tract for up to so many input channels. On one processor with AVX-512 YuNet took 6 to 9 % less time with
/// these than with tract's own choice, which is taken where the processor has none of them; other AVX-512 kernels of
/// tract were as fast within 4 %, so little depends on which.
const PREFERRED: [(usize, [&str; 2]); 2] =
    [(32, ["avx512_mmm_f32_128x1", "fma_mmm_f32_24x4"]), (usize::MAX, ["avx512_mmm_f32_48x4", "fma_mmm_f32_24x4"])];

/// The kernel, and which of its packings.
fn kernel(query: &Query) -> Option<(Box<dyn MatMatMul>, usize)> {
    let suitable = MmmDispatch::native().suitable(query);
    let channels = query.k.unwrap_or(usize::MAX);
    let names = PREFERRED.iter().find(|(channels_max, _)| channels <= *channels_max).map(|(_, names)| names);
    let known =
        names.into_iter().flatten().find_map(|name| suitable.iter().find(|(kernel, ..)| kernel.name() == *name));
    let (kernel, packing, _) = known.cloned().or_else(|| MmmDispatch::native().pick(query))?;
    Some((kernel, packing))
}

/// Pixels of all channels on their way into a product, in the order in which its kernel reads them: a panel holds as
/// many pixels as the kernel takes at once, channel behind channel.
pub(super) struct Strip {
    packed: EagerPackedInput,
    panel_pixels: usize,
    channels: usize,
    pixels: usize,
}

impl Strip {
    /// Takes a channel's pixels from this one on.
    pub(super) fn take(&mut self, channel: usize, first: usize, row: &impl Row) -> TractResult<()> {
        let length = row.length();
        ensure!(channel < self.channels && first + length <= self.pixels, "the strip is too small");
        let panel_bytes = self.packed.panel_bytes;
        let bytes = Arc::get_mut(&mut self.packed.packed).context("the strip is still in use")?.as_bytes_mut();
        let mut done = 0;
        while done < length {
            let (panel, within) = ((first + done) / self.panel_pixels, (first + done) % self.panel_pixels);
            let now = (length - done).min(self.panel_pixels - within);
            let start = panel * panel_bytes + (channel * self.panel_pixels + within) * size_of::<f32>();
            let to = bytes.get_mut(start..).and_then(|rest| rest.get_mut(..now * size_of::<f32>()));
            row.write(done, to.context("the strip is too small")?.as_chunks_mut::<4>().0);
            done += now;
        }
        Ok(())
    }
}
