//! Settings that change while the limiter works: what was used stays used.

use super::{super::*, world::*};
use crate::state::{Change, Mandate};

const START: LimiterSettings = LimiterSettings::starting(50_000, 100);

/// The short window's rate is this.
fn rated(rate_bps: u32) -> LimiterSettings {
    let mut settings = START;
    settings.windows[0].rate_bps = rate_bps;
    settings
}

impl World {
    fn amend(&mut self, new: &LimiterSettings, mandate: Mandate) -> Checked<Change> {
        self.changes(|limiter, vault, now| limiter.amend(new, mandate, vault, now))
    }

    fn disarm(&mut self, mandate: Mandate) -> Checked<()> {
        self.changes(|limiter, vault, now| limiter.disarm(mandate, vault, now))
    }

    fn accept_loss(&mut self, mandate: Mandate, least: u64) -> Checked<u64> {
        self.changes(|limiter, vault, now| limiter.accept_loss(mandate, least, vault, now))
    }

    /// A change that fails takes everything back.
    fn changes<T>(
        &mut self,
        change: impl FnOnce(&mut Limiter, &VaultState, Instant) -> Checked<T>,
    ) -> Checked<T> {
        let before = self.limiter;
        let result = change(&mut self.limiter, &self.vault, self.now);
        if result.is_err() {
            self.limiter = before;
        }
        result
    }

    /// Proposed now.
    fn proposed(&self) -> Mandate {
        Mandate::Proposed { epoch: self.limiter.epoch, at: self.now }
    }

    /// Proposed when all was well.
    fn fresh(&self) -> Mandate {
        Mandate::waited(self.limiter.epoch)
    }
}

#[test]
fn down_and_up_between_two_withdrawals_refills_nothing() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN * 8 / 10), Verdict::Allow);
    let left = world.unlatched().capacity();
    assert_eq!(world.amend(&rated(500), Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!(world.capacity(), 0, "more than that is used already");
    assert_eq!(world.amend(&START, Mandate::waited(u64::MAX)), Ok(Change::Loosens));
    assert_eq!(world.capacity(), 0, "what was taken away does not come back at once");
    let fresh = world.fresh();
    assert_eq!(world.amend(&rated(2_000), fresh), Ok(Change::Loosens));
    assert_eq!(world.capacity(), 0);
    world.wait(360);
    let refilled = world.capacity();
    assert!(refilled < left && refilled <= MAIN * 2 / 10, "{refilled} after a tenth of a window");
}

#[test]
fn what_is_not_used_is_there_under_tighter_settings_as_far_as_they_go() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN / 10), Verdict::Allow);
    assert_eq!(world.amend(&rated(500), Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!(world.capacity(), (VAULT - MAIN / 10) / 20 - MAIN / 10);
}

#[test]
fn another_window_refills_nothing_and_remembers_what_left() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN), Verdict::Allow);
    let mut new = START;
    (new.windows[0].seconds, new.gross_seconds, new.elastic_seconds) = (1_800, 43_200, 180);
    assert_eq!(world.amend(&new, Mandate::AtOnce), Err(BreakerError::LooseningWaits));
    let fresh = world.fresh();
    assert_eq!(world.unlatched().amend(&new, fresh), Ok(Change::Loosens));
    assert_eq!(world.capacity(), 0);
    assert_eq!(world.limiter.gross.iter().sum::<u64>(), MAIN);
    world.wait(43_000);
    world.look();
    assert_eq!(world.limiter.gross.iter().sum::<u64>(), MAIN, "for one new window");
    world.wait(43_200 / 12 + 400);
    world.look();
    assert_eq!(world.limiter.gross.iter().sum::<u64>(), 0);
}

#[test]
fn time_before_a_loosening_refills_at_the_old_settings() {
    let [mut settled, mut changed] = [World::seasoned(), World::seasoned()];
    for world in [&mut settled, &mut changed] {
        assert_eq!(world.withdraw(MAIN), Verdict::Allow);
        world.unlatched().wait(1_800);
    }
    let fresh = changed.fresh();
    assert_eq!(changed.amend(&rated(2_000), fresh), Ok(Change::Loosens));
    assert_eq!(changed.capacity(), settled.capacity());
}

