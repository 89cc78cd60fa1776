//! The town of the full cast: what its accounts show, and the acts of guardians, keepers and anybody as the program's handlers
//! do them. What fails takes everything back.

use super::*;
use crate::{oracle::PriceUpdate, state::Measurement};

/// Where an act or a latch is: in the market, or in all of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Market,
    Whole,
}

impl Scope {
    pub(super) const ALL: [Self; 2] = [Self::Market, Self::Whole];

    pub(super) fn key(self) -> Pubkey {
        match self {
            Self::Market => Target::Market.key(),
            Self::Whole => PROTOCOL,
        }
    }
}

/// The key of the protocol's account.
pub(super) const PROTOCOL: Pubkey = Pubkey::new_from_array([92; 32]);
/// What the protocol owes; the left side of its invariant is to cover it.
pub(super) const DEBTS: u64 = 10_000;
/// The price at which the band begins.
pub(super) const PRICE: i64 = 10_000_000_000;
/// Nothing is wrong.
pub(super) const FINE: Truth = Truth { assets: 2 * DEBTS, price: PRICE, code: 5 };

/// What the accounts hold that the breaker reads and does not write.
#[derive(Clone, Copy)]
pub(super) struct Truth {
    /// What stands against [`DEBTS`].
    pub(super) assets: u64,
    /// Of the band's feed.
    pub(super) price: i64,
    /// By this slot and code the program is deployed; 5 is what was pinned.
    pub(super) code: u8,
}

impl Town {
    pub(super) fn board(&self, scope: Scope) -> &LatchBoard {
        match scope {
            Scope::Market => &self.market.board,
            Scope::Whole => &self.protocol.board,
        }
    }

    pub(super) fn board_mut(&mut self, scope: Scope) -> &mut LatchBoard {
        match scope {
            Scope::Market => &mut self.market.board,
            Scope::Whole => &mut self.protocol.board,
        }
    }

    /// Dwell and liquidation grace.
    pub(super) fn steps(&self, scope: Scope) -> (u32, u32) {
        match scope {
            Scope::Market => (self.market.dwell, self.market.liquidation_grace),
            Scope::Whole => (DWELL_MIN, LIQUIDATION_GRACE_MIN),
        }
    }

    pub(super) fn prices(&self, truth: &Truth) -> Prices {
        let price = PriceUpdate {
            partial: None,
            feed_id: [1; 32],
            price: truth.price,
            conf: 0,
            exponent: -8,
            publish_time: self.now.unix,
            posted_slot: self.now.slot,
        };
        [Some(price), None]
    }

    pub(super) fn measurement(&self, truth: &Truth) -> Measurement {
        let mut measurement = Measurement::default();
        for (place, amount) in [(1, truth.assets), (2, DEBTS)] {
            let data = amount.to_le_bytes();
            let shown = Shown { key: &key(place), program: &key(9), data: &data };
            self.invariant.show(&mut measurement, &shown).expect("in their order");
        }
        measurement
    }

    /// `poke_invariant`.
    pub(super) fn poke_invariant(&mut self, truth: &Truth) {
        let measured = self.invariant.measure(&self.measurement(truth)).expect("all are shown");
        if self.invariant.standing.armed != 0 {
            let (trip, _) = self.invariant.confirm(measured, self.protocol.settling_delay(), self.now);
            self.raise_market(Source::Invariant, trip);
        }
    }

    /// `poke_band`, or `observe`.
    pub(super) fn look_at_price(&mut self, truth: &Truth, pokes: bool) {
        let prices = self.prices(truth);
        if !pokes {
            self.band.observe(&prices, self.now).expect("sound");
        } else if self.band.standing.armed != 0 {
            let proof = self.band.prove(&prices, self.protocol.settling_delay(), self.now);
            self.raise_market(Source::PriceBand, proof.ok().map(|(trip, _)| trip));
        }
    }

    fn raise_market(&mut self, source: Source, trip: Option<Trip>) {
        if let Some(trip) = trip {
            let until = self.market.automatic_until(trip.severity, self.now);
            self.market.latch_trip((source, 0), &trip, until, self.now);
        }
    }

