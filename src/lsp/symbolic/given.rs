//! What a block is called with: sizes of the input, and arguments.

use super::probe::{Probe, Run};
use crate::syntax::ast::{Block, Expr, ExprKind, Param, ParamType};
use crate::syntax::print_expr;

/// A size or an argument.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub name: String,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// Not given: the default holds.
    Default,
    /// Always the same text.
    Fixed(String),
    /// A symbol, with the values that it is tried with.
    Symbol([u64; 3]),
}

impl Given {
    fn new(name: impl Into<String>, what: What) -> Given {
        Given { name: name.into(), what }
    }

    pub fn is_symbol(&self) -> bool {
        matches!(self.what, What::Symbol(_))
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
pub(super) fn inputs(block: &Block) -> Vec<Vec<Given>> {
    let assumed = |sizes: &[(&str, [u64; 3])]| {
        sizes.iter().map(|(name, values)| Given::new(*name, What::Symbol(*values))).collect()
    };
    let Some(signature) = &block.signature else {
        return vec![assumed(&SIZES), assumed(&[FEATURES])];
    };
    let dims = signature.input.node.iter().skip(1).enumerate();
    let declared: Option<Vec<Given>> = dims.map(|(i, dim)| size(block, dim, i)).collect();
    let mut declared = declared.unwrap_or_default();
    for i in 1..declared.len() {
        // The same letter is the same size.
        if let Some(first) = declared[..i].iter().position(|size| size.name == declared[i].name) {
            declared[i] = declared[first].clone();
        }
    }
    vec![declared]
}

fn size(block: &Block, dim: &Expr, i: usize) -> Option<Given> {
    match &dim.node {
        ExprKind::Int { text, .. } => Some(Given::new(text, What::Fixed(text.clone()))),
        ExprKind::Name(name) => {
            let param = block.params.iter().position(|p| p.name.node == *name);
            let values = match param {
                Some(param) => wide(param),
                None => SIZES.get(i).map_or(FEATURES.1, |(_, values)| *values),
            };
            Some(Given::new(name, What::Symbol(values)))
        }
        _ => None,
    }
}

/// The arguments with which most of the block can be followed, symbols where possible, and what
/// came of them.
pub(super) fn arguments(probe: &mut Probe<'_>, input: &[Given]) -> Option<(Vec<Given>, Run)> {
    let params = probe.block.params.clone();
    let mut given: Vec<Given> = params
        .iter()
        .enumerate()
        .map(|(i, param)| {
            let bound = input.iter().find(|size| size.name == param.name.node);
            let first = || candidates(param, i).into_iter().next();
            let what = match (bound, &param.default) {
                (Some(size), _) => Some(size.what.clone()),
                (None, Some(_)) => None,
                (None, None) => first(),
            };
            Given::new(&param.name.node, what.unwrap_or(What::Default))
        })
        .collect();
    let mut best = probe.run(input, &given, &|_| 0)?;
    for (i, param) in params.iter().enumerate() {
        if input.iter().any(|size| size.name == param.name.node) {
            continue;
        }
        let required = param.default.is_none();
        for candidate in candidates(param, i) {
            let before = std::mem::replace(&mut given[i].what, candidate);
            let one = probe.run(input, &given, &|_| 0)?;
            let better = match required {
                true => one.score().0 > best.score().0,
                // A default gives way to a symbol with which all goes as well.
                false => one.score().0 == best.score().0 && one.score() >= best.score(),
            };
            let fits = better && {
                let other = probe.run(input, &given, &|_| 2)?;
                one.paths() == other.paths() && one.score() == other.score()
            };
            if !fits {
                given[i].what = before;
                continue;
            }
            best = one;
            if !required {
                break;
            }
        }
    }
    Some((given, best))
}

/// What a parameter may be given; the best first.
fn candidates(param: &Param, i: usize) -> Vec<What> {
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
