//! The breaker's accounts, from what a node says they hold.

use firebreak_interface::{
    ID,
    constants::READER_VERSION,
    state::{
        ClaimPage, Coverage, DISCRIMINATOR, GuardianBudget, Held, Invariant, Journal, JournalSegment, Keeper,
        Layout, Limiter, Market, MintCap, PriceBand, Proposal, Protocol, Route, Safe,
    },
};
use solana_program::pubkey::Pubkey;

/// Why bytes are not believed to be an account of the breaker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Another program wrote them: it may write what it likes.
    #[error("owned by {owner}, not by the breaker {ID}")]
    WrongOwner {
        /// Who owns the account.
        owner: Pubkey,
    },
    /// Cut short, or another layout.
    #[error("{found} bytes where a {kind} has {expected}")]
    WrongLength {
        /// What was asked for.
        kind: &'static str,
        /// Its size.
        expected: usize,
        /// The size given.
        found: usize,
    },
    /// An account of the breaker, of another kind.
    #[error("not a {kind}: it begins with {found:02x?}")]
    WrongKind {
        /// What was asked for.
        kind: &'static str,
        /// The first bytes given.
        found: [u8; DISCRIMINATOR],
    },
    /// No kind of account begins like this.
    #[error("not an account of the breaker: it begins with {found:02x?}")]
    UnknownKind {
        /// The first bytes given.
        found: [u8; DISCRIMINATOR],
    },
    /// A newer program wrote it and says that this reader would misunderstand it.
    #[error("a {kind} for readers of version {needed}, this one has {READER_VERSION}: upgrade the client")]
    TooNewToRead {
        /// What was asked for.
        kind: &'static str,
        /// Version that it needs.
        needed: u8,
    },
}

/// An account type and what people call it.
pub trait Kind: Layout {
    /// Its name in messages.
    const NAME: &'static str;
    /// Reader version that this account needs at least.
    fn min_reader(&self) -> u8;
}

macro_rules! kinds {
    ($($type:ident $name:literal,)*) => {
        /// Any account of the breaker.
        #[derive(Clone, Debug)]
        pub enum Account {
            $(
                #[doc = concat!("A ", $name, ".")]
                $type(Box<$type>),
            )*
        }

        impl Account {
            /// The account that these bytes hold, whatever its kind.
            ///
            /// # Errors
            /// [`AccountError`], by which check failed.
            pub fn decode(owner: &Pubkey, data: &[u8]) -> Result<Self, AccountError> {
                check_owner(owner)?;
                match discriminator(data) {
                    $($type::TAG => decode::<$type>(owner, data).map(Box::new).map(Self::$type),)*
                    found => Err(AccountError::UnknownKind { found }),
                }
            }
        }

        $(
            impl Kind for $type {
                const NAME: &'static str = $name;

                fn min_reader(&self) -> u8 {
                    self.min_reader
                }
            }
        )*
    };
}

kinds! {
    ClaimPage "page of claims",
    Coverage "coverage table",
    GuardianBudget "guardian budget",
    Held "held withdrawal",
    Invariant "invariant",
    Journal "journal",
    JournalSegment "journal segment",
    Keeper "keeper",
    Limiter "limiter",
    Market "market",
    MintCap "mint cap",
    PriceBand "price band",
    Proposal "proposal",
    Protocol "protocol",
    Route "route",
    Safe "safe",
}

/// The account of this kind that these bytes hold.
///
/// # Errors
/// [`AccountError`], by which check failed.
pub fn decode<T: Kind>(owner: &Pubkey, data: &[u8]) -> Result<T, AccountError> {
    check_owner(owner)?;
    let found = discriminator(data);
    if data.len() >= DISCRIMINATOR && found != T::TAG {
        return Err(AccountError::WrongKind { kind: T::NAME, found });
    }
    let wrong_length = AccountError::WrongLength { kind: T::NAME, expected: T::SPACE, found: data.len() };
    let account = T::copy_from(data).ok_or(wrong_length)?;
    match account.min_reader() {
        needed if needed > READER_VERSION => Err(AccountError::TooNewToRead { kind: T::NAME, needed }),
        _ => Ok(account),
    }
}

fn check_owner(owner: &Pubkey) -> Result<(), AccountError> {
    if *owner == ID { Ok(()) } else { Err(AccountError::WrongOwner { owner: *owner }) }
}

/// The first bytes, zero where there are fewer.
fn discriminator(data: &[u8]) -> [u8; DISCRIMINATOR] {
    let mut found = [0; DISCRIMINATOR];
    for (found, byte) in found.iter_mut().zip(data) {
        *found = *byte;
    }
    found
}

/// The bytes of an account as the chain would hold them: for tests of whatever reads accounts.
pub fn encode<T: Layout>(account: &T) -> Vec<u8> {
    [&T::TAG[..], bytemuck::bytes_of(account)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_limiter() -> Limiter {
        Limiter { min_reader: 1, expected: 77, ..bytemuck::Zeroable::zeroed() }
    }

    #[test]
    fn reads_back_what_was_written() {
        let data = encode(&a_limiter());
        assert_eq!(decode::<Limiter>(&ID, &data).expect("a limiter").expected, 77);
        assert!(
            matches!(Account::decode(&ID, &data), Ok(Account::Limiter(limiter)) if limiter.expected == 77)
        );
    }

    #[test]
    fn refuses_a_look_alike_of_another_program() {
        let owner = Pubkey::new_from_array([9; 32]);
        let refused = Err(AccountError::WrongOwner { owner });
        assert_eq!(decode::<Limiter>(&owner, &encode(&a_limiter())).map(drop), refused);
        assert_eq!(Account::decode(&owner, &encode(&a_limiter())).map(drop), refused);
    }

    #[test]
    fn refuses_another_kind() {
        let found = Limiter::TAG;
        let refused = decode::<Market>(&ID, &encode(&a_limiter())).map(drop);
        assert_eq!(refused, Err(AccountError::WrongKind { kind: "market", found }));
        let mut stranger = encode(&a_limiter());
        stranger[0] ^= 1;
        assert!(matches!(Account::decode(&ID, &stranger), Err(AccountError::UnknownKind { .. })));
    }

    #[test]
    fn refuses_every_other_length() {
        let data = encode(&a_limiter());
        for length in 0..data.len() {
            assert!(decode::<Limiter>(&ID, &data[..length]).is_err(), "{length} bytes");
            assert!(Account::decode(&ID, &data[..length]).is_err(), "{length} bytes");
        }
        let longer = [&data[..], &[0]].concat();
        let expected = Limiter::SPACE;
        let refused = AccountError::WrongLength { kind: "limiter", expected, found: expected + 1 };
        assert_eq!(decode::<Limiter>(&ID, &longer).map(drop), Err(refused));
    }

    #[test]
    fn refuses_what_a_newer_program_says_it_would_misread() {
        let newer = Limiter { min_reader: READER_VERSION + 1, ..a_limiter() };
        let needed = READER_VERSION + 1;
        let refused = decode::<Limiter>(&ID, &encode(&newer)).map(drop);
        assert_eq!(refused, Err(AccountError::TooNewToRead { kind: "limiter", needed }));
    }
}
