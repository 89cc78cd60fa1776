//! Every account of every instruction, swapped for one that is not it. Each instruction succeeds as it stands;
//! one account is exchanged, and the exact refusal is named.

use firebreak_client::Refusal::{self, Anchor};
use firebreak_interface::{
    BreakerError::{self, *},
    Direction, ID, Operation,
    constants::LOOSENING_DELAY_MAX,
    instruction::{self, NewInvariant},
    pda,
    state::{Amendment, CoverageRow, InvariantSettings, KeeperSettings, Proposed, Reading},
};
use firebreak_scenarios::{
    Balanced, Banded, FUNDS, Protected, Setup, World, balanced, banded, token, world::OTHER_PROGRAM,
};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

const NOT_WRITABLE: Refusal = Anchor(2000);
const WRONG_SEEDS: Refusal = Anchor(2006);
const WRONG_ADDRESS: Refusal = Anchor(2012);
const WRONG_KIND: Refusal = Anchor(3002);
const NOT_SIGNED: Refusal = Anchor(3010);
const NOT_THE_BREAKERS: Refusal = Anchor(3007);
const NOT_THE_PROGRAM: Refusal = Anchor(3008);

const fn by(error: BreakerError) -> Refusal {
    Refusal::Breaker(error)
}

/// Our world and another protocol, as good as ours.
struct Street {
    world: World,
    neighbour: Protected,
}

impl Street {
    fn new(armed: bool) -> Self {
        Self::beside(World::with(|setup| setup.armed = armed))
    }

    /// Our world as it is, and another protocol, whose registration is open.
    fn beside(mut world: World) -> Self {
        let open = Setup { armed: false, seasoned: false, ..Setup::default() };
        let neighbour = Protected::join(&mut world.vm, OTHER_PROGRAM, &open);
        Self { world, neighbour }
    }

