//! The theorem, against a model that keeps every flow in a list: in any interval of length W, outflow minus inflow is at
//! most twice the main buffer and the elastic cap, and the gross ring remembers at least what left. Also where the settings
//! change in between: then at most what the loosest of them allow.

use core::result::Result;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{super::*, world::*};
use crate::state::Mandate;

/// Breaks a rule by changing the state before a flow.
type Tamper = fn(&mut Limiter);

#[derive(Clone, Copy, Debug)]
enum Act {
    /// A share of the vault in basis points, in.
    Deposit(u64),
    /// All that the limiter would allow, less a share of it.
    Drain(u64),
    /// A share of the vault, out.
    Withdraw(u64),
    /// In and out again, with as much as may leave besides.
    Wash(u64),
    /// A transfer to the vault that nobody records.
    Donate(u64),
    /// A transfer out of the vault that nobody records.
    Leak(u64),
    /// Other settings, without a look at how long they waited.
    Amend(Race),
}

/// What governance, or whoever has its key, does between two flows.
#[derive(Clone, Copy, Debug)]
enum Race {
    /// Every limit to this many percent of the last delayed, at once.
    Tighten(u32),
    /// Every limit to this many percent of what it is, by a proposal.
    Scale(u32),
    /// Back to the last delayed, by a proposal that is older than all that happened since.
    Undo,
    /// Other windows, by a proposal: short, long and gross, in ten minutes.
    Windows(u32, u32, u32),
}

impl Race {
    fn settings(self, limiter: &Limiter) -> LimiterSettings {
        let scaled = |of: &LimiterSettings, percent: u32| {
            let mut new = *of;
            for window in &mut new.windows {
                window.rate_bps = (window.rate_bps * percent).div_ceil(100).min(10_000);
            }
            new.elastic_bps = (new.elastic_bps * percent).div_ceil(100).min(10_000);
            new.gross_bps = (new.gross_bps * percent).div_ceil(100).min(GROSS_MAX_BPS);
            new
        };
        match self {
            Self::Tighten(percent) => LimiterSettings {
                bootstrap_cap: limiter.settings.bootstrap_cap,
                floor: limiter.settings.floor,
                ..scaled(&limiter.delayed, percent)
            },
            Self::Scale(percent) => scaled(&limiter.settings, percent),
            Self::Undo => limiter.delayed,
            Self::Windows(short, long, gross) => {
                let mut new = limiter.settings;
                (new.windows[0].seconds, new.windows[1].seconds) = (short * 600, (short + long) * 600);
                new.gross_seconds = gross * 600;
                new
            }
        }
    }

    fn mandate(self, limiter: &Limiter) -> Mandate {
        match self {
            Self::Tighten(_) => Mandate::AtOnce,
            Self::Undo => Mandate::waited(u64::MAX),
            Self::Scale(_) | Self::Windows(..) => Mandate::waited(limiter.epoch),
        }
    }
}

#[derive(Clone, Debug)]
struct Schedule {
    balance: u64,
    rates: [u32; 2],
    elastic: u32,
    floor: u64,
    seasoned: bool,
    steps: Vec<(u64, u64, Act)>,
}

fn races() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (25u32..=100).prop_map(Race::Tighten),
        2 => (50u32..=200).prop_map(Race::Scale),
        3 => Just(Race::Undo),
        2 => (1u32..=2, 1u32..=2, 1u32..=2).prop_map(|(a, b, c)| Race::Windows(a, b, c)),
    ]
    .prop_map(Act::Amend)
}

/// Flows, and for each eight of them so many changes of settings.
fn schedules(changes: u32) -> impl Strategy<Value = Schedule> {
    let act = prop_oneof![
        2 => (0u64..30_000).prop_map(Act::Deposit),
        6 => prop_oneof![Just(0), 0u64..10_000].prop_map(Act::Drain),
        1 => (0u64..3_000).prop_map(Act::Withdraw),
        1 => (0u64..1_000_000).prop_map(Act::Wash),
        1 => (0u64..10_000).prop_map(Act::Donate),
        1 => (0u64..100).prop_map(Act::Leak),
        changes => races(),
    ];
    // slots of 200 to 800 ms, stalls of either clock, jumps of a whole window
    let time = prop_oneof![
        3 => Just((0, 0)),
        3 => (1u64..4, 0u64..2),
        6 => (1u64..200, 20u64..80).prop_map(|(seconds, percent)| (seconds * 100 / percent, seconds)),
        1 => (1u64..1_000, 0u64..4),
        1 => (1u64..4, 1u64..4_000),
        1 => (1_490u64..1_510, 597u64..603),
    ];
    let steps = prop::collection::vec((time, act).prop_map(|((slots, s), act)| (slots, s, act)), 1..28);
    let balance = prop_oneof![1u64..50, 1_000u64..10_000_000, (1u64 << 40)..(1 << 55)];
    (balance, 0u32..3_000, 0u32..6_000, 0u32..3_000, any::<bool>(), any::<bool>(), steps).prop_map(
        |(balance, short, long, elastic, floored, seasoned, steps)| Schedule {
            balance,
            rates: [short, long],
            elastic,
            floor: if floored { balance / 50 } else { 0 },
            seasoned,
            steps,
        },
    )
}

