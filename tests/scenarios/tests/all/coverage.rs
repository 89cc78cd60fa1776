//! The coverage table: what the protocol says of its own instructions.

use firebreak_interface::{
    BreakerError::*,
    Operation, Operations,
    constants::COVERAGE_ROWS,
    pda,
    state::{Act, Coverage, CoverageRow},
};
use firebreak_scenarios::World;

/// A world whose registration is open still.
fn open() -> World {
    World::with(|setup| (setup.armed, setup.seasoned) = (false, false))
}

fn row(name: &str) -> CoverageRow {
    CoverageRow::of(name, Operations::of(&[Operation::WITHDRAW]))
}

#[test]
fn a_table_grows_call_by_call_and_is_written_down() {
    let mut world = open();
    let authority = world.us.authority.insecure_clone();
    for rows in [vec![row("pay"), row("borrow")], vec![row("claim")]] {
        let cover = world.us.register_coverage(&world.vm, &rows);
        world.vm.send(&[cover], &[&authority]).succeeds();
    }
    let table: Coverage = world.vm.read(&pda::coverage(&world.us.protocol).0);
    assert_eq!(table.rows(), [row("pay"), row("borrow"), row("claim")]);
    assert_eq!(table.protocol, world.us.protocol);
    let entry = *world.told().last().expect("told");
    assert_eq!((entry.act, entry.value, entry.threshold), (Act::CoverageRegistered, 1, 3));
}

#[test]
pub(crate) fn an_instruction_has_one_row() {
    let mut world = open();
    let authority = world.us.authority.insecure_clone();
    let twice = world.us.register_coverage(&world.vm, &[row("pay"), row("pay")]);
    world.vm.send(&[twice], &[&authority]).fails_with(CoveredTwice);
    let once = world.us.register_coverage(&world.vm, &[row("pay")]);
    world.vm.send(&[once], &[&authority]).succeeds();
    let again = world.us.register_coverage(&world.vm, &[row("claim"), row("pay")]);
    world.vm.send(&[again], &[&authority]).fails_with(CoveredTwice);
}

#[test]
pub(crate) fn a_table_has_so_many_rows() {
    let mut world = open();
    let authority = world.us.authority.insecure_clone();
    let none = world.us.register_coverage(&world.vm, &[]);
    world.vm.send(&[none], &[&authority]).fails_with(CoverageCount);
    let rows: Vec<_> = (0..=COVERAGE_ROWS).map(|i| row(&i.to_string())).collect();
    for half in rows[..COVERAGE_ROWS].chunks(COVERAGE_ROWS / 2) {
        let cover = world.us.register_coverage(&world.vm, half);
        world.vm.send(&[cover], &[&authority]).succeeds();
    }
    let one_more = world.us.register_coverage(&world.vm, &rows[COVERAGE_ROWS..]);
    world.vm.send(&[one_more], &[&authority]).fails_with(CoverageCount);
}

#[test]
fn neither_a_stranger_nor_a_neighbour_writes_our_table() {
    let mut world = open();
    let attacker = world.attacker.insecure_clone();
    let mut stolen = world.us.register_coverage(&world.vm, &[row("pay")]);
    for meta in &mut stolen.accounts[..2] {
        meta.pubkey = solana_signer::Signer::pubkey(&attacker);
    }
    world.vm.send(&[stolen], &[&attacker]).fails_with(NotTheAuthority);
}

#[test]
fn once_a_limiter_is_armed_the_table_is_closed() {
    let mut world = World::default();
    let authority = world.us.authority.insecure_clone();
    let cover = world.us.register_coverage(&world.vm, &[row("pay")]);
    world.vm.send(&[cover], &[&authority]).fails_with(RegistrationClosed);
}
