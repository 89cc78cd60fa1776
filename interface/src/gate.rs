//! The gate: what a protocol asks before an operation. Two account reads, no CPI; on a Normal market no clock.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use core::mem::offset_of;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;
use solana_program::{account_info::AccountInfo, clock::Clock, program_error::ProgramError, sysvar};
use solana_sysvar::get_sysvar;

use crate::{
    ID,
    constants::READER_VERSION,
    operation::{Operation, Operations},
    severity::Severity,
    state::{DISCRIMINATOR, Layout, Limits, Market, Protocol},
    time::Instant,
};

/// Why the gate refused. The numbers are the gate's own, beside the breaker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u32)]
pub enum GateError {
    /// The operation is closed in this market; the market's latches say why and until when.
    #[error("the operation is closed: the market's latches say why and until when")]
    Closed = 6500,
    /// The protocol account is not the one expected, or not the breaker's.
    #[error("the protocol account is not the one this integration was set up with")]
    WrongProtocol = 6501,
    /// The market account is not the one expected, or not the breaker's, or of another protocol.
    #[error("the market account is not the one this integration was set up with")]
    WrongMarket = 6502,
    /// An account needs a newer reader: until the integration is upgraded, only exits pass.
    #[error("the accounts need a newer reader: upgrade the interface; until then only exits pass")]
    TooNewToRead = 6503,
    /// The clock could not be read.
    #[error("the clock could not be read")]
    NoClock = 6504,
}

impl From<GateError> for ProgramError {
    fn from(error: GateError) -> Self {
        Self::Custom(error as u32)
    }
}

/// What is in force where the operation passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Severity in force.
    pub severity: Severity,
    /// Limits in force: the caller enforces them.
    pub limits: Limits,
}

impl Permit {
    const NORMAL: Self = Self { severity: Severity::Normal, limits: Limits::NONE };
}

/// The two accounts of a gate, as the integration keeps them in its own state. Addresses come from there, never from
/// the caller of the instruction: otherwise an attacker would bring a market of his own that is always open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The protocol's account.
    pub protocol: Pubkey,
    /// The market's account.
    pub market: Pubkey,
}

impl Gate {
    /// Asks whether the operation may proceed now, and under which limits.
    ///
    /// # Errors
    /// A [`GateError`]; a wrong account closes everything.
    #[inline(always)]
    pub fn ask(
        &self,
        protocol: &AccountInfo,
        market: &AccountInfo,
        operation: Operation,
    ) -> Result<Permit, GateError> {
        let (Ok(protocol_data), Ok(market_data)) = (protocol.try_borrow_data(), market.try_borrow_data())
        else {
            return Err(GateError::WrongMarket);
        };
        let (protocol_bytes, market_bytes): (&[u8], &[u8]) = (&protocol_data, &market_data);
        // exact addresses and owner: a look-alike, another market or another protocol's account would answer as it
        // likes; a market of another protocol of the same breaker would not carry this protocol's latches
        let are_ours = protocol_bytes.len() == Protocol::SPACE
            && market_bytes.len() == Market::SPACE
            && word(protocol_bytes, 0) == u64::from_ne_bytes(Protocol::TAG)
            && word(market_bytes, 0) == u64::from_ne_bytes(Market::TAG)
            && are(protocol.key.as_ref(), &market_bytes[MARKET_PROTOCOL..], self.protocol.as_ref())
            && are(protocol.owner.as_ref(), market.owner.as_ref(), ID.as_ref())
            && are(market.key.as_ref(), self.market.as_ref(), self.market.as_ref());
        if !are_ours {
            return Err(self.whose_fault(protocol, protocol_bytes));
        }
        let quiet =
            is_quiet(protocol_bytes, offset_of!(Protocol, min_reader), offset_of!(Protocol, board.held))
                && is_quiet(market_bytes, offset_of!(Market, min_reader), offset_of!(Market, board.held));
        if quiet { Ok(Permit::NORMAL) } else { not_quiet(protocol_bytes, market_bytes, operation, clock) }
    }
}

impl Gate {
    /// Which of two accounts that are not both ours is not.
    #[cold]
    #[inline(never)]
    fn whose_fault(&self, protocol: &AccountInfo, data: &[u8]) -> GateError {
        let is_ours =
            *protocol.key == self.protocol && *protocol.owner == ID && Protocol::read(data).is_some();
        if is_ours { GateError::WrongMarket } else { GateError::WrongProtocol }
    }
}

/// The answer where a clock is needed. Generic, so that it is compiled with the integrator and for what he compiles for.
#[inline(never)]
fn not_quiet(
    protocol: &[u8],
    market: &[u8],
    operation: Operation,
    clock: impl FnOnce() -> Result<Instant, GateError>,
) -> Result<Permit, GateError> {
    let protocol = Protocol::read(protocol).ok_or(GateError::WrongProtocol)?;
    let market = Market::read(market).ok_or(GateError::WrongMarket)?;
    decide(protocol, market, operation, clock)
}

/// The gate's decision from decoded accounts: the same off chain, where the caller brings the clock.
///
/// # Errors
/// [`GateError::Closed`], [`GateError::TooNewToRead`].
pub fn decide_at(
    protocol: &Protocol,
    market: &Market,
    operation: Operation,
    now: Instant,
) -> Result<Permit, GateError> {
    decide(protocol, market, operation, || Ok(now))
}

