//! What it costs to register a way to safety, to order that it be taken, and to take it.

use firebreak_interface::{
    Severity, instruction,
    state::{RouteSettings, Source},
};

use super::{Cost, units};
use crate::World;

/// What moving one SPL vault may cost.
const MIGRATE: u64 = 25_000;

pub(super) fn measure() -> Vec<Cost> {
    let cost = |instruction, case, units, target| Cost { instruction, case, units, target };
    let mut open = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let authority = open.us.authority.insecure_clone();
    let safe = open.us.register_safe(&open.vm);
    let safe = units(&mut open, safe, &[&authority]);
    let route = open.us.register_route(&open.vm, open.us.vault, &RouteSettings::starting());
    let route = units(&mut open, route, &[&authority]);

    let ordered = |custody| {
        let mut world =
            World::with(|setup| (setup.route, setup.custody) = (Some(RouteSettings::starting()), custody));
        let pause = world.order(3_600);
        world.pause(0, &pause).succeeds();
        let order = world.ordering_migration(Source::Guardian, Severity::Major, &[0, 1]);
        let keys = world.guardian_keys(&[0, 1]);
        let order = units(&mut world, order, &[&keys[0], &keys[1]]);
        (world, order)
    };
    let (mut world, order) = ordered(true);
    let stranger = world.attacker.insecure_clone();
    let migrate = instruction::migrate(world.us.protocol, &world.way(), world.us.segment(&world.vm));
    let custody = units(&mut world, migrate.clone(), &[&stranger]);
    world.vm.advance_slots(1);
    let empty = units(&mut world, migrate, &[&stranger]);
    let (mut world, _) = ordered(false);
    let escort = world.migrate().succeeds().compute_units_of_breaker().expect("its last call");
    vec![
        cost("register_safe", "", safe, None),
        cost("register_route", "", route, None),
        cost("order_migration", "two guardians", order, None),
        cost("migrate", "an SPL vault in custody", custody, Some(MIGRATE)),
        cost("migrate", "an SPL vault in escort", escort, Some(MIGRATE)),
        cost("migrate", "an empty vault", empty, Some(MIGRATE)),
    ]
}
