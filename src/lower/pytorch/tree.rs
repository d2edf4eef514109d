//! From paths to modules that hold modules.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::check::Checked;
use crate::graph::CallSite;
use crate::lower::identifier::identifier;
use crate::lower::{Plan, Step};

/// A module's place in [`Tree::groups`].
pub(super) type GroupId = usize;
/// A value: the step that gives it.
pub(super) type ValueId = usize;

/// A net as nested modules.
#[derive(Debug)]
pub(super) struct Tree {
    /// Every module that holds others; the last one is the net.
    pub groups: Vec<Group>,
    /// What a round's only module is called, where no round holds others of that name.
    pub rounds: Vec<String>,
}

impl Tree {
    /// What a group is: itself, or for a round that holds a single group, that one.
    pub fn in_channels(&self, id: GroupId) -> GroupId {
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

/// A module that holds others.
#[derive(Debug)]
pub(super) struct Group {
    /// The segment of the path that it is; the net's name for the net.
    pub name: String,
    /// The block whose call it is.
    pub block: Option<String>,
    /// What it holds, in the order of evaluation.
    pub children: Vec<Child>,
    /// The values that it reads, in the order in which it does.
    pub inputs: Vec<ValueId>,
    /// The values of its own that others read.
    pub outputs: Vec<ValueId>,
    /// What it is written as.
    pub form: Form,
}

/// What a module that holds others is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A class.
    Class,
    /// A sequence with names.
    Sequence,
    /// A sequence without: the rounds of a `repeat`.
    Rounds,
}

/// A module in a group.
#[derive(Debug)]
pub(super) struct Child {
    /// The attribute that holds it.
    pub attribute: String,
    /// Whether the text names it so, and not netc by its op.
    pub labelled: bool,
    /// What it is.
    pub item: Item,
    /// The values that it reads.
    pub operands: Vec<ValueId>,
    /// The values that it gives.
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

/// The modules of a plan of this net.
pub(super) fn tree(net: &Checked, plan: &Plan) -> Tree {
    let steps = plan.steps();
    let mut readers = vec![Vec::new(); steps.len()];
    for (i, step) in steps.iter().enumerate() {
        step.operands.iter().for_each(|&operand| readers[operand].push(i));
    }
    let frames = steps.iter().map(|step| frames(net, step)).collect();
    let mut builder = Builder { steps, readers, frames, groups: Vec::new() };
    let all: Vec<usize> = (1..steps.len()).collect();
    let mut root = builder.group(&all, &net.graph().name, 0, 0);
    root.form = Form::Class;
    (root.inputs, root.outputs) = (vec![0], vec![steps.len() - 1]);
    builder.groups.push(root);
    let rounds = only_groups(&builder.groups);
    Tree { groups: builder.groups, rounds }
}

/// The names that groups have which are all that their round holds, if no round holds another thing
/// of that name.
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

fn frames<'n>(net: &'n Checked, step: &Step) -> &'n [CallSite] {
    net.node(step.node).origin.as_ref().map_or(&[], |origin| &origin.calls)
}

struct Builder<'p> {
    steps: &'p [Step],
    /// The steps that read each value.
    readers: Vec<Vec<usize>>,
    /// The block calls around each step.
    frames: Vec<&'p [CallSite]>,
    groups: Vec<Group>,
}

impl<'p> Builder<'p> {
    /// The group of these steps, which share the first `depth` segments of their paths and the
    /// outermost `known` block calls.
    fn group(&mut self, steps: &[usize], name: &str, depth: usize, known: usize) -> Group {
        let block = self.call(steps, name, depth, known);
        let known = known + usize::from(block.is_some());
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        for segment in steps.iter().filter_map(|&s| self.segment(s, depth)) {
            *sizes.entry(segment).or_default() += 1;
        }
        let mut children = Vec::new();
        let mut at = 0;
        while at < steps.len() {
            let segment = self.segment(steps[at], depth);
            let run =
                steps[at..].iter().take_while(|&&s| self.segment(s, depth) == segment).count();
            let run = &steps[at..at + run];
            match segment {
                // A group that something else stands between is none: its modules are its parent's.
                Some(segment) if sizes.get(segment) == Some(&run.len()) => {
                    let group = self.group(run, segment, depth + 1, known);
                    at += run.len();
                    children.push(self.held(group));
                }
                Some(_) | None => {
                    children.push(self.op(steps[at], depth));
                    at += 1;
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

    /// The segment of a step's path at `depth`, unless it is the last.
    fn segment(&self, step: usize, depth: usize) -> Option<&'p str> {
        let mut rest = self.steps[step].path.split('.').skip(depth);
        rest.next().filter(|_| rest.next().is_some())
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

    /// The block that the group is the call of: the outermost call that all steps share beyond
    /// those known.
    fn call(&self, steps: &[usize], name: &str, depth: usize, known: usize) -> Option<String> {
        let first = self.frames[*steps.first()?].get(known)?;
        let all = depth > 0 && steps.iter().all(|&s| self.frames[s].get(known) == Some(first));
        let block = first.block.split('(').next().unwrap_or_default();
        // A stage or a round around one call, such as of a guarded element, is not the call itself.
        let only = self.segment(steps[0], depth);
        let only =
            only.filter(|inner| steps.iter().all(|&s| self.segment(s, depth) == Some(inner)));
        let within = only.is_some_and(|inner| is_round(name) || numbered(inner, block));
        (all && (!within || numbered(name, block))).then(|| block.to_string())
    }

    /// The values that steps read from elsewhere, and those that they give elsewhere.
    fn ends(&self, steps: &[usize]) -> (Vec<ValueId>, Vec<ValueId>) {
        let in_channels: HashSet<usize> = steps.iter().copied().collect();
        let mut inputs = Vec::new();
        for &operand in steps.iter().flat_map(|&s| &self.steps[s].operands) {
            if !in_channels.contains(&operand) && !inputs.contains(&operand) {
                inputs.push(operand);
            }
        }
        let last = self.steps.len() - 1;
        let given =
            |s: &usize| *s == last || self.readers[*s].iter().any(|r| !in_channels.contains(r));
        (inputs, steps.iter().copied().filter(given).collect())
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

/// Whether each child reads what the one before it gives, and nothing else is read or given.
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

/// Whether a segment of a path counts the rounds of a `repeat`.
pub(super) fn is_round(segment: &str) -> bool {
    !segment.is_empty() && segment.chars().all(|c| c.is_ascii_digit())
}

/// Gives children attributes of their own; those of a sequence without names are their numbers.
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
