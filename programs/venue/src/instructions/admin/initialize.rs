//! Creates the venue.
//!
//! Who is admin is whoever signs here, and it can be said only once. Where the program is upgradeable its upgrade
//! authority must sign too, so nobody can come first. Where it is not (deployed immutable) anyone can: whoever
//! deploys it so reads `Venue::admin` back before sending tokens.

use anchor_lang::{prelude::*, solana_program::bpf_loader_upgradeable};
use firebreak_interface::pda;

use crate::{
    error::VenueError,
    events::VenueInitialized,
    state::{Venue, seeds},
};

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize<'info> {
    /// Becomes the admin, and pays.
    #[account(mut)]
    pub admin: Signer<'info>,
    /// The program's upgrade authority; where it has none, any signer.
    pub upgrade_authority: Signer<'info>,
    /// Where the loader says who the upgrade authority is.
    /// CHECK: the one address that the loader derives from this program; another program's would name another signer
    #[account(
        seeds = [crate::ID.as_ref()],
        seeds::program = bpf_loader_upgradeable::ID,
        bump
    )]
    pub program_data: UncheckedAccount<'info>,
    /// The venue.
    #[account(init, payer = admin, space = 8 + Venue::INIT_SPACE, seeds = [seeds::VENUE], bump)]
    pub venue: Box<Account<'info, Venue>>,
    /// System.
    pub system_program: Program<'info, System>,
}

impl Initialize<'_> {
    pub(crate) fn handle(ctx: Context<Self>) -> Result<()> {
        let accounts = ctx.accounts;
        if let Some(authority) = upgrade_authority(&accounts.program_data)? {
            require_keys_eq!(accounts.upgrade_authority.key(), authority, VenueError::NotTheUpgradeAuthority);
        }
        let venue = &mut accounts.venue;
        venue.admin = accounts.admin.key();
        venue.bump = ctx.bumps.venue;
        venue.vault_authority_bump = Pubkey::find_program_address(&[seeds::VAULT_AUTHORITY], &crate::ID).1;
        venue.recorder_bump = pda::recorder(&crate::ID).1;

        emit!(VenueInitialized { admin: venue.admin });
        Ok(())
    }
}

/// The upgrade authority, none where the program is immutable or was loaded by another loader.
fn upgrade_authority(program_data: &AccountInfo) -> Result<Option<Pubkey>> {
    // only the loader can own an account at this address, and only for an upgradeable program
    if *program_data.owner != bpf_loader_upgradeable::ID {
        return Ok(None);
    }
    let data = program_data.try_borrow_data()?;
    Ok(ProgramData::try_deserialize(&mut &data[..])?.upgrade_authority_address)
}
