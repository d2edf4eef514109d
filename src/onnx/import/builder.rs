//! The net under construction: its ops in order, with their weights.

use std::collections::{BTreeMap, HashMap};

use crate::graph::op::{self, Args, Op};
use crate::graph::{Graph, NodeId, Shape, Value};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::tensor_shape_proto::dimension;
use crate::onnx::proto::{GraphProto, ModelProto, TensorProto, ValueInfoProto, type_proto};

use super::attributes::Node;
use super::constant::Constant;
use super::names::{self, Names};
use super::sizes::Size;
use super::{Fault, ImportError, Result, ops};

/// The versions of ONNX's operators that are understood.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=28;
/// The most nodes of a model.
const MAX_NODES: usize = 50_000;

/// What the name of a value stands for.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// The result of a line.
    Value(usize),
    Constant(Constant),
    /// The sizes of a value, or some of them.
    Sizes(Vec<Size>),
    /// The result of a node that is at fault.
    Unknown,
}

/// An op of the net.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// The name of its value in the model; empty if it has none.
    pub value: String,
    pub path: String,
    pub op: Op,
    pub operands: Vec<usize>,
    pub shape: Shape,
    /// Its weights by name.
    pub tensors: Vec<(&'static str, Tensor)>,
}

/// Numbers of a weight with their sizes.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub dims: Vec<u64>,
    pub values: Vec<f32>,
}

/// The net so far.
pub(super) struct Builder<'m> {
    model: &'m ModelProto,
    graph: &'m GraphProto,
    net: String,
    pub lines: Vec<Line>,
    known: HashMap<&'m str, Known>,
    initializers: HashMap<&'m str, &'m TensorProto>,
    reads: HashMap<&'m str, usize>,
    names: Names,
    /// The batch that the model is for, if it is for one alone.
    pub batch: Option<i64>,
    unsupported: BTreeMap<String, usize>,
}

impl<'m> Builder<'m> {
    pub fn new(model: &'m ModelProto, name: &str) -> std::result::Result<Builder<'m>, ImportError> {
        let malformed = |what: &str| ImportError::Malformed(what.to_string());
        let graph = model.graph.as_ref().ok_or_else(|| malformed("it has no graph"))?;
        let opset = model.opset_import.iter().find(|set| ["", "ai.onnx"].contains(&set.domain()));
        let opset = opset.ok_or_else(|| malformed("it states no version of ONNX's operators"))?.version();
        if !OPSETS.contains(&opset) {
            let (first, last) = (OPSETS.start(), OPSETS.end());
            return Err(ImportError::Malformed(format!("opset {opset}; netc reads {first} to {last}")));
        }
        if graph.node.len() > MAX_NODES {
            return Err(ImportError::Malformed(format!("more than {MAX_NODES} nodes")));
        }
        let mut reads: HashMap<&str, usize> = HashMap::new();
        let results = graph.output.iter().map(ValueInfoProto::name);
        for name in graph.node.iter().flat_map(|n| &n.input).map(String::as_str).chain(results) {
            *reads.entry(name).or_default() += 1;
        }
        let own = model.producer_name() == "netc" && !graph.name().is_empty();
        Ok(Builder {
            model,
            graph,
            net: names::identifier(if own { graph.name() } else { name }, "net_of_onnx"),
            lines: Vec::new(),
            known: HashMap::new(),
            initializers: graph.initializer.iter().map(|t| (t.name(), t)).collect(),
            reads,
            names: Names::new(graph),
            batch: None,
            unsupported: BTreeMap::new(),
        })
    }

    /// Takes over node after node; a fault does not keep it from seeing the others.
    pub fn build(mut self) -> std::result::Result<(Graph, HashMap<String, Vec<f32>>), ImportError> {
        self.input()?;
        if !self.model.functions.is_empty() {
            *self.unsupported.entry("functions of the model's own".into()).or_default() += 1;
        }
        for proto in &self.graph.node {
            let node = Node::new(proto);
            let made = ops::translate(&mut self, &node).and_then(|known| match node.unread() {
                None => Ok(known),
                Some(name) => Err(Fault::Unsupported(format!("the attribute `{name}`"))),
            });
            let made = match made {
                Ok(known) => known,
                Err(fault) => self.fault(&node, fault)?,
            };
            self.bind(&node, made)?;
        }
        if !self.unsupported.is_empty() {
            return Err(ImportError::Unsupported(self.unsupported));
        }
        self.finish()
    }

    /// Notes a fault that others may stand beside; any other ends it all.
    fn fault(&mut self, node: &Node, fault: Fault) -> std::result::Result<Known, ImportError> {
        match fault {
            Fault::Malformed(what) => return Err(ImportError::Malformed(what)),
            Fault::Unsupported(reason) => {
                let kind = names::shown(node.proto.op_type());
                let what = if reason.is_empty() { kind } else { format!("{kind} ({reason})") };
                *self.unsupported.entry(what).or_default() += 1;
            }
            Fault::Known => {}
        }
        Ok(Known::Unknown)
    }

    /// Gives the first result its meaning; the others must not be read.
    fn bind(&mut self, node: &Node<'m>, made: Known) -> std::result::Result<(), ImportError> {
        for (i, name) in node.proto.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let taken =
                self.known.contains_key(name.as_str()) || self.initializers.contains_key(name.as_str());
            if taken {
                return Err(ImportError::Malformed(format!(
                    "the value `{}` is made twice",
                    names::shown(name)
                )));
            }
            let known = match i {
                0 => made.clone(),
                _ if self.reads(name) == 0 => Known::Unknown,
                _ => self.fault(node, Fault::Unsupported("its further results".into()))?,
            };
            self.known.insert(name, known);
        }
        Ok(())
    }

