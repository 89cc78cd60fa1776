//! Wrapped SOL of either token program on its way to safety and back: lamports that nobody took notice of are in nobody's way.

use firebreak_interface::{
    BreakerError::*,
    Verdict,
    constants::{HOLD_DEFAULT, RELEASE_STEPS},
    state::RouteSettings,
};
use firebreak_scenarios::{
    Extended, FUNDS, World,
    extended::open_world,
    holding::{GROSS, limits},
    token, token_2022,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;

use crate::releases::{ALL, back, begun, dwell, step_back, walk_back};

/// Somebody gives lamports to an account.
fn give(world: &mut World, to: &Pubkey, lamports: u64) {
    let gift = system::transfer(&world.us.authority.pubkey(), to, lamports);
    world.vm.send(&[gift], &[&world.us.authority]).succeeds();
}

/// Anyone has the token program take notice of lamports that an account has.
fn sync(world: &mut World, account: &Pubkey) {
    let sync = token::sync_native(account);
    let program_id = token::program_of(&world.vm, &world.us.mint);
    world.send(&[Instruction { program_id, ..sync }]).succeeds();
}

/// Worlds that guard a vault of wrapped SOL in escort, of SPL Token and of Token-2022, with a way to safety.
fn wrapped() -> [World; 2] {
    [token::PROGRAM, token_2022::PROGRAM].map(|program| {
        let mut world = open_world();
        let authority = world.us.authority.insecure_clone();
        let is_spl = program == token::PROGRAM;
        let make = if is_spl { token::native_mint } else { token_2022::native_mint };
        let account = if is_spl { token::account } else { token_2022::account };
        let mint = make(&mut world.vm);
        let [vault, purse] = [world.us.program.owner, world.alice.pubkey()]
            .map(|owner| account(&mut world.vm, &authority, &mint, &owner));
        let vault = Extended { mint, decimals: 9, vault, purse };
        vault.take_over(&mut world);
        give(&mut world, &vault.vault, FUNDS);
        sync(&mut world, &vault.vault);
        vault.register(&mut world, &limits()).succeeds();
        vault.guard(&mut world, &RouteSettings { holds: 1, ..RouteSettings::starting() });
        assert_eq!((world.vault(), token::program_of(&world.vm, &world.us.mint)), (FUNDS, program));
        world
    })
}

#[test]
fn lamports_that_somebody_gave_a_vault_of_wrapped_sol_are_moved_too() {
    for mut world in wrapped() {
        world.order_migration();
        let vault = world.us.vault;
        give(&mut world, &vault, 70_000);
        assert_eq!(world.vault(), FUNDS, "nobody took notice of them yet");
        world.migrate().succeeds();
        let all = FUNDS + 70_000;
        assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (0, all, all));
        assert_eq!((world.route().sent, world.route().received), (all, all));
        world.poke().fails_with(NothingToLatch);
    }
}

#[test]
fn wrapped_sol_comes_back_and_a_gift_of_lamports_is_in_nobodys_way() {
    for mut world in wrapped() {
        world.rescue();
        assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
        let order = back(&world, ALL);
        begun(&mut world, 0, &order);
        // nobody takes notice of them but the step
        let safe = world.safe_tokens();
        give(&mut world, &safe, 1_000);
        step_back(&mut world).succeeds();
        assert_eq!(world.in_safe(), FUNDS - FUNDS / RELEASE_STEPS + 1_000);
        dwell(&mut world);
        for _ in 1..RELEASE_STEPS {
            step_back(&mut world).succeeds();
            dwell(&mut world);
        }
        assert_eq!((world.vault(), world.in_safe()), (FUNDS, 1_000), "what was agreed on, to the lamport");
        assert!(world.safe().is_empty(world.now()));
        step_back(&mut world).fails_with(NothingToRelease);
    }
}

/// Two withdrawals wait in a safe to which somebody gives lamports; each is paid what waited, with and without notice of
/// them.
#[test]
fn wrapped_sol_that_waits_is_paid_to_the_lamport_whatever_the_safe_was_given() {
    for mut world in wrapped() {
        for nonce in [1, 2] {
            assert_eq!(world.withdraw_or_wait(GROSS, nonce).succeeds().returned(), [Verdict::Hold as u8]);
            assert_eq!(world.held(nonce).amount, GROSS);
        }
        let safe = world.safe_tokens();
        give(&mut world, &safe, 1_000);
        assert_eq!((world.in_safe(), world.safe().owed), (2 * GROSS, 2 * GROSS));
        world.vm.advance(HOLD_DEFAULT.into());
        world.claim_held(1).succeeds();
        assert_eq!((world.alice(), world.in_safe(), world.safe().owed), (GROSS, GROSS, GROSS));
        sync(&mut world, &safe);
        assert_eq!(world.in_safe(), GROSS + 1_000);
        world.claim_held(2).succeeds();
        assert_eq!((world.alice(), world.in_safe(), world.safe().owed), (2 * GROSS, 1_000, 0));
        assert!(world.safe().is_empty(world.now()), "what was given keeps nobody from leaving");

        // nor does it come back as if the vault had had it, unless guardians say so
        world.rescue();
        let left = FUNDS - 2 * GROSS;
        assert_eq!((world.safe().kept, world.in_safe()), (left, left + 1_000));
        let order = firebreak_interface::state::ReleaseOrder { amount: left, ..back(&world, ALL) };
        begun(&mut world, 0, &order);
        walk_back(&mut world);
        assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (left, 1_000, 0));
    }
}
