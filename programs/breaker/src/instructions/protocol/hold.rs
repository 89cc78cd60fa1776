//! `hold`: a withdrawal that was answered Hold goes to the safe, in its user's name.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, Held, JournalEntry, Limiter, Market, Protocol, Route, Safe},
};

use crate::{
    create::create,
    instructions::ensure,
    record::*,
    token::{self, Transfer},
};

/// Accounts of `hold`.
#[derive(Accounts)]
#[instruction(amount: u64, nonce: u64)]
pub struct Hold<'info> {
    /// The protocol's recording PDA: only the protected program can sign for it.
    pub recorder: Signer<'info>,
    /// Stops another protocol's recorder from speaking here.
    #[account(has_one = recorder @ BreakerError::NotTheRecorder)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, in which nothing holds.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Written: the answer is used up, and what left is not missing. Stops the limiter of another vault.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// Stops a way that was never registered: of another market or vault, or to another safe.
    #[account(
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
    /// CHECK: checked as it is called, to be the mint's.
    pub token_program: UncheckedAccount<'info>,
    /// Whose withdrawal it is; pays rent, which comes back. Signs: nobody's money waits who did not want it moved.
    #[account(mut)]
    pub user: Signer<'info>,
    /// CHECK: the handler checks that it is the user's, of the mint.
    pub destination: UncheckedAccount<'info>,
    /// CHECK: created; the seeds keep apart users, and what one of them holds at a time.
    #[account(mut, seeds = [pda::HELD, safe.key().as_ref(), user.key().as_ref(), &nonce.to_le_bytes()], bump)]
    pub held: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `hold`.
pub fn hold(ctx: Context<Hold>, amount: u64, nonce: u64) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (safe_key, user) = (accounts.safe.key(), accounts.user.key());
    let vault = token::read(&accounts.vault)?;
    let destination = token::read(&accounts.destination)?;
    ensure(destination.mint == *accounts.mint.key && destination.owner == user, BreakerError::WrongPayee)?;
    let (severity, seconds, bump) = {
        let (protocol, market, route) =
            (accounts.protocol.load()?, accounts.market.load()?, accounts.route.load()?);
        route.check_vault(&vault)?;
        route.check_owner(accounts.route.as_ref().key, accounts.owner.key, accounts.owner.is_signer)?;
        let mut limiter = accounts.limiter.load_mut()?;
        limiter.take_answer(amount, now)?;
        // where the market could not rise with it, its own trip is known here
        let severity = market.in_force(&protocol.board, now).0.max(limiter.severity(now));
        (severity, route.settings.hold_seconds, route.bump)
    };
    accounts.safe.load()?.check_tokens(&safe_key, accounts.tokens.key, &token::read(&accounts.tokens)?)?;

    let transfer = Transfer {
        program: &accounts.token_program,
        mint: &accounts.mint,
        from: &accounts.vault,
        to: &accounts.tokens,
        owner: &accounts.owner,
    };
    let (market_key, vault_key) = (accounts.market.key(), accounts.vault.key());
    let seeds: &[&[u8]] = &[pda::ROUTE, market_key.as_ref(), vault_key.as_ref(), &[bump]];
    let (sent, received) = transfer.send(amount, if accounts.owner.is_signer { &[] } else { seeds })?;
    let number = {
        let (market, mut limiter) = (accounts.market.load()?, accounts.limiter.load_mut()?);
        if let Some(trip) = limiter.moved_out(sent, &vault, now)? {
            limiter.latch(&trip, &market, now);
        }
        accounts.safe.load_mut()?.hold(received)?
    };
    let due_at = {
        let (bump, numbers) = (ctx.bumps.held, (nonce, number, received));
        let seeds: &[&[u8]] = &[pda::HELD, safe_key.as_ref(), user.as_ref(), &nonce.to_le_bytes(), &[bump]];
        let mut held = create::<Held>(&accounts.held, &accounts.user, seeds)?;
        let keys = [safe_key, user, *accounts.destination.key];
        held.initialize(keys, bump, numbers, (seconds, severity), now);
        held.due_at()
    };
    accounts.safe.load_mut()?.expect_until(due_at);

    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: received,
        threshold: number,
        ..JournalEntry::new(Act::HeldBack, user, safe_key, now)
    };
    accounts.record.append(accounts.protocol.key(), entry)?;
    Ok(())
}
