//! In what units mints are guarded, what fresh limiters of one mint may have together, and what is a vault and a payment.

use firebreak_interface::{
    BreakerError::*,
    Severity,
    constants::SEASONED_AFTER,
    instruction::{self, NewLimiter},
    state::{LimiterSettings, MintCap, TOKEN_2022, Use, VaultState},
};
use firebreak_scenarios::{
    Extended, FUNDS, MINT_CAP, Setup, World,
    extended::open_world,
    token,
    token_2022::{self, Extension, later, own},
};
use solana_instruction::{AccountMeta, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;

/// The token program's errors: not the owner, and not of an account of wrapped SOL.
const OWNER_MISMATCH: u32 = 4;
const NATIVE_NOT_SUPPORTED: u32 = 10;
/// Token-2022's: the account wants a memo before what comes in.
const NO_MEMO: u32 = 36;

/// Case 5: the rules are in token units, whatever a unit is worth.
#[test]
fn mints_of_0_to_18_decimals_are_guarded_in_their_own_units() {
    for (decimals, funds) in [(0, 1_000), (6, FUNDS), (9, 1 << 40), (18, u64::MAX / 16)] {
        let mut world = open_world();
        let vault = Extended::new(&mut world, decimals, &[], funds);
        vault.register(&mut world, &LimiterSettings::starting(u64::MAX / 8, 1)).succeeds();
        vault.arm_and_season(&mut world);
        assert_eq!(vault.withdraw(&mut world, funds / 10 + 1), 0, "{decimals} decimals");
        assert_eq!(vault.withdraw(&mut world, 1), 0, "latched");
        world.vm.advance(3 * 86_400);
        assert_eq!(vault.withdraw(&mut world, funds / 10), funds / 10, "{decimals} decimals");
    }
}

#[test]
fn a_fee_on_transfers_is_measured_where_it_is_taken() {
    let mut world = open_world();
    let vault = Extended::new(&mut world, 6, &[Extension::transfer_fee(100)], FUNDS);
    vault.register(&mut world, &LimiterSettings::starting(FUNDS, 1)).succeeds();
    vault.arm_and_season(&mut world);
    let expected = |world: &World| {
        world
            .vm
            .read::<firebreak_interface::state::Limiter>(&world.us.program.addresses.limiter(&vault.vault))
    };
    // what leaves the vault is the whole amount; what comes is less the fee
    assert_eq!(vault.withdraw(&mut world, FUNDS / 100), FUNDS / 100);
    let before = expected(&world).expected;
    let (paid, arrives) = (FUNDS / 10, FUNDS / 10 / 100 * 99);
    vault.deposit(&mut world, paid, arrives);
    assert_eq!(expected(&world).expected, before + arrives);
    assert_eq!(expected(&world).undeclared, 0);
    // who records the fee as having come says that it left: it is seen, not lost
    world.vm.advance(1);
    vault.deposit(&mut world, paid, paid);
    assert_eq!(expected(&world).undeclared, paid - arrives);
}

#[test]
pub(crate) fn another_mint_vouches_for_nothing() {
    let mut world = open_world();
    let good = Extended::new(&mut world, 6, &[], FUNDS);
    let other = Extended::new(&mut world, 6, &[], FUNDS);
    let mixed = Extended { mint: other.mint, ..good };
    mixed.register(&mut world, &LimiterSettings::starting(FUNDS, 1)).fails_with(WrongMint);
}

/// Case 15: an attacker with the authority's key gets one cap of a mint, over however many vaults.
#[test]
pub(crate) fn fresh_limiters_of_a_mint_share_one_cap() {
    let mut world = open_world();
    let (us, settings) = (&world.us, Setup::default().limiter);
    let register = |world: &mut World, cap: u64, share: u64| {
        let us = &world.us;
        let key = us.authority.pubkey();
        let vault = token::account(&mut world.vm, &us.authority, &us.mint, &us.program.owner);
        let settings = LimiterSettings { bootstrap_cap: share, ..settings };
        let (market, mint) = (us.market, us.mint);
        let new = NewLimiter { market, vault, mint, mint_cap: cap, settings: &settings };
        let segment = us.segment(&world.vm);
        let register = instruction::register_limiter(key, key, us.protocol, &new, segment);
        world.vm.send(&[register], &[&us.authority])
    };
    let cap = firebreak_interface::pda::mint_cap(&us.protocol, &us.mint).0;
    register(&mut world, u64::MAX, FUNDS).fails_with(MintCapDiffers);
    let mut registered = 1;
    while world.vm.read::<MintCap>(&cap).taken < MINT_CAP {
        register(&mut world, MINT_CAP, FUNDS).succeeds();
        registered += 1;
    }
    assert_eq!(registered, MINT_CAP / FUNDS);
    register(&mut world, MINT_CAP, 1_000).fails_with(MintCapSpent);
    world.vm.advance(SEASONED_AFTER - 1);
    register(&mut world, MINT_CAP, 1_000).fails_with(MintCapSpent);
    world.vm.advance(1);
    register(&mut world, 2_000, 2_000).succeeds();
    register(&mut world, 2_000, 1_000).fails_with(MintCapSpent);
}

/// A user's account that takes nothing is that user's matter.
#[test]
fn who_cannot_be_paid_stops_nobody_else() {
    let mut world = open_world();
    let vault = Extended::new(&mut world, 6, &[], FUNDS);
    vault.register(&mut world, &LimiterSettings::starting(FUNDS, 1)).succeeds();
    vault.arm_and_season(&mut world);
    let bob = world.vm.person();
    let key = bob.pubkey();
    let account = |world: &mut World| token_2022::account(&mut world.vm, &bob, &vault.mint, &key);
    let (barred, guarded) = (account(&mut world), account(&mut world));
    let wants = [
        token_2022::make_room(&barred, &[later::MEMO], &key, &key),
        token_2022::require_memos(&barred, true, &key),
        token_2022::make_room(&guarded, &[later::CPI_GUARD], &key, &key),
        token_2022::guard_calls(&guarded, true, &key),
    ];
    world.vm.send(&wants, &[&bob]).succeeds();
    let limiter = world.us.program.addresses.limiter(&vault.vault);
    let before = world.vm.account(&limiter);
    vault.pay(&mut world, &barred, 1_000).fails_as(&InstructionError::Custom(NO_MEMO));
    assert_eq!(world.vm.account(&limiter), before, "nothing is counted for what was not paid");
    assert_eq!(vault.withdraw(&mut world, 1_000), 1_000, "Alice is paid");
    vault.pay(&mut world, &guarded, 1_000).succeeds();
    assert_eq!(token_2022::balance(&world.vm, &guarded), 1_000, "he names another account, guarded or not");
}

/// A multisig's signers sign nothing while it is made, so its maker writes a token account's bytes with their keys.
#[test]
fn a_multisig_poses_as_no_vault() {
    const LENGTH: usize = 355;
    let mut world = open_world();
    let genuine = Extended::new(&mut world, 6, &[], FUNDS);
    let mut bytes = world.vm.account(&genuine.vault).expect("the vault").data;
    bytes.resize(3 + 6 * 32, 0);
    let (multisig, authority) = (world.vm.key(), &world.us.authority);
    let mut initialize = own(vec![19, 1], &[(&multisig.pubkey(), true)], &[]);
    let signers = bytes[3..].chunks_exact(32).map(|key| Pubkey::try_from(key).expect("32 bytes"));
    initialize.accounts.extend(signers.map(|key| AccountMeta::new_readonly(key, false)));
    let create = system::create_account(
        &authority.pubkey(),
        &multisig.pubkey(),
        world.vm.rent(LENGTH),
        LENGTH as u64,
        &TOKEN_2022,
    );
    world.vm.send(&[create, initialize], &[authority, &multisig]).succeeds();
    let made = world.vm.account(&multisig.pubkey()).expect("it is there");
    assert_eq!(made.data[3..bytes.len()], bytes[3..], "an owner, an amount, and what kind of account it is");
    assert_eq!(VaultState::read(&made.owner, &made.data), VaultState::default());
    let posing = Extended { vault: multisig.pubkey(), ..genuine };
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(posing.check_vault(&world, usage), Err(VaultNotGuardable));
    }
    posing.register(&mut world, &LimiterSettings::starting(FUNDS, 1)).fails_with(VaultNotGuardable);
}

