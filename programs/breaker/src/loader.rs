//! Accounts of the breaker, opened: of this program, of this kind, and such as this program can read.

use std::{
    cell::{Ref, RefMut},
    collections::BTreeSet,
    marker::PhantomData,
};

use anchor::{ToAccountInfos, ToAccountMetas, prelude::*, solana_program::instruction::AccountMeta};
use firebreak_interface::{
    BreakerError,
    constants::READER_VERSION,
    state::{DISCRIMINATOR, Layout},
};

/// Where every account of the breaker says which reader it needs.
const MIN_READER: usize = DISCRIMINATOR + 1;

/// An account of the breaker as an instruction takes it, by the name of Anchor's: the derive of `Accounts` knows by it what
/// `load` opens. Anchor's is compiled for each kind, checks the kind again whenever it is loaded, and in the end writes back
/// the discriminator that it has checked; here the checks stand once, and are made once.
#[derive(Clone)]
pub struct AccountLoader<'info, T> {
    info: &'info AccountInfo<'info>,
    kind: PhantomData<T>,
}

impl<T: Layout> AccountLoader<'_, T> {
    /// The account, for reading.
    pub fn load(&self) -> Result<Ref<'_, T>> {
        Ok(Ref::map(bytes(self.info, T::SPACE)?, bytemuck::from_bytes))
    }

    /// The account, for writing.
    pub fn load_mut(&self) -> Result<RefMut<'_, T>> {
        check_writable(self.info)?;
        load_mut(self.info)
    }
}

/// The account, for writing. Its kind has been checked.
pub(crate) fn load_mut<'a, T: Layout>(info: &'a AccountInfo) -> Result<RefMut<'a, T>> {
    Ok(RefMut::map(bytes_mut(info, T::SPACE)?, bytemuck::from_bytes_mut))
}

/// Stops an account of another program, of another kind, or one that needs a newer reader than this program.
#[inline(never)]
pub(crate) fn check(info: &AccountInfo, tag: [u8; DISCRIMINATOR]) -> Result<()> {
    if *info.owner != crate::ID {
        return Err(Error::from(ErrorCode::AccountOwnedByWrongProgram).with_pubkeys((*info.owner, crate::ID)));
    }
    let data = info.try_borrow_data()?;
    let found = data.first_chunk().ok_or(ErrorCode::AccountDiscriminatorNotFound)?;
    if *found != tag {
        return Err(ErrorCode::AccountDiscriminatorMismatch.into());
    }
    check_reader(&data)
}

/// Stops an account that needs a newer reader than this program.
pub(crate) fn check_reader(data: &[u8]) -> Result<()> {
    match data.get(MIN_READER) {
        Some(needed) if *needed > READER_VERSION => Err(BreakerError::TooNewToRead.into()),
        _ => Ok(()),
    }
}

/// Stops an account that the transaction may only read, before the runtime does.
#[inline(never)]
fn check_writable(info: &AccountInfo) -> Result<()> {
    if info.is_writable { Ok(()) } else { Err(ErrorCode::AccountNotMutable.into()) }
}

#[inline(never)]
fn bytes<'a>(info: &'a AccountInfo, space: usize) -> Result<Ref<'a, [u8]>> {
    let data = Ref::filter_map(info.try_borrow_data()?, |data| data.get(DISCRIMINATOR..space));
    data.map_err(|_| ErrorCode::AccountDidNotDeserialize.into())
}

#[inline(never)]
fn bytes_mut<'a>(info: &'a AccountInfo, space: usize) -> Result<RefMut<'a, [u8]>> {
    let data = RefMut::filter_map(info.try_borrow_mut_data()?, |data| data.get_mut(DISCRIMINATOR..space));
    data.map_err(|_| ErrorCode::AccountDidNotDeserialize.into())
}

/// The next of an instruction's accounts, checked.
#[inline(never)]
fn next<'info>(
    accounts: &mut &'info [AccountInfo<'info>],
    tag: [u8; DISCRIMINATOR],
) -> Result<&'info AccountInfo<'info>> {
    let (info, rest) = accounts.split_first().ok_or(ErrorCode::AccountNotEnoughKeys)?;
    *accounts = rest;
    check(info, tag)?;
    Ok(info)
}

