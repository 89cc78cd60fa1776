//! The attacker: what he asks for, how often, and when he gives up.
//!
//! He is as strong as somebody who reads the chain can be: he knows the limiter's rules and works out what it would
//! let pass on a copy of its account. He sends several transactions a slot and never brings the market writable.

use std::time::{Duration, Instant};

use firebreak_chain::{
    ChainError,
    send::{self, Landed},
    token,
};
use firebreak_client::interface::{self, Direction, Operation, Verdict, state::Flow};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use tokio::time::{sleep, sleep_until};

use crate::{
    error::{DemoError, Trying},
    programs::Guard,
    scenario::Path,
    stage::{DOLLAR, Stage},
    watch::View,
};

/// Transactions a slot.
const A_SLOT: u32 = 4;
/// Slots without a gain after which he gives up.
const PATIENCE: u32 = 8;
/// Below this share of the vault a withdrawal is not worth its fee to him.
const DUST: u64 = 1_000;
/// Shares of the vault that he tries when the limiter would let nothing more pass.
const GREED: [u64; A_SLOT as usize] = [1, 2, 10, 100];
/// A transaction takes one 20th of the vault on the path that nobody records.
const BITE: u64 = 20;
/// How far ahead he thinks: his transaction may land a few slots later.
const AHEAD: (u64, i64) = (4, 2);
/// Slots within which he expects to know what became of a transaction.
const AN_ANSWER: u32 = 3;
/// When nothing more got into a block for so long, nothing more will.
const LATE: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// What an attack came to.
#[derive(Clone, Debug)]
pub(crate) struct Attack {
    /// When the first malicious transaction was handed to the node.
    pub(crate) began: Instant,
    /// The first slot that any of them got into: a later one may be taken before an earlier one.
    pub(crate) slot: u64,
    /// What the vault held then.
    pub(crate) at_stake: u64,
    /// What he got.
    pub(crate) loot: u64,
    /// Malicious transactions in a block.
    pub(crate) landed: u64,
    /// Those of them that ended in an error.
    pub(crate) refused: u64,
}

/// What the attacker sees of the vault.
enum Sight {
    /// The venue is guarded: he reads the breaker's accounts too.
    Guarded(Box<View>),
    /// There is nothing but a vault.
    Bare(u64),
}

impl Sight {
    fn balance(&self) -> u64 {
        match self {
            Self::Guarded(view) => view.vault.amount,
            Self::Bare(balance) => *balance,
        }
    }

    /// The most that one withdrawal would pay.
    fn most(&self) -> u64 {
        match self {
            Self::Guarded(view) => passes_soon(view),
            Self::Bare(balance) => *balance,
        }
    }
}

/// The most that one withdrawal would pay, wherever in the next slots it lands.
pub(crate) fn passes_soon(view: &View) -> u64 {
    let (slots, seconds) = AHEAD;
    let later = interface::Instant::new(view.now.slot + slots, view.now.unix + seconds);
    most(view, view.now).min(most(view, later))
}

/// The most that one withdrawal would pay at this moment, by the breaker's own rules.
fn most(view: &View, now: interface::Instant) -> u64 {
    let held = view.market.response(view.limiter.severity(now)).0;
    let closed = held.contains(Operation::WITHDRAW) || !view.is_open(Operation::WITHDRAW);
    let passes = |amount| {
        let flow = Flow { direction: Direction::Out, amount, closed };
        let mut limiter = view.limiter;
        limiter.record(flow, &view.vault, now).is_ok_and(|outcome| outcome.verdict == Verdict::Allow)
    };
    largest(view.vault.amount, passes)
}

/// The largest amount up to `limit` that passes, where every smaller one passes too.
fn largest(limit: u64, passes: impl Fn(u64) -> bool) -> u64 {
    let (mut good, mut bad) = (0, limit.saturating_add(1));
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if passes(middle) { good = middle } else { bad = middle }
    }
    good
}

/// Attacks the dollar vault until nothing passes any more or nothing is left.
pub(crate) async fn attack(
    stage: &Stage,
    path: Path,
    guard: Guard,
    slot: Duration,
) -> Result<Attack, DemoError> {
    let rpc = stage.rpc();
    let at_stake = look(stage, &rpc, guard).await?.balance();
    let mut sent = Vec::new();
    let began = Instant::now();
    let (mut loot, mut last_gain) = (0, began);
    while last_gain.elapsed() < slot * PATIENCE {
        let sight = look(stage, &rpc, guard).await?;
        if sight.balance() == 0 {
            break;
        }
        let asks = asks(path, &sight, at_stake);
        for amount in &asks {
            let next = tokio::time::Instant::now() + slot / A_SLOT;
            sent.push(submit(stage, &rpc, path, *amount).await.trying("a malicious transaction")?);
            sleep_until(next).await;
        }
        // Who asks for exactly what passes has to know what he got before he asks again.
        if path == Path::Recorded && asks.len() == 1 {
            outcomes(&rpc, &sent, slot * AN_ANSWER).await?;
        }
        let has = purse(stage, &rpc).await?;
        if has > loot {
            (loot, last_gain) = (has, Instant::now());
        }
    }
    let landed = outcomes(&rpc, &sent, LATE).await?;
    let slot = first_slot(&landed).ok_or(DemoError::NoAttack)?;
    Ok(Attack {
        began,
        slot,
        at_stake,
        loot: purse(stage, &rpc).await?,
        landed: landed.len() as u64,
        refused: landed.iter().filter(|landed| landed.error.is_some()).count() as u64,
    })
}

