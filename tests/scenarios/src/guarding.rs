//! What guardians do together: they approve, veto and freeze.

use firebreak_interface::instruction::{self, Stamp};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{Outcome, World};

impl World {
    /// Keys of our guardians at these places.
    pub fn guardian_keys(&self, places: &[usize]) -> Vec<Keypair> {
        places.iter().map(|place| self.us.guardians[*place].insecure_clone()).collect()
    }

    /// A stamp of now, which SlotHashes knows.
    pub fn stamp(&mut self) -> Stamp {
        let slot = self.now().slot - 1;
        self.vm.remember_slots();
        Stamp { slot, hash: crate::vm::hash_of(slot) }
    }

    /// `approve` of a proposal, by our guardians at these places.
    pub fn approving(&mut self, proposal: Pubkey, places: &[usize]) -> Instruction {
        let stamp = self.stamp();
        self.approving_with(proposal, places, &stamp)
    }

    /// The same, with another stamp.
    pub fn approving_with(&self, proposal: Pubkey, places: &[usize], stamp: &Stamp) -> Instruction {
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        instruction::approve(&keys, self.us.protocol, proposal, stamp, self.us.segment(&self.vm))
    }

    /// Our guardians at these places approve in one transaction.
    pub fn approve(&mut self, proposal: Pubkey, places: &[usize]) -> Outcome {
        let approve = self.approving(proposal, places);
        self.together(approve, places)
    }

    /// They speak against it.
    pub fn veto(&mut self, proposal: Pubkey, places: &[usize]) -> Outcome {
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        let veto = instruction::veto(&keys, self.us.protocol, proposal, self.us.segment(&self.vm));
        self.together(veto, places)
    }

    /// They freeze the authority of this epoch.
    pub fn freeze(&mut self, authority_epoch: u64, places: &[usize]) -> Outcome {
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        let (protocol, segment) = (self.us.protocol, self.us.segment(&self.vm));
        let freeze = instruction::freeze_authority(&keys, protocol, authority_epoch, segment);
        self.together(freeze, places)
    }

    /// Sends what guardians sign; the first pays.
    fn together(&mut self, instruction: Instruction, places: &[usize]) -> Outcome {
        let keys = self.guardian_keys(places);
        self.vm.send(&[instruction], &keys.iter().collect::<Vec<_>>())
    }
}
