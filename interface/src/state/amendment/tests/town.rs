//! A protocol with one of everything, and what anybody may do to it.

use super::*;
use crate::{
    state::Flow,
    verdict::{Direction, Verdict},
};

/// What an amendment is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Target {
    Protocol = 200,
    Market,
    Limiter,
    Band,
    Invariant,
    Keeper,
}

impl Target {
    pub(super) const RULES: [Self; 3] = [Self::Limiter, Self::Band, Self::Invariant];
    /// Those that have settings.
    pub(super) const ALL: [Self; 5] =
        [Self::Protocol, Self::Market, Self::Limiter, Self::Band, Self::Invariant];

    pub(super) fn key(self) -> Pubkey {
        key(self as u8)
    }
}

/// A protocol with one of everything.
#[derive(Clone, Copy)]
pub(super) struct Town {
    pub(super) protocol: Protocol,
    pub(super) market: Market,
    pub(super) limiter: Limiter,
    pub(super) band: PriceBand,
    pub(super) invariant: Invariant,
    pub(super) keeper: Keeper,
    pub(super) vault: VaultState,
    pub(super) now: Instant,
}

impl Town {
    pub(super) fn new() -> Self {
        let mut protocol = protocol();
        let (account, data) = (program_data(&protocol.program), deployed(5));
        protocol.pin_program(&shown(&account, &data), START).expect("a program");
        let vault = VaultState { mint: key(3), owner: key(4), amount: 1_000_000, sound: true };
        let mut limiter = Limiter::zeroed();
        let settings = LimiterSettings::starting(50_000, 100);
        limiter.initialize([key(0); 3], (255, 0), &settings, &vault, START).expect("settings are sound");
        limiter.arm(&vault, START).expect("in shadow");
        let mut band = band();
        let wide = BandSettings {
            deviation_bps: [800, 1_600, 3_300],
            divergence_bps: [400, 800, 1_700],
            step_bps: 100,
            ..band.settings
        };
        (band.settings, band.delayed) = (wide, wide);
        let mut keeper = Keeper::zeroed();
        let settings =
            KeeperSettings { key: key(5), max_seconds: MINOR_MIN, raises_per_day: 9, term: KEEPER_TERM_MAX };
        keeper.initialize(key(92), 255, &settings, START).expect("settings are sound");
        let invariant = invariant();
        Self { protocol, market: market(), limiter, band, invariant, keeper, vault, now: START }
    }

    pub(super) fn epoch(&self, target: Target) -> u64 {
        match target {
            Target::Protocol => self.protocol.epoch,
            Target::Market => self.market.epoch,
            Target::Limiter => self.limiter.epoch,
            Target::Band => self.band.epoch,
            Target::Invariant => self.invariant.epoch,
            Target::Keeper => 0,
        }
    }

    /// Epoch of the first tightening at once since the target's last delayed settings came.
    pub(super) fn tightened(&self, target: Target) -> u64 {
        match target {
            Target::Protocol => self.protocol.tightened.into(),
            Target::Market => self.market.tightened,
            Target::Limiter => self.limiter.tightened,
            Target::Band => self.band.tightened,
            Target::Invariant => self.invariant.tightened,
            Target::Keeper => 0,
        }
    }

    /// The account of a target, byte by byte.
    pub(super) fn bytes(&self, target: Target) -> &[u8] {
        match target {
            Target::Protocol => bytemuck::bytes_of(&self.protocol),
            Target::Market => bytemuck::bytes_of(&self.market),
            Target::Limiter => bytemuck::bytes_of(&self.limiter),
            Target::Band => bytemuck::bytes_of(&self.band),
            Target::Invariant => bytemuck::bytes_of(&self.invariant),
            Target::Keeper => bytemuck::bytes_of(&self.keeper),
        }
    }

    pub(super) fn ratios(&self) -> Ratios {
        Ratios { bps: self.invariant.ratio_bps }
    }

    pub(super) fn arm_band(&mut self) {
        self.band.arm(START).expect("in shadow");
    }

    pub(super) fn arm_invariant(&mut self) {
        self.invariant.arm(START).expect("in shadow");
    }

