//! What it costs to bring money back, and to pay claims.

use firebreak_interface::{
    constants::MIGRATION_WINDOW,
    instruction::{self, Payout},
    state::{ClaimsOrder, GuardianAct, ReleaseOrder, RouteSettings, claim_leaf, claim_node},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use super::{Cost, units};
use crate::{FUNDS, World, token};

/// Steps of a proof that leads through as many claims as fit in a transaction with a compute budget: two to the 18th.
const STEPS: u8 = 18;

/// A guardian proposes it, another approves it, and it has waited.
fn agree(world: &mut World, nonce: u64, act: &GuardianAct) -> Pubkey {
    let (proposal, proposed) = world.guardian_proposes(0, Some(world.us.market), nonce, act);
    proposed.succeeds();
    world.vm.advance(1);
    world.approve(proposal, &[1]).succeeds();
    world.wait();
    proposal
}

pub(super) fn measure() -> Vec<Cost> {
    let cost = |instruction, case, units| Cost { instruction, case, units, target: None };
    let mut world =
        World::with(|setup| (setup.route, setup.custody) = (Some(RouteSettings::starting()), true));
    world.order_migration();
    world.migrate().succeeds();
    world.vm.advance(MIGRATION_WINDOW);
    let (authority, anyone) = (world.us.authority.insecure_clone(), world.attacker.insecure_clone());
    let (protocol, market, mint, vault) = (world.us.protocol, world.us.market, world.us.mint, world.us.vault);

    let order = ReleaseOrder { vault, amount: FUNDS / 2, destination: vault, owner: world.route_key() };
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    let (key, segment) = (Some(authority.pubkey()), world.us.segment(&world.vm));
    let begin = instruction::begin_release(proposal, key, (protocol, market, mint), &order, segment);
    let begin = units(&mut world, begin, &[&authority]);
    let step = instruction::release(protocol, &world.way(), vault, segment);
    let step = units(&mut world, step, &[&anyone]);

    // two claims, the second of them a step away from the root's other half
    let owner = world.alice.pubkey();
    let safe = world.safe_key();
    let leaves = [0, 1].map(|index| claim_leaf(&safe, 1, index, &owner, 1_000));
    let above: Vec<_> = (1..STEPS).map(|height| [height; 32]).collect();
    let root = above.iter().fold(claim_node(&leaves[0], &leaves[1]), |node, other| claim_node(&node, other));
    let claims = ClaimsOrder { mint, epoch: 1, root, total: FUNDS / 4 };
    let proposal = agree(&mut world, 1, &GuardianAct::OpenClaims(claims));
    let of = (protocol, market);
    let open = instruction::open_claims(proposal, authority.pubkey(), of, &claims, segment);
    let open = units(&mut world, open, &[&authority]);
    let to = token::associated(&mut world.vm, &authority, &mint, &owner);
    let mut claim = |index: usize| {
        let to = Payout { market, mint, token_program: token::PROGRAM, owner, owner_signs: false, to };
        let proof = [&[leaves[1 - index]], &above[..]].concat();
        let what = (1, index as u64, 1_000);
        let claim = instruction::claim(anyone.pubkey(), protocol, &to, what, &proof, segment);
        units(&mut world, claim, &[&anyone])
    };
    let [first, next] = [0, 1].map(&mut claim);
    vec![
        cost("begin_release", "with the authority's signature", begin),
        cost("release", "a step, to an SPL vault in custody", step),
        cost("open_claims", "", open),
        cost("claim", "the first of its page, 18 steps to the root", first),
        cost("claim", "the next one", next),
    ]
}
