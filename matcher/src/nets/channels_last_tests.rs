//! A net as tf2onnx writes it, with one of everything that becomes something else, beside tract's reading of its file.
#![allow(clippy::unwrap_used)]

use tract_onnx::{
    pb::{self, AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto},
    prelude::*,
    tract_core::internal::Approximation,
};

use super::{bottleneck, channels_last, planes, reader, spelled};

/// Writes a graph node by node; each node gives the name of its output.
struct Writer {
    graph: GraphProto,
    seed: u32,
}

impl Writer {
    fn new() -> Self {
        Self { graph: GraphProto { name: "keras".into(), ..Default::default() }, seed: 1 }
    }

    fn node(&mut self, operation: &str, inputs: &[&str], attributes: &[(&str, &[i64])]) -> String {
        let attribute = |(name, ints): &(&str, &[i64])| {
            // Types 2, 3 and 7 are INT, STRING and INTS.
            let of = |r#type| AttributeProto { name: (*name).into(), r#type, ..Default::default() };
            match *name {
                "group" | "axis" | "blocksize" | "keepdims" => AttributeProto { i: ints[0], ..of(2) },
                "auto_pad" => AttributeProto { s: b"SAME_UPPER".to_vec(), ..of(3) },
                _ => AttributeProto { ints: ints.to_vec(), ..of(7) },
            }
        };
        let output = format!("{operation}_{}", self.graph.node.len());
        self.graph.node.push(NodeProto {
            name: output.clone(),
            op_type: operation.into(),
            input: inputs.iter().map(|&name| name.into()).collect(),
            output: vec![output.clone()],
            attribute: attributes.iter().map(attribute).collect(),
            ..Default::default()
        });
        output
    }

    fn constant(&mut self, dims: &[i64], data_type: i32, raw_data: Vec<u8>) -> String {
        let name = format!("constant_{}", self.graph.initializer.len());
        let tensor = TensorProto { name: name.clone(), dims: dims.to_vec(), data_type, raw_data, ..Default::default() };
        self.graph.initializer.push(tensor);
        name
    }

