//! What somebody may wish settings to be, by dice; and the ratchet's judgement of what became of them.

use super::{town::*, *};
use crate::state::setting::tests::{Field, Kind, Walked};

/// Random numbers that come again with their seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.word() % most.max(1)
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Fields of every setting, listed once.
pub(super) struct Fields {
    pub(super) protocol: Vec<Field<ProtocolSettings>>,
    pub(super) market: Vec<Field<MarketSettings>>,
    pub(super) limiter: Vec<Field<LimiterSettings>>,
    pub(super) band: Vec<Field<BandSettings>>,
    pub(super) ratios: Vec<Field<Ratios>>,
}

impl Fields {
    pub(super) fn new() -> Self {
        Self {
            protocol: Walked::fields(),
            market: Walked::fields(),
            limiter: Walked::fields(),
            band: Walked::fields(),
            ratios: Walked::fields(),
        }
    }

    /// The first field of a target's settings that none of these judges allows, from what was to what is.
    pub(super) fn refused(&self, target: Target, cases: &[(&Town, Judge)], is: &Town) -> Option<String> {
        match target {
            Target::Protocol => refused(&self.protocol, cases, is, |town| town.protocol.settings()),
            Target::Market => refused(&self.market, cases, is, |town| town.market.settings()),
            Target::Limiter => refused(&self.limiter, cases, is, |town| town.limiter.settings),
            Target::Band => refused(&self.band, cases, is, |town| town.band.settings),
            Target::Invariant => refused(&self.ratios, cases, is, Town::ratios),
            Target::Keeper => None,
        }
    }
}

/// What may become of a field: its kind, before and after.
pub(super) type Judge = fn(Kind, u128, u128) -> bool;

fn refused<S: Walked>(
    fields: &[Field<S>],
    cases: &[(&Town, Judge)],
    is: &Town,
    of: fn(&Town) -> S,
) -> Option<String> {
    let is = of(is);
    let cases: Vec<_> = cases.iter().map(|(was, judge)| (of(was), judge)).collect();
    fields.iter().find_map(|field| {
        let after = u128::from((field.get)(&is));
        let before = |was: &S| u128::from((field.get)(was));
        let is_allowed = cases.iter().any(|(was, judge)| judge(field.kind, before(was), after));
        let was: Vec<_> = cases.iter().map(|(was, _)| before(was)).collect();
        (!is_allowed).then(|| format!("{}, {:?}: {was:?} became {after}", field.name, field.kind))
    })
}

/// At least as tight, and limits above their floor.
pub(super) fn is_tight(kind: Kind, before: u128, after: u128) -> bool {
    match kind {
        Kind::Less(_) | Kind::Scarce => after <= before && 4 * after >= before,
        Kind::More => (before..=4 * before).contains(&after),
        Kind::Longer => after >= before,
        Kind::Bits => before & !after == 0,
        Kind::Waits | Kind::Never => after == before,
    }
}

/// Not looser, however tight.
pub(super) fn is_within(kind: Kind, before: u128, after: u128) -> bool {
    match kind {
        Kind::Less(_) | Kind::Scarce => after <= before,
        Kind::More => after >= before,
        _ => is_tight(kind, before, after),
    }
}

/// As it was.
pub(super) fn is_same(_: Kind, before: u128, after: u128) -> bool {
    before == after
}

/// At most one step looser.
pub(super) fn is_a_step(kind: Kind, before: u128, after: u128) -> bool {
    match kind {
        Kind::Less(least) => after <= 2 * before || (before == 0 && after <= least.into()),
        Kind::More | Kind::Longer => 2 * after >= before,
        Kind::Scarce => after <= before,
        Kind::Bits => true,
        Kind::Waits => after <= 2 * before && before <= 2 * after,
        Kind::Never => after == before,
    }
}

/// New settings that somebody may wish for.
pub(super) fn wish<S: Walked>(dice: &mut Dice, fields: &[Field<S>], now: &S, start: &S) -> S {
    let base = if dice.below(2) == 0 { now } else { start };
    match dice.below(8) {
        0 | 1 => start.clone(),
        2..=4 => {
            // all limits alike
            let percent: u64 =
                dice.pick(&[10, 24, 25, 26, 50, 90, 99, 101, 150, 200, 200, 201, 400, 400, 800]);
            let waits = dice.below(3) == 0;
            fields.iter().filter(|field| !field.name.contains("severity")).fold(base.clone(), |new, field| {
                let number = (field.get)(base);
                let scaled = (u128::from(number) * u128::from(percent)).div_ceil(100);
                let scaled = u64::try_from(scaled).unwrap_or(u64::MAX);
                match field.kind {
                    Kind::Less(_) | Kind::Scarce => new.with(field, scaled),
                    Kind::Waits if waits => new.with(field, scaled),
                    _ => new,
                }
            })
        }
        _ => (0..=dice.below(3)).fold(base.clone(), |new, _| {
            let field = &fields[dice.below(fields.len() as u64) as usize];
            let number = (field.get)(base);
            let other = match field.kind {
                Kind::Bits => number ^ 1 << dice.below(64),
                _ => dice.pick(&[
                    0,
                    1,
                    number.div_ceil(4),
                    (number / 4).saturating_sub(1),
                    number.saturating_sub(1),
                    number.saturating_add(1),
                    number.div_ceil(2),
                    number.saturating_mul(2),
                    number.saturating_mul(2).saturating_add(1),
                    number.saturating_mul(4),
                    u64::MAX,
                ]),
            };
            new.with(field, other)
        }),
    }
}
