use tch::{TchError, Tensor};

/// The same values with the channels innermost in memory, which libtorch's fast convolutions want.
/// It keeps a tensor that has them there, and all that are no images.
pub(in crate::lower) fn channels_last(tensor: &Tensor) -> Result<Tensor, TchError> {
    if tensor.dim() != 4 {
        return Ok(tensor.shallow_clone());
    }
    tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
}
