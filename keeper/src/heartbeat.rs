//! The heartbeat: where the key is a registered keeper's, it says on chain that it is there.
//!
//! It never stands in an alarm's way: a task of its own with a sender of its own, which asks seldom, pays the first price and
//! no higher one, and leaves the lamports alone that an act will need. What fails is recorded and left to the next period.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use firebreak_client::{ProtocolAddresses, Refusal, clock, decode, instruction};
use firebreak_interface::{BreakerError, state::Keeper};
use solana_account::Account;
use solana_hash::Hash;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::{
    pin,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use crate::{
    NEEDED_LAMPORTS,
    record::{Event, Record},
    rpc::{Rpc, Unreachable},
    transport::{
        fee::budget,
        sender::{Delivery, Effort, Outcome, SendError, Sender},
    },
};

/// What one heartbeat may take of the endpoints: a slot sooner or later is nothing to it, and an alarm may need them.
pub(crate) const EFFORT: Effort = Effort {
    resend: Duration::from_secs(2),
    poll: Duration::from_millis(500),
    rounds_per_signature: 5,
    call: Duration::from_secs(2),
    give_up: Duration::from_secs(30),
};
/// Several times what it costs in the VM.
const COMPUTE_UNITS: u32 = 5_000;
/// How far the limits of two heartbeats differ at most, so that none equals another of the same blockhash.
const SERIALS: u32 = 1_024;

/// What a heartbeat works with.
pub(crate) struct Pulse {
    /// For the registration.
    pub(crate) rpc: Arc<Rpc>,
    /// Not the responder's.
    pub(crate) sender: Sender,
    /// The bot's key: signs and pays.
    pub(crate) key: Arc<Keypair>,
    /// The protocol.
    pub(crate) protocol: Pubkey,
    /// Price of a compute unit, in micro-lamports.
    pub(crate) fee: u64,
    /// Where to say what is done.
    pub(crate) record: Record,
}

/// Why there was no heartbeat.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("the clock sysvar cannot be read")]
    Clock,
    #[error(
        "the registration of {key} is over since unix time {since}: it may no longer raise, and pokes on; have the \
         authority register another key and give it to this keeper"
    )]
    Expired { key: Pubkey, since: i64 },
    #[error(
        "{key} holds {lamports} lamports, and below {NEEDED_LAMPORTS} they are kept for what an alarm needs; transfer SOL \
         to it"
    )]
    Kept { key: Pubkey, lamports: u64 },
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Missed {
    /// Whether the next period may bring one without anybody changing anything.
    fn retry_can_help(&self) -> bool {
        !matches!(self, Self::Expired { .. } | Self::Kept { .. })
    }
}

/// One that is on chain.
struct Beat {
    slot: Option<u64>,
    signature: Signature,
    expires: i64,
}

/// Beats now and then once in every period, until `shutdown` resolves: what is under way is left then.
pub(crate) fn spawn(
    pulse: Pulse,
    every: Duration,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        pin!(shutdown);
        let mut periods = interval(every);
        periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let beats = async {
            for number in (0..SERIALS).cycle() {
                periods.tick().await;
                pulse.beat(number).await;
            }
        };
        tokio::select! {
            () = &mut shutdown => {}
            () = beats => {}
        }
    })
}

impl Pulse {
    /// One heartbeat, and what became of it.
    async fn beat(&self, number: u32) {
        match self.try_beat(number).await {
            // who is not registered is expected by nobody
            Ok(None) => {}
            Ok(Some(Beat { slot, signature, expires })) => {
                self.record.write(slot, &Event::Heartbeat { signature, expires });
            }
            Err(missed) => {
                let message = format!("no heartbeat: {missed}");
                let event = match missed.retry_can_help() {
                    true => Event::retried(message),
                    false => Event::failed(message),
                };
                self.record.write(None, &event);
            }
        }
    }

    /// Looks first: none where the key has no registration. A key that is registered later is found so.
    async fn try_beat(&self, number: u32) -> Result<Option<Beat>, Missed> {
        let key = self.key.pubkey();
        let seat = ProtocolAddresses::new(self.protocol).keeper(&key);
        let mut reads = self.rpc.read(&[seat, clock::ADDRESS], 0).await?.into_iter().map(|read| read.account);
        let Some(mut keeper) = reads.next().flatten().as_ref().and_then(registration) else {
            return Ok(None);
        };
        let clock = reads.next().flatten();
        let now =
            clock.and_then(|account| clock::read(&account.owner, &account.data)).ok_or(Missed::Clock)?;
        let expires = keeper.expires.unix;
        let expired = Missed::Expired { key, since: expires };
        if keeper.beat(now).is_err() {
            return Err(expired);
        }
        let lamports = self.rpc.balance(&key).await?;
        if lamports < NEEDED_LAMPORTS {
            return Err(Missed::Kept { key, lamports });
        }
        let sign = |hash, _attempt| self.sign(hash, number);
        match self.sender.deliver(sign, || async { false }).await {
            Ok(Delivery { outcome, signature, .. }) => {
                let slot = match outcome {
                    Outcome::Landed { slot } => Some(slot),
                    Outcome::EffectSeen => None,
                };
                Ok(Some(Beat { slot, signature, expires }))
            }
            // it ran out between the look and the block
            Err(SendError::Failed { error, .. }) if is_expired(&error) => Err(expired),
            Err(error) => Err(error.into()),
        }
    }

    /// The price never climbs: there is a next period.
    fn sign(&self, hash: Hash, number: u32) -> Result<Transaction, String> {
        let key = self.key.pubkey();
        let [limit, price] = budget(COMPUTE_UNITS + number, self.fee);
        let instructions = [limit, price, instruction::heartbeat(key, &self.protocol)];
        let mut transaction = Transaction::new_with_payer(&instructions, Some(&key));
        transaction.try_sign(&[self.key.as_ref()], hash).map_err(|error| error.to_string())?;
        Ok(transaction)
    }
}

fn registration(account: &Account) -> Option<Keeper> {
    decode(&account.owner, &account.data).ok()
}

fn is_expired(error: &TransactionError) -> bool {
    let breaker = Refusal::of(error).and_then(|(_, refusal)| refusal.breaker());
    breaker == Some(BreakerError::KeeperExpired)
}
