//! Creating accounts: what Anchor's `init` writes out at each place, once. Ten instructions create one.

use std::cell::RefMut;

use anchor::{
    prelude::*,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program::invoke_signed,
        system_program,
    },
};
use firebreak_interface::state::Layout;

use crate::loader::{check, load_mut};

/// System instructions, by number: `CreateAccount`, `Assign`, `Transfer`, `Allocate`.
const CREATE_ACCOUNT: u32 = 0;
const ASSIGN: u32 = 1;
const TRANSFER: u32 = 2;
const ALLOCATE: u32 = 8;

/// Creates the account of these seeds, all zero. The address is constrained by the caller's `seeds`.
pub(crate) fn create<'a, 'info, T: Layout>(
    account: &'a AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    seeds: &[&[u8]],
) -> Result<RefMut<'a, T>> {
    allocate_tagged(account, payer, (T::SPACE, &T::TAG), seeds)?;
    load_mut(account)
}

/// The account of these seeds, created where it is missing.
pub(crate) fn create_if_missing<'a, 'info, T: Layout>(
    account: &'a AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    seeds: &[&[u8]],
) -> Result<RefMut<'a, T>> {
    if system_program::check_id(account.owner) {
        allocate_tagged(account, payer, (T::SPACE, &T::TAG), seeds)?;
    }
    check(account, T::TAG)?;
    load_mut(account)
}

/// Gives the account to the breaker with its rent, its size and its discriminator.
#[inline(never)]
fn allocate_tagged<'info>(
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    (space, tag): (usize, &[u8]),
    seeds: &[&[u8]],
) -> Result<()> {
    allocate(account, payer, space, &crate::ID, seeds)?;
    account.try_borrow_mut_data()?[..tag.len()].copy_from_slice(tag);
    Ok(())
}

/// Gives the account to a program with its rent and its size. Lamports that somebody sent ahead do not stop it:
/// `CreateAccount` would refuse them.
pub(crate) fn allocate<'info>(
    account: &AccountInfo<'info>,
    payer: &AccountInfo<'info>,
    space: usize,
    owner: &Pubkey,
    seeds: &[&[u8]],
) -> Result<()> {
    let rent = Rent::get()?.minimum_balance(space);
    let held = account.lamports();
    let system = |data: &[&[u8]], accounts: &[(&AccountInfo<'info>, bool)]| {
        let call = Instruction {
            program_id: system_program::ID,
            accounts: accounts.iter().map(|(info, signs)| AccountMeta::new(*info.key, *signs)).collect(),
            data: data.concat(),
        };
        let infos: Vec<_> = accounts.iter().map(|(info, _)| (*info).clone()).collect();
        invoke_signed(&call, &infos, &[seeds])
    };
    let size = (space as u64).to_le_bytes();
    let owner = owner.as_ref();
    if held == 0 {
        let data = [&CREATE_ACCOUNT.to_le_bytes()[..], &rent.to_le_bytes(), &size, owner];
        system(&data, &[(payer, true), (account, true)])?;
    } else {
        let missing = rent.saturating_sub(held).to_le_bytes();
        system(&[&TRANSFER.to_le_bytes(), &missing], &[(payer, true), (account, false)])?;
        system(&[&ALLOCATE.to_le_bytes(), &size], &[(account, true)])?;
        system(&[&ASSIGN.to_le_bytes(), owner], &[(account, true)])?;
    }
    Ok(())
}
