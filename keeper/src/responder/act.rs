//! One act, from the second look to its effect.

use std::{
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant as Moment, SystemTime},
};

use firebreak_client::{
    AccountError, Limiter, Market, Protocol, ProtocolAddresses, Refusal, VaultState, clock, decode,
    instruction,
};
use firebreak_interface::{BreakerError, Instant, Severity, state::Journal};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::time::sleep;

use super::{Decision, Facts, Idle, Responder, decide};
use crate::{
    detector::Alarm,
    record::{Act, By, Event},
    rpc::Unreachable,
    transport::{
        backoff,
        fee::budget,
        sender::{Delivery, Outcome, SendError},
        snapshot::Read,
    },
};

/// How often an act is planned anew because the journal went on to another segment: one is full after hundreds of
/// entries, so twice in a row is chance already.
const PLANS: u32 = 3;
/// Attempts to look again before an alarm is given up; the detector gives it again while it holds.
const LOOKS: u32 = 6;
/// Between two looks whether the act is still needed, while a transaction is under way.
const STILL_NEEDED: Duration = Duration::from_millis(200);
/// What a poke or a raise may use: tight, because a block has room for few large ones.
const COMPUTE_UNITS: u32 = 120_000;
/// How far the limits of two transactions differ at most, so that none equals another of the same blockhash.
const SERIALS: u32 = 1_024;
/// Waits before a node is asked whether a transaction is in a block, whose effect it shows already, in milliseconds.
const ATTRIBUTION: [u64; 5] = [0, 100, 200, 400, 800];

