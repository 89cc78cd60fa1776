//! Whatever the settings, state, amounts and clocks: an answer or a named error, never a panic.

use proptest::prelude::*;

use bytemuck::Zeroable;

use super::{super::*, world::World};

fn words() -> impl Strategy<Value = u64> {
    prop_oneof![
        (any::<u64>(), 0u32..64).prop_map(|(word, shift)| word >> shift),
        prop::sample::select(vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 63, 1 << 32]),
    ]
}

fn settings() -> impl Strategy<Value = LimiterSettings> {
    let windows = (WINDOW_MIN..WINDOW_MAX).prop_flat_map(|short| {
        (Just(short), short + 1..=WINDOW_MAX, ELASTIC_WINDOW_MIN..=short / ELASTIC_WINDOW_SHARE)
    });
    let shares = (0..=10_000u32, 0..=10_000u32, 0..=10_000u32, 0..=GROSS_MAX_BPS, 1..10_000u32);
    let undeclared =
        (1..10_000u32).prop_flat_map(|soft| (Just(soft), soft + 1..=10_000, WINDOW_MIN..=WINDOW_MAX));
    let rest = (WINDOW_MIN / 12..=WINDOW_MAX / 12, 1..=2u32, 2..=3u32, words(), words());
    (windows, shares, undeclared, rest).prop_map(|(windows, shares, undeclared, rest)| LimiterSettings {
        windows: [
            WindowSettings { seconds: windows.0, rate_bps: shares.0 },
            WindowSettings { seconds: windows.1, rate_bps: shares.1 },
        ],
        elastic_bps: shares.2,
        elastic_seconds: windows.2,
        gross_bps: shares.3,
        gross_seconds: rest.0 * 12,
        undeclared_soft_bps: undeclared.0,
        undeclared_hard_bps: undeclared.1,
        undeclared_seconds: undeclared.2,
        soft_bps: shares.4,
        soft_severity: rest.1,
        hard_severity: rest.2,
        floor: rest.3.min(rest.4) / 5,
        bootstrap_cap: rest.4 / 5,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn every_call_answers_or_names_its_overflow(
        settings in settings(),
        seed in prop::array::uniform32(words()),
        armed in 0u8..2,
        calls in prop::collection::vec((words(), words(), words(), 0u8..10, any::<bool>()), 1..8),
    ) {
        prop_assert_eq!(settings.check(), Ok(()));
        let mut world = World::in_shadow(1_000, settings);
        let limiter = &mut world.limiter;
        limiter.armed = armed;
        // any state that the invariant allows
        limiter.clock = Instant::new(seed[0], seed[1] as i64);
        limiter.observed_at = Instant::new(seed[2], seed[3] as i64);
        (limiter.age, limiter.touched_slot, limiter.expected) = (seed[4], seed[5], seed[6]);
        limiter.followed = seed[7].min(limiter.expected);
        (limiter.average, limiter.average_carry) = (seed[8], seed[9] % BASE_WINDOW);
        for (i, net) in limiter.net.iter_mut().enumerate() {
            let window = u64::from(settings.windows[i].seconds);
            *net = NetState { available: seed[10 + i], used: seed[12 + i], carry: seed[14 + i] % window };
        }
        limiter.elastic = seed[16].min(limiter.expected);
        limiter.gross.copy_from_slice(&seed[18..31]);
        limiter.gross_bucket = seed[31];
        (limiter.undeclared, limiter.undeclared_carry) =
            (seed[20], seed[21] % u64::from(settings.undeclared_seconds));
        prop_assert_eq!(limiter.assert_invariant(), Ok(()));

        for (amount, balance, clock, kind, sound) in calls {
            world.vault.amount = balance;
            world.vault.sound = sound;
            world.now = Instant::new(world.now.slot.wrapping_add(clock), (world.now.unix as u64).wrapping_add(amount) as i64);
            let before = world.limiter;
            let result = if kind == 0 {
                world.limiter.observe(&world.vault, sound, world.now).map(|_| ())
            } else {
                let direction = if kind % 2 == 0 { Direction::In } else { Direction::Out };
                let flow = Flow { direction, amount, closed: kind == 9 };
                world.limiter.record(flow, &world.vault, world.now).map(|_| ())
            };
            match result {
                Ok(()) => prop_assert_eq!(world.limiter.assert_invariant(), Ok(())),
                Err(BreakerError::ZeroFlow) => prop_assert_eq!(amount, 0),
                Err(BreakerError::AmountAboveBalance) => prop_assert!(amount > balance),
                Err(error) => prop_assert!(
                    [BreakerError::BalanceOverflow, BreakerError::CapacityOverflow, BreakerError::BaseOverflow,
                     BreakerError::UndeclaredOverflow].contains(&error),
                    "{error:?}"
                ),
            }
            if result.is_err() {
                world.limiter = before;
            }
        }
    }
}

type Change = fn(&mut LimiterSettings);

#[test]
fn settings_out_of_bounds_are_refused() {
    let sound = LimiterSettings::starting(50_000, 100);
    let broken: [(Change, BreakerError); 14] = [
        (|s| s.windows[0].seconds = 0, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.windows[1].seconds = u32::MAX, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.windows[1].seconds = s.windows[0].seconds, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.windows[0].rate_bps = 10_001, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.elastic_bps = 10_001, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.elastic_seconds = s.windows[0].seconds / 10 + 1, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.gross_bps = GROSS_MAX_BPS + 1, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.gross_seconds += 1, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.undeclared_soft_bps = 0, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.soft_bps = 0, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.bootstrap_cap = s.floor - 1, BreakerError::LimiterSettingOutOfBounds),
        (|s| s.undeclared_hard_bps = s.undeclared_soft_bps, BreakerError::SoftNotBelowHard),
        (|s| s.soft_severity = 3, BreakerError::SeverityNotAllowed),
        (|s| s.hard_severity = 1, BreakerError::SeverityNotAllowed),
    ];
    assert_eq!(sound.check(), Ok(()));
    for (i, (breaks, error)) in broken.into_iter().enumerate() {
        let mut settings = sound;
        breaks(&mut settings);
        assert_eq!(settings.check(), Err(error), "case {i}");
    }
    let mut strictest = sound;
    strictest.windows.iter_mut().for_each(|window| window.rate_bps = 0);
    (strictest.elastic_bps, strictest.gross_bps, strictest.floor, strictest.bootstrap_cap) = (0, 0, 0, 0);
    assert_eq!(strictest.check(), Ok(()));
}

#[test]
fn a_vault_that_others_can_move_is_not_registered() {
    let mut vault = World::seasoned().vault;
    vault.sound = false;
    let settings = LimiterSettings::starting(50_000, 100);
    let result =
        Limiter::zeroed().initialize([Pubkey::default(); 3], (0, 0), &settings, &vault, Instant::new(1, 1));
    assert_eq!(result, Err(BreakerError::VaultNotGuardable));
}
