//! What is refused: neither a limiter nor a safe nor a route is registered for it.

use super::*;

/// Neither a limiter nor a safe is registered for this mint.
pub(super) fn refused_mint(world: &mut World, vault: &Extended) {
    vault.register(world, &settings()).fails_with(MintNotGuardable);
    vault.take_over(world);
    world.register_safe().fails_with(MintNotGuardable);
}

#[test]
pub(super) fn a_closed_mint_comes_back_as_another() {
    let mut world = open_world();
    let mallory = world.attacker.insecure_clone();
    let (key, authority) = (world.vm.key(), &world.us.authority);
    let closable = [Extension::close_authority(&mallory.pubkey())];
    let mint = token_2022::mint_at(&mut world.vm, authority, &key, 6, &closable);
    assert_eq!(numbers(&world.vm, &mint), [3]);
    let vault = Extended::empty(&mut world, 6, mint);
    refused_mint(&mut world, &vault);
    // harmless as it was, it is closed before anybody holds any, and is there again
    let close = to_2022(token::close(&mint, &mallory.pubkey(), &mallory.pubkey()));
    world.vm.send(&[close], &[&mallory]).succeeds();
    let delegated = [Extension::permanent_delegate(&mallory.pubkey())];
    token_2022::mint_at(&mut world.vm, &mallory, &key, 6, &delegated);
    token_2022::issue(&mut world.vm, &mallory, &mint, &vault.vault, FUNDS);
    let loot = token_2022::account(&mut world.vm, &mallory, &mint, &mallory.pubkey());
    vault.take(&mut world, &mallory, &loot, FUNDS).succeeds();
    assert_eq!(vault.held(&world), 0, "the old vault is under the new delegate");
}

/// The vault's owner has it hold what nobody sees.
fn hide(world: &mut World, vault: &Extended, extensions: &[u16], amount: u64) {
    let (owner, payer) = (world.us.program.owner, world.us.authority.pubkey());
    let proof = token_2022::proof_of_key(&mut world.vm);
    let hiding = [
        token_2022::make_room(&vault.vault, extensions, &owner, &payer),
        token_2022::configure_confidential(&vault.vault, &vault.mint, &proof, &owner),
        token_2022::hide(&vault.vault, &vault.mint, &owner, amount, vault.decimals),
    ];
    calls(world, hiding).succeeds();
}

/// An account like this is refused also where its mint would not be.
fn refused_with_any_mint(world: &mut World, vault: &Extended) {
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(vault.check_vault(world, usage), Err(VaultNotGuardable));
    }
    let plain = Extended::new(world, 6, &[], FUNDS);
    world.vm.edit(&vault.vault, |account| account.data[..32].copy_from_slice(plain.mint.as_ref()));
    let posing = Extended { mint: plain.mint, ..*vault };
    posing.register(world, &settings()).fails_with(VaultNotGuardable);
    // nor does it become the end of a route in the place of one that was guarded
    plain.register(world, &settings()).succeeds();
    plain.take_over(world);
    world.register_safe().succeeds();
    let [good, bad] = [plain.vault, vault.vault].map(|key| world.vm.account(&key).expect("there"));
    world.vm.put(plain.vault, bad);
    world.register_route(&RouteSettings::starting()).fails_with(VaultNotGuardable);
    world.vm.put(plain.vault, good);
    world.register_route(&RouteSettings::starting()).succeeds();
}

