//! A release: of what was there, where it was agreed on, in steps, and not into an incident.

use bytemuck::Zeroable;
use proptest::prelude::*;
use solana_program::pubkey::Pubkey;

use crate::{
    constants::*,
    error::BreakerError::*,
    severity::Severity,
    state::{
        Latch, LatchBoard, LatchId, Market, MigrateOrder, Release, ReleaseOrder, Route, RouteSettings,
        Source, VaultState,
    },
    time::Instant,
};

const NOW: Instant = Instant::new(1_000_000, 1_800_000_000);
const VAULT: Pubkey = Pubkey::new_from_array([1; 32]);
const OWNER: Pubkey = Pubkey::new_from_array([2; 32]);
const TREASURY: Pubkey = Pubkey::new_from_array([3; 32]);
const TREASURER: Pubkey = Pubkey::new_from_array([4; 32]);
const MINT: Pubkey = Pubkey::new_from_array([5; 32]);
const DWELL: u32 = 600;

fn route() -> Route {
    let settings = RouteSettings { destination: TREASURY, ..RouteSettings::starting() };
    let owners = (OWNER, TREASURER);
    let (vault_owner, destination_owner) = owners;
    Route { vault: VAULT, mint: MINT, vault_owner, settings, destination_owner, ..Route::zeroed() }
}

fn order(amount: u64) -> ReleaseOrder {
    ReleaseOrder { vault: VAULT, amount, destination: VAULT, owner: OWNER }
}

fn account(owner: Pubkey) -> VaultState {
    VaultState { mint: MINT, owner, amount: 0, sound: true }
}

/// A release that began then, and can do without the authority a week later.
fn begun(began_at: Instant) -> Release {
    Release { began_at, alone_from: began_at.plus(7 * DAY), ..Release::default() }
}

/// Until when it takes the authority's signature, of one that was approved then.
fn alone(approved_at: Instant) -> Instant {
    order(1).alone_from(approved_at)
}

/// A market at Critical by this source since then, for a week.
fn halted(source: Source, since: Instant) -> Market {
    let mut market = Market { board: LatchBoard::zeroed(), ..Market::zeroed() };
    let until = since.plus(CRITICAL_MAX.into());
    market.board.slots[source as usize * Severity::RAISED + 2] = Latch { since, until, ..Latch::default() };
    market
}

#[test]
fn what_is_approved_is_cut_to_what_there_is_and_goes_in_four_steps() {
    let (mut route, mut now, mut free) = (route(), NOW, 1_002);
    assert_eq!(route.begin_release(&order(u64::MAX), (free, 7), (NOW, true), now), Ok(1_002));
    for step in [251, 251, 251, 249] {
        assert_eq!(route.step_release(&account(OWNER), (free, 7), DWELL, now), Ok(step));
        free -= step;
        let early = now.plus(u64::from(DWELL) - 1);
        if free > 0 {
            assert_eq!(route.step_release(&account(OWNER), (free, 7), DWELL, early), Err(ReleaseNotDue));
        }
        now = now.plus(DWELL.into());
    }
    assert_eq!(route.step_release(&account(OWNER), (1_000, 7), DWELL, now), Err(NothingToRelease));
    assert_eq!(route.begin_release(&order(u64::MAX), (0, 7), (NOW, true), now), Err(NothingToRelease));
}

#[test]
fn what_came_to_safety_since_is_not_in_it() {
    let mut route = route();
    route.begin_release(&order(1_000), (1_000, 7), (NOW, true), NOW).expect("it is there");
    assert_eq!(route.step_release(&account(OWNER), (5_000, 8), DWELL, NOW), Err(NothingToRelease));
    assert_eq!(route.release.left, 1_000, "no step, no change");
    assert_eq!(route.step_release(&account(OWNER), (5_000, 7), DWELL, NOW), Ok(250));
}

