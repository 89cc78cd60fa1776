//! Whoever has a protocol at the breaker has a market, guardians, a safe and routes of his own, and names in them any vault he
//! likes. Nothing of a vault in our custody moves by that: the breaker signs for it by our own route alone.

use firebreak_interface::{
    BreakerError::*,
    Operation, Verdict,
    instruction::{self, Hold, Migrate, Pay},
    pda,
    state::{Route, RouteSettings},
};
use firebreak_scenarios::{FUNDS, Protected, Setup, World, token, world::OTHER_PROGRAM};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use super::{MARKET, OWNER, ROUTE, custody};

/// What the stranger has in his own vault.
const HIS_FUNDS: u64 = 1_000;

/// A stranger's whole protocol over our vault, with a safe and a route from it; and a vault of his own in his own custody. All
/// is armed, and his guardians have ordered that his market's money be moved.
fn stranger(world: &mut World) -> (Protected, Pubkey) {
    let setup = Setup::default();
    let (vm, mint) = (&mut world.vm, world.us.mint);
    let mut him = Protected::found(vm, OTHER_PROGRAM, &setup);
    him.extend_journal(vm);
    him.market = him.register_market(vm, 0, &setup.market);
    him.open_budgets(vm, Some(him.market));
    (him.mint, him.vault) = (mint, world.us.vault);
    him.limiter = him.program.addresses.limiter(&him.vault);
    let own = token::account_of(vm, &him.authority, &mint, |vault| pda::route(&him.market, vault).0);
    token::issue(vm, &world.us.authority, &mint, &own, HIS_FUNDS);
    let safe = him.register_safe(vm);
    vm.send(&[safe], &[&him.authority]).succeeds();
    for vault in [him.vault, own] {
        let limiter = him.register_limiter(vm, him.market, vault, &setup.limiter);
        let route = him.register_route(vm, vault, &RouteSettings { holds: 2, ..RouteSettings::starting() });
        vm.send(&[limiter, route], &[&him.authority]).succeeds();
    }
    let arm = [him.vault, own].map(|vault| him.arm(vm, vault));
    vm.send(&arm, &[&him.authority]).succeeds();

    std::mem::swap(&mut world.us, &mut him);
    world.order_migration();
    std::mem::swap(&mut world.us, &mut him);
    (him, own)
}

/// What is in our vault, in our safe, in the stranger's, and in the thief's account.
fn balances(world: &World, him: &Protected) -> [u64; 4] {
    let his = pda::safe_tokens(&pda::safe(&him.market, &him.mint).0).0;
    [world.vault(), world.in_safe(), token::balance(&world.vm, &his), world.loot()]
}

#[test]
fn his_own_order_moves_nothing_that_the_breaker_keeps_for_us() {
    let mut world = custody();
    let (him, own) = stranger(&mut world);
    let ours = world.route_key();
    let his_route: Route = world.vm.read(&pda::route(&him.market, &him.vault).0);
    assert_eq!((his_route.vault, his_route.vault_owner), (world.us.vault, ours));
    let before = balances(&world, &him);
    assert_eq!(before, [FUNDS, 0, 0, 0]);

    let of = |vault| Migrate {
        market: him.market,
        vault,
        owner: None,
        mint: him.mint,
        token_program: token::PROGRAM,
    };
    let segment = him.segment(&world.vm);
    let migrate = instruction::migrate(him.protocol, &of(him.vault), segment);
    let with = |place: usize, key: Pubkey| {
        let mut migrate = migrate.clone();
        migrate.accounts[place].pubkey = key;
        migrate
    };
    let mut signed = with(OWNER, world.attacker.pubkey());
    signed.accounts[OWNER].is_signer = true;
    let attempts = [
        (migrate.clone(), OwnerMustSign),
        // the true owner, who signs nothing
        (with(OWNER, ours), OwnerMustSign),
        (with(OWNER, him.program.owner), OwnerMustSign),
        (signed, OwnerMustSign),
        // our route, by which the breaker would sign
        (with(ROUTE, ours), WrongMarket),
        (with(MARKET, world.us.market), WrongProtocol),
    ];
    for (attempt, error) in attempts {
        // by himself, and by his program, which may speak for his market
        for attempt in [attempt.clone(), him.program.calls(attempt)] {
            world.vm.send(&[attempt], &[&world.attacker]).fails_with(error);
        }
    }
    let by_ours = world.us.program.calls(with(OWNER, ours));
    world.vm.send(&[by_ours], &[&world.attacker]).fails_with(OwnerMustSign);
    assert_eq!(balances(&world, &him), before);

    // it is the vault's owner that was missing and nothing else: what is his own goes to his safe
    let migrate = instruction::migrate(him.protocol, &of(own), segment);
    world.vm.send(&[migrate], &[&world.attacker]).succeeds();
    assert_eq!(balances(&world, &him), [FUNDS, 0, HIS_FUNDS, 0]);
    // and ours goes to ours
    world.order_migration();
    world.migrate().succeeds();
    assert_eq!(balances(&world, &him), [0, FUNDS, HIS_FUNDS, 0]);
}

