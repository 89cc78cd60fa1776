//! What to do about an alarm, given what the chain says now: a pure function.

use firebreak_client::{Limiter, Market, Protocol, VaultState, addresses::current_segment};
use firebreak_interface::{
    BreakerError, Instant, Operations, Severity,
    constants::{DAY, MINOR_MIN},
    instruction::RaiseOrder,
    state::{Journal, Keeper},
};
use solana_pubkey::Pubkey;

use crate::{
    detector::Evidence,
    proof::{Prospect, prospect},
};

/// Everything an act depends on, read at one moment.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Slot of the reading.
    pub slot: u64,
    /// The chain's clock there.
    pub now: Instant,
    /// The protocol.
    pub protocol: Box<Protocol>,
    /// The market.
    pub market: Box<Market>,
    /// The limiter.
    pub limiter: Box<Limiter>,
    /// The vault.
    pub vault: VaultState,
    /// The journal.
    pub journal: Box<Journal>,
    /// This key's registration, where it has one.
    pub keeper: Option<Box<Keeper>>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Poke: the market would rise to this severity, or trips be written.
    Poke {
        /// Severity that the market would rise to; Normal where only the journal gains.
        rises_to: Severity,
    },
    /// Raise with this order.
    Raise(RaiseOrder),
    /// Nothing, for this reason.
    Nothing(Idle),
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Idle {
    /// The chain needs no act any more, or never did.
    #[error("the chain already holds it, or proves nothing")]
    NotNeeded,
    /// The market is closed at least as far by something else.
    #[error("the market holds {0:?} already")]
    Held(Severity),
    /// Planned work was announced, and until it is over the breaker takes no raise.
    #[error("not needed: planned work was announced in this market, which quiets raises")]
    Maintenance,
    /// The key may not raise.
    #[error("this key is not a registered keeper of the protocol: it can poke, not raise")]
    NotRegistered,
    /// The program would refuse.
    #[error("the breaker would refuse: {0}")]
    Refused(BreakerError),
}

impl Idle {
    /// Whether the chain holds what the act is for; else there is just nothing to be done.
    pub(super) fn is_effect(self) -> bool {
        matches!(self, Self::NotNeeded | Self::Held(_))
    }
}

/// Decides about an alarm.
pub fn decide(evidence: &Evidence, facts: &Facts, key: &Pubkey, raise_seconds: u32) -> Decision {
    match evidence {
        Evidence::Outflow { .. } => decide_raise(evidence, facts, key, raise_seconds),
        Evidence::Shortfall { .. } | Evidence::Latched { .. } => poke_if(facts, Prospect::is_urgent),
        Evidence::Unwritten { .. } => poke_if(facts, Prospect::is_any),
    }
}

fn poke_if(facts: &Facts, is_needed: impl Fn(&Prospect) -> bool) -> Decision {
    let prospect = prospect(&facts.protocol, &facts.market, &facts.limiter, &facts.vault, facts.now);
    if is_needed(&prospect) {
        Decision::Poke { rises_to: prospect.rises_to }
    } else {
        Decision::Nothing(Idle::NotNeeded)
    }
}

/// A raise is Minor: where anything holds the market already it adds nothing but noise.
fn decide_raise(evidence: &Evidence, facts: &Facts, key: &Pubkey, raise_seconds: u32) -> Decision {
    let severity = facts.market.in_force(&facts.protocol.board, facts.now).0;
    if severity > Severity::Normal {
        return Decision::Nothing(Idle::Held(severity));
    }
    if !facts.market.quiet_until.reached(facts.now) {
        return Decision::Nothing(Idle::Maintenance);
    }
    let Some(keeper) = &facts.keeper else {
        return Decision::Nothing(Idle::NotRegistered);
    };
    let seconds = raise_seconds.min(left_today(keeper, facts.now)).max(MINOR_MIN);
    // what Minor closes is the market's own choice; a rule that proves nothing closes no more than that
    let order = RaiseOrder { closed: Operations::default().0, seconds, reason: reason(evidence) };
    let (mut keeper, mut market) = (**keeper, *facts.market);
    let refused = keeper
        .spend_raise(seconds, facts.now)
        .and_then(|()| market.raise(*key, Operations(order.closed), seconds, order.reason, facts.now));
    match refused {
        Ok(_) => Decision::Raise(order),
        Err(error) => Decision::Nothing(Idle::Refused(error)),
    }
}

