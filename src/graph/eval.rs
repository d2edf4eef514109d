//! Expressions: names, arithmetic, comparisons.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::functions::call;
use super::number::{self, Fraction};
use super::{Callee, TraceStep, Value, op};
use crate::diag::{Code, FileId, Nearest, Problem, Span, did_you_mean, elsewhere};
use crate::limits::{MAX_ITEMS, MAX_STEPS};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

/// Why there is no value: a problem to report, or `None` if its cause has been reported already.
pub(super) type Fault = Option<Box<Problem>>;

/// The names that an expression may use, with their values. Clones are cheap and share their step
/// counter with the original.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    // `None`: the name exists, but its value is unknown because of an error elsewhere.
    names: Arc<BTreeMap<String, Option<Value>>>,
    /// Separate from the names, because it differs for each element.
    same: Option<Option<Value>>,
    /// The provenance of the values; empty unless requested.
    notes: Arc<BTreeMap<String, Arc<TraceStep>>>,
    steps: Arc<AtomicU64>,
    /// The blocks that expressions name: for each place, where the block is defined.
    blocks: Arc<HashMap<(FileId, usize), Span>>,
}

/// The name that stands for the channel count of the incoming value.
const SAME: &str = "same";

impl Scope {
    /// An empty scope whose expressions may name blocks.
    pub(super) fn with_blocks(blocks: HashMap<(FileId, usize), Span>) -> Scope {
        Scope { blocks: Arc::new(blocks), ..Scope::default() }
    }

