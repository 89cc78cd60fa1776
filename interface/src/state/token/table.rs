//! The extensions of Token-2022, one by one: what the breaker does where a mint or an account has it, and why.

use super::Use;

/// Numbers of the two that owners of accounts switch.
const MEMO_REQUIRED: u16 = 8;
const CPI_GUARD: u16 = 11;

/// What has an extension, by the number that Token-2022 marks it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Holder {
    /// A mint.
    Mint = 1,
    /// A token account.
    Account = 2,
}

/// What the breaker answers to an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It changes nothing that the breaker relies on.
    Allowed,
    /// It is allowed, and what it can do is recorded at registration.
    Warned,
    /// Neither guarded nor moved.
    Refused,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Extension {
    /// Token-2022's number of it.
    pub number: u16,
    /// What people call it.
    pub name: &'static str,
    /// What has it.
    pub holder: Holder,
    /// Whether a limiter measures what has it.
    pub guarded: Ruling,
    /// Whether a rescue moves it.
    pub routed: Ruling,
    /// Why, for who runs the protocol.
    pub why: &'static str,
}

impl Extension {
    /// What is answered for this use.
    pub const fn ruling(&self, usage: Use) -> Ruling {
        match usage {
            Use::Guarded => self.guarded,
            Use::Routed => self.routed,
        }
    }

    /// Whether its owner switches it on and off; its first byte says which. While it is off it counts for nothing.
    pub const fn is_switched(&self) -> bool {
        matches!(self.number, MEMO_REQUIRED | CPI_GUARD)
    }

    /// Its bit in [`super::Warnings`].
    pub const fn bit(&self) -> u64 {
        1 << self.number
    }
}

macro_rules! table {
    ($($number:literal $name:literal $holder:ident $guarded:ident $routed:ident: $why:literal;)*) => {
        /// All extensions that are known, in the order of their numbers. What is in no row is refused.
        pub const TABLE: &[Extension] = &[$(Extension {
            number: $number,
            name: $name,
            holder: Holder::$holder,
            guarded: Ruling::$guarded,
            routed: Ruling::$routed,
            why: $why,
        },)*];
    };
}

table! {
    1 "transfer fee" Mint Warned Warned:
        "each transfer costs what the mint's authority sets, up to all of it: a rescue pays it on its way out and again on its way back";
    2 "withheld transfer fees" Account Allowed Allowed:
        "what was withheld lies beside the balance, never was the owner's, and hinders no transfer";
    3 "mint close authority" Mint Refused Refused:
        "a mint that was closed comes back at its address with other extensions, and the old vaults are under those";
    4 "confidential transfers" Mint Refused Refused:
        "its accounts can hold balances that nobody reads, and no limiter measures what goes there";
    5 "confidential balance" Account Refused Refused:
        "a part of what it holds is not in its balance";
    6 "default account state" Mint Warned Warned:
        "new accounts can be born frozen: a safe, or whoever is to be paid, has to be thawed by the freeze authority first";
    7 "immutable owner" Account Allowed Allowed:
        "who owns it owns it for ever, which is what a vault wants";
    8 "memo required" Account Warned Refused:
        "what comes in needs a memo before it: the breaker writes none, so a release back into it would fail";
    9 "non-transferable" Mint Refused Refused:
        "its tokens never move: there is no flow to bound, and nothing to rescue";
    10 "interest" Mint Allowed Allowed:
        "it changes what is shown; limits and measures are in what is held";
    11 "CPI guard" Account Warned Refused:
        "no program moves its tokens by its owner's signature: only the owner himself does, around every program that would ask the breaker";
    12 "permanent delegate" Mint Refused Refused:
        "the delegate moves and burns whatever any account holds, a vault and a safe too, without the owner";
    13 "account of non-transferable tokens" Account Refused Refused:
        "its tokens never move";
    14 "transfer hook" Mint Refused Refused:
        "each transfer calls a program of its authority's choice, which wants accounts that no rescue can know and may refuse any of them";
    15 "account of hooked tokens" Account Refused Refused:
        "each transfer out of it and into it calls the mint's hook";
    16 "confidential transfer fee" Mint Refused Refused:
        "it comes with confidential transfers";
    17 "confidential withheld fees" Account Refused Refused:
        "it comes with a confidential balance";
    18 "metadata pointer" Mint Allowed Allowed:
        "it says where a name is";
    19 "token metadata" Mint Allowed Allowed:
        "it is a name, and may be added to a mint that exists";
    20 "group pointer" Mint Allowed Allowed:
        "it says where a group is";
    21 "token group" Mint Allowed Allowed:
        "it is a group of mints, and may be added to a mint that exists";
    22 "group member pointer" Mint Allowed Allowed:
        "it says where a membership is";
    23 "token group member" Mint Allowed Allowed:
        "it is a membership, and may be added to a mint that exists";
    24 "confidential minting and burning" Mint Refused Refused:
        "what is minted and burnt is not in the supply";
    25 "scaled amount" Mint Warned Warned:
        "its authority says from one moment to the next what a unit stands for; limits are in units, and a limit in worth moves with it";
    26 "pausable" Mint Warned Warned:
        "while its authority pauses the mint nothing moves: no payment, no rescue, no release; what is held stays";
    27 "account of a pausable mint" Account Allowed Allowed:
        "it only says what its mint is, which the mint's row is about";
    28 "permissioned burn" Mint Allowed Allowed:
        "burning takes one more signature beside the owner's, and a transfer takes none";
}
