//! `poke_band`: anyone latches what a band's prices prove.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    oracle::POSTERS,
    state::{Act, JournalEntry, Market, PriceBand, Protocol, Source, Trip},
};

use crate::{company, instructions::ensure, prices, record::*};

/// Accounts of `poke_band`.
#[derive(Accounts)]
pub struct PokeBand<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops a band of another protocol or market: it would prove something about somebody else.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = market @ BreakerError::WrongMarket
    )]
    pub band: AccountLoader<'info, PriceBand>,
    /// CHECK: the band names its address; bytes that are no price of the feed prove that there is none to be used.
    pub primary: UncheckedAccount<'info>,
    /// CHECK: as the primary; none where the band has no second feed.
    pub second: Option<UncheckedAccount<'info>>,
    /// CHECK: the address is the sysvar's; a forged list could hide a flash loan.
    #[account(address = firebreak_interface::instruction::INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `poke_band`.
pub fn poke_band(ctx: Context<PokeBand>) -> Result<()> {
    company::check(&ctx.accounts.instructions, &POSTERS)?;
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;

    let entry = {
        let protocol = accounts.protocol.load()?;
        let mut market = accounts.market.load_mut()?;
        let mut band = accounts.band.load_mut()?;
        protocol.check_attached()?;

        let prices = prices::read(&band.settings, &accounts.primary, accounts.second.as_deref())?;
        let entry = |act, trip: &Trip| JournalEntry {
            value: trip.value,
            threshold: trip.threshold,
            ..JournalEntry::new(act, accounts.band.key(), accounts.market.key(), now)
        };
        if band.standing.armed == 0 {
            let measured = band.measure(&prices, now);
            let (trip, count) = band.shadow.tell(measured, now)?;
            band.assert_invariant()?;
            Some(JournalEntry { count, ..entry(Act::ShadowTrip, &trip) })
        } else {
            let before = market.board.severity(now);
            let (trip, is_first_look) = band.prove(&prices, protocol.settling_delay(), now)?;
            let is_news = !market.board.is_held(Source::PriceBand, trip.severity, now);
            let until = market.automatic_until(trip.severity, now);
            let raised = market.latch_trip((Source::PriceBand, band.index), &trip, until, now);
            band.assert_invariant()?;
            market.assert_invariant()?;
            ensure(raised || is_first_look, BreakerError::NothingToLatch)?;
            let after = market.board.severity(now);
            // a repeat of what holds already is no news: anyone could fill the journal with it
            is_news.then(|| JournalEntry { before, after, ..entry(trip.rule.act(), &trip) })
        }
    };
    if let Some(entry) = entry {
        accounts.record.append(accounts.protocol.key(), entry)?;
    }
    Ok(())
}