#[test]
fn nothing_is_off_by_a_setting_out_of_bounds() {
    type Breaks = fn(&mut LimiterSettings);
    let broken: [Breaks; 13] = [
        |s| s.windows[0].seconds = 0,
        |s| s.windows[1].seconds = 0,
        |s| s.windows[1].seconds = u32::MAX,
        |s| s.gross_seconds = 0,
        |s| s.gross_seconds = u32::MAX,
        |s| s.undeclared_seconds = 0,
        |s| s.undeclared_seconds = u32::MAX,
        |s| s.elastic_seconds = 0,
        |s| s.windows[0].rate_bps = u32::MAX,
        |s| s.elastic_bps = u32::MAX,
        |s| s.gross_bps = u32::MAX,
        |s| (s.floor, s.bootstrap_cap) = (u64::MAX, u64::MAX),
        |s| s.bootstrap_cap = u64::MAX,
    ];
    for (i, breaks) in broken.into_iter().enumerate() {
        let mut world = World::seasoned();
        let mut new = START;
        breaks(&mut new);
        for mandate in [Mandate::AtOnce, world.fresh()] {
            let result = world.amend(&new, mandate);
            assert_eq!(result, Err(BreakerError::LimiterSettingOutOfBounds), "case {i}");
        }
        assert_eq!(world.capacity(), MAIN);
    }
}

#[test]
fn the_strictest_settings_and_the_largest_vault_answer_without_overflow() {
    let mut world = World::with(u64::MAX / 2, LimiterSettings::starting(u64::MAX / 8, 100));
    let mut zero = world.limiter.settings;
    zero.windows.iter_mut().for_each(|window| window.rate_bps = 0);
    (zero.elastic_bps, zero.gross_bps, zero.floor) = (0, 0, 0);
    let fresh = world.fresh();
    assert_eq!(world.amend(&zero, fresh), Ok(Change::Tightens));
    assert_eq!(world.withdraw(1), Verdict::Deny);
    let mut widest = zero;
    (widest.windows[0].rate_bps, widest.gross_bps) = (100, 100);
    let fresh = world.fresh();
    assert_eq!(world.unlatched().amend(&widest, fresh), Ok(Change::Loosens));
    assert_eq!(world.withdraw(1), Verdict::Deny, "the long window is zero still");
}

#[test]
fn settings_by_a_stale_proposal_are_void_unless_they_undo() {
    let mut world = World::seasoned();
    assert_eq!(world.amend(&rated(600), Mandate::AtOnce), Ok(Change::Tightens));
    let tightened = world.limiter.epoch;
    assert_eq!(world.amend(&rated(590), Mandate::AtOnce), Ok(Change::Tightens));
    let mandate = Mandate::waited(tightened);
    assert_eq!(world.amend(&rated(800), Mandate::waited(tightened - 1)), Err(BreakerError::ProposalVoid));
    assert_eq!(world.amend(&rated(1_001), mandate), Err(BreakerError::ProposalVoid));
    assert_eq!(world.amend(&rated(800), mandate), Ok(Change::Loosens), "half-way back");
    assert_eq!(world.limiter.delayed, rated(800));
    assert_eq!(world.amend(&START, mandate), Err(BreakerError::ProposalVoid));
    let fresh = world.fresh();
    assert_eq!(world.amend(&rated(1_601), fresh), Err(BreakerError::StepTooLarge));
    assert_eq!(world.amend(&rated(1_600), fresh), Ok(Change::Loosens));
    assert_eq!(world.amend(&rated(399), Mandate::AtOnce), Err(BreakerError::BelowFloor));
}

