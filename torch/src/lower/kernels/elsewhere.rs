//! Processors that the kernels were not written for: libtorch computes everything.

use tch::{Kind, TchError, Tensor};

use super::{Direction, Epilogue, FusedOps, Owned, SgdStep, TileSize};

/// Nothing shows that a machine has the instructions.
#[derive(Debug, Clone, Copy)]
pub enum Kernels {}

/// The statistics of a batch.
#[derive(Debug, Clone, Default)]
pub struct Moments(());

/// Memory of the threads.
#[derive(Debug, Default)]
pub struct Workspace(());

/// Weights that were transformed.
#[derive(Debug, Default)]
pub struct Packed(());

type Result<T> = std::result::Result<T, TchError>;

impl Moments {
    /// Those that change nothing.
    ///
    /// # Errors
    /// None.
    pub fn none(_channels: usize, _bias: Option<&Tensor>) -> Result<Moments> {
        Ok(Moments(()))
    }
}

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Kernels {
    pub fn detect() -> Option<Kernels> {
        None
    }

    pub fn pack(self, _: &Tensor, _: (TileSize, Direction), _: Kind, _: &mut Packed) -> Result<()> {
        match self {}
    }

    pub fn convolve(
        self,
        _: (&Tensor, &Tensor),
        _: Direction,
        _: &mut Packed,
        _: Epilogue<'_>,
        _: &mut Workspace,
    ) -> Result<()> {
        match self {}
    }

    pub fn weight_gradient(
        self,
        _: (&Tensor, &Tensor),
        _: &Tensor,
        _: TileSize,
        _: &mut Workspace,
    ) -> Result<()> {
        match self {}
    }

    pub fn moments(self, _: &Tensor, _: Owned<'_>, _: f64, _: f64) -> Result<Moments> {
        match self {}
    }

    pub fn normalise(
        self,
        _: (&Tensor, &Tensor),
        _: &Moments,
        _: FusedOps,
        _: Option<&Tensor>,
    ) -> Result<()> {
        match self {}
    }

    pub fn normalise_backward(
        self,
        _: &Tensor,
        _: [Option<&Tensor>; 2],
        _: (&Moments, &Tensor),
        _: FusedOps,
        _: [&Tensor; 2],
    ) -> Result<()> {
        match self {}
    }

    pub fn descend(self, _: &Tensor, _: &Tensor, _: &Tensor, _: SgdStep) -> Result<()> {
        match self {}
    }
}
