//! The parameters of a net as a page offers them.

use netc::check::Checked;
use netc::graph::{Scope, members};
use netc::syntax::ast::{Param, ParamType};
use netc::syntax::{Overlay, load_partial};
use serde::Serialize;

/// The most values that are offered as a list.
const MOST: usize = 64;

/// A parameter with its value in force, and what it may be.
#[derive(Debug, Serialize)]
pub(crate) struct Parameter {
    name: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Domain>,
}

/// What a parameter may be, as the language writes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Domain {
    /// One of these.
    One(Vec<String>),
    /// A list of some of these.
    Some(Vec<String>),
    /// A whole number from the first to the second.
    Whole(String, String),
    /// A number from the first to the second.
    Number(String, String),
}

/// The parameters of a net in a file, whose types the file declares or one that it extends.
pub(crate) fn parameters(net: &Checked, file: &str, files: &Overlay) -> Vec<Parameter> {
    let project = load_partial(file, files).ok();
    let files = project.iter().flat_map(|project| project.files.values());
    let declared: Vec<&Param> =
        files.flat_map(|file| file.nets()).flat_map(|net| &net.params).collect();
    let parameter = |(name, value): &(String, netc::graph::Value)| {
        let mut same = declared.iter().filter(|param| param.name.node == *name);
        let domain = same.find_map(|param| domain(&param.ty.as_ref()?.node));
        Parameter { name: name.clone(), value: value.to_string(), domain }
    };
    net.graph().params.iter().map(parameter).collect()
}

fn domain(ty: &ParamType) -> Option<Domain> {
    let scope = Scope::default();
    let text = |expr| scope.eval(expr).ok().map(|value| value.to_string());
    match ty {
        ParamType::Bool | ParamType::OneOf(_) => {
            let values = members(ty, MOST)?;
            Some(Domain::One(values.iter().map(ToString::to_string).collect()))
        }
        ParamType::Subset(options) => {
            let values: Option<Vec<String>> = options.iter().map(text).collect();
            values.filter(|values| values.len() <= MOST).map(Domain::Some)
        }
        ParamType::Int(Some((low, high))) => Some(Domain::Whole(text(low)?, text(high)?)),
        ParamType::Float(Some((low, high))) => Some(Domain::Number(text(low)?, text(high)?)),
        ParamType::Int(None) | ParamType::Float(None) | ParamType::List(_) => None,
    }
}
