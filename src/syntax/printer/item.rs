use super::expr::{argument, list, print_expr};
use super::{Printer, WIDTH, width};
use crate::syntax::STD;
use crate::syntax::ast::{Block, Expr, Import, Net, Param, ParamType, ShapeExpr};

impl Printer {
    pub(super) fn import(&mut self, import: &Import) {
        let names: Vec<&str> = import.names.iter().map(|n| n.node.as_str()).collect();
        let from = match import.path.node.as_str() {
            STD => "std".to_owned(),
            path => format!("\"{path}\""),
        };
        self.line(&format!("import {from}: {}", names.join(", ")));
    }

    pub(super) fn block(&mut self, block: &Block) {
        let mut parts = vec![
            ListText::text(format!("block {}", block.name.node)),
            ListText::list("", block.params.iter().map(param).collect()),
        ];
        if let Some(signature) = &block.signature {
            parts.push(ListText::text(format!(
                " :: {} -> {}",
                shape(&signature.input),
                shape(&signature.output)
            )));
        }
        self.header(&parts);
        self.body(&block.body);
    }

    pub(super) fn net(&mut self, net: &Net) {
        let mut parts = vec![
            ListText::text(format!("net {}", net.name.node)),
            ListText::list("", net.params.iter().map(param).collect()),
        ];
        if let Some(extends) = &net.extends {
            parts.push(ListText::text(format!(" extends \"{}\"", extends.path.node)));
            parts.push(ListText::list(" ", extends.args.iter().map(argument).collect()));
        }
        self.header(&parts);
        self.body(&net.body);
    }

    /// On one line if it fits; otherwise with one entry a line in its last list, or in all of them.
    fn header(&mut self, parts: &[ListText]) {
        let fits = |text: &str| self.indent + width(text) + " {".len() <= WIDTH;
        let flat = |parts: &[ListText]| parts.iter().map(ListText::flat).collect::<String>();
        let last = parts.iter().rposition(|p| !p.entries.is_empty()).unwrap_or(parts.len());
        let kept = match fits(&flat(parts)) {
            true => parts.len(),
            false if fits(&flat(&parts[..last])) => last,
            false => 0,
        };
        self.line(&flat(&parts[..kept]));
        for part in &parts[kept..] {
            self.wrapped(part);
        }
        self.out.push(' ');
    }

    fn wrapped(&mut self, part: &ListText) {
        self.out.push_str(&part.text);
        if part.entries.is_empty() {
            return;
        }
        self.out.push_str("(\n");
        self.indent += 2;
        for entry in &part.entries {
            self.line(entry);
            self.out.push_str(",\n");
        }
        self.indent -= 2;
        self.line(")");
    }
}

/// A text, and perhaps a list in parentheses after it.
struct ListText {
    text: String,
    entries: Vec<String>,
}

impl ListText {
    fn text(text: String) -> ListText {
        ListText { text, entries: Vec::new() }
    }

    /// Nothing at all without entries.
    fn list(before: &str, entries: Vec<String>) -> ListText {
        let text = if entries.is_empty() { String::new() } else { before.to_owned() };
        ListText { text, entries }
    }

    fn flat(&self) -> String {
        match self.entries.is_empty() {
            true => self.text.clone(),
            false => format!("{}({})", self.text, self.entries.join(", ")),
        }
    }
}

pub(super) fn shape(shape: &ShapeExpr) -> String {
    format!("[{}]", list(&shape.node))
}

fn param(param: &Param) -> String {
    let mut out = param.name.node.clone();
    if let Some(of) = &param.ty {
        out += &format!(": {}", ty(&of.node));
    }
    if let Some(default) = &param.default {
        out += &format!(" = {}", print_expr(default));
    }
    out
}

fn ty(ty: &ParamType) -> String {
    match ty {
        ParamType::Int(range) => format!("int{}", ends(range.as_ref())),
        ParamType::Float(range) => format!("float{}", ends(range.as_ref())),
        ParamType::Bool => "bool".to_owned(),
        ParamType::OneOf(values) => format!("one_of({})", list(values)),
        ParamType::Subset(values) => format!("subset({})", list(values)),
        ParamType::List(of) => format!("list({})", self::ty(&of.node)),
    }
}

fn ends(range: Option<&(Expr, Expr)>) -> String {
    range.map_or_else(String::new, |(low, high)| {
        format!("({}..{})", print_expr(low), print_expr(high))
    })
}
