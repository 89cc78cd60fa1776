//! `arm_limiter`: from shadow to force, a tightening at once.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, JournalEntry, Limiter, Protocol, VaultState},
};

use crate::record::*;

/// Accounts of `arm_limiter`.
#[derive(Accounts)]
pub struct ArmLimiter<'info> {
    /// Governance.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(mut, has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a limiter of another protocol.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = vault @ BreakerError::WrongVault
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// CHECK: the limiter names its address and checks that it still is the token account of registration.
    pub vault: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `arm_limiter`.
pub fn arm_limiter(ctx: Context<ArmLimiter>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let key = accounts.protocol.key();
    let vault = VaultState::read(accounts.vault.owner, &accounts.vault.try_borrow_data()?);
    let shadow_trips = {
        let mut protocol = accounts.protocol.load_mut()?;
        let mut limiter = accounts.limiter.load_mut()?;
        protocol.check_attached()?;
        if !limiter.armed_at.is_set() {
            protocol.count_armed()?;
        }
        limiter.arm(&vault, now)?;
        limiter.shadow_trips
    };

    let entry = JournalEntry {
        value: shadow_trips.into(),
        ..JournalEntry::new(Act::LimiterArmed, accounts.authority.key(), accounts.limiter.key(), now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
