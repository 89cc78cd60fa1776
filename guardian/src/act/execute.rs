//! Executing what has waited: the proposal takes the authority's place in the instruction that it is of.

use firebreak_client::instruction::{self, Governance, NewInvariant, NewLimiter};
use firebreak_interface::state::{Amendment, Proposal, Proposed, Status, VaultState};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{Plan, amend};
use crate::{
    chain::{Node, Snapshot},
    content,
    error::Error,
};

/// The execution of a proposal by whoever pays.
///
/// # Errors
/// [`Error::NotFound`] where it is over or void, [`Error::Usage`] where it is not ripe.
pub async fn plan(node: &Node, snapshot: &Snapshot, payer: Pubkey, number: u64) -> Result<Plan, Error> {
    let (key, proposal) = find(node, snapshot, number).await?;
    let standing = content::standing(&proposal, snapshot);
    let is_pending = proposal.status() == Some(Status::Pending)
        && proposal.authority_epoch == snapshot.protocol.authority_epoch
        && !proposal.expires_at.reached(snapshot.now);
    if !is_pending {
        return Err(Error::not_found(format!("proposal {number} cannot be executed: {standing}")));
    }
    let read = proposal.read_content();
    let (accounts, proposed) =
        read.ok_or_else(|| Error::not_found("the proposal is of a newer program: upgrade this tool"))?;
    let instruction = instruction(node, snapshot, payer, key, &proposed, &accounts).await?;
    let mut says = content::of(&proposed, &accounts, snapshot);
    says.push(format!("proposal {number}: {standing}"));
    says.push("takes effect: in the slot in which it lands".to_owned());
    Ok(Plan {
        title: format!("execute proposal {number}"),
        instructions: vec![instruction],
        says,
        nonce: None,
    })
}

/// A proposal, whatever became of it.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn find(node: &Node, snapshot: &Snapshot, number: u64) -> Result<(Pubkey, Box<Proposal>), Error> {
    let next = snapshot.protocol.next_proposal;
    if number >= next {
        return Err(Error::not_found(format!("there is no proposal {number}: the next one will be {next}")));
    }
    let key = snapshot.addresses.proposal(number);
    Ok((key, node.one::<Proposal>("proposal", key).await?))
}

async fn instruction(
    node: &Node,
    snapshot: &Snapshot,
    payer: Pubkey,
    proposal: Pubkey,
    proposed: &Proposed,
    accounts: &[Pubkey],
) -> Result<Instruction, Error> {
    let (by, protocol, segment) =
        (Governance::Proposal(proposal), snapshot.addresses.protocol, snapshot.segment());
    let account = |place: usize| {
        let missing = || Error::not_found("the proposal names fewer accounts than its act has");
        accounts.get(place).copied().ok_or_else(missing)
    };
    Ok(match proposed {
        Proposed::Amend(amendment) => {
            let subject = account(0)?;
            let rest = amend::rest(snapshot, subject, amendment)?;
            let by = match amendment {
                Amendment::Authority(to) if *to == payer => {
                    Governance::Accepted { proposal, authority: payer }
                }
                Amendment::Authority(to) => {
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
    })
}

/// Taking a proposal back, or clearing it away once it is over.
///
/// # Errors
/// [`Error::NotFound`], [`Error::WrongKey`].
pub async fn cancel(node: &Node, snapshot: &Snapshot, by: Pubkey, number: u64) -> Result<Plan, Error> {
    let (key, proposal) = find(node, snapshot, number).await?;
    let standing = content::standing(&proposal, snapshot);
    if proposal.status() != Some(Status::Pending) {
        return Err(Error::not_found(format!("proposal {number} does not wait any longer: {standing}")));
    }
    let is_over = proposal.expires_at.reached(snapshot.now)
        || proposal.authority_epoch != snapshot.protocol.authority_epoch;
    let authority = snapshot.protocol.authority;
    if by != authority && !is_over {
        let remedy = format!("{authority} alone cancels what is neither expired nor void");
        return Err(Error::WrongKey { key: by, role: "the authority", remedy });
    }
    let protocol = snapshot.addresses.protocol;
    let mut says = content::lines(&proposal, snapshot);
    says.push(format!("proposal {number}: {standing}"));
    says.push("takes effect: in the slot in which it lands; its number is never used again".to_owned());
    Ok(Plan {
        title: format!("cancel proposal {number}"),
        instructions: vec![instruction::cancel(by, protocol, key, snapshot.segment())],
        says,
        nonce: None,
    })
}
