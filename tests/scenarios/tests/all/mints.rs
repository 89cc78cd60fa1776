//! Which mints can be guarded, in what units, and what fresh limiters of one mint may have together.

use firebreak_interface::{
    BreakerError::*,
    Direction, Operation, Severity,
    constants::SEASONED_AFTER,
    instruction::{self, NewLimiter},
    state::{LimiterSettings, MintCap},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{
    FUNDS, Flow, MINT_CAP, Setup, World, token,
    token_2022::{self, Extension},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

fn open_world() -> World {
    World::with(|setup| (setup.armed, setup.seasoned) = (false, false))
}

/// A vault of our program for a Token-2022 mint, with what it holds.
struct Vault {
    mint: Pubkey,
    decimals: u8,
    vault: Pubkey,
    purse: Pubkey,
}

impl Vault {
    fn new(world: &mut World, decimals: u8, extensions: &[Extension], has_fee: bool, funds: u64) -> Self {
        let (authority, vm) = (&world.us.authority, &mut world.vm);
        let mint = token_2022::mint(vm, authority, decimals, extensions);
        let vault = token_2022::account(vm, authority, &mint, &world.us.program.owner, has_fee);
        let purse = token_2022::account(vm, authority, &mint, &world.alice.pubkey(), has_fee);
        for account in [&vault, &purse] {
            token_2022::issue(vm, authority, &mint, account, funds);
        }
        Self { mint, decimals, vault, purse }
    }

    fn register(&self, world: &mut World, settings: &LimiterSettings) -> firebreak_scenarios::Outcome {
        let key = world.us.authority.pubkey();
        let new = NewLimiter {
            market: world.us.market,
            vault: self.vault,
            mint: self.mint,
            mint_cap: settings.bootstrap_cap,
            settings,
        };
        let segment = world.us.segment(&world.vm);
        let register = instruction::register_limiter(key, key, world.us.protocol, &new, segment);
        world.vm.send(&[register], &[&world.us.authority])
    }

    fn arm_and_season(&self, world: &mut World) {
        let arm = world.us.arm(&world.vm, self.vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
        world.vm.advance(SEASONED_AFTER);
    }

    /// Asks, and pays if allowed.
    fn withdraw(&self, world: &mut World, amount: u64) -> u64 {
        let before = token_2022::balance(&world.vm, &self.vault);
        let flow = Flow { vault: self.vault, ..world.us.flow(Direction::Out, Operation::WITHDRAW, amount) };
        let asked = world.us.program.flow(&flow);
        let owner = world.us.program.owner;
        let pay = token_2022::transfer(&self.vault, &self.mint, &self.purse, &owner, amount, self.decimals);
        world.perform(&[(Guard::Always, asked), (Guard::IfAllowed, pay)]).succeeds();
        before - token_2022::balance(&world.vm, &self.vault)
    }

    /// Pays in and records `amount`, or what arrived of it.
    fn deposit(&self, world: &mut World, amount: u64, recorded: u64) {
        let flow = Flow { vault: self.vault, ..world.us.flow(Direction::In, Operation::DEPOSIT, recorded) };
        let record = world.us.program.calls(world.us.program.flow(&flow));
        let key = world.alice.pubkey();
        let pay = token_2022::transfer(&self.purse, &self.mint, &self.vault, &key, amount, self.decimals);
        world.send(&[pay, record]).succeeds();
    }
}

/// Case 5: the rules are in token units, whatever a unit is worth.
#[test]
fn mints_of_0_to_18_decimals_are_guarded_in_their_own_units() {
    for (decimals, funds) in [(0, 1_000), (6, FUNDS), (9, 1 << 40), (18, u64::MAX / 16)] {
        let mut world = open_world();
        let vault = Vault::new(&mut world, decimals, &[], false, funds);
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
    let vault = Vault::new(&mut world, 6, &[Extension::transfer_fee(100)], true, FUNDS);
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
pub(crate) fn a_mint_that_others_can_move_hide_or_bar_is_refused() {
    let mut world = open_world();
    let mallory = world.attacker.pubkey();
    let settings = LimiterSettings::starting(FUNDS, 1);
    for extension in [
        Extension::permanent_delegate(&mallory),
        Extension::close_authority(&mallory),
        Extension::hook(&mallory),
        Extension::confidential(&mallory),
        Extension::non_transferable(),
    ] {
        let (authority, vm) = (&world.us.authority, &mut world.vm);
        let harmless = Extension::metadata_pointer(&mallory);
        let mint = token_2022::mint(vm, authority, 6, &[harmless, extension]);
        // refused for its mint's sake, whatever else is wrong with it
        let plain = token_2022::mint(vm, authority, 6, &[]);
        let vault = token_2022::account(vm, authority, &plain, &world.us.program.owner, false);
        world.vm.edit(&vault, |account| account.data[..32].copy_from_slice(mint.as_ref()));
        let vault = Vault { mint, decimals: 6, vault, purse: vault };
        vault.register(&mut world, &settings).fails_with(MintNotGuardable);
    }
    let pointer = [Extension::metadata_pointer(&mallory)];
    Vault::new(&mut world, 6, &pointer, false, FUNDS).register(&mut world, &settings).succeeds();
}

#[test]
pub(crate) fn another_mint_vouches_for_nothing() {
    let mut world = open_world();
    let good = Vault::new(&mut world, 6, &[], false, FUNDS);
    let other = Vault::new(&mut world, 6, &[], false, FUNDS);
    let mixed = Vault { mint: other.mint, ..good };
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

/// Lamports sent to a vault of wrapped SOL, and synchronised, are a donation like any other.
#[test]
fn donated_lamports_earn_nothing_at_once() {
    let mut world = World::default();
    let capacity = world.limiter().net[0].available;
    let vault = world.us.vault;
    // what `SyncNative` does to the balance of a native account
    world.vm.edit(&vault, |account| {
        account.data[64..72].copy_from_slice(&(100 * FUNDS).to_le_bytes());
    });
    world.record(Direction::In, Operation::DEPOSIT, 1).succeeds();
    assert!(world.limiter().net[0].available <= capacity);
    world.withdraw(capacity + 2).succeeds();
    assert_eq!(world.alice(), FUNDS, "the donation raised no limit");
    assert_eq!(world.limiter().severity(world.now()), Severity::Major);
}
