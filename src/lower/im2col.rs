use crate::graph::op::{Conv, outputs};

/// A convolution between few channels that is computed as one of 1 x 1 of its patches ("im2col"):
/// what the kernel covers for an output becomes the channels of a pixel.
///
/// Only the output and the gradient with respect to the weights are computed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Im2col {
    kernel: [usize; 2],
    stride: [usize; 2],
    pad: [usize; 2],
    dilation: [usize; 2],
    channels: usize,
}

impl Im2col {
    /// The most numbers of a patch: more would take more memory than the outputs do.
    pub const NUMBERS: u64 = 96;

    /// A convolution of so many channels, if it is one: of one group, and of small patches. Those
    /// of 1 x 1 with a stride of 1 need none.
    pub fn of(op: &Conv, in_channels: u64) -> Option<Im2col> {
        let numbers = op.kernel.iter().fold(in_channels, |all, &size| all.saturating_mul(size));
        let is_point = (op.kernel, op.stride, op.pad) == ([1, 1], [1, 1], [0, 0]);
        let sizes = |of: [u64; 2]| {
            let [down, right] = of.map(|size| usize::try_from(size).ok());
            Some([down?, right?])
        };
        (op.groups == 1 && numbers <= Im2col::NUMBERS && !is_point).then_some(Im2col {
            kernel: sizes(op.kernel)?,
            stride: sizes(op.stride)?,
            pad: sizes(op.pad)?,
            dilation: sizes(op.dilation)?,
            channels: usize::try_from(in_channels).ok()?,
        })
    }

    /// Rows and columns of the kernel.
    pub fn kernel(self) -> [usize; 2] {
        self.kernel
    }

    /// Vertical and horizontal stride.
    pub fn stride(self) -> [usize; 2] {
        self.stride
    }

    /// Zero padding: rows above and below, columns left and right.
    pub fn padding(self) -> [usize; 2] {
        self.pad
    }

    /// Rows and columns from one of the kernel's to the next.
    pub fn dilation(self) -> [usize; 2] {
        self.dilation
    }

    /// Channels of the input.
    pub fn channels(self) -> usize {
        self.channels
    }

    /// The numbers of a patch, in the order `[kernel row][kernel column][channel]`.
    pub fn numbers(self) -> usize {
        self.kernel[0] * self.kernel[1] * self.channels
    }

    /// The channels that it becomes: its numbers and as many zeros as products need, which take 16
    /// at once.
    pub fn depth(self) -> usize {
        self.numbers().next_multiple_of(16)
    }

    /// Rows and columns of the output for those of the input; `None` if the kernel does not fit.
    pub fn output(self, input: [usize; 2]) -> Option<[usize; 2]> {
        let reach = [0, 1].map(|axis| (self.kernel[axis] - 1) * self.dilation[axis] + 1);
        outputs(input, reach, self.stride, self.pad)
    }
}
