//! Every field of every setting: its direction, its floor and its step.

use core::fmt::Debug;

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use borsh::{BorshSerialize, to_vec};
use bytemuck::Zeroable;
use proptest::prelude::*;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use super::*;
use crate::state::Thresholds;

/// What the tests say of a field, in words of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::state) enum Kind {
    /// Less is tighter; a quarter at once, the double by a proposal. From nothing a proposal goes this far.
    Less(u64),
    /// More is tighter; four times at once, half by a proposal.
    More,
    /// More is tighter, as far as the bounds allow; half by a proposal.
    Longer,
    /// Less is tighter, and never more than the last delayed.
    Scarce,
    /// More bits are tighter, any of them.
    Bits,
    /// Waits both ways, to the double or the half.
    Waits,
    /// Never changes.
    Never,
}

/// A field as a number.
pub(in crate::state) struct Field<S> {
    pub(in crate::state) name: &'static str,
    pub(in crate::state) kind: Kind,
    pub(in crate::state) get: fn(&S) -> u64,
    set: fn(&mut S, u64),
}

/// A share of nothing goes up to one percent.
const SHARE: Kind = Kind::Less(100);
/// An amount of nothing goes up to one unit.
const AMOUNT: Kind = Kind::Less(1);

macro_rules! fields {
    ($s:ident; $($kind:expr => $place:expr;)*) => {
        vec![$(Field {
            name: stringify!($place),
            kind: $kind,
            get: |$s: &Self| $place.into(),
            set: |$s: &mut Self, x| $place = x as _,
        },)*]
    };
}

/// A key of one byte.
fn key(byte: u64) -> Pubkey {
    [byte as u8; 32].into()
}

fn byte(key: &Pubkey) -> u64 {
    key.to_bytes()[0].into()
}

pub(in crate::state) trait Walked:
    Setting + Clone + PartialEq + Debug + BorshSerialize
{
    /// Settings whose fields [`Walked::fields`] fill.
    fn empty() -> Self;
    fn fields() -> Vec<Field<Self>>;

    /// All fields are this number.
    fn all(number: u64) -> Self {
        let mut settings = Self::empty();
        Self::fields().iter().for_each(|field| (field.set)(&mut settings, number));
        settings
    }

    fn with(&self, field: &Field<Self>, number: u64) -> Self {
        let mut settings = self.clone();
        (field.set)(&mut settings, number);
        settings
    }
}

impl Walked for LimiterSettings {
    fn empty() -> Self {
        Self::zeroed()
    }

    fn fields() -> Vec<Field<Self>> {
        fields! { s;
            Kind::Waits => s.windows[0].seconds;
            SHARE => s.windows[0].rate_bps;
            Kind::Waits => s.windows[1].seconds;
            SHARE => s.windows[1].rate_bps;
            SHARE => s.elastic_bps;
            SHARE => s.elastic_seconds;
            SHARE => s.gross_bps;
            Kind::Waits => s.gross_seconds;
            SHARE => s.undeclared_soft_bps;
            Kind::Waits => s.undeclared_hard_bps;
            Kind::Waits => s.undeclared_seconds;
            SHARE => s.soft_bps;
            Kind::Longer => s.soft_severity;
            Kind::Waits => s.hard_severity;
            AMOUNT => s.floor;
            Kind::Scarce => s.bootstrap_cap;
        }
    }
}

impl Walked for WindowSettings {
    fn empty() -> Self {
        Self::zeroed()
    }

    fn fields() -> Vec<Field<Self>> {
        fields! { s;
            Kind::Waits => s.seconds;
            SHARE => s.rate_bps;
        }
    }
}

impl Walked for MarketSettings {
    fn empty() -> Self {
        Self {
            responses: [Response::zeroed(); 3],
            durations: [0; 3],
            dwell: 0,
            liquidation_grace: 0,
            critical_closes_exits: false,
        }
    }

