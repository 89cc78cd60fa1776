//! `record_flow`: the protected program asks before an outflow and records an inflow.

use crate::anchor_lang::{self, prelude::*, solana_program::program::set_return_data};
use firebreak_interface::{
    BreakerError, Direction, Instant, Operation, Operations, Verdict,
    state::{Flow, Limiter, Market, Protocol, VaultState},
};

use crate::instructions::ensure;

/// Accounts of `record_flow`. Which belongs to which is checked in the handler, on accounts that are loaded once: an
/// attribute would load them again for each relation, and this instruction is in the path of every transfer.
#[derive(Accounts)]
pub struct RecordFlow<'info> {
    /// The protocol's recording PDA: only the protected program can sign for it.
    pub recorder: Signer<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market. Writable where the caller lets it rise in the same transaction.
    pub market: AccountLoader<'info, Market>,
    /// The vault's limiter; the breaker itself where it has none.
    #[account(mut)]
    pub limiter: Option<AccountLoader<'info, Limiter>>,
    /// CHECK: the limiter names its address; its bytes are read as a token account and believed only as far as owner
    /// program, mint and owner are those of registration.
    pub vault: UncheckedAccount<'info>,
}

/// Handler of `record_flow`.
pub fn record_flow(ctx: Context<RecordFlow>, direction: Direction, operation: u8, amount: u64) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let operation = Operation::from_bit(operation).ok_or(BreakerError::UnknownOperation)?;
    if direction == Direction::Out && Operations::EXITS.contains(operation) {
        return Err(BreakerError::ExitPaysOut.into());
    }
    let accounts = &ctx.accounts;
    let Some(limiter) = &accounts.limiter else { return answer_unmeasured(accounts) };
    let (protocol_key, market_key) = (accounts.protocol.as_ref().key, accounts.market.as_ref().key);
    let vault = VaultState::read(accounts.vault.owner, &accounts.vault.try_borrow_data()?);
    let mut limiter = limiter.load_mut()?;

    let outcome = {
        let (protocol, market) = (accounts.protocol.load()?, accounts.market.load()?);
        // stops another protocol's recorder from speaking here
        ensure(protocol.recorder == *accounts.recorder.key, BreakerError::NotTheRecorder)?;
        // stops a market of another protocol, whose latches would not apply
        ensure(market.protocol == *protocol_key, BreakerError::WrongProtocol)?;
        // stops the limiter of another protocol, market or vault, which may have room where this one has none
        limiter.check_guards(protocol_key, market_key, accounts.vault.key)?;
        // who left is neither measured nor held up: an error would close its exits
        if protocol.detached != 0 {
            answer(Verdict::Allow);
            return Ok(());
        }

        let mut closed = Operations::default();
        if !market.board.is_clear() || !protocol.board.is_clear() {
            closed = market.in_force(&protocol.board, now).1;
        }
        // the limiter's own latch holds at once for its vault, also where the market could not rise yet
        closed.0 |= market.response(limiter.severity(now)).0.0;

        let flow = Flow { direction, amount, closed: closed.contains(operation) };
        let outcome = limiter.record(flow, &vault, now)?;
        if let Some(trip) = &outcome.trip {
            limiter.latch(trip, &market, now);
        }
        outcome
    };
    if let Some(trip) = &outcome.trip
        && accounts.market.as_ref().is_writable
    {
        let mut market = accounts.market.load_mut()?;
        let until = market.automatic_until(trip.severity, now);
        market.latch_trip(limiter.rule(), trip, until, now);
        market.assert_invariant()?;
    }
    answer(outcome.verdict);
    Ok(())
}

/// The answer for a vault without a limiter: what nothing measures must not leave, but where the protocol left.
#[cold]
#[inline(never)]
fn answer_unmeasured(accounts: &RecordFlow) -> Result<()> {
    let protocol = accounts.protocol.load()?;
    // stops another protocol, which may have left, from speaking for the one of this recorder
    ensure(protocol.recorder == *accounts.recorder.key, BreakerError::NotTheRecorder)?;
    answer(if protocol.detached != 0 { Verdict::Allow } else { Verdict::Deny });
    Ok(())
}

/// Sets the verdict, last: an error on the way leaves none, which the caller reads as Deny.
fn answer(verdict: Verdict) {
    set_return_data(&[verdict as u8]);
}
