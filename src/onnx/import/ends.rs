//! Where a model begins and ends: its single input, and what its single output needs.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::graph::op::{self, Op};
use crate::graph::{Graph, NodeId, Shape};
use crate::limits::MAX_RANK;
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::tensor_shape_proto::{Dimension, dimension};
use crate::onnx::proto::{ValueInfoProto, type_proto};

use super::builder::{Builder, PlacedOp};
use super::error::{ImportError, shown};
use super::known::{Gelu, Known};
use super::names;

impl Builder<'_> {
    /// The single input that is read. `given` are its sizes without the batch, where the model
    /// leaves them open.
    pub(super) fn input(&mut self, given: Option<&[u64]>) -> Result<(), ImportError> {
        let all = || {
            self.graph.input.iter().filter(|input| !self.initializers.contains_key(input.name()))
        };
        let read: Vec<&ValueInfoProto> =
            all().filter(|input| self.reads(input.name()) > 0).collect();
        // If no input is read, the first one.
        let inputs = if read.is_empty() { all().take(1).collect() } else { read };
        let [input] = inputs.as_slice() else {
            let what = format!("{} inputs; netc's nets have one", inputs.len());
            *self.unsupported.entry(what).or_default() += 1;
            self.known.extend(inputs.iter().map(|input| (input.name(), Known::Unknown)));
            return Ok(());
        };
        let malformed = |what: String| {
            ImportError::Malformed(format!("the input `{}` {what}", shown(input.name())))
        };
        let Some(type_proto::Value::TensorType(tensor)) =
            input.r#type.as_ref().and_then(|t| t.value.as_ref())
        else {
            return Err(malformed("is no tensor".into()));
        };
        if tensor.elem_type() != DataType::Float as i32 {
            *self.unsupported.entry("an input that is not fp32".into()).or_default() += 1;
            self.known.insert(input.name(), Known::Unknown);
            return Ok(());
        }
        let stated: Vec<&Dimension> = tensor.shape.iter().flat_map(|s| &s.dim).collect();
        let Some((batch, stated)) = stated.split_first() else {
            return Err(malformed("has no sizes".into()));
        };
        let fixed: Vec<Option<u64>> = stated.iter().map(|d| size(d)).collect();
        let Some(sizes) = merged(&fixed, given) else {
            let given = given.unwrap_or_default().iter().map(u64::to_string).collect::<Vec<_>>();
            return Err(ImportError::Sizes {
                input: shown(input.name()),
                stated: listed(batch, stated),
                given: given.join("x"),
            });
        };
        let Some(sizes) = sizes.into_iter().collect::<Option<Vec<u64>>>() else {
            self.open = Some((shown(input.name()), listed(batch, stated)));
            self.known.insert(input.name(), Known::Unknown);
            return Ok(());
        };
        let shape = Shape::new(sizes)
            .map_err(|error| malformed(format!("has no sound shape: {}", error.message)))?;
        self.batch = size(batch).and_then(|batch| i64::try_from(batch).ok());
        let path = self.names.unique(&names::identifier(input.name(), "image"));
        let placed = PlacedOp {
            value: input.name().into(),
            path,
            op: Op::from(op::Input(shape.clone())),
            operands: Vec::new(),
            shape,
            tensors: Vec::new(),
        };
        self.placed.push(placed);
        self.known.insert(input.name(), Known::Value(0));
        Ok(())
    }

    /// What the single output needs, as a graph, and its weights by name.
    pub(super) fn finish(self) -> Result<(Graph, HashMap<String, Vec<f32>>), ImportError> {
        let output = self.graph.output.first();
        let output = output.ok_or_else(|| ImportError::Malformed("it has no output".to_owned()))?;
        let last = match self.known.get(output.name()) {
            Some(Known::Value(last)) => *last,
            _ => return Err(self.no_value(output.name())),
        };
        let mut needed = HashSet::from([0]);
        let mut waiting = vec![last];
        while let Some(i) = waiting.pop() {
            if needed.insert(i) {
                waiting.extend(&self.placed[i].operands);
            }
        }
        let mut taken = HashSet::new();
        taken.extend(
            needed.iter().filter_map(|&i| self.placed[i].path.split('.').next().map(str::to_owned)),
        );
        let mut graph = Graph::new(self.net);
        let mut ids: HashMap<usize, NodeId> = HashMap::new();
        let mut tensors = HashMap::new();
        for (i, placed) in self.placed.into_iter().enumerate().filter(|(i, _)| needed.contains(i)) {
            let operands: Vec<NodeId> =
                placed.operands.iter().map(|operand| ids[operand]).collect();
            for (name, tensor) in placed.tensors {
                tensors.insert(format!("{}.{name}", placed.path), tensor.values);
            }
            let id = match placed.op {
                Op::Input(input) => graph.input(placed.path, input.0),
                op => graph.node(placed.path, op, &operands),
            };
            ids.insert(i, id);
        }
        // A model may return its input unchanged.
        let mut name = names::identifier(output.name(), "logits");
        while taken.contains(&name) {
            name += "_out";
        }
        graph.set_output(name, ids[&last]);
        Ok((graph, tensors))
    }

    /// Why the output is not that of an op of the net.
    fn no_value(&self, output: &str) -> ImportError {
        let constant = self.initializers.contains_key(output);
        let what = match self.known.get(output) {
            Some(Known::Gelu(Gelu::Product { by, .. })) => {
                format!("Erf (as in GELU, but times {by} in place of 0.5)")
            }
            Some(Known::Gelu(_)) => "Erf (not of GELU)".to_owned(),
            Some(Known::Padded(_, pads)) => {
                format!("Pad (by {pads:?}, not the same on both sides)")
            }
            Some(Known::Sizes(..)) => "an output that is the sizes of a value".to_owned(),
            Some(Known::Constant(_)) => "an output that is a constant".to_owned(),
            None if constant => "an output that is a constant".to_owned(),
            _ => {
                let name = shown(output);
                let what = format!("its output `{name}` is not the result of a node");
                return ImportError::Malformed(what);
            }
        };
        ImportError::Unsupported(BTreeMap::from([(what, 1)]))
    }
}

/// A size that is fixed.
fn size(dimension: &Dimension) -> Option<u64> {
    match &dimension.value {
        Some(dimension::Value::DimValue(n)) => u64::try_from(*n).ok(),
        Some(dimension::Value::DimParam(_)) | None => None,
    }
}

/// The sizes, with the given ones in place of open ones; `None` if they do not fit.
fn merged(stated: &[Option<u64>], given: Option<&[u64]>) -> Option<Vec<Option<u64>>> {
    let Some(given) = given else { return Some(stated.to_vec()) };
    let fits = stated.iter().zip(given).all(|(stated, given)| stated.is_none_or(|d| d == *given));
    (fits && stated.len() == given.len()).then(|| given.iter().copied().map(Some).collect())
}

/// The sizes of an input as the model has them: `[N, 3, height, width]`.
fn listed(batch: &Dimension, sizes: &[&Dimension]) -> String {
    let one = |dimension: &Dimension| match &dimension.value {
        Some(dimension::Value::DimParam(name)) if !name.is_empty() => shown(name),
        _ => size(dimension).map_or_else(|| "?".into(), |size| size.to_string()),
    };
    let all = std::iter::once(batch).chain(sizes.iter().copied().take(MAX_RANK));
    format!("[{}]", all.map(one).collect::<Vec<_>>().join(", "))
}
