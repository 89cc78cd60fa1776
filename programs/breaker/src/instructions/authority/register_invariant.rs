//! `register_invariant`: the authority gives a market a comparison that must hold, in shadow.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, Invariant, InvariantSettings, JournalEntry, Market, Proposed, Protocol, Shown},
};

use crate::{create::create, governance::*, instructions::ensure, record::*};

/// Accounts of `register_invariant`; the terms' accounts follow, the left side's first.
#[derive(Accounts)]
#[instruction(index: u8)]
pub struct RegisterInvariant<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The authority, or a proposal.
    pub governance: Governance<'info>,
    /// The protocol; a proposal of it is counted off.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: created; the seeds give each index of a market one invariant for ever.
    #[account(
        mut,
        seeds = [pda::INVARIANT, market.key().as_ref(), &[index]],
        bump
    )]
    pub invariant: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_invariant`. One that is false already may be registered: it says so in shadow, and armed it
/// acts at most as Major for one loosening delay.
pub fn register_invariant(
    ctx: Context<RegisterInvariant>,
    index: u8,
    settings: &InvariantSettings,
) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol = accounts.protocol.key();
    let act = || Proposed::RegisterInvariant { index, settings: settings.clone() };
    let mut bound = vec![accounts.market.key()];
    bound.extend(ctx.remaining_accounts.iter().map(|term| *term.key));
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &bound, now)?;

    {
        let keys = [protocol, accounts.market.key()];
        let seeds: &[&[u8]] = &[pda::INVARIANT, keys[1].as_ref(), &[index], &[ctx.bumps.invariant]];
        let mut invariant = create::<Invariant>(&accounts.invariant, &accounts.payer, seeds)?;
        invariant.initialize(keys, (index, ctx.bumps.invariant), settings)?;
        let terms = ctx.remaining_accounts;
        ensure(terms.len() == settings.left.len() + settings.right.len(), BreakerError::WrongTermAccount)?;
        for term in terms {
            let data = term.try_borrow_data()?;
            invariant.add_term(settings, &Shown { key: term.key, program: term.owner, data: &data })?;
        }
        invariant.assert_invariant()?;
    }

    let entry = JournalEntry {
        value: settings.ratio_bps[0].into(),
        threshold: settings.ratio_bps[2].into(),
        ..JournalEntry::new(Act::InvariantRegistered, actor, accounts.invariant.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
