//! The accounts by which money goes to safety, swapped one by one: where it may go, who orders it, and the move.

use firebreak_interface::{
    BreakerError::*,
    Severity, instruction, pda,
    state::{RouteSettings, Safe, Source, TOKEN, TOKEN_2022},
};
use firebreak_scenarios::{FUNDS, Protected, Setup, World, token};
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use super::street::*;

/// Our world, in which everything can still be registered, and a neighbour whose vault has its way to safety.
fn street(route: Option<RouteSettings>, custody: bool) -> Street {
    let world = World::with(|setup| {
        (setup.route, setup.custody) = (route, custody);
        setup.armed = false;
    });
    let theirs = Setup { route: Some(RouteSettings::starting()), custody, ..Setup::default() };
    Street::beside_one(world, theirs)
}

impl Street {
    /// `register_safe` for a mint in one of our markets, by our authority.
    fn making_safe(&self, market: Pubkey, mint: (Pubkey, Pubkey)) -> Instruction {
        let (us, key) = (&self.world.us, self.world.us.authority.pubkey());
        instruction::register_safe(key, key, (us.protocol, market), mint, us.segment(&self.world.vm))
    }

    /// Our authority signs it.
    fn registers(&mut self, registration: Instruction) {
        let authority = self.world.us.authority.insecure_clone();
        self.world.vm.send(&[registration], &[&authority]).succeeds();
    }

    /// A second market of ours; a vault with its limiter; and a safe of our mint.
    fn second_market(&mut self) -> (Pubkey, Pubkey, Pubkey, Pubkey) {
        let (setup, us) = (Setup::default(), &self.world.us);
        let second = us.register_market(&mut self.world.vm, 1, &setup.market);
        let (vault, limiter) = us.guard_vault(&mut self.world.vm, second, FUNDS, &setup.limiter);
        let mint = us.mint;
        let safe = self.making_safe(second, (mint, TOKEN));
        self.registers(safe);
        (second, vault, limiter, pda::safe(&second, &mint).0)
    }
}

#[test]
fn register_safe() {
    let mut street = street(None, false);
    let (second, _, _, safe_of_second) = street.second_market();
    let us = &street.world.us;
    let authority = us.authority.insecure_clone();
    let signers = [&authority];
    let good = us.register_safe(&street.world.vm);
    let (ours, market, mint, vault) = (us.protocol, us.market, us.mint, us.vault);
    let (program, purse) = (us.program.program, street.world.purse);
    let (their_safe, n) = (street.their_safe(), &street.neighbour);
    let (theirs, their_market, their_mint) = (n.protocol, n.market, n.mint);
    let before = street.state(&good);

    street.refuses_fakes(&good, &signers, 3);
    street.refuses(&good, &signers, 3, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 4);
    // a safe's address is derived from its market and its mint
    street.refuses(
        &good,
        &signers,
        4,
        &[(their_market, by(WrongProtocol)), (second, WRONG_SEEDS), (ours, WRONG_KIND)],
    );
    street.refuses(&good, &signers, 5, &[(their_mint, WRONG_SEEDS), (vault, WRONG_SEEDS)]);
    let wrong = |keys: &[Pubkey]| keys.iter().map(|key| (*key, WRONG_SEEDS)).collect::<Vec<_>>();
    street.refuses(&good, &signers, 6, &wrong(&[their_safe, safe_of_second, purse]));
    let tokens = [their_safe, safe_of_second].map(|safe| pda::safe_tokens(&safe).0);
    street.refuses(&good, &signers, 7, &wrong(&[tokens[0], tokens[1], purse]));
    street.refuses(
        &good,
        &signers,
        8,
        &[(TOKEN_2022, by(WrongTokenProgram)), (program, by(WrongTokenProgram))],
    );
    street.refuses_systems(&good, &signers, 9);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);

    // their market, with the safe that goes with it
    let foreign = street.making_safe(their_market, (mint, TOKEN));
    street.world.vm.send(&[foreign], &signers).fails_with(WrongProtocol);
    // our authority over everything that is theirs
    let (key, segment) = (authority.pubkey(), street.neighbour.segment(&street.world.vm));
    let grab = instruction::register_safe(key, key, (theirs, their_market), (mint, TOKEN), segment);
    street.world.vm.send(&[grab], &signers).fails_with(NotTheAuthority);
    // what is no mint, each with the safe that goes with it
    let real = street.world.vm.account(&mint).expect("the mint exists");
    let look_alike = street.world.vm.key().pubkey();
    street.world.vm.put(look_alike, Account { owner: program, ..real });
    let (nothing, wallet) = (street.world.vm.key().pubkey(), street.world.alice.pubkey());
    for no_mint in [look_alike, nothing, wallet, vault, purse, ours] {
        for its_program in [TOKEN, program] {
            let make = street.making_safe(market, (no_mint, its_program));
            street.world.vm.send(&[make], &signers).fails_with(MintNotGuardable);
        }
    }

    assert_eq!(street.state(&good), before);
    let safes = street.world.protocol().safes;
    street.world.vm.send(&[good], &signers).succeeds();
    let safe = street.world.safe();
    assert_eq!(
        [safe.protocol, safe.market, safe.mint, safe.tokens],
        [ours, market, mint, street.world.safe_tokens()]
    );
    assert_eq!((street.world.in_safe(), street.world.protocol().safes), (0, safes + 1));
}

