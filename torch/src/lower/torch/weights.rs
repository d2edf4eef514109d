use netc::graph::op::{self, Role};
use netc::lower::init;
use tch::{Device, Kind, TchError, Tensor};

use super::layout::channels_last;

/// A weight or buffer of a node: a master copy on the net's device, fp64 in an fp64 net, else fp32.
#[derive(Debug)]
pub struct Weight {
    /// The node's path, a dot, and the tensor's name: `layer1.conv_bn_1.bn.running_mean`.
    pub name: String,
    /// The values.
    pub tensor: Tensor,
    /// Its sizes.
    pub dims: Vec<i64>,
    /// Its role in the op.
    pub role: Role,
    /// Whether it is trained; otherwise it is a buffer.
    pub trained: bool,
}

impl Weight {
    pub(super) fn new(
        path: &str,
        spec: &op::TensorSpec,
        seed: u64,
        kind: Kind,
        device: Device,
    ) -> Result<Weight, TchError> {
        let name = format!("{path}.{}", spec.name);
        let dims = sizes(&spec.dims)?;
        i64::try_from(spec.elements())
            .map_err(|_| TchError::Shape(format!("{} numbers are too many", spec.elements())))?;
        let values = init::draw(spec.init, &dims, seed, &name);
        let host = Tensor::f_from_slice(&values)?.f_reshape(&dims)?;
        let tensor = channels_last(&host.f_to_kind(kind)?.f_to_device(device)?)?
            .f_set_requires_grad(spec.trained)?;
        Ok(Weight { name, tensor, dims, role: spec.role, trained: spec.trained })
    }

    /// A copy of values that are there already.
    pub(super) fn of(
        name: String,
        tensor: Tensor,
        dims: Vec<i64>,
        spec: &op::TensorSpec,
    ) -> Result<Weight, TchError> {
        let tensor = if tensor.kind() == Kind::Double { tensor } else { channels_last(&tensor)? };
        Ok(Weight { name, tensor, dims, role: spec.role, trained: spec.trained })
    }

    /// Replaces the values, given in the order of the dimensions.
    pub fn set_values(&self, values: &[f32]) -> Result<(), TchError> {
        self.adopt(&Tensor::f_from_slice(values)?.f_reshape(&self.dims)?)
    }

    /// Replaces the values by those of a tensor of the same shape.
    pub(crate) fn adopt(&self, values: &Tensor) -> Result<(), TchError> {
        tch::no_grad(|| self.tensor.shallow_clone().f_copy_(values))
    }
}

/// Sizes as `i64` for libtorch.
pub(super) fn sizes(dims: &[u64]) -> Result<Vec<i64>, TchError> {
    dims.iter()
        .map(|&d| {
            i64::try_from(d).map_err(|_| TchError::Shape(format!("a size of {d} is too large")))
        })
        .collect()
}
