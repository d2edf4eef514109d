//! Arguments that several commands share.

use std::ffi::OsStr;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::lower::{ConvChoice, Disabled, Optimisation};
use crate::recipe::RecipeArg;
use crate::run::{DeviceChoice, PrecisionChoice};

/// Overrides of parameters.
#[derive(Debug, Clone, Default, Args)]
pub struct SetArgs {
    /// Override a declared parameter, such as `width=128` or `res=[1,3]`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// What comes above the recipe of a net.
#[derive(Debug, Clone, Default, Args)]
pub struct LayerArgs {
    /// Override the net's recipe by a file of `key: value` lines, or by a key, such as
    /// `peak_lr=0.2`; may be repeated, a key wins over the file
    #[arg(long, value_name = "R.yaml|KEY=VALUE")]
    pub recipe: Vec<RecipeArg>,
}

/// When the output has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// JSON, each object on a line of its own
    Json,
}

/// Names that a value may have or list: for the completions of shells. The value's own `FromStr`
/// reads it.
#[derive(Clone)]
pub struct Named<T> {
    names: Vec<&'static str>,
    value: PhantomData<fn() -> T>,
}

impl Named<ConvChoice> {
    /// The algorithms of convolutions.
    pub fn convs() -> Named<ConvChoice> {
        let names = ConvChoice::ALL.iter().map(|(name, _)| *name).collect();
        Named { names, value: PhantomData }
    }
}

impl Named<Disabled> {
    /// The optimisations.
    pub fn optimisations() -> Named<Disabled> {
        let names = Optimisation::ALL.iter().map(|(name, _)| *name).collect();
        Named { names, value: PhantomData }
    }
}

impl<T> TypedValueParser for Named<T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        TypedValueParser::parse_ref(&T::from_str, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(PossibleValue::new)))
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().into(), value.trim().into()))
        }
        _ => Err("expected NAME=VALUE, such as width=128".into()),
    }
}

/// Device and precision.
#[derive(Debug, Clone, Args)]
pub struct MachineArgs {
    /// Compute on this device: auto, cpu or cuda:0; netc has not been tested on CUDA yet
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Compute in this precision: auto, fp32, bf16, fp16 or fp64; auto is fp16 on a GPU, bf16 on a
    /// CPU with AVX2, else fp32
    #[arg(long, value_name = "PRECISION", default_value = "auto")]
    pub precision: PrecisionChoice,
}

/// A file that ends in .svg, .png or .pdf.
pub fn picture(text: &str) -> Result<PathBuf, String> {
    with_extension(text, &["svg", "png", "pdf"])
}

/// A file that ends in one of these extensions.
pub fn with_extension(text: &str, known: &[&str]) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if known.contains(&extension(&path).as_str()) {
        return Ok(path);
    }
    let (last, others) = known.split_last().unwrap_or((&"", &[]));
    Err(format!("expected a file that ends in .{} or .{last}", others.join(", .")))
}

/// The extensions of what netc writes.
const WRITTEN: [&str; 9] = ["net", "onnx", "pdf", "png", "pt", "py", "safetensors", "svg", "yaml"];

/// Refuses the extension of another format than the one that is written.
///
/// # Errors
/// Such an extension, as a message for the user.
pub fn of_format(path: &Path, ending: &str) -> Result<(), String> {
    let given = extension(path);
    if given == ending || !WRITTEN.contains(&given.as_str()) {
        return Ok(());
    }
    Err(format!("expected a file that ends in .{ending}, got {}", path.display()))
}

/// The extension of a path in small letters.
pub fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}
