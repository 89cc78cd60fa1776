//! Custody: the breaker owns the vaults. Nothing that the venue signs pays out of them, so no bug of its own goes around the
//! limiter.

use firebreak_interface::{instruction::Migrate, state::Source};
use solana_instruction::error::InstructionError;
use spl_token_interface::state::Account;

use super::*;

#[test]
fn the_bug_that_never_asks_takes_nothing_in_custody() {
    for (program, is_paid) in [("venue_drainable", true), (CUSTODY, false)] {
        let mut floor = Floor::new(program);
        let (thief, coin) = (floor.user((0, 0)), floor.coin);
        let outcome = floor.send(&thief, |f, key| f.venue.claim_rebate(key, coin, thief.coin, LIQUIDITY.1));
        if is_paid {
            outcome.succeeds();
        } else {
            // the program's signature is not the owner's
            outcome.fails_as(&InstructionError::PrivilegeEscalation);
        }
        let loot = if is_paid { LIQUIDITY.1 } else { 0 };
        assert_eq!(token::balance(&floor.vm, &thief.coin), loot);
    }
}

#[test]
fn the_bug_that_asks_takes_what_the_limiter_lets_out_in_custody() {
    let mut floor = Floor::new(CUSTODY);
    let (thief, coin) = (floor.user((0, 0)), floor.coin);
    let before = floor.vault(coin);
    let bound = floor.limiter(coin).bound(before).expect("no overflow");
    // in halves, until nothing is paid any more
    let mut part = before;
    while part > 0 {
        let vault = floor.vault(coin);
        let is_open = floor.withdraw_coins(&thief, part.min(vault)).0.is_ok();
        if !is_open || floor.vault(coin) == vault {
            part /= 2;
        }
        floor.vm.advance(1);
    }
    let loot = token::balance(&floor.vm, &thief.coin);
    assert_eq!(before - floor.vault(coin), loot);
    assert!(loot <= bound && bound < before, "{loot} left, {bound} may");

    // patient, he gets what the limit allows
    let mut floor = Floor::new(CUSTODY);
    let (thief, coin) = (floor.user((0, 0)), floor.coin);
    let allowed = before / 100;
    floor.withdraw_coins(&thief, allowed).succeeds();
    assert_eq!(token::balance(&floor.vm, &thief.coin), allowed);
    assert_eq!(floor.limiter(coin).expected, floor.vault(coin), "nothing left that was not asked for");
}

#[test]
fn in_custody_the_vaults_are_the_breakers_and_anyone_moves_them_to_safety() {
    let mut floor = Floor::new(CUSTODY);
    let (thief, usd, coin) = (floor.user((0, 0)), floor.usd, floor.coin);
    for mint in [usd, coin] {
        let vault = floor.vm.account(&venue::vault(&mint)).expect("it is listed");
        let vault = <Account as solana_program_pack::Pack>::unpack(&vault.data).expect("tokens");
        assert_eq!(vault.owner, pda::route(&floor.venue.market, &venue::vault(&mint)).0);
    }
    floor.withdraw_coins(&thief, LIQUIDITY.1).succeeds();
    assert_eq!(floor.severity(), Severity::Major);
    floor.order_migration(Source::Limiter);

    // the venue may call it, and nobody needs the venue for it
    floor.migrate(&thief, usd).succeeds();
    let of = Migrate {
        market: floor.venue.market,
        vault: venue::vault(&coin),
        owner: None,
        mint: coin,
        token_program: token::PROGRAM,
    };
    let migrate = instruction::migrate(floor.venue.protocol, &of, floor.segment());
    floor.vm.send(&[migrate], &[&thief.key]).succeeds();
    assert_eq!((floor.vault(usd), floor.vault(coin)), (0, 0));
    assert_eq!((floor.in_safe(usd), floor.in_safe(coin)), LIQUIDITY);
}

/// The routes are others' addresses until they are registered: no vault of the venue's belongs to whom it does not name.
#[test]
fn a_vault_is_listed_with_its_owner_alone() {
    for program in ["venue", CUSTODY] {
        let mut floor = Floor::connected(program);
        let (key, coin, stranger) = (floor.admin.pubkey(), floor.coin, floor.user((0, 0)).key.pubkey());
        let settings =
            CollateralSettings { collateral_factor_bps: 1, liquidation_factor_bps: 2, max_price_age: 60 };
        let good = floor.venue.list_collateral(key, coin, settings);
        let owner = floor.venue.vault_owner(&coin);
        for other in [stranger, key] {
            let mut list = good.clone();
            let place = list.accounts.iter().position(|account| account.pubkey == owner);
            list.accounts[place.expect("it is there")].pubkey = other;
            floor.as_admin(list).fails_with(error("WrongVaultAuthority"));
        }
        floor.as_admin(good).succeeds();
    }
}
