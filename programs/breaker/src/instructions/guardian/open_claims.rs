//! `open_claims`: what is in a safe is its users', as guardians approved a delay ago, and the authority agrees.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, ClaimsOrder, GuardianAct, JournalEntry, Market, Protocol, Safe},
};

use crate::{instructions::ensure, quorum::*, record::*, token};

/// Accounts of `open_claims`. No guardian signs: a proposal that has waited stands for them.
#[derive(Accounts)]
pub struct OpenClaims<'info> {
    /// The guardians.
    pub quorum: Quorum<'info>,
    /// The authority.
    pub authority: Signer<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose guardians are others.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the safe of another market, and a token account that is not its own, and has more.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = tokens @ BreakerError::WrongSafe
    )]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it; the handler checks now that nobody else can spend from it.
    pub tokens: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `open_claims`.
pub fn open_claims(ctx: Context<OpenClaims>, order: ClaimsOrder) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, scope, safe_key) = (accounts.protocol.key(), accounts.market.key(), accounts.safe.key());
    {
        let protocol = accounts.protocol.load()?;
        let act = GuardianAct::OpenClaims(order);
        // each approval was given with a stamp; a signature here would have none
        accounts.quorum.check((&key, &protocol), (&act, &scope), &[], now)?;
        protocol.check_agrees(accounts.authority.key, now)?;
        let tokens = token::read(&accounts.tokens)?;
        let mut safe = accounts.safe.load_mut()?;
        // stops an order for the safe of another mint
        ensure(safe.mint == order.mint, BreakerError::WrongMint)?;
        safe.check_tokens(&safe_key, accounts.tokens.key, &tokens)?;
        safe.open_claims(&order, tokens.amount)?;
    }

    let entry = JournalEntry {
        value: order.total,
        threshold: order.epoch,
        ..JournalEntry::new(Act::ClaimsOpened, accounts.quorum.actor(&[]), safe_key, now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
