use super::{Dims, Operand, TileSize};

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
/// Bytes that the accumulators of a weight gradient may take in all.
const ACCUMULATORS: usize = 16 << 20;

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

    /// Words of a thread's buffers for inputs, products and scales. Products of pixels are written
    /// at once.
    pub fn scratch(&self, tile: TileSize) -> [usize; 3] {
        let scales = if self.row > 0 { self.block * tile.points() } else { 0 };
        let rows = (tile.points() * self.row).max(self.squares);
        let products = if tile == TileSize::One { 0 } else { tile.points() * self.product_plane };
        [tile.points() * self.plane, products, scales + rows]
    }

    /// How many blocks there are.
    pub fn blocks(&self, tile: TileSize, dims: &Dims) -> usize {
        dims.tiles(tile).div_ceil(self.block)
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
        let least = match tile {
            TileSize::One | TileSize::Down | TileSize::Up => 2,
            TileSize::Two | TileSize::Four => 4,
        };
        let few = tiles < least * dims.out_channels;
        let strided = matches!(tile, TileSize::Down | TileSize::Up);
        let block = match operand {
            _ if tile == TileSize::One => 512,
            Operand::Fp32 if !few => 64,
            Operand::Bf16 if strided && !few => 64,
            Operand::Int16 if !strided && !few && fit >= 2 => 64,
            Operand::Int16 if !strided => 512,
            Operand::Fp32 | Operand::Bf16 | Operand::Int16 => 128,
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