    fn input(&mut self) -> std::result::Result<(), ImportError> {
        let inputs: Vec<&ValueInfoProto> =
            self.graph.input.iter().filter(|input| !self.initializers.contains_key(input.name())).collect();
        let [input] = inputs.as_slice() else {
            let what = format!("{} inputs; netc's nets have one", inputs.len());
            return Err(ImportError::Unsupported(BTreeMap::from([(what, 1)])));
        };
        let malformed = |what: String| {
            ImportError::Malformed(format!("the input `{}` {what}", names::shown(input.name())))
        };
        let Some(type_proto::Value::TensorType(tensor)) =
            input.r#type.as_ref().and_then(|t| t.value.as_ref())
        else {
            return Err(malformed("is no tensor".into()));
        };
        if tensor.elem_type() != DataType::Float as i32 {
            return Err(ImportError::Unsupported(BTreeMap::from([("an input that is not fp32".into(), 1)])));
        }
        let sizes: Vec<Option<i64>> = tensor
            .shape
            .iter()
            .flat_map(|s| &s.dim)
            .map(|d| match &d.value {
                Some(dimension::Value::DimValue(n)) => Some(*n),
                Some(dimension::Value::DimParam(_)) | None => None,
            })
            .collect();
        let Some((batch, sizes)) = sizes.split_first() else {
            return Err(malformed("has no sizes".into()));
        };
        let sizes: Option<Vec<u64>> = sizes.iter().map(|d| d.and_then(|d| u64::try_from(d).ok())).collect();
        let sizes = sizes.ok_or_else(|| {
            malformed("has sizes left open besides the batch: export with fixed ones".into())
        })?;
        let shape =
            Shape::new(sizes).map_err(|error| malformed(format!("has no sound shape: {}", error.message)))?;
        self.batch = *batch;
        let path = self.names.unique(&names::identifier(input.name(), "image"));
        let line = Line {
            value: input.name().into(),
            path,
            op: Op::from(op::Input(shape.clone())),
            operands: Vec::new(),
            shape,
            tensors: Vec::new(),
        };
        self.lines.push(line);
        self.known.insert(input.name(), Known::Value(0));
        Ok(())
    }

    fn finish(self) -> std::result::Result<(Graph, HashMap<String, Vec<f32>>), ImportError> {
        let [output] = self.graph.output.as_slice() else {
            let what = format!("{} outputs; netc's nets have one", self.graph.output.len());
            return Err(ImportError::Unsupported(BTreeMap::from([(what, 1)])));
        };
        let Some(Known::Value(last)) = self.known.get(output.name()) else {
            return Err(ImportError::Malformed("its output is not the result of a node".into()));
        };
        let mut graph = Graph::new(self.net);
        let mut ids: Vec<NodeId> = Vec::new();
        let mut tensors = HashMap::new();
        for line in self.lines {
            let operands: Vec<NodeId> = line.operands.iter().map(|&i| ids[i]).collect();
            for (name, tensor) in line.tensors {
                tensors.insert(format!("{}.{name}", line.path), tensor.values);
            }
            ids.push(match line.op {
                Op::Input(input) => graph.input(line.path, input.0),
                op => graph.node(line.path, op, &operands),
            });
        }
        graph.set_output(names::identifier(output.name(), "logits"), ids[*last]);
        Ok((graph, tensors))
    }

    /// How often a value is read, the result of the model included.
    pub fn reads(&self, name: &str) -> usize {
        self.reads.get(name).copied().unwrap_or(0)
    }

