//! A safe: a token account of the breaker's own, and what it owes.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    state::VaultState,
    time::Instant,
};

/// What guardians said of a range of held withdrawals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Decision {
    /// They wait until guardians decide, or until they are due at the latest.
    Flagged = 1,
    /// They are paid.
    Pay = 2,
    /// They are not paid: the safe owes them no longer. Anyone puts them away; a refusal is not kept for ever.
    Refuse = 3,
}

/// A range of held withdrawals, by their numbers in the safe.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Flag {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// When guardians said it.
    pub at: Instant,
    /// A [`Decision`], as a number; zero where the place is free.
    pub decision: u64,
}

impl Flag {
    fn is_flagged(&self) -> bool {
        self.decision == Decision::Flagged as u64
    }

    /// This one is over. At an end of the range it makes it shorter: refused ones that are put away leave room for others.
    fn forget(&mut self, number: u64) {
        match (self.from == number, self.to == number) {
            (true, true) => *self = Self::default(),
            (true, false) => self.from += 1,
            (false, true) => self.to -= 1,
            (false, false) => {}
        }
    }
}

/// Money of a market and mint in safety. PDA of [`crate::pda::safe`]; its token account, [`crate::pda::safe_tokens`], is
/// owned by it.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Safe {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: [u8; 5],
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Market it belongs to.
    pub market: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// Its token account.
    pub tokens: Pubkey,
    /// The token program.
    pub token_program: Pubkey,
    /// What came from vaults and is owed to nobody else, in token units. What was sent here unasked is not in it.
    pub kept: u64,
    /// What it owes to held withdrawals.
    pub owed: u64,
    /// What it owes to claims that were not made yet.
    pub claims_left: u64,
    /// Held withdrawals so far: the number of the next.
    pub helds: u64,
    /// Held withdrawals that are neither paid nor refused.
    pub open: u64,
    /// Which set of claims is in force: zero before the first.
    pub claims_epoch: u64,
    /// Root of the tree of claims.
    pub claims_root: [u8; 32],
    /// What guardians said of held withdrawals.
    pub flags: [Flag; 16],
    /// Migrations to it so far: a release is of what was there before the next.
    pub migrations: u64,
    /// When the last of its held withdrawals is due at the latest.
    pub due_at: Instant,
    /// Room for later versions.
    pub reserved: [u8; 104],
}

impl Safe {
    /// A new safe.
    pub fn initialize(&mut self, [protocol, market, mint, tokens]: [Pubkey; 4], bump: u8, program: Pubkey) {
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        [self.protocol, self.market, self.mint, self.tokens] = [protocol, market, mint, tokens];
        self.token_program = program;
    }

    /// Checks that its token account is as it was made: of this safe and mint, not frozen, with neither delegate nor close
    /// authority. `key` is the safe's, `account` the token account's.
    ///
    /// # Errors
    /// [`BreakerError::SafeNotSound`].
    pub fn check_tokens(&self, key: &Pubkey, account: &Pubkey, state: &VaultState) -> Checked<()> {
        let is_sound =
            *account == self.tokens && state.sound && state.mint == self.mint && state.owner == *key;
        if is_sound { Ok(()) } else { Err(BreakerError::SafeNotSound) }
    }

    /// What of this balance it owes nobody.
    pub const fn free(&self, balance: u64) -> u64 {
        balance.saturating_sub(self.debt())
    }

    /// What it owes.
    pub const fn debt(&self) -> u64 {
        self.owed.saturating_add(self.claims_left)
    }

    /// Whether it keeps nothing, and owes nothing that was not to be had: what somebody sent here unasked, or does not fetch,
    /// holds nobody off from leaving. It can be fetched later all the same.
    pub const fn is_empty(&self, now: Instant) -> bool {
        self.kept == 0 && self.claims_left == 0 && (self.open == 0 || self.due_at.reached(now))
    }

    /// A held withdrawal is due then at the latest.
    pub fn expect_until(&mut self, due_at: Instant) {
        self.due_at = self.due_at.max(due_at);
    }

    /// So much came from a vault.
    pub fn keep(&mut self, received: u64) {
        self.kept = self.kept.saturating_add(received);
    }

    /// So much came by a migration.
    pub fn migrated(&mut self, received: u64) {
        self.keep(received);
        self.migrations = self.migrations.saturating_add(1);
    }

    /// So much went back.
    pub fn release(&mut self, sent: u64) {
        self.kept = self.kept.saturating_sub(sent);
    }