/// A world whose vault and purses hold wrapped SOL, of the real mint.
fn wrapped() -> World {
    let mut world = open_world();
    let mint = token::native_mint(&mut world.vm);
    let (us, vm) = (&mut world.us, &mut world.vm);
    us.mint = mint;
    us.vault = token::account(vm, &us.authority, &mint, &us.program.owner);
    us.limiter = us.program.addresses.limiter(&us.vault);
    world.purse = token::account(vm, &world.alice, &mint, &world.alice.pubkey());
    world.loot = token::account(vm, &world.attacker, &mint, &world.attacker.pubkey());
    for account in [world.us.vault, world.purse] {
        donate(&mut world, &account, FUNDS);
        world.send(&[token::sync_native(&account)]).succeeds();
    }
    let us = &world.us;
    let register = us.register_limiter(&world.vm, us.market, us.vault, &Setup::default().limiter);
    world.vm.send(&[register], &[&us.authority]).succeeds();
    let arm = us.arm(&world.vm, us.vault);
    world.vm.send(&[arm], &[&us.authority]).succeeds();
    world.vm.advance(SEASONED_AFTER);
    world
}

/// Alice sends lamports.
fn donate(world: &mut World, to: &Pubkey, lamports: u64) {
    let gift = system::transfer(&world.alice.pubkey(), to, lamports);
    world.send(&[gift]).succeeds();
}

