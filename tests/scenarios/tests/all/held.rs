//! Withdrawals that wait in the safe: an honest user gets everything, later; an attacker gets nothing that guardians refuse in
//! time; nobody can hold anybody up for longer than the code says.

use firebreak_interface::{
    BreakerError::*,
    Direction, Operation, Severity, Verdict,
    constants::*,
    instruction::{self, Behind, Payout},
    pda,
    state::{Act, GuardianAct},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{
    FUNDS, Flow, Setup, World,
    holding::{GROSS, HARD, Withdrawing},
    token,
};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::instruction::AuthorityType;

/// What an account of another program than ours is refused with.
const NOT_OURS: InstructionError = InstructionError::Custom(3007);

/// A withdrawal of Alice's beyond the gross limit waits.
fn waiting() -> World {
    let mut world = World::holding(1, |_| {});
    assert_eq!(world.withdraw_or_wait(GROSS, 7).succeeds().returned(), [Verdict::Hold as u8]);
    world
}

/// The same, when its time has come.
fn due() -> World {
    let mut world = waiting();
    world.vm.advance(HOLD_DEFAULT.into());
    world
}

/// Our program asks for an outflow, as a withdrawal that may be held.
fn asked(world: &World, amount: u64) -> Flow {
    world.us.flow(Direction::OutOrHold, Operation::WITHDRAW, amount)
}

#[test]
fn an_honest_user_gets_everything_later() {
    let mut world = World::holding(1, |_| {});
    let (lamports, key) =
        (|world: &World| world.vm.account(&world.alice.pubkey()).expect("she has").lamports, 7);
    // within the limits nothing waits
    assert_eq!(world.withdraw_or_wait(FUNDS / 100, key).succeeds().returned(), [Verdict::Allow as u8]);
    assert_eq!(world.alice(), FUNDS + FUNDS / 100);

    assert_eq!(world.withdraw_or_wait(GROSS, key).succeeds().returned(), [Verdict::Hold as u8]);
    let held = world.held(key);
    let rent = world.vm.account(&world.held_key(&held.owner, key)).expect("it is held").lamports;
    assert_eq!((held.owner, held.destination, held.amount), (world.alice.pubkey(), world.purse, GROSS));
    assert_eq!((held.held_at, held.in_incident), (world.now(), 0));
    let safe = world.safe();
    assert_eq!((safe.owed, safe.open, safe.kept, world.in_safe()), (GROSS, 1, 0, GROSS));
    assert_eq!(world.vault() + world.in_safe() + world.alice(), 2 * FUNDS);
    let told = *world.told().last().expect("told");
    assert_eq!(
        (told.act, told.subject, told.value, told.threshold),
        (Act::HeldBack, world.safe_key(), GROSS, 0)
    );
    // what left for the safe is not missing
    world.vm.advance(60);
    world.poke().succeeds();
    assert_eq!((world.limiter().undeclared, world.severity()), (0, Severity::Minor));

    world.vm.advance(u64::from(HOLD_DEFAULT) - 61);
    world.claim_held(key).fails_with(HeldNotDue);
    world.vm.advance(1);
    let before = lamports(&world);
    world.claim_held(key).succeeds();
    assert_eq!((world.alice(), world.in_safe()), (FUNDS + FUNDS / 100 + GROSS, 0));
    assert_eq!(lamports(&world), before + rent);
    assert_eq!(world.vm.account(&world.held_key(&held.owner, key)), None);
    let safe = world.safe();
    assert!(safe.is_empty(world.now()));
    let told = *world.told().last().expect("told");
    assert_eq!((told.act, told.actor, told.value, told.threshold), (Act::HeldPaid, held.owner, GROSS, 0));
    world.claim_held(key).fails_as(&NOT_OURS);
    world.verify_journal(&world.told()).expect("sound");
}

/// A false alarm closes the market for days; nobody refuses anything.
#[test]
pub(crate) fn one_of_an_incident_waits_for_its_end_and_seven_days_at_most() {
    for lasts in [false, true] {
        let mut world = World::holding(2, |_| {});
        assert_eq!(world.withdraw_or_wait(HARD, 1).succeeds().returned(), [Verdict::Hold as u8]);
        // its own trip holds at Major by then, though the market could not rise with it
        assert_eq!((world.held(1).in_incident, world.severity()), (1, Severity::Normal));
        world.begin_incident();
        let due = world.held(1).due_at();
        world.vm.advance(HOLD_DEFAULT.into());
        world.claim_held(1).fails_with(HeldNotDue);
        if lasts {
            // one incident after another, for as long as anybody likes
            while !due.reached(world.now()) {
                if world.severity() < Severity::Major {
                    world.begin_incident();
                }
                world.claim_held(1).fails_with(HeldNotDue);
                world.vm.advance(3_600);
            }
            assert_eq!(world.severity(), Severity::Major);
        } else {
            world.vm.advance((MAJOR_MAX - HOLD_DEFAULT).into());
            assert_eq!(world.severity(), Severity::Minor);
        }
        world.claim_held(1).succeeds();
        assert_eq!(world.alice(), FUNDS + HARD);
    }
}

#[test]
fn who_does_not_ask_to_hold_is_denied() {
    for holds in [0, 1, 2] {
        let mut world = World::holding(holds, |_| {});
        let what = world.withdrawing(HARD, 1);
        let (asks, hold) = (
            world.us.program.flow(&Flow { direction: Direction::Out, ..asked(&world, HARD) }),
            world.holds(&what),
        );
        assert_eq!(world.perform(&[(Guard::Always, asks.clone())]).succeeds().verdict(), Verdict::Deny);
        let alice = world.alice.insecure_clone();
        let both = world.us.program.performs(&[(Guard::Always, asks), (Guard::Always, hold)]);
        world.vm.send(&[both], &[&alice]).fails_with(NothingToHold);
    }
    // nor does a route that holds nothing, or not this, answer so
    for (holds, amount) in [(0, GROSS), (0, HARD), (1, HARD)] {
        let mut world = World::holding(holds, |_| {});
        let returned = world.withdraw_or_wait(amount, 1).succeeds();
        let expected = if holds == 0 && amount == GROSS { Verdict::Allow } else { Verdict::Deny };
        assert_eq!(returned.returned(), [expected as u8]);
        assert_eq!(world.in_safe(), 0);
    }
    // in shadow nothing is held: it only would have been
    let mut shadow = World::holding(2, |setup| setup.armed = false);
    assert_eq!(shadow.withdraw_or_wait(HARD, 1).succeeds().returned(), [Verdict::Allow as u8]);
}

/// `hold` is no way around an answer: it takes what was answered Hold, in that slot, once.
#[test]
pub(crate) fn nothing_is_held_but_what_was_answered_so() {
    let hold = |world: &mut World, asked_for: &[u64], held: &[u64]| {
        let asks =
            asked_for.iter().map(|amount| (Guard::Always, world.us.program.flow(&asked(world, *amount))));
        let holds = (10..)
            .zip(held)
            .map(|(nonce, amount)| (Guard::Always, world.holds(&world.withdrawing(*amount, nonce))));
        let calls: Vec<_> = asks.chain(holds).collect();
        world.perform(&calls)
    };
    let mut world = World::holding(1, |_| {});
    // allowed: it is paid, not held
    hold(&mut world, &[FUNDS / 100], &[FUNDS / 100]).fails_with(NothingToHold);
    // denied by a limit
    hold(&mut world, &[HARD], &[HARD]).fails_with(NothingToHold);
    // never asked for, or for less, or twice
    hold(&mut world, &[], &[GROSS]).fails_with(NothingToHold);
    hold(&mut world, &[GROSS], &[GROSS + 1]).fails_with(NothingToHold);
    hold(&mut world, &[GROSS], &[GROSS, GROSS]).fails_with(NothingToHold);
    hold(&mut world, &[GROSS], &[0]).fails_with(ZeroFlow);
    hold(&mut world, &[GROSS, GROSS], &[GROSS, GROSS]).succeeds();
    // an answer is of its slot
    hold(&mut world, &[GROSS], &[]).succeeds();
    world.vm.advance_slots(1);
    hold(&mut world, &[], &[GROSS]).fails_with(NothingToHold);
    // an operation that is closed
    world.begin_incident();
    hold(&mut world, &[GROSS], &[GROSS]).fails_with(NothingToHold);
    // an exit never pays out, held or not
    let exit = world.us.program.flow(&Flow { operation: Operation::REPAY, ..asked(&world, GROSS) });
    world.perform(&[(Guard::Always, exit)]).fails_with(ExitPaysOut);
    assert_eq!((world.in_safe(), world.safe().owed), (2 * GROSS, 2 * GROSS));
}

/// A drain around the breaker that ends in a hold: it shows all the same, and a vault that is no more what it was holds none.
#[test]
fn what_left_without_a_record_is_not_hidden_by_a_hold() {
    let mut world = World::holding(1, |_| {});
    let what = world.withdrawing(GROSS, 1);
    let (asks, hold) = (world.us.program.flow(&asked(&world, GROSS)), world.holds(&what));
    let drain = token::transfer(&world.us.vault, &world.loot, &world.us.program.owner, FUNDS / 25);
    world
        .perform(&[(Guard::Always, asks.clone()), (Guard::Always, drain), (Guard::Always, hold.clone())])
        .succeeds();
    assert_eq!(world.limiter().undeclared, FUNDS / 25);
    assert_eq!(world.limiter().severity(world.now()), Severity::Major);

    let mut world = World::holding(1, |_| {});
    let approve = token::approve(&world.us.vault, &world.attacker.pubkey(), &world.us.program.owner, 1);
    world
        .perform(&[(Guard::Always, asks), (Guard::Always, approve), (Guard::Always, hold)])
        .fails_with(WrongVault);
}

#[test]
fn a_stranger_holds_nothing_of_anybodys() {
    let mut world = World::holding(1, |_| {});
    let theirs = world.neighbour();
    let attacker = world.attacker.insecure_clone();
    let what = Withdrawing { user: attacker.pubkey(), to: world.loot, amount: GROSS, nonce: 1 };
    let hold = world.holds(&what);
    // a program of his own speaks for a recorder of its own
    let mut by_his = hold.clone();
    by_his.accounts[0].pubkey = theirs.program.recorder;
    by_his.accounts[6].is_signer = false;
    let call = theirs.program.calls(by_his);
    world.vm.send(&[call], &[&attacker]).fails_with(NotTheRecorder);
    // or names a protocol of his own, and our market
    let mut of_his = hold.clone();
    (of_his.accounts[0].pubkey, of_his.accounts[1].pubkey) = (theirs.program.recorder, theirs.protocol);
    of_his.accounts[6].is_signer = false;
    let call = theirs.program.calls(of_his);
    world.vm.send(&[call], &[&attacker]).fails_with(WrongProtocol);
    // nor is anything moved in the name of a user who does not sign
    let mut of_alice = world.holds(&world.withdrawing(GROSS, 1));
    of_alice.accounts[11].is_signer = false;
    let asks = world.us.program.flow(&asked(&world, GROSS));
    let both = world.us.program.performs(&[(Guard::Always, asks.clone()), (Guard::Always, of_alice)]);
    world.vm.send(&[both], &[&attacker]).fails_as(&InstructionError::Custom(3010));
    // in escort the vault's owner has to sign
    let mut unsigned = hold;
    unsigned.accounts[6].is_signer = false;
    let both = world.us.program.performs(&[(Guard::Always, asks), (Guard::Always, unsigned)]);
    world.vm.send(&[both], &[&attacker]).fails_with(OwnerMustSign);
}

#[test]
pub(crate) fn it_goes_to_its_owner_and_to_nobody_else() {
    let mut world = World::holding(1, |_| {});
    let alice = world.alice.insecure_clone();
    let other_mint = token::mint(&mut world.vm, &alice, 6);
    let of_other_mint = token::account(&mut world.vm, &alice, &other_mint, &alice.pubkey());
    for to in [world.loot, of_other_mint, world.us.vault, world.safe_tokens(), alice.pubkey()] {
        let asks = world.us.program.flow(&asked(&world, GROSS));
        let hold = world.holds(&Withdrawing { to, ..world.withdrawing(GROSS, 7) });
        world.perform(&[(Guard::Always, asks), (Guard::Always, hold)]).fails_with(WrongPayee);
    }

    let mut world = due();
    let attacker = world.attacker.insecure_clone();
    let another = token::account(&mut world.vm, &alice, &world.us.mint, &alice.pubkey());
    let other_mint = token::mint(&mut world.vm, &alice, 6);
    let of_other_mint = token::account(&mut world.vm, &alice, &other_mint, &alice.pubkey());
    for to in [world.loot, another, of_other_mint, world.us.vault, world.safe_tokens()] {
        let claim = world.claims_held(7, to, false);
        world.vm.send(&[claim], &[&attacker]).fails_with(WrongPayee);
    }
    // even the owner names none that is not his own: what he signed may have been made up by somebody else
    for to in [world.loot, of_other_mint] {
        let claim = world.claims_held(7, to, true);
        world.vm.send(&[claim], &[&alice]).fails_with(WrongPayee);
    }
    // an owner who is not the one it names
    let mut of_attacker = world.claims_held(7, world.loot, true);
    (of_attacker.accounts[5].pubkey, of_attacker.accounts[4].pubkey) =
        (attacker.pubkey(), world.held_key(&alice.pubkey(), 7));
    world.vm.send(&[of_attacker], &[&attacker]).fails_with(WrongPayee);
    let claim = world.claims_held(7, another, true);
    world.vm.send(&[claim], &[&alice]).succeeds();
    assert_eq!(token::balance(&world.vm, &another), GROSS);
}

/// Head-of-line trouble: an account that takes nothing any more holds up its own, and nobody else's.
#[test]
fn a_closed_frozen_or_sold_account_holds_up_nobody_else() {
    let mut world = World::holding(1, |_| {});
    let (alice, attacker) = (world.alice.insecure_clone(), world.attacker.insecure_clone());
    let key = alice.pubkey();
    let [closed, frozen, sold] =
        [(); 3].map(|()| token::account(&mut world.vm, &alice, &world.us.mint, &key));
    for (nonce, to) in [(1, closed), (2, frozen), (3, sold), (4, world.purse)] {
        let withdraw = world.withdraws(&Withdrawing { to, ..world.withdrawing(GROSS, nonce) });
        assert_eq!(world.send(&[withdraw]).succeeds().returned(), [Verdict::Hold as u8]);
    }
    let sale = token::set_authority(&sold, &attacker.pubkey(), AuthorityType::AccountOwner, &key);
    world.vm.send(&[token::close(&closed, &key, &key), sale], &[&alice]).succeeds();
    world.vm.edit(&frozen, |account| account.data[108] = 2);
    world.vm.advance(HOLD_DEFAULT.into());

    let claim = |world: &World, nonce, to| world.claims_held(nonce, to, false);
    let claims = [(1, closed), (2, frozen), (3, sold)].map(|(nonce, to)| claim(&world, nonce, to));
    let [of_closed, of_frozen, of_sold] = claims;
    world.vm.send(&[of_closed], &[&attacker]).fails_with(WrongPayee);
    // the token program's own: the account is frozen
    world.vm.send(&[of_frozen], &[&attacker]).fails_as(&InstructionError::Custom(17));
    world.vm.send(&[of_sold], &[&attacker]).fails_with(WrongPayee);
    world.claim_held(4).succeeds();

    // anybody makes the owner's associated account, and has it paid there
    let associated = world.associated();
    for nonce in [1, 2] {
        let claim = world.claims_held(nonce, associated, false);
        world.vm.send(&[claim], &[&attacker]).succeeds();
    }
    let claim = world.claims_held(3, world.purse, true);
    world.vm.send(&[claim], &[&alice]).succeeds();
    assert_eq!(token::balance(&world.vm, &associated), 2 * GROSS);
    assert_eq!(world.alice(), FUNDS + 2 * GROSS);
    assert!(world.safe().is_empty(world.now()));
    // one that was sold is not paid either, where it is the associated one
    world.withdraw_or_wait(GROSS, 5).succeeds();
    world.vm.advance(HOLD_DEFAULT.into());
    let sale = token::set_authority(&associated, &attacker.pubkey(), AuthorityType::AccountOwner, &key);
    world.vm.send(&[sale], &[&alice]).succeeds();
    let claim = world.claims_held(5, associated, false);
    world.vm.send(&[claim], &[&attacker]).fails_with(WrongPayee);
}

/// Paid once: not twice in one transaction, nor by an account that is brought back to life in it.
#[test]
fn it_is_claimed_once() {
    let mut world = due();
    // there is more in the safe, owed to somebody else
    world.withdraw_or_wait(GROSS, 8).succeeds();
    let (attacker, held) = (world.attacker.insecure_clone(), world.held_key(&world.alice.pubkey(), 7));
    let claim = world.claims_held(7, world.purse, false);
    let rent = world.vm.account(&held).expect("it is held").lamports;
    world.vm.send(&[claim.clone(), claim.clone()], &[&attacker]).fails_as(&NOT_OURS);
    let revive = system::transfer(&attacker.pubkey(), &held, rent);
    world.vm.send(&[claim.clone(), revive.clone(), claim.clone()], &[&attacker]).fails_as(&NOT_OURS);
    world.vm.send(&[claim.clone(), revive], &[&attacker]).succeeds();
    let left = world.vm.account(&held).expect("lamports keep it alive");
    assert_eq!((left.owner, left.data.len()), (Pubkey::default(), 0));
    world.vm.send(&[claim], &[&attacker]).fails_as(&NOT_OURS);
    assert_eq!((world.in_safe(), world.safe().owed), (GROSS, GROSS));

    // its number in the safe is never used again, that of the user may be: what was said of the one says nothing of the other
    let in_use = world.withdraws(&world.withdrawing(GROSS, 8));
    world.send(&[in_use]).fails_as(&InstructionError::Custom(0));
    world.withdraw_or_wait(GROSS, 7).succeeds();
    assert_eq!((world.held(7).number, world.held(7).held_at), (2, world.now()));
    world.claim_held(7).fails_with(HeldNotDue);
}

#[test]
pub(crate) fn guardians_flag_and_decide() {
    let mut world = World::holding(1, |_| {});
    for nonce in 0..5 {
        world.withdraw_or_wait(GROSS, nonce).succeeds();
    }
    world.flag_held((1, 3), &[0]).fails_with(NotApproved);
    world.flag_held((1, 5), &[0, 1]).fails_with(WrongHeldRange);
    world.flag_held((3, 1), &[0, 1]).fails_with(WrongHeldRange);
    world.flag_held((1, 3), &[0, 1]).succeeds();
    let told = *world.told().last().expect("told");
    assert_eq!(
        (told.act, told.subject, told.value, told.threshold),
        (Act::HeldFlagged, world.safe_key(), 1, 3)
    );

    world.vm.advance(HOLD_DEFAULT.into());
    for nonce in [0, 4] {
        world.claim_held(nonce).succeeds();
    }
    for nonce in 1..4 {
        world.claim_held(nonce).fails_with(HeldFlagged);
    }
    world.decide_held((0, 1), true, &[0, 1]).fails_with(WrongHeldRange);
    world.decide_held((1, 2), false, &[2]).fails_with(NotApproved);
    world.decide_held((1, 2), false, &[0, 2]).succeeds();
    assert_eq!(world.told().last().map(|told| told.act), Some(Act::HeldToBeRefused));
    world.decide_held((2, 3), true, &[0, 1]).fails_with(AlreadyDecided);
    world.decide_held((3, 3), true, &[1, 2]).succeeds();
    assert_eq!(world.told().last().map(|told| told.act), Some(Act::HeldToBePaid));

    let alice = world.alice();
    world.claim_held(3).succeeds();
    assert_eq!(world.alice(), alice + GROSS);
    // refused: it stays in the safe, and its rent goes back; whatever account is shown with it
    let attacker = world.attacker.insecure_clone();
    for (nonce, to) in [(1, world.purse), (2, world.loot)] {
        let put_away = world.claims_held(nonce, to, false);
        world.vm.send(&[put_away], &[&attacker]).succeeds();
        let told = *world.told().last().expect("told");
        assert_eq!((told.act, told.value, told.threshold), (Act::HeldRefused, GROSS, nonce));
    }
    assert_eq!((world.alice(), world.loot()), (alice + GROSS, 0));
    let safe = world.safe();
    assert_eq!((safe.owed, safe.open, safe.kept, world.in_safe()), (0, 0, 2 * GROSS, 2 * GROSS));
    world.verify_journal(&world.told()).expect("sound");
}

/// Guardians who flag everything, again and again, and decide nothing.
#[test]
fn guardians_who_flag_everything_hold_it_up_for_seven_days() {
    let mut world = waiting();
    let held = world.held(7);
    world.flag_held((0, 0), &[0, 1]).succeeds();
    while !held.due_at().reached(world.now()) {
        world.vm.advance(12 * 3_600);
        world.flag_held((0, 0), &[0, 1]).succeeds();
        if held.matures_at.reached(world.now()) && !held.due_at().reached(world.now()) {
            world.claim_held(7).fails_with(HeldFlagged);
        }
    }
    // too late to refuse: its owner only had not fetched it yet
    world.decide_held((0, 0), false, &[0, 1]).succeeds();
    world.claim_held(7).succeeds();
    assert_eq!(world.alice(), FUNDS + GROSS);
}

#[test]
pub(crate) fn sixteen_flags_apart_are_all_there_are() {
    let mut world = World::holding(1, |_| {});
    world.withdraw_or_wait(FUNDS / 100 * 4, 0).succeeds();
    for nonce in 0..34 {
        world.withdraw_or_wait(FUNDS / 100 * 2, nonce).succeeds();
    }
    assert_eq!(world.safe().helds, 34);
    for place in 0..16 {
        world.flag_held((2 * place, 2 * place), &[0, 1]).succeeds();
    }
    world.flag_held((32, 32), &[0, 1]).fails_with(FlagsFull);
    // what touches shares a place
    world.flag_held((0, 33), &[0, 1]).succeeds();
    world.vm.advance(HOLD_DEFAULT.into());
    world.claim_held(33).fails_with(HeldFlagged);
}

#[test]
fn a_decision_is_made_here_and_now() {
    let mut world = waiting();
    world.flag_held((0, 0), &[0, 1]).succeeds();
    let (good, keys) = (world.deciding_held((0, 0), false, &[0, 1]), world.guardian_keys(&[0, 1]));
    let signers = [&keys[0], &keys[1]];
    // no program decides for them
    let inner = world.us.program.calls(good.clone());
    world.vm.send(&[inner], &signers).fails_with(NotTopLevel);
    // a stamp of an hour ago, or none
    world.vm.advance(3_600);
    world.vm.remember_slots();
    world.vm.send(&[good], &signers).fails_with(StaleStamp);
    let behind = [keys[0].pubkey(), keys[1].pubkey()];
    let (scope, segment) = ((world.us.protocol, world.us.market), world.us.segment(&world.vm));
    let range = world.range(0, 0);
    let unstamped = instruction::decide_held(Behind::signers(&behind), scope, (&range, false, None), segment);
    world.vm.send(&[unstamped], &signers).fails_with(StaleStamp);

    // one signature a transaction, and anybody sends it
    let act = GuardianAct::DecideHeld { range, pay: false };
    let (proposal, proposed) = world.guardian_proposes(0, Some(world.us.market), 1, &act);
    proposed.succeeds();
    world.vm.advance_slots(2);
    world.approve(proposal, &[1]).succeeds();
    let behind = Behind { proposal: Some(proposal), signers: &[] };
    let of_pay = instruction::decide_held(behind, scope, (&range, true, None), segment);
    world.send(&[of_pay]).fails_with(WrongProposal);
    let decide = instruction::decide_held(behind, scope, (&range, false, None), segment);
    world.send(&[decide]).succeeds();
    world.claim_held(7).succeeds();
    assert_eq!((world.alice(), world.safe().kept), (FUNDS, GROSS));
}

/// Each withdrawal is of one safe, that of one market, and that of one protocol: none stands for another's.
#[test]
fn nothing_of_anothers_stands_for_ours() {
    let mut world = World::holding(1, |setup| setup.armed = false);
    let authority = world.us.authority.insecure_clone();
    let mint = token::mint(&mut world.vm, &authority, 6);
    let (key, of) = (authority.pubkey(), (world.us.protocol, world.us.market));
    let segment = world.us.segment(&world.vm);
    let register = instruction::register_safe(key, key, of, (mint, token::PROGRAM), segment);
    let calm = world.us.create_market(&world.vm, 1, &Setup::default().market);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[register, calm, arm], &[&authority]).succeeds();
    let (calm, other_safe) = (world.us.program.addresses.market(1), pda::safe(&world.us.market, &mint).0);
    assert_eq!(world.withdraw_or_wait(GROSS, 7).succeeds().returned(), [Verdict::Hold as u8]);
    let theirs = world.neighbour();
    let attacker = world.attacker.insecure_clone();
    let good = world.claims_held(7, world.purse, false);
    let refuse = |world: &mut World, place: usize, key: Pubkey, error| {
        let mut bad = good.clone();
        bad.accounts[place].pubkey = key;
        world.vm.send(&[bad], &[&attacker]).fails_with(error);
    };
    // a market in which nothing is wrong, of a protocol of his own and of ours
    refuse(&mut world, 0, theirs.protocol, WrongProtocol);
    refuse(&mut world, 1, theirs.market, WrongProtocol);
    refuse(&mut world, 1, calm, WrongMarket);
    let loot = world.loot;
    refuse(&mut world, 3, loot, WrongSafe);
    refuse(&mut world, 7, theirs.mint, WrongMint);
    let journal = theirs.program.addresses.journal;
    world.vm.advance(HOLD_DEFAULT.into());
    refuse(&mut world, 9, journal, WrongJournal);
    let wrong_program = firebreak_interface::state::TOKEN_2022;
    refuse(&mut world, 8, wrong_program, WrongTokenProgram);

    // the same market's safe of another mint owes nothing of it
    let mut of_other = world.claims_held(7, world.purse, false);
    (of_other.accounts[2].pubkey, of_other.accounts[3].pubkey) =
        (other_safe, pda::safe_tokens(&other_safe).0);
    of_other.accounts[7].pubkey = mint;
    world.vm.send(&[of_other], &[&attacker]).fails_with(WrongSafe);
    // nor is there one of the attacker's by the same number
    let to = Payout {
        market: world.us.market,
        mint: world.us.mint,
        token_program: token::PROGRAM,
        owner: attacker.pubkey(),
        owner_signs: true,
        to: world.loot,
    };
    let none = instruction::claim_held(world.us.protocol, &to, 7, world.us.segment(&world.vm));
    world.vm.send(&[none], &[&attacker]).fails_as(&NOT_OURS);

    // guardians of another protocol flag nothing here
    let range = world.range(0, 0);
    let safe = world.safe_key();
    let their_keys: Vec<_> = theirs.guardians.iter().map(Signer::pubkey).collect();
    let segment = theirs.segment(&world.vm);
    let scope = (theirs.protocol, theirs.market);
    let mut flag = instruction::flag_held(Behind::signers(&their_keys[..2]), scope, &range, segment);
    flag.accounts[3].pubkey = safe;
    let signers = [&theirs.guardians[0], &theirs.guardians[1]];
    world.vm.send(&[flag.clone()], &signers).fails_with(WrongMarket);
    flag.accounts[2].pubkey = world.us.market;
    world.vm.send(&[flag], &signers).fails_with(WrongProtocol);
    // nor does a range of another mint speak of this safe
    let keys = world.guardian_keys(&[0, 1]);
    let range = firebreak_interface::state::HeldRange { mint, ..range };
    let (behind, segment) = ([keys[0].pubkey(), keys[1].pubkey()], world.us.segment(&world.vm));
    let mut flag = instruction::flag_held(Behind::signers(&behind), of, &range, segment);
    flag.accounts[3].pubkey = safe;
    world.vm.send(&[flag], &[&keys[0], &keys[1]]).fails_with(WrongSafe);
    world.claim_held(7).succeeds();
}

