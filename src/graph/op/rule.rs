use super::args::{ArgError, Args, Signature};
use super::label;
use super::tensor::TensorSpec;
use super::traits::Traits;
use crate::graph::{Shape, ShapeError, Value};

/// What each op type implements.
pub(super) trait Rule: Sized {
    /// Name, arguments and number of operands.
    const SIGNATURE: Signature;

    /// The op for given arguments.
    fn build(args: &Args) -> Result<Self, ArgError>;

    /// The arguments that rebuild it, in the order of the signature. `None`: not given.
    fn arguments(&self) -> Vec<Option<Value>>;

    /// Its properties for later stages.
    fn traits(&self) -> Traits;

    /// The output shape for one example, or why the operands do not fit.
    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError>;

    /// A short label: `conv 128 3×3 /2`. Details of initialisation are left out.
    fn label(&self) -> String {
        label::plain(Self::SIGNATURE.name, &self.arguments())
    }

    /// Its weights and buffers, for operands that [`Rule::shape`] accepts.
    fn tensors(&self, _operands: &[&Shape]) -> Vec<TensorSpec> {
        Vec::new()
    }

    /// Multiply-accumulate operations for one example; only convolutions and linear layers count.
    fn macs(&self, _operands: &[&Shape], _output: &Shape) -> u64 {
        0
    }
}
