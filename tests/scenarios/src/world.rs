//! A world that builds itself, with verbs.

use firebreak_client::journal::{Disproved, Raw, Verified, verify_raw};
use firebreak_interface::{
    Direction, Instant, Operation, Operations, Severity,
    instruction::RaiseOrder,
    state::{Journal, JournalEntry, Limiter, Market, PauseOrder, Protocol},
};
use firebreak_probe::{Depth, Guard};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    integrator::Flow,
    outcome::Outcome,
    programs,
    protected::{Protected, Setup},
    token,
    vm::Vm,
};

/// Address of the protected program.
pub const PROGRAM: Pubkey = Pubkey::new_from_array([7; 32]);
/// Address of another protected program.
pub const OTHER_PROGRAM: Pubkey = Pubkey::new_from_array([8; 32]);

/// What every world's VM carries.
pub const PROGRAMS: [(Pubkey, &str); 4] = [
    (firebreak_interface::ID, programs::BREAKER),
    (PROGRAM, "firebreak_probe"),
    (OTHER_PROGRAM, "firebreak_probe"),
    // stands where the oracle's poster is
    (firebreak_interface::oracle::PYTH_PUSH_ORACLE, "firebreak_probe"),
];

/// A protocol under the breaker, an honest user and an attacker.
pub struct World {
    /// The VM.
    pub vm: Vm,
    /// The protocol.
    pub us: Protected,
    /// An honest user, who pays the fees of what no special key signs.
    pub alice: Keypair,
    /// Her tokens.
    pub purse: Pubkey,
    /// Somebody else.
    pub attacker: Keypair,
    /// His tokens.
    pub loot: Pubkey,
}

impl Default for World {
    fn default() -> Self {
        Self::with(|_| {})
    }
}

