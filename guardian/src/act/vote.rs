//! A guardian's word for a proposal, or against it. What it does is read first.

use firebreak_client::instruction;
use firebreak_interface::state::{Members, Proposal, Status};
use solana_pubkey::Pubkey;

use super::{Actor, Plan, named::Found};
use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
    votes::Votes,
    words,
};

/// Guardians approve a proposal, here and now.
///
/// # Errors
/// [`Error::WrongKey`], [`Error::NotFound`] where it is over, [`Error::Usage`] where they have approved it.
pub async fn approve(
    node: &Node,
    snapshot: &Snapshot,
    actor: &Actor,
    Found { key, proposal, name }: Found,
) -> Result<Plan, Error> {
    actor.check_guardians(snapshot)?;
    check_waits(&proposal, &name, snapshot)?;
    let votes = Votes::of(&proposal, snapshot);
    let signers = speaking(actor, snapshot, proposal.approvals(&snapshot.protocol), ("approved", &name))?;
    let stamp = node.stamp(proposal.proposed_at.slot).await?;
    let (protocol, segment) = (snapshot.addresses.protocol, snapshot.segment());
    let missing = votes.missing().saturating_sub(signers.len());
    let mut says = match votes.needed {
        Some(0) => vec!["decides nothing: the delay and the veto bind this act, and no approval".to_owned()],
        _ if missing > 0 => vec![format!("after this {missing} more must approve it")],
        _ => {
            let act = proposal.read_act().map(|(_, act)| act);
            vec![format!("after this it has all it takes: {}", content::done_by(act.as_ref(), &name))]
        }
    };
    says.push(
        "takes effect: in the slot in which it lands; it cannot be taken back; what waits can be vetoed"
            .to_owned(),
    );
    Ok(Plan {
        title: format!("approve proposal {name}"),
        content: read(&proposal, &name, &votes, snapshot),
        instructions: vec![instruction::approve(&signers, protocol, key, &stamp, segment)],
        says,
        nonce: None,
    })
}

/// Guardians speak against a proposal.
///
/// # Errors
/// As [`approve`]; [`Error::Usage`] also where it waits for nobody.
pub fn veto(
    snapshot: &Snapshot,
    actor: &Actor,
    Found { key, proposal, name }: Found,
    nonce: Option<Pubkey>,
) -> Result<Plan, Error> {
    actor.check_guardians(snapshot)?;
    check_waits(&proposal, &name, snapshot)?;
    let votes = Votes::of(&proposal, snapshot);
    let against = proposal.ballot.of(snapshot.protocol.membership_epoch).vetoed;
    let Some(needed) = votes.needed_against else {
        return Err(Error::usage(format!(
            "proposal {name} waits for nobody, so that nobody holds it off: who is against it does not approve it"
        )));
    };
    let signers = speaking(actor, snapshot, against, ("spoken against", &name))?;
    let (protocol, segment) = (snapshot.addresses.protocol, snapshot.segment());
    let missing = usize::from(needed).saturating_sub(votes.against.len() + signers.len());
    let mut says = match missing {
        0 => vec!["after this it is over, and nobody executes it".to_owned()],
        missing => vec![format!(
            "after this {missing} more must speak against it before {}; until then it goes on",
            words::moment(proposal.ripe_at.unix)
        )],
    };
    says.push("takes effect: in the slot in which it lands; it cannot be taken back".to_owned());
    says.push(
        "cannot: keep the authority from proposing the same once more, with twice the delay".to_owned(),
    );
    Ok(Plan {
        title: format!("veto proposal {name}"),
        content: read(&proposal, &name, &votes, snapshot),
        instructions: vec![instruction::veto(&signers, protocol, key, segment)],
        says,
        nonce,
    })
}

/// What a guardian reads before it speaks.
fn read(proposal: &Proposal, name: &str, votes: &Votes, snapshot: &Snapshot) -> Vec<String> {
    let by = if proposal.by_guardian == 0 { "the authority" } else { "guardian" };
    let mut lines = vec![format!("proposal {name}, by {by} {}:", proposal.authority)];
    let content = content::lines(proposal, snapshot).into_iter().chain(votes.lines());
    lines.extend(content.map(|line| format!("  {line}")));
    lines.push(format!("  {}", content::standing(proposal, snapshot)));
    lines
}

/// Refuses what is over: a vote would be refused, or for nothing.
fn check_waits(proposal: &Proposal, name: &str, snapshot: &Snapshot) -> Result<(), Error> {
    let is_over = proposal.status() != Some(Status::Pending)
        || proposal.expires_at.reached(snapshot.now)
        || content::is_void(proposal, snapshot);
    if is_over {
        let standing = content::standing(proposal, snapshot);
        return Err(Error::not_found(format!("proposal {name} does not wait any longer: {standing}")));
    }
    Ok(())
}

/// Those who sign, none of whom has spoken so yet.
fn speaking(
    actor: &Actor,
    snapshot: &Snapshot,
    spoken: Members,
    (how, name): (&str, &str),
) -> Result<Vec<Pubkey>, Error> {
    let has_spoken = |key: &&Pubkey| snapshot.protocol.members([*key]).is_ok_and(|place| place & spoken != 0);
    let repeated: Vec<_> = actor.signers().iter().filter(has_spoken).map(ToString::to_string).collect();
    if repeated.is_empty() {
        return Ok(actor.signers().to_vec());
    }
    Err(Error::usage(format!("{} has {how} proposal {name} already", repeated.join(", "))))
}
