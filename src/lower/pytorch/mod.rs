//! A net as a Python module for PyTorch: a class for each block, attributes named as in the net,
//! and a loader for its weights. The code reads as if written by hand and is formatted like
//! `black`.

mod class;
mod forward;
mod names;
mod op;
mod parameters;
mod python;
mod tree;

use super::tensor_file::{EMA, STATE};
use super::{Plan, plan};
use crate::check::Checked;
use crate::graph::{Init, Op};
use class::{Class, classes};
use forward::Forward;
use names::Names;
use op::{OFFSET, SCALE};
use python::{Code, Expr, fits, number, prose};
use tree::{Form, Tree, tree};

pub use op::torchscript;

/// The net as Python.
pub fn pytorch(net: &Checked) -> String {
    let plan = plan(net);
    let tree = tree(net, &plan);
    let classes = classes(&plan, &tree);
    let names = Names::new(&plan, &tree);
    let mut code = Code::default();
    docstring(&mut code, net);
    imports(&mut code, &plan, &tree, &names);
    if plan.steps().iter().any(|step| matches!(step.op, Op::Scale(_))) {
        by_a_number(&mut code, SCALE, "The product with a number.", "factor", "*");
    }
    if plan.steps().iter().any(|step| matches!(step.op, Op::Offset(_))) {
        by_a_number(&mut code, OFFSET, "The sum with a number.", "number", "+");
    }
    let net_class = classes.len() - 1;
    for (i, class) in classes.iter().enumerate() {
        write_class(&mut code, &plan, &tree, class, (i == net_class).then_some((net, &names)));
    }
    loader(&mut code, &classes[net_class].name, &names);
    code.into_text()
}

fn docstring(code: &mut Code, net: &Checked) {
    let graph = net.graph();
    code.line(0, &format!("\"\"\"The net {} in PyTorch.", prose(&graph.name)));
    code.line(0, "");
    let (input, output) = (net.node(net.input()).path.as_str(), net.output());
    code.line(0, &format!("Input: {} {}", prose(input), net.shape(net.input())));
    let name = graph.output().map_or("output", |(name, _)| name);
    code.line(0, &format!("Output: {} {}", prose(name), net.shape(output)));
    code.line(0, &format!("Parameters: {}", thousands(net.params())));
    code.line(0, &format!("MACs for one example: {}", thousands(net.macs())));
    if !graph.params.is_empty() {
        let values = graph.params.iter().map(|(name, value)| prose(&format!("{name} = {value}")));
        wrapped(code, "With", &values.collect::<Vec<_>>());
    }
    code.line(0, "");
    code.line(0, &format!("Written by netc {}.", env!("CARGO_PKG_VERSION")));
    code.line(0, &format!("Graph: {}", graph.hash()));
    code.line(0, "\"\"\"");
    code.line(0, "");
}

/// Words after a first one, wrapped.
fn wrapped(code: &mut Code, first: &str, words: &[String]) {
    let mut line = first.to_string();
    for (i, word) in words.iter().enumerate() {
        let comma = if i + 1 < words.len() { "," } else { "" };
        let longer = format!("{line} {word}{comma}");
        match fits(0, &longer) {
            true => line = longer,
            false => {
                code.line(0, &line);
                line = format!("    {word}{comma}");
            }
        }
    }
    code.line(0, &line);
}

fn imports(code: &mut Code, plan: &Plan, tree: &Tree, names: &Names) {
    let sequences = tree.groups.iter().any(|group| group.form == Form::Sequence);
    let concat = plan.steps().iter().any(|step| matches!(step.op, Op::Concat(_)));
    let lines = [
        (true, "from __future__ import annotations"),
        (true, ""),
        (names.has_rounds(), "import re"),
        (sequences, "from collections import OrderedDict"),
        (true, "from pathlib import Path"),
        (true, ""),
        (concat, "import torch"),
        (true, "from torch import Tensor, nn"),
    ];
    lines.iter().filter(|(used, _)| *used).for_each(|(_, line)| code.line(0, line));
}

fn by_a_number(code: &mut Code, class: &str, what: &str, number: &str, operator: &str) {
    for line in [
        "",
        "",
        &format!("class {class}(nn.Module):"),
        &format!("    \"\"\"{what}\"\"\""),
        "",
        &format!("    def __init__(self, {number}: float) -> None:"),
        "        super().__init__()",
        &format!("        self.{number} = {number}"),
        "",
        "    def forward(self, x: Tensor) -> Tensor:",
        &format!("        return x {operator} self.{number}"),
    ] {
        code.line(0, line);
    }
}

fn write_class(
    code: &mut Code,
    plan: &Plan,
    tree: &Tree,
    class: &Class,
    net: Option<(&Checked, &Names)>,
) {
    code.line(0, "");
    code.line(0, "");
    code.line(0, &format!("class {}(nn.Module):", class.name));
    let group = &tree.groups[class.example];
    let what = match (&class.block, net) {
        (_, Some(_)) => format!("The net {}.", group.name),
        (Some(block), None) => format!("The block {block}."),
        (None, None) if class.several => format!("Stages such as {}.", group.name),
        (None, None) => format!("The stage {}.", group.name),
    };
    code.line(4, &format!("\"\"\"{}\"\"\"", prose(&what)));
    code.line(0, "");
    let parameters = class.parameters.iter().map(|p| {
        let default = p.default.as_ref().map_or_else(String::new, |value| format!(" = {value}"));
        (String::new(), Expr::Text(format!("{}: {}{default}", p.name, p.hint())))
    });
    let this = (String::new(), Expr::Text("self".into()));
    let head = Expr::Call("__init__".into(), std::iter::once(this).chain(parameters).collect());
    code.put(4, "def ", &head, " -> None:");
    code.line(8, "super().__init__()");
    for (name, made) in &class.attributes {
        code.put(8, &format!("self.{name} = "), made, "");
    }
    if let Some((net, names)) = net {
        first_weights(code, plan, net, names);
        filters(code, plan, names);
    }
    code.line(0, "");
    Forward::new(plan, tree, group).write(code);
}

