//! Products and quotients that are 128 bits wide in the middle.
//!
//! The Solana VM has no 128-bit division; the compiler's routine costs about 1,200 compute units a call. Here a
//! 128-bit product is divided by 64 bits with 64-bit instructions (Knuth, The Art of Computer Programming, vol. 2,
//! 4.3.1, algorithm D with 32-bit digits). A property test proves it equal to `u128` arithmetic.

/// `a * b / c`, rounded down, and the remainder; none when `c` is zero or the quotient needs more than 64 bits.
#[inline(always)]
pub const fn mul_div_rem(a: u64, b: u64, c: u64) -> Option<(u64, u64)> {
    if c == 0 {
        return None;
    }
    if let Some(product) = a.checked_mul(b) {
        return Some((product / c, product % c));
    }
    mul_div_wide(a, b, c)
}

/// As [`mul_div_rem`] where the product is wide.
#[cold]
#[inline(never)]
const fn mul_div_wide(a: u64, b: u64, c: u64) -> Option<(u64, u64)> {
    let (high, low) = widening_mul(a, b);
    if high >= c { None } else { Some(div_wide(high, low, c)) }
}

/// `a * b / c`, rounded down; none when `c` is zero or the quotient needs more than 64 bits.
pub const fn mul_div(a: u64, b: u64, c: u64) -> Option<u64> {
    match mul_div_rem(a, b, c) {
        Some((quotient, _)) => Some(quotient),
        None => None,
    }
}

/// `a * b / c`, rounded up; none when `c` is zero or the quotient needs more than 64 bits.
pub const fn mul_div_up(a: u64, b: u64, c: u64) -> Option<u64> {
    match mul_div_rem(a, b, c) {
        Some((quotient, 0)) => Some(quotient),
        Some((quotient, _)) => quotient.checked_add(1),
        None => None,
    }
}

/// `(high, low)` words of `a * b`.
pub(crate) const fn widening_mul(a: u64, b: u64) -> (u64, u64) {
    const MASK: u64 = u32::MAX as u64;
    let (a1, a0) = (a >> 32, a & MASK);
    let (b1, b0) = (b >> 32, b & MASK);
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 32);
    let middle_low = a0 * b1 + (middle & MASK);
    let high = a1 * b1 + (middle >> 32) + (middle_low >> 32);
    (high, (middle_low << 32) | (low & MASK))
}

/// Quotient and remainder of the two-word number by `divisor`, which must be above `high`.
const fn div_wide(high: u64, low: u64, divisor: u64) -> (u64, u64) {
    const BASE: u64 = 1 << 32;
    const MASK: u64 = BASE - 1;
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    let (d1, d0) = (divisor >> 32, divisor & MASK);
    let high = if shift == 0 { high } else { (high << shift) | (low >> (64 - shift)) };
    let low = low << shift;

    let mut quotient = 0;
    let mut rest = high;
    let mut digit = 0;
    while digit < 2 {
        let next = if digit == 0 { low >> 32 } else { low & MASK };
        let mut guess = rest / d1;
        let mut left = rest % d1;
        while guess >= BASE || guess * d0 > ((left << 32) | next) {
            guess -= 1;
            left += d1;
            if left >= BASE {
                break;
            }
        }
        // exact modulo 2^64: the true value is below the divisor
        rest = (rest << 32 | next).wrapping_sub(guess.wrapping_mul(divisor));
        quotient = quotient << 32 | guess;
        digit += 1;
    }
    (quotient, rest >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            (any::<u64>(), 0u32..64).prop_map(|(x, s)| x >> s),
            prop::sample::select(vec![
                0,
                1,
                2,
                u64::MAX,
                u64::MAX - 1,
                1 << 32,
                (1 << 32) - 1,
                1 << 63,
                i64::MAX as u64
            ]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50_000))]
        #[test]
        fn equals_the_128_bit_division(a in words(), b in words(), c in words()) {
            let product = u128::from(a) * u128::from(b);
            let expected = product.checked_div(u128::from(c)).and_then(|q| u64::try_from(q).ok());
            prop_assert_eq!(mul_div(a, b, c), expected);
            if let Some((_, rest)) = mul_div_rem(a, b, c) {
                prop_assert_eq!(u128::from(rest), product % u128::from(c));
            }
            if c != 0 {
                prop_assert_eq!(mul_div_up(a, b, c), u64::try_from(product.div_ceil(u128::from(c))).ok());
            }
        }
    }
}
