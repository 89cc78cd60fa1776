//! Sending one act until it is seen on chain, or until it is certain that it cannot be.
//!
//! The same signed transaction goes to every endpoint at once and again each slot; the chain takes it once.
//! Only when its blockhash has expired is it signed anew, which is sound because what the keeper does on chain
//! may be done twice without harm.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::endpoints::{Blockhash, Endpoints, Sends, Trouble};

/// How hard to try.
#[derive(Clone, Debug)]
pub struct Effort {
    /// Between two sends of the same transaction: about a slot.
    pub resend: Duration,
    /// Between two looks at what became of it.
    pub poll: Duration,
    /// Sends of one signature; after these it is signed anew, with a fresh blockhash and the chance of a
    /// higher fee.
    pub rounds_per_signature: u32,
    /// One call of one endpoint.
    pub call: Duration,
    /// The whole act, all signatures together.
    pub give_up: Duration,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            resend: Duration::from_millis(400),
            poll: Duration::from_millis(50),
            rounds_per_signature: 5,
            call: Duration::from_secs(2),
            give_up: Duration::from_secs(90),
        }
    }
}

/// How an act ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Our transaction succeeded in this slot.
    Landed {
        /// Its slot.
        slot: u64,
    },
    /// What it is for was seen on chain, whoever brought it about.
    EffectSeen,
}

/// An act that is done.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// How it is known.
    pub outcome: Outcome,
    /// The signature that landed, else the last one.
    pub signature: Signature,
    /// From the first send to the first endpoint that took it; `None` if the effect came before.
    pub accepted_after: Option<Duration>,
    /// How often it was sent to every endpoint.
    pub rounds: u32,
    /// How often it was signed.
    pub signatures: u32,
}

/// Why an act is not done.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is nobody to send to.
    #[error("no RPC endpoint is configured: give at least one")]
    NoEndpoint,
    /// No endpoint answered.
    #[error("no RPC endpoint answers; {}", .0.join("; "))]
    Unreachable(Vec<String>),
    /// Every endpoint declined the transaction.
    #[error("every RPC endpoint declined the transaction; {}", .0.join("; "))]
    Declined(Vec<String>),
    /// Who pays cannot.
    #[error("{payer} cannot pay: it holds {lamports} lamports and needs {needed}; transfer SOL to it")]
    Unfunded {
        /// The fee payer.
        payer: Pubkey,
        /// What it has.
        lamports: u64,
        /// What the signatures cost and the rent of an empty account.
        needed: u64,
    },
    /// The transaction landed and failed.
    #[error("transaction {signature} failed in slot {slot}: {error}")]
    Failed {
        /// Its signature.
        signature: Signature,
        /// Where it landed.
        slot: u64,
        /// What the runtime or the program answered.
        error: TransactionError,
    },
    /// It was taken and did not land.
    #[error("sent {rounds} times in {} s and not landed; the last signature is {signature}", after.as_secs())]
    NotLanded {
        /// The last signature.
        signature: Signature,
        /// How often it was sent.
        rounds: u32,
        /// For how long.
        after: Duration,
    },
    /// It could not be signed.
    #[error("cannot sign: {0}")]
    Sign(String),
}

impl SendError {
    /// Whether the same act may succeed later without anybody changing anything.
    pub fn retry_can_help(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::NotLanded { .. } => true,
            Self::NoEndpoint
            | Self::Declined(_)
            | Self::Unfunded { .. }
            | Self::Failed { .. }
            | Self::Sign(_) => false,
        }
    }
}

/// A blockhash lives 150 slots, 30 s at the shortest slots there are. An older one than this is not used.
const FRESH: Duration = Duration::from_secs(10);
const REFRESH: Duration = Duration::from_secs(2);
/// What a signature costs.
const LAMPORTS_PER_SIGNATURE: u64 = 5_000;
/// A fee payer must keep the rent of an empty account.
const EMPTY_ACCOUNT_RENT: u64 = 890_880;

/// Several endpoints of one cluster, and a blockhash at hand.
pub struct Sender {
    endpoints: Endpoints,
    effort: Effort,
    blockhash: Mutex<Option<(Blockhash, Instant)>>,
}

impl Sender {
    /// Sends by all of `urls`, which must be RPC endpoints of the same cluster.
    pub fn new(urls: impl IntoIterator<Item = String>, effort: Effort) -> Result<Self, SendError> {
        let endpoints = Endpoints::new(urls, effort.call);
        if endpoints.len() == 0 {
            return Err(SendError::NoEndpoint);
        }
        Ok(Self { endpoints, effort, blockhash: Mutex::new(None) })
    }

