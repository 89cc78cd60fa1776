//! The accounts by which users are paid out of a safe, swapped one by one: what opens claims, and a claim.

use firebreak_interface::{
    instruction::Payout,
    state::{CLAIMS_PER_PAGE, ClaimPage, Safe},
};

use super::*;
use crate::claims::{Claim, Tree};

#[test]
fn open_claims() {
    let mut returns = Returns::new();
    let Returns { ours, second, minted, theirs, .. } = returns;
    let order = ClaimsOrder { mint: ours.mint, epoch: 1, root: [1; 32], total: FUNDS };
    let act = GuardianAct::OpenClaims(order);
    // the neighbour's guardians propose the same under their own protocol
    let stamp = returns.street.world.stamp();
    let n = &returns.street.neighbour;
    let (their_protocol, guardian) = (n.protocol, n.guardians[0].insecure_clone());
    let scope = (their_protocol, Some(theirs.market));
    let segment = n.segment(&returns.street.world.vm);
    let propose = instruction::propose_as_guardian(guardian.pubkey(), scope, 0, &act, &stamp, segment);
    returns.street.world.vm.send(&[propose], &[&guardian]).succeeds();
    let of_theirs = pda::guardian_proposal(&their_protocol, &guardian.pubkey(), 0).0;
    // our authority proposes, and our guardians agree on something else
    let change = returns.street.world.limiter_scaled(5);
    let of_authority = returns.street.world.propose(&change);
    let of_release = returns.agree(&ours, 0, GuardianAct::Release(ours.back()));
    let of_others = ClaimsOrder { root: [2; 32], ..order };
    let of_others = returns.agree(&ours, 1, GuardianAct::OpenClaims(of_others));
    let of_second = returns.agree(&second, 2, act);
    let proposal = returns.agree(&ours, 3, act);
    let good = returns.opens(proposal, &ours, &order);
    let us = &returns.street.world.us;
    let (protocol, authority) = (us.protocol, us.authority.insecure_clone());
    let (purse, loot) = (returns.street.world.purse, returns.street.world.loot);
    let signers = [&authority];
    let before = returns.state(&good);

    for place in [0, 2, 3, 4] {
        returns.street.refuses_fakes(&good, &signers, place);
    }
    let others = [of_authority, of_release, of_others, of_second];
    returns.refuses_each(&good, &signers, 0, &others, by(WrongProposal));
    returns.street.refuses(&good, &signers, 0, &[(of_theirs, by(WrongProtocol))]);
    let mut kept = good.clone();
    kept.accounts[0].is_writable = false;
    returns.street.world.vm.send(&[kept], &signers).fails_with(NOT_WRITABLE);
    // none, so that nobody could have spoken against it
    let mut none = good.clone();
    none.accounts[0] = AccountMeta::new_readonly(ID, false);
    returns.street.world.vm.send(&[none], &signers).fails_with(LooseningWaits);
    returns.refuses_authorities(&good, 1);
    let them = returns.street.neighbour.authority.insecure_clone();
    returns.street.refuses(&good, &[&them], 1, &[(them.pubkey(), by(NotTheAuthority))]);
    // here nobody does without it
    let mut alone = good.clone();
    alone.accounts[1] = AccountMeta::new_readonly(ID, false);
    returns.street.world.vm.send(&[alone], &signers).fails_with(NOT_SIGNED);
    returns.street.refuses(
        &good,
        &signers,
        2,
        &[(their_protocol, by(WrongProtocol)), (ours.market, WRONG_KIND)],
    );
    returns.street.refuses(
        &good,
        &signers,
        3,
        &[(theirs.market, by(WrongProtocol)), (second.market, by(WrongMarket)), (protocol, WRONG_KIND)],
    );
    returns.street.refuses(
        &good,
        &signers,
        4,
        &[
            (theirs.safe, by(WrongMarket)),
            (second.safe, by(WrongMarket)),
            (minted.safe, by(WrongSafe)),
            (ours.route, WRONG_KIND),
        ],
    );
    let strange = [purse, loot, ours.vault, theirs.tokens, second.tokens, minted.tokens];
    returns.refuses_all(&good, &signers, 5, &strange, by(WrongSafe));
    returns.street.refuses_journals(&good, &signers);

    returns.refuses_sets(
        &good,
        &signers,
        &[
            (&[(4, second.safe), (5, second.tokens)], WrongMarket),
            // in our market, but of what was not approved
            (&[(4, minted.safe), (5, minted.tokens)], WrongMint),
            (&[(3, second.market), (4, second.safe), (5, second.tokens)], WrongProposal),
            (&[(2, their_protocol), (3, theirs.market), (4, theirs.safe), (5, theirs.tokens)], WrongProtocol),
        ],
    );

    assert_eq!(returns.state(&good), before);
    returns.signs(good);
    let safe = returns.street.world.safe();
    assert_eq!((safe.claims_epoch, safe.claims_root), (1, order.root));
    assert_eq!((safe.claims_left, safe.kept), (FUNDS, FUNDS));
    let untouched: Safe = returns.street.world.vm.read(&second.safe);
    assert_eq!((untouched.claims_epoch, untouched.claims_left), (0, 0));
}

