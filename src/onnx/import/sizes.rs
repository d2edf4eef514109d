//! The arithmetic with sizes that exporters write ahead of a reshape.

use super::attributes::Node;
use super::builder::{Builder, Known};
use super::constant::{Constant, Data};
use super::{Fault, Result};

/// The most sizes that are kept track of.
const MOST: usize = 64;

/// One size of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// The number of examples.
    Batch,
    Fixed(i64),
}

impl Builder<'_> {
    /// An operand as sizes.
    pub(super) fn sizes(known: Known) -> Result<Vec<Size>> {
        match known {
            Known::Sizes(sizes) => Ok(sizes),
            Known::Constant(Constant { data: Data::Integers(values), .. }) if values.len() <= MOST => {
                Ok(values.into_iter().map(Size::Fixed).collect())
            }
            _ => Err(Fault::Unsupported("of sizes that are computed".into())),
        }
    }
}

/// The sizes of a value, the batch first.
pub(super) fn shape<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let line = builder.value(node, 0)?;
    let dims = builder.lines[line].shape.dims().iter();
    let sizes: Vec<Size> = std::iter::once(Size::Batch)
        .chain(dims.map(|&d| Size::Fixed(i64::try_from(d).unwrap_or(i64::MAX))))
        .collect();
    let count = sizes.len() as i64;
    let at = |i: i64| if i < 0 { i.saturating_add(count) } else { i }.clamp(0, count) as usize;
    let (start, end) = (at(node.int("start", 0)?), at(node.int("end", i64::MAX)?));
    Ok(Known::Sizes(sizes.get(start..end).unwrap_or_default().to_vec()))
}

/// Some of the sizes.
pub(super) fn gather<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let Some(Known::Sizes(sizes)) = builder.known(node, 0)? else {
        return Err(Fault::Unsupported(String::new()));
    };
    if node.int("axis", 0)? != 0 {
        return Err(Fault::Malformed("sizes have one axis".into()));
    }
    let indices = builder.constant(node, 1)?.ok_or(Fault::Known)?;
    let count = sizes.len() as i64;
    let pick =
        |&i: &i64| sizes.get(usize::try_from(if i < 0 { i.saturating_add(count) } else { i }).ok()?).copied();
    let picked: Option<Vec<Size>> = indices.integers()?.iter().take(MOST).map(pick).collect();
    picked.map(Known::Sizes).ok_or_else(|| Fault::Malformed("a size that is not there".into()))
}

/// A range of the sizes.
pub(super) fn slice<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let Some(Known::Sizes(sizes)) = builder.known(node, 0)? else {
        return Err(Fault::Unsupported(String::new()));
    };
    let bound = |i: usize| -> Result<i64> {
        let constant =
            builder.constant(node, i)?.ok_or_else(|| Fault::Unsupported("without bounds".into()))?;
        constant.integers()?.first().copied().ok_or_else(|| Fault::Malformed("a bound is missing".into()))
    };
    if node.input(4).is_some() && bound(4)? != 1 {
        return Err(Fault::Unsupported("with steps".into()));
    }
    let count = sizes.len() as i64;
    let at = |i: i64| if i < 0 { i.saturating_add(count) } else { i }.clamp(0, count) as usize;
    let (start, end) = (at(bound(1)?), at(bound(2)?));
    Ok(Known::Sizes(sizes.get(start..end).unwrap_or_default().to_vec()))
}

/// Sizes one after another; `None` if the operands are values.
pub(super) fn concat<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Option<Known>> {
    let mut all = Vec::new();
    let mut some = false;
    for i in 0..node.proto.input.len().min(MOST) {
        match builder.known(node, i)? {
            Some(Known::Value(_)) | None => return Ok(None),
            Some(known) => {
                some |= matches!(known, Known::Sizes(_));
                all.extend(Builder::sizes(known)?);
            }
        }
    }
    Ok((some && all.len() <= MOST).then_some(Known::Sizes(all)))
}
