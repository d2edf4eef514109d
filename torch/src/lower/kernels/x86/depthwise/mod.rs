//! Depthwise convolutions: each channel is convolved by itself. All numbers of an image are read
//! about once, so memory limits them, not arithmetic.
//!
//! A tile is [`TILE`] pixels of a row, for one vector of channels: what a pixel contributes to all
//! of them is added while it is in a register.

mod forward;
mod grad_input;
mod grad_weights;
mod window;

pub(in crate::lower::kernels) use forward::{Convolved, convolve};
pub(in crate::lower::kernels) use grad_input::grad_input;
pub(in crate::lower::kernels) use grad_weights::grad_weights;
pub(in crate::lower::kernels) use window::Window;
