//! How Winograd's convolutions cut up their work, and the memory that takes. Pure; the kernels
//! compute by it.
//!
//! Sizes are in words of 32 bits: one number of fp32, two of bf16.

/// Channels of a panel: what the inner product computes side by side.
pub const PANEL: usize = 32;
/// Words between planes of transformed points: at a distance of a power of two they would share
/// cache sets.
pub const GAP: usize = 16;
/// Outputs whose products are computed before they are transformed back.
pub const GROUP: usize = 2 * PANEL;

/// The tile of an algorithm, in outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileSize {
    /// 2 x 2.
    Two,
    /// 4 x 4: fewer products, and in bf16 a larger error.
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

/// A convolution's sizes, in images, pixels and channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims {
    /// Images of a batch.
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
    /// Tiles of an image, down and right.
    pub fn across(&self, tile: TileSize) -> [usize; 2] {
        [self.height.div_ceil(tile.outputs()), self.width.div_ceil(tile.outputs())]
    }

    /// How many tiles all images have.
    pub fn tiles(&self, tile: TileSize) -> usize {
        let [down, right] = self.across(tile);
        self.images * down * right
    }

    /// The same convolution from outputs to inputs.
    pub fn transposed(self) -> Dims {
        Dims { in_channels: self.out_channels, out_channels: self.in_channels, ..self }
    }
}

/// Words of so many channels, `pack` numbers in a word, rounded up to whole blocks of 16.
pub fn depth(channels: usize, pack: usize) -> usize {
    channels.next_multiple_of(16) / pack
}

/// Panels of so many channels.
pub fn panels(channels: usize) -> usize {
    channels.div_ceil(PANEL)
}

/// Words of transformed weights from `from` channels to `to`.
pub fn packed(tile: TileSize, pack: usize, from: usize, to: usize) -> usize {
    tile.points() * panels(to) * depth(from, pack) * PANEL
}

/// A convolution's blocks of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Tiles of a block: its transformed input stays in the second-level cache.
    pub block: usize,
    /// Words from one plane of transformed inputs to the next.
    pub plane: usize,
    /// Numbers from one plane of products to the next.
    pub product_plane: usize,
}

impl Forward {
    /// For so many channels of the input.
    pub fn new(tile: TileSize, pack: usize, in_channels: usize) -> Forward {
        let block = match tile {
            TileSize::Two => 96,
            TileSize::Four => 32,
        };
        let plane = block * depth(in_channels, pack) + GAP;
        Forward { block, plane, product_plane: block * GROUP + GAP }
    }

    /// Words of a thread's inputs and products.
    pub fn scratch(&self, tile: TileSize) -> [usize; 2] {
        [tile.points() * self.plane, tile.points() * self.product_plane]
    }
}

/// How the gradient by the weights is shared by threads: each sums blocks of 16 outputs over some
/// tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByWeights {
    /// Tiles of a block, a multiple of what a word holds.
    pub block: usize,
    /// Whether threads share the outputs, so that each sums fewer numbers over all tiles; otherwise
    /// the tiles.
    pub by_outputs: bool,
    /// Words from one plane of transformed inputs to the next, and of transformed gradients.
    pub planes: [usize; 2],
    /// Words of a thread's sums.
    pub sums: usize,
}

impl ByWeights {
    /// For so many threads.
    pub fn new(tile: TileSize, pack: usize, dims: &Dims, threads: usize) -> ByWeights {
        // Wide layers have large sums, which each block reads and writes once.
        let block = if dims.in_channels >= 512 { 512 } else { 128 };
        let outputs = dims.out_channels.div_ceil(16);
        let by_outputs = outputs >= threads && dims.tiles(tile) < 24 * dims.out_channels;
        let most = 16 * if by_outputs { outputs.div_ceil(threads) } else { outputs };
        let words = block / pack;
        ByWeights {
            block,
            by_outputs,
            planes: [words * panels(dims.in_channels) * PANEL + GAP, words * most + GAP],
            sums: tile.points() * panels(dims.in_channels) * most * PANEL,
        }
    }

    /// Words of a thread's inputs, gradients and sums.
    pub fn scratch(&self, tile: TileSize) -> [usize; 3] {
        [tile.points() * self.planes[0], tile.points() * self.planes[1], self.sums]
    }
}
