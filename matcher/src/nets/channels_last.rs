//! Undoes what tf2onnx makes of a net with its channels last (Keras): the same net, channels first, without the nodes
//! that only carry values from one order of axes to the other.
//!
//! tf2onnx knows ONNX's convolutions as channels first, and wraps TensorFlow's own operations into transpositions,
//! reshapings and arithmetic over shapes. A dilated convolution comes out as padding, `SpaceToDepth`, a convolution of
//! the phases, `DepthToSpace` and cropping; an enlargement as `Unsqueeze`, `Tile` and `Reshape` for rows and again for
//! columns, on which tract 0.23.9 fails. Here each value of the file is followed with the meaning of its axes, so that a
//! node which is not understood is an error and never another net.

use std::collections::HashMap;

use anyhow::{Context as _, bail, ensure};
use tract_onnx::{
    pb::{GraphProto, NodeProto, TensorProto},
    prelude::*,
};

use super::{
    planes,
    rewrite::{int, integers, ints, list},
};

/// What an axis of a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// Nothing: there is one.
    One,
    Channel,
    Row,
    Column,
    /// Copies of what the axis before it counts.
    Copy,
    /// Rows and columns of one remainder, of a dilated convolution.
    Phase,
}

/// An operation of several nodes of which the first ones were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Padded for a dilated convolution.
    Padded,
    /// Taken apart for a convolution of this dilation; channels are still the source's.
    Apart(i64),
    /// Convolved, and put together or not.
    Convolved(i64),
    /// Put together, and not yet cropped.
    Uncropped,
    /// Rows are enlarged, columns are not.
    Rows,
}

/// One picture as it lies in the file, and where it is in the new graph.
#[derive(Debug, Clone)]
struct Picture {
    /// 1 x channels x rows x columns.
    name: String,
    channels: usize,
    axes: Vec<Axis>,
    open: Option<Open>,
}

/// What a value of the file is.
#[derive(Debug, Clone)]
enum Value {
    Picture(Picture),
    /// Computed from shapes.
    Size,
}

impl Picture {
    /// Axes as ONNX's convolutions want them, with this one first.
    fn ensure_planes(&self, first: Axis) -> TractResult<()> {
        let channel = if self.channels == 1 { Axis::One } else { Axis::Channel };
        ensure!(self.axes == [first, channel, Axis::Row, Axis::Column], "{} lies as {:?}", self.name, self.axes);
        Ok(())
    }

    fn ensure_whole(&self) -> TractResult<()> {
        ensure!(self.open.is_none(), "{} is the middle of something: {:?}", self.name, self.open);
        Ok(())
    }
}

/// The same graph with its channels first, of one input and one output: 1 x channels x rows x columns.
pub(crate) fn undo(graph: &mut GraphProto) -> TractResult<()> {
    let constants = std::mem::take(&mut graph.initializer).into_iter().map(|tensor| (tensor.name.clone(), tensor));
    let mut undoing = Undoing { constants: constants.collect(), ..Default::default() };
    let [input] = graph.input.as_slice() else { bail!("the net has {} inputs", graph.input.len()) };
    let axes = vec![Axis::One, Axis::Row, Axis::Column, Axis::One];
    undoing.remember(&input.name, &input.name, 1, axes, None);
    for node in std::mem::take(&mut graph.node) {
        let (name, operation) = (node.name.clone(), node.op_type.clone());
        undoing.take(node).with_context(|| format!("{operation} {name:?}"))?;
    }
    let [output] = graph.output.as_mut_slice() else { bail!("the net has {} outputs", graph.output.len()) };
    let picture = undoing.picture(&output.name)?;
    picture.ensure_whole()?;
    let lies = [Axis::One, Axis::Row, Axis::Column, if picture.channels == 1 { Axis::One } else { Axis::Channel }];
    ensure!(picture.axes == lies, "the output lies as {:?}", picture.axes);
    output.name = picture.name;
    graph.node = undoing.nodes;
    graph.initializer = undoing.kept;
    Ok(())
}

#[derive(Default)]
struct Undoing {
    /// Of the file.
    constants: HashMap<String, TensorProto>,
    values: HashMap<String, Value>,
    /// Of the new graph.
    nodes: Vec<NodeProto>,
    kept: Vec<TensorProto>,
}

impl Undoing {
    fn picture(&self, name: &str) -> TractResult<Picture> {
        match self.values.get(name) {
            Some(Value::Picture(picture)) => Ok(picture.clone()),
            _ => bail!("{name:?} is no picture"),
        }
    }

