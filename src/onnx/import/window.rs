//! Sliding windows, with padding that may differ on the two sides.
//!
//! A layer of the language pads both sides equally. The windows depend only on where the first one
//! begins and how many follow, so a layer with other padding often has the same windows, and a
//! convolution always has the same windows as one with a larger kernel whose added rows are zeros.

use crate::limits::MAX_COUNT;

use super::attributes::Node;
use super::builder::Builder;
use super::error::{Fault, Result, shown};

/// A sliding window along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WindowAxis {
    /// Pixels of the image.
    length: i64,
    /// Extent of a window in pixels, from its first to its last.
    pub reach: i64,
    stride: i64,
    pub before: i64,
    pub after: i64,
}

/// A convolution's padding on both sides, and the rows of zeros that its kernel needs for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Grown {
    pub pad: i64,
    pub front: usize,
    pub back: usize,
}

/// The maximum number of rows of zeros that are added to a kernel on one side.
const MOST_ADDED: i64 = 16;

impl WindowAxis {
    /// The number of windows. With `ceil` a last one may extend over the edge if it begins before
    /// it.
    fn count(&self, before: i64, after: i64, reach: i64, ceil: bool) -> i64 {
        let room = self.length.saturating_add(before).saturating_add(after).saturating_sub(reach);
        let stride = self.stride.max(1);
        if room < 0 {
            return 0;
        }
        let windows = room / stride + 1;
        let more =
            ceil && room % stride != 0 && windows.saturating_mul(stride) < self.length + before;
        windows + i64::from(more)
    }

    fn windows(&self, ceil: bool) -> i64 {
        self.count(self.before, self.after, self.reach, ceil)
    }

    /// Whether symmetric padding gives the same windows.
    fn is_even(&self, ceil: bool, as_ceil: bool) -> bool {
        self.windows(ceil) == self.count(self.before, self.before, self.reach, as_ceil)
    }

    /// Whether, with `ceil`, the last window covers the same with symmetric padding.
    fn ends_alike(&self) -> bool {
        let whole = self.windows(true) == self.windows(false);
        self.before == self.after || (whole && self.after < self.before && self.is_even(true, true))
    }

    /// As a convolution with symmetric padding, if its kernel may be enlarged with rows of zeros.
    pub fn grown(&self, dilation: i64) -> Option<Grown> {
        let windows = self.windows(false);
        (0..=MOST_ADDED).find_map(|added| {
            let more = added.checked_mul(dilation)?;
            let reach = self.reach.checked_add(more)?;
            let front = self.before.checked_add(more)?;
            let fits = |pad: i64| self.count(pad, pad, reach, false) == windows;
            let rows = usize::try_from(added).ok()?;
            match (fits(self.before), fits(front)) {
                (true, _) => Some(Grown { pad: self.before, front: 0, back: rows }),
                (_, true) => Some(Grown { pad: front, front: rows, back: 0 }),
                _ => None,
            }
        })
    }
}

/// The windows of a node over rows and columns. `more` is what a `Pad` before it adds above, left,
/// below and right.
pub(super) fn axes(
    builder: &Builder,
    node: &Node,
    x: usize,
    strides: [i64; 2],
    reach: [i64; 2],
    more: [i64; 4],
) -> Result<[WindowAxis; 2]> {
    let [_, h, w] =
        builder.placed[x].shape.image().ok_or_else(|| Fault::Unsupported("of a vector".into()))?;
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let lengths =
        [0, 1].map(|i| signed([h, w][i]).saturating_add(more[i]).saturating_add(more[i + 2]));
    let auto = node.text("auto_pad", "NOTSET")?;
    let stated = node.ints("pads").unwrap_or(&[0; 4]);
    let pads = match auto.as_str() {
        "NOTSET" | "" => <[i64; 4]>::try_from(stated)
            .map_err(|_| Fault::Unsupported("in other than two dimensions".into()))?,
        "VALID" => [0; 4],
        "SAME_UPPER" | "SAME_LOWER" => {
            let [h, w] = [0, 1].map(|i| same(lengths[i], strides[i], reach[i]));
            match auto.as_str() {
                "SAME_UPPER" => [h / 2, w / 2, h - h / 2, w - w / 2],
                _ => [h - h / 2, w - w / 2, h / 2, w / 2],
            }
        }
        other => {
            return Err(Fault::Malformed(format!("`auto_pad` is {}", shown(other))));
        }
    };
    if pads.iter().any(|&pad| pad < 0) {
        return Err(Fault::Unsupported(format!("that cuts off, with pads {pads:?}")));
    }
    if pads.iter().chain(&more).any(|&pad| pad > MAX_COUNT) {
        return Err(Fault::Malformed(format!("the pads {pads:?}, too large")));
    }
    Ok([0, 1].map(|i| WindowAxis {
        length: signed([h, w][i]),
        reach: reach[i],
        stride: strides[i],
        before: pads[i].saturating_add(more[i]),
        after: pads[i + 2].saturating_add(more[i + 2]),
    }))
}

/// The total padding for `SAME`, which gives ceil(length / stride) windows.
fn same(length: i64, stride: i64, reach: i64) -> i64 {
    let stride = stride.max(1);
    let windows = length.saturating_add(stride - 1) / stride;
    (windows - 1).saturating_mul(stride).saturating_add(reach).saturating_sub(length).max(0)
}

/// How a pool treats padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    /// A maximum ignores it.
    Ignored,
    /// A mean is over the pixels only.
    LeftOut,
    /// A mean counts it as zeros.
    Zeros,
}

/// The `ceil` for which a pool of the language, padded equally on both sides, has these windows;
/// where either does, the one that netc noted.
pub(super) fn even(
    axes: &[WindowAxis; 2],
    ceil: bool,
    noted: bool,
    padding: Padding,
) -> Result<bool> {
    let even = |as_ceil: bool| axes.iter().all(|axis| axis.is_even(ceil, as_ceil));
    let found = match padding {
        Padding::Ignored => [noted, !noted].into_iter().find(|&as_ceil| even(as_ceil)),
        // In netc, too, the mean excludes what extends beyond the edge, but not padding.
        Padding::LeftOut if axes.iter().any(|axis| axis.before > 0) => {
            return Err(Fault::Unsupported("that leaves padding out of the mean".into()));
        }
        Padding::LeftOut => [noted, !noted].into_iter().find(|&as_ceil| even(as_ceil)),
        // What extends beyond the edge counts only as far as it is padding.
        Padding::Zeros if ceil => axes.iter().all(WindowAxis::ends_alike).then_some(true),
        Padding::Zeros => even(false).then(|| noted && even(true)),
    };
    found.ok_or_else(|| {
        let pads = axes.map(|axis| [axis.before, axis.after]);
        Fault::Unsupported(format!("pads {pads:?}, not the same on both sides"))
    })
}
