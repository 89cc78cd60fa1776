//! One integrating protocol.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::{
    amendment::check_delay,
    guardians::Thresholds,
    invariant::Shown,
    latch::{LatchBoard, NewLatch, Source},
    program::{Look, ProgramPin},
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    operation::Operations,
    severity::Severity,
    time::Instant,
};

/// A protocol: who may act, and the latches that hold in all its markets. PDA of [`crate::pda::protocol`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Protocol {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// 1 where the protocol left: its gate reads as open.
    pub detached: u8,
    /// Guardians in use.
    pub guardian_count: u8,
    /// Explicit padding.
    pub padding: [u8; 3],
    /// Latches that hold in every market.
    pub board: LatchBoard,
    /// The protected program.
    pub program: Pubkey,
    /// Its recording PDA: signs flows, owns nothing, is no authority of anything.
    pub recorder: Pubkey,
    /// Governance: tightens at once, proposes to loosen.
    pub authority: Pubkey,
    /// Emergency signers; unused places are zero.
    pub guardians: [Pubkey; 16],
    /// Counts resumes: a pause signed in advance names it, so that it cannot be replayed after one.
    pub pause_epoch: u64,
    /// Limiters armed so far. Above zero every registration is a loosening.
    pub armed_limiters: u32,
    /// Delay of a loosening, in seconds.
    pub loosening_delay: u32,
    /// The last delay that came by a proposal, or the one of creation.
    pub delayed_loosening_delay: u32,
    /// Proposals that wait.
    pub pending_proposals: u32,
    /// Number of the next proposal: never used twice.
    pub next_proposal: u64,
    /// Changes of authority and delay so far.
    pub epoch: u64,
    /// Markets there are.
    pub markets: u32,
    /// Changes of authority and delay after the first longer delay at once since the last delayed one came; zero where none.
    pub tightened: u32,
    /// What is pinned of the program.
    pub pin: ProgramPin,
    /// Moves of the authority so far.
    pub authority_epoch: u64,
    /// How many guardians each of their acts takes.
    pub thresholds: Thresholds,
    /// Changes of guardians and thresholds so far.
    pub membership_epoch: u64,
    /// Until when the authority's proposals are refused.
    pub frozen_until: Instant,
    /// Safes registered so far.
    pub safes: u64,
    /// Room for later versions.
    pub reserved: [u8; 56],
}

/// What a protocol chooses when it is created.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct ProtocolSettings {
    /// Governance.
    pub authority: Pubkey,
    /// Emergency signers, 3 to 16.
    pub guardians: Vec<Pubkey>,
    /// How many of them each of their acts takes.
    pub thresholds: Thresholds,
    /// Delay of a loosening, in seconds.
    pub loosening_delay: u32,
}

/// Checks guardians and gives their number: 3 to 16 different keys, none of them the authority's.
///
/// # Errors
/// [`BreakerError::GuardianCount`], [`BreakerError::InvalidGuardian`], [`BreakerError::GuardianRoleConflict`].
pub(super) fn check_members(guardians: &[Pubkey], authority: &Pubkey) -> Checked<u8> {
    if !(MIN_GUARDIANS..=MAX_GUARDIANS).contains(&guardians.len()) {
        return Err(BreakerError::GuardianCount);
    }
    for (i, guardian) in guardians.iter().enumerate() {
        if *guardian == Pubkey::default() || guardians[..i].contains(guardian) {
            return Err(BreakerError::InvalidGuardian);
        }
        if guardian == authority {
            return Err(BreakerError::GuardianRoleConflict);
        }
    }
    u8::try_from(guardians.len()).map_err(|_| BreakerError::GuardianCount)
}

impl ProtocolSettings {
    /// Settings to start from: a majority of the guardians for each of their acts, and the default delay.
    pub fn starting(authority: Pubkey, guardians: Vec<Pubkey>) -> Self {
        let thresholds = Thresholds::majority(u8::try_from(guardians.len()).unwrap_or(u8::MAX));
        Self { authority, guardians, thresholds, loosening_delay: LOOSENING_DELAY_DEFAULT }
    }