    fn remember(&mut self, file: &str, name: &str, channels: usize, axes: Vec<Axis>, open: Option<Open>) {
        let picture = Picture { name: name.into(), channels, axes, open };
        self.values.insert(file.into(), Value::Picture(picture));
    }

    /// An operand that is constant.
    fn constant(&self, node: &NodeProto, at: usize) -> Option<&TensorProto> {
        self.constants.get(node.input.get(at)?)
    }

    fn constant_integers(&self, node: &NodeProto, at: usize) -> TractResult<Vec<i64>> {
        Ok(integers(self.constant(node, at).context("an operand should be constant")?))
    }

    fn take(&mut self, node: NodeProto) -> TractResult<()> {
        let of_size = node.input.iter().any(|input| matches!(self.values.get(input), Some(Value::Size)));
        let by_size = matches!(node.op_type.as_str(), "Reshape" | "Slice" | "Pad")
            && matches!(node.input.first().and_then(|input| self.values.get(input)), Some(Value::Picture(_)));
        if node.op_type == "Shape" || of_size && !by_size {
            self.values.extend(node.output.iter().map(|output| (output.clone(), Value::Size)));
            return Ok(());
        }
        match node.op_type.as_str() {
            "Transpose" | "Unsqueeze" | "Squeeze" | "Reshape" | "Tile" => self.lay(&node),
            "Pad" | "SpaceToDepth" | "DepthToSpace" => self.dilate(&node),
            "Conv" => self.convolve(node),
            "MaxPool" | "AveragePool" => self.pool(node),
            "Concat" => self.concatenate(node),
            "Slice" => self.slice(node),
            "ReduceMean" => self.average(node),
            "Neg" | "Sqrt" | "Reciprocal" | "Tanh" | "Sigmoid" | "Sign" | "Atan" | "Cast" => self.apply(node),
            "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Equal" => self.combine(node),
            _ => bail!("not expected in such a net"),
        }
    }

    /// Nodes that change the order of axes and nothing else; and enlargements.
    fn lay(&mut self, node: &NodeProto) -> TractResult<()> {
        let output = node.output.first().context("no output")?;
        let input = self.picture(node.input.first().context("no input")?)?;
        let axes = match node.op_type.as_str() {
            "Transpose" => {
                let order = ints(node, "perm").context("no perm")?;
                order.iter().map(|&at| input.axes.get(at as usize).copied().context("no such axis")).collect()
            }
            "Unsqueeze" => unsqueezed(&input.axes, &self.constant_integers(node, 1)?),
            "Squeeze" => squeezed(&input.axes, &self.constant_integers(node, 1)?),
            "Tile" => repeated(&input.axes, &self.constant_integers(node, 1)?),
            _ if self.constant(node, 1).is_some() => reshaped(&input.axes, &self.constant_integers(node, 1)?),
            _ => return self.enlarge(output, input),
        };
        self.remember(output, &input.name, input.channels, axes?, input.open);
        Ok(())
    }

    /// Copies of each row, then of each column, become part of them.
    fn enlarge(&mut self, output: &str, input: Picture) -> TractResult<()> {
        let at = input.axes.iter().position(|axis| *axis == Axis::Copy).context("reshaped by a computed shape")?;
        let of = input.axes.get(at.wrapping_sub(1)).context("copies of nothing")?;
        let mut axes = input.axes.clone();
        axes.remove(at);
        match (of, input.open) {
            (Axis::Row, None) => self.remember(output, &input.name, input.channels, axes, Some(Open::Rows)),
            (Axis::Column, Some(Open::Rows)) => {
                self.nodes.push(planes::node(planes::DOUBLED, output, &[input.name], vec![]));
                self.remember(output, output, input.channels, axes, None);
            }
            (of, open) => bail!("copies of {of:?} when {open:?}"),
        }
        Ok(())
    }

