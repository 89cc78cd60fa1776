//! What governance may change, how, and what is void: the authority, and whoever stole its key.

use bytemuck::Zeroable;

use super::*;
use crate::{
    operation::{Operation, Operations},
    oracle::PriceUpdate,
    severity::Severity,
    state::{
        Feed, InvariantSettings, KeeperSettings, LOADER, Look, ProgramPin, ProtocolSettings, Reading, Rule,
        Source, TermSettings, Trip, program_data,
    },
};

mod cast;
mod thief;
mod town;
mod wish;

const START: Instant = Instant::new(1_000_000, 1_800_000_000);
const DELAY: u32 = LOOSENING_DELAY_DEFAULT;
const AUTHORITY: u8 = 1;

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

fn protocol() -> Protocol {
    let mut protocol = Protocol::zeroed();
    let guardians = vec![key(11), key(12), key(13)];
    let settings =
        ProtocolSettings { loosening_delay: DELAY, ..ProtocolSettings::starting(key(AUTHORITY), guardians) };
    protocol.initialize(key(90), key(91), 255, &settings).expect("settings are sound");
    protocol
}

fn market_settings() -> MarketSettings {
    let paid = Operations::of(&[Operation::WITHDRAW]);
    let mut settings = MarketSettings::closing(Operations::default(), paid, Operations::NON_EXITS);
    for response in &mut settings.responses {
        (response.limits.max_position, response.limits.max_order) = (1_000_000, 100_000);
        (response.limits.max_leverage_bps, response.limits.margin_multiplier_bps) = (50_000, 12_000);
    }
    (settings.dwell, settings.liquidation_grace) = (1_200, 1_200);
    settings.durations = [MINOR_MIN + 60, MAJOR_MIN + 60, CRITICAL_MIN + 60];
    settings
}

fn market() -> Market {
    let mut market = Market::zeroed();
    market.initialize(key(92), 0, 255, &market_settings()).expect("settings are sound");
    market
}

fn band() -> PriceBand {
    let feed = Feed { account: key(1), id: [1; 32] };
    let price = PriceUpdate {
        partial: None,
        feed_id: feed.id,
        price: 10_000_000_000,
        conf: 0,
        exponent: -8,
        publish_time: START.unix,
        posted_slot: START.slot,
    };
    let mut band = PriceBand::zeroed();
    let settings = BandSettings::starting(feed, Feed::default());
    band.initialize([key(92), key(93)], (0, 255), &settings, &[Some(price), None], START)
        .expect("settings are sound");
    band
}

fn invariant() -> Invariant {
    let term = TermSettings { reading: Reading::U64(0), coefficient: 1 };
    let settings =
        InvariantSettings { left: vec![term], right: vec![term], ratio_bps: [10_000, 9_900, 9_000] };
    let mut invariant = Invariant::zeroed();
    invariant.initialize([key(92), key(93)], (0, 255), &settings).expect("settings are sound");
    for place in 1..=2 {
        let shown = Shown { key: &key(place), program: &key(9), data: &[0; 8] };
        invariant.add_term(&settings, &shown).expect("a field");
    }
    invariant
}

