//! Names of modules and weights as identifiers in Python and TorchScript.

/// A name as an identifier for a module attribute, an argument or a variable: ASCII letters, digits
/// and `_`, starting with a letter, because names such as `_modules` belong to `nn.Module`. A
/// reserved name gets a trailing `_`.
pub fn identifier(name: &str) -> String {
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.insert(0, 'n');
    }
    if TAKEN.contains(&text.as_str()) { text + "_" } else { text }
}

/// Keywords of Python and TorchScript, names used in exported code, and attributes of `nn.Module`,
/// `nn.Sequential` and the modules that `torch.jit.load` returns.
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
