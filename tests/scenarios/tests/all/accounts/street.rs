//! Our protocol and its neighbour, and what stands where an account should not.

use firebreak_client::Refusal::{self, Anchor};
use firebreak_interface::{
    BreakerError::{self, *},
    ID,
    constants::LOOSENING_DELAY_MAX,
    instruction::{self, NewInvariant},
    pda,
    state::{Amendment, InvariantSettings, Proposed, Reading},
};
use firebreak_scenarios::{Protected, Setup, World, balanced, world::OTHER_PROGRAM};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

pub(super) const NOT_WRITABLE: Refusal = Anchor(2000);
pub(super) const WRONG_SEEDS: Refusal = Anchor(2006);
pub(super) const WRONG_ADDRESS: Refusal = Anchor(2012);
pub(super) const WRONG_KIND: Refusal = Anchor(3002);
pub(super) const NOT_SIGNED: Refusal = Anchor(3010);
pub(super) const NOT_THE_BREAKERS: Refusal = Anchor(3007);
pub(super) const NOT_THE_PROGRAM: Refusal = Anchor(3008);

pub(super) const fn by(error: BreakerError) -> Refusal {
    Refusal::Breaker(error)
}

/// Our world and another protocol, as good as ours.
pub(super) struct Street {
    pub(super) world: World,
    pub(super) neighbour: Protected,
}

impl Street {
    pub(super) fn new(armed: bool) -> Self {
        Self::beside(World::with(|setup| setup.armed = armed))
    }

    /// Our world as it is, and another protocol, whose registration is open.
    pub(super) fn beside(world: World) -> Self {
        Self::beside_one(world, Setup::default())
    }

    /// The same, with a neighbour that is set up like this.
    pub(super) fn beside_one(mut world: World, setup: Setup) -> Self {
        let open = Setup { armed: false, seasoned: false, ..setup };
        let neighbour = Protected::join(&mut world.vm, OTHER_PROGRAM, &open);
        Self { world, neighbour }
    }

    /// The neighbour registers an invariant of its own.
    pub(super) fn their_invariant(&mut self) -> Pubkey {
        let n = &self.neighbour;
        let [left, right] = [Reading::TokenBalance, Reading::MintSupply].map(|of| vec![balanced::once(of)]);
        let settings = InvariantSettings { left, right, ratio_bps: [10_000, 9_900, 9_500] };
        let terms = [n.vault, n.mint];
        let new = NewInvariant { market: n.market, index: 0, settings: &settings, terms: &terms };
        let (key, segment) = (n.authority.pubkey(), n.segment(&self.world.vm));
        let register = instruction::register_invariant(key, key, n.protocol, &new, segment);
        self.world.vm.send(&[register], &[&n.authority]).succeeds();
        pda::invariant(&n.market, 0).0
    }

    /// Refuses each of these at this place, and each thing that is no account of this kind where it has to be one.
    pub(super) fn refuses(
        &mut self,
        good: &Instruction,
        signers: &[&Keypair],
        place: usize,
        swaps: &[(Pubkey, Refusal)],
    ) {
        for (swap, expected) in swaps {
            let mut bad = good.clone();
            bad.accounts[place].pubkey = *swap;
            self.world.vm.send(&[bad], signers).fails_with(*expected);
        }
    }

    /// The like of an account of the breaker's: another program's copy, another kind, nothing, a wallet.
    pub(super) fn fakes(&mut self, good: &Instruction, place: usize) -> [Pubkey; 4] {
        let real = self.world.vm.account(&good.accounts[place].pubkey).expect("the account exists");
        let look_alike = Account { owner: self.world.us.program.program, ..real.clone() };
        let mut other_kind = real;
        other_kind.data[..8].copy_from_slice(&[1; 8]);
        let mut put = |account: Account| {
            let key = self.world.vm.key().pubkey();
            self.world.vm.put(key, account);
            key
        };
        let (look_alike, other_kind) = (put(look_alike), put(other_kind));
        [look_alike, other_kind, self.world.vm.key().pubkey(), self.world.alice.pubkey()]
    }

    /// Swaps an account of the breaker's for its like.
    pub(super) fn refuses_fakes(&mut self, good: &Instruction, signers: &[&Keypair], place: usize) {
        let [look_alike, other_kind, nothing, wallet] = self.fakes(good, place);
        self.refuses(good, signers, place, &[(look_alike, NOT_THE_BREAKERS), (other_kind, WRONG_KIND)]);
        self.refuses(good, signers, place, &[(nothing, NOT_THE_BREAKERS), (wallet, NOT_THE_BREAKERS)]);
    }

    /// Our program makes this call, with one account swapped.
    pub(super) fn refuses_call(&mut self, good: &Instruction, place: usize, swaps: &[(Pubkey, Refusal)]) {
        let alice = self.world.alice.insecure_clone();
        for (swap, expected) in swaps {
            let mut bad = good.clone();
            bad.accounts[place].pubkey = *swap;
            let call = self.world.us.program.calls(bad);
            self.world.vm.send(&[call], &[&alice]).fails_with(*expected);
        }
    }

    /// The same, with the like of an account of the breaker's.
    pub(super) fn refuses_fake_calls(&mut self, good: &Instruction, places: &[usize]) {
        for place in places {
            let [look_alike, other_kind, nothing, wallet] = self.fakes(good, *place);
            let foreign = [look_alike, nothing, wallet].map(|fake| (fake, NOT_THE_BREAKERS));
            self.refuses_call(good, *place, &foreign);
            self.refuses_call(good, *place, &[(other_kind, WRONG_KIND)]);
        }
    }

