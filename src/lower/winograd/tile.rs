/// The most channels with which sums of products of integers stay within 32 bits.
pub const CHANNELS: usize = 4096;
/// What products are computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operand {
    /// fp32.
    Fp32,
    /// bf16, with sums in fp32.
    Bf16,
    /// Integers of 16 bits with scales, and sums of 32 bits that are exact.
    Int16,
}

impl Operand {
    /// Numbers in a word of 32 bits.
    pub const fn pack(self) -> usize {
        match self {
            Operand::Fp32 => 1,
            Operand::Bf16 | Operand::Int16 => 2,
        }
    }
}

/// The tile of an algorithm: what is computed from a patch of the input at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileSize {
    /// A pixel, for weights of 1 x 1: nothing is transformed.
    One,
    /// 2 x 2 outputs.
    Two,
    /// 4 x 4 outputs: fewer multiplications, and a larger error in bf16.
    Four,
    /// 4 x 4 outputs of stride 2.
    Down,
    /// 8 x 8 pixels of the gradient by the input, of stride 2.
    Up,
}

impl TileSize {
    /// Outputs in each direction.
    pub const fn outputs(self) -> usize {
        match self {
            TileSize::One => 1,
            TileSize::Two => 2,
            TileSize::Four | TileSize::Down => 4,
            TileSize::Up => 8,
        }
    }

    /// Inputs in each direction.
    pub const fn inputs(self) -> usize {
        match self {
            TileSize::One => 1,
            TileSize::Two => 4,
            TileSize::Four => 6,
            TileSize::Down => 9,
            TileSize::Up => 5,
        }
    }

    /// Inputs from one tile to the next.
    pub const fn step(self) -> usize {
        match self {
            TileSize::One => 1,
            TileSize::Two => 2,
            TileSize::Four | TileSize::Up => 4,
            TileSize::Down => 8,
        }
    }

    /// Inputs of the first tile that lie before the image.
    pub const fn before(self) -> usize {
        match self {
            TileSize::Two | TileSize::Four | TileSize::Down => 1,
            TileSize::One | TileSize::Up => 0,
        }
    }

    /// Rows and columns of the weights.
    pub const fn kernel(self) -> usize {
        match self {
            TileSize::One => 1,
            TileSize::Two | TileSize::Four | TileSize::Down | TileSize::Up => 3,
        }
    }

    /// Points of a transformed tile in each direction.
    pub const fn side(self) -> usize {
        match self {
            TileSize::One => 1,
            TileSize::Two => 4,
            TileSize::Four => 6,
            TileSize::Down | TileSize::Up => 9,
        }
    }

    /// Points of transformed weights in each direction. With stride 2, some points of a tile are
    /// multiplied by the same weights.
    pub const fn weight_side(self) -> usize {
        match self {
            TileSize::One => 1,
            TileSize::Two => 4,
            TileSize::Four | TileSize::Down | TileSize::Up => 6,
        }
    }

    /// Points of a transformed tile.
    pub const fn points(self) -> usize {
        self.side() * self.side()
    }

    /// Points of transformed weights.
    pub const fn weight_points(self) -> usize {
        self.weight_side() * self.weight_side()
    }

    /// The tile of the gradient by the input.
    pub const fn transposed(self) -> TileSize {
        match self {
            TileSize::One | TileSize::Two | TileSize::Four => self,
            TileSize::Down => TileSize::Up,
            TileSize::Up => TileSize::Down,
        }
    }
}

/// One of Winograd's algorithms, or the plain product for 1 x 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Winograd {
    /// Convolutions of 1 x 1: a tile is a pixel, and its transform the pixel itself.
    Pointwise,
    /// Tiles of 2 x 2 outputs.
    F2,
    /// Tiles of 4 x 4 outputs.
    F4,
    /// Tiles of 4 x 4 outputs, with integers of 16 bits.
    Int16,
    /// Tiles of 4 x 4 outputs of stride 2.
    StridedF4,
    /// Tiles of 4 x 4 outputs of stride 2, with integers of 16 bits.
    StridedInt16,
}

impl Winograd {
    /// All of them.
    pub const ALL: [Winograd; 6] = [
        Winograd::Pointwise,
        Winograd::F2,
        Winograd::F4,
        Winograd::Int16,
        Winograd::StridedF4,
        Winograd::StridedInt16,
    ];

    /// The tile of the output.
    pub const fn tile(self) -> TileSize {
        match self {
            Winograd::Pointwise => TileSize::One,
            Winograd::F2 => TileSize::Two,
            Winograd::F4 | Winograd::Int16 => TileSize::Four,
            Winograd::StridedF4 | Winograd::StridedInt16 => TileSize::Down,
        }
    }

    /// Rows and columns of the weights of the convolutions that it computes.
    pub const fn kernel(self) -> usize {
        self.tile().kernel()
    }

    /// The stride of the convolutions that it computes.
    pub const fn stride(self) -> usize {
        self.tile().step() / self.tile().outputs()
    }

    /// The dimensions that it computes with: for 1 x 1 all pixels are one row.
    pub fn dims(self, dims: Dims) -> Dims {
        let row = |[height, width]: [usize; 2]| [1, dims.images * height * width];
        match self {
            Winograd::Pointwise => {
                Dims { images: 1, input: row(dims.input), output: row(dims.output), ..dims }
            }
            _ => dims,
        }
    }

    /// What its products are computed with, for images of bf16 or of fp32: bf16 only where the
    /// processor multiplies it.
    pub const fn operand(self, bf16: bool) -> Operand {
        match self {
            Winograd::Int16 | Winograd::StridedInt16 => Operand::Int16,
            _ if bf16 => Operand::Bf16,
            _ => Operand::Fp32,
        }
    }

    /// Whether it computes convolutions between so many channels.
    pub const fn applies(self, channels: [usize; 2]) -> bool {
        match self {
            Winograd::Pointwise | Winograd::F2 | Winograd::F4 | Winograd::StridedF4 => true,
            Winograd::Int16 | Winograd::StridedInt16 => {
                channels[0] <= CHANNELS && channels[1] <= CHANNELS
            }
        }
    }
}

/// The dimensions of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Batch size.
    pub images: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
}

impl Dims {
    /// Tiles per image, vertically and horizontally.
    pub fn across(&self, tile: TileSize) -> [usize; 2] {
        self.output.map(|size| size.div_ceil(tile.outputs()))
    }

    /// The number of tiles of all images.
    pub fn tiles(&self, tile: TileSize) -> usize {
        let [down, right] = self.across(tile);
        self.images * down * right
    }

    /// The transposed convolution, from outputs to inputs.
    pub fn transposed(self) -> Dims {
        Dims {
            images: self.images,
            input: self.output,
            output: self.input,
            in_channels: self.out_channels,
            out_channels: self.in_channels,
        }
    }
}
