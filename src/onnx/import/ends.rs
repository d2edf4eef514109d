//! Where a model begins and ends: its one input, and what its one output needs.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::graph::op::{self, Op};
use crate::graph::{Graph, NodeId, Shape};
use crate::onnx::proto::tensor_proto::DataType;
use crate::onnx::proto::tensor_shape_proto::dimension;
use crate::onnx::proto::{ValueInfoProto, type_proto};

use super::ImportError;
use super::builder::{Builder, Known, Line};
use super::names;

impl Builder<'_> {
    /// The one input.
    pub(super) fn input(&mut self) -> Result<(), ImportError> {
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

    /// What the one output needs, as a graph, and its weights by name.
    pub(super) fn finish(self) -> Result<(Graph, HashMap<String, Vec<f32>>), ImportError> {
        let [output] = self.graph.output.as_slice() else {
            let what = format!("{} outputs; netc's nets have one", self.graph.output.len());
            return Err(ImportError::Unsupported(BTreeMap::from([(what, 1)])));
        };
        let Some(Known::Value(last)) = self.known.get(output.name()) else {
            return Err(ImportError::Malformed("its output is not the result of a node".into()));
        };
        let mut needed = HashSet::from([0]);
        let mut waiting = vec![*last];
        while let Some(i) = waiting.pop() {
            if needed.insert(i) {
                waiting.extend(&self.lines[i].operands);
            }
        }
        let mut taken = HashSet::new();
        taken.extend(needed.iter().filter_map(|&i| self.lines[i].path.split('.').next().map(str::to_owned)));
        let mut graph = Graph::new(self.net);
        let mut ids: HashMap<usize, NodeId> = HashMap::new();
        let mut tensors = HashMap::new();
        for (i, line) in self.lines.into_iter().enumerate().filter(|(i, _)| needed.contains(i)) {
            let operands: Vec<NodeId> = line.operands.iter().map(|operand| ids[operand]).collect();
            for (name, tensor) in line.tensors {
                tensors.insert(format!("{}.{name}", line.path), tensor.values);
            }
            let id = match line.op {
                Op::Input(input) => graph.input(line.path, input.0),
                op => graph.node(line.path, op, &operands),
            };
            ids.insert(i, id);
        }
        // A model may give out its very input.
        let mut name = names::identifier(output.name(), "logits");
        while taken.contains(&name) {
            name += "_out";
        }
        graph.set_output(name, ids[last]);
        Ok((graph, tensors))
    }
}
