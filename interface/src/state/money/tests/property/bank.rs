//! The token programs: accounts as plain numbers, a mint that takes a fee, accounts that are frozen.

use super::*;

pub(super) const MINTS: usize = 2;
pub(super) const VAULTS: usize = 4;
pub(super) const SAFES: usize = 3;
/// Two honest ones, the thief, and the protocol's treasury.
pub(super) const USERS: usize = 4;
pub(super) const THIEF: usize = 2;
pub(super) const TREASURY: usize = 3;
pub(super) const HONEST: [usize; 2] = [0, 1];

/// Two vaults of one mint, one of the mint with a fee, and the thief's own.
pub(super) const MINT_OF_VAULT: [usize; VAULTS] = [0, 0, 1, 0];
pub(super) const MARKET_OF_VAULT: [usize; VAULTS] = [0, 0, 0, 1];
pub(super) const SAFE_OF_VAULT: [usize; VAULTS] = [0, 0, 1, 2];
pub(super) const MINT_OF_SAFE: [usize; SAFES] = [0, 1, 0];
pub(super) const MARKET_OF_SAFE: [usize; SAFES] = [0, 0, 1];
/// The vault that belongs to the breaker.
pub(super) const CUSTODY: usize = 1;
/// What a transfer takes, in basis points.
const FEE_BPS: [u64; MINTS] = [0, 100];

/// A token account by its number.
pub(super) type Account = usize;
pub(super) const ACCOUNTS: usize = VAULTS + SAFES + USERS * MINTS * 2;

pub(super) const fn tokens_of(safe: usize) -> Account {
    VAULTS + safe
}

/// The account of a user that everybody knows.
pub(super) const fn main_of(user: usize, mint: usize) -> Account {
    VAULTS + SAFES + 2 * (MINTS * user + mint)
}

/// Another one of the same user's.
pub(super) const fn spare_of(user: usize, mint: usize) -> Account {
    main_of(user, mint) + 1
}

/// Whose account it is; none where a vault's or a safe's.
pub(super) fn user_of(account: Account) -> Option<usize> {
    account.checked_sub(VAULTS + SAFES).map(|place| place / (2 * MINTS))
}

pub(super) fn mint_of(account: Account) -> usize {
    match account {
        vault if vault < VAULTS => MINT_OF_VAULT[vault],
        safe if safe < VAULTS + SAFES => MINT_OF_SAFE[safe - VAULTS],
        of_user => (of_user - VAULTS - SAFES) / 2 % MINTS,
    }
}

/// Why a transaction is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// A rule says no.
    Rule(BreakerError),
    /// A token program does.
    Transfer,
}

impl From<BreakerError> for Failed {
    fn from(error: BreakerError) -> Self {
        Self::Rule(error)
    }
}

pub(super) type Done = Result<(), Failed>;

#[derive(Clone)]
pub(super) struct Bank {
    pub(super) amounts: [u64; ACCOUNTS],
    pub(super) frozen: [bool; ACCOUNTS],
    /// Fees so far, by mint.
    pub(super) fees: [u64; MINTS],
}

impl Bank {
    /// Moves so much; gives what left and what arrived.
    pub(super) fn send(&mut self, from: Account, to: Account, amount: u64) -> Result<(u64, u64), Failed> {
        let mint = mint_of(from);
        let fails =
            mint_of(to) != mint || self.amounts[from] < amount || self.frozen[from] || self.frozen[to];
        if fails {
            return Err(Failed::Transfer);
        }
        let fee = (amount * FEE_BPS[mint]).div_ceil(10_000);
        let before = (self.amounts[from], self.amounts[to]);
        self.amounts[from] -= amount;
        self.amounts[to] += amount - fee;
        self.fees[mint] += fee;
        Ok((before.0 - self.amounts[from], self.amounts[to].saturating_sub(before.1)))
    }

    /// All there is of a mint.
    pub(super) fn supply(&self, mint: usize) -> u64 {
        let of_mint = (0..ACCOUNTS).filter(|account| mint_of(*account) == mint);
        of_mint.map(|account| self.amounts[account]).sum::<u64>() + self.fees[mint]
    }
}
