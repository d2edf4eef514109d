//! Writes nets by chance, those of the tests, into a folder: random_nets COUNT DIR. It needs no
//! crate: rustc alone builds it.

use std::error::Error;
use std::path::PathBuf;

#[path = "../../tests/suite/chance.rs"]
#[allow(dead_code)]
mod chance;

/// The most choices that a net takes.
const CHOICES: u64 = 160;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: u32 = arguments.next().ok_or("expected a number of nets")?.parse()?;
    let folder = PathBuf::from(arguments.next().ok_or("expected a folder")?);
    std::fs::create_dir_all(&folder)?;
    let mut generator = Generator(1);
    for i in 0..count {
        let length = 1 + generator.next() % CHOICES;
        let choices = (0..length).map(|_| (generator.next() >> 32) as u32).collect();
        let text = chance::Net::of(&mut chance::Choices::new(choices));
        std::fs::write(folder.join(format!("{i:04}.net")), text)?;
    }
    Ok(())
}
