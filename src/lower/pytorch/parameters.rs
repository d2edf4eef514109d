//! Turns settings that differ between instances of a class into parameters, and the others into
//! constants.

use std::collections::{HashMap, HashSet};

use super::op::{Kind, Setting};
use super::python::Expr;

/// The maximum length of a comprehension for equal iterations; longer ones are written out.
const COMPREHENSION: usize = 60;

/// A parameter of a class.
#[derive(Debug)]
pub(super) struct Parameter {
    pub name: String,
    kind: Kind,
    positional: bool,
    pub default: Option<String>,
    /// The value in each instance.
    values: Vec<String>,
}

impl Parameter {
    /// Its type.
    pub fn hint(&self) -> &'static str {
        self.kind.hint(self.values.iter())
    }

    pub fn in_instance(&self, i: usize) -> Setting {
        Setting {
            name: self.name.clone(),
            kind: self.kind,
            positional: self.positional,
            value: self.values[i].clone(),
            default: self.default.clone(),
        }
    }

    /// Channels first, those with a default last.
    fn rank(&self) -> (bool, bool) {
        (self.default.is_some(), !self.positional)
    }
}

/// The constructor of a module, with settings left open that may differ between instances.
#[derive(Debug, Clone)]
pub(super) enum Template {
    Call(String, Vec<(String, Template)>),
    Setting(Setting),
}

/// The replacement of a setting.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    Default,
    Is(String),
}

pub(super) fn argument(setting: Setting) -> (String, Template) {
    let name = if setting.positional { String::new() } else { setting.name.clone() };
    (name, Template::Setting(setting))
}

/// The settings of templates, in order.
pub(super) fn settings(templates: &[(String, Template)]) -> Vec<Setting> {
    let mut all = Vec::new();
    for (_, template) in templates {
        match template {
            Template::Call(_, arguments) => all.extend(settings(arguments)),
            Template::Setting(setting) => all.push(setting.clone()),
        }
    }
    all
}

/// For each setting its replacement in the class: a constant if all instances agree, otherwise a
/// parameter with a placeholder name that contains `#`. Channels that are equal in every instance
/// share a parameter.
pub(super) fn unify(instances: &[Vec<Setting>]) -> (Vec<Binding>, Vec<Parameter>) {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut bindings = Vec::new();
    for (i, setting) in instances[0].iter().enumerate() {
        let column: Vec<&Setting> = instances.iter().map(|instance| &instance[i]).collect();
        if column.iter().all(|s| s.default.as_ref() == Some(&s.value)) {
            bindings.push(Binding::Default);
            continue;
        }
        if column.iter().all(|s| s.value == setting.value) {
            bindings.push(Binding::Is(setting.value.clone()));
            continue;
        }
        let values: Vec<String> = column.iter().map(|s| s.value.clone()).collect();
        let alike = |p: &&Parameter| {
            p.values == values
                && p.kind == setting.kind
                && (p.kind == Kind::Channels || base(&p.name) == setting.name)
        };
        let name = match parameters.iter().find(alike) {
            Some(parameter) => parameter.name.clone(),
            None => {
                let name = format!("{}#{}", setting.name, parameters.len());
                let default = setting.default.clone();
                let default = default.filter(|d| {
                    column.iter().all(|s| s.default.as_ref() == Some(d)) && values.contains(d)
                });
                let (kind, positional) =
                    (setting.kind, setting.positional && setting.kind == Kind::Channels);
                parameters.push(Parameter {
                    name: name.clone(),
                    kind,
                    positional,
                    default,
                    values,
                });
                name
            }
        };
        bindings.push(Binding::Is(name));
    }
    (bindings, parameters)
}

fn base(name: &str) -> &str {
    name.split('#').next().unwrap_or_default()
}

/// A template with its settings replaced in order.
pub(super) fn bind(template: Template, bindings: &mut dyn Iterator<Item = Binding>) -> Expr {
    let (function, arguments) = match template {
        Template::Call(function, arguments) => (function, arguments),
        Template::Setting(setting) => return Expr::Text(setting.value),
    };
    let mut bound: Vec<(String, Expr)> = Vec::new();
    for (name, argument) in arguments {
        match argument {
            Template::Setting(_) => {
                if let Some(Binding::Is(text)) = bindings.next() {
                    bound.push((name, Expr::Text(text)));
                }
            }
            call => bound.push((name, bind(call, bindings))),
        }
    }
    match &bound[..] {
        [(name, first), more @ ..]
            if name.is_empty() && more.len() > 1 && function == "nn.Sequential" =>
        {
            let all = format!("*({} for _ in range({}))", first.flat(), bound.len());
            let equal = more.iter().all(|(_, other)| other == first) && all.len() <= COMPREHENSION;
            Expr::Call(function, if equal { vec![(String::new(), Expr::Text(all))] } else { bound })
        }
        _ => Expr::Call(function, bound),
    }
}

/// Names and orders parameters. Channels are named by their position: `before` and `after` are the
/// channels of each instance's input and output.
pub(super) fn name_all(
    parameters: &mut [Parameter],
    bindings: &mut [Binding],
    [before, after]: [&Vec<String>; 2],
) {
    let mut taken: HashSet<String> = HashSet::new();
    let mut renamed: HashMap<String, String> = HashMap::new();
    for parameter in parameters.iter_mut() {
        let base = match (parameter.kind, parameter.positional) {
            (Kind::Channels, true) => {
                match (parameter.values == *before, parameter.values == *after) {
                    (true, true) => "channels".to_string(),
                    (true, false) => "in_channels".to_string(),
                    (false, true) => "out_channels".to_string(),
                    (false, false) => "hidden_channels".to_string(),
                }
            }
            _ => parameter.name.split('#').next().unwrap_or_default().to_string(),
        };
        let mut names = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}_{n}")));
        let name = names.find(|name| taken.insert(name.clone())).unwrap_or_default();
        renamed.insert(std::mem::replace(&mut parameter.name, name.clone()), name);
    }
    for binding in bindings.iter_mut() {
        if let Binding::Is(text) = binding
            && let Some(name) = renamed.get(text)
        {
            *text = name.clone();
        }
    }
    parameters.sort_by_key(Parameter::rank);
}
