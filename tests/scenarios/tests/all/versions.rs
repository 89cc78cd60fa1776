//! What a newer program wrote is not misread: every instruction, and every account of the breaker that it is given.

use firebreak_interface::{
    BreakerError::*,
    Direction, ID, Operation, Severity,
    constants::{DAY, DETACH_DELAY, HOLD_DEFAULT, READER_VERSION},
    instruction::{self, Behind, Governance, NewInvariant, RaiseOrder},
    pda,
    state::{
        Amendment, BandSettings, ClaimsOrder, ConfirmOrder, CoverageRow, DISCRIMINATOR, GuardianAct,
        InvariantSettings, KeeperSettings, MigrateOrder, PauseOrder, Reading, ReleaseOrder, RouteSettings,
        Source, program_data,
    },
};
use firebreak_scenarios::{
    Amending, Balanced, Banded, FUNDS, Governed, Setup, World,
    balanced::{LEDGER, OWED, once},
    banded::{FIRST, HUNDRED, SECOND},
    holding::GROSS,
    token,
    world::PROGRAM,
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    claims::one,
    releases::{agree, rescued},
};

/// Raises the reader that each of the breaker's accounts needs, one after the other: none is read. As they are, the
/// instruction succeeds.
#[track_caller]
fn reads(world: &mut World, good: &Instruction, signer: &Keypair, accounts: usize) {
    let mut keys: Vec<Pubkey> = good.accounts.iter().map(|account| account.pubkey).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| world.vm.account(key).is_some_and(|account| account.owner == ID));
    assert_eq!(keys.len(), accounts, "accounts of the breaker");
    for key in keys {
        let real = world.vm.account(&key).expect("it is there");
        world.vm.edit(&key, |account| account.data[DISCRIMINATOR + 1] = READER_VERSION + 1);
        world.vm.send(std::slice::from_ref(good), &[signer]).fails_with(TooNewToRead);
        world.vm.put(key, real);
    }
    world.vm.send(std::slice::from_ref(good), &[signer]).succeeds();
}

#[test]
fn by_no_registration() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let mut banded = Banded { world, settings: BandSettings::starting(FIRST, SECOND), band: FIRST.account };
    banded.post_both(HUNDRED);
    world = Balanced::over(banded.world).world;
    let us = &world.us;
    let (setup, authority) = (Setup::default(), us.authority.insecure_clone());
    let vault = token::account(&mut world.vm, &authority, &us.mint, &us.program.owner);
    let keeper = KeeperSettings { key: world.vm.key().pubkey(), ..setup.keepers[0] };
    let row = |i| [CoverageRow { instruction: [i; 8], operations: 1 }];
    let first = us.register_coverage(&world.vm, &row(1));
    world.vm.send(&[first], &[&authority]).succeeds();
    let us = &world.us;
    let (vm, segment, key) = (&world.vm, us.segment(&world.vm), authority.pubkey());
    let [left, right] = [Reading::TokenBalance, OWED].map(|reading| vec![once(reading)]);
    let settings = InvariantSettings { left, right, ratio_bps: [10_000, 9_900, 9_500] };
    let terms = [us.vault, LEDGER];
    let new = NewInvariant { market: us.market, index: 0, settings: &settings, terms: &terms };
    let registrations = [
        (us.create_market(vm, 1, &setup.market), 3),
        (us.register_keeper(vm, &keeper), 3),
        // with the table, the cap, the market
        (us.register_coverage(vm, &row(2)), 4),
        (us.register_limiter(vm, us.market, vault, &setup.limiter), 5),
        (instruction::register_band(key, key, us.protocol, us.market, 0, &banded.settings, segment), 4),
        (instruction::register_invariant(key, key, us.protocol, &new, segment), 4),
        (instruction::extend_journal(key, us.protocol, 1), 1),
    ];
    for (registration, accounts) in registrations {
        reads(&mut world, &registration, &authority, accounts);
    }
}

