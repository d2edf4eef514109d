use std::collections::{HashMap, HashSet};

use crate::check::Checked;
use crate::graph::op::Alias;
use crate::graph::{NodeId, Op, Shape};

/// The steps to compute, in order. The first is the input, the last is the output.
#[derive(Debug, Clone)]
pub struct Plan {
    steps: Vec<Step>,
}

/// The execution of one op.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// Its path.
    pub path: String,
    /// The op.
    pub op: Op,
    /// Its operands, by position: indices of earlier steps.
    pub operands: Vec<usize>,
    /// The shapes of its operands.
    pub operand_shapes: Vec<Shape>,
    /// The shape of its value.
    pub shape: Shape,
    /// The steps whose values are not read after this step.
    pub last_uses: Vec<usize>,
}

impl Step {
    /// Whether its value is a view of its operand.
    pub fn is_view(&self) -> bool {
        match self.op.traits().alias {
            Alias::Always => true,
            Alias::Flat => match self.operand_shapes.first().and_then(Shape::image) {
                Some([_, height, width]) => (height, width) == (1, 1),
                None => true,
            },
            Alias::Never | Alias::Gradient | Alias::Possible => false,
        }
    }
}

impl Plan {
    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Disables dropout, because different generators, such as those of two devices, draw different
    /// numbers.
    pub fn drop_nothing(&mut self) {
        for step in &mut self.steps {
            if let Op::Dropout(dropout) = &mut step.op {
                dropout.p = 0.0;
            }
        }
    }

    /// The shape of the input for one example.
    pub fn input_shape(&self) -> &Shape {
        &self.steps[0].shape
    }
}

/// Plans a checked graph: its input, and everything that the output depends on.
pub fn plan(net: &Checked) -> Plan {
    let needed = needed(net);
    let order = std::iter::once(net.input())
        .chain(net.order().iter().copied().filter(|id| *id != net.input() && needed.contains(id)));
    let mut at = HashMap::new();
    let mut steps: Vec<Step> = Vec::new();
    for id in order {
        let node = net.node(id);
        steps.push(Step {
            node: id,
            path: node.path.clone(),
            op: node.op.clone(),
            operands: net.graph().operands(id).iter().map(|operand| at[operand]).collect(),
            operand_shapes: net.operand_shapes(id).into_iter().cloned().collect(),
            shape: net.shape(id).clone(),
            last_uses: Vec::new(),
        });
        at.insert(id, steps.len() - 1);
    }
    mark_last_uses(&mut steps);
    Plan { steps }
}

fn needed(net: &Checked) -> HashSet<NodeId> {
    let mut needed = HashSet::new();
    let mut waiting = vec![net.output()];
    while let Some(id) = waiting.pop() {
        if needed.insert(id) {
            waiting.extend(net.graph().operands(id));
        }
    }
    needed
}

fn mark_last_uses(steps: &mut [Step]) {
    let mut read_later = HashSet::new();
    for step in steps.iter_mut().rev() {
        for &operand in &step.operands {
            if read_later.insert(operand) {
                step.last_uses.push(operand);
            }
        }
    }
}