    fn fields() -> Vec<Field<Self>> {
        let mut fields: Vec<Field<Self>> = fields! { s;
            Kind::Bits => s.responses[0].closed;
            AMOUNT => s.responses[0].limits.max_position;
            AMOUNT => s.responses[0].limits.max_order;
            SHARE => s.responses[0].limits.max_leverage_bps;
            Kind::More => s.responses[0].limits.margin_multiplier_bps;
            Kind::Bits => s.responses[1].closed;
            AMOUNT => s.responses[1].limits.max_position;
            AMOUNT => s.responses[1].limits.max_order;
            SHARE => s.responses[1].limits.max_leverage_bps;
            Kind::More => s.responses[1].limits.margin_multiplier_bps;
            Kind::Bits => s.responses[2].closed;
            AMOUNT => s.responses[2].limits.max_position;
            AMOUNT => s.responses[2].limits.max_order;
            SHARE => s.responses[2].limits.max_leverage_bps;
            Kind::More => s.responses[2].limits.margin_multiplier_bps;
            Kind::Longer => s.durations[0];
            Kind::Longer => s.durations[1];
            Kind::Longer => s.durations[2];
            Kind::Longer => s.dwell;
            Kind::Waits => s.liquidation_grace;
        };
        fields.push(Field {
            name: "critical_closes_exits",
            kind: Kind::Never,
            get: |s| s.critical_closes_exits.into(),
            set: |s, x| s.critical_closes_exits = x % 2 == 1,
        });
        fields
    }
}

impl Walked for Response {
    fn empty() -> Self {
        Self::zeroed()
    }

    fn fields() -> Vec<Field<Self>> {
        fields! { s;
            Kind::Bits => s.closed;
            AMOUNT => s.limits.max_position;
            AMOUNT => s.limits.max_order;
            SHARE => s.limits.max_leverage_bps;
            Kind::More => s.limits.margin_multiplier_bps;
        }
    }
}

impl Walked for Limits {
    fn empty() -> Self {
        Self::zeroed()
    }

    fn fields() -> Vec<Field<Self>> {
        fields! { s;
            AMOUNT => s.max_position;
            AMOUNT => s.max_order;
            SHARE => s.max_leverage_bps;
            Kind::More => s.margin_multiplier_bps;
        }
    }
}

impl Walked for BandSettings {
    fn empty() -> Self {
        Self::zeroed()
    }

    fn fields() -> Vec<Field<Self>> {
        type Feeds = [Field<BandSettings>; 4];
        let feeds: Feeds = [
            Field {
                name: "primary.account",
                kind: Kind::Never,
                get: |s| byte(&s.primary.account),
                set: |s, x| s.primary.account = key(x),
            },
            Field {
                name: "primary.id",
                kind: Kind::Never,
                get: |s| s.primary.id[0].into(),
                set: |s, x| s.primary.id = [x as u8; 32],
            },
            Field {
                name: "second.account",
                kind: Kind::Never,
                get: |s| byte(&s.second.account),
                set: |s, x| s.second.account = key(x),
            },
            Field {
                name: "second.id",
                kind: Kind::Never,
                get: |s| s.second.id[0].into(),
                set: |s, x| s.second.id = [x as u8; 32],
            },
        ];
        let mut fields: Vec<Field<Self>> = fields! { s;
            Kind::Waits => s.max_age;
            Kind::Waits => s.max_conf_bps;
            Kind::Longer => s.stale_severity;
            Kind::Longer => s.wide_severity;
            SHARE => s.deviation_bps[0];
            SHARE => s.deviation_bps[1];
            Kind::Waits => s.deviation_bps[2];
            SHARE => s.divergence_bps[0];
            SHARE => s.divergence_bps[1];
            Kind::Waits => s.divergence_bps[2];
            Kind::Waits => s.step_bps;
            Kind::Waits => s.observe_within;
        };
        fields.extend(feeds);
        fields
    }
}

impl Walked for Ratios {
    fn empty() -> Self {
        Self { bps: [0; 3] }
    }

    fn fields() -> Vec<Field<Self>> {
        fields! { s;
            Kind::More => s.bps[0];
            Kind::More => s.bps[1];
            Kind::Waits => s.bps[2];
        }
    }
}

impl Walked for KeeperSettings {
    fn empty() -> Self {
        Self { key: key(0), max_seconds: 0, raises_per_day: 0, term: 0 }
    }

    fn fields() -> Vec<Field<Self>> {
        let mut fields: Vec<Field<Self>> = fields! { s;
            Kind::Never => s.max_seconds;
            Kind::Never => s.raises_per_day;
            Kind::Never => s.term;
        };
        fields.push(Field {
            name: "key",
            kind: Kind::Never,
            get: |s| byte(&s.key),
            set: |s, x| s.key = key(x),
        });
        fields
    }
}

