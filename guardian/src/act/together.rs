//! What guardians do together: they sign in one transaction, or one proposes it and the others approve.

use firebreak_client::instruction::{self, Behind, Stamp};
use firebreak_interface::{
    constants::{AUTHORITY_FREEZE, GUARDIAN_PROPOSAL_LIFE, PROPOSAL_LIFE, RELEASE_ALONE_AFTER},
    state::{ConfirmOrder, GuardianAct, ResumeOrder, Status},
};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use super::{
    Actor, Plan,
    latch::{self, Chosen},
    named::Found,
};
use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
    rules,
    votes::Votes,
    words,
};

/// How guardians do it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// One proposes it instead of all signing here.
    pub propose: bool,
    /// A durable nonce instead of a blockhash.
    pub nonce: Option<Pubkey>,
}

/// An act that is asked for.
pub struct Asked {
    title: String,
    act: GuardianAct,
    market: Option<Pubkey>,
    says: Vec<String>,
}

impl Asked {
    /// An act in a market.
    pub(super) fn of_market(title: String, act: GuardianAct, market: Pubkey, says: Vec<String>) -> Self {
        Self { title, act, market: Some(market), says }
    }
}

/// A latch is to hold for so long from now.
///
/// # Errors
/// [`Error::Usage`] where it would hold no longer than it does, or longer than it may.
pub fn confirm(snapshot: &Snapshot, chosen: &Chosen, seconds: u32) -> Result<Asked, Error> {
    let Chosen { market, scope, id, latch } = chosen;
    let now = snapshot.now.unix;
    let least = latch.until.unix.saturating_sub(now).max(0);
    let end = id.since.unix.saturating_add(latch::most(id.severity).into());
    if !(least + 1..=end.saturating_sub(now)).contains(&i64::from(seconds)) {
        return Err(Error::usage(format!(
            "{} can be made to hold for more than {} and at most {} from now: {:?} lasts {} from its beginning",
            latch::in_words(id, latch, snapshot),
            words::exact(least.unsigned_abs()),
            words::exact(end.saturating_sub(now).max(0).unsigned_abs()),
            id.severity,
            words::duration(latch::most(id.severity).into()),
        )));
    }
    let until = now.saturating_add(seconds.into());
    Ok(Asked {
        title: format!("confirm in {}", latch::scope_name(scope, snapshot)),
        act: GuardianAct::Confirm(ConfirmOrder { latch: *id, seconds }),
        market: *market,
        says: vec![format!("ends by itself: {}, then in steps", words::moment(until))],
    })
}

/// A latch is to be cleared early.
pub fn resume(snapshot: &Snapshot, chosen: &Chosen) -> Asked {
    let Chosen { market, scope, id, latch } = chosen;
    let dwell = snapshot.markets.iter().find(|(key, _)| key == scope).map(|(_, market)| market.dwell);
    let dwell = words::duration(dwell.unwrap_or(firebreak_interface::constants::DWELL_MIN).into());
    Asked {
        title: format!("resume {}", latch::scope_name(scope, snapshot)),
        act: GuardianAct::Resume(ResumeOrder { latch: *id, count: latch.count, rules: latch.rules }),
        market: *market,
        says: vec![
            format!("the way down: a step at a time, {dwell} each; what else holds goes on holding"),
            "voids every pause that was signed in advance".to_owned(),
        ],
    }
}

/// The authority is to be frozen.
///
/// # Errors
/// [`Error::Usage`] where it is.
pub fn freeze(snapshot: &Snapshot) -> Result<Asked, Error> {
    let protocol = &snapshot.protocol;
    if !protocol.frozen_until.reached(snapshot.now) {
        let until = words::moment(protocol.frozen_until.unix);
        return Err(Error::usage(format!("the authority is frozen until {until}: again only after that")));
    }
    Ok(Asked {
        title: format!("freeze the authority {}", protocol.authority),
        act: GuardianAct::FreezeAuthority { authority_epoch: protocol.authority_epoch },
        market: None,
        says: vec![
            format!("ends by itself after {}", words::duration(AUTHORITY_FREEZE)),
            "cannot: take the key from anybody, nor keep it from tightening".to_owned(),
        ],
    })
}

/// Planned work in a market.
///
/// # Errors
/// [`Error::NotFound`].
pub fn maintenance(snapshot: &Snapshot, market: u64, seconds: u32) -> Result<Asked, Error> {
    let key = snapshot.market(market)?.0;
    Ok(Asked {
        title: format!("announce maintenance of market {market}"),
        act: GuardianAct::Maintenance { seconds },
        market: Some(key),
        says: vec!["cannot: quiet a limiter, a band, an invariant, a poke or a guardian".to_owned()],
    })
}

