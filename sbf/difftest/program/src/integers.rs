//! Integer arithmetic of every width in all its forms.
use crate::{Function, Input, Output};

macro_rules! width {
    ($module:ident $int:ident $unsigned:ident $bits:literal) => {
        mod $module {
            use super::*;

            pub(super) fn add(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$int(), i.$int());
                o.push(a.wrapping_add(b) as u128);
                o.option(a.checked_add(b).map(|x| x as u128));
                o.push(a.saturating_add(b) as u128);
                let (x, over) = a.overflowing_add(b);
                o.push(x as u128);
                o.push(over as u128);
            }

            pub(super) fn sub(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$int(), i.$int());
                o.push(a.wrapping_sub(b) as u128);
                o.option(a.checked_sub(b).map(|x| x as u128));
                o.push(a.saturating_sub(b) as u128);
                let (x, over) = a.overflowing_sub(b);
                o.push(x as u128);
                o.push(over as u128);
                o.push(a.abs_diff(b) as u128);
                o.push(a.wrapping_neg() as u128);
            }

            pub(super) fn mul(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$int(), i.$int());
                o.push(a.wrapping_mul(b) as u128);
                o.option(a.checked_mul(b).map(|x| x as u128));
                o.push(a.saturating_mul(b) as u128);
                let (x, over) = a.overflowing_mul(b);
                o.push(x as u128);
                o.push(over as u128);
            }

            pub(super) fn div(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$int(), i.$int());
                o.option(a.checked_div(b).map(|x| x as u128));
                if b != 0 {
                    o.push(a.wrapping_div(b) as u128);
                    o.push(a.saturating_div(b) as u128);
                    let (x, over) = a.overflowing_div(b);
                    o.push(x as u128);
                    o.push(over as u128);
                    o.push(a.wrapping_div_euclid(b) as u128);
                }
                // by constants, which the optimiser treats apart
                o.push((a / 10) as u128);
                o.push((a / 7) as u128);
                o.push((a / 64) as u128);
            }

            pub(super) fn rem(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$int(), i.$int());
                o.option(a.checked_rem(b).map(|x| x as u128));
                if b != 0 {
                    o.push(a.wrapping_rem(b) as u128);
                    let (x, over) = a.overflowing_rem(b);
                    o.push(x as u128);
                    o.push(over as u128);
                    o.push(a.wrapping_rem_euclid(b) as u128);
                }
                o.push((a % 10) as u128);
                o.push((a % 7) as u128);
                o.push((a % 64) as u128);
            }

            pub(super) fn shift(i: &mut Input, o: &mut Output) {
                let (a, n) = (i.$int(), i.shift());
                o.push(a.wrapping_shl(n) as u128);
                o.push(a.wrapping_shr(n) as u128);
                o.option(a.checked_shl(n).map(|x| x as u128));
                o.option(a.checked_shr(n).map(|x| x as u128));
                let (x, over) = a.overflowing_shl(n);
                o.push(x as u128);
                o.push(over as u128);
                let (x, over) = a.overflowing_shr(n);
                o.push(x as u128);
                o.push(over as u128);
                o.push((a << (n % $bits)) as u128);
                o.push((a >> (n % $bits)) as u128);
                o.push(a.rotate_left(n % $bits) as u128);
                o.push(a.rotate_right(n % $bits) as u128);
            }

            pub(super) fn bits(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$int(), i.$int());
                o.push(u128::from(a.leading_zeros()));
                o.push(u128::from(a.trailing_zeros()));
                o.push(u128::from(a.count_ones()));
                o.push(a.swap_bytes() as u128);
                o.push(a.reverse_bits() as u128);
                o.push((a & b) as u128);
                o.push((a | b) as u128);
                o.push((a ^ b) as u128);
                o.push(!a as u128);
                o.bytes(&a.to_be_bytes());
            }

            pub(super) fn compare(i: &mut Input, o: &mut Output) {
                let a = i.$int();
                let b = if i.below(4) == 0 { a } else { i.$int() };
                o.push(u128::from(a < b));
                o.push(u128::from(a <= b));
                o.push(u128::from(a > b));
                o.push(u128::from(a >= b));
                o.push(u128::from(a == b));
                o.push(a.cmp(&b) as i8 as u128);
                o.push(a.min(b) as u128);
                o.push(a.max(b) as u128);
            }

            pub(super) fn power(i: &mut Input, o: &mut Output) {
                let (a, n) = (i.$int(), i.below(12) as u32);
                o.push(a.wrapping_pow(n) as u128);
                o.option(a.checked_pow(n).map(|x| x as u128));
                o.push(a.saturating_pow(n) as u128);
                o.push((a as $unsigned).isqrt() as u128);
                o.push((a as $unsigned).checked_ilog10().unwrap_or(99) as u128);
            }

            pub(super) fn resize(i: &mut Input, o: &mut Output) {
                let a = i.$int();
                o.push(a as u8 as u128);
                o.push(a as i8 as u128);
                o.push(a as u16 as u128);
                o.push(a as i16 as u128);
                o.push(a as u32 as u128);
                o.push(a as i32 as u128);
                o.push(a as u64 as u128);
                o.push(a as i64 as u128);
                o.push(a as i128 as u128);
                o.option(u64::try_from(a).ok().map(u128::from));
                o.option(i32::try_from(a).ok().map(|x| x as u128));
            }
        }
    };
}