#[test]
fn it_goes_to_what_is_registered_and_was_agreed_on() {
    let good = route();
    let begins = |order: ReleaseOrder| { good }.begin_release(&order, (1_000, 0), (NOW, true), NOW);
    let to = |destination, owner| ReleaseOrder { destination, owner, ..order(1_000) };
    assert_eq!(begins(to(VAULT, OWNER)), Ok(1_000));
    assert_eq!(begins(to(TREASURY, TREASURER)), Ok(1_000));
    for (destination, owner) in
        [(TREASURY, OWNER), (VAULT, TREASURER), (MINT, OWNER), (Pubkey::default(), Pubkey::default())]
    {
        assert_eq!(begins(to(destination, owner)), Err(WrongDestination));
    }
    assert_eq!(begins(ReleaseOrder { vault: TREASURY, ..order(1_000) }), Err(WrongVault));
    // a route that names no destination has none, whatever the order says
    let none = Route { settings: RouteSettings::starting(), destination_owner: Pubkey::default(), ..good };
    let default = to(Pubkey::default(), Pubkey::default());
    assert_eq!({ none }.begin_release(&default, (1_000, 0), (NOW, true), NOW), Err(WrongDestination));

    let mut elsewhere = good;
    elsewhere.begin_release(&to(TREASURY, TREASURER), (1_000, 0), (NOW, true), NOW).expect("registered");
    let steps = |route: &Route, state: &VaultState| { *route }.step_release(state, (1_000, 0), DWELL, NOW);
    assert_eq!(steps(&elsewhere, &account(TREASURER)), Ok(250));
    let delegated = VaultState { sound: false, ..account(TREASURER) };
    let of_another_mint = VaultState { mint: VAULT, ..account(TREASURER) };
    for state in [account(OWNER), delegated, of_another_mint, VaultState::default()] {
        assert_eq!(steps(&elsewhere, &state), Err(WrongDestination));
    }
    // registered anew: another account, or another owner
    for changed in [
        Route { settings: RouteSettings::starting(), ..elsewhere },
        Route { destination_owner: OWNER, ..elsewhere },
    ] {
        assert_eq!(steps(&changed, &account(TREASURER)), Err(WrongDestination));
    }
    let mut back = good;
    back.begin_release(&order(1_000), (1_000, 0), (NOW, true), NOW).expect("registered");
    assert_eq!(steps(&back, &account(TREASURER)), Err(WrongVault));
    assert_eq!(steps(&back, &VaultState { sound: false, ..account(OWNER) }), Err(WrongVault));
    // to the vault whatever the route says of others
    let changed = Route { settings: RouteSettings::starting(), ..back };
    assert_eq!(steps(&changed, &account(OWNER)), Ok(250));
}

#[test]
fn without_the_authority_it_is_what_came_from_this_vault() {
    let mut shared = Route { received: 700, in_safety: 700, ..route() };
    assert_eq!(
        { shared }.begin_release(&order(u64::MAX), (1_000, 0), (NOW, true), NOW),
        Ok(1_000),
        "agreed on by both"
    );
    assert_eq!(shared.begin_release(&order(u64::MAX), (1_000, 0), (NOW, false), NOW), Ok(700));
    let mut now = NOW;
    for _ in 0..RELEASE_STEPS {
        assert_eq!(shared.step_release(&account(OWNER), (1_000, 0), 600, now), Ok(175));
        now = now.plus(600);
    }
    assert_eq!(shared.begin_release(&order(u64::MAX), (300, 0), (NOW, false), now), Err(NothingToRelease));
}

#[test]
fn dust_is_no_move() {
    let mut route = route();
    assert!(route.is_dust(0) && !route.is_dust(1), "the first of all is everything");
    route.migrated(1_010_000, 1_000_000);
    assert!(route.is_dust(100) && !route.is_dust(101));
    // it came back: what is there in the next incident is everything again
    let all = (1_000_000, 0);
    route.begin_release(&order(u64::MAX), all, (NOW, true), NOW).expect("it is there");
    for step in 0..RELEASE_STEPS {
        route.step_release(&account(OWNER), all, 1, NOW.plus(10 * step)).expect("due");
    }
    assert_eq!((route.in_safety, route.is_dust(1)), (0, false));
    // and so it is where others' money came back with it
    route.begin_release(&order(u64::MAX), all, (NOW, true), NOW).expect("it is there");
    route.step_release(&account(OWNER), all, 1, NOW).expect("due");
    route.migrated(100, 100);
    assert_eq!((route.in_safety, route.is_dust(1)), (100, false));
    assert_eq!({ route }.begin_release(&order(u64::MAX), all, (NOW, false), NOW), Ok(100));
}

