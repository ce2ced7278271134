//! Rewrites a graph before tract reads it: constants are shaped, and what we have one operation for becomes one node.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use tract_onnx::{
    pb::{AttributeProto, GraphProto, NodeProto, TensorProto},
    prelude::*,
};

use super::{
    chain::{self, Source},
    quantized::floats,
};

/// Shapes constants, then joins nodes.
pub(super) fn fuse(graph: &mut GraphProto) -> TractResult<()> {
    shape_constants(graph)?;
    separable_units(graph);
    join_siblings(graph)?;
    join_followers(graph);
    join_sources(graph);
    Ok(())
}

/// A `Reshape` of weights to a constant shape becomes the weights in that shape.
fn shape_constants(graph: &mut GraphProto) -> TractResult<()> {
    let position: HashMap<String, usize> =
        graph.initializer.iter().enumerate().map(|(at, tensor)| (tensor.name.clone(), at)).collect();
    let mut kept = Vec::with_capacity(graph.node.len());
    for node in std::mem::take(&mut graph.node) {
        let operand = |at: usize| node.input.get(at).and_then(|name| position.get(name)).copied();
        let (Some(data), Some(shape), "Reshape") = (operand(0), operand(1), node.op_type.as_str()) else {
            kept.push(node);
            continue;
        };
        let shape = integers(graph.initializer.get(shape).context("no shape")?);
        let mut tensor = graph.initializer.get(data).context("no weights")?.clone();
        ensure!(
            shape.iter().product::<i64>() == tensor.dims.iter().product::<i64>(),
            "weights {:?} cannot take the shape {shape:?}",
            tensor.dims
        );
        tensor.dims = shape;
        tensor.name = node.output.first().context("no output")?.clone();
        graph.initializer.push(tensor);
    }
    graph.node = kept;
    Ok(())
}

/// What the patterns ask of a graph.
struct Index<'a> {
    graph: &'a GraphProto,
    readers: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(graph: &'a GraphProto) -> Self {
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, node) in graph.node.iter().enumerate() {
            node.input.iter().for_each(|name| readers.entry(name).or_default().push(at));
        }
        Self { graph, readers }
    }

    /// The one node that reads the node's one output, if nothing else does.
    fn next(&self, node: &NodeProto) -> Option<(usize, &'a NodeProto)> {
        let [output] = node.output.as_slice() else { return None };
        let given = self.graph.output.iter().any(|given| given.name == *output);
        match self.readers.get(output.as_str()).map(Vec::as_slice) {
            Some(&[at]) if !given => self.graph.node.get(at).map(|node| (at, node)),
            _ => None,
        }
    }

    fn constant(&self, name: &str) -> Option<&'a TensorProto> {
        self.graph.initializer.iter().find(|tensor| tensor.name == name)
    }

    /// Weights' shape of a convolution with constant weights and biases, of this size, padding and stride, by channel or
    /// over all.
    fn convolution(&self, node: &NodeProto, [side, padding, stride]: [i64; 3], by_channel: bool) -> Option<&'a [i64]> {
        let [_, weights, biases] = node.input.as_slice() else { return None };
        let (weights, _) = (self.constant(weights)?, self.constant(biases)?);
        let &[outputs, inputs, height, width] = weights.dims.as_slice() else { return None };
        let all = |name: &str, value: i64| ints(node, name).is_none_or(|values| values.iter().all(|&at| at == value));
        let padded = ints(node, "pads").map_or(padding == 0, |values| values.iter().all(|&at| at == padding));
        let group = int(node, "group").unwrap_or(1);
        let grouped = if by_channel { group == outputs && inputs == 1 } else { group == 1 };
        let plain = ints(node, "strides").map_or(stride == 1, |values| values.iter().all(|&at| at == stride))
            && all("dilations", 1)
            && padded
            && int(node, "auto_pad").is_none();
        (node.op_type == "Conv" && grouped && plain && [height, width] == [side; 2]).then_some(&weights.dims)
    }
}

