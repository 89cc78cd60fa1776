//! Every account of every instruction, swapped for one that is not it. Each instruction succeeds as it stands;
//! one account is exchanged, and the exact refusal is named.

mod held;
mod money;
mod returns;
mod street;

use firebreak_interface::{
    BreakerError::*,
    Direction, ID, Operation, Severity, instruction, pda,
    state::{
        Amendment, ConfirmOrder, CoverageRow, GuardianAct, KeeperSettings, ResumeOrder, Source, program_data,
    },
};
use firebreak_scenarios::{
    Amending, Balanced, Banded, FUNDS, Setup, World, balanced, banded, token,
    world::{OTHER_PROGRAM, PROGRAM},
};
use solana_account::Account;
use solana_instruction::AccountMeta;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use street::*;

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
    // a veto is ours, and of the same
    let their_proposal = street.their_proposal();
    let vetoed = [(their_proposal, by(WrongProtocol)), (ours.market(0), WRONG_KIND)];
    street.refuses(&good, &signers, 4, &vetoed);
    street.refuses_systems(&good, &signers, 5);
    street.refuses_journals(&good, &signers);
    let bound = street.fakes(&good, 10).map(|fake| (fake, by(WrongSubject)));
    street.refuses(&good, &signers, 10, &bound);
    street.refuses(
        &good,
        &signers,
        10,
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
fn approve_and_veto() {
    let mut street = Street::new(true);
    let change = street.world.limiter_scaled(5);
    let proposal = street.world.propose(&change);
    street.world.vm.advance(1);
    let approve = street.world.approving(proposal, &[0]);
    let us = &street.world.us;
    let guardian = us.guardians[0].insecure_clone();
    let veto = instruction::veto(&[guardian.pubkey()], us.protocol, proposal, us.segment(&street.world.vm));
    let signers = [&guardian];
    let (market, their_protocol, wallet) =
        (us.market, street.neighbour.protocol, street.world.alice.pubkey());
    let their_proposal = street.their_proposal();
    for good in [approve.clone(), veto.clone()] {
        street.refuses_fakes(&good, &signers, 0);
        street.refuses(&good, &signers, 0, &[(their_protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
        street.refuses_fakes(&good, &signers, 1);
        street.refuses(&good, &signers, 1, &[(their_proposal, by(WrongProtocol)), (market, WRONG_KIND)]);
    }
    // a list or a memory of the attacker's own making
    street.refuses(&approve, &signers, 2, &[(wallet, by(DurableNonce))]);
    street.refuses(&approve, &signers, 3, &[(wallet, by(StaleStamp))]);
    street.refuses_journals(&approve, &signers);
    street.refuses_journals_of_a_signed_order(&veto, &signers);
    for good in [approve, veto] {
        street.world.vm.send(&[good], &signers).succeeds();
    }
}

/// What guardians do together: whoever stands behind it, and of which market.
#[test]
fn confirm_resume_and_propose_as_guardian() {
    let mut street = Street::new(true);
    let pause = street.world.order(3_600);
    street.world.pause(0, &pause).succeeds();
    let market = street.world.us.market;
    let latch = street.world.latch(Some(market), Source::Guardian, Severity::Major);
    let orders = (ConfirmOrder { latch, seconds: 7_200 }, ResumeOrder { latch, count: 2, rules: 0 });
    let guardians = street.world.guardian_keys(&[0, 1]);
    let signers: Vec<_> = guardians.iter().collect();
    let keys: Vec<_> = guardians.iter().map(Signer::pubkey).collect();
    let stamp = street.world.stamp();
    let us = &street.world.us;
    let (segment, behind) = (us.segment(&street.world.vm), instruction::Behind::signers(&keys));
    let scope = (us.protocol, Some(market));
    let confirm = instruction::confirm(behind, scope, &orders.0, segment);
    let resume = instruction::resume(behind, scope, (&orders.1, Some(&stamp)), &[], segment);
    let act = GuardianAct::Resume(orders.1);
    let propose = instruction::propose_as_guardian(keys[0], scope, 0, &act, &stamp, segment);
    let (ours, wallet) = (us.protocol, street.world.alice.pubkey());
    let (theirs, their_market) = (street.neighbour.protocol, street.neighbour.market);
    let their_proposal = street.their_proposal();
    for good in [&confirm, &resume] {
        let mut behind = (*good).clone();
        behind.accounts[0] = AccountMeta::new(their_proposal, false);
        street.world.vm.send(std::slice::from_ref(&behind), &signers).fails_with(WrongProtocol);
        street.refuses_fakes(&behind, &signers, 0);
        street.refuses(good, &signers, 0, &[(their_proposal, NOT_WRITABLE)]);
        street.refuses_fakes(good, &signers, 1);
        street.refuses(good, &signers, 1, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
        street.refuses_fakes(good, &signers, 2);
        street.refuses(good, &signers, 2, &[(their_market, by(WrongProtocol)), (ours, WRONG_KIND)]);
    }
    // a list or a memory of the attacker's own making
    street.refuses(&resume, &signers, 3, &[(wallet, by(WrongCompany))]);
    street.refuses(&resume, &signers, 4, &[(wallet, by(StaleStamp))]);
    let one = &signers[..1];
    street.refuses_fakes(&propose, one, 1);
    street.refuses(&propose, one, 1, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&propose, one, 2);
    street.refuses(&propose, one, 2, &[(their_market, by(WrongProtocol)), (ours, WRONG_KIND)]);
    // the address is of this guardian and number
    let others = [pda::guardian_proposal(&ours, &keys[0], 1), pda::guardian_proposal(&ours, &keys[1], 0)];
    street.refuses(&propose, one, 3, &others.map(|(other, _)| (other, WRONG_SEEDS)));
    street.refuses(&propose, one, 4, &[(wallet, by(DurableNonce))]);
    street.refuses(&propose, one, 5, &[(wallet, by(StaleStamp))]);
    street.refuses_systems(&propose, one, 6);
    street.refuses_journals(&propose, one);
    street.refuses_journals_of_a_signed_order(&confirm, &signers);
    street.world.vm.send(&[propose], one).succeeds();
    street.world.vm.send(&[confirm], &signers).succeeds();
    street.refuses_journals(&resume, &signers);
    street.world.vm.send(&[resume], &signers).succeeds();
}

#[test]
fn announce_maintenance_and_heartbeat() {
    let mut street = Street::new(true);
    let us = &street.world.us;
    let (protocol, market, bot) = (us.protocol, us.market, us.keepers[0].insecure_clone());
    let act = GuardianAct::Maintenance { seconds: 600 };
    let (proposal, proposed) = street.world.guardian_proposes(0, Some(market), 0, &act);
    proposed.succeeds();
    street.world.vm.advance(60);
    street.world.approve(proposal, &[1]).succeeds();
    street.world.wait();
    let stranger = street.world.attacker.insecure_clone();
    let signers = [&stranger];
    let segment = street.world.us.segment(&street.world.vm);
    let good = instruction::announce_maintenance(proposal, protocol, market, 600, segment);
    let (theirs, their_market) = (street.neighbour.protocol, street.neighbour.market);
    let their_proposal = street.their_proposal();
    street.refuses_fakes(&good, &signers, 0);
    street.refuses(&good, &signers, 0, &[(their_proposal, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    street.refuses(&good, &signers, 2, &[(their_market, by(WrongProtocol)), (protocol, WRONG_KIND)]);
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();

    let beat = instruction::heartbeat(bot.pubkey(), &protocol);
    let colleague = street.world.us.program.addresses.keeper(&street.world.us.keepers[1].pubkey());
    street.refuses_fakes(&beat, &[&bot], 1);
    street.refuses(&beat, &[&bot], 1, &[(colleague, by(NotTheKeeper)), (market, WRONG_KIND)]);
    street.world.vm.send(&[beat], &[&bot]).succeeds();
}

#[test]
fn freeze_authority_and_migrate_protocol() {
    let mut street = Street::new(true);
    let us = &street.world.us;
    let guardians = street.world.guardian_keys(&[0, 1]);
    let signers: Vec<_> = guardians.iter().collect();
    let keys: Vec<_> = guardians.iter().map(Signer::pubkey).collect();
    let segment = us.segment(&street.world.vm);
    let freeze = instruction::freeze_authority(instruction::Behind::signers(&keys), us.protocol, 0, segment);
    let migrate = instruction::migrate_protocol(us.protocol, segment);
    let (protocol, market, theirs) = (us.protocol, us.market, street.neighbour.protocol);
    let their_proposal = street.their_proposal();
    let mut behind = freeze.clone();
    behind.accounts[0] = AccountMeta::new(their_proposal, false);
    street.world.vm.send(std::slice::from_ref(&behind), &signers).fails_with(WrongProtocol);
    street.refuses_fakes(&behind, &signers, 0);
    street.refuses_fakes(&freeze, &signers, 1);
    street.refuses(&freeze, &signers, 1, &[(theirs, by(NotAGuardian)), (market, WRONG_KIND)]);
    street.refuses_journals_of_a_signed_order(&freeze, &signers);
    street.world.vm.send(&[freeze], &signers).succeeds();
    let stranger = street.world.attacker.insecure_clone();
    street.world.vm.edit(&protocol, |account| account.data[8] = 1);
    street.refuses_fakes(&migrate, &[&stranger], 0);
    street.refuses(&migrate, &[&stranger], 0, &[(market, WRONG_KIND)]);
    street.refuses_journals(&migrate, &[&stranger]);
    street.world.vm.send(&[migrate], &[&stranger]).succeeds();
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
fn poke_program() {
    let mut street = Street::new(true);
    let data = program_data(&PROGRAM);
    let pin = street.world.amending(street.world.us.protocol, Amendment::Pin);
    street.world.amend(&Amending { rest: vec![data], ..pin }).succeeds();
    // another slot and other code than what was pinned
    street.world.vm.edit(&data, |account| {
        account.data[4] ^= 1;
        account.data[45] ^= 1;
    });
    let attacker = street.world.attacker.insecure_clone();
    let signers = [&attacker];
    let us = &street.world.us;
    let good = instruction::poke_program(us.protocol, &PROGRAM, us.segment(&street.world.vm));
    let (market, purse, theirs) = (us.market, street.world.purse, street.neighbour.protocol);
    let their_program = program_data(&OTHER_PROGRAM);
    street.refuses_fakes(&good, &signers, 0);
    // they have pinned nothing, and our program is none of theirs
    street.refuses(&good, &signers, 0, &[(theirs, by(NothingToLatch)), (market, WRONG_KIND)]);
    street.refuses(&good, &signers, 1, &[(their_program, by(NotProgramData)), (PROGRAM, by(NotProgramData))]);
    street.refuses(&good, &signers, 2, &[(purse, by(WrongCompany))]);
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn step_down() {
    let mut street = Street::new(true);
    street.world.raise(0, 600).succeeds();
    street.world.vm.advance(86_400);
    let attacker = street.world.attacker.insecure_clone();
    let signers = [&attacker];
    let us = &street.world.us;
    let good = us.step_down(&street.world.vm, Some(us.market));
    let (ours, market) = (us.protocol, us.market);
    let (theirs, their_market) = (street.neighbour.protocol, street.neighbour.market);
    street.refuses_fakes(&good, &signers, 0);
    street.refuses(&good, &signers, 0, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(their_market, by(WrongProtocol)), (ours, WRONG_KIND)]);
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
pub(crate) fn pause() {
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
            (second, by(WrongBudget)),
            (ours.protocol, WRONG_KIND),
            (ID, by(WrongBudget)),
        ],
    );
    // budgets that there are: a colleague's, one's own of all markets, one of theirs
    let n = &street.neighbour;
    let there_are = [
        ours.budget(Some(&market), &colleague),
        ours.budget(None, &guardian.pubkey()),
        n.program.addresses.budget(Some(&their_market), &n.guardians[0].pubkey()),
    ];
    street.refuses(&good, &signers, 3, &there_are.map(|budget| (budget, by(WrongBudget))));
    // what looks like one, and what there is not
    let [look_alike, other_kind, nothing, wallet] = street.fakes(&good, 3);
    street.refuses(&good, &signers, 3, &[(look_alike, NOT_THE_BREAKERS), (other_kind, WRONG_KIND)]);
    street.refuses(&good, &signers, 3, &[(nothing, by(BudgetNotOpen)), (wallet, by(BudgetNotOpen))]);
    let not_open = theirs.budget(Some(&their_market), &guardian.pubkey());
    street.refuses(&good, &signers, 3, &[(not_open, by(BudgetNotOpen))]);
    let mut unsigned = good.clone();
    unsigned.accounts[0].is_signer = false;
    street.world.vm.send(&[unsigned], &[&street.world.alice]).fails_with(NOT_SIGNED);
    let mut frozen = good.clone();
    frozen.accounts[3].is_writable = false;
    street.world.vm.send(&[frozen], &signers).fails_with(NOT_WRITABLE);
    street.refuses_journals_of_a_signed_order(&good, &signers);
    // their market, with the budget that goes with it
    let mut foreign = good.clone();
    foreign.accounts[2].pubkey = their_market;
    foreign.accounts[3].pubkey = not_open;
    street.world.vm.send(&[foreign], &signers).fails_with(WrongProtocol);
    street.world.vm.send(&[good], &signers).succeeds();
}

#[test]
fn open_budget() {
    let mut street = Street::beside(World::with(|setup| (setup.budgets, setup.armed) = (false, false)));
    let us = &street.world.us;
    let second = us.register_market(&mut street.world.vm, 1, &Setup::default().market);
    let us = &street.world.us;
    let alice = street.world.alice.insecure_clone();
    let signers = [&alice];
    let (guardian, colleague, market) = (us.guardians[0].pubkey(), us.guardians[1].pubkey(), us.market);
    let good = instruction::open_budget(alice.pubkey(), us.protocol, Some(market), guardian);
    let (ours, theirs) = (us.program.addresses, street.neighbour.program.addresses);
    let (their_market, stranger) = (street.neighbour.market, street.neighbour.guardians[0].pubkey());
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(theirs.protocol, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    // with another market, or guardian, the budget's address is another
    street.refuses(
        &good,
        &signers,
        2,
        &[
            (their_market, by(WrongProtocol)),
            (second, by(WrongBudget)),
            (ours.protocol, WRONG_KIND),
            (ID, by(WrongBudget)),
        ],
    );
    street.refuses(&good, &signers, 3, &[(colleague, by(WrongBudget)), (stranger, by(NotAGuardian))]);
    let (canonical, bump) = pda::budget(&market, &guardian);
    assert_eq!(good.accounts[4].pubkey, canonical);
    let at = |bump: u8| {
        let seeds: &[&[u8]] = &[pda::BUDGET, market.as_ref(), guardian.as_ref(), &[bump]];
        Pubkey::create_program_address(seeds, &ID).ok()
    };
    let other_bump = (0..bump).rev().find_map(at).expect("half of the bumps lead somewhere");
    let others = [
        other_bump,
        ours.budget(Some(&market), &colleague),
        ours.budget(None, &guardian),
        ours.budget(Some(&second), &guardian),
        theirs.budget(Some(&their_market), &guardian),
        pda::keeper(&market, &guardian).0,
        street.world.alice.pubkey(),
    ];
    street.refuses(&good, &signers, 4, &others.map(|other| (other, by(WrongBudget))));
    street.refuses_systems(&good, &signers, 5);
    let mut unsigned = good.clone();
    (unsigned.accounts[0].pubkey, unsigned.accounts[0].is_signer) = (guardian, false);
    street.world.vm.send(&[unsigned], &signers).fails_with(NOT_SIGNED);
    street.world.vm.send(std::slice::from_ref(&good), &signers).succeeds();
    // and so it is where it is open
    street.refuses(&good, &signers, 3, &[(colleague, by(WrongBudget)), (stranger, by(NotAGuardian))]);
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
