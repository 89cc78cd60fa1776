//! The accounts of withdrawals that wait, swapped one by one.

use firebreak_interface::{
    BreakerError::*,
    ID, Operation, Verdict,
    constants::HOLD_DEFAULT,
    instruction::{self, Behind},
    pda,
    state::{RouteSettings, TOKEN_2022},
};
use firebreak_scenarios::{Setup, World, holding::GROSS, token};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use super::street::*;

/// Our world, which holds, and a neighbour, which could.
fn street(custody: bool) -> Street {
    let world = World::holding(1, |setup| setup.custody = custody);
    let route = Some(RouteSettings { holds: 1, ..RouteSettings::starting() });
    Street::beside_one(world, Setup { route, custody, ..Setup::default() })
}

#[test]
fn hold() {
    let mut street = street(false);
    let world = &mut street.world;
    let asked = world.us.flow(firebreak_interface::Direction::OutOrHold, Operation::WITHDRAW, GROSS);
    assert_eq!(world.record_flow(&asked).succeeds().verdict(), Verdict::Hold);
    let (alice, attacker) = (world.alice.insecure_clone(), world.attacker.insecure_clone());
    let good = world.holds(&world.withdrawing(GROSS, 1));
    let (purse, loot, another) = (world.purse, world.loot, world.held_key(&alice.pubkey(), 2));
    let (us, their_safe) = (world.us.program, street.their_safe());
    let n = &street.neighbour;
    let (protocol, market, limiter, vault, mint) = (n.protocol, n.market, n.limiter, n.vault, n.mint);
    let (route, theirs) = (pda::route(&market, &vault).0, n.program.addresses);

    street.refuses_fake_calls(&good, &[1, 2, 3, 4, 8, 15, 16]);
    let swaps = [
        (0, attacker.pubkey(), NOT_SIGNED),
        (1, protocol, by(NotTheRecorder)),
        (2, market, by(WrongProtocol)),
        (3, limiter, by(WrongMarket)),
        (4, route, by(WrongMarket)),
        (5, vault, by(WrongVault)),
        (5, purse, by(WrongVault)),
        (6, attacker.pubkey(), by(OwnerMustSign)),
        (6, pda::route(&street.world.us.market, &street.world.us.vault).0, by(OwnerMustSign)),
        (7, mint, by(WrongMint)),
        (8, their_safe, by(WrongSafe)),
        (9, purse, by(WrongSafe)),
        (9, pda::safe_tokens(&their_safe).0, by(WrongSafe)),
        (10, TOKEN_2022, by(WrongTokenProgram)),
        (10, us.program, by(WrongTokenProgram)),
        (12, loot, by(WrongPayee)),
        (13, another, WRONG_SEEDS),
        (14, us.program, NOT_THE_PROGRAM),
        (15, theirs.journal, by(WrongJournal)),
        (16, theirs.segment(0), by(WrongSegment)),
        (16, ID, by(WrongSegment)),
        (17, alice.pubkey(), WRONG_ADDRESS),
        (18, us.program, WRONG_ADDRESS),
    ];
    for (place, swap, expected) in swaps {
        let mut bad = good.clone();
        bad.accounts[place].pubkey = swap;
        if place == 0 || place == 6 {
            bad.accounts[place].is_signer = false;
        }
        let call = us.calls(bad);
        street.world.vm.send(&[call], &[&alice]).fails_with(expected);
    }
    // who signs is somebody, and no owner of the vault
    let mut stolen = good.clone();
    stolen.accounts[6].pubkey = attacker.pubkey();
    let call = us.calls(stolen);
    street.world.vm.send(&[call], &[&alice, &attacker]).fails_with(OwnerMustSign);
    // in another's name: the address of what is held says whose it is
    let mut of_another = good.clone();
    of_another.accounts[11].pubkey = attacker.pubkey();
    let call = us.calls(of_another);
    street.world.vm.send(&[call], &[&alice, &attacker]).fails_with(WRONG_SEEDS);
    let call = us.calls(good);
    street.world.vm.send(&[call], &[&alice]).succeeds();
}

#[test]
fn pay() {
    let mut street = street(true);
    let what = instruction::Pay {
        from: street.world.way(),
        to: street.world.purse,
        or_hold: false,
        operation: Operation::WITHDRAW,
        amount: 1,
    };
    let us = street.world.us.program;
    let good = instruction::pay(us.recorder, street.world.us.protocol, &what);
    let n = &street.neighbour;
    let (protocol, market, limiter, vault, mint) = (n.protocol, n.market, n.limiter, n.vault, n.mint);
    let route = pda::route(&market, &vault).0;
    let purse = street.world.purse;
    street.refuses_fake_calls(&good, &[1, 2, 3, 5]);
    street.refuses_call(&good, 1, &[(protocol, by(NotTheRecorder))]);
    street.refuses_call(&good, 2, &[(market, by(WrongMarket))]);
    street.refuses_call(&good, 3, &[(limiter, by(WrongProtocol))]);
    street.refuses_call(&good, 4, &[(vault, by(WrongVault)), (purse, by(WrongVault))]);
    street.refuses_call(&good, 5, &[(route, by(WrongMarket))]);
    street.refuses_call(&good, 6, &[(mint, by(WrongMint))]);
    street.refuses_call(
        &good,
        8,
        &[(TOKEN_2022, by(WrongTokenProgram)), (us.program, by(WrongTokenProgram))],
    );
    let call = us.calls(good);
    assert_eq!(street.world.send(&[call]).succeeds().verdict(), Verdict::Allow);
}

