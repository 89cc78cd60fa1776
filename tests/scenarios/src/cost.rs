//! What each instruction costs in the VM.

mod held;
mod migration;
mod releases;

use firebreak_interface::{
    Direction, Operation, Operations, Severity,
    constants::{DAY, LOOSENING_DELAY_DEFAULT},
    instruction::{self, Behind, RaiseOrder},
    pda,
    state::{
        Act, Amendment, ConfirmOrder, CoverageRow, DISCRIMINATOR, GuardianAct, KeeperSettings, PauseOrder,
        Proposed, ProtocolSettings, Reading, Source, Thresholds, program_data,
    },
};
use firebreak_probe::Depth;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{
    Amending, Balanced, Banded, FUNDS, Flow, Governed, Setup, World,
    balanced::{LEDGER, OWED, once},
    banded::{HUNDRED, SECOND},
    token,
    world::PROGRAM,
};

/// The cost of one instruction in one case.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Name of the instruction.
    pub instruction: &'static str,
    /// What state it met.
    pub case: &'static str,
    /// Compute units.
    pub units: u64,
    /// What it may cost at most.
    pub target: Option<u64>,
}

/// What an approval, a pause, and a change of settings that waited may cost.
const APPROVE: u64 = 8_000;
const PAUSE: u64 = 10_000;
const CHANGE: u64 = 20_000;
/// What a confirmation by five guardians may cost.
const CONFIRM: u64 = 15_000;

/// Measures every instruction.
pub fn measure() -> Vec<Cost> {
    let mut costs = Vec::new();
    costs.extend(gate());
    costs.extend(record_flow());
    costs.extend(proofs());
    costs.extend(bands());
    costs.extend(invariants());
    costs.extend(people());
    costs.extend(registrations());
    costs.extend(governance());
    costs.extend(acts());
    costs.extend(program());
    costs.extend(migration::measure());
    costs.extend(held::held());
    costs.extend(releases::measure());
    costs
}

/// Units of one transaction with this one instruction.
fn units(world: &mut World, instruction: Instruction, signers: &[&Keypair]) -> u64 {
    world.vm.send(&[instruction], signers).succeeds().compute_units()
}

/// What the last step of a request of the probe adds to it.
fn added(world: &mut World, request: impl Fn(&World, Depth) -> Instruction) -> u64 {
    let [with, without] = [Depth::Ask, Depth::Nothing].map(|depth| {
        let request = request(world, depth);
        world.send(&[request]).succeeds().compute_units()
    });
    with - without
}

fn gate() -> Vec<Cost> {
    const NORMAL: Option<u64> = Some(150);
    const LATCHED: Option<u64> = Some(400);
    let cost = |case, units, target| Cost { instruction: "gate", case, units, target };
    let asked = |world: &mut World, operation| {
        let ours = (world.us.protocol, world.us.market);
        added(world, |world, depth| world.us.program.asks(ours, ours, operation, depth))
    };

    let mut world = World::default();
    let normal = asked(&mut world, Operation::WITHDRAW);
    world.raise(0, 600).succeeds();
    let minor = asked(&mut world, Operation::WITHDRAW);
    // everything that can name operations of its own in a market: two keepers and a guardian
    world.raise(1, 3_600).succeeds();
    let hour = world.order(3_600);
    world.pause(0, &hour).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    let major = asked(&mut world, Operation::DEPOSIT);
    world.pause_all(0, &hour).succeeds();
    let both = asked(&mut world, Operation::DEPOSIT);
    // long over, and nobody tidied: the cached ends are still set
    world.vm.advance(30 * DAY);
    assert_eq!(world.severity(), Severity::Normal);
    let over = asked(&mut world, Operation::WITHDRAW);
    vec![
        cost("normal", normal, NORMAL),
        cost("latched", major, LATCHED),
        cost("latched, by a keeper alone", minor, LATCHED),
        cost("latched, the protocol too", both, LATCHED),
        cost("latched once, over in both", over, LATCHED),
    ]
}

