//! No instruction of the breaker moves a token but to a safe or out of one, or out of a vault in its custody where the
//! protected program asked; and the breaker calls nobody but System, the token programs and itself. The VM checks that in
//! each transaction of each scenario; here is one of every instruction, so that none is left out.

use std::collections::BTreeMap;

use firebreak_client::told::{Call, Confirmed};
use firebreak_interface::{
    Severity, instruction,
    state::{Amendment, ConfirmOrder, CoverageRow, GuardianAct, Source, TOKEN, program_data},
};
use firebreak_scenarios::{Amending, FUNDS, Governed, World, banded::HUNDRED, calls, world::PROGRAM};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Where the builders are, and with them the name of every instruction.
const BUILDERS: &str = include_str!("../../../../interface/src/instruction/mod.rs");

/// Every instruction that there is, by the first eight bytes of its data.
fn instructions() -> BTreeMap<calls::Name, &'static str> {
    let (_, rest) = BUILDERS.split_once("pub mod discriminator {").expect("they are in one module");
    let (module, _) = rest.split_once("\n}").expect("it ends");
    let constants = module.lines().filter_map(|line| line.trim().strip_prefix("pub const "));
    let name = |line: &'static str| {
        let (name, value) = line.split_once(": [u8; 8] = [")?;
        let bytes: Vec<u8> =
            value.trim_end_matches("];").split(", ").map(|byte| byte.parse().expect("a byte")).collect();
        Some((bytes.try_into().expect("eight bytes"), name))
    };
    constants.map(|line| name(line).expect("a name and its bytes")).collect()
}

/// What governance and users call, to the last of them.
fn governance_and_users() {
    let governed = Governed::default();
    let change = governed.ratios([10_100, 9_900, 9_500]);
    let mut world = governed.world;
    world.amend(&change).succeeds();
    world.deposit(FUNDS / 100).succeeds();
    world.withdraw(FUNDS / 100).succeeds();
    let loosening = world.limiter_scaled(8);
    let proposal = world.propose(&loosening);
    world.vm.advance_slots(2);
    world.approve(proposal, &[0]).succeeds();
    world.veto(proposal, &[0, 1]).succeeds();
    let proposal = world.propose(&loosening);
    world.cancel(proposal, true).succeeds();
    world.us.extend_journal(&mut world.vm);
    let migrate = instruction::migrate_protocol(world.us.protocol, world.us.segment(&world.vm));
    world.send(&[migrate]).succeeds();
}

/// What anybody shows: a leak, a price, a ledger that is short, an upgrade.
fn proofs() {
    let mut governed = Governed::default();
    let (band, terms, invariant) = (governed.band, governed.terms.clone(), governed.invariant);
    let mut banded = firebreak_scenarios::Banded::around(core::mem::take(&mut governed.world), band);
    banded.post_both(HUNDRED);
    banded.observe().succeeds();
    banded.post_both(HUNDRED / 2);
    banded.poke().succeeds();
    let mut world = banded.world;
    let data = program_data(&PROGRAM);
    let pin = Amending { rest: vec![data], ..world.amending(world.us.protocol, Amendment::Pin) };
    world.amend(&pin).succeeds();
    world.vm.edit(&data, |account| {
        (account.data[4], account.data[45]) = (account.data[4] ^ 1, account.data[45] ^ 1)
    });
    world.drain(FUNDS / 2).succeeds();
    world.poke().succeeds();
    let (us, segment) = (&world.us, world.us.segment(&world.vm));
    let invariant = instruction::poke_invariant(us.protocol, us.market, invariant, &terms, segment);
    let program = instruction::poke_program(us.protocol, &PROGRAM, segment);
    world.send(&[invariant]).succeeds();
    world.send(&[program]).succeeds();
    world.vm.advance(30 * 86_400);
    world.step_down().succeeds();
}

