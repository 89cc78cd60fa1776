//! What guardians do together: they approve, veto and freeze.

use firebreak_interface::{
    Severity,
    instruction::{self, Behind, Stamp},
    state::{ConfirmOrder, GuardianAct, LatchBoard, LatchId, ResumeOrder, Source},
};
use solana_instruction::AccountMeta;
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
        let freeze =
            instruction::freeze_authority(Behind::signers(&keys), protocol, authority_epoch, segment);
        self.together(freeze, places)
    }

    /// The board of our market, or of the whole protocol.
    fn board(&self, market: Option<Pubkey>) -> LatchBoard {
        market.map_or_else(|| self.protocol().board, |_| self.market().board)
    }

    /// The latch that holds now in our market, or in the whole protocol, as an order names it.
    pub fn latch(&mut self, market: Option<Pubkey>, source: Source, severity: Severity) -> LatchId {
        let now = self.now();
        self.board(market).live(source, severity, now).expect("it holds").0
    }

    /// An order to clear what holds now of this source and severity.
    pub fn resume_order(
        &mut self,
        market: Option<Pubkey>,
        source: Source,
        severity: Severity,
    ) -> ResumeOrder {
        let now = self.now();
        let board = self.board(market);
        let (latch, slot) = board.live(source, severity, now).expect("it holds");
        ResumeOrder { latch, count: slot.count, rules: slot.rules }
    }

    /// What shows that our limiter measures less.
    pub fn show_limiter(&self) -> Vec<AccountMeta> {
        vec![AccountMeta::new(self.us.limiter, false), AccountMeta::new_readonly(self.us.vault, false)]
    }

    /// Our guardians at these places clear a latch of our market, or of the whole protocol, in one transaction.
    pub fn resume(
        &mut self,
        market: Option<Pubkey>,
        order: &ResumeOrder,
        shown: &[AccountMeta],
        places: &[usize],
    ) -> Outcome {
        let stamp = self.stamp();
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        let (scope, segment) = ((self.us.protocol, market), self.us.segment(&self.vm));
        let behind = Behind::signers(&keys);
        let resume = instruction::resume(behind, scope, (order, Some(&stamp)), shown, segment);
        self.together(resume, places)
    }

    /// They make a latch hold longer.
    pub fn confirm(&mut self, market: Option<Pubkey>, order: &ConfirmOrder, places: &[usize]) -> Outcome {
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        let (scope, segment) = ((self.us.protocol, market), self.us.segment(&self.vm));
        let confirm = instruction::confirm(Behind::signers(&keys), scope, order, segment);
        self.together(confirm, places)
    }

    /// Our guardian at this place proposes an act, under this number; the proposal.
    pub fn guardian_proposes(
        &mut self,
        place: usize,
        market: Option<Pubkey>,
        nonce: u64,
        act: &GuardianAct,
    ) -> (Pubkey, Outcome) {
        let stamp = self.stamp();
        let guardian = self.us.guardians[place].insecure_clone();
        let (protocol, segment) = (self.us.protocol, self.us.segment(&self.vm));
        let propose = instruction::propose_as_guardian(
            guardian.pubkey(),
            (protocol, market),
            nonce,
            act,
            &stamp,
            segment,
        );
        let proposal = firebreak_interface::pda::guardian_proposal(&protocol, &guardian.pubkey(), nonce).0;
        let outcome = self.vm.send(&[propose], &[&guardian]);
        (proposal, outcome)
    }

    /// Sends what guardians sign; the first pays.
    fn together(&mut self, instruction: Instruction, places: &[usize]) -> Outcome {
        let keys = self.guardian_keys(places);
        self.vm.send(&[instruction], &keys.iter().collect::<Vec<_>>())
    }
}