    /// Nodes around a dilated convolution.
    fn dilate(&mut self, node: &NodeProto) -> TractResult<()> {
        let output = node.output.first().context("no output")?;
        let mut input = self.picture(node.input.first().context("no input")?)?;
        let side = || int(node, "blocksize").context("no blocksize");
        let phased = |axes: &mut Vec<Axis>, from: Axis, to: Axis| -> TractResult<()> {
            let channel = if input.channels == 1 { Axis::One } else { Axis::Channel };
            ensure!(*axes == [channel, from, Axis::Row, Axis::Column], "phases of {axes:?}");
            axes[1] = to;
            Ok(())
        };
        input.open = match (node.op_type.as_str(), input.open) {
            ("Pad", None) => {
                ensure!(self.constant(node, 1).is_none(), "padded by other than computed amounts");
                Some(Open::Padded)
            }
            ("SpaceToDepth", Some(Open::Padded)) => {
                phased(&mut input.axes, Axis::One, Axis::Phase)?;
                Some(Open::Apart(side()?))
            }
            ("DepthToSpace", Some(Open::Convolved(dilation))) => {
                ensure!(side()? == dilation, "taken apart by {dilation}, put together by another number");
                phased(&mut input.axes, Axis::Phase, Axis::One)?;
                Some(Open::Uncropped)
            }
            (_, open) => bail!("when {open:?}"),
        };
        self.remember(output, &input.name, input.channels, input.axes, input.open);
        Ok(())
    }

    fn convolve(&mut self, mut node: NodeProto) -> TractResult<()> {
        let input = self.picture(node.input.first().context("no input")?)?;
        let dilation = match input.open {
            Some(Open::Apart(dilation)) => dilation,
            _ => 1,
        };
        input.ensure_planes(if dilation > 1 { Axis::Phase } else { Axis::One })?;
        let weights = self.constant(&node, 1).context("weights that are not constant")?;
        let &[outputs, _, height, width] = weights.dims.as_slice() else { bail!("weights {:?}", weights.dims) };
        let all = |name: &str, value: i64| ints(&node, name).is_none_or(|values| values.iter().all(|&at| at == value));
        ensure!(all("strides", 1) && all("dilations", 1), "neither strides nor ONNX's dilations are expected");
        let same = node.attribute.iter().any(|attribute| attribute.s == b"SAME_UPPER");
        let (odd, single) = (height % 2 == 1 && width % 2 == 1, height == 1 && width == 1);
        ensure!(odd && if dilation > 1 { !same } else { same || single }, "padding of {height} x {width}");
        let [above, left] = [height, width].map(|side| dilation * (side - 1) / 2);
        node.attribute.retain(|attribute| matches!(attribute.name.as_str(), "group" | "kernel_shape"));
        node.attribute.push(list("pads", vec![above, left, above, left]));
        node.attribute.push(list("dilations", vec![dilation; 2]));
        let first = if dilation > 1 { Axis::Phase } else { Axis::One };
        let open = (dilation > 1).then_some(Open::Convolved(dilation));
        let channel = if outputs == 1 { Axis::One } else { Axis::Channel };
        let operands: Vec<String> = node.input.iter().skip(1).cloned().collect();
        for operand in &operands {
            self.keep(operand)?;
        }
        let output = node.output.first().context("no output")?.clone();
        node.input = std::iter::once(input.name).chain(operands).collect();
        self.nodes.push(node);
        self.remember(&output, &output, outputs as usize, vec![first, channel, Axis::Row, Axis::Column], open);
        Ok(())
    }

    /// Takes a constant over as it is.
    fn keep(&mut self, name: &str) -> TractResult<()> {
        if self.kept.iter().all(|kept| kept.name != name) {
            self.kept.push(self.constants.get(name).context("an operand that is not constant")?.clone());
        }
        Ok(())
    }

    /// Puts a node into the new graph.
    fn put(&mut self, mut node: NodeProto, inputs: Vec<String>, channels: usize, axes: Vec<Axis>) -> TractResult<()> {
        let output = node.output.first().context("no output")?.clone();
        node.input = inputs;
        self.nodes.push(node);
        self.remember(&output, &output, channels, axes, None);
        Ok(())
    }

    fn whole(&self, node: &NodeProto) -> TractResult<Picture> {
        let input = self.picture(node.input.first().context("no input")?)?;
        input.ensure_whole()?;
        Ok(input)
    }

    fn pool(&mut self, node: NodeProto) -> TractResult<()> {
        let input = self.whole(&node)?;
        input.ensure_planes(Axis::One)?;
        self.put(node, vec![input.name], input.channels, input.axes)
    }

    fn apply(&mut self, node: NodeProto) -> TractResult<()> {
        let input = self.whole(&node)?;
        self.put(node, vec![input.name], input.channels, input.axes)
    }

