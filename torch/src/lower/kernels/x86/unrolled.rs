//! Loops that must not remain loops: their vectors are to stay in registers, which have no index.

/// Repeats the body for the numbers below a constant, which is at most 9, or `of 13` at most 13.
macro_rules! unrolled {
    ($number:ident < $count:expr, $body:expr) => {{
        const { assert!($count <= 9) };
        unrolled!($number, $count, $body; 0 1 2 3 4 5 6 7 8);
    }};
    (of 13, $number:ident < $count:expr, $body:expr) => {{
        const { assert!($count <= 13) };
        unrolled!($number, $count, $body; 0 1 2 3 4 5 6 7 8 9 10 11 12);
    }};
    ($number:ident, $count:expr, $body:expr; $($value:literal)*) => {
        $(if $value < $count {
            let $number: usize = $value;
            $body;
        })*
    };
}

pub(super) use unrolled;