/// Why there is no second look.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("the {what} {key} is not what it should be: {source}")]
    Account { what: &'static str, key: Pubkey, source: AccountError },
    #[error("the {what} {key} does not exist")]
    Missing { what: &'static str, key: Pubkey },
    #[error("the clock sysvar cannot be read")]
    Clock,
}

/// The last look whether an act under way is still needed.
struct Watch {
    at: Moment,
    /// Why it is not.
    idle: Option<Idle>,
}

/// A decided act.
struct Plan {
    act: Act,
    instruction: Instruction,
    /// Differs between any two acts.
    serial: u32,
}

/// An effect that was seen on chain, of a transaction that may or may not be ours.
pub(super) struct Landing {
    act: Act,
    market: Pubkey,
    vault: Pubkey,
    signature: Signature,
    after_ms: u64,
}

/// How one attempt ended.
enum Ended {
    /// There is no more to do.
    Over,
    /// The effect is on chain, by whomever.
    Seen(Landing),
    /// The journal went on to another segment after the look: another look makes it good.
    Outdated { slot: u64, why: String },
}

impl Responder {
    /// Sees an alarm through. What is given back is an effect whose author is still to be found out.
    pub(super) async fn respond(&self, alarm: &Alarm, since: SystemTime) -> Option<Landing> {
        for plan in 1..=PLANS {
            match self.attempt(alarm, since, plan == 1).await {
                // after the last plan the detector's next alarm is the retry
                Ended::Outdated { slot, why } => self.record.write(Some(slot), &Event::retried(why)),
                Ended::Seen(landing) => return Some(landing),
                Ended::Over => return None,
            }
        }
        None
    }

    /// Looks, decides and acts once.
    async fn attempt(&self, alarm: &Alarm, since: SystemTime, is_first: bool) -> Ended {
        let facts = match self.look(alarm).await {
            Ok(facts) => facts,
            Err(error) => {
                if is_first {
                    self.saw(alarm, since);
                }
                self.record.write(Some(alarm.slot), &Event::retried(error));
                return Ended::Over;
            }
        };
        let decision = decide(&alarm.evidence, &facts, &self.key.pubkey(), self.raise_seconds);
        // what the second look refutes was two states that do not belong together
        if is_first && decision != Decision::Nothing(Idle::NotNeeded) {
            self.saw(alarm, since);
        }
        let plan = self.plan(alarm, &facts, &decision);
        let (market, vault) = (alarm.market, alarm.vault);
        let why = match &decision {
            Decision::Poke { rises_to: Severity::Normal } => {
                format!("proven at slot {}; trips wait for the journal", facts.slot)
            }
            Decision::Poke { rises_to } => {
                format!("proven at slot {}; the market rises to {rises_to:?}", facts.slot)
            }
            Decision::Raise(order) => format!("not provable; caution for {} s", order.seconds),
            Decision::Nothing(idle) => idle.to_string(),
        };
        let act = plan.as_ref().map(|plan| plan.act);
        self.record.write(Some(facts.slot), &Event::Decided { act, market, vault, why });
        let Some(plan) = plan else {
            return Ended::Over;
        };
        let watch = Mutex::new(Watch { at: Moment::now(), idle: None });
        let sign = |hash, attempt| self.sign(alarm, &plan, hash, attempt);
        let delivered = self.sender.deliver(sign, || self.is_done(alarm, &watch)).await;
        let idle = watch.into_inner().unwrap_or_else(PoisonError::into_inner).idle;
        match no_effect(plan.act, &delivered, idle) {
            Some((slot, idle)) => {
                let why = format!("no longer: {idle}");
                self.record.write(slot, &Event::Decided { act: None, market, vault, why });
                Ended::Over
            }
            None => self.report(alarm, plan.act, delivered, since),
        }
    }

    /// Finds out whose transaction it was. A node may show an effect before it tells of the transaction.
    pub(super) async fn attribute(&self, landing: Landing) {
        let Landing { act, market, vault, signature, after_ms } = landing;
        let mut slot = None;
        for wait in ATTRIBUTION {
            sleep(Duration::from_millis(wait)).await;
            slot = self.rpc.success(&signature).await;
            if slot.is_some() {
                break;
            }
        }
        let by = if slot.is_some() { By::Us } else { By::Another };
        self.record.write(slot, &Event::Landed { act, market, vault, signature, by, after_ms });
    }

    /// Reads everything that the act depends on, at one moment no older than the alarm.
    async fn look(&self, alarm: &Alarm) -> Result<Facts, LookError> {
        let mut attempt = 0;
        loop {
            // a node that is behind its own notices answers without the bound, and the rules decide on what it knows
            let min_slot = if attempt == 0 { alarm.slot } else { 0 };
            match self.read(alarm, min_slot).await {
                Err(LookError::Unreachable(error)) if attempt + 1 < LOOKS => {
                    tracing::warn!(%error, attempt, "looking again failed");
                    sleep(backoff::delay(attempt, backoff::random())).await;
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn read(&self, alarm: &Alarm, min_slot: u64) -> Result<Facts, LookError> {
        let addresses = ProtocolAddresses::new(self.protocol);
        let keeper = addresses.keeper(&self.key.pubkey());
        let keys = [
            self.protocol,
            alarm.market,
            alarm.limiter,
            addresses.journal,
            alarm.vault,
            clock::ADDRESS,
            keeper,
        ];
        let reads = self.rpc.read(&keys, min_slot).await?;
        let slot = reads.first().map_or(0, |read| read.slot);
        let (owner, data) = raw(reads.get(4));
        let vault = VaultState::read(&owner, data);
        let (owner, data) = raw(reads.get(5));
        let now: Instant = clock::read(&owner, data).ok_or(LookError::Clock)?;
        let keeper = match reads.get(6).and_then(|read| read.account.as_ref()) {
            Some(account) => decode(&account.owner, &account.data).ok().map(Box::new),
            None => None,
        };
        Ok(Facts {
            slot,
            now,
            protocol: account::<Protocol>("protocol", reads.first(), &keys[0])?,
            market: account::<Market>("market", reads.get(1), &keys[1])?,
            limiter: account::<Limiter>("limiter", reads.get(2), &keys[2])?,
            vault,
            journal: account::<Journal>("journal", reads.get(3), &keys[3])?,
            keeper,
        })
    }

    fn plan(&self, alarm: &Alarm, facts: &Facts, decision: &Decision) -> Option<Plan> {
        let (protocol, segment) = (self.protocol, facts.segment());
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) % SERIALS;
        match decision {
            Decision::Poke { .. } => Some(Plan {
                serial,
                act: Act::Poke,
                instruction: instruction::poke(protocol, alarm.market, alarm.vault, segment),
            }),
            Decision::Raise(order) => Some(Plan {
                serial,
                act: Act::Raise,
                instruction: instruction::raise(self.key.pubkey(), protocol, alarm.market, order, segment),
            }),
            Decision::Nothing(_) => None,
        }
    }

    /// A poke is alone in its transaction but for the compute budget: the breaker refuses other company.
    fn sign(&self, alarm: &Alarm, plan: &Plan, hash: Hash, attempt: u32) -> Result<Transaction, String> {
        let fee = self.fees.price(attempt);
        let [limit, price] = budget(COMPUTE_UNITS + plan.serial, fee);
        let instructions = [limit, price, plan.instruction.clone()];
        let mut transaction = Transaction::new_with_payer(&instructions, Some(&self.key.pubkey()));
        transaction.try_sign(&[self.key.as_ref()], hash).map_err(|error| error.to_string())?;
        let signature = transaction.signatures.first().copied().unwrap_or_default();
        let (act, market, vault) = (plan.act, alarm.market, alarm.vault);
        self.record.write(None, &Event::Sent { act, market, vault, signature, attempt, fee });
        Ok(transaction)
    }

    /// Whether the need is gone. Asked often, it looks now and then.
    async fn is_done(&self, alarm: &Alarm, watch: &Mutex<Watch>) -> bool {
        {
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            if watch.at.elapsed() < STILL_NEEDED {
                return false;
            }
            watch.at = Moment::now();
        }
        let Ok(facts) = self.read(alarm, 0).await else {
            return false;
        };
        // an older view than the alarm's would find no need yet
        let decided = decide(&alarm.evidence, &facts, &self.key.pubkey(), self.raise_seconds);
        match decided {
            Decision::Nothing(idle) if facts.slot >= alarm.slot => {
                watch.lock().unwrap_or_else(PoisonError::into_inner).idle = Some(idle);
                true
            }
            _ => false,
        }
    }

    fn report(
        &self,
        alarm: &Alarm,
        act: Act,
        delivered: Result<Delivery, SendError>,
        since: SystemTime,
    ) -> Ended {
        let after_ms = since.elapsed().unwrap_or_default().as_millis();
        let after_ms = u64::try_from(after_ms).unwrap_or(u64::MAX);
        let (market, vault) = (alarm.market, alarm.vault);
        let (slot, signature, by) = match delivered {
            Ok(Delivery { outcome: Outcome::EffectSeen, signature, .. }) => {
                return Ended::Seen(Landing { act, market, vault, signature, after_ms });
            }
            Ok(Delivery { outcome: Outcome::Landed { slot }, signature, .. }) => {
                (Some(slot), signature, By::Us)
            }
            Err(SendError::Failed { signature, slot, error }) if is_done_already(&error) => {
                (Some(slot), signature, By::Another)
            }
            Err(SendError::Failed { signature, slot, error }) => {
                let why = failure(&signature, slot, &error);
                if breaker_error(&error) == Some(BreakerError::WrongSegment) {
                    return Ended::Outdated { slot, why };
                }
                self.record.write(Some(slot), &Event::failed(why));
                return Ended::Over;
            }
            Err(error) => {
                let event = if error.retry_can_help() { Event::retried(error) } else { Event::failed(error) };
                self.record.write(None, &event);
                return Ended::Over;
            }
        };
        self.record.write(slot, &Event::Landed { act, market, vault, signature, by, after_ms });
        Ended::Over
    }
}

/// Why there is nothing to do any more though no effect is on chain, and in which slot the act was refused for that. So
/// it is where planned work was announced between the look and the block.
fn no_effect(
    act: Act,
    delivered: &Result<Delivery, SendError>,
    seen: Option<Idle>,
) -> Option<(Option<u64>, Idle)> {
    match delivered {
        Ok(Delivery { outcome: Outcome::EffectSeen, .. }) => {
            seen.filter(|idle| !idle.is_effect()).map(|idle| (None, idle))
        }
        Err(SendError::Failed { slot, error, .. })
            if act == Act::Raise && breaker_error(error) == Some(BreakerError::UnderMaintenance) =>
        {
            Some((Some(*slot), Idle::Maintenance))
        }
        _ => None,
    }
}

/// Whether the breaker refused because somebody else was first.
fn is_done_already(error: &TransactionError) -> bool {
    matches!(breaker_error(error), Some(BreakerError::NothingToLatch | BreakerError::AlreadyHeld))
}

fn breaker_error(error: &TransactionError) -> Option<BreakerError> {
    Refusal::of(error).and_then(|(_, refusal)| refusal.breaker())
}

/// A failed transaction, with the breaker's own words where it was the breaker.
fn failure(signature: &Signature, slot: u64, error: &TransactionError) -> String {
    match Refusal::of(error) {
        Some((_, refusal)) => format!("transaction {signature} failed in slot {slot}: {refusal}"),
        None => format!("transaction {signature} failed in slot {slot}: {error}"),
    }
}

fn raw(read: Option<&Read>) -> (Pubkey, &[u8]) {
    let account = read.and_then(|read| read.account.as_ref());
    account.map_or((Pubkey::default(), &[]), |account| (account.owner, account.data.as_slice()))
}

fn account<T: firebreak_client::account::Kind>(
    what: &'static str,
    read: Option<&Read>,
    key: &Pubkey,
) -> Result<Box<T>, LookError> {
    let account = read.and_then(|read| read.account.as_ref());
    let account = account.ok_or(LookError::Missing { what, key: *key })?;
    let decoded = decode(&account.owner, &account.data);
    decoded.map(Box::new).map_err(|source| LookError::Account { what, key: *key, source })
}
