//! Random streams. Each is derived from a run's seed and its purpose, so that no stream depends on
//! how much was drawn from others.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// The generator of one stream. Its numbers never change between versions of this crate's
/// dependencies.
pub fn rng(seed: u64, purpose: &str) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(digest(seed, purpose))
}

/// A seed below 2^63 for libtorch's generator.
pub fn derive(seed: u64, purpose: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = digest(seed, purpose);
    i64::from_le_bytes([a, b, c, d, e, f, g, h & 0x7f])
}

fn digest(seed: u64, purpose: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_le_bytes()).chain_update(purpose).finalize().into()
}