impl World {
    /// A world whose protocol is set up as `change` says.
    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup::default();
        change(&mut setup);
        let mut vm = Vm::with(&PROGRAMS);
        let us = Protected::join(&mut vm, PROGRAM, &setup);
        let (alice, attacker) = (vm.person(), vm.person());
        let purse = token::account(&mut vm, &alice, &us.mint, &alice.pubkey());
        let loot = token::account(&mut vm, &attacker, &us.mint, &attacker.pubkey());
        token::issue(&mut vm, &us.authority, &us.mint, &purse, crate::FUNDS);
        Self { vm, us, alice, purse, attacker, loot }
    }

    /// Another protocol of the same breaker, as good as ours.
    pub fn neighbour(&mut self) -> Protected {
        Protected::join(&mut self.vm, OTHER_PROGRAM, &Setup { seasoned: false, ..Setup::default() })
    }

    /// A transaction that anybody could send.
    pub fn send(&mut self, instructions: &[Instruction]) -> Outcome {
        self.vm.send(instructions, &[&self.alice])
    }

    /// Records a flow and pays nothing.
    pub fn record(&mut self, direction: Direction, operation: Operation, amount: u64) -> Outcome {
        let flow = self.us.flow(direction, operation, amount);
        self.record_flow(&flow)
    }

    /// Records a flow and pays nothing.
    pub fn record_flow(&mut self, flow: &Flow) -> Outcome {
        let record = self.us.program.calls(self.us.program.flow(flow));
        self.send(&[record])
    }

    /// Pays as an integrator should: what is not allowed is not paid, and nothing fails.
    pub fn withdraw(&mut self, amount: u64) -> Outcome {
        let flow = self.us.flow(Direction::Out, Operation::WITHDRAW, amount);
        self.pay(&flow)
    }

    /// Pays a flow to Alice as an integrator should.
    pub fn pay(&mut self, flow: &Flow) -> Outcome {
        let asked = self.us.program.flow(flow);
        let pay = self.us.program.pays(asked, &flow.vault, &self.purse, flow.amount);
        self.send(&[pay])
    }

    /// Alice's tokens come into the vault and are recorded.
    pub fn deposit(&mut self, amount: u64) -> Outcome {
        let deposit = self.deposits(amount);
        self.send(&deposit)
    }

    /// The two instructions of a deposit.
    pub fn deposits(&self, amount: u64) -> [Instruction; 2] {
        let flow = self.us.flow(Direction::In, Operation::DEPOSIT, amount);
        let transfer = token::transfer(&self.purse, &self.us.vault, &self.alice.pubkey(), amount);
        [transfer, self.us.program.calls(self.us.program.flow(&flow))]
    }

    /// Takes tokens out of the vault around the breaker.
    pub fn drain(&mut self, amount: u64) -> Outcome {
        let drain = self.us.program.drains(&self.us.vault, &self.loot, amount);
        self.send(&[drain])
    }

    /// Pokes the vault's limiter.
    pub fn poke(&mut self) -> Outcome {
        let poke = self.us.poke(&self.vm);
        self.vm.send(&[poke], &[&self.attacker])
    }

    /// Anyone steps our market down.
    pub fn step_down(&mut self) -> Outcome {
        let step = self.us.step_down(&self.vm, Some(self.us.market));
        self.vm.send(&[step], &[&self.attacker])
    }

    /// Anyone steps down what holds in all our markets.
    pub fn step_down_all(&mut self) -> Outcome {
        let step = self.us.step_down(&self.vm, None);
        self.vm.send(&[step], &[&self.attacker])
    }

    /// A guardian pauses our market.
    pub fn pause(&mut self, guardian: usize, order: &PauseOrder) -> Outcome {
        let guardian = &self.us.guardians[guardian];
        let pause = self.us.pause(&self.vm, guardian, Some(self.us.market), order);
        self.vm.send(&[pause], &[guardian])
    }

    /// A guardian pauses all markets.
    pub fn pause_all(&mut self, guardian: usize, order: &PauseOrder) -> Outcome {
        let guardian = &self.us.guardians[guardian];
        let pause = self.us.pause(&self.vm, guardian, None, order);
        self.vm.send(&[pause], &[guardian])
    }

    /// A pause of withdrawals that is valid now.
    pub fn order(&self, seconds: u32) -> PauseOrder {
        let expires_at = self.vm.clock().1 + 3_600;
        PauseOrder { closed: Operation::WITHDRAW.mask(), seconds, pause_epoch: 0, expires_at }
    }

    /// A keeper raises our market.
    pub fn raise(&mut self, keeper: usize, seconds: u32) -> Outcome {
        let order = RaiseOrder { closed: Operation::BORROW.mask(), seconds, reason: 42 };
        let keeper = &self.us.keepers[keeper];
        let raise = self.us.raise(&self.vm, keeper, &order);
        self.vm.send(&[raise], &[keeper])
    }

    /// Asks the gate as our program does.
    pub fn gate(&mut self, operation: Operation) -> Outcome {
        let ours = (self.us.protocol, self.us.market);
        self.gate_with(ours, operation)
    }

    /// Asks the gate with accounts of the caller's choice.
    pub fn gate_with(&mut self, brings: (Pubkey, Pubkey), operation: Operation) -> Outcome {
        let ours = (self.us.protocol, self.us.market);
        let ask = self.us.program.asks(ours, brings, operation, Depth::Tell);
        self.send(&[ask])
    }

    /// Makes these calls in one instruction of our program.
    pub fn perform(&mut self, calls: &[(Guard, Instruction)]) -> Outcome {
        let perform = self.us.program.performs(calls);
        self.send(&[perform])
    }

    /// What the vault holds.
    pub fn vault(&self) -> u64 {
        token::balance(&self.vm, &self.us.vault)
    }

    /// What Alice holds.
    pub fn alice(&self) -> u64 {
        token::balance(&self.vm, &self.purse)
    }

    /// What the attacker holds.
    pub fn loot(&self) -> u64 {
        token::balance(&self.vm, &self.loot)
    }

    /// The limiter.
    pub fn limiter(&self) -> Limiter {
        self.vm.read(&self.us.limiter)
    }

    /// The market.
    pub fn market(&self) -> Market {
        self.vm.read(&self.us.market)
    }

    /// The protocol.
    pub fn protocol(&self) -> Protocol {
        self.vm.read(&self.us.protocol)
    }

    /// The journal's head.
    pub fn journal(&self) -> Journal {
        self.vm.read(&self.us.program.addresses.journal)
    }

    /// Severity in force in our market, and what it closes.
    pub fn in_force(&self) -> (Severity, Operations) {
        let (severity, closed, _) = self.market().in_force(&self.protocol().board, self.now());
        (severity, closed)
    }

    /// Severity in force in our market.
    pub fn severity(&self) -> Severity {
        self.in_force().0
    }

    /// The clock.
    pub fn now(&self) -> Instant {
        let (slot, unix) = self.vm.clock();
        Instant::new(slot, unix)
    }

    /// Every entry of our journal that the world was told of.
    pub fn told(&self) -> Vec<JournalEntry> {
        self.vm.told(&self.us.protocol).iter().map(|told| told.entry).collect()
    }

    /// Walks the journal from the raw bytes of its accounts and these entries out of transactions.
    ///
    /// # Errors
    /// Where it contradicts itself.
    pub fn verify_journal(&self, events: &[JournalEntry]) -> Result<Verified, Disproved> {
        let addresses = &self.us.program.addresses;
        let accounts = [addresses.journal].into_iter().chain(addresses.segments(&self.journal()));
        let accounts: Vec<(Pubkey, Account)> =
            accounts.map(|key| (key, self.vm.account(&key).expect("nothing closes it"))).collect();
        let raw: Vec<Raw> =
            accounts.iter().map(|(key, a)| Raw { key: *key, owner: a.owner, data: &a.data }).collect();
        let (journal, segments) = raw.split_first().expect("the journal is there");
        verify_raw(addresses, *journal, segments, events)
    }
}
