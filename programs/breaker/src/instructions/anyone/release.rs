//! `release`: a step of what was agreed on goes from the safe to the vault, or to its route's destination.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    instruction::INSTRUCTIONS,
    pda,
    state::{Act, JournalEntry, Limiter, Market, Protocol, Route, Safe},
};

use crate::{
    company,
    instructions::ensure,
    record::*,
    token::{self, Transfer},
};

/// Accounts of `release`.
#[derive(Accounts)]
pub struct Release<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, in which nothing holds the step up.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Written where the vault gets it: what came back earns no credit. The handler stops the limiter of another vault.
    #[account(mut, has_one = market @ BreakerError::WrongMarket)]
    pub limiter: AccountLoader<'info, Limiter>,
    /// What was agreed on. Stops the route of another market or mint, and another safe than its own.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = mint @ BreakerError::WrongMint,
        has_one = safe @ BreakerError::WrongSafe
    )]
    pub route: AccountLoader<'info, Route>,
    /// The route names it. Stops a token account that is not its own.
    #[account(mut, has_one = tokens @ BreakerError::WrongSafe)]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it; the handler checks now that nobody else can spend from it.
    #[account(mut)]
    pub tokens: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is what was agreed on, and as it was registered.
    #[account(mut)]
    pub to: UncheckedAccount<'info>,
    /// CHECK: the route names it.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is the mint's.
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged list could hide a flash loan.
    #[account(address = INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `release`. It measures the vault, so it keeps the company of `poke`.
pub fn release(ctx: Context<Release>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    company::check(&accounts.instructions, &[])?;
    let (protocol_key, market_key) = (accounts.protocol.key(), accounts.market.key());
    let (mint_key, safe_key) = (accounts.mint.key(), accounts.safe.key());
    let (severity, dwell, is_back) = {
        let (protocol, market) = (accounts.protocol.load()?, accounts.market.load()?);
        let route = accounts.route.load()?;
        protocol.check_attached()?;
        market.check_release(&route.release, now)?;
        ensure(accounts.limiter.load()?.vault == route.vault, BreakerError::WrongVault)?;
        ensure(*accounts.to.key == route.release.to, BreakerError::WrongDestination)?;
        (market.in_force(&protocol.board, now).0, market.dwell, route.is_back())
    };
    let transfer = Transfer {
        program: &accounts.token_program,
        mint: &accounts.mint,
        from: &accounts.tokens,
        to: &accounts.to,
        owner: accounts.safe.as_ref(),
    };
    transfer.sync()?;
    let (tokens, to) = (token::read(&accounts.tokens)?, token::read(&accounts.to)?);
    let (amount, bump) = {
        let safe = accounts.safe.load()?;
        safe.check_tokens(&safe_key, accounts.tokens.key, &tokens)?;
        let has = (safe.free(tokens.amount), safe.migrations);
        (accounts.route.load_mut()?.step_release(&to, has, dwell, now)?, safe.bump)
    };

    let seeds: &[&[u8]] = &[pda::SAFE, market_key.as_ref(), mint_key.as_ref(), &[bump]];
    let (sent, received) = transfer.send(amount, seeds)?;
    accounts.safe.load_mut()?.release(sent);
    if is_back {
        let (market, mut limiter) = (accounts.market.load()?, accounts.limiter.load_mut()?);
        if let Some(trip) = limiter.moved_in(received, &to, now)? {
            limiter.latch(&trip, &market, now);
        }
    }

    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: sent,
        threshold: received,
        ..JournalEntry::new(Act::Released, accounts.route.key(), *accounts.to.key, now)
    };
    accounts.record.append(protocol_key, entry)?;
    Ok(())
}