/// One recorded flow, or a change of settings, and the loosest of what was in force then.
struct Flowed {
    at: Instant,
    net: i128,
    out: u64,
    main: [u64; NET_WINDOWS],
    elastic: u64,
    windows: [u32; NET_WINDOWS],
    gross_seconds: u32,
    /// What the gross ring remembers afterwards.
    gross: u64,
}

const WINDOWS: [u32; 2] = [600, 1_800];

fn remembered(limiter: &Limiter) -> u64 {
    limiter.gross.iter().fold(0, |sum: u64, bucket| sum.saturating_add(*bucket))
}

/// Plays a schedule; `tamper` breaks a rule by changing the state before each flow.
fn play(schedule: &Schedule, tamper: Tamper) -> Result<(), String> {
    let mut settings = LimiterSettings::starting(schedule.balance / 10, schedule.floor);
    settings.floor = settings.floor.min(settings.bootstrap_cap);
    for (setting, (seconds, rate)) in settings.windows.iter_mut().zip(WINDOWS.into_iter().zip(schedule.rates))
    {
        (setting.seconds, setting.rate_bps) = (seconds, rate);
    }
    (settings.elastic_bps, settings.elastic_seconds) = (schedule.elastic, 60);
    settings.gross_seconds = 600;
    let mut world = if schedule.seasoned {
        World::with(schedule.balance, settings)
    } else {
        World::young(schedule.balance, settings)
    };
    let mut flows: Vec<Flowed> = Vec::new();
    for (slots, seconds, act) in &schedule.steps {
        world.tick(*slots, *seconds);
        let held = world.vault.amount;
        let share = |bps: u64| mul_div(held, bps, BASIS_POINTS).unwrap_or(0).min(1 << 57);
        match *act {
            Act::Deposit(bps) => flow(&mut world, Direction::In, share(bps), &mut flows, tamper),
            Act::Withdraw(bps) => flow(&mut world, Direction::Out, share(bps), &mut flows, tamper),
            Act::Drain(less) => {
                let most = room(&world, tamper);
                let amount = most - mul_div(most, less, BASIS_POINTS).unwrap_or(0);
                flow(&mut world, Direction::Out, amount, &mut flows, tamper);
            }
            Act::Wash(bps) => {
                let amount = share(bps);
                flow(&mut world, Direction::In, amount, &mut flows, tamper);
                let most = room(&world, tamper);
                flow(&mut world, Direction::Out, most, &mut flows, tamper);
            }
            Act::Donate(bps) => world.vault.amount += share(bps),
            Act::Leak(bps) => world.vault.amount -= share(bps),
            Act::Amend(race) => amend(&mut world, race, &mut flows)?,
        }
    }
    (0..NET_WINDOWS).try_for_each(|window| check(&flows, window))?;
    check_gross(&flows)
}

/// Changes the settings: what was used stays used, whatever they are.
fn amend(world: &mut World, race: Race, flows: &mut Vec<Flowed>) -> Result<(), String> {
    let (new, mandate) = (race.settings(&world.limiter), race.mandate(&world.limiter));
    world.look();
    world.unlatched();
    let mut settled = world.limiter;
    settled.settle(world.vault.amount, 0, world.now).expect("no overflow");
    match { world.limiter }.amend(&new, mandate, &world.vault, world.now) {
        Ok(_) => world.limiter.amend(&new, mandate, &world.vault, world.now).expect("as before"),
        Err(
            BreakerError::NothingChanges
            | BreakerError::BelowFloor
            | BreakerError::LooseningWaits
            | BreakerError::StepTooLarge,
        ) => return Ok(()),
        Err(error) => return Err(format!("{race:?}: {error:?}")),
    };
    let limiter = &world.limiter;
    let is_carried = limiter.net.iter().zip(&settled.net).all(|(now, was)| now.available <= was.available)
        && limiter.elastic == settled.elastic
        && limiter.undeclared == settled.undeclared
        && limiter.average == settled.average
        && remembered(limiter) == remembered(&settled);
    if !is_carried {
        return Err(format!("{race:?} refills: {:?} of {:?}", limiter.net, settled.net));
    }
    let [before, after] =
        [&settled, limiter].map(|limiter| limiter.capacities(world.vault.amount).expect("no overflow"));
    let of = |limiter: &Limiter| limiter.settings.windows.map(|window| window.seconds);
    let (old, new) = (of(&settled), of(limiter));
    flows.push(Flowed {
        at: world.now,
        net: 0,
        out: 0,
        main: core::array::from_fn(|i| before.main[i].max(after.main[i])),
        elastic: before.elastic.max(after.elastic),
        windows: core::array::from_fn(|i| old[i].min(new[i])),
        gross_seconds: settled.settings.gross_seconds.min(limiter.settings.gross_seconds),
        gross: remembered(limiter),
    });
    Ok(())
}

