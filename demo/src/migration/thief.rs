//! The thief: what he takes, what he has waiting in the safe, and what he tries when the money is there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use firebreak_chain::send;
use firebreak_client::{
    Refusal,
    instruction::{self as breaker, Migrate, Payout},
    interface::{
        BreakerError, GateError, pda,
        state::{Held, ReleaseOrder, RouteSettings},
    },
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::{task::JoinHandle, time::sleep};

use super::queue;
use crate::{
    attacker,
    error::{DemoError, Trying},
    stage::{COIN, DOLLAR, Person, Stage},
    watch::View,
};

/// Below this share of the vault what passes at once is not worth its fee to him.
const DUST: u64 = 1_000;
/// What is too much to pass he asks for in this share of the vault at a time.
const BITE: u64 = 20;
/// Refusals in a row after which he gives up.
const PATIENCE: u32 = 4;

/// What he did.
#[derive(Clone, Debug)]
pub(super) struct Theft {
    /// When his first transaction went out.
    pub(super) began: Instant,
    /// The slot that took it.
    pub(super) slot: u64,
    /// What waits in the safe in his name.
    pub(super) waits: Vec<Held>,
    /// How many of his transactions the gate refused.
    pub(super) refused: u64,
}

/// A theft under way.
pub(super) struct Thief(JoinHandle<Result<Theft, DemoError>>);

impl Thief {
    /// He begins.
    pub(super) fn start(stage: Arc<Stage>, slot: Duration) -> Self {
        Self(tokio::spawn(async move { steal(&stage, slot).await }))
    }

    /// He gives up by himself, once nothing passes any more.
    pub(super) async fn gives_up(self) -> Result<Theft, DemoError> {
        self.0.await?
    }
}

/// A withdrawal that pays more than was deposited: exactly what passes at once while that is worth anything, and then what
/// waits in the safe in his name, until neither passes any more.
async fn steal(stage: &Stage, slot: Duration) -> Result<Theft, DemoError> {
    let (rpc, thief, began) = (stage.rpc(), &stage.attacker, Instant::now());
    let (mut first, mut waits, mut refused, mut in_a_row) = (None, Vec::new(), 0, 0);
    for nonce in 0.. {
        let view = View::read(&rpc, &stage.watched()).await?;
        let (whole, passes) = (view.vault.amount, attacker::passes_soon(&view));
        let amount = if passes > whole / DUST { passes } else { (whole / BITE).max(1) };
        let withdraw = queue::ask(stage, &rpc, thief, amount, nonce).await?;
        let landed = send::send(&rpc, &thief.key, &[], &withdraw).await.trying("a malicious transaction")?;
        first.get_or_insert(landed.slot);
        match landed.error.as_ref().map(Refusal::of) {
            None => {
                in_a_row = 0;
                waits.extend(queue::waiting(stage, &rpc, &thief.address(), nonce).await?);
            }
            Some(Some((_, Refusal::Gate(GateError::Closed)))) => {
                (refused, in_a_row) = (refused + 1, in_a_row + 1)
            }
            // what does not pass for another reason is no protection, and he tries again
            Some(_) => in_a_row += 1,
        }
        if in_a_row == PATIENCE {
            break;
        }
        sleep(slot).await;
    }
    Ok(Theft { began, slot: first.ok_or(DemoError::NoAttack)?, waits, refused })
}

/// Something that he tries, and which rule has to refuse it.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What.
    pub what: &'static str,
    /// The rule that refuses it.
    pub rule: BreakerError,
    /// What became of it.
    pub answer: Answer,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It went through.
    Passed,
    /// This rule refused it.
    Refused(BreakerError),
    /// It failed in another way.
    Failed(String),
}

impl Tried {
    /// Whether the rule that has to refuse it did.
    pub fn is_refused(&self) -> bool {
        self.answer == Answer::Refused(self.rule)
    }
}

/// What he would do with the safes, and whose key signs it.
type Plan<'a> = (&'static str, BreakerError, Vec<Instruction>, &'a Keypair);

/// What he tries while guardians have said nothing yet of what waits: by himself, and with the authority's key, which he has
/// stolen.
pub(super) async fn tries_first(
    stage: &Stage,
    authority: &Keypair,
    own: u64,
) -> Result<Vec<Tried>, DemoError> {
    let thief = &stage.attacker;
    let (mint, purse, vault) = (stage.mints[DOLLAR], thief.purses[DOLLAR], stage.vault(DOLLAR));
    let (protocol, market, key) = (stage.venue.protocol, stage.venue.market, authority.pubkey());
    let segment = stage.segment(&stage.rpc()).await?;
    let mut elsewhere = stage.venue.migrate_vault(mint, segment);
    let tokens = pda::safe_tokens(&pda::safe(&market, &mint).0).0;
    for account in elsewhere.accounts.iter_mut().filter(|account| account.pubkey == tokens) {
        account.pubkey = purse;
    }
    let to_himself = RouteSettings { destination: purse, ..RouteSettings::starting() };
    let plans: [Plan<'_>; 3] = [
        ("moves a vault to his own account", BreakerError::WrongSafe, vec![elsewhere], &thief.key),
        (
            "has what waits in his own name paid",
            BreakerError::HeldFlagged,
            vec![breaker::claim_held(protocol, &to_his_purse(stage, thief.address()), own, segment)],
            &thief.key,
        ),
        (
            "with the authority's key, gives a vault's route his account as destination",
            BreakerError::RegistrationClosed,
            vec![breaker::register_route(key, key, (protocol, market), (vault, mint), &to_himself, segment)],
            authority,
        ),
    ];
    tries(stage, plans).await
}

