//! Calls with more arguments than the VM has registers, and results wider than its one.
use crate::{Function, Input, Output};
use core::hint::black_box;

macro_rules! count {
    () => { 0u32 };
    ($head:ident $($tail:ident)*) => { 1u32 + count!($($tail)*) };
}

/// One test of functions with the given arguments, all of 64 bits: directly, by pointer, by trait object
/// and recursively.
macro_rules! wide {
    ($module:ident $($arg:ident)*) => {
        #[allow(clippy::too_many_arguments, reason = "the number of arguments is what is tested")]
        mod $module {
            use super::*;

            #[inline(never)]
            fn first($($arg: u64),*) -> u64 {
                let mut x = 0u64;
                $(x = x.rotate_left(7).wrapping_mul(31) ^ $arg;)*
                x
            }

            #[inline(never)]
            fn second($($arg: u64),*) -> u64 {
                let mut x = u64::MAX;
                $(x = x.rotate_right(9).wrapping_add($arg);)*
                x
            }

            #[inline(never)]
            fn recursive(depth: u64, $($arg: u64),*) -> u64 {
                if depth == 0 {
                    return first($($arg),*);
                }
                let shifted = [$($arg),*];
                let mut next = shifted.iter().cycle().skip(1).copied();
                $(let $arg = next.next().unwrap_or(0).wrapping_add($arg);)*
                recursive(depth - 1, $($arg),*).wrapping_mul(3)
            }

            trait Wide {
                fn call(&self, $($arg: u64),*) -> u64;
            }
            struct One(u64);
            struct Two(u128);
            impl Wide for One {
                #[inline(never)]
                fn call(&self, $($arg: u64),*) -> u64 {
                    self.0 ^ first($($arg),*)
                }
            }
            impl Wide for Two {
                #[inline(never)]
                fn call(&self, $($arg: u64),*) -> u64 {
                    (self.0 >> 3) as u64 ^ second($($arg),*)
                }
            }

            pub(super) fn run(i: &mut Input, o: &mut Output) {
                $(let $arg = i.u64();)*
                o.push(u128::from(count!($($arg)*)));
                o.push(u128::from(first($($arg),*)));
                let (pick, key) = (i.below(2) == 0, i.u64());
                let pointer = black_box(if pick { first } else { second });
                o.push(u128::from(pointer($($arg),*)));
                let object: &dyn Wide = if pick { &One(key) } else { &Two(u128::from(key) << 31) };
                o.push(u128::from(black_box(object).call($($arg),*)));
                let depth = i.below(12);
                o.push(u128::from(recursive(depth, $($arg),*)));
                let closure = |$($arg: u64),*| second($($arg),*).wrapping_add(depth);
                let closure: &dyn Fn($(wide!(@type $arg)),*) -> u64 = &closure;
                o.push(u128::from(black_box(closure)($($arg),*)));
            }
        }
    };
    (@type $arg:ident) => { u64 };
}
wide!(six a b c d e f);
wide!(seven a b c d e f g);
wide!(eight a b c d e f g h);
wide!(nine a b c d e f g h j);
wide!(ten a b c d e f g h j k);
wide!(eleven a b c d e f g h j k l);
wide!(twelve a b c d e f g h j k l m);

/// Arguments of all sizes, and a result of two registers.
type Mixed = fn(u8, i128, bool, &[u8], f64, Option<u32>, i16, u128, char, &mut u64) -> u128;

#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "the number of arguments is what is tested")]
fn mixed(
    a: u8,
    b: i128,
    c: bool,
    d: &[u8],
    e: f64,
    f: Option<u32>,
    g: i16,
    h: u128,
    j: char,
    k: &mut u64,
) -> u128 {
    *k = k.wrapping_add(u64::from(a)).rotate_left(u32::from(c));
    let bytes = d.iter().fold(0u64, |s, x| s.wrapping_mul(257).wrapping_add(u64::from(*x)));
    (b as u128)
        .wrapping_add(h)
        .wrapping_add(u128::from(bytes) << 32)
        .wrapping_sub(u128::from(e.to_bits()))
        .wrapping_add(f.map_or(77, u128::from))
        .wrapping_add(g as u128)
        .wrapping_add(u128::from(u32::from(j)))
}

#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "the number of arguments is what is tested")]
fn mixed_other(
    a: u8,
    b: i128,
    c: bool,
    d: &[u8],
    e: f64,
    f: Option<u32>,
    g: i16,
    h: u128,
    j: char,
    k: &mut u64,
) -> u128 {
    !mixed(a.wrapping_add(1), b ^ 5, !c, d, e, f, g.wrapping_neg(), h.swap_bytes(), j, k)
}

fn all_sizes(i: &mut Input, o: &mut Output) {
    let (a, b, c, e) = (i.u8(), i.i128(), i.below(2) == 0, i.f64());
    let d = i.u64().to_le_bytes();
    let length = i.below(9) as usize;
    let f = (i.below(2) == 0).then(|| i.u32());
    let (g, h) = (i.i16(), i.u128());
    let j = char::from_u32(i.u32() % 0xD000).unwrap_or('?');
    let mut k = i.u64();
    o.push(mixed(a, b, c, &d[..length], e, f, g, h, j, &mut k));
    let pointer: Mixed = black_box(if c { mixed } else { mixed_other });
    o.push(pointer(a, b, c, &d[..length], e, f, g, h, j, &mut k));
    o.push(u128::from(k));
}

