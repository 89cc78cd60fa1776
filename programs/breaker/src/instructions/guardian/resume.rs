//! `resume`: a quorum clears a latch early; one that rules raised, where they measure less then and there.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN},
    instruction::{INSTRUCTIONS, SLOT_HASHES, Stamp},
    oracle::POSTERS,
    state::{
        Act, GuardianAct, Invariant, JournalEntry, LatchId, Limiter, Market, PriceBand, Protocol,
        ResumeOrder, Shown, Source,
    },
};

use crate::{
    company,
    instructions::ensure,
    prices,
    quorum::*,
    record::*,
    shown::{measurement, read_vault},
    subject::open,
};

/// Accounts of `resume`; what the rules of an automatic latch measure follows, then the guardians who sign. A limiter is
/// shown with its vault, a band with its price accounts, an invariant with its terms' accounts; of the pin, the program's
/// data account alone.
#[derive(Accounts)]
pub struct Resume<'info> {
    /// The guardians who do not sign here.
    pub quorum: Quorum<'info>,
    /// Written: pauses signed before this are void.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market in which the latch holds; none for all. Stops a market of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// CHECK: the address is the sysvar's; a forged list could hide a flash loan, or a durable nonce.
    #[account(address = INSTRUCTIONS @ BreakerError::WrongCompany)]
    pub instructions: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged one would know any stamp.
    #[account(address = SLOT_HASHES @ BreakerError::StaleStamp)]
    pub slot_hashes: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `resume`. The stamp is of those who sign here; approvals on a proposal had their own.
pub fn resume(ctx: Context<Resume>, order: ResumeOrder, stamp: Option<Stamp>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    // nothing half-way through a flash loan can be shown, as to a poke of the same source
    let welcome_too: &[Pubkey] = if order.latch.source == Source::PriceBand { &POSTERS } else { &[] };
    company::check(&accounts.instructions, welcome_too)?;
    let key = accounts.protocol.key();
    let scope = accounts.market.as_ref().map_or(key, |market| market.key());

    let (members, actor, (before, after)) = {
        let mut protocol = accounts.protocol.load_mut()?;
        let mut market = accounts.market.as_ref().map(AccountLoader::load_mut).transpose()?;
        let board = market.as_ref().map_or(&protocol.board, |market| &market.board);
        let rules = board.named(&order.latch, now)?.rules;
        let mut rest = ctx.remaining_accounts;
        let cleared = show(&order.latch, rules, (&key, &mut protocol), &scope, &mut rest, now)?;

        if !rest.is_empty() {
            let stamp = stamp.ok_or(BreakerError::StaleStamp)?;
            company::check_fresh(&accounts.instructions, &accounts.slot_hashes, &stamp)?;
        }
        let act = GuardianAct::Resume(order);
        let members = accounts.quorum.check((&key, &protocol), (&act, &scope), rest, now)?;
        let fall = match &mut market {
            Some(market) => {
                let steps = (market.dwell, market.liquidation_grace);
                let fall = market.board.resume(&order, cleared, steps, now)?;
                market.assert_invariant()?;
                fall
            }
            None => protocol.board.resume(&order, cleared, (DWELL_MIN, LIQUIDATION_GRACE_MIN), now)?,
        };
        protocol.pause_epoch += 1;
        (members, accounts.quorum.actor(rest), fall)
    };

    let entry = JournalEntry {
        before,
        after,
        value: members.into(),
        threshold: order.latch.source as u64,
        ..JournalEntry::new(Act::Resumed, actor, scope, now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}

/// Shows the rules that the latch stands for, each of which must measure less than it; gives their places. What is left of
/// the accounts signs.
fn show(
    latch: &LatchId,
    rules: u64,
    (key, protocol): (&Pubkey, &mut Protocol),
    scope: &Pubkey,
    rest: &mut &[AccountInfo],
    now: Instant,
) -> Result<u64> {
    if !latch.source.is_automatic() {
        return Ok(0);
    }
    let mut cleared = 0;
    while rules & !cleared != 0 {
        let account = &take(rest, 1)?[0];
        ensure(!account.is_signer, BreakerError::RuleNotShown)?;
        // stops a rule of another market, which may measure nothing
        let check_scope = |market: &Pubkey| ensure(market == scope, BreakerError::WrongMarket);
        let place = match latch.source {
            Source::Limiter => {
                let mut limiter = open::<Limiter>(account, key)?;
                check_scope(&limiter.market)?;
                let vault = read_vault(&limiter, take(rest, 1)?)?;
                limiter.resume(latch.severity, &vault, now)?;
                limiter.place
            }
            Source::PriceBand => {
                let mut band = open::<PriceBand>(account, key)?;
                check_scope(&band.market)?;
                let feeds = take(rest, 1 + usize::from(band.settings.second.is_set()))?;
                let prices = prices::read(&band.settings, &feeds[0], feeds.get(1))?;
                band.resume(latch.severity, &prices, now)?;
                band.index.into()
            }
            Source::Invariant => {
                let mut invariant = open::<Invariant>(account, key)?;
                check_scope(&invariant.market)?;
                let measured = measurement(&invariant, take(rest, invariant.terms().len())?)?;
                invariant.resume(latch.severity, &measured, now)?;
                invariant.index.into()
            }
            _ => {
                let data = account.try_borrow_data()?;
                let shown = Shown { key: account.key, program: account.owner, data: &data };
                protocol.resume_program(&shown, now)?;
                0
            }
        };
        cleared |= 1u64.checked_shl(place as u32).unwrap_or(0);
    }
    Ok(cleared)
}

/// The next accounts.
fn take<'a, 'info>(rest: &mut &'a [AccountInfo<'info>], count: usize) -> Result<&'a [AccountInfo<'info>]> {
    let (taken, left) = rest.split_at_checked(count).ok_or(BreakerError::RuleNotShown)?;
    *rest = left;
    Ok(taken)
}