/// Does it, or proposes it.
///
/// # Errors
/// [`Error::WrongKey`], [`Error::Usage`] where too few sign, [`Error::NotFound`] where a rule is not shown.
pub async fn plan(
    node: &Node,
    snapshot: &Snapshot,
    actor: &Actor,
    asked: Asked,
    way: Way,
) -> Result<Plan, Error> {
    actor.check_guardians(snapshot)?;
    asked.act.check().map_err(|rule| Error::usage(format!("{} ({})", rule.text(), rule.name())))?;
    let scope = asked.market.unwrap_or(snapshot.addresses.protocol);
    let content = content::of_act(&asked.act, &scope, snapshot);
    let needed = needed(&asked.act, snapshot)?;
    if way.propose {
        return propose(node, snapshot, actor, asked, content, needed).await;
    }
    let signers = actor.signers();
    if signers.len() < usize::from(needed) {
        return Err(Error::usage(format!(
            "this takes {needed} guardians, and {} would sign: name more with --keypair, or --with where the key is elsewhere; or --propose it, and each signs alone",
            signers.len()
        )));
    }
    let act = &asked.act;
    let stamp = stamp_for(node, act, signers).await?;
    let shown = shown(snapshot, act, &scope)?;
    let behind = Behind::signers(signers);
    let instruction = instruction(snapshot, behind, asked.market, act, (&shown, stamp.as_ref()))?;
    let mut says = vec!["takes effect: in the slot in which it lands".to_owned()];
    says.extend(asked.says);
    Ok(Plan { title: asked.title, content, instructions: vec![instruction], says, nonce: way.nonce })
}

async fn propose(
    node: &Node,
    snapshot: &Snapshot,
    actor: &Actor,
    asked: Asked,
    content: Vec<String>,
    needed: u8,
) -> Result<Plan, Error> {
    actor.check_alone()?;
    let guardian = actor.address();
    let number = free_number(node, snapshot, &guardian).await?;
    let name = content::number_of_guardian(&guardian, number, snapshot);
    let stamp = node.stamp(0).await?;
    let scope = (snapshot.addresses.protocol, asked.market);
    let instruction =
        instruction::propose_as_guardian(guardian, scope, number, &asked.act, &stamp, snapshot.segment());
    let wait = asked.act.policy().wait.seconds(snapshot.protocol.loosening_delay);
    let life = match asked.act {
        _ if wait == 0 => GUARDIAN_PROPOSAL_LIFE,
        GuardianAct::Release(_) => RELEASE_ALONE_AFTER + PROPOSAL_LIFE,
        _ => PROPOSAL_LIFE,
    };
    let ripe = snapshot.now.unix.saturating_add(wait.into());
    let done_by = content::done_by(Some(&asked.act), &name);
    let mut says = match needed.saturating_sub(1) {
        0 => vec![format!("approved by whom it takes: {done_by}")],
        more => vec![format!("{more} more must approve it, each with `approve {name}`")],
    };
    says.push(match wait {
        0 => format!("takes effect: when {done_by} with those approvals"),
        wait => format!(
            "takes effect: not before {}, {} from now, when {done_by} with those approvals",
            words::moment(ripe),
            words::duration(wait.into())
        ),
    });
    let expires = ripe.saturating_add(i64::try_from(life).unwrap_or(i64::MAX));
    says.push(format!("expires: {}", words::moment(expires)));
    says.extend(asked.says);
    Ok(Plan {
        title: format!("propose, as number {name}: {}", asked.title),
        content,
        instructions: vec![instruction],
        says,
        nonce: None,
    })
}

/// Executes a guardian's proposal: with the approvals that it has, and with who signs where these are too few.
///
/// # Errors
/// [`Error::NotFound`] where it is over or a rule is not shown, [`Error::Rpc`].
pub async fn execute(
    node: &Node,
    snapshot: &Snapshot,
    actor: &Actor,
    Found { key, proposal, name }: Found,
) -> Result<Plan, Error> {
    let standing = content::standing(&proposal, snapshot);
    let is_pending = proposal.status() == Some(Status::Pending) && !proposal.expires_at.reached(snapshot.now);
    if !is_pending {
        return Err(Error::not_found(format!("proposal {name} cannot be executed: {standing}")));
    }
    let read = proposal.read_act();
    let (scope, act) =
        read.ok_or_else(|| Error::not_found("the proposal is of a newer program: upgrade this tool"))?;
    let votes = Votes::of(&proposal, snapshot);
    let approved = proposal.approvals(&snapshot.protocol);
    let has_not =
        |key: &&Pubkey| snapshot.protocol.members([*key]).is_ok_and(|member| member & approved == 0);
    let signers: Vec<Pubkey> = match votes.missing() {
        0 => Vec::new(),
        _ => actor.signers().iter().filter(has_not).copied().collect(),
    };
    let stamp = stamp_for(node, &act, &signers).await?;
    let shown = shown(snapshot, &act, &scope)?;
    let market = (scope != snapshot.addresses.protocol).then_some(scope);
    let behind = Behind { signers: &signers, proposal: Some(key) };
    let instruction = instruction(snapshot, behind, market, &act, (&shown, stamp.as_ref()))?;
    let mut content = content::of_act(&act, &scope, snapshot);
    content.extend(votes.lines());
    let mut says = vec![format!("proposal {name}: {standing}")];
    if !signers.is_empty() {
        let signers: Vec<_> = signers.iter().map(ToString::to_string).collect();
        says.push(format!("signing it here stands for the approval of {}", signers.join(", ")));
    }
    says.push("takes effect: in the slot in which it lands".to_owned());
    Ok(Plan {
        title: format!("execute proposal {name}"),
        content,
        instructions: vec![instruction],
        says,
        nonce: None,
    })
}