    fn average(&mut self, mut node: NodeProto) -> TractResult<()> {
        let mut input = self.whole(&node)?;
        let &[axis] = ints(&node, "axes").context("no axes")? else { bail!("the mean of several axes") };
        let axis = input.axes.get_mut(axis as usize).filter(|axis| **axis == Axis::Channel);
        *axis.context("the mean of other than channels")? = Axis::One;
        ensure!(int(&node, "keepdims").unwrap_or(1) == 1, "an axis gets lost");
        node.attribute.retain(|attribute| attribute.name == "keepdims");
        node.attribute.push(list("axes", vec![1]));
        self.put(node, vec![input.name], 1, input.axes)
    }

    fn concatenate(&mut self, mut node: NodeProto) -> TractResult<()> {
        let inputs = node.input.iter().map(|input| self.picture(input)).collect::<TractResult<Vec<_>>>()?;
        inputs.iter().try_for_each(Picture::ensure_whole)?;
        let at = int(&node, "axis").context("no axis")? as usize;
        let mut axes = inputs.first().context("nothing to join")?.axes.clone();
        *axes.get_mut(at).context("no such axis")? = Axis::Channel;
        for input in &inputs {
            let alike = input.axes.len() == axes.len();
            let mut both = input.axes.iter().zip(&axes).enumerate();
            let joins = |place: usize, axis: Axis| place == at && (axis == Axis::Channel || input.channels == 1);
            ensure!(
                alike && both.all(|(place, (one, other))| one == other && place != at || joins(place, *one)),
                "{:?} and {axes:?} joined along {at}",
                input.axes
            );
        }
        for attribute in node.attribute.iter_mut().filter(|attribute| attribute.name == "axis") {
            attribute.i = 1;
        }
        let channels = inputs.iter().map(|input| input.channels).sum();
        let names = inputs.into_iter().map(|input| input.name).collect();
        self.put(node, names, channels, axes)
    }

    /// Some channels; or the end of a dilated convolution.
    fn slice(&mut self, node: NodeProto) -> TractResult<()> {
        let input = self.picture(node.input.first().context("no input")?)?;
        let output = node.output.first().context("no output")?.clone();
        if input.open == Some(Open::Uncropped) {
            ensure!(self.constant(&node, 1).is_none(), "cropped by other than computed amounts");
            self.remember(&output, &input.name, input.channels, input.axes, None);
            return Ok(());
        }
        input.ensure_whole()?;
        let one = |at: usize| -> TractResult<i64> {
            match self.constant_integers(&node, at)?.as_slice() {
                &[value] => Ok(value),
                values => bail!("along {} axes", values.len()),
            }
        };
        let (begin, end, axis) = (one(1)?, one(2)?, one(3)?);
        ensure!(node.input.len() == 4 || one(4)? == 1, "in steps");
        ensure!(input.axes.get(axis as usize) == Some(&Axis::Channel), "a part of other than channels");
        let end = end.min(input.channels as i64);
        ensure!((0..end).contains(&begin), "channels {begin} to {end}");
        let channels = (end - begin) as usize;
        let mut axes = input.axes.clone();
        axes[axis as usize] = if channels == 1 { Axis::One } else { Axis::Channel };
        let mut names = vec![input.name];
        for (what, value) in [("begin", begin), ("end", end), ("axis", 1)] {
            let name = format!("{output}.{what}");
            let raw_data = value.to_le_bytes().to_vec();
            // Data type 7 is INT64.
            self.kept.push(TensorProto {
                name: name.clone(),
                dims: vec![1],
                data_type: 7,
                raw_data,
                ..Default::default()
            });
            names.push(name);
        }
        self.put(node, names, channels, axes)
    }

    /// Two pictures, or a picture and a constant, value by value.
    fn combine(&mut self, node: NodeProto) -> TractResult<()> {
        let pictures = node.input.iter().filter_map(|input| self.picture(input).ok()).collect::<Vec<_>>();
        pictures.iter().try_for_each(Picture::ensure_whole)?;
        let mut axes = match pictures.as_slice() {
            [one] => one.axes.clone(),
            [one, other] => joined(&one.axes, &other.axes)?,
            _ => bail!("no picture among the operands"),
        };
        let mut channels = pictures.iter().map(|picture| picture.channels).max().unwrap_or(1);
        let mut names = Vec::new();
        for (at, input) in node.input.iter().enumerate() {
            if let Ok(picture) = self.picture(input) {
                names.push(picture.name);
                continue;
            }
            let mut constant = self.constants.get(input).context("an operand of unknown origin")?.clone();
            constant.dims = laid(&constant.dims, &mut axes, &mut channels)?;
            constant.name = format!("{}.{at}", node.output.first().context("no output")?);
            names.push(constant.name.clone());
            self.kept.push(constant);
        }
        self.put(node, names, channels, axes)
    }
}

