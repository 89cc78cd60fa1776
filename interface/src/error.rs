//! Errors of the breaker: one per rule, numbered for ever.

macro_rules! errors {
    ($($(#[doc = $text:literal])+ $name:ident = $code:literal,)*) => {
        /// Why the breaker refused. The text names the bound or the remedy; the number never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum BreakerError {
            $($(#[doc = $text])+ $name = $code,)*
        }

        impl BreakerError {
            /// Every error, by number.
            pub const ALL: &[BreakerError] = &[$(Self::$name,)*];

            /// Number in a transaction's `Custom` error.
            pub const fn code(self) -> u32 {
                self as u32
            }

            /// Name in the IDL.
            #[cold]
            #[inline(never)]
            pub fn name(self) -> String {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
                .to_owned()
            }

            /// The text: a table of them is a fraction of the code that formatting each would be.
            #[cold]
            #[inline(never)]
            pub fn text(self) -> &'static str {
                // a line of documentation begins with a blank
                match self {
                    $(Self::$name => concat!($($text),+),)*
                }
                .trim_start()
            }

            /// The error of a number, none when the number is not the breaker's.
            pub fn from_code(code: u32) -> Option<Self> {
                Self::ALL.iter().copied().find(|error| error.code() == code)
            }
        }
    };
}

errors! {
    /// the signer is not this protocol's authority
    NotTheAuthority = 6000,
    /// the signer is not one of this protocol's guardians
    NotAGuardian = 6001,
    /// the signer is not this protocol's recording PDA
    NotTheRecorder = 6002,
    /// the keeper account belongs to another key or protocol
    NotTheKeeper = 6003,
    /// the account belongs to another protocol
    WrongProtocol = 6004,
    /// the limiter belongs to another market
    WrongMarket = 6005,
    /// the vault is not the one this limiter was registered for
    WrongVault = 6006,
    /// the journal account belongs to another protocol
    WrongJournal = 6007,
    /// the segment is not the journal's current one: pass the segment whose number the journal names
    WrongSegment = 6008,
    /// the account was written by a newer program: this program must be upgraded to read it
    TooNewToRead = 6009,
    /// a registration is a loosening once the protocol's first limiter is armed: propose it
    RegistrationClosed = 6010,
    /// a protocol has 3 to 16 guardians
    GuardianCount = 6011,
    /// a guardian is listed twice or is the default key
    InvalidGuardian = 6012,
    /// a guardian may be neither the authority nor a keeper
    GuardianRoleConflict = 6013,
    /// the loosening delay is outside 24 hours to 30 days
    DelayOutOfBounds = 6014,
    /// a latch duration is outside its severity's bounds: Minor 10 min to 24 h, Major 30 min to 72 h, Critical 6 h to 7 d
    DurationOutOfBounds = 6015,
    /// a dwell is outside 10 min to 24 h
    DwellOutOfBounds = 6016,
    /// a liquidation grace is outside 10 min to 24 h
    GraceOutOfBounds = 6017,
    /// a higher severity must close every operation that a lower one closes
    ResponseNotMonotone = 6018,
    /// a higher severity must not relax a limit of a lower one
    LimitsNotMonotone = 6019,
    /// no severity below Critical closes an exit, and Critical only where the market said so at registration
    ExitClosed = 6020,
    /// a rate, threshold or window is zero or above its bound: nothing is ever off but by a loosening
    LimiterSettingOutOfBounds = 6021,
    /// the soft threshold must be below the hard one
    SoftNotBelowHard = 6022,
    /// a soft breach latches Minor or Major, a hard one Major or Critical
    SeverityNotAllowed = 6023,
    /// the limiter is armed already
    AlreadyArmed = 6024,
    /// a flow of zero is refused
    ZeroFlow = 6025,
    /// the operation is not a bit from 0 to 63
    UnknownOperation = 6026,
    /// a stored severity is not 0 to 3
    UnknownSeverity = 6027,
    /// the accounts prove nothing that is not latched already
    NothingToLatch = 6028,
    /// poke runs at top level only, not through another program
    NotTopLevel = 6029,
    /// poke shares its transaction only with ComputeBudget, the breaker and a nonce advance
    WrongCompany = 6030,
    /// the pause names another pause epoch: it was signed before the last resume
    StalePauseEpoch = 6031,
    /// the signed pause has expired
    PauseExpired = 6032,
    /// the pause closes nothing: name at least one operation that is not an exit
    NothingToClose = 6033,
    /// this guardian's pause budget of 10 h in 30 days is used up
    PauseBudgetSpent = 6034,
    /// the duration is outside what this keeper may raise for: from 10 min to its registered highest
    RaiseDurationOutOfBounds = 6035,
    /// this keeper has used its raises, or their seconds, of the day
    RaisesSpent = 6036,
    /// this keeper's registration has expired
    KeeperExpired = 6037,
    /// a keeper's registration is outside its bounds: duration 10 min to 24 h, 1 to 24 raises a day, term up to a year
    KeeperSettingOutOfBounds = 6038,
    /// the limiter's balance arithmetic overflowed
    BalanceOverflow = 6039,
    /// the limiter's capacity arithmetic overflowed
    CapacityOverflow = 6040,
    /// the undeclared-flow arithmetic overflowed
    UndeclaredOverflow = 6041,
    /// the lagged base's arithmetic overflowed
    BaseOverflow = 6042,
    /// the authority must not be the default key: nobody could ever act for it
    InvalidAuthority = 6043,
    /// the vault has a delegate, a close authority, a frozen state or an extension under which it cannot be guarded or moved
    VaultNotGuardable = 6044,
    /// a market's counters or latches broke their invariant
    MarketInvariant = 6045,
    /// the limiter's state broke its invariant
    LimiterInvariant = 6046,
    /// the journal's counters broke their invariant
    JournalInvariant = 6047,
    /// the journal has room and two segments more that wait empty: the next is not needed yet
    SegmentNotNeeded = 6048,
    /// the market already holds at least this severity for at least this long
    AlreadyHeld = 6049,
    /// the recorder is not the protected program's PDA of the seed "firebreak"
    RecorderNotOfProgram = 6050,
    /// the protocol is detached
    Detached = 6051,
    /// the vault does not hold the amount: ask for at most its balance
    AmountAboveBalance = 6052,
    /// an exit never pays out: record the outflow as the operation it is
    ExitPaysOut = 6053,
    /// no severity fell since the journal was told last, and nothing that is over is left to tidy
    NothingToStepDown = 6054,
    /// a coverage table has 1 to 64 rows
    CoverageCount = 6055,
    /// an instruction has one row in a coverage table
    CoveredTwice = 6056,
    /// the mint is none, or has an extension by which others move, hide or bar what a vault holds: guard another mint
    MintNotGuardable = 6057,
    /// the mint account is not the vault's mint
    WrongMint = 6058,
    /// unseasoned limiters of this mint share a cap: name that one until the last of them is two days old
    MintCapDiffers = 6059,
    /// the unseasoned limiters of this mint have taken its cap: ask for less, or wait until the last is two days old
    MintCapSpent = 6060,
    /// the price account is not the one this band was registered for
    WrongPriceAccount = 6061,
    /// the account holds no price of this feed under which all signatures were checked
    PriceUnreadable = 6062,
    /// a band is registered while each of its feeds has a usable price: positive, recent and narrow enough
    PriceUnusable = 6063,
    /// a band's setting is outside its bounds: thresholds rise from 50 to 5,000, step up to the Minor deviation, age 5 s to 1 h
    BandSettingOutOfBounds = 6064,
    /// the second feed must be another feed in another account
    SameFeedTwice = 6065,
    /// a stale or wide price latches Minor or Major, never Critical
    UnusableIsNeverCritical = 6066,
    /// the band's state broke its invariant
    BandInvariant = 6067,
    /// pass the accounts of the invariant's terms, all of them and in their order: the left side's first
    WrongTermAccount = 6068,
    /// the account does not hold what its term reads: a token account, a mint, or a field within an account of neither a token program, the breaker nor the runtime
    TermUnreadable = 6069,
    /// an invariant has 1 to 8 terms a side
    TermCount = 6070,
    /// a term's coefficient is above zero: leave the term out, or put it on the other side
    ZeroCoefficient = 6071,
    /// the same integer is a term once: give it a coefficient
    SameTermTwice = 6072,
    /// an invariant's ratios do not rise from Minor to Critical and are within 1 to 100,000 basis points
    RatioOutOfBounds = 6073,
    /// the invariant's terms or ratios are damaged
    InvariantDamaged = 6074,
    /// this loosens a setting, or may: propose it, and execute the proposal when its delay is over
    LooseningWaits = 6075,
    /// tightening at once leaves a limit a quarter of its last delayed value at least: propose the rest
    BelowFloor = 6076,
    /// one proposal doubles a limit, halves a requirement, or goes back to the last delayed value: no further
    StepTooLarge = 6077,
    /// this setting is fixed at registration: register anew beside it
    SettingFixed = 6078,
    /// the settings are these already
    NothingChanges = 6079,
    /// the account is not of the kind that this amendment changes
    WrongSubject = 6080,
    /// the proposal's delay is not over on both clocks
    ProposalNotRipe = 6081,
    /// the proposal expired a week after its delay was over: propose anew
    ProposalExpired = 6082,
    /// the proposal was executed, cancelled or vetoed
    ProposalFinished = 6083,
    /// the authority, or the setting that it changes, is not the one of when it was proposed: propose anew
    ProposalVoid = 6084,
    /// the proposal is of another act, or of other accounts or data
    WrongProposal = 6085,
    /// eight proposals wait already: execute or cancel one
    TooManyProposals = 6086,
    /// a proposal's accounts and data take 1,024 bytes at most
    ProposalTooLong = 6087,
    /// only the authority cancels a proposal that is neither expired nor of a former authority
    CannotCancel = 6088,
    /// something left the vault without a record: poke first, so that the change cannot hide it
    PokeFirst = 6089,
    /// the new authority signs its acceptance
    NotTheNewAuthority = 6090,
    /// the rule is in shadow already
    NotArmed = 6091,
    /// the keeper's registration is over
    KeeperEnded = 6092,
    /// something holds, or is over and was not stepped down yet
    LatchLive = 6093,
    /// pass all of the protocol's markets, in the order of their addresses
    MarketMissing = 6094,
    /// less is left than the proposal said: propose the loss as it is now
    LossGrew = 6095,
    /// the account is not the data account of the protocol's upgradeable program
    NotProgramData = 6096,
    /// the program is pinned already: approve an upgrade, or unpin it, by a proposal
    AlreadyPinned = 6097,
    /// the program is not pinned
    NotPinned = 6098,
    /// each of the guardians' thresholds is one to the number of members, two to confirm, a majority for what loosens or freezes
    ThresholdOutOfBounds = 6099,
    /// this guardian has voted on the proposal already
    AlreadyVoted = 6100,
    /// the protocol's account is of a version without thresholds: migrate it first
    MigrateFirst = 6101,
    /// the authority is frozen already
    AlreadyFrozen = 6102,
    /// the guardians froze the authority: it proposes nothing until the freeze is over
    AuthorityFrozen = 6103,
    /// too few guardians of today's membership have approved
    NotApproved = 6104,
    /// name a slot of the last 512 and its hash: an approval is of now
    StaleStamp = 6105,
    /// an approval comes under a recent blockhash, and not under a durable nonce
    DurableNonce = 6106,
    /// the freeze names another authority epoch: it was signed before the last one
    StaleFreeze = 6107,
    /// code of more than 2 MiB is not pinned: no transaction could hash it
    CodeTooLong = 6108,
    /// name what must be left at least: a loss of everything is none to go on from
    LossOfEverything = 6109,
    /// the loss was not latched yet when it was proposed: propose it once it is
    LossUnseen = 6110,
    /// a market has 64 limiters, 64 bands and 64 invariants at most: the last has index 63
    RulePlace = 6111,
    /// no latch of this source and severity holds
    NotHeld = 6112,
    /// the latch is another, or more came to it, than the order names: look again
    AnotherLatch = 6113,
    /// show every rule that the latch stands for, with its accounts
    RuleNotShown = 6114,
    /// what was latched is still so: the latch stays while it is
    ConditionHolds = 6115,
    /// maintenance lasts from a minute to 4 hours
    MaintenanceOutOfBounds = 6116,
    /// a market has three maintenances in any 30 days: wait
    MaintenanceSpent = 6117,
    /// announced maintenance quiets the keepers: poke what the accounts prove
    UnderMaintenance = 6118,
    /// this guardian's last pause here is over for less than an hour: it rests, and another guardian may pause
    GuardianRests = 6119,
    /// the budget is of another guardian, market or protocol
    WrongBudget = 6120,
    /// the program itself, by its recording PDA, or its upgrade authority, beside the program's data account, puts it under a protocol
    NotTheProgram = 6121,
    /// this guardian has no budget here yet: `open_budget`, which anyone may send, opens it
    BudgetNotOpen = 6122,
    /// a route's setting is out of bounds: held withdrawals wait 1 h to 3 days, what is held is 0 to 2, by anyone 0 or 1
    RouteSettingOutOfBounds = 6123,
    /// the destination is no token account of the vault's mint that its owner alone can spend, or is the vault or the safe
    WrongDestination = 6124,
    /// this is not the route's safe
    WrongSafe = 6125,
    /// the safe's token account is not as it was made: thaw it, or wait until nothing else can spend it
    SafeNotSound = 6126,
    /// the market is in an incident: safes and routes are made and changed when it is Minor at most
    RouteInIncident = 6127,
    /// nothing is to be moved to safety: guardians have not ordered it, and no rule that may has the market at Critical
    NoMigration = 6128,
    /// the vault's owner must sign: the protected program calls, and signs for it
    OwnerMustSign = 6129,
    /// the token program is not the one of the vault's mint
    WrongTokenProgram = 6130,
    /// a sum of the safe is not possible
    SafeOverflow = 6131,
    /// no such held withdrawals, or they were not flagged
    WrongHeldRange = 6132,
    /// guardians have decided on some of these already: what was decided stands
    AlreadyDecided = 6133,
    /// there is no place for one more flag: wait until one is over, or have those paid that are due
    FlagsFull = 6134,
    /// the held withdrawal is not due: it waits for its maturity, and for the end of the incident in which it came
    HeldNotDue = 6135,
    /// guardians have flagged the held withdrawal: it waits for their decision, seven days at most
    HeldFlagged = 6136,
    /// so much was not answered Hold in this slot: ask first, and hold it in the same transaction
    NothingToHold = 6137,
    /// the account is not the one that is paid: the owner's, of the same mint
    WrongPayee = 6138,
    /// nothing is to be released: it was all released, migration came since and ended it, or the safe owes all that it has
    NothingToRelease = 6139,
    /// the next step of the release is not due: one dwell of the market lies between two
    ReleaseNotDue = 6140,
    /// the authority must sign: without it a release goes to the vault only, 14 days after guardians approved it
    AuthorityMustSign = 6141,
    /// claims are above what the safe has for them
    ClaimsAboveSafe = 6142,
    /// the claim is not in the tree, or on another page, or its set does not follow the one in force
    WrongClaim = 6143,
    /// this claim was made
    AlreadyClaimed = 6144,
    /// a safe is not empty: have what is held paid, and the rest released
    SafeNotEmpty = 6145,
    /// migration has the market, or a halt that is newer than the release: it waits until that is over
    MigrationUnderWay = 6146,
}

impl core::fmt::Display for BreakerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for BreakerError {}

/// The result of a rule.
pub type Checked<T> = Result<T, BreakerError>;

#[cfg(feature = "anchor")]
impl From<BreakerError> for anchor_lang::error::Error {
    // out of line: every `?` of the program would carry a copy of the text otherwise
    #[cold]
    #[inline(never)]
    fn from(error: BreakerError) -> Self {
        Self::from(anchor_lang::error::AnchorError {
            error_name: error.name(),
            error_code_number: error.code(),
            error_msg: error.text().to_owned(),
            error_origin: None,
            compared_values: None,
        })
    }
}

impl From<BreakerError> for u32 {
    fn from(error: BreakerError) -> Self {
        error.code()
    }
}

impl From<BreakerError> for solana_program::program_error::ProgramError {
    fn from(error: BreakerError) -> Self {
        Self::Custom(error.code())
    }
}

#[cfg(test)]
mod tests {
    use super::BreakerError;

    #[test]
    fn numbers_are_consecutive_and_found_again() {
        for (i, error) in BreakerError::ALL.iter().enumerate() {
            assert_eq!(error.code(), 6000 + u32::try_from(i).expect("few errors"));
            assert_eq!(BreakerError::from_code(error.code()), Some(*error));
        }
        assert_eq!(BreakerError::from_code(5999), None);
        assert_eq!(BreakerError::ZeroFlow.to_string(), "a flow of zero is refused");
    }
}