/// Where a market names its protocol.
const MARKET_PROTOCOL: usize = DISCRIMINATOR + offset_of!(Market, protocol);

/// The word at this place.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytemuck::pod_read_unaligned(&bytes[at..at + 8])
}

/// Whether two keys are both this one, word by word: in the VM the library's comparisons cost twice as much.
#[inline(always)]
fn are(a: &[u8], b: &[u8], key: &[u8]) -> bool {
    let (a, b, key) = (&a[..32], &b[..32], &key[..32]);
    let at = |place| word(a, place) == word(key, place) && word(b, place) == word(key, place);
    at(0) && at(8) && at(16) && at(24)
}

/// Whether nothing is latched in an account and this reader understands it. These words keep their places in all
/// versions, so they are read where they are, without a look at the rest of the account.
#[inline(always)]
fn is_quiet(account: &[u8], min_reader: usize, held: usize) -> bool {
    let held = DISCRIMINATOR + held;
    account[DISCRIMINATOR + min_reader] <= READER_VERSION
        && word(account, held) == 0
        && word(account, held + 8) == 0
}

#[inline(always)]
fn decide(
    protocol: &Protocol,
    market: &Market,
    operation: Operation,
    clock: impl FnOnce() -> Result<Instant, GateError>,
) -> Result<Permit, GateError> {
    if protocol.min_reader > READER_VERSION || market.min_reader > READER_VERSION {
        let is_exit = Operations::EXITS.contains(operation);
        return if is_exit { Ok(Permit::NORMAL) } else { Err(GateError::TooNewToRead) };
    }
    if protocol.detached != 0 {
        return Ok(Permit::NORMAL);
    }
    let now = clock()?;
    let (severity, limits) = market.permits(&protocol.board, operation, now).ok_or(GateError::Closed)?;
    Ok(Permit { severity, limits })
}

/// The runtime's clock; off chain [`decide_at`] takes the caller's. Asking for its bytes costs 30 units less than
/// asking for its copy.
#[inline(always)]
fn clock() -> Result<Instant, GateError> {
    let mut bytes = [0; size_of::<Clock>()];
    let length = bytes.len() as u64;
    get_sysvar(&mut bytes, &sysvar::clock::ID, 0, length).map_err(|_| GateError::NoClock)?;
    let unix = word(&bytes, offset_of!(Clock, unix_timestamp)).cast_signed();
    Ok(Instant::new(word(&bytes, offset_of!(Clock, slot)), unix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN},
        state::{MarketSettings, Rule, Source, Trip},
    };
    use bytemuck::Zeroable;
    use proptest::prelude::*;

    const START: Instant = Instant::new(1_000_000, 1_800_000_000);

    /// What somebody does to a board, and how many seconds after what came before.
    #[derive(Clone, Debug)]
    enum Act {
        Trip(Severity),
        Raise(u8, u64),
        Pause(u64),
        PauseAll(u64),
    }

    fn acts() -> impl Strategy<Value = Vec<(Act, u64)>> {
        let act = prop_oneof![
            prop::sample::select(&Severity::ABOVE_NORMAL[..]).prop_map(Act::Trip),
            (0..3u8, any::<u64>()).prop_map(|(keeper, closed)| Act::Raise(keeper, closed)),
            any::<u64>().prop_map(Act::Pause),
            any::<u64>().prop_map(Act::PauseAll),
        ];
        prop::collection::vec((act, prop_oneof![0..30u64, 0..40_000u64]), 0..8)
    }

    proptest! {
        #[test]
        fn the_short_way_answers_as_the_long_one(acts in acts(), later in 0..60_000u64) {
            let (mut protocol, mut market) = (Protocol::zeroed(), Market::zeroed());
            let minor = Operations::of(&[Operation::LIST]);
            let major = Operations::of(&[Operation::LIST, Operation::WITHDRAW]);
            let settings = MarketSettings::closing(minor, major, Operations::NON_EXITS);
            market.initialize(Pubkey::default(), 0, 0, &settings).expect("sound settings");
            let mut now = START;
            for (act, seconds) in acts {
                now = now.plus(seconds);
                match act {
                    Act::Trip(severity) => {
                        let trip = Trip { rule: Rule::Hard, severity, value: 1, threshold: 1 };
                        let until = market.automatic_until(severity, now);
                        market.latch_trip((Source::Limiter, 0), &trip, until, now);
                    }
                    Act::Raise(keeper, closed) => {
                        // the market may hold as much already, which is no concern here
                        let _ = market.raise(Pubkey::from([keeper; 32]), Operations(closed), 600, 0, now);
                    }
                    Act::Pause(closed) | Act::PauseAll(closed) => {
                        let all = matches!(act, Act::PauseAll(_));
                        let board = if all { &mut protocol.board } else { &mut market.board };
                        let closed = Operations(closed & Operations::NON_EXITS.0);
                        let _ = board.pause(closed, 1_800, DWELL_MIN, LIQUIDATION_GRACE_MIN, now);
                    }
                }
            }
            now = now.plus(later);
            let (severity, closed, limits) = market.in_force(&protocol.board, now);
            for bit in 0..64 {
                let operation = Operation::from_bit(bit).expect("64 of them");
                let expected = (!closed.contains(operation)).then_some((severity, limits));
                prop_assert_eq!(market.permits(&protocol.board, operation, now), expected, "{}", operation);
            }
        }
    }
}