#[test]
fn by_no_act_of_governance() {
    let mut governed = Governed::default();
    let (band, invariant) = (governed.band, governed.invariant);
    let authority = governed.world.us.authority.insecure_clone();
    let stranger = governed.world.attacker.insecure_clone();
    let rest = vec![program_data(&PROGRAM)];
    let changes = {
        let world = &governed.world;
        let keeper = world.us.program.addresses.keeper(&world.us.keepers[0].pubkey());
        [
            (world.limiter_scaled(5), 5),
            (world.market_with(|settings| settings.responses[0].closed = 0), 5),
            // with the market in which nothing may hold
            (governed.band_with(|settings| settings.deviation_bps[0] += 100), 6),
            (governed.ratios([9_950, 9_900, 9_500]), 6),
            (world.amending(keeper, Amendment::RevokeKeeper), 5),
            (Amending { rest: rest.clone(), ..world.amending(world.us.protocol, Amendment::Unpin) }, 4),
        ]
    };
    let of_invariant = governed.disarming().rest;
    let world = &mut governed.world;
    let pin = Amending { rest, ..world.amending(world.us.protocol, Amendment::Pin) };
    let pin = world.us.amend(&world.vm, authority.pubkey(), &pin);
    reads(world, &pin, &authority, 3);
    for (change, accounts) in &changes {
        let nonce = world.protocol().next_proposal;
        let propose = world.us.propose(&world.vm, &change.proposed(), &[change.subject]);
        let subjects = usize::from(change.subject != world.us.protocol);
        reads(world, &propose, &authority, 3 + subjects);
        let proposal = pda::proposal(&world.us.protocol, nonce).0;
        world.wait();
        let execute = world.us.amend(&world.vm, Governance::Proposal(proposal), change);
        reads(world, &execute, &stranger, *accounts);
    }
    let disarm_invariant = Amending { rest: of_invariant, ..world.amending(invariant, Amendment::Disarm) };
    for (rule, disarm) in [
        (world.us.limiter, world.disarming(world.us.limiter)),
        (band, world.amending(band, Amendment::Disarm)),
        (invariant, disarm_invariant),
    ] {
        world.pass(&disarm);
        let rest = if rule == world.us.limiter { vec![world.us.vault] } else { Vec::new() };
        let arm = Amending { rest, ..world.amending(rule, Amendment::Arm) };
        let arm = world.us.amend(&world.vm, authority.pubkey(), &arm);
        reads(world, &arm, &authority, 4);
    }
    let change = world.limiter_scaled(5);
    let proposal = world.propose(&change);
    let guardian = world.us.guardians[0].insecure_clone();
    world.vm.advance(1);
    let approve = world.approving(proposal, &[0]);
    reads(world, &approve, &guardian, 4);
    let (protocol, segment) = (world.us.protocol, world.us.segment(&world.vm));
    let veto = instruction::veto(&[guardian.pubkey()], protocol, proposal, segment);
    reads(world, &veto, &guardian, 4);
    let cancel = world.us.cancel(&world.vm, &authority.pubkey(), proposal);
    reads(world, &cancel, &authority, 4);
    world.vm.edit(&protocol, |account| account.data[DISCRIMINATOR] = 1);
    let migrate = instruction::migrate_protocol(protocol, segment);
    reads(world, &migrate, &stranger, 3);
    // with a market and a limiter that it shows
    let leave = world.detaching(&[world.us.market], &[world.us.limiter]);
    let proposal = world.propose(&leave);
    world.vm.advance(DETACH_DELAY.into());
    let execute = world.us.amend(&world.vm, Governance::Proposal(proposal), &leave);
    reads(world, &execute, &stranger, 6);
}

#[test]
fn by_no_flow_and_no_proof() {
    let governed = Governed::default();
    let (band, invariant) = (governed.band, governed.invariant);
    let mut banded = Banded::around(governed.world, band);
    banded.post_both(HUNDRED);
    let observe = banded.observes();
    let anyone = banded.world.alice.insecure_clone();
    reads(&mut banded.world, &observe, &anyone, 1);
    banded.post(HUNDRED / 2);
    let poke = banded.pokes();
    reads(&mut banded.world, &poke, &anyone, 5);

    // what the band latched is over, so that the next proof is a rise of its own
    banded.world.vm.advance(3 * DAY);
    let mut balanced = Balanced::around(banded.world, invariant);
    let flow = balanced.world.us.flow(Direction::In, Operation::REPAY, 1);
    let record = balanced.world.us.program.calls(balanced.world.us.program.flow(&flow));
    reads(&mut balanced.world, &record, &anyone, 3);
    balanced.world.drain(FUNDS / 2).succeeds();
    let poke = balanced.pokes();
    reads(&mut balanced.world, &poke, &anyone, 5);
    let world = &mut balanced.world;
    let poke = world.us.poke(&world.vm);
    reads(world, &poke, &anyone, 5);

    let rest = vec![program_data(&PROGRAM)];
    let pin = Amending { rest, ..world.amending(world.us.protocol, Amendment::Pin) };
    world.amend(&pin).succeeds();
    world.vm.edit(&program_data(&PROGRAM), |account| {
        account.data[4] ^= 1;
        account.data[45] ^= 1;
    });
    let poke = instruction::poke_program(world.us.protocol, &PROGRAM, world.us.segment(&world.vm));
    reads(world, &poke, &anyone, 3);
}

