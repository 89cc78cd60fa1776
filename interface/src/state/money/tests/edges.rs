//! Edges of the rules that no honest caller comes near, each by itself.

use bytemuck::Zeroable;
use solana_program::pubkey::Pubkey;

use super::super::*;
use crate::{
    constants::*,
    error::BreakerError,
    operation::Operations,
    severity::Severity,
    state::{LatchBoard, LatchId, Market, MarketSettings, Source, VaultState, latch::NewLatch},
    time::Instant,
};

const NOW: Instant = Instant::new(1_000_000, 1_800_000_000);

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

/// Keys of the safe, its protocol, market, mint and token account.
const KEYS: [u8; 5] = [1, 2, 3, 4, 5];

fn safe() -> Safe {
    let mut safe = Safe::zeroed();
    let [_, protocol, market, mint, tokens] = KEYS.map(key);
    safe.initialize([protocol, market, mint, tokens], 255, key(6));
    safe
}

fn account(mint: u8, owner: u8) -> VaultState {
    VaultState { mint: key(mint), owner: key(owner), amount: 1_000, sound: true }
}

/// A safe in which so many wait.
fn holding(count: u64) -> Safe {
    let mut safe = safe();
    for number in 0..count {
        assert_eq!(safe.hold(10), Ok(number));
    }
    safe
}

#[test]
fn a_safes_token_account_is_its_own_and_nobody_elses() {
    let (safe, tokens) = (safe(), account(4, 1));
    assert_eq!(safe.check_tokens(&key(1), &key(5), &tokens), Ok(()));
    let frozen = VaultState { sound: false, ..tokens };
    let cases =
        [(5, frozen), (5, account(4, 9)), (5, account(9, 1)), (5, VaultState::default()), (9, tokens)];
    for (at, state) in cases {
        assert_eq!(
            safe.check_tokens(&key(1), &key(at), &state),
            Err(BreakerError::SafeNotSound),
            "{at} {state:?}"
        );
    }
}

/// A protocol leaves when nobody is owed anything that he could not have fetched, and nothing of its own is left; a stranger's
/// gift holds it up no more.
#[test]
fn a_safe_is_empty_when_it_keeps_and_owes_nothing() {
    assert!(safe().is_empty(NOW));
    let keeps = Safe { kept: 1, ..safe() };
    let promises = Safe { claims_left: 1, ..safe() };
    let mut waits = safe();
    assert_eq!(waits.hold(5), Ok(0));
    let due = NOW.plus(DAY);
    waits.expect_until(due);
    waits.expect_until(NOW);
    assert!([keeps, promises, waits].iter().all(|safe| !safe.is_empty(NOW)));
    for early in [Instant::new(due.slot - 1, due.unix), Instant::new(due.slot, due.unix - 1)] {
        assert!(!waits.is_empty(early));
    }
    assert!(waits.is_empty(due), "who does not fetch it keeps nobody");
    let mut back = safe();
    back.keep(2);
    back.release(1);
    assert!(!back.is_empty(NOW));
    back.release(1);
    assert!(back.is_empty(NOW));
}

#[test]
fn what_is_sent_and_what_arrives_are_counted_each() {
    let mut route = route();
    route.migrated(100, 99);
    route.migrated(50, 49);
    assert_eq!((route.sent, route.received), (150, 148));
    let mut safe = safe();
    safe.migrated(99);
    safe.migrated(49);
    assert_eq!((safe.kept, safe.migrations), (148, 2), "a release of before the second is none of it");
    assert!(route.is_custody(&key(30)) && !route.is_custody(&key(VAULT)));
}

#[test]
fn what_nobody_waits_for_is_not_flagged() {
    let mut safe = holding(2);
    for number in [0, 1] {
        assert_eq!(safe.settle((number, 10), true), Ok(()));
    }
    assert_eq!(safe.flag((0, 1), NOW), Err(BreakerError::WrongHeldRange));
    assert_eq!(safe.hold(10), Ok(2));
    assert_eq!(safe.flag((0, 2), NOW), Ok(()));
    assert_eq!(safe.settle((2, 10), true), Ok(()));
    assert_eq!(safe.flags, [Flag::default(); 16], "a clean slate");
}

