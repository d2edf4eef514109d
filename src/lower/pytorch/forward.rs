//! The bodies of `forward`.

use std::collections::{HashMap, HashSet};

use super::op::{Syntax, syntax};
use super::python::{Code, Expr, fits};
use super::tree::{Child, Group, Item, Tree, ValueId};
use crate::lower::Plan;
use crate::lower::identifier::identifier;

/// Writes `forward` of a group.
pub(super) struct Forward<'p> {
    plan: &'p Plan,
    group: &'p Group,
    /// The variable of each value.
    variables: HashMap<ValueId, String>,
    /// The remaining reads of each value.
    uses: HashMap<ValueId, usize>,
    /// Whether it is that of the net, whose input keeps its name.
    is_net: bool,
}

const INDENT: usize = 8;

impl<'p> Forward<'p> {
    pub fn new(plan: &'p Plan, tree: &'p Tree, group: &'p Group) -> Forward<'p> {
        let mut uses: HashMap<ValueId, usize> = HashMap::new();
        for &value in group.children.iter().flat_map(|child| &child.operands).chain(&group.outputs)
        {
            *uses.entry(value).or_default() += 1;
        }
        let is_net = tree.groups.last().is_some_and(|root| std::ptr::eq(root, group));
        Forward { plan, group, variables: HashMap::new(), uses, is_net }
    }

    /// The definition.
    pub fn write(mut self, code: &mut Code) {
        let parameters = self.parameters();
        let result = match self.group.outputs.len() {
            1 => "Tensor".to_string(),
            n => format!("tuple[{}]", vec!["Tensor"; n].join(", ")),
        };
        let typed = parameters.into_iter().map(|name| format!("{name}: Tensor"));
        let all = std::iter::once("self".to_string()).chain(typed);
        let head =
            Expr::Call("forward".into(), all.map(|p| (String::new(), Expr::Text(p))).collect());
        code.put(4, "def ", &head, &format!(" -> {result}:"));
        for (i, child) in self.group.children.iter().enumerate() {
            let is_last = i + 1 == self.group.children.len() && child.results == self.group.outputs;
            self.child(code, child, is_last);
        }
        if self.group.children.last().is_none_or(|child| child.results != self.group.outputs) {
            let names: Vec<&str> = self.group.outputs.iter().map(|o| self.variable(*o)).collect();
            code.line(INDENT, &format!("return {}", names.join(", ")));
        }
    }

    fn parameters(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        for (i, &input) in self.group.inputs.iter().enumerate() {
            let segment = self.plan.steps()[input].path.rsplit('.').next().unwrap_or_default();
            let label = (self.is_net || i > 0).then(|| identifier(segment));
            let name = self.free(label);
            self.variables.insert(input, name.clone());
            names.push(name);
        }
        names
    }

    fn variable(&self, value: ValueId) -> &str {
        self.variables.get(&value).map_or("", String::as_str)
    }

    /// A name not used by a live value: the wish, or a letter.
    fn free(&self, wish: Option<String>) -> String {
        let taken: HashSet<&str> = self.variables.values().map(String::as_str).collect();
        let letters = ["x", "y", "z"].map(String::from);
        let numbered = (1..).map(|n| format!("x{n}"));
        let mut names = wish.into_iter().chain(letters).chain(numbered);
        names.find(|name| !taken.contains(name.as_str())).unwrap_or_default()
    }

    fn child(&mut self, code: &mut Code, child: &Child, is_last: bool) {
        let operands: Vec<String> =
            child.operands.iter().map(|o| self.variable(*o).to_string()).collect();
        let expression = self.expression(child, &operands);
        if is_last {
            sum(code, "return ", &expression);
            return;
        }
        let names = self.names(child);
        let target = names.join(", ");
        sum(code, &format!("{target} = "), &expression);
    }

    /// The variables for a child's results.
    fn names(&mut self, child: &Child) -> Vec<String> {
        let mut reusable = None;
        for (i, operand) in child.operands.iter().enumerate() {
            let left = self.uses.entry(*operand).or_default();
            *left -= 1;
            if *left == 0 && !(self.is_net && self.group.inputs.contains(operand)) {
                let name = self.variables.remove(operand);
                reusable = if i == 0 { name } else { reusable };
            }
        }
        let follows_input =
            child.operands.iter().all(|o| self.is_net && self.group.inputs.contains(o));
        let label = (child.labelled && !follows_input).then(|| child.attribute.clone());
        let mut names = Vec::new();
        for (i, &result) in child.results.iter().enumerate() {
            let name = match reusable.take() {
                Some(name) if i == 0 => name,
                _ => self.free(label.clone()),
            };
            self.variables.insert(result, name.clone());
            names.push(name);
        }
        names
    }

    fn expression(&self, child: &Child, operands: &[String]) -> Value {
        let call = |name: &str| {
            let arguments = operands.iter().map(|o| (String::new(), Expr::Text(o.clone())));
            Value::Is(Expr::Call(format!("self.{name}"), arguments.collect()))
        };
        let Item::Op(step) = child.item else { return call(&child.attribute) };
        let step = &self.plan.steps()[step];
        match syntax(step) {
            Syntax::Module(_) | Syntax::Given => call(&child.attribute),
            Syntax::Operator(sign) => Value::Joined(sign, operands.to_vec()),
            Syntax::Cat => {
                let list = (String::new(), Expr::list(operands.iter().cloned()));
                let dim = ("dim".to_string(), Expr::Text("1".into()));
                Value::Is(Expr::Call("torch.cat".into(), vec![list, dim]))
            }
        }
    }
}

/// What a child computes.
enum Value {
    Is(Expr),
    Joined(&'static str, Vec<String>),
}

/// Writes a value after `target = ` or `return `.
fn sum(code: &mut Code, before: &str, value: &Value) {
    match value {
        Value::Is(expr) => code.put(INDENT, before, expr, ""),
        Value::Joined(operator, terms) => {
            let line = format!("{before}{}", terms.join(operator));
            if fits(INDENT, &line) {
                return code.line(INDENT, &line);
            }
            code.line(INDENT, &format!("{before}("));
            for (i, term) in terms.iter().enumerate() {
                let operator = if i == 0 { String::new() } else { format!("{} ", operator.trim()) };
                code.line(INDENT + 4, &format!("{operator}{term}"));
            }
            code.line(INDENT, ")");
        }
    }
}