impl<'info, B, T: Layout> Accounts<'info, B> for AccountLoader<'info, T> {
    #[inline(always)]
    fn try_accounts(
        _program_id: &Pubkey,
        accounts: &mut &'info [AccountInfo<'info>],
        _ix_data: &[u8],
        _bumps: &mut B,
        _reallocs: &mut BTreeSet<Pubkey>,
    ) -> Result<Self> {
        Ok(Self { info: next(accounts, T::TAG)?, kind: PhantomData })
    }
}

/// Nothing to do: what is written is written in place.
impl<'info, T> AccountsExit<'info> for AccountLoader<'info, T> {}

impl<T> Key for AccountLoader<'_, T> {
    fn key(&self) -> Pubkey {
        *self.info.key
    }
}

impl<'info, T> AsRef<AccountInfo<'info>> for AccountLoader<'info, T> {
    fn as_ref(&self) -> &AccountInfo<'info> {
        self.info
    }
}

impl<T> ToAccountMetas for AccountLoader<'_, T> {
    fn to_account_metas(&self, is_signer: Option<bool>) -> Vec<AccountMeta> {
        self.info.to_account_metas(is_signer)
    }
}

impl<'info, T> ToAccountInfos<'info> for AccountLoader<'info, T> {
    fn to_account_infos(&self) -> Vec<AccountInfo<'info>> {
        self.info.to_account_infos()
    }
}

#[cfg(test)]
mod tests {
    use firebreak_interface::state::{Keeper, Market};

    use super::*;

    /// An account as the runtime gives it.
    struct Given {
        owner: Pubkey,
        is_writable: bool,
        bytes: Vec<u8>,
    }

    /// What comes of an account that is opened as a market, and written to.
    fn written(change: impl FnOnce(&mut Given)) -> Result<u64> {
        let mut bytes = vec![0; Market::SPACE];
        bytes[..DISCRIMINATOR].copy_from_slice(&Market::TAG);
        bytes[MIN_READER] = READER_VERSION;
        let mut given = Given { owner: crate::ID, is_writable: true, bytes };
        change(&mut given);

        let words = vec![0u64; given.bytes.len().div_ceil(8)].leak();
        let data = &mut bytemuck::cast_slice_mut(words)[..given.bytes.len()];
        data.copy_from_slice(&given.bytes);
        let (owner, key) = (Box::leak(Box::new(given.owner)), Box::leak(Box::default()));
        let info =
            AccountInfo::new(key, false, given.is_writable, Box::leak(Box::new(0)), data, owner, false);
        let mut accounts: &[AccountInfo] = Box::leak(Box::new([info]));
        let market = AccountLoader::<Market>::try_accounts(
            &crate::ID,
            &mut accounts,
            &[],
            &mut (),
            &mut BTreeSet::new(),
        )?;
        assert!(accounts.is_empty(), "the next is another's");
        market.load_mut()?.epoch += 1;
        Ok(market.load()?.epoch)
    }

    #[track_caller]
    fn refused(error: impl Into<Error>, change: impl FnOnce(&mut Given)) {
        assert_eq!(written(change).expect_err("an account that is none of ours"), error.into());
    }

    #[test]
    fn only_a_market_of_ours_is_opened_as_one() {
        assert_eq!(written(|_| {}).expect("nothing is wrong with it"), 1);
        // an attacker's program may write any bytes into accounts of its own
        refused(ErrorCode::AccountOwnedByWrongProgram, |given| given.owner = Pubkey::new_unique());
        refused(ErrorCode::AccountDiscriminatorMismatch, |given| {
            given.bytes[..DISCRIMINATOR].copy_from_slice(&Keeper::TAG);
        });
        refused(ErrorCode::AccountDiscriminatorMismatch, |given| given.bytes[DISCRIMINATOR - 1] ^= 1);
        refused(ErrorCode::AccountDiscriminatorNotFound, |given| given.bytes.truncate(DISCRIMINATOR - 1));
        refused(ErrorCode::AccountDidNotDeserialize, |given| {
            given.bytes.pop();
        });
        refused(BreakerError::TooNewToRead, |given| given.bytes[MIN_READER] += 1);
        refused(ErrorCode::AccountNotMutable, |given| given.is_writable = false);
    }

    #[test]
    fn an_account_that_is_not_given_is_missed() {
        let opened = next(&mut &[][..], Market::TAG);
        assert_eq!(opened.expect_err("there is none"), ErrorCode::AccountNotEnoughKeys.into());
    }
}