    fn integers(&mut self, values: &[i64]) -> String {
        self.constant(&[values.len() as i64], 7, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn scalar(&mut self, value: f32) -> String {
        self.constant(&[], 1, value.to_le_bytes().to_vec())
    }

    /// Numbers that look like weights, the same in every run.
    fn weights(&mut self, dims: &[i64]) -> String {
        let mut next = || {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let values = (0..dims.iter().product()).flat_map(|_| next().to_le_bytes()).collect();
        self.constant(dims, 1, values)
    }

    fn convolution(&mut self, from: &str, [outputs, inputs, side]: [i64; 3], group: i64) -> String {
        let (weights, biases) = (self.weights(&[outputs, inputs, side, side]), self.weights(&[outputs]));
        let attributes: [(&str, &[i64]); 3] = [("kernel_shape", &[side; 2]), ("auto_pad", &[]), ("group", &[group])];
        self.node("Conv", &[from, &weights, &biases], &attributes)
    }

    /// Over the net's input, of one channel.
    fn dilated(&mut self, outputs: i64) -> String {
        let shape = self.node("Shape", &["input"], &[]);
        let zeros = self.integers(&[0; 4]);
        let zeros = self.node("Mul", &[&shape, &zeros], &[]);
        let amounts = self.node("Concat", &[&zeros, &zeros], &[("axis", &[0])]);
        let around = self.integers(&[0, 2, 2, 0, 0, 2, 2, 0]);
        let amounts = self.node("Add", &[&amounts, &around], &[]);
        let padded = self.node("Pad", &["input", &amounts], &[]);
        let turned = self.node("Transpose", &[&padded], &[("perm", &[3, 0, 1, 2])]);
        let apart = self.node("SpaceToDepth", &[&turned], &[("blocksize", &[2])]);
        let apart = self.node("Transpose", &[&apart], &[("perm", &[1, 0, 2, 3])]);
        let weights = self.weights(&[outputs, 1, 3, 3]);
        let made = self.node("Conv", &[&apart, &weights], &[("kernel_shape", &[3; 2])]);
        let made = self.node("Transpose", &[&made], &[("perm", &[1, 0, 2, 3])]);
        let whole = self.node("DepthToSpace", &[&made], &[("blocksize", &[2])]);
        let [begin, two, axes] = [[0].as_slice(), &[2], &[2, 3]].map(|values| self.integers(values));
        let from = self.node("Slice", &[&zeros, &begin, &two], &[]);
        let far = self.integers(&[i64::from(i32::MAX)]);
        let to = self.node("Add", &[&from, &far], &[]);
        let cropped = self.node("Slice", &[&whole, &from, &to, &axes], &[]);
        let biases = self.weights(&[outputs, 1, 1, 1]);
        let sum = self.node("Add", &[&cropped, &biases], &[]);
        self.node("Transpose", &[&sum], &[("perm", &[1, 0, 2, 3])])
    }

    fn normalization(&mut self, x: &str, channels: i64) -> String {
        let mean = self.node("ReduceMean", &[x], &[("axes", &[1]), ("keepdims", &[1])]);
        let minus = self.node("Neg", &[&mean], &[]);
        let shape = self.integers(&[-1, 1, 0, 0]);
        let beside = self.node("Reshape", &[&mean, &shape], &[]);
        let off = self.node("Sub", &[x, &beside], &[]);
        let square = self.node("Mul", &[&off, &off], &[]);
        let variance = self.node("ReduceMean", &[&square], &[("axes", &[1]), ("keepdims", &[1])]);
        let epsilon = self.scalar(1e-3);
        let variance = self.node("Add", &[&variance, &epsilon], &[]);
        let root = self.node("Sqrt", &[&variance], &[]);
        let inverse = self.node("Reciprocal", &[&root], &[]);
        let [gain, bias] = [(); 2].map(|()| self.weights(&[1, channels, 1, 1]));
        let scale = self.node("Mul", &[&inverse, &gain], &[]);
        let scaled = self.node("Mul", &[x, &scale], &[]);
        let shift = self.node("Mul", &[&minus, &scale], &[]);
        let shift = self.node("Add", &[&shift, &bias], &[]);
        self.node("Add", &[&scaled, &shift], &[])
    }

    fn gelu(&mut self, x: &str) -> String {
        let [half, three, cubic, scale, one] = [0.5, 3.0, 0.044_715, 0.797_884_6, 1.0].map(|value| self.scalar(value));
        let halved = self.node("Mul", &[&half, x], &[]);
        let last = self.node("Transpose", &[x], &[("perm", &[0, 2, 3, 1])]);
        let cube = self.node("Pow", &[&last, &three], &[]);
        let cube = self.node("Mul", &[&cubic, &cube], &[]);
        let cube = self.node("Transpose", &[&cube], &[("perm", &[0, 3, 1, 2])]);
        let sum = self.node("Add", &[x, &cube], &[]);
        let inner = self.node("Mul", &[&scale, &sum], &[]);
        let tanh = self.node("Tanh", &[&inner], &[]);
        let rest = self.node("Add", &[&one, &tanh], &[]);
        self.node("Mul", &[&halved, &rest], &[])
    }

    fn halved(&mut self, x: &str, channels: i64) -> String {
        let [begin, middle, end, axis] = [0, channels / 2, i64::MAX, 1].map(|value| self.integers(&[value]));
        let pooling: [(&str, &[i64]); 3] = [("kernel_shape", &[2; 2]), ("strides", &[2; 2]), ("auto_pad", &[])];
        let others = self.node("Slice", &[x, &middle, &end, &axis], &[]);
        let others = self.node("AveragePool", &[&others], &pooling);
        let first = self.node("Slice", &[x, &begin, &middle, &axis], &[]);
        let first = self.node("MaxPool", &[&first], &pooling);
        self.node("Concat", &[&first, &others], &[("axis", &[1])])
    }

    fn doubled(&mut self, x: &str) -> String {
        let [three, times] = [[3].as_slice(), &[1, 1, 1, 2, 1]].map(|values| self.integers(values));
        let shape = self.node("Shape", &[x], &[]);
        let order = self.integers(&[0, 2, 3, 1]);
        let shape = self.node("Gather", &[&shape, &order], &[("axis", &[0])]);
        let rows = self.integers(&[1, 2, 1, 1]);
        let shape = self.node("Mul", &[&shape, &rows], &[]);
        let copies = self.node("Unsqueeze", &[x, &three], &[]);
        let copies = self.node("Tile", &[&copies, &times], &[]);
        let copies = self.node("Transpose", &[&copies], &[("perm", &[0, 2, 3, 4, 1])]);
        let tall = self.node("Reshape", &[&copies, &shape], &[]);
        let columns = self.integers(&[1, 1, 2, 1]);
        let shape = self.node("Mul", &[&shape, &columns], &[]);
        let copies = self.node("Unsqueeze", &[&tall, &three], &[]);
        let copies = self.node("Tile", &[&copies, &times], &[]);
        let large = self.node("Reshape", &[&copies, &shape], &[]);
        self.node("Transpose", &[&large], &[("perm", &[0, 3, 1, 2])])
    }

    fn bottleneck(&mut self, x: &str, channels: i64, outputs: i64) -> String {
        let seen = self.convolution(x, [channels, 1, 3], channels);
        let seen = self.normalization(&seen, channels);
        let wide = self.convolution(&seen, [4 * channels, channels, 1], 1);
        let wide = self.gelu(&wide);
        let narrow = self.convolution(&wide, [channels, 4 * channels, 1], 1);
        let sum = self.node("Add", &[x, &narrow], &[]);
        self.convolution(&sum, [outputs, channels, 1], 1)
    }

    fn finished(mut self, output: &str) -> ModelProto {
        let floats = pb::type_proto::Tensor { elem_type: 1, shape: None };
        let r#type = pb::TypeProto { value: Some(pb::type_proto::Value::TensorType(floats)), ..Default::default() };
        let value =
            |name: &str| ValueInfoProto { name: name.into(), r#type: Some(r#type.clone()), ..Default::default() };
        self.graph.input = vec![value("input")];
        self.graph.output = vec![value(output)];
        let opset_import = vec![pb::OperatorSetIdProto { domain: String::new(), version: 13 }];
        ModelProto { ir_version: 8, opset_import, graph: Some(self.graph), ..Default::default() }
    }
}

fn net() -> ModelProto {
    let mut writer = Writer::new();
    let [zero, shape] = [[0].as_slice(), &[-1, 1, 0, 0]].map(|values| writer.integers(values));
    let first = writer.node("Unsqueeze", &["input", &zero], &[]);
    let first = writer.node("Reshape", &[&first, &shape], &[]);
    let plain = writer.convolution(&first, [3, 1, 5], 1);
    let dilated = writer.dilated(5);
    let both = writer.node("Concat", &[&plain, &dilated], &[("axis", &[1])]);
    let normal = writer.normalization(&both, 8);
    let active = writer.gelu(&normal);
    let half = writer.halved(&active, 8);
    let block = writer.bottleneck(&half, 8, 6);
    let large = writer.doubled(&block);
    let sigmoid = writer.node("Sigmoid", &[&large], &[]);
    let last = writer.node("Transpose", &[&sigmoid], &[("perm", &[0, 2, 3, 1])]);
    writer.finished(&last)
}

/// Over a picture of this size, which is given with its channels as the shape says.
fn run(proto: &ModelProto, shape: [usize; 4], optimized: bool) -> Tensor {
    let mut model = reader().model_for_proto_model(proto).unwrap();
    model.set_input_fact(0, f32::fact(shape).into()).unwrap();
    let typed = if optimized { model.into_optimized() } else { model.into_typed() };
    let values: Vec<f32> =
        (0..shape.iter().product()).map(|at: usize| ((at * 7_919) % 251) as f32 / 125.0 - 1.0).collect();
    let input = Tensor::from_shape(&shape, &values).unwrap().into_tvalue();
    let outputs = typed.unwrap().into_runnable().unwrap().run(tvec!(input)).unwrap();
    outputs.into_iter().next().unwrap().into_tensor()
}

#[test]
fn a_net_of_keras_computes_the_same_with_its_channels_first() {
    let (file, mut ours) = (net(), net());
    let graph = ours.graph.as_mut().unwrap();
    channels_last::undo(graph).unwrap();
    spelled::join(graph);
    let operations: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
    let expected = ["Conv", "Conv", "Concat", planes::NORMALIZED, planes::HALVED, "Conv"];
    assert_eq!(operations, [&expected[..], &[bottleneck::OPERATION, planes::DOUBLED, "Sigmoid"]].concat());
    // From less than a strip of the bottleneck to several, the last one cut.
    for [height, width] in [[8, 8], [32, 24], [64, 96]] {
        let theirs = run(&file, [1, height, width, 1], false).permute_axes(&[0, 3, 1, 2]).unwrap();
        let ours = run(&ours, [1, 1, height, width], true);
        ours.close_enough(&theirs, Approximation::Approximate).unwrap();
        assert!(ours.to_plain_array_view::<f32>().unwrap().iter().any(|value| (*value - 0.5).abs() > 0.05));
    }
}

#[test]
fn what_is_not_understood_is_an_error() {
    for (from, to) in [("SpaceToDepth", "Softmax"), ("Tanh", "Erf"), ("Sigmoid", "Shrink")] {
        let mut graph = net().graph.unwrap();
        graph.node.iter_mut().filter(|node| node.op_type == from).for_each(|node| node.op_type = to.into());
        let error = channels_last::undo(&mut graph).unwrap_err();
        assert!(format!("{error:#}").contains(to), "{error:#}");
    }
    // Rows and columns exchanged, channels for rows, the mean of rows.
    for (operation, attribute, wrong) in
        [("Transpose", "perm", vec![0, 3, 2, 1]), ("Concat", "axis", vec![2]), ("ReduceMean", "axes", vec![2])]
    {
        let mut graph = net().graph.unwrap();
        let last = graph.node.iter_mut().rfind(|node| node.op_type == operation).unwrap();
        let attribute = last.attribute.iter_mut().find(|known| known.name == attribute).unwrap();
        (attribute.i, attribute.ints) = (wrong[0], wrong);
        assert!(channels_last::undo(&mut graph).is_err(), "{operation}");
    }
}
