use super::pool::{Scratch, Shared, taken, threads};

/// Lanes that are summed up together.
const LANES: usize = 16;

/// Sums over an output's pixels, made by the convolution or pool that computes it, before they are
/// rounded to bf16: for each block of it a pivot of each channel, the sums of what the pixels differ
/// by from it, and those of the squares.
#[derive(Debug, Default)]
pub(super) struct OutputSums {
    channels: usize,
    /// Pixels of each block.
    counts: Vec<usize>,
    /// Three rows for each block.
    numbers: Scratch,
}

/// Where they go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks {
    counts: Shared<usize>,
    numbers: Shared<f32>,
    /// Numbers from one row to the next: room for whole panels.
    width: usize,
}

impl Blocks {
    /// The rows of a block of so many pixels.
    ///
    /// # Safety
    /// There is such a block, and no other thread has it.
    pub(super) unsafe fn block(self, block: usize, pixels: usize) -> [*mut f32; 3] {
        // SAFETY: the caller vouches for the block.
        unsafe {
            *self.counts.at(block) = pixels;
            [0, 1, 2].map(|row| self.numbers.at((3 * block + row) * self.width))
        }
    }
}

impl OutputSums {
    /// Numbers for so many blocks and channels.
    pub(super) fn renew(&mut self, blocks: usize, channels: usize) -> Blocks {
        let width = width(channels);
        self.channels = channels;
        self.counts.clear();
        self.counts.resize(blocks, 0);
        let numbers = self.numbers.words(3 * blocks * width).cast();
        Blocks { counts: Shared::of(&mut self.counts), numbers, width }
    }

    /// All pixels.
    pub(super) fn pixels(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The first block's pivot of each channel, the sum of what all pixels differ by from it, and
    /// that of the squares. They are summed in the order of the blocks.
    pub(super) fn totals(&mut self) -> Vec<[f64; 3]> {
        let width = width(self.channels);
        let numbers: Shared<f32> = self.numbers.words(0).cast();
        let mut totals = vec![[0.0; 3]; width];
        let to = Shared::of(&mut totals);
        taken(threads(), width / LANES, |_, part| {
            let mut sums = [[0.0f64; 2]; LANES];
            for (block, count) in self.counts.iter().enumerate() {
                let count = *count as f64;
                for (lane, [sum, squares]) in sums.iter_mut().enumerate() {
                    let channel = part * LANES + lane;
                    let at = |block: usize, row: usize| {
                        // SAFETY: there are three rows for each block.
                        f64::from(unsafe { *numbers.at((3 * block + row) * width + channel) })
                    };
                    let [from, of, of_squares] = [0, 1, 2].map(|row| at(block, row));
                    let further = from - at(0, 0);
                    *sum += of + count * further;
                    *squares += of_squares + further * (2.0 * of + count * further);
                }
            }
            for (lane, [sum, squares]) in sums.into_iter().enumerate() {
                let channel = part * LANES + lane;
                // SAFETY: each call has its own channels, and there is a block.
                unsafe { *to.at(channel) = [f64::from(*numbers.at(channel)), sum, squares] };
            }
        });
        totals.truncate(self.channels);
        totals
    }
}

fn width(channels: usize) -> usize {
    channels.next_multiple_of(netc::lower::winograd::PANEL)
}
