use super::output_sums::OutputSums;
use super::pool::{Scratch, Shared};

/// Memory of the threads, kept from call to call.
#[derive(Debug, Default)]
pub struct Workspace {
    inputs: Vec<Scratch>,
    products: Vec<Scratch>,
    sums: Vec<Scratch>,
    scales: Vec<Scratch>,
    /// Those of the last convolution or pool that was asked for them.
    pub(super) output_sums: OutputSums,
}

impl Workspace {
    pub(super) fn inputs(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.inputs, threads, words)
    }

    pub(super) fn products(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.products, threads, words)
    }

    pub(super) fn sums(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.sums, threads, words)
    }

    pub(super) fn scales(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.scales, threads, words)
    }
}

fn each(scratch: &mut Vec<Scratch>, threads: usize, words: usize) -> Vec<Shared<u32>> {
    scratch.resize_with(threads.max(scratch.len()), Scratch::default);
    scratch.iter_mut().take(threads).map(|scratch| scratch.words(words)).collect()
}
