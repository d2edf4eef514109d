//! Products of transformed inputs and weights: sums over words, for a panel of columns.

use super::super::simd::Simd;
use super::dims::PANEL;
use super::dot::Dot;

/// Rows at equal distances, in words or numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<P> {
    pub at: P,
    pub distance: usize,
}

/// Rows times a panel: `c[i][j] = sum over k of a[i][k] * b[k][j]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowsByPanel {
    /// Words that are summed over.
    pub depth: usize,
    /// How many rows there are.
    pub rows: usize,
    /// Rows of words.
    pub a: Rows<*const u32>,
    /// A panel for each word.
    pub b: *const u32,
    /// Rows of a panel of numbers.
    pub c: Rows<*mut f32>,
}

/// 16 columns times a panel: `c[i][j] = sum over k of a[k][i] * b[k][j]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnsByPanel {
    /// Words that are summed over.
    pub depth: usize,
    /// 16 words for each.
    pub a: *const u32,
    /// A panel for each word.
    pub b: *const u32,
    /// 16 rows of a panel of numbers.
    pub c: *mut f32,
    /// Whether the sums are added to what is there.
    pub more: bool,
    /// A factor for each row and one for each column of a sum, if there are any.
    pub scales: Option<[*const f32; 2]>,
}

/// The products of a kind of operands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Products {
    /// # Safety
    /// The processor has the instructions; everything has these sizes.
    pub rows: unsafe fn(RowsByPanel),
    /// # Safety
    /// As for `rows`.
    pub columns: unsafe fn(ColumnsByPanel),
}

impl Products {
    pub(super) const fn by<D: Dot>() -> Products {
        Products { rows: rows_by_panel::<D>, columns: columns_by_panel::<D> }
    }
}

/// Columns that a register tile has.
pub(super) const fn width<D: Dot>() -> usize {
    2 * D::S::LANES
}

/// Calls a function by the number of rows, at most 8.
macro_rules! by_rows {
    ($count:expr, $function:ident::<$($type:tt),*>($($argument:expr),*)) => {
        by_rows!(in $count, $function, [$($type),*], ($($argument),*))
    };
    (in $count:expr, $function:ident, $types:tt, $arguments:tt) => {
        match $count {
            0 => {}
            1 => by_rows!(call $function, $types, 1, $arguments),
            2 => by_rows!(call $function, $types, 2, $arguments),
            3 => by_rows!(call $function, $types, 3, $arguments),
            4 => by_rows!(call $function, $types, 4, $arguments),
            5 => by_rows!(call $function, $types, 5, $arguments),
            6 => by_rows!(call $function, $types, 6, $arguments),
            7 => by_rows!(call $function, $types, 7, $arguments),
            _ => by_rows!(call $function, $types, 8, $arguments),
        }
    };
    (call $function:ident, [$($type:tt),*], $rows:literal, ($($argument:expr),*)) => {
        $function::<$($type),*, $rows>($($argument),*)
    };
}

pub(super) use by_rows;

unsafe fn rows_by_panel<D: Dot>(all: RowsByPanel) {
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        D::run(
            #[inline(always)]
            move || all_rows::<D>(all),
        );
    }
}

#[inline(always)]
unsafe fn all_rows<D: Dot>(all: RowsByPanel) {
    for column in (0..PANEL).step_by(width::<D>()) {
        for row in (0..all.rows).step_by(D::ROWS) {
            // SAFETY: the caller vouches for the sizes and the instructions.
            unsafe {
                let at = RowsByPanel {
                    a: Rows { at: all.a.at.add(row * all.a.distance), ..all.a },
                    b: all.b.add(column),
                    c: Rows { at: all.c.at.add(row * all.c.distance + column), ..all.c },
                    ..all
                };
                by_rows!(D::ROWS.min(all.rows - row), rows_tile::<D>(at));
            }
        }
    }
}

#[inline(always)]
unsafe fn rows_tile<D: Dot, const ROWS: usize>(all: RowsByPanel) {
    let RowsByPanel { depth, a, b, c, .. } = all;
    let lanes = D::S::LANES;
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        for (i, sums) in row_sums::<D, 2, ROWS>(depth, a, b).iter().enumerate() {
            let to = c.at.add(i * c.distance);
            D::S::store(to, lanes, D::real(sums[0]));
            D::S::store(to.add(lanes), lanes, D::real(sums[1]));
        }
    }
}

/// The sums of some rows and vectors of a panel.
///
/// # Safety
/// As for [`Products::rows`].
#[inline(always)]
pub(super) unsafe fn row_sums<D: Dot, const WIDTH: usize, const ROWS: usize>(
    depth: usize,
    a: Rows<*const u32>,
    b: *const u32,
) -> [[D::Sums; WIDTH]; ROWS] {
    // SAFETY: as for the function.
    unsafe {
        let mut sums = [[D::zero(); WIDTH]; ROWS];
        for k in 0..depth {
            let right: [_; WIDTH] =
                std::array::from_fn(|j| D::load(b.add(k * PANEL + j * D::S::LANES)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = D::same(a.at.add(i * a.distance + k));
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = D::add(*sum, left, right);
                }
            }
        }
        sums
    }
}

unsafe fn columns_by_panel<D: Dot>(all: ColumnsByPanel) {
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        D::run(
            #[inline(always)]
            move || all_columns::<D>(all),
        );
    }
}

#[inline(always)]
unsafe fn all_columns<D: Dot>(all: ColumnsByPanel) {
    for column in (0..PANEL).step_by(width::<D>()) {
        for row in (0..16).step_by(D::ROWS) {
            // SAFETY: the caller vouches for the sizes and the instructions.
            unsafe {
                let at = ColumnsByPanel {
                    a: all.a.add(row),
                    b: all.b.add(column),
                    c: all.c.add(row * PANEL + column),
                    scales: all.scales.map(|[rows, columns]| [rows.add(row), columns.add(column)]),
                    ..all
                };
                by_rows!(D::ROWS.min(16 - row), columns_tile::<D>(at));
            }
        }
    }
}

#[inline(always)]
unsafe fn columns_tile<D: Dot, const ROWS: usize>(all: ColumnsByPanel) {
    let ColumnsByPanel { depth, a, b, c, more, scales } = all;
    let lanes = D::S::LANES;
    // SAFETY: the caller vouches for the sizes and the instructions.
    unsafe {
        let mut sums = [[D::zero(); 2]; ROWS];
        for k in 0..depth {
            let right = [D::load(b.add(k * PANEL)), D::load(b.add(k * PANEL + lanes))];
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = D::same(a.add(k * 16 + i));
                sums[0] = D::add(sums[0], left, right[0]);
                sums[1] = D::add(sums[1], left, right[1]);
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, sums) in sums.iter().enumerate() {
                let to = c.add(i * PANEL + j * lanes);
                let mut real = D::real(*sums);
                if let Some([rows, columns]) = scales {
                    let column = D::S::load(columns.add(j * lanes), lanes);
                    real = D::S::mul(real, D::S::mul(D::S::splat(*rows.add(i)), column));
                }
                if more {
                    real = D::S::add(real, D::S::load(to, lanes));
                }
                D::S::store(to, lanes, real);
            }
        }
    }
}
