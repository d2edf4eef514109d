//! What the call around the cursor takes.

use gen_lsp_types::{
    MarkupContent, MarkupKind, ParameterInformation, Position, SignatureHelp, SignatureInformation,
};

use super::callee::Called;
use super::complete::cursor::{OpenCall, enclosing_call};
use super::complete::scope::Visible;
use super::server::Server;

impl Server {
    pub(super) fn signature(&self, path: &str, at: Position) -> Option<SignatureHelp> {
        let (text, offset) = (self.texts.get(path)?, self.offset(path, at)?);
        let call = enclosing_call(&text[..offset])?;
        let project = self.project(path)?;
        let scope = Visible::at(&project, offset);
        let callee = self.callee(path, &project, &scope, &call)?;
        let active_parameter = active(&callee, &call).map(|i| (i as u32).into());
        Some(SignatureHelp {
            signatures: vec![information(&callee)],
            active_signature: Some(0),
            active_parameter,
        })
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

fn information(callee: &Called) -> SignatureInformation {
    let units = |text: &str| text.encode_utf16().count() as u32;
    let mut label = format!("{}(", callee.name);
    let mut parameters = Vec::new();
    let values = callee.joins.then(|| ("value, ...".to_owned(), "Values to join.".to_owned()));
    let takes = callee.takes.iter().map(|takes| (takes.text(), takes.accepts.clone()));
    for (text, about) in values.into_iter().chain(takes) {
        if !label.ends_with('(') {
            label += ", ";
        }
        let start = units(&label);
        label += &text;
        parameters.push(ParameterInformation {
            label: (start, units(&label)).into(),
            documentation: (!about.is_empty()).then(|| markdown(about).into()),
        });
    }
    label.push(')');
    let doc = (!callee.doc.is_empty()).then(|| markdown(callee.doc.clone()).into());
    SignatureInformation {
        label,
        documentation: doc,
        parameters: Some(parameters),
        active_parameter: None,
    }
}

/// The place of the argument that is being written, values to join counted as one.
fn active(callee: &Called, call: &OpenCall<'_>) -> Option<usize> {
    let joined = usize::from(callee.joins);
    match call.last() {
        Ok(name) => Some(joined + callee.takes.iter().position(|takes| takes.name == name)?),
        Err(_) if callee.joins => Some(0),
        Err(place) => (place < callee.takes.len()).then_some(place),
    }
}
