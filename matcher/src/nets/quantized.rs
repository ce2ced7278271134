//! Block-quantized weights to 32-bit floats.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, bail};
use tract_onnx::{
    pb::{AttributeProto, GraphProto, NodeProto, TensorProto},
    prelude::*,
};

/// Replaces every `DequantizeLinear` over weights by the weights themselves (ONNX opset 21: with `block_size` b, the
/// scale of element i along `axis` is that of block i / b), and drops weights from the graph's inputs.
pub(super) fn fold(graph: &mut GraphProto) -> TractResult<()> {
    let mut weights: HashMap<String, TensorProto> =
        std::mem::take(&mut graph.initializer).into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
    let (quantized, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut graph.node).into_iter().partition(|node| node.op_type == "DequantizeLinear");
    graph.node = others;
    let mut folded = Vec::new();
    for node in &quantized {
        folded.push(dequantized(node, &weights)?);
        // The largest is not needed any more; scales may be shared.
        node.input.first().map(|name| weights.remove(name));
    }
    quantized.iter().flat_map(|node| &node.input).for_each(|name| drop(weights.remove(name)));
    let mut kept: Vec<TensorProto> = weights.into_values().collect();
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    graph.initializer = kept;
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

pub(super) fn floats(tensor: &TensorProto) -> Vec<f32> {
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
