//! The drill as it was compiled: what takes days takes seconds, waited out by the clock and skipped by nobody.

use firebreak_client::venue::{self, Venue};
use firebreak_interface::{
    BreakerError::{DelayOutOfBounds, DurationOutOfBounds, ProposalNotRipe},
    Severity,
    constants::{DWELL_MIN, LOOSENING_DELAY_DEFAULT, LOOSENING_DELAY_MIN, MAJOR_MIN},
    instruction,
    state::{Protocol, ProtocolSettings},
};
use firebreak_scenarios::{Vm, World, programs};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

/// What somebody watches without looking away.
const A_MINUTE: i64 = 60;

/// Anchor's `DeclaredProgramIdMismatch`.
const NOT_MY_ADDRESS: InstructionError = InstructionError::Custom(4_100);

#[test]
fn a_loosening_is_proposed_waits_its_seconds_and_is_executed() {
    let mut world = World::default();
    let began = world.vm.clock().1;
    let change = world.limiter_scaled(5);
    let proposal = world.propose(&change);
    world.execute(proposal, &change).fails_with(ProposalNotRipe);
    world.vm.advance(u64::from(LOOSENING_DELAY_DEFAULT) - 1);
    world.execute(proposal, &change).fails_with(ProposalNotRipe);
    world.vm.advance(1);
    world.execute(proposal, &change).succeeds();
    assert_eq!(world.limiter().settings.windows[0].rate_bps, 1_250);
    let shorter = world.delay_of(LOOSENING_DELAY_MIN);
    world.pass(&shorter);
    assert_eq!(world.protocol().loosening_delay, LOOSENING_DELAY_MIN);
    assert!(world.vm.clock().1 - began <= A_MINUTE);
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
fn a_pause_and_the_way_back_take_seconds() {
    let mut world = World::default();
    let began = world.vm.clock().1;
    world.pause(0, &world.order(MAJOR_MIN)).succeeds();
    for (seconds, before, after) in
        [(MAJOR_MIN, Severity::Major, Severity::Minor), (DWELL_MIN, Severity::Minor, Severity::Normal)]
    {
        world.vm.advance(u64::from(seconds) - 1);
        assert_eq!(world.severity(), before);
        world.vm.advance(1);
        assert_eq!(world.severity(), after);
    }
    world.step_down().succeeds();
    assert!(world.vm.clock().1 - began <= A_MINUTE);
}

/// The floors are the drill's, and they are floors.
#[test]
fn nothing_is_shorter_than_the_drills_own_floors() {
    let mut world = World::default();
    let proposal = world.delay_of(LOOSENING_DELAY_MIN - 1);
    world.proposes(&proposal.proposed(), &[proposal.subject]).fails_with(DelayOutOfBounds);
    world.pause(0, &world.order(MAJOR_MIN - 1)).fails_with(DurationOutOfBounds);
    let market = world.market_with(|settings| settings.durations[1] = MAJOR_MIN - 1);
    world.proposes(&market.proposed(), &[market.subject]).fails_with(DurationOutOfBounds);
}

#[test]
fn each_act_says_in_the_log_that_this_is_a_drill() {
    let mut world = World::default();
    let paused = world.pause(0, &world.order(MAJOR_MIN)).0.expect("a guardian may");
    assert!(paused.logs.iter().any(|line| line.contains("firebreak drill")), "{:?}", paused.logs);
}

/// An attacker who brings a drill to another breaker's address gets nothing out of its short delays.
#[test]
fn a_drill_is_nothing_at_another_address() {
    let address = firebreak_scenarios::world::PROGRAM;
    let mut vm = Vm::with(&[(address, programs::BREAKER)]);
    let attacker = vm.person();
    let settings = ProtocolSettings::starting(attacker.pubkey(), vec![attacker.pubkey()]);
    let mut create = instruction::create_protocol(attacker.pubkey(), address, &settings);
    create.program_id = address;
    for meta in &mut create.accounts {
        meta.is_signer &= meta.pubkey == attacker.pubkey();
    }
    vm.send(&[create], &[&attacker]).fails_as(&NOT_MY_ADDRESS);
}

#[test]
fn the_example_venue_joins_the_drills_breaker() {
    let mut vm = Vm::with(&[(firebreak_interface::ID, programs::BREAKER), (venue::ID, "venue_drill")]);
    let admin = vm.person();
    let guardians = (0..3).map(|_| vm.person().pubkey()).collect();
    let venue = Venue::new(Vec::new());
    vm.send(&[venue.initialize(admin.pubkey(), admin.pubkey())], &[&admin]).succeeds();
    let settings = ProtocolSettings::starting(admin.pubkey(), guardians);
    vm.send(&[venue.connect(admin.pubkey(), &settings)], &[&admin]).succeeds();
    assert_eq!(vm.read::<Protocol>(&venue.protocol).loosening_delay, LOOSENING_DELAY_DEFAULT);
}
