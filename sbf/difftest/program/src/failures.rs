//! Ways in which a program fails; each must end the transaction and undo what it wrote.
use core::hint::black_box;

/// The ways, by number.
pub const FAILURES: &[&str] = &[
    "panic",
    "index out of bounds",
    "slice out of bounds",
    "addition overflow",
    "multiplication overflow of 128 bits",
    "negation overflow",
    "division by zero",
    "division overflow",
    "shift overflow",
    "unwrap of an error",
    "heap exhaustion",
    "deep recursion",
    "large stack frames",
    "explicit abort",
];

#[inline(never)]
fn deep(n: u64) -> u64 {
    let frame = [n; 8];
    if n == 0 { 0 } else { black_box(&frame)[1].wrapping_add(deep(n - 1)) }
}

#[inline(never)]
fn tall(n: u64) -> u64 {
    let frame = [n; 400];
    if n == 0 { 0 } else { black_box(&frame)[7].wrapping_add(tall(n - 1)) }
}

/// Fails in way `kind`; `big` is `u64::MAX`, unknown to the compiler. The result is what a compiler that
/// lost the failure would compute.
#[allow(clippy::unwrap_used, clippy::panic, reason = "the failures are what is tested")]
pub fn fail(kind: u8, big: u64) -> u64 {
    match kind {
        0 => panic!("as asked with {big}"),
        1 => u64::from(black_box(vec![1u8, 2, 3])[big as usize & 0xFF]),
        2 => black_box(vec![1u8; 9])[3..(big & 0xFF) as usize].len() as u64,
        3 => big + (big & 1),
        4 => (u128::from(big) * (u128::from(big) << 64)) as u64,
        5 => -((big << 63) as i64) as u64,
        6 => big / (big ^ u64::MAX),
        7 => ((big << 63) as i64 / big as i64) as u64,
        8 => 1u64 << ((big & 0x7F) as u32),
        9 => black_box(Err::<u64, u64>(big)).unwrap(),
        10 => black_box(Vec::<u8>::with_capacity((big & 0xFF_FFFF) as usize)).capacity() as u64,
        11 => deep(big & 0x3FF),
        12 => tall(big & 0x7F),
        _ => std::process::abort(),
    }
}
