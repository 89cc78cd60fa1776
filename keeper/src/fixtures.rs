//! A guarded vault in memory, for the unit tests of this crate: it behaves as the program would.

use bytemuck::Zeroable;
use firebreak_client::{Limiter, Market, Protocol, VaultState};
use firebreak_interface::{
    Direction, Instant, Operation, Operations, Severity,
    constants::LOOSENING_DELAY_DEFAULT,
    state::{Flow, LimiterSettings, MarketSettings, Source, Trip},
};
use solana_pubkey::Pubkey;

use crate::proof::prospect;

pub(crate) const PROTOCOL: Pubkey = Pubkey::new_from_array([1; 32]);
pub(crate) const MARKET: Pubkey = Pubkey::new_from_array([2; 32]);
pub(crate) const LIMITER: Pubkey = Pubkey::new_from_array([3; 32]);
pub(crate) const VAULT: Pubkey = Pubkey::new_from_array([4; 32]);

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) protocol: Protocol,
    pub(crate) market: Market,
    pub(crate) limiter: Limiter,
    pub(crate) vault: VaultState,
}

impl World {
    /// An armed limiter on a vault with this much in it, a day old.
    pub(crate) fn with_vault(amount: u64) -> Self {
        let start = Instant::new(10_000, 1_000_000);
        let keys = [PROTOCOL, MARKET, VAULT];
        let owner = Pubkey::new_from_array([9; 32]);
        let vault = VaultState { mint: Pubkey::new_from_array([8; 32]), owner, amount, sound: true };
        let mut limiter = Limiter::zeroed();
        let settings = LimiterSettings::starting(amount, 10);
        limiter.initialize(keys, (254, 0), &settings, &vault, start).expect("within bounds");
        limiter.arm(&vault, start).expect("in shadow");
        let mut market = Market::zeroed();
        let closed = Operations::of(&[Operation::WITHDRAW, Operation::BORROW]);
        let settings = MarketSettings::closing(Operations::default(), closed, closed);
        market.initialize(PROTOCOL, 0, 254, &settings).expect("within bounds");
        let mut protocol = Protocol::zeroed();
        protocol.loosening_delay = LOOSENING_DELAY_DEFAULT;
        protocol.delayed_loosening_delay = LOOSENING_DELAY_DEFAULT;
        Self { now: start.plus(1), protocol, market, limiter, vault }
    }

    /// Tokens leave without a record.
    pub(crate) fn steal(&mut self, amount: u64) {
        self.vault.amount -= amount;
    }

    /// A recorded flow: the limiter counts it, and the vault changes.
    pub(crate) fn withdraw(&mut self, amount: u64) {
        let flow = Flow { direction: Direction::Out, amount, closed: false };
        let outcome = self.limiter.record(flow, &self.vault, self.now).expect("a sound flow");
        if let Some(trip) = &outcome.trip {
            self.limiter.latch(trip, &self.market, self.now);
        }
        if outcome.verdict == firebreak_interface::Verdict::Allow {
            self.vault.amount -= amount;
        }
    }

    /// The limiter latches what its market holds already, by the latch of another vault's limiter.
    pub(crate) fn latched_beside_another_vault(&mut self) {
        let severity = Severity::Major;
        let rule = firebreak_interface::state::Rule::Undeclared;
        let until = self.now.plus(100_000);
        for severity in [Severity::Minor, severity] {
            let trip = Trip { rule, severity, value: 0, threshold: 0 };
            self.market.latch_trip((Source::Limiter, 0), &trip, until, self.now);
        }
        self.withdraw(900_000);
    }

    /// What the program does on a poke that proves something.
    pub(crate) fn poke(&mut self) {
        let prospect = prospect(&self.protocol, &self.market, &self.limiter, &self.vault, self.now);
        assert!(prospect.is_any(), "it would fail");
        let trip = self.limiter.observe(&self.vault, false, self.now).expect("sound");
        if let Some(trip) = &trip {
            self.limiter.latch(trip, &self.market, self.now);
        }
        for (severity, until) in Severity::ABOVE_NORMAL.into_iter().zip(self.limiter.held) {
            if !until.reached(self.now) {
                let held = Trip {
                    rule: firebreak_interface::state::Rule::Undeclared,
                    severity,
                    value: 0,
                    threshold: 0,
                };
                self.market.latch_trip((Source::Limiter, 0), &held, until, self.now);
            }
        }
        self.limiter.take_pending(LIMITER, MARKET).expect("a sound entry");
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now = self.now.plus(seconds);
    }
}
