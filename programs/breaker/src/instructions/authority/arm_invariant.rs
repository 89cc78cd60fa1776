//! `arm_invariant`: from shadow to force, a tightening at once.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, Invariant, JournalEntry, Protocol},
};

use crate::record::*;

/// Accounts of `arm_invariant`.
#[derive(Accounts)]
pub struct ArmInvariant<'info> {
    /// Governance.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops an invariant of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub invariant: AccountLoader<'info, Invariant>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `arm_invariant`.
pub fn arm_invariant(ctx: Context<ArmInvariant>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    accounts.protocol.load()?.check_attached()?;
    let shadow_trips = {
        let mut invariant = accounts.invariant.load_mut()?;
        invariant.standing.arm(now)?;
        invariant.assert_invariant()?;
        invariant.standing.shadow_trips
    };

    let entry = JournalEntry {
        value: shadow_trips.into(),
        ..JournalEntry::new(Act::InvariantArmed, accounts.authority.key(), accounts.invariant.key(), now)
    };
    accounts.record.append(accounts.protocol.key(), entry)?;
    Ok(())
}