width!(w_u8 u8 u8 8);
width!(w_u16 u16 u16 16);
width!(w_u32 u32 u32 32);
width!(w_u64 u64 u64 64);
width!(w_u128 u128 u128 128);
width!(w_i8 i8 u8 8);
width!(w_i16 i16 u16 16);
width!(w_i32 i32 u32 32);
width!(w_i64 i64 u64 64);
width!(w_i128 i128 u128 128);

macro_rules! signed {
    ($($name:ident $int:ident),*) => {$(
        fn $name(i: &mut Input, o: &mut Output) {
            let (a, b) = (i.$int(), i.$int());
            o.option(a.checked_neg().map(|x| x as u128));
            o.option(a.checked_abs().map(|x| x as u128));
            o.push(a.unsigned_abs() as u128);
            o.push(a.saturating_neg() as u128);
            o.push(a.saturating_abs() as u128);
            o.push(a.signum() as u128);
            if b != 0 && !(a == $int::MIN && b == -1) {
                // the operators themselves, with the checks that the compiler adds
                o.push((a / b) as u128);
                o.push((a % b) as u128);
                o.push(a.div_euclid(b) as u128);
                o.push(a.rem_euclid(b) as u128);
            }
        }
    )*};
}
signed!(signed_i8 i8, signed_i16 i16, signed_i32 i32, signed_i64 i64, signed_i128 i128);

/// A price times a quantity over a divisor: what programs compute most.
fn mul_div(i: &mut Input, o: &mut Output) {
    let (a, b, c) = (i.u64(), i.u64(), i.u64());
    let product = u128::from(a) * u128::from(b);
    o.option(product.checked_div(u128::from(c)));
    o.option(product.checked_add(u128::from(c)).and_then(|x| x.checked_div(10_000)));
    o.push(product.div_ceil(u128::from(c | 1)));
}

macro_rules! table {
    ($($module:ident $int:literal),*) => {
        &[$(
            Function::new(concat!($int, "_add"), 64, $module::add),
            Function::new(concat!($int, "_sub"), 64, $module::sub),
            Function::new(concat!($int, "_mul"), 64, $module::mul),
            Function::new(concat!($int, "_div"), 64, $module::div),
            Function::new(concat!($int, "_rem"), 64, $module::rem),
            Function::new(concat!($int, "_shift"), 64, $module::shift),
            Function::new(concat!($int, "_bits"), 64, $module::bits),
            Function::new(concat!($int, "_compare"), 64, $module::compare),
            Function::new(concat!($int, "_power"), 64, $module::power),
            Function::new(concat!($int, "_resize"), 64, $module::resize),
        )*]
    };
}

pub(crate) const WIDTHS: &[Function] = table!(
    w_u8 "u8", w_u16 "u16", w_u32 "u32", w_u64 "u64", w_u128 "u128",
    w_i8 "i8", w_i16 "i16", w_i32 "i32", w_i64 "i64", w_i128 "i128"
);

pub(crate) const SIGNED: &[Function] = &[
    Function::new("i8_operators", 64, signed_i8),
    Function::new("i16_operators", 64, signed_i16),
    Function::new("i32_operators", 64, signed_i32),
    Function::new("i64_operators", 64, signed_i64),
    Function::new("i128_operators", 64, signed_i128),
    Function::new("mul_div", 64, mul_div),
];
