//! Claims: who is in the tree is paid once, and nobody else.

use bytemuck::Zeroable;
use proptest::prelude::*;
use solana_program::pubkey::Pubkey;

use crate::{
    error::BreakerError::*,
    state::{CLAIMS_PER_PAGE, ClaimPage, ClaimsOrder, Safe, claim_leaf, claim_node},
};

const SAFE: Pubkey = Pubkey::new_from_array([1; 32]);

fn owner(place: u64) -> Pubkey {
    Pubkey::new_from_array([100 + place as u8; 32])
}

fn order(epoch: u64, root: [u8; 32], total: u64) -> ClaimsOrder {
    ClaimsOrder { mint: Pubkey::default(), epoch, root, total }
}

/// Four claims of their place and one hundred; the leaves, the two nodes and the root.
fn tree(epoch: u64) -> ([[u8; 32]; 4], [[u8; 32]; 2], [u8; 32]) {
    let leaves = [0, 1, 2, 3].map(|place| claim_leaf(&SAFE, epoch, place, &owner(place), 100 + place));
    let nodes = [claim_node(&leaves[0], &leaves[1]), claim_node(&leaves[2], &leaves[3])];
    (leaves, nodes, claim_node(&nodes[0], &nodes[1]))
}

/// A safe that keeps so much, with the claims of [`tree`] open.
fn open(kept: u64) -> Safe {
    let mut safe = Safe { kept, ..Safe::zeroed() };
    safe.open_claims(&order(1, tree(1).2, 406), kept).expect("there is enough");
    safe
}

#[test]
fn a_claim_is_proved_by_what_stands_beside_it() {
    let (leaves, nodes, _) = tree(1);
    let mut safe = open(1_000);
    assert_eq!((safe.kept, safe.claims_left, safe.free(1_000)), (594, 406, 594));
    assert_eq!(safe.claim(&SAFE, (0, &owner(0), 100), &[leaves[1], nodes[1]]), Ok(()));
    assert_eq!(safe.claim(&SAFE, (3, &owner(3), 103), &[leaves[2], nodes[0]]), Ok(()));
    assert_eq!(safe.claims_left, 203);
}

#[test]
fn nothing_else_is_proved_by_it() {
    let (leaves, nodes, root) = tree(1);
    let mut safe = open(1_000);
    let proof = [leaves[1], nodes[1]];
    let elsewhere = Pubkey::new_from_array([2; 32]);
    let mut refuses = |key, index, owner, amount, proof: &[[u8; 32]]| {
        assert_eq!(safe.claim(key, (index, &owner, amount), proof), Err(WrongClaim));
    };
    refuses(&elsewhere, 0, owner(0), 100, &proof);
    refuses(&SAFE, 1, owner(0), 100, &proof);
    refuses(&SAFE, 0, owner(1), 100, &proof);
    refuses(&SAFE, 0, owner(0), 101, &proof);
    refuses(&SAFE, 0, owner(0), 100, &[]);
    refuses(&SAFE, 0, owner(0), 100, &[root]);
    refuses(&SAFE, 0, owner(0), 100, &[leaves[1]]);
    refuses(&SAFE, 0, owner(0), 100, &[nodes[1], leaves[1]]);
    refuses(&SAFE, 0, owner(0), 100, &[leaves[1], nodes[1], root]);
    assert_eq!(safe.claims_left, 406);
    // before the first set nothing hashes to a root of zeros
    let mut new = Safe::zeroed();
    assert_eq!(new.claim(&SAFE, (0, &owner(0), 0), &[]), Err(WrongClaim));
    // leaves of the first set in the second
    let again = order(2, root, 406);
    safe.open_claims(&again, 1_000).expect("there is enough");
    assert_eq!(safe.claim(&SAFE, (0, &owner(0), 100), &proof), Err(WrongClaim));
}

/// Whoever may choose an owner and an amount does not make of them what a node is made of.
#[test]
fn a_leaf_is_no_node() {
    let [a, b] = [[3; 32], [4; 32]];
    let node = claim_node(&a, &b);
    assert_eq!(node, claim_node(&b, &a), "whichever comes first");
    assert_ne!(node, solana_program::hash::hashv(&[&a, &b]).to_bytes());
    assert_eq!(node, solana_program::hash::hashv(&[&[1], &a, &b]).to_bytes());
    let leaf = [&[0][..], SAFE.as_ref(), &1u64.to_le_bytes(), &2u64.to_le_bytes(), &a, &5u64.to_le_bytes()];
    assert_eq!(
        claim_leaf(&SAFE, 1, 2, &Pubkey::new_from_array(a), 5),
        solana_program::hash::hashv(&leaf).to_bytes()
    );
}