#[test]
fn claim_held() {
    let mut street = street(false);
    street.world.withdraw_or_wait(GROSS, 1).succeeds();
    street.world.vm.advance(HOLD_DEFAULT.into());
    let attacker = street.world.attacker.insecure_clone();
    let signers = [&attacker];
    let good = street.world.claims_held(1, street.world.purse, false);
    let (their_safe, n) = (street.their_safe(), &street.neighbour);
    let (protocol, market, mint) = (n.protocol, n.market, n.mint);
    let (purse, loot, program) = (street.world.purse, street.world.loot, street.world.us.program.program);
    for place in [0, 1, 2, 4] {
        street.refuses_fakes(&good, &signers, place);
    }
    street.refuses(&good, &signers, 0, &[(protocol, by(WrongProtocol))]);
    street.refuses(&good, &signers, 1, &[(market, by(WrongProtocol))]);
    street.refuses(&good, &signers, 2, &[(their_safe, by(WrongMarket))]);
    street.refuses(
        &good,
        &signers,
        3,
        &[(purse, by(WrongSafe)), (pda::safe_tokens(&their_safe).0, by(WrongSafe))],
    );
    street.refuses(&good, &signers, 5, &[(attacker.pubkey(), by(WrongPayee))]);
    street.refuses(&good, &signers, 6, &[(loot, by(WrongPayee)), (attacker.pubkey(), by(WrongPayee))]);
    street.refuses(&good, &signers, 7, &[(mint, by(WrongMint))]);
    street.refuses(
        &good,
        &signers,
        8,
        &[(TOKEN_2022, by(WrongTokenProgram)), (program, by(WrongTokenProgram))],
    );
    street.refuses_journals(&good, &signers);
    street.world.vm.send(&[good], &signers).succeeds();
}

/// What flags and decides has the same accounts, but for the two sysvars between.
fn refuses_acts(street: &mut Street, good: &Instruction, signers: &[&Keypair]) {
    let (their_safe, n) = (street.their_safe(), &street.neighbour);
    let (protocol, market) = (n.protocol, n.market);
    for place in 1..4 {
        street.refuses_fakes(good, signers, place);
    }
    street.refuses(good, signers, 1, &[(protocol, by(WrongProtocol))]);
    street.refuses(good, signers, 2, &[(market, by(WrongProtocol))]);
    street.refuses(good, signers, 3, &[(their_safe, by(WrongMarket))]);
    // a stranger among those who sign
    let attacker = street.world.attacker.insecure_clone();
    let last = good.accounts.len() - 1;
    street.refuses(good, &[signers[0], &attacker], last, &[(attacker.pubkey(), by(NotAGuardian))]);
}

#[test]
fn flag_and_decide_held() {
    let mut street = street(false);
    street.world.withdraw_or_wait(GROSS, 1).succeeds();
    let keys = street.world.guardian_keys(&[0, 1]);
    let signers = [&keys[0], &keys[1]];
    let behind = [keys[0].pubkey(), keys[1].pubkey()];
    let us = &street.world.us;
    let (scope, segment) = ((us.protocol, us.market), us.segment(&street.world.vm));
    let range = street.world.range(0, 0);
    let flag = instruction::flag_held(Behind::signers(&behind), scope, &range, segment);
    refuses_acts(&mut street, &flag, &signers);
    street.refuses_journals_of_a_signed_order(&flag, &signers);
    street.world.vm.send(&[flag], &signers).succeeds();

    let decide = street.world.deciding_held((0, 0), false, &[0, 1]);
    refuses_acts(&mut street, &decide, &signers);
    street.refuses_journals(&decide, &signers);
    let purse = street.world.purse;
    street.refuses(&decide, &signers, 4, &[(purse, by(WrongCompany))]);
    street.refuses(&decide, &signers, 5, &[(purse, by(StaleStamp))]);
    // guardians of another protocol, by their own
    let n = &street.neighbour;
    let theirs: Vec<_> = n.guardians.iter().map(Signer::pubkey).collect();
    let mut framed = decide.clone();
    let last = framed.accounts.len() - 2;
    (framed.accounts[last].pubkey, framed.accounts[last + 1].pubkey) = (theirs[0], theirs[1]);
    street.world.vm.send(&[framed], &[&n.guardians[0], &n.guardians[1]]).fails_with(NotAGuardian);
    street.world.vm.send(&[decide], &signers).succeeds();
    assert_eq!(token::balance(&street.world.vm, &street.world.safe_tokens()), GROSS);
}
