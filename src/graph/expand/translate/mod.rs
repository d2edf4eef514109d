//! Calls in the words of PyTorch, Keras and ONNX as calls of the ops that compute the same.

mod frameworks;
mod values;

use crate::diag::elsewhere::{self, Elsewhere};
use crate::graph::op::{ArgKind, Default, Signature};
use crate::syntax::ast::{Arg, Call, Expr, ExprKind};
use crate::syntax::print_expr;
use frameworks::Framework::{self, Keras, Pytorch};
use frameworks::{defaults, lacks_a_size, order};
use values::{OTHERS, both_sides, fits, is_one, name_of, number, padding, truth};
pub(super) use values::{
    SAME_OF_POOL, SIDES_DIFFER, is_int, onnx_sides, step, written, written_value,
};

/// A call of an op.
pub(super) struct Translated {
    pub text: String,
    /// Whether it is surely what the other call computes.
    pub sure: bool,
}

/// A call of another framework's op as one of the op that is the same here, or why there is none.
/// `value` says of a name whether it is a value, and the current one.
pub(super) fn translated(
    call: &Call,
    signature: &'static Signature,
    value: &dyn Fn(&str) -> Option<bool>,
) -> Result<Translated, String> {
    if signature.operands.1 > 1 {
        return joined(call, signature, value).map(|text| Translated { text, sure: true });
    }
    let framework = Framework::of(call, signature);
    let mut unnamed: Vec<&Expr> =
        call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| &arg.value).collect();
    match unnamed.first().and_then(|first| value(name_of(first)?)) {
        Some(true) => {
            unnamed.remove(0);
        }
        Some(false) => {
            let (source, op) = (print_expr(unnamed[0]), signature.name);
            return Err(format!("it follows the value that it reads: `{source} -> {op}`"));
        }
        None => {}
    }
    let mut order = order(framework, signature);
    let partial = framework == Pytorch && lacks_a_size(call, signature, unnamed.len());
    if partial {
        order.remove(0);
    }
    if unnamed.len() > order.len() {
        return Err(OTHERS.to_owned());
    }
    let named = call.args.iter().filter_map(|arg| Some((arg.name.as_ref()?.node.as_str(), arg)));
    let named = named.map(|(name, arg)| (name, &arg.value, true));
    let all = order.into_iter().zip(&unnamed).map(|(name, value)| (name, *value, false));
    let mut given = Given { signature, framework, args: Vec::new() };
    for (name, value, named) in all.chain(named) {
        given.add(name, value, named)?;
    }
    // Two numbers may be the channels of both sides.
    let sure = !(partial && signature.name == "conv" && unnamed.len() == 2);
    Ok(Translated { text: given.text()?, sure })
}

/// The arguments that a call of an op gets.
struct Given {
    signature: &'static Signature,
    framework: Framework,
    /// The name, the text, which is empty where the default says it, and whether it has a name.
    args: Vec<(&'static str, String, bool)>,
}

impl Given {
    /// Adds what an argument of the other call is here.
    fn add(&mut self, name: &str, value: &Expr, named: bool) -> Result<(), String> {
        if name_of(value) == Some("None") {
            return Ok(());
        }
        let Some((name, text)) = self.argument(name, value)? else { return Ok(()) };
        if self.get(name).is_some() {
            return Err(format!("`{name}` is given twice"));
        }
        // Numbers that are plainer with their names.
        let named = named || ["max", "pad"].contains(&name);
        self.args.push((name, text, named));
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(own, ..)| *own == name).map(|(_, text, _)| text.as_str())
    }