fn record_flow() -> Vec<Cost> {
    const ALLOW: Option<u64> = Some(6_000);
    const SOFT: Option<u64> = Some(12_000);
    let cost = |case, units, target| Cost { instruction: "record_flow", case, units, target };
    let recorded =
        |world: &mut World, flow: Flow| added(world, |world, depth| world.us.program.records(&flow, depth));
    let out = |world: &World, amount| world.us.flow(Direction::Out, Operation::WITHDRAW, amount);

    let mut world = World::default();
    world.withdraw(10_000_000).succeeds();
    world.vm.advance(10);
    let flow = out(&world, 1_000_000);
    let allow = recorded(&mut world, flow);
    let transfer = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1_000_000);
    world.send(&[transfer]).succeeds();
    let flow = world.us.flow(Direction::In, Operation::DEPOSIT, 1_000_000);
    let inflow = recorded(&mut world, flow);

    let mut world = World::default();
    let flow = Flow { market_may_rise: true, ..out(&world, FUNDS / 100 * 7) };
    let soft = recorded(&mut world, flow);
    let flow = Flow { market_may_rise: true, ..out(&world, FUNDS / 2) };
    let hard = recorded(&mut world, flow);
    let flow = out(&world, 1_000_000);
    let closed = recorded(&mut world, flow);
    vec![
        cost("allow", allow, ALLOW),
        cost("in", inflow, None),
        cost("soft, market rises", soft, SOFT),
        cost("hard, market rises", hard, None),
        cost("closed already", closed, None),
    ]
}

fn proofs() -> Vec<Cost> {
    let mut world = World::default();
    let (attacker, poke) = (world.attacker.insecure_clone(), "poke");
    world.drain(FUNDS / 10).succeeds();
    let instruction = world.us.poke(&world.vm);
    let first = units(&mut world, instruction, &[&attacker]);
    world.vm.advance(1);
    let instruction = world.us.poke(&world.vm);
    let second = units(&mut world, instruction, &[&attacker]);
    world.vm.advance(30 * DAY);
    let step = world.us.step_down(&world.vm, Some(world.us.market));
    let step_down = units(&mut world, step, &[&attacker]);

    // what a refused flow latched reaches market and journal
    const OPENED: Option<u64> = Some(15_000);
    let mut world = World::default();
    world.withdraw(FUNDS / 2).succeeds();
    let instruction = world.us.poke(&world.vm);
    let opened = units(&mut world, instruction, &[&attacker]);
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::HardBreach));
    vec![
        Cost { instruction: poke, case: "a refused flow, incident opened", units: opened, target: OPENED },
        Cost { instruction: "step_down", case: "a market, to Normal", units: step_down, target: None },
        Cost { instruction: poke, case: "undeclared flow, Major", units: first, target: None },
        Cost { instruction: poke, case: "second observation, Critical", units: second, target: None },
    ]
}

fn bands() -> Vec<Cost> {
    const POKE: Option<u64> = Some(10_000);
    let cost = |instruction, case, units, target| Cost { instruction, case, units, target };
    let mut banded = Banded::unregistered(SECOND);
    let authority = banded.world.us.authority.insecure_clone();
    let anyone = banded.world.alice.insecure_clone();
    let instruction = banded.registers();
    let register = units(&mut banded.world, instruction, &[&authority]);
    let instruction = banded.arms();
    let arm = units(&mut banded.world, instruction, &[&authority]);

    let poke = |banded: &mut Banded, price| {
        banded.world.vm.advance(1);
        banded.post(price);
        let instruction = banded.pokes();
        units(&mut banded.world, instruction, &[&anyone])
    };
    let shadow = poke(&mut Banded::shadow(SECOND), HUNDRED / 2);
    let mut banded = Banded::armed(SECOND);
    banded.world.vm.advance(10);
    banded.post_both(HUNDRED);
    let instruction = banded.observes();
    let observe = units(&mut banded.world, instruction, &[&anyone]);
    let minor = poke(&mut banded, HUNDRED / 100 * 103);
    let first = poke(&mut banded, HUNDRED / 2);
    let second = poke(&mut banded, HUNDRED / 2);
    vec![
        cost("register_band", "two feeds", register, None),
        cost("amend", "arm a band", arm, None),
        cost("observe", "two feeds", observe, None),
        cost("poke_band", "two feeds, in shadow", shadow, POKE),
        cost("poke_band", "two feeds apart, Minor", minor, POKE),
        cost("poke_band", "first look at a crash, Major", first, POKE),
        cost("poke_band", "second look, Critical", second, POKE),
    ]
}