/// Initialisation that differs from PyTorch's default: the weights and biases of batch
/// normalisation.
fn first_weights(code: &mut Code, plan: &Plan, net: &Checked, names: &Names) {
    let norms = || plan.steps().iter().enumerate();
    let starts: Vec<(usize, [Init; 2])> = norms()
        .filter_map(|(i, step)| match &step.op {
            Op::BatchNorm(op) => Some((i, [op.gamma, op.beta])),
            _ => None,
        })
        .collect();
    let tensors = [("weight", Init::Constant(1.0)), ("bias", Init::Constant(0.0))];
    let open = |start: &[Init; 2]| (0..2).any(|t| start[t] != tensors[t].1);
    let Some((_, first)) = starts.iter().find(|(_, start)| open(start)) else { return };
    let lines = |module: &str, start: &[Init; 2]| -> Vec<String> {
        let changed = (0..2).filter(|&t| start[t] != tensors[t].1);
        changed.map(|t| draw(&format!("{module}.{}", tensors[t].0), start[t])).collect()
    };
    if starts.iter().all(|(_, start)| start == first) {
        let image =
            |(i, _): &&(usize, [Init; 2])| net.shape(plan.steps()[*i].node).image().is_some();
        let kind = match (starts.iter().any(|s| image(&s)), starts.iter().all(|s| image(&s))) {
            (_, true) => "nn.BatchNorm2d",
            (false, _) => "nn.BatchNorm1d",
            (true, false) => "(nn.BatchNorm1d, nn.BatchNorm2d)",
        };
        code.line(8, "for module in self.modules():");
        code.line(12, &format!("if isinstance(module, {kind}):"));
        lines("module", first).iter().for_each(|line| code.line(16, line));
        return;
    }
    for (i, start) in &starts {
        let module = names.expression(*i);
        lines(&module, start).iter().for_each(|line| code.line(8, line));
    }
}

/// Filters with an initialisation other than PyTorch's default, and those that are not trained.
fn filters(code: &mut Code, plan: &Plan, names: &Names) {
    for (i, step) in plan.steps().iter().enumerate() {
        let Op::Conv(conv) = &step.op else { continue };
        let weight = format!("{}.weight", names.expression(i));
        if let Some(
            init @ (Init::Dirac | Init::Constant(_) | Init::Uniform(..) | Init::Normal(..)),
        ) = conv.init
        {
            code.line(8, &draw(&weight, init));
        }
        if !conv.train_weight {
            code.line(8, &format!("{weight}.requires_grad_(False)"));
        }
    }
}

fn draw(tensor: &str, init: Init) -> String {
    match init {
        Init::Constant(value) => format!("nn.init.constant_({tensor}, {})", number(value)),
        Init::Uniform(low, high) => {
            format!("nn.init.uniform_({tensor}, {}, {})", number(low), number(high))
        }
        Init::Normal(mean, std) => {
            format!("nn.init.normal_({tensor}, {}, {})", number(mean), number(std))
        }
        Init::Dirac => format!("nn.init.dirac_({tensor}[: {tensor}.size(1)])"),
        Init::Whiten => format!("# {tensor} is made of the training images before training"),
    }
}

fn loader(code: &mut Code, class: &str, names: &Names) {
    names.write(code);
    let name = "name.removeprefix(prefix)";
    let name = if names.changes() { format!("state_name({name})") } else { name.to_string() };
    let state: Vec<String> = STATE.iter().map(|prefix| format!("{prefix:?}")).collect();
    for line in [
        "",
        "",
        &format!("def load(path: str | Path) -> {class}:"),
        "    \"\"\"The net with the weights of a safetensors file of netc, for evaluation.\"\"\"",
        "    from safetensors.torch import load_file",
        "",
        &format!("    net = {class}()"),
        "    tensors = load_file(path)",
        "    # Beside the weights a checkpoint has the state of its training. A running mean of",
        "    # the weights, where there is one, is what is tested.",
        &format!("    state = ({})", state.join(", ")),
        &format!("    averaged = any(name.startswith({EMA:?}) for name in tensors)"),
        &format!("    prefix = {EMA:?} if averaged else \"\""),
        "    weights = {",
        &format!("        {name}: tensor"),
        "        for name, tensor in tensors.items()",
        "        if name.startswith(prefix) and not name.removeprefix(prefix).startswith(state)",
        "    }",
        "    missing, unexpected = net.load_state_dict(weights, strict=False)",
        "    missing = [name for name in missing if not name.endswith(\"num_batches_tracked\")]",
        "    if missing or unexpected:",
        "        raise ValueError(f\"{path}: lacks {missing}, has {unexpected} besides\")",
        "    return net.eval()",
    ] {
        code.line(0, line);
    }
}

/// `6573120` as `6,573,120`.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|g| String::from_utf8_lossy(g).into_owned()).collect::<Vec<_>>().join(",")
}
