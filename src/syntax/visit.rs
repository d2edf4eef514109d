//! What a tree holds of one kind, wherever it stands.

use super::ast::{
    Block, Call, Element, ElementKind, Expr, ExprKind, File, Import, Item, ItemKind, Net,
    ParamType, Spanned,
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

impl Spanned<ExprKind> {
    /// Every name in an expression and every `same`, in the order of the text.
    pub fn names(&self) -> Vec<&Expr> {
        let (mut found, mut left) = (Vec::new(), vec![self]);
        while let Some(expr) = left.pop() {
            match &expr.node {
                ExprKind::Name(_) | ExprKind::Same => found.push(expr),
                ExprKind::List(items) | ExprKind::Call { args: items, .. } => {
                    left.extend(items.iter().rev())
                }
                ExprKind::Unary(_, operand) => left.push(operand),
                ExprKind::Binary(_, x, y) | ExprKind::Index(x, y) => left.extend([&**y, &**x]),
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

/// The calls of a chain, those in groups and behind an `else` included, in the order of the text.
pub fn calls(chain: &[Element]) -> Vec<&Call> {
    let (mut found, mut left) = (Vec::new(), chain.iter().rev().collect::<Vec<_>>());
    while let Some(element) = left.pop() {
        left.extend(element.guard.iter().filter_map(|guard| guard.otherwise.as_deref()));
        match &element.kind {
            ElementKind::Call(call) => found.push(call),
            ElementKind::Group(chain) => left.extend(chain.iter().rev()),
        }
    }
    found
}