/// The lowest slot of all: transactions land in another order than they were sent.
fn first_slot(landed: &[Landed]) -> Option<u64> {
    landed.iter().map(|landed| landed.slot).min()
}

/// What the next transactions ask for.
fn asks(path: Path, sight: &Sight, at_stake: u64) -> Vec<u64> {
    let balance = sight.balance();
    match path {
        Path::Undeclared => vec![(at_stake / BITE).clamp(1, balance)],
        // Exactly what passes, while that is worth anything; then whatever might.
        Path::Recorded => match sight.most() {
            most if most > at_stake / DUST => vec![most],
            _ => GREED.map(|share| (balance / share).max(1)).to_vec(),
        },
    }
}

async fn look(stage: &Stage, rpc: &RpcClient, guard: Guard) -> Result<Sight, DemoError> {
    match guard {
        Guard::On | Guard::Drill => Ok(Sight::Guarded(Box::new(View::read(rpc, &stage.watched()).await?))),
        Guard::Off => {
            let balance = token::balance(rpc, &stage.vault(DOLLAR)).await.trying("reading the vault")?;
            Ok(Sight::Bare(balance))
        }
    }
}

async fn purse(stage: &Stage, rpc: &RpcClient) -> Result<u64, DemoError> {
    token::balance(rpc, &stage.attacker.purses[DOLLAR]).await.trying("reading the attacker's purse")
}

async fn submit(stage: &Stage, rpc: &RpcClient, path: Path, amount: u64) -> Result<Signature, ChainError> {
    let attacker = &stage.attacker;
    let (owner, mint, purse) = (attacker.address(), stage.mints[DOLLAR], attacker.purses[DOLLAR]);
    let instruction = match path {
        Path::Recorded => stage.venue.withdraw(owner, mint, purse, amount),
        Path::Undeclared => stage.venue.claim_rebate(owner, mint, purse, amount),
    };
    let transaction = send::sign(rpc, &attacker.key, &[], &[stage.serial(), instruction]).await?;
    send::submit(rpc, &transaction).await
}

/// What became of the transactions, in the order of sending; those that got into no block are left out, once nothing
/// new landed for so long.
async fn outcomes(rpc: &RpcClient, sent: &[Signature], wait: Duration) -> Result<Vec<Landed>, DemoError> {
    /// Signatures that a node takes in one question.
    const AT_ONCE: usize = 256;
    let (mut known, mut last_news) = (0, Instant::now());
    loop {
        let mut landed = Vec::new();
        for signatures in sent.chunks(AT_ONCE) {
            let statuses = rpc.get_signature_statuses(signatures).await;
            let statuses = statuses.trying("asking what became of the attack")?.value;
            landed.extend(signatures.iter().zip(statuses).filter_map(|(signature, status)| {
                let status = status?;
                Some(Landed { signature: *signature, slot: status.slot, error: status.err })
            }));
        }
        if landed.len() > known {
            (known, last_news) = (landed.len(), Instant::now());
        }
        if known == sent.len() || last_news.elapsed() > wait {
            return Ok(landed);
        }
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_amount_that_passes_is_found_exactly() {
        for bound in [0, 1, 7, 99, 100] {
            assert_eq!(largest(100, |amount| amount <= bound), bound);
        }
        assert_eq!(largest(u64::MAX - 1, |amount| amount <= 1 << 60), 1 << 60);
    }

    #[test]
    fn the_attack_began_in_the_lowest_slot_that_took_any_of_it() {
        let landed = |slot| Landed { signature: Signature::default(), slot, error: None };
        assert_eq!(first_slot(&[landed(12), landed(11), landed(13)]), Some(11));
        assert_eq!(first_slot(&[]), None);
    }

    #[test]
    fn without_a_breaker_everything_is_asked_for_at_once() {
        assert_eq!(asks(Path::Recorded, &Sight::Bare(1_000), 1_000), [1_000]);
        assert_eq!(asks(Path::Undeclared, &Sight::Bare(1_000), 1_000), [50]);
        assert_eq!(asks(Path::Undeclared, &Sight::Bare(20), 1_000), [20]);
    }
}