#[test]
fn a_flag_that_grows_is_remembered_as_long_as_its_last_word() {
    let (mut safe, later) = (holding(4), NOW.plus(3 * DAY));
    assert_eq!(safe.flag((2, 3), NOW), Ok(()));
    assert_eq!(safe.flag((0, 1), later), Ok(()), "beside it, from below");
    assert_eq!(safe.flags[0], Flag { from: 0, to: 3, at: later, decision: Decision::Flagged as u64 });
    assert_eq!(safe.flags[1], Flag::default());
    // what it is of now is not due when the first of it is
    let due = NOW.plus((HOLD_MAX + HOLD_EXTENSION_MAX).into());
    assert_eq!(safe.decide((0, 0), true, due), Ok(()));
    assert_eq!(safe.said_of(1), Some((Decision::Flagged, later)));
}

/// A thief's withdrawals lie between those of others, and he puts them away from the inside out.
#[test]
fn a_refusal_gives_its_place_last_and_long_after_all_was_due() {
    let mut safe = holding(100);
    let ranges = (0..16).map(|place| (5 * place, 5 * place + 3));
    for (place, range) in ranges.clone().enumerate() {
        assert_eq!(safe.flag(range, NOW), Ok(()));
        assert_eq!(safe.decide(range, place % 2 == 0, NOW), Ok(()));
    }
    for (place, (from, _)) in ranges.enumerate() {
        for number in [from + 1, from + 2] {
            assert_eq!(safe.settle((number, 10), place % 2 == 0), Ok(()));
        }
    }
    let early = |at: Instant| [Instant::new(at.slot - 1, at.unix), Instant::new(at.slot, at.unix - 1)];
    let due = NOW.plus((HOLD_MAX + HOLD_EXTENSION_MAX).into());
    for before in early(due) {
        assert_eq!(safe.flag((98, 98), before), Err(BreakerError::FlagsFull));
    }
    // eight that are paid
    for number in (82..98).step_by(2) {
        assert_eq!(safe.flag((number, number), due), Ok(()));
    }
    for before in early(due.plus(REFUSAL_KEPT)).into_iter().chain([due]) {
        assert_eq!({ safe }.decide((5, 5), true, before), Err(BreakerError::AlreadyDecided));
        assert!([5, 8, 75, 78].iter().all(|number| safe.said_of(*number) == Some((Decision::Refuse, NOW))));
    }
    assert_eq!(safe.flag((99, 99), due), Err(BreakerError::FlagsFull));
    // the flags are over by then, and go first
    let last = due.plus(REFUSAL_KEPT);
    let places = |safe: &Safe, decision| safe.flags.iter().filter(|flag| flag.decision == decision).count();
    for number in (4..40).step_by(5) {
        assert_eq!(safe.flag((number, number), last), Ok(()));
        assert_eq!((places(&safe, 1), places(&safe, 3)), (8, 8));
    }
    for before in early(last) {
        assert_eq!(safe.flag((99, 99), before), Err(BreakerError::FlagsFull));
    }
    assert_eq!(safe.flag((99, 99), last), Ok(()));
    assert_eq!((places(&safe, 1), places(&safe, 3)), (9, 7));
}

const VAULT: u8 = 7;

/// A route with a destination.
fn route() -> Route {
    let mut route = Route::zeroed();
    let settings = RouteSettings { destination: key(20), ..RouteSettings::starting() };
    let to = account(4, 21);
    assert_eq!(register(&mut route, &settings, Some(&to)), Ok(()));
    route
}

fn register(
    route: &mut Route,
    settings: &RouteSettings,
    destination: Option<&VaultState>,
) -> Result<(), BreakerError> {
    let keys = [key(2), key(3), key(VAULT), key(1)];
    route.register(keys, 255, settings, &account(4, 30), destination)
}

#[test]
fn a_destination_is_of_the_mint_and_its_owners_alone() {
    let settings = route().settings;
    let frozen = VaultState { sound: false, ..account(4, 21) };
    let of_vault = RouteSettings { destination: key(VAULT), ..settings };
    let none = RouteSettings { destination: Pubkey::default(), ..settings };
    let cases = [
        (settings, Some(frozen)),
        (settings, Some(account(9, 21))),
        // a release would go in a circle
        (settings, Some(account(4, 1))),
        (settings, None),
        (of_vault, Some(account(4, 30))),
    ];
    for (settings, to) in cases {
        let result = register(&mut Route::zeroed(), &settings, to.as_ref());
        assert_eq!(result, Err(BreakerError::WrongDestination), "{to:?}");
    }
    assert_eq!(register(&mut Route::zeroed(), &none, None), Ok(()));
}

