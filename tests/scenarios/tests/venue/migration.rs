//! All the venue's vaults go to their safes: whoever calls, once guardians have ordered it, and nowhere else.

use firebreak_interface::{
    BreakerError,
    instruction::{Behind, INSTRUCTIONS},
    state::{MigrateOrder, Source},
};
use firebreak_scenarios::{Protected, Setup};
use solana_instruction::error::InstructionError;

use super::*;

impl Floor {
    /// Two guardians order that the market's money be moved, because of what holds there.
    pub(super) fn order_migration(&mut self, source: Source) {
        let (scope, keys) = ((self.venue.protocol, self.venue.market), &self.guardians[..2]);
        let order = order_because_of(&self.vm, self.venue.market, source);
        let behind: Vec<_> = keys.iter().map(Signer::pubkey).collect();
        let order = instruction::order_migration(Behind::signers(&behind), scope, &order, self.segment());
        self.vm.send(&[order], &[&keys[0], &keys[1]]).succeeds();
    }

    /// A user has a vault moved.
    pub(super) fn migrate(&mut self, user: &User, mint: Pubkey) -> Outcome {
        let segment = self.segment();
        self.send(user, |f, _| f.venue.migrate_vault(mint, segment))
    }
}

/// An order that names the Major latch of a source.
fn order_because_of(vm: &Vm, market: Pubkey, source: Source) -> MigrateOrder {
    let ((slot, unix), market) = (vm.clock(), vm.read::<Market>(&market));
    let live = market.board.live(source, Severity::Major, Instant::new(slot, unix));
    MigrateOrder { latch: live.expect("it holds").0 }
}

/// A floor that was attacked through both bugs, and stopped; the thief, and what he has.
fn attacked() -> (Floor, User, u64) {
    let mut floor = Floor::new("venue_drainable");
    let thief = floor.user((0, 0));
    floor.withdraw_coins(&thief, 500 * COIN).succeeds();
    floor.send(&thief, |f, key| f.venue.claim_rebate(key, f.coin, thief.coin, 2_000 * COIN)).succeeds();
    // what nobody was asked about is seen at the next touch
    floor.withdraw_coins(&thief, COIN).succeeds();
    assert_eq!(floor.severity(), Severity::Major);
    let loot = token::balance(&floor.vm, &thief.coin);
    (floor, thief, loot)
}

#[test]
fn after_an_attack_every_vault_goes_to_its_safe() {
    let (mut floor, thief, loot) = attacked();
    let (usd, coin) = (floor.usd, floor.coin);
    let rest = [floor.vault(usd), floor.vault(coin)];
    assert_eq!((rest[0], rest[1] + loot), LIQUIDITY);
    for mint in [usd, coin] {
        floor.migrate(&thief, mint).fails_with(BreakerError::NoMigration);
    }
    floor.order_migration(Source::Limiter);

    // anyone moves them, the thief too: there is one place where they go
    let carol = floor.user((0, 0));
    floor.migrate(&carol, usd).succeeds();
    floor.migrate(&thief, coin).succeeds();
    assert_eq!([floor.vault(usd), floor.vault(coin)], [0, 0]);
    assert_eq!([floor.in_safe(usd), floor.in_safe(coin)], rest);
    assert_eq!(token::balance(&floor.vm, &thief.coin), loot);
    // once more is nothing to do
    floor.migrate(&carol, coin).succeeds();
    assert_eq!(floor.in_safe(coin), rest[1]);

    // what moved to safety is no further loss
    floor.vm.advance(60);
    let (protocol, market) = (floor.venue.protocol, floor.venue.market);
    let undeclared = floor.limiter(coin).undeclared;
    for mint in [usd, coin] {
        let poke = instruction::poke(protocol, market, venue::vault(&mint), floor.segment());
        let _ = floor.as_admin(poke);
        assert_eq!(floor.limiter(mint).expected, 0);
    }
    assert!(floor.limiter(coin).undeclared <= undeclared);
    floor
        .send(&thief, |f, key| f.venue.claim_rebate(key, f.coin, thief.coin, COIN))
        .fails_with(GateError::Closed);
}

#[test]
fn what_comes_in_late_by_an_exit_is_swept_again() {
    let mut floor = Floor::new("venue");
    let bob = floor.user((0, 20 * COIN));
    floor.deposit_coins(&bob, 10 * COIN).succeeds();
    floor.borrow_usd(&bob, 100 * USD).succeeds();
    let whale = floor.user((0, 3_000 * COIN));
    floor.deposit_coins(&whale, 3_000 * COIN).succeeds();
    floor.vm.advance(3_600);
    floor.withdraw_coins(&whale, 3_000 * COIN).succeeds();
    floor.order_migration(Source::Limiter);
    let (usd, coin) = (floor.usd, floor.coin);
    for mint in [usd, coin] {
        floor.migrate(&whale, mint).succeeds();
    }
    let before = [floor.in_safe(usd), floor.in_safe(coin)];

    floor.send(&bob, |f, key| f.venue.repay(key, f.usd, bob.usd, 100 * USD)).succeeds();
    assert_eq!([floor.vault(usd), floor.in_safe(usd)], [100 * USD, before[0]]);
    for mint in [usd, coin] {
        floor.migrate(&bob, mint).succeeds();
    }
    assert_eq!([floor.in_safe(usd), floor.in_safe(coin)], [before[0] + 100 * USD, before[1]]);
    assert_eq!(floor.portfolio(&bob).balances[..2], [has(0), has(10 * COIN)]);
}

