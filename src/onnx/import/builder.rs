//! The net under construction: its ops in order, with their weights.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use prost::Message as _;

use crate::graph::op::{self, Args, Op};
use crate::graph::{Shape, Value};
use crate::onnx::arguments::OF_TRAINING;
use crate::onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use super::attributes::Node;
use super::constant::Constant;
use super::error::{Fault, ImportError, Result, shown};
use super::known::{Gelu, Known};
use super::names::{self, UniquePaths};
use super::{live, versions};

/// The maximum number of nodes of a model.
const MAX_NODES: usize = 50_000;
/// Constants may take eight times as many bytes as the file has, plus this.
const SPARE: u64 = 64 << 20;

/// Arguments of an op of the language, by name.
pub(super) type Arguments = Vec<(&'static str, Value)>;

/// A pair as an argument.
pub(super) fn pair([h, w]: [i64; 2]) -> Value {
    Value::List(vec![Value::Int(h), Value::Int(w)])
}

/// An op of the net.
#[derive(Debug, Clone)]
pub(super) struct PlacedOp {
    /// The name of its value in the model; empty if it has none.
    pub value: String,
    pub path: String,
    pub op: Op,
    pub operands: Vec<usize>,
    pub shape: Shape,
    /// Its weights by name.
    pub tensors: Vec<(&'static str, WeightValues)>,
}

/// The values of a weight with their sizes.
#[derive(Debug, Clone)]
pub(super) struct WeightValues {
    pub dims: Vec<u64>,
    pub values: Vec<f32>,
}

/// The net so far.
pub(super) struct Builder<'m> {
    pub graph: &'m GraphProto,
    pub opset: i64,
    /// The nodes that the output needs, in their order, each with its position in the graph.
    pub nodes: Vec<(usize, &'m NodeProto)>,
    pub net: String,
    pub placed: Vec<PlacedOp>,
    pub known: HashMap<&'m str, Known>,
    pub initializers: HashMap<&'m str, &'m TensorProto>,
    reads: HashMap<&'m str, usize>,
    pub names: UniquePaths,
    /// The batch size, if the model fixes it.
    pub batch: Option<i64>,
    /// How many bytes of constants may still be copied: somewhat more than the file has.
    left: Cell<u64>,
    /// How many these were at first.
    most: u64,
    pub unsupported: BTreeMap<String, usize>,
    /// The input, if some of its sizes are open: its name and its sizes.
    pub open: Option<(String, String)>,
}

impl<'m> Builder<'m> {
    /// For a model from a file of `length` bytes.
    pub fn new(
        model: &'m ModelProto,
        length: u64,
        name: &str,
    ) -> std::result::Result<Builder<'m>, ImportError> {
        let malformed = |what: &str| ImportError::Malformed(what.to_string());
        let graph = model.graph.as_ref().ok_or_else(|| malformed("it has no graph"))?;
        let opset = versions::opset(model).map_err(ImportError::Malformed)?;
        if graph.node.len() > MAX_NODES {
            return Err(ImportError::Malformed(format!("more than {MAX_NODES} nodes")));
        }
        let nodes = live::needed(graph).map_err(ImportError::Malformed)?;
        let mut reads: HashMap<&str, usize> = HashMap::new();
        let results = graph.output.iter().map(ValueInfoProto::name);
        for name in nodes.iter().flat_map(|(_, n)| &n.input).map(String::as_str).chain(results) {
            *reads.entry(name).or_default() += 1;
        }
        let most = length.saturating_mul(8).saturating_add(SPARE);
        let own = model.producer_name() == "netc" && !graph.name().is_empty();
        Ok(Builder {
            graph,
            opset,
            nodes,
            net: names::identifier(if own { graph.name() } else { name }, "net_of_onnx"),
            placed: Vec::new(),
            known: HashMap::new(),
            initializers: graph.initializer.iter().map(|t| (t.name(), t)).collect(),
            reads,
            names: UniquePaths::new(graph),
            batch: None,
            left: Cell::new(most),
            most,
            unsupported: live::beyond(model, graph),
            open: None,
        })
    }

    /// Counts copied numbers, so that no file can have the same ones copied without end.
    pub fn charge(&self, numbers: u64) -> Result<()> {
        let left = self.left.get().checked_sub(numbers.saturating_mul(4));
        let left = left.ok_or_else(|| {
            let most = self.most >> 20;
            Fault::Unsupported(format!(
                "too large: for a model of this size, constants may take {most} MiB in all"
            ))
        })?;
        self.left.set(left);
        Ok(())
    }

    /// How often a value is read, including as the result of the model.
    pub fn reads(&self, name: &str) -> usize {
        self.reads.get(name).copied().unwrap_or(0)
    }

    /// The meaning of an operand.
    pub fn known(&self, node: &Node<'m>, i: usize) -> Result<Option<Known>> {
        let Some(name) = node.input(i) else { return Ok(None) };
        if let Some(known) = self.known.get(name) {
            return match known {
                Known::Unknown => Err(Fault::Known),
                Known::Constant(constant) => {
                    self.charge(constant.len() as u64)?;
                    Ok(Some(known.clone()))
                }
                known => Ok(Some(known.clone())),
            };
        }
        match self.initializers.get(name) {
            Some(tensor) => {
                self.charge(tensor.encoded_len() as u64 / 4)?;
                Constant::read(tensor).map(|constant| Some(Known::Constant(constant)))
            }
            None => Err(Fault::Malformed(format!("`{}` is read before it is made", shown(name)))),
        }
    }

    /// The op of an operand that is a value of the net.
    pub fn value(&self, node: &Node<'m>, i: usize) -> Result<usize> {
        match self.known(node, i)? {
            Some(Known::Value(placed)) => Ok(placed),
            Some(Known::Gelu(_)) => Err(Gelu::outside()),
            Some(Known::Padded(_, pads)) => Err(Fault::Unsupported(format!(
                "after a pad by {pads:?}, not the same on both sides"
            ))),
            Some(_) => Err(Fault::Unsupported("of a constant".into())),
            None => Err(node.lacks(i)),
        }
    }

    /// Whether a node reads something, and nothing but constants.
    pub fn reads_constants_alone(&self, node: &Node<'m>) -> bool {
        let mut operands = node.proto.input.iter().filter(|name| !name.is_empty()).peekable();
        let constant = |name: &str| match self.known.get(name) {
            Some(known) => matches!(known, Known::Constant(_)),
            None => self.initializers.contains_key(name),
        };
        operands.peek().is_some() && operands.all(|name| constant(name))
    }

    /// An operand that must be a constant, if it is present.
    pub fn constant(&self, node: &Node<'m>, i: usize) -> Result<Option<Constant>> {
        match self.known(node, i)? {
            None => Ok(None),
            Some(Known::Constant(constant)) => Ok(Some(constant)),
            Some(_) => Err(Fault::Unsupported("by what is computed, not by a constant".into())),
        }
    }

    /// Adds an op with these arguments, and with what netc itself recorded.
    pub fn op(
        &mut self,
        node: &Node<'m>,
        name: &'static str,
        arguments: Arguments,
        operands: Vec<usize>,
        tensors: Vec<WeightValues>,
    ) -> Result<Known> {
        let Some(signature) = op::signature(name) else {
            return Err(Fault::Unsupported(format!("there is no op `{name}`")));
        };
        let build = |arguments: Arguments| {
            op::build(name, &Args::new(signature, arguments, operands.len()))
        };
        let op = build(arguments).map_err(|error| Fault::Unsupported(error.message))?;
        let said = op.attributes();
        let noted = signature.args.iter().filter_map(|argument| {
            let said = said.iter().find(|(name, _)| *name == argument.name).map(|(_, value)| value);
            let fact = node.fact(argument.name).filter(|fact| agrees(argument.name, said, fact));
            Some((argument.name, fact.or_else(|| said.cloned())?))
        });
        let op = build(noted.collect()).unwrap_or(op);
        self.push(node, op, operands, tensors)
    }

    /// Adds an op of the node's first operand, without weights.
    pub fn unary(
        &mut self,
        node: &Node<'m>,
        name: &'static str,
        arguments: Arguments,
    ) -> Result<Known> {
        let x = self.value(node, 0)?;
        self.op(node, name, arguments, vec![x], vec![])
    }

    /// Adds an op, checking its operands and weights.
    pub fn push(
        &mut self,
        node: &Node<'m>,
        op: Op,
        operands: Vec<usize>,
        tensors: Vec<WeightValues>,
    ) -> Result<Known> {
        let shapes: Vec<&Shape> = operands.iter().map(|&i| &self.placed[i].shape).collect();
        let (fewest, most) = op.operand_range();
        if !(fewest..=most).contains(&shapes.len()) {
            return Err(Fault::Unsupported(format!("of {} values", shapes.len())));
        }
        let shape = op.shape(&shapes).map_err(|error| Fault::Unsupported(error.message))?;
        let owned = op.tensors(&shapes);
        let fit = owned.len() == tensors.len()
            && owned.iter().zip(&tensors).all(|(spec, t)| spec.dims == t.dims);
        if !fit {
            let expected: Vec<&Vec<u64>> = owned.iter().map(|spec| &spec.dims).collect();
            let found: Vec<&Vec<u64>> = tensors.iter().map(|t| &t.dims).collect();
            return Err(Fault::Malformed(format!(
                "weights of sizes {found:?} where {expected:?} fit"
            )));
        }
        let tensors = owned.iter().map(|spec| spec.name).zip(tensors).collect();
        let value = node.proto.output.first().cloned().unwrap_or_default();
        let path = self.names.path(node, op.name());
        self.placed.push(PlacedOp { value, path, op, operands, shape, tensors });
        Ok(Known::Value(self.placed.len() - 1))
    }
}

/// Whether a value that netc recorded may replace what the node says: because ONNX has no place
/// for it, or because it is the same number before rounding.
fn agrees(name: &str, said: Option<&Value>, fact: &Value) -> bool {
    match (said, fact.number()) {
        _ if OF_TRAINING.contains(&name) => true,
        (Some(Value::Float(said)), Some(fact)) => {
            (fact - said).abs() <= 1e-6 * said.abs().max(1e-3)
        }
        _ => false,
    }
}
