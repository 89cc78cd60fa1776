//! Moves, copies and fills, of lengths known to the compiler and not.
use crate::{Function, Input, Output};
use core::hint::black_box;

const SIZE: usize = 600;

#[inline(never)]
fn filled(i: &mut Input) -> [u8; SIZE] {
    let (step, start) = (i.u64(), i.u64());
    let mut buffer = [0u8; SIZE];
    let mut x = start;
    for word in buffer.as_chunks_mut::<8>().0 {
        x = x.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(step | 1);
        *word = x.to_le_bytes();
    }
    buffer
}

/// Bytes copied inside one buffer, ranges overlapping either way or not at all.
fn overlapping(i: &mut Input, o: &mut Output) {
    let mut buffer = filled(i);
    for _ in 0..3 {
        let length = i.below(300) as usize;
        let (from, to) = (i.below(300) as usize, i.below(300) as usize);
        black_box(&mut buffer).copy_within(from..from + length, to);
    }
    o.bytes(&buffer);
}

/// Copies between buffers of lengths not known before.
fn variable(i: &mut Input, o: &mut Output) {
    let from = filled(i);
    let mut to = filled(i);
    for _ in 0..3 {
        let length = i.below(300) as usize;
        let (a, b) = (i.below(300) as usize, i.below(300) as usize);
        to[b..b + length].copy_from_slice(&from[a..a + length]);
    }
    o.bytes(&to);
}

/// Copies of lengths around those at which the code for them changes.
fn constant(i: &mut Input, o: &mut Output) {
    let from = filled(i);
    let mut to = [0u8; SIZE];
    macro_rules! copy {
        ($($length:literal)*) => {$(
            let (a, b) = (i.below(88) as usize, i.below(88) as usize);
            let piece: &[u8; $length] =
                from[a..a + $length].try_into().expect("the range has this length");
            to[b..b + $length].copy_from_slice(black_box(piece));
        )*};
    }
    copy!(1 3 7 8 15 16 31 33 40 41 64 65 80 127 128 129 255 256 512);
    o.bytes(&to);
}

/// Fills of constant and of variable lengths and values.
fn fill(i: &mut Input, o: &mut Output) {
    let mut buffer = filled(i);
    for _ in 0..3 {
        let (from, length, value) = (i.below(300) as usize, i.below(300) as usize, i.u8());
        buffer[from..from + length].fill(value);
    }
    let at = i.below(300) as usize;
    buffer[at..at + 200].fill(0);
    let at = i.below(500) as usize;
    buffer[at..at + 90].fill(0xA5);
    let at = i.below(500) as usize;
    black_box(&mut buffer)[at..at + 9].fill(i.u8());
    o.bytes(&buffer);
}

/// Comparisons of byte strings.
fn equal(i: &mut Input, o: &mut Output) {
    let a = filled(i);
    let mut b = a;
    let length = i.below(SIZE as u64 + 1) as usize;
    if i.below(2) == 0 {
        b[i.below(SIZE as u64) as usize] ^= 1;
    }
    let (x, y) = (black_box(&a[..length]), black_box(&b[..length]));
    o.push(u128::from(x == y));
    o.push(x.cmp(y) as i8 as u128);
    o.push(u128::from(a[..32] == b[..32]));
    o.push(u128::from(a == b));
}

/// Words moved with their own type and alignment.
fn words(i: &mut Input, o: &mut Output) {
    let mut words = [0u64; 48];
    let seed = i.u64();
    for (k, word) in words.iter_mut().enumerate() {
        *word = seed.rotate_left(k as u32);
    }
    let (from, to, length) = (i.below(24) as usize, i.below(24) as usize, i.below(25) as usize);
    words.copy_within(from..from + length, to);
    words.rotate_left(i.below(48) as usize);
    words[8..40].reverse();
    let (left, right) = words.split_at_mut(24);
    left.swap_with_slice(right);
    let mut grown = Vec::with_capacity(4);
    grown.extend_from_slice(&words[..length]);
    grown.insert(length / 2, seed);
    for word in words.iter().chain(&grown) {
        o.push(u128::from(*word));
    }
}

pub(crate) const MEMORY: &[Function] = &[
    Function::new("memmove_overlapping", 64, overlapping),
    Function::new("memcpy_variable", 64, variable),
    Function::new("memcpy_constant", 64, constant),
    Function::new("memset", 64, fill),
    Function::new("memcmp", 64, equal),
    Function::new("words", 16, words),
];