#[test]
fn claim() {
    let mut returns = Returns::new();
    let Returns { ours, second, minted, theirs, .. } = returns;
    let world = &mut returns.street.world;
    let (alice, attacker) = (world.alice.insecure_clone(), world.attacker.insecure_clone());
    let (bob, (purse, loot)) = (world.vm.person(), (world.purse, world.loot));
    let [to, bobs] =
        [&alice, &bob].map(|key| token::associated(&mut world.vm, &attacker, &ours.mint, &key.pubkey()));
    // two sets, one after the other; of the second Alice and Bob are on one page, and Bob is on another. The safe of our second
    // market has the same two, root and all
    let claim_of = |index, owner: &Keypair, amount| Claim { index, owner: owner.pubkey(), amount };
    let first = Tree::new(&ours.safe, 1, &[claim_of(0, &alice, 3)]);
    let shares = [claim_of(0, &alice, 5), claim_of(1, &bob, 7), claim_of(CLAIMS_PER_PAGE, &bob, 11)];
    let tree = Tree::new(&ours.safe, 2, &shares);
    let orders = [first.order(world), tree.order(world)];
    let us = world.us.protocol;
    let paying = |returns: &Returns, tree: &Tree, place: usize, to| {
        let Claim { index, owner, amount } = tree.claims[place];
        let payout = Payout {
            market: ours.market,
            mint: ours.mint,
            token_program: TOKEN,
            owner,
            owner_signs: false,
            to,
        };
        let what = (tree.epoch, index, amount);
        let segment = returns.street.world.us.segment(&returns.street.world.vm);
        instruction::claim(attacker.pubkey(), us, &payout, what, &tree.proof(place), segment)
    };
    let signers = [&attacker];
    for (way, nonces) in [(ours, [0, 1]), (second, [2, 3])] {
        for (nonce, order) in nonces.into_iter().zip(orders) {
            let proposal = returns.agree(&way, nonce, GuardianAct::OpenClaims(order));
            let open = returns.opens(proposal, &way, &order);
            returns.signs(open);
            // of the first set Alice was paid: there is a page that says so
            if nonce == 0 {
                let early = paying(&returns, &first, 0, to);
                returns.street.world.vm.send(&[early], &signers).succeeds();
            }
        }
    }
    let last = paying(&returns, &tree, 2, bobs);
    returns.street.world.vm.send(&[last], &signers).succeeds();
    let good = paying(&returns, &tree, 0, to);
    let page = |safe: &Pubkey, epoch, number| pda::claim_page(safe, epoch, number).0;
    let world = &mut returns.street.world;
    let program = world.us.program.program;
    let his = token::associated(&mut world.vm, &alice, &ours.mint, &attacker.pubkey());
    let of_other_mint = token::associated(&mut world.vm, &attacker, &minted.mint, &alice.pubkey());
    let their_protocol = returns.street.neighbour.protocol;
    let before = returns.state(&good);

    for place in [1, 2] {
        returns.street.refuses_fakes(&good, &signers, place);
    }
    // she pays for nobody's page unasked
    let mut unsigned = good.clone();
    unsigned.accounts[0] = AccountMeta::new(alice.pubkey(), false);
    returns.street.world.vm.send(&[unsigned], &signers).fails_with(NOT_SIGNED);
    returns.street.refuses(
        &good,
        &signers,
        1,
        &[(their_protocol, by(WrongProtocol)), (ours.market, WRONG_KIND)],
    );
    returns.street.refuses(
        &good,
        &signers,
        2,
        &[
            (theirs.safe, by(WrongProtocol)),
            (second.safe, by(WrongSafe)),
            (minted.safe, by(WrongSafe)),
            (ours.limiter, WRONG_KIND),
        ],
    );
    let strange = [purse, loot, to, ours.vault, theirs.tokens, second.tokens, minted.tokens];
    returns.refuses_all(&good, &signers, 3, &strange, by(WrongSafe));
    // where another's claim was made, her own of the set before, those of other safes, and what is no page
    let pages = [
        page(&ours.safe, 2, 1),
        page(&ours.safe, 1, 0),
        page(&second.safe, 2, 0),
        page(&theirs.safe, 2, 0),
        ours.limiter,
        loot,
    ];
    returns.refuses_each(&good, &signers, 4, &pages, WRONG_SEEDS);
    let others = [attacker.pubkey(), bob.pubkey(), ours.safe];
    returns.refuses_each(&good, &signers, 5, &others, by(WrongPayee));
    let strange = [bobs, of_other_mint, ours.vault, theirs.vault];
    returns.refuses_all(&good, &signers, 6, &strange, by(WrongPayee));
    returns.refuses_all(&good, &signers, 7, &[theirs.mint, minted.mint, ours.vault], by(WrongMint));
    // by another program the associated account is another; where she signs it need not be that one
    returns.refuses_each(&good, &signers, 8, &[TOKEN_2022, program], by(WrongPayee));
    let mut signed = good.clone();
    signed.accounts[5].is_signer = true;
    let both = [&attacker, &alice];
    returns.refuses_each(&signed, &both, 8, &[TOKEN_2022, program], by(WrongTokenProgram));
    // and her signature is for an account of hers, of this mint
    returns.refuses_all(&signed, &both, 6, &[loot, his, bobs, of_other_mint], by(WrongPayee));
    returns.street.refuses_systems(&good, &signers, 9);
    returns.street.refuses_journals(&good, &signers);

    returns.refuses_sets(
        &good,
        &signers,
        &[
            // Bob in her place, with what is his
            (&[(5, bob.pubkey()), (6, bobs)], WrongClaim),
            // the safe is in the leaf, though the other one has the same root for the same set
            (&[(2, second.safe), (3, second.tokens), (4, page(&second.safe, 2, 0))], WrongClaim),
            (&[(2, minted.safe), (3, minted.tokens)], WrongMint),
            // out of another mint's safe, to her account of that mint
            (
                &[
                    (2, minted.safe),
                    (3, minted.tokens),
                    (4, page(&minted.safe, 0, 0)),
                    (6, of_other_mint),
                    (7, minted.mint),
                ],
                WrongClaim,
            ),
            (&[(2, theirs.safe), (3, theirs.tokens), (4, page(&theirs.safe, 0, 0))], WrongProtocol),
            (
                &[
                    (1, their_protocol),
                    (2, theirs.safe),
                    (3, theirs.tokens),
                    (4, page(&theirs.safe, 0, 0)),
                    (7, theirs.mint),
                ],
                WrongPayee,
            ),
        ],
    );
    assert_eq!(returns.state(&good), before);

    // what she closed is nobody's: her claim waits until it is there again
    let world = &mut returns.street.world;
    let empty = token::transfer(&to, &purse, &alice.pubkey(), 3);
    let close = token::close(&to, &alice.pubkey(), &alice.pubkey());
    world.send(&[empty, close]).succeeds();
    world.vm.send(std::slice::from_ref(&good), &signers).fails_with(WrongPayee);
    assert_eq!(token::associated(&mut world.vm, &attacker, &ours.mint, &alice.pubkey()), to);
    world.vm.send(std::slice::from_ref(&good), &signers).succeeds();
    assert_eq!((token::balance(&world.vm, &to), world.loot(), world.safe().claims_left), (5, 0, 7));
    assert_eq!(world.in_safe(), 2 * FUNDS - 3 - 11 - 5);
    let made: ClaimPage = world.vm.read(&page(&ours.safe, 2, 0));
    assert_eq!((made.made[0], made.made[1..].iter().all(|byte| *byte == 0)), (1, true));
    // made once it is made, whatever page is brought
    returns.refuses_each(&good, &signers, 4, &pages, WRONG_SEEDS);
    returns.street.world.vm.send(&[good], &signers).fails_with(AlreadyClaimed);
}