/// Guardians that an act takes.
fn needed(act: &GuardianAct, snapshot: &Snapshot) -> Result<u8, Error> {
    let thresholds = snapshot.protocol.thresholds();
    let thresholds = thresholds.map_err(|rule| Error::usage(format!("{} ({})", rule.text(), rule.name())))?;
    Ok(act.policy().votes.of(&thresholds, snapshot.protocol.guardian_count))
}

/// A clearing and a decision are signed now; what only holds or closes may be signed in advance.
async fn stamp_for(node: &Node, act: &GuardianAct, signers: &[Pubkey]) -> Result<Option<Stamp>, Error> {
    match act {
        GuardianAct::Resume(_) | GuardianAct::DecideHeld { .. } if !signers.is_empty() => {
            node.stamp(0).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// What shows the rules that a latch stands for now.
fn shown(snapshot: &Snapshot, act: &GuardianAct, scope: &Pubkey) -> Result<Vec<AccountMeta>, Error> {
    let GuardianAct::Resume(order) = act else {
        return Ok(Vec::new());
    };
    let live = latch::board(snapshot, scope).named(&order.latch, snapshot.now);
    let live = live.map_err(|rule| {
        let name = latch::name(&order.latch);
        Error::not_found(format!("{name}, is not what holds: {} ({})", rule.text(), rule.name()))
    })?;
    let mut shown = Vec::new();
    for rule in rules::of(snapshot, scope, order.latch.source, live.rules) {
        let accounts = rule.shown.ok_or_else(|| Error::not_found(rule.name))?;
        shown.extend(accounts);
    }
    Ok(shown)
}

fn instruction(
    snapshot: &Snapshot,
    behind: Behind,
    market: Option<Pubkey>,
    act: &GuardianAct,
    (shown, stamp): (&[AccountMeta], Option<&Stamp>),
) -> Result<Instruction, Error> {
    let (protocol, segment) = (snapshot.addresses.protocol, snapshot.segment());
    let scope = (protocol, market);
    Ok(match act {
        GuardianAct::Confirm(order) => instruction::confirm(behind, scope, order, segment),
        GuardianAct::Resume(order) => instruction::resume(behind, scope, (order, stamp), shown, segment),
        GuardianAct::FreezeAuthority { authority_epoch } => {
            instruction::freeze_authority(behind, protocol, *authority_epoch, segment)
        }
        GuardianAct::Maintenance { seconds } => {
            let (Some(proposal), Some(market)) = (behind.proposal, market) else {
                return Err(Error::usage(
                    "maintenance is of one market, and begins by a proposal that waited",
                ));
            };
            instruction::announce_maintenance(proposal, protocol, market, *seconds, segment)
        }
        of_money => {
            let market = market.ok_or_else(|| Error::usage("money is of one market"))?;
            return money(behind, (protocol, market), of_money, stamp, segment);
        }
    })
}

/// What guardians do with the money of a market.
fn money(
    behind: Behind,
    scope: (Pubkey, Pubkey),
    act: &GuardianAct,
    stamp: Option<&Stamp>,
    segment: Option<u32>,
) -> Result<Instruction, Error> {
    Ok(match act {
        GuardianAct::Migrate(order) => instruction::order_migration(behind, scope, order, segment),
        GuardianAct::FlagHeld(range) => instruction::flag_held(behind, scope, range, segment),
        GuardianAct::DecideHeld { range, pay } => {
            instruction::decide_held(behind, scope, (range, *pay, stamp), segment)
        }
        _ => {
            return Err(Error::usage(
                "guardians propose this, and the authority signs it too: `release begin`, `claims open`",
            ));
        }
    })
}

/// The first number that this guardian has not used.
async fn free_number(node: &Node, snapshot: &Snapshot, guardian: &Pubkey) -> Result<u64, Error> {
    /// Numbers of one look.
    const LOOK: u64 = 32;
    let mut first = 0;
    loop {
        let numbers = first..first + LOOK;
        let keys: Vec<_> =
            numbers.clone().map(|number| snapshot.addresses.guardian_proposal(guardian, number)).collect();
        let accounts = node.accounts(&keys).await?;
        // somebody may have sent lamports there: that takes no number
        let is_free = |account: &Option<solana_account::Account>| {
            account.as_ref().is_none_or(|account| account.owner != firebreak_interface::ID)
        };
        if let Some((number, _)) = numbers.zip(&accounts).find(|(_, account)| is_free(account)) {
            return Ok(number);
        }
        first += LOOK;
    }
}
