//! From paths to nested modules.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::check::Checked;
use crate::graph::CallSite;
use crate::graph::hierarchy::{self, hierarchy};
use crate::lower::identifier::identifier;
use crate::lower::{Plan, Step};

/// A module's place in [`Tree::groups`].
pub(super) type GroupId = usize;
/// A value: the step that computes it.
pub(super) type ValueId = usize;

/// A net as nested modules.
#[derive(Debug)]
pub(super) struct Tree {
    /// All modules with children; the last one is the net.
    pub groups: Vec<Group>,
    /// Names of modules that are the only child of an iteration, in every iteration that has one of
    /// that name.
    pub rounds: Vec<String>,
}

impl Tree {
    /// The group itself, or its only child for an iteration that contains a single group.
    pub fn inlined(&self, id: GroupId) -> GroupId {
        match self.groups[id].only_group() {
            Some((name, inner))
                if self.groups[id].is_round() && self.rounds.iter().any(|r| r == name) =>
            {
                inner
            }
            _ => id,
        }
    }
}

impl Group {
    fn is_round(&self) -> bool {
        is_round(&self.name)
    }

    /// The only child, if it is a group, and its name.
    fn only_group(&self) -> Option<(&str, GroupId)> {
        match &self.children[..] {
            [Child { attribute, item: Item::Group(inner), .. }] => Some((attribute, *inner)),
            _ => None,
        }
    }
}

/// A module with children.
#[derive(Debug)]
pub(super) struct Group {
    /// Its path segment; the net's name for the net.
    pub name: String,
    /// The block that it is a call of.
    pub block: Option<String>,
    /// Its children, in the order of evaluation.
    pub children: Vec<Child>,
    /// The values that it reads, in order.
    pub inputs: Vec<ValueId>,
    /// Its values that others read.
    pub outputs: Vec<ValueId>,
    /// Its Python form.
    pub form: Form,
}

/// The Python form of a module with children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A class.
    Class,
    /// An `nn.Sequential` with names.
    Sequence,
    /// An `nn.Sequential` without names: the iterations of a `repeat`.
    Rounds,
}

/// A module in a group.
#[derive(Debug)]
pub(super) struct Child {
    /// The attribute that holds it.
    pub attribute: String,
    /// Whether the name is a label in the text rather than derived from the op.
    pub labelled: bool,
    /// What it is.
    pub item: Item,
    /// The values that it reads.
    pub operands: Vec<ValueId>,
    /// The values that it returns.
    pub results: Vec<ValueId>,
}

/// An op or a group.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    /// A step of the plan.
    Op(usize),
    /// A group.
    Group(GroupId),
}

/// The modules of a plan for this net.
pub(super) fn tree(net: &Checked, plan: &Plan) -> Tree {
    let steps = plan.steps();
    let frames = steps.iter().map(|step| frames(net, step)).collect();
    let mut builder = Builder { steps, readers: plan.readers(), frames, groups: Vec::new() };
    let paths: Vec<&str> = steps.iter().map(|step| step.path.as_str()).collect();
    // The input, which comes first, is no module.
    let items = &hierarchy(&paths)[1..];
    let mut root = builder.group(items, 1..steps.len(), &net.graph().name, 0, 0);
    root.form = Form::Class;
    (root.inputs, root.outputs) = (vec![0], vec![steps.len() - 1]);
    builder.groups.push(root);
    let rounds = only_groups(&builder.groups);
    Tree { groups: builder.groups, rounds }
}

/// The names of groups that are the only child of their iteration, if no iteration has another
/// child of that name.
fn only_groups(groups: &[Group]) -> Vec<String> {
    let mut found: BTreeMap<&str, bool> = BTreeMap::new();
    for round in groups.iter().filter(|group| group.is_round()) {
        let only = round.only_group().is_some();
        for child in &round.children {
            *found.entry(&child.attribute).or_insert(true) &= only;
        }
    }
    found.into_iter().filter(|(_, only)| *only).map(|(name, _)| name.to_string()).collect()
}

fn frames<'n>(net: &'n Checked, step: &Step) -> &'n [Arc<CallSite>] {
    net.node(step.node).origin.as_ref().map_or(&[], |origin| &origin.calls)
}

struct Builder<'p> {
    steps: &'p [Step],
    /// The steps that read each value.
    readers: Vec<Vec<usize>>,
    /// The block calls around each step.
    frames: Vec<&'p [Arc<CallSite>]>,
    groups: Vec<Group>,
}

