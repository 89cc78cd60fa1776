//! Proposals: what loosens, and waits where everybody can read it.

use firebreak_client::instruction;
use firebreak_interface::{
    constants::PROPOSAL_LIFE,
    policy::{REGISTER, Votes},
    state::{Amendment, Path, Proposed, Status},
};
use solana_pubkey::Pubkey;

use super::{
    Plan,
    amend::Subject,
    members::{self, Member},
    named::Found,
};
use crate::{chain::Snapshot, content, error::Error, words};

/// What is proposed of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Settings, as `name=value`.
    Set(Vec<String>),
    /// Other guardians or thresholds.
    Guardians(Vec<Member>),
    /// Anything else.
    Amend(Amendment),
}

/// A proposal of the authority; where it names one that was vetoed, once more.
///
/// # Errors
/// [`Error::Usage`], [`Error::NotFound`].
pub fn plan(
    snapshot: &Snapshot,
    authority: Pubkey,
    (subject, wish): (Subject, Wish),
    vetoed: Option<&Found>,
) -> Result<Plan, Error> {
    let key = subject.address(snapshot)?;
    let amendment = match wish {
        Wish::Set(set) => subject.with(snapshot, &set, Path::Proposed)?.0,
        Wish::Guardians(changes) if subject == Subject::Protocol => {
            members::with(&snapshot.protocol, &changes)?
        }
        Wish::Guardians(_) => {
            return Err(Error::usage("the guardians are the protocol's: `propose protocol`"));
        }
        Wish::Amend(amendment) => amendment,
    };
    amendment.check().map_err(|rule| Error::usage(format!("{} ({})", rule.text(), rule.name())))?;
    waiting(snapshot, authority, (&Proposed::Amend(amendment), &[key]), vetoed, Vec::new())
}

/// How long a registration would wait.
pub(super) fn registration_delay(snapshot: &Snapshot, vetoed: Option<&Found>) -> u32 {
    delayed(REGISTER.wait.seconds(snapshot.protocol.loosening_delay), vetoed)
}

/// What was vetoed waits twice as long when it is proposed again.
fn delayed(delay: u32, vetoed: Option<&Found>) -> u32 {
    delay.max(vetoed.map_or(0, |vetoed| vetoed.proposal.delay.saturating_mul(2)))
}

/// A proposal of this act on these accounts; `notes` are told after its content.
pub(super) fn waiting(
    snapshot: &Snapshot,
    authority: Pubkey,
    act: (&Proposed, &[Pubkey]),
    vetoed: Option<&Found>,
    notes: Vec<String>,
) -> Result<Plan, Error> {
    let (proposed, bound) = act;
    if let Some(vetoed) = vetoed {
        check_same(vetoed, proposed, bound)?;
    }
    let number = snapshot.protocol.next_proposal;
    let delay = delayed(proposed.policy().wait.seconds(snapshot.protocol.loosening_delay), vetoed);
    let ripe = snapshot.now.unix.saturating_add(delay.into());
    let protocol = snapshot.addresses.protocol;
    let segment = snapshot.segment();
    let instruction = match vetoed {
        Some(vetoed) => {
            instruction::propose_again(authority, authority, protocol, number, act, vetoed.key, segment)
        }
        None => instruction::propose(authority, authority, protocol, number, act, segment),
    };
    let mut says = content::of(proposed, bound, snapshot);
    says.extend(notes);
    says.push(format!(
        "takes effect: not before {}, {} from now, when anyone executes it with `execute {number}`",
        words::moment(ripe),
        words::duration(delay.into())
    ));
    let life = i64::try_from(PROPOSAL_LIFE).unwrap_or(i64::MAX);
    says.push(format!("expires: {}", words::moment(ripe.saturating_add(life))));
    let votes = proposed.policy().votes;
    if votes != Votes::None {
        let thresholds = snapshot.protocol.thresholds();
        let needed = thresholds.map(|all| votes.of(&all, snapshot.protocol.guardian_count));
        let needed = needed.map_or_else(|rule| rule.name(), |needed| needed.to_string());
        says.push(format!("guardians who must approve it, each with `approve {number}`: {needed}"));
    }
    says.push(format!("until then the authority takes it back with `cancel {number}`"));
    Ok(Plan {
        title: format!("propose, as number {number}"),
        instructions: vec![instruction],
        says,
        ..Plan::default()
    })
}

/// Checks that this was vetoed, and that it is the same.
fn check_same(vetoed: &Found, proposed: &Proposed, bound: &[Pubkey]) -> Result<(), Error> {
    let name = &vetoed.name;
    if vetoed.proposal.status() != Some(Status::Vetoed) {
        return Err(Error::not_found(format!("proposal {name} was not vetoed: propose without --again")));
    }
    let said = vetoed.proposal.read_content();
    if said.is_none_or(|(accounts, said)| accounts != bound || said != *proposed) {
        return Err(Error::usage(format!(
            "proposal {name} said something else: --again takes exactly the same, as today's settings make it"
        )));
    }
    Ok(())
}
