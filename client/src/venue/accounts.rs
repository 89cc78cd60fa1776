//! The venue's accounts, from what a node says they hold.

use borsh::{BorshDeserialize, BorshSerialize};
use solana_program::pubkey::Pubkey;

use super::{ID, Venue, discriminator};

/// Why bytes are not believed to be an account of the venue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VenueAccountError {
    /// Another program wrote them: it may write what it likes.
    #[error("owned by {0}, not by the venue {ID}")]
    WrongOwner(Pubkey),
    /// An account of another kind, or none at all.
    #[error("not an account of the kind {0}")]
    WrongKind(&'static str),
    /// Cut short.
    #[error("the account of the kind {0} is cut short")]
    CutShort(&'static str),
}

macro_rules! accounts {
    ($($(#[doc = $doc:literal])+ $type:ident $name:literal { $($(#[doc = $field_doc:literal])+ $field:ident: $of:ty,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
            pub struct $type {
                $($(#[doc = $field_doc])+ pub $field: $of,)+
            }

            impl $type {
                /// The account that these bytes hold.
                ///
                /// # Errors
                /// [`VenueAccountError`], by which check failed.
                pub fn decode(owner: &Pubkey, data: &[u8]) -> Result<Self, VenueAccountError> {
                    if *owner != ID {
                        return Err(VenueAccountError::WrongOwner(*owner));
                    }
                    let mut rest = data
                        .strip_prefix(&discriminator("account", $name))
                        .ok_or(VenueAccountError::WrongKind($name))?;
                    Self::deserialize(&mut rest).map_err(|_| VenueAccountError::CutShort($name))
                }
            }
        )+
    };
}

accounts! {
    /// The venue.
    VenueState "Venue" {
        /// Lists, connects and publishes prices.
        admin: Pubkey,
        /// Its protocol at the breaker; the default key until connected.
        protocol: Pubkey,
        /// Its market at the breaker; the default key until connected.
        market: Pubkey,
        /// PDA bump.
        bump: u8,
        /// Bump of the vaults' owner.
        vault_authority_bump: u8,
        /// Bump of the recording PDA.
        recorder_bump: u8,
        /// Places of `collaterals` in use.
        listed: u8,
        /// Listed collaterals.
        collaterals: [Collateral; 4],
    }

    /// A price of the venue's own oracle.
    Oracle "Oracle" {
        /// Whose price.
        mint: Pubkey,
        /// Micro-dollars a whole token; zero until the first is published.
        price: u64,
        /// When it was measured, in unix seconds.
        published_at: i64,
        /// PDA bump.
        bump: u8,
    }

    /// A user's portfolio, by the places of the venue's listings.
    Portfolio "Portfolio" {
        /// The user.
        owner: Pubkey,
        /// PDA bump.
        bump: u8,
        /// Deposits and debts.
        balances: [Balance; 4],
        /// Positions.
        positions: [Position; 4],
    }
}

impl VenueState {
    /// The listed collaterals, in order.
    pub fn listed(&self) -> &[Collateral] {
        &self.collaterals[..usize::from(self.listed).min(self.collaterals.len())]
    }
}

impl From<&VenueState> for Venue {
    fn from(state: &VenueState) -> Self {
        Self::new(state.listed().iter().map(|collateral| collateral.mint).collect())
    }
}

/// One listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Collateral {
    /// Its mint.
    pub mint: Pubkey,
    /// The venue's token account that holds it.
    pub vault: Pubkey,
    /// The vault's limiter at the breaker.
    pub limiter: Pubkey,
    /// Its oracle.
    pub oracle: Pubkey,
    /// Smallest units of one whole token.
    pub unit: u64,
    /// What the admin chose.
    pub settings: CollateralSettings,
}

/// What the admin chooses for a collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CollateralSettings {
    /// Share of its value that carries new debts and positions, in basis points.
    pub collateral_factor_bps: u16,
    /// Share of its value below which what it carries is liquidated, in basis points.
    pub liquidation_factor_bps: u16,
    /// Oldest usable price, in seconds.
    pub max_price_age: u32,
}

/// What a portfolio has or owes of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Balance {
    /// What the venue owes the user.
    pub deposit: u64,
    /// What the user owes the venue.
    pub debt: u64,
}

/// A position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    /// Size in the token's smallest unit, below zero for a short; zero where none is open.
    pub size: i64,
    /// Price it was opened at, in micro-dollars a whole token.
    pub entry_price: u64,
}
