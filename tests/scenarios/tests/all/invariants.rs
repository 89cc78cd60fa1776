//! The invariant: what accounts hold is compared, and whoever shows that it is false latches it.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    instruction::INSTRUCTIONS,
    state::{Act, Market, Reading, TermSettings},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{
    Balanced, FUNDS,
    balanced::{Books, LEDGER, OWED, OWED_FINELY, WON, once},
    token,
    token_2022::{self, Extension},
    world::PROGRAM,
};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Bytes of a transaction that a node takes.
const PACKET: usize = 1_232;
/// Bytes of a term that reads a field: its account's key and place, and its settings.
const TERM: usize = 32 + 1 + 13;

/// The bytes of a transaction with this one instruction.
fn size(instruction: &Instruction, payer: &Pubkey) -> usize {
    let transaction = Transaction::new_with_payer(std::slice::from_ref(instruction), Some(payer));
    // a byte counts the signatures
    1 + 64 * transaction.signatures.len() + transaction.message_data().len()
}

#[test]
fn a_vault_that_no_longer_covers_what_is_owed_is_latched_by_anyone() {
    let mut balanced = Balanced::default();
    balanced.poke().fails_with(NothingToLatch);
    balanced.world.drain(FUNDS / 10).succeeds();
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major);
    let last = *balanced.world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.threshold), (Act::InvariantBroken, 1_000, 500));
    assert_eq!((last.actor, last.subject), (balanced.invariant, balanced.world.us.market));
    assert_eq!((last.before, last.after), (Severity::Normal, Severity::Major));
    balanced.poke().fails_with(NothingToLatch);
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Critical);
    balanced.poke().fails_with(NothingToLatch);
    assert!(balanced.world.verify_journal(&balanced.world.told()).expect("sound").is_whole());
    balanced.world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
    balanced.world.gate(Operation::REPAY).succeeds();
}

/// A Major that is cheap to bring about does not keep another one's evidence out of the journal.
#[test]
fn what_another_source_holds_hides_no_invariant_from_the_journal() {
    let mut balanced = Balanced::default();
    let order = balanced.world.order(1_800);
    balanced.world.pause(0, &order).succeeds();
    balanced.world.drain(FUNDS / 10).succeeds();
    balanced.poke().succeeds();
    let last = *balanced.world.told().last().expect("an entry");
    assert_eq!((last.act, last.before, last.after), (Act::InvariantBroken, Severity::Major, Severity::Major));
    balanced.poke().fails_with(NothingToLatch);
}

#[test]
fn each_severity_begins_one_unit_below_its_ratio() {
    for (lost, severity) in [
        (1, Severity::Minor),
        (FUNDS / 100, Severity::Minor),
        (FUNDS / 100 + 1, Severity::Major),
        (FUNDS / 20, Severity::Major),
        (FUNDS / 20 + 1, Severity::Critical),
    ] {
        let mut balanced = Balanced::default();
        balanced.world.drain(lost).succeeds();
        balanced.poke().succeeds();
        assert_eq!(balanced.world.severity(), severity.min(Severity::Major), "{lost} lost");
        balanced.world.vm.advance(1);
        if severity == Severity::Critical {
            balanced.poke().succeeds();
        } else {
            balanced.poke().fails_with(NothingToLatch);
        }
        assert_eq!(balanced.world.severity(), severity, "{lost} lost");
    }
}

/// What is owed can be made up as well as what is held can be taken.
#[test]
fn a_debt_from_nowhere_is_latched_too() {
    let mut balanced = Balanced::default();
    balanced.owe(FUNDS + 1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Minor);
    balanced.owe(u64::MAX);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major);
}

