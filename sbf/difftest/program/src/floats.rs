//! Floating point: there is none in the VM, every operation is a call to a routine.
use crate::{Function, Input, Output};

macro_rules! float {
    ($module:ident $float:ident) => {
        mod $module {
            use super::*;

            pub(super) fn arithmetic(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$float(), i.$float());
                o.$float(a + b);
                o.$float(a - b);
                o.$float(a * b);
                o.$float(a / b);
                o.$float(-a);
                o.$float(a.abs());
                o.$float(a.copysign(b));
                o.$float(a * 3.0 + 0.5);
            }

            pub(super) fn remainder(i: &mut Input, o: &mut Output) {
                let (a, b) = (i.$float(), i.$float());
                o.$float(a % b);
            }

            pub(super) fn compare(i: &mut Input, o: &mut Output) {
                let a = i.$float();
                let b = if i.below(4) == 0 { a } else { i.$float() };
                o.push(u128::from(a < b));
                o.push(u128::from(a <= b));
                o.push(u128::from(a > b));
                o.push(u128::from(a >= b));
                o.push(u128::from(a == b));
                o.push(u128::from(a != b));
                // the negated forms are the unordered comparisons
                #[allow(
                    clippy::neg_cmp_op_on_partial_ord,
                    clippy::double_comparisons,
                    clippy::nonminimal_bool,
                    reason = "each is another predicate"
                )]
                {
                    o.push(u128::from(!(a < b)));
                    o.push(u128::from(!(a <= b)));
                    o.push(u128::from(!(a > b)));
                    o.push(u128::from(!(a >= b)));
                    o.push(u128::from(a < b || a > b));
                    o.push(u128::from(!(a < b || a > b)));
                }
                o.push(u128::from(a.is_nan() || b.is_nan()));
                o.push(a.partial_cmp(&b).map_or(9, |x| x as i8 as u128));
                o.push(a.total_cmp(&b) as i8 as u128);
            }

            pub(super) fn to_integer(i: &mut Input, o: &mut Output) {
                let a = i.$float();
                o.push(a as u8 as u128);
                o.push(a as u16 as u128);
                o.push(a as u32 as u128);
                o.push(a as u64 as u128);
                o.push(a as u128);
                o.push(a as i8 as u128);
                o.push(a as i16 as u128);
                o.push(a as i32 as u128);
                o.push(a as i64 as u128);
                o.push(a as i128 as u128);
            }

            pub(super) fn from_integer(i: &mut Input, o: &mut Output) {
                o.$float(i.u8() as $float);
                o.$float(i.u16() as $float);
                o.$float(i.u32() as $float);
                o.$float(i.u64() as $float);
                o.$float(i.u128() as $float);
                o.$float(i.i8() as $float);
                o.$float(i.i16() as $float);
                o.$float(i.i32() as $float);
                o.$float(i.i64() as $float);
                o.$float(i.i128() as $float);
            }

            pub(super) fn chain(i: &mut Input, o: &mut Output) {
                // a sum and a product over several values, as a price model has them
                let (mut sum, mut product) = (0.0, 1.0);
                for _ in 0..6 {
                    let x = i.$float();
                    sum += x * 0.125;
                    product = product * 0.5 + x;
                    if sum > product {
                        sum -= 1.0;
                    }
                }
                o.$float(sum);
                o.$float(product);
                o.push((sum / product) as i64 as u128);
            }
        }
    };
}
float!(double f64);
float!(single f32);

fn between(i: &mut Input, o: &mut Output) {
    let (a, b) = (i.f64(), i.f32());
    o.f32(a as f32);
    o.f64(f64::from(b));
    o.f64(a + f64::from(b));
}

pub(crate) const FLOATS: &[Function] = &[
    Function::new("f64_arithmetic", 64, double::arithmetic),
    Function::new("f64_remainder", 64, double::remainder),
    Function::new("f64_compare", 64, double::compare),
    Function::new("f64_to_integer", 64, double::to_integer),
    Function::new("f64_from_integer", 64, double::from_integer),
    Function::new("f64_chain", 64, double::chain),
    Function::new("f32_arithmetic", 64, single::arithmetic),
    Function::new("f32_remainder", 64, single::remainder),
    Function::new("f32_compare", 64, single::compare),
    Function::new("f32_to_integer", 64, single::to_integer),
    Function::new("f32_from_integer", 64, single::from_integer),
    Function::new("f32_chain", 64, single::chain),
    Function::new("f32_f64", 64, between),
];