#[test]
fn a_drain_is_poked_before_settings_change_and_a_missing_unit_holds_nothing_off() {
    let mut world = World::seasoned();
    world.vault.amount -= 1;
    assert_eq!(world.amend(&rated(900), Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!((world.limiter.undeclared, world.limiter.expected), (1, VAULT - 1));

    world.vault.amount -= VAULT / 20;
    let fresh = world.fresh();
    for (new, mandate) in [(rated(800), Mandate::AtOnce), (START, fresh)] {
        assert_eq!(world.amend(&new, mandate), Err(BreakerError::PokeFirst));
    }
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
    assert_eq!(world.amend(&START, fresh), Ok(Change::Loosens));
    assert_eq!(world.limiter.undeclared, VAULT / 20 + 1, "what is remembered stays so");
}

#[test]
fn a_ripe_loosening_waits_for_the_limiters_own_latch() {
    let mut world = World::seasoned();
    let fresh = world.fresh();
    assert_eq!(world.withdraw(VAULT / 2), Verdict::Deny);
    assert_eq!(world.severity(), Severity::Major);
    assert_eq!(world.amend(&rated(2_000), fresh), Err(BreakerError::LatchLive));
    assert_eq!(world.amend(&rated(500), Mandate::AtOnce), Ok(Change::Tightens));
    let undo = world.fresh();
    assert_eq!(world.amend(&START, undo), Ok(Change::Loosens));
    world.wait(DAY);
    let fresh = world.fresh();
    assert_eq!(world.amend(&rated(2_000), fresh), Ok(Change::Loosens));
}

#[test]
fn a_cap_tightened_at_once_lowers_no_threshold_of_a_critical() {
    let mut world = World::young(VAULT, START);
    let before = world.limiter.undeclared_thresholds();
    let tight = LimiterSettings { bootstrap_cap: 12_500, ..START };
    assert_eq!(world.amend(&tight, Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!(world.limiter.undeclared_thresholds(), before);
    assert_eq!(world.capacity(), 12_500);
    // one that waited does
    let fresh = world.fresh();
    let tighter = LimiterSettings { bootstrap_cap: 5_000, ..START };
    assert_eq!(world.amend(&tighter, fresh), Ok(Change::Tightens));
    assert_eq!(world.limiter.undeclared_thresholds(), Ok((50, 150)));
}

#[test]
fn a_limiter_goes_back_to_shadow_by_a_proposal_made_while_it_was_armed() {
    let mut world = World::in_shadow(VAULT, START);
    let in_shadow = world.fresh();
    assert_eq!(world.disarm(in_shadow), Err(BreakerError::NotArmed));
    world.limiter.arm(&world.vault, world.now).expect("in shadow");
    assert_eq!(world.disarm(Mandate::AtOnce), Err(BreakerError::LooseningWaits));
    assert_eq!(world.disarm(in_shadow), Err(BreakerError::ProposalVoid));
    let armed = world.fresh();
    assert_eq!(world.disarm(armed), Ok(()));
    assert_eq!(world.withdraw(VAULT / 2), Verdict::Allow, "shadow refuses nothing");
    world.limiter.arm(&world.vault, world.now).expect("in shadow again");
    assert_eq!(world.disarm(armed), Err(BreakerError::ProposalVoid));
    assert_eq!(world.limiter.armed_at, world.now);
}

/// A ripe disarming, a drain, and no poke between: armed again at once, the limiter would know of nothing.
#[test]
fn a_drain_is_poked_before_the_limiter_goes_back_to_shadow_or_its_protocol_leaves() {
    let mut world = World::seasoned();
    let fresh = world.fresh();
    let check = |world: &World| world.limiter.check_poked(&world.vault, world.now);
    // a unit that is missing holds nobody off: no poke can prove it
    world.vault.amount -= 1;
    assert_eq!(check(&world), Ok(()));
    world.vault.amount -= VAULT / 20;
    let before = world.limiter;
    assert_eq!(check(&world), Err(BreakerError::PokeFirst));
    assert_eq!(world.disarm(fresh), Err(BreakerError::PokeFirst));
    assert_eq!(world.limiter.armed, 1);
    assert_eq!(bytemuck::bytes_of(&world.limiter), bytemuck::bytes_of(&before));
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
    assert_eq!(check(&world), Ok(()));
    assert_eq!(world.disarm(fresh), Ok(()));
    // a vault that is another's is a drain of all of it; in shadow that says nothing
    world.vault = VaultState::default();
    assert_eq!(check(&world), Ok(()));
    world.limiter.armed = 1;
    assert_eq!(check(&world), Err(BreakerError::PokeFirst));
}

#[test]
fn a_loss_is_accepted_once_poked_fresh_and_not_grown() {
    let mut world = World::seasoned();
    let fresh = world.fresh();
    assert_eq!(world.accept_loss(fresh, 1), Err(BreakerError::NothingChanges), "nothing is lost");
    world.vault.amount -= VAULT * 4 / 10;
    let left = world.vault.amount;
    assert_eq!(world.accept_loss(Mandate::AtOnce, left), Err(BreakerError::LooseningWaits));
    assert_eq!(world.accept_loss(fresh, left), Err(BreakerError::PokeFirst));
    world.look();
    // proposed when all was well, a loss to come would be accepted in the slot in which it comes
    assert_eq!(world.accept_loss(fresh, left), Err(BreakerError::LossUnseen));
    assert_eq!(world.accept_loss(world.proposed(), left), Err(BreakerError::LossUnseen), "in the same slot");
    world.wait(1);
    let known = world.proposed();
    assert_eq!(world.accept_loss(Mandate::waited(99), left), Err(BreakerError::ProposalVoid));
    assert_eq!(world.accept_loss(known, left + 1), Err(BreakerError::LossGrew));
    // a unit more is gone
    world.wait(1);
    world.vault.amount -= 1;
    assert_eq!(world.accept_loss(known, left), Err(BreakerError::PokeFirst));
    world.look();
    assert_eq!(world.accept_loss(known, left), Err(BreakerError::LossGrew));
    assert_eq!(world.accept_loss(known, left - 1), Err(BreakerError::LossUnseen), "it is another loss");
    world.wait(1);
    let known = world.proposed();
    let held = world.limiter.held;
    let remembered = world.accept_loss(known, left - 1);
    assert_eq!(remembered.map(|lost| lost > 0), Ok(true));
    assert_eq!((world.limiter.undeclared, world.limiter.expected), (0, left - 1));
    assert_eq!(world.limiter.held, held, "the latch stays for its time");
    assert_eq!(world.accept_loss(known, 1), Err(BreakerError::ProposalVoid));
    let again = world.proposed();
    assert_eq!(world.accept_loss(again, 1), Err(BreakerError::NothingChanges));
}

/// The second look at a loss is no other loss; what left meanwhile is, though it hides behind that look.
#[test]
fn a_critical_is_of_the_loss_before_it() {
    for more in [0, VAULT / 20] {
        let mut world =
            World::with(VAULT, LimiterSettings { hard_severity: Severity::Critical as u32, ..START });
        world.vault.amount -= VAULT / 20;
        assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
        world.wait(2);
        let known = world.proposed();
        world.wait(2);
        world.vault.amount -= more;
        assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Critical));
        let accepted = world.accept_loss(known, 1).map(|lost| lost > 0);
        assert_eq!(accepted, if more == 0 { Ok(true) } else { Err(BreakerError::LossUnseen) });
    }
}

/// What a user asks for beyond the limits is no loss, and holds off no acceptance of one.
#[test]
fn a_breach_is_no_loss() {
    let mut world = World::seasoned();
    world.vault.amount -= VAULT / 20;
    world.look();
    world.wait(1);
    let known = world.proposed();
    world.wait(1);
    assert_eq!(world.unlatched().withdraw(VAULT / 2), Verdict::Deny);
    assert_eq!(world.trip.map(|trip| trip.rule), Some(Rule::Hard));
    assert_eq!(world.accept_loss(known, 1).map(|lost| lost > 0), Ok(true));
}

/// The first real breach is journaled as of itself, whatever was measured before in shadow, and the other way round.
#[test]
fn what_tripped_in_shadow_and_what_was_real_are_two_entries() {
    let mut world = World::in_shadow(VAULT, START);
    world.wait(2 * DAY);
    world.vault.amount -= VAULT / 20;
    let fresh = world.fresh();
    // a change sees it too, and neither latches nor loses it
    assert_eq!(world.amend(&rated(900), fresh), Ok(Change::Tightens));
    assert_eq!((world.limiter.shadow_trips, world.limiter.pending.count), (1, 1));
    world.limiter.arm(&world.vault, world.now).expect("in shadow");
    assert_eq!(world.limiter.pending, PendingEntry::default());
    assert_eq!(world.limiter.shadow_trips, 1);

    world.wait(DAY);
    assert_eq!(world.withdraw(VAULT / 2), Verdict::Deny);
    let real = world.limiter.pending;
    assert_eq!((real.first, real.act, real.count), (world.now, Act::HardBreach as u8, 1));
    let fresh = world.fresh();
    assert_eq!(world.disarm(fresh), Ok(()));
    assert_eq!(world.unlatched().withdraw(VAULT * 8 / 10), Verdict::Allow);
    assert_eq!((world.limiter.shadow_trips, world.limiter.pending), (2, real), "counted, and kept apart");
    // armed again, what is real still waits
    world.limiter.arm(&world.vault, world.now).expect("in shadow");
    assert_eq!(world.limiter.pending, real);
}