    /// As the program's handler does it.
    pub(super) fn amend(&mut self, (target, amendment): &Deed, mandate: Mandate) -> Checked<()> {
        let now = self.now;
        self.protocol.check_attached()?;
        match (target, amendment) {
            (_, Amendment::Market(new)) => {
                self.market.amend(new, mandate, &self.protocol.board, now).map(drop)
            }
            (_, Amendment::Limiter(new)) => self.limiter.amend(new, mandate, &self.vault, now).map(drop),
            (_, Amendment::Band(new)) => {
                let is_calm = self.market.is_calm(&self.protocol.board, now);
                self.band.amend(new, mandate, is_calm).map(drop)
            }
            (_, Amendment::Invariant(new)) => {
                let is_calm = self.market.is_calm(&self.protocol.board, now);
                self.invariant.amend(new, mandate, is_calm).map(drop)
            }
            (_, Amendment::LooseningDelay(new)) => self.protocol.amend_delay(*new, mandate).map(drop),
            (Target::Limiter, Amendment::Arm) => self.limiter.arm(&self.vault, now),
            (Target::Band, Amendment::Arm) => self.band.arm(now),
            (_, Amendment::Arm) => self.invariant.arm(now),
            (Target::Limiter, Amendment::Disarm) => self.limiter.disarm(mandate, &self.vault, now),
            (Target::Band, Amendment::Disarm) => self.band.disarm(mandate),
            (_, Amendment::Disarm) => self.invariant.disarm(mandate, None),
            (Target::Limiter, Amendment::AcceptLoss { least }) => {
                self.limiter.accept_loss(mandate, *least, &self.vault, now).map(drop)
            }
            // a thief who could show any accounts he likes
            (_, Amendment::AcceptLoss { least }) => self.invariant.accept_loss(mandate, *least, 5_000),
            (_, Amendment::RevokeKeeper) => self.keeper.revoke(mandate, now),
            (_, Amendment::Authority(to)) => self.protocol.move_authority(*to, mandate),
            (_, Amendment::Guardians { members, thresholds }) => {
                self.protocol.change_guardians(members, thresholds, mandate)
            }
            (_, Amendment::Pin) => {
                let (account, data) = (program_data(&self.protocol.program), deployed(6));
                self.protocol.pin_program(&shown(&account, &data), now).map(drop)
            }
            (_, Amendment::ApproveUpgrade(code)) => {
                self.protocol.approve_upgrade(*code, mandate, now).map(drop)
            }
            (_, Amendment::Unpin) => {
                // nobody has upgraded it
                let (account, data) = (self.protocol.pin.account, deployed(self.protocol.pin.slot as u8));
                self.protocol.unpin(mandate, &shown(&account, &data), now)
            }
            (_, Amendment::Detach) => self.protocol.detach(mandate, now),
        }
    }

    /// The vault's users, and whoever pokes.
    pub(super) fn flow(&mut self, direction: Direction, amount: u64) {
        let amount = amount.min(self.vault.amount);
        if direction == Direction::In {
            self.vault.amount += amount;
        }
        let flow = Flow { direction, amount, closed: false };
        let before = self.limiter;
        match self.limiter.record(flow, &self.vault, self.now) {
            Ok(outcome) => {
                if outcome.verdict == Verdict::Allow && direction == Direction::Out {
                    self.vault.amount -= amount;
                }
                self.latch(outcome.trip);
            }
            Err(_) => self.limiter = before,
        }
    }

    pub(super) fn poke(&mut self) {
        let trip = self.limiter.observe(&self.vault, true, self.now).expect("a vault can be looked at");
        self.latch(trip);
        if self.invariant.standing.armed != 0 {
            // it is false for whoever shows the accounts that make it so
            let broken = Trip { rule: Rule::Invariant, severity: Severity::Critical, value: 1, threshold: 1 };
            self.invariant.confirm(Some(broken), self.protocol.settling_delay(), self.now);
        }
    }

    pub(super) fn latch(&mut self, trip: Option<Trip>) {
        if let Some(trip) = trip {
            self.limiter.latch(&trip, &self.market, self.now);
            let until = self.market.automatic_until(trip.severity, self.now);
            self.market.latch_trip((Source::Limiter, 0), &trip, until, self.now);
        }
    }
}

pub(super) type Deed = (Target, Amendment);