#[test]
fn by_no_quorum_of_guardians() {
    let mut world = World::default();
    let (guardian, anyone) = (world.us.guardians[0].insecure_clone(), world.attacker.insecure_clone());
    let market = Some(world.us.market);
    let scope = (world.us.protocol, market);
    world.withdraw(FUNDS / 2).succeeds();
    world.poke().succeeds();
    let resume = world.resume_order(market, Source::Limiter, Severity::Major);
    let confirm = ConfirmOrder { latch: resume.latch, seconds: 86_400 };
    let acts = [
        GuardianAct::Confirm(confirm),
        GuardianAct::Resume(resume),
        GuardianAct::Maintenance { seconds: 600 },
        GuardianAct::FreezeAuthority { authority_epoch: 0 },
    ];
    for (nonce, act) in (0..).zip(acts) {
        let is_whole = matches!(act, GuardianAct::FreezeAuthority { .. });
        let scope = if is_whole { (scope.0, None) } else { scope };
        let (stamp, segment) = (world.stamp(), world.us.segment(&world.vm));
        let propose =
            instruction::propose_as_guardian(guardian.pubkey(), scope, nonce, &act, &stamp, segment);
        reads(&mut world, &propose, &guardian, if is_whole { 3 } else { 4 });
        let proposal = pda::guardian_proposal(&scope.0, &guardian.pubkey(), nonce).0;
        world.vm.advance(1);
        world.approve(proposal, &[1]).succeeds();
        let (behind, segment) = (Behind::proposal(proposal), world.us.segment(&world.vm));
        let (execute, accounts) = match act {
            GuardianAct::Confirm(order) => (instruction::confirm(behind, scope, &order, segment), 5),
            GuardianAct::Resume(order) => {
                let shown = world.show_limiter();
                (instruction::resume(behind, scope, (&order, None), &shown, segment), 6)
            }
            GuardianAct::Maintenance { seconds } => {
                world.wait();
                let (protocol, market) = (world.us.protocol, world.us.market);
                (instruction::announce_maintenance(proposal, protocol, market, seconds, segment), 5)
            }
            GuardianAct::FreezeAuthority { authority_epoch } => {
                (instruction::freeze_authority(behind, scope.0, authority_epoch, segment), 4)
            }
            other => unreachable!("proposed nowhere here: {other:?}"),
        };
        reads(&mut world, &execute, &anyone, accounts);
    }
    let bot = world.us.keepers[0].insecure_clone();
    let beat = instruction::heartbeat(bot.pubkey(), &world.us.protocol);
    reads(&mut world, &beat, &bot, 1);
}

#[test]
pub(crate) fn by_nobody_who_raises_pauses_or_steps_down() {
    let mut world = World::default();
    let (guardian, bot) = (world.us.guardians[0].insecure_clone(), world.us.keepers[0].insecure_clone());
    let raise = world.us.raise(&world.vm, &bot, &RaiseOrder { closed: 0, seconds: 600, reason: 0 });
    reads(&mut world, &raise, &bot, 5);
    for market in [Some(world.us.market), None] {
        let order = PauseOrder { closed: Operation::BORROW.mask(), ..world.order(1_800) };
        let pause = world.us.pause(&world.vm, &guardian, market, &order);
        reads(&mut world, &pause, &guardian, 4 + usize::from(market.is_some()));
        let open = instruction::open_budget(guardian.pubkey(), world.us.protocol, market, guardian.pubkey());
        reads(&mut world, &open, &guardian, 2 + usize::from(market.is_some()));
    }
    world.vm.advance(86_400);
    let anyone = world.alice.insecure_clone();
    for (market, accounts) in [(Some(world.us.market), 4), (None, 3)] {
        let step = world.us.step_down(&world.vm, market);
        reads(&mut world, &step, &anyone, accounts);
    }
}