/// Pointwise convolution, then 3 x 3 by channel, then perhaps `Relu`, then perhaps `MaxPool` of 2 x 2.
fn separable_units(graph: &mut GraphProto) {
    let index = Index::new(graph);
    let mut replaced: HashMap<usize, Option<NodeProto>> = HashMap::new();
    for (at, pointwise) in graph.node.iter().enumerate() {
        let Some([outputs, ..]) = index.convolution(pointwise, [1, 0, 1], false) else { continue };
        let Some((next, spatial)) = index.next(pointwise) else { continue };
        if index.convolution(spatial, [3, 1, 1], true).is_none() {
            continue;
        }
        let (mut members, mut last) = (vec![at, next], spatial);
        let mut take = |wanted: &dyn Fn(&NodeProto) -> bool| {
            let next = index.next(last).filter(|(_, node)| wanted(node));
            next.inspect(|&(at, node)| (members.push(at), last = node).1).is_some()
        };
        let rectified = take(&|node| node.op_type == "Relu");
        let halved = rectified && take(&halves);
        let inputs = pointwise.input.iter().chain(spatial.input.iter().skip(1));
        let unit = NodeProto {
            name: last.name.clone(),
            op_type: chain::OPERATION.into(),
            input: inputs.cloned().collect(),
            output: last.output.clone(),
            attribute: vec![
                AttributeProto { name: chain::SOURCE.into(), i: Source::Plain as i64, ..Default::default() },
                list(chain::RECTIFIED, vec![rectified.into()]),
                list(chain::HALVED, vec![halved.into()]),
                list(chain::SPLIT, vec![*outputs]),
            ],
            ..Default::default()
        };
        let last = members.pop();
        replaced.extend(members.into_iter().map(|member| (member, None)));
        replaced.extend(last.map(|last| (last, Some(unit))));
    }
    replace(graph, replaced);
}

/// Puts other nodes, or none, in the places of these.
pub(super) fn replace(graph: &mut GraphProto, mut replaced: HashMap<usize, Option<NodeProto>>) {
    let nodes = std::mem::take(&mut graph.node).into_iter().enumerate();
    graph.node = nodes.filter_map(|(at, node)| replaced.remove(&at).unwrap_or(Some(node))).collect();
}

/// Units over the same picture become one unit of several outputs, since small products waste most of a kernel.
fn join_siblings(graph: &mut GraphProto) -> TractResult<()> {
    let mut groups: Vec<(String, Vec<NodeProto>)> = Vec::new();
    let mut kept = Vec::new();
    let plain = |node: &NodeProto, name: &str| ints(node, name) == Some(&[0][..]);
    let known = |node: &NodeProto| {
        node.op_type == chain::OPERATION && plain(node, chain::HALVED) && plain(node, chain::RECTIFIED)
    };
    for node in std::mem::take(&mut graph.node) {
        if !known(&node) {
            kept.push((None, node));
            continue;
        }
        let over = node.input.first().context("no picture")?.clone();
        match groups.iter_mut().find(|(known, _)| *known == over) {
            Some((_, group)) => group.push(node),
            // The first one's place in the order is early enough for all who read any of them.
            None => {
                kept.push((Some(groups.len()), NodeProto::default()));
                groups.push((over, vec![node]));
            }
        }
    }
    for (place, node) in kept {
        let Some((over, group)) = place.and_then(|place| groups.get(place)) else {
            graph.node.push(node);
            continue;
        };
        let mut joined = group.first().context("an empty group")?.clone();
        joined.input = vec![over.clone()];
        for operand in 1..5 {
            let name = format!("{}.operand_{operand}", joined.name);
            let parts = group.iter().map(|node| node.input.get(operand).context("a unit lacks an operand"));
            let tensor = concatenated(graph, name.clone(), &parts.collect::<TractResult<Vec<_>>>()?)?;
            graph.initializer.push(tensor);
            joined.input.push(name);
        }
        joined.output = group.iter().flat_map(|node| node.output.clone()).collect();
        let split = group.iter().filter_map(|node| ints(node, chain::SPLIT)).flatten().copied().collect();
        joined.attribute.retain(|attribute| attribute.name != chain::SPLIT);
        joined.attribute.push(list(chain::SPLIT, split));
        graph.node.push(joined);
    }
    Ok(())
}

