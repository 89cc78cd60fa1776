//! The safe's token account at each use: where anybody else could spend from it, nothing goes in and nothing comes out.

use firebreak_interface::{
    BreakerError::*,
    constants::HOLD_DEFAULT,
    instruction,
    state::{ClaimsOrder, GuardianAct, RouteSettings},
};
use firebreak_scenarios::{FUNDS, World, holding::GROSS};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{claims, migration::by_anyone, releases};

/// What becomes of the bytes of the safe's token account, and of whom.
type Change = fn(&mut [u8], &Pubkey);

/// But for the last none can be brought about: the safe's owner is the breaker, which asks for none of them.
const CHANGES: [(&str, Change); 5] = [
    ("another owner", |data, thief| data[32..64].copy_from_slice(thief.as_ref())),
    ("another mint", |data, _| data[0] ^= 1),
    ("a delegate", |data, thief| {
        data[72] = 1;
        data[76..108].copy_from_slice(thief.as_ref());
    }),
    ("a close authority", |data, thief| {
        data[129] = 1;
        data[133..165].copy_from_slice(thief.as_ref());
    }),
    ("frozen", |data, _| data[108] = 2),
];

/// The world in which a use of the safe is the next thing to happen, its call, and who signs.
type Use = (World, Instruction, Keypair);
/// Brings it about.
type Next = fn() -> Use;

const USES: [(&str, Next); 7] = [
    ("migrate", migrates),
    ("release", releases_a_step),
    ("hold", holds),
    ("claim_held", claims_held),
    ("claim", claims_a_share),
    ("open_claims", opens_claims),
    ("register_route", registers_a_route),
];

fn migrates() -> Use {
    let mut world = by_anyone();
    world.order_migration();
    let (migrate, attacker) = (world.migrating(), world.attacker.insecure_clone());
    (world, migrate, attacker)
}

fn releases_a_step() -> Use {
    let mut world = releases::rescued(false);
    let order = releases::back(&world, releases::ALL);
    releases::begun(&mut world, 0, &order);
    let (us, attacker) = (&world.us, world.attacker.insecure_clone());
    let release = instruction::release(us.protocol, &world.way(), us.vault, us.segment(&world.vm));
    (world, release, attacker)
}

fn holds() -> Use {
    let world = World::holding(1, |_| {});
    let (withdraw, alice) = (world.withdraws(&world.withdrawing(GROSS, 7)), world.alice.insecure_clone());
    (world, withdraw, alice)
}

fn claims_held() -> Use {
    let mut world = World::holding(1, |_| {});
    world.withdraw_or_wait(GROSS, 7).succeeds();
    world.vm.advance(HOLD_DEFAULT.into());
    let (claim, attacker) = (world.claims_held(7, world.purse, false), world.attacker.insecure_clone());
    (world, claim, attacker)
}

fn claims_a_share() -> Use {
    let (world, claim) = claims::one();
    let attacker = world.attacker.insecure_clone();
    (world, claim, attacker)
}

fn opens_claims() -> Use {
    let mut world = releases::rescued(false);
    let order = ClaimsOrder { mint: world.us.mint, epoch: 1, root: [7; 32], total: FUNDS };
    let proposal = releases::agree(&mut world, 0, &GuardianAct::OpenClaims(order));
    let (us, authority) = (&world.us, world.us.authority.insecure_clone());
    let (of, segment) = ((us.protocol, us.market), us.segment(&world.vm));
    let open = instruction::open_claims(proposal, authority.pubkey(), of, &order, segment);
    (world, open, authority)
}

fn registers_a_route() -> Use {
    let world = World::with(|setup| {
        setup.route = Some(RouteSettings::starting());
        (setup.armed, setup.seasoned) = (false, false);
    });
    let settings = RouteSettings { holds: 2, ..RouteSettings::starting() };
    let register = world.us.register_route(&world.vm, world.us.vault, &settings);
    let authority = world.us.authority.insecure_clone();
    (world, register, authority)
}

#[test]
pub(crate) fn a_safe_that_somebody_else_could_spend_from_is_not_used() {
    for (used, next) in USES {
        let (mut world, call, signer) = next();
        let (tokens, thief) = (world.safe_tokens(), world.attacker.pubkey());
        let sound = world.vm.account(&tokens).expect("the safe has it");
        for (change, apply) in CHANGES {
            world.vm.edit(&tokens, |account| apply(&mut account.data, &thief));
            let before = world.standing();
            world.vm.send(std::slice::from_ref(&call), &[&signer]).fails_with(SafeNotSound);
            assert_eq!(world.standing(), before, "{used}, {change}");
            world.vm.put(tokens, sound.clone());
        }
        // nothing else was in its way
        let before = world.standing();
        world.vm.send(&[call], &[&signer]).succeeds();
        assert_ne!(world.standing(), before, "{used}");
    }
}

/// Putting away moves no token, so nothing that happens to the safe's account keeps a user's rent.
#[test]
fn what_was_refused_is_put_away_whatever_became_of_the_safe() {
    for (change, apply) in CHANGES {
        let mut world = World::holding(1, |_| {});
        world.withdraw_or_wait(GROSS, 7).succeeds();
        world.flag_held((0, 0), &[0, 1]).succeeds();
        world.decide_held((0, 0), false, &[0, 1]).succeeds();
        let (tokens, thief, owner) = (world.safe_tokens(), world.attacker.pubkey(), world.alice.pubkey());
        world.vm.edit(&tokens, |account| apply(&mut account.data, &thief));
        let before = (world.vm.account(&tokens), world.alice());
        world.claim_held(7).succeeds();
        assert_eq!((world.vm.account(&tokens), world.alice()), before, "{change}");
        assert_eq!(world.vm.account(&world.held_key(&owner, 7)), None, "{change}");
        let safe = world.safe();
        assert_eq!((safe.owed, safe.open, safe.kept), (0, 0, GROSS), "{change}");
    }
}
