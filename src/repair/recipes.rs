//! Repairs of recipes: words without their quotes.

use super::calls::Texts;
use super::judge::{Candidate, Rest};
use crate::diag::{Fix, Problem};
use crate::graph::Value;
use crate::recipe::KEYS;
use crate::syntax::ast::ExprKind;

/// The string that is meant by a name that nothing defines, as the key takes it.
pub(super) fn of(problem: &Problem, texts: &Texts<'_>) -> Vec<Candidate> {
    let string = || {
        let setting = texts.setting(problem.span?)?;
        let ExprKind::Name(word) = &setting.value.node else { return None };
        let kind = KEYS.iter().find(|key| key.name == setting.key.node)?.kind;
        let written = Value::Str(word.clone());
        let meant = if kind.accepts(&written) { Some(written) } else { kind.meant(&written) }?;
        matches!(meant, Value::Str(_)).then(|| (setting.value.span, meant.to_string()))
    };
    let candidate = |(at, text): (_, String)| {
        let title = format!("put it in quotes: `{text}`");
        let fix = Fix { title, edits: vec![(at, text)], safe: true };
        Candidate { fix, site: None, rest: Rest::Sound }
    };
    string().map(candidate).into_iter().collect()
}
