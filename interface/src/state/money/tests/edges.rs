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

#[test]
fn a_sum_that_cannot_be_is_refused() {
    let mut safe = holding(1);
    assert_eq!(safe.hold(u64::MAX), Err(BreakerError::SafeOverflow));
    let mut safe = holding(1);
    assert_eq!(safe.settle(11, true), Err(BreakerError::SafeOverflow), "more than it owes");
    let mut safe = holding(0);
    assert_eq!(safe.settle(0, true), Err(BreakerError::SafeOverflow), "nobody waits");
}

#[test]
fn what_was_not_held_is_neither_flagged_nor_decided() {
    let mut safe = holding(3);
    for range in [(2, 1), (0, 3), (3, 3), (0, u64::MAX)] {
        assert_eq!(safe.flag(range, NOW), Err(BreakerError::WrongHeldRange), "{range:?}");
    }
    assert_eq!(safe.decide((0, 0), true, NOW), Err(BreakerError::WrongHeldRange), "not flagged");
    assert_eq!(safe.flag((1, 2), NOW), Ok(()));
    for range in [(0, 1), (2, 3), (2, 1), (0, 3)] {
        assert_eq!(safe.decide(range, true, NOW), Err(BreakerError::WrongHeldRange), "{range:?}");
    }
    assert_eq!(safe.decide((1, 1), false, NOW), Ok(()));
    for range in [(1, 1), (1, 2)] {
        assert_eq!(safe.decide(range, true, NOW), Err(BreakerError::AlreadyDecided), "{range:?}");
    }
    assert_eq!(safe.decide((2, 2), true, NOW), Ok(()));
}

#[test]
fn what_has_done_all_it_can_gives_its_place_and_a_refusal_keeps_it() {
    let mut safe = holding(20);
    for number in 0..16 {
        assert_eq!(safe.flag((number, number), NOW), Ok(()));
    }
    assert_eq!(safe.flag((16, 16), NOW), Err(BreakerError::FlagsFull));
    // all decided: half of them paid, half refused
    for number in 0..16 {
        assert_eq!(safe.decide((number, number), number % 2 == 0, NOW), Ok(()));
    }
    let over = NOW.plus((HOLD_MAX + HOLD_EXTENSION_MAX).into());
    let before = Instant::new(over.slot, over.unix - 1);
    assert_eq!(safe.flag((16, 16), before), Err(BreakerError::FlagsFull));
    for number in 8..16 {
        assert_eq!(safe.flag((number, number), over), Ok(()), "in the place of a payment");
    }
    assert_eq!(safe.flag((16, 16), over), Err(BreakerError::FlagsFull));
    for number in (1..16).step_by(2) {
        assert_eq!(safe.said_of(number), Some((Decision::Refuse, NOW)), "{number}");
    }
}

#[test]
fn a_page_knows_its_own_claims_and_keeps_its_name() {
    let mut page = ClaimPage::zeroed();
    page.initialize_once(key(1), (3, 2), 255);
    page.initialize_once(key(9), (4, 5), 254);
    assert_eq!((page.safe, page.epoch, page.page, page.bump), (key(1), 3, 2, 255));
    let (first, last) = (2 * CLAIMS_PER_PAGE, 3 * CLAIMS_PER_PAGE - 1);
    for index in [0, first - 1, last + 1, u64::MAX] {
        assert_eq!(page.take(index), Err(BreakerError::WrongClaim), "{index}");
    }
    for index in first..=last {
        assert_eq!(page.take(index), Ok(()), "{index}");
        assert_eq!(page.take(index), Err(BreakerError::AlreadyClaimed), "{index}");
    }
    assert!(page.made.iter().all(|byte| *byte == u8::MAX));
}