    /// Keeps a fresh blockhash at hand until `shutdown` resolves, so that an alarm waits for none.
    pub async fn keep_fresh(&self, shutdown: impl Future<Output = ()>) {
        let refresh = async {
            loop {
                if let Err(error) = self.fetch_blockhash().await {
                    tracing::warn!(%error, "no fresh blockhash");
                }
                sleep(REFRESH).await;
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = refresh => {}
        }
    }

    /// Sends what `sign` makes until it has landed or `effect` says that it is no longer needed.
    ///
    /// `sign` gets a blockhash and how often it was called before, so that the fee may climb. `effect` is
    /// asked every [`Effort::poll`].
    pub async fn deliver<S, E, F>(&self, sign: S, effect: E) -> Result<Delivery, SendError>
    where
        S: Fn(Hash, u32) -> Result<Transaction, String>,
        E: Fn() -> F,
        F: Future<Output = bool>,
    {
        let mut act = Act {
            sender: self,
            started: Instant::now(),
            signatures: Vec::new(),
            rounds: 0,
            accepted_after: None,
            latest: vec![None; self.endpoints.len()],
        };
        let mut blockhash = self.recent_blockhash().await?;
        loop {
            let signed = u32::try_from(act.signatures.len()).unwrap_or(u32::MAX);
            let transaction = sign(blockhash.hash, signed).map_err(SendError::Sign)?;
            if let Some(done) = act.pursue(&transaction, blockhash, &effect).await? {
                return Ok(done);
            }
            // Without a new one the old is sent on: what took it once may be back.
            blockhash = self.fetch_blockhash().await.unwrap_or(blockhash);
        }
    }

    async fn recent_blockhash(&self) -> Result<Blockhash, SendError> {
        let known = *self.blockhash.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some((blockhash, fetched)) if fetched.elapsed() < FRESH => Ok(blockhash),
            _ => self.fetch_blockhash().await,
        }
    }

    async fn fetch_blockhash(&self) -> Result<Blockhash, SendError> {
        let asked = Instant::now();
        let blockhash = self.endpoints.blockhash().await.map_err(refusal)?;
        let mut known = self.blockhash.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((blockhash, asked));
        Ok(blockhash)
    }
}

/// One act under way.
struct Act<'a> {
    sender: &'a Sender,
    started: Instant,
    /// Each may still land.
    signatures: Vec<Signature>,
    rounds: u32,
    accepted_after: Option<Duration>,
    /// What each endpoint last said to a send.
    latest: Vec<Option<Result<(), Trouble>>>,
}

impl Act<'_> {
    /// Sends one signature over and over. `None` when another one is to be tried.
    async fn pursue<E, F>(
        &mut self,
        transaction: &Transaction,
        blockhash: Blockhash,
        effect: &E,
    ) -> Result<Option<Delivery>, SendError>
    where
        E: Fn() -> F,
        F: Future<Output = bool>,
    {
        let effort = &self.sender.effort;
        let signature = transaction.signatures.first().copied();
        let signature = signature.ok_or_else(|| SendError::Sign("nobody signed".into()))?;
        // A blockhash that did not change since makes the same signature.
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
        let mut sends = Sends::new();
        let mut rounds = 0;
        let mut resend = interval(effort.resend);
        let mut poll = interval(effort.poll);
        for ticks in [&mut resend, &mut poll] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        // A send under way goes on when this one is done with: it costs nothing and may be what lands.
        let outcome = loop {
            tokio::select! {
                biased;
                _ = resend.tick() => {
                    if self.started.elapsed() >= effort.give_up {
                        break Err(self.not_landed(signature));
                    }
                    if rounds > 0 {
                        self.require_funds(transaction).await?;
                    }
                    if rounds >= effort.rounds_per_signature || self.expired(blockhash, rounds).await {
                        break Ok(None);
                    }
                    rounds += 1;
                    self.rounds += 1;
                    self.sender.endpoints.send(transaction, &mut sends);
                }
                Some(Ok((index, answer))) = sends.join_next(), if !sends.is_empty() => {
                    if let Err(error) = self.answered(index, answer) {
                        self.require_funds(transaction).await?;
                        break Err(error);
                    }
                }
                _ = poll.tick() => {
                    if let Some(outcome) = self.outcome(transaction, effect).await? {
                        break Ok(Some(self.delivery(outcome, signature)));
                    }
                }
            }
        };
        sends.detach_all();
        outcome
    }

    /// Notes what an endpoint said. An error when none has ever taken the act and all have now said why.
    fn answered(&mut self, index: usize, answer: Result<(), Trouble>) -> Result<(), SendError> {
        if answer.is_ok() && self.accepted_after.is_none() {
            self.accepted_after = Some(self.started.elapsed());
        }
        if let Some(latest) = self.latest.get_mut(index) {
            *latest = Some(answer);
        }
        if self.accepted_after.is_some() {
            return Ok(());
        }
        let troubles: Option<Vec<Trouble>> = self.latest.iter().map(|latest| latest.clone()?.err()).collect();
        troubles.map_or(Ok(()), |troubles| Err(refusal(troubles)))
    }

    async fn outcome<E, F>(
        &self,
        transaction: &Transaction,
        effect: &E,
    ) -> Result<Option<(Outcome, Option<Signature>)>, SendError>
    where
        E: Fn() -> F,
        F: Future<Output = bool>,
    {
        if effect().await {
            return Ok(Some((Outcome::EffectSeen, None)));
        }
        let Some(status) = self.sender.endpoints.status(&self.signatures).await else {
            return Ok(None);
        };
        let Some(error) = status.error else {
            let outcome = Outcome::Landed { slot: status.slot };
            return Ok(Some((outcome, Some(status.signature))));
        };
        // It failed because somebody else was first: then that is what counts.
        if effect().await {
            return Ok(Some((Outcome::EffectSeen, None)));
        }
        // A validator puts no transaction into a block that cannot pay; Surfnet does.
        if cannot_pay(&error)
            && let Some(shortage) = self.shortage(transaction).await
        {
            return Err(shortage);
        }
        Err(SendError::Failed { signature: status.signature, slot: status.slot, error })
    }

    /// Once a round, and never before the first: an alarm waits for nothing.
    async fn expired(&self, blockhash: Blockhash, rounds: u32) -> bool {
        rounds > 0
            && self
                .sender
                .endpoints
                .block_height()
                .await
                .is_some_and(|height| height > blockhash.last_valid_height)
    }

    /// A node takes a transaction that nobody can pay for, and it vanishes; so the reason has to be looked for.
    async fn require_funds(&self, transaction: &Transaction) -> Result<(), SendError> {
        let Some(shortage) = self.shortage(transaction).await else {
            return Ok(());
        };
        // Landed in the meantime, it may have spent the last of it.
        match self.sender.endpoints.status(&self.signatures).await {
            Some(_) => Ok(()),
            None => Err(shortage),
        }
    }

    async fn shortage(&self, transaction: &Transaction) -> Option<SendError> {
        let payer = *transaction.message.account_keys.first()?;
        let signers = u64::from(transaction.message.header.num_required_signatures);
        let needed = signers * LAMPORTS_PER_SIGNATURE + EMPTY_ACCOUNT_RENT;
        let lamports = self.sender.endpoints.balance(&payer).await?;
        (lamports < needed).then_some(SendError::Unfunded { payer, lamports, needed })
    }

    fn not_landed(&self, signature: Signature) -> SendError {
        SendError::NotLanded { signature, rounds: self.rounds, after: self.started.elapsed() }
    }

    fn delivery(&self, (outcome, landed): (Outcome, Option<Signature>), last: Signature) -> Delivery {
        Delivery {
            outcome,
            signature: landed.unwrap_or(last),
            accepted_after: self.accepted_after,
            rounds: self.rounds,
            signatures: u32::try_from(self.signatures.len()).unwrap_or(u32::MAX),
        }
    }
}

