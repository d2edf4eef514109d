//! `netc check --format sarif`: a log of SARIF 2.1.0, as code scanning reads it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Checkup;
use super::place::Place;
use crate::diag::{Code, FileId, Fix, Problem, Sources, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run with the problems of all files.
pub(super) fn sarif(checkups: &[Checkup]) -> Value {
    let results: Vec<Value> = checkups.iter().flat_map(results).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "netc",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let page = code.page();
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.summary() },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": code.severity().as_str() },
    })
}

fn results(checkup: &Checkup) -> impl Iterator<Item = Value> {
    let sources = &checkup.compilation.sources;
    checkup.fresh.sorted().into_iter().map(move |problem| result(problem, sources, &checkup.name))
}

fn result(problem: &Problem, sources: &Sources, file: &str) -> Value {
    let index = Code::ALL.iter().position(|code| *code == problem.code);
    let help = problem.help.as_ref().map_or_else(String::new, |help| format!("\n{help}"));
    let location = match problem.span {
        Some(span) => location_of(span, sources),
        None => json!({ "physicalLocation": { "artifactLocation": artifact(file) } }),
    };
    let related = problem.related.iter().map(|(span, words)| {
        let mut place = location_of(*span, sources);
        place["message"] = json!({ "text": words });
        place
    });
    json!({
        "ruleId": problem.code.as_str(),
        "ruleIndex": index,
        "level": problem.severity().as_str(),
        "message": { "text": format!("{}{help}", problem.message) },
        "locations": [location],
        "relatedLocations": related.collect::<Vec<_>>(),
        "properties": { "nodes": problem.nodes },
        "fixes": problem.fixes.iter().map(|fix| fix_of(fix, sources)).collect::<Vec<_>>(),
    })
}

fn location_of(span: Span, sources: &Sources) -> Value {
    let place = Place::of(span, sources);
    let place = json!({ "artifactLocation": artifact(place.file), "region": region(&place) });
    json!({ "physicalLocation": place })
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
        "byteOffset": place.start,
        "byteLength": place.end - place.start,
    })
}

fn fix_of(fix: &Fix, sources: &Sources) -> Value {
    let mut replacements: BTreeMap<FileId, Vec<Value>> = BTreeMap::new();
    for (span, text) in &fix.edits {
        let deleted = region(&Place::of(*span, sources));
        let replacement = json!({ "deletedRegion": deleted, "insertedContent": { "text": text } });
        replacements.entry(span.file).or_default().push(replacement);
    }
    let change = |(file, replacements)| {
        let artifact = artifact(&sources.get(file).name);
        json!({ "artifactLocation": artifact, "replacements": replacements })
    };
    let changes: Vec<Value> = replacements.into_iter().map(change).collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

/// A path as a URI, relative where the path is.
fn artifact(path: &str) -> Value {
    let kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    let escaped = |byte: u8| match kept(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let path: String = path.bytes().map(escaped).collect();
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    json!({ "uri": format!("{scheme}{path}") })
}