    /// Checks every setting against the code's bounds.
    ///
    /// # Errors
    /// The error of the bound that is broken.
    pub fn check(&self) -> Checked<()> {
        if self.authority == Pubkey::default() {
            return Err(BreakerError::InvalidAuthority);
        }
        self.thresholds.check(check_members(&self.guardians, &self.authority)?)?;
        check_delay(self.loosening_delay)
    }
}

impl Protocol {
    /// A new protocol.
    ///
    /// # Errors
    /// Those of [`ProtocolSettings::check`].
    pub fn initialize(
        &mut self,
        program: Pubkey,
        recorder: Pubkey,
        bump: u8,
        settings: &ProtocolSettings,
    ) -> Checked<()> {
        settings.check()?;
        self.version = PROTOCOL_VERSION;
        self.min_reader = 1;
        self.bump = bump;
        self.guardian_count =
            u8::try_from(settings.guardians.len()).map_err(|_| BreakerError::GuardianCount)?;
        self.program = program;
        self.recorder = recorder;
        self.authority = settings.authority;
        self.guardians[..settings.guardians.len()].copy_from_slice(&settings.guardians);
        self.thresholds = settings.thresholds;
        self.loosening_delay = settings.loosening_delay;
        self.delayed_loosening_delay = settings.loosening_delay;
        Ok(())
    }

    /// The settings in force.
    pub fn settings(&self) -> ProtocolSettings {
        ProtocolSettings {
            authority: self.authority,
            guardians: self.guardians().to_vec(),
            thresholds: self.thresholds,
            loosening_delay: self.loosening_delay,
        }
    }

    /// The guardians in use.
    pub fn guardians(&self) -> &[Pubkey] {
        &self.guardians[..usize::from(self.guardian_count).min(MAX_GUARDIANS)]
    }

    /// Whether this key is a guardian.
    pub fn is_guardian(&self, key: &Pubkey) -> bool {
        self.guardians().contains(key)
    }

    /// Registering anything is free only until the first limiter is armed; after that it is a loosening.
    ///
    /// # Errors
    /// [`BreakerError::RegistrationClosed`], [`BreakerError::Detached`].
    pub fn check_registration_open(&self) -> Checked<()> {
        self.check_attached()?;
        if self.armed_limiters > 0 { Err(BreakerError::RegistrationClosed) } else { Ok(()) }
    }

    /// Counts one more market.
    ///
    /// # Errors
    /// [`BreakerError::MarketInvariant`] when the count would overflow.
    pub fn count_market(&mut self) -> Checked<()> {
        self.markets = self.markets.checked_add(1).ok_or(BreakerError::MarketInvariant)?;
        Ok(())
    }

    /// Takes the number of a new proposal.
    ///
    /// # Errors
    /// [`BreakerError::TooManyProposals`].
    pub(super) fn open_proposal(&mut self) -> Checked<u64> {
        if self.pending_proposals >= PENDING_PROPOSALS {
            return Err(BreakerError::TooManyProposals);
        }
        let nonce = self.next_proposal;
        self.next_proposal = nonce.checked_add(1).ok_or(BreakerError::TooManyProposals)?;
        self.pending_proposals += 1;
        Ok(nonce)
    }

    /// One proposal waits no longer.
    ///
    /// # Errors
    /// [`BreakerError::ProposalFinished`] where none waits.
    pub(super) fn close_proposal(&mut self) -> Checked<()> {
        self.pending_proposals =
            self.pending_proposals.checked_sub(1).ok_or(BreakerError::ProposalFinished)?;
        Ok(())
    }

    /// Counts one more armed limiter; from the first on, registrations are loosenings.
    ///
    /// # Errors
    /// [`BreakerError::LimiterInvariant`] when the count would overflow.
    pub fn count_armed(&mut self) -> Checked<()> {
        self.armed_limiters = self.armed_limiters.checked_add(1).ok_or(BreakerError::LimiterInvariant)?;
        Ok(())
    }

