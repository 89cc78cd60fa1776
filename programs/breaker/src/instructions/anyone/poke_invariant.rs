//! `poke_invariant`: anyone latches what the accounts of an invariant prove.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, Invariant, JournalEntry, Market, Protocol, Source, Trip},
};

use crate::{company, instructions::ensure, record::*, shown::measurement};

/// Accounts of `poke_invariant`; the terms' accounts follow, the left side's first.
#[derive(Accounts)]
pub struct PokeInvariant<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops an invariant of another protocol or market: it would prove something about somebody else.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = market @ BreakerError::WrongMarket
    )]
    pub invariant: AccountLoader<'info, Invariant>,
    /// CHECK: the address is the sysvar's; a forged list could hide a flash loan.
    #[account(address = firebreak_interface::instruction::INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `poke_invariant`.
pub fn poke_invariant(ctx: Context<PokeInvariant>) -> Result<()> {
    company::check(&ctx.accounts.instructions, &[])?;
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;

    let entry = {
        let protocol = accounts.protocol.load()?;
        let mut market = accounts.market.load_mut()?;
        let mut invariant = accounts.invariant.load_mut()?;
        protocol.check_attached()?;

        let measured = invariant.measure(&measurement(&invariant, ctx.remaining_accounts)?)?;
        let entry = |act, trip: &Trip| JournalEntry {
            value: trip.value,
            threshold: trip.threshold,
            ..JournalEntry::new(act, accounts.invariant.key(), accounts.market.key(), now)
        };
        if invariant.standing.armed == 0 {
            let (trip, count) = invariant.shadow.tell(measured, now)?;
            invariant.assert_invariant()?;
            Some(JournalEntry { count, ..entry(Act::ShadowTrip, &trip) })
        } else {
            let before = market.board.severity(now);
            let (trip, looked) = invariant.confirm(measured, protocol.settling_delay(), now);
            let news = trip.filter(|trip| !market.board.is_held(Source::Invariant, trip.severity, now));
            let raised = trip.is_some_and(|trip| {
                let until = market.automatic_until(trip.severity, now);
                market.latch_trip((Source::Invariant, invariant.index), &trip, until, now)
            });
            invariant.assert_invariant()?;
            market.assert_invariant()?;
            ensure(raised || looked, BreakerError::NothingToLatch)?;
            let after = market.board.severity(now);
            // a repeat of what holds already is no news: anyone could fill the journal with it
            news.map(|trip| JournalEntry { before, after, ..entry(trip.rule.act(), &trip) })
        }
    };
    if let Some(entry) = entry {
        accounts.record.append(accounts.protocol.key(), entry)?;
    }
    Ok(())
}
