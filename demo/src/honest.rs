//! Honest users: what they do all the way, and what they can still do afterwards.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use firebreak_chain::{send, token};
use firebreak_client::{Refusal, interface::GateError, venue::error_name};
use futures_util::future::try_join_all;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_instruction::Instruction;
use tokio::time::sleep;

use crate::{
    error::{DemoError, Trying},
    stage::{COIN, DOLLAR, Person, Stage, USD},
};

/// Time to think between two operations.
const PAUSE: Duration = Duration::from_millis(250);
/// Half a coin.
const SOME_COIN: u64 = 500_000_000;
/// No price is too bad: the oracle's does not move in a run.
const ANY_PRICE_UP: u64 = u64::MAX;
const ANY_PRICE_DOWN: u64 = 0;

/// An operation of a user. Amounts are in the smallest unit of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Deposit(usize, u64),
    AddCollateral(usize, u64),
    Withdraw(usize, u64),
    Borrow(usize, u64),
    Repay(usize, u64),
    Open(i64),
    Close,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Deposit(..) => "deposit",
            Self::AddCollateral(..) => "add collateral",
            Self::Withdraw(..) => "withdraw",
            Self::Borrow(..) => "borrow",
            Self::Repay(..) => "repay",
            Self::Open(_) => "open a position",
            Self::Close => "close a position",
        }
    }

    /// Whether it has to work whatever is latched: it brings tokens in, or nets a position. A pause by guardians leaves the
    /// exits open, and a deposit is none.
    fn must_work(self, is_paused: bool) -> bool {
        match self {
            Self::AddCollateral(..) | Self::Repay(..) | Self::Close => true,
            Self::Deposit(..) => !is_paused,
            Self::Withdraw(..) | Self::Borrow(..) | Self::Open(_) => false,
        }
    }

    /// The token that it pays out, and how much.
    fn pays(self) -> Option<(usize, u64)> {
        match self {
            Self::Withdraw(place, amount) | Self::Borrow(place, amount) => Some((place, amount)),
            _ => None,
        }
    }

    fn instruction(self, stage: &Stage, person: &Person) -> Instruction {
        let (venue, owner) = (&stage.venue, person.address());
        let of = |place: usize| (stage.mints[place], person.purses[place]);
        let index = COIN as u8;
        match self {
            Self::Deposit(place, amount) => venue.deposit(owner, of(place).0, of(place).1, amount),
            Self::AddCollateral(place, amount) => {
                venue.add_collateral(owner, of(place).0, of(place).1, amount)
            }
            Self::Withdraw(place, amount) => venue.withdraw(owner, of(place).0, of(place).1, amount),
            Self::Borrow(place, amount) => venue.borrow(owner, of(place).0, of(place).1, amount),
            Self::Repay(place, amount) => venue.repay(owner, of(place).0, of(place).1, amount),
            Self::Open(size) => venue.open(owner, index, size, ANY_PRICE_UP),
            Self::Close => venue.close(owner, index, ANY_PRICE_DOWN),
        }
    }
}

/// Why the breaker did not let an honest operation pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The gate: the market closed the operation.
    #[error("the gate holds it closed")]
    Closed,
    /// The limiter: the transaction succeeded, so that its evidence stands, and nothing was paid.
    #[error("the limiter did not let it pay")]
    NotPaid,
}

/// An operation that somebody tried, and how it went.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was tried.
    pub operation: &'static str,
    /// Whether it has to work whatever is latched.
    pub must_work: bool,
    /// How it went.
    pub result: Result<(), Refused>,
}

/// What honest users did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    /// By operation.
    pub(crate) refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn count(&mut self, operation: &'static str, result: &Result<(), Refused>) {
        match result {
            Ok(()) => self.done += 1,
            Err(_) => *self.refused.entry(operation).or_default() += 1,
        }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.done += other.done;
        for (operation, refused) in other.refused {
            *self.refused.entry(operation).or_default() += refused;
        }
        self
    }
}

