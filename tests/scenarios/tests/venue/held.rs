//! A withdrawal beyond the limits waits in the safe, where its user brought what that needs; it is paid later, in full.

use firebreak_interface::{
    BreakerError,
    constants::*,
    instruction::{Behind, Payout, Stamp},
    state::{Held, HeldRange},
};
use firebreak_scenarios::vm;
use solana_instruction::error::InstructionError;

use super::*;

/// What the whale has in the venue.
const DEPOSIT: u64 = 2_000 * COIN;
/// What exceeds an hour's limit.
const TOO_MUCH: u64 = 1_900 * COIN;

impl Floor {
    /// A user who brought two thousand coins some time ago.
    fn whale(&mut self) -> User {
        let whale = self.user((0, DEPOSIT));
        self.deposit_coins(&whale, DEPOSIT).succeeds();
        self.vm.advance(3_600);
        whale
    }

    fn withdraw_or_hold(&mut self, user: &User, amount: u64, nonce: u64) -> Outcome {
        let segment = self.segment();
        self.send(user, |f, key| f.venue.withdraw_or_hold(key, f.coin, user.coin, (amount, nonce), segment))
    }

    fn held_key(&self, user: &User, nonce: u64) -> Pubkey {
        pda::held(&self.safe_key(self.coin), &user.key.pubkey(), nonce).0
    }

    /// A stranger has a user paid what waited.
    fn claim_held(&mut self, user: &User, nonce: u64) -> Outcome {
        let (market, mint, owner) = (self.venue.market, self.coin, user.key.pubkey());
        let token_program = token::PROGRAM;
        let to = Payout { market, mint, token_program, owner, owner_signs: false, to: user.coin };
        let claim = instruction::claim_held(self.venue.protocol, &to, nonce, self.segment());
        self.as_admin(claim)
    }
}

#[test]
fn a_withdrawal_beyond_the_limits_waits_and_is_paid_later() {
    for program in ["venue", CUSTODY] {
        let mut floor = Floor::new(program);
        let whale = floor.whale();
        let (coin, vault) = (floor.coin, floor.vault(floor.coin));
        floor.withdraw_or_hold(&whale, TOO_MUCH, 7).succeeds();
        assert_eq!(floor.portfolio(&whale).balances[1], has(DEPOSIT - TOO_MUCH), "as if it were paid");
        assert_eq!((floor.vault(coin), floor.in_safe(coin)), (vault - TOO_MUCH, TOO_MUCH));
        assert_eq!(token::balance(&floor.vm, &whale.coin), 0);
        let held = floor.vm.read::<Held>(&floor.held_key(&whale, 7));
        assert_eq!((held.owner, held.destination, held.amount), (whale.key.pubkey(), whale.coin, TOO_MUCH));
        assert_eq!((floor.safe(coin).owed, floor.limiter(coin).expected), (TOO_MUCH, vault - TOO_MUCH));
        // what was too much has latched all the same
        assert_eq!(floor.severity(), Severity::Major);
        floor.withdraw_or_hold(&whale, COIN, 8).fails_with(GateError::Closed);

        floor.claim_held(&whale, 7).fails_with(BreakerError::HeldNotDue);
        floor.vm.advance(u64::from(HOLD_DEFAULT.max(MAJOR_MAX)));
        floor.claim_held(&whale, 7).succeeds();
        assert_eq!(token::balance(&floor.vm, &whale.coin), TOO_MUCH);
        assert_eq!((floor.in_safe(coin), floor.safe(coin).owed), (0, 0));
        assert_eq!(floor.portfolio(&whale).balances[1], has(DEPOSIT - TOO_MUCH), "and is not paid twice");
    }
}

#[test]
fn within_the_limits_nothing_waits() {
    for program in ["venue", CUSTODY] {
        let mut floor = Floor::new(program);
        let whale = floor.whale();
        floor.withdraw_or_hold(&whale, COIN, 7).succeeds();
        assert_eq!(token::balance(&floor.vm, &whale.coin), COIN);
        assert_eq!((floor.in_safe(floor.coin), floor.severity()), (0, Severity::Normal));
        assert_eq!(floor.vm.account(&floor.held_key(&whale, 7)), None);
    }
}

#[test]
fn who_brings_no_accounts_of_a_hold_is_refused_and_keeps_his_deposit() {
    for program in ["venue", CUSTODY] {
        let mut floor = Floor::new(program);
        let (whale, coin) = (floor.whale(), floor.coin);
        let vault = floor.vault(coin);
        floor.withdraw_coins(&whale, TOO_MUCH).succeeds();
        assert_eq!((floor.vault(coin), floor.in_safe(coin)), (vault, 0));
        assert_eq!(floor.portfolio(&whale).balances[1], has(DEPOSIT));
        assert_eq!(floor.severity(), Severity::Major);
    }
}

