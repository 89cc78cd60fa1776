//! Money to safety: what moves it, who may, and where it never goes.

pub(crate) mod registration;
mod stranger;

use firebreak_client::Refusal;
use firebreak_interface::{
    BreakerError::*,
    Instant, Severity,
    constants::MIGRATION_WINDOW,
    instruction::{self, Behind, Migrate},
    pda,
    state::{Act, GuardianAct, JournalEntry, LatchId, MigrateOrder, RouteSettings, Source, TOKEN_2022},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{FUNDS, Setup, World, token};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_token_interface::instruction::AuthorityType;

/// Where an account lies in `migrate`.
const MARKET: usize = 1;
const LIMITER: usize = 2;
const ROUTE: usize = 3;
const VAULT: usize = 4;
const OWNER: usize = 5;
const MINT: usize = 6;
const SAFE: usize = 7;
const TOKENS: usize = 8;
const PROGRAM: usize = 9;
const INSTRUCTIONS: usize = 10;

fn routed(settings: RouteSettings) -> impl FnOnce(&mut Setup) {
    move |setup| setup.route = Some(settings)
}

/// A protocol in escort, whose vault has a way to its safe.
fn escort() -> World {
    World::with(routed(RouteSettings::starting()))
}

/// A protocol whose vault is in the breaker's custody.
fn custody() -> World {
    World::with(|setup| (setup.route, setup.custody) = (Some(RouteSettings::starting()), true))
}

/// A protocol whose money anyone may move at Critical.
pub(crate) fn by_anyone() -> World {
    World::with(routed(RouteSettings { by_anyone: 1, ..RouteSettings::starting() }))
}

/// What was lost without a record, seen twice.
pub(crate) fn halted(world: &mut World) {
    world.drain(FUNDS / 2).succeeds();
    world.poke().succeeds();
    world.vm.advance(2);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
}

/// The move with another account at this place.
fn with(world: &World, place: usize, key: Pubkey) -> Instruction {
    let mut migrate = instruction::migrate(world.us.protocol, &world.way(), world.us.segment(&world.vm));
    migrate.accounts[place].pubkey = key;
    world.us.program.calls(migrate)
}

/// Sends it, and checks that no token moved and that the breaker's accounts are as they were.
pub(crate) fn nothing_moves(
    world: &mut World,
    migrate: &[Instruction],
    error: impl Into<firebreak_scenarios::outcome::Expected>,
) {
    let before = world.standing();
    let attacker = world.attacker.insecure_clone();
    world.vm.send(migrate, &[&attacker]).fails_with(error);
    assert_eq!(world.standing(), before);
}

#[test]
pub(crate) fn what_guardians_ordered_goes_to_the_safe_and_late_inflows_follow() {
    for mut world in [escort(), custody()] {
        world.order_migration();
        world.migrate().succeeds();
        assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
        assert_eq!((world.safe().kept, world.safe().debt()), (FUNDS, 0));
        assert_eq!((world.route().sent, world.route().received), (FUNDS, FUNDS));
        let told = world.told();
        let ordered = told.iter().find(|entry| entry.act == Act::MigrationOrdered).expect("an entry");
        assert_eq!((ordered.value, ordered.threshold), (0b11, MIGRATION_WINDOW));
        let moved = told.last().expect("an entry");
        assert_eq!(
            (moved.act, moved.subject, moved.actor),
            (Act::MovedToSafe, world.us.vault, world.route_key())
        );
        assert_eq!((moved.value, moved.threshold, moved.after), (FUNDS, FUNDS, Severity::Major));
        world.poke().fails_with(NothingToLatch);

        world.migrate().succeeds();
        assert_eq!(world.told().len(), told.len(), "once more is nothing to do, and nothing to write");

        world.deposit(FUNDS / 10_000).succeeds();
        world.migrate().succeeds();
        assert_eq!(
            (world.vault(), world.told().len()),
            (FUNDS / 10_000, told.len()),
            "dust fills no journal"
        );
        world.deposit(1_000).succeeds();
        world.migrate().succeeds();
        let all = FUNDS + FUNDS / 10_000 + 1_000;
        assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (0, all, all));
        world.poke().fails_with(NothingToLatch);
        world.verify_journal(&[]).expect("the journal is whole");
    }
}