fn cannot_pay(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::AccountNotFound
            | TransactionError::InsufficientFundsForFee
            | TransactionError::InsufficientFundsForRent { .. }
    )
}

/// One endpoint that declined is not down: that is the better reason to give.
fn refusal(troubles: Vec<Trouble>) -> SendError {
    let declined = troubles.iter().any(|t| matches!(t, Trouble::Declined(_)));
    let texts = troubles.into_iter().map(Trouble::into_text).collect();
    match declined {
        true => SendError::Declined(texts),
        false => SendError::Unreachable(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> Trouble {
        Trouble::Down("a: refused".into())
    }

    fn declined() -> Trouble {
        Trouble::Declined("b: bad".into())
    }

    fn sender(endpoints: usize) -> Sender {
        let urls = (0..endpoints).map(|n| format!("http://127.0.0.1:{}", n + 1));
        Sender::new(urls, Effort::default()).expect("endpoints")
    }

    fn act(sender: &Sender) -> Act<'_> {
        Act {
            sender,
            started: Instant::now(),
            signatures: Vec::new(),
            rounds: 0,
            accepted_after: None,
            latest: vec![None; sender.endpoints.len()],
        }
    }

    #[test]
    fn no_endpoint_is_an_error_that_a_retry_does_not_mend() {
        let error = Sender::new([], Effort::default()).err().expect("nobody to send to");
        assert!(matches!(error, SendError::NoEndpoint));
        assert!(!error.retry_can_help());
    }

    #[test]
    fn one_living_endpoint_is_enough() {
        let sender = sender(3);
        let mut act = act(&sender);
        assert!(act.answered(0, Err(down())).is_ok());
        assert!(act.answered(1, Ok(())).is_ok());
        assert!(act.accepted_after.is_some());
        assert!(act.answered(2, Err(declined())).is_ok());
        assert!(act.answered(1, Err(down())).is_ok(), "it was taken once");
    }

    #[test]
    fn all_down_may_be_tried_again_and_a_refusal_not() {
        let sender = sender(2);
        let mut act_down = act(&sender);
        assert!(act_down.answered(0, Err(down())).is_ok());
        let error = act_down.answered(1, Err(down())).expect_err("nobody is left");
        assert!(matches!(&error, SendError::Unreachable(texts) if texts.len() == 2));
        assert!(error.retry_can_help());

        let mut act_declined = act(&sender);
        assert!(act_declined.answered(0, Err(down())).is_ok());
        let error = act_declined.answered(1, Err(declined())).expect_err("nobody is left");
        assert!(matches!(error, SendError::Declined(_)));
        assert!(!error.retry_can_help());
    }
}
