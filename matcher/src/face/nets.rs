//! Nets in tract: loaded by hash, block-quantized weights folded to 32-bit floats once.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::Cursor,
    path::Path,
    sync::Arc,
    time::Instant,
};

use super::{Fmr, ManifestError, prelu};
use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};
use tract_onnx::{
    pb::{AttributeProto, GraphProto, NodeProto, TensorProto},
    prelude::*,
    tract_core::{
        internal::{EvalContext, OpState},
        plan::eval,
    },
};

/// Why a net cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    #[error("net {path}: {source}; run `make setup`")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is another file.
    #[error("net {path} has SHA-256 {found}, expected {expected}: run `make setup`, or correct the manifest")]
    Hash {
        /// The file.
        path: String,
        /// As in the manifest.
        expected: String,
        /// As found.
        found: String,
    },
    /// It is not as expected inside.
    #[error("the net cannot be prepared: {0}; is it the input size of the manifest?")]
    Prepare(String),
    /// The manifests.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What comes out is not what the manifest says.
    #[error("net {model} gives embeddings of {found} values, its manifest says {expected}: correct embedding.length")]
    Length {
        /// The net.
        model: String,
        /// As in the manifest.
        expected: usize,
        /// As in the net.
        found: usize,
    },
    /// The policy names a rate that nobody measured.
    #[error(
        "net {model} has no threshold at FMR {fmr}: run `matcher-eval calibrate`, or let the policy name another rate"
    )]
    NoThreshold {
        /// The net.
        model: String,
        /// The rate.
        fmr: Fmr,
    },
    /// What a score is worth, nobody measured.
    #[error("net {model} has no likelihood ratio: run `matcher-eval calibrate`")]
    NoLikelihoodRatio {
        /// The net.
        model: String,
    },
    /// It failed while running.
    #[error("the net failed: {0}")]
    Run(String),
}

/// A net ready to run.
pub struct Net {
    plan: Arc<TypedRunnableModel>,
    shape: [usize; 4],
    /// Names of the outputs, in order.
    pub(super) outputs: Vec<String>,
}

/// What one node of a net costs.
#[derive(Debug, Clone)]
pub struct NodeTime {
    /// Name of the node.
    pub node: String,
    /// Name of its operation.
    pub operation: String,
    /// Duration, in milliseconds.
    pub ms: f64,
}

impl Net {
    /// Loads a net with one image input of this shape (NCHW).
    pub(super) fn load(path: &Path, sha256: &str, shape: [usize; 4]) -> Result<Self, ModelError> {
        let name = || path.display().to_string();
        let file = fs::read(path).map_err(|source| ModelError::File { path: name(), source })?;
        let found = hex::encode(Sha256::digest(&file));
        if !found.eq_ignore_ascii_case(sha256) {
            return Err(ModelError::Hash { path: name(), expected: sha256.to_owned(), found });
        }
        Self::prepare(&file, shape).map_err(|error| ModelError::Prepare(format!("{error:#}")))
    }

    fn prepare(file: &[u8], shape: [usize; 4]) -> TractResult<Self> {
        // Shapes written into the file are those of another input size.
        let mut onnx = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
        prelu::register(&mut onnx);
        let mut proto = onnx.proto_model_for_read(&mut Cursor::new(file))?;
        let graph = proto.graph.as_mut().context("no graph")?;
        fold_dequantization(graph)?;
        let outputs = graph.output.iter().map(|output| output.name.clone()).collect();
        let mut model = onnx.model_for_proto_model(&proto)?;
        model.set_input_fact(0, f32::fact(shape).into())?;
        if model.inputs.len() != 1 {
            bail!("the net has {} inputs, one picture was expected", model.inputs.len());
        }
        let plan = model.into_optimized()?.into_runnable()?;
        Ok(Self { plan, shape, outputs })
    }

    /// How many values its first output has.
    pub(super) fn output_length(&self) -> Option<usize> {
        let fact = self.plan.model().output_fact(0).ok()?;
        Some(fact.shape.as_concrete()?.iter().product())
    }

    /// How many values its input has.
    pub fn input_length(&self) -> usize {
        self.shape.iter().product()
    }

    /// Runs it over raw values (NCHW) and gives the raw values of every output: for comparison with other runtimes.
    pub fn run_raw(&self, input: &[f32]) -> Result<Vec<Vec<f32>>, ModelError> {
        let failed = |error: TractError| ModelError::Run(format!("{error:#}"));
        let outputs = self.run(Tensor::from_shape(&self.shape, input).map_err(failed)?).map_err(failed)?;
        let values = |output: &TValue| Ok(output.to_plain_array_view::<f32>()?.iter().copied().collect());
        outputs.iter().map(|output| values(output).map_err(failed)).collect()
    }

