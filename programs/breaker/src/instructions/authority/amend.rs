//! `amend`: governance changes what is registered. What only tightens comes at once, everything else by a proposal.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, Severity,
    instruction::INSTRUCTIONS,
    pda,
    state::{
        Act, Amendment, Change, Invariant, JournalEntry, Keeper, Limiter, Mandate, Market, PriceBand,
        Proposed, Protocol, Safe, Shown,
    },
};

use crate::{
    company,
    governance::*,
    instructions::ensure,
    record::*,
    shown::{measurement, read_vault},
    subject::{Rule, open, open_rule},
};

/// Accounts of `amend`; what the amendment names follows.
#[derive(Accounts)]
pub struct Amend<'info> {
    /// The authority, or a proposal.
    pub governance: Governance<'info>,
    /// The protocol.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// CHECK: opened as the kind that the amendment changes, and of this protocol; the protocol again where the
    /// amendment is of it.
    #[account(mut)]
    pub subject: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `amend`.
pub fn amend(ctx: Context<Amend>, amendment: &Amendment) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let (accounts, rest) = (&ctx.accounts, ctx.remaining_accounts);
    let (key, subject) = (accounts.protocol.key(), accounts.subject.key());

    let (actor, (act, value)) = {
        let mut protocol = accounts.protocol.load_mut()?;
        let act = || Proposed::Amend(amendment.clone());
        let (mandate, actor) =
            accounts.governance.check((&key, &mut protocol), &act, std::slice::from_ref(&subject), now)?;
        let account = &accounts.subject;
        let done = match amendment {
            Amendment::Market(new) => {
                let mut market = open::<Market>(account, &key)?;
                changed(market.amend(new, mandate, &protocol.board, now)?, market.epoch)
            }
            Amendment::Limiter(new) => {
                let mut limiter = open::<Limiter>(account, &key)?;
                let vault = read_vault(&limiter, shown_by(mandate, rest)?)?;
                changed(limiter.amend(new, mandate, &vault, now)?, limiter.epoch)
            }
            Amendment::Band(new) => {
                let mut band = open::<PriceBand>(account, &key)?;
                let is_calm = is_calm(mandate, (&band.market, rest), (&key, &protocol), now)?;
                changed(band.amend(new, mandate, is_calm)?, band.epoch)
            }
            Amendment::Invariant(new) => {
                let mut invariant = open::<Invariant>(account, &key)?;
                let is_calm = is_calm(mandate, (&invariant.market, rest), (&key, &protocol), now)?;
                changed(invariant.amend(new, mandate, is_calm)?, invariant.epoch)
            }
            Amendment::Arm => arm(open_rule(account, &key)?, &mut protocol, (mandate, rest), now)?,
            Amendment::Disarm => {
                disarm(open_rule(account, &key)?, mandate, rest, now)?;
                (Act::Disarmed, 0)
            }
            Amendment::AcceptLoss { least } => {
                (Act::LossAccepted, accept_loss(open_rule(account, &key)?, mandate, *least, rest, now)?)
            }
            Amendment::RevokeKeeper => {
                open::<Keeper>(account, &key)?.revoke(mandate, now)?;
                (Act::KeeperRevoked, 0)
            }
            Amendment::LooseningDelay(_)
            | Amendment::Authority(_)
            | Amendment::Guardians { .. }
            | Amendment::Pin
            | Amendment::ApproveUpgrade(_)
            | Amendment::Unpin
            | Amendment::Detach => {
                ensure(subject == key, BreakerError::WrongSubject)?;
                amend_protocol(accounts, &mut protocol, amendment, mandate, rest, now)?
            }
        };
        (actor, done)
    };

    let subject = if let Amendment::Authority(to) = amendment { *to } else { subject };
    let entry = JournalEntry { value, ..JournalEntry::new(act, actor, subject, now) };
    accounts.record.append(key, entry)?;
    Ok(())
}

/// How the journal names a change of settings that have seen so many.
fn changed(change: Change, epoch: u64) -> (Act, u64) {
    (if change == Change::Tightens { Act::Tightened } else { Act::Loosened }, epoch)
}

/// Whether nothing holds where a rule latches. Only a proposal is asked: what comes at once tightens.
fn is_calm(
    mandate: Mandate,
    (market, rest): (&Pubkey, &[AccountInfo]),
    (key, protocol): (&Pubkey, &Protocol),
    now: Instant,
) -> Result<bool> {
    if mandate == Mandate::AtOnce {
        return Ok(true);
    }
    // stops a market in which nothing holds
    let account = rest.first().filter(|account| account.key == market).ok_or(BreakerError::WrongMarket)?;
    Ok(open::<Market>(account, key)?.is_calm(&protocol.board, now))
}