#[test]
fn an_invariant_in_shadow_is_told_of_hourly_and_latches_nothing() {
    let mut balanced = Balanced::unregistered().shadow();
    balanced.poke().fails_with(NothingToLatch);
    balanced.world.drain(FUNDS / 2).succeeds();
    balanced.poke().succeeds();
    let last = *balanced.world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.threshold, last.count), (Act::ShadowTrip, 5_000, 500, 1));
    assert_eq!((last.actor, last.subject), (balanced.invariant, balanced.world.us.market));
    assert_eq!((last.before, last.after), (Severity::Normal, Severity::Normal));
    balanced.world.vm.advance(3_599);
    balanced.poke().fails_with(NothingToLatch);
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Normal);
    balanced.world.gate(Operation::WITHDRAW).succeeds();
    balanced.arm().succeeds();
    let last = *balanced.world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.subject), (Act::InvariantArmed, 2, balanced.invariant));
    balanced.arm().fails_with(AlreadyArmed);
    assert!(balanced.world.verify_journal(&balanced.world.told()).expect("sound").is_whole());
}

#[test]
fn an_invariant_armed_less_than_a_loosening_delay_ago_acts_at_most_as_major() {
    let mut balanced = Balanced::unregistered().shadow();
    balanced.arm().succeeds();
    let delay = balanced.world.protocol().loosening_delay;
    balanced.world.vm.advance(u64::from(delay) - 10);
    balanced.world.drain(FUNDS).succeeds();
    balanced.poke().succeeds();
    balanced.world.vm.advance(5);
    balanced.poke().fails_with(NothingToLatch);
    assert_eq!(balanced.world.severity(), Severity::Major);
    // what was seen while it was new is no first look
    balanced.world.vm.advance(10);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major);
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Critical);
}

#[test]
fn the_second_look_is_in_a_later_slot_and_a_second_on() {
    let mut balanced = Balanced::default();
    balanced.world.drain(FUNDS).succeeds();
    balanced.poke().succeeds();
    balanced.world.vm.advance_slots(5);
    balanced.poke().fails_with(NothingToLatch);
    balanced.world.vm.advance_unix(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Critical);
    let mut balanced = Balanced::default();
    balanced.world.drain(FUNDS).succeeds();
    balanced.poke().succeeds();
    balanced.world.vm.advance_unix(10);
    balanced.poke().fails_with(NothingToLatch);
    assert_eq!(balanced.world.severity(), Severity::Major);
}

#[test]
fn a_first_look_counts_where_major_is_latched_already() {
    let mut balanced = Balanced::default();
    balanced.world.drain(FUNDS / 50).succeeds();
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major);
    balanced.world.vm.advance(1);
    balanced.world.drain(FUNDS / 50 * 48).succeeds();
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major);
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Critical);
}

/// Case 16: what is borrowed and repaid in one transaction is shown to nobody.
#[test]
fn a_flash_loan_is_not_shown_to_an_invariant() {
    let mut balanced = Balanced::default();
    let poke = balanced.pokes();
    let world = &mut balanced.world;
    let (vault, loot, attacker) = (world.us.vault, world.loot, world.attacker.insecure_clone());
    let borrow = world.us.program.drains(&vault, &loot, FUNDS);
    let repay = token::transfer(&loot, &vault, &attacker.pubkey(), FUNDS);
    let flash = [borrow.clone(), poke.clone(), repay.clone()];
    world.vm.send(&flash, &[&attacker]).fails_with(WrongCompany);
    world.vm.send(&[borrow, poke.clone()], &[&attacker]).fails_with(WrongCompany);
    world.vm.send(&[poke.clone(), repay.clone()], &[&attacker]).fails_with(WrongCompany);
    let borrow = token::transfer(&vault, &loot, &world.us.program.owner, FUNDS);
    let inside = [borrow, poke.clone(), repay].map(|call| (Guard::Always, call));
    let inside = world.us.program.performs(&inside);
    world.vm.send(&[inside], &[&attacker]).fails_with(NotTopLevel);
    // nor does the price's poster come along, whom a band welcomes
    let post = firebreak_scenarios::Integrator::new(firebreak_interface::oracle::PYTH_PUSH_ORACLE);
    world.send(&[post.performs(&[]), poke.clone()]).fails_with(WrongCompany);
    assert_eq!((world.severity(), world.vault()), (Severity::Normal, FUNDS));
    // a forged list of instructions hides no loan
    let mut forged = poke;
    forged.accounts[3].pubkey = vault;
    world.send(&[forged]).fails_with(WrongCompany);
}

