//! Routes of wires in the grid of one group, before anything has a size.

use super::lanes::Cell;

/// The horizontal position of a corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum X {
    /// On a lane, at an offset from its middle.
    Lane(usize, f64),
    /// In the channel to the right of a lane, on this track.
    Track(usize, usize),
    /// At an item's left or right (`true`) side.
    Edge(usize, bool),
    /// At the group's left border.
    Border,
}

/// The vertical position of a corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Y {
    /// The group's upper border.
    Top,
    /// The top of an item.
    Above(usize),
    /// Where a wire enters an item from its side.
    Side(usize),
    /// Where a value enters an item that contains what reads it, from the left.
    Within(usize, usize),
    /// The bottom of an item.
    Below(usize),
    /// In the gap above a row (or below the last), on this track.
    Gap(usize, usize),
    /// The group's lower border.
    Bottom,
}

/// Where the route of a value begins: its position, and the first gap that it reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) x: X,
    pub(super) y: Y,
    pub(super) gap: usize,
}

/// The corners of a route.
pub(super) type Way = Vec<(X, Y)>;

/// A stretch of a track that a value uses, in half rows: a gap is even, a row odd.
type Stretch = (usize, std::ops::RangeInclusive<usize>);

/// The grid with the occupied tracks.
pub(super) struct Grid {
    cells: Vec<Cell>,
    pub(super) rows: usize,
    pub(super) lanes: usize,
    /// By channel and track.
    channels: Vec<Vec<Vec<Stretch>>>,
    /// By gap: the value on each track.
    gaps: Vec<Vec<usize>>,
}

impl Grid {
    pub(super) fn new(cells: &[Cell]) -> Grid {
        let rows = cells.iter().map(|c| c.row + 1).max().unwrap_or(0);
        let lanes = cells.iter().map(|c| c.lane + 1).max().unwrap_or(1);
        let (channels, gaps) = (vec![Vec::new(); lanes], vec![Vec::new(); rows + 1]);
        Grid { cells: cells.to_vec(), rows, lanes, channels, gaps }
    }

    /// How many tracks a channel has.
    pub(super) fn tracks(&self, channel: usize) -> usize {
        self.channels[channel].len()
    }

    /// How many tracks a gap has.
    pub(super) fn levels(&self, gap: usize) -> usize {
        self.gaps[gap].len()
    }

    /// Whether a lane is free of items in these rows.
    pub(super) fn free(&self, lane: usize, rows: std::ops::Range<usize>) -> bool {
        !self.cells.iter().any(|c| c.lane == lane && rows.contains(&c.row))
    }

    fn level(&mut self, gap: usize, value: usize) -> Y {
        let taken = &mut self.gaps[gap];
        let at = taken.iter().position(|&v| v == value).unwrap_or_else(|| {
            taken.push(value);
            taken.len() - 1
        });
        Y::Gap(gap, at)
    }

    /// A track of a channel for a value, from one half row to another.
    pub(super) fn track(&mut self, channel: usize, value: usize, from: usize, to: usize) -> X {
        let tracks = &mut self.channels[channel];
        let fits = |track: &Vec<Stretch>| {
            track.iter().all(|(v, taken)| *v == value || *taken.end() < from || to < *taken.start())
        };
        let at = tracks.iter().position(fits).unwrap_or_else(|| {
            tracks.push(Vec::new());
            tracks.len() - 1
        });
        tracks[at].push((value, from..=to));
        X::Track(channel, at)
    }

    /// The route to an item's top, `dx` from the middle of its lane.
    pub(super) fn way_to_top(&mut self, value: usize, start: Start, item: usize, dx: f64) -> Way {
        let Cell { row, lane } = self.cells[item];
        let (first, end) = ((start.x, start.y), (X::Lane(lane, dx), Y::Above(item)));
        let descends = match start.x {
            X::Lane(own, _) => self.free(own, start.gap..row),
            X::Track(..) => true,
            X::Edge(..) | X::Border => false,
        };
        if descends && start.x == end.0 {
            vec![first, end]
        } else if descends {
            let y = self.level(row, value);
            vec![first, (start.x, y), (end.0, y), end]
        } else if self.free(lane, start.gap..row) {
            let y = self.level(start.gap, value);
            vec![first, (start.x, y), (end.0, y), end]
        } else {
            let (y, low) = (self.level(start.gap, value), self.level(row, value));
            let track = self.track(lane, value, 2 * start.gap, 2 * row);
            vec![first, (start.x, y), (track, y), (track, low), (end.0, low), end]
        }
    }

    /// The route into an item's side.
    pub(super) fn way_to_side(&mut self, value: usize, start: Start, item: usize) -> Way {
        let Cell { row, lane } = self.cells[item];
        let (first, y) = ((start.x, start.y), Y::Side(item));
        match start.x {
            X::Lane(own, _)
                if own != lane
                    && self.free(own, start.gap..row + 1)
                    && self.clear(own, lane, row) =>
            {
                vec![first, (start.x, y), (X::Edge(item, own > lane), y)]
            }
            X::Track(own, _) if own >= lane && self.clear(own + 1, lane, row) => {
                vec![first, (start.x, y), (X::Edge(item, true), y)]
            }
            X::Lane(..) | X::Track(..) | X::Edge(..) | X::Border => {
                let level = self.level(start.gap, value);
                let track = self.track(lane, value, 2 * start.gap, 2 * row + 1);
                vec![first, (start.x, level), (track, level), (track, y), (X::Edge(item, true), y)]
            }
        }
    }

    /// The route to the lower border.
    pub(super) fn way_to_bottom(&mut self, value: usize, start: Start) -> Way {
        let first = (start.x, start.y);
        match start.x {
            X::Lane(own, _) if !self.free(own, start.gap..self.rows) => {
                let level = self.level(start.gap, value);
                let track = self.track(own, value, 2 * start.gap, 2 * self.rows);
                vec![first, (start.x, level), (track, level), (track, Y::Bottom)]
            }
            x => vec![first, (x, Y::Bottom)],
        }
    }

    /// Whether there is no item between two lanes in a row.
    fn clear(&self, a: usize, b: usize, row: usize) -> bool {
        (a.min(b) + 1..a.max(b)).all(|lane| self.free(lane, row..row + 1))
    }
}

/// A value's route in this group: from, to which item, corners.
pub(super) struct Routed {
    pub(super) value: usize,
    pub(super) to: Option<usize>,
    pub(super) shortcut: bool,
    pub(super) way: Way,
}
