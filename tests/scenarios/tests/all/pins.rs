//! The program pin: an upgrade that nobody approved is seen by whoever looks, and closes all markets.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    constants::{APPROVABLE_CODE, PROGRAM_LATCH},
    instruction,
    state::{Act, Amendment, program_data},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{Amending, FUNDS, Outcome, Setup, World, token, world::PROGRAM};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Where the loader notes the slot of the last deployment, and where the program begins.
const SLOT: std::ops::Range<usize> = 4..12;
const CODE: usize = 45;

const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// `amend` that pins what this data account holds.
fn pins(world: &World, data: Pubkey) -> Amending {
    Amending { rest: vec![data], ..world.amending(world.us.protocol, Amendment::Pin) }
}

/// A world whose program was pinned when its limiter was armed, and which has a second market.
fn pinned() -> World {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    world.us.register_market(&mut world.vm, 1, &Setup::default().market);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    let pin = pins(&world, program_data(&PROGRAM));
    world.amend(&pin).succeeds();
    world.wait();
    world
}

/// The program's code as the loader keeps it.
fn code(world: &World) -> Vec<u8> {
    world.vm.account(&program_data(&PROGRAM)).expect("the program is deployed").data[CODE..].to_vec()
}

/// The loader puts other code into the program's account, in the slot of now.
fn upgrade(world: &mut World, code: &[u8]) {
    let ((slot, _), rent) = (world.vm.clock(), world.vm.rent(CODE + code.len()));
    world.vm.edit(&program_data(&PROGRAM), |account| {
        account.lamports = rent;
        account.data[SLOT].copy_from_slice(&slot.to_le_bytes());
        account.data.truncate(CODE);
        account.data.extend_from_slice(code);
    });
}

/// Code that nobody has seen before.
fn patched(world: &World) -> Vec<u8> {
    let mut code = code(world);
    *code.last_mut().expect("there is code") ^= 1;
    code
}

fn poke(world: &mut World) -> Outcome {
    let (us, segment) = (&world.us, world.us.segment(&world.vm));
    let poke = instruction::poke_program(us.protocol, &PROGRAM, segment);
    world.vm.send(&[poke], &[&world.attacker])
}

fn approval(world: &World, code: &[u8]) -> Amending {
    let hash = solana_program::hash::hash(code).to_bytes();
    world.amending(world.us.protocol, Amendment::ApproveUpgrade(hash))
}

#[test]
fn a_pin_is_a_tightening_and_says_what_is_deployed() {
    let mut world = World::default();
    let pin = pins(&world, program_data(&PROGRAM));
    world.amend(&pin).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.subject), (Act::ProgramPinned, world.us.protocol));
    assert_eq!(last.value, world.protocol().pin.slot);
    assert!(world.protocol().pin.is_set());
    // everything is as it was pinned
    poke(&mut world).fails_with(NothingToLatch);
    assert_eq!(world.severity(), Severity::Normal);
}

