//! Operations that ONNX spells out in many nodes, or that tract has no fast form of, become one node each: GELU,
//! normalization over channels, halving and biases. For graphs with their channels first.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::{
    bottleneck,
    planes::{self, ACTIVATED, EPSILON, GELU, GREATEST, HALVED, NORMALIZED},
    quantized::floats,
    rewrite::{int, integers, ints},
};

/// GELU's constants (Hendrycks and Gimpel 2016, the tanh formula).
const GELU_CUBIC: f32 = 0.044_715;
const GELU_SCALE: f32 = 0.797_884_6;
/// How far a constant may be off, beside itself: one of 16 bits is the coarsest.
const CONSTANT_TOLERANCE: f32 = 1e-3;

/// Joins what is spelled out.
pub(super) fn join(graph: &mut GraphProto) {
    for rule in [biases, gelu, normalization, activation, pooling, halves, bottlenecks] {
        loop {
            let found = rule(&Graph::new(graph));
            if found.is_empty() {
                break;
            }
            for (output, node) in found {
                // It stands where its last node stood; what only that one needed goes.
                if let Some(place) = graph.node.iter_mut().find(|node| node.output.first() == Some(&output)) {
                    *place = node;
                }
            }
            drop_unread(graph);
        }
    }
    // What was added to each channel of a picture has axes of its own no more.
    let biases: HashSet<&String> =
        graph.node.iter().filter(|node| node.op_type == "Conv").filter_map(|node| node.input.get(2)).collect();
    for tensor in graph.initializer.iter_mut().filter(|tensor| biases.contains(&tensor.name)) {
        tensor.dims = vec![tensor.dims.iter().product()];
    }
}

/// Drops nodes whose results nobody reads, and then constants.
pub(super) fn drop_unread(graph: &mut GraphProto) {
    let mut read: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    let mut kept: Vec<NodeProto> = Vec::with_capacity(graph.node.len());
    for node in std::mem::take(&mut graph.node).into_iter().rev() {
        if node.output.iter().any(|output| read.contains(output)) {
            read.extend(node.input.iter().cloned());
            kept.push(node);
        }
    }
    kept.reverse();
    graph.node = kept;
    graph.initializer.retain(|tensor| read.contains(&tensor.name));
}

/// A node that takes the place of the one with this output.
type Joined = Vec<(String, NodeProto)>;

/// What the rules ask of a graph.
struct Graph<'a> {
    graph: &'a GraphProto,
    makers: HashMap<&'a str, &'a NodeProto>,
    readers: HashMap<&'a str, usize>,
}

impl<'a> Graph<'a> {
    fn new(graph: &'a GraphProto) -> Self {
        let outputs = |node: &'a NodeProto| node.output.iter().map(move |output| (output.as_str(), node));
        let makers = graph.node.iter().flat_map(outputs).collect();
        let mut readers: HashMap<&str, usize> = HashMap::new();
        let read = graph.node.iter().flat_map(|node| &node.input).chain(graph.output.iter().map(|output| &output.name));
        read.for_each(|name| *readers.entry(name).or_default() += 1);
        Self { graph, makers, readers }
    }

    fn nodes(&self, operation: &'a str) -> impl Iterator<Item = &'a NodeProto> {
        self.graph.node.iter().filter(move |node| node.op_type == operation)
    }

    /// The node that makes this value by this operation.
    fn made(&self, name: &str, operation: &str) -> Option<&'a NodeProto> {
        self.makers.get(name).copied().filter(|node| node.op_type == operation)
    }

    /// Whether one node reads this value, and nothing else does.
    fn once(&self, name: &str) -> bool {
        self.readers.get(name) == Some(&1)
    }

    fn tensor(&self, name: &str) -> Option<&'a TensorProto> {
        self.graph.initializer.iter().find(|tensor| tensor.name == name)
    }

    fn is_about(&self, name: &str, value: f32) -> bool {
        let scalar = self.tensor(name).map(floats);
        matches!(scalar.as_deref(), Some(&[found]) if (found - value).abs() <= CONSTANT_TOLERANCE * value.abs())
    }

    /// The other operand where one of this operation's two is this constant.
    fn beside(&self, name: &str, operation: &str, constant: f32) -> Option<&'a str> {
        let [one, other] = self.made(name, operation)?.input.as_slice() else { return None };
        match (self.is_about(one, constant), self.is_about(other, constant)) {
            (true, false) => Some(other),
            (false, true) => Some(one),
            _ => None,
        }
    }

    /// The other operand where one of this operation's two is that value.
    fn with(&self, name: &str, operation: &str, value: &str) -> Option<&'a str> {
        let [one, other] = self.made(name, operation)?.input.as_slice() else { return None };
        match (one == value, other == value) {
            (true, false) => Some(other),
            (false, true) => Some(one),
            _ => None,
        }
    }
}