fn lamports(world: &World, key: &Pubkey) -> u64 {
    world.vm.account(key).map_or(0, |account| account.lamports)
}

#[test]
fn a_vault_of_wrapped_sol_is_guarded_in_lamports() {
    let mut world = wrapped();
    let (vault, before) = (world.us.vault, lamports(&world, &world.us.vault));
    world.withdraw(FUNDS / 50).succeeds();
    assert_eq!((world.alice(), lamports(&world, &vault)), (FUNDS + FUNDS / 50, before - FUNDS / 50));
    world.deposit(FUNDS / 10).succeeds();
    assert_eq!(lamports(&world, &vault), before - FUNDS / 50 + FUNDS / 10);
    let limiter = world.limiter();
    assert_eq!((limiter.expected, limiter.undeclared), (world.vault(), 0), "every flow was recorded");
    world.vm.advance(3_600);
    let (alice, bound) = (world.alice(), world.limiter().bound(world.vault()).expect("no overflow"));
    for _ in 0..50 {
        world.withdraw(FUNDS / 50).succeeds();
    }
    let left = world.alice() - alice;
    assert!(left <= bound && left > 0, "{left} left, {bound} may");
}

/// Lamports sent to a vault of wrapped SOL are a donation like any other, once they are synchronised, and nothing before.
#[test]
fn donated_lamports_earn_nothing_at_once() {
    let mut world = wrapped();
    let (vault, held, capacity) = (world.us.vault, world.vault(), world.limiter().net[0].available);
    donate(&mut world, &vault, 100 * FUNDS);
    assert_eq!(world.vault(), held, "the token program has not seen them");
    world.poke().fails_with(NothingToLatch);
    world.send(&[token::sync_native(&vault)]).succeeds();
    assert_eq!(world.vault(), held + 100 * FUNDS);
    world.poke().fails_with(NothingToLatch);
    world.withdraw(1).succeeds();
    let limiter = world.limiter();
    assert!(limiter.net[0].available < capacity);
    assert_eq!((limiter.elastic, limiter.expected), (0, world.vault()), "followed, and no credit");
    world.withdraw(capacity).succeeds();
    assert_eq!(world.alice(), FUNDS + 1, "the donation raised no limit");
    assert_eq!(world.limiter().severity(world.now()), Severity::Major);
}

/// A donation between a withdrawal around the breaker and the next touch hides it only as far as it pays for it.
#[test]
fn donated_lamports_cover_a_drain_only_by_paying_for_it() {
    let mut world = wrapped();
    let vault = world.us.vault;
    world.drain(FUNDS / 10).succeeds();
    donate(&mut world, &vault, FUNDS / 10);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major, "lamports that nobody synchronised are none");
    let mut world = wrapped();
    let vault = world.us.vault;
    world.drain(FUNDS / 10).succeeds();
    donate(&mut world, &vault, FUNDS / 10);
    world.send(&[token::sync_native(&vault)]).succeeds();
    world.poke().fails_with(NothingToLatch);
    assert_eq!((world.loot(), world.vault()), (FUNDS / 10, FUNDS));
}

/// Whatever the token program lets the vault's owner do with lamports, the balance falls with them, and a touch sees it.
#[test]
fn no_lamports_leave_a_vault_unseen() {
    let thief = Pubkey::new_from_array([77; 32]);
    type Way = fn(&World, &Pubkey) -> solana_instruction::Instruction;
    let ways: [Way; 2] = [
        |world, to| token::unwrap_lamports(&world.us.vault, to, &world.us.program.owner, FUNDS / 10),
        |world, to| token::close(&world.us.vault, to, &world.us.program.owner),
    ];
    for way in ways {
        let mut world = wrapped();
        let before = lamports(&world, &world.us.vault);
        let taken = way(&world, &thief);
        // nobody but the owner
        let mut stranger = taken.clone();
        stranger.accounts[2].pubkey = world.alice.pubkey();
        world.send(&[stranger]).fails_as(&InstructionError::Custom(OWNER_MISMATCH));
        let taken = world.us.program.calls(taken);
        world.send(&[taken]).succeeds();
        assert!(lamports(&world, &thief) >= FUNDS / 10 && lamports(&world, &world.us.vault) < before);
        world.poke().succeeds();
        assert_eq!(world.severity(), Severity::Major);
    }
    // what nobody synchronised cannot be taken for excess
    let mut world = wrapped();
    let vault = world.us.vault;
    donate(&mut world, &vault, FUNDS);
    let excess = token::withdraw_excess_lamports(&vault, &thief, &world.us.program.owner);
    let excess = world.us.program.calls(excess);
    world.send(&[excess]).fails_as(&InstructionError::Custom(NATIVE_NOT_SUPPORTED));
    // and System moves nothing that nobody signed for
    let mut moved = system::transfer(&vault, &thief, 1);
    moved.accounts[0].is_signer = false;
    world.send(&[moved]).fails_as(&InstructionError::MissingRequiredSignature);
}