#[test]
pub(crate) fn nothing_moves_unless_it_was_ordered_and_while_that_lasts() {
    let mut world = escort();
    let migrate = [world.migrating()];
    nothing_moves(&mut world, &migrate, NoMigration);
    let pause = world.order(3_600);
    world.pause(0, &pause).succeeds();
    nothing_moves(&mut world, &migrate, NoMigration);

    let mut world = escort();
    world.order_migration();
    let ends = world.market().migrating_until;
    let start = world.now();
    // by one clock alone it is not over
    for (clock, over) in [
        (Instant { unix: ends.unix - 1, ..ends }, false),
        (Instant { slot: ends.slot - 1, ..ends }, false),
        (ends, true),
    ] {
        world.vm.set_clock(clock.slot, clock.unix);
        world.deposit(1).succeeds();
        if over {
            let migrate = [world.migrating()];
            nothing_moves(&mut world, &migrate, NoMigration);
        } else {
            world.migrate().succeeds();
        }
    }
    assert!(start.plus(MIGRATION_WINDOW).reached(ends));
}

#[test]
fn an_order_takes_a_quorum_and_names_what_holds() {
    let mut world = escort();
    let market = world.us.market;
    let pause = world.order(3_600);
    world.pause(0, &pause).succeeds();
    let keys = world.guardian_keys(&[0, 1, 2]);
    let scope = (world.us.protocol, market);
    let latch = world.latch(Some(market), Source::Guardian, Severity::Major);
    let segment = world.us.segment(&world.vm);
    let ordering = |latch: LatchId, keys: &[&Keypair]| {
        let keys: Vec<_> = keys.iter().map(|key| key.pubkey()).collect();
        instruction::order_migration(Behind::signers(&keys), scope, &MigrateOrder { latch }, segment)
    };
    world.vm.send(&[ordering(latch, &[&keys[0]])], &[&keys[0]]).fails_with(NotApproved);
    let thief = world.attacker.insecure_clone();
    world.vm.send(&[ordering(latch, &[&thief])], &[&thief]).fails_with(NotAGuardian);
    world.vm.send(&[ordering(latch, &[])], &[&thief]).fails_with(NotAGuardian);
    let twice = ordering(latch, &[&keys[0], &keys[0]]);
    world.vm.send(&[twice], &[&keys[0]]).fails_with(NotApproved);

    let both = [&keys[0], &keys[1]];
    let other = LatchId { since: latch.since.plus(1), ..latch };
    world.vm.send(&[ordering(other, &both)], &both).fails_with(AnotherLatch);
    let none = LatchId { source: Source::Limiter, ..latch };
    world.vm.send(&[ordering(none, &both)], &both).fails_with(NotHeld);
    let minor = LatchId { severity: Severity::Minor, ..latch };
    world.vm.send(&[ordering(minor, &both)], &both).fails_with(SeverityNotAllowed);
    let (_, proposed) =
        world.guardian_proposes(0, Some(market), 1, &GuardianAct::Migrate(MigrateOrder { latch: minor }));
    proposed.fails_with(SeverityNotAllowed);
    let (_, proposed) = world.guardian_proposes(0, None, 1, &GuardianAct::Migrate(MigrateOrder { latch }));
    proposed.fails_with(WrongMarket);

    let act = GuardianAct::Migrate(MigrateOrder { latch });
    let (proposal, proposed) = world.guardian_proposes(0, Some(market), 1, &act);
    proposed.succeeds();
    world.vm.advance_slots(2);
    world.approve(proposal, &[1]).succeeds();
    let segment = world.us.segment(&world.vm);
    let order =
        instruction::order_migration(Behind::proposal(proposal), scope, &MigrateOrder { latch }, segment);
    world.send(std::slice::from_ref(&order)).succeeds();
    world.send(&[order]).fails_with(ProposalFinished);
    world.migrate().succeeds();
}