/// Case 16: a dip for one slot is no Critical, and neither are two of them that were seen to be over.
#[test]
fn a_dip_for_one_slot_is_no_critical() {
    let mut balanced = Balanced::default();
    for _ in 0..3 {
        balanced.world.drain(FUNDS).succeeds();
        balanced.poke().succeeds();
        assert_eq!(balanced.world.severity(), Severity::Major);
        balanced.give_back();
        balanced.world.vm.advance(1);
        balanced.poke().succeeds();
        balanced.poke().fails_with(NothingToLatch);
        balanced.world.vm.advance(400);
    }
    assert_eq!(balanced.world.severity(), Severity::Major);
    let rises = balanced.world.told().iter().filter(|entry| entry.act == Act::InvariantBroken).count();
    assert_eq!(rises, 1, "a repeat fills no journal");
}

#[test]
fn two_dips_that_nobody_saw_end_are_two_looks_within_an_hour() {
    for (seconds, severity) in [(3_599, Severity::Critical), (3_600, Severity::Major)] {
        let mut balanced = Balanced::default();
        balanced.world.drain(FUNDS).succeeds();
        balanced.poke().succeeds();
        balanced.give_back();
        balanced.world.vm.advance(seconds);
        balanced.world.drain(FUNDS).succeeds();
        balanced.poke().succeeds();
        assert_eq!(balanced.world.severity(), severity, "after {seconds} s");
    }
}

#[test]
fn what_is_owed_and_cannot_be_read_is_major_and_never_critical() {
    type Change = fn(&mut Account);
    let changes: [Change; 3] = [
        |account| account.data.truncate(15),
        |account| account.owner = Pubkey::new_from_array([9; 32]),
        |account| (account.data, account.owner) = (Vec::new(), Pubkey::default()),
    ];
    for change in changes {
        let mut balanced = Balanced::default();
        // emptied, to boot
        balanced.world.drain(FUNDS).succeeds();
        balanced.world.vm.edit(&LEDGER, change);
        balanced.poke().succeeds();
        let last = *balanced.world.told().last().expect("an entry");
        assert_eq!((last.act, last.value), (Act::InvariantUnreadable, 1), "the second term");
        balanced.world.vm.advance(1);
        balanced.poke().fails_with(NothingToLatch);
        assert_eq!(balanced.world.severity(), Severity::Major);
    }
}

/// A side is as good as its worst term, and only a vault of ours that is gone has an answer: nothing.
#[test]
fn a_debt_in_tokens_and_a_mint_are_not_paid_by_being_gone() {
    let (balance, supply) = (once(Reading::TokenBalance), once(Reading::MintSupply));
    for place in [1, 2] {
        let mut balanced = Balanced::unregistered();
        let (vault, purse, mint) = (balanced.world.us.vault, balanced.world.purse, balanced.world.us.mint);
        balanced.compare(&[(vault, balance), (mint, supply)], &[(purse, balance)]);
        let mut balanced = balanced.seasoned();
        balanced.poke().fails_with(NothingToLatch);
        balanced.world.vm.edit(&[vault, mint, purse][place], |account| {
            (account.data, account.owner) = (Vec::new(), Pubkey::default());
        });
        balanced.poke().succeeds();
        let last = *balanced.world.told().last().expect("an entry");
        assert_eq!((last.act, last.value), (Act::InvariantUnreadable, place as u64));
    }
}

#[test]
fn a_vault_that_is_closed_or_anothers_counts_as_empty() {
    type Change = fn(&mut Account);
    let changes: [Change; 3] = [
        |account| (account.data, account.owner) = (Vec::new(), Pubkey::default()),
        // handed over: bytes 32 to 64 are a token account's owner
        |account| account.data[32..64].fill(9),
        |account| account.owner = Pubkey::new_from_array([9; 32]),
    ];
    for change in changes {
        let mut balanced = Balanced::default();
        balanced.world.vm.edit(&balanced.world.us.vault, change);
        balanced.poke().succeeds();
        let last = *balanced.world.told().last().expect("an entry");
        assert_eq!((last.act, last.value), (Act::InvariantBroken, 10_000));
        balanced.world.vm.advance(1);
        balanced.poke().succeeds();
        assert_eq!(balanced.world.severity(), Severity::Critical);
    }
}