#[test]
fn claims_are_no_more_than_what_the_safe_owes_nobody_else() {
    let mut safe = Safe { kept: 600, owed: 400, ..Safe::zeroed() };
    let (_, _, root) = tree(1);
    assert_eq!(safe.open_claims(&order(1, root, 601), 1_000), Err(ClaimsAboveSafe));
    assert_eq!(safe.open_claims(&order(0, root, 1), 1_000), Err(WrongClaim));
    assert_eq!(safe.open_claims(&order(2, root, 1), 1_000), Err(WrongClaim));
    assert_eq!(safe.open_claims(&order(1, root, 600), 1_000), Ok(()));
    assert_eq!((safe.kept, safe.debt(), safe.free(1_000)), (0, 1_000, 0));
    // what an earlier set left is there for the next, and for nobody after one of nothing
    assert_eq!(safe.open_claims(&order(2, root, 601), 1_000), Err(ClaimsAboveSafe));
    assert_eq!(safe.open_claims(&order(2, root, 500), 1_000), Ok(()));
    assert_eq!((safe.kept, safe.claims_left), (100, 500));
    assert_eq!(safe.open_claims(&order(3, [0; 32], 0), 1_000), Ok(()));
    assert_eq!((safe.kept, safe.claims_left, safe.free(1_000)), (600, 0, 600));
    let last = Safe { claims_epoch: u64::MAX, ..safe };
    assert_eq!({ last }.open_claims(&order(0, root, 1), 1_000), Err(WrongClaim));
}

#[test]
fn a_claim_above_what_is_left_is_not_paid() {
    let (leaves, nodes, root) = tree(1);
    let mut safe = Safe { kept: 1_000, ..Safe::zeroed() };
    safe.open_claims(&order(1, root, 200), 1_000).expect("there is enough");
    assert_eq!(safe.claim(&SAFE, (3, &owner(3), 103), &[leaves[2], nodes[0]]), Ok(()));
    assert_eq!(safe.claim(&SAFE, (0, &owner(0), 100), &[leaves[1], nodes[1]]), Err(ClaimsAboveSafe));
    assert_eq!(safe.claims_left, 97);
}

#[test]
fn a_page_has_its_name_once_and_its_own_claims_only() {
    let mut page = ClaimPage::zeroed();
    page.initialize_once(SAFE, (4, 2), 250);
    page.initialize_once(owner(0), (5, 3), 251);
    assert_eq!((page.safe, page.epoch, page.page, page.bump), (SAFE, 4, 2, 250));
    for beside in [0, 2 * CLAIMS_PER_PAGE - 1, 3 * CLAIMS_PER_PAGE, u64::MAX] {
        assert_eq!(page.take(beside), Err(WrongClaim));
    }
    for index in [2 * CLAIMS_PER_PAGE, 3 * CLAIMS_PER_PAGE - 1] {
        assert_eq!(page.take(index), Ok(()));
        assert_eq!(page.take(index), Err(AlreadyClaimed));
    }
}

proptest! {
    #[test]
    fn a_page_takes_each_claim_once(taken in prop::collection::vec(0..CLAIMS_PER_PAGE, 1..200)) {
        let mut page = ClaimPage::zeroed();
        let mut known = std::collections::BTreeSet::new();
        for index in taken {
            let expected = if known.insert(index) { Ok(()) } else { Err(AlreadyClaimed) };
            prop_assert_eq!(page.take(index), expected);
        }
        let made: u32 = page.made.iter().map(|byte| byte.count_ones()).sum();
        prop_assert_eq!(made as usize, known.len());
    }

    /// Whatever is opened, claimed and released in whatever order: the safe owes no more than it has, and what it keeps
    /// and owes is what it has.
    #[test]
    fn a_safe_never_owes_more_than_it_has(acts in prop::collection::vec((0u8..4, 0u64..2_000), 1..60)) {
        let (mut safe, mut balance) = (Safe { kept: 1_000, ..Safe::zeroed() }, 1_000);
        for (act, amount) in acts {
            match act {
                0 => {
                    let leaf = claim_leaf(&SAFE, safe.claims_epoch + 1, 0, &owner(0), amount / 2);
                    let _ = safe.open_claims(&order(safe.claims_epoch + 1, leaf, amount), balance);
                }
                1 if safe.claim(&SAFE, (0, &owner(0), amount), &[]).is_ok() => balance -= amount,
                2 => {
                    let step = amount.min(safe.free(balance));
                    safe.release(step);
                    balance -= step;
                }
                3 => {
                    safe.migrated(amount);
                    balance += amount;
                }
                _ => {}
            }
            prop_assert!(safe.debt() <= balance);
            prop_assert_eq!(safe.kept + safe.debt(), balance);
        }
    }
}
