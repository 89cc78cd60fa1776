//! Executing what has waited: the proposal takes the authority's place in the instruction that it is of.

use firebreak_client::instruction::{self, Governance, NewInvariant, NewLimiter};
use firebreak_interface::state::{Amendment, Proposed, Status, VaultState};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{Actor, Plan, amend, named::Found, together};
use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
    votes::Votes,
    words,
};

/// The execution of a proposal by whoever pays.
///
/// # Errors
/// [`Error::NotFound`] where it is over or void, [`Error::Usage`] where it is not ripe.
pub async fn plan(node: &Node, snapshot: &Snapshot, actor: &Actor, found: Found) -> Result<Plan, Error> {
    if found.proposal.by_guardian != 0 {
        return together::execute(node, snapshot, actor, found).await;
    }
    actor.check_alone()?;
    let Found { key, proposal, name } = found;
    let standing = content::standing(&proposal, snapshot);
    let is_pending = proposal.status() == Some(Status::Pending)
        && !content::is_of_former_authority(&proposal, snapshot)
        && !proposal.expires_at.reached(snapshot.now);
    if !is_pending {
        return Err(Error::not_found(format!("proposal {name} cannot be executed: {standing}")));
    }
    let read = proposal.read_content();
    let (accounts, proposed) =
        read.ok_or_else(|| Error::not_found("the proposal is of a newer program: upgrade this tool"))?;
    let (payer, by) = (actor.address(), Governance::Proposal(key));
    let instruction = instruction(node, snapshot, payer, by, &proposed, &accounts).await?;
    let mut says = content::of(&proposed, &accounts, snapshot);
    if !matches!(proposed, Proposed::Amend(_)) {
        says.push(format!("the rent of what it creates is paid by {payer}"));
    }
    says.extend(Votes::of(&proposal, snapshot).lines());
    says.push(format!("proposal {name}: {standing}"));
    says.push("takes effect: in the slot in which it lands".to_owned());
    Ok(Plan {
        title: format!("execute proposal {name}"),
        instructions: vec![instruction],
        says,
        ..Plan::default()
    })
}

/// What does it, with this behind it.
pub(super) async fn instruction(
    node: &Node,
    snapshot: &Snapshot,
    payer: Pubkey,
    by: Governance,
    proposed: &Proposed,
    accounts: &[Pubkey],
) -> Result<Instruction, Error> {
    let (protocol, segment) = (snapshot.addresses.protocol, snapshot.segment());
    let account = |place: usize| {
        let missing = || Error::not_found("the proposal names fewer accounts than its act has");
        accounts.get(place).copied().ok_or_else(missing)
    };
    Ok(match proposed {
        Proposed::Amend(amendment) => {
            let subject = account(0)?;
            let rest = amend::rest(snapshot, subject, amendment)?;
            let by = match (amendment, by) {
                (Amendment::Authority(to), Governance::Proposal(proposal)) if *to == payer => {
                    Governance::Accepted { proposal, authority: payer }
                }
                (Amendment::Authority(to), _) => {
                    return Err(Error::WrongKey {
                        key: payer,
                        role: "the new authority",
                        remedy: format!("{to} accepts by signing the execution"),
                    });
                }
                _ => by,
            };
            instruction::amend(by, protocol, subject, (amendment, &rest), segment)
        }
        Proposed::CreateMarket { id, settings } => {
            instruction::create_market(payer, by, protocol, *id, settings, segment)
        }
        Proposed::RegisterLimiter { settings, mint_cap } => {
            let (market, vault) = (account(0)?, account(1)?);
            let found = node.accounts(&[vault]).await?.pop().flatten();
            let found = found.ok_or(Error::Missing { what: "vault", key: vault })?;
            let VaultState { mint, .. } = VaultState::read(&found.owner, &found.data);
            let new = NewLimiter { market, vault, mint, mint_cap: *mint_cap, settings };
            instruction::register_limiter(payer, by, protocol, &new, segment)
        }
        Proposed::RegisterKeeper(settings) => {
            instruction::register_keeper(payer, by, protocol, settings, segment)
        }
        Proposed::RegisterCoverage(rows) => {
            instruction::register_coverage(payer, by, protocol, rows, segment)
        }
        Proposed::RegisterBand { index, settings } => {
            instruction::register_band(payer, by, protocol, account(0)?, *index, settings, segment)
        }
        Proposed::RegisterInvariant { index, settings } => {
            let (market, terms) = (account(0)?, accounts.get(1..).unwrap_or_default());
            let new = NewInvariant { market, index: *index, settings, terms };
            instruction::register_invariant(payer, by, protocol, &new, segment)
        }
        Proposed::RegisterSafe => {
            let (market, mint) = (account(0)?, account(1)?);
            let found = node.accounts(&[mint]).await?.pop().flatten();
            let program = found.ok_or(Error::Missing { what: "mint", key: mint })?.owner;
            instruction::register_safe(payer, by, (protocol, market), (mint, program), segment)
        }
        Proposed::RegisterRoute(settings) => {
            let (market, vault) = (account(0)?, account(1)?);
            let found = node.accounts(&[vault]).await?.pop().flatten();
            let found = found.ok_or(Error::Missing { what: "vault", key: vault })?;
            let VaultState { mint, .. } = VaultState::read(&found.owner, &found.data);
            instruction::register_route(payer, by, (protocol, market), (vault, mint), settings, segment)
        }
    })
}

/// Taking a proposal back, or clearing it away once it is over.
///
/// # Errors
/// [`Error::NotFound`], [`Error::WrongKey`].
pub fn cancel(snapshot: &Snapshot, actor: &Actor, found: Found) -> Result<Plan, Error> {
    actor.check_alone()?;
    let Found { key, proposal, name } = found;
    let by = actor.address();
    let standing = content::standing(&proposal, snapshot);
    if proposal.status() != Some(Status::Pending) {
        return Err(Error::not_found(format!("proposal {name} does not wait any longer: {standing}")));
    }
    let is_over =
        proposal.expires_at.reached(snapshot.now) || content::is_of_former_authority(&proposal, snapshot);
    let authority = snapshot.protocol.authority;
    if !is_over && proposal.by_guardian != 0 {
        let until = words::moment(proposal.expires_at.unix);
        return Err(Error::usage(format!(
            "proposal {name} is a guardian's: it stays until it expires, {until}; one that waits can be vetoed"
        )));
    }
    if !is_over && by != authority {
        let remedy = format!("{authority} alone cancels what is neither expired nor void");
        return Err(Error::WrongKey { key: by, role: "the authority", remedy });
    }
    let protocol = snapshot.addresses.protocol;
    let mut says = content::lines(&proposal, snapshot);
    says.push(format!("proposal {name}: {standing}"));
    says.push("takes effect: in the slot in which it lands; its number is never used again".to_owned());
    Ok(Plan {
        title: format!("cancel proposal {name}"),
        instructions: vec![instruction::cancel(by, protocol, key, snapshot.segment())],
        says,
        ..Plan::default()
    })
}
