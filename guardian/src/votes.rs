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

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use firebreak_interface::state::{Amendment, GuardianAct, Proposed};

    use super::*;
    use crate::{
        content,
        status::tests::{NOW, key, snapshot},
    };

    fn of_guardian(snapshot: &Snapshot, act: &GuardianAct) -> Proposal {
        let mut proposal = Proposal::zeroed();
        let (protocol, scope) = (&snapshot.protocol, snapshot.markets[0].0);
        let by = (key(12), 3, 254);
        let opened = proposal.initialize_act((protocol, snapshot.addresses.protocol), by, (act, scope), NOW);
        opened.expect("within bounds");
        proposal
    }

    #[test]
    fn who_proposed_has_approved_and_a_vote_of_another_membership_is_none() {
        let mut snapshot = snapshot();
        let proposal = of_guardian(&snapshot, &GuardianAct::Maintenance { seconds: 3_600 });
        assert_eq!(content::proposal_name(&proposal, &snapshot), "1/3");
        let votes = Votes::of(&proposal, &snapshot);
        assert_eq!((votes.approved.len(), votes.silent.len(), votes.missing()), (1, 2, 1));
        assert_eq!((votes.needed, votes.needed_against), (Some(2), Some(2)));
        let lines = votes.lines();
        assert!(
            lines.len() == 1 && lines[0].starts_with("approved by 1 of 2 needed: guardian 1 "),
            "{lines:?}"
        );

        snapshot.protocol.membership_epoch += 1;
        let votes = Votes::of(&proposal, &snapshot);
        assert_eq!((votes.approved.len(), votes.silent.len(), votes.missing()), (0, 3, 2));
        // who is no guardian any longer is named by the key
        snapshot.protocol.guardians[1] = key(77);
        assert_eq!(content::proposal_name(&proposal, &snapshot), format!("{}/3", key(12)));
    }

    #[test]
    fn what_waits_for_nobody_is_not_ended_and_outlives_the_authority() {
        let mut snapshot = snapshot();
        let mut proposal = of_guardian(&snapshot, &GuardianAct::FreezeAuthority { authority_epoch: 0 });
        assert_eq!(Votes::of(&proposal, &snapshot).needed_against, None);
        assert!(content::standing(&proposal, &snapshot).contains("waits for 1 more to approve it"));
        let (epoch, other) = (snapshot.protocol.membership_epoch, snapshot.protocol.members([&key(11)]));
        proposal.ballot.approve(other.expect("a guardian"), epoch).expect("the second");
        snapshot.protocol.authority_epoch += 1;
        assert!(content::standing(&proposal, &snapshot).starts_with("RIPE"));
        assert!(content::lines(&proposal, &snapshot).iter().any(|line| line.starts_with("void")));
        snapshot.now = proposal.expires_at;
        assert!(content::standing(&proposal, &snapshot).starts_with("expired"));
    }

    #[test]
    fn what_takes_no_approval_says_nothing_of_it() {
        let mut snapshot = snapshot();
        let proposed = Proposed::Amend(Amendment::LooseningDelay(300_000));
        let (subject, protocol_key) = (snapshot.addresses.protocol, snapshot.addresses.protocol);
        let mut proposal = Proposal::zeroed();
        let act = (&proposed, &[subject][..], 0);
        proposal
            .initialize(&mut snapshot.protocol, protocol_key, 254, act, None, NOW)
            .expect("within bounds");
        let votes = Votes::of(&proposal, &snapshot);
        assert_eq!((votes.needed, votes.missing()), (Some(0), 0));
        assert!(votes.lines().is_empty());
        let epoch = snapshot.protocol.membership_epoch;
        proposal.ballot.veto(0b10, epoch).expect("the first");
        let lines = Votes::of(&proposal, &snapshot).lines();
        assert!(
            lines.len() == 1 && lines[0].starts_with("spoken against by 1 of 2 needed: guardian 1 "),
            "{lines:?}"
        );
    }
}