fn invariants() -> Vec<Cost> {
    const POKE: Option<u64> = Some(10_000);
    let cost = |instruction, case, units, target| Cost { instruction, case, units, target };
    let registers = |balanced: &mut Balanced| {
        let authority = balanced.world.us.authority.insecure_clone();
        let instruction = balanced.registers();
        units(&mut balanced.world, instruction, &[&authority])
    };
    let pokes = |balanced: &mut Balanced| {
        let anyone = balanced.world.alice.insecure_clone();
        balanced.world.vm.advance(1);
        let instruction = balanced.pokes();
        units(&mut balanced.world, instruction, &[&anyone])
    };

    // four accounts: two of tokens against two of the protected program
    let four = || {
        let mut balanced = Balanced::unregistered();
        let held =
            [balanced.world.us.vault, balanced.world.purse].map(|key| (key, once(Reading::TokenBalance)));
        let more = balanced.put_wide(0, FUNDS.into());
        balanced.compare(&held, &[(LEDGER, once(OWED)), (more, once(Reading::U128(8)))]);
        balanced
    };
    let mut balanced = four();
    let register = registers(&mut balanced);
    let authority = balanced.world.us.authority.insecure_clone();
    let instruction = balanced.arms();
    let arm = units(&mut balanced.world, instruction, &[&authority]);

    let mut balanced = four().shadow();
    balanced.world.drain(FUNDS / 2).succeeds();
    let shadow = pokes(&mut balanced);
    let mut balanced = four().seasoned();
    balanced.world.drain(FUNDS / 2).succeeds();
    let first = pokes(&mut balanced);
    let second = pokes(&mut balanced);
    let mut balanced = four().seasoned();
    balanced.world.vm.edit(&LEDGER, |account| account.data.clear());
    let unreadable = pokes(&mut balanced);

    let mut balanced = Balanced::wide();
    let register_wide = registers(&mut balanced);
    let mut balanced = Balanced::wide().seasoned();
    balanced.put_wide(15, u128::MAX);
    let wide = pokes(&mut balanced);
    vec![
        cost("register_invariant", "4 terms", register, None),
        cost("register_invariant", "16 terms of 128 bits", register_wide, None),
        cost("amend", "arm an invariant", arm, None),
        cost("poke_invariant", "4 terms, in shadow", shadow, POKE),
        cost("poke_invariant", "4 terms, first look, Major", first, POKE),
        cost("poke_invariant", "4 terms, second look, Critical", second, POKE),
        cost("poke_invariant", "4 terms, one unreadable, Major", unreadable, POKE),
        cost("poke_invariant", "16 terms of 128 bits, Minor", wide, None),
    ]
}

fn people() -> Vec<Cost> {
    let mut world = World::with(|setup| setup.budgets = false);
    let cost = |instruction, case, units| Cost { instruction, case, units, target: None };
    let guardian = world.us.guardians[0].insecure_clone();
    let authority = world.us.authority.insecure_clone();
    let mut open = |market: bool| {
        let market = market.then_some(world.us.market);
        let open = world.us.open_budget(market, guardian.pubkey());
        units(&mut world, open, &[&authority])
    };
    let (open, open_all, is_open) = (open(true), open(false), open(true));

    let mut pause = |closed: Operations, market: bool| {
        let order = PauseOrder { closed: closed.0, ..world.order(1_800) };
        let market = market.then_some(world.us.market);
        let pause = world.us.pause(&world.vm, &guardian, market, &order);
        units(&mut world, pause, &[&guardian])
    };
    let first = pause(Operations::of(&[Operation::WITHDRAW]), true);
    let again = pause(Operations::of(&[Operation::BORROW]), true);
    let all = pause(Operations::of(&[Operation::BORROW]), false);
    let within = |case, units| Cost { target: Some(PAUSE), ..cost("pause", case, units) };

    let mut raise = |keeper: usize| {
        let keeper = world.us.keepers[keeper].insecure_clone();
        let order = RaiseOrder { closed: Operation::OPEN.mask(), seconds: 600, reason: 1 };
        let raise = world.us.raise(&world.vm, &keeper, &order);
        units(&mut world, raise, &[&keeper])
    };
    let alone = raise(0);
    let paired = raise(1);
    vec![
        cost("open_budget", "of a market", open),
        cost("open_budget", "of all markets", open_all),
        cost("open_budget", "that is open", is_open),
        within("a market", first),
        within("a market, again", again),
        within("all markets", all),
        cost("raise", "alone, Minor", alone),
        cost("raise", "second keeper, Major", paired),
    ]
}

