//! Sorting, maps and text: the library code that programs lean on.
use crate::{Function, Input, Output};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};

fn numbers(i: &mut Input) -> Vec<u64> {
    let (length, shift) = (i.below(70), i.below(60));
    let (mut x, step) = (i.u64(), i.u64() | 1);
    (0..length)
        .map(|_| {
            x = x.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(step);
            x >> shift
        })
        .collect()
}

fn stable(i: &mut Input, o: &mut Output) {
    let mut plain = numbers(i);
    let mut keyed: Vec<(u8, u32)> = plain.iter().enumerate().map(|(k, x)| (*x as u8 & 7, k as u32)).collect();
    plain.sort();
    keyed.sort_by_key(|x| x.0);
    plain.iter().for_each(|x| o.push(u128::from(*x)));
    keyed.iter().for_each(|x| o.push(u128::from(x.0) << 32 | u128::from(x.1)));
}

fn unstable(i: &mut Input, o: &mut Output) {
    let mut plain = numbers(i);
    let mut wide: Vec<i128> = plain.iter().map(|x| i128::from(*x as i64) * 1_000_000_007).collect();
    plain.sort_unstable_by(|a, b| b.cmp(a));
    wide.sort_unstable();
    plain.iter().for_each(|x| o.push(u128::from(*x)));
    wide.iter().for_each(|x| o.push(*x as u128));
    o.push(wide.binary_search(&0).unwrap_or_else(|at| at) as u128);
}

fn ordered_map(i: &mut Input, o: &mut Output) {
    let numbers = numbers(i);
    let mut map = BTreeMap::new();
    for (k, x) in numbers.iter().enumerate() {
        *map.entry(x % 37).or_insert(0u64) += k as u64;
        if k % 5 == 4 {
            o.option(map.remove(&(x % 19)).map(u128::from));
        }
    }
    for (k, v) in map.range(5..30) {
        o.push(u128::from(*k) << 64 | u128::from(*v));
    }
    let set: BTreeSet<i64> = numbers.iter().map(|x| *x as i64).collect();
    set.iter().for_each(|x| o.push(*x as u128));
}

fn hash_map(i: &mut Input, o: &mut Output) {
    let mut numbers = numbers(i);
    numbers.truncate(24);
    let mut map: HashMap<u64, u64> = HashMap::new();
    for (k, x) in numbers.iter().enumerate() {
        *map.entry(x % 37).or_insert(0) += k as u64;
        if k % 5 == 4 {
            o.option(map.remove(&(x % 19)).map(u128::from));
        }
    }
    for k in 0..37 {
        o.option(map.get(&k).map(|x| u128::from(*x)));
    }
    // the order of iteration is not defined: only a sum that ignores it is compared
    o.push(map.iter().map(|(k, v)| u128::from(*k + 1) * u128::from(*v)).sum());
    let set: HashSet<String> = numbers.iter().take(8).map(|x| (x % 11).to_string()).collect();
    o.push(set.len() as u128);
    o.push(u128::from(set.contains("7")));
}

fn queues(i: &mut Input, o: &mut Output) {
    let numbers = numbers(i);
    let mut heap: BinaryHeap<u64> = numbers.iter().copied().collect();
    let mut queue: VecDeque<u64> = VecDeque::new();
    while let Some(x) = heap.pop() {
        if x & 1 == 0 { queue.push_back(x) } else { queue.push_front(x) }
    }
    queue.iter().for_each(|x| o.push(u128::from(*x)));
}

fn format_integers(i: &mut Input, o: &mut Output) {
    let (a, b, c, d) = (i.u128(), i.i128(), i.u64(), i.i32());
    o.bytes(format!("{a} {b} {c:>24} {d:<+12}|").as_bytes());
    o.bytes(format!("{a:x} {b:#o} {c:#018X} {d:b}").as_bytes());
}

#[derive(Debug)]
#[allow(dead_code, reason = "read through Debug")]
struct Shown<'a> {
    name: &'a str,
    value: Option<u64>,
    list: Vec<i16>,
}

fn format_debug(i: &mut Input, o: &mut Output) {
    let shown = Shown {
        name: if i.below(2) == 0 { "a\"\n" } else { "é" },
        value: (i.below(2) == 0).then(|| i.u64()),
        list: (0..i.below(4)).map(|_| i.i16()).collect(),
    };
    o.bytes(format!("{shown:?} {shown:#?}").as_bytes());
    let joined: Vec<String> = shown.list.iter().map(ToString::to_string).collect();
    o.bytes(joined.join(", ").as_bytes());
}

fn parse(i: &mut Input, o: &mut Output) {
    let (a, b) = (i.u128(), i.i64());
    let text = a.to_string();
    o.option(text.parse().ok());
    o.option(text.parse::<u64>().ok().map(u128::from));
    o.option(b.to_string().parse::<i64>().ok().map(|x| x as u128));
    o.option(u128::from_str_radix(&format!("{a:b}"), 2).ok());
    let mut words = text.split('7').map(str::len);
    o.option(words.next().map(|x| x as u128));
    o.option(words.next_back().map(|x| x as u128));
}

fn format_floats(i: &mut Input, o: &mut Output) {
    let (a, b) = (i.f64(), i.f32());
    o.bytes(format!("{a:e} {b:?} {:.3}", f64::from(b) / 7.0).as_bytes());
    let text = a.to_string();
    o.f64(text.parse().unwrap_or(0.0));
}

pub(crate) const COLLECTIONS: &[Function] = &[
    Function::new("sort_stable", 16, stable),
    Function::new("sort_unstable", 16, unstable),
    Function::new("btree", 8, ordered_map),
    Function::new("hash_map", 4, hash_map),
    Function::new("queues", 16, queues),
    Function::new("format_integers", 16, format_integers),
    Function::new("format_debug", 16, format_debug),
    Function::new("parse", 32, parse),
    Function::new("format_floats", 4, format_floats),
];
