//! The gate: what a protocol asks before an operation. Two account reads, no CPI; on a Normal market no clock.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;
use solana_program::{account_info::AccountInfo, program_error::ProgramError};

use crate::{
    ID,
    constants::READER_VERSION,
    operation::{Operation, Operations},
    severity::Severity,
    state::{Layout, Limits, Market, Protocol},
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
        // exact addresses and owner: a look-alike, another market or another protocol's account would answer as it likes
        if *protocol.key != self.protocol || *protocol.owner != ID {
            return Err(GateError::WrongProtocol);
        }
        if *market.key != self.market || *market.owner != ID {
            return Err(GateError::WrongMarket);
        }
        let protocol_data = protocol.try_borrow_data().map_err(|_| GateError::WrongProtocol)?;
        let protocol_state = Protocol::read(&protocol_data).ok_or(GateError::WrongProtocol)?;
        let market_data = market.try_borrow_data().map_err(|_| GateError::WrongMarket)?;
        let market_state = Market::read(&market_data).ok_or(GateError::WrongMarket)?;
        // a market of another protocol of the same breaker would not carry this protocol's latches
        if market_state.protocol != self.protocol {
            return Err(GateError::WrongMarket);
        }
        if market_state.board.is_clear()
            && protocol_state.board.is_clear()
            && readable(protocol_state, market_state)
        {
            return Ok(Permit::NORMAL);
        }
        decide(protocol_state, market_state, operation, clock)
    }
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

#[inline(always)]
fn readable(protocol: &Protocol, market: &Market) -> bool {
    protocol.min_reader <= READER_VERSION && market.min_reader <= READER_VERSION
}

#[inline(never)]
fn decide(
    protocol: &Protocol,
    market: &Market,
    operation: Operation,
    clock: impl FnOnce() -> Result<Instant, GateError>,
) -> Result<Permit, GateError> {
    if !readable(protocol, market) {
        let is_exit = Operations::EXITS.contains(operation);
        return if is_exit { Ok(Permit::NORMAL) } else { Err(GateError::TooNewToRead) };
    }
    if protocol.detached != 0 {
        return Ok(Permit::NORMAL);
    }
    let now = clock()?;
    let (severity, closed, limits) = market.in_force(&protocol.board, now);
    if closed.contains(operation) { Err(GateError::Closed) } else { Ok(Permit { severity, limits }) }
}

/// The runtime's clock; off chain [`decide_at`] takes the caller's.
fn clock() -> Result<Instant, GateError> {
    use solana_program::{clock::Clock, sysvar::Sysvar};
    Clock::get().map(|clock| Instant::from(&clock)).map_err(|_| GateError::NoClock)
}