#[test]
fn claims_are_of_what_nobody_is_owed() {
    let mut safe = holding(2);
    safe.keep(100);
    for (total, balance) in [(0, 120), (101, 120), (1, 20), (1, 0)] {
        assert_eq!(safe.open_claims([1; 32], total, balance), Err(BreakerError::ClaimsAboveSafe));
    }
    assert_eq!(safe.open_claims([1; 32], 100, 120), Ok(()));
    assert_eq!((safe.free(120), safe.debt(), safe.kept), (0, 120, 0));
    assert!(!safe.is_empty());
    // what an earlier set left is there for the next
    assert_eq!(safe.open_claims([2; 32], 30, 120), Ok(()));
    assert_eq!((safe.free(120), safe.debt(), safe.kept), (70, 50, 70));
}

#[test]
fn a_claim_is_proved_in_its_own_set_and_safe_alone() {
    let (at, owner) = (key(1), key(8));
    let mut safe = safe();
    safe.keep(100);
    assert_eq!(safe.claim(&at, (0, &owner, 0), &[]), Err(BreakerError::WrongClaim), "no set is open");
    let (leaf, other) = (claim_leaf(&at, 1, 0, &owner, 40), claim_leaf(&at, 1, 1, &key(9), 60));
    let root = claim_node(&leaf, &other);
    assert_eq!(root, claim_node(&other, &leaf));
    assert_eq!(safe.open_claims(root, 100, 100), Ok(()));
    let wrong = [(0, &owner, 41), (1, &owner, 40), (0, &at, 40)];
    for claim in wrong {
        assert_eq!(safe.claim(&at, claim, &[other]), Err(BreakerError::WrongClaim), "{claim:?}");
    }
    assert_eq!(safe.claim(&key(2), (0, &owner, 40), &[other]), Err(BreakerError::WrongClaim));
    assert_eq!(safe.claim(&at, (0, &owner, 40), &[]), Err(BreakerError::WrongClaim));
    assert_eq!(safe.claim(&at, (0, &owner, 40), &[leaf]), Err(BreakerError::WrongClaim));
    assert_eq!(safe.claim(&at, (0, &owner, 40), &[other]), Ok(()));
    assert_eq!(safe.claims_left, 60);
    // the set that follows has a number of its own
    assert_eq!(safe.open_claims(root, 60, 60), Ok(()));
    assert_eq!(safe.claim(&at, (0, &owner, 40), &[other]), Err(BreakerError::WrongClaim));
}