fn governance() -> Vec<Cost> {
    let mut governed = Governed::default();
    let (band, ratios) = (
        governed.band_with(|settings| settings.deviation_bps[0] -= 100),
        governed.ratios([10_100, 9_900, 9_500]),
    );
    let world = &mut governed.world;
    let cost = |instruction, case, units| Cost { instruction, case, units, target: None };
    let authority = world.us.authority.insecure_clone();
    let anyone = world.attacker.insecure_clone();

    let tightened = [
        ("tighten a limiter", world.limiter_scaled(2)),
        ("tighten a market", world.market_with(|settings| settings.dwell += 60)),
        ("tighten a band", band),
        ("tighten an invariant", ratios),
        ("a longer delay", world.delay_of(LOOSENING_DELAY_DEFAULT + 1)),
    ];
    let mut costs = Vec::new();
    for (case, change) in tightened {
        let amend = world.us.amend(&world.vm, authority.pubkey(), &change);
        costs.push(cost("amend", case, units(world, amend, &[&authority])));
    }

    let loosened = [
        ("a limiter's settings", "loosen a limiter by a proposal", world.limiter_scaled(8)),
        (
            "a market's settings",
            "loosen a market by a proposal",
            world.market_with(|settings| settings.responses[0].closed = 0),
        ),
    ];
    for (proposed, executed, change) in loosened {
        let nonce = world.protocol().next_proposal;
        let propose = world.us.propose(&world.vm, &change.proposed(), &[change.subject]);
        costs.push(cost("propose", proposed, units(world, propose, &[&authority])));
        world.wait();
        let by = instruction::Governance::Proposal(pda::proposal(&world.us.protocol, nonce).0);
        let execute = world.us.amend(&world.vm, by, &change);
        let units = units(world, execute, &[&anyone]);
        costs.push(Cost { target: Some(CHANGE), ..cost("amend", executed, units) });
    }
    costs.extend(guardians(world, cost));
    let rows = (0..60).map(|i| CoverageRow { instruction: [i; 8], operations: 1 }).collect();
    let nonce = world.protocol().next_proposal;
    let propose = world.us.propose(&world.vm, &Proposed::RegisterCoverage(rows), &[]);
    costs.push(cost("propose", "60 rows of coverage", units(world, propose, &[&authority])));
    let proposal = pda::proposal(&world.us.protocol, nonce).0;
    let cancel = world.us.cancel(&world.vm, &authority.pubkey(), proposal);
    costs.push(cost("cancel", "", units(world, cancel, &[&authority])));
    costs
}

/// What guardians do together, on proposals and by themselves.
fn guardians(world: &mut World, cost: fn(&'static str, &'static str, u64) -> Cost) -> Vec<Cost> {
    let keys = world.guardian_keys(&[0, 1]);
    let [first, second] = [&keys[0], &keys[1]];
    let members: Vec<_> = world.us.guardians.iter().map(Signer::pubkey).collect();
    let thresholds = Thresholds { veto: 1, ..Thresholds::majority(3) };
    let change = Amendment::Guardians { members, thresholds };
    let change = world.amending(world.us.protocol, change);
    let proposal = world.propose(&change);
    world.wait();
    let approve = world.approving(proposal, &[0]);
    let one =
        Cost { target: Some(APPROVE), ..cost("approve", "one guardian", units(world, approve, &[first])) };
    let approve = world.approving(proposal, &[0, 1]);
    let two = Cost {
        target: Some(APPROVE),
        ..cost("approve", "two guardians", units(world, approve, &[first, second]))
    };
    let execute = world.us.amend(&world.vm, instruction::Governance::Proposal(proposal), &change);
    let anyone = world.attacker.insecure_clone();
    let execute = cost("amend", "other thresholds by a proposal", units(world, execute, &[&anyone]));
    let loosening = world.limiter_scaled(9);
    let proposal = world.propose(&loosening);
    let (protocol, segment) = (world.us.protocol, world.us.segment(&world.vm));
    let veto = instruction::veto(&[first.pubkey()], protocol, proposal, segment);
    let veto = cost("veto", "the last one needed", units(world, veto, &[first]));
    let migrate = instruction::migrate_protocol(protocol, segment);
    let nothing = cost("migrate_protocol", "nothing to do", units(world, migrate.clone(), &[&anyone]));
    world.vm.edit(&protocol, |account| account.data[DISCRIMINATOR] = 1);
    let migrated = cost("migrate_protocol", "from 1 to 2", units(world, migrate, &[&anyone]));
    let mut frozen = World::default();
    let (protocol, segment) = (frozen.us.protocol, frozen.us.segment(&frozen.vm));
    let keys = frozen.guardian_keys(&[0, 1]);
    let freeze = instruction::freeze_authority(
        Behind::signers(&[keys[0].pubkey(), keys[1].pubkey()]),
        protocol,
        0,
        segment,
    );
    let freeze = cost("freeze_authority", "two guardians", units(&mut frozen, freeze, &[&keys[0], &keys[1]]));
    vec![one, two, execute, veto, nothing, migrated, freeze]
}