fn output(node: &NodeProto) -> Option<&String> {
    node.output.first()
}

/// A convolution without biases, and an addition of constants: the biases.
fn biases(graph: &Graph) -> Joined {
    let joined = |add: &NodeProto| -> Option<(String, NodeProto)> {
        let [one, other] = add.input.as_slice() else { return None };
        let (picture, constant) = if graph.tensor(other).is_some() { (one, other) } else { (other, one) };
        let convolution = graph.made(picture, "Conv").filter(|node| node.input.len() == 2 && graph.once(picture))?;
        let weights = graph.tensor(convolution.input.get(1)?)?;
        let constant = graph.tensor(constant)?;
        let each = constant.dims.as_slice() == [1, *weights.dims.first()?, 1, 1];
        let mut node = convolution.clone();
        node.input.push(constant.name.clone());
        node.output = add.output.clone();
        each.then_some((output(add)?.clone(), node))
    };
    graph.nodes("Add").filter_map(joined).collect()
}

/// `0.5 x (1 + tanh(0.798 (x + 0.0447 x^3)))`.
fn gelu(graph: &Graph) -> Joined {
    let joined = |last: &NodeProto| -> Option<(String, NodeProto)> {
        let [half, rest] = last.input.as_slice() else { return None };
        let either = |half: &'_ str, rest: &'_ str| -> Option<String> {
            let x = graph.beside(half, "Mul", 0.5)?;
            let tanh = graph.made(graph.beside(rest, "Add", 1.0)?, "Tanh")?;
            let inner = graph.beside(tanh.input.first()?, "Mul", GELU_SCALE)?;
            let cubic = graph.beside(graph.with(inner, "Add", x)?, "Mul", GELU_CUBIC)?;
            let cube = graph.made(cubic, "Pow")?;
            (cube.input.first()? == x && graph.is_about(cube.input.get(1)?, 3.0)).then(|| x.to_owned())
        };
        let x = either(half, rest).or_else(|| either(rest, half))?;
        let output = output(last)?;
        Some((output.clone(), planes::node(GELU, output, &[x], vec![])))
    };
    graph.nodes("Mul").filter_map(joined).collect()
}

/// `x s + (bias - mean s)` with `s = gain / sqrt(variance + epsilon)`.
fn normalization(graph: &Graph) -> Joined {
    let joined = |last: &NodeProto| -> Option<(String, NodeProto)> {
        let [one, other] = last.input.as_slice() else { return None };
        let either = |scaled: &'_ str, shift: &'_ str| -> Option<NodeProto> {
            let [x, scale] = graph.made(scaled, "Mul")?.input.as_slice() else { return None };
            let [shift, bias] = graph.made(shift, "Add")?.input.as_slice() else { return None };
            let mean = graph.made(graph.with(shift, "Mul", scale)?, "Neg")?.input.first()?;
            let [inverse, gain] = graph.made(scale, "Mul")?.input.as_slice() else { return None };
            let root = graph.made(graph.made(inverse, "Reciprocal")?.input.first()?, "Sqrt")?;
            let [variance, epsilon] = graph.made(root.input.first()?, "Add")?.input.as_slice() else { return None };
            let square = graph.made(graph.made(variance, "ReduceMean")?.input.first()?, "Mul")?;
            let [difference, same] = square.input.as_slice() else { return None };
            let minus = graph.made(difference, "Sub")?;
            let of = graph.made(mean, "ReduceMean")?.input.first()?;
            let sound = difference == same && minus.input == [x.clone(), mean.clone()] && of == x;
            let channels = graph.tensor(gain)?.dims.clone();
            let each = matches!(channels.as_slice(), [1, _, 1, 1]) && graph.tensor(bias)?.dims == channels;
            let &[f] = floats(graph.tensor(epsilon)?).as_slice() else { return None };
            let attributes = vec![
                AttributeProto { name: EPSILON.into(), f, ..Default::default() },
                AttributeProto { name: ACTIVATED.into(), i: 0, ..Default::default() },
            ];
            let inputs = [x.clone(), gain.clone(), bias.clone()];
            (sound && each).then_some(planes::node(NORMALIZED, output(last)?, &inputs, attributes))
        };
        Some((output(last)?.clone(), either(one, other).or_else(|| either(other, one))?))
    };
    graph.nodes("Add").filter_map(joined).collect()
}