#[inline(never)]
fn wide_value(a: u64, b: u64) -> u128 {
    u128::from(a.rotate_left(5)) << 64 | u128::from(b ^ a)
}

#[inline(never)]
fn pair(a: u64, b: u64) -> (u64, u64) {
    (a.wrapping_mul(7) ^ b, b.wrapping_add(a >> 3))
}

#[inline(never)]
fn uneven(a: u64, b: u128) -> (u8, i128) {
    (a as u8, (b as i128).wrapping_sub(i128::from(a)))
}

#[inline(never)]
fn optional(a: u64, b: u64) -> Option<u64> {
    (a & 1 == 0).then_some(a ^ b)
}

#[inline(never)]
fn fallible(a: u64, b: u64) -> Result<u128, i32> {
    if a & 3 == 0 { Err(b as i32) } else { Ok(wide_value(b, a)) }
}

#[derive(Clone, Copy)]
struct Large {
    a: u64,
    b: u128,
    c: [u32; 5],
    d: [u64; 40],
}

#[inline(never)]
fn large(a: u64, b: u128) -> Large {
    let mut d = [a; 40];
    d[(a % 40) as usize] = b as u64;
    Large { a: !a, b: b.swap_bytes(), c: [a as u32, (a >> 32) as u32, b as u32, 9, 1], d }
}

#[inline(never)]
fn by_value(x: Large, add: u64) -> Large {
    let mut x = x;
    x.d.iter_mut().for_each(|y| *y = y.wrapping_add(add));
    x.b ^= u128::from(add);
    x
}

trait Answers {
    fn value(&self, a: u64, b: u64) -> u128;
    fn pair(&self, a: u64, b: u64) -> (u64, u64);
    fn many(&self, a: u64, b: u64, c: u64, d: u64, e: u64) -> (u128, u64);
}
struct Plain;
struct Keyed(u64);
impl Answers for Plain {
    #[inline(never)]
    fn value(&self, a: u64, b: u64) -> u128 {
        wide_value(b, a)
    }
    #[inline(never)]
    fn pair(&self, a: u64, b: u64) -> (u64, u64) {
        pair(b, a)
    }
    #[inline(never)]
    fn many(&self, a: u64, b: u64, c: u64, d: u64, e: u64) -> (u128, u64) {
        (wide_value(a ^ c, b), d.wrapping_sub(e))
    }
}
impl Answers for Keyed {
    #[inline(never)]
    fn value(&self, a: u64, b: u64) -> u128 {
        wide_value(a, b).wrapping_add(u128::from(self.0))
    }
    #[inline(never)]
    fn pair(&self, a: u64, b: u64) -> (u64, u64) {
        pair(a ^ self.0, b)
    }
    #[inline(never)]
    fn many(&self, a: u64, b: u64, c: u64, d: u64, e: u64) -> (u128, u64) {
        (wide_value(self.0, e ^ d), a.wrapping_add(b).wrapping_mul(c))
    }
}

fn returns(i: &mut Input, o: &mut Output) {
    let (a, b, c) = (i.u64(), i.u64(), i.u128());
    o.push(wide_value(a, b));
    let (x, y) = pair(a, b);
    o.push(u128::from(x));
    o.push(u128::from(y));
    let (x, y) = uneven(a, c);
    o.push(u128::from(x));
    o.push(y as u128);
    o.option(optional(a, b).map(u128::from));
    match fallible(a, b) {
        Ok(x) => o.push(x),
        Err(x) => o.push(x as u128),
    }
    let pointer: fn(u64, u64) -> (u64, u64) = black_box(if a & 1 == 0 { pair } else { |a, b| (b, a) });
    let (x, y) = pointer(a, b);
    o.push(u128::from(x));
    o.push(u128::from(y));
    let object: &dyn Answers = if b & 1 == 0 { &Plain } else { &Keyed(a) };
    let object = black_box(object);
    o.push(object.value(a, b));
    let (x, y) = object.pair(a, b);
    o.push(u128::from(x));
    o.push(u128::from(y));
    let (x, y) = object.many(a, b, 3, a ^ b, 5);
    o.push(x);
    o.push(u128::from(y));
}

fn structs(i: &mut Input, o: &mut Output) {
    let (a, b) = (i.u64(), i.u128());
    let pointer = black_box(large as fn(u64, u128) -> Large);
    for x in [large(a, b), by_value(pointer(a, b), a)] {
        o.push(u128::from(x.a));
        o.push(x.b);
        for y in x.c {
            o.push(u128::from(y));
        }
        o.push(u128::from(x.d.iter().fold(0u64, |s, y| s.rotate_left(3) ^ y)));
    }
}

pub(crate) const CALLS: &[Function] = &[
    Function::new("args_6", 64, six::run),
    Function::new("args_7", 64, seven::run),
    Function::new("args_8", 64, eight::run),
    Function::new("args_9", 64, nine::run),
    Function::new("args_10", 64, ten::run),
    Function::new("args_11", 64, eleven::run),
    Function::new("args_12", 64, twelve::run),
    Function::new("args_mixed", 64, all_sizes),
    Function::new("returns", 64, returns),
    Function::new("structs", 64, structs),
];