#[test]
fn his_own_recorder_is_paid_nothing_that_the_breaker_keeps_for_us() {
    let mut world = custody();
    let (him, own) = stranger(&mut world);
    let (ours, loot, thief) = (world.route_key(), world.loot, world.attacker.insecure_clone());
    let before = balances(&world, &him);
    let of = |vault| Migrate {
        market: him.market,
        vault,
        owner: None,
        mint: him.mint,
        token_program: token::PROGRAM,
    };
    let pay = |vault, to, or_hold, amount| {
        let what = Pay { from: of(vault), to, or_hold, operation: Operation::WITHDRAW, amount };
        instruction::pay(him.program.recorder, him.protocol, &what)
    };
    let route_of_pay = |pay: Instruction| {
        let his = pda::route(&him.market, &him.vault).0;
        pay.accounts.iter().position(|account| account.pubkey == his).expect("the route is among them")
    };
    for or_hold in [false, true] {
        for amount in [1, FUNDS] {
            let pay = pay(him.vault, loot, or_hold, amount);
            let place = route_of_pay(pay.clone());
            let mut by_our_route = pay.clone();
            by_our_route.accounts[place].pubkey = ours;
            for (attempt, error) in [(pay, OwnerMustSign), (by_our_route, WrongMarket)] {
                world.vm.send(&[him.program.calls(attempt)], &[&thief]).fails_with(error);
            }
        }
    }
    // all that is ours, but for who asks
    let what = Pay { from: world.way(), to: loot, or_hold: false, operation: Operation::WITHDRAW, amount: 1 };
    let as_ours = instruction::pay(him.program.recorder, world.us.protocol, &what);
    world.vm.send(&[him.program.calls(as_ours)], &[&thief]).fails_with(NotTheRecorder);
    // nor is it held in his name
    let hold = Hold { from: of(him.vault), user: thief.pubkey(), destination: loot, amount: 1, nonce: 0 };
    let hold = instruction::hold(him.program.recorder, him.protocol, &hold, him.segment(&world.vm));
    world.vm.send(&[him.program.calls(hold)], &[&thief]).fails_with(OwnerMustSign);
    assert_eq!(balances(&world, &him), before);

    // when his pause is over, he is paid from what is his own, and we from ours
    world.vm.advance(2 * 86_400);
    let own = him.program.calls(pay(own, loot, false, 1));
    assert_eq!(world.vm.send(&[own], &[&thief]).succeeds().verdict(), Verdict::Allow);
    let paid = world.us.program.calls(instruction::pay(world.us.program.recorder, world.us.protocol, &what));
    assert_eq!(world.vm.send(&[paid], &[&thief]).succeeds().verdict(), Verdict::Allow);
    assert_eq!(balances(&world, &him), [FUNDS - 1, 0, 0, 2]);
}
