use std::collections::HashMap;
use std::rc::Rc;

use super::expander::{Expander, Frame};
use crate::diag::{Code, Problem, Span};
use crate::graph::NodeId;
use crate::graph::eval::Fault;
use crate::graph::names::NameKind;
use crate::graph::op::Signature;
use crate::syntax::ast::{BinaryOp, Call, Expr, ExprKind, Param};

/// A value of the graph under construction. `None`: unknown because of an earlier error.
pub(super) type Flow = Option<NodeId>;

/// Values by name, with the spans of their definitions: those of a body and of the enclosing ones.
#[derive(Default)]
pub(super) struct Values {
    own: HashMap<String, (Flow, Span)>,
    outer: Option<Rc<Values>>,
}

impl Values {
    /// A single value.
    pub fn one(name: &str, flow: Flow, span: Span) -> Values {
        Values { own: HashMap::from([(name.to_owned(), (flow, span))]), outer: None }
    }

    /// An empty inner scope.
    pub fn inside(outer: &Rc<Values>) -> Values {
        Values { own: HashMap::new(), outer: Some(outer.clone()) }
    }

    pub fn get(&self, name: &str) -> Option<(Flow, Span)> {
        let mut at = Some(self);
        while let Some(here) = at {
            if let Some(found) = here.own.get(name) {
                return Some(*found);
            }
            at = here.outer.as_deref();
        }
        None
    }

    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a statement of this body gives a value this name.
    pub fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name) && name != "in"
    }

    pub fn insert(&mut self, name: &str, flow: Flow, span: Span) {
        self.own.insert(name.to_owned(), (flow, span));
    }

    /// The name of a known value: the last that was given to it.
    pub fn named(&self, flow: Flow) -> Option<&str> {
        let own = self.own.iter().filter(|(_, (of, _))| flow.is_some() && *of == flow);
        let last = own.max_by_key(|(name, (_, span))| (*span, *name));
        last.map(|(name, _)| name.as_str()).or_else(|| self.outer.as_ref()?.named(flow))
    }

    /// The named value that a dotted name is a part of: its name, and the value.
    pub fn whole(&self, part: &str) -> Option<(&str, Flow)> {
        let is_whole = |name: &&str| part.strip_prefix(*name).is_some_and(|p| p.starts_with('.'));
        let name = self.names().into_iter().filter(is_whole).max_by_key(|name| name.len())?;
        Some((name, self.get(name)?.0))
    }

    /// All names, including those of enclosing scopes.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            names.extend(here.own.keys().map(String::as_str));
            at = here.outer.as_deref();
        }
        names
    }
}

impl Expander<'_> {
    /// An unknown name of an expression, told as what it is elsewhere: a value, or the name of a
    /// number that is declared further down.
    pub(super) fn not_a_number(&self, problem: Problem) -> Problem {
        let unknown = problem.code == Code::UnknownName;
        let Some(span) = problem.span.filter(|_| unknown) else { return problem };
        let Some(def) = self.names.definition(span) else { return problem };
        let name = self.project.sources.text(span);
        if problem.message != format!("unknown name `{name}`") {
            return problem;
        }
        let below = def.span.file == span.file && def.span.start > span.start;
        match def.kind {
            NameKind::Value => value_in_expression(name, span, def.span),
            NameKind::Param(_) if below => self.declared_below(name, span, def.span),
            _ => problem,
        }
    }

    /// The first value that an expression reads.
    pub(super) fn value_in(&self, expr: &Expr) -> Option<Problem> {
        expr.names().into_iter().find_map(|mention| {
            let def = self.names.definition(mention.span).filter(|def| def.kind.is_value())?;
            let name = self.project.sources.text(mention.span);
            Some(value_in_expression(name, mention.span, def.span))
        })
    }

    fn declared_below(&self, name: &str, span: Span, declared: Span) -> Problem {
        let file = self.project.file(span.file);
        let params = file.blocks().flat_map(|block| &block.params);
        let mut params = params.chain(file.nets().flat_map(|net| &net.params));
        let reads = |param: &&Param| {
            let default = param.default.as_ref().map(|default| default.span);
            default.is_some_and(|all| all.start <= span.start && span.end <= all.end)
        };
        let message = match params.find(reads) {
            Some(param) => format!("`{name}` is declared after `{}`", param.name.node),
            None => format!("`{name}` is declared after its use"),
        };
        Problem::new(Code::UnknownName, span, message)
            .label("no value yet")
            .related(declared, "declared here")
            .help(format!("declare `{name}` first: a value may use what is declared before it"))
    }
}

fn value_in_expression(name: &str, span: Span, defined: Span) -> Problem {
    Problem::new(Code::UnknownName, span, format!("`{name}` is a value, not a number"))
        .label("a value")
        .related(defined, "defined here")
        .help("an expression reads numbers: parameters, `let`s and the sizes of a signature")
}

/// The fault of the number of a join, which says so if values stand there.
pub(super) fn not_by_name(
    fault: Fault,
    frame: &Frame<'_>,
    signature: &Signature,
    call: &Call,
    expr: &Expr,
) -> Fault {
    let problem = fault?;
    let sign = match signature.name {
        "add" => Some(BinaryOp::Add),
        "mul" => Some(BinaryOp::Mul),
        _ => None,
    };
    let values = operands(frame, sign, expr).filter(|all| all.len() < signature.operands.1);
    let arg = call.args.iter().find(|arg| std::ptr::eq(&arg.value, expr));
    let (Some(values), Some(arg)) = (values, arg) else { return Some(problem) };
    let names = values.join(", ");
    let text = format!("{}({names})", signature.name);
    let message = format!("`{}` is a value, not a number", values[0]);
    let whole = arg.name.as_ref().map_or(expr.span, |name| name.span.to(expr.span));
    Some(Box::new(
        Problem::new(problem.code, expr.span, message)
            .label("a value")
            .help(format!("values are joined by their names: `{text}`"))
            .fix(format!("write `{text}`"), [(whole, names)]),
    ))
}

/// The values that an expression names, joined by a sign.
fn operands<'e>(frame: &Frame<'_>, sign: Option<BinaryOp>, expr: &'e Expr) -> Option<Vec<&'e str>> {
    match &expr.node {
        ExprKind::Name(name) if frame.values.contains(name) => Some(vec![name]),
        ExprKind::Binary(op, left, right) if Some(*op) == sign => {
            Some([operands(frame, sign, left)?, operands(frame, sign, right)?].concat())
        }
        _ => None,
    }
}

/// The fault of an argument of a block, which says so if the argument is a value.
pub(super) fn not_a_value(fault: Fault, frame: &Frame<'_>, expr: &Expr) -> Fault {
    let problem = fault?;
    let ExprKind::Name(name) = &expr.node else { return Some(problem) };
    if !frame.values.contains(name) {
        return Some(problem);
    }
    let message = format!("`{name}` is a value, and blocks take numbers, ops and blocks");
    Some(Box::new(
        Problem::new(problem.code, expr.span, message)
            .label("a value")
            .help(format!("join it outside of the block: `... -> concat({name}) -> ...`")),
    ))
}