/// A loss that traders owe the protocol covers a debt; one that it owes them adds to it.
#[test]
fn a_signed_field_counts_with_its_sign() {
    let mut balanced = Balanced::unregistered();
    let vault = balanced.world.us.vault;
    balanced.compare(&[(vault, once(Reading::TokenBalance))], &[(LEDGER, once(OWED)), (LEDGER, once(WON))]);
    let mut balanced = balanced.seasoned();
    let mut books = Books { owed: FUNDS + 5, won: -5, owed_finely: 0 };
    balanced.write(&books);
    balanced.poke().fails_with(NothingToLatch);
    books.won = -4;
    balanced.write(&books);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Minor);
    // a claim excuses no hole: below zero, the right side is zero
    books.won = i64::MIN;
    balanced.write(&books);
    balanced.world.drain(FUNDS).succeeds();
    // it holds again, and what was shown before is over
    balanced.poke().succeeds();
    balanced.poke().fails_with(NothingToLatch);
    assert_eq!(balanced.world.severity(), Severity::Minor);
}

#[test]
fn a_field_below_zero_on_the_left_is_covered_by_nothing() {
    let mut balanced = Balanced::unregistered();
    let vault = balanced.world.us.vault;
    balanced.compare(&[(vault, once(Reading::TokenBalance)), (LEDGER, once(WON))], &[(LEDGER, once(OWED))]);
    let mut balanced = balanced.seasoned();
    balanced.write(&Books { owed: 0, won: -FUNDS.cast_signed(), owed_finely: 0 });
    balanced.poke().fails_with(NothingToLatch);
    balanced.write(&Books { owed: 0, won: -FUNDS.cast_signed() - 1, owed_finely: 0 });
    balanced.poke().succeeds();
    assert_eq!(balanced.world.told().last().map(|entry| entry.value), Some(10_000));
}

#[test]
fn a_field_of_128_bits_is_compared_to_the_unit() {
    const UNIT: u64 = u64::MAX;
    let mut balanced = Balanced::unregistered();
    let vault = balanced.world.us.vault;
    let left = TermSettings { reading: Reading::TokenBalance, coefficient: UNIT };
    balanced.compare(&[(vault, left)], &[(LEDGER, once(OWED_FINELY))]);
    let mut balanced = balanced.seasoned();
    let covered = u128::from(FUNDS) * u128::from(UNIT);
    balanced.write(&Books { owed: 0, won: 0, owed_finely: covered });
    balanced.poke().fails_with(NothingToLatch);
    balanced.write(&Books { owed: 0, won: 0, owed_finely: covered + 1 });
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Minor);
    balanced.write(&Books { owed: 0, won: 0, owed_finely: u128::MAX });
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major);
}

/// What was issued is covered by what was paid in: one unit from nowhere trips.
#[test]
fn a_mints_supply_is_compared() {
    let mut balanced = Balanced::unregistered();
    let (vault, purse, mint) = (balanced.world.us.vault, balanced.world.purse, balanced.world.us.mint);
    let balance = once(Reading::TokenBalance);
    balanced.compare(&[(vault, balance), (purse, balance)], &[(mint, once(Reading::MintSupply))]);
    let mut balanced = balanced.seasoned();
    balanced.poke().fails_with(NothingToLatch);
    let world = &mut balanced.world;
    token::issue(&mut world.vm, &world.us.authority, &mint, &world.loot, 1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Minor);
}

