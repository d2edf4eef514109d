//! Classes: groups with the same structure, and their differences as parameters.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::op::{OFFSET, SCALE, Setting, module};
use super::parameters::{Parameter, Template, argument, bind, name_all, settings, unify};
use super::python::{Expr, camel};
use super::tree::{Child, Form, Group, GroupId, Item, Tree, ValueId};
use crate::lower::Plan;

/// A class of modules.
#[derive(Debug)]
pub(super) struct Class {
    /// Its name.
    pub name: String,
    /// The block that it comes from, if any.
    pub block: Option<String>,
    /// One of its instances.
    pub example: GroupId,
    /// Whether its instances have different names.
    pub several: bool,
    /// The differences between instances, in the order of `__init__`.
    pub parameters: Vec<Parameter>,
    /// The attributes and the expressions that construct them.
    pub attributes: Vec<(String, Expr)>,
}

/// The classes of a tree, in dependency order; the last one is the net.
pub(super) fn classes(plan: &Plan, tree: &Tree) -> Vec<Class> {
    let mut maker =
        Maker { plan, tree, calls: HashMap::new(), names: reserved(), first: HashMap::new() };
    // The net's name is reserved first, although its class comes last.
    let root = tree.groups.len() - 1;
    let net = maker.free_name(&camel(&tree.groups[root].name));
    let mut found: BTreeMap<(usize, usize), Vec<GroupId>> = BTreeMap::new();
    let structures = maker.structures();
    let mut first: HashMap<usize, GroupId> = HashMap::new();
    for (id, _) in tree.groups.iter().enumerate().filter(|(_, group)| group.form == Form::Class) {
        let (structure, height) = structures[id];
        let at = *first.entry(structure).or_insert(id);
        found.entry((height, at)).or_default().push(id);
    }
    let last = found.len() - 1;
    let all = found.into_values().enumerate();
    all.map(|(i, members)| maker.class(&members, (i == last).then(|| net.clone()))).collect()
}

/// Names that the file uses, and keywords.
fn reserved() -> HashSet<String> {
    let own = ["Tensor", "OrderedDict", "Path", OFFSET, SCALE, "MOVED", "ValueError"];
    own.into_iter().chain(["None", "True", "False"]).map(String::from).collect()
}

struct Maker<'p> {
    plan: &'p Plan,
    tree: &'p Tree,
    /// The constructor call of each group.
    calls: HashMap<GroupId, Template>,
    names: HashSet<String>,
    /// The attributes of the first class with each base name.
    first: HashMap<String, HashSet<String>>,
}