#[test]
fn a_set_that_promises_more_than_it_has_pays_what_it_has() {
    let at = key(1);
    let mut safe = safe();
    safe.keep(100);
    let leaves = [0, 1].map(|index| claim_leaf(&at, 1, index, &key(8), 60));
    assert_eq!(safe.open_claims(claim_node(&leaves[0], &leaves[1]), 100, 100), Ok(()));
    assert_eq!(safe.claim(&at, (0, &key(8), 60), &[leaves[1]]), Ok(()));
    assert_eq!(safe.claim(&at, (1, &key(8), 60), &[leaves[0]]), Err(BreakerError::ClaimsAboveSafe));
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
fn who_registers_sends_no_release_elsewhere() {
    let mut route = route();
    let (settings, to) = (route.settings, account(4, 21));
    route.begin_release(100, true, NOW);
    let stolen = RouteSettings { destination: key(66), ..settings };
    assert_eq!(register(&mut route, &stolen, Some(&account(4, 66))), Err(BreakerError::WrongDestination));
    // the account of then, with another owner since
    assert_eq!(register(&mut route, &settings, Some(&account(4, 66))), Err(BreakerError::WrongDestination));
    let none = RouteSettings { destination: Pubkey::default(), ..settings };
    assert_eq!(register(&mut route, &none, None), Err(BreakerError::WrongDestination));
    assert_eq!(route.released_to(), (key(20), key(21)));
    let slower = RouteSettings { hold_seconds: HOLD_MAX, ..settings };
    assert_eq!(register(&mut route, &slower, Some(&to)), Ok(()));
    // nothing is on its way there any more
    route.begin_release(100, false, NOW);
    assert_eq!(register(&mut route, &stolen, Some(&account(4, 66))), Ok(()));
    assert_eq!(route.released_to(), (key(VAULT), key(30)));
}

#[test]
fn what_was_left_of_a_release_is_not_of_what_comes_later() {
    let mut route = route();
    route.begin_release(1_000, false, NOW);
    assert_eq!(route.step_release(600, 0, NOW), Ok(250));
    route.migrated(500, 500);
    assert_eq!(route.step_release(850, 0, NOW), Err(BreakerError::NothingToRelease));
    assert_eq!((route.sent, route.received), (500, 500));
}

#[test]
fn a_release_takes_four_steps_a_dwell_apart() {
    let mut route = route();
    route.begin_release(10, true, NOW);
    let mut now = NOW;
    for amount in [3, 3, 3, 1] {
        assert_eq!(route.step_release(0, 600, now), Err(BreakerError::NothingToRelease), "it is owed");
        assert_eq!(route.step_release(u64::MAX, 600, now), Ok(amount));
        let due = now.plus(600);
        for early in [Instant::new(due.slot - 1, due.unix), Instant::new(due.slot, due.unix - 1)] {
            let expected =
                if amount == 1 { BreakerError::NothingToRelease } else { BreakerError::ReleaseNotDue };
            assert_eq!(route.step_release(9, 600, early), Err(expected));
        }
        now = due;
    }
    assert_eq!(route.released_to(), (key(20), key(21)));
}

#[test]
fn a_route_leads_from_its_vault_to_its_safe() {
    let route = route();
    let keys = [2, 3, VAULT, 1].map(key);
    let errors = [
        BreakerError::WrongProtocol,
        BreakerError::WrongMarket,
        BreakerError::WrongVault,
        BreakerError::WrongSafe,
    ];
    assert_eq!(route.check_leads(keys.each_ref()), Ok(()));
    for (place, error) in errors.into_iter().enumerate() {
        let mut keys = keys;
        keys[place] = key(66);
        assert_eq!(route.check_leads(keys.each_ref()), Err(error));
    }
    assert_eq!(route.check_vault(&account(4, 30)), Ok(()));
    let frozen = VaultState { sound: false, ..account(4, 30) };
    for state in [frozen, account(9, 30), account(4, 66), VaultState::default()] {
        assert_eq!(route.check_vault(&state), Err(BreakerError::WrongVault), "{state:?}");
    }
}

#[test]
fn what_is_due_is_paid_however_often_it_is_flagged() {
    let mut safe = holding(1);
    let mut held = Held::zeroed();
    held.initialize([key(1), key(8), key(9)], 255, (1, 0, 10), (HOLD_MIN, Severity::Major), NOW);
    let due = held.matures_at.plus(HOLD_EXTENSION_MAX.into());
    assert_eq!(held.due_at(), due);
    for days in [0, 3, 6] {
        let now = NOW.plus(days * DAY);
        assert_eq!(safe.flag((0, 0), now), Ok(()));
    }
    let before = Instant::new(due.slot, due.unix - 1);
    assert_eq!(held.fate(Severity::Critical, safe.said_of(0), before), Err(BreakerError::HeldFlagged));
    assert_eq!(held.fate(Severity::Critical, safe.said_of(0), due), Ok(Fate::Paid));
    // a refusal that comes when it is due comes too late
    assert_eq!(safe.decide((0, 0), false, due), Ok(()));
    assert_eq!(held.fate(Severity::Critical, safe.said_of(0), due), Ok(Fate::Paid));
}

#[test]
fn leaves_and_nodes_are_hashes_of_all_that_they_say() {
    let hash = |parts: &[&[u8]]| solana_program::hash::hashv(parts).to_bytes();
    let (at, owner) = (key(1), key(8));
    let leaf = hash(&[
        &[0],
        at.as_ref(),
        &7u64.to_le_bytes(),
        &9u64.to_le_bytes(),
        owner.as_ref(),
        &5u64.to_le_bytes(),
    ]);
    assert_eq!(claim_leaf(&at, 7, 9, &owner, 5), leaf);
    assert_eq!(claim_node(&[2; 32], &[3; 32]), hash(&[&[1], &[2; 32], &[3; 32]]));
    assert_eq!(claim_node(&[3; 32], &[2; 32]), hash(&[&[1], &[2; 32], &[3; 32]]));
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
