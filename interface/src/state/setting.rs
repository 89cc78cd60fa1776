//! The ratchet's classification: for every field of every setting, which way is tighter. The only place that says so.
//!
//! Each list destructures its settings whole, so a field without a direction does not compile. What has no clear
//! direction is `waits`: it counts as loosening both ways.

use super::{
    keeper::KeeperSettings,
    limiter::{LimiterSettings, WindowSettings},
    market::MarketSettings,
    protocol::ProtocolSettings,
    response::{Limits, Response},
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

/// Settings whose fields all have a direction.
pub trait Setting {
    /// What replacing these settings with the new ones does. Bounds are the settings' own check.
    fn change(&self, new: &Self) -> Change;
}

macro_rules! directions {
    ($($settings:ident { $($field:ident: $direction:ident,)* })*) => {
        $(
            impl Setting for $settings {
                fn change(&self, new: &Self) -> Change {
                    let Self { $($field),* } = self;
                    Change::Same$(.max($direction($field, &new.$field)))*
                }
            }
        )*
    };
}

directions! {
    LimiterSettings {
        windows: each,
        // both: less inflow may leave again, and for a shorter time
        elastic_bps: lower,
        elastic_seconds: lower,
        gross_bps: lower,
        // the ring's buckets would be read as of another length: what they hold is of neither window
        gross_seconds: waits,
        undeclared_soft_bps: lower,
        undeclared_hard_bps: lower,
        // longer remembers more, and an old trifle then latches: no limit, so the floor of tightening does not bind it
        undeclared_seconds: waits,
        soft_bps: lower,
        soft_severity: higher,
        hard_severity: higher,
        floor: lower,
        bootstrap_cap: lower,
    }
    WindowSettings {
        // longer refills slower but bounds a longer time; an hour made a week is a limit of almost nothing
        seconds: waits,
        rate_bps: lower,
    }
    MarketSettings {
        responses: each,
        durations: each,
        dwell: higher,
        // longer saves positions, shorter saves the protocol from bad debt
        liquidation_grace: waits,
        // said at registration and never again
        critical_closes_exits: fixed,
    }
    Response {
        closed: superset,
        limits: inner,
    }
    Limits {
        max_position: lower,
        max_order: lower,
        max_leverage_bps: lower,
        margin_multiplier_bps: higher,
    }
    KeeperSettings {
        key: fixed,
        // a keeper only tightens, but the budget is what a stolen bot key can spend: less of it is always safe
        max_seconds: lower,
        raises_per_day: lower,
        term: lower,
    }
    ProtocolSettings {
        // offered, waited for, then accepted by the new key
        authority: waits,
        // changed by the guardians alone
        guardians: fixed,
        loosening_delay: higher,
    }
}

/// A duration that holds longer is tighter.
impl Setting for u32 {
    fn change(&self, new: &Self) -> Change {
        higher(self, new)
    }
}

/// Less is tighter.
fn lower<T: PartialOrd>(old: &T, new: &T) -> Change {
    if new == old {
        Change::Same
    } else if new < old {
        Change::Tightens
    } else {
        Change::Loosens
    }
}

/// More is tighter.
fn higher<T: PartialOrd>(old: &T, new: &T) -> Change {
    lower(new, old)
}

/// A mask that closes all of the old one and more is tighter.
fn superset(old: &u64, new: &u64) -> Change {
    if new == old {
        Change::Same
    } else if old & !new == 0 {
        Change::Tightens
    } else {
        Change::Loosens
    }
}

/// Any change waits.
fn waits<T: PartialEq>(old: &T, new: &T) -> Change {
    if new == old { Change::Same } else { Change::Loosens }
}

/// Never changes by governance.
fn fixed<T: PartialEq>(old: &T, new: &T) -> Change {
    if new == old { Change::Same } else { Change::Forbidden }
}

/// Settings inside settings.
fn inner<T: Setting>(old: &T, new: &T) -> Change {
    old.change(new)
}

/// A row of settings inside settings.
fn each<T: Setting, const N: usize>(old: &[T; N], new: &[T; N]) -> Change {
    old.iter().zip(new).map(|(old, new)| old.change(new)).max().unwrap_or(Change::Same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Operations};
    use proptest::prelude::*;

    fn limiter(edit: impl FnOnce(&mut LimiterSettings)) -> Change {
        let old = LimiterSettings::starting(1_000, 100);
        let mut new = old;
        edit(&mut new);
        // there and back: no step is a tightening both ways
        let back = new.change(&old);
        assert!(old.change(&new) != Change::Tightens || back == Change::Loosens);
        old.change(&new)
    }

    fn market(edit: impl FnOnce(&mut MarketSettings)) -> Change {
        let withdraw = Operations::of(&[Operation::WITHDRAW]);
        let old = MarketSettings::closing(withdraw, withdraw, withdraw);
        let mut new = old;
        edit(&mut new);
        old.change(&new)
    }

    #[test]
    fn every_field_of_a_limiter_has_its_direction() {
        assert_eq!(limiter(|_| ()), Change::Same);
        assert_eq!(limiter(|s| s.windows[0].rate_bps = 0), Change::Tightens);
        assert_eq!(limiter(|s| s.windows[1].rate_bps += 1), Change::Loosens);
        assert_eq!(limiter(|s| s.windows[0].seconds += 60), Change::Loosens);
        assert_eq!(limiter(|s| s.windows[1].seconds -= 60), Change::Loosens);
        assert_eq!(limiter(|s| s.elastic_bps -= 1), Change::Tightens);
        assert_eq!(limiter(|s| s.elastic_seconds += 1), Change::Loosens);
        assert_eq!(limiter(|s| s.gross_bps += 1), Change::Loosens);
        assert_eq!(limiter(|s| s.gross_seconds -= 12), Change::Loosens);
        assert_eq!(limiter(|s| s.undeclared_soft_bps -= 1), Change::Tightens);
        assert_eq!(limiter(|s| s.undeclared_hard_bps += 1), Change::Loosens);
        assert_eq!(limiter(|s| s.undeclared_seconds += 60), Change::Loosens);
        assert_eq!(limiter(|s| s.soft_bps -= 1), Change::Tightens);
        assert_eq!(limiter(|s| s.soft_severity = 2), Change::Tightens);
        assert_eq!(limiter(|s| s.hard_severity = 3), Change::Tightens);
        assert_eq!(limiter(|s| s.floor += 1), Change::Loosens);
        assert_eq!(limiter(|s| s.bootstrap_cap -= 1), Change::Tightens);
    }

    #[test]
    fn every_field_of_a_market_has_its_direction() {
        assert_eq!(market(|s| s.responses[2].closed |= Operations::NON_EXITS.0), Change::Tightens);
        assert_eq!(market(|s| s.responses[0].closed = 0), Change::Loosens);
        // another operation for the one that was closed is no tightening
        let borrow = Operations::of(&[Operation::BORROW]).0;
        assert_eq!(market(|s| s.responses[1].closed = borrow), Change::Loosens);
        assert_eq!(market(|s| s.responses[1].limits.max_position = 5), Change::Tightens);
        assert_eq!(market(|s| s.responses[1].limits.max_order = 5), Change::Tightens);
        assert_eq!(market(|s| s.responses[1].limits.max_leverage_bps = 5), Change::Tightens);
        assert_eq!(market(|s| s.responses[1].limits.margin_multiplier_bps -= 1), Change::Loosens);
        assert_eq!(market(|s| s.durations[1] += 1), Change::Tightens);
        assert_eq!(market(|s| s.dwell -= 1), Change::Loosens);
        assert_eq!(market(|s| s.liquidation_grace += 1), Change::Loosens);
        assert_eq!(market(|s| s.critical_closes_exits = true), Change::Forbidden);
    }

    #[test]
    fn every_field_of_a_keeper_and_a_protocol_has_its_direction() {
        let key = |byte| [byte; 32].into();
        let old = KeeperSettings { key: key(1), max_seconds: 3_600, raises_per_day: 5, term: 1_000 };
        assert_eq!(old.change(&KeeperSettings { key: key(2), ..old }), Change::Forbidden);
        assert_eq!(old.change(&KeeperSettings { max_seconds: 3_599, ..old }), Change::Tightens);
        assert_eq!(old.change(&KeeperSettings { raises_per_day: 6, ..old }), Change::Loosens);
        assert_eq!(old.change(&KeeperSettings { term: 1_001, ..old }), Change::Loosens);

        let guardians = vec![key(3), key(4), key(5)];
        let old = ProtocolSettings { authority: key(2), guardians, loosening_delay: 100 };
        assert_eq!(old.change(&ProtocolSettings { authority: key(9), ..old.clone() }), Change::Loosens);
        assert_eq!(old.change(&ProtocolSettings { guardians: vec![], ..old.clone() }), Change::Forbidden);
        assert_eq!(old.change(&ProtocolSettings { loosening_delay: 101, ..old.clone() }), Change::Tightens);
        assert_eq!(old.change(&ProtocolSettings { loosening_delay: 99, ..old.clone() }), Change::Loosens);
    }

    #[test]
    fn one_loosened_field_makes_the_whole_change_wait() {
        let hidden = limiter(|s| {
            (s.windows[0].rate_bps, s.gross_bps, s.floor) = (0, 0, 0);
            s.bootstrap_cap += 1;
        });
        assert_eq!(hidden, Change::Loosens);
    }

    proptest! {
        /// Steps that each pass as tightening never sum up to anything looser.
        #[test]
        fn tightenings_add_up_to_a_tightening(steps in prop::collection::vec(
            (0u32..3_000, 0u32..3_000, 0u64..300, 1u32..4), 1..40))
        {
            let first = LimiterSettings::starting(1_000, 100);
            let mut held = first;
            for (rate, gross, floor, severity) in steps {
                let mut new = held;
                (new.windows[0].rate_bps, new.gross_bps) = (rate, gross);
                (new.floor, new.hard_severity) = (floor, severity);
                if held.change(&new) == Change::Tightens {
                    held = new;
                }
            }
            prop_assert!(first.change(&held) <= Change::Tightens);
        }
    }
}
