//! `arm_band`: from shadow to force, a tightening at once.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, JournalEntry, PriceBand, Protocol},
};

use crate::record::*;

/// Accounts of `arm_band`.
#[derive(Accounts)]
pub struct ArmBand<'info> {
    /// Governance.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a band of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub band: AccountLoader<'info, PriceBand>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `arm_band`.
pub fn arm_band(ctx: Context<ArmBand>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    accounts.protocol.load()?.check_attached()?;
    let shadow_trips = {
        let mut band = accounts.band.load_mut()?;
        band.standing.arm(now)?;
        band.assert_invariant()?;
        band.standing.shadow_trips
    };

    let entry = JournalEntry {
        value: shadow_trips.into(),
        ..JournalEntry::new(Act::BandArmed, accounts.authority.key(), accounts.band.key(), now)
    };
    accounts.record.append(accounts.protocol.key(), entry)?;
    Ok(())
}