    /// The neighbour registers an invariant of its own.
    fn their_invariant(&mut self) -> Pubkey {
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
    fn refuses(
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
    fn fakes(&mut self, good: &Instruction, place: usize) -> [Pubkey; 4] {
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
    fn refuses_fakes(&mut self, good: &Instruction, signers: &[&Keypair], place: usize) {
        let [look_alike, other_kind, nothing, wallet] = self.fakes(good, place);
        self.refuses(good, signers, place, &[(look_alike, NOT_THE_BREAKERS), (other_kind, WRONG_KIND)]);
        self.refuses(good, signers, place, &[(nothing, NOT_THE_BREAKERS), (wallet, NOT_THE_BREAKERS)]);
    }

    /// Swaps what an amendment changes, which the program opens by itself.
    fn refuses_subjects(&mut self, good: &Instruction, signers: &[&Keypair], theirs: Pubkey) {
        let place = 3;
        let mut others = self.fakes(good, place).to_vec();
        others.extend([self.world.us.market, self.world.us.vault, self.world.us.program.addresses.journal]);
        let swaps: Vec<_> = others.into_iter().map(|other| (other, by(WrongSubject))).collect();
        self.refuses(good, signers, place, &swaps);
        self.refuses(good, signers, place, &[(theirs, by(WrongProtocol))]);
    }

    /// Place of the first of the four accounts by which the journal is written.
    fn journal_place(&self, good: &Instruction) -> usize {
        let journal = self.world.us.program.addresses.journal;
        let found = good.accounts.iter().position(|account| account.pubkey == journal);
        found.expect("an instruction that writes the journal")
    }

    /// Swaps the four accounts by which the journal is written.
    fn refuses_journals(&mut self, good: &Instruction, signers: &[&Keypair]) {
        let second = self.journal_place(good) + 1;
        let theirs = self.neighbour.program.addresses;
        self.refuses_journals_of_a_signed_order(good, signers);
        self.refuses(good, signers, second, &[(theirs.segment(0), by(WrongSegment)), (ID, by(WrongSegment))]);
    }

    /// Swaps the journal's accounts where any segment will do, for the order may be older than the current one.
    fn refuses_journals_of_a_signed_order(&mut self, good: &Instruction, signers: &[&Keypair]) {
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
    fn refuses_governance(&mut self, good: &Instruction, authority: &Keypair, first: usize) {
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
    fn their_proposal(&mut self) -> Pubkey {
        let n = &self.neighbour;
        let (key, segment) = (n.authority.pubkey(), n.segment(&self.world.vm));
        let longer = Proposed::Amend(Amendment::LooseningDelay(LOOSENING_DELAY_MAX));
        let propose = instruction::propose(key, key, n.protocol, 0, (&longer, &[n.protocol]), segment);
        self.world.vm.send(&[propose], &[&n.authority]).succeeds();
        pda::proposal(&n.protocol, 0).0
    }

    /// Swaps the System program.
    fn refuses_systems(&mut self, good: &Instruction, signers: &[&Keypair], place: usize) {
        let program = self.world.us.program.program;
        self.refuses(good, signers, place, &[(program, NOT_THE_PROGRAM)]);
    }
}

#[test]
fn create_market() {
    let mut street = Street::new(false);
    let good = street.world.us.create_market(&street.world.vm, 1, &Setup::default().market);
    let authority = street.world.us.authority.insecure_clone();
    let signers = [&authority];
    street.refuses_fakes(&good, &signers, 3);
    let (theirs, used) = (street.neighbour.program.addresses, street.world.us.market);
    street.refuses(&good, &signers, 3, &[(theirs.protocol, WRONG_SEEDS)]);
    let free = street.world.vm.key().pubkey();
    street.refuses(
        &good,
        &signers,
        4,
        &[(theirs.market(1), WRONG_SEEDS), (used, WRONG_SEEDS), (free, WRONG_SEEDS)],
    );
    street.refuses_systems(&good, &signers, 5);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);
    // our authority over everything that is theirs
    let segment = street.neighbour.segment(&street.world.vm);
    let key = authority.pubkey();
    let market = Setup::default().market;
    let grab = instruction::create_market(key, key, theirs.protocol, 9, &market, segment);
    street.world.vm.send(&[grab], &signers).fails_with(NotTheAuthority);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn register_limiter() {
    let mut street = Street::new(false);
    let us = &street.world.us;
    let authority = us.authority.insecure_clone();
    let vault = token::account(&mut street.world.vm, &authority, &us.mint, &us.program.owner);
    let good = us.register_limiter(&street.world.vm, us.market, vault, &Setup::default().limiter);
    let signers = [&authority];
    let (ours, theirs) = (us.program.addresses, street.neighbour.program.addresses);
    let (our_limiter, their_market, their_vault) =
        (us.limiter, street.neighbour.market, street.neighbour.vault);
    let their_mint = street.neighbour.mint;
    let their_cap = pda::mint_cap(&theirs.protocol, &us.mint).0;
    street.refuses_fakes(&good, &signers, 3);
    // the market says whose it is before any address is derived
    street.refuses(&good, &signers, 3, &[(theirs.protocol, by(WrongProtocol)), (ours.market(0), WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 4);
    street.refuses(&good, &signers, 4, &[(their_market, by(WrongProtocol)), (ours.protocol, WRONG_KIND)]);
    // a vault's limiter is derived from it: with another vault the address is another
    street.refuses(&good, &signers, 5, &[(their_vault, WRONG_SEEDS)]);
    street.refuses(&good, &signers, 6, &[(our_limiter, WRONG_SEEDS), (theirs.limiter(&vault), WRONG_SEEDS)]);
    // another mint might have no extension, or a cap of its own
    street.refuses(&good, &signers, 7, &[(their_mint, WRONG_SEEDS)]);
    street.refuses(&good, &signers, 8, &[(our_limiter, WRONG_SEEDS), (their_cap, WRONG_SEEDS)]);
    street.refuses_systems(&good, &signers, 9);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn register_keeper() {
    let mut street = Street::new(false);
    let settings = KeeperSettings { key: street.world.vm.key().pubkey(), ..Setup::default().keepers[0] };
    let good = street.world.us.register_keeper(&street.world.vm, &settings);
    let authority = street.world.us.authority.insecure_clone();
    let signers = [&authority];
    let (ours, theirs) = (street.world.us.program.addresses, street.neighbour.program.addresses);
    street.refuses_fakes(&good, &signers, 3);
    street.refuses(&good, &signers, 3, &[(theirs.protocol, WRONG_SEEDS), (ours.market(0), WRONG_KIND)]);
    street.refuses(&good, &signers, 4, &[(theirs.keeper(&settings.key), WRONG_SEEDS)]);
    street.refuses_systems(&good, &signers, 5);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn amend() {
    let mut street = Street::new(false);
    let good = street.world.us.arm(&street.world.vm, street.world.us.vault);
    let authority = street.world.us.authority.insecure_clone();
    let signers = [&authority];
    let (ours, theirs) = (street.world.us.program.addresses, street.neighbour.program.addresses);
    let (their_limiter, their_vault) = (street.neighbour.limiter, street.neighbour.vault);
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(
        &good,
        &signers,
        2,
        &[(theirs.protocol, by(NotTheAuthority)), (ours.market(0), WRONG_KIND)],
    );
    street.refuses_subjects(&good, &signers, their_limiter);
    street.refuses(&good, &signers, 8, &[(their_vault, by(WrongVault)), (ours.protocol, by(WrongVault))]);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 0);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn propose() {
    let mut street = Street::new(true);
    let change = street.world.limiter_scaled(5);
    let us = &street.world.us;
    let good = us.propose(&street.world.vm, &change.proposed(), &[us.limiter]);
    let (authority, stranger) = (us.authority.insecure_clone(), street.world.attacker.insecure_clone());
    let signers = [&authority];
    let (ours, theirs) = (us.program.addresses, street.neighbour.program.addresses);
    let their_limiter = street.neighbour.limiter;
    let theirs_authority = street.neighbour.authority.insecure_clone();
    for other in [&stranger, &theirs_authority] {
        let swap = [(other.pubkey(), by(NotTheAuthority))];
        street.refuses(&good, &[&authority, other], 1, &swap);
    }
    let mut unsigned = good.clone();
    (unsigned.accounts[0].pubkey, unsigned.accounts[1].is_signer) = (stranger.pubkey(), false);
    street.world.vm.send(&[unsigned], &[&stranger]).fails_with(NOT_SIGNED);
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(
        &good,
        &signers,
        2,
        &[(theirs.protocol, by(NotTheAuthority)), (ours.market(0), WRONG_KIND)],
    );
    // the address is of the next number
    let others = [pda::proposal(&ours.protocol, 1).0, pda::proposal(&theirs.protocol, 0).0, ours.market(0)];
    street.refuses(&good, &signers, 3, &others.map(|other| (other, WRONG_SEEDS)));
    street.refuses_systems(&good, &signers, 4);
    street.refuses_journals(&good, &signers);
    let bound = street.fakes(&good, 9).map(|fake| (fake, by(WrongSubject)));
    street.refuses(&good, &signers, 9, &bound);
    street.refuses(
        &good,
        &signers,
        9,
        &[(their_limiter, by(WrongProtocol)), (ours.market(0), by(WrongSubject))],
    );
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn cancel() {
    let mut street = Street::new(true);
    let change = street.world.limiter_scaled(5);
    let proposal = street.world.propose(&change);
    let us = &street.world.us;
    let authority = us.authority.insecure_clone();
    let good = us.cancel(&street.world.vm, &authority.pubkey(), proposal);
    let signers = [&authority];
    let (market, their_protocol) = (us.market, street.neighbour.protocol);
    let stranger = street.world.attacker.insecure_clone();
    street.refuses(&good, &[&stranger], 0, &[(stranger.pubkey(), by(CannotCancel))]);
    let their_proposal = street.their_proposal();
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(their_protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(&good, &signers, 2, &[(their_proposal, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
pub(crate) fn record_flow() {
    let mut street = Street::new(false);
    let alice = street.world.alice.insecure_clone();
    let us = &street.world.us;
    let second = us.register_market(&mut street.world.vm, 1, &Setup::default().market);
    let (other_vault, other_limiter) =
        us.guard_vault(&mut street.world.vm, second, 1_000, &Setup::default().limiter);
    let us = &street.world.us;
    let (program, limiter, vault) = (us.program, us.limiter, us.vault);
    let good = program.flow(&us.flow(Direction::Out, Operation::WITHDRAW, 1));
    let n = &street.neighbour;
    let (protocol, market, their_limiter, their_vault) = (n.protocol, n.market, n.limiter, n.vault);
    let swaps = [
        (1, protocol, by(NotTheRecorder)),
        (1, us.market, WRONG_KIND),
        (2, market, by(WrongProtocol)),
        (2, second, by(WrongMarket)),
        (2, us.protocol, WRONG_KIND),
        (3, their_limiter, by(WrongProtocol)),
        (3, other_limiter, by(WrongMarket)),
        (3, us.market, WRONG_KIND),
        (4, their_vault, by(WrongVault)),
        (4, other_vault, by(WrongVault)),
        (4, street.world.purse, by(WrongVault)),
        (4, limiter, by(WrongVault)),
    ];
    for (place, swap, expected) in swaps {
        let mut bad = good.clone();
        bad.accounts[place].pubkey = swap;
        street.world.vm.send(&[program.calls(bad)], &[&alice]).fails_with(expected);
    }
    for place in 1..4 {
        let real = street.world.vm.account(&good.accounts[place].pubkey).expect("the account exists");
        let look_alike = street.world.vm.key().pubkey();
        street.world.vm.put(look_alike, Account { owner: program.program, ..real });
        let nothing = street.world.vm.key().pubkey();
        for (swap, expected) in [(look_alike, NOT_THE_BREAKERS), (nothing, NOT_THE_BREAKERS)] {
            let mut bad = good.clone();
            bad.accounts[place].pubkey = swap;
            street.world.vm.send(&[program.calls(bad)], &[&alice]).fails_with(expected);
        }
    }
    street.world.vm.send(&[program.calls(good)], &[&alice]).succeeds();
    assert_eq!(vault, street.world.us.vault);
}

#[test]
fn poke() {
    let mut street = Street::new(true);
    street.world.drain(FUNDS / 20).succeeds();
    let attacker = street.world.attacker.insecure_clone();
    let signers = [&attacker];
    let good = street.world.us.poke(&street.world.vm);
    let ours = street.world.us.program.addresses;
    let n = &street.neighbour;
    let (protocol, market, limiter, vault) = (n.protocol, n.market, n.limiter, n.vault);
    let (purse, our_market) = (street.world.purse, street.world.us.market);
    street.refuses_fakes(&good, &signers, 0);
    street.refuses(&good, &signers, 0, &[(protocol, by(WrongProtocol)), (our_market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(market, by(WrongProtocol)), (ours.protocol, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(&good, &signers, 2, &[(limiter, by(WrongProtocol)), (our_market, WRONG_KIND)]);
    street.refuses(&good, &signers, 3, &[(vault, by(WrongVault)), (purse, by(WrongVault))]);
    street.refuses(&good, &signers, 4, &[(purse, by(WrongCompany))]);
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn pause() {
    let mut street = Street::new(false);
    let us = &street.world.us;
    let second = us.register_market(&mut street.world.vm, 1, &Setup::default().market);
    let us = &street.world.us;
    let guardian = us.guardians[0].insecure_clone();
    let colleague = us.guardians[1].pubkey();
    let signers = [&guardian];
    let (ours, market) = (us.program.addresses, us.market);
    let order = street.world.order(1_800);
    let good = us.pause(&street.world.vm, &guardian, Some(market), &order);
    let (protocol, their_market) = (street.neighbour.protocol, street.neighbour.market);
    let theirs = street.neighbour.program.addresses;
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    // with another market the budget's address is another
    street.refuses(
        &good,
        &signers,
        2,
        &[
            (their_market, by(WrongProtocol)),
            (second, WRONG_SEEDS),
            (ours.protocol, WRONG_KIND),
            (ID, WRONG_SEEDS),
        ],
    );
    let budgets = [
        ours.budget(Some(&market), &colleague),
        ours.budget(None, &guardian.pubkey()),
        theirs.budget(Some(&their_market), &guardian.pubkey()),
    ];
    street.refuses(&good, &signers, 3, &budgets.map(|budget| (budget, WRONG_SEEDS)));
    street.refuses_systems(&good, &signers, 4);
    street.refuses_journals_of_a_signed_order(&good, &signers);
    // their market, with the budget that goes with it
    let mut foreign = good.clone();
    foreign.accounts[2].pubkey = their_market;
    foreign.accounts[3].pubkey = theirs.budget(Some(&their_market), &guardian.pubkey());
    street.world.vm.send(&[foreign], &signers).fails_with(WrongProtocol);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn raise() {
    let mut street = Street::new(true);
    let us = &street.world.us;
    let bot = us.keepers[0].insecure_clone();
    let signers = [&bot];
    let order = instruction::RaiseOrder { closed: 0, seconds: 600, reason: 0 };
    let good = us.raise(&street.world.vm, &bot, &order);
    let (ours, market, colleague) = (us.program.addresses, us.market, us.keepers[1].pubkey());
    let n = &street.neighbour;
    let (protocol, their_market) = (n.protocol, n.market);
    let their_keeper = n.program.addresses.keeper(&n.keepers[0].pubkey());
    street.refuses_fakes(&good, &signers, 1);
    let colleague = ours.keeper(&colleague);
    street.refuses(
        &good,
        &signers,
        1,
        &[(colleague, by(NotTheKeeper)), (their_keeper, by(NotTheKeeper)), (market, WRONG_KIND)],
    );
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(&good, &signers, 2, &[(protocol, by(NotTheKeeper)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 3);
    street.refuses(&good, &signers, 3, &[(their_market, by(WrongProtocol)), (ours.protocol, WRONG_KIND)]);
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn extend_journal() {
    let mut street = Street::beside(World::with(|setup| (setup.segment, setup.armed) = (false, false)));
    let alice = street.world.alice.insecure_clone();
    let signers = [&alice];
    let ours = street.world.us.program.addresses;
    let good = instruction::extend_journal(alice.pubkey(), ours.protocol, 0);
    let theirs = street.neighbour.program.addresses;
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(theirs.journal, WRONG_SEEDS), (ours.protocol, WRONG_KIND)]);
    street.refuses(&good, &signers, 2, &[(ours.segment(1), WRONG_SEEDS), (theirs.segment(1), WRONG_SEEDS)]);
    street.refuses_systems(&good, &signers, 3);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn register_invariant() {
    let mut balanced = Balanced::unregistered();
    let second = balanced.world.us.register_market(&mut balanced.world.vm, 1, &Setup::default().market);
    let good = balanced.registers();
    let mut street = Street::beside(balanced.world);
    let authority = street.world.us.authority.insecure_clone();
    let signers = [&authority];
    let (ours, theirs) = (street.world.us.program.addresses, street.neighbour.program.addresses);
    let (market, their_market) = (street.world.us.market, street.neighbour.market);
    street.refuses_fakes(&good, &signers, 3);
    street.refuses(&good, &signers, 3, &[(theirs.protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 4);
    // an invariant's address is derived from its market
    street.refuses(
        &good,
        &signers,
        4,
        &[(their_market, by(WrongProtocol)), (second, WRONG_SEEDS), (ours.protocol, WRONG_KIND)],
    );
    let others = [pda::invariant(&market, 1).0, pda::invariant(&their_market, 0).0, pda::band(&market, 0).0];
    street.refuses(&good, &signers, 5, &others.map(|other| (other, WRONG_SEEDS)));
    street.refuses_systems(&good, &signers, 6);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);
    // their market, with the invariant that goes with it
    let mut foreign = good.clone();
    foreign.accounts[4].pubkey = their_market;
    foreign.accounts[5].pubkey = pda::invariant(&their_market, 0).0;
    street.world.vm.send(&[foreign], &signers).fails_with(WrongProtocol);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn amend_a_rule() {
    let balanced = Balanced::unregistered().shadow();
    let good = balanced.arms();
    let mut street = Street::beside(balanced.world);
    let their_invariant = street.their_invariant();
    let authority = street.world.us.authority.insecure_clone();
    street.refuses_subjects(&good, &[&authority], their_invariant);
    street.world.vm.send(&[good], &[&authority]).succeeds();
}

#[test]
fn poke_invariant() {
    let mut balanced = Balanced::default();
    balanced.world.drain(FUNDS / 2).succeeds();
    let good = balanced.pokes();
    let mut street = Street::beside(balanced.world);
    let their_invariant = street.their_invariant();
    let attacker = street.world.attacker.insecure_clone();
    let signers = [&attacker];
    let ours = street.world.us.program.addresses;
    let (protocol, their_market) = (street.neighbour.protocol, street.neighbour.market);
    let (purse, market) = (street.world.purse, street.world.us.market);
    street.refuses_fakes(&good, &signers, 0);
    street.refuses(&good, &signers, 0, &[(protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(their_market, by(WrongProtocol)), (ours.protocol, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(&good, &signers, 2, &[(their_invariant, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses(&good, &signers, 3, &[(purse, by(WrongCompany))]);
    street.refuses_journals(&good, &signers);
    // our emptied vault proves nothing about them, though all else is theirs
    let segment = street.neighbour.segment(&street.world.vm);
    let terms = [street.world.us.vault, balanced::LEDGER];
    let (theirs, invariant) = (street.neighbour.protocol, good.accounts[2].pubkey);
    let framed = instruction::poke_invariant(theirs, their_market, invariant, &terms, segment);
    street.world.vm.send(&[framed], &signers).fails_with(WrongProtocol);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn register_band() {
    let mut banded = Banded::unregistered(banded::SECOND);
    let second = banded.world.us.register_market(&mut banded.world.vm, 1, &Setup::default().market);
    let good = banded.registers();
    let mut street = Street::beside(banded.world);
    let authority = street.world.us.authority.insecure_clone();
    let signers = [&authority];
    let (ours, theirs) = (street.world.us.program.addresses, street.neighbour.program.addresses);
    let (market, their_market) = (street.world.us.market, street.neighbour.market);
    street.refuses_fakes(&good, &signers, 3);
    street.refuses(&good, &signers, 3, &[(theirs.protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 4);
    // a band's address is derived from its market
    street.refuses(
        &good,
        &signers,
        4,
        &[(their_market, by(WrongProtocol)), (second, WRONG_SEEDS), (ours.protocol, WRONG_KIND)],
    );
    let others = [pda::band(&market, 1).0, pda::band(&their_market, 0).0, pda::invariant(&market, 0).0];
    street.refuses(&good, &signers, 5, &others.map(|other| (other, WRONG_SEEDS)));
    let [first, second] = [banded::FIRST, banded::SECOND].map(|feed| feed.account);
    street.refuses(&good, &signers, 6, &[(second, by(WrongPriceAccount))]);
    street.refuses(&good, &signers, 7, &[(first, by(WrongPriceAccount)), (ID, by(WrongPriceAccount))]);
    street.refuses_systems(&good, &signers, 8);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn register_coverage() {
    let mut street = Street::new(false);
    let rows = [CoverageRow { instruction: [1; 8], operations: 1 }];
    let good = street.world.us.register_coverage(&street.world.vm, &rows);
    let authority = street.world.us.authority.insecure_clone();
    let signers = [&authority];
    let theirs = street.neighbour.program.addresses;
    let market = street.world.us.market;
    street.refuses_fakes(&good, &signers, 3);
    street.refuses(&good, &signers, 3, &[(theirs.protocol, WRONG_SEEDS), (market, WRONG_KIND)]);
    let their_table = pda::coverage(&theirs.protocol).0;
    street.refuses(&good, &signers, 4, &[(their_table, WRONG_SEEDS), (market, WRONG_SEEDS)]);
    street.refuses_systems(&good, &signers, 5);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);
    street.world.vm.send(&[good], &signers).succeeds();
}
