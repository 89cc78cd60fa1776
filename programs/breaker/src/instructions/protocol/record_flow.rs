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
    let accounts = &ctx.accounts;
    let asked = Asked {
        recorder: &accounts.recorder,
        protocol: &accounts.protocol,
        market: &accounts.market,
        limiter: accounts.limiter.as_ref(),
        vault: &accounts.vault,
    };
    answer(asked.judge(direction, operation, amount)?);
    Ok(())
}

/// Who asks for a flow, and of what.
pub(super) struct Asked<'a, 'info> {
    pub(super) recorder: &'a AccountInfo<'info>,
    pub(super) protocol: &'a AccountLoader<'info, Protocol>,
    pub(super) market: &'a AccountLoader<'info, Market>,
    /// None where the vault has none.
    pub(super) limiter: Option<&'a AccountLoader<'info, Limiter>>,
    pub(super) vault: &'a AccountInfo<'info>,
}

impl Asked<'_, '_> {
    /// Judges a flow, and latches what it trips: the one way in which anything is asked for. Never inlined: what it calls
    /// would be in the program twice, or not be inlined here, which costs more.
    #[inline(never)]
    pub(super) fn judge(&self, direction: Direction, operation: u8, amount: u64) -> Result<Verdict> {
        let now = Instant::from(&Clock::get()?);
        let operation = Operation::from_bit(operation).ok_or(BreakerError::UnknownOperation)?;
        if direction != Direction::In && Operations::EXITS.contains(operation) {
            return Err(BreakerError::ExitPaysOut.into());
        }
        let Some(limiter) = self.limiter else { return self.unmeasured() };
        let (protocol_key, market_key) = (self.protocol.as_ref().key, self.market.as_ref().key);
        let vault = VaultState::read(self.vault.owner, &self.vault.try_borrow_data()?);
        let mut limiter = limiter.load_mut()?;

        let outcome = {
            let (protocol, market) = (self.protocol.load()?, self.market.load()?);
            // stops another protocol's recorder from speaking here
            ensure(protocol.recorder == *self.recorder.key, BreakerError::NotTheRecorder)?;
            // stops a market of another protocol, whose latches would not apply
            ensure(market.protocol == *protocol_key, BreakerError::WrongProtocol)?;
            // stops the limiter of another protocol, market or vault, which may have room where this one has none
            limiter.check_guards(protocol_key, market_key, self.vault.key)?;
            // who left is neither measured nor held up: an error would close its exits
            if protocol.detached != 0 {
                return Ok(Verdict::Allow);
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
            && self.market.as_ref().is_writable
        {
            let mut market = self.market.load_mut()?;
            let until = market.automatic_until(trip.severity, now);
            market.latch_trip(limiter.rule(), trip, until, now);
            market.assert_invariant()?;
        }
        Ok(outcome.verdict)
    }

    /// The answer for a vault without a limiter: what nothing measures must not leave, but where the protocol left.
    #[cold]
    #[inline(never)]
    fn unmeasured(&self) -> Result<Verdict> {
        let protocol = self.protocol.load()?;
        // stops another protocol, which may have left, from speaking for the one of this recorder
        ensure(protocol.recorder == *self.recorder.key, BreakerError::NotTheRecorder)?;
        Ok(if protocol.detached != 0 { Verdict::Allow } else { Verdict::Deny })
    }
}

/// Sets the verdict, last: an error on the way leaves none, which the caller reads as Deny.
pub(super) fn answer(verdict: Verdict) {
    set_return_data(&[verdict as u8]);
}