    /// What an operand is.
    pub fn known(&self, node: &Node<'m>, i: usize) -> Result<Option<Known>> {
        let Some(name) = node.input(i) else { return Ok(None) };
        if let Some(known) = self.known.get(name) {
            return match known {
                Known::Unknown => Err(Fault::Known),
                known => Ok(Some(known.clone())),
            };
        }
        match self.initializers.get(name) {
            Some(tensor) => Constant::read(tensor).map(|constant| Some(Known::Constant(constant))),
            None => Err(Fault::Malformed(format!("`{}` is read before it is made", names::shown(name)))),
        }
    }

    /// The line of an operand that is a value of the net.
    pub fn value(&self, node: &Node<'m>, i: usize) -> Result<usize> {
        match self.known(node, i)? {
            Some(Known::Value(line)) => Ok(line),
            Some(_) => Err(Fault::Unsupported("of a constant".into())),
            None => Err(Fault::Malformed(format!(
                "the node `{}` lacks operand {i}",
                names::shown(node.proto.name())
            ))),
        }
    }

    /// An operand that must be a constant, if it is there.
    pub fn constant(&self, node: &Node<'m>, i: usize) -> Result<Option<Constant>> {
        match self.known(node, i)? {
            None => Ok(None),
            Some(Known::Constant(constant)) => Ok(Some(constant)),
            Some(_) => Err(Fault::Unsupported("by what is computed, not by a constant".into())),
        }
    }

    /// Adds the op of these arguments, with the facts that netc noted itself.
    pub fn op(
        &mut self,
        node: &Node<'m>,
        (name, arguments): (&'static str, Vec<(&'static str, Value)>),
        operands: Vec<usize>,
        tensors: Vec<Tensor>,
    ) -> Result<Known> {
        let Some(signature) = op::signature(name) else {
            return Err(Fault::Unsupported(format!("there is no op `{name}`")));
        };
        let build = |arguments: Vec<(&'static str, Value)>| {
            op::build(name, &Args::new(signature, arguments, operands.len()))
        };
        let op = build(arguments).map_err(|error| Fault::Unsupported(error.message))?;
        let noted = op.attributes().into_iter().map(|(name, value)| {
            let fact = node.fact(name).filter(|fact| agrees(name, &value, fact));
            (name, fact.unwrap_or(value))
        });
        let op = build(noted.collect()).unwrap_or(op);
        self.push(node, op, operands, tensors)
    }

    /// Adds an op whose operands and weights must fit.
    pub fn push(
        &mut self,
        node: &Node<'m>,
        op: Op,
        operands: Vec<usize>,
        tensors: Vec<Tensor>,
    ) -> Result<Known> {
        let shapes: Vec<&Shape> = operands.iter().map(|&i| &self.lines[i].shape).collect();
        let (fewest, most) = op.operand_range();
        if !(fewest..=most).contains(&shapes.len()) {
            return Err(Fault::Unsupported(format!("of {} values", shapes.len())));
        }
        let shape = op.shape(&shapes).map_err(|error| Fault::Unsupported(error.message))?;
        let owned = op.tensors(&shapes);
        let fit =
            owned.len() == tensors.len() && owned.iter().zip(&tensors).all(|(spec, t)| spec.dims == t.dims);
        if !fit {
            let expected: Vec<&Vec<u64>> = owned.iter().map(|spec| &spec.dims).collect();
            let found: Vec<&Vec<u64>> = tensors.iter().map(|t| &t.dims).collect();
            let name = names::shown(node.proto.name());
            return Err(Fault::Malformed(format!(
                "`{name}` has weights of sizes {found:?} where {expected:?} fit"
            )));
        }
        let tensors = owned.iter().map(|spec| spec.name).zip(tensors).collect();
        let value = node.proto.output.first().cloned().unwrap_or_default();
        let path = self.names.path(node, op.name());
        self.lines.push(Line { value, path, op, operands, shape, tensors });
        Ok(Known::Value(self.lines.len() - 1))
    }

    /// A path for the op that a node becomes in place of an earlier one.
    pub fn path(&mut self, node: &Node<'m>, op: &str) -> String {
        self.names.path(node, op)
    }
}

/// Whether a fact that netc noted may stand for what the node says: how weights start, which it does not say, or the same
/// number before it was rounded.
fn agrees(name: &str, said: &Value, fact: &Value) -> bool {
    match (name, said, fact) {
        ("gamma" | "beta", _, Value::Float(_) | Value::Int(_) | Value::Dist(_)) => true,
        (_, Value::Float(said), fact) => {
            fact.number().is_some_and(|x| (x - said).abs() <= 1e-6 * said.abs().max(1e-3))
        }
        (_, said, fact) => said == fact,
    }
}