/// What the buffers would let out now.
fn room(world: &World, tamper: Tamper) -> u64 {
    let mut limiter = world.limiter;
    tamper(&mut limiter);
    limiter.settle(world.vault.amount, 0, world.now).expect("no overflow");
    let main = limiter.net.iter().map(|net| net.available).min().unwrap_or(0);
    limiter.elastic.saturating_add(main).min(world.vault.amount)
}

fn flow(world: &mut World, direction: Direction, amount: u64, flows: &mut Vec<Flowed>, tamper: Tamper) {
    if amount == 0 {
        return;
    }
    world.unlatched();
    tamper(&mut world.limiter);
    let net = match direction {
        Direction::In => {
            world.deposit(amount);
            -i128::from(amount)
        }
        Direction::Out if world.withdraw(amount) == Verdict::Allow => i128::from(amount),
        Direction::Out | Direction::OutOrHold => 0,
    };
    // in force: what the flow was judged by, and what it left behind
    let settings = world.limiter.settings;
    let capacities = world.limiter.capacities(world.vault.amount).expect("no overflow");
    let mut before = world.limiter;
    before.expected = before.expected.saturating_add(u64::try_from(net).unwrap_or(0));
    let judged = before.capacities(before.expected.max(world.vault.amount)).expect("no overflow");
    flows.push(Flowed {
        at: world.now,
        net,
        out: u64::try_from(net).unwrap_or(0),
        main: core::array::from_fn(|i| capacities.main[i].max(judged.main[i])),
        elastic: capacities.elastic.max(judged.elastic),
        windows: settings.windows.map(|window| window.seconds),
        gross_seconds: settings.gross_seconds,
        gross: remembered(&world.limiter),
    });
}

/// The model: every interval that begins with a slot and is shorter than the shortest window in force in it, flow by flow.
fn check(flows: &[Flowed], window: usize) -> Result<(), String> {
    for (first, from) in flows.iter().enumerate() {
        if first > 0 && flows[first - 1].at.slot == from.at.slot {
            continue;
        }
        let (mut net, mut main, mut elastic, mut seconds) = (0i128, 0u64, 0u64, u32::MAX);
        for to in &flows[first..] {
            seconds = seconds.min(to.windows[window]);
            if from.at.seconds_until(to.at) >= seconds.into() {
                break;
            }
            net += to.net;
            (main, elastic) = (main.max(to.main[window]), elastic.max(to.elastic));
            let bound = 2 * i128::from(main) + i128::from(elastic);
            if net > bound {
                return Err(format!("{net} left from {:?} to {:?}, bound {bound}", from.at, to.at));
            }
        }
    }
    Ok(())
}

/// What left within a gross window is remembered whole.
fn check_gross(flows: &[Flowed]) -> Result<(), String> {
    for (last, to) in flows.iter().enumerate() {
        let (mut out, mut seconds) = (0u64, u32::MAX);
        for from in flows[..=last].iter().rev() {
            seconds = seconds.min(from.gross_seconds);
            if from.at.seconds_until(to.at) >= seconds.into() {
                break;
            }
            out = out.saturating_add(from.out);
            if out > to.gross {
                return Err(format!("{out} left from {:?} to {:?}, {} remembered", from.at, to.at, to.gross));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config::with_cases(10_000))]
    #[test]
    fn in_any_interval_of_a_window_at_most_two_buffers_and_the_elastic_cap_leave(schedule in schedules(0)) {
        prop_assert_eq!(play(&schedule, |_| ()), Ok(()));
    }

    #[test]
    fn settings_that_change_between_flows_let_out_no_more_than_the_loosest_of_them(schedule in schedules(8)) {
        prop_assert_eq!(play(&schedule, |_| ()), Ok(()));
    }
}

#[test]
fn the_check_fails_where_a_rule_is_broken() {
    let broken: [(&str, Tamper); 5] = [
        ("the elastic buffer is not cut when its slot ends", |limiter| limiter.touched_slot = u64::MAX),
        ("outflow does not use the main buffer up", |limiter| {
            limiter.net.iter_mut().for_each(|net| net.available = u64::MAX);
        }),
        ("inflow is credited twice", |limiter| limiter.elastic = (limiter.elastic * 2).min(limiter.expected)),
        ("time is counted twice", |limiter| {
            let clock = limiter.clock;
            limiter.clock = Instant::new(clock.slot - 100, clock.unix - 60);
        }),
        ("each touch rounds a refill up", |limiter| {
            for (net, window) in limiter.net.iter_mut().zip(&limiter.settings.windows) {
                net.carry = u64::from(window.seconds) - 1;
            }
        }),
    ];
    for (rule, tamper) in broken {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let caught = (0..3_000).find(|_| {
            let schedule = schedules(0).new_tree(&mut runner).expect("no filters").current();
            play(&schedule, tamper).is_err()
        });
        assert!(caught.is_some(), "not seen: {rule}");
    }
}
