//! What an amendment changes: an account of the protocol, opened as the kind that it must be.

use std::{cell::RefMut, mem::offset_of};

use anchor::prelude::*;
use firebreak_interface::{
    BreakerError,
    state::{
        Amendment, DISCRIMINATOR, Invariant, Keeper, Layout, Limiter, Market, PriceBand, Protocol, Safe,
    },
};

use crate::{
    instructions::ensure,
    loader::{check_reader, load_mut},
};

/// An account that governance can amend.
pub(crate) trait Subject: Layout {
    /// Where its account says which protocol it belongs to.
    const PROTOCOL: usize;
    /// Changes of its settings so far.
    fn epoch(&self) -> u64;
}

macro_rules! subjects {
    ($($kind:ident),*) => {
        $(
            impl Subject for $kind {
                const PROTOCOL: usize = DISCRIMINATOR + offset_of!($kind, protocol);

                fn epoch(&self) -> u64 {
                    self.epoch
                }
            }
        )*
    };
}

subjects!(Market, Limiter, PriceBand, Invariant);

impl Subject for Keeper {
    const PROTOCOL: usize = DISCRIMINATOR + offset_of!(Self, protocol);

    /// A registration never changes; it ends.
    fn epoch(&self) -> u64 {
        0
    }
}

/// Nothing of a safe is amended; it is shown by who leaves.
impl Subject for Safe {
    const PROTOCOL: usize = DISCRIMINATOR + offset_of!(Self, protocol);

    fn epoch(&self) -> u64 {
        0
    }
}

/// Opens an account of the breaker; stops one of another kind or protocol.
pub(crate) fn open<'a, T: Subject>(account: &'a AccountInfo, protocol: &Pubkey) -> Result<RefMut<'a, T>> {
    check(account, (&T::TAG, T::SPACE, T::PROTOCOL), protocol)?;
    load_mut(account)
}

/// The checks of [`open`], once for all kinds.
#[inline(never)]
fn check(
    account: &AccountInfo,
    (tag, space, at): (&[u8; DISCRIMINATOR], usize, usize),
    protocol: &Pubkey,
) -> Result<()> {
    let data = account.try_borrow_data()?;
    let is_kind = *account.owner == crate::ID && data.len() == space && data.starts_with(tag);
    ensure(is_kind, BreakerError::WrongSubject)?;
    check_reader(&data)?;
    ensure(data[at..].starts_with(protocol.as_ref()), BreakerError::WrongProtocol)?;
    Ok(())
}

/// What kind of rule an account is.
pub(crate) enum Rule<'a> {
    Limiter(RefMut<'a, Limiter>),
    Band(RefMut<'a, PriceBand>),
    Invariant(RefMut<'a, Invariant>),
}

/// Opens an account that is a rule, of whichever kind.
pub(crate) fn open_rule<'a>(account: &'a AccountInfo, protocol: &Pubkey) -> Result<Rule<'a>> {
    let tag = account.try_borrow_data()?.first_chunk().copied().unwrap_or_default();
    Ok(match tag {
        Limiter::TAG => Rule::Limiter(open(account, protocol)?),
        PriceBand::TAG => Rule::Band(open(account, protocol)?),
        _ => Rule::Invariant(open(account, protocol)?),
    })
}

/// Changes that the setting of this amendment has seen; stops a subject of another kind.
pub(crate) fn epoch(
    amendment: &Amendment,
    account: &AccountInfo,
    (key, protocol): (&Pubkey, &Protocol),
) -> Result<u64> {
    Ok(match amendment {
        Amendment::Market(_) => open::<Market>(account, key)?.epoch,
        Amendment::Limiter(_) => open::<Limiter>(account, key)?.epoch,
        Amendment::Band(_) => open::<PriceBand>(account, key)?.epoch,
        Amendment::Invariant(_) => open::<Invariant>(account, key)?.epoch,
        Amendment::RevokeKeeper => open::<Keeper>(account, key)?.epoch(),
        Amendment::Arm | Amendment::Disarm | Amendment::AcceptLoss { .. } => match open_rule(account, key)? {
            Rule::Limiter(limiter) => limiter.epoch,
            Rule::Invariant(invariant) => invariant.epoch,
            Rule::Band(band) if !matches!(amendment, Amendment::AcceptLoss { .. }) => band.epoch,
            // a reference walks to the new price by itself, in bounded steps
            Rule::Band(_) => return Err(BreakerError::WrongSubject.into()),
        },
        Amendment::LooseningDelay(_)
        | Amendment::Authority(_)
        | Amendment::Guardians { .. }
        | Amendment::Pin
        | Amendment::ApproveUpgrade(_)
        | Amendment::Unpin
        | Amendment::Detach => {
            ensure(*account.key == *key, BreakerError::WrongSubject)?;
            protocol.epoch
        }
    })
}
