//! GELU by the error function, as exporters wrote it before ONNX had an op for it:
//! `x / sqrt(2)`, `Erf`, `+ 1`, times `x`, times a half, the products in any order.

use std::f64::consts::FRAC_1_SQRT_2;

use crate::graph::Op;

use super::attributes::Node;
use super::builder::Builder;
use super::constant::Constant;
use super::error::{Fault, Result};
use super::known::{Gelu, Known};

/// The relative tolerance for a factor, which fp32 rounds.
const ROUNDED: f64 = 1e-6;

/// The error function of a value divided by the square root of two.
pub(super) fn erf<'m>(builder: &Builder<'m>, node: &Node<'m>) -> Result<Known> {
    let placed = &builder.placed[builder.value(node, 0)?];
    match &placed.op {
        Op::Scale(scale) if near(scale.by, FRAC_1_SQRT_2) => {
            Ok(Known::Gelu(Gelu::Erf { x: placed.operands[0] }))
        }
        _ => Err(Fault::Unsupported("not of GELU".into())),
    }
}

/// A part plus a constant.
pub(super) fn add(part: Gelu, constant: &Constant) -> Result<Known> {
    match part {
        Gelu::Erf { x } if constant.scalar() == Some(1.0) => {
            Ok(Known::Gelu(Gelu::Gate { x, by: 1.0 }))
        }
        _ => Err(Gelu::outside()),
    }
}

/// A part times a number.
pub(super) fn scale<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    part: Gelu,
    by: f64,
) -> Result<Known> {
    match part {
        Gelu::Erf { .. } => Err(Gelu::outside()),
        Gelu::Gate { x, by: before } => Ok(Known::Gelu(Gelu::Gate { x, by: by * before })),
        Gelu::Product { x, by: before } => product(builder, node, x, by * before),
    }
}

/// A part times a value.
pub(super) fn multiply<'m>(
    builder: &mut Builder<'m>,
    node: &Node<'m>,
    part: Gelu,
    value: usize,
) -> Result<Known> {
    let Gelu::Gate { x, by } = part else { return Err(Gelu::outside()) };
    match &builder.placed[value].op {
        _ if value == x => product(builder, node, x, by),
        Op::Scale(scale) if builder.placed[value].operands == [x] => {
            let by = by * scale.by;
            product(builder, node, x, by)
        }
        _ => Err(Gelu::outside()),
    }
}

fn product<'m>(builder: &mut Builder<'m>, node: &Node<'m>, x: usize, by: f64) -> Result<Known> {
    match near(by, 0.5) {
        true => builder.op(node, "gelu", vec![], vec![x], vec![]),
        false => Ok(Known::Gelu(Gelu::Product { x, by })),
    }
}

fn near(x: f64, expected: f64) -> bool {
    (x - expected).abs() <= ROUNDED * expected
}
