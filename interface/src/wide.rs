//! Sums of products that are 256 bits wide: a side of an invariant never overflows.

use crate::math::widening_mul;

/// A number of 256 bits, lowest word first.
///
/// What a side adds up to stays far below: 8 terms of a 128-bit value and a 64-bit coefficient are below 2^195, and a
/// ratio of at most 100,000 basis points adds 17 bits. So nothing is checked, and the top word never wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wide([u64; 4]);

impl Wide {
    /// Adds `value * factor`.
    pub(crate) fn add_product(&mut self, value: u128, factor: u64) {
        let (high, low) = widening_mul(value as u64, factor);
        self.add_at(0, low);
        self.add_at(1, high);
        // most values are short, and a product of words is dear
        let value = (value >> 64) as u64;
        if value > 0 {
            let (high, low) = widening_mul(value, factor);
            self.add_at(1, low);
            self.add_at(2, high);
        }
    }

    /// The product with `factor`.
    pub(crate) fn times(self, factor: u64) -> Self {
        let mut product = [0; 4];
        let mut carry = 0;
        for (word, of) in product.iter_mut().zip(self.0) {
            // most numbers are short, and a product of words is dear
            if of == 0 {
                (*word, carry) = (carry, 0);
                continue;
            }
            let (high, low) = widening_mul(of, factor);
            let (sum, over) = low.overflowing_add(carry);
            // the high word of a product is at most 2^64 - 2
            (*word, carry) = (sum, high + u64::from(over));
        }
        Self(product)
    }

    /// Adds a word at this place, and what it carries to the next.
    fn add_at(&mut self, place: usize, mut more: u64) {
        for word in &mut self.0[place..] {
            let (sum, over) = word.overflowing_add(more);
            (*word, more) = (sum, over.into());
            if more == 0 {
                return;
            }
        }
    }

    /// What is left after taking `other` away, none where it is more.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        let mut rest = [0; 4];
        let mut borrow = false;
        for (word, (from, less)) in rest.iter_mut().zip(self.0.into_iter().zip(other.0)) {
            let (difference, under) = from.overflowing_sub(less);
            let (difference, under_again) = difference.overflowing_sub(borrow.into());
            (*word, borrow) = (difference, under || under_again);
        }
        (!borrow).then_some(Self(rest))
    }

    /// The number, none where it needs more than 64 bits.
    pub(crate) fn short(self) -> Option<u64> {
        let [low, rest @ ..] = self.0;
        (rest == [0; 3]).then_some(low)
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decimal digits, lowest first: slow, and nothing like words.
    fn digits(mut value: u128) -> Vec<u32> {
        let mut digits = Vec::new();
        while value > 0 {
            digits.push((value % 10) as u32);
            value /= 10;
        }
        digits
    }

    fn carried(mut columns: Vec<u32>) -> Vec<u32> {
        let mut at = 0;
        while at < columns.len() {
            let carry = columns[at] / 10;
            columns[at] %= 10;
            at += 1;
            if carry > 0 && at == columns.len() {
                columns.push(0);
            }
            if carry > 0 {
                columns[at] += carry;
            }
        }
        while columns.last() == Some(&0) {
            columns.pop();
        }
        columns
    }

    fn product(a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut columns = vec![0; a.len() + b.len()];
        for (i, a) in a.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                columns[i + j] += a * b;
            }
        }
        carried(columns)
    }

    fn sum(a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut columns = vec![0; a.len().max(b.len())];
        for (i, column) in columns.iter_mut().enumerate() {
            *column = a.get(i).unwrap_or(&0) + b.get(i).unwrap_or(&0);
        }
        carried(columns)
    }

    fn of(wide: Wide) -> Vec<u32> {
        let word = digits(1 << 64);
        let words = wide.0.iter().rev();
        words.fold(Vec::new(), |high, low| sum(&product(&high, &word), &digits(u128::from(*low))))
    }

    fn values() -> impl Strategy<Value = u128> {
        prop_oneof![any::<u128>(), (any::<u128>(), 0u32..128).prop_map(|(x, s)| x >> s), Just(u128::MAX)]
    }

    fn factors() -> impl Strategy<Value = u64> {
        prop_oneof![any::<u64>(), 0u64..100_000, Just(u64::MAX)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn counts_as_on_paper(
            terms in prop::collection::vec((values(), factors()), 0..=8),
            ratio in 0u64..=100_000,
        ) {
            let (mut wide, mut paper) = (Wide::default(), Vec::new());
            for (value, factor) in &terms {
                wide.add_product(*value, *factor);
                paper = sum(&paper, &product(&digits(*value), &digits((*factor).into())));
            }
            prop_assert_eq!(of(wide), paper.clone());
            prop_assert_eq!(of(wide.times(ratio)), product(&paper, &digits(ratio.into())));
        }

        #[test]
        fn what_was_added_can_be_taken_away(a in values(), b in values(), f in factors(), g in factors()) {
            let [mut one, mut other, mut both] = [Wide::default(); 3];
            one.add_product(a, f);
            other.add_product(b, g);
            both.add_product(a, f);
            both.add_product(b, g);
            prop_assert_eq!(both.minus(one), Some(other));
            prop_assert_eq!(one.minus(other).is_some(), one >= other);
            prop_assert_eq!(one.minus(one), Some(Wide::default()));
            prop_assert_eq!(one.short().is_some(), one.0[1..] == [0; 3]);
        }
    }
}