#[test]
pub(super) fn what_is_hidden_leaves_the_balance() {
    let (mut world, vault, _) = world_with(|mallory| vec![Extension::confidential(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [4]);
    refused_mint(&mut world, &vault);
    hide(&mut world, &vault, &[later::CONFIDENTIAL], FUNDS / 4);
    assert!(numbers(&world.vm, &vault.vault).contains(&5));
    assert_eq!(vault.held(&world), FUNDS / 4 * 3, "no transfer, and less is to be seen");
    refused_with_any_mint(&mut world, &vault);
}

#[test]
pub(super) fn a_hidden_fee_comes_with_hidden_balances() {
    let extensions = |mallory: &Pubkey| {
        vec![
            Extension::transfer_fee(100),
            Extension::confidential(mallory),
            Extension::confidential_fee(mallory),
        ]
    };
    let (mut world, vault, _) = world_with(extensions);
    assert_eq!(numbers(&world.vm, &vault.mint), [1, 4, 16]);
    refused_mint(&mut world, &vault);
    hide(&mut world, &vault, &[later::CONFIDENTIAL, later::CONFIDENTIAL_FEE], 1);
    assert!(numbers(&world.vm, &vault.vault).contains(&17));
    refused_with_any_mint(&mut world, &vault);
}

#[test]
pub(super) fn a_hidden_supply_is_refused() {
    let mut world = open_world();
    let hidden = [Extension::confidential(&world.attacker.pubkey()), Extension::confidential_mint_burn()];
    let mint = token_2022::mint(&mut world.vm, &world.us.authority, 6, &hidden);
    assert_eq!(numbers(&world.vm, &mint), [4, 24]);
    let vault = Extended::empty(&mut world, 6, mint);
    refused_mint(&mut world, &vault);
    let key = world.us.authority.pubkey();
    let issue = spl::mint_to(&token::PROGRAM, &mint, &vault.vault, &key, &[], 1).expect("its id is right");
    let issue = world.vm.send(&[to_2022(issue)], &[&world.us.authority]);
    issue.fails_as(&custom(ILLEGAL_MINT_BURN));
}

#[test]
pub(super) fn what_never_moves_is_neither_guarded_nor_rescued() {
    let (mut world, vault, _) = world_with(|_| vec![Extension::non_transferable()]);
    assert_eq!(numbers(&world.vm, &vault.mint), [9]);
    assert!(numbers(&world.vm, &vault.vault).contains(&13));
    refused_mint(&mut world, &vault);
    vault.send(&mut world, &vault.purse, 1).fails_as(&custom(NON_TRANSFERABLE));
    refused_with_any_mint(&mut world, &vault);
}

#[test]
pub(crate) fn who_may_move_everything_drains_every_vault() {
    let (mut world, plain, mallory) = world_with(|_| Vec::new());
    let loot = token_2022::account(&mut world.vm, &mallory, &plain.mint, &mallory.pubkey());
    plain.take(&mut world, &mallory, &loot, FUNDS).fails_as(&custom(OWNER_MISMATCH));
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::permanent_delegate(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [12]);
    refused_mint(&mut world, &vault);
    let loot = token_2022::account(&mut world.vm, &mallory, &vault.mint, &mallory.pubkey());
    vault.take(&mut world, &mallory, &loot, FUNDS).succeeds();
    assert_eq!(vault.held(&world), 0);
    // harmless neighbours do not hide it, and it is refused also where nobody holds it today
    let key = mallory.pubkey();
    let behind = [Extension::metadata_pointer(&key), Extension::permanent_delegate(&key)];
    let behind = Extended::new(&mut world, 6, &behind, FUNDS);
    refused_mint(&mut world, &behind);
    const PERMANENT_DELEGATE: u8 = 8;
    let give_up = own(vec![6, PERMANENT_DELEGATE, 0], &[(&behind.mint, true)], &[&key]);
    world.vm.send(&[give_up], &[&mallory]).succeeds();
    refused_mint(&mut world, &behind);
}

#[test]
pub(super) fn a_hook_bars_whom_its_authority_likes() {
    let (mut world, vault, mallory) =
        world_with(|mallory| vec![Extension::hook(mallory, &Pubkey::default())]);
    assert_eq!(numbers(&world.vm, &vault.mint), [14]);
    assert!(numbers(&world.vm, &vault.vault).contains(&15));
    refused_mint(&mut world, &vault);
    vault.send(&mut world, &vault.purse, FUNDS / 2).succeeds();
    let program = Pubkey::new_from_array([66; 32]);
    let hook = own([&[36, 1], program.as_ref()].concat(), &[(&vault.mint, true)], &[&mallory.pubkey()]);
    world.vm.send(&[hook], &[&mallory]).succeeds();
    vault.send(&mut world, &vault.purse, 1).fails_as(&InstructionError::MissingAccount);
    refused_with_any_mint(&mut world, &vault);
}