    /// An argument by its name here, or `None` if it can be left out.
    fn argument(&self, name: &str, value: &Expr) -> Result<Option<(&'static str, String)>, String> {
        let op = self.signature.name;
        let plain = name.to_ascii_lowercase().replace('_', "");
        let left_out = |fits: bool, why: &str| if fits { Ok(None) } else { Err(why.to_owned()) };
        match (op, plain.as_str()) {
            ("relu", "inplace") if number(value).is_some() => self.take("max", value),
            ("relu", "maxvalue") => self.take("max", value),
            (_, "inplace") => left_out(truth(value).is_some(), OTHERS),
            ("bn", "affine") if truth(value) == Some(true) => Ok(None),
            ("bn", "axis") => left_out(true, ""),
            ("bn", "momentum") if self.framework == Keras => {
                // Keras and ONNX give the weight of what was before.
                Ok(Some(("momentum", format!("1 - {}", written_value(value)))))
            }
            ("flatten", "startdim" | "axis") => left_out(is_int(value, &[1]), FLATTENED),
            ("flatten", "enddim") => left_out(is_int(value, &[-1]), FLATTENED),
            ("softmax", "dim" | "axis") => {
                let channels = if self.framework == Keras { -1 } else { 1 };
                left_out(is_int(value, &[channels]), ALONG_CHANNELS)
            }
            ("globalavgpool" | "globalmaxpool", "outputsize") => {
                left_out(is_one(value), "it leaves one pixel, never more")
            }
            ("upsample", "size") if self.framework == Keras => self.take("factor", value),
            ("upsample", "size") => {
                Err("`size` is that of the result, and a factor is given: `upsample(2)`".to_owned())
            }
            ("upsample", "interpolation") => self.take("mode", value),
            ("pad", "padding") => self.around(value),
            ("conv" | "linear", "activation") => {
                let size = if op == "linear" { 10 } else { 64 };
                Err(format!("an activation is an op of its own: `{op}({size}) -> relu`"))
            }
            _ => self.mapped(name, value),
        }
    }

    /// An argument that is the same for every op.
    fn mapped(&self, name: &str, value: &Expr) -> Result<Option<(&'static str, String)>, String> {
        let own = self.signature.args.iter().find(|arg| arg.name == name).map(|arg| arg.name);
        let meant = own.map(Elsewhere::Named).or_else(|| elsewhere::argument(name));
        match meant {
            Some(Elsewhere::Named("pad")) => {
                let pad = padding(value, self.signature.name)?;
                self.takes("pad").map(|_| Some(("pad", pad)))
            }
            Some(Elsewhere::Named(name)) => self.take(name, value),
            Some(Elsewhere::LeftOut(_)) => Ok(None),
            Some(Elsewhere::Otherwise(how)) => Err(how.to_owned()),
            None => Err(OTHERS.to_owned()),
        }
    }

    /// What the op accepts for an argument, if it takes the argument.
    fn takes(&self, name: &str) -> Result<ArgKind, String> {
        let argument = self.signature.args.iter().find(|arg| arg.name == name);
        argument.map(|argument| argument.kind).ok_or_else(|| OTHERS.to_owned())
    }

    fn take(
        &self,
        name: &'static str,
        value: &Expr,
    ) -> Result<Option<(&'static str, String)>, String> {
        let kind = self.takes(name)?;
        match fits(kind, value) {
            true => Ok(Some((name, written_value(value)))),
            false => Err(format!("`{name}` is {} here", kind.describe())),
        }
    }

    /// The rows and columns around an image: `1`, `(1, 2)`, PyTorch's `(left, right, top, bottom)`,
    /// or Keras's `((top, bottom), (left, right))`.
    fn around(&self, value: &Expr) -> Result<Option<(&'static str, String)>, String> {
        let (ExprKind::List(sides) | ExprKind::Tuple(sides)) = &value.node else {
            return self.take("p", value);
        };
        let text = match &sides[..] {
            [left, right, top, bottom] => both_sides([top, left, bottom, right]),
            [rows, columns] => match (&rows.node, &columns.node) {
                (
                    ExprKind::List(rows) | ExprKind::Tuple(rows),
                    ExprKind::List(columns) | ExprKind::Tuple(columns),
                ) => match (&rows[..], &columns[..]) {
                    ([top, bottom], [left, right]) => both_sides([top, left, bottom, right]),
                    _ => None,
                },
                _ => Some(format!("[{}, {}]", print_expr(rows), print_expr(columns))),
            },
            _ => None,
        };
        text.map(|text| Some(("p", text))).ok_or_else(|| SIDES_DIFFER.to_owned())
    }