/// Normalization takes over a GELU that alone reads it.
fn activation(graph: &Graph) -> Joined {
    let joined = |gelu: &NodeProto| -> Option<(String, NodeProto)> {
        let x = gelu.input.first()?;
        let mut node = graph.made(x, NORMALIZED).filter(|_| graph.once(x))?.clone();
        node.attribute.iter_mut().filter(|attribute| attribute.name == ACTIVATED).for_each(|attribute| attribute.i = 1);
        node.output = gelu.output.clone();
        node.name.clone_from(output(gelu)?);
        Some((output(gelu)?.clone(), node))
    };
    graph.nodes(GELU).filter_map(joined).collect()
}

/// Pooling of 2 x 2 values in steps of two.
fn pooling(graph: &Graph) -> Joined {
    let joined = |node: &NodeProto| -> Option<(String, NodeProto)> {
        let all = |name: &str| ints(node, name).is_some_and(|values| values.iter().all(|&value| value == 2));
        // Even sides need no padding, and of an odd one the operation makes an error.
        let plain = all("kernel_shape") && all("strides") && int(node, "ceil_mode").unwrap_or(0) == 0;
        let i = if node.op_type == "MaxPool" { ALL_CHANNELS } else { 0 };
        let attribute = AttributeProto { name: GREATEST.into(), i, ..Default::default() };
        plain.then_some((output(node)?.clone(), planes::node(HALVED, output(node)?, &node.input, vec![attribute])))
    };
    graph.nodes("MaxPool").chain(graph.nodes("AveragePool")).filter_map(joined).collect()
}

/// More channels than any picture has.
const ALL_CHANNELS: i64 = i32::MAX as i64;

/// The first channels halved by the greatest value, joined with the others halved by the mean.
fn halves(graph: &Graph) -> Joined {
    let joined = |joint: &NodeProto| -> Option<(String, NodeProto)> {
        let [first, others] = joint.input.as_slice() else { return None };
        let part = |name: &str, greatest: i64| -> Option<(&String, i64, i64)> {
            let halved = graph.made(name, HALVED).filter(|node| int(node, GREATEST) == Some(greatest))?;
            let slice = graph.made(halved.input.first()?, "Slice")?;
            let [x, begin, end, _] = slice.input.as_slice() else { return None };
            let bound = |name: &str| integers(graph.tensor(name)?).first().copied();
            Some((x, bound(begin)?, bound(end)?))
        };
        let (x, begin, end) = part(first, ALL_CHANNELS)?;
        let (y, from, _) = part(others, 0)?;
        let attribute = AttributeProto { name: GREATEST.into(), i: end, ..Default::default() };
        let node = planes::node(HALVED, output(joint)?, std::slice::from_ref(x), vec![attribute]);
        (x == y && begin == 0 && from == end).then_some((output(joint)?.clone(), node))
    };
    graph.nodes("Concat").filter_map(joined).collect()
}

/// Normalization, pointwise, GELU, pointwise, the block's input added, pointwise.
fn bottlenecks(graph: &Graph) -> Joined {
    // A pointwise convolution with biases: what it reads, its weights and its biases.
    let pointwise = |node: &'_ NodeProto| -> Option<[String; 3]> {
        let weights = graph.tensor(node.input.get(1)?)?;
        let whole = int(node, "group").unwrap_or(1) == 1 && matches!(weights.dims.as_slice(), [_, _, 1, 1]);
        whole.then_some(node.input.clone())?.try_into().ok()
    };
    let joined = |node: &NodeProto| -> Option<(String, NodeProto)> {
        let once = |name: &'_ str, operation: &str| graph.made(name, operation).filter(|_| graph.once(name));
        let [sum, last_weights, last_biases] = pointwise(node)?;
        let [own, narrow] = once(&sum, "Add")?.input.as_slice() else { return None };
        let [activated, narrow_weights, narrow_biases] = pointwise(once(narrow, "Conv")?)?;
        let wide = once(&activated, GELU)?.input.first()?;
        let [normalized, wide_weights, wide_biases] = pointwise(once(wide, "Conv")?)?;
        let norm = once(&normalized, NORMALIZED).filter(|norm| int(norm, ACTIVATED) == Some(0))?;
        let [seen, gain, bias] = norm.input.as_slice() else { return None };
        let f = norm.attribute.iter().find(|attribute| attribute.name == EPSILON)?.f;
        let attribute = AttributeProto { name: bottleneck::EPSILON.into(), f, ..Default::default() };
        let [seen, own, gain, bias] = [seen, own, gain, bias].map(String::clone);
        let mut inputs = vec![seen, own, gain, bias, wide_weights, wide_biases, narrow_weights, narrow_biases];
        inputs.extend([last_weights, last_biases]);
        let output = output(node)?;
        Some((output.clone(), planes::node(bottleneck::OPERATION, output, &inputs, vec![attribute])))
    };
    graph.nodes("Conv").filter_map(joined).collect()
}