/// What nine guardians do, five of whom are needed.
fn acts() -> Vec<Cost> {
    let nine = || World::with(|setup| setup.guardians = 9);
    let cost = |instruction, case, units| Cost { instruction, case, units, target: None };
    let mut world = nine();
    let market = Some(world.us.market);
    let places = [0, 1, 2, 3, 4];
    let keys = world.guardian_keys(&places);
    let (signers, first): (Vec<_>, _) = (keys.iter().collect(), keys[0].insecure_clone());
    let names: Vec<_> = keys.iter().map(Signer::pubkey).collect();
    let behind = Behind::signers(&names);
    let anyone = world.attacker.insecure_clone();

    let pause = world.order(3_600);
    world.pause(8, &pause).succeeds();
    let latch = world.latch(market, Source::Guardian, Severity::Major);
    let order = ConfirmOrder { latch, seconds: 7_200 };
    let (scope, segment) = ((world.us.protocol, market), world.us.segment(&world.vm));
    let confirm = instruction::confirm(behind, scope, &order, segment);
    let confirm = Cost {
        target: Some(CONFIRM),
        ..cost("confirm", "five guardians", units(&mut world, confirm, &signers))
    };
    let order = world.resume_order(market, Source::Guardian, Severity::Major);
    let (act, stamp) = (GuardianAct::Resume(order), world.stamp());
    let propose = instruction::propose_as_guardian(names[0], scope, 0, &act, &stamp, segment);
    let propose = cost("propose_as_guardian", "a resume", units(&mut world, propose, &[&first]));
    let proposal = pda::guardian_proposal(&world.us.protocol, &names[0], 0).0;
    world.vm.advance(1);
    world.approve(proposal, &[1, 2, 3, 4]).succeeds();
    let behind_it = Behind::proposal(proposal);
    let resume = instruction::resume(behind_it, scope, (&order, None), &[], segment);
    let approved = cost("resume", "a pause, by a proposal of five", units(&mut world, resume, &[&anyone]));

    let mut world = nine();
    world.withdraw(FUNDS / 2).succeeds();
    world.poke().succeeds();
    let order = world.resume_order(market, Source::Limiter, Severity::Major);
    let (shown, stamp) = (world.show_limiter(), world.stamp());
    let keys = world.guardian_keys(&places);
    let (signers, names): (Vec<_>, Vec<_>) = keys.iter().map(|key| (key, key.pubkey())).unzip();
    let (scope, segment) = ((world.us.protocol, market), world.us.segment(&world.vm));
    let behind = Behind::signers(&names);
    let resume = instruction::resume(behind, scope, (&order, Some(&stamp)), &shown, segment);
    let signed = cost("resume", "a limiter, five guardians", units(&mut world, resume, &signers));

    let mut world = nine();
    let act = GuardianAct::Maintenance { seconds: 600 };
    let (proposal, proposed) = world.guardian_proposes(0, market, 0, &act);
    proposed.succeeds();
    world.vm.advance(1);
    world.approve(proposal, &[1, 2, 3, 4]).succeeds();
    world.wait();
    let (protocol, market, segment) = (world.us.protocol, world.us.market, world.us.segment(&world.vm));
    let begin = instruction::announce_maintenance(proposal, protocol, market, 600, segment);
    let begin = cost("announce_maintenance", "", units(&mut world, begin, &[&anyone]));
    let bot = world.us.keepers[0].insecure_clone();
    let beat = instruction::heartbeat(bot.pubkey(), &protocol);
    let beat = cost("heartbeat", "", units(&mut world, beat, &[&bot]));
    vec![confirm, propose, approved, signed, begin, beat]
}

