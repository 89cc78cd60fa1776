//! The program pin: an upgrade that nobody approved is seen by whoever looks, and closes all markets.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    constants::{APPROVABLE_CODE, PROGRAM_LATCH, PROPOSAL_LIFE},
    instruction,
    state::{Act, Amendment, ProgramPin, program_data},
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

/// Bytes that a stranger adds to the program's account; the loader takes no fewer.
const LENGTHENED: usize = 10_240;

/// `amend` that pins what this data account holds.
pub(crate) fn pins(world: &World, data: Pubkey) -> Amending {
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
pub(crate) fn upgrade(world: &mut World, code: &[u8]) {
    let ((slot, _), rent) = (world.vm.clock(), world.vm.rent(CODE + code.len()));
    world.vm.edit(&program_data(&PROGRAM), |account| {
        account.lamports = rent;
        account.data[SLOT].copy_from_slice(&slot.to_le_bytes());
        account.data.truncate(CODE);
        account.data.extend_from_slice(code);
    });
}

/// `amend` that takes the pin away.
fn unpins(world: &World) -> Amending {
    let rest = vec![program_data(&PROGRAM)];
    Amending { rest, ..world.amending(world.us.protocol, Amendment::Unpin) }
}

/// The loader's `ExtendProgram`, which asks nobody who sends it: zeros behind the code, in the slot of now.
fn lengthen(world: &mut World) {
    let (slot, _) = world.vm.clock();
    let rent = world.vm.rent(CODE + code(world).len() + LENGTHENED);
    world.vm.edit(&program_data(&PROGRAM), |account| {
        account.lamports = rent;
        account.data[SLOT].copy_from_slice(&slot.to_le_bytes());
        account.data.resize(account.data.len() + LENGTHENED, 0);
    });
}

/// Code that nobody has seen before.
pub(crate) fn patched(world: &World) -> Vec<u8> {
    let mut code = code(world);
    *code.iter_mut().rfind(|byte| **byte != 0).expect("there is code") ^= 0x80;
    code
}

pub(crate) fn poke(world: &mut World) -> Outcome {
    let (us, segment) = (&world.us, world.us.segment(&world.vm));
    let poke = instruction::poke_program(us.protocol, &PROGRAM, segment);
    world.vm.send(&[poke], &[&world.attacker])
}

/// A look with as many units as a transaction has.
fn poke_at_length(world: &mut World) -> Outcome {
    let look = instruction::poke_program(world.us.protocol, &PROGRAM, world.us.segment(&world.vm));
    world.send(&[at_length(), look])
}

/// "SetComputeUnitLimit", and the most that a transaction has.
fn at_length() -> Instruction {
    let data = [&[2][..], &1_400_000u32.to_le_bytes()].concat();
    Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data }
}

/// Sha256 of code without the zeros at its end.
fn hash(code: &[u8]) -> [u8; 32] {
    let length = code.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    solana_program::hash::hash(&code[..length]).to_bytes()
}

fn approval(world: &World, code: &[u8]) -> Amending {
    let hash = hash(code);
    world.amending(world.us.protocol, Amendment::ApproveUpgrade(hash))
}

/// What the journal says of code: the first bytes of its hash.
fn named(code: &[u8]) -> u64 {
    u64::from_be_bytes(*hash(code).first_chunk().expect("it has 32"))
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

/// A stranger lengthens the program's account whenever he likes, and shows it each time: nothing is latched or told, and an
/// approved upgrade comes all the same. Were the slot alone the pin, he could halt every market for as long as he likes.
#[test]
fn a_stranger_who_lengthens_the_program_halts_nothing() {
    let mut world = pinned();
    let next = patched(&world);
    let approve = approval(&world, &next);
    world.pass(&approve);
    let (told, before) = (world.told().len(), world.protocol().pin);
    for _ in 0..3 {
        world.vm.advance(1);
        lengthen(&mut world);
        poke(&mut world).succeeds();
        poke(&mut world).fails_with(NothingToLatch);
        assert_eq!(world.severity(), Severity::Normal);
        let slot = world.vm.clock().0;
        assert_eq!(world.protocol().pin, ProgramPin { slot, ..before });
    }
    assert_eq!(world.told().len(), told, "he does not fill the journal");
    world.vm.advance(1);
    upgrade(&mut world, &next);
    lengthen(&mut world);
    poke(&mut world).succeeds();
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::ProgramPinned));
    // behind the code there is room for more of it, which is another program
    world.vm.advance(1);
    let more = [&next[..], &[0; LENGTHENED / 2], &[1]].concat();
    upgrade(&mut world, &more);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

