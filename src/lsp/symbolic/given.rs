//! What a block is called with: sizes of the input, and arguments.

use crate::syntax::ast::{Block, Expr, ExprKind, Param, ParamType};
use crate::syntax::print_expr;

/// A size or an argument.
#[derive(Debug, Clone)]
pub(super) struct Assumed {
    pub name: String,
    pub what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// Not given: the default holds.
    Default,
    /// Always the same text.
    Fixed(String),
    /// A symbol, with the values that it is tried with.
    Symbol([u64; 3]),
    /// A number that decides which nodes there are.
    Count(u64),
}

impl Assumed {
    pub fn new(name: impl Into<String>, what: What) -> Assumed {
        Assumed { name: name.into(), what }
    }

    pub fn is_symbol(&self) -> bool {
        matches!(self.what, What::Symbol(_))
    }

    /// The same with one more where a number decides which nodes there are; none if it decides
    /// none.
    pub fn counted_on(given: &[Assumed]) -> Option<Vec<Assumed>> {
        let counts = given.iter().any(|given| matches!(given.what, What::Count(_)));
        let next = |given: &Assumed| match given.what {
            What::Count(count) => Assumed::new(&given.name, What::Count(count + 1)),
            _ => given.clone(),
        };
        counts.then(|| given.iter().map(next).collect())
    }

    /// The values of a symbol.
    pub fn values(&self) -> Option<[u64; 3]> {
        if let What::Symbol(values) = self.what { Some(values) } else { None }
    }

    /// As it is written, a symbol with the value of this number.
    pub fn text(&self, value: usize) -> Option<String> {
        match &self.what {
            What::Default => None,
            What::Fixed(text) => Some(text.clone()),
            What::Symbol(values) => Some(values[value].to_string()),
            What::Count(count) => Some(count.to_string()),
        }
    }
}

/// Multiples of 16 that no other symbol has.
fn wide(i: usize) -> [u64; 3] {
    let first = 16 * (2 * i as u64 + 5);
    [first, 2 * first, 3 * first]
}

/// Sizes that can be halved several times.
const SIZES: [(&str, [u64; 3]); 3] =
    [("C", [48, 96, 144]), ("H", [64, 128, 192]), ("W", [352, 704, 1056])];
const FEATURES: (&str, [u64; 3]) = ("F", [224, 448, 672]);
/// Kernels and strides.
const SMALL: [[u64; 3]; 2] = [[3, 5, 7], [2, 4, 8]];

/// The inputs to try: as the signature has it, else an image or a vector.
pub(super) fn inputs(block: &Block) -> Vec<Vec<Assumed>> {
    let assumed = |sizes: &[(&str, [u64; 3])]| {
        sizes.iter().map(|(name, values)| Assumed::new(*name, What::Symbol(*values))).collect()
    };
    let Some(signature) = &block.signature else {
        return vec![assumed(&SIZES), assumed(&[FEATURES])];
    };
    let dims = signature.input.node.iter().skip(1).enumerate();
    let declared: Option<Vec<Assumed>> = dims.map(|(i, dim)| size(block, dim, i)).collect();
    let mut declared = declared.unwrap_or_default();
    for i in 1..declared.len() {
        // The same letter is the same size.
        if let Some(first) = declared[..i].iter().position(|size| size.name == declared[i].name) {
            declared[i] = declared[first].clone();
        }
    }
    vec![declared]
}

fn size(block: &Block, dim: &Expr, i: usize) -> Option<Assumed> {
    match &dim.node {
        ExprKind::Int { text, .. } => Some(Assumed::new(text, What::Fixed(text.clone()))),
        ExprKind::Name(name) => {
            let param = block.params.iter().position(|p| p.name.node == *name);
            let values = match param {
                Some(param) => wide(param),
                None => SIZES.get(i).map_or(FEATURES.1, |(_, values)| *values),
            };
            Some(Assumed::new(name, What::Symbol(values)))
        }
        _ => None,
    }
}

/// What a parameter may be given; the best first.
pub(super) fn candidates(param: &Param, i: usize) -> Vec<What> {
    let fixed = |texts: &[&str]| texts.iter().map(|text| What::Fixed((*text).to_owned())).collect();
    let symbols = |range: Option<&(Expr, Expr)>| {
        let whole = |expr: &Expr| match expr.node {
            ExprKind::Int { value, .. } => u64::try_from(value).ok(),
            _ => None,
        };
        let within = |values: &[u64; 3]| {
            range.is_none_or(|(low, high)| {
                whole(low).is_none_or(|low| values.iter().all(|value| *value >= low))
                    && whole(high).is_none_or(|high| values.iter().all(|value| *value <= high))
            })
        };
        let order = match (&param.default, param.default.as_ref().and_then(whole)) {
            (Some(_), Some(1..8)) => [SMALL[1], SMALL[0], wide(i)],
            (Some(_), _) => [wide(i), SMALL[0], SMALL[1]],
            // It may be a number of rounds.
            (None, _) => [SMALL[0], SMALL[1], wide(i)],
        };
        order.into_iter().filter(within).map(What::Symbol).collect::<Vec<_>>()
    };
    let default = param.default.as_ref().map(|default| &default.node);
    match param.ty.as_ref().map(|ty| &ty.node) {
        Some(ParamType::Int(range)) => symbols(range.as_ref()),
        None if matches!(default, Some(ExprKind::Int { .. } | ExprKind::Same)) => symbols(None),
        _ if default.is_some() => Vec::new(),
        None => symbols(None).into_iter().chain(fixed(&["identity", "true", "0.5"])).collect(),
        Some(ParamType::Float(_)) => fixed(&["0.5"]),
        Some(ParamType::Bool) => fixed(&["true"]),
        Some(ParamType::OneOf(options)) => {
            options.iter().take(1).map(|option| What::Fixed(print_expr(option))).collect()
        }
        Some(ParamType::Subset(options)) => {
            let all: Vec<String> = options.iter().map(print_expr).collect();
            vec![What::Fixed(format!("[{}]", all.join(", ")))]
        }
        Some(ParamType::List(_)) => fixed(&["[16, 32]"]),
    }
}