/// From shadow to force; the journal hears how often the rule tripped in shadow.
fn arm(
    rule: Rule,
    protocol: &mut Protocol,
    (mandate, rest): (Mandate, &[AccountInfo]),
    now: Instant,
) -> Result<(Act, u64)> {
    let (act, shadow_trips) = match rule {
        Rule::Limiter(mut limiter) => {
            let vault = read_vault(&limiter, shown_by(mandate, rest)?)?;
            // armed again it is the one that was counted
            if !limiter.armed_at.is_set() {
                protocol.count_armed()?;
            }
            limiter.arm(&vault, now)?;
            (Act::LimiterArmed, limiter.shadow_trips)
        }
        Rule::Band(mut band) => {
            band.arm(now)?;
            (Act::BandArmed, band.shadow.trips)
        }
        Rule::Invariant(mut invariant) => {
            invariant.arm(now)?;
            (Act::InvariantArmed, invariant.shadow.trips)
        }
    };
    Ok((act, shadow_trips.into()))
}

/// What is shown as to `poke`, in a company that hides and feigns nothing half-way through a flash loan. The instructions
/// sysvar comes first.
fn shown<'a, 'info>(rest: &'a [AccountInfo<'info>]) -> Result<&'a [AccountInfo<'info>]> {
    let (instructions, rest) = rest.split_first().ok_or(BreakerError::WrongCompany)?;
    // stops a forged list
    ensure(*instructions.key == INSTRUCTIONS, BreakerError::WrongCompany)?;
    company::check(instructions, &[])?;
    Ok(rest)
}

/// As [`shown`] where a proposal stands for it, which anybody executes: also between a transfer and its record, where
/// what arrived would be taken for a donation. The authority chooses its moment, and may act by CPI.
fn shown_by<'a, 'info>(mandate: Mandate, rest: &'a [AccountInfo<'info>]) -> Result<&'a [AccountInfo<'info>]> {
    match rest {
        [instructions, rest @ ..] if mandate == Mandate::AtOnce && *instructions.key == INSTRUCTIONS => {
            Ok(rest)
        }
        _ if mandate == Mandate::AtOnce => Ok(rest),
        _ => shown(rest),
    }
}

/// Takes a rule back to shadow, where it latches nothing: what it could latch now comes first.
fn disarm(rule: Rule, mandate: Mandate, rest: &[AccountInfo], now: Instant) -> Result<()> {
    match rule {
        Rule::Limiter(mut limiter) => {
            let vault = read_vault(&limiter, shown(rest)?)?;
            limiter.disarm(mandate, &vault, now)?;
        }
        Rule::Band(mut band) => band.disarm(mandate)?,
        Rule::Invariant(mut invariant) => {
            let measurement = measurement(&invariant, shown(rest)?)?;
            let measured = invariant.measure(&measurement)?;
            invariant.disarm(mandate, measured)?;
        }
    }
    Ok(())
}

/// Re-bases a rule at what the accounts hold: the vault, or those of the terms.
fn accept_loss(rule: Rule, mandate: Mandate, least: u64, rest: &[AccountInfo], now: Instant) -> Result<u64> {
    let rest = shown(rest)?;
    match rule {
        Rule::Limiter(mut limiter) => {
            let vault = read_vault(&limiter, rest)?;
            Ok(limiter.accept_loss(mandate, least, &vault, now)?)
        }
        Rule::Invariant(mut invariant) => {
            let measured = invariant.ratio(&measurement(&invariant, rest)?)?;
            invariant.accept_loss(mandate, least, measured)?;
            Ok(measured.into())
        }
        Rule::Band(_) => Err(BreakerError::WrongSubject.into()),
    }
}

