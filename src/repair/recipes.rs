//! Repairs of recipes: words without their quotes.

use super::calls::Texts;
use super::judge::{Candidate, Rest};
use crate::diag::{Fix, Nearest, Problem};
use crate::graph::Value;
use crate::recipe::KEYS;
use crate::syntax::ast::ExprKind;

/// The strings that may be meant by a name that nothing defines, as the key takes them.
pub(super) fn of(problem: &Problem, texts: &Texts<'_>) -> Vec<Candidate> {
    let strings = || {
        let setting = texts.setting(problem.span?)?;
        let ExprKind::Name(word) = &setting.value.node else { return None };
        let kind = KEYS.iter().find(|key| key.name == setting.key.node)?.kind;
        let written = Value::Str(word.clone());
        Some(match kind.accepts(&written) {
            true => (setting.value.span, Nearest::one(written.to_string())),
            false => (setting.value.span, kind.meant(&written)),
        })
    };
    let Some((at, near)) = strings() else { return Vec::new() };
    let candidate = |text: &String| {
        let title = format!("put it in quotes: `{text}`");
        let fix = Fix { title, edits: vec![(at, text.clone())], safe: near.is_sure() };
        Candidate { fix, site: None, rest: Rest::Sound }
    };
    near.names().iter().filter(|text| text.starts_with('"')).map(candidate).collect()
}
