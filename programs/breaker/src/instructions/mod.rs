//! Instructions, in folders by who may call.

pub mod anyone;
pub mod authority;
pub mod guardian;
pub mod keeper;
pub mod protocol;

pub use {anyone::*, authority::*, guardian::*, keeper::*, protocol::*};

use std::cell::RefMut;

use anchor_lang::{Owner, ZeroCopy, prelude::*};

/// The state of an account that is created when missing: one that was just created carries no discriminator until the
/// instruction ends.
fn load_or_init<'a, T: ZeroCopy + Owner>(account: &'a AccountLoader<T>) -> Result<RefMut<'a, T>> {
    account.load_mut().or_else(|_| account.load_init())
}