impl Walked for ProtocolSettings {
    fn empty() -> Self {
        let thresholds =
            Thresholds { confirm: 0, resume: 0, migrate: 0, release: 0, veto: 0, freeze: 0, padding: [0; 2] };
        Self { authority: key(0), guardians: vec![key(0); 3], thresholds, loosening_delay: 0 }
    }

    fn fields() -> Vec<Field<Self>> {
        let mut fields: Vec<Field<Self>> = fields! { s; Kind::More => s.loosening_delay; };
        fields.push(Field {
            name: "authority",
            kind: Kind::Never,
            get: |s| byte(&s.authority),
            set: |s, x| s.authority = key(x),
        });
        fields.push(Field {
            name: "guardians",
            kind: Kind::Never,
            get: |s| byte(&s.guardians[0]),
            set: |s, x| s.guardians = vec![key(x); 3],
        });
        fields.push(Field {
            name: "thresholds",
            kind: Kind::Never,
            get: |s| {
                let Thresholds { confirm, resume, migrate, release, veto, freeze, .. } = s.thresholds;
                u64::from_le_bytes([confirm, resume, migrate, release, veto, freeze, 0, 0])
            },
            set: |s, x| {
                let [confirm, resume, migrate, release, veto, freeze, ..] = x.to_le_bytes();
                s.thresholds =
                    Thresholds { confirm, resume, migrate, release, veto, freeze, padding: [0; 2] };
            },
        });
        fields
    }
}

/// Where every field begins: far from all edges, odd, so that halves and quarters round.
const START: u64 = 1_001;
/// The least that is not below its quarter, and its half.
const QUARTER: u64 = 251;
const HALF: u64 = 501;

/// Pins direction, floor and step of every field. Bytes that no field writes belong to one that the walk forgot.
fn walk<S: Walked>(unwritten: usize) {
    let start = S::all(START);
    let mut rest = to_vec(&start).expect("memory is there");
    let bytes = rest.len();
    let mut written = vec![false; bytes];
    for field in S::fields() {
        let name = field.name;
        let at = |number| start.with(&field, number);
        rest = to_vec(&at(!START)).expect("memory is there");
        for (i, byte) in to_vec(&start).expect("memory is there").iter().enumerate() {
            written[i] |= rest[i] != *byte;
        }

        assert_eq!(start.change(&at(START)), Change::Same, "{name}");
        let changes = |number| start.change(&at(number));
        let (less, more) = (changes(START - 1), changes(START + 1));
        let floor = |number| start.keeps_floor(&at(number));
        // one proposal from the start, of which nothing is delayed that would allow more
        let step = |number| start.keeps_step(&start, &at(number));
        // and back to the start, from wherever instant tightening went
        let back = |from| at(from).keeps_step(&start, &start);
        match field.kind {
            Kind::Less(least) => {
                assert_eq!((less, more), (Change::Tightens, Change::Loosens), "{name}");
                assert!(floor(QUARTER) && !floor(QUARTER - 1), "{name}: floor");
                assert!(step(2 * START) && !step(2 * START + 1) && step(0), "{name}: step");
                let from_zero = |number| at(0).keeps_step(&at(0), &at(number));
                assert!(from_zero(least) && !from_zero(least + 1), "{name}: from nothing");
                let from_one = |number| at(1).keeps_step(&at(1), &at(number));
                assert!(from_one(2) && !from_one(3), "{name}: from one");
                assert!(back(QUARTER) && back(0), "{name}: back");
            }
            Kind::More => {
                assert_eq!((less, more), (Change::Loosens, Change::Tightens), "{name}");
                assert!(floor(4 * START) && !floor(4 * START + 1), "{name}: floor");
                assert!(step(HALF) && !step(HALF - 1) && step(u64::MAX), "{name}: step");
                assert!(back(4 * START), "{name}: back");
            }
            Kind::Longer => {
                assert_eq!((less, more), (Change::Loosens, Change::Tightens), "{name}");
                assert!(floor(u64::MAX), "{name}: no floor");
                assert!(step(HALF) && !step(HALF - 1) && step(u64::MAX), "{name}: step");
                assert!(back(u64::MAX), "{name}: back");
            }
            Kind::Scarce => {
                assert_eq!((less, more), (Change::Tightens, Change::Loosens), "{name}");
                assert!(floor(QUARTER) && !floor(QUARTER - 1), "{name}: floor");
                assert!(step(START) && !step(START + 1), "{name}: never more");
                assert!(back(QUARTER) && back(0), "{name}: back");
            }
            Kind::Bits => {
                assert_eq!(changes(START | 1 << 20), Change::Tightens, "{name}");
                assert_eq!(changes(START & !1), Change::Loosens, "{name}");
                assert_eq!(changes(START & !1 | 1 << 20), Change::Loosens, "{name}: another for one");
                assert!(floor(u64::MAX) && step(0) && back(u64::MAX), "{name}");
            }
            Kind::Waits => {
                assert_eq!((less, more), (Change::Loosens, Change::Loosens), "{name}");
                assert!(step(2 * START) && !step(2 * START + 1), "{name}: step up");
                assert!(step(HALF) && !step(HALF - 1), "{name}: step down");
                assert!(back(1) && back(u64::MAX), "{name}: back");
            }
            Kind::Never => {
                assert_eq!((less, more), (Change::Forbidden, Change::Forbidden), "{name}");
            }
        }
    }
    let forgotten = written.iter().filter(|written| !**written).count();
    assert_eq!(forgotten, unwritten, "bytes of {bytes} that no field writes");
}

