use super::given::{Assumed, What, candidates};
use super::probe::{BlockProbe, ProbeRun};
use crate::syntax::ast::Param;

/// How many parameters may be symbols; of others the defaults hold.
const MAX_SYMBOLS: usize = 8;

/// The arguments with which most of the block can be followed, symbols where possible, and what
/// came of them.
pub(super) fn arguments(
    probe: &mut BlockProbe<'_>,
    input: &[Assumed],
) -> Option<(Vec<Assumed>, ProbeRun)> {
    let params = probe.block.params.clone();
    let mut given: Vec<Assumed> = params
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
            Assumed::new(&param.name.node, what.unwrap_or(What::Default))
        })
        .collect();
    let mut best = probe.run(input, &given, &|_| 0)?;
    let bound = |param: &Param| input.iter().any(|size| size.name == param.name.node);
    let own = |(_, param): &(usize, &Param)| !bound(param);
    // Numbers of rounds come first: with another, nothing else can be compared.
    for (i, param) in params.iter().enumerate().take(MAX_SYMBOLS).filter(own) {
        if param.default.is_some() || !given[i].is_symbol() {
            continue;
        }
        let changed = |given: &Assumed| if given.name == param.name.node { 2 } else { 0 };
        let other = probe.run(input, &given, &changed)?;
        if other.paths() != best.paths() && other.score().0 == best.score().0 {
            given[i].what = What::Count(2);
            best = probe.run(input, &given, &|_| 0)?;
        }
    }
    for (i, param) in params.iter().enumerate().take(MAX_SYMBOLS).filter(own) {
        let required = param.default.is_none();
        if matches!(given[i].what, What::Count(_)) {
            continue;
        }
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
