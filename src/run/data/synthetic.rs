//! A generated set of ten shapes and textures, so that a first training needs no download.
//!
//! Each image is one figure under a random position, size, rotation and pair of colours, on a
//! shaded ground with clutter and noise. Classes differ neither in colour nor in place, and several
//! (disc and triangle, fine stripes and coarse ones) only in detail of a few pixels.

use rand::SeedableRng;
use rand::rand_core::Rng;
use rand_chacha::ChaCha8Rng;

use super::dataset::{Dataset, Split};
use super::figure::{Figure, NAMES, Point, disc, inside};
use super::normalisation::Normalisation;

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// Separates the random streams of the two splits.
const TEST_STREAM: u64 = 1 << 32;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The same seed gives the same images, on every machine.
    pub seed: u64,
    /// Training images; the first n of a larger set are the set of n.
    pub train: usize,
    /// Test images.
    pub test: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { seed: 0, train: 10_000, test: 2_000 }
    }
}

/// Draws the whole set; about a second for the default one. Labels go round: image `i` is of class
/// `i % 10`.
pub fn generate(options: &Options) -> Dataset {
    let train = split(options.seed, 0, options.train);
    Dataset {
        path: None,
        name: "synthetic".to_owned(),
        image: [3, SIDE, SIDE],
        classes: NAMES.map(str::to_owned).to_vec(),
        test: split(options.seed, TEST_STREAM, options.test),
        normalisation: Normalisation::of(&train.images, 3, PLANE),
        note: None,
        train,
    }
}

/// Images of noise in any size, for measurements.
pub fn noise(image: [usize; 3], classes: usize, counts: [usize; 2]) -> Dataset {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let [train, test] = counts.map(|count| {
        let mut images = vec![0; count * image.iter().product::<usize>()];
        rng.fill_bytes(&mut images);
        Split { images, labels: (0..count).map(|i| (i % classes.max(1)) as u16).collect() }
    });
    Dataset {
        path: None,
        name: "noise".to_owned(),
        image,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        normalisation: Normalisation::of(&train.images, image[0], image[1] * image[2]),
        note: None,
        train,
        test,
    }
}

fn split(seed: u64, stream: u64, count: usize) -> Split {
    let labels: Vec<u16> = (0..NAMES.len() as u16).cycle().take(count).collect();
    let mut images = vec![0; count * 3 * PLANE];
    for (index, image) in images.chunks_exact_mut(3 * PLANE).enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream + index as u64);
        Scene::random(labels[index] as u8, &mut Draws(rng)).paint(image);
    }
    Split { images, labels }
}

/// Random numbers derived only from the generator's words, whose order never changes between
/// versions.
struct Draws(ChaCha8Rng);

impl Draws {
    fn uniform(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32;
        low + (high - low) * unit
    }

    /// A direction, by rejection: sines differ in their last bit between machines.
    fn direction(&mut self) -> Point {
        loop {
            let p = [self.uniform(-1.0, 1.0), self.uniform(-1.0, 1.0)];
            let square = p[0] * p[0] + p[1] * p[1];
            if (0.01..=1.0).contains(&square) {
                return p.map(|x| x / square.sqrt());
            }
        }
    }

    fn colour(&mut self) -> [f32; 3] {
        [(); 3].map(|()| self.uniform(0.0, 255.0))
    }

    /// A colour that stands out against `other`.
    fn contrast(&mut self, other: [f32; 3]) -> [f32; 3] {
        loop {
            let colour = self.colour();
            let difference: f32 = (0..3).map(|c| (colour[c] - other[c]).abs()).sum();
            if difference > 170.0 {
                return colour;
            }
        }
    }
}

/// A small disc that is not part of the figure.
struct Clutter {
    centre: Point,
    radius: f32,
    colour: [f32; 3],
}

/// The parameters of one image.
struct Scene {
    figure: Figure,
    centre: Point,
    axis: Point,
    phase: Point,
    colour: [f32; 3],
    ground: [f32; 3],
    /// The ground's change per pixel along `slope_axis`.
    slope: f32,
    slope_axis: Point,
    clutter: [Clutter; 3],
    noise: f32,
    rng: ChaCha8Rng,
}

impl Scene {
    fn random(class: u8, draws: &mut Draws) -> Scene {
        let side = SIDE as f32;
        let size = draws.uniform(6.5, 13.0);
        let margin = 0.8 * size;
        let period = match class {
            6 => draws.uniform(2.8, 3.8),
            7 => draws.uniform(5.0, 7.5),
            _ => draws.uniform(4.5, 7.0),
        };
        let ground = draws.colour();
        Scene {
            figure: Figure { class, size, period },
            centre: [(); 2].map(|()| draws.uniform(margin, side - margin)),
            axis: draws.direction(),
            phase: [(); 2].map(|()| draws.uniform(0.0, period)),
            colour: draws.contrast(ground),
            ground,
            slope: draws.uniform(0.0, 2.5),
            slope_axis: draws.direction(),
            clutter: [(); 3].map(|()| Clutter {
                centre: [(); 2].map(|()| draws.uniform(0.0, side)),
                radius: draws.uniform(0.8, 2.4),
                colour: draws.colour(),
            }),
            noise: draws.uniform(6.0, 24.0),
            rng: draws.0.clone(),
        }
    }

    /// Fills `image`, `[3, 32, 32]`.
    fn paint(mut self, image: &mut [u8]) {
        for pixel in 0..PLANE {
            let at = [(pixel % SIDE) as f32 + 0.5, (pixel / SIDE) as f32 + 0.5];
            let colour = self.colour_at(at);
            let noise = self.rng.next_u64().to_le_bytes();
            for (channel, value) in colour.into_iter().enumerate() {
                // The sum of two bytes, scaled to mean 0 and deviation 1.
                let sum = f32::from(noise[2 * channel]) + f32::from(noise[2 * channel + 1]);
                let deviation = (sum - 255.0) / 104.5;
                image[channel * PLANE + pixel] = (value + self.noise * deviation + 0.5) as u8;
            }
        }
    }

    fn colour_at(&self, at: Point) -> [f32; 3] {
        let middle = SIDE as f32 / 2.0;
        let shade = self.slope
            * (self.slope_axis[0] * (at[0] - middle) + self.slope_axis[1] * (at[1] - middle));
        let mut colour = self.ground.map(|value| value + shade);
        for spot in &self.clutter {
            let p = [at[0] - spot.centre[0], at[1] - spot.centre[1]];
            blend(&mut colour, spot.colour, inside(disc(p, spot.radius)));
        }
        let p = [at[0] - self.centre[0], at[1] - self.centre[1]];
        if disc(p, self.figure.size) < 1.0 {
            blend(&mut colour, self.colour, self.coverage(p));
        }
        colour
    }

    /// How much of the pixel at `p`, relative to the centre, the rotated figure covers.
    fn coverage(&self, p: Point) -> f32 {
        let [cos, sin] = self.axis;
        let turned = [cos * p[0] + sin * p[1], cos * p[1] - sin * p[0]];
        self.figure.coverage(turned, self.phase)
    }
}

fn blend(colour: &mut [f32; 3], over: [f32; 3], coverage: f32) {
    for (value, over) in colour.iter_mut().zip(over) {
        *value += coverage * (over - *value);
    }
}
