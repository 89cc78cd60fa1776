//! Who has spoken for a proposal, who against it, and how many it takes.

use firebreak_interface::{
    policy::{self, Policy},
    state::{Members, Proposal},
};
use serde::Serialize;

use crate::chain::Snapshot;

/// The votes of today's guardians on a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Votes {
    /// Who approved.
    pub approved: Vec<String>,
    /// Approvals that it takes; 0 where the delay and the veto bind it, none where this tool cannot tell.
    pub needed: Option<u8>,
    /// Who has not approved.
    pub silent: Vec<String>,
    /// Who spoke against it.
    pub against: Vec<String>,
    /// How many end it; none where nobody can: it waits for nobody.
    pub needed_against: Option<u8>,
}

impl Votes {
    /// Counts them. A vote of another membership is none.
    pub fn of(proposal: &Proposal, snapshot: &Snapshot) -> Self {
        let protocol = &snapshot.protocol;
        let ballot = proposal.ballot.of(protocol.membership_epoch);
        let needed_of = |policy: &Policy| {
            let thresholds = protocol.thresholds().ok()?;
            Some(policy.votes.of(&thresholds, protocol.guardian_count))
        };
        let veto = if proposal.again == 0 { &policy::VETO } else { &policy::VETO_AGAIN };
        let places: Members = (0..protocol.guardian_count).fold(0, |all, place| all | 1 << place);
        Self {
            approved: names(ballot.approved, snapshot),
            needed: policy(proposal).and_then(needed_of),
            silent: names(places & !ballot.approved, snapshot),
            against: names(ballot.vetoed, snapshot),
            needed_against: needed_of(veto).filter(|_| proposal.delay != 0),
        }
    }

    /// Approvals that are still missing, as far as this tool can tell.
    pub fn missing(&self) -> usize {
        usize::from(self.needed.unwrap_or(0)).saturating_sub(self.approved.len())
    }

    /// In a line each, where there is something to say.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self.needed {
            None => lines.push("how many must approve it is not known".to_owned()),
            Some(0) => {}
            Some(needed) => lines.push(format!(
                "approved by {} of {needed} needed: {}; not by: {}",
                self.approved.len(),
                listed(&self.approved),
                listed(&self.silent)
            )),
        }
        if let Some(needed) = self.needed_against.filter(|_| !self.against.is_empty()) {
            lines.push(format!(
                "spoken against by {} of {needed} needed: {}",
                self.against.len(),
                listed(&self.against)
            ));
        }
        lines
    }
}

/// The row of the policy that a proposal is of, where this tool knows its act.
pub fn policy(proposal: &Proposal) -> Option<&'static Policy> {
    let act = proposal.read_act().map(|(_, act)| act.policy());
    act.or_else(|| proposal.read_content().map(|(_, proposed)| proposed.policy()))
}

/// Guardians at these places, as people know them.
pub fn names(places: Members, snapshot: &Snapshot) -> Vec<String> {
    let guardians = snapshot.protocol.guardians().iter().enumerate();
    let there = guardians.filter(|(place, _)| places & (1 << place) != 0);
    there.map(|(place, key)| format!("guardian {place} {key}")).collect()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
