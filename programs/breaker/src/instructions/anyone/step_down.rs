//! `step_down`: anyone tidies what is over and tells the journal of a fall.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, Severity,
    state::{Act, JournalEntry, Market, Protocol},
};

use crate::record::*;

/// Accounts of `step_down`.
#[derive(Accounts)]
pub struct StepDown<'info> {
    /// The protocol. Writable where no market is passed: then its own latches are stepped down.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol: its fall would be told to the wrong journal.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `step_down`. Severity is a function of the clock and needs no transaction to fall: this changes what the
/// gate has to look at, and what the journal knows.
pub fn step_down(ctx: Context<StepDown>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol_key = accounts.protocol.key();
    let (subject, fall) = {
        match &accounts.market {
            None => {
                let mut protocol = accounts.protocol.load_mut()?;
                (protocol_key, protocol.board.step_down(now)?)
            }
            Some(account) => {
                let mut market = account.load_mut()?;
                let fall = market.board.step_down(now)?;
                market.assert_invariant()?;
                (account.key(), fall)
            }
        }
    };
    if let Some((before, after)) = fall {
        let entry = fell(subject, before, after, now);
        accounts.record.append(protocol_key, entry)?;
    }
    Ok(())
}

/// Nobody did it: time did.
fn fell(subject: Pubkey, before: Severity, after: Severity, now: Instant) -> JournalEntry {
    JournalEntry { before, after, ..JournalEntry::new(Act::SteppedDown, subject, subject, now) }
}