#[test]
fn a_token_2022_mints_supply_is_compared_with_and_without_extensions() {
    for extensions in [vec![], vec![Extension::metadata_pointer(&PROGRAM)]] {
        let mut balanced = Balanced::unregistered();
        let world = &mut balanced.world;
        let (authority, vm) = (world.us.authority.insecure_clone(), &mut world.vm);
        let mint = token_2022::mint(vm, &authority, 9, &extensions);
        let vault = token_2022::account(vm, &authority, &mint, &world.us.program.owner);
        let loot = token_2022::account(vm, &authority, &mint, &world.attacker.pubkey());
        token_2022::issue(vm, &authority, &mint, &vault, 10_000);
        let balance = once(Reading::TokenBalance);
        balanced.compare(&[(vault, balance)], &[(mint, once(Reading::MintSupply))]);
        let mut balanced = balanced.seasoned();
        balanced.poke().fails_with(NothingToLatch);
        token_2022::issue(&mut balanced.world.vm, &authority, &mint, &loot, 1);
        balanced.poke().succeeds();
        assert_eq!(balanced.world.severity(), Severity::Minor);
    }
}

/// Eight accounts a side, none of them alike, are registered and shown in legacy transactions.
#[test]
fn eight_terms_a_side_fit_a_transaction() {
    let balanced = Balanced::wide();
    let (authority, anyone) = (balanced.world.us.authority.pubkey(), balanced.world.alice.pubkey());
    let (register, poke) = (balanced.registers(), balanced.pokes());
    assert!(size(&register, &authority) <= PACKET, "{} bytes", size(&register, &authority));
    assert!(size(&poke, &anyone) <= PACKET, "{} bytes", size(&poke, &anyone));
    // another payer signs too, and is one more key: then it is one term less
    let mut paid = register;
    paid.accounts[0].pubkey = anyone;
    assert_eq!(size(&paid, &anyone).saturating_sub(PACKET).div_ceil(TERM), 1);

    let mut balanced = balanced.seasoned();
    balanced.poke().fails_with(NothingToLatch);
    balanced.put_wide(15, u128::MAX);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Minor);
}

#[test]
fn an_invariant_is_registered_by_the_authority_before_the_first_limiter_is_armed() {
    let mut balanced = Balanced::unregistered();
    let alice = balanced.world.alice.pubkey();
    let mut register = balanced.registers();
    (register.accounts[0].pubkey, register.accounts[1].pubkey) = (alice, alice);
    balanced.world.send(&[register]).fails_with(NotTheAuthority);
    let arm = balanced.world.us.arm(&balanced.world.vm, balanced.world.us.vault);
    balanced.world.vm.send(&[arm], &[&balanced.world.us.authority]).succeeds();
    balanced.register().fails_with(RegistrationClosed);
}

#[test]
fn what_is_compared_is_written_down() {
    let mut balanced = Balanced::unregistered();
    // one that is false already says so in shadow
    balanced.owe(FUNDS * 2);
    balanced.register().succeeds();
    let last = *balanced.world.told().last().expect("an entry");
    assert_eq!((last.act, last.subject), (Act::InvariantRegistered, balanced.invariant));
    assert_eq!((last.value, last.threshold), (10_000, 9_500));
    let state = balanced.state();
    let ours: Vec<_> = state.terms().iter().map(|term| (term.account, term.program)).collect();
    assert_eq!(ours, [(balanced.world.us.vault, token::PROGRAM), (LEDGER, PROGRAM)]);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.told().last().map(|entry| entry.act), Some(Act::ShadowTrip));
}

#[test]
pub(crate) fn an_invariants_settings_have_bounds() {
    for (left, right) in [(0, 1), (1, 0), (9, 1), (1, 9)] {
        let mut balanced = Balanced::unregistered();
        balanced.settings.left = vec![once(OWED); left];
        balanced.settings.right = vec![once(OWED); right];
        balanced.terms = vec![LEDGER; left + right];
        balanced.register().fails_with(TermCount);
    }
    for ratio_bps in [[9_900, 10_000, 9_500], [10_000, 9_500, 9_900], [10_000, 9_900, 0], [100_001, 1, 1]] {
        let mut balanced = Balanced::unregistered();
        balanced.settings.ratio_bps = ratio_bps;
        balanced.register().fails_with(RatioOutOfBounds);
    }
    let mut balanced = Balanced::unregistered();
    balanced.settings.right[0].coefficient = 0;
    balanced.register().fails_with(ZeroCoefficient);
}