/// What he tries once guardians let users be paid.
pub(super) async fn tries_then(
    stage: &Stage,
    (user, nonce): (&Person, u64),
) -> Result<Vec<Tried>, DemoError> {
    let segment = stage.segment(&stage.rpc()).await?;
    let to = to_his_purse(stage, user.address());
    let claim = breaker::claim_held(stage.venue.protocol, &to, nonce, segment);
    let what = "has a user's withdrawal paid to himself";
    tries(stage, [(what, BreakerError::WrongPayee, vec![claim], &stage.attacker.key)]).await
}

/// What he tries with the authority's key once guardians agreed on the release of the coins, and it waits.
pub(super) async fn tries_release(
    stage: &Stage,
    authority: &Keypair,
    proposal: Pubkey,
    order: &ReleaseOrder,
) -> Result<Vec<Tried>, DemoError> {
    let (key, segment) = (authority.pubkey(), stage.segment(&stage.rpc()).await?);
    let scope = (stage.venue.protocol, stage.venue.market, stage.mints[COIN]);
    let begin = breaker::begin_release(proposal, Some(key), scope, order, segment);
    let what = "with the authority's key, begins a release before its time";
    tries(stage, [(what, BreakerError::ProposalNotRipe, vec![begin], authority)]).await
}

/// What he tries once the release of the dollars began, whose bug is not mended: more of it at once than a quarter.
pub(super) async fn tries_two_steps(stage: &Stage) -> Result<Vec<Tried>, DemoError> {
    let (mint, vault, segment) =
        (stage.mints[DOLLAR], stage.vault(DOLLAR), stage.segment(&stage.rpc()).await?);
    let of = Migrate {
        market: stage.venue.market,
        vault,
        owner: None,
        mint,
        token_program: spl_token_interface::id(),
    };
    let step = breaker::release(stage.venue.protocol, &of, vault, segment);
    let what = "takes two steps of a release at once";
    let both = vec![step.clone(), step];
    tries(stage, [(what, BreakerError::ReleaseNotDue, both, &stage.attacker.key)]).await
}

/// A claim of somebody's, as the published list has it.
pub(super) struct Listed {
    pub(super) epoch: u64,
    pub(super) index: u64,
    pub(super) owner: Pubkey,
    pub(super) amount: u64,
    pub(super) proof: Vec<[u8; 32]>,
}

impl Listed {
    fn claim(&self, stage: &Stage, owner: Pubkey, to: Pubkey, segment: Option<u32>) -> Instruction {
        let of = (self.epoch, self.index, self.amount);
        let payout = Payout { owner, to, ..to_his_purse(stage, owner) };
        let payer = stage.attacker.address();
        breaker::claim(payer, stage.venue.protocol, &payout, of, &self.proof, segment)
    }
}

/// What he tries with a user's claim of dollars while it is open.
pub(super) async fn tries_claim(stage: &Stage, listed: &Listed) -> Result<Vec<Tried>, DemoError> {
    let (thief, segment) = (&stage.attacker, stage.segment(&stage.rpc()).await?);
    let purse = thief.purses[DOLLAR];
    let plans = [
        (
            "has a user's claim paid to himself",
            BreakerError::WrongPayee,
            vec![listed.claim(stage, listed.owner, purse, segment)],
            &thief.key,
        ),
        (
            "claims as much in his own name, with a user's proof",
            BreakerError::WrongClaim,
            vec![listed.claim(stage, thief.address(), purse, segment)],
            &thief.key,
        ),
    ];
    tries(stage, plans).await
}

/// What he tries once it was paid.
pub(super) async fn tries_claim_again(
    stage: &Stage,
    listed: &Listed,
    to: Pubkey,
) -> Result<Vec<Tried>, DemoError> {
    let claim = listed.claim(stage, listed.owner, to, stage.segment(&stage.rpc()).await?);
    let what = "has a claim paid a second time, to drain the safe";
    tries(stage, [(what, BreakerError::AlreadyClaimed, vec![claim], &stage.attacker.key)]).await
}

/// What waits in this owner's name is to go to the thief.
fn to_his_purse(stage: &Stage, owner: Pubkey) -> Payout {
    Payout {
        market: stage.venue.market,
        mint: stage.mints[DOLLAR],
        token_program: spl_token_interface::id(),
        owner,
        owner_signs: false,
        to: stage.attacker.purses[DOLLAR],
    }
}

async fn tries<const N: usize>(stage: &Stage, plans: [Plan<'_>; N]) -> Result<Vec<Tried>, DemoError> {
    let (rpc, mut tried) = (stage.rpc(), Vec::new());
    for (what, rule, mut instructions, signer) in plans {
        instructions.insert(0, stage.serial());
        let sent = send::send(&rpc, signer, &[], &instructions).await;
        let answer = match sent.trying("what the thief tries")?.error {
            None => Answer::Passed,
            Some(error) => match Refusal::of(&error).and_then(|(_, refusal)| refusal.breaker()) {
                Some(rule) => Answer::Refused(rule),
                None => Answer::Failed(error.to_string()),
            },
        };
        tried.push(Tried { what, rule, answer });
    }
    Ok(tried)
}