/// The thief of an upgrade key deploys a program that pays him; whoever looks first closes every market.
#[test]
fn an_unapproved_upgrade_is_major_then_critical_in_all_markets() {
    let mut world = pinned();
    poke(&mut world).fails_with(NothingToLatch);
    world.vm.advance(10);
    let evil = patched(&world);
    upgrade(&mut world, &evil);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    // a look is a look: the same slot again proves no more
    poke(&mut world).fails_with(NothingToLatch);
    assert_eq!(world.severity(), Severity::Major);
    world.vm.advance(1);
    poke(&mut world).succeeds();
    let second = world.us.program.addresses.market(1);
    for market in [world.us.market, second] {
        let state: firebreak_interface::state::Market = world.vm.read(&market);
        let (severity, ..) = state.in_force(&world.protocol().board, world.now());
        assert_eq!(severity, Severity::Critical);
        let ours = (world.us.protocol, market);
        let ask = |world: &World, operation| {
            world.us.program.asks(ours, ours, operation, firebreak_probe::Depth::Tell)
        };
        let [withdraw, repay] = [Operation::WITHDRAW, Operation::REPAY].map(|of| ask(&world, of));
        world.send(&[withdraw]).fails_with(GateError::Closed);
        world.send(&[repay]).succeeds();
    }
    let acts: Vec<_> = world.told().into_iter().filter(|entry| entry.act == Act::ProgramChanged).collect();
    let rises: Vec<_> = acts.iter().map(|entry| (entry.before, entry.after)).collect();
    assert_eq!(
        rises,
        [(Severity::Normal, Severity::Major), (Severity::Major, Severity::Critical)],
        "each rise once"
    );
    assert_eq!((acts[0].threshold, acts[0].subject), (world.protocol().pin.slot, world.us.protocol));
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
fn the_same_code_deployed_again_without_approval_is_a_change_too() {
    let mut world = pinned();
    let same = code(&world);
    upgrade(&mut world, &same);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
fn a_program_that_is_closed_is_a_change() {
    let mut world = pinned();
    world.vm.edit(&program_data(&PROGRAM), |account| account.data.truncate(4));
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    assert_eq!(world.told().last().map(|entry| entry.value), Some(u64::MAX));
}

#[test]
fn a_program_pinned_less_than_a_loosening_delay_ago_acts_at_most_as_major() {
    let mut world = World::default();
    let pin = pins(&world, program_data(&PROGRAM));
    world.amend(&pin).succeeds();
    world.vm.advance(u64::from(world.protocol().loosening_delay) - 10);
    let evil = patched(&world);
    upgrade(&mut world, &evil);
    poke(&mut world).succeeds();
    world.vm.advance(5);
    poke(&mut world).fails_with(NothingToLatch);
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
fn an_approved_upgrade_moves_the_pin_and_latches_nothing() {
    let mut world = pinned();
    let before = world.protocol().pin;
    let next = patched(&world);
    let approve = approval(&world, &next);
    world.amend(&approve).fails_with(LooseningWaits);
    world.pass(&approve);
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::UpgradeApproved));
    // approved is not deployed
    poke(&mut world).fails_with(NothingToLatch);
    upgrade(&mut world, &next);
    let (slot, _) = world.vm.clock();
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Normal);
    world.gate(Operation::WITHDRAW).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.value), (Act::ProgramPinned, slot));
    let pin = world.protocol().pin;
    assert_eq!((pin.slot, pin.approved, pin.account), (slot, [0; 32], before.account));
    assert_eq!(pin.standing, before.standing, "a halt may be called as before");
    poke(&mut world).fails_with(NothingToLatch);

    // an approval is for one deployment
    world.vm.advance(10);
    upgrade(&mut world, &next);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    world.verify_journal(&world.told()).expect("sound");
}

/// Who finds a hole in what was approved need not wait until it has come.
#[test]
fn an_approval_is_taken_back_at_once() {
    let mut world = pinned();
    let next = patched(&world);
    let approve = approval(&world, &next);
    world.pass(&approve);
    let back = world.amending(world.us.protocol, Amendment::ApproveUpgrade([0; 32]));
    world.amend(&back).succeeds();
    world.amend(&back).fails_with(NothingChanges);
    upgrade(&mut world, &next);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

/// The key that upgrades is stolen, not the one that approves: other code, or one byte more, is not what was approved.
#[test]
fn an_approval_is_of_exactly_these_bytes() {
    for longer in [false, true] {
        let mut world = pinned();
        let next = patched(&world);
        let approve = approval(&world, &next);
        world.pass(&approve);
        let other = if longer { [&next[..], &[0]].concat() } else { code(&world) };
        upgrade(&mut world, &other);
        poke(&mut world).succeeds();
        assert_eq!(world.severity(), Severity::Major);
    }
}

/// Bytes that nobody can hash in one transaction would be an upgrade that nobody can show, for as long as another is approved.
#[test]
fn an_upgrade_too_long_to_hash_is_shown_all_the_same() {
    for (length, expected) in [
        (APPROVABLE_CODE, Severity::Normal),
        (APPROVABLE_CODE + 1, Severity::Major),
        (4 * APPROVABLE_CODE, Severity::Major),
    ] {
        let mut world = pinned();
        let long = vec![7; length];
        let approve = approval(&world, &long);
        world.pass(&approve);
        upgrade(&mut world, &long);
        let look = instruction::poke_program(world.us.protocol, &PROGRAM, world.us.segment(&world.vm));
        // "SetComputeUnitLimit", and the most that a transaction has
        let data = [&[2][..], &1_400_000u32.to_le_bytes()].concat();
        let limit = Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data };
        world.send(&[limit, look]).succeeds();
        assert_eq!(world.severity(), expected, "{length} bytes");
    }
}

