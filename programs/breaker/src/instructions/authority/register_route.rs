//! `register_route`: the authority says which way a vault's money goes to safety, before it has to.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{
        Act, JournalEntry, Limiter, Market, Proposed, Protocol, Route, RouteSettings, Safe, Use,
        check_account,
    },
};

use crate::{create::create_if_missing, governance::*, instructions::ensure, record::*, token};

/// Accounts of `register_route`.
#[derive(Accounts)]
pub struct RegisterRoute<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The authority, or a proposal: other settings wait as long as a new route.
    pub governance: Governance<'info>,
    /// The protocol; a proposal of it is counted off.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol; in an incident no route is made or changed.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the safe of another market, from which this one's guardians could not release.
    #[account(has_one = market @ BreakerError::WrongMarket, has_one = tokens @ BreakerError::WrongSafe)]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it, and the handler checks that nobody else can spend from it.
    pub tokens: UncheckedAccount<'info>,
    /// CHECK: the limiter names it; the handler checks that it is as it was when that was registered.
    pub vault: UncheckedAccount<'info>,
    /// Written: it knows what its route holds. Stops the limiter of another vault.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// CHECK: created when missing; the seeds give a vault one route in its market.
    #[account(mut, seeds = [pda::ROUTE, market.key().as_ref(), vault.key().as_ref()], bump)]
    pub route: UncheckedAccount<'info>,
    /// CHECK: the account that the settings name; none where they name none. The handler stops another.
    pub destination: Option<UncheckedAccount<'info>>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_route`.
pub fn register_route(ctx: Context<RegisterRoute>, settings: RouteSettings) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (protocol, market) = (accounts.protocol.key(), accounts.market.key());
    let (vault_key, safe_key) = (accounts.vault.key(), accounts.safe.key());

    let act = || Proposed::RegisterRoute(settings);
    let bound = [market, vault_key];
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &bound, now)?;
    accounts.market.load()?.check_routable(&accounts.protocol.load()?.board, now)?;
    let vault = token::read(&accounts.vault)?;
    // stops an account from which its owner cannot send, or to which nothing could come back
    check_account(accounts.vault.owner, &accounts.vault.try_borrow_data()?, Use::Routed)?;
    {
        let safe = accounts.safe.load()?;
        safe.check_tokens(&safe_key, accounts.tokens.key, &token::read(&accounts.tokens)?)?;
        ensure(safe.mint == vault.mint, BreakerError::WrongSafe)?;
        let mut limiter = accounts.limiter.load_mut()?;
        ensure(limiter.is_intact(&vault), BreakerError::WrongVault)?;
        limiter.holds = settings.holds.into();
    }
    let destination = match &accounts.destination {
        Some(to) => {
            ensure(*to.key == settings.destination, BreakerError::WrongDestination)?;
            // stops one to which a release could not go: it would be found out in the middle of one
            check_account(to.owner, &to.try_borrow_data()?, Use::Routed)
                .map_err(|_| BreakerError::WrongDestination)?;
            Some(token::read(to)?)
        }
        None => None,
    };
    let epoch = {
        let bump = ctx.bumps.route;
        let seeds: &[&[u8]] = &[pda::ROUTE, market.as_ref(), vault_key.as_ref(), &[bump]];
        let mut route = create_if_missing::<Route>(&accounts.route, &accounts.payer, seeds)?;
        let keys = [protocol, market, vault_key, safe_key];
        route.register(keys, bump, &settings, &vault, destination.as_ref())?;
        route.epoch
    };

    let entry = JournalEntry {
        value: epoch,
        threshold: settings.hold_seconds.into(),
        ..JournalEntry::new(Act::RouteRegistered, actor, accounts.route.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