/// A chain that is all that reads another goes on where that ends.
fn join_followers(graph: &mut GraphProto) {
    loop {
        let index = Index::new(graph);
        let pair = graph.node.iter().enumerate().find_map(|(at, node)| {
            let (next, follower) = index.next(node)?;
            [node, follower].iter().all(|node| node.op_type == chain::OPERATION).then_some((at, next))
        });
        let Some((at, next)) = pair else { return };
        let (Some(first), Some(follower)) = (graph.node.get(at), graph.node.get(next)) else { return };
        let mut joined = follower.clone();
        joined.input = first.input.iter().chain(follower.input.iter().skip(1)).cloned().collect();
        let both =
            |name: &str| [first, follower].into_iter().filter_map(|node| ints(node, name)).flatten().copied().collect();
        let source = int(first, chain::SOURCE).unwrap_or_default();
        joined.attribute = vec![
            AttributeProto { name: chain::SOURCE.into(), i: source, ..Default::default() },
            list(chain::RECTIFIED, both(chain::RECTIFIED)),
            list(chain::HALVED, both(chain::HALVED)),
            list(chain::SPLIT, ints(follower, chain::SPLIT).unwrap_or_default().to_vec()),
        ];
        replace(graph, HashMap::from([(at, None), (next, Some(joined))]));
    }
}

/// A chain takes over what makes its picture: halving, or a convolution with stride 2 and `Relu`.
fn join_sources(graph: &mut GraphProto) {
    let index = Index::new(graph);
    let mut replaced = HashMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        let mut members = vec![at];
        let mut last = node;
        let source = if halves(node) {
            Source::Halved
        } else if index.convolution(node, [3, 1, 2], false).is_some()
            && let Some((next, relu)) = index.next(node).filter(|(_, node)| node.op_type == "Relu")
        {
            members.push(next);
            last = relu;
            Source::Stem
        } else {
            continue;
        };
        let Some((next, follower)) = index.next(last).filter(|(_, node)| node.op_type == chain::OPERATION) else {
            continue;
        };
        let mut joined = follower.clone();
        joined.input = node.input.iter().chain(follower.input.iter().skip(1)).cloned().collect();
        for attribute in joined.attribute.iter_mut().filter(|attribute| attribute.name == chain::SOURCE) {
            attribute.i = source as i64;
        }
        replaced.extend(members.into_iter().map(|member| (member, None)));
        replaced.insert(next, Some(joined));
    }
    replace(graph, replaced);
}

/// Weights one behind the other along their first axis.
fn concatenated(graph: &GraphProto, name: String, parts: &[&String]) -> TractResult<TensorProto> {
    let find =
        |name: &&String| graph.initializer.iter().find(|tensor| tensor.name == **name).context("no such weights");
    let parts = parts.iter().map(find).collect::<TractResult<Vec<_>>>()?;
    let mut dims = parts.first().context("nothing to join")?.dims.clone();
    *dims.first_mut().context("a scalar cannot be joined")? = parts.iter().filter_map(|part| part.dims.first()).sum();
    let values = parts.iter().flat_map(|part| floats(part)).flat_map(f32::to_le_bytes).collect();
    // Data type 1 is FLOAT.
    Ok(TensorProto { name, dims, data_type: 1, raw_data: values, ..Default::default() })
}

fn halves(node: &NodeProto) -> bool {
    let all = |name: &str, value: i64| ints(node, name).is_some_and(|values| values.iter().all(|&at| at == value));
    let unpadded = ints(node, "pads").is_none_or(|values| values.iter().all(|&at| at == 0));
    node.op_type == "MaxPool"
        && all("kernel_shape", 2)
        && all("strides", 2)
        && unpadded
        && int(node, "ceil_mode").unwrap_or(0) == 0
}

pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

pub(super) fn int(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

pub(super) fn ints<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [i64]> {
    attribute(node, name).map(|attribute| attribute.ints.as_slice())
}

pub(super) fn list(name: &str, ints: Vec<i64>) -> AttributeProto {
    // Type 7 is INTS.
    AttributeProto { name: name.into(), ints, r#type: 7, ..Default::default() }
}

pub(super) fn integers(tensor: &TensorProto) -> Vec<i64> {
    if tensor.int64_data.is_empty() {
        tensor.raw_data.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
    } else {
        tensor.int64_data.clone()
    }
}