#[test]
fn a_pause_of_all_markets_is_a_reason_too() {
    let mut world = escort();
    let pause = world.order(3_600);
    world.pause_all(0, &pause).succeeds();
    let latch = world.latch(None, Source::Guardian, Severity::Major);
    let keys = world.guardian_keys(&[0, 1]);
    let signers: Vec<_> = keys.iter().map(Keypair::pubkey).collect();
    let scope = (world.us.protocol, world.us.market);
    let (order, segment) = (MigrateOrder { latch }, world.us.segment(&world.vm));
    let order = instruction::order_migration(Behind::signers(&signers), scope, &order, segment);
    world.vm.send(&[order], &[&keys[0], &keys[1]]).succeeds();
    world.migrate().succeeds();
}

#[test]
pub(crate) fn money_goes_nowhere_but_to_the_registered_safe() {
    let mut world = escort();
    world.order_migration();
    let theirs = {
        let them = world.neighbour();
        world.vm.advance_slots(1);
        (them.market, them.limiter, them.vault, them.protocol)
    };
    let loot = world.loot;
    let tokens = [with(&world, TOKENS, loot)];
    nothing_moves(&mut world, &tokens, WrongSafe);

    // a safe of another market of ours
    let settings = Setup::default().market;
    let mut open = World::with(|setup| {
        routed(RouteSettings::starting())(setup);
        (setup.armed, setup.seasoned) = (false, false);
    });
    let second = open.us.register_market(&mut open.vm, 1, &settings);
    let key = open.us.authority.pubkey();
    let (of, mint) = ((open.us.protocol, second), (open.us.mint, token::PROGRAM));
    let safe = instruction::register_safe(key, key, of, mint, open.us.segment(&open.vm));
    open.vm.send(&[safe], &[&open.us.authority]).succeeds();
    open.order_migration();
    let other = pda::safe(&second, &open.us.mint).0;
    let mut migrate = instruction::migrate(open.us.protocol, &open.way(), open.us.segment(&open.vm));
    migrate.accounts[SAFE].pubkey = other;
    migrate.accounts[TOKENS].pubkey = pda::safe_tokens(&other).0;
    let migrate = [open.us.program.calls(migrate)];
    nothing_moves(&mut open, &migrate, WrongSafe);

    for (place, key, error) in [
        (MARKET, theirs.0, WrongProtocol),
        (LIMITER, theirs.1, WrongMarket),
        (VAULT, theirs.2, WrongVault),
        (0, theirs.3, WrongProtocol),
        (MINT, Pubkey::new_from_array([9; 32]), WrongMint),
        (PROGRAM, TOKEN_2022, WrongTokenProgram),
        (PROGRAM, firebreak_scenarios::world::OTHER_PROGRAM, WrongTokenProgram),
        (INSTRUCTIONS, Pubkey::new_from_array([9; 32]), WrongCompany),
    ] {
        let migrate = [with(&world, place, key)];
        nothing_moves(&mut world, &migrate, error);
    }
    let limiter = world.us.limiter;
    let migrate = [with(&world, ROUTE, limiter)];
    nothing_moves(&mut world, &migrate, Refusal::Anchor(3002));
    world.migrate().succeeds();
}

#[test]
fn a_vault_of_another_owner_is_not_touched() {
    let mut world = escort();
    world.order_migration();
    let (vault, owner, thief) = (world.us.vault, world.us.program.owner, world.attacker.pubkey());
    let sell = token::set_authority(&vault, &thief, AuthorityType::AccountOwner, &owner);
    let sell = world.us.program.calls(sell);
    world.send(&[sell]).succeeds();
    let migrate = [world.migrating()];
    nothing_moves(&mut world, &migrate, WrongVault);
}