    /// How long each node takes over this input, in the order of the run.
    pub fn profile(&self, input: &[f32]) -> Result<Vec<NodeTime>, ModelError> {
        let failed = |error: TractError| ModelError::Run(format!("{error:#}"));
        let input = Tensor::from_shape(&self.shape, input).map_err(failed)?;
        let mut times = Vec::new();
        let mut state = self.plan.spawn().map_err(failed)?;
        let timed = |context: &EvalContext, state: Option<&mut (dyn OpState + 'static)>, node: &TypedNode, inputs| {
            let began = Instant::now();
            let outputs = eval(context, state, node, inputs);
            let ms = began.elapsed().as_secs_f64() * 1e3;
            times.push(NodeTime { node: node.name.clone(), operation: node.op.name().into_owned(), ms });
            outputs
        };
        state.run_plan_with_eval(tvec!(input.into()), timed).map_err(failed)?;
        Ok(times)
    }

    /// Runs it.
    pub(super) fn run(&self, input: Tensor) -> TractResult<TVec<TValue>> {
        self.plan.run(tvec!(input.into()))
    }
}

/// Replaces every `DequantizeLinear` over weights by the weights themselves (ONNX opset 21: with `block_size` b, the
/// scale of element i along `axis` is that of block i / b), and drops weights from the graph's inputs.
fn fold_dequantization(graph: &mut GraphProto) -> TractResult<()> {
    let weights: HashMap<String, TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.clone(), tensor.clone())).collect();
    let mut folded = Vec::new();
    let mut consumed = Vec::new();
    for node in graph.node.iter().filter(|node| node.op_type == "DequantizeLinear") {
        folded.push(dequantized(node, &weights)?);
        consumed.extend(node.input.iter().cloned());
    }
    graph.node.retain(|node| node.op_type != "DequantizeLinear");
    graph.initializer.retain(|tensor| !consumed.contains(&tensor.name));
    graph.initializer.extend(folded);
    // The original names of weights linger among the inputs though nothing reads them.
    let known: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let read: HashSet<&str> = graph.node.iter().flat_map(|node| &node.input).map(String::as_str).collect();
    graph.input.retain(|input| read.contains(input.name.as_str()) && !known.contains(input.name.as_str()));
    Ok(())
}

fn dequantized(node: &NodeProto, weights: &HashMap<String, TensorProto>) -> TractResult<TensorProto> {
    let operand = |at: usize| node.input.get(at).and_then(|name| weights.get(name));
    let quantized = operand(0).context("DequantizeLinear over something else than weights")?;
    let scales = floats(operand(1).context("no scale")?);
    let zeros = operand(2).map(integers).transpose()?;
    let values = integers(quantized)?;
    let integer = |name: &str, otherwise: i64| {
        let named = node.attribute.iter().find(|attribute: &&AttributeProto| attribute.name == name);
        named.map_or(otherwise, |attribute| attribute.i)
    };
    let dims: Vec<usize> = quantized.dims.iter().map(|&dim| dim as usize).collect();
    let axis = integer("axis", 1).rem_euclid(dims.len().max(1) as i64) as usize;
    let block = integer("block_size", 0) as usize;
    let inner: usize = dims.iter().skip(axis + 1).product();
    let along = dims.get(axis).copied().unwrap_or(1);
    let blocks = if block == 0 { along } else { along.div_ceil(block) };
    let mut out = Vec::with_capacity(values.len() * 4);
    for (at, &value) in values.iter().enumerate() {
        let (outer, place, within) = (at / (inner * along), at / inner % along, at % inner);
        let scale_at = match (scales.len(), block) {
            (1, _) => 0,
            (_, 0) => place,
            _ => (outer * blocks + place / block) * inner + within,
        };
        let scale = *scales.get(scale_at).context("fewer scales than blocks")?;
        let zero = zeros.as_ref().map_or(Some(&0), |zeros| zeros.get(scale_at)).context("fewer zero points")?;
        out.extend_from_slice(&((value - zero) as f32 * scale).to_le_bytes());
    }
    let name = node.output.first().context("no output")?.clone();
    // Data type 1 is FLOAT.
    Ok(TensorProto { dims: quantized.dims.clone(), data_type: 1, name, raw_data: out, ..Default::default() })
}

fn floats(tensor: &TensorProto) -> Vec<f32> {
    if tensor.float_data.is_empty() {
        tensor.raw_data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    } else {
        tensor.float_data.clone()
    }
}

fn integers(tensor: &TensorProto) -> TractResult<Vec<i32>> {
    if !tensor.int32_data.is_empty() {
        return Ok(tensor.int32_data.clone());
    }
    match tensor.data_type {
        2 => Ok(tensor.raw_data.iter().map(|&byte| i32::from(byte)).collect()),
        3 => Ok(tensor.raw_data.iter().map(|&byte| i32::from(byte as i8)).collect()),
        other => bail!("weights of ONNX data type {other} are not supported"),
    }
}