/// A program is as long here whatever the probe's length is: code is known by hashing it.
fn program() -> Vec<Cost> {
    const CODE: usize = 45;
    const LENGTH: usize = 64 * 1024;
    let mut world = World::default();
    let cost = |instruction, case, units| Cost { instruction, case, units, target: None };
    let authority = world.us.authority.insecure_clone();
    let anyone = world.attacker.insecure_clone();
    let data = program_data(&PROGRAM);
    let upgrade = |world: &mut World, code: u8| {
        let ((slot, _), rent) = (world.vm.clock(), world.vm.rent(CODE + LENGTH));
        world.vm.edit(&data, |account| {
            account.lamports = rent;
            account.data[4..12].copy_from_slice(&slot.to_le_bytes());
            account.data.truncate(CODE);
            account.data.resize(CODE + LENGTH, code);
        });
    };
    upgrade(&mut world, 1);
    let pin = Amending { rest: vec![data], ..world.amending(world.us.protocol, Amendment::Pin) };
    let pin = world.us.amend(&world.vm, authority.pubkey(), &pin);
    let pin = units(&mut world, pin, &[&authority]);
    let hash = solana_program::hash::hash(&[2; LENGTH]).to_bytes();
    let approve = world.amending(world.us.protocol, Amendment::ApproveUpgrade(hash));
    world.pass(&approve);
    let mut poke = |code| {
        world.vm.advance(1);
        upgrade(&mut world, code);
        let poke = instruction::poke_program(world.us.protocol, &PROGRAM, world.us.segment(&world.vm));
        units(&mut world, poke, &[&anyone])
    };
    let approved = poke(2);
    let again = poke(2);
    let first = poke(3);
    let second = poke(3);
    vec![
        cost("amend", "pin the program, 64 KiB", pin),
        cost("poke_program", "an approved upgrade, 64 KiB", approved),
        cost("poke_program", "the same code in another slot, 64 KiB", again),
        cost("poke_program", "an unapproved one, first look, Major", first),
        cost("poke_program", "second look, Critical", second),
    ]
}

fn registrations() -> Vec<Cost> {
    let mut world = World::with(|setup| setup.armed = false);
    let named = |instruction, case, units| Cost { instruction, case, units, target: None };
    let cost = |instruction, units| named(instruction, "", units);
    let setup = Setup::default();
    let authority = world.us.authority.insecure_clone();

    let other = crate::world::OTHER_PROGRAM;
    let guardians = world.us.guardians.iter().map(Signer::pubkey).collect();
    let settings = ProtocolSettings::starting(authority.pubkey(), guardians);
    let create = instruction::create_protocol(authority.pubkey(), other, &settings);
    let program = crate::Integrator::new(other);
    let created = world.vm.send(&[program.calls(create)], &[&authority]).succeeds();
    let create_protocol = created.compute_units_of_breaker().unwrap_or(u64::MAX);
    let extend = instruction::extend_journal(authority.pubkey(), program.addresses.protocol, 0);
    let extend_journal = units(&mut world, extend, &[&authority]);

    let market = world.us.create_market(&world.vm, 1, &setup.market);
    let create_market = units(&mut world, market, &[&authority]);
    let keeper = KeeperSettings { key: world.vm.key().pubkey(), ..setup.keepers[0] };
    let keeper = world.us.register_keeper(&world.vm, &keeper);
    let register_keeper = units(&mut world, keeper, &[&authority]);
    let vault = token::account(&mut world.vm, &authority, &world.us.mint, &world.us.program.owner);
    let limiter = world.us.register_limiter(&world.vm, world.us.market, vault, &setup.limiter);
    let register_limiter = units(&mut world, limiter, &[&authority]);
    let rows: Vec<_> = (0u8..14).map(|i| CoverageRow { instruction: [i; 8], operations: 1 }).collect();
    let cover = world.us.register_coverage(&world.vm, &rows);
    let register_coverage = units(&mut world, cover, &[&authority]);
    let arm = world.us.arm(&world.vm, vault);
    let arm_limiter = units(&mut world, arm, &[&authority]);
    vec![
        cost("create_protocol", create_protocol),
        cost("create_market", create_market),
        cost("register_keeper", register_keeper),
        cost("register_limiter", register_limiter),
        cost("register_coverage", register_coverage),
        named("amend", "arm a limiter", arm_limiter),
        cost("extend_journal", extend_journal),
    ]
}
