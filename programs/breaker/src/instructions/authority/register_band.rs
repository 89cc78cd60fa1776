//! `register_band`: the authority gives a market a price band, in shadow.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, BandSettings, JournalEntry, Market, PriceBand, Proposed, Protocol},
};

use crate::{create::create, governance::*, prices, record::*};

/// Accounts of `register_band`.
#[derive(Accounts)]
#[instruction(index: u8)]
pub struct RegisterBand<'info> {
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
    /// CHECK: created; the seeds give each index of a market one band for ever.
    #[account(
        mut,
        seeds = [pda::BAND, market.key().as_ref(), &[index]],
        bump
    )]
    pub band: UncheckedAccount<'info>,
    /// CHECK: must be the settings' account and read as a price of its feed.
    pub primary: UncheckedAccount<'info>,
    /// CHECK: must be the settings' account and read as a price of its feed; none where they name none.
    pub second: Option<UncheckedAccount<'info>>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_band`.
pub fn register_band(ctx: Context<RegisterBand>, index: u8, settings: &BandSettings) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol = accounts.protocol.key();
    let act = || Proposed::RegisterBand { index, settings: *settings };
    let bound = [accounts.market.key()];
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &bound, now)?;
    let prices = prices::read(settings, &accounts.primary, accounts.second.as_deref())?;
    prices::check_readable(settings, &prices)?;

    let reference = {
        let keys = [protocol, accounts.market.key()];
        let seeds: &[&[u8]] = &[pda::BAND, keys[1].as_ref(), &[index], &[ctx.bumps.band]];
        let mut band = create::<PriceBand>(&accounts.band, &accounts.payer, seeds)?;
        band.initialize(keys, (index, ctx.bumps.band), settings, &prices, now)?;
        band.reference
    };

    let entry = JournalEntry {
        value: reference,
        threshold: settings.deviation_bps[2].into(),
        ..JournalEntry::new(Act::BandRegistered, actor, accounts.band.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
