use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Something by which a compiled step saves time. Each can be left out, to see what it gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optimisation {
    /// Batch normalisation by a kernel of netc's own.
    Norm,
    /// ReLU along with the op before it.
    Relu,
    /// A 2 x 2 max pool along with the op before it.
    Pool,
    /// A sum along with the op before it.
    Add,
    /// Memory for values and gradients planned once; without it each is allocated as it is written.
    Memory,
    /// The descent of a weight in one pass over memory.
    SgdStep,
    /// Every kernel of netc's own. Without them libtorch computes everything, as it does on a GPU.
    Kernels,
}

impl Optimisation {
    /// Every saving by its name on the command line.
    pub const ALL: [(&'static str, Optimisation); 7] = [
        ("norm", Optimisation::Norm),
        ("relu", Optimisation::Relu),
        ("pool", Optimisation::Pool),
        ("add", Optimisation::Add),
        ("memory", Optimisation::Memory),
        ("descent", Optimisation::SgdStep),
        ("kernels", Optimisation::Kernels),
    ];
}

/// The savings that are not used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Disabled(Vec<Optimisation>);

impl Disabled {
    /// Whether a saving is left out.
    pub fn has(&self, saving: Optimisation) -> bool {
        self.0.contains(&saving)
    }

    /// Whether libtorch's operations move the weights, not the kernel that descends in one pass
    /// over memory.
    pub fn plain_descent(&self) -> bool {
        self.has(Optimisation::SgdStep) || self.has(Optimisation::Kernels)
    }

    /// Whether all are used.
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

    /// Names at commas; nothing for none.
    fn from_str(text: &str) -> Result<Disabled, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let saving = |name: &str| {
            let found = Optimisation::ALL
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, saving)| *saving);
            let all: Vec<&str> = Optimisation::ALL.iter().map(|(name, _)| *name).collect();
            found.ok_or_else(|| {
                format!("there is no saving `{name}`; expected some of {}", all.join(", "))
            })
        };
        names.map(saving).collect::<Result<_, _>>().map(Disabled)
    }
}