    /// Gives a name a value.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        self.put(name.into(), Some(value));
    }

    /// Adds a name whose value is unknown because of an error elsewhere.
    pub(super) fn set_unknown(&mut self, name: impl Into<String>) {
        self.put(name.into(), None);
    }

    fn put(&mut self, name: String, value: Option<Value>) {
        match name == SAME {
            true => self.same = Some(value),
            false => drop(Arc::make_mut(&mut self.names).insert(name, value)),
        }
    }

    /// A scope without names that shares the step counter of this one.
    pub(super) fn emptied(&self) -> Scope {
        Scope { steps: self.steps.clone(), blocks: self.blocks.clone(), ..Scope::default() }
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Counts steps. An error once the limit of a net is exceeded; it carries a problem the first
    /// time only.
    pub(super) fn spend(&self, steps: usize, span: Span) -> Result<(), Fault> {
        let before = self.steps.fetch_add(steps as u64, Ordering::Relaxed);
        match before.saturating_add(steps as u64) {
            0..=MAX_STEPS => Ok(()),
            _ if before > MAX_STEPS => Err(None),
            _ => {
                let message = format!("the net takes more than {MAX_STEPS} steps to expand");
                Err(Some(Box::new(
                    Problem::new(Code::Limit, span, message)
                        .label("reached here")
                        .help("repeat less, nest fewer blocks in one another, or shorten lists"),
                )))
            }
        }
    }

    /// Records the provenance of a name's value.
    pub(super) fn note(&mut self, name: &str, step: Option<Arc<TraceStep>>) {
        if let Some(step) = step {
            Arc::make_mut(&mut self.notes).insert(name.into(), step);
        }
    }

    /// The provenance of a name's value, if it was recorded.
    pub(super) fn noted(&self, name: &str) -> Option<&Arc<TraceStep>> {
        self.notes.get(name)
    }

    /// Removes the size symbols of an enclosing signature.
    pub(super) fn forget_symbols(&mut self) {
        Arc::make_mut(&mut self.names).retain(|name, _| !is_symbol(name));
    }

    /// The value of a name, if it is known.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.names.get(name)?.as_ref()
    }

    /// The op or block that a name means at a place.
    fn callee(&self, name: &str, span: Span) -> Option<Value> {
        let block = self.blocks.get(&(span.file, span.start)).copied();
        let known = block.is_some() || op::signature(name).is_some();
        known.then(|| Value::Callee(Callee { name: name.to_owned(), block }))
    }

    /// Whether the name is known.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name) || (name == SAME && self.same.is_some())
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str).chain(self.same.iter().map(|_| SAME))
    }

    /// Adds the names of another scope, which take precedence.
    pub(super) fn extend(&mut self, other: &Scope) {
        Arc::make_mut(&mut self.names)
            .extend(other.names.iter().map(|(k, v)| (k.clone(), v.clone())));
        Arc::make_mut(&mut self.notes)
            .extend(other.notes.iter().map(|(k, v)| (k.clone(), v.clone())));
    }

    /// The value of an expression. `None` in the error: the cause has been reported before.
    pub fn eval(&self, expr: &Expr) -> Result<Value, Option<Box<Problem>>> {
        self.spend(1, expr.span)?;
        match &expr.node {
            ExprKind::Int { value, .. } => Ok(Value::Int(*value)),
            ExprKind::Float { value, text } => {
                Ok(Fraction::decimal(text).map_or(Value::Float(*value), Value::Fraction))
            }
            ExprKind::Bool(b) => Ok(Value::Bool(*b)),
            ExprKind::Str(s) => Ok(Value::Str(s.clone())),
            ExprKind::Same if self.contains(SAME) => self.lookup(SAME, expr.span),
            ExprKind::Same => Ok(Value::Same),
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                let items = items.iter().map(|e| self.eval(e)).collect::<Result<Vec<_>, _>>()?;
                match items.iter().map(Value::items).sum() {
                    0..=MAX_ITEMS => Ok(Value::List(items)),
                    count => {
                        let message =
                            format!("expected a list of at most {MAX_ITEMS} items, got {count}");
                        Err(Some(Box::new(Problem::new(Code::Limit, expr.span, message))))
                    }
                }
            }
            ExprKind::Name(name) => self.lookup(name, expr.span),
            ExprKind::Call { name, args } => {
                let values = args.iter().map(|e| self.eval(e)).collect::<Result<Vec<_>, _>>()?;
                call(name, &values, expr.span)
            }
            ExprKind::Unary(op, operand) => unary(*op, self.eval(operand)?, expr.span),
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, expr.span),
            ExprKind::Index(list, index) => {
                index_list(self.eval(list)?, self.eval(index)?, expr.span)
            }
            ExprKind::Conditional { cond, then, otherwise } => {
                self.eval(if self.condition(cond)? { then } else { otherwise })
            }
        }
    }

    /// The truth of a condition.
    pub fn condition(&self, expr: &Expr) -> Result<bool, Option<Box<Problem>>> {
        match self.eval(expr)? {
            Value::Bool(b) => Ok(b),
            other => {
                fault(expr.span, format!("expected a condition, got {} {other}", other.kind()))
            }
        }
    }

    /// The op or block that a condition compares with its name in quotes, which equals none.
    pub fn in_quotes<'e>(&self, condition: &'e Expr) -> Option<&'e str> {
        match &condition.node {
            ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, left, right) => {
                [(left, right), (right, left)].into_iter().find_map(|(text, other)| {
                    let ExprKind::Str(word) = &text.node else { return None };
                    matches!(self.eval(other), Ok(Value::Callee(_))).then_some(word.as_str())
                })
            }
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
                self.in_quotes(left).or_else(|| self.in_quotes(right))
            }
            ExprKind::Unary(_, operand) => self.in_quotes(operand),
            _ => None,
        }
    }

    fn lookup(&self, name: &str, span: Span) -> Result<Value, Fault> {
        let found = if name == SAME { self.same.as_ref() } else { self.names.get(name) };
        match found {
            Some(Some(value)) => {
                self.spend(4 * value.items(), span)?;
                Ok(value.clone())
            }
            Some(None) => Err(None),
            None => self.callee(name, span).ok_or_else(|| self.unknown(name, span)),
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Fault {
        let near = self.near(name);
        let problem = Problem::new(Code::UnknownName, span, format!("unknown name `{name}`"));
        if name == "N" && near.only() != Some("n") {
            return Some(Box::new(problem.label("the size of the batch").help(
                "the size of the batch is no number: `N` stands at the start of a shape alone",
            )));
        }
        Some(Box::new(
            problem
                .label("nothing of this name is defined here")
                .help_if(near.question())
                .respell(&near),
        ))
    }

    /// What may be meant by an unknown name: a word of another language, or one that is spelt
    /// alike.
    fn near(&self, name: &str) -> Nearest {
        let alike = did_you_mean(name, self.names());
        let channels = elsewhere::channels(name).filter(|same| self.contains(same));
        match (elsewhere::value(name), channels) {
            (Some(value), _) => Nearest::one(value),
            (None, Some(same)) if !alike.is_sure() => Nearest::one(same),
            (None, _) => alike
                .or_else(|| did_you_mean(name, op::signatures().map(|signature| signature.name))),
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Result<Value, Fault> {
        if let BinaryOp::And | BinaryOp::Or = op {
            let first = self.condition(left)?;
            let decided = first == (op == BinaryOp::Or);
            return Ok(Value::Bool(if decided { first } else { self.condition(right)? }));
        }
        let (a, b) = (self.eval(left)?, self.eval(right)?);
        match op {
            BinaryOp::And | BinaryOp::Or => Err(None),
            BinaryOp::Eq => Ok(Value::Bool(a.equals(&b))),
            BinaryOp::Ne => Ok(Value::Bool(!a.equals(&b))),
            BinaryOp::Has => match &a {
                Value::List(items) => Ok(Value::Bool(items.iter().any(|item| item.equals(&b)))),
                _ => {
                    fault(left.span, format!("expected a list before `has`, got {} {a}", a.kind()))
                }
            },
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => compare(op, &a, &b, span),
            BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::FloorDiv
            | BinaryOp::Rem => arithmetic(op, &a, &b, span),
        }
    }
}

/// Whether a name is that of a size in a signature, a capital letter.
pub(super) fn is_symbol(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

pub(super) fn fault<T>(span: Span, message: String) -> Result<T, Fault> {
    Err(Some(Box::new(Problem::new(Code::Expression, span, message))))
}

fn compare(op: BinaryOp, a: &Value, b: &Value, span: Span) -> Result<Value, Fault> {
    let Some(order) = number::compare(a, b) else {
        return fault(span, format!("`{}` compares numbers, got {a} and {b}", op.as_str()));
    };
    Ok(Value::Bool(match op {
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Le => order.is_le(),
        BinaryOp::Gt => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn arithmetic(op: BinaryOp, a: &Value, b: &Value, span: Span) -> Result<Value, Fault> {
    let shown = || format!("{a} {} {b}", op.as_str());
    if a.number().is_none() || b.number().is_none() {
        let message = format!("`{}` takes numbers, got {} and {}", op.as_str(), a.kind(), b.kind());
        return fault(span, message);
    }
    let divides = matches!(op, BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Rem);
    if divides && b.number() == Some(0.0) {
        return fault(span, format!("division by zero: {}", shown()));
    }
    match number::arithmetic(op, a, b) {
        Some(value) => Ok(value),
        None => fault(span, format!("{} is too large", shown())),
    }
}

fn unary(op: UnaryOp, value: Value, span: Span) -> Result<Value, Fault> {
    match (op, &value) {
        (UnaryOp::Neg, Value::Int(i)) if *i != i64::MIN => Ok(Value::Int(-i)),
        (UnaryOp::Neg, Value::Fraction(x)) => {
            Ok(x.negated().map_or(Value::Float(-x.float()), Value::Fraction))
        }
        (UnaryOp::Neg, Value::Float(x)) => Ok(Value::Float(-x)),
        (UnaryOp::Not, Value::Bool(b)) => Ok(Value::Bool(!b)),
        (UnaryOp::Neg, _) => {
            fault(span, format!("`-` takes a number, got {} {value}", value.kind()))
        }
        (UnaryOp::Not, _) => {
            fault(span, format!("`not` takes a boolean, got {} {value}", value.kind()))
        }
    }
}

fn index_list(list: Value, index: Value, span: Span) -> Result<Value, Fault> {
    match (&list, index.whole()) {
        (Value::List(items), Some(i)) => match usize::try_from(i).ok().and_then(|i| items.get(i)) {
            Some(item) => Ok(item.clone()),
            None => {
                fault(span, format!("there is no item {i} in {list}, which has {}", items.len()))
            }
        },
        _ => fault(span, format!("expected a list and a whole number, got {list}[{index}]")),
    }
}
