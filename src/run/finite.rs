//! Numbers that JSON can hold.

use serde::ser::{Error, Serializer};

/// Writes a number, for `serialize_with`: JSON has no infinity and no NaN, and `null` in their
/// place could not be read back.
///
/// # Errors
/// A number that is not finite.
pub(crate) fn finite<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    match number.is_finite() {
        true => to.serialize_f64(*number),
        false => Err(S::Error::custom(format!("{number} cannot be written as JSON"))),
    }
}