    /// `poke_program`.
    pub(super) fn look_at_program(&mut self, truth: &Truth) {
        let before = self.protocol;
        let (account, data) = (self.protocol.pin.account, deployed(truth.code));
        let looked = self.protocol.look_at_program(&shown(&account, &data), self.now);
        if looked.is_err() {
            self.protocol = before;
        }
    }

    /// What is shown of the rules of a latch, each of which must measure less; the places that were.
    fn show(&mut self, latch: &LatchId, truth: &Truth) -> Checked<u64> {
        let now = self.now;
        match latch.source {
            Source::Limiter => self.limiter.resume(latch.severity, &self.vault, now)?,
            Source::PriceBand => self.band.resume(latch.severity, &self.prices(truth), now)?,
            Source::Invariant => {
                let measurement = self.measurement(truth);
                self.invariant.resume(latch.severity, &measurement, now)?;
            }
            Source::Program => {
                let (account, data) = (self.protocol.pin.account, deployed(truth.code));
                self.protocol.resume_program(&shown(&account, &data), now)?;
            }
            Source::Guardian | Source::Keeper => return Ok(0),
        }
        Ok(1)
    }

    /// `confirm`, `resume`, `freeze_authority` or `announce_maintenance`.
    pub(super) fn carry_out(
        &mut self,
        (act, scope): (&GuardianAct, Scope),
        (proposal, signed): (Option<&mut Proposal>, Members),
        shows: Option<&Truth>,
    ) -> Checked<()> {
        let now = self.now;
        let scope = match act {
            GuardianAct::FreezeAuthority { .. } => Scope::Whole,
            GuardianAct::Maintenance { .. } => Scope::Market,
            _ => scope,
        };
        let mut cleared = 0;
        if let GuardianAct::Resume(order) = act {
            self.board(scope).named(&order.latch, now)?;
            if let Some(truth) = shows {
                cleared = self.show(&order.latch, truth)?;
            }
        }
        act.check_quorum((&PROTOCOL, &self.protocol), &scope.key(), proposal, signed, now)?;
        let steps = self.steps(scope);
        match act {
            GuardianAct::Confirm(order) => self.board_mut(scope).confirm(order, steps, now)?,
            GuardianAct::Resume(order) => {
                self.board_mut(scope).resume(order, cleared, steps, now)?;
                self.protocol.pause_epoch += 1;
            }
            GuardianAct::FreezeAuthority { authority_epoch } => {
                self.protocol.freeze_authority(*authority_epoch, now)?;
            }
            GuardianAct::Maintenance { seconds } => {
                self.market.announce_maintenance(*seconds, &self.protocol.board, now)?;
            }
            other => unreachable!("nobody of the cast calls it: {other:?}"),
        }
        self.market.assert_invariant()
    }

    /// `pause`: what it is charged.
    pub(super) fn pause(
        &mut self,
        (order, scope): (&PauseOrder, Scope),
        guardian: &Pubkey,
        budget: &mut GuardianBudget,
    ) -> Checked<u32> {
        self.protocol.members([guardian])?;
        self.protocol.check_attached()?;
        let closed = order.check(self.protocol.pause_epoch, self.now)?;
        let ((dwell, grace), now) = (self.steps(scope), self.now);
        let is_held = self.board(scope).is_held(Source::Guardian, Severity::Major, now);
        let charged = self.board_mut(scope).pause(closed, order.seconds, dwell, grace, now)?;
        budget.spend(charged, self.protocol.pause_budget(), now)?;
        budget.rest(is_held, now.plus(order.seconds.into()), now)?;
        self.market.assert_invariant()?;
        Ok(charged)
    }

    /// `raise`.
    pub(super) fn raise(&mut self, keeper: &mut Keeper, (closed, seconds): (u64, u32)) -> Checked<Severity> {
        self.protocol.check_attached()?;
        keeper.spend_raise(seconds, self.now)?;
        let severity = self.market.raise(keeper.key, Operations(closed), seconds, 0, self.now)?;
        self.market.assert_invariant()?;
        Ok(severity)
    }
}
