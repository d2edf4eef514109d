//! Python text as `black` sets it: expressions that break at their brackets, and names that may be used.

/// The longest line.
const WIDTH: usize = 88;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// What is never broken: a name, a literal.
    Text(String),
    /// `function(argument, name=argument)`; the function is empty for a list.
    Call(String, Vec<(String, Expr)>),
}

impl Expr {
    /// `[first, second]`.
    pub fn list(items: impl Iterator<Item = String>) -> Expr {
        Expr::Call(String::new(), items.map(|item| (String::new(), Expr::Text(item))).collect())
    }

    /// On one line.
    pub fn flat(&self) -> String {
        match self {
            Expr::Text(text) => text.clone(),
            Expr::Call(function, arguments) => {
                let (open, close) = brackets(function);
                format!("{function}{open}{}{close}", joined(arguments))
            }
        }
    }
}

fn brackets(function: &str) -> (char, char) {
    if function.is_empty() { ('[', ']') } else { ('(', ')') }
}

fn joined(arguments: &[(String, Expr)]) -> String {
    let one = |(name, value): &(String, Expr)| format!("{}{}", keyword(name), value.flat());
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn keyword(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}=") }
}

/// Lines of Python.
#[derive(Debug, Default)]
pub(super) struct Code {
    text: String,
}

impl Code {
    /// A line; an empty one has no indentation.
    pub fn line(&mut self, indent: usize, text: &str) {
        if !text.is_empty() {
            self.text += &" ".repeat(indent);
            self.text += text;
        }
        self.text.push('\n');
    }

    /// An expression between two texts, broken where it does not fit.
    pub fn put(&mut self, indent: usize, before: &str, expr: &Expr, after: &str) {
        let line = format!("{before}{}{after}", expr.flat());
        match expr {
            Expr::Call(function, arguments) if !fits(indent, &line) && !arguments.is_empty() => {
                let (open, close) = brackets(function);
                self.line(indent, &format!("{before}{function}{open}"));
                self.arguments(indent + 4, arguments);
                self.line(indent, &format!("{close}{after}"));
            }
            _ => self.line(indent, &line),
        }
    }

    fn arguments(&mut self, indent: usize, arguments: &[(String, Expr)]) {
        let line = joined(arguments);
        match arguments {
            _ if fits(indent, &line) => self.line(indent, &line),
            [(name, only)] => self.put(indent, &keyword(name), only, ""),
            several => {
                for (name, value) in several {
                    self.put(indent, &keyword(name), value, ",");
                }
            }
        }
    }

    /// The text so far.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Whether a line is short enough.
pub(super) fn fits(indent: usize, line: &str) -> bool {
    indent + line.chars().count() <= WIDTH
}

/// A number as Python writes it.
pub(super) fn number(x: f64) -> String {
    format!("{x:?}")
}

/// One number, or `(height, width)`.
pub(super) fn size([h, w]: [u64; 2]) -> String {
    if h == w { h.to_string() } else { format!("({h}, {w})") }
}

/// `conv_bn` as `ConvBn`.
pub(super) fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let name: String = words.map(word).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("Net{name}") }
}

/// A name as an identifier that can be an attribute of a module, an argument, and a variable.
pub(super) fn identifier(name: &str) -> String {
    let mut text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.insert(0, 'n');
    }
    if TAKEN.contains(&text.as_str()) { text + "_" } else { text }
}

/// Keywords of Python, names that the file uses itself, and attributes of `nn.Module` and `nn.Sequential`.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
    "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or",
    "pass", "raise", "return", "try", "while", "with", "yield",
    "self", "torch", "nn", "re", "load", "Tensor", "OrderedDict", "Path", "super", "range", "state_name",
    "T_destination", "add_module", "append", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile",
    "cpu", "cuda", "double", "dump_patches", "eval", "extend", "extra_repr", "float", "forward", "get_buffer",
    "get_extra_state", "get_parameter", "get_submodule", "half", "insert", "ipu", "load_state_dict", "modules", "mtia",
    "named_buffers", "named_children", "named_modules", "named_parameters", "parameters", "pop",
    "register_backward_hook", "register_buffer", "register_forward_hook", "register_forward_pre_hook",
    "register_full_backward_hook", "register_full_backward_pre_hook", "register_load_state_dict_post_hook",
    "register_load_state_dict_pre_hook", "register_module", "register_parameter", "register_state_dict_post_hook",
    "register_state_dict_pre_hook", "requires_grad_", "set_extra_state", "set_submodule", "share_memory", "state_dict",
    "to", "to_empty", "train", "training", "type", "xpu", "zero_grad",
];