impl<'p> Builder<'p> {
    /// The group with these items, whose paths share the first `depth` segments and the outermost
    /// `known` block calls.
    fn group(
        &mut self,
        items: &[hierarchy::Item<'p>],
        steps: Range<usize>,
        name: &str,
        depth: usize,
        known: usize,
    ) -> Group {
        let block = self.call(steps.clone(), name, depth, known);
        let known = known + usize::from(block.is_some());
        let mut children = Vec::new();
        for item in items {
            match item {
                hierarchy::Item::Node(step) => children.push(self.op(*step, depth)),
                hierarchy::Item::Group(inner) if inner.whole => {
                    let hierarchy::Group { name, nodes, items, .. } = inner;
                    let group = self.group(items, nodes.clone(), name, depth + 1, known);
                    children.push(self.held(group));
                }
                // Steps that are not contiguous do not form a group; their modules belong to the
                // parent.
                hierarchy::Item::Group(inner) => {
                    children.extend(inner.nodes.clone().map(|step| self.op(step, depth)));
                }
            }
        }
        let (inputs, outputs) = self.ends(steps);
        let mut group =
            Group { name: name.into(), block, children, inputs, outputs, form: Form::Class };
        group.form = form(&group);
        distinct(&mut group);
        group
    }

    fn op(&self, at: usize, depth: usize) -> Child {
        let step = &self.steps[at];
        let rest: Vec<&str> = step.path.split('.').skip(depth).collect();
        let name = rest.join("_");
        Child {
            attribute: identifier(&name),
            labelled: !numbered(&name, step.op.name()),
            item: Item::Op(at),
            operands: step.operands.clone(),
            results: vec![at],
        }
    }

    fn held(&mut self, group: Group) -> Child {
        let round = is_round(&group.name);
        let child = Child {
            attribute: if round { group.name.clone() } else { identifier(&group.name) },
            labelled: !round
                && !group.block.as_ref().is_some_and(|block| numbered(&group.name, block)),
            item: Item::Group(self.groups.len()),
            operands: group.inputs.clone(),
            results: group.outputs.clone(),
        };
        self.groups.push(group);
        child
    }

    /// The block that the group is a call of: the outermost call shared by all steps beyond the
    /// known ones.
    fn call(&self, steps: Range<usize>, name: &str, depth: usize, known: usize) -> Option<String> {
        let frames = &self.frames[steps.clone()];
        let first = frames.first()?.get(known)?;
        let all = depth > 0 && frames.iter().all(|frames| frames.get(known) == Some(first));
        let block = first.block.split('(').next().unwrap_or_default();
        // A stage or iteration that contains a single call, such as a guarded element, is not the
        // call itself.
        let segment = |s: usize| hierarchy::segment(&self.steps[s].path, depth);
        let only = segment(steps.start);
        let only = only.filter(|inner| steps.clone().all(|s| segment(s) == Some(inner)));
        let within = only.is_some_and(|inner| is_round(name) || numbered(inner, block));
        (all && (!within || numbered(name, block))).then(|| block.to_string())
    }

    /// The values that the steps read from outside, and those that are read outside.
    fn ends(&self, steps: Range<usize>) -> (Vec<ValueId>, Vec<ValueId>) {
        let mut inputs = Vec::new();
        for &operand in self.steps[steps.clone()].iter().flat_map(|step| &step.operands) {
            if !steps.contains(&operand) && !inputs.contains(&operand) {
                inputs.push(operand);
            }
        }
        let last = self.steps.len() - 1;
        let given = |s: &usize| *s == last || self.readers[*s].iter().any(|r| !steps.contains(r));
        (inputs, steps.clone().filter(given).collect())
    }
}

fn form(group: &Group) -> Form {
    if !is_chain(group) {
        return Form::Class;
    }
    let rounds = (0..group.children.len()).map(|i| i.to_string());
    match group.block {
        _ if rounds.eq(group.children.iter().map(|child| child.attribute.clone())) => Form::Rounds,
        Some(_) => Form::Class,
        None => Form::Sequence,
    }
}

/// Whether each child reads only the value of the one before it, and no other value is used.
fn is_chain(group: &Group) -> bool {
    let [mut last] = group.inputs[..] else { return false };
    for child in &group.children {
        match (&child.operands[..], &child.results[..]) {
            (&[read], &[given]) if read == last => last = given,
            _ => return false,
        }
    }
    group.outputs == [last]
}

/// Whether a name is that of an op or a block, or the same with a number.
fn numbered(name: &str, of: &str) -> bool {
    let rest = name.strip_prefix(of);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_').is_some_and(is_round))
}

/// Whether a path segment is the iteration number of a `repeat`.
pub(super) fn is_round(segment: &str) -> bool {
    !segment.is_empty() && segment.chars().all(|c| c.is_ascii_digit())
}

/// Makes the attributes of children unique; those of an unnamed `nn.Sequential` are numbers.
fn distinct(group: &mut Group) {
    let mut taken: HashSet<String> = HashSet::new();
    for (i, child) in group.children.iter_mut().enumerate() {
        match group.form {
            Form::Rounds => child.attribute = i.to_string(),
            Form::Class | Form::Sequence => child.attribute = identifier(&child.attribute),
        }
        while !taken.insert(child.attribute.clone()) {
            child.attribute.push('_');
        }
    }
}