/// Tries one operation.
pub(crate) async fn attempt(
    stage: &Stage,
    rpc: &RpcClient,
    person: &Person,
    step: Step,
) -> Result<Result<(), Refused>, DemoError> {
    let what = "reading an honest user's purse";
    let purse = |place: usize| token::balance(rpc, &person.purses[place]);
    let before = match step.pays() {
        Some((place, _)) => Some(purse(place).await.trying(what)?),
        None => None,
    };
    let instructions = [stage.serial(), step.instruction(stage, person)];
    let landed = send::send(rpc, &person.key, &[], &instructions).await.trying("an honest operation")?;
    if let Some(error) = landed.error {
        // A gate that refuses for any other reason was asked wrongly, and that is nobody's protection.
        let reason = match Refusal::of(&error) {
            Some((_, Refusal::Gate(GateError::Closed))) => return Ok(Err(Refused::Closed)),
            Some((_, Refusal::Unknown(code))) => error_name(code).map(str::to_owned),
            Some((_, refusal)) => Some(refusal.to_string()),
            None => None,
        };
        let reason = reason.unwrap_or_else(|| error.to_string());
        return Err(DemoError::Honest { operation: step.name(), reason });
    }
    match (step.pays(), before) {
        (Some((place, amount)), Some(before)) => {
            let paid = purse(place).await.trying(what)?.saturating_sub(before) >= amount;
            Ok(if paid { Ok(()) } else { Err(Refused::NotPaid) })
        }
        _ => Ok(Ok(())),
    }
}

/// The resident takes a debt and a position, to have something to get out of later.
pub(crate) async fn move_in(stage: &Stage) -> Result<Tally, DemoError> {
    let (rpc, mut tally) = (stage.rpc(), Tally::default());
    for step in [Step::Borrow(COIN, 10 * SOME_COIN), Step::Open(4 * SOME_COIN as i64)] {
        let result = attempt(stage, &rpc, &stage.resident, step).await?;
        if let Err(refused) = &result {
            return Err(DemoError::Honest { operation: step.name(), reason: refused.to_string() });
        }
        tally.count(step.name(), &result);
    }
    Ok(tally)
}

/// All traders trade until told to stop.
pub(crate) async fn trade(stage: &Stage, stop: &AtomicBool) -> Result<Tally, DemoError> {
    let tallies = try_join_all(stage.traders.iter().map(|trader| trade_alone(stage, trader, stop))).await?;
    Ok(tallies.into_iter().fold(Tally::default(), Tally::and))
}

async fn trade_alone(stage: &Stage, trader: &Person, stop: &AtomicBool) -> Result<Tally, DemoError> {
    // What has to be undone later stands beside what undoes it: a refused loan is not repaid.
    const ROUND: [(Step, Option<Step>); 4] = [
        (Step::Deposit(DOLLAR, 200 * USD), None),
        (Step::Withdraw(DOLLAR, 150 * USD), None),
        (Step::Borrow(COIN, SOME_COIN), Some(Step::Repay(COIN, SOME_COIN))),
        (Step::Open(SOME_COIN as i64), Some(Step::Close)),
    ];
    let (rpc, mut tally) = (stage.rpc(), Tally::default());
    for (step, undo) in ROUND.into_iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let result = attempt(stage, &rpc, trader, step).await?;
        tally.count(step.name(), &result);
        sleep(PAUSE).await;
        if let (Ok(()), Some(undo)) = (result, undo) {
            tally.count(undo.name(), &attempt(stage, &rpc, trader, undo).await?);
            sleep(PAUSE).await;
        }
    }
    Ok(tally)
}

/// What the resident can still do after the attack: first what brings tokens in or nets a position, which must work,
/// then what lets tokens leave, which depends on what is latched.
pub(crate) async fn get_out(stage: &Stage, is_paused: bool) -> Result<Vec<Attempt>, DemoError> {
    const STEPS: [Step; 7] = [
        Step::Deposit(DOLLAR, 1_000 * USD),
        Step::AddCollateral(DOLLAR, 500 * USD),
        Step::Repay(COIN, 10 * SOME_COIN),
        Step::Close,
        Step::Withdraw(DOLLAR, 100 * USD),
        Step::Borrow(COIN, SOME_COIN),
        Step::Open(SOME_COIN as i64),
    ];
    let (rpc, mut attempts) = (stage.rpc(), Vec::new());
    for step in STEPS {
        let result = attempt(stage, &rpc, &stage.resident, step).await?;
        attempts.push(Attempt { operation: step.name(), must_work: step.must_work(is_paused), result });
    }
    Ok(attempts)
}