    /// Looks at the program's data: an upgrade that was approved moves the pin, any other change is latched in all
    /// markets. Says whether the latches changed.
    ///
    /// # Errors
    /// Those of [`ProgramPin::look`]; [`BreakerError::NothingToLatch`] where the latch holds and nothing new was seen.
    pub fn look_at_program(&mut self, shown: &Shown, now: Instant) -> Checked<Look> {
        let first = self.pin.standing.observed_at;
        let look = self.pin.look(shown, self.settling_delay(), now)?;
        if let Look::Changed(trip) = look {
            let until = now.plus(PROGRAM_LATCH.into());
            let steps = (DWELL_MIN, LIQUIDATION_GRACE_MIN);
            let is_held = self.board.is_held(Source::Program, trip.severity, now);
            let raised = self.board.latch_trip((Source::Program, 0), &trip, until, steps, now);
            if !raised && self.pin.standing.observed_at == first {
                return Err(BreakerError::NothingToLatch);
            }
            if is_held {
                return Ok(Look::Known);
            }
        }
        Ok(look)
    }

    /// For how long a rule must have been armed to call a Critical: the loosening delay that came by a proposal. One that
    /// was lengthened at once would take the Critical of every rule that was armed lately.
    pub const fn settling_delay(&self) -> u32 {
        self.delayed_loosening_delay
    }

    /// A protocol that left takes no more acts.
    ///
    /// # Errors
    /// [`BreakerError::Detached`].
    pub fn check_attached(&self) -> Checked<()> {
        if self.detached != 0 { Err(BreakerError::Detached) } else { Ok(()) }
    }
}

/// One guardian's pause: cut to non-exits, within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct PauseOrder {
    /// Operations to close; exits in it are ignored.
    pub closed: u64,
    /// How long, in seconds: 30 minutes up to the guardian's budget.
    pub seconds: u32,
    /// Pause epoch at signing.
    pub pause_epoch: u64,
    /// Unix time after which this order is void.
    pub expires_at: i64,
}

impl PauseOrder {
    /// Checks the order and gives the operations it closes.
    ///
    /// # Errors
    /// [`BreakerError::StalePauseEpoch`], [`BreakerError::PauseExpired`], [`BreakerError::NothingToClose`],
    /// [`BreakerError::DurationOutOfBounds`].
    pub fn check(&self, pause_epoch: u64, now: Instant) -> Checked<Operations> {
        if self.pause_epoch != pause_epoch {
            return Err(BreakerError::StalePauseEpoch);
        }
        if now.unix > self.expires_at {
            return Err(BreakerError::PauseExpired);
        }
        let closed = self.closed & Operations::NON_EXITS.0;
        if closed == 0 {
            return Err(BreakerError::NothingToClose);
        }
        if !(MAJOR_MIN..=MAJOR_MAX).contains(&self.seconds) {
            return Err(BreakerError::DurationOutOfBounds);
        }
        Ok(Operations(closed))
    }
}

impl LatchBoard {
    /// Latches a guardian's pause as Major and gives the seconds that it costs: those that are new, for overlapping pauses
    /// count once; where it closes more than what holds, all for which that is closed now; and at least the shortest pause.
    /// Each is a reason of its own, which a quorum that clears the latch has to name: for a second each, one guardian would
    /// hold off every resume.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyHeld`] where a pause that closes as much holds for as long.
    pub fn pause(
        &mut self,
        closed: Operations,
        seconds: u32,
        dwell: u32,
        grace: u32,
        now: Instant,
    ) -> Checked<u32> {
        let until = now.plus(seconds.into());
        let latch = self.slots[Source::Guardian as usize * Severity::RAISED + 1];
        let covered = if latch.is_live(now) {
            latch.until.unix.saturating_sub(now.unix).max(0).unsigned_abs()
        } else {
            0
        };
        let covered = u32::try_from(covered).unwrap_or(u32::MAX);
        let widens = closed.0 & !latch.closed != 0;
        if !widens && latch.is_live(now) && until.reached(latch.until) {
            return Err(BreakerError::AlreadyHeld);
        }
        let new = NewLatch {
            source: Source::Guardian,
            severity: Severity::Major,
            closed,
            until,
            value: 0,
            threshold: 0,
            rules: 0,
        };
        self.latch(new, dwell, grace, now);
        let cost = if widens { seconds.max(covered) } else { seconds.saturating_sub(covered) };
        Ok(cost.max(MAJOR_MIN))
    }
}