fn unsqueezed(axes: &[Axis], at: &[i64]) -> TractResult<Vec<Axis>> {
    let mut places: Vec<usize> = at.iter().map(|&at| at as usize).collect();
    places.sort_unstable();
    let mut axes = axes.to_vec();
    for place in places {
        ensure!(place <= axes.len(), "axis {place} of {}", axes.len());
        axes.insert(place, Axis::One);
    }
    Ok(axes)
}

fn squeezed(axes: &[Axis], at: &[i64]) -> TractResult<Vec<Axis>> {
    let gone = |place: usize| at.contains(&(place as i64)) || at.contains(&(place as i64 - axes.len() as i64));
    ensure!(axes.iter().enumerate().all(|(place, axis)| !gone(place) || *axis == Axis::One), "an axis gets lost");
    Ok(axes.iter().enumerate().filter(|(place, _)| !gone(*place)).map(|(_, axis)| *axis).collect())
}

/// Of `Tile`: two of each.
fn repeated(axes: &[Axis], times: &[i64]) -> TractResult<Vec<Axis>> {
    ensure!(axes.len() == times.len(), "{} numbers for {} axes", times.len(), axes.len());
    let repeat = |(&axis, &times): (&Axis, &i64)| match (axis, times) {
        (axis, 1) => Ok(axis),
        (Axis::One, 2) => Ok(Axis::Copy),
        _ => bail!("{times} of each {axis:?}"),
    };
    axes.iter().zip(times).map(repeat).collect()
}

/// Of `Reshape` to a constant shape: 0 keeps an axis in its place, 1 is none, and -1 is what remains.
fn reshaped(axes: &[Axis], shape: &[i64]) -> TractResult<Vec<Axis>> {
    let kept = |(place, &length): (usize, &i64)| match length {
        0 => axes.get(place).copied().map(Some).context("no such axis"),
        1 => Ok(Some(Axis::One)),
        -1 => Ok(None),
        _ => bail!("a length of {length}"),
    };
    let kept: Vec<Option<Axis>> = shape.iter().enumerate().map(kept).collect::<TractResult<_>>()?;
    let known = |axis: &&Axis| kept.contains(&Some(**axis));
    let rest: Vec<Axis> = axes.iter().filter(|axis| **axis != Axis::One && !known(axis)).copied().collect();
    let rest = match rest.as_slice() {
        [] => Axis::One,
        &[axis] if kept.contains(&None) => axis,
        _ => bail!("{axes:?} to {shape:?}"),
    };
    Ok(kept.into_iter().map(|axis| axis.unwrap_or(rest)).collect())
}

/// Axes of two values that are combined, the last ones beside each other.
fn joined(one: &[Axis], other: &[Axis]) -> TractResult<Vec<Axis>> {
    let (longer, shorter) = if one.len() >= other.len() { (one, other) } else { (other, one) };
    let mut axes = longer.to_vec();
    for (axis, beside) in axes.iter_mut().rev().zip(shorter.iter().rev()) {
        ensure!(*axis == *beside || *axis == Axis::One || *beside == Axis::One, "{one:?} with {other:?}");
        if *axis == Axis::One {
            *axis = *beside;
        }
    }
    Ok(axes)
}

/// Shape of a constant beside pictures: one value, or one for each channel. Beside a picture of one channel it makes as
/// many as it has values.
fn laid(dims: &[i64], axes: &mut [Axis], channels: &mut usize) -> TractResult<Vec<i64>> {
    let long: Vec<(usize, i64)> = dims.iter().copied().rev().enumerate().filter(|(_, length)| *length != 1).collect();
    let (from_end, length) = match long.as_slice() {
        [] => return Ok(vec![]),
        &[long] => long,
        _ => bail!("a constant {dims:?} beside {axes:?}"),
    };
    let axis = axes.iter_mut().rev().nth(from_end).context("a constant of more axes than the picture")?;
    let becomes = *axis == Axis::One && *channels == 1;
    ensure!(becomes || *axis == Axis::Channel && length == *channels as i64, "a constant {dims:?} beside {axis:?}");
    (*axis, *channels) = (Axis::Channel, length as usize);
    Ok(vec![1, length, 1, 1])
}