#[test]
fn what_cannot_be_held_is_an_error_before_the_breaker_hears_of_it() {
    for program in ["venue", CUSTODY] {
        let mut floor = Floor::new(program);
        let (whale, mallory, coin) = (floor.whale(), floor.user((0, 0)), floor.coin);
        let before = (floor.vault(coin), floor.limiter(coin).denied, floor.portfolio(&whale));
        let key = whale.key.pubkey();
        let good = floor.venue.withdraw_or_hold(key, coin, whale.coin, (TOO_MUCH, 7), floor.segment());
        let safe = floor.safe_key(coin);
        let route = pda::route(&floor.venue.market, &venue::vault(&coin)).0;
        // in custody the route stands where the vault's owner does, too
        let swapped = |old: Pubkey, new: Pubkey| {
            let mut instruction = good.clone();
            let place = instruction.accounts.iter().rposition(|account| account.pubkey == old);
            instruction.accounts[place.expect("it is there")] = AccountMeta::new(new, false);
            instruction
        };
        let tokens = pda::safe_tokens(&safe).0;
        let journal = pda::journal(&floor.venue.protocol).0;
        for missing in [route, safe, tokens, floor.held_key(&whale, 7), journal, pda::event_authority().0] {
            let mut missing = swapped(missing, venue::ID);
            for account in missing.accounts.iter_mut().filter(|account| account.pubkey == venue::ID) {
                account.is_writable = false;
            }
            floor.vm.send(&[missing], &[&whale.key]).fails_with(error("HoldIncomplete"));
        }
        floor
            .send(&whale, |f, key| {
                f.venue.withdraw_or_hold(key, f.coin, mallory.coin, (TOO_MUCH, 7), f.segment())
            })
            .fails_with(error("HoldElsewhere"));
        // what the breaker compares takes the question back with it
        let (usd_vault, usd_safe) = (venue::vault(&floor.usd), floor.safe_key(floor.usd));
        let other_route = swapped(route, pda::route(&floor.venue.market, &usd_vault).0);
        let other_route = floor.vm.send(&[other_route], &[&whale.key]);
        if floor.venue.custody {
            // the owner is another account then, for which nobody signs
            other_route.fails_as(&InstructionError::PrivilegeEscalation);
        } else {
            other_route.fails_with(BreakerError::WrongVault);
        }
        for (old, new, expected) in
            [(safe, usd_safe, BreakerError::WrongSafe), (tokens, mallory.coin, BreakerError::WrongSafe)]
        {
            floor.vm.send(&[swapped(old, new)], &[&whale.key]).fails_with(expected);
        }
        let held = floor.held_key(&whale, 7);
        floor
            .vm
            .send(&[swapped(held, floor.held_key(&mallory, 7))], &[&whale.key])
            .fails_as(&InstructionError::Custom(2006));
        assert_eq!((floor.vault(coin), floor.limiter(coin).denied, floor.portfolio(&whale)), before);
        floor.vm.send(&[good], &[&whale.key]).succeeds();
        assert_eq!(floor.in_safe(coin), TOO_MUCH);
    }
}

/// The drill's bug asks as an honest user does, so it may hold more than any limit pays: who decides is guardians.
#[test]
fn what_a_thief_has_waiting_is_his_until_guardians_refuse_it() {
    for is_refused in [true, false] {
        let mut floor = Floor::new("venue_drainable");
        let (thief, coin) = (floor.user((0, 0)), floor.coin);
        floor.withdraw_or_hold(&thief, LIQUIDITY.1, 1).succeeds();
        assert_eq!((floor.vault(coin), floor.in_safe(coin)), (0, LIQUIDITY.1));
        if is_refused {
            let keys = floor.guardians[..2].iter().map(Signer::pubkey).collect::<Vec<_>>();
            let (scope, range) =
                ((floor.venue.protocol, floor.venue.market), HeldRange { mint: coin, from: 0, to: 0 });
            let flag = instruction::flag_held(Behind::signers(&keys), scope, &range, floor.segment());
            let slot = floor.vm.clock().0 - 1;
            floor.vm.remember_slots();
            let stamp = Stamp { slot, hash: vm::hash_of(slot) };
            let refuse = instruction::decide_held(
                Behind::signers(&keys),
                scope,
                (&range, false, Some(&stamp)),
                floor.segment(),
            );
            let by = floor.guardians[..2].iter().collect::<Vec<_>>();
            floor.vm.send(&[flag, refuse], &by).succeeds();
        }
        floor.vm.advance(u64::from(HOLD_EXTENSION_MAX) + u64::from(HOLD_DEFAULT));
        floor.claim_held(&thief, 1).succeeds();
        let loot = if is_refused { 0 } else { LIQUIDITY.1 };
        assert_eq!(token::balance(&floor.vm, &thief.coin), loot);
        assert_eq!((floor.in_safe(coin), floor.safe(coin).owed), (LIQUIDITY.1 - loot, 0));
    }
}