#[test]
fn without_the_authority_it_waits_on_both_clocks_and_goes_back_only() {
    let due = NOW.plus(RELEASE_ALONE_AFTER);
    assert_eq!(order(1).check_alone(NOW, due), Ok(()));
    for early in [Instant::new(due.slot - 1, due.unix), Instant::new(due.slot, due.unix - 1)] {
        assert_eq!(order(1).check_alone(NOW, early), Err(AuthorityMustSign));
    }
    let elsewhere = ReleaseOrder { destination: TREASURY, owner: TREASURER, ..order(1) };
    assert_eq!(elsewhere.check_alone(NOW, due), Err(AuthorityMustSign));
}

#[test]
fn a_halt_that_guardians_have_not_seen_is_not_ended_by_the_authority() {
    let (approved, later) = (NOW, NOW.plus(100));
    for source in [Source::Limiter, Source::Invariant] {
        let news = halted(source, NOW.plus(50));
        assert_eq!({ news }.begin_release(approved, alone(approved), later), Err(MigrationUnderWay));
        assert_eq!({ news }.begin_release(NOW.plus(51), alone(NOW.plus(51)), later), Ok(()));
        // what that key can make false does not hold guardians off for longer than they wait for it; what left a vault does
        let waited = { news }.begin_release(approved, later, later);
        assert_eq!(waited.is_ok(), source == Source::Invariant, "{waited:?}");
        let nowhere = { news }.begin_release(approved, Instant::NEVER, later);
        assert_eq!(nowhere, Err(MigrationUnderWay), "never, where it does not go back");
        let mut over = news;
        let end = later.plus(CRITICAL_MAX.into());
        assert_eq!(over.begin_release(approved, alone(approved), end), Ok(()));
    }
    // people's and keepers' halts let nobody migrate, so that there is nothing to end
    let mut paused = halted(Source::Guardian, NOW.plus(50));
    assert_eq!(paused.begin_release(approved, alone(approved), later), Ok(()));
}

#[test]
fn a_release_ends_the_rescue_of_its_halt_and_of_no_other() {
    let mut market = halted(Source::Limiter, NOW);
    assert_eq!(market.check_migration(true, NOW.plus(1)), Ok(()));
    assert_eq!(market.check_migration(false, NOW.plus(1)), Err(NoMigration));
    let began = NOW.plus(100);
    market.begin_release(NOW.plus(1), alone(NOW.plus(1)), began).expect("nothing was ordered");
    assert_eq!(market.check_migration(true, began.plus(1)), Err(NoMigration));
    assert_eq!(market.check_release(&begun(began), began.plus(1)), Ok(()));
    let next = Market { released_at: began, ..halted(Source::Invariant, began.plus(1)) };
    assert_eq!(next.check_migration(true, began.plus(2)), Ok(()));
    // whether or not anyone may migrate: it is a reason to look
    assert_eq!(next.check_release(&begun(began), began.plus(2)), Err(MigrationUnderWay));
    // but once it can do without the authority, whose key could make an invariant false again and again, and begin it too
    let week = Market { released_at: began, ..halted(Source::Invariant, began.plus(6 * DAY)) };
    let from = began.plus(7 * DAY);
    for early in [Instant::new(from.slot - 1, from.unix), Instant::new(from.slot, from.unix - 1)] {
        assert_eq!(week.check_release(&begun(began), early), Err(MigrationUnderWay));
    }
    assert_eq!(week.check_release(&begun(began), from), Ok(()));
    let elsewhere = Release { alone_from: Instant::NEVER, ..begun(began) };
    assert_eq!(week.check_release(&elsewhere, from), Err(MigrationUnderWay));
    let robbed = halted(Source::Limiter, began.plus(6 * DAY));
    assert_eq!(robbed.check_release(&begun(began), from), Err(MigrationUnderWay));
}

