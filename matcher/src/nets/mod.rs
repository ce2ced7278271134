//! Nets in tract: loaded by hash, block-quantized weights folded to 32-bit floats once.

mod bottleneck;
mod chain;
mod channels_last;
#[cfg(test)]
mod channels_last_tests;
mod planes;
mod prelu;
mod product;
mod quantized;
mod rewrite;
mod rows;
mod run;
mod spelled;

use std::{fs, path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};
use tract_onnx::{
    Onnx,
    pb::ModelProto,
    prelude::*,
    tract_core::{
        internal::{EvalContext, OpState},
        plan::eval,
    },
};

use crate::face::{Fmr, ManifestError};

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
    /// As above, of an attack detector.
    #[error("net {model} tells {found} classes apart, its manifest says {expected}: correct attack.count")]
    Classes {
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

/// Which axis of a net's values counts channels, in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The one before rows and columns.
    ChannelsFirst,
    /// The last, as in Keras; brought to the other order when it is read.
    ChannelsLast,
}

/// A net as its file has it, its weights unfolded, for plans of several input sizes.
pub(crate) struct Model {
    proto: ModelProto,
    /// Names of the outputs, in order.
    outputs: Vec<String>,
}

/// A net ready to run.
pub struct Net {
    plan: Arc<TypedRunnableModel>,
    shape: [usize; 4],
    /// Names of the outputs, in order.
    pub(crate) outputs: Vec<String>,
}

/// A net's input for measurement.
pub struct NetInput(TValue);

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

/// What reads a net. Shapes written into the file are those of another input size.
fn reader() -> Onnx {
    let mut onnx = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
    prelu::register(&mut onnx);
    chain::register(&mut onnx);
    planes::register(&mut onnx);
    bottleneck::register(&mut onnx);
    onnx
}

impl Model {
    /// Reads a net's file, by hash.
    pub(crate) fn read(path: &Path, sha256: &str, order: Order) -> Result<Self, ModelError> {
        let name = || path.display().to_string();
        let file = fs::read(path).map_err(|source| ModelError::File { path: name(), source })?;
        let found = hex::encode(Sha256::digest(&file));
        if !found.eq_ignore_ascii_case(sha256) {
            return Err(ModelError::Hash { path: name(), expected: sha256.to_owned(), found });
        }
        Self::parse(file, order).map_err(|error| ModelError::Prepare(format!("{error:#}")))
    }

    fn parse(file: Vec<u8>, order: Order) -> TractResult<Self> {
        let mut proto = reader().proto_model_for_read(&mut file.as_slice())?;
        drop(file);
        let graph = proto.graph.as_mut().context("no graph")?;
        quantized::fold(graph)?;
        match order {
            Order::ChannelsFirst => rewrite::fuse(graph)?,
            Order::ChannelsLast => {
                channels_last::undo(graph)?;
                spelled::join(graph);
            }
        }
        let outputs = graph.output.iter().map(|output| output.name.clone()).collect();
        Ok(Self { proto, outputs })
    }
}

impl Net {
    /// Loads a net with one image input of this shape (NCHW).
    pub(crate) fn load(path: &Path, sha256: &str, shape: [usize; 4]) -> Result<Self, ModelError> {
        let Model { proto, outputs } = Model::read(path, sha256, Order::ChannelsFirst)?;
        Self::prepare(proto, outputs, shape).map_err(|error| ModelError::Prepare(format!("{error:#}")))
    }

    /// Prepares a net for inputs of this shape.
    pub(crate) fn of(model: &Model, shape: [usize; 4]) -> Result<Self, ModelError> {
        let net = Self::prepare(model.proto.clone(), model.outputs.clone(), shape);
        net.map_err(|error| ModelError::Prepare(format!("{error:#}")))
    }

    /// Takes the weights, so that they are not held twice while tract arranges them.
    fn prepare(proto: ModelProto, outputs: Vec<String>, shape: [usize; 4]) -> TractResult<Self> {
        let mut model = reader().model_for_proto_model(&proto)?;
        drop(proto);
        model.set_input_fact(0, f32::fact(shape).into())?;
        if model.inputs.len() != 1 {
            bail!("the net has {} inputs, one picture was expected", model.inputs.len());
        }
        let plan = model.into_optimized()?.into_runnable()?;
        Ok(Self { plan, shape, outputs })
    }

    /// How many values this output has.
    pub(crate) fn length_of(&self, output: &str) -> Option<usize> {
        let at = self.outputs.iter().position(|known| known == output)?;
        Some(self.plan.model().output_fact(at).ok()?.shape.as_concrete()?.iter().product())
    }

    /// How many values its first output has.
    pub(crate) fn output_length(&self) -> Option<usize> {
        let fact = self.plan.model().output_fact(0).ok()?;
        Some(fact.shape.as_concrete()?.iter().product())
    }

    /// How many values its input has.
    pub fn input_length(&self) -> usize {
        self.shape.iter().product()
    }

    /// Raw values (NCHW) as an input.
    pub fn input(&self, values: &[f32]) -> Result<NetInput, ModelError> {
        let tensor = Tensor::from_shape(&self.shape, values);
        Ok(NetInput(tensor.map_err(|error| ModelError::Run(format!("{error:#}")))?.into_tvalue()))
    }

    /// Runs it over a raw input and gives the raw values of every output: for comparison with other runtimes.
    pub fn run_raw(&self, input: &NetInput) -> Result<Vec<Vec<f32>>, ModelError> {
        let failed = |error: TractError| ModelError::Run(format!("{error:#}"));
        let outputs = self.plan.run(tvec!(input.0.clone())).map_err(failed)?;
        let values = |output: &TValue| Ok(output.to_plain_array_view::<f32>()?.iter().copied().collect());
        outputs.iter().map(|output| values(output).map_err(failed)).collect()
    }

    /// How long each node takes over this input, in the order of the run.
    pub fn profile(&self, input: &NetInput) -> Result<Vec<NodeTime>, ModelError> {
        let failed = |error: TractError| ModelError::Run(format!("{error:#}"));
        let mut times = Vec::new();
        let mut state = self.plan.spawn().map_err(failed)?;
        let timed = |context: &EvalContext, state: Option<&mut (dyn OpState + 'static)>, node: &TypedNode, inputs| {
            let began = Instant::now();
            let outputs = eval(context, state, node, inputs);
            let ms = began.elapsed().as_secs_f64() * 1e3;
            times.push(NodeTime { node: node.name.clone(), operation: node.op.name().into_owned(), ms });
            outputs
        };
        state.run_plan_with_eval(tvec!(input.0.clone()), timed).map_err(failed)?;
        Ok(times)
    }

    /// Runs it.
    pub(crate) fn run(&self, input: Tensor) -> TractResult<TVec<TValue>> {
        self.plan.run(tvec!(input.into()))
    }
}