#[test]
fn every_field_of_every_setting_has_its_direction_floor_and_step() {
    walk::<LimiterSettings>(0);
    walk::<WindowSettings>(0);
    walk::<MarketSettings>(0);
    walk::<Response>(0);
    walk::<Limits>(0);
    walk::<BandSettings>(0);
    walk::<Ratios>(0);
    walk::<KeeperSettings>(0);
    // how many guardians there are
    walk::<ProtocolSettings>(6);
}

/// A change, as [`Setting::check_change`] sees it.
fn check<S: Walked>(old: &S, new: &S, path: Path) -> Checked<Change> {
    old.check_change(old, new, path)
}

/// For any two fields: what one tightens does not carry what the other loosens.
fn one_loosened_field_waits<S: Walked>() {
    let start = S::all(START);
    let waits = |change| [Change::Loosens, Change::Forbidden].contains(&change);
    for loosened in S::fields() {
        for number in [START - 1, START + 1, START & !1] {
            let loose = start.with(&loosened, number);
            if !waits(start.change(&loose)) {
                continue;
            }
            let tight = S::fields().into_iter().filter(|field| field.name != loosened.name).fold(
                loose,
                |s, field| match field.kind {
                    Kind::Less(_) | Kind::Scarce => s.with(&field, START - 1),
                    Kind::More | Kind::Longer => s.with(&field, START + 1),
                    Kind::Bits => s.with(&field, START | 1 << 20),
                    Kind::Waits | Kind::Never => s,
                },
            );
            let refused = check(&start, &tight, Path::AtOnce);
            let expected = match start.change(&tight) {
                Change::Forbidden => BreakerError::SettingFixed,
                _ => BreakerError::LooseningWaits,
            };
            assert_eq!(refused, Err(expected), "{}", loosened.name);
        }
    }
}

#[test]
fn one_loosened_field_makes_the_whole_change_wait() {
    one_loosened_field_waits::<LimiterSettings>();
    one_loosened_field_waits::<MarketSettings>();
    one_loosened_field_waits::<BandSettings>();
    one_loosened_field_waits::<Ratios>();
    one_loosened_field_waits::<ProtocolSettings>();
}

#[test]
fn a_change_of_nothing_is_refused_by_either_path() {
    let start = LimiterSettings::starting(1_000, 100);
    for path in [Path::AtOnce, Path::Proposed] {
        assert_eq!(check(&start, &start, path), Err(BreakerError::NothingChanges));
    }
}

/// Random edits: which field, and what it becomes.
type Edits = Vec<Vec<(usize, u64)>>;

fn edits() -> impl Strategy<Value = Edits> {
    let number = prop_oneof![
        4 => 0..3 * START,
        1 => prop::sample::select(vec![0, 1, 2, 50, 100, u32::MAX.into(), u64::MAX]),
    ];
    prop::collection::vec(prop::collection::vec((0usize..64, number), 1..4), 1..60)
}