/// What guardians and keepers call.
fn guardians_and_keepers() {
    let mut world = World::default();
    let (market, protocol) = (world.us.market, world.us.protocol);
    let work = GuardianAct::Maintenance { seconds: 600 };
    let (proposal, proposed) = world.guardian_proposes(0, Some(market), 7, &work);
    proposed.succeeds();
    world.vm.advance_slots(2);
    world.approve(proposal, &[1]).succeeds();
    world.wait();
    let announce =
        instruction::announce_maintenance(proposal, protocol, market, 600, world.us.segment(&world.vm));
    world.send(&[announce]).succeeds();
    world.vm.advance(700);

    let keeper = world.us.keepers[0].insecure_clone();
    let beat = instruction::heartbeat(keeper.pubkey(), &protocol);
    world.vm.send(&[beat], &[&keeper]).succeeds();
    world.raise(0, 600).succeeds();
    let order = world.order(1_800);
    world.pause(0, &order).succeeds();
    let latch = world.latch(Some(market), Source::Guardian, Severity::Major);
    world.confirm(Some(market), &ConfirmOrder { latch, seconds: 7_200 }, &[0, 1]).succeeds();
    let resume = world.resume_order(Some(market), Source::Guardian, Severity::Major);
    world.resume(Some(market), &resume, &[], &[0, 1]).succeeds();
    world.freeze(0, &[0, 1]).succeeds();
}

#[test]
fn no_instruction_of_the_breaker_moves_a_token_elsewhere_or_calls_anybody_else() {
    let mut open = World::with(|setup| setup.armed = false);
    let rows = [CoverageRow { instruction: [1; 8], operations: 1 }];
    let cover = open.us.register_coverage(&open.vm, &rows);
    open.vm.send(&[cover], &[&open.us.authority]).succeeds();
    governance_and_users();
    proofs();
    guardians_and_keepers();
    crate::migration::what_guardians_ordered_goes_to_the_safe_and_late_inflows_follow();
    crate::held::guardians_flag_and_decide();
    crate::held::in_custody_what_is_allowed_is_paid_and_nothing_else_leaves();
    crate::releases::money_goes_back_in_four_steps_a_dwell_apart();
    crate::claims::everybody_is_paid_once_whoever_asks();

    let asked = calls::asked();
    let mut missing = instructions();
    assert!(missing.len() >= 43, "{missing:?}");
    missing.retain(|name, _| !asked.contains(name));
    assert_eq!(missing.len(), 0, "no scene asks for these: {missing:?}");
}

/// A breaker that called a token program would be noticed.
#[test]
fn a_call_of_the_breaker_to_a_token_program_is_noticed() {
    let (breaker, payer) = (firebreak_interface::ID, Pubkey::new_from_array([3; 32]));
    let poke = Instruction { program_id: breaker, accounts: Vec::new(), data: vec![1; 8] };
    let transaction = Transaction::new_with_payer(&[poke], Some(&payer));
    let keys = [transaction.message.account_keys.clone(), vec![TOKEN, Pubkey::default()]].concat();
    let place = |key: &Pubkey| keys.iter().position(|other| other == key).expect("a key") as u8;
    let call = |program: &Pubkey, height| Call {
        program: place(program),
        accounts: Vec::new(),
        data: vec![2; 8],
        height: Some(height),
    };
    let of = |calls: Vec<Call>| {
        let confirmed =
            Confirmed { failed: false, keys: keys.clone(), programs: vec![1], inner: Some(vec![(0, calls)]) };
        calls::of_breaker(&transaction, &confirmed)
    };
    let system = Pubkey::default();
    assert_eq!(of(vec![call(&system, 2), call(&breaker, 2)]), Ok([[1; 8]].into()));
    assert_eq!(of(vec![call(&system, 2), call(&TOKEN, 2)]), Err(TOKEN));
    assert_eq!(of(vec![call(&breaker, 2), call(&TOKEN, 3)]), Err(TOKEN));
}