/// An upgrade that came first is approved afterwards: what is latched ends by itself, and nothing latches it again.
#[test]
fn a_late_approval_ends_it() {
    let mut world = pinned();
    let fix = patched(&world);
    upgrade(&mut world, &fix);
    poke(&mut world).succeeds();
    let approve = approval(&world, &fix);
    world.pass(&approve);
    poke(&mut world).succeeds();
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::ProgramPinned));
    world.vm.advance(PROGRAM_LATCH.into());
    world.vm.advance(86_400);
    assert_eq!(world.severity(), Severity::Normal);
    poke(&mut world).fails_with(NothingToLatch);
}

#[test]
pub(crate) fn a_pin_is_taken_away_by_a_proposal_only() {
    let mut world = World::default();
    let (unpin, approve) =
        (world.amending(world.us.protocol, Amendment::Unpin), approval(&world, &code(&world)));
    for loosening in [&unpin, &approve] {
        world.amend(loosening).fails_with(LooseningWaits);
        let proposal = world.propose(loosening);
        world.wait();
        world.execute(proposal, loosening).fails_with(NotPinned);
        world.cancel(proposal, true).succeeds();
    }
    let pin = pins(&world, program_data(&PROGRAM));
    world.amend(&pin).succeeds();
    world.amend(&pin).fails_with(AlreadyPinned);
    world.amend(&unpin).fails_with(LooseningWaits);
    world.pass(&unpin);
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::ProgramUnpinned));
    let evil = patched(&world);
    upgrade(&mut world, &evil);
    poke(&mut world).fails_with(NothingToLatch);
    world.amend(&pin).succeeds();
}

#[test]
pub(crate) fn only_the_data_of_the_protected_program_is_pinned_and_shown() {
    let mut world = World::default();
    let others = [program_data(&firebreak_interface::ID), PROGRAM, world.us.vault, world.us.market];
    for other in others {
        let pin = pins(&world, other);
        world.amend(&pin).fails_with(NotProgramData);
    }
    let none = Amending { rest: Vec::new(), ..pins(&world, PROGRAM) };
    world.amend(&none).fails_with(NotProgramData);
    let mut world = pinned();
    let (us, segment) = (&world.us, world.us.segment(&world.vm));
    let framed = instruction::poke_program(us.protocol, &firebreak_interface::ID, segment);
    world.send(&[framed]).fails_with(NotProgramData);
}

#[test]
fn a_look_is_taken_at_top_level_and_in_good_company_only() {
    let mut world = pinned();
    let evil = patched(&world);
    upgrade(&mut world, &evil);
    let look = instruction::poke_program(world.us.protocol, &PROGRAM, world.us.segment(&world.vm));
    let company = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), FUNDS / 2);
    world.send(&[look.clone(), company]).fails_with(WrongCompany);
    world.perform(&[(Guard::Always, look)]).fails_with(NotTopLevel);
    poke(&mut world).succeeds();
}
