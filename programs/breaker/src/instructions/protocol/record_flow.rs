//! `record_flow`: the protected program asks before an outflow and records an inflow.

use anchor_lang::{prelude::*, solana_program::program::set_return_data};
use firebreak_interface::{
    BreakerError, Direction, Instant, Operation, Operations, Verdict,
    constants::READER_VERSION,
    state::{Flow, Limiter, Market, Protocol, Source, VaultState},
};

/// Accounts of `record_flow`.
#[derive(Accounts)]
pub struct RecordFlow<'info> {
    /// The protocol's recording PDA: only the protected program can sign for it.
    pub recorder: Signer<'info>,
    /// Stops another protocol's recorder from speaking here.
    #[account(has_one = recorder @ BreakerError::NotTheRecorder)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose latches would not apply. Writable where the caller lets it rise in
    /// the same transaction.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the limiter of another protocol, market or vault, which may have room where this one has none.
    #[account(
        mut,
        has_one = protocol @ BreakerError::WrongProtocol,
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// CHECK: the limiter names its address; its bytes are read as a token account and believed only as far as owner
    /// program, mint and owner are those of registration.
    pub vault: UncheckedAccount<'info>,
}

/// Handler of `record_flow`.
pub fn record_flow(ctx: Context<RecordFlow>, direction: Direction, operation: u8, amount: u64) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let operation = Operation::from_bit(operation).ok_or(BreakerError::UnknownOperation)?;
    if direction == Direction::Out && Operations::EXITS.contains(operation) {
        return err!(BreakerError::ExitPaysOut);
    }
    let accounts = &ctx.accounts;
    let vault = VaultState::read(accounts.vault.owner, &accounts.vault.try_borrow_data()?);
    let mut limiter = accounts.limiter.load_mut()?;

    let outcome = {
        let (protocol, market) = (accounts.protocol.load()?, accounts.market.load()?);
        let too_new =
            [protocol.min_reader, market.min_reader, limiter.min_reader].iter().any(|v| *v > READER_VERSION);
        require!(!too_new, BreakerError::TooNewToRead);
        protocol.check_attached()?;

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
        market.latch_trip(Source::Limiter, trip, until, now);
        market.assert_invariant()?;
    }
    answer(outcome.verdict);
    Ok(())
}

/// Sets the verdict, last: an error on the way leaves none, which the caller reads as Deny.
fn answer(verdict: Verdict) {
    set_return_data(&[verdict as u8]);
}
