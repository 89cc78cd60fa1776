//! `migrate`: all that a vault has goes to its safe.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    instruction::INSTRUCTIONS,
    pda,
    state::{Act, JournalEntry, Limiter, Market, Protocol, Route, Safe},
};

use crate::{
    company,
    record::*,
    token::{self, Transfer},
};

/// Accounts of `migrate`.
#[derive(Accounts)]
pub struct Migrate<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, or one in which nothing was ordered.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Written: what left is not missing. Stops the limiter of another vault.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// Stops a way that was never registered: of another market or vault, or to another safe.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault,
        has_one = mint @ BreakerError::WrongMint,
        has_one = safe @ BreakerError::WrongSafe
    )]
    pub route: AccountLoader<'info, Route>,
    /// CHECK: the route names it; the handler checks that it is as it was registered.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the vault's owner: signs in escort; in custody it is the route. The token program stops anybody else.
    pub owner: UncheckedAccount<'info>,
    /// CHECK: the route names it.
    pub mint: UncheckedAccount<'info>,
    /// The route names it. Stops a token account that is not its own.
    #[account(mut, has_one = tokens @ BreakerError::WrongSafe)]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it; the handler checks now that nobody else can spend from it.
    #[account(mut)]
    pub tokens: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is the mint's.
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged list could hide a flash loan.
    #[account(address = INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `migrate`. A vault that has nothing, or dust, is nothing to do: whoever moves many does not stop at one that
/// another has moved.
pub fn migrate(ctx: Context<Migrate>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (protocol_key, route_key) = (accounts.protocol.key(), accounts.route.key());
    let (severity, bump) = {
        let (protocol, market) = (accounts.protocol.load()?, accounts.market.load()?);
        let route = accounts.route.load()?;
        protocol.check_attached()?;
        market.check_migration(route.settings.by_anyone != 0, now)?;
        if !market.is_ordered(now) {
            company::check_rescue(&accounts.instructions, &protocol.program)?;
        }
        route.check_owner(&route_key, accounts.owner.key, accounts.owner.is_signer)?;
        (market.in_force(&protocol.board, now).0, route.bump)
    };
    let transfer = Transfer {
        program: &accounts.token_program,
        mint: &accounts.mint,
        from: &accounts.vault,
        to: &accounts.tokens,
        owner: &accounts.owner,
    };
    transfer.sync()?;
    let vault = token::read(&accounts.vault)?;
    let is_dust = {
        let route = accounts.route.load()?;
        route.check_source(&vault)?;
        route.is_dust(vault.amount)
    };
    let safe_key = accounts.safe.key();
    accounts.safe.load()?.check_tokens(&safe_key, accounts.tokens.key, &token::read(&accounts.tokens)?)?;
    if is_dust {
        return Ok(());
    }

    let (market_key, vault_key) = (accounts.market.key(), accounts.vault.key());
    let seeds: &[&[u8]] = &[pda::ROUTE, market_key.as_ref(), vault_key.as_ref(), &[bump]];
    let (sent, received) = transfer.send(vault.amount, if accounts.owner.is_signer { &[] } else { seeds })?;
    {
        let (market, mut limiter) = (accounts.market.load()?, accounts.limiter.load_mut()?);
        if let Some(trip) = limiter.moved_out(sent, &vault, now)? {
            limiter.latch(&trip, &market, now);
        }
        accounts.route.load_mut()?.migrated(sent, received);
        accounts.safe.load_mut()?.migrated(received);
    }

    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: sent,
        threshold: received,
        ..JournalEntry::new(Act::MovedToSafe, route_key, vault_key, now)
    };
    accounts.record.append(protocol_key, entry)?;
    Ok(())
}