/// What is registered on the way to safety, and the way there.
#[test]
pub(crate) fn by_nothing_that_moves_money_to_safety() {
    let mut open = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let authority = open.us.authority.insecure_clone();
    let safe = open.us.register_safe(&open.vm);
    reads(&mut open, &safe, &authority, 4);
    let route = open.us.register_route(&open.vm, open.us.vault, &RouteSettings::starting());
    reads(&mut open, &route, &authority, 6);

    let mut world = World::with(|setup| setup.route = Some(RouteSettings::starting()));
    let pause = world.order(1_800);
    world.pause(0, &pause).succeeds();
    let (market, guardian) = (world.us.market, world.us.guardians[0].insecure_clone());
    let latch = world.latch(Some(market), Source::Guardian, Severity::Major);
    let order = MigrateOrder { latch };
    let (proposal, proposed) = world.guardian_proposes(0, Some(market), 0, &GuardianAct::Migrate(order));
    proposed.succeeds();
    world.vm.advance(1);
    world.approve(proposal, &[1]).succeeds();
    let (scope, segment) = ((world.us.protocol, market), world.us.segment(&world.vm));
    let order = instruction::order_migration(Behind::proposal(proposal), scope, &order, segment);
    reads(&mut world, &order, &guardian, 5);
    let (migrate, stranger) = (world.migrating(), world.attacker.insecure_clone());
    reads(&mut world, &migrate, &stranger, 7);
}

#[test]
pub(crate) fn by_nothing_that_holds_withdrawals() {
    let mut world = World::holding(1, |setup| setup.custody = true);
    let (alice, stranger) = (world.alice.insecure_clone(), world.attacker.insecure_clone());
    let hold = world.withdraws(&world.withdrawing(GROSS, 0));
    reads(&mut world, &hold, &alice, 7);
    let pay = instruction::Pay {
        from: world.way(),
        to: world.purse,
        or_hold: false,
        operation: Operation::WITHDRAW,
        amount: 1_000,
    };
    let pay = instruction::pay(world.us.program.recorder, world.us.protocol, &pay);
    let pay = world.us.program.calls(pay);
    reads(&mut world, &pay, &alice, 4);
    let acts = [
        (GuardianAct::FlagHeld(world.range(0, 0)), 6),
        (GuardianAct::DecideHeld { range: world.range(0, 0), pay: true }, 6),
    ];
    for (nonce, (act, accounts)) in (0..).zip(acts) {
        let (proposal, proposed) = world.guardian_proposes(0, Some(world.us.market), nonce, &act);
        proposed.succeeds();
        world.vm.advance(1);
        world.approve(proposal, &[1]).succeeds();
        let (scope, segment) = ((world.us.protocol, world.us.market), world.us.segment(&world.vm));
        let (behind, range) = (Behind::proposal(proposal), world.range(0, 0));
        let act = match act {
            GuardianAct::FlagHeld(_) => instruction::flag_held(behind, scope, &range, segment),
            _ => instruction::decide_held(behind, scope, (&range, true, None), segment),
        };
        reads(&mut world, &act, &stranger, accounts);
    }
    world.vm.advance(HOLD_DEFAULT.into());
    let claim = world.claims_held(0, world.purse, false);
    reads(&mut world, &claim, &stranger, 6);
}

#[test]
pub(crate) fn by_nothing_that_brings_money_back() {
    let mut world = rescued(true);
    let (vault, stranger) = (world.us.vault, world.attacker.insecure_clone());
    let authority = world.us.authority.insecure_clone();
    let order = ReleaseOrder { vault, amount: 1_000, destination: vault, owner: world.route_key() };
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    let of = (world.us.protocol, world.us.market, world.us.mint);
    let (key, segment) = (Some(authority.pubkey()), world.us.segment(&world.vm));
    let begin = instruction::begin_release(proposal, key, of, &order, segment);
    reads(&mut world, &begin, &authority, 7);
    let step = instruction::release(world.us.protocol, &world.way(), vault, segment);
    reads(&mut world, &step, &stranger, 7);

    let claims = ClaimsOrder { mint: world.us.mint, epoch: 1, root: [7; 32], total: 5 };
    let proposal = agree(&mut world, 1, &GuardianAct::OpenClaims(claims));
    let of = (world.us.protocol, world.us.market);
    let open =
        instruction::open_claims(proposal, authority.pubkey(), of, &claims, world.us.segment(&world.vm));
    reads(&mut world, &open, &authority, 6);
    let (mut world, claim) = one();
    reads(&mut world, &claim, &stranger, 4);
}
