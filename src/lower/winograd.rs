//! The blocking of Winograd convolutions, and the memory that it needs. Pure; the kernels follow
//! it.
//!
//! Sizes are in 32-bit words: one fp32 number or two bf16 numbers.

/// Channels of a panel, which the inner kernel computes in parallel.
pub const PANEL: usize = 32;
/// Padding in words between planes of transformed points: at a power-of-two distance they would map
/// to the same cache sets.
pub const GAP: usize = 16;
/// The number of output channels whose products are computed before the inverse transform.
pub const GROUP: usize = 2 * PANEL;

/// The output tile of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileSize {
    /// 2 x 2.
    Two,
    /// 4 x 4: fewer multiplications, and a larger error in bf16.
    Four,
}

impl TileSize {
    /// Outputs in each direction.
    pub const fn outputs(self) -> usize {
        match self {
            TileSize::Two => 2,
            TileSize::Four => 4,
        }
    }

    /// Points of a transformed tile.
    pub const fn points(self) -> usize {
        (self.outputs() + 2) * (self.outputs() + 2)
    }
}

/// The dimensions of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Batch size.
    pub images: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
}

impl Dims {
    /// Tiles per image, vertically and horizontally.
    pub fn across(&self, tile: TileSize) -> [usize; 2] {
        [self.height.div_ceil(tile.outputs()), self.width.div_ceil(tile.outputs())]
    }

    /// The number of tiles of all images.
    pub fn tiles(&self, tile: TileSize) -> usize {
        let [down, right] = self.across(tile);
        self.images * down * right
    }

    /// The transposed convolution, from outputs to inputs.
    pub fn transposed(self) -> Dims {
        Dims { in_channels: self.out_channels, out_channels: self.in_channels, ..self }
    }
}

/// Words for this many channels, `pack` numbers per word, rounded up to a multiple of 16.
pub fn depth(channels: usize, pack: usize) -> usize {
    channels.next_multiple_of(16) / pack
}

/// Panels for this many channels.
pub fn panels(channels: usize) -> usize {
    channels.div_ceil(PANEL)
}

/// Words of the transformed weights from `from` channels to `to`.
pub fn packed(tile: TileSize, pack: usize, from: usize, to: usize) -> usize {
    tile.points() * panels(to) * depth(from, pack) * PANEL
}

/// The blocking of a convolution into blocks of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardBlocking {
    /// Tiles per block: its transformed input fits in the L2 cache.
    pub block: usize,
    /// Words from one plane of transformed inputs to the next.
    pub plane: usize,
    /// Numbers from one plane of products to the next.
    pub product_plane: usize,
}

impl ForwardBlocking {
    /// The blocking for this many input channels.
    pub fn new(tile: TileSize, pack: usize, in_channels: usize) -> ForwardBlocking {
        let block = match tile {
            TileSize::Two => 96,
            TileSize::Four => 32,
        };
        let plane = block * depth(in_channels, pack) + GAP;
        ForwardBlocking { block, plane, product_plane: block * GROUP + GAP }
    }

    /// Words of a thread's buffers for inputs and products.
    pub fn scratch(&self, tile: TileSize) -> [usize; 2] {
        [tile.points() * self.plane, tile.points() * self.product_plane]
    }
}

/// How threads share the computation of the weight gradient: each accumulates blocks of 16 output
/// channels over some of the tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightGradBlocking {
    /// Tiles per block, a multiple of the numbers per word.
    pub block: usize,
    /// Whether threads split the output channels, each accumulating fewer of them over all tiles;
    /// otherwise they split the tiles.
    pub by_outputs: bool,
    /// Words from one plane of transformed inputs to the next, and of transformed gradients.
    pub planes: [usize; 2],
    /// Words of a thread's accumulators.
    pub sums: usize,
}

impl WeightGradBlocking {
    /// The blocking for this many threads.
    pub fn new(tile: TileSize, pack: usize, dims: &Dims, threads: usize) -> WeightGradBlocking {
        // Wide layers have large accumulators, which each block reads and writes once.
        let block = if dims.in_channels >= 512 { 512 } else { 128 };
        let outputs = dims.out_channels.div_ceil(16);
        let by_outputs = outputs >= threads && dims.tiles(tile) < 24 * dims.out_channels;
        let most = 16 * if by_outputs { outputs.div_ceil(threads) } else { outputs };
        let words = block / pack;
        WeightGradBlocking {
            block,
            by_outputs,
            planes: [words * panels(dims.in_channels) * PANEL + GAP, words * most + GAP],
            sums: tile.points() * panels(dims.in_channels) * most * PANEL,
        }
    }

    /// Words of a thread's buffers for inputs, gradients and accumulators.
    pub fn scratch(&self, tile: TileSize) -> [usize; 3] {
        [tile.points() * self.planes[0], tile.points() * self.planes[1], self.sums]
    }
}
