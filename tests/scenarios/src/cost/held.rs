//! What it costs to hold a withdrawal, to pay one, and to speak of those that wait.

use firebreak_interface::{
    Operation, Verdict,
    constants::HOLD_DEFAULT,
    instruction::{self, Behind},
};
use solana_signer::Signer;

use super::{Cost, units};
use crate::{FUNDS, World, holding::GROSS};

/// Asked, held, claimed; flagged and decided by two guardians.
pub(super) fn held() -> Vec<Cost> {
    let cost = |instruction, case, units| Cost { instruction, case, units, target: None };
    let mut world = World::holding(1, |_| {});
    let mut hold = 0;
    for nonce in 0..4 {
        let withdraw = world.withdraws(&world.withdrawing(GROSS, nonce));
        let done = world.send(&[withdraw]).succeeds();
        assert_eq!(done.returned(), [Verdict::Hold as u8]);
        hold = done.compute_units_of_breaker().expect("its last call");
    }
    let keys = world.guardian_keys(&[0, 1]);
    let (signers, behind) = ([&keys[0], &keys[1]], [keys[0].pubkey(), keys[1].pubkey()]);
    let (range, scope) = (world.range(1, 3), (world.us.protocol, world.us.market));
    let segment = world.us.segment(&world.vm);
    let flag = instruction::flag_held(Behind::signers(&behind), scope, &range, segment);
    let flag = units(&mut world, flag, &signers);
    let decide = world.deciding_held((2, 3), false, &[0, 1]);
    let decide = units(&mut world, decide, &signers);

    world.vm.advance(HOLD_DEFAULT.into());
    let stranger = world.attacker.insecure_clone();
    let claim = world.claims_held(0, world.purse, false);
    let paid = units(&mut world, claim, &[&stranger]);
    let claim = world.claims_held(3, world.purse, false);
    let refused = units(&mut world, claim, &[&stranger]);
    world.decide_held((1, 1), true, &[0, 1]).succeeds();
    let associated = world.associated();
    let claim = world.claims_held(1, associated, false);
    let to_associated = units(&mut world, claim, &[&stranger]);

    vec![
        cost("hold", "", hold),
        cost("flag_held", "two guardians", flag),
        cost("decide_held", "two guardians", decide),
        cost("claim_held", "paid", paid),
        cost("claim_held", "paid to the associated account", to_associated),
        cost("claim_held", "refused", refused),
    ]
    .into_iter()
    .chain(pay())
    .collect()
}

fn pay() -> [Cost; 2] {
    let mut world = World::holding(1, |setup| setup.custody = true);
    let mut pay = |amount| {
        let what = instruction::Pay {
            from: world.way(),
            to: world.purse,
            or_hold: true,
            operation: Operation::WITHDRAW,
            amount,
        };
        let us = world.us.program;
        let pay = us.calls(instruction::pay(us.recorder, world.us.protocol, &what));
        world.send(&[pay]).succeeds().compute_units_of_breaker().expect("its last call")
    };
    [("allow", FUNDS / 100), ("hold", GROSS)].map(|(case, amount)| Cost {
        instruction: "pay",
        case,
        units: pay(amount),
        target: None,
    })
}
