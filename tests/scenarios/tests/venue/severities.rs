//! Every instruction of the venue at every severity: open or closed exactly as the market's response says.

use bytemuck::bytes_of;
use firebreak_interface::state::{Rule, Source, Trip};

use super::*;

/// A floor where every instruction could succeed: Alice has a debt and a position, Bob's portfolio can be unwound and
/// then liquidated by Carol.
struct Stage {
    floor: Floor,
    alice: User,
    bob: User,
    carol: User,
    unlisted: Pubkey,
}

impl Stage {
    fn new() -> Self {
        let mut floor = Floor::new("venue");
        let (alice, bob) = (floor.user((100 * USD, 20 * COIN)), floor.user((0, 10 * COIN)));
        let carol = floor.user((1_000 * USD, 0));
        for (user, debt, coins) in [(&alice, 100 * USD, COIN), (&bob, 600 * USD, 5 * COIN)] {
            floor.deposit_coins(user, 10 * COIN).succeeds();
            floor.borrow_usd(user, debt).succeeds();
            let size = i64::try_from(coins).expect("few");
            floor.send(user, |f, key| f.venue.open(key, 1, size, 100 * DOLLAR)).succeeds();
        }
        floor.price(70);
        let unlisted = token::mint(&mut floor.vm, &floor.admin, 6);
        Self { floor, alice, bob, carol, unlisted }
    }

    /// Latches the market as a rule does that measured something.
    fn latch(&mut self, severity: Severity) {
        let (slot, unix) = self.floor.vm.clock();
        let (now, address) = (Instant::new(slot, unix), self.floor.venue.market);
        let mut market = self.floor.vm.read::<Market>(&address);
        let trip = Trip { rule: Rule::Hard, severity, value: 1, threshold: 1 };
        let until = market.automatic_until(severity, now);
        assert!(market.latch_trip((Source::Invariant, 0), &trip, until, now));
        self.floor.vm.edit(&address, |account| account.data[8..].copy_from_slice(bytes_of(&market)));
    }

    /// Sends the instruction that asks for an operation.
    fn attempt(&mut self, instruction: &str) -> Outcome {
        let Self { floor, alice, bob, carol, unlisted } = self;
        let owner = bob.key.pubkey();
        let (usd, coin) = (alice.usd, alice.coin);
        match instruction {
            "deposit" => floor.deposit_coins(alice, COIN),
            "withdraw" => floor.withdraw_coins(alice, COIN),
            "borrow" => floor.borrow_usd(alice, USD),
            "repay" => floor.send(alice, |f, key| f.venue.repay(key, f.usd, usd, USD)),
            "add_collateral" => floor.send(alice, |f, key| f.venue.add_collateral(key, f.coin, coin, COIN)),
            "open" => floor.send(alice, |f, key| f.venue.open(key, 0, 1, DOLLAR)),
            "close" => floor.send(alice, |f, key| f.venue.close(key, 1, 0)),
            "unwind" => floor.send(carol, |f, key| f.venue.unwind(key, owner)),
            "liquidate" => {
                let (usd, coin) = (carol.usd, carol.coin);
                floor.send(carol, |f, key| {
                    let debt = Side { mint: f.usd, account: usd };
                    let collateral = Side { mint: f.coin, account: coin };
                    f.venue.liquidate(key, owner, debt, collateral, 200 * USD)
                })
            }
            "list_collateral" => {
                let settings = CollateralSettings {
                    collateral_factor_bps: 0,
                    liquidation_factor_bps: 0,
                    max_price_age: 60,
                };
                let list = floor.venue.list_collateral(floor.admin.pubkey(), *unlisted, settings);
                floor.as_admin(list)
            }
            other => panic!("the venue has no instruction {other}"),
        }
    }
}

#[test]
fn each_instruction_is_open_or_closed_as_the_response_says() {
    for severity in [Severity::Normal, Severity::Minor, Severity::Major, Severity::Critical] {
        let mut stage = Stage::new();
        if severity > Severity::Normal {
            stage.latch(severity);
        }
        let market = stage.floor.vm.read::<Market>(&stage.floor.venue.market);
        let (mut closed, _) = market.response(severity);
        if severity == Severity::Critical {
            // liquidations stay closed through a halt, whatever its response says
            closed.0 |= Operation::LIQUIDATE.mask();
        }
        for (instruction, operation) in venue::ASKS {
            let Some(operation) = operation else {
                continue;
            };
            let outcome = stage.attempt(instruction);
            if closed.contains(operation) {
                outcome.fails_with(GateError::Closed);
            } else {
                outcome.succeeds();
            }
        }
    }
}