/// Seconds that the keeper may still raise today.
fn left_today(keeper: &Keeper, now: Instant) -> u32 {
    let is_new_day = keeper.day_start.plus(DAY).reached(now);
    keeper.max_seconds.saturating_sub(if is_new_day { 0 } else { keeper.seconds_today })
}

/// The rule's number, for people who read the journal: 1 and 2 are the outflow's short and long window.
fn reason(evidence: &Evidence) -> u64 {
    match evidence.rule() {
        "outflow_3_slots" => 1,
        "outflow_60s" => 2,
        _ => 0,
    }
}

impl Facts {
    /// The journal's current segment.
    pub fn segment(&self) -> Option<u32> {
        current_segment(&self.journal)
    }
}

#[cfg(test)]
mod tests {
    use firebreak_interface::state::KeeperSettings;

    use super::*;
    use crate::fixtures::World;

    const OUTFLOW: Evidence = Evidence::Outflow { left: 5, threshold: 4, window: "outflow_3_slots" };
    const SHORTFALL: Evidence = Evidence::Shortfall { missing: 5, threshold: 4 };

    fn facts(world: &World) -> Facts {
        Facts {
            slot: world.now.slot,
            now: world.now,
            protocol: Box::new(world.protocol),
            market: Box::new(world.market),
            limiter: Box::new(world.limiter),
            vault: world.vault,
            journal: Box::new(bytemuck::Zeroable::zeroed()),
            keeper: None,
        }
    }

    fn key() -> Pubkey {
        Pubkey::new_from_array([40; 32])
    }

    fn registered(world: &World) -> Facts {
        let mut keeper: Keeper = bytemuck::Zeroable::zeroed();
        let settings = KeeperSettings { key: key(), max_seconds: 1_200, raises_per_day: 2, term: 1_000 };
        keeper.initialize(world.limiter.protocol, 254, &settings, world.now).expect("within bounds");
        Facts { keeper: Some(Box::new(keeper)), ..facts(world) }
    }

    fn decided(evidence: Evidence, facts: &Facts) -> Decision {
        decide(&evidence, facts, &key(), 3_600)
    }

    #[test]
    fn a_proven_shortfall_is_poked() {
        let mut world = World::with_vault(1_000_000);
        world.steal(50_000);
        assert_eq!(decided(SHORTFALL, &facts(&world)), Decision::Poke { rises_to: Severity::Major });
    }

    #[test]
    fn a_shortfall_that_is_none_any_more_is_left_alone() {
        let world = World::with_vault(1_000_000);
        assert_eq!(decided(SHORTFALL, &facts(&world)), Decision::Nothing(Idle::NotNeeded));
    }

    #[test]
    fn a_market_that_holds_the_limiters_latch_is_left_alone() {
        let mut world = World::with_vault(1_000_000);
        world.steal(50_000);
        world.poke();
        assert_eq!(decided(SHORTFALL, &facts(&world)), Decision::Nothing(Idle::NotNeeded));
    }

    #[test]
    fn what_only_waits_for_the_journal_is_poked_only_where_that_is_the_point() {
        let mut world = World::with_vault(1_000_000);
        world.latched_beside_another_vault();
        assert_eq!(decided(SHORTFALL, &facts(&world)), Decision::Nothing(Idle::NotNeeded));
        let unwritten = decided(Evidence::Unwritten { count: 1 }, &facts(&world));
        assert_eq!(unwritten, Decision::Poke { rises_to: Severity::Normal });
    }

    #[test]
    fn a_repeat_of_what_holds_already_is_done() {
        let mut world = World::with_vault(1_000_000);
        world.withdraw(900_000);
        world.poke();
        world.withdraw(900_000);
        let latched = Evidence::Latched { severity: Severity::Major };
        for evidence in [SHORTFALL, latched, Evidence::Unwritten { count: 1 }] {
            assert_eq!(decided(evidence, &facts(&world)), Decision::Nothing(Idle::NotNeeded));
        }
    }

