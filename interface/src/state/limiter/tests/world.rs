//! A vault, its limiter and an integration that pays what it is allowed to.

use bytemuck::Zeroable;

use super::super::*;
use crate::{
    operation::{Operation, Operations},
    state::MarketSettings,
};

pub(super) const VAULT: u64 = 1_000_000;
/// What the starting point lets out in an hour from [`VAULT`].
pub(super) const MAIN: u64 = VAULT / 10;

pub(super) struct World {
    pub(super) limiter: Limiter,
    pub(super) market: Market,
    pub(super) vault: VaultState,
    pub(super) now: Instant,
    pub(super) trip: Option<Trip>,
}

impl World {
    /// A limiter in shadow over a vault of so much.
    pub(super) fn in_shadow(balance: u64, settings: LimiterSettings) -> Self {
        let vault = VaultState {
            mint: Pubkey::new_from_array([1; 32]),
            owner: Pubkey::new_from_array([2; 32]),
            amount: balance,
            sound: true,
        };
        let now = Instant::new(1_000_000, 1_800_000_000);
        let mut limiter = Limiter::zeroed();
        limiter
            .initialize([Pubkey::default(); 3], (255, 0), &settings, &vault, now)
            .expect("settings are sound");
        let mut market = Market::zeroed();
        let paid = Operations::of(&[Operation::WITHDRAW]);
        let closing = MarketSettings::closing(Operations::default(), paid, paid);
        market.initialize(Pubkey::default(), 0, 255, &closing).expect("settings are sound");
        Self { limiter, market, vault, now, trip: None }
    }

    /// Armed, its average not a day old.
    pub(super) fn young(balance: u64, settings: LimiterSettings) -> Self {
        let mut world = Self::in_shadow(balance, settings);
        world.limiter.arm(&world.vault, world.now).expect("not armed yet");
        world
    }

    /// Armed, its average what the vault holds.
    pub(super) fn with(balance: u64, settings: LimiterSettings) -> Self {
        let mut world = Self::young(balance, settings);
        world.wait(2 * DAY);
        world.look();
        world
    }

    pub(super) fn seasoned() -> Self {
        Self::with(VAULT, LimiterSettings::starting(50_000, 100))
    }

    /// Time passes in slots of 400 ms.
    pub(super) fn wait(&mut self, seconds: u64) {
        self.tick(seconds * 5 / 2, seconds);
    }

    pub(super) fn tick(&mut self, slots: u64, seconds: u64) {
        self.now = Instant::new(self.now.slot + slots, self.now.unix + seconds as i64);
    }

    pub(super) fn record(&mut self, direction: Direction, amount: u64) -> Checked<Verdict> {
        let closed = direction == Direction::Out
            && self.market.response(self.limiter.severity(self.now)).0.contains(Operation::WITHDRAW);
        let before = self.limiter;
        match self.limiter.record(Flow { direction, amount, closed }, &self.vault, self.now) {
            Ok(outcome) => {
                self.trip = outcome.trip;
                if let Some(trip) = &self.trip {
                    self.limiter.latch(trip, &self.market, self.now);
                }
                Ok(outcome.verdict)
            }
            Err(error) => {
                // the transaction that fails takes everything back
                self.limiter = before;
                Err(error)
            }
        }
    }

    /// Asks, and pays what is allowed.
    pub(super) fn withdraw(&mut self, amount: u64) -> Verdict {
        let verdict = self.record(Direction::Out, amount).expect("a flow can be asked for");
        if verdict == Verdict::Allow {
            self.vault.amount -= amount;
        }
        verdict
    }

    pub(super) fn deposit(&mut self, amount: u64) {
        self.vault.amount += amount;
        assert_eq!(self.record(Direction::In, amount), Ok(Verdict::Allow));
    }

    /// What `poke` sees; a poke that finds nothing changes nothing.
    pub(super) fn look(&mut self) -> Option<Trip> {
        self.trip = self.limiter.observe(&self.vault, true, self.now).expect("a vault can be looked at");
        if let Some(trip) = &self.trip {
            self.limiter.latch(trip, &self.market, self.now);
        }
        self.limiter.take_pending(Pubkey::default(), Pubkey::default()).expect("stored bytes are sound");
        self.trip
    }

    /// Latches are lifted, as by a quorum: only the buffers speak.
    pub(super) fn unlatched(&mut self) -> &mut Self {
        self.limiter.held = [Instant::NEVER; 3];
        self
    }

    pub(super) fn severity(&self) -> Severity {
        self.limiter.severity(self.now)
    }

    /// The largest outflow that would be allowed now.
    pub(super) fn capacity(&self) -> u64 {
        let allows = |amount: u64| {
            let mut limiter = self.limiter;
            let flow = Flow { direction: Direction::Out, amount, closed: false };
            limiter.record(flow, &self.vault, self.now).is_ok_and(|o| o.verdict == Verdict::Allow)
        };
        let (mut low, mut high) = (0, self.vault.amount + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if allows(middle) { low = middle } else { high = middle }
        }
        low
    }
}
