use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An optimisation of the compiled step. Each can be disabled to measure its gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimisation {
    /// netc's own batch normalisation kernel.
    Norm,
    /// Fusion of an activation into the op before it.
    Relu,
    /// Fusion of a 2 x 2 max pool into the op before it, or its own kernel.
    Pool,
    /// Fusion of a sum into the op before it.
    Add,
    /// Memory planning for values and gradients; without it each is allocated when it is written.
    Memory,
    /// The fused SGD step, a single pass over memory per weight.
    SgdStep,
    /// All of netc's own kernels. Without them libtorch computes everything.
    Kernels,
    /// On a GPU, the step as one CUDA graph; without it each kernel is launched by itself.
    Graph,
}

impl Optimisation {
    /// All optimisations by their names on the command line.
    pub const ALL: [(&'static str, Optimisation); 8] = [
        ("norm", Optimisation::Norm),
        ("relu", Optimisation::Relu),
        ("pool", Optimisation::Pool),
        ("add", Optimisation::Add),
        ("memory", Optimisation::Memory),
        ("descent", Optimisation::SgdStep),
        ("kernels", Optimisation::Kernels),
        ("graph", Optimisation::Graph),
    ];
}

/// The disabled optimisations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Disabled(Vec<Optimisation>);

impl Disabled {
    /// Whether an optimisation is disabled.
    pub fn has(&self, saving: Optimisation) -> bool {
        self.0.contains(&saving)
    }

    /// Disables one more.
    pub fn disable(&mut self, optimisation: Optimisation) {
        if !self.has(optimisation) {
            self.0.push(optimisation);
        }
    }

    /// Whether libtorch's ops update the weights instead of the fused SGD kernel.
    pub fn plain_descent(&self) -> bool {
        self.has(Optimisation::SgdStep) || self.has(Optimisation::Kernels)
    }

    /// Whether none is disabled.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Disabled> for String {
    fn from(without: Disabled) -> String {
        let names = Optimisation::ALL
            .iter()
            .filter(|(_, saving)| without.has(*saving))
            .map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(",")
    }
}

impl TryFrom<String> for Disabled {
    type Error = String;

    fn try_from(text: String) -> Result<Disabled, String> {
        text.parse()
    }
}

impl FromStr for Disabled {
    type Err = String;

    /// Comma-separated names; empty for none.
    fn from_str(text: &str) -> Result<Disabled, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let saving = |name: &str| {
            let found = Optimisation::ALL
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, saving)| *saving);
            let all: Vec<&str> = Optimisation::ALL.iter().map(|(name, _)| *name).collect();
            found.ok_or_else(|| {
                format!("there is no optimisation `{name}`; expected some of {}", all.join(", "))
            })
        };
        names.map(saving).collect::<Result<_, _>>().map(Disabled)
    }
}
