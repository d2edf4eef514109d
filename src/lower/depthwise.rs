use crate::graph::op::{Conv, outputs};

/// A depthwise convolution that netc's kernels compute directly: each channel is convolved by
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depthwise {
    kernel: usize,
    stride: usize,
    pad: [usize; 2],
}

impl Depthwise {
    /// A convolution of so many channels, if it is one: as many groups and outputs, a square kernel
    /// of 3, 5 or 7, a stride of 1 or 2 and no dilation.
    pub fn of(op: &Conv, in_channels: u64) -> Option<Depthwise> {
        let each = op.groups > 1 && op.groups == in_channels && op.out == in_channels;
        let [kernel, stride, dilation] = [op.kernel, op.stride, op.dilation]
            .map(|[down, right]| (down == right).then_some(down));
        let (kernel, stride) = (kernel?, stride?);
        let fits = matches!((kernel, stride, dilation), (3 | 5 | 7, 1 | 2, Some(1)));
        let size = |number: u64| usize::try_from(number).ok();
        (each && fits).then_some(Depthwise {
            kernel: size(kernel)?,
            stride: size(stride)?,
            pad: [size(op.pad[0])?, size(op.pad[1])?],
        })
    }

    /// Rows and columns of the kernel: 3, 5 or 7.
    pub fn kernel(self) -> usize {
        self.kernel
    }

    /// Vertical and horizontal stride: 1 or 2.
    pub fn stride(self) -> usize {
        self.stride
    }

    /// Zero padding: rows above and below, columns left and right.
    pub fn pad(self) -> [usize; 2] {
        self.pad
    }

    /// Rows and columns of the output for those of the input; `None` if the kernel does not fit.
    pub fn output(self, input: [usize; 2]) -> Option<[usize; 2]> {
        outputs(input, [self.kernel; 2], [self.stride; 2], self.pad)
    }
}