#[test]
fn a_longer_delay_comes_at_once_and_a_shorter_one_by_a_fresh_proposal() {
    let mut protocol = protocol();
    let (longer, shorter) = (DELAY + 3_600, DELAY - 3_600);
    assert_eq!(protocol.amend_delay(shorter, Mandate::AtOnce), Err(BreakerError::LooseningWaits));
    assert_eq!(protocol.amend_delay(4 * DELAY + 1, Mandate::AtOnce), Err(BreakerError::BelowFloor));
    assert_eq!(protocol.amend_delay(longer, Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!((protocol.loosening_delay, protocol.delayed_loosening_delay), (longer, DELAY));

    assert_eq!(protocol.amend_delay(shorter, Mandate::waited(0)), Err(BreakerError::ProposalVoid));
    let too_far = protocol.amend_delay(LOOSENING_DELAY_MIN, Mandate::waited(1));
    assert_eq!(too_far, Err(BreakerError::StepTooLarge));
    assert_eq!(protocol.amend_delay(shorter, Mandate::waited(1)), Ok(Change::Loosens));
    assert_eq!((protocol.loosening_delay, protocol.delayed_loosening_delay), (shorter, shorter));
    for out_of_bounds in [0, LOOSENING_DELAY_MIN - 1, LOOSENING_DELAY_MAX + 1, u32::MAX] {
        for mandate in [Mandate::AtOnce, Mandate::waited(protocol.epoch)] {
            assert_eq!(protocol.amend_delay(out_of_bounds, mandate), Err(BreakerError::DelayOutOfBounds));
        }
    }
}

#[test]
fn a_delay_lengthened_at_once_takes_no_rule_its_critical() {
    let mut protocol = protocol();
    let mut invariant = invariant();
    invariant.arm(START).expect("in shadow");
    let trip = Trip { rule: Rule::Invariant, severity: Severity::Critical, value: 1, threshold: 1 };
    // the rule has been armed for long enough; the thief makes that four times as long
    protocol.amend_delay(4 * DELAY, Mandate::AtOnce).expect("a tightening");
    let mut look = |seconds| {
        let now = START.plus(u64::from(DELAY) + seconds);
        let (trip, _) = invariant.confirm(Some(trip), protocol.settling_delay(), now);
        trip.expect("is measured").severity
    };
    assert_eq!([look(0), look(2)], [Severity::Major, Severity::Critical]);

    // as the program's own pin
    let (account, old, new) = (program_data(&protocol.program), deployed(5), deployed(6));
    protocol.pin_program(&shown(&account, &old), START).expect("a program");
    let severity = |seconds, protocol: &mut Protocol| {
        let now = START.plus(u64::from(DELAY) + seconds);
        match protocol.look_at_program(&shown(&account, &new), now) {
            Ok(Look::Changed(trip)) => trip.severity,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(severity(0, &mut protocol), Severity::Major);
    assert_eq!(severity(2, &mut protocol), Severity::Critical);
}

/// A program's data account, deployed in this slot and with code of its own.
fn deployed(slot: u8) -> [u8; 64] {
    let mut data = [0; 64];
    (data[0], data[4], data[45]) = (3, slot, slot);
    data
}

fn shown<'a>(key: &'a Pubkey, data: &'a [u8]) -> Shown<'a> {
    Shown { key, program: &LOADER, data }
}

#[test]
fn the_authority_moves_by_a_fresh_proposal_to_a_key_of_its_own() {
    let mut protocol = protocol();
    assert_eq!(protocol.move_authority(key(2), Mandate::AtOnce), Err(BreakerError::LooseningWaits));
    assert_eq!(protocol.move_authority(key(2), Mandate::waited(1)), Err(BreakerError::ProposalVoid));
    for (to, error) in
        [(key(0), BreakerError::InvalidAuthority), (key(12), BreakerError::GuardianRoleConflict)]
    {
        assert_eq!(protocol.move_authority(to, Mandate::waited(0)), Err(error));
    }
    assert_eq!(protocol.move_authority(key(2), Mandate::waited(0)), Ok(()));
    assert_eq!((protocol.authority, protocol.epoch, protocol.authority_epoch), (key(2), 1, 1));
    assert_eq!(protocol.move_authority(key(3), Mandate::waited(0)), Err(BreakerError::ProposalVoid));
}

#[test]
fn a_pin_comes_at_once_and_goes_by_a_proposal() {
    let mut protocol = protocol();
    let (account, data, other) = (program_data(&protocol.program), deployed(5), deployed(6));
    let unpin =
        |protocol: &mut Protocol, mandate, data| protocol.unpin(mandate, &shown(&account, data), START);
    assert_eq!(unpin(&mut protocol, Mandate::waited(0), &data), Err(BreakerError::NotPinned));
    assert_eq!(protocol.pin_program(&shown(&account, &data), START), Ok(5));
    assert_eq!(unpin(&mut protocol, Mandate::AtOnce, &data), Err(BreakerError::LooseningWaits));
    let void = unpin(&mut protocol, Mandate::waited(0), &data);
    assert_eq!(void, Err(BreakerError::ProposalVoid), "of before the pin");
    assert_eq!(unpin(&mut protocol, Mandate::waited(1), &other), Err(BreakerError::PokeFirst));
    assert!(protocol.pin.is_set());
    assert_eq!(unpin(&mut protocol, Mandate::waited(1), &data), Ok(()));
    assert_eq!(protocol.pin, ProgramPin::zeroed());
}

#[test]
fn an_upgrade_is_approved_by_a_proposal_and_taken_back_at_once() {
    let mut protocol = protocol();
    let (account, data) = (program_data(&protocol.program), deployed(5));
    protocol.pin_program(&shown(&account, &data), START).expect("a program");
    let (code, none) = ([7; 32], [0; 32]);
    let mut approve = |code, mandate| protocol.approve_upgrade(code, mandate, START);
    let named = Ok(0x0707_0707_0707_0707);
    assert_eq!(approve(code, Mandate::AtOnce), Err(BreakerError::LooseningWaits));
    assert_eq!(approve(code, Mandate::waited(0)), Err(BreakerError::ProposalVoid));
    assert_eq!(approve(none, Mandate::AtOnce), Err(BreakerError::NothingChanges));
    assert_eq!(approve(code, Mandate::waited(1)), named);
    assert_eq!(approve(none, Mandate::waited(1)), Err(BreakerError::ProposalVoid));
    assert_eq!(approve(none, Mandate::AtOnce), named, "the one that is taken back");
    // what waited beside it waits no longer
    assert_eq!(approve(code, Mandate::waited(2)), Err(BreakerError::ProposalVoid));
    assert_eq!(protocol.pin.approved, none);
}

#[test]
fn a_protocol_leaves_by_a_fresh_proposal_when_nothing_holds() {
    let mut protocol = protocol();
    assert_eq!(protocol.detach(Mandate::AtOnce, START), Err(BreakerError::LooseningWaits));
    assert_eq!(protocol.detach(Mandate::waited(1), START), Err(BreakerError::ProposalVoid));
    let trip = Trip { rule: Rule::Program, severity: Severity::Critical, value: 1, threshold: 1 };
    let halt = START.plus(CRITICAL_MIN.into());
    assert!(protocol.board.latch_trip((Source::Program, 0), &trip, halt, (DWELL_MIN, DWELL_MAX), START));
    let normal = halt.plus(2 * u64::from(DWELL_MIN));
    for live in [START, halt, normal] {
        let result = protocol.detach(Mandate::waited(0), live);
        assert_eq!(result, Err(BreakerError::LatchLive), "{live:?}: at least the grace holds");
    }
    assert_eq!((protocol.detached, protocol.check_attached()), (0, Ok(())));
    assert_eq!(protocol.detach(Mandate::waited(0), halt.plus(DWELL_MAX.into())), Ok(()));
    assert_eq!(protocol.check_attached(), Err(BreakerError::Detached));
}

#[test]
fn a_market_tightens_at_once_and_its_undoing_outlives_every_further_tightening() {
    let mut market = market();
    let start = market_settings();
    let mut tight = start;
    tight.responses.iter_mut().for_each(|response| response.limits.max_order = 25_000);
    tight.dwell += 60;
    assert_eq!(market.amend(&tight, Mandate::AtOnce, &LatchBoard::zeroed(), START), Ok(Change::Tightens));
    assert_eq!((market.settings(), market.delayed_settings()), (tight, start));
    let mut below = tight;
    below.responses[2].limits.max_order = 24_999;
    assert_eq!(
        market.amend(&below, Mandate::AtOnce, &LatchBoard::zeroed(), START),
        Err(BreakerError::BelowFloor)
    );
    assert_eq!(
        market.amend(&start, Mandate::AtOnce, &LatchBoard::zeroed(), START),
        Err(BreakerError::LooseningWaits)
    );

    // the undoing is proposed now; the thief adds a unit whenever he likes
    for unit in 1..=3 {
        let mut tighter = tight;
        tighter.dwell += unit;
        assert_eq!(
            market.amend(&tighter, Mandate::AtOnce, &LatchBoard::zeroed(), START),
            Ok(Change::Tightens)
        );
    }
    let looser = MarketSettings { dwell: start.dwell - 1, ..start };
    assert_eq!(
        market.amend(&looser, Mandate::waited(1), &LatchBoard::zeroed(), START),
        Err(BreakerError::ProposalVoid)
    );
    assert_eq!(market.amend(&start, Mandate::waited(1), &LatchBoard::zeroed(), START), Ok(Change::Loosens));
    assert_eq!((market.settings(), market.delayed_settings()), (start, start));
    assert_eq!(
        market.amend(&start, Mandate::waited(1), &LatchBoard::zeroed(), START),
        Err(BreakerError::NothingChanges)
    );
}

/// An undoing is kept ripe for the day on which the owner tightens: then anybody would take that back in the same slot.
#[test]
fn no_undoing_is_proposed_before_there_is_something_to_undo() {
    let calm = LatchBoard::zeroed();
    let start = market_settings();
    let limited = |max_order| {
        let mut settings = start;
        settings.responses.iter_mut().for_each(|response| response.limits.max_order = max_order);
        settings
    };
    let execute = |market: &mut Market, max_order, epoch| {
        market.amend(&limited(max_order), Mandate::waited(epoch), &calm, START)
    };
    // the owner's own halving, proposed on a quiet day, would double what was quartered since
    let mut market = market();
    assert_eq!(market.amend(&limited(25_000), Mandate::AtOnce, &calm, START), Ok(Change::Tightens));
    for max_order in [100_000, 50_000] {
        assert_eq!(execute(&mut { market }, max_order, 0), Err(BreakerError::ProposalVoid), "{max_order}");
        assert_eq!(execute(&mut { market }, max_order, 1), Ok(Change::Loosens), "{max_order}");
    }
    // once it was undone, what was proposed meanwhile is of no use on the next day
    assert_eq!(execute(&mut market, 100_000, 1), Ok(Change::Loosens));
    assert_eq!((market.epoch, market.tightened), (2, 0));
    assert_eq!(market.amend(&limited(25_000), Mandate::AtOnce, &calm, START), Ok(Change::Tightens));
    for (epoch, result) in
        [(1, Err(BreakerError::ProposalVoid)), (2, Err(BreakerError::ProposalVoid)), (3, Ok(Change::Loosens))]
    {
        assert_eq!(execute(&mut { market }, 100_000, epoch), result, "of epoch {epoch}");
    }

    let mut protocol = protocol();
    assert_eq!(protocol.amend_delay(DELAY + 1, Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!(protocol.amend_delay(DELAY, Mandate::waited(0)), Err(BreakerError::ProposalVoid));
    assert_eq!(protocol.amend_delay(DELAY + 2, Mandate::AtOnce), Ok(Change::Tightens));
    assert_eq!(protocol.amend_delay(DELAY, Mandate::waited(1)), Ok(Change::Loosens));
    assert_eq!(protocol.tightened, 0);
}

#[test]
fn exits_are_said_at_registration_and_new_responses_keep_the_bounds() {
    let mut market = market();
    let says = MarketSettings { critical_closes_exits: true, ..market_settings() };
    let mut closes = market_settings();
    closes.responses[2].closed |= Operation::REPAY.mask();
    let mut never_ends = market_settings();
    never_ends.durations[2] = CRITICAL_MAX + 1;
    for mandate in [Mandate::AtOnce, Mandate::waited(0)] {
        assert_eq!(
            market.amend(&says, mandate, &LatchBoard::zeroed(), START),
            Err(BreakerError::SettingFixed)
        );
        assert_eq!(
            market.amend(&closes, mandate, &LatchBoard::zeroed(), START),
            Err(BreakerError::ExitClosed)
        );
        assert_eq!(
            market.amend(&never_ends, mandate, &LatchBoard::zeroed(), START),
            Err(BreakerError::DurationOutOfBounds)
        );
    }
}

#[test]
fn a_longer_way_down_waits_until_there_is_none() {
    let start = market_settings();
    let longer = MarketSettings { dwell: start.dwell + 60, ..start };
    let shorter = MarketSettings { dwell: start.dwell - 60, ..start };
    let more_grace = MarketSettings { liquidation_grace: start.liquidation_grace + 60, ..start };
    let trip = Trip { rule: Rule::Hard, severity: Severity::Major, value: 1, threshold: 1 };
    let end = START.plus(start.durations[1].into());
    let mut latched = market();
    assert!(latched.latch_trip((Source::Limiter, 0), &trip, end, START));

    assert_eq!(
        { latched }.amend(&longer, Mandate::AtOnce, &LatchBoard::zeroed(), START),
        Err(BreakerError::LatchLive)
    );
    assert_eq!(
        { latched }.amend(&more_grace, Mandate::waited(0), &LatchBoard::zeroed(), START),
        Err(BreakerError::LatchLive)
    );
    assert_eq!(
        { latched }.amend(&shorter, Mandate::waited(0), &LatchBoard::zeroed(), START),
        Err(BreakerError::LatchLive)
    );
    // another step than that holds while the latch does, where it undoes a longer one, and its end stays
    let mut lengthened = market();
    lengthened.amend(&longer, Mandate::AtOnce, &LatchBoard::zeroed(), START).expect("nothing holds");
    assert!(lengthened.latch_trip((Source::Limiter, 0), &trip, end, START));
    let mut undone = lengthened;
    let undoing = undone.amend(&start, Mandate::waited(1), &LatchBoard::zeroed(), START);
    assert_eq!(undoing, Ok(Change::Loosens));
    let dwell = |market: &Market| market.board.held[0];
    assert_eq!((dwell(&lengthened), dwell(&undone)), (end.plus(1_260), end.plus(1_200)));
    assert_eq!(undone.board.held[1], end);

    latched.board.step_down(end.plus(1_200)).expect("it is over");
    assert_eq!(latched.amend(&longer, Mandate::AtOnce, &LatchBoard::zeroed(), START), Ok(Change::Tightens));
}

/// "A Major closes no withdrawals any more" is ripe; a stranger waits for the Major, and executes it.
#[test]
fn a_ripe_loosening_waits_until_the_incident_is_over_and_an_undoing_does_not() {
    let start = market_settings();
    let mut opens = start;
    opens.responses[1].closed = 0;
    let end = START.plus(start.durations[1].into());
    let over = end.plus(start.dwell.into());
    let trip = Trip { rule: Rule::Hard, severity: Severity::Major, value: 1, threshold: 1 };
    let mut latched = market();
    assert!(latched.latch_trip((Source::Limiter, 0), &trip, end, START));
    let calm = LatchBoard::zeroed();
    let execute =
        |market: &Market, whole: &LatchBoard, now| { *market }.amend(&opens, Mandate::waited(0), whole, now);
    for now in [START, end] {
        assert_eq!(execute(&latched, &calm, now), Err(BreakerError::LatchLive));
        assert_eq!(execute(&market(), &latched.board, now), Err(BreakerError::LatchLive), "of the protocol");
    }
    assert_eq!(execute(&latched, &calm, over), Ok(Change::Loosens));
    // what was tightened in the midst of it is undone in the midst of it
    let mut tight = start;
    tight.responses.iter_mut().for_each(|response| response.limits.max_order = 50_000);
    assert_eq!(latched.amend(&tight, Mandate::AtOnce, &calm, START), Ok(Change::Tightens));
    assert_eq!(latched.amend(&start, Mandate::waited(1), &calm, START), Ok(Change::Loosens));

    let (mut band, mut invariant) = (band(), invariant());
    let mut wider = band.settings;
    wider.deviation_bps[0] += 100;
    let lower = Ratios { bps: [9_950, 9_900, 9_000] };
    assert_eq!(band.amend(&wider, Mandate::waited(0), false), Err(BreakerError::LatchLive));
    assert_eq!(invariant.amend(&lower, Mandate::waited(0), false), Err(BreakerError::LatchLive));
    assert_eq!(band.amend(&wider, Mandate::waited(0), true), Ok(Change::Loosens));
    assert_eq!(invariant.amend(&lower, Mandate::waited(0), true), Ok(Change::Loosens));
}

#[test]
fn a_band_tightens_at_once_and_keeps_its_reference() {
    let mut band = band();
    let (start, reference) = (band.settings, band.reference);
    let tight = BandSettings { deviation_bps: [400, 900, 2_000], ..start };
    let nearer = BandSettings { deviation_bps: [400, 900, 1_900], ..start };
    let other = BandSettings { primary: Feed { account: key(5), id: [5; 32] }, ..start };
    assert_eq!(
        band.amend(&nearer, Mandate::AtOnce, true),
        Err(BreakerError::LooseningWaits),
        "decides a Critical"
    );
    assert_eq!(band.amend(&other, Mandate::waited(0), true), Err(BreakerError::SettingFixed));
    assert_eq!(band.amend(&tight, Mandate::AtOnce, true), Ok(Change::Tightens));
    assert_eq!((band.settings, band.delayed, band.reference), (tight, start, reference));
    assert_eq!(band.amend(&nearer, Mandate::waited(0), true), Err(BreakerError::ProposalVoid));
    assert_eq!(band.amend(&start, Mandate::waited(1), true), Ok(Change::Loosens), "undone");
    assert_eq!(band.amend(&nearer, Mandate::waited(2), true), Ok(Change::Loosens));
    assert_eq!(band.delayed, nearer);
}

#[test]
fn what_was_proposed_of_a_rule_in_shadow_is_void_once_it_is_armed() {
    let (mut band, mut invariant) = (band(), invariant());
    assert_eq!(band.disarm(Mandate::waited(0)), Err(BreakerError::NotArmed));
    assert_eq!(invariant.disarm(Mandate::waited(0), None), Err(BreakerError::NotArmed));
    band.arm(START).expect("in shadow");
    invariant.arm(START).expect("in shadow");
    assert_eq!(band.arm(START), Err(BreakerError::AlreadyArmed));
    assert_eq!(invariant.arm(START), Err(BreakerError::AlreadyArmed));
    for (mandate, error) in
        [(Mandate::AtOnce, BreakerError::LooseningWaits), (Mandate::waited(0), BreakerError::ProposalVoid)]
    {
        assert_eq!(band.disarm(mandate), Err(error));
        assert_eq!(invariant.disarm(mandate, None), Err(error));
    }
    assert_eq!((band.standing.armed, invariant.standing.armed), (1, 1));
    assert_eq!(band.disarm(Mandate::waited(1)), Ok(()));
    assert_eq!(invariant.disarm(Mandate::waited(1), None), Ok(()));
    assert_eq!((band.standing.armed, invariant.standing.armed), (0, 0));
    // a second proposal of the same day does not disarm what was armed again
    band.arm(START).expect("in shadow");
    assert_eq!(band.disarm(Mandate::waited(1)), Err(BreakerError::ProposalVoid));
}

/// A ripe disarming, a drain, and no poke between.
#[test]
fn an_invariant_that_is_broken_goes_back_to_shadow_once_that_was_poked() {
    let mut invariant = invariant();
    invariant.arm(START).expect("in shadow");
    let trip = |severity| Some(Trip { rule: Rule::Invariant, severity, value: 1, threshold: 1 });
    let disarm = |invariant: &Invariant, measured| { *invariant }.disarm(Mandate::waited(1), measured);
    for severity in Severity::ABOVE_NORMAL {
        assert_eq!(disarm(&invariant, trip(severity)), Err(BreakerError::PokeFirst));
    }
    // what it held before it says nothing of what is worse, nor of what came after it was seen to hold
    invariant.confirm(trip(Severity::Major), DELAY, START);
    assert_eq!(disarm(&invariant, trip(Severity::Minor)), Ok(()));
    assert_eq!(disarm(&invariant, trip(Severity::Major)), Ok(()));
    assert_eq!(disarm(&invariant, trip(Severity::Critical)), Err(BreakerError::PokeFirst));
    let (_, is_new) = invariant.confirm(None, DELAY, START);
    assert!(is_new, "a poke that shows it to hold is kept");
    assert_eq!(disarm(&invariant, trip(Severity::Minor)), Err(BreakerError::PokeFirst));
    assert_eq!(disarm(&invariant, None), Ok(()));
    // armed again at once it does not take the old trip for a new one
    invariant.confirm(trip(Severity::Critical), DELAY, START);
    assert_eq!(invariant.disarm(Mandate::waited(1), trip(Severity::Critical)), Ok(()));
    invariant.arm(START).expect("in shadow");
    let again = invariant.disarm(Mandate::waited(3), trip(Severity::Critical));
    assert_eq!(again, Err(BreakerError::PokeFirst));
}

#[test]
fn ratios_tighten_at_once_but_for_the_one_that_decides_a_critical() {
    let mut invariant = invariant();
    let ratios = |bps| Ratios { bps };
    let at_once = |invariant: &mut Invariant, bps| invariant.amend(&ratios(bps), Mandate::AtOnce, true);
    assert_eq!(at_once(&mut invariant, [10_000, 9_900, 9_100]), Err(BreakerError::LooseningWaits));
    assert_eq!(at_once(&mut invariant, [9_999, 9_900, 9_000]), Err(BreakerError::LooseningWaits));
    assert_eq!(at_once(&mut invariant, [40_001, 9_900, 9_000]), Err(BreakerError::BelowFloor));
    assert_eq!(at_once(&mut invariant, [40_000, 39_600, 9_000]), Ok(Change::Tightens));
    let undone = invariant.amend(&ratios([10_000, 9_900, 9_000]), Mandate::waited(1), true);
    assert_eq!(undone, Ok(Change::Loosens));
    let half = ratios([5_000, 4_950, 4_500]);
    let less = ratios([4_999, 4_950, 4_500]);
    assert_eq!(invariant.amend(&less, Mandate::waited(2), true), Err(BreakerError::StepTooLarge));
    assert_eq!(invariant.amend(&half, Mandate::waited(2), true), Ok(Change::Loosens));
}

/// A proposal of this epoch, made so many slots after [`START`].
fn proposed(epoch: u64, slots: u64) -> Mandate {
    Mandate::Proposed { epoch, at: Instant::new(START.slot + slots, START.unix) }
}

/// An invariant that was shown to be so bad, at [`START`].
fn broken(severity: Severity) -> Invariant {
    let mut invariant = invariant();
    invariant.arm(START).expect("in shadow");
    invariant.standing.since = Instant::NEVER;
    show(&mut invariant, Some(severity), 0);
    invariant
}

/// Somebody pokes it, so many slots after [`START`].
fn show(invariant: &mut Invariant, severity: Option<Severity>, slots: u64) {
    let trip = severity.map(|severity| Trip { rule: Rule::Invariant, severity, value: 1, threshold: 1 });
    invariant.confirm(trip, DELAY, Instant::new(START.slot + slots, START.unix));
}

#[test]
fn an_invariants_loss_is_accepted_at_what_is_there_and_no_lower() {
    let waits = broken(Severity::Critical).accept_loss(Mandate::AtOnce, 1, 6_000);
    assert_eq!(waits, Err(BreakerError::LooseningWaits));
    let accept = |least, measured| {
        let mut invariant = broken(Severity::Critical);
        let result = invariant.accept_loss(proposed(1, 1), least, measured);
        result.map(|()| (invariant.ratio_bps, invariant.delayed_ratio_bps, invariant.epoch))
    };
    let (small, large) = ([9_500, 9_405, 8_550], [6_000, 5_940, 5_400]);
    assert_eq!(accept(6_000, 6_000), Ok((large, large, 2)));
    assert_eq!(accept(1, 9_500), Ok((small, small, 2)));
    assert_eq!(accept(6_001, 6_000), Err(BreakerError::LossGrew));
    assert_eq!(accept(1, 10_000), Err(BreakerError::NothingChanges));
    assert_eq!(accept(0, 0), Err(BreakerError::RatioOutOfBounds));
    assert_eq!(Amendment::AcceptLoss { least: 0 }.check(), Err(BreakerError::LossOfEverything));

    // a caution set high at once is no way to pull the others down
    let mut tightened = broken(Severity::Critical);
    tightened.amend(&Ratios { bps: [40_000, 9_900, 9_000] }, Mandate::AtOnce, true).expect("a tightening");
    tightened.accept_loss(proposed(2, 1), 1, 10_000).expect("what is below the caution");
    assert_eq!(tightened.ratio_bps, [10_000, 9_900, 9_000]);

    let mut invariant = broken(Severity::Critical);
    invariant.amend(&Ratios { bps: [10_001, 9_900, 9_000] }, Mandate::AtOnce, true).expect("a tightening");
    let stale = invariant.accept_loss(proposed(1, 1), 1, 6_000);
    assert_eq!(stale, Err(BreakerError::ProposalVoid));
}

/// Proposed while all is well, a loss to come would be accepted in the slot in which it comes.
#[test]
fn no_loss_is_accepted_that_was_not_latched_when_that_was_proposed() {
    let accept = |invariant: &Invariant, mandate| { *invariant }.accept_loss(mandate, 1, 6_000);
    let mut healthy = invariant();
    healthy.arm(START).expect("in shadow");
    assert_eq!(accept(&healthy, proposed(1, 9)), Err(BreakerError::PokeFirst));
    show(&mut healthy, Some(Severity::Critical), 10);
    for (slots, result) in
        [(9, Err(BreakerError::LossUnseen)), (10, Err(BreakerError::LossUnseen)), (11, Ok(()))]
    {
        assert_eq!(accept(&healthy, proposed(1, slots)), result, "proposed {slots} slots on");
    }
    // shown again it is the same loss: nobody holds off what was proposed meanwhile
    show(&mut healthy, Some(Severity::Critical), 20);
    assert_eq!(accept(&healthy, proposed(1, 11)), Ok(()));
    // one that got worse is another, and one that ended is none to wait for
    let mut worse = broken(Severity::Minor);
    assert_eq!(accept(&worse, proposed(1, 5)), Err(BreakerError::PokeFirst));
    show(&mut worse, Some(Severity::Critical), 20);
    assert_eq!(accept(&worse, proposed(1, 5)), Err(BreakerError::LossUnseen));
    let mut over = broken(Severity::Critical);
    show(&mut over, None, 10);
    assert_eq!(accept(&over, proposed(1, 11)), Err(BreakerError::PokeFirst));
    show(&mut over, Some(Severity::Critical), 20);
    assert_eq!(accept(&over, proposed(1, 11)), Err(BreakerError::LossUnseen));
    // what could not be read is no loss
    let mut blind = invariant();
    blind.arm(START).expect("in shadow");
    let trip = Trip { rule: Rule::InvariantUnreadable, severity: Severity::Major, value: 0, threshold: 0 };
    blind.confirm(Some(trip), DELAY, START);
    let minor = { blind }.accept_loss(proposed(1, 5), 1, 9_950);
    assert_eq!(minor, Err(BreakerError::LossUnseen));
    show(&mut blind, Some(Severity::Minor), 20);
    assert_eq!({ blind }.accept_loss(proposed(1, 21), 1, 9_950), Ok(()));
    // a loss that was accepted is no licence for the next one
    let mut accepted = broken(Severity::Critical);
    accepted.accept_loss(proposed(1, 5), 1, 6_000).expect("it was latched");
    assert!(!accepted.standing.observed_at.is_set());
    let next = accepted.accept_loss(proposed(2, 6), 1, 3_000);
    assert_eq!(next, Err(BreakerError::PokeFirst));
}

#[test]
fn a_keeper_is_revoked_by_a_proposal_and_once() {
    let settings = KeeperSettings { key: key(5), max_seconds: MINOR_MIN, raises_per_day: 1, term: 1_000 };
    let mut keeper = Keeper::zeroed();
    keeper.initialize(key(92), 255, &settings, START).expect("settings are sound");
    let later = START.plus(10);
    assert_eq!(keeper.revoke(Mandate::AtOnce, later), Err(BreakerError::LooseningWaits));
    assert_eq!(keeper.revoke(Mandate::waited(0), later), Ok(()));
    assert_eq!(keeper.spend_raise(MINOR_MIN, later), Err(BreakerError::KeeperExpired));
    assert_eq!(keeper.revoke(Mandate::waited(0), later), Err(BreakerError::KeeperEnded));
}