/// Whom its owner lets spend from a vault, or close it, does not keep what is left from going to safety.
#[test]
fn a_vault_from_which_others_may_spend_goes_to_safety_at_once() {
    let mut world = escort();
    world.order_migration();
    let (vault, owner, thief) = (world.us.vault, world.us.program.owner, world.attacker.pubkey());
    let approve = world.us.program.calls(token::approve(&vault, &thief, &owner, 1));
    world.send(&[approve]).succeeds();
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
    assert!(world.limiter().pending.count > 0, "the limiter saw it");

    let mut world = escort();
    world.order_migration();
    let (vault, owner, thief) = (world.us.vault, world.us.program.owner, world.attacker.pubkey());
    let close = token::set_authority(&vault, &thief, AuthorityType::CloseAccount, &owner);
    let close = world.us.program.calls(close);
    world.send(&[close]).succeeds();
    world.migrate().succeeds();
    assert_eq!(world.in_safe(), FUNDS);
}

#[test]
pub(crate) fn in_escort_the_owner_of_the_vault_signs() {
    let mut world = escort();
    world.order_migration();
    let way = world.way();
    let mut bare = instruction::migrate(world.us.protocol, &way, world.us.segment(&world.vm));
    bare.accounts[OWNER].is_signer = false;
    nothing_moves(&mut world, &[bare.clone()], OwnerMustSign);
    // the thief signs, who owns nothing of it
    bare.accounts[OWNER] = solana_instruction::AccountMeta::new_readonly(world.attacker.pubkey(), true);
    let attacker = world.attacker.insecure_clone();
    world.vm.send(&[bare], &[&attacker]).fails_with(OwnerMustSign);
    // nor does the route sign for a vault that is not its own
    let route = Migrate { owner: None, ..way };
    let route = instruction::migrate(world.us.protocol, &route, world.us.segment(&world.vm));
    nothing_moves(&mut world, &[route], OwnerMustSign);
    assert_eq!(world.vault(), FUNDS);
}

#[test]
fn anyone_moves_it_at_critical_where_the_route_says_so() {
    let mut world = by_anyone();
    world.drain(FUNDS / 2).succeeds();
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major);
    let migrate = [world.migrating()];
    nothing_moves(&mut world, &migrate, NoMigration);
    world.vm.advance(2);
    world.poke().succeeds();
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS / 2));

    let mut world = escort();
    halted(&mut world);
    let migrate = [world.migrating()];
    nothing_moves(&mut world, &migrate, NoMigration);
}

#[test]
fn nothing_stands_beside_it_that_could_be_half_way_through_a_loan() {
    let mut world = by_anyone();
    halted(&mut world);
    let transfer = token::transfer(&world.loot, &world.loot, &world.attacker.pubkey(), 1);
    let migrate = world.migrating();
    let attacker = world.attacker.insecure_clone();
    world.vm.send(&[transfer, migrate.clone()], &[&attacker]).fails_with(WrongCompany);
    // another program calls the protected one
    let wrapped = firebreak_scenarios::Integrator::new(firebreak_scenarios::world::OTHER_PROGRAM)
        .performs(&[(Guard::Always, migrate)]);
    world.vm.send(&[wrapped], &[&attacker]).fails_with(NotTopLevel);
    world.migrate().succeeds();
}

#[test]
fn what_is_no_proof_lets_nobody_move_it() {
    // two keepers, a pause: none is Critical
    let mut world = by_anyone();
    world.raise(0, 600).succeeds();
    world.raise(1, 600).succeeds();
    let migrate = [world.migrating()];
    nothing_moves(&mut world, &migrate, NoMigration);
    let pause = world.order(3_600);
    world.pause(0, &pause).succeeds();
    let migrate = [world.migrating()];
    nothing_moves(&mut world, &migrate, NoMigration);
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
fn what_was_taken_before_is_not_hidden_by_the_move() {
    let mut world = escort();
    world.order_migration();
    world.drain(FUNDS / 4).succeeds();
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS / 4 * 3));
    assert!(world.limiter().pending.count > 0, "the limiter saw it");
    world.poke().succeeds();
    let is_leak = |entry: &JournalEntry| entry.act == Act::UndeclaredFlow && entry.value >= FUNDS / 4;
    assert!(world.told().iter().any(is_leak));
}