/// A vault that the breaker owns: nothing leaves it but by an answer.
#[test]
pub(crate) fn in_custody_what_is_allowed_is_paid_and_nothing_else_leaves() {
    let mut world = World::holding(1, |setup| setup.custody = true);
    assert_eq!(world.withdraw_or_wait(FUNDS / 100, 1).succeeds().returned(), [Verdict::Allow as u8]);
    assert_eq!((world.vault(), world.alice()), (FUNDS / 100 * 99, FUNDS / 100 * 101));
    assert_eq!(world.withdraw_or_wait(GROSS, 1).succeeds().returned(), [Verdict::Hold as u8]);
    assert_eq!((world.in_safe(), world.safe().owed), (GROSS, GROSS));
    // evidence survives: the answer is Deny, nothing is paid, and what it latched stands
    assert_eq!(world.withdraw_or_wait(HARD, 2).succeeds().returned(), [Verdict::Deny as u8]);
    assert_eq!(world.limiter().severity(world.now()), Severity::Major);
    assert_eq!(world.vault(), FUNDS / 100 * 99 - GROSS);
    assert_eq!(world.limiter().undeclared, 0);

    let pay = instruction::Pay {
        from: world.way(),
        to: world.loot,
        or_hold: false,
        operation: Operation::WITHDRAW,
        amount: 1,
    };
    let (us, recorder, protocol) = (world.us.program, world.us.program.recorder, world.us.protocol);
    let attacker = world.attacker.insecure_clone();
    let exit = us.calls(instruction::pay(
        recorder,
        protocol,
        &instruction::Pay { operation: Operation::REPAY, ..pay },
    ));
    world.send(&[exit]).fails_with(ExitPaysOut);
    // a stranger who does not speak for the protocol is paid nothing
    let theirs = world.neighbour();
    let mut by_his = instruction::pay(theirs.program.recorder, protocol, &pay);
    let call = theirs.program.calls(by_his.clone());
    world.vm.send(&[call], &[&attacker]).fails_with(NotTheRecorder);
    by_his.accounts[1].pubkey = theirs.protocol;
    let call = theirs.program.calls(by_his);
    world.vm.send(&[call], &[&attacker]).fails_with(WrongProtocol);
    // nor does the route's signature reach another vault
    let route = world.route_key();
    let other = token::account(&mut world.vm, &attacker, &world.us.mint, &route);
    let mut elsewhere = instruction::pay(recorder, protocol, &pay);
    elsewhere.accounts[4].pubkey = other;
    let call = us.calls(elsewhere);
    world.send(&[call]).fails_with(WrongVault);
    // what holds ends, and it is paid again; in escort there is nothing to pay from here
    world.vm.advance(3 * DAY);
    let paid = us.calls(instruction::pay(recorder, protocol, &pay));
    assert_eq!(world.send(&[paid]).succeeds().verdict(), Verdict::Allow);
    assert_eq!(world.loot(), 1);
    world.claim_held(1).succeeds();

    let mut escort = World::holding(1, |_| {});
    let pay = instruction::Pay { from: escort.way(), to: escort.loot, ..pay };
    let call = us.calls(instruction::pay(recorder, protocol, &pay));
    escort.send(&[call]).fails_with(OwnerMustSign);
}

/// A look-alike that says Allow is not called at all.
#[test]
fn a_look_alike_is_not_asked() {
    for custody in [false, true] {
        let mut world = World::holding(1, |setup| setup.custody = custody);
        let mut withdraw = world.withdraws(&world.withdrawing(1, 1));
        withdraw.accounts[0].pubkey = firebreak_scenarios::world::OTHER_PROGRAM;
        world.send(&[withdraw]).fails_as(&InstructionError::IncorrectProgramId);
    }
}