impl Maker<'_> {
    /// For each group the id of its structure, and the nesting depth of its classes.
    fn structures(&self) -> Vec<(usize, usize)> {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut all: Vec<(usize, usize)> = Vec::new();
        // A group comes after its children.
        for group in &self.tree.groups {
            let mut height = 0;
            let mut what = |child: &Child| match child.item {
                Item::Op(step) => {
                    let step = &self.plan.steps()[step];
                    module(step).map_or(step.op.name(), |module| module.class).to_string()
                }
                Item::Group(id) => {
                    height = height.max(all[id].1);
                    all[id].0.to_string()
                }
            };
            let text = self.structure(group, &mut what);
            let next = known.len();
            let number = *known.entry(text).or_insert(next);
            all.push((number, height + usize::from(group.form == Form::Class)));
        }
        all
    }

    /// A group's structure as text: its children and their data flow.
    fn structure(&self, group: &Group, what: &mut dyn FnMut(&Child) -> String) -> String {
        let mut places: HashMap<ValueId, String> = HashMap::new();
        for (i, &input) in group.inputs.iter().enumerate() {
            places.insert(input, format!("in{i}"));
        }
        let base = if group.form == Form::Class { base_name(group, true) } else { String::new() };
        let mut text = format!("{:?} {base}", group.form);
        for (i, child) in group.children.iter().enumerate() {
            let read: Vec<&str> = child.operands.iter().map(|o| places[o].as_str()).collect();
            text += &format!("; {} = {} ({})", child.attribute, what(child), read.join(" "));
            for (j, &result) in child.results.iter().enumerate() {
                places.insert(result, format!("{i}.{j}"));
            }
        }
        let given =
            group.outputs.iter().map(|output| places.get(output).map_or("", String::as_str));
        given.fold(text, |text, output| format!("{text} > {output}"))
    }

    fn free_name(&mut self, base: &str) -> String {
        self.free_name_or(base, None)
    }

    /// The base name; if it is taken, the wish, or the base name with a number.
    fn free_name_or(&mut self, base: &str, wish: Option<String>) -> String {
        let numbered = (2..).map(|n| format!("{base}{n}"));
        let mut names = std::iter::once(base.to_string()).chain(wish).chain(numbered);
        names.find(|name| self.names.insert(name.clone())).unwrap_or_default()
    }

    fn class(&mut self, members: &[GroupId], name: Option<String>) -> Class {
        let groups: Vec<&Group> = members.iter().map(|&id| &self.tree.groups[id]).collect();
        let templates: Vec<Vec<(String, Template)>> =
            groups.iter().map(|group| self.attributes(group)).collect();
        let columns: Vec<Vec<Setting>> = templates.iter().map(|all| settings(all)).collect();
        let (mut bindings, mut parameters) = unify(&columns);
        let channels = |value: Option<&ValueId>| {
            value.map_or_else(String::new, |&value| {
                self.plan.steps()[value].shape.channels().to_string()
            })
        };
        let before: Vec<String> =
            groups.iter().map(|group| channels(group.inputs.first())).collect();
        let after: Vec<String> =
            groups.iter().map(|group| channels(group.outputs.first())).collect();
        name_all(&mut parameters, &mut bindings, [&before, &after]);
        let mut bindings = bindings.into_iter();
        let bound = |(name, template): (String, Template)| (name, bind(template, &mut bindings));
        let attributes: Vec<(String, Expr)> =
            templates.into_iter().next().unwrap_or_default().into_iter().map(bound).collect();
        let several = groups.iter().any(|group| group.name != groups[0].name);
        let base = base_name(groups[0], several);
        let name = name.unwrap_or_else(|| self.name(base, &attributes));
        for (i, &id) in members.iter().enumerate() {
            let argument = |parameter: &Parameter| argument(parameter.in_instance(i));
            let call = Template::Call(name.clone(), parameters.iter().map(argument).collect());
            self.calls.insert(id, call);
        }
        let block = groups[0].block.clone();
        Class { name, block, example: members[0], several, parameters, attributes }
    }

    /// The name of a class with this base name: one that has a module more or less than the first
    /// class of that name says so.
    fn name(&mut self, base: String, attributes: &[(String, Expr)]) -> String {
        let own: HashSet<String> = attributes.iter().map(|(name, _)| name.clone()).collect();
        let first = self.first.entry(base.clone()).or_insert_with(|| own.clone());
        let mut more = own.difference(first);
        let mut less = first.difference(&own);
        let wish = match (more.next(), more.next(), less.next(), less.next()) {
            (Some(one), None, None, None) => Some(format!("{base}With{}", camel(one))),
            (None, None, Some(one), None) => Some(format!("{base}Without{}", camel(one))),
            _ => None,
        };
        self.free_name_or(&base, wish)
    }

    fn attributes(&self, group: &Group) -> Vec<(String, Template)> {
        group
            .children
            .iter()
            .filter_map(|child| Some((child.attribute.clone(), self.template(child)?)))
            .collect()
    }

    /// The constructor of a child; `None` for a join, which is not a module.
    fn template(&self, child: &Child) -> Option<Template> {
        let id = match child.item {
            Item::Op(step) => {
                let module = module(&self.plan.steps()[step])?;
                let arguments = module.settings.into_iter().map(argument).collect();
                return Some(Template::Call(module.class.into(), arguments));
            }
            Item::Group(id) => self.tree.inlined(id),
        };
        let group = &self.tree.groups[id];
        let unnamed = |child: &Child| Some((String::new(), self.template(child)?));
        let sequence = |arguments| Template::Call("nn.Sequential".into(), arguments);
        Some(match group.form {
            Form::Class => self.calls.get(&id)?.clone(),
            Form::Rounds => sequence(group.children.iter().filter_map(unnamed).collect()),
            Form::Sequence => {
                let named = Template::Call("OrderedDict".into(), self.attributes(group));
                sequence(vec![(String::new(), named)])
            }
        })
    }
}

/// The name of a group's block, or of its stage. Several stages share what their names have before
/// their numbers.
fn base_name(group: &Group, several: bool) -> String {
    let numbered = |c: char| c.is_ascii_digit() || c == '_';
    camel(match (&group.block, group.name.trim_end_matches(numbered)) {
        (Some(block), _) => block,
        (None, "") => "round",
        (None, stage) if several => stage,
        (None, _) => &group.name,
    })
}
