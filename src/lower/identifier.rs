//! Names of modules and weights as Python can have them, and TorchScript, which reads as Python does.

#[cfg(feature = "torch")]
use std::collections::{BTreeMap, BTreeSet};

/// A name as an identifier that can be an attribute of a module, an argument, and a variable: letters,
/// digits and `_` of ASCII, a letter first, for `_modules` and the like belong to `nn.Module`. One that
/// is taken ends in `_`.
pub(super) fn identifier(name: &str) -> String {
    let mut text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.insert(0, 'n');
    }
    if TAKEN.contains(&text.as_str()) { text + "_" } else { text }
}

/// Keywords of Python and TorchScript, names that exported text uses itself, and attributes of
/// `nn.Module`, `nn.Sequential` and the modules that `torch.jit.load` makes.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "add_module", "and", "append", "apply", "as", "assert", "async", "await", "bfloat16", "break",
    "buffers", "call_super_init", "children", "class", "code", "code_with_constants",
    "compile", "continue", "cpu", "cuda", "def", "define", "del", "double", "dump_patches",
    "elif", "else", "eval", "except", "extend", "extra_repr", "False", "finally", "float", "for",
    "forward", "forward_magic_method", "from", "get_buffer", "get_debug_state", "get_extra_state",
    "get_parameter", "get_submodule", "global", "graph", "graph_for", "half", "if", "import",
    "in", "inf", "init_then_script", "inlined_graph", "insert", "interface", "ipu", "is",
    "lambda", "load", "load_state_dict", "modules", "mtia", "named_buffers",
    "named_children", "named_modules", "named_parameters", "nan", "nn", "None", "nonlocal", "not",
    "or", "OrderedDict", "original_name", "parameters", "pass", "Path", "pop", "raise",
    "range", "re", "register_backward_hook", "register_buffer", "register_forward_hook",
    "register_forward_pre_hook", "register_full_backward_hook", "register_full_backward_pre_hook",
    "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook", "register_module",
    "register_parameter", "register_state_dict_post_hook", "register_state_dict_pre_hook",
    "requires_grad_", "return", "save", "save_to_buffer", "self", "set_extra_state",
    "set_submodule", "share_memory", "state_dict", "state_name", "super", "T_destination",
    "Tensor", "to", "to_empty", "torch", "train", "training", "True", "try", "type",
    "while", "with", "xpu", "yield", "zero_grad",
];

#[cfg(feature = "torch")]
/// Names of weights as attributes of modules within modules, each attribute of its own among those of
/// its module.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// The attribute of each beginning of a name that is a module, and of each whole name, which is not.
    of: BTreeMap<(String, bool), String>,
}

#[cfg(feature = "torch")]
impl Attributes {
    /// Those of these names.
    pub fn new<'p>(names: impl Iterator<Item = &'p str>) -> Attributes {
        let mut modules: BTreeMap<&str, BTreeSet<(bool, &str)>> = BTreeMap::new();
        for (path, is_module) in names.flat_map(beginnings) {
            let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
            modules.entry(module).or_default().insert((is_module, name));
        }
        let mut of = BTreeMap::new();
        for (module, names) in modules {
            // A name that may stay as it is does so, whatever the others become.
            let (kept, other): (Vec<_>, Vec<_>) =
                names.into_iter().partition(|(_, name)| identifier(name) == *name);
            let mut taken = BTreeSet::new();
            for (is_module, name) in kept.into_iter().chain(other) {
                let mut attribute = identifier(name);
                while !taken.insert(attribute.clone()) {
                    attribute.push('_');
                }
                let path = if module.is_empty() { name.to_string() } else { format!("{module}.{name}") };
                of.insert((path, is_module), attribute);
            }
        }
        Attributes { of }
    }

    /// A name as attributes, with dots between.
    pub fn place(&self, name: &str) -> String {
        let attribute = |(path, is_module): (&str, bool)| {
            self.of.get(&(path.to_string(), is_module)).map_or("", String::as_str)
        };
        beginnings(name).map(attribute).collect::<Vec<_>>().join(".")
    }
}

#[cfg(feature = "torch")]
/// Each beginning of a name that ends at a dot, which is a module, and the whole name.
fn beginnings(name: &str) -> impl Iterator<Item = (&str, bool)> {
    name.match_indices('.').map(|(at, _)| (&name[..at], true)).chain([(name, false)])
}