#[test]
pub(crate) fn an_integer_is_a_term_once() {
    let mut balanced = Balanced::unregistered();
    let (vault, balance) = (balanced.world.us.vault, once(Reading::TokenBalance));
    let twice = TermSettings { coefficient: 2, ..balance };
    // neither twice on a side, nor on both, where it would always cover itself
    balanced.compare(&[(vault, balance), (vault, twice)], &[(LEDGER, once(OWED))]);
    balanced.register().fails_with(SameTermTwice);
    balanced.compare(&[(vault, balance), (LEDGER, once(OWED))], &[(LEDGER, once(OWED))]);
    balanced.register().fails_with(SameTermTwice);
    balanced.compare(&[(vault, balance), (LEDGER, once(WON))], &[(LEDGER, once(OWED))]);
    balanced.register().succeeds();
}

#[test]
pub(crate) fn what_holds_no_such_integer_is_no_term() {
    let mut balanced = Balanced::unregistered();
    let us = &balanced.world.us;
    let (vault, mint, protocol) = (us.vault, us.mint, us.protocol);
    let nothing = balanced.world.vm.key().pubkey();
    let look_alike = balanced.world.vm.key().pubkey();
    let real = balanced.world.vm.account(&vault).expect("a vault");
    balanced.world.vm.put(look_alike, Account { owner: PROGRAM, ..real });
    let balance = Reading::TokenBalance;
    for (account, reading) in [
        (LEDGER, balance),
        (mint, balance),
        (look_alike, balance),
        (nothing, balance),
        (vault, Reading::MintSupply),
        (LEDGER, Reading::MintSupply),
        // the amount of a token account as a field would count on under another owner
        (vault, Reading::U64(64)),
        (mint, Reading::U64(36)),
        // the breaker's own accounts are written by the proof
        (protocol, Reading::U64(8)),
        // whoever pokes writes the list of the transaction's instructions
        (INSTRUCTIONS, Reading::U64(8)),
        (nothing, Reading::U64(0)),
        (LEDGER, Reading::U64(33)),
        (LEDGER, Reading::I64(u32::MAX)),
        (LEDGER, Reading::U128(25)),
    ] {
        balanced.compare(&[(account, once(reading))], &[(LEDGER, once(OWED))]);
        balanced.register().fails_with(TermUnreadable);
    }
}

#[test]
pub(crate) fn no_other_account_stands_for_a_term() {
    let mut balanced = Balanced::default();
    balanced.world.drain(FUNDS / 2).succeeds();
    let copy = balanced.world.vm.key().pubkey();
    let real = balanced.world.vm.account(&LEDGER).expect("books");
    balanced.world.vm.put(copy, real);
    let (vault, purse) = (balanced.world.us.vault, balanced.world.purse);
    let shown: [&[Pubkey]; 7] = [
        &[],
        &[vault],
        &[LEDGER],
        &[LEDGER, vault],
        &[vault, copy],
        &[purse, LEDGER],
        &[vault, LEDGER, LEDGER],
    ];
    let terms = std::mem::take(&mut balanced.terms);
    for shown in shown {
        balanced.terms = shown.to_vec();
        balanced.poke().fails_with(WrongTermAccount);
    }
    balanced.terms = terms;
    balanced.poke().succeeds();

    let mut balanced = Balanced::unregistered();
    let vault = balanced.world.us.vault;
    for shown in [&[vault][..], &[vault, LEDGER, LEDGER]] {
        balanced.terms = shown.to_vec();
        balanced.register().fails_with(WrongTermAccount);
    }
}

/// One of another market of ours proves something about that market.
#[test]
fn an_invariant_raises_its_own_market_only() {
    let mut balanced = Balanced::unregistered();
    let settings = firebreak_scenarios::Setup::default().market;
    let second = balanced.world.us.register_market(&mut balanced.world.vm, 1, &settings);
    let mut balanced = balanced.seasoned();
    balanced.world.drain(FUNDS).succeeds();
    let mut poke = balanced.pokes();
    poke.accounts[1].pubkey = second;
    balanced.world.send(&[poke]).fails_with(WrongMarket);
    balanced.poke().succeeds();
    assert_eq!(
        balanced.world.vm.read::<Market>(&second).board.severity(balanced.world.now()),
        Severity::Normal
    );
}
