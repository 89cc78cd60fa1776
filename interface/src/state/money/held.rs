//! A withdrawal that waits in a safe, in its user's name.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::safe::Decision;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// A withdrawal that waits. PDA of [`crate::pda::held`]; its owner paid for it and gets that back.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Held {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// 1 where Major or more held when it came.
    pub in_incident: u8,
    /// Explicit padding.
    pub padding: [u8; 4],
    /// The safe.
    pub safe: Pubkey,
    /// Whose it is.
    pub owner: Pubkey,
    /// The token account it was withdrawn to.
    pub destination: Pubkey,
    /// A number of the owner's choice.
    pub nonce: u64,
    /// Its number in the safe.
    pub number: u64,
    /// What arrived in the safe, in token units.
    pub amount: u64,
    /// When it came.
    pub held_at: Instant,
    /// When it is paid, if nothing holds it up.
    pub matures_at: Instant,
    /// Room for later versions.
    pub reserved: [u8; 32],
}

/// What becomes of a held withdrawal now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is paid to its owner.
    Paid,
    /// Guardians refused it: it stays in the safe, which owes it no longer.
    Refused,
}

impl Held {
    /// A new one. `severity` is in force as it comes, its own trip included.
    pub fn initialize(
        &mut self,
        [safe, owner, destination]: [Pubkey; 3],
        bump: u8,
        (nonce, number, amount): (u64, u64, u64),
        (seconds, severity): (u32, Severity),
        now: Instant,
    ) {
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        [self.safe, self.owner, self.destination] = [safe, owner, destination];
        (self.nonce, self.number, self.amount) = (nonce, number, amount);
        self.in_incident = (severity >= Severity::Major).into();
        (self.held_at, self.matures_at) = (now, now.plus(seconds.into()));
    }

    /// When it is paid at the latest, whatever anybody says.
    pub const fn due_at(&self) -> Instant {
        self.matures_at.plus(HOLD_EXTENSION_MAX as u64)
    }

    /// What becomes of it now: it waits for its maturity, for the end of the Major or Critical in which it came, and while
    /// guardians have flagged it and not decided; the last two together for so long at most, after which it is paid. An
    /// incident ends when less than Major holds: one that follows another without a gap goes on, whatever raised it, and is
    /// bounded like the first. One that begins after a gap is waited for too, within the same bound.
    /// `severity` is in force now; `said` what guardians said of it, and when.
    ///
    /// # Errors
    /// [`BreakerError::HeldNotDue`], [`BreakerError::HeldFlagged`].
    pub fn fate(&self, severity: Severity, said: Option<(Decision, Instant)>, now: Instant) -> Checked<Fate> {
        // what was said once it was due comes too late: somebody only had not fetched it yet
        let said = said.filter(|(_, at)| !self.due_at().reached(*at)).map(|(decision, _)| decision);
        if said == Some(Decision::Refuse) {
            return Ok(Fate::Refused);
        }
        if self.due_at().reached(now) {
            return Ok(Fate::Paid);
        }
        if !self.matures_at.reached(now) {
            return Err(BreakerError::HeldNotDue);
        }
        match said {
            Some(Decision::Flagged) => Err(BreakerError::HeldFlagged),
            Some(Decision::Pay) => Ok(Fate::Paid),
            _ if self.in_incident != 0 && severity >= Severity::Major => Err(BreakerError::HeldNotDue),
            _ => Ok(Fate::Paid),
        }
    }
}
