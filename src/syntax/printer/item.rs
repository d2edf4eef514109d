use super::expr::{argument, expr};
use super::parts::{List, Parts};
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

    pub(super) fn block(&mut self, block: &Block, parts: &mut Parts<'_>) {
        let mut header = vec![
            Part::text(format!("block {}", block.name.node)),
            Part::list("", List::new(&block.params, parts, param)),
        ];
        if let Some(signature) = &block.signature {
            let (from, to) = (shape(&signature.input, parts), shape(&signature.output, parts));
            header.push(Part::text(format!(" :: {from} -> {to}")));
        }
        self.header(&header);
        self.body(&block.body);
    }

    pub(super) fn net(&mut self, net: &Net, parts: &mut Parts<'_>) {
        let mut header = vec![
            Part::text(format!("net {}", net.name.node)),
            Part::list("", List::new(&net.params, parts, param)),
        ];
        if let Some(extends) = &net.extends {
            header.push(Part::text(format!(" extends \"{}\"", extends.path.node)));
            header.push(Part::list(" ", List::new(&extends.args, parts, argument)));
        }
        self.header(&header);
        self.body(&net.body);
    }

    /// On one line if it fits; otherwise with one entry a line in its last list, or in all of them.
    fn header(&mut self, header: &[Part<'_>]) {
        let flat = |parts: &[Part<'_>]| parts.iter().map(Part::flat).collect::<String>();
        let bare = |parts: &[Part<'_>]| parts.iter().all(|part| part.list.is_bare());
        let fits = |parts: &[Part<'_>]| {
            bare(parts) && self.indent + width(&flat(parts)) + " {".len() <= WIDTH
        };
        let last = header.iter().rposition(|p| !p.list.is_empty()).unwrap_or(header.len());
        let kept = match fits(header) {
            true => header.len(),
            false if fits(&header[..last]) => last,
            false => 0,
        };
        self.line(&flat(&header[..kept]));
        for part in &header[kept..] {
            self.text(&part.lines());
        }
        self.out.push(' ');
    }
}

/// A text, and perhaps a list in parentheses after it.
struct Part<'t> {
    text: String,
    list: List<'t>,
}

impl<'t> Part<'t> {
    fn text(text: String) -> Part<'t> {
        Part { text, list: List::default() }
    }

    /// Nothing at all without entries.
    fn list(before: &str, list: List<'t>) -> Part<'t> {
        let text = if list.is_empty() { String::new() } else { before.to_owned() };
        Part { text, list }
    }

    fn flat(&self) -> String {
        match self.list.is_empty() {
            true => self.text.clone(),
            false => self.list.text(&format!("{}(", self.text), ")", ","),
        }
    }

    fn lines(&self) -> String {
        match self.list.is_empty() {
            true => self.text.clone(),
            false => self.list.lines(&format!("{}(", self.text), ")", ","),
        }
    }
}

pub(super) fn shape(shape: &ShapeExpr, parts: &mut Parts<'_>) -> String {
    List::new(&shape.node, parts, expr).text("[", "]", ",")
}

fn param(param: &Param, parts: &mut Parts<'_>) -> String {
    let mut out = param.name.node.clone();
    if let Some(of) = &param.ty {
        out += &format!(": {}", ty(&of.node, parts));
    }
    if let Some(default) = &param.default {
        out += &format!(" = {}", expr(default, parts));
    }
    out
}

fn ty(ty: &ParamType, parts: &mut Parts<'_>) -> String {
    match ty {
        ParamType::Int(range) => format!("int{}", ends(range.as_ref(), parts)),
        ParamType::Float(range) => format!("float{}", ends(range.as_ref(), parts)),
        ParamType::Bool => "bool".to_owned(),
        ParamType::OneOf(values) => List::new(values, parts, expr).text("one_of(", ")", ","),
        ParamType::Subset(values) => List::new(values, parts, expr).text("subset(", ")", ","),
        ParamType::List(of) => format!("list({})", self::ty(&of.node, parts)),
    }
}

fn ends(range: Option<&(Expr, Expr)>, parts: &mut Parts<'_>) -> String {
    range.map_or_else(String::new, |(low, high)| {
        format!("({}..{})", expr(low, parts), expr(high, parts))
    })
}
