//! The reader against accounts of the chain, against bytes of the receiver's own SDK, and against anything.

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng},
};

use super::*;

/// Account 7UVimffxr9ow1uXYxsr4LHAcV58mLzhmwaeKvJ1pjLiE of mainnet: SOL/USD, as it stood in June 2025.
const SOL_USD: &str = "22f123639d7ef4cd60314704340deddf371fd42472148f248e9d1a6d1a5eb2ac3acd8b7fd5d6b24301ef0d8b6fda2ceb\
    a41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56db2e877e603000000e902780000000000f8ffffff959a496800000000959a4968\
    00000000c0b611e2030000002cbd800000000000dc49a1140000000000";
/// Serialised by `PriceUpdateV2` of the crate pyth-solana-receiver-sdk 2.0.0, fully verified.
const FULL: &str = "22f123639d7ef4cd010101010101010101010101010101010101010101010101010101010101010101020202020202020202\
    0202020202020202020202020202020202020202020202fdffffffffffffff0400000000000000fbffffff06000000000000000700000000000000\
    080000000000000009000000000000000a0000000000000000";
/// The same with five signatures checked.
const PARTIAL: &str = "22f123639d7ef4cd0101010101010101010101010101010101010101010101010101010101010101000502020202020202\
    02020202020202020202020202020202020202020202020202fdffffffffffffff0400000000000000fbffffff06000000000000000700000000000000\
    080000000000000009000000000000000a00000000000000";

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| {
        let pair = core::str::from_utf8(pair).expect("ASCII");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn read(hex: &str) -> Option<PriceUpdate> {
    PriceUpdate::read(&PYTH_RECEIVER, &bytes(hex))
}

#[test]
fn an_account_of_the_chain_is_read() {
    let update = read(SOL_USD).expect("a price account");
    assert_eq!((update.price, update.conf, update.exponent), (16_751_519_922, 7_865_065, -8));
    assert_eq!((update.publish_time, update.posted_slot, update.partial), (1_749_654_165, 346_114_524, None));
    assert_eq!(update.feed_id[..4], [0xef, 0x0d, 0x8b, 0x6f]);
}

#[test]
fn the_layout_is_the_sdks_for_both_verification_levels() {
    let full = PriceUpdate {
        partial: None,
        feed_id: [2; 32],
        price: -3,
        conf: 4,
        exponent: -5,
        publish_time: 6,
        posted_slot: 10,
    };
    assert_eq!(read(FULL), Some(full));
    let partial = PriceUpdate { partial: Some(5), ..full };
    assert_eq!(read(PARTIAL), Some(partial));
    for update in [full, partial] {
        assert_eq!(PriceUpdate::read(&PYTH_RECEIVER, &encode(&update)), Some(update));
    }
    assert!(full.is_of(&[2; 32]) && !full.is_of(&[3; 32]) && !partial.is_of(&[2; 32]));
}

#[test]
fn what_another_program_wrote_or_what_is_no_price_is_not_read() {
    let good = bytes(SOL_USD);
    assert_eq!(PriceUpdate::read(&PYTH_PUSH_ORACLE, &good), None);
    for length in 0..good.len() {
        assert_eq!(PriceUpdate::read(&PYTH_RECEIVER, &good[..length]), None);
    }
    for byte in [0, 7] {
        let mut bad = good.clone();
        bad[byte] ^= 1;
        assert_eq!(PriceUpdate::read(&PYTH_RECEIVER, &bad), None);
    }
    let mut bad = good;
    bad[LEVEL] = 2;
    assert_eq!(PriceUpdate::read(&PYTH_RECEIVER, &bad), None);
}

#[test]
fn a_million_cases_of_any_bytes_are_read_or_not_and_never_panic() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut data = [0; LENGTH];
    let mut read = 0;
    for case in 0..1_000_000 {
        rng.fill_bytes(&mut data);
        let word = rng.next_u32() as usize;
        if word & 3 != 0 {
            data[..8].copy_from_slice(&PRICE_UPDATE);
            data[LEVEL] &= 3;
        }
        let length = if word & 12 == 0 { (word >> 4) % (LENGTH + 1) } else { LENGTH };
        let update = PriceUpdate::read(&PYTH_RECEIVER, &data[..length]);
        assert!(update.is_none() || (length == LENGTH && data[..8] == PRICE_UPDATE && data[LEVEL] < 2));
        if let Some(update) = update {
            read += 1;
            let exponent = (word >> 8) as i32 % 64 - 32;
            let _ = (update.scaled(exponent), update.scaled(word as i32));
            let near = PriceUpdate { exponent: exponent + (case % 40) - 20, ..update };
            if let Some((price, _)) = near.scaled(exponent) {
                assert!(price > 0 && near.price > 0);
            }
        }
    }
    assert!(read > 100_000, "{read} were price accounts");
}

proptest! {
    #[test]
    fn scaling_is_division_and_multiplication_by_ten(
        price in -5i64..i64::MAX, conf in 0u64..u64::MAX, from in -12i32..4, to in -14i32..12
    ) {
        let update = PriceUpdate { price, conf, exponent: from, ..read(SOL_USD).expect("a price account") };
        let factor = 10u128.pow((from - to).unsigned_abs());
        let wide = u128::try_from(price).ok().filter(|price| *price > 0).map(|price| {
            let conf = u128::from(conf);
            if from >= to { (price * factor, conf * factor) } else { (price / factor, conf.div_ceil(factor)) }
        });
        let expected = wide.and_then(|(price, conf)| Some((u64::try_from(price).ok()?, u64::try_from(conf).ok()?)));
        prop_assert_eq!(update.scaled(to), expected.filter(|(price, _)| *price > 0));
    }
}
