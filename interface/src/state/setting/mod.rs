//! The ratchet's classification: for every field of every setting, which way is tighter. The only place that says so.
//!
//! Each list destructures its settings whole, so a field without a direction does not compile. What has no clear
//! direction waits both ways, and so does what decides a Critical: a rule tightened lately can therefore never call one
//! that it would not have called before.

use super::{
    band::BandSettings,
    invariant::Ratios,
    keeper::KeeperSettings,
    limiter::{LimiterSettings, WindowSettings},
    market::MarketSettings,
    protocol::ProtocolSettings,
    response::{Limits, Response},
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
};

/// What replacing a setting does. A change of several fields is the worst of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing.
    Same,
    /// Tightens only: may be at once.
    Tightens,
    /// Loosens somewhere, or somewhere nobody can tell: waits.
    Loosens,
    /// Changes what governance cannot change.
    Forbidden,
}

/// By which path a change comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The authority's signature alone.
    AtOnce,
    /// A proposal that has waited.
    Proposed,
}

/// Settings whose fields all have a direction.
pub trait Setting {
    /// What replacing these settings with the new ones does. Bounds are the settings' own check.
    fn change(&self, new: &Self) -> Change;
    /// Whether no limit is a smaller share of these, the last delayed settings, than tightening at once may leave.
    fn keeps_floor(&self, new: &Self) -> bool;
    /// Whether nothing is loosened further than one proposal may, or than back to the last delayed settings.
    fn keeps_step(&self, delayed: &Self, new: &Self) -> bool;

    /// Checks a change of these settings against the ratchet; `delayed` are the last that waited, or those of
    /// registration.
    ///
    /// # Errors
    /// [`BreakerError::NothingChanges`], [`BreakerError::SettingFixed`]; at once [`BreakerError::LooseningWaits`] and
    /// [`BreakerError::BelowFloor`], by a proposal [`BreakerError::StepTooLarge`].
    fn check_change(&self, delayed: &Self, new: &Self, path: Path) -> Checked<Change> {
        let change = self.change(new);
        let refused = match (change, path) {
            (Change::Same, _) => BreakerError::NothingChanges,
            (Change::Forbidden, _) => BreakerError::SettingFixed,
            (Change::Loosens, Path::AtOnce) => BreakerError::LooseningWaits,
            (Change::Tightens, Path::AtOnce) if !delayed.keeps_floor(new) => BreakerError::BelowFloor,
            (_, Path::Proposed) if !self.keeps_step(delayed, new) => BreakerError::StepTooLarge,
            _ => return Ok(change),
        };
        Err(refused)
    }

    /// Whether these settings are no looser than the last delayed ones: going there is an undoing, never a gain.
    fn is_within(&self, delayed: &Self) -> bool {
        delayed.change(self) <= Change::Tightens
    }
}

/// The direction of a field.
trait Direction<T> {
    fn change(old: &T, new: &T) -> Change;
    /// As [`Setting::keeps_floor`]; what is no limit has none.
    fn keeps_floor(_delayed: &T, _new: &T) -> bool {
        true
    }
    /// As [`Setting::keeps_step`]; what is no quantity has none.
    fn keeps_step(_old: &T, _delayed: &T, _new: &T) -> bool {
        true
    }
}

/// A limit: less is tighter.
struct Lower;
/// A limit: more is tighter.
struct Higher;
/// A duration or a rank, within bounds that are near: more is tighter, and no floor binds it.
struct Longer;
/// A limit that is a share of something scarce: less is tighter, and more than the last delayed is for a new registration.
struct Shrinks;
/// A mask of what is closed: more is tighter.
struct Superset;
/// Thresholds of Minor, Major, Critical: less is tighter for the first two, the last decides a Critical.
struct Reached;
/// As [`Reached`], where more is tighter.
struct Covered;
/// Either way waits.
struct Waits;
/// Never changes by governance.
struct Fixed;
/// Settings inside settings.
struct Inner;
/// A row of settings inside settings.
struct Each;

