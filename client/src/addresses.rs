//! Where a protocol's accounts are, from what its integrator knows.

use firebreak_interface::{
    pda,
    state::{Journal, Proposal},
};
use solana_program::pubkey::Pubkey;

/// A protocol's own addresses; those of its parts follow from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolAddresses {
    /// The protocol's account.
    pub protocol: Pubkey,
    /// Its journal.
    pub journal: Pubkey,
}

impl ProtocolAddresses {
    /// From the protocol's account.
    pub fn new(protocol: Pubkey) -> Self {
        Self { protocol, journal: pda::journal(&protocol).0 }
    }

    /// From the protected program, with its recording PDA by convention.
    pub fn of_program(program: &Pubkey) -> Self {
        Self::new(pda::protocol(program, &pda::recorder(program).0).0)
    }

    /// A market.
    pub fn market(&self, id: u64) -> Pubkey {
        pda::market(&self.protocol, id).0
    }

    /// A vault's limiter.
    pub fn limiter(&self, vault: &Pubkey) -> Pubkey {
        pda::limiter(&self.protocol, vault).0
    }

    /// A keeper's registration.
    pub fn keeper(&self, key: &Pubkey) -> Pubkey {
        pda::keeper(&self.protocol, key).0
    }

    /// A proposal, by its number.
    pub fn proposal(&self, nonce: u64) -> Pubkey {
        pda::proposal(&self.protocol, nonce).0
    }

    /// A guardian's proposal, by that guardian's own number.
    pub fn guardian_proposal(&self, guardian: &Pubkey, nonce: u64) -> Pubkey {
        pda::guardian_proposal(&self.protocol, guardian, nonce).0
    }

    /// Where a proposal is, by what it says of itself. At another address it is none of the program's.
    pub fn of_proposal(&self, proposal: &Proposal) -> Pubkey {
        match proposal.by_guardian {
            0 => self.proposal(proposal.nonce),
            _ => self.guardian_proposal(&proposal.authority, proposal.nonce),
        }
    }

    /// A guardian's pause budget for a market, or for all markets.
    pub fn budget(&self, market: Option<&Pubkey>, guardian: &Pubkey) -> Pubkey {
        pda::budget(market.unwrap_or(&self.protocol), guardian).0
    }

    /// A segment of the journal.
    pub fn segment(&self, number: u32) -> Pubkey {
        pda::segment(&self.protocol, number).0
    }

    /// Every segment that the journal says it has, in order.
    pub fn segments(&self, journal: &Journal) -> Vec<Pubkey> {
        (0..journal.segments).map(|number| self.segment(number)).collect()
    }
}

/// Number of the journal's current segment, which builders ask for; none before the first.
pub fn current_segment(journal: &Journal) -> Option<u32> {
    if journal.segments == 0 { None } else { u32::try_from(journal.current).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_lead_to_the_same_protocol() {
        let program = Pubkey::new_from_array([3; 32]);
        let addresses = ProtocolAddresses::of_program(&program);
        assert_eq!(ProtocolAddresses::new(addresses.protocol), addresses);
        assert_ne!(addresses.market(0), addresses.market(1));
        assert_ne!(addresses.proposal(0), addresses.proposal(1));
        let guardian = Pubkey::new_from_array([4; 32]);
        let market = addresses.market(0);
        assert_ne!(addresses.budget(None, &guardian), addresses.budget(Some(&market), &guardian));
    }

    #[test]
    fn a_guardians_proposal_has_a_number_of_that_guardian() {
        let addresses = ProtocolAddresses::new(Pubkey::new_from_array([5; 32]));
        let authority = Pubkey::new_from_array([6; 32]);
        let mut proposal = Proposal { nonce: 3, authority, ..bytemuck::Zeroable::zeroed() };
        assert_eq!(addresses.of_proposal(&proposal), addresses.proposal(3));
        proposal.by_guardian = 1;
        assert_eq!(addresses.of_proposal(&proposal), addresses.guardian_proposal(&authority, 3));
        assert_ne!(addresses.guardian_proposal(&authority, 3), addresses.proposal(3));
    }

    #[test]
    fn the_current_segment_is_the_one_that_is_filled() {
        let mut journal: Journal = bytemuck::Zeroable::zeroed();
        assert_eq!(current_segment(&journal), None);
        (journal.segments, journal.current) = (3, 1);
        assert_eq!(current_segment(&journal), Some(1), "the last one waits");
        let addresses = ProtocolAddresses::new(Pubkey::new_from_array([5; 32]));
        assert_eq!(addresses.segments(&journal).last(), Some(&addresses.segment(2)));
    }
}
