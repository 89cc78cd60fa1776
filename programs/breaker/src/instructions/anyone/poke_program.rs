//! `poke_program`: anyone shows that the protected program was upgraded: with approval, or without.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, JournalEntry, Look, Protocol, Shown},
};

use crate::{company, record::*};

/// Accounts of `poke_program`.
#[derive(Accounts)]
pub struct PokeProgram<'info> {
    /// The protocol, whose latches hold in all its markets.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// CHECK: the pin names its address.
    pub program_data: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged list could hide the company.
    #[account(address = firebreak_interface::instruction::INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `poke_program`. To know the code where the slot is another costs half a unit a byte.
pub fn poke_program(ctx: Context<PokeProgram>) -> Result<()> {
    company::check(&ctx.accounts.instructions, &[])?;
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, account) = (accounts.protocol.key(), &accounts.program_data);

    let entry = {
        let mut protocol = accounts.protocol.load_mut()?;
        protocol.check_attached()?;
        let before = protocol.board.severity(now);
        let data = account.try_borrow_data()?;
        let look = protocol
            .look_at_program(&Shown { key: account.key, program: account.owner, data: &data }, now)?;
        let after = protocol.board.severity(now);
        let entry = |act| JournalEntry { before, after, ..JournalEntry::new(act, *account.key, key, now) };
        match look {
            Look::Upgraded(slot) => Some(JournalEntry { value: slot, ..entry(Act::ProgramPinned) }),
            // anyone may lengthen the account or look again, and could fill the journal with it
            Look::Same | Look::Known => None,
            Look::Changed(trip) => {
                Some(JournalEntry { value: trip.value, threshold: trip.threshold, ..entry(trip.rule.act()) })
            }
        }
    };
    if let Some(entry) = entry {
        accounts.record.append(key, entry)?;
    }
    Ok(())
}
