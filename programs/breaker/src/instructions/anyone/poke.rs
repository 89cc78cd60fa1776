//! `poke`: anyone latches what the accounts prove.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, Severity,
    state::{Limiter, Market, Protocol, Rule, Trip, VaultState},
};

use crate::{company, instructions::ensure, record::*};

/// Accounts of `poke`.
#[derive(Accounts)]
pub struct Poke<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops a limiter of another protocol, market or vault: it would prove something about somebody else.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// CHECK: the limiter names its address; its bytes are read as a token account and believed only as far as owner
    /// program, mint and owner are those of registration.
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged list could hide a flash loan.
    #[account(address = firebreak_interface::instruction::INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `poke`.
pub fn poke(ctx: Context<Poke>) -> Result<()> {
    company::check(&ctx.accounts.instructions, &[])?;
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol_key = accounts.protocol.key();
    let vault = VaultState::read(accounts.vault.owner, &accounts.vault.try_borrow_data()?);

    let entry = {
        let protocol = accounts.protocol.load()?;
        let mut market = accounts.market.load_mut()?;
        let mut limiter = accounts.limiter.load_mut()?;
        protocol.check_attached()?;

        // a rule armed less than one loosening delay ago acts at most as Major
        let may_be_critical = limiter.armed_at.plus(protocol.settling_delay().into()).reached(now);
        let trip = limiter.observe(&vault, may_be_critical, now)?;
        if let Some(trip) = &trip {
            limiter.latch(trip, &market, now);
        }
        let before = market.board.severity(now);
        let raised = raise_market(&mut market, &limiter, now);
        market.assert_invariant()?;
        let is_shadow = limiter.tell_shadow(now);
        // a repeat of what holds already is no rise, and waits for one: anyone could fill the journal with it
        let is_rise = limiter.pending.is_rise() || market.board.severity(now) > before;
        // more that is missing is to be remembered, also where as much holds already
        ensure(raised || is_rise || is_shadow || trip.is_some(), BreakerError::NothingToLatch)?;
        if is_rise || is_shadow {
            limiter.take_pending(accounts.limiter.key(), accounts.market.key())?
        } else {
            None
        }
    };
    if let Some(entry) = entry {
        accounts.record.append(protocol_key, entry)?;
    }
    Ok(())
}

/// Raises the market to every severity that the limiter's own latch holds; false where it is there already.
fn raise_market(market: &mut Market, limiter: &Limiter, now: Instant) -> bool {
    let mut raised = false;
    for (severity, until) in Severity::ABOVE_NORMAL.into_iter().zip(limiter.held) {
        if !until.reached(now) {
            let (value, threshold) = (limiter.pending.value, limiter.pending.threshold);
            let trip = Trip { rule: Rule::Undeclared, severity, value, threshold };
            raised |= market.latch_trip(limiter.rule(), &trip, until, now);
        }
    }
    raised
}
