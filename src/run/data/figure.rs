//! The ten figures of the generated set, as signed distances: negative inside, in pixels.
//! Only operations that IEEE 754 rounds exactly are used, so every machine draws the same.

/// A point relative to a figure's centre, in pixels.
pub(super) type Point = [f32; 2];

/// The classes in the order of their labels.
pub(super) const NAMES: [&str; 10] = [
    "disc",
    "ring",
    "square",
    "triangle",
    "cross",
    "star",
    "fine stripes",
    "coarse stripes",
    "checker",
    "dots",
];

/// One figure of a given class and size. A texture fills a disc of radius `size`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figure {
    /// An index into [`NAMES`].
    pub class: u8,
    /// Distance from the centre to the outermost point.
    pub size: f32,
    /// A texture's period.
    pub period: f32,
}

impl Figure {
    /// How much of the pixel at `p` the figure covers, 0 to 1. A texture is shifted by `phase` in
    /// its disc.
    pub fn coverage(&self, p: Point, phase: Point) -> f32 {
        let t = [p[0] + phase[0], p[1] + phase[1]];
        let r = self.size;
        match self.class {
            0 => inside(disc(p, r)),
            1 => inside((disc(p, 0.78 * r)).abs() - 0.22 * r),
            2 => inside(rectangle(p, [0.72 * r, 0.72 * r])),
            3 => inside(triangle(p, 0.5 * r)),
            4 => inside(rectangle(p, [r, 0.3 * r]).min(rectangle(p, [0.3 * r, r]))),
            5 => inside(star(p, r)),
            6 | 7 => inside(disc(p, r)) * self.stripe(t[0]),
            8 => {
                let (a, b) = (self.stripe(t[0]), self.stripe(t[1]));
                inside(disc(p, r)) * (a * (1.0 - b) + b * (1.0 - a))
            }
            _ => {
                let centre = t.map(|x| (x / self.period + 0.5).floor() * self.period);
                let dot = disc([t[0] - centre[0], t[1] - centre[1]], 0.3 * self.period);
                inside(disc(p, r)) * inside(dot)
            }
        }
    }

    /// Coverage by stripes across one axis, half figure and half ground.
    fn stripe(&self, x: f32) -> f32 {
        let phase = x / self.period;
        inside((((phase - phase.floor()) - 0.5).abs() - 0.25) * self.period)
    }
}

/// An edge one pixel wide.
pub(super) fn inside(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

pub(super) fn disc(p: Point, radius: f32) -> f32 {
    dot(p, p).sqrt() - radius
}

fn rectangle(p: Point, half: [f32; 2]) -> f32 {
    let q = [p[0].abs() - half[0], p[1].abs() - half[1]];
    let outside = [q[0].max(0.0), q[1].max(0.0)];
    dot(outside, outside).sqrt() + q[0].max(q[1]).min(0.0)
}

/// Equilateral, as the intersection of three half planes at `inner` from the centre.
fn triangle(p: Point, inner: f32) -> f32 {
    const HALF_SQRT_3: f32 = 0.866_025_4;
    let slanted = HALF_SQRT_3 * p[0].abs() + 0.5 * p[1];
    slanted.max(-p[1]) - inner
}

/// Five points: folded by its mirrors until one edge is left.
fn star(p: Point, radius: f32) -> f32 {
    // Normals of the mirrors at 36 and 72 degrees, and the edge's inner corner at 0.45 of the
    // radius.
    const MIRRORS: [Point; 2] = [[0.809_017, -0.587_785_24], [-0.809_017, -0.587_785_24]];
    const INNER: f32 = 0.45;
    let mut q = [p[0].abs(), p[1]];
    for mirror in MIRRORS {
        let beyond = 2.0 * dot(mirror, q).max(0.0);
        q = [q[0] - beyond * mirror[0], q[1] - beyond * mirror[1]];
    }
    q = [q[0].abs(), q[1] - radius];
    let edge = [INNER * -MIRRORS[0][1], INNER * MIRRORS[0][0] - 1.0];
    let along = (dot(q, edge) / dot(edge, edge)).clamp(0.0, radius);
    let away = [q[0] - edge[0] * along, q[1] - edge[1] * along];
    let distance = dot(away, away).sqrt();
    if q[1] * edge[0] - q[0] * edge[1] > 0.0 { distance } else { -distance }
}

fn dot(a: Point, b: Point) -> f32 {
    a[0] * b[0] + a[1] * b[1]
}