/// The protocol's own settings.
fn amend_protocol(
    accounts: &Amend,
    protocol: &mut Protocol,
    amendment: &Amendment,
    mandate: Mandate,
    rest: &[AccountInfo],
    now: Instant,
) -> Result<(Act, u64)> {
    Ok(match amendment {
        Amendment::LooseningDelay(delay) => changed(protocol.amend_delay(*delay, mandate)?, protocol.epoch),
        Amendment::Authority(to) => {
            check_no_keeper(to, rest.first(), &accounts.protocol.key(), now)?;
            protocol.move_authority(*to, mandate)?;
            // stops a move to a key that nobody holds
            let accepts = accounts.governance.authority.as_ref().is_some_and(|signer| signer.key() == *to);
            ensure(accepts, BreakerError::NotTheNewAuthority)?;
            (Act::AuthorityMoved, protocol.epoch)
        }
        Amendment::Guardians { members, thresholds } => {
            let key = accounts.protocol.key();
            let newcomers = members.iter().filter(|member| !protocol.is_guardian(member));
            for (place, member) in newcomers.enumerate() {
                check_no_keeper(member, rest.get(place), &key, now)?;
            }
            protocol.change_guardians(members, thresholds, mandate)?;
            (Act::GuardiansChanged, protocol.membership_epoch)
        }
        Amendment::Pin | Amendment::Unpin => {
            let account = rest.first().ok_or(BreakerError::NotProgramData)?;
            let data = account.try_borrow_data()?;
            let shown = Shown { key: account.key, program: account.owner, data: &data };
            if *amendment == Amendment::Pin {
                (Act::ProgramPinned, protocol.pin_program(&shown, now)?)
            } else {
                protocol.unpin(mandate, &shown, now)?;
                (Act::ProgramUnpinned, protocol.epoch)
            }
        }
        Amendment::ApproveUpgrade(code) => {
            let act = if *code == [0; 32] { Act::ApprovalTakenBack } else { Act::UpgradeApproved };
            (act, protocol.approve_upgrade(*code, mandate, now)?)
        }
        Amendment::Detach => {
            check_nothing_holds(accounts.protocol.key(), protocol, shown(rest)?, now)?;
            protocol.detach(mandate, now)?;
            (Act::Detached, protocol.epoch)
        }
        // what is of another account comes here by a mistake alone, and must not be taken for the gravest act
        _ => return Err(BreakerError::WrongSubject.into()),
    })
}

/// Stops a keeper's key from governing or guarding: one stolen key would be two. Its seat is shown.
fn check_no_keeper(key: &Pubkey, seat: Option<&AccountInfo>, protocol: &Pubkey, now: Instant) -> Result<()> {
    let seat = seat.filter(|seat| *seat.key == pda::keeper(protocol, key).0);
    let seat = seat.ok_or(BreakerError::WrongSubject)?;
    if *seat.owner == crate::ID {
        let is_over = open::<Keeper>(seat, protocol)?.expires.reached(now);
        ensure(is_over, BreakerError::GuardianRoleConflict)?;
    }
    Ok(())
}

/// Checks that these are all markets, then all limiters that were ever armed, each with its vault, then all safes, that no
/// latch of any holds, that none would if somebody poked, and that no safe has anybody's money.
fn check_nothing_holds(
    key: Pubkey,
    protocol: &Protocol,
    accounts: &[AccountInfo],
    now: Instant,
) -> Result<()> {
    let count = u64::from(protocol.markets) + 2 * u64::from(protocol.armed_limiters) + protocol.safes;
    let is_whole = accounts.len() as u64 == count;
    ensure(is_whole, BreakerError::MarketMissing)?;
    let (markets, limiters) = accounts.split_at(protocol.markets as usize);
    let (limiters, safes) = limiters.split_at(2 * protocol.armed_limiters as usize);
    let (limiters, _) = limiters.as_chunks::<2>();
    // stops one shown twice in the place of another
    let is_sorted = markets.is_sorted_by(|a, b| a.key < b.key)
        && limiters.is_sorted_by(|[a, _], [b, _]| a.key < b.key)
        && safes.is_sorted_by(|a, b| a.key < b.key);
    ensure(is_sorted, BreakerError::MarketMissing)?;
    for account in markets {
        open::<Market>(account, &key)?.board.check_over(now)?;
    }
    for [account, vault] in limiters {
        let limiter = open::<Limiter>(account, &key)?;
        // stops one that was never armed in the place of one that was
        ensure(limiter.armed_at.is_set(), BreakerError::MarketMissing)?;
        ensure(limiter.severity(now) == Severity::Normal, BreakerError::LatchLive)?;
        limiter.check_poked(&read_vault(&limiter, std::slice::from_ref(vault))?, now)?;
    }
    for account in safes {
        ensure(open::<Safe>(account, &key)?.is_empty(now), BreakerError::SafeNotEmpty)?;
    }
    Ok(())
}
