//! `claim_held`: a held withdrawal that is due is paid, and one that was refused is put away.

use crate::anchor_lang::{self, prelude::*, solana_program::system_program};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, Fate, Held, JournalEntry, Market, Protocol, Safe},
};

use crate::{
    payee,
    record::*,
    token::{self, Transfer},
};

/// Accounts of `claim_held`.
#[derive(Accounts)]
pub struct ClaimHeld<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the safe of another market, in which no incident may be, and a token account that is not its own.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = mint @ BreakerError::WrongMint,
        has_one = tokens @ BreakerError::WrongSafe
    )]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it; the handler checks now that nobody else can spend from it.
    #[account(mut)]
    pub tokens: UncheckedAccount<'info>,
    /// Closed. Stops what another safe owes, and what is somebody else's.
    #[account(
        mut,
        has_one = safe @ BreakerError::WrongSafe,
        has_one = owner @ BreakerError::WrongPayee
    )]
    pub held: AccountLoader<'info, Held>,
    /// CHECK: the held withdrawal names it; gets the rent back. Signs where it names another account.
    #[account(mut)]
    pub owner: UncheckedAccount<'info>,
    /// CHECK: the handler checks whose it is, where anything is paid.
    #[account(mut)]
    pub to: UncheckedAccount<'info>,
    /// CHECK: the safe names it.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: checked as it is called, to be the mint's.
    pub token_program: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

impl ClaimHeld<'_> {
    /// Pays it out of the safe.
    #[inline(never)]
    fn pay(&self, amount: u64) -> Result<()> {
        let (safe_key, market) = (self.safe.key(), self.market.key());
        let bump = {
            let safe = self.safe.load()?;
            safe.check_tokens(&safe_key, self.tokens.key, &token::read(&self.tokens)?)?;
            safe.bump
        };
        let transfer = Transfer {
            program: &self.token_program,
            mint: &self.mint,
            from: &self.tokens,
            to: &self.to,
            owner: self.safe.as_ref(),
        };
        transfer.send(amount, &[pda::SAFE, market.as_ref(), self.mint.key.as_ref(), &[bump]])?;
        Ok(())
    }
}

/// Handler of `claim_held`. Whose account is closed or frozen holds up nobody else: each is claimed by itself.
pub fn claim_held(ctx: Context<ClaimHeld>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let severity = accounts.market.load()?.in_force(&accounts.protocol.load()?.board, now).0;
    let held = *accounts.held.load()?;
    let fate = held.fate(severity, accounts.safe.load()?.said_of(held.number), now)?;

    if fate == Fate::Paid {
        let (mint, program) = (&accounts.mint, &accounts.token_program);
        payee::check(&accounts.to, &accounts.owner, (mint, program), Some(&held.destination))?;
        accounts.pay(held.amount)?;
    }
    accounts.safe.load_mut()?.settle((held.number, held.amount), fate == Fate::Paid)?;
    close(accounts.held.as_ref(), &accounts.owner)?;

    let act = if fate == Fate::Paid { Act::HeldPaid } else { Act::HeldRefused };
    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: held.amount,
        threshold: held.number,
        ..JournalEntry::new(act, held.owner, accounts.safe.key(), now)
    };
    accounts.record.append(accounts.protocol.key(), entry)?;
    Ok(())
}

/// Closes an account of the breaker: it is nobody's and has no bytes from here on, so that lamports that bring it back in the
/// same transaction bring back nothing that could be claimed.
fn close(account: &AccountInfo, to: &AccountInfo) -> Result<()> {
    let lamports = account.lamports();
    **account.try_borrow_mut_lamports()? = 0;
    **to.try_borrow_mut_lamports()? += lamports;
    account.assign(&system_program::ID);
    Ok(account.resize(0)?)
}