macro_rules! directions {
    ($($settings:ident { $($field:ident: $direction:ident,)* })*) => {
        $(
            impl Setting for $settings {
                fn change(&self, new: &Self) -> Change {
                    let Self { $($field),* } = self;
                    Change::Same$(.max($direction::change($field, &new.$field)))*
                }

                fn keeps_floor(&self, new: &Self) -> bool {
                    true$( && $direction::keeps_floor(&self.$field, &new.$field))*
                }

                fn keeps_step(&self, delayed: &Self, new: &Self) -> bool {
                    true$( && $direction::keeps_step(&self.$field, &delayed.$field, &new.$field))*
                }
            }
        )*
    };
}

directions! {
    LimiterSettings {
        windows: Each,
        // both: less inflow may leave again, and for a shorter time
        elastic_bps: Lower,
        elastic_seconds: Lower,
        gross_bps: Lower,
        gross_seconds: Waits,
        undeclared_soft_bps: Lower,
        // this one decides a Critical
        undeclared_hard_bps: Waits,
        // longer remembers more, and an old trifle then latches
        undeclared_seconds: Waits,
        soft_bps: Lower,
        soft_severity: Longer,
        hard_severity: Waits,
        floor: Lower,
        bootstrap_cap: Shrinks,
    }
    WindowSettings {
        // longer refills slower but bounds a longer time; an hour made a week is a limit of almost nothing
        seconds: Waits,
        rate_bps: Lower,
    }
    MarketSettings {
        responses: Each,
        durations: Each,
        dwell: Longer,
        // longer saves positions, shorter saves the protocol from bad debt
        liquidation_grace: Waits,
        // said at registration and never again
        critical_closes_exits: Fixed,
    }
    Response {
        closed: Superset,
        limits: Inner,
    }
    Limits {
        max_position: Lower,
        max_order: Lower,
        max_leverage_bps: Lower,
        margin_multiplier_bps: Higher,
    }
    BandSettings {
        // the reference is of this price: another feed is another band
        primary: Fixed,
        second: Fixed,
        // these three make a price or a reference unusable, which cautions: stricter is blinder
        max_age: Waits,
        max_conf_bps: Waits,
        observe_within: Waits,
        stale_severity: Longer,
        wide_severity: Longer,
        deviation_bps: Reached,
        divergence_bps: Reached,
        // a slower reference is further from the price: it decides a Critical
        step_bps: Waits,
    }
    Ratios {
        bps: Covered,
    }
    KeeperSettings {
        // a keeper only tightens, within a budget: less of one is less of a guard, more of one is more of a
        // stolen key. Another budget is another registration, and this one is revoked
        key: Fixed,
        max_seconds: Fixed,
        raises_per_day: Fixed,
        term: Fixed,
    }
    ProtocolSettings {
        // moved by an act of its own, which the new key signs too
        authority: Fixed,
        // changed by the guardians alone
        guardians: Fixed,
        thresholds: Fixed,
        loosening_delay: Higher,
    }
}

/// A duration inside a row of them.
impl Setting for u32 {
    fn change(&self, new: &Self) -> Change {
        Longer::change(self, new)
    }

    fn keeps_floor(&self, new: &Self) -> bool {
        Longer::keeps_floor(self, new)
    }

    fn keeps_step(&self, delayed: &Self, new: &Self) -> bool {
        Longer::keeps_step(self, delayed, new)
    }
}

/// A quantity that has a floor and a step.
trait Quantity: Copy + Ord + Into<u128> {
    /// How far a step goes from nothing, of which the double is nothing.
    const LEAST: u128;
}

impl Quantity for u32 {
    const LEAST: u128 = LOOSENING_LEAST_BPS as u128;
}

impl Quantity for u64 {
    const LEAST: u128 = 1;
}

/// Whether `new` is at least the share of `delayed` that tightening at once may leave.
fn is_above_floor<T: Quantity>(delayed: T, new: T) -> bool {
    new.into() * u128::from(TIGHTENING_FLOOR_DIVISOR) >= delayed.into()
}

/// Whether `new` is at most as many times `old` as one proposal may make it.
fn is_within_step<T: Quantity>(old: T, new: T) -> bool {
    let most = if old.into() == 0 { T::LEAST } else { old.into() * u128::from(LOOSENING_STEP) };
    new.into() <= most
}

impl<T: Quantity> Direction<T> for Lower {
    fn change(old: &T, new: &T) -> Change {
        match new.cmp(old) {
            core::cmp::Ordering::Equal => Change::Same,
            core::cmp::Ordering::Less => Change::Tightens,
            core::cmp::Ordering::Greater => Change::Loosens,
        }
    }

