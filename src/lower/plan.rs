use crate::check::Checked;
use crate::graph::flat::{self, Flat};
use crate::graph::op::Alias;
use crate::graph::pattern::Pattern;
use crate::graph::{NodeId, Op, Shape};

/// The steps to compute, in order. The first is the input, the last is the output.
#[derive(Debug, Clone)]
pub struct Plan {
    flat: Flat<Operation>,
}

/// One op in its turn.
pub type Step = flat::Step<Operation>;

/// An op and what it computes on.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The node.
    pub node: NodeId,
    /// Its path.
    pub path: String,
    /// The op.
    pub op: Op,
    /// The shapes of the values that it reads.
    pub operand_shapes: Vec<Shape>,
    /// The shape of its value.
    pub shape: Shape,
    /// Whether its weights are not trained, and a batch normalisation computes as in evaluation.
    pub frozen: bool,
    /// The steps whose values are not read after this step.
    pub last_uses: Vec<usize>,
}

impl Operation {
    /// Whether training changes a weight of it.
    pub fn is_trained(&self) -> bool {
        let shapes: Vec<_> = self.operand_shapes.iter().collect();
        !self.frozen && self.op.tensors(&shapes).iter().any(|tensor| tensor.trained)
    }

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
        &self.flat.steps
    }

    /// The readers of each step's value, with multiplicity.
    pub fn readers(&self) -> Vec<Vec<usize>> {
        self.flat.readers()
    }

    /// Disables dropout, because different generators, such as those of two devices, draw different
    /// numbers.
    pub fn drop_nothing(&mut self) {
        for step in &mut self.flat.steps {
            if let Op::Dropout(dropout) = &mut step.op {
                dropout.p = 0.0;
            }
        }
    }

    /// Freezes the ops with a path that a pattern holds.
    pub fn freeze(&mut self, patterns: &[String]) {
        let patterns: Vec<Pattern<'_>> = patterns.iter().map(|text| Pattern::new(text)).collect();
        for step in &mut self.flat.steps {
            step.frozen |= patterns.iter().any(|pattern| pattern.holds(&step.path));
        }
    }
}

/// Plans a checked graph: its input, and everything that the output depends on.
pub fn plan(net: &Checked) -> Plan {
    let mut flat = net.flat(|id| {
        let node = net.node(id);
        Operation {
            node: id,
            path: node.path.clone(),
            op: node.op.clone(),
            operand_shapes: net.operand_shapes(id).into_iter().cloned().collect(),
            shape: net.shape(id).clone(),
            frozen: false,
            last_uses: Vec::new(),
        }
    });
    flat.keep(&flat.needed());
    mark_last_uses(&mut flat);
    Plan { flat }
}

fn mark_last_uses(flat: &mut Flat<Operation>) {
    let mut read_later = vec![false; flat.steps.len()];
    for step in flat.steps.iter_mut().rev() {
        let flat::Step { operands, content } = step;
        let last = operands.iter().filter(|&&o| !std::mem::replace(&mut read_later[o], true));
        content.last_uses.extend(last);
    }
}