    #[test]
    fn a_latch_that_is_outlasted_a_little_is_left_and_by_much_renewed() {
        let mut world = World::with_vault(1_000_000);
        world.withdraw(900_000);
        world.poke();
        let latched = Evidence::Latched { severity: Severity::Major };
        world.advance(200);
        world.withdraw(900_000);
        assert_eq!(decided(latched, &facts(&world)), Decision::Nothing(Idle::NotNeeded));
        world.advance(200);
        world.withdraw(900_000);
        assert_eq!(decided(latched, &facts(&world)), Decision::Poke { rises_to: Severity::Major });
    }

    #[test]
    fn a_detached_protocol_is_left_alone() {
        let mut world = World::with_vault(1_000_000);
        world.steal(50_000);
        world.protocol.detached = 1;
        assert_eq!(decided(SHORTFALL, &facts(&world)), Decision::Nothing(Idle::NotNeeded));
    }

    #[test]
    fn a_key_that_is_not_registered_raises_nothing() {
        let world = World::with_vault(1_000_000);
        assert_eq!(decided(OUTFLOW, &facts(&world)), Decision::Nothing(Idle::NotRegistered));
    }

    #[test]
    fn a_registered_keeper_raises_for_what_it_may() {
        let world = World::with_vault(1_000_000);
        let order = RaiseOrder { closed: 0, seconds: 1_200, reason: 1 };
        assert_eq!(decided(OUTFLOW, &registered(&world)), Decision::Raise(order));
    }

    #[test]
    fn what_is_left_of_the_day_bounds_a_raise_and_the_next_day_is_whole() {
        let world = World::with_vault(1_000_000);
        let mut facts = registered(&world);
        let keeper = facts.keeper.as_mut().expect("registered");
        keeper.expires = facts.now.plus(2 * DAY);
        (keeper.seconds_today, keeper.raises_today) = (500, 1);
        let order = RaiseOrder { closed: 0, seconds: 700, reason: 1 };
        assert_eq!(decided(OUTFLOW, &facts), Decision::Raise(order));
        facts.now = facts.now.plus(DAY);
        assert_eq!(decided(OUTFLOW, &facts), Decision::Raise(RaiseOrder { seconds: 1_200, ..order }));
    }

    #[test]
    fn a_market_that_is_closed_needs_no_caution() {
        let mut world = World::with_vault(1_000_000);
        world.steal(50_000);
        world.poke();
        let held = Decision::Nothing(Idle::Held(Severity::Major));
        assert_eq!(decided(OUTFLOW, &registered(&world)), held);
    }

    #[test]
    fn planned_work_quiets_raises_until_it_is_over_and_no_poke() {
        let mut world = World::with_vault(1_000_000);
        world.market.quiet_until = world.now.plus(600);
        assert_eq!(decided(OUTFLOW, &registered(&world)), Decision::Nothing(Idle::Maintenance));
        world.steal(50_000);
        assert_eq!(decided(SHORTFALL, &registered(&world)), Decision::Poke { rises_to: Severity::Major });
        world.advance(600);
        assert!(matches!(decided(OUTFLOW, &registered(&world)), Decision::Raise(_)));
    }

    #[test]
    fn the_budget_and_the_term_of_a_keeper_are_respected() {
        let world = World::with_vault(1_000_000);
        let mut facts = registered(&world);
        let keeper = facts.keeper.as_mut().expect("registered");
        keeper.raises_today = keeper.raises_per_day;
        let spent = Decision::Nothing(Idle::Refused(BreakerError::RaisesSpent));
        assert_eq!(decided(OUTFLOW, &facts), spent);

        let mut facts = registered(&world);
        let keeper = facts.keeper.as_mut().expect("registered");
        keeper.seconds_today = 601;
        assert_eq!(decided(OUTFLOW, &facts), spent, "599 s are left: less than a raise may be");

        let mut facts = registered(&world);
        facts.now = facts.now.plus(1_001);
        let expired = Decision::Nothing(Idle::Refused(BreakerError::KeeperExpired));
        assert_eq!(decided(OUTFLOW, &facts), expired);
    }
}
