//! A mint that takes a hundredth of each transfer, wherever the breaker pays: what it owes is what arrived, and nothing is lost
//! beside the fees.

use firebreak_interface::{
    BreakerError::*,
    Verdict,
    constants::HOLD_DEFAULT,
    pda,
    state::{Act, ClaimsOrder, GuardianAct, RouteSettings},
};
use firebreak_scenarios::{
    Extended, FUNDS, World,
    extended::open_world,
    holding::{GROSS, limits},
    token_2022::{self, Extension},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    claims::{Opened, open},
    releases::{ALL, agree, back, begun, walk_back},
};

/// What arrives of so much.
const fn arrives(sent: u64) -> u64 {
    sent - sent.div_ceil(100)
}

/// A vault in the breaker's custody that holds what exceeds a gross limit. Alice's purse is empty.
fn taxed() -> World {
    let mut world = open_world();
    let (authority, market) = (world.us.authority.insecure_clone(), world.us.market);
    let mint = token_2022::mint(&mut world.vm, &authority, 6, &[Extension::transfer_fee(100)]);
    let vault = token_2022::account_of(&mut world.vm, &authority, &mint, |key| pda::route(&market, key).0);
    token_2022::issue(&mut world.vm, &authority, &mint, &vault, FUNDS);
    let purse = token_2022::account(&mut world.vm, &authority, &mint, &world.alice.pubkey());
    let vault = Extended { mint, decimals: 6, vault, purse };
    vault.register(&mut world, &limits()).succeeds();
    vault.guard(&mut world, &RouteSettings { holds: 1, ..RouteSettings::starting() });
    world
}

/// All that was issued is in the vault, the safe, the purse or these, or was withheld as a fee in one of them.
fn nothing_is_lost(world: &World, others: &[Pubkey]) {
    let ours = [world.us.vault, world.safe_tokens(), world.purse];
    let all = ours.iter().chain(others);
    let of = |key| token_2022::balance(&world.vm, key) + token_2022::withheld(&world.vm, key);
    assert_eq!(all.map(of).sum::<u64>(), FUNDS);
}

#[test]
fn what_is_paid_costs_the_vault_all_of_it() {
    let mut world = taxed();
    let paid = FUNDS / 100;
    assert_eq!(world.withdraw_or_wait(paid, 1).succeeds().returned(), [Verdict::Allow as u8]);
    assert_eq!((world.vault(), world.alice()), (FUNDS - paid, arrives(paid)));
    assert_eq!((world.limiter().expected, world.limiter().undeclared), (FUNDS - paid, 0));
    world.poke().fails_with(NothingToLatch);
    nothing_is_lost(&world, &[]);
}

#[test]
fn what_waits_is_what_arrived_in_the_safe() {
    let mut world = taxed();
    for nonce in [1, 2] {
        assert_eq!(world.withdraw_or_wait(GROSS, nonce).succeeds().returned(), [Verdict::Hold as u8]);
        assert_eq!(world.held(nonce).amount, arrives(GROSS));
        let told = *world.told().last().expect("told");
        assert_eq!((told.act, told.value, told.threshold), (Act::HeldBack, arrives(GROSS), nonce - 1));
    }
    let (owed, left) = (2 * arrives(GROSS), FUNDS - 2 * GROSS);
    assert_eq!((world.in_safe(), world.safe().owed, world.safe().kept), (owed, owed, 0));
    assert_eq!((world.vault(), world.limiter().expected, world.limiter().undeclared), (left, left, 0));

    // paid, it costs the fee once more; the safe has all of what it owes beside it
    world.vm.advance(HOLD_DEFAULT.into());
    world.claim_held(1).succeeds();
    let told = *world.told().last().expect("told");
    assert_eq!((told.act, told.value), (Act::HeldPaid, arrives(GROSS)));
    assert_eq!(world.alice(), arrives(arrives(GROSS)));
    assert_eq!((world.in_safe(), world.safe().owed), (owed / 2, owed / 2));
    nothing_is_lost(&world, &[]);

    // nor does a rescue beside it, or the way back, take any of that
    world.rescue();
    let kept = arrives(left);
    assert_eq!((world.in_safe(), world.safe().owed, world.safe().kept), (owed / 2 + kept, owed / 2, kept));
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    walk_back(&mut world);
    assert_eq!((world.vault(), world.in_safe()), (arrives(kept), owed / 2));
    world.claim_held(2).succeeds();
    assert_eq!((world.alice(), world.in_safe()), (2 * arrives(arrives(GROSS)), 0));
    assert!(world.safe().is_empty(world.now()));
    nothing_is_lost(&world, &[]);
    world.verify_journal(&world.told()).expect("sound");
}

/// Who opens claims on what left the vault promises what is not there.
#[test]
fn claims_are_on_what_arrived() {
    let mut world = taxed();
    world.rescue();
    let kept = arrives(FUNDS);
    let more = ClaimsOrder { mint: world.us.mint, epoch: 1, root: [1; 32], total: kept + 1 };
    let proposal = agree(&mut world, 7, &GuardianAct::OpenClaims(more));
    open(&mut world, proposal, &more).fails_with(ClaimsAboveSafe);

    let mut opened = Opened::over(world, &[(0, kept / 3), (1, kept - kept / 3)]);
    let accounts = [0, 1].map(|place| opened.account(place));
    let mut left = kept;
    for place in [1, 0] {
        opened.claim(place).succeeds();
        let amount = opened.tree.claims[place].amount;
        left -= amount;
        assert_eq!(opened.paid(place), arrives(amount));
        let (world, told) = (&opened.world, *opened.world.told().last().expect("told"));
        assert_eq!((told.act, told.value), (Act::Claimed, amount));
        assert_eq!((world.in_safe(), world.safe().claims_left), (left, left));
        nothing_is_lost(world, &accounts);
        opened.claim(place).fails_with(AlreadyClaimed);
    }
    assert!(opened.world.safe().is_empty(opened.world.now()));
}