/// As long as an account can be: the zeros behind the code cost no more than a transaction has.
#[test]
fn the_longest_account_is_looked_at_all_the_same() {
    const LONGEST: usize = 10 * 1_024 * 1_024;
    for (code, expected) in [(code(&pinned()), None), (vec![7; APPROVABLE_CODE], Some(Act::ProgramPinned))] {
        let mut world = pinned();
        let approve = approval(&world, &code);
        world.pass(&approve);
        let mut longest = code;
        longest.resize(LONGEST - CODE, 0);
        upgrade(&mut world, &longest);
        let told = world.told().len();
        poke_at_length(&mut world).succeeds();
        assert_eq!(world.severity(), Severity::Normal);
        assert_eq!(world.told().get(told).map(|entry| entry.act), expected);
        assert_eq!(world.protocol().pin.slot, world.vm.clock().0);
    }
}

#[test]
fn the_same_code_deployed_again_is_no_change() {
    let mut world = pinned();
    let same = code(&world);
    upgrade(&mut world, &same);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Normal);
    poke(&mut world).fails_with(NothingToLatch);
    assert_eq!(world.protocol().pin.slot, world.vm.clock().0);
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
    let (old, next) = (code(&world), patched(&world));
    let approve = approval(&world, &next);
    world.amend(&approve).fails_with(LooseningWaits);
    world.pass(&approve);
    let told = world.told().last().map(|entry| (entry.act, entry.value));
    assert_eq!(told, Some((Act::UpgradeApproved, named(&next))));
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

    // an approval is for one deployment: the way back is another
    world.vm.advance(10);
    upgrade(&mut world, &old);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    world.verify_journal(&world.told()).expect("sound");
}

/// A build that was approved a year ago, and of which everybody has forgotten what was wrong with it.
#[test]
fn an_approval_ends_after_a_week_and_is_given_anew() {
    let mut world = pinned();
    let next = patched(&world);
    let approve = approval(&world, &next);
    world.pass(&approve);
    world.vm.advance(PROPOSAL_LIFE);
    upgrade(&mut world, &next);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    world.pass(&approve);
    poke(&mut world).succeeds();
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::ProgramPinned));
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
    let told = world.told().last().map(|entry| (entry.act, entry.value));
    assert_eq!(told, Some((Act::ApprovalTakenBack, named(&next))));
    world.amend(&back).fails_with(NothingChanges);
    upgrade(&mut world, &next);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

/// The key that upgrades is stolen, not the one that approves: other code, or one byte more, is not what was approved.
#[test]
fn an_approval_is_of_exactly_this_code() {
    for longer in [false, true] {
        let mut world = pinned();
        let next = patched(&world);
        let approve = approval(&world, &next);
        world.pass(&approve);
        let mut other = next;
        if longer {
            other.push(1);
        } else {
            other[0] ^= 1;
        }
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
        poke_at_length(&mut world).succeeds();
        assert_eq!(world.severity(), expected, "{length} bytes");
    }
}

#[test]
pub(crate) fn code_too_long_to_hash_is_not_pinned() {
    let mut world = World::default();
    let pin = pins(&world, program_data(&PROGRAM));
    let pin = world.us.amend(&world.vm, world.us.authority.pubkey(), &pin);
    let authority = world.us.authority.insecure_clone();
    upgrade(&mut world, &vec![7; APPROVABLE_CODE + 1]);
    world.vm.send(&[at_length(), pin.clone()], &[&authority]).fails_with(CodeTooLong);
    upgrade(&mut world, &vec![7; APPROVABLE_CODE]);
    lengthen(&mut world);
    world.vm.send(&[at_length(), pin], &[&authority]).succeeds();
}

/// A thief deploys what pays him and has a proposal ripe that takes the pin away: the change is shown, not hidden.
#[test]
fn a_pin_is_not_taken_away_over_the_head_of_a_change() {
    let mut world = pinned();
    let unpin = unpins(&world);
    let proposal = world.propose(&unpin);
    world.wait();
    let (old, evil) = (code(&world), patched(&world));
    upgrade(&mut world, &evil);
    world.execute(proposal, &unpin).fails_with(PokeFirst);
    poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    // one look told of it; a second one would make it Critical
    world.execute(proposal, &unpin).fails_with(PokeFirst);
    for rest in [vec![], vec![program_data(&firebreak_interface::ID)]] {
        world.execute(proposal, &Amending { rest, ..unpin.clone() }).fails_with(NotProgramData);
    }
    world.vm.advance(1);
    upgrade(&mut world, &old);
    world.execute(proposal, &unpin).succeeds();
    assert!(!world.protocol().pin.is_set());
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
    let (unpin, approve) = (unpins(&world), approval(&world, &code(&world)));
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
