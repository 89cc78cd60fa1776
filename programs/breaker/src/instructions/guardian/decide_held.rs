//! `decide_held`: a quorum decides whether flagged withdrawals are paid.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    instruction::{INSTRUCTIONS, SLOT_HASHES, Stamp},
    state::{Act, GuardianAct, HeldRange, JournalEntry, Market, Protocol, Safe},
};

use crate::{company, instructions::ensure, quorum::*, record::*};

/// Accounts of `decide_held`; the guardians who sign follow.
#[derive(Accounts)]
pub struct DecideHeld<'info> {
    /// The guardians who do not sign here.
    pub quorum: Quorum<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose guardians are others.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the safe of another market, of which these guardians did not speak.
    #[account(mut, has_one = market @ BreakerError::WrongMarket)]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the address is the sysvar's; a forged list could hide a durable nonce.
    #[account(address = INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged one would know any stamp.
    #[account(address = SLOT_HASHES @ BreakerError::StaleStamp)]
    pub slot_hashes: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `decide_held`. The stamp is of those who sign here; approvals on a proposal had their own.
pub fn decide_held(
    ctx: Context<DecideHeld>,
    range: HeldRange,
    pay: bool,
    stamp: Option<Stamp>,
) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, scope) = (accounts.protocol.key(), accounts.market.key());
    company::check_top_level()?;
    if !ctx.remaining_accounts.is_empty() {
        let stamp = stamp.ok_or(BreakerError::StaleStamp)?;
        company::check_fresh(&accounts.instructions, &accounts.slot_hashes, &stamp)?;
    }
    let severity = {
        let (protocol, mut safe) = (accounts.protocol.load()?, accounts.safe.load_mut()?);
        // stops the market's safe of another mint, whose numbers are others
        ensure(safe.mint == range.mint, BreakerError::WrongSafe)?;
        let act = GuardianAct::DecideHeld { range, pay };
        accounts.quorum.check((&key, &protocol), (&act, &scope), ctx.remaining_accounts, now)?;
        safe.decide((range.from, range.to), pay, now)?;
        accounts.market.load()?.in_force(&protocol.board, now).0
    };

    let act = if pay { Act::HeldToBePaid } else { Act::HeldToBeRefused };
    let (actor, subject) = (accounts.quorum.actor(ctx.remaining_accounts), accounts.safe.key());
    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: range.from,
        threshold: range.to,
        ..JournalEntry::new(act, actor, subject, now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
