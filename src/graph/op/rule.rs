use super::args::{ArgError, Args, Signature};
use super::label;
use super::tensor::TensorSpec;
use super::traits::Traits;
use crate::graph::{Shape, ShapeError, Value};

/// What an op type states about itself.
pub(super) trait Rule: Sized {
    /// Name, arguments and number of operands.
    const SIGNATURE: Signature;

    /// The op for given arguments.
    fn build(args: &Args) -> Result<Self, ArgError>;

    /// The arguments that build it again, in the order of the signature. `None`: not given.
    fn arguments(&self) -> Vec<Option<Value>>;

    /// What later stages ask of it.
    fn traits(&self) -> Traits;

    /// The shape of the result for one example, or why the operands do not fit.
    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError>;

    /// It in a few characters: `conv 128 3×3 /2`. Details of initialisation are left out.
    fn label(&self) -> String {
        label::plain(Self::SIGNATURE.name, &self.arguments())
    }

    /// The tensors it owns, for operands that [`Rule::shape`] accepts.
    fn tensors(&self, _operands: &[&Shape]) -> Vec<TensorSpec> {
        Vec::new()
    }

    /// Multiply-accumulate operations for one example; convolutions and linear layers count.
    fn macs(&self, _operands: &[&Shape], _output: &Shape) -> u64 {
        0
    }
}
