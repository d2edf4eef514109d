//! A net as an ONNX model with embedded weights and a dynamic batch size.

mod nodes;

use std::collections::{HashMap, HashSet};

use prost::Message as _;

use super::proto::tensor_shape_proto::{Dimension, dimension};
use super::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, tensor_proto::DataType, type_proto,
};
use crate::check::Checked;
use crate::graph::{Op, Shape};
use crate::lower::{Numbers, Plan, Weights, WeightsError, plan};
use crate::passes::{Choice, PassError, Purpose, optimise};

/// The opset of exported models.
pub const OPSET: i64 = 20;
/// The IR version of exported models, the first in which nodes have metadata.
const IR_VERSION: i64 = 10;
/// The maximum size of a protobuf message.
const MAX_BYTES: usize = i32::MAX as usize;

/// The form of an exported model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// For inference: batch normalisation and factors are folded into the weights, dropout is
    /// removed.
    Folded,
    /// For training: every op of the net, one to one.
    Training,
}

/// Why there is no ONNX model of a net.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// A fault of a pass.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// The weights are those of another net.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The model does not fit into one file.
    #[error("the model would have {bytes} bytes, one ONNX file may have {most}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The size that a file may have.
        most: usize,
    },
    /// The net has no op.
    #[error("the net is empty")]
    Empty,
}

/// Exports a net with these weights as an ONNX model.
///
/// # Errors
/// Weights of another net; a net too large for the format.
pub fn export(net: &Checked, weights: &Weights, form: ExportForm) -> Result<Vec<u8>, ExportError> {
    let model = match form {
        ExportForm::Training => model(net, net, weights, form)?,
        ExportForm::Folded => {
            let optimised = optimise(net, Purpose::Evaluation, &Choice::All)?;
            model(net, optimised.net(), &weights.folded(&optimised)?, form)?
        }
    };
    let size = model.encoded_len();
    if size > MAX_BYTES {
        return Err(ExportError::TooLarge { bytes: size, most: MAX_BYTES });
    }
    Ok(model.encode_to_vec())
}

fn model(
    source: &Checked,
    net: &Checked,
    weights: &Weights,
    form: ExportForm,
) -> Result<ModelProto, ExportError> {
    let name = &source.graph().name;
    let facts = [
        ("netc.version", env!("CARGO_PKG_VERSION").to_string()),
        ("netc.net", name.clone()),
        ("netc.graph", source.graph().hash()),
        ("netc.form", if form == ExportForm::Folded { "folded" } else { "training" }.to_string()),
    ];
    Ok(ModelProto {
        ir_version: Some(IR_VERSION),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        producer_name: Some("netc".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(GraphWriter::new(net, weights, form).graph(name)?),
        metadata_props: facts.into_iter().map(|(key, value)| entry(key, value)).collect(),
        ..ModelProto::default()
    })
}

/// A graph under construction.
struct GraphWriter<'n> {
    plan: Plan,
    weights: HashMap<&'n str, &'n Numbers>,
    form: ExportForm,
    output: &'n str,
    /// The names of the values so far, by step.
    values: Vec<String>,
    used: HashSet<String>,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
}

impl<'n> GraphWriter<'n> {
    fn new(net: &'n Checked, weights: &'n Weights, form: ExportForm) -> GraphWriter<'n> {
        let output = net.graph().output().map_or("output", |(name, _)| name);
        GraphWriter {
            plan: plan(net),
            weights: weights
                .tensors()
                .iter()
                .map(|tensor| (tensor.name.as_str(), tensor))
                .collect(),
            form,
            output,
            values: Vec::new(),
            used: HashSet::from([output.to_string()]),
            nodes: Vec::new(),
            initializers: Vec::new(),
        }
    }

    fn graph(mut self, name: &str) -> Result<GraphProto, ExportError> {
        let steps = self.plan.clone();
        let steps = steps.steps();
        for (i, step) in steps.iter().enumerate() {
            let result = match i + 1 == steps.len() && !matches!(step.op, Op::Input(_)) {
                true => self.output.to_string(),
                false => self.unused(&step.path),
            };
            let value = self.step(step, result)?;
            self.values.push(value);
        }
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
            return Err(ExportError::Empty);
        };
        let result = self.values.last().cloned().unwrap_or_default();
        if result != self.output {
            // The output is an input, or an op that this form leaves out.
            self.node("Identity", "output", &[&result], self.output.to_string(), Vec::new());
        }
        Ok(GraphProto {
            name: Some(name.to_string()),
            input: vec![value_info(&self.values[0], &first.shape)],
            output: vec![value_info(self.output, &last.shape)],
            node: self.nodes,
            initializer: self.initializers,
            ..GraphProto::default()
        })
    }

    /// An unused name for a value.
    fn unused(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_string();
        let mut count = 1;
        while !self.used.insert(name.clone()) {
            count += 1;
            name = format!("{wanted}_{count}");
        }
        name
    }

    /// Adds a float initializer and returns its name.
    fn floats(&mut self, name: &str, dims: &[u64], values: &[f32]) -> String {
        let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.tensor(name, DataType::Float, dims, data)
    }

    /// Adds an int64 initializer and returns its name.
    fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.tensor(name, DataType::Int64, &[values.len() as u64], data)
    }

    fn tensor(&mut self, name: &str, kind: DataType, dims: &[u64], data: Vec<u8>) -> String {
        let name = self.unused(name);
        self.initializers.push(TensorProto {
            name: Some(name.clone()),
            data_type: Some(kind.into()),
            dims: dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect(),
            raw_data: Some(data.into()),
            ..TensorProto::default()
        });
        name
    }
}

fn entry(key: &str, value: String) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key.into()), value: Some(value) }
}

/// An fp32 value with a dynamic batch size.
fn value_info(name: &str, shape: &Shape) -> ValueInfoProto {
    let sizes = shape
        .dims()
        .iter()
        .map(|&d| dimension::Value::DimValue(i64::try_from(d).unwrap_or(i64::MAX)));
    let dims = std::iter::once(dimension::Value::DimParam("N".into())).chain(sizes);
    let shape = TensorShapeProto {
        dim: dims.map(|value| Dimension { value: Some(value), ..Dimension::default() }).collect(),
    };
    let tensor = type_proto::Tensor { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    let kind =
        TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind), ..ValueInfoProto::default() }
}
