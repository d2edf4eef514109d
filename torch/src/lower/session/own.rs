//! netc's own kernels on the device at hand.

use netc::lower::schedule::{FusedOps, KernelSet};
use tch::{TchError, Tensor};

use crate::lower::kernels::{self, FromTo, Owned, Workspace};
use crate::lower::{TorchNet, cuda};

/// The kernels of a device.
#[derive(Debug, Clone)]
pub(super) enum Own {
    Cpu(kernels::Kernels),
    Cuda(cuda::GpuKernels),
}

/// The statistics of a batch, where those kernels keep them.
#[derive(Debug)]
pub(super) enum OwnMoments {
    Cpu(kernels::Moments),
    Cuda(cuda::GpuMoments),
}

impl Own {
    /// The kernels for a net, if there are any for its device and precision.
    pub(super) fn of(net: &TorchNet) -> Result<Option<Own>, TchError> {
        if let Some(kernels) = cuda::GpuKernels::on(net.device)?.filter(|_| cuda::suits(net.kind)) {
            return Ok(Some(Own::Cuda(kernels)));
        }
        let cpu = || kernels::Kernels::detect(net.precision()).map(Own::Cpu);
        Ok(if kernels::suits(net.device, net.kind) { cpu() } else { None })
    }

    /// Which set they are of.
    pub(super) fn set(&self) -> KernelSet {
        match self {
            Own::Cpu(_) => KernelSet::Cpu,
            Own::Cuda(_) => KernelSet::Cuda,
        }
    }

    /// Those for CPUs.
    pub(super) fn cpu(&self) -> Option<kernels::Kernels> {
        match self {
            Own::Cpu(kernels) => Some(*kernels),
            Own::Cuda(_) => None,
        }
    }

    /// Those for GPUs.
    pub(super) fn cuda(&self) -> Option<&cuda::GpuKernels> {
        match self {
            Own::Cpu(_) => None,
            Own::Cuda(kernels) => Some(kernels),
        }
    }

    /// Moments that change nothing but add a bias, if there is one.
    pub(super) fn no_moments(
        &self,
        channels: usize,
        bias: Option<&Tensor>,
    ) -> Result<OwnMoments, TchError> {
        match self {
            Own::Cpu(_) => kernels::Moments::none(channels, bias).map(OwnMoments::Cpu),
            Own::Cuda(own) => cuda::GpuMoments::none(own, channels, bias).map(OwnMoments::Cuda),
        }
    }

    /// The statistics of `x`, `[N, C, H, W]`; moves the running ones.
    pub(super) fn moments(
        &self,
        x: &Tensor,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<OwnMoments, TchError> {
        match self {
            Own::Cpu(kernels) => kernels.moments(x, owned, momentum, eps).map(OwnMoments::Cpu),
            Own::Cuda(kernels) => kernels.moments(x, owned, momentum, eps).map(OwnMoments::Cuda),
        }
    }

    /// The statistics of the output of the last convolution or pool that was asked to sum it;
    /// moves the running ones.
    pub(super) fn summed_moments(
        &self,
        workspace: &mut Workspace,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<OwnMoments, TchError> {
        match self {
            Own::Cpu(kernels) => {
                kernels.summed_moments(workspace, owned, momentum, eps).map(OwnMoments::Cpu)
            }
            Own::Cuda(_) => Err(elsewhere()),
        }
    }

    /// `y = pool(activation(normalised x))`, plus `add`.
    pub(super) fn normalise(
        &self,
        images: FromTo<'_>,
        moments: &OwnMoments,
        after: FusedOps,
        add: Option<&Tensor>,
    ) -> Result<(), TchError> {
        match (self, moments) {
            (Own::Cpu(kernels), OwnMoments::Cpu(moments)) => {
                kernels.normalise(images, moments, after, add)
            }
            (Own::Cuda(kernels), OwnMoments::Cuda(moments)) => {
                kernels.normalise(images, moments, after, add)
            }
            _ => Err(elsewhere()),
        }
    }

    /// Turns `x` into the gradient with respect to it; writes those of weight and bias.
    pub(super) fn normalise_backward(
        &self,
        x: &Tensor,
        gradient: [Option<&Tensor>; 2],
        moments: &OwnMoments,
        weight: &Tensor,
        after: FusedOps,
        grad_owned: [&Tensor; 2],
    ) -> Result<(), TchError> {
        match (self, moments) {
            (Own::Cpu(kernels), OwnMoments::Cpu(moments)) => {
                kernels.normalise_backward(x, gradient, moments, weight, after, grad_owned)
            }
            (Own::Cuda(kernels), OwnMoments::Cuda(moments)) => {
                kernels.normalise_backward(x, gradient, moments, weight, after, grad_owned)
            }
            _ => Err(elsewhere()),
        }
    }

    /// A max pool of 2 x 2 windows. With a workspace, its output is summed there.
    pub(super) fn max_pool(
        &self,
        images: FromTo<'_>,
        sums: Option<&mut Workspace>,
    ) -> Result<(), TchError> {
        match self {
            Own::Cpu(kernels) => kernels.max_pool(images, sums),
            Own::Cuda(kernels) => kernels.max_pool(images),
        }
    }

    /// Writes the gradient with respect to the input of a max pool.
    pub(super) fn max_pool_backward(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        grad_input: &Tensor,
    ) -> Result<(), TchError> {
        match self {
            Own::Cpu(kernels) => kernels.max_pool_backward(x, gradient, grad_input),
            Own::Cuda(kernels) => kernels.max_pool_backward(x, gradient, grad_input),
        }
    }
}

fn elsewhere() -> TchError {
    TchError::Shape("the statistics are of another device".into())
}