    fn keeps_floor(delayed: &T, new: &T) -> bool {
        is_above_floor(*delayed, *new)
    }

    fn keeps_step(old: &T, delayed: &T, new: &T) -> bool {
        new <= delayed || is_within_step(*old, *new)
    }
}

impl<T: Quantity> Direction<T> for Higher {
    fn change(old: &T, new: &T) -> Change {
        Lower::change(new, old)
    }

    fn keeps_floor(delayed: &T, new: &T) -> bool {
        is_above_floor(*new, *delayed)
    }

    fn keeps_step(old: &T, delayed: &T, new: &T) -> bool {
        new >= delayed || is_within_step(*new, *old)
    }
}

impl Direction<u32> for Longer {
    fn change(old: &u32, new: &u32) -> Change {
        Higher::change(old, new)
    }

    fn keeps_step(old: &u32, delayed: &u32, new: &u32) -> bool {
        Higher::keeps_step(old, delayed, new)
    }
}

impl Direction<u64> for Shrinks {
    fn change(old: &u64, new: &u64) -> Change {
        Lower::change(old, new)
    }

    fn keeps_floor(delayed: &u64, new: &u64) -> bool {
        Lower::keeps_floor(delayed, new)
    }

    fn keeps_step(_old: &u64, delayed: &u64, new: &u64) -> bool {
        new <= delayed
    }
}

impl Direction<u64> for Superset {
    fn change(old: &u64, new: &u64) -> Change {
        if new == old {
            Change::Same
        } else if old & !new == 0 {
            Change::Tightens
        } else {
            Change::Loosens
        }
    }
}

macro_rules! thresholds {
    ($direction:ident of $each:ident) => {
        impl Direction<[u32; 3]> for $direction {
            fn change(old: &[u32; 3], new: &[u32; 3]) -> Change {
                $each::change(&old[0], &new[0])
                    .max($each::change(&old[1], &new[1]))
                    .max(Waits::change(&old[2], &new[2]))
            }

            fn keeps_floor(delayed: &[u32; 3], new: &[u32; 3]) -> bool {
                (0..2).all(|i| $each::keeps_floor(&delayed[i], &new[i]))
            }

            fn keeps_step(old: &[u32; 3], delayed: &[u32; 3], new: &[u32; 3]) -> bool {
                (0..2).all(|i| $each::keeps_step(&old[i], &delayed[i], &new[i]))
                    && Waits::keeps_step(&old[2], &delayed[2], &new[2])
            }
        }
    };
}

thresholds!(Reached of Lower);
thresholds!(Covered of Higher);

impl Direction<u32> for Waits {
    fn change(old: &u32, new: &u32) -> Change {
        if new == old { Change::Same } else { Change::Loosens }
    }

    fn keeps_step(old: &u32, delayed: &u32, new: &u32) -> bool {
        new == delayed || (is_within_step(*old, *new) && is_within_step(*new, *old))
    }
}

impl<T: PartialEq> Direction<T> for Fixed {
    fn change(old: &T, new: &T) -> Change {
        if new == old { Change::Same } else { Change::Forbidden }
    }
}

impl<T: Setting> Direction<T> for Inner {
    fn change(old: &T, new: &T) -> Change {
        old.change(new)
    }

    fn keeps_floor(delayed: &T, new: &T) -> bool {
        delayed.keeps_floor(new)
    }

    fn keeps_step(old: &T, delayed: &T, new: &T) -> bool {
        old.keeps_step(delayed, new)
    }
}

impl<T: Setting, const N: usize> Direction<[T; N]> for Each {
    fn change(old: &[T; N], new: &[T; N]) -> Change {
        old.iter().zip(new).map(|(old, new)| old.change(new)).max().unwrap_or(Change::Same)
    }

    fn keeps_floor(delayed: &[T; N], new: &[T; N]) -> bool {
        delayed.iter().zip(new).all(|(delayed, new)| delayed.keeps_floor(new))
    }

    fn keeps_step(old: &[T; N], delayed: &[T; N], new: &[T; N]) -> bool {
        (0..N).all(|i| old[i].keeps_step(&delayed[i], &new[i]))
    }
}

#[cfg(test)]
pub(super) mod tests;