#[test]
fn a_route_has_settings_within_bounds_and_those_of_its_last_registration() {
    let good = RouteSettings::starting();
    for settings in [
        RouteSettings { hold_seconds: HOLD_MIN, ..good },
        RouteSettings { hold_seconds: HOLD_MAX, holds: 2, by_anyone: 1, ..good },
    ] {
        let mut route = route();
        assert_eq!(register(&mut route, &settings, None), Ok(()));
        assert_eq!((route.settings, route.epoch), (settings, 2));
        assert_eq!(route.destination_owner, Pubkey::default());
    }
    for settings in [
        RouteSettings { hold_seconds: HOLD_MIN - 1, ..good },
        RouteSettings { hold_seconds: HOLD_MAX + 1, ..good },
        RouteSettings { holds: 3, ..good },
        RouteSettings { by_anyone: 2, ..good },
        RouteSettings { padding: [0, 1], ..good },
    ] {
        assert_eq!(register(&mut route(), &settings, None), Err(BreakerError::RouteSettingOutOfBounds));
    }
}

#[test]
fn a_route_leads_from_its_vault_to_its_safe() {
    let route = route();
    assert_eq!(route.check_vault(&account(4, 30)), Ok(()));
    let frozen = VaultState { sound: false, ..account(4, 30) };
    for state in [frozen, account(9, 30), account(4, 66), VaultState::default()] {
        assert_eq!(route.check_vault(&state), Err(BreakerError::WrongVault), "{state:?}");
    }
    // what leaves it for the safe may leave a vault that others can spend from, and no other vault
    assert_eq!(route.check_source(&frozen), Ok(()));
    for state in [account(9, 30), account(4, 66), VaultState::default()] {
        assert_eq!(route.check_source(&state), Err(BreakerError::WrongVault), "{state:?}");
    }
    let (route_key, owner) = (key(77), route.vault_owner);
    assert_eq!(route.check_owner(&route_key, &owner, true), Ok(()));
    for nobody in [owner, route_key] {
        assert_eq!(route.check_owner(&route_key, &nobody, false), Err(BreakerError::OwnerMustSign));
    }
    let stranger = key(78);
    assert_eq!(route.check_owner(&route_key, &stranger, true), Err(BreakerError::OwnerMustSign));
    assert_eq!(route.check_owner(&owner, &owner, false), Ok(()), "in custody");
}

#[test]
fn an_incident_moves_money_from_major_on_and_closes_routes() {
    let mut market = Market::zeroed();
    let none = Operations::default();
    market
        .initialize(key(2), 0, 255, &MarketSettings::closing(none, none, none))
        .expect("settings are sound");
    let calm: LatchBoard = Zeroable::zeroed();
    let until = NOW.plus(3_600);
    let cases = [
        (Severity::Minor, Err(BreakerError::SeverityNotAllowed), Ok(())),
        (Severity::Major, Ok(()), Err(BreakerError::RouteInIncident)),
        (Severity::Critical, Ok(()), Err(BreakerError::RouteInIncident)),
    ];
    for (severity, ordered, routable) in cases {
        let source = Source::Guardian;
        let new = NewLatch { source, severity, closed: none, until, value: 0, threshold: 0, rules: 0 };
        let mut board = calm;
        board.latch(new, 600, 600, NOW);
        let order = MigrateOrder { latch: LatchId { source, severity, since: NOW } };
        // of the market, and of the whole protocol
        for (here, whole) in [(board, calm), (calm, board)] {
            let mut market = Market { board: here, ..market };
            assert_eq!(market.check_routable(&whole, NOW), routable);
            assert_eq!(market.order_migration(&order, &whole, NOW), ordered);
            assert_eq!(market.is_ordered(NOW), ordered.is_ok());
            assert!(!market.is_ordered(NOW.plus(MIGRATION_WINDOW)), "a day, no more");
            let over = market.order_migration(&order, &whole, until);
            assert_eq!(over, ordered.and(Err(BreakerError::NotHeld)));
        }
        let another = MigrateOrder { latch: LatchId { since: until, ..order.latch } };
        let mut market = Market { board, ..market };
        assert_eq!(
            market.order_migration(&another, &calm, NOW),
            ordered.and(Err(BreakerError::AnotherLatch))
        );
    }
}