    /// So much came in a user's name; gives the number of the held withdrawal.
    ///
    /// # Errors
    /// [`BreakerError::SafeOverflow`].
    pub fn hold(&mut self, received: u64) -> Checked<u64> {
        let number = self.helds;
        self.owed = self.owed.checked_add(received).ok_or(BreakerError::SafeOverflow)?;
        self.helds = number.checked_add(1).ok_or(BreakerError::SafeOverflow)?;
        self.open += 1;
        Ok(number)
    }

    /// A held withdrawal is over: paid, or refused; then what it was stays here.
    ///
    /// # Errors
    /// [`BreakerError::SafeOverflow`].
    pub fn settle(&mut self, (number, amount): (u64, u64), is_paid: bool) -> Checked<()> {
        self.owed = self.owed.checked_sub(amount).ok_or(BreakerError::SafeOverflow)?;
        self.open = self.open.checked_sub(1).ok_or(BreakerError::SafeOverflow)?;
        if !is_paid {
            self.keep(amount);
        }
        for flag in &mut self.flags {
            flag.forget(number);
        }
        if self.open == 0 {
            // nobody is left of whom anything was said
            self.flags = [Flag::default(); 16];
        }
        Ok(())
    }

    /// Guardians flag a range: it waits. Where nobody waits nothing is flagged. One that touches what is flagged shares its
    /// place; a flag that has done all it can gives its place to a new one.
    ///
    /// # Errors
    /// [`BreakerError::WrongHeldRange`], [`BreakerError::FlagsFull`].
    pub fn flag(&mut self, (from, to): (u64, u64), now: Instant) -> Checked<()> {
        if from > to || to >= self.helds || self.open == 0 {
            return Err(BreakerError::WrongHeldRange);
        }
        let touches = |flag: &&mut Flag| {
            flag.is_flagged() && flag.from <= to.saturating_add(1) && from <= flag.to.saturating_add(1)
        };
        if let Some(flag) = self.flags.iter_mut().find(touches) {
            (flag.from, flag.to, flag.at) = (flag.from.min(from), flag.to.max(to), now);
            return Ok(());
        }
        self.say(Flag { from, to, at: now, decision: Decision::Flagged as u64 }, now)
    }

    /// Guardians decide what becomes of a range that was flagged; what was decided stands.
    ///
    /// # Errors
    /// [`BreakerError::WrongHeldRange`], [`BreakerError::AlreadyDecided`], [`BreakerError::FlagsFull`].
    pub fn decide(&mut self, (from, to): (u64, u64), pay: bool, now: Instant) -> Checked<()> {
        let within = |flag: &Flag| flag.from <= from && to <= flag.to;
        let overlaps = |flag: &Flag| flag.from <= to && from <= flag.to;
        if self.flags.iter().any(|flag| flag.decision > Decision::Flagged as u64 && overlaps(flag)) {
            return Err(BreakerError::AlreadyDecided);
        }
        let flagged = self.flags.iter_mut().find(|flag| flag.is_flagged() && within(flag) && from <= to);
        let flagged = flagged.ok_or(BreakerError::WrongHeldRange)?;
        let decision = if pay { Decision::Pay } else { Decision::Refuse } as u64;
        let said = Flag { from, to, at: now, decision };
        if (flagged.from, flagged.to) == (from, to) {
            *flagged = said;
            return Ok(());
        }
        self.say(said, now)
    }

    fn say(&mut self, said: Flag, now: Instant) -> Checked<()> {
        // all that there was by then is due by then: it is paid, but for what was refused
        let due = |flag: &Flag| flag.at.plus((HOLD_MAX + HOLD_EXTENSION_MAX).into());
        let is_over = |flag: &Flag| {
            flag.decision == 0 || flag.decision <= Decision::Pay as u64 && due(flag).reached(now)
        };
        let is_forgotten = |flag: &Flag| due(flag).plus(REFUSAL_KEPT).reached(now);
        // a refusal goes last: who was refused and not put away is paid from then on
        let place = self.flags.iter().position(is_over).or_else(|| self.flags.iter().position(is_forgotten));
        let place = place.and_then(|place| self.flags.get_mut(place));
        *place.ok_or(BreakerError::FlagsFull)? = said;
        Ok(())
    }

    /// What guardians said of this held withdrawal, and when: a decision before a flag.
    pub fn said_of(&self, number: u64) -> Option<(Decision, Instant)> {
        let of = |flag: &&Flag| flag.decision != 0 && flag.from <= number && number <= flag.to;
        let said = self.flags.iter().filter(of).max_by_key(|flag| flag.decision)?;
        let decision = match said.decision {
            1 => Decision::Flagged,
            2 => Decision::Pay,
            _ => Decision::Refuse,
        };
        Some((decision, said.at))
    }
}