    /// The call, with what differs in the defaults of both sides.
    fn text(mut self) -> Result<String, String> {
        let op = self.signature.name;
        let kernel = self.get("k").map(str::to_owned);
        for &(name, value) in defaults(self.framework, op) {
            let same = match op {
                // Without the kernel, which others need, it is a call of netc's own.
                "conv" => kernel.is_none() || (name == "pad" && kernel.as_deref() == Some("1")),
                _ => false,
            };
            if !same && self.get(name).is_none() {
                self.args.push((name, value.to_owned(), name != "k"));
            }
        }
        let even = kernel.and_then(|k| k.parse::<u64>().ok()).is_some_and(|k| k % 2 == 0);
        if op == "conv" && even && self.get("pad").is_none_or(str::is_empty) {
            return Err("an even `k` needs a number for `pad`: `conv(64, k = 2, pad = 0)`".into());
        }
        let mut required =
            self.signature.args.iter().filter(|arg| matches!(arg.default, Default::Required));
        if let Some(arg) = required.find(|arg| self.get(arg.name).is_none()) {
            return Err(format!("it needs `{}`: `{op}(2)`", arg.name));
        }
        self.args.retain(|(_, text, _)| !text.is_empty());
        let mut bare = true;
        let args = self.args.iter().enumerate().map(|(at, (name, text, named))| {
            let here = self.signature.args.get(at).filter(|arg| !arg.by_name);
            bare &= !named && here.is_some_and(|arg| arg.name == *name);
            if bare { text.clone() } else { format!("{name} = {text}") }
        });
        Ok(step(op, args.collect()))
    }
}

const FLATTENED: &str = "it makes a vector of all but the batch";
const ALONG_CHANNELS: &str = "it is always along the channels, `dim = 1`";

/// A join of another framework: of `[a, b]`, or of the current value and `b`.
fn joined(
    call: &Call,
    signature: &Signature,
    value: &dyn Fn(&str) -> Option<bool>,
) -> Result<String, String> {
    let op = signature.name;
    let (named, unnamed): (Vec<&Arg>, Vec<&Arg>) =
        call.args.iter().partition(|arg| arg.name.is_some());
    for arg in named {
        along_channels(arg.name.as_ref().map_or("", |name| &name.node), &arg.value)?;
    }
    let mut values: Vec<&Expr> = match &unnamed[..] {
        [
            Arg {
                value: Expr { node: ExprKind::List(items) | ExprKind::Tuple(items), .. }, ..
            },
        ] => items.iter().collect(),
        _ => unnamed.iter().map(|arg| &arg.value).collect(),
    };
    let others = || format!("it names the other values: `{op}(short)`");
    let is_current = |expr: &Expr| name_of(expr).and_then(value) == Some(true);
    let all = values.len() > 1 || values.first().is_some_and(|expr| is_current(expr));
    if all {
        // The order matters to some joins.
        let at = values.iter().position(|expr| is_current(expr)).ok_or_else(others)?;
        if at > 0 && !["add", "mul"].contains(&op) {
            return Err(others());
        }
        values.remove(at);
    }
    let numbers = values.iter().any(|expr| name_of(expr).is_none());
    let fits = !values.is_empty() && values.len() < signature.operands.1;
    if !fits || (numbers && (signature.args.is_empty() || values.len() > 1)) {
        return Err(others());
    }
    Ok(step(op, values.into_iter().map(written_value).collect()))
}

/// Refuses an argument of a join unless it says what is so anyway.
fn along_channels(name: &str, value: &Expr) -> Result<(), String> {
    match elsewhere::argument(name) {
        Some(Elsewhere::LeftOut(_)) if !is_axis(name) || is_int(value, &[1]) => Ok(()),
        Some(Elsewhere::LeftOut(_)) => Err(ALONG_CHANNELS.to_owned()),
        _ => Err(OTHERS.to_owned()),
    }
}

/// Whether an argument says along which axis an op computes.
pub(super) fn is_axis(name: &str) -> bool {
    name == "dim" || name == "axis"
}