/// The thief has the authority's key, sees that the second look comes, and begins the release just before it.
#[test]
fn a_halt_of_the_same_slot_is_another_one_and_no_clock_hides_it() {
    let began = NOW.plus(100);
    for since in
        [began, Instant::new(began.slot + 1, began.unix), Instant::new(began.slot + 1, began.unix - 9)]
    {
        let mut market = Market { released_at: began, ..halted(Source::Limiter, since) };
        assert_eq!(market.check_migration(true, since), Ok(()));
        assert_eq!(market.check_release(&begun(began), since), Err(MigrationUnderWay));
        assert_eq!(market.begin_release(began, alone(began), since), Err(MigrationUnderWay));
    }
    let before = Instant::new(began.slot - 1, began.unix + 9);
    let known = Market { released_at: began, ..halted(Source::Limiter, before) };
    assert_eq!(known.check_migration(true, began), Err(NoMigration));
    assert_eq!(known.check_release(&begun(began), began), Ok(()));
    assert_eq!({ known }.begin_release(began, alone(began), began), Ok(()));
}

#[test]
fn an_order_goes_before_a_release_and_ends_it() {
    let whole = LatchBoard::zeroed();
    let mut market = halted(Source::Guardian, NOW);
    let latch = LatchId { source: Source::Guardian, severity: Severity::Critical, since: NOW };
    market.order_migration(&MigrateOrder { latch }, &whole, NOW).expect("it holds");
    let over = NOW.plus(MIGRATION_WINDOW);
    for early in [Instant::new(over.slot - 1, over.unix), Instant::new(over.slot, over.unix - 1)] {
        assert_eq!(market.begin_release(NOW.plus(1), alone(NOW.plus(1)), early), Err(MigrationUnderWay));
    }
    for stale in [Instant::new(NOW.slot - 1, NOW.unix), NOW] {
        let stale = { market }.begin_release(stale, alone(stale), over);
        assert_eq!(stale, Err(NothingToRelease), "it is of what was there before the order");
    }
    assert_eq!(market.begin_release(NOW.plus(1), alone(NOW.plus(1)), over), Ok(()));
    assert_eq!(market.check_release(&begun(over), over), Ok(()));
    // in the same slot, and later: for good, also once the day is over
    for ordered in [over, over.plus(1), over.plus(DAY)] {
        let mut again = market;
        again.order_migration(&MigrateOrder { latch }, &whole, ordered).expect("it holds");
        assert_eq!(again.check_release(&begun(over), ordered), Err(MigrationUnderWay));
        let end = ordered.plus(MIGRATION_WINDOW);
        assert_eq!(again.check_release(&begun(over), end), Err(NothingToRelease));
        assert_eq!(
            { again }.begin_release(ordered, alone(ordered), end),
            Err(NothingToRelease),
            "approved before"
        );
        assert_eq!(again.begin_release(ordered.plus(1), alone(ordered.plus(1)), end), Ok(()));
        assert_eq!(again.check_release(&begun(over), end), Err(NothingToRelease), "the former one is over");
        assert_eq!(again.check_release(&begun(end), end), Ok(()));
    }
}

proptest! {
    /// However the safe's free part moves meanwhile: no more goes than was approved and was there, no step is more than a
    /// quarter, and no two are closer than a dwell.
    #[test]
    fn no_more_goes_than_was_agreed_on(
        amount in 1u64..=u64::MAX,
        free in 1u64..=u64::MAX,
        moments in prop::collection::vec((0u64..2_000, any::<u64>()), 1..40),
    ) {
        let mut route = route();
        let agreed = route.begin_release(&order(amount), (free, 0), (NOW, true), NOW).expect("there is something");
        prop_assert_eq!(agreed, amount.min(free));
        let (mut now, mut last, mut gone) = (NOW, None::<Instant>, 0u128);
        for (seconds, free) in moments {
            now = now.plus(seconds);
            if let Ok(step) = route.step_release(&account(OWNER), (free, 0), DWELL, now) {
                prop_assert!(step > 0 && step <= free && step <= agreed.div_ceil(RELEASE_STEPS));
                prop_assert!(last.is_none_or(|last| last.plus(DWELL.into()).reached(now)));
                (gone, last) = (gone + u128::from(step), Some(now));
            }
        }
        prop_assert!(gone <= u128::from(agreed));
        prop_assert_eq!(u128::from(route.release.left), u128::from(agreed) - gone);
    }
}
