//! The blocking of convolutions by products of matrices, Winograd's and those of 1 x 1, and the
//! memory that it needs. Pure; the kernels follow it.
//!
//! Sizes are in 32-bit words: one fp32 number or two bf16 numbers.

/// Channels of a panel, which the inner kernel computes in parallel.
pub const PANEL: usize = 32;
/// Padding in words between planes of transformed points: at a power-of-two distance they would map
/// to the same cache sets.
pub const GAP: usize = 48;
/// Panels, planes and what begins with them are aligned to cache lines of 16 words.
const _: () = assert!(PANEL.is_multiple_of(16) && GAP.is_multiple_of(16));
/// Outputs of a block of transformed gradients.
pub const OUTPUTS: usize = 16;
/// Outputs whose accumulators a thread turns into weights at once.
pub const CACHED_OUTPUTS: usize = 2 * OUTPUTS;
/// Numbers from one plane of those accumulators to the next.
pub const CACHED_SUMS: usize = CACHED_OUTPUTS * PANEL + 16;
/// The most channels with which sums of products of integers stay within 32 bits.
pub const CHANNELS: usize = 4096;
/// Bytes that the accumulators of a weight gradient may take in all.
const ACCUMULATORS: usize = 16 << 20;

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
    /// All for weights of 3 x 3.
    pub const ALL: [Winograd; 5] =
        [Winograd::F2, Winograd::F4, Winograd::Int16, Winograd::StridedF4, Winograd::StridedInt16];

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

/// Words for this many channels, rounded up to 16 channels.
pub fn depth(channels: usize, operand: Operand) -> usize {
    channels.next_multiple_of(16) / operand.pack()
}

/// Panels for this many channels.
pub fn panels(channels: usize) -> usize {
    channels.div_ceil(PANEL)
}

/// Where the transformed weights of a convolution lie: `[point][panel][depth][PANEL]` words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedWeights {
    /// Words from one panel to the next.
    pub panel: usize,
    /// Words from one point to the next.
    pub plane: usize,
    /// All words, and after those of integers a scale for each output channel.
    pub words: usize,
}

impl PackedWeights {
    /// Of weights from some channels to others.
    pub fn new(tile: TileSize, operand: Operand, from: usize, to: usize) -> PackedWeights {
        let panel = depth(from, operand) * PANEL;
        let plane = panels(to) * panel + GAP;
        let scales = if operand == Operand::Int16 { panels(to) * PANEL } else { 0 };
        PackedWeights { panel, plane, words: tile.weight_points() * plane + scales }
    }
}

/// The blocking of a convolution into blocks of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardBlocking {
    /// Tiles per block: its transformed input fits in the L2 cache.
    pub block: usize,
    /// Output channels whose products are computed before the inverse transform.
    pub group: usize,
    /// Words from one plane of transformed inputs to the next.
    pub plane: usize,
    /// Numbers from one plane of products to the next.
    pub product_plane: usize,
    /// Numbers from one row of a tile's points to the next, before it becomes integers.
    pub row: usize,
    /// Numbers of the pixels' sums of squares, before they become integers.
    pub squares: usize,
}

impl ForwardBlocking {
    /// The blocking for these dimensions.
    pub fn new(tile: TileSize, operand: Operand, dims: &Dims) -> ForwardBlocking {
        let block = match (tile, operand) {
            (TileSize::One | TileSize::Two, _) => 96,
            (TileSize::Down | TileSize::Up, _) => 32,
            (TileSize::Four, Operand::Int16) if dims.in_channels <= 256 => 24,
            (TileSize::Four, Operand::Int16) => 48,
            (TileSize::Four, _) => 32,
        };
        let narrow = match tile {
            TileSize::One => true,
            TileSize::Two | TileSize::Four => operand == Operand::Int16 && dims.in_channels <= 128,
            TileSize::Down | TileSize::Up => dims.in_channels <= 256,
        };
        let group = if narrow { 4 * PANEL } else { 2 * PANEL };
        let plane = block * depth(dims.in_channels, operand) + GAP;
        let (row, squares) = match operand {
            Operand::Int16 => {
                let tiles = block / dims.across(tile)[1].max(1) + 2;
                let rows = tile.step() * tiles + tile.inputs() - tile.step();
                (dims.in_channels.next_multiple_of(16) + 16, rows * dims.input[1] * 16)
            }
            Operand::Fp32 | Operand::Bf16 => (0, 0),
        };
        ForwardBlocking { block, group, plane, product_plane: block * group + GAP, row, squares }
    }

