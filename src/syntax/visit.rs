//! What a tree holds of one kind, wherever it stands.

use super::ast::{
    Block, Body, Call, Element, ElementKind, Expr, ExprKind, File, Import, Item, ItemKind, Net,
    ParamType, Repeat, Spanned, Stmt, StmtKind,
};

impl File {
    /// Its imports.
    pub fn imports(&self) -> impl Iterator<Item = &Import> {
        self.each(
            |item| if let ItemKind::Import(import) = &item.kind { Some(import) } else { None },
        )
    }

    /// The blocks that it defines.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.each(|item| if let ItemKind::Block(block) = &item.kind { Some(block) } else { None })
    }

    /// Its nets; of more than one, the first counts.
    pub fn nets(&self) -> impl Iterator<Item = &Net> {
        self.each(|item| if let ItemKind::Net(net) = &item.kind { Some(net) } else { None })
    }

    fn each<'f, T>(&'f self, of: impl Fn(&'f Item) -> Option<T>) -> impl Iterator<Item = T> {
        self.items.iter().filter_map(of)
    }
}

impl Body {
    /// Its statements, and those of the blocks and repeats within.
    pub fn all_stmts(&self) -> Vec<&Stmt> {
        let (mut found, mut left) = (Vec::new(), self.stmts.iter().rev().collect::<Vec<_>>());
        while let Some(stmt) = left.pop() {
            found.push(stmt);
            left.extend(stmt.kind.body().iter().flat_map(|body| body.stmts.iter().rev()));
        }
        found
    }
}

impl StmtKind {
    /// The body of a statement that has one.
    fn body(&self) -> Option<&Body> {
        match self {
            StmtKind::Repeat { body, .. } => Some(body),
            StmtKind::Block(block) => Some(&block.body),
            StmtKind::Input { .. }
            | StmtKind::Output { .. }
            | StmtKind::Stage { .. }
            | StmtKind::Branch { .. }
            | StmtKind::Edit(_)
            | StmtKind::Let(_)
            | StmtKind::Default(_)
            | StmtKind::Expect(_)
            | StmtKind::Recipe { .. } => None,
        }
    }

    /// The elements of a statement that has some.
    pub fn chain(&self) -> &[Element] {
        match self {
            StmtKind::Stage { chain, .. } | StmtKind::Branch { chain, .. } => chain,
            StmtKind::Edit(edit) => &edit.chain,
            StmtKind::Input { .. }
            | StmtKind::Output { .. }
            | StmtKind::Repeat { .. }
            | StmtKind::Let(_)
            | StmtKind::Block(_)
            | StmtKind::Default(_)
            | StmtKind::Expect(_)
            | StmtKind::Recipe { .. } => &[],
        }
    }
}

impl Spanned<ExprKind> {
    /// Every name in an expression and every `same`, in the order of the text.
    pub fn names(&self) -> Vec<&Expr> {
        let (mut found, mut left) = (Vec::new(), vec![self]);
        while let Some(expr) = left.pop() {
            match &expr.node {
                ExprKind::Name(_) | ExprKind::Same => found.push(expr),
                ExprKind::List(items)
                | ExprKind::Tuple(items)
                | ExprKind::Call { args: items, .. } => left.extend(items.iter().rev()),
                ExprKind::Unary(_, operand) => left.push(operand),
                ExprKind::Binary(_, x, y) | ExprKind::Index(x, y) => left.extend([&**y, &**x]),
                ExprKind::Conditional { cond, then, otherwise } => {
                    left.extend([&**otherwise, &**cond, &**then]);
                }
                ExprKind::Int { .. }
                | ExprKind::Float { .. }
                | ExprKind::Bool(_)
                | ExprKind::Str(_) => {}
            }
        }
        found
    }
}

impl ParamType {
    /// The expressions that say what values it has.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            ParamType::Int(range) | ParamType::Float(range) => {
                range.iter().flat_map(|(low, high)| [low, high]).collect()
            }
            ParamType::OneOf(options) | ParamType::Subset(options) => options.iter().collect(),
            ParamType::List(of) => of.node.exprs(),
            ParamType::Bool => Vec::new(),
        }
    }
}

/// A step of a chain that adds to the paths of its nodes.
#[derive(Debug, Clone, Copy)]
pub enum Part<'t> {
    /// A call.
    Call(&'t Call),
    /// What is repeated.
    Repeat(&'t Repeat),
}

/// The calls and repeats of a chain, those in groups and behind an `else` included, but not those
/// within a repeat, in the order of the text.
pub fn parts(chain: &[Element]) -> Vec<Part<'_>> {
    let (mut found, mut left) = (Vec::new(), chain.iter().rev().collect::<Vec<_>>());
    while let Some(element) = left.pop() {
        left.extend(element.guard.iter().filter_map(|guard| guard.otherwise.as_deref()));
        match &element.kind {
            ElementKind::Call(call) => found.push(Part::Call(call)),
            ElementKind::Group(chain) => left.extend(chain.iter().rev()),
            ElementKind::Repeat(repeat) => found.push(Part::Repeat(repeat)),
        }
    }
    found
}

/// The calls among the parts of a chain.
pub fn calls(chain: &[Element]) -> Vec<&Call> {
    let call = |part| if let Part::Call(call) = part { Some(call) } else { None };
    parts(chain).into_iter().filter_map(call).collect()
}

/// The repeats among the parts of a chain.
pub fn repeats(chain: &[Element]) -> Vec<&Repeat> {
    let repeat = |part| if let Part::Repeat(repeat) = part { Some(repeat) } else { None };
    parts(chain).into_iter().filter_map(repeat).collect()
}