/// Whoever has a protocol at the breaker has safes, routes to them and guardians of his own. The venue's signature would be
/// all that is missing.
#[test]
fn no_market_but_the_venues_own_gets_its_vaults() {
    let mut floor = Floor::new("venue");
    let (mallory, coin) = (floor.user((0, 0)), floor.coin);
    let mut his = Protected::found(&mut floor.vm, OTHER_PROGRAM, &Setup::default());
    let (setup, vm) = (Setup::default(), &mut floor.vm);
    (his.mint, his.vault) = (coin, venue::vault(&coin));
    his.extend_journal(vm);
    his.market = his.register_market(vm, 0, &setup.market);
    let limiter = his.register_limiter(vm, his.market, his.vault, &setup.limiter);
    vm.send(&[limiter], &[&his.authority]).succeeds();
    let (safe, route) =
        (his.register_safe(vm), his.register_route(vm, his.vault, &RouteSettings::starting()));
    vm.send(&[safe, route], &[&his.authority]).succeeds();
    his.open_budgets(vm, Some(his.market));
    let pause = PauseOrder { closed: u64::MAX, seconds: 3_600, pause_epoch: 0, expires_at: i64::MAX };
    let pause = his.pause(vm, &his.guardians[0], Some(his.market), &pause);
    vm.send(&[pause], &[&his.guardians[0]]).succeeds();
    let order = order_because_of(vm, his.market, Source::Guardian);
    let keys: Vec<_> = his.guardians[..2].iter().map(Signer::pubkey).collect();
    let scope = (his.protocol, his.market);
    let order = instruction::order_migration(Behind::signers(&keys), scope, &order, his.segment(vm));
    vm.send(&[order], &[&his.guardians[0], &his.guardians[1]]).succeeds();

    let mut theft = floor.venue.clone();
    (theft.protocol, theft.market) = (his.protocol, his.market);
    let (segment, vault) = (his.segment(&floor.vm), floor.vault(coin));
    floor.send(&mallory, |_, _| theft.migrate_vault(coin, segment)).fails_with(error("NotOurMarket"));
    assert_eq!(floor.vault(coin), vault);
}

#[test]
fn another_account_in_a_migration_is_refused() {
    let mut floor = Floor::new("venue");
    let mallory = floor.user((0, 0));
    let pause = PauseOrder { closed: u64::MAX, seconds: 3_600, pause_epoch: 0, expires_at: i64::MAX };
    let (protocol, market, guardian) =
        (floor.venue.protocol, floor.venue.market, floor.guardians[0].insecure_clone());
    let open = instruction::open_budget(guardian.pubkey(), protocol, Some(market), guardian.pubkey());
    let pause = instruction::pause(guardian.pubkey(), protocol, Some(market), &pause, floor.segment());
    floor.vm.send(&[open, pause], &[&guardian]).succeeds();
    floor.order_migration(Source::Guardian);

    let (usd, coin) = (floor.usd, floor.coin);
    let good = floor.venue.migrate_vault(coin, floor.segment());
    let swapped = |old: &Pubkey, new: &Pubkey| {
        let mut instruction = good.clone();
        let place = instruction.accounts.iter().position(|account| account.pubkey == *old);
        instruction.accounts[place.expect("it is there")].pubkey = *new;
        instruction
    };
    let (vault, other) = (venue::vault(&coin), venue::vault(&usd));
    let route = |vault: &Pubkey| pda::route(&market, vault).0;
    let limiter = |vault: &Pubkey| pda::limiter(&protocol, vault).0;
    let (safe, other_safe) = (floor.safe_key(coin), floor.safe_key(usd));
    let purse = token::account(&mut floor.vm, &mallory.key, &coin, &mallory.key.pubkey());
    for (old, new, expected) in [
        (limiter(&vault), limiter(&other), BreakerError::WrongVault),
        (route(&vault), route(&other), BreakerError::WrongVault),
        (vault, other, BreakerError::WrongVault),
        (coin, usd, BreakerError::WrongMint),
        (safe, other_safe, BreakerError::WrongSafe),
        (pda::safe_tokens(&safe).0, purse, BreakerError::WrongSafe),
        (pda::safe_tokens(&safe).0, pda::safe_tokens(&other_safe).0, BreakerError::WrongSafe),
        (INSTRUCTIONS, mallory.key.pubkey(), BreakerError::WrongCompany),
    ] {
        floor.vm.send(&[swapped(&old, &new)], &[&mallory.key]).fails_with(expected);
    }
    let look_alike = swapped(&firebreak_interface::ID, &OTHER_PROGRAM);
    floor.vm.send(&[look_alike], &[&mallory.key]).fails_as(&InstructionError::IncorrectProgramId);
    // nobody signs for another owner; who signs himself is not the owner
    let nobody = swapped(&floor.venue.vault_authority, &Pubkey::new_unique());
    floor.vm.send(&[nobody], &[&mallory.key]).fails_as(&InstructionError::PrivilegeEscalation);
    let himself = swapped(&floor.venue.vault_authority, &mallory.key.pubkey());
    floor.vm.send(&[himself], &[&mallory.key]).fails_with(BreakerError::OwnerMustSign);
    assert_eq!(floor.in_safe(coin), 0);
    floor.vm.send(&[good], &[&mallory.key]).succeeds();
    assert_eq!((floor.vault(coin), floor.in_safe(coin)), (0, LIQUIDITY.1));
}