fn edited<S: Walked>(settings: &S, edits: &[(usize, u64)]) -> S {
    let fields = S::fields();
    edits
        .iter()
        .fold(settings.clone(), |settings, (i, number)| settings.with(&fields[i % fields.len()], *number))
}

/// Everything that passes at once, one change after the other.
fn tighten_at_once<S: Walked>(delayed: &S, edits: &Edits) -> Vec<S> {
    let mut held = vec![delayed.clone()];
    for edit in edits {
        let old = held.last().expect("never empty");
        let new = edited(old, edit);
        if old.check_change(delayed, &new, Path::AtOnce).is_ok() {
            held.push(new);
        }
    }
    held
}

fn tightenings_add_up<S: Walked>(edits: &Edits) {
    let first = S::all(START);
    let held = tighten_at_once(&first, edits);
    for (i, before) in held.iter().enumerate() {
        for after in &held[i + 1..] {
            assert_eq!(before.change(after), Change::Tightens);
        }
    }
    for settings in &held {
        assert!(settings.is_within(&first));
        // undoing is one step
        let undone = settings.check_change(&first, &first, Path::Proposed);
        assert!(undone.is_ok() || undone == Err(BreakerError::NothingChanges), "{undone:?}");
    }
    for field in S::fields() {
        let last = (field.get)(held.last().expect("never empty"));
        let is_above = match field.kind {
            Kind::Less(_) | Kind::Scarce => (QUARTER..=START).contains(&last),
            Kind::More => (START..=4 * START).contains(&last),
            Kind::Longer => last >= START,
            Kind::Bits => last & START == START,
            Kind::Waits | Kind::Never => last == (field.get)(&first),
        };
        assert!(is_above, "{} is {last}", field.name);
    }
}

/// One proposal from any settings, reached by whatever way.
fn a_step_at_most_doubles<S: Walked>(edits: &Edits) {
    let first = S::all(START);
    let (to_delayed, rest) = edits.split_at(edits.len() / 3);
    let (to_old, to_new) = rest.split_at(rest.len() / 2);
    let delayed = edited(&first, &to_delayed.concat());
    let old = edited(&delayed, &to_old.concat());
    let mut steps: Vec<_> = to_new.iter().map(|edit| edited(&old, edit)).collect();
    steps.push(edited(&old, &to_new.concat()));
    for new in steps {
        if old.check_change(&delayed, &new, Path::Proposed).is_err() {
            continue;
        }
        for field in S::fields() {
            let [delayed, old, new] =
                [&delayed, &old, &new].map(|settings| u128::from((field.get)(settings)));
            let is_bounded = match field.kind {
                Kind::Less(least) => new <= delayed.max(2 * old) || (old == 0 && new <= least.into()),
                Kind::More | Kind::Longer => new >= delayed.min(old.div_ceil(2)) || (new == 0 && old <= 100),
                Kind::Scarce => new <= delayed,
                Kind::Bits => true,
                Kind::Waits => {
                    let from_nothing = old.min(new) == 0 && old.max(new) <= 100;
                    new == delayed || (new <= 2 * old && old <= 2 * new) || from_nothing
                }
                Kind::Never => new == old,
            };
            assert!(is_bounded, "{} from {old} to {new}, {delayed} delayed", field.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Steps that each pass as tightening never sum up to anything looser, nor to less than a quarter of what was
    /// delayed; and wherever they lead, one proposal leads back.
    #[test]
    fn tightenings_add_up_to_one_that_a_proposal_undoes(edits in edits()) {
        tightenings_add_up::<LimiterSettings>(&edits);
        tightenings_add_up::<MarketSettings>(&edits);
        tightenings_add_up::<BandSettings>(&edits);
        tightenings_add_up::<Ratios>(&edits);
        tightenings_add_up::<KeeperSettings>(&edits);
        tightenings_add_up::<ProtocolSettings>(&edits);
    }

    #[test]
    fn a_proposal_doubles_at_most_or_goes_back(edits in edits()) {
        a_step_at_most_doubles::<LimiterSettings>(&edits);
        a_step_at_most_doubles::<MarketSettings>(&edits);
        a_step_at_most_doubles::<BandSettings>(&edits);
        a_step_at_most_doubles::<Ratios>(&edits);
        a_step_at_most_doubles::<KeeperSettings>(&edits);
        a_step_at_most_doubles::<ProtocolSettings>(&edits);
    }
}
