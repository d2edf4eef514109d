//! Loops that must not remain loops: their vectors are to stay in registers, which have no index.

/// Repeats the body for the numbers `0..9` that are below a constant.
macro_rules! unrolled {
    ($number:ident < $count:expr, $body:expr) => {{
        const { assert!($count <= 9) };
        unrolled!($number, $count, $body; 0 1 2 3 4 5 6 7 8);
    }};
    ($number:ident, $count:expr, $body:expr; $($value:literal)*) => {
        $(if $value < $count {
            let $number: usize = $value;
            $body;
        })*
    };
}

pub(super) use unrolled;