#[test]
fn register_route() {
    let mut street = street(None, false);
    let (second, _, limiter_of_second, safe_of_second) = street.second_market();
    let us = &street.world.us;
    let authority = us.authority.insecure_clone();
    let signers = [&authority];
    let (ours, market, mint, vault) = (us.protocol, us.market, us.mint, us.vault);
    let settings = Setup::default().limiter;
    let (other_vault, other_limiter) = us.guard_vault(&mut street.world.vm, market, FUNDS, &settings);
    let other_mint = token::mint(&mut street.world.vm, &authority, 6);
    for mint in [mint, other_mint] {
        let safe = street.making_safe(market, (mint, TOKEN));
        street.registers(safe);
    }
    let other_safe = pda::safe(&market, &other_mint).0;
    let good = street.world.us.register_route(&street.world.vm, vault, &RouteSettings::starting());
    let (purse, loot) = (street.world.purse, street.world.loot);
    let (their_safe, n) = (street.their_safe(), &street.neighbour);
    let (theirs, their_market, their_limiter, their_vault) = (n.protocol, n.market, n.limiter, n.vault);
    let before = street.state(&good);

    for place in [3, 4, 5, 8] {
        street.refuses_fakes(&good, &signers, place);
    }
    street.refuses(&good, &signers, 3, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
    // the safe says of which market it is
    street.refuses(
        &good,
        &signers,
        4,
        &[(their_market, by(WrongProtocol)), (second, by(WrongMarket)), (ours, WRONG_KIND)],
    );
    street.refuses(
        &good,
        &signers,
        5,
        &[(their_safe, by(WrongMarket)), (safe_of_second, by(WrongMarket)), (other_safe, by(WrongSafe))],
    );
    let tokens = |safe: &Pubkey| pda::safe_tokens(safe).0;
    let strange = [loot, purse, vault, tokens(&their_safe), tokens(&other_safe)];
    street.refuses(&good, &signers, 6, &strange.map(|other| (other, by(WrongSafe))));
    let strange = [their_vault, other_vault, purse, loot, tokens(&pda::safe(&market, &mint).0)];
    street.refuses(&good, &signers, 7, &strange.map(|other| (other, by(WrongVault))));
    street.refuses(
        &good,
        &signers,
        8,
        &[
            (their_limiter, by(WrongProtocol)),
            (limiter_of_second, by(WrongMarket)),
            (other_limiter, by(WrongVault)),
            (market, WRONG_KIND),
        ],
    );
    let elsewhere = [
        pda::route(&their_market, &their_vault).0,
        pda::route(&second, &vault).0,
        pda::route(&market, &other_vault).0,
        loot,
    ];
    street.refuses(&good, &signers, 9, &elsewhere.map(|other| (other, WRONG_SEEDS)));
    // the settings name none
    street.refuses(&good, &signers, 10, &[(loot, by(WrongDestination)), (vault, by(WrongDestination))]);
    street.refuses_systems(&good, &signers, 11);
    street.refuses_journals(&good, &signers);
    street.refuses_governance(&good, &authority, 1);

    // several that go together
    let other_way = pda::route(&market, &other_vault).0;
    let sets: [(&[(usize, Pubkey)], _); 8] = [
        (&[(5, their_safe), (6, tokens(&their_safe))], by(WrongMarket)),
        (&[(5, safe_of_second), (6, tokens(&safe_of_second))], by(WrongMarket)),
        // of our market, but of another mint than the vault's
        (&[(5, other_safe), (6, tokens(&other_safe))], by(WrongSafe)),
        (&[(4, second), (5, safe_of_second), (6, tokens(&safe_of_second))], by(WrongMarket)),
        (&[(4, their_market), (5, their_safe), (6, tokens(&their_safe))], by(WrongProtocol)),
        (&[(7, their_vault), (8, their_limiter)], by(WrongProtocol)),
        (&[(7, other_vault), (8, other_limiter)], WRONG_SEEDS),
        (&[(7, other_vault), (9, other_way)], by(WrongVault)),
    ];
    for (swaps, expected) in sets {
        let mut bad = good.clone();
        for (place, key) in swaps {
            bad.accounts[*place].pubkey = *key;
        }
        street.world.vm.send(&[bad], &signers).fails_with(expected);
    }
    // our authority over everything that is theirs
    let (key, segment) = (authority.pubkey(), street.neighbour.segment(&street.world.vm));
    let (scope, of) = ((theirs, their_market), (their_vault, street.neighbour.mint));
    let grab = instruction::register_route(key, key, scope, of, &RouteSettings::starting(), segment);
    street.world.vm.send(&[grab], &signers).fails_with(NotTheAuthority);

    assert_eq!(street.state(&good), before);
    street.world.vm.send(&[good], &signers).succeeds();
    let route = street.world.route();
    assert_eq!(
        [route.protocol, route.market, route.vault, route.mint, route.safe],
        [ours, market, vault, mint, street.world.safe_key()]
    );
}

#[test]
fn order_migration() {
    let mut street = street(Some(RouteSettings::starting()), false);
    let (second, ..) = street.second_market();
    let pause = street.world.order(3_600);
    street.world.pause(0, &pause).succeeds();
    let good = street.world.ordering_migration(Source::Guardian, Severity::Major, &[0, 1]);
    let keys = street.world.guardian_keys(&[0, 1]);
    let signers = [&keys[0], &keys[1]];
    let (ours, market) = (street.world.us.protocol, street.world.us.market);
    let (theirs, their_market) = (street.neighbour.protocol, street.neighbour.market);
    let their_keys = [0, 1].map(|place: usize| street.neighbour.guardians[place].insecure_clone());
    let their_proposal = street.their_proposal();
    let before = street.state(&good);

    let mut behind = good.clone();
    behind.accounts[0] = AccountMeta::new(their_proposal, false);
    street.world.vm.send(std::slice::from_ref(&behind), &signers).fails_with(WrongProtocol);
    street.refuses_fakes(&behind, &signers, 0);
    street.refuses(&good, &signers, 0, &[(their_proposal, NOT_WRITABLE)]);
    street.refuses_fakes(&good, &signers, 1);
    street.refuses(&good, &signers, 1, &[(theirs, by(WrongProtocol)), (market, WRONG_KIND)]);
    street.refuses_fakes(&good, &signers, 2);
    // nothing holds in our second market
    street.refuses(
        &good,
        &signers,
        2,
        &[(their_market, by(WrongProtocol)), (second, by(NotHeld)), (ours, WRONG_KIND)],
    );
    street.refuses_journals_of_a_signed_order(&good, &signers);

    // their guardians of our market, one of them beside one of ours, and ours of theirs
    let first = good.accounts.len() - 2;
    let signed_by = |guardians: [Pubkey; 2]| {
        let mut order = good.clone();
        (order.accounts[first].pubkey, order.accounts[first + 1].pubkey) = (guardians[0], guardians[1]);
        order
    };
    let theirs_alone = signed_by([their_keys[0].pubkey(), their_keys[1].pubkey()]);
    street.world.vm.send(&[theirs_alone], &[&their_keys[0], &their_keys[1]]).fails_with(NotAGuardian);
    let mixed = signed_by([keys[0].pubkey(), their_keys[0].pubkey()]);
    street.world.vm.send(&[mixed], &[&keys[0], &their_keys[0]]).fails_with(NotAGuardian);
    let mut grab = good.clone();
    (grab.accounts[1].pubkey, grab.accounts[2].pubkey) = (theirs, their_market);
    street.world.vm.send(&[grab], &signers).fails_with(NotAGuardian);

    assert_eq!(street.state(&good), before);
    street.world.migrate().fails_with(NoMigration);
    street.world.vm.send(&[good], &signers).succeeds();
    street.world.migrate().succeeds();
    assert_eq!((street.world.vault(), street.world.in_safe()), (0, FUNDS));
}

#[test]
fn migrate() {
    for custody in [false, true] {
        let mut street = street(Some(RouteSettings::starting()), custody);
        let (us, settings) = (&street.world.us, Setup::default().limiter);
        let guard = if custody { Protected::guard_vault_in_custody } else { Protected::guard_vault };
        let (other_vault, other_limiter) = guard(us, &mut street.world.vm, us.market, FUNDS, &settings);
        let us = &street.world.us;
        let way = us.register_route(&street.world.vm, other_vault, &RouteSettings::starting());
        street.registers(way);
        street.world.order_migration();
        let (us, way) = (&street.world.us, street.world.way());
        let good = instruction::migrate(us.protocol, &way, us.segment(&street.world.vm));
        let (market, program, purse, loot) =
            (us.market, us.program.program, street.world.purse, street.world.loot);
        let other_route = pda::route(&market, &other_vault).0;
        let (their_safe, n) = (street.their_safe(), &street.neighbour);
        let (theirs, their_market, their_limiter, their_vault) = (n.protocol, n.market, n.limiter, n.vault);
        let (their_mint, their_route) = (n.mint, pda::route(&their_market, &their_vault).0);
        let their_tokens = pda::safe_tokens(&their_safe).0;
        let (their_journal, their_segment) = (n.program.addresses.journal, n.program.addresses.segment(0));
        let before = street.state(&good);

        let journal = street.journal_place(&good);
        street.refuses_fake_calls(&good, &[0, 1, 2, 3, 7, journal, journal + 1]);
        for (place, key, expected) in [
            (0, theirs, by(WrongProtocol)),
            (1, their_market, by(WrongProtocol)),
            (2, their_limiter, by(WrongMarket)),
            (2, other_limiter, by(WrongVault)),
            (3, their_route, by(WrongMarket)),
            (3, other_route, by(WrongVault)),
            (4, their_vault, by(WrongVault)),
            (4, other_vault, by(WrongVault)),
            (4, purse, by(WrongVault)),
            (6, their_mint, by(WrongMint)),
            (7, their_safe, by(WrongSafe)),
            (8, loot, by(WrongSafe)),
            (8, their_tokens, by(WrongSafe)),
            (9, TOKEN_2022, by(WrongTokenProgram)),
            (9, program, by(WrongTokenProgram)),
            (10, loot, by(WrongCompany)),
            (journal, their_journal, by(WrongJournal)),
            (journal + 1, their_segment, by(WrongSegment)),
            (journal + 1, firebreak_interface::ID, by(WrongSegment)),
            (journal + 2, purse, WRONG_ADDRESS),
            (journal + 3, program, WRONG_ADDRESS),
        ] {
            street.refuses_call(&good, place, &[(key, expected)]);
        }
        // several that go together
        let sets: [(&[(usize, Pubkey)], _); 5] = [
            (&[(7, their_safe), (8, their_tokens)], WrongSafe),
            (&[(3, their_route), (7, their_safe), (8, their_tokens)], WrongMarket),
            (&[(2, their_limiter), (3, their_route), (7, their_safe), (8, their_tokens)], WrongMarket),
            // what leaves our vault would be missing in the other
            (&[(2, other_limiter), (3, other_route)], WrongVault),
            // our vault by all that is theirs
            (&[(0, theirs), (1, their_market), (2, their_limiter), (3, their_route)], WrongVault),
        ];
        for (swaps, expected) in sets {
            let mut bad = good.clone();
            for (place, key) in swaps {
                bad.accounts[*place].pubkey = *key;
            }
            let call = street.world.us.program.calls(bad);
            street.world.send(&[call]).fails_with(expected);
        }

        assert_eq!(street.state(&good), before);
        let call = street.world.us.program.calls(good);
        street.world.send(&[call]).succeeds();
        assert_eq!((street.world.vault(), street.world.in_safe()), (0, FUNDS));
        assert_eq!(street.world.vm.read::<Safe>(&their_safe).kept, 0);
    }
}
