//! A checked net as a page shows it.

use netc::check::Checked;
use netc::diag::Sources;
use netc::tools::draw::{DrawOptions, Fold, PageOptions, TreeOptions, layout, svg, tree};
use netc::tools::show::{annotated, stages};
use serde::Serialize;

use crate::parameter::Parameter;

/// Everything about a net that `netc check`, `show` and `draw` say.
#[derive(Debug, Serialize)]
pub(crate) struct Net {
    name: String,
    params: u64,
    macs: u64,
    output: String,
    parameters: Vec<Parameter>,
    stages: Vec<Row>,
    nodes: Vec<Row>,
    /// For each file, what stands beside its lines.
    margins: Vec<Margins>,
}

/// A stage or a node.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// The call; empty for a stage.
    op: String,
    shape: String,
    params: u64,
    macs: u64,
}

#[derive(Debug, Serialize)]
struct Margins {
    file: String,
    /// The shape and the parameters of each line.
    lines: Vec<(String, u64)>,
}

impl Net {
    pub(crate) fn new(net: &Checked, sources: &Sources, parameters: Vec<Parameter>) -> Net {
        let stage = |s: netc::tools::show::StageCost| Row {
            name: s.name,
            op: String::new(),
            shape: s.shape.to_string(),
            params: s.params,
            macs: s.macs,
        };
        let margins = annotated(net, sources).into_iter().map(|file| Margins {
            file: file.name,
            lines: file.lines.into_iter().map(|line| (line.shape, line.params)).collect(),
        });
        Net {
            name: net.graph().name.clone(),
            params: net.params(),
            macs: net.macs(),
            output: net.shape(net.output()).to_string(),
            parameters,
            stages: stages(net).into_iter().map(stage).collect(),
            nodes: nodes(net),
            margins: margins.collect(),
        }
    }
}

fn nodes(net: &Checked) -> Vec<Row> {
    let row = |&id| {
        let node = net.node(id);
        let operands = net.graph().operands(id);
        let more: Vec<&str> = operands.iter().skip(1).map(|&o| net.node(o).path.as_str()).collect();
        Row {
            name: node.path.clone(),
            op: node.op.text(&more),
            shape: net.shape(id).to_string(),
            params: net.node_params(id),
            macs: net.node_macs(id),
        }
    };
    net.order().iter().map(row).collect()
}

/// How a page draws: in so many columns, or as fits it best.
pub(crate) fn look(collapse: bool, columns: Option<usize>) -> DrawOptions {
    DrawOptions {
        fold: if collapse { Fold::Calls } else { Fold::Rounds },
        page: PageOptions { columns, ..PageOptions::default() },
        ..DrawOptions::default()
    }
}

/// The picture of a net as SVG.
pub(crate) fn picture(net: &Checked, look: DrawOptions) -> String {
    let tree = tree(net, &TreeOptions { fold: look.fold, ..TreeOptions::default() });
    svg(&tree, &layout(&tree, &look.page), &look.page)
}
