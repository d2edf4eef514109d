//! Names of modules and weights in TorchScript.

use std::collections::{BTreeMap, BTreeSet};

use netc::lower::identifier::identifier;

/// Names of weights as attributes of nested modules, unique within each module.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// The attribute of each prefix of a name, which is a module, and of each whole name, which is
    /// not.
    of: BTreeMap<(String, bool), String>,
}

impl Attributes {
    /// The attributes for these names.
    pub fn new<'p>(names: impl Iterator<Item = &'p str>) -> Attributes {
        let mut modules: BTreeMap<&str, BTreeSet<(bool, &str)>> = BTreeMap::new();
        for (path, is_module) in names.flat_map(beginnings) {
            let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
            modules.entry(module).or_default().insert((is_module, name));
        }
        let mut of = BTreeMap::new();
        for (module, names) in modules {
            // Valid names are kept; the others are made unique around them.
            let (kept, other): (Vec<_>, Vec<_>) =
                names.into_iter().partition(|(_, name)| identifier(name) == *name);
            let mut taken = BTreeSet::new();
            for (is_module, name) in kept.into_iter().chain(other) {
                let mut attribute = identifier(name);
                while !taken.insert(attribute.clone()) {
                    attribute.push('_');
                }
                let path =
                    if module.is_empty() { name.to_string() } else { format!("{module}.{name}") };
                of.insert((path, is_module), attribute);
            }
        }
        Attributes { of }
    }

    /// A name as attributes joined by dots.
    pub fn place(&self, name: &str) -> String {
        let attribute = |(path, is_module): (&str, bool)| {
            self.of.get(&(path.to_string(), is_module)).map_or("", String::as_str)
        };
        beginnings(name).map(attribute).collect::<Vec<_>>().join(".")
    }
}

/// Each prefix of a name up to a dot, which is a module, and the whole name.
fn beginnings(name: &str) -> impl Iterator<Item = (&str, bool)> {
    name.match_indices('.').map(|(at, _)| (&name[..at], true)).chain([(name, false)])
}
