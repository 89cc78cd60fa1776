//! Accounts: one file each, its layout and the rules that live on it.
//!
//! Layouts are `repr(C)`, without padding, read in place. A rule is a method that takes `now`; only the program's
//! handlers read the clock. Sizes are asserted, so a change of layout is seen.

mod amendment;
mod band;
mod budget;
mod coverage;
mod guardians;
mod invariant;
mod journal;
mod keeper;
mod latch;
mod limiter;
mod market;
mod mint;
mod money;
mod program;
mod proposal;
mod protocol;
mod response;
mod resume;
mod rule;
mod setting;
mod token;

#[cfg(test)]
mod tests;

pub use {
    amendment::{Amendment, Mandate},
    band::{BandSettings, Feed, PriceBand, Prices},
    budget::GuardianBudget,
    coverage::{Coverage, CoverageRow, Gaps, check_coverage, discriminator},
    guardians::{
        Ballot, ClaimsOrder, ConfirmOrder, GuardianAct, HeldRange, LatchId, Members, ReleaseOrder,
        ResumeOrder, Thresholds,
    },
    invariant::{
        Invariant, InvariantSettings, Measurement, Ratios, Reading, Shown, Term, TermSettings, Value,
    },
    journal::{Act, ENTRY_SPACE, Journal, JournalEntry, JournalSegment},
    keeper::{Keeper, KeeperSettings},
    latch::{Latch, LatchBoard, Source},
    limiter::{
        Flow, Limiter, LimiterSettings, NetState, Outcome, PendingEntry, Rule, TOKEN, TOKEN_2022, Trip,
        VaultState, WindowSettings,
    },
    market::{Market, MarketSettings},
    mint::MintCap,
    money::{
        CLAIMS_PER_PAGE, ClaimPage, Decision, Fate, Flag, Held, MigrateOrder, Release, Route, RouteSettings,
        Safe, claim_leaf, claim_node,
    },
    program::{LOADER, Look, ProgramPin, program_data, upgrade_authority_of},
    proposal::{Proposal, Proposed, Status},
    protocol::{PauseOrder, Protocol, ProtocolSettings},
    response::{Limits, Response},
    rule::{Shadow, Standing},
    setting::{Change, Path, Setting},
    token::{Extension, Holder, Ruling, TABLE, Use, Warnings, check_account, check_mint},
};

/// Bytes of the discriminator that every account begins with.
pub const DISCRIMINATOR: usize = 8;

/// An account of the breaker that is read in place.
pub trait Layout: bytemuck::Pod {
    /// First eight bytes of the account: of sha256("account:" and its name).
    const TAG: [u8; DISCRIMINATOR];
    /// Size of the account, discriminator included.
    const SPACE: usize = DISCRIMINATOR + size_of::<Self>();

    /// The account in these bytes, none when length, alignment or discriminator are not its own.
    fn read(data: &[u8]) -> Option<&Self> {
        if data.len() != Self::SPACE || data[..DISCRIMINATOR] != Self::TAG {
            return None;
        }
        bytemuck::try_from_bytes(&data[DISCRIMINATOR..]).ok()
    }

    /// As [`Layout::read`], for writing.
    fn read_mut(data: &mut [u8]) -> Option<&mut Self> {
        if data.len() != Self::SPACE || data[..DISCRIMINATOR] != Self::TAG {
            return None;
        }
        bytemuck::try_from_bytes_mut(&mut data[DISCRIMINATOR..]).ok()
    }

    /// A copy of the account in these bytes, wherever they lie in memory.
    fn copy_from(data: &[u8]) -> Option<Self> {
        if data.len() != Self::SPACE || data[..DISCRIMINATOR] != Self::TAG {
            return None;
        }
        bytemuck::try_pod_read_unaligned(&data[DISCRIMINATOR..]).ok()
    }
}

macro_rules! layout {
    ($($name:ident: $size:literal, $discriminator:expr;)*) => {
        $(
            impl Layout for $name {
                const TAG: [u8; DISCRIMINATOR] = $discriminator;
            }
            const _: () = assert!(size_of::<$name>() == $size);
            const _: () = assert!(align_of::<$name>() == 8);
        )*

        #[cfg(test)]
        mod layout_tests {
            use super::*;

            #[test]
            fn discriminators_are_those_of_the_names() {
                $(
                    let hash = solana_program::hash::hash(concat!("account:", stringify!($name)).as_bytes());
                    assert_eq!($name::TAG, hash.to_bytes()[..DISCRIMINATOR], stringify!($name));
                )*
            }
        }
    };
}

layout! {
    ClaimPage: 1080, [177, 125, 166, 186, 30, 45, 86, 10];
    Coverage: 1128, [214, 47, 19, 198, 64, 0, 74, 89];
    GuardianBudget: 152, [171, 18, 134, 60, 45, 231, 79, 7];
    Held: 192, [148, 98, 241, 105, 69, 94, 144, 149];
    Invariant: 2728, [122, 214, 3, 149, 112, 206, 203, 128];
    Journal: 200, [246, 141, 106, 208, 98, 92, 66, 208];
    JournalSegment: 9864, [1, 158, 47, 240, 172, 17, 2, 72];
    Keeper: 184, [127, 221, 194, 46, 120, 73, 144, 77];
    Limiter: 808, [2, 112, 105, 201, 255, 102, 7, 109];
    MintCap: 168, [128, 26, 215, 34, 114, 101, 30, 148];
    Market: 1848, [219, 190, 213, 55, 0, 227, 198, 154];
    PriceBand: 632, [129, 245, 234, 98, 54, 146, 215, 53];
    Proposal: 1432, [26, 94, 189, 187, 116, 136, 53, 33];
    Protocol: 2296, [45, 39, 101, 43, 115, 72, 131, 40];
    Route: 480, [80, 179, 58, 115, 52, 19, 146, 134];
    Safe: 1016, [142, 128, 125, 131, 110, 89, 143, 114];
}
