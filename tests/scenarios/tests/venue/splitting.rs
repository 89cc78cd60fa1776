//! Case 2 at the venue: a thousand small payments by every instruction that pays out, then one by the instruction that
//! never asks.

use firebreak_interface::constants::DAY;

use super::*;

/// Transfers of the attack: one each three seconds stays within a window of an hour.
const TRANSFERS: u64 = 1_000;
/// What a coin costs while it goes on, in dollars: Bob owes more than his coins may carry.
const CRASHED: u64 = 70;

/// Many users with deposits, many with dollars to borrow against, and one to be liquidated.
struct Crowd {
    floor: Floor,
    depositors: Vec<User>,
    borrowers: Vec<User>,
    bob: User,
    carol: User,
}

impl Crowd {
    fn new() -> Self {
        let mut floor = Floor::new("venue_drainable");
        let [depositors, borrowers] = [(0, 1_000 * COIN), (200_000 * USD, 0)]
            .map(|funds| (0..4).map(|_| floor.user(funds)).collect::<Vec<User>>());
        let (bob, carol) = (floor.user((0, 1_501 * COIN)), floor.user((200_000 * USD, 0)));
        for user in &depositors {
            floor.deposit_coins(user, 1_000 * COIN).succeeds();
        }
        for user in &borrowers {
            floor.send(user, |f, key| f.venue.deposit(key, f.usd, user.usd, 200_000 * USD)).succeeds();
        }
        floor.deposit_coins(&bob, 1_500 * COIN).succeeds();
        floor.borrow_usd(&bob, 100_000 * USD).succeeds();
        // what came in is no credit any more, and the average knows of it
        floor.vm.advance(2 * DAY);
        floor.deposit_coins(&bob, COIN).succeeds();
        floor.vm.advance(DAY);
        Self { floor, depositors, borrowers, bob, carol }
    }

    /// Takes coins by the instruction whose turn it is.
    fn take(&mut self, turn: usize, coins: u64) -> Outcome {
        let Self { floor, depositors, borrowers, bob, carol } = self;
        let user = turn / 3 % 4;
        match turn % 3 {
            0 => floor.withdraw_coins(&depositors[user], coins),
            1 => {
                let user = &borrowers[user];
                floor.send(user, |f, key| f.venue.borrow(key, f.coin, user.coin, coins))
            }
            _ => {
                let (owner, usd, coin) = (bob.key.pubkey(), carol.usd, carol.coin);
                // so many dollars, and a bonus of 5 %, are so many coins
                let amount = coins / (COIN / USD) * CRASHED / 105 * 100;
                floor.send(carol, |f, key| {
                    let debt = Side { mint: f.usd, account: usd };
                    let collateral = Side { mint: f.coin, account: coin };
                    f.venue.liquidate(key, owner, debt, collateral, amount)
                })
            }
        }
    }
}

#[test]
fn splitting_over_every_instruction_that_pays_out_buys_nothing() {
    let mut crowd = Crowd::new();
    let coin = crowd.floor.coin;
    let (before, limiter) = (crowd.floor.vault(coin), crowd.floor.limiter(coin));
    let bound = limiter.bound(before).expect("no overflow");
    let limit = before / 10;
    let part = 10 * limit / TRANSFERS;
    for turn in 0..TRANSFERS as usize {
        if turn % 15 == 0 {
            crowd.floor.price(CRASHED);
        }
        // never more than is left, or what three seconds bring back: who asks for more is refused and ends his attack
        let left = crowd.floor.limiter(coin).net.map(|net| net.available).into_iter().min().unwrap_or(0);
        crowd.take(turn, part.min(left).max(COIN)).succeeds();
        crowd.floor.vm.advance(3);
    }
    let lost = before - crowd.floor.vault(coin);
    assert!(lost <= bound && lost > limit, "{lost} left, {bound} may");
    assert_eq!(crowd.floor.limiter(coin).denied, 0, "he was refused nothing");

    // a payment that nobody was asked about is seen by the next one that asks
    crowd.floor.price(CRASHED);
    let thief = crowd.floor.user((0, 0));
    let rebate = |f: &Floor, key: Pubkey| f.venue.claim_rebate(key, f.coin, thief.coin, 500 * COIN);
    crowd.floor.send(&thief, rebate).succeeds();
    crowd.take(0, COIN).succeeds();
    assert_eq!(crowd.floor.severity(), Severity::Major);
    crowd.floor.send(&thief, rebate).fails_with(GateError::Closed);
    for turn in 0..3 {
        crowd.take(turn, COIN).fails_with(GateError::Closed);
    }
}

#[test]
fn a_thousand_greedy_payments_end_at_the_first_refusal() {
    let mut crowd = Crowd::new();
    let coin = crowd.floor.coin;
    let before = crowd.floor.vault(coin);
    let bound = crowd.floor.limiter(coin).bound(before).expect("no overflow");
    for turn in 0..TRANSFERS as usize {
        if turn % 15 == 0 {
            crowd.floor.price(CRASHED);
        }
        let _ = crowd.take(turn, before / TRANSFERS);
        crowd.floor.vm.advance(3);
    }
    let lost = before - crowd.floor.vault(coin);
    assert!(lost <= bound && lost > 0, "{lost} left, {bound} may");
}
