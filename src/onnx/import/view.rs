//! Strided views of the model's tensors, for constants that are moved but not computed.

use super::constant::{Constant, Data, count};
use super::error::{Fault, Result};

/// Where the values of a tensor are in another, contiguous one.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub dims: Vec<u64>,
    strides: Vec<usize>,
}

impl View {
    /// All of a constant as it is.
    pub fn of(constant: &Constant) -> View {
        let mut strides = vec![1; constant.dims.len()];
        for i in (1..strides.len()).rev() {
            strides[i - 1] = strides[i] * constant.dims[i] as usize;
        }
        View { dims: constant.dims.clone(), strides }
    }

    /// Permutes its dimensions.
    pub fn permuted(&self, order: &[usize]) -> View {
        let dims = order.iter().map(|&i| self.dims[i]).collect();
        View { dims, strides: order.iter().map(|&i| self.strides[i]).collect() }
    }

    /// Broadcasts along dimensions of size 1 and along new ones in front.
    pub fn broadcast(&self, dims: &[u64]) -> Result<View> {
        let new =
            dims.len().checked_sub(self.dims.len()).ok_or_else(|| misfit(&self.dims, dims))?;
        let mut strides = vec![0; new];
        for (i, &d) in self.dims.iter().enumerate() {
            strides.push(match d == dims[new + i] {
                true => self.strides[i],
                false if d == 1 => 0,
                false => return Err(misfit(&self.dims, dims)),
            });
        }
        Ok(View { dims: dims.to_vec(), strides })
    }

    /// The position of each value, in the order of the view.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let count = self.dims.iter().product::<u64>();
        let mut index = vec![0; self.dims.len()];
        let mut place = 0;
        (0..count).map(move |_| {
            let here = place;
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                place += self.strides[axis];
                if index[axis] < self.dims[axis] {
                    break;
                }
                place -= self.strides[axis] * index[axis] as usize;
                index[axis] = 0;
            }
            here
        })
    }

    /// The values of the view's constant, in the order of the view.
    pub fn read(&self, constant: &Constant) -> Constant {
        Constant { dims: self.dims.clone(), data: constant.data.at(self.places()) }
    }
}

/// The common shape that two shapes broadcast to.
pub(super) fn common(a: &[u64], b: &[u64]) -> Result<Vec<u64>> {
    let rank = a.len().max(b.len());
    let size = |dims: &[u64], i: usize| (i + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
    let dims: Option<Vec<u64>> = (0..rank)
        .map(|i| match (size(a, i), size(b, i)) {
            (x, y) if x == y || y == 1 => Some(x),
            (1, y) => Some(y),
            _ => None,
        })
        .collect();
    dims.ok_or_else(|| misfit(a, b))
}

/// Selected indices of an axis, in this order.
pub(super) fn select(constant: &Constant, axis: usize, indices: &[usize]) -> Constant {
    let after: usize = constant.dims[axis + 1..].iter().product::<u64>() as usize;
    let size = constant.dims[axis] as usize;
    let before = constant.dims[..axis].iter().product::<u64>() as usize;
    let rows = (0..before).flat_map(|row| indices.iter().map(move |&i| (row * size + i) * after));
    let mut dims = constant.dims.clone();
    dims[axis] = indices.len() as u64;
    Constant { dims, data: constant.data.at(rows.flat_map(|start| start..start + after)) }
}

/// Concatenates tensors of one type along an axis.
pub(super) fn joined(parts: &[Constant], axis: usize) -> Result<Constant> {
    let [first, ..] = parts else { return Err(Fault::Malformed("a concat of nothing".into())) };
    let alike = |part: &Constant| {
        let sizes = part.dims.iter().zip(&first.dims).enumerate();
        part.dims.len() == first.dims.len()
            && sizes.fold(true, |all, (i, (a, b))| all && (i == axis || a == b))
    };
    if axis >= first.dims.len() || !parts.iter().all(alike) {
        return Err(Fault::Malformed("a concat of tensors that do not fit".into()));
    }
    let mut dims = first.dims.clone();
    dims[axis] = parts.iter().map(|part| part.dims[axis]).fold(0, u64::saturating_add);
    count(&dims)?;
    let before = dims[..axis].iter().product::<u64>() as usize;
    let mut data = first.data.empty();
    for row in 0..before {
        for part in parts {
            let length = part.len() / before;
            let same = match (&mut data, &part.data) {
                (Data::Floats(all), Data::Floats(more)) => {
                    all.extend(&more[row * length..(row + 1) * length]);
                    true
                }
                (Data::Integers(kind, all), Data::Integers(other, more)) if kind == other => {
                    all.extend(&more[row * length..(row + 1) * length]);
                    true
                }
                _ => false,
            };
            if !same {
                return Err(Fault::Malformed("a concat of tensors of several kinds".into()));
            }
        }
    }
    Ok(Constant { dims, data })
}

fn misfit(a: &[u64], b: &[u64]) -> Fault {
    Fault::Malformed(format!("tensors of sizes {a:?} and {b:?} do not fit"))
}
