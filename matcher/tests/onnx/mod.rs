//! Writes small ONNX files: as much of protocol buffers and of `onnx.proto` as the nets of tests need.

/// A message of protocol buffers.
#[derive(Default, Clone)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value > 0x7F {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Wire type 0.
    fn number(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    /// Wire type 2.
    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Wire type 5.
    fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }
}

/// A `NodeProto`.
pub(crate) struct Node(Message);

impl Node {
    pub(crate) fn new(operation: &str, inputs: &[&str], output: &str) -> Self {
        let node = inputs.iter().fold(Message::default(), |node, input| node.bytes(1, input.as_bytes()));
        Self(node.bytes(2, output.as_bytes()).bytes(3, output.as_bytes()).bytes(4, operation.as_bytes()))
    }

    /// An `AttributeProto` of type INT (2).
    pub(crate) fn int(self, name: &str, value: u64) -> Self {
        self.attribute(Message::default().bytes(1, name.as_bytes()).number(3, value).number(20, 2))
    }

    /// Of type FLOAT (1).
    pub(crate) fn float(self, name: &str, value: f32) -> Self {
        self.attribute(Message::default().bytes(1, name.as_bytes()).float(2, value).number(20, 1))
    }

    /// Of type INTS (7).
    pub(crate) fn ints(self, name: &str, values: &[u64]) -> Self {
        let attribute = Message::default().bytes(1, name.as_bytes()).number(20, 7);
        self.attribute(values.iter().fold(attribute, |attribute, &value| attribute.number(8, value)))
    }

    fn attribute(self, attribute: Message) -> Self {
        Self(self.0.bytes(5, &attribute.0))
    }
}

/// A `TensorProto` of floats (data type 1).
pub(crate) fn initializer(name: &str, dims: &[usize], values: &[f32]) -> Vec<u8> {
    assert_eq!(dims.iter().product::<usize>(), values.len(), "{name}");
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let tensor = dims.iter().fold(Message::default(), |tensor, &dim| tensor.number(1, dim as u64));
    tensor.number(2, 1).bytes(8, name.as_bytes()).bytes(9, &raw).0
}

/// A `ModelProto` of operator set 13 around a graph with one input and one output.
pub(crate) fn graph(
    nodes: &[Node],
    initializers: &[Vec<u8>],
    input: (&str, &[usize]),
    output: (&str, &[usize]),
) -> Vec<u8> {
    let graph = nodes.iter().fold(Message::default(), |graph, node| graph.bytes(1, &node.0.0)).bytes(2, b"graph");
    let graph = initializers.iter().fold(graph, |graph, tensor| graph.bytes(5, tensor));
    let graph = graph.bytes(11, &value_info(input).0).bytes(12, &value_info(output).0);
    let operators = Message::default().bytes(1, b"").number(2, 13);
    Message::default().number(1, 8).bytes(7, &graph.0).bytes(8, &operators.0).0
}

fn value_info((name, dims): (&str, &[usize])) -> Message {
    let shape =
        dims.iter().fold(Message::default(), |shape, &dim| shape.bytes(1, &Message::default().number(1, dim as u64).0));
    let tensor = Message::default().number(1, 1).bytes(2, &shape.0);
    Message::default().bytes(1, name.as_bytes()).bytes(2, &Message::default().bytes(1, &tensor.0).0)
}