    /// The neighbour's safe.
    pub(super) fn their_safe(&self) -> Pubkey {
        pda::safe(&self.neighbour.market, &self.neighbour.mint).0
    }

    /// What is in the accounts of a call, in both vaults and in the thief's account. Lamports pay fees and are not looked at.
    pub(super) fn state(&self, good: &Instruction) -> Vec<Option<Vec<u8>>> {
        let others = [self.world.us.vault, self.neighbour.vault, self.world.loot];
        let keys = good.accounts.iter().map(|account| account.pubkey).chain(others);
        keys.map(|key| Some(self.world.vm.account(&key)?.data)).collect()
    }

    /// Swaps what an amendment changes, which the program opens by itself.
    pub(super) fn refuses_subjects(&mut self, good: &Instruction, signers: &[&Keypair], theirs: Pubkey) {
        let place = 3;
        let mut others = self.fakes(good, place).to_vec();
        others.extend([self.world.us.market, self.world.us.vault, self.world.us.program.addresses.journal]);
        let swaps: Vec<_> = others.into_iter().map(|other| (other, by(WrongSubject))).collect();
        self.refuses(good, signers, place, &swaps);
        self.refuses(good, signers, place, &[(theirs, by(WrongProtocol))]);
    }

    /// Place of the first of the four accounts by which the journal is written.
    pub(super) fn journal_place(&self, good: &Instruction) -> usize {
        let journal = self.world.us.program.addresses.journal;
        let found = good.accounts.iter().position(|account| account.pubkey == journal);
        found.expect("an instruction that writes the journal")
    }

    /// Swaps the four accounts by which the journal is written.
    pub(super) fn refuses_journals(&mut self, good: &Instruction, signers: &[&Keypair]) {
        let second = self.journal_place(good) + 1;
        let theirs = self.neighbour.program.addresses;
        self.refuses_journals_of_a_signed_order(good, signers);
        self.refuses(good, signers, second, &[(theirs.segment(0), by(WrongSegment)), (ID, by(WrongSegment))]);
    }

    /// Swaps the journal's accounts where any segment will do, for the order may be older than the current one.
    pub(super) fn refuses_journals_of_a_signed_order(&mut self, good: &Instruction, signers: &[&Keypair]) {
        let first = self.journal_place(good);
        let theirs = self.neighbour.program.addresses;
        self.refuses_fakes(good, signers, first);
        self.refuses(good, signers, first, &[(theirs.journal, by(WrongJournal))]);
        self.refuses_fakes(good, signers, first + 1);
        let (wallet, program) = (self.world.alice.pubkey(), self.world.us.program.program);
        self.refuses(good, signers, first + 2, &[(wallet, WRONG_ADDRESS)]);
        self.refuses(good, signers, first + 3, &[(program, WRONG_ADDRESS)]);
    }

    /// Swaps authority and proposal of an act of governance, which stand in these two places from `first` on.
    pub(super) fn refuses_governance(&mut self, good: &Instruction, authority: &Keypair, first: usize) {
        let (payer, stranger) = (&[authority][..], self.world.attacker.insecure_clone());
        let mut nobodys = good.clone();
        nobodys.accounts[first] = AccountMeta::new_readonly(ID, false);
        self.world.vm.send(&[nobodys], payer).fails_with(NotTheAuthority);
        let theirs = self.neighbour.authority.insecure_clone();
        for other in [&stranger, &theirs] {
            self.refuses(good, &[authority, other], first, &[(other.pubkey(), by(NotTheAuthority))]);
        }
        let mut unsigned = good.clone();
        unsigned.accounts[0].pubkey = stranger.pubkey();
        (unsigned.accounts[first].pubkey, unsigned.accounts[first].is_signer) = (authority.pubkey(), false);
        self.world.vm.send(&[unsigned], &[&stranger]).fails_with(NOT_SIGNED);
        // a proposal is executed without a signature; it must be one, ours and of this
        let proposal = self.their_proposal();
        self.refuses(good, payer, first + 1, &[(proposal, NOT_WRITABLE)]);
        let mut executed = good.clone();
        executed.accounts[first + 1] = AccountMeta::new(proposal, false);
        self.world.vm.send(&[executed.clone()], payer).fails_with(WrongProtocol);
        self.refuses_fakes(&executed, payer, first + 1);
    }

    /// A proposal of the neighbour's.
    pub(super) fn their_proposal(&mut self) -> Pubkey {
        let n = &self.neighbour;
        let (key, segment) = (n.authority.pubkey(), n.segment(&self.world.vm));
        let longer = Proposed::Amend(Amendment::LooseningDelay(LOOSENING_DELAY_MAX));
        let propose = instruction::propose(key, key, n.protocol, 0, (&longer, &[n.protocol]), segment);
        self.world.vm.send(&[propose], &[&n.authority]).succeeds();
        pda::proposal(&n.protocol, 0).0
    }

    /// Swaps the System program.
    pub(super) fn refuses_systems(&mut self, good: &Instruction, signers: &[&Keypair], place: usize) {
        let program = self.world.us.program.program;
        self.refuses(good, signers, place, &[(program, NOT_THE_PROGRAM)]);
    }
}
