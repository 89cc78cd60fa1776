//! Withdrawals that wait: asked for, held, claimed, flagged and decided.

use firebreak_interface::{
    Operation, Severity,
    instruction::{self, Behind, INSTRUCTIONS, Migrate, Payout},
    pda,
    state::{Held, HeldRange, LimiterSettings, RouteSettings},
};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{FUNDS, Outcome, Setup, World, token};

/// What exceeds the gross limit of a world that holds, and no net limit.
pub const GROSS: u64 = FUNDS / 100 * 6;
/// What exceeds a net limit of it.
pub const HARD: u64 = FUNDS / 2;

/// Limits of a vault that holds: 5 % a day, whatever came in.
pub fn limits() -> LimiterSettings {
    LimiterSettings { gross_bps: 500, ..Setup::default().limiter }
}

/// Who withdraws, where to, and under which number.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawing {
    /// Who; signs.
    pub user: Pubkey,
    /// A token account.
    pub to: Pubkey,
    /// How much.
    pub amount: u64,
    /// A number of the user's.
    pub nonce: u64,
}

impl World {
    /// A world whose vault holds what exceeds a gross limit of 5 % a day (1), and what exceeds a net limit too (2).
    pub fn holding(holds: u8, change: impl FnOnce(&mut Setup)) -> Self {
        Self::with(|setup| {
            setup.route = Some(RouteSettings { holds, ..RouteSettings::starting() });
            setup.limiter = limits();
            change(setup);
        })
    }

    /// What Alice withdraws to her purse.
    pub fn withdrawing(&self, amount: u64, nonce: u64) -> Withdrawing {
        Withdrawing { user: self.alice.pubkey(), to: self.purse, amount, nonce }
    }

    /// A withdrawal as an integrator makes it that can hold.
    pub fn withdraws(&self, what: &Withdrawing) -> Instruction {
        let (way, safe) = (self.way(), self.safe_key());
        let hold = self.holds(what);
        // those of the call in another order: the question's come first
        let of = |place: usize| AccountMeta { is_signer: false, ..hold.accounts[place].clone() };
        let mut accounts = vec![AccountMeta::new_readonly(firebreak_interface::ID, false)];
        accounts.extend([0, 1, 2, 3, 5, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map(of));
        let user = &mut accounts[12];
        assert_eq!((user.pubkey, safe), (what.user, pda::safe(&way.market, &way.mint).0));
        user.is_signer = true;
        // what is allowed is paid to it
        accounts[13].is_writable = true;
        self.us.program.withdraws(accounts, Operation::WITHDRAW, what.amount, what.nonce)
    }

    /// The call that moves a withdrawal to the safe.
    pub fn holds(&self, what: &Withdrawing) -> Instruction {
        let Withdrawing { user, to: destination, amount, nonce } = *what;
        let hold = instruction::Hold { from: self.way(), user, destination, amount, nonce };
        let segment = self.us.segment(&self.vm);
        instruction::hold(self.us.program.recorder, self.us.protocol, &hold, segment)
    }

    /// Alice withdraws from an integrator that can hold.
    pub fn withdraw_or_wait(&mut self, amount: u64, nonce: u64) -> Outcome {
        let withdraw = self.withdraws(&self.withdrawing(amount, nonce));
        self.send(&[withdraw])
    }

    /// Address of a held withdrawal.
    pub fn held_key(&self, user: &Pubkey, nonce: u64) -> Pubkey {
        pda::held(&self.safe_key(), user, nonce).0
    }

    /// A held withdrawal of Alice's.
    pub fn held(&self, nonce: u64) -> Held {
        self.vm.read(&self.held_key(&self.alice.pubkey(), nonce))
    }

    /// Our safe pays an owner, who does not sign.
    pub fn payout(&self, owner: Pubkey, to: Pubkey) -> Payout {
        let Migrate { market, mint, token_program, .. } = self.way();
        Payout { market, mint, token_program, owner, owner_signs: false, to }
    }

    /// `claim_held` of Alice's, to any account.
    pub fn claims_held(&self, nonce: u64, to: Pubkey, owner_signs: bool) -> Instruction {
        let to = Payout { owner_signs, ..self.payout(self.alice.pubkey(), to) };
        instruction::claim_held(self.us.protocol, &to, nonce, self.us.segment(&self.vm))
    }

    /// A stranger has a withdrawal of Alice's paid to where she withdrew it.
    pub fn claim_held(&mut self, nonce: u64) -> Outcome {
        let claim = self.claims_held(nonce, self.purse, false);
        self.vm.send(&[claim], &[&self.attacker])
    }

    /// The range of held withdrawals of our mint.
    pub fn range(&self, from: u64, to: u64) -> HeldRange {
        HeldRange { mint: self.us.mint, from, to }
    }

    /// Our guardians at these places flag a range.
    pub fn flag_held(&mut self, (from, to): (u64, u64), places: &[usize]) -> Outcome {
        let keys = self.guardian_keys(places);
        let behind: Vec<_> = keys.iter().map(Keypair::pubkey).collect();
        let (range, scope) = (self.range(from, to), (self.us.protocol, self.us.market));
        let segment = self.us.segment(&self.vm);
        let flag = instruction::flag_held(Behind::signers(&behind), scope, &range, segment);
        self.vm.send(&[flag], &keys.iter().collect::<Vec<_>>())
    }

    /// `decide_held` by our guardians at these places, with a stamp of now.
    pub fn deciding_held(&mut self, (from, to): (u64, u64), pay: bool, places: &[usize]) -> Instruction {
        let stamp = self.stamp();
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        let (range, scope) = (self.range(from, to), (self.us.protocol, self.us.market));
        let segment = self.us.segment(&self.vm);
        instruction::decide_held(Behind::signers(&keys), scope, (&range, pay, Some(&stamp)), segment)
    }

    /// They decide what becomes of a range.
    pub fn decide_held(&mut self, range: (u64, u64), pay: bool, places: &[usize]) -> Outcome {
        let decide = self.deciding_held(range, pay, places);
        assert!(decide.accounts.iter().any(|account| account.pubkey == INSTRUCTIONS));
        let keys = self.guardian_keys(places);
        self.vm.send(&[decide], &keys.iter().collect::<Vec<_>>())
    }

    /// A guardian pauses our market, and two make it last as long as it may.
    pub fn begin_incident(&mut self) {
        let epoch = self.protocol().pause_epoch;
        let order = firebreak_interface::state::PauseOrder { pause_epoch: epoch, ..self.order(3_600) };
        self.pause(0, &order).succeeds();
        let market = Some(self.us.market);
        let latch = self.latch(market, firebreak_interface::state::Source::Guardian, Severity::Major);
        let seconds = firebreak_interface::constants::MAJOR_MAX;
        let longer = firebreak_interface::state::ConfirmOrder { latch, seconds };
        self.confirm(market, &longer, &[0, 1]).succeeds();
    }

    /// Makes Alice's associated account, as its program would.
    pub fn associated(&mut self) -> Pubkey {
        token::associated(&mut self.vm, &self.us.authority, &self.us.mint, &self.alice.pubkey())
    }
}
