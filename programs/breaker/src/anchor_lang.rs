//! Anchor as this program takes it: with accounts of the breaker opened by [`crate::loader`]. The derive of `Accounts` writes
//! out the path to Anchor's own loader, so where it is used this stands in for `anchor_lang`.

pub(crate) use ::anchor::*;

pub(crate) mod accounts {
    pub(crate) use ::anchor::accounts::*;

    pub(crate) mod account_loader {
        pub(crate) use crate::loader::AccountLoader;
    }
}

pub(crate) mod prelude {
    pub(crate) use crate::loader::AccountLoader;
    pub(crate) use ::anchor::prelude::*;
}