    /// Words of a thread's buffers for inputs, products and scales.
    pub fn scratch(&self, tile: TileSize) -> [usize; 3] {
        let scales = if self.row > 0 { self.block * tile.points() } else { 0 };
        let rows = (tile.points() * self.row).max(self.squares);
        [tile.points() * self.plane, tile.points() * self.product_plane, scales + rows]
    }
}

/// How the computation of a weight gradient is cut. It depends on the shape alone, so that sums are
/// the same for any number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightGradBlocking {
    /// Tiles per block, a multiple of the numbers per word.
    pub block: usize,
    /// Parts of the tiles that have accumulators of their own, each computed by one thread. With
    /// one part, the threads share each block's channels.
    pub parts: usize,
    /// Words from one plane of transformed inputs to the next, and of transformed gradients.
    pub planes: [usize; 2],
    /// Numbers from one plane of accumulators to the next.
    pub sums: usize,
}

impl WeightGradBlocking {
    /// The blocking for these dimensions.
    pub fn new(tile: TileSize, operand: Operand, dims: &Dims) -> WeightGradBlocking {
        let tiles = dims.tiles(tile);
        let outputs = dims.out_channels.next_multiple_of(16);
        let sums = panels(dims.in_channels) * PANEL * outputs + GAP;
        let fit = ACCUMULATORS / (4 * tile.weight_points() * sums).max(1);
        // With parts, 128 -> 256 channels of 16 x 16 take 16 ms in integers instead of 18; with a
        // stride of 2, 10 instead of 17.
        let least = match (tile, operand) {
            (TileSize::One, _) => 2,
            (TileSize::Down | TileSize::Up, _) => 2,
            (_, Operand::Int16) => 4,
            (_, Operand::Fp32 | Operand::Bf16) => 24,
        };
        let few = tiles < least * dims.out_channels;
        let block = match (tile, operand) {
            (TileSize::One, _) => 512,
            (TileSize::Down | TileSize::Up, Operand::Fp32 | Operand::Bf16) if !few => 64,
            (TileSize::Down | TileSize::Up, _) => 128,
            (_, Operand::Int16) if !few && fit >= 2 => 64,
            (_, Operand::Int16) => 512,
            // Wide layers have large accumulators, which each block reads and writes once.
            _ if dims.in_channels >= 512 => 512,
            _ => 128,
        };
        let block = block.min(tiles.next_multiple_of(operand.pack()).max(operand.pack()));
        let blocks = tiles.div_ceil(block).max(1);
        let parts = if few { 1 } else { fit.min(blocks).clamp(1, 16) };
        // The largest power of two.
        let parts = 1 << parts.ilog2();
        let words = block / operand.pack();
        let planes = [words * panels(dims.in_channels) * PANEL + GAP, words * outputs + GAP];
        WeightGradBlocking { block, parts, planes, sums }
    }

    /// Whether one block has all tiles, so that each thread turns its accumulators into weights at
    /// once, while they are in its cache.
    pub fn cached(&self, tile: TileSize, dims: &Dims) -> bool {
        self.parts == 1 && dims.tiles(tile) <= self.block
    }

    /// How many buffers there are for operands, and for accumulators, with so many threads.
    pub fn buffers(&self, tile: TileSize, dims: &Dims, threads: usize) -> [usize; 2] {
        let operands = if self.parts > 1 { threads } else { 1 };
        [operands, if self.cached(tile, dims) { threads } else { self.parts }]
    }

    /// Words of a buffer for inputs, for gradients and for the scales of both, and of one for
    /// accumulators.
    pub fn scratch(&self, tile: TileSize, dims: &Dims) -> [usize; 4] {
        let points = tile.points();
        let scales = panels(dims.in_channels) * PANEL + dims.out_channels.next_multiple_of(16);
        let sums = if self.cached(tile, dims) { CACHED_SUMS } else { self.sums };
        [points * self.planes[0], points * self.planes[1], scales, tile.weight_points() * sums]
    }
}
