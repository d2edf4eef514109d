//! What a call takes, for completions and the help on signatures.

use super::complete::cursor::OpenCall;
use super::complete::scope::Visible;
use super::hover::about_block;
use super::server::{Server, beside};
use crate::graph::op::{self, ArgKind, Signature};
use crate::syntax::ast::{Block, ExprKind, Param, ParamType};
use crate::syntax::{Project, print_expr};

/// What is called.
pub(super) struct Called {
    pub name: String,
    /// In Markdown.
    pub doc: String,
    /// Whether it joins the cursor with other values.
    pub joins: bool,
    pub takes: Vec<Takes>,
}

/// One of its arguments.
pub(super) struct Takes {
    pub name: String,
    /// The default as it is written.
    pub default: Option<String>,
    /// In words.
    pub accepts: String,
    /// The values, where they can be listed, as they are written.
    pub values: Vec<String>,
}

impl Takes {
    /// `k = 3`
    pub fn text(&self) -> String {
        match &self.default {
            Some(default) => format!("{} = {default}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Called {
    pub fn op(signature: &Signature) -> Called {
        Called {
            name: signature.name.to_owned(),
            doc: signature.doc.to_owned(),
            joins: signature.operands.1 > 1,
            takes: signature
                .args
                .iter()
                .map(|parameter| Takes {
                    name: parameter.name.to_owned(),
                    default: parameter.default.text(),
                    accepts: parameter.kind.describe(),
                    values: listed(parameter.kind),
                })
                .collect(),
        }
    }

    pub fn block(project: &Project, block: &Block) -> Called {
        let doc = about_block(project, block).split_off(1).join("\n\n");
        Called { doc, ..Called::declared(project, &block.name.node, &block.params) }
    }

    fn declared(project: &Project, name: &str, params: &[Param]) -> Called {
        let takes = |param: &Param| Takes {
            name: param.name.node.clone(),
            default: param.default.as_ref().map(print_expr),
            accepts: param
                .ty
                .as_ref()
                .map(|ty| project.sources.text(ty.span).to_owned())
                .unwrap_or_default(),
            values: param.ty.as_ref().map(|ty| members(&ty.node)).unwrap_or_default(),
        };
        Called {
            name: name.to_owned(),
            doc: String::new(),
            joins: false,
            takes: params.iter().map(takes).collect(),
        }
    }

    /// Its arguments, one a line.
    pub fn reference(&self) -> String {
        let line = |takes: &Takes| {
            let accepts = match takes.accepts.as_str() {
                "" => String::new(),
                accepts => format!(": {accepts}"),
            };
            format!("- `{}`{accepts}", takes.text())
        };
        let lines: Vec<String> = self.takes.iter().map(line).collect();
        let parts = [self.doc.clone(), lines.join("\n")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// The argument that is being written.
    pub fn current(&self, call: &OpenCall<'_>) -> Option<&Takes> {
        match call.last() {
            Ok(name) => self.takes.iter().find(|takes| takes.name == name),
            Err(place) => self.takes.get(place),
        }
    }
}

impl Server {
    pub(super) fn callee(
        &self,
        path: &str,
        project: &Project,
        scope: &Visible<'_>,
        call: &OpenCall<'_>,
    ) -> Option<Called> {
        if let Some(parent) = call.extends {
            let parent = self.project(&beside(path, parent))?;
            let net = parent.file(parent.root).nets().next()?;
            return Some(Called::declared(&parent, &net.name.node, &net.params));
        }
        match scope.callee(call.name) {
            Some(block) => Some(Called::block(project, block)),
            None => op::signature(call.name).map(Called::op),
        }
    }
}

fn listed(kind: ArgKind) -> Vec<String> {
    match kind {
        ArgKind::Bool => ["true", "false"].map(str::to_owned).to_vec(),
        _ => kind.words().iter().map(|word| format!("\"{word}\"")).collect(),
    }
}

fn members(ty: &ParamType) -> Vec<String> {
    match ty {
        ParamType::Bool => ["true", "false"].map(str::to_owned).to_vec(),
        ParamType::OneOf(options) => options.iter().map(print_expr).collect(),
        ParamType::Subset(options) => {
            let strings = options.iter().filter(|o| matches!(o.node, ExprKind::Str(_)));
            strings.map(print_expr).collect()
        }
        ParamType::Int(_) | ParamType::Float(_) | ParamType::List(_) => Vec::new(),
    }
}
