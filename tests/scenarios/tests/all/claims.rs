//! Claims on a safe: each is paid once, to its owner, and all together are no more than the safe has for them.

use firebreak_client::Refusal;
use firebreak_interface::{
    BreakerError::*,
    instruction::{self, Payout},
    pda,
    state::{Act, CLAIMS_PER_PAGE, ClaimPage, ClaimsOrder, GuardianAct, claim_leaf, claim_node},
};
use firebreak_scenarios::{FUNDS, Outcome, World, token};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

use crate::releases::{agree, propose, rescued};

const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// The address of a page is another.
const WRONG_SEEDS: Refusal = Refusal::Anchor(2006);

type Hash = [u8; 32];

/// A claim: its number in the set, whose it is, how much.
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) index: u64,
    pub(crate) owner: Pubkey,
    pub(crate) amount: u64,
}

/// A tree of claims, from its leaves to its root.
pub(crate) struct Tree {
    pub(crate) epoch: u64,
    levels: Vec<Vec<Hash>>,
    pub(crate) claims: Vec<Claim>,
}

impl Tree {
    pub(crate) fn new(safe: &Pubkey, epoch: u64, claims: &[Claim]) -> Self {
        let leaf = |claim: &Claim| claim_leaf(safe, epoch, claim.index, &claim.owner, claim.amount);
        let mut levels = vec![claims.iter().map(leaf).collect::<Vec<_>>()];
        while levels[levels.len() - 1].len() > 1 {
            let above = levels[levels.len() - 1].chunks(2).map(|pair| match pair {
                [a, b] => claim_node(a, b),
                // the odd one goes up as it is
                _ => pair[0],
            });
            levels.push(above.collect());
        }
        Self { epoch, levels, claims: claims.to_vec() }
    }

    fn root(&self) -> Hash {
        self.levels[self.levels.len() - 1][0]
    }

    fn total(&self) -> u64 {
        self.claims.iter().map(|claim| claim.amount).sum()
    }

    pub(crate) fn proof(&self, place: usize) -> Vec<Hash> {
        let levels = self.levels.iter().enumerate();
        levels.filter_map(|(height, level)| level.get(place >> height ^ 1).copied()).collect()
    }

    pub(crate) fn order(&self, world: &World) -> ClaimsOrder {
        ClaimsOrder { mint: world.us.mint, epoch: self.epoch, root: self.root(), total: self.total() }
    }
}

/// A world in which claims are open, and who has them: at these places of the set.
pub(crate) struct Opened {
    pub(crate) world: World,
    pub(crate) tree: Tree,
    owners: Vec<Keypair>,
}

/// `open_claims` as the authority signs it.
pub(crate) fn open(world: &mut World, proposal: Pubkey, order: &ClaimsOrder) -> Outcome {
    let (us, authority) = (&world.us, world.us.authority.insecure_clone());
    let of = (us.protocol, us.market);
    let open = instruction::open_claims(proposal, authority.pubkey(), of, order, us.segment(&world.vm));
    world.vm.send(&[open], &[&authority])
}

/// The associated token account of an owner.
fn associated(world: &mut World, owner: &Pubkey) -> Pubkey {
    token::associated(&mut world.vm, &world.us.authority, &world.us.mint, owner)
}

impl Opened {
    /// A rescued vault, of which so much is claimed at each of these places, by somebody each.
    fn with(claims: &[(u64, u64)]) -> Self {
        Self::over(rescued(true), claims)
    }

    /// The same over another world.
    pub(crate) fn over(mut world: World, claims: &[(u64, u64)]) -> Self {
        let owners: Vec<_> = claims.iter().map(|_| world.vm.person()).collect();
        let claims: Vec<_> = claims
            .iter()
            .zip(&owners)
            .map(|((index, amount), owner)| Claim { index: *index, owner: owner.pubkey(), amount: *amount })
            .collect();
        let tree = Tree::new(&world.safe_key(), 1, &claims);
        let order = tree.order(&world);
        let proposal = agree(&mut world, 0, &GuardianAct::OpenClaims(order));
        open(&mut world, proposal, &order).succeeds();
        Self { world, tree, owners }
    }

    /// Somebody has a claim paid, with this proof, to this account.
    fn claim_with(&mut self, claim: &Claim, proof: &[Hash], to: Pubkey, epoch: u64) -> Outcome {
        let (us, to) = (&self.world.us, self.world.payout(claim.owner, to));
        let (payer, what) = (self.world.attacker.pubkey(), (epoch, claim.index, claim.amount));
        let segment = us.segment(&self.world.vm);
        let claim = instruction::claim(payer, us.protocol, &to, what, proof, segment);
        self.world.vm.send(&[claim], &[&self.world.attacker])
    }

    /// Somebody has the claim at this place of the tree paid, to its owner's associated account.
    pub(crate) fn claim(&mut self, place: usize) -> Outcome {
        let (claim, proof) = (self.tree.claims[place], self.tree.proof(place));
        let to = associated(&mut self.world, &claim.owner);
        self.claim_with(&claim, &proof, to, self.tree.epoch)
    }

    /// The associated account of the owner at this place.
    pub(crate) fn account(&mut self, place: usize) -> Pubkey {
        let owner = self.owners[place].pubkey();
        associated(&mut self.world, &owner)
    }

    /// What the owner at this place was paid.
    pub(crate) fn paid(&mut self, place: usize) -> u64 {
        let to = self.account(place);
        token::balance(&self.world.vm, &to)
    }
}

/// A world in which one claim is open, and the instruction that pays it.
pub(crate) fn one() -> (World, Instruction) {
    let Opened { mut world, tree, .. } = Opened::with(&[(0, 5)]);
    let claim = tree.claims[0];
    let to = associated(&mut world, &claim.owner);
    let us = &world.us;
    let to = Payout {
        market: us.market,
        mint: us.mint,
        token_program: token::PROGRAM,
        owner: claim.owner,
        owner_signs: false,
        to,
    };
    let (payer, what) = (world.attacker.pubkey(), (tree.epoch, claim.index, claim.amount));
    let claim = instruction::claim(payer, us.protocol, &to, what, &tree.proof(0), us.segment(&world.vm));
    (world, claim)
}

/// Eight users, on two pages, whose claims are all that the safe has.
fn eight() -> Opened {
    let shares: Vec<_> = (0..8).map(|i| (i * (CLAIMS_PER_PAGE / 4), FUNDS / 36 * (i + 1))).collect();
    Opened::with(&shares)
}

#[test]
pub(crate) fn everybody_is_paid_once_whoever_asks() {
    let mut opened = eight();
    let last = *opened.world.told().last().expect("told");
    assert_eq!((last.act, last.subject), (Act::ClaimsOpened, opened.world.safe_key()));
    assert_eq!((last.value, last.threshold), (opened.tree.total(), 1));
    for place in [5, 0, 7, 1, 2, 6, 4, 3] {
        opened.claim(place).succeeds();
        assert_eq!(opened.paid(place), opened.tree.claims[place].amount);
        opened.claim(place).fails_with(AlreadyClaimed);
    }
    let last = *opened.world.told().last().expect("told");
    assert_eq!((last.act, last.actor), (Act::Claimed, opened.owners[3].pubkey()));
    assert_eq!((last.value, last.threshold), (opened.tree.claims[3].amount, opened.tree.claims[3].index));
    assert_eq!(opened.world.safe().claims_left, 0);
    assert_eq!(opened.world.in_safe(), FUNDS - opened.tree.total());
    for page in 0..2 {
        let page: ClaimPage = opened.world.vm.read(&pda::claim_page(&opened.world.safe_key(), 1, page).0);
        assert_eq!(page.made.iter().map(|byte| byte.count_ones()).sum::<u32>(), 4);
    }
    opened.world.verify_journal(&opened.world.told()).expect("sound");
}

#[test]
pub(crate) fn claims_are_opened_by_a_quorum_a_delay_and_the_authority() {
    let mut world = rescued(true);
    let claim = Claim { index: 0, owner: world.alice.pubkey(), amount: FUNDS };
    let order = Tree::new(&world.safe_key(), 1, &[claim]).order(&world);
    let proposal = propose(&mut world, 0, &GuardianAct::OpenClaims(order));
    open(&mut world, proposal, &order).fails_with(ProposalNotRipe);
    world.wait();
    open(&mut world, proposal, &order).fails_with(NotApproved);
    world.approve(proposal, &[2]).succeeds();
    let stranger = world.attacker.insecure_clone();
    let of = (world.us.protocol, world.us.market);
    let forged =
        instruction::open_claims(proposal, stranger.pubkey(), of, &order, world.us.segment(&world.vm));
    world.vm.send(&[forged], &[&stranger]).fails_with(NotTheAuthority);
    open(&mut world, proposal, &ClaimsOrder { root: [7; 32], ..order }).fails_with(WrongProposal);
    let tokens = world.safe_tokens();
    world.vm.edit(&tokens, |account| account.data[72] = 1);
    open(&mut world, proposal, &order).fails_with(SafeNotSound);
    world.vm.edit(&tokens, |account| account.data[72] = 0);
    open(&mut world, proposal, &order).succeeds();
    open(&mut world, proposal, &order).fails_with(ProposalFinished);

    // one unit more than there is; a number that is not the next; a mint that is another's
    let alice = world.alice.pubkey();
    let more = Tree::new(&world.safe_key(), 2, &[Claim { index: 0, owner: alice, amount: FUNDS + 1 }]);
    let more = more.order(&world);
    let orders = [
        (more, ClaimsAboveSafe),
        (ClaimsOrder { epoch: 1, ..order }, WrongClaim),
        (ClaimsOrder { epoch: 3, ..order }, WrongClaim),
        (ClaimsOrder { epoch: u64::MAX, ..order }, WrongClaim),
    ];
    for (nonce, (order, error)) in (1..).zip(orders) {
        let proposal = agree(&mut world, nonce, &GuardianAct::OpenClaims(order));
        open(&mut world, proposal, &order).fails_with(error);
    }
    let frozen = ClaimsOrder { epoch: 2, ..order };
    let proposal = agree(&mut world, 9, &GuardianAct::OpenClaims(frozen));
    world.freeze(0, &[0, 1]).succeeds();
    open(&mut world, proposal, &frozen).fails_with(AuthorityFrozen);
}

#[test]
pub(crate) fn only_its_owner_is_paid() {
    let mut opened = eight();
    let (claim, proof) = (opened.tree.claims[0], opened.tree.proof(0));
    let attacker = opened.world.attacker.pubkey();
    let (loot, his) = (opened.world.loot, associated(&mut opened.world, &attacker));
    let hers = associated(&mut opened.world, &claim.owner);
    let another = {
        let world = &mut opened.world;
        token::account(&mut world.vm, &world.us.authority, &world.us.mint, &claim.owner)
    };
    // another account of hers could be one that she forgot
    let tokens = opened.world.safe_tokens();
    for to in [loot, his, another, tokens, claim.owner] {
        opened.claim_with(&claim, &proof, to, 1).fails_with(WrongPayee);
    }
    // the attacker as the owner, of the account that is his
    let as_his = Claim { owner: attacker, ..claim };
    opened.claim_with(&as_his, &proof, his, 1).fails_with(WrongClaim);
    // her associated account, which she gave away
    let owner = opened.owners[0].insecure_clone();
    let kind = spl_token_interface::instruction::AuthorityType::AccountOwner;
    let give = token::set_authority(&hers, &attacker, kind, &owner.pubkey());
    opened.world.vm.send(&[give], &[&owner]).succeeds();
    opened.claim_with(&claim, &proof, hers, 1).fails_with(WrongPayee);
    // she signs, and names another
    let us = &opened.world.us;
    let (token_program, owner_signs) = (token::PROGRAM, true);
    let to = Payout {
        market: us.market,
        mint: us.mint,
        token_program,
        owner: owner.pubkey(),
        owner_signs,
        to: another,
    };
    let what = (1, claim.index, claim.amount);
    let segment = us.segment(&opened.world.vm);
    let claims = instruction::claim(owner.pubkey(), us.protocol, &to, what, &proof, segment);
    let robs =
        instruction::claim(owner.pubkey(), us.protocol, &Payout { to: loot, ..to }, what, &proof, segment);
    opened.world.vm.send(&[robs], &[&owner]).fails_with(WrongPayee);
    opened.world.vm.send(&[claims], &[&owner]).succeeds();
    assert_eq!(token::balance(&opened.world.vm, &another), claim.amount);
}

/// Another number, amount, owner, set or page; nodes for leaves; a proof of somebody else, or of nobody.
#[test]
pub(crate) fn what_is_not_in_the_tree_is_not_paid() {
    let mut opened = eight();
    let (claim, proof) = (opened.tree.claims[2], opened.tree.proof(2));
    let to = associated(&mut opened.world, &claim.owner);
    let more = Claim { amount: claim.amount + 1, ..claim };
    let other = Claim { index: claim.index + 1, ..claim };
    let moved = Claim { index: claim.index + CLAIMS_PER_PAGE, ..claim };
    for wrong in [more, other, moved] {
        opened.claim_with(&wrong, &proof, to, 1).fails_with(WrongClaim);
    }
    let of_another = opened.tree.proof(3);
    for wrong in [&proof[1..], &proof[..2], &[], &of_another[..], &[&proof[..], &[[0; 32]]].concat()] {
        opened.claim_with(&claim, wrong, to, 1).fails_with(WrongClaim);
    }
    // the root's own two halves, as if one of them were a leaf
    let halves = &opened.tree.levels[2].clone();
    opened.claim_with(&claim, &halves[..1], to, 1).fails_with(WrongClaim);
    opened.claim_with(&claim, &halves[1..], to, 1).fails_with(WrongClaim);
    // the page of another set is another address
    opened.claim_with(&claim, &proof, to, 0).fails_with(WRONG_SEEDS);
    opened.claim_with(&claim, &proof, to, 2).fails_with(WRONG_SEEDS);
    opened.claim(2).succeeds();
    opened.claim(2).fails_with(AlreadyClaimed);
}

/// A root that says more than its order: who comes first is paid, and nobody out of what is others'.
#[test]
fn claims_together_are_no_more_than_what_was_opened() {
    let mut world = rescued(true);
    let (alice, attacker) = (world.alice.pubkey(), world.attacker.insecure_clone());
    let claims = [
        Claim { index: 0, owner: alice, amount: 600 },
        Claim { index: 1, owner: attacker.pubkey(), amount: FUNDS },
    ];
    let tree = Tree::new(&world.safe_key(), 1, &claims);
    let order = ClaimsOrder { total: 1_000, ..tree.order(&world) };
    let proposal = agree(&mut world, 0, &GuardianAct::OpenClaims(order));
    open(&mut world, proposal, &order).succeeds();
    let mut opened = Opened { owners: vec![world.alice.insecure_clone(), attacker], world, tree };
    opened.claim(1).fails_with(ClaimsAboveSafe);
    opened.claim(0).succeeds();
    assert_eq!((opened.paid(0), opened.world.safe().claims_left), (600, 400));
    assert_eq!(opened.world.safe().kept, FUNDS - 1_000);
}

/// A set that is half claimed gives way to another one: what was left is there for it, and of the former nothing is paid any
/// more. A set of nothing ends claims.
#[test]
fn another_set_takes_the_place_of_the_first() {
    let mut opened = Opened::with(&[(0, FUNDS / 2), (1, FUNDS / 2)]);
    opened.claim(0).succeeds();
    let close = ClaimsOrder { mint: opened.world.us.mint, epoch: 2, root: [0; 32], total: 0 };
    let closing = agree(&mut opened.world, 1, &GuardianAct::OpenClaims(close));
    open(&mut opened.world, closing, &close).succeeds();
    let to = associated(&mut opened.world, &opened.owners[1].pubkey());
    let (claim, proof) = (opened.tree.claims[1], opened.tree.proof(1));
    opened.claim_with(&claim, &proof, to, 2).fails_with(WrongClaim);
    let safe = opened.world.safe();
    assert_eq!((safe.claims_left, safe.kept), (0, FUNDS / 2));
    // those who were not paid, with what they were not paid
    let claims = [Claim { index: 0, ..claim }];
    let tree = Tree::new(&opened.world.safe_key(), 3, &claims);
    let order = tree.order(&opened.world);
    let proposal = agree(&mut opened.world, 2, &GuardianAct::OpenClaims(order));
    open(&mut opened.world, proposal, &order).succeeds();
    let owner = opened.owners[1].insecure_clone();
    let mut opened = Opened { world: opened.world, tree, owners: vec![owner] };
    opened.claim(0).succeeds();
    assert_eq!(opened.world.in_safe(), 0);
    assert!(opened.world.safe().is_empty(opened.world.now()));
    opened.claim(0).fails_with(AlreadyClaimed);
}

/// As many claims as a proof can lead through in one transaction, with a compute budget beside it: two to the 18th.
#[test]
fn a_proof_of_18_steps_fits_in_a_transaction() {
    const PACKET: usize = 1_232;
    let mut world = rescued(true);
    let owner = world.vm.person();
    let index = (1 << 18) - 1;
    let claim = Claim { index, owner: owner.pubkey(), amount: 5 };
    let mut proof: Vec<Hash> = (0..18).map(|height| [height; 32]).collect();
    let leaf = claim_leaf(&world.safe_key(), 1, index, &claim.owner, claim.amount);
    let root = proof.iter().fold(leaf, |node, other| claim_node(&node, other));
    let order = ClaimsOrder { mint: world.us.mint, epoch: 1, root, total: 5 };
    let proposal = agree(&mut world, 0, &GuardianAct::OpenClaims(order));
    open(&mut world, proposal, &order).succeeds();
    let to = associated(&mut world, &claim.owner);
    let us = &world.us;
    let (owner, token_program) = (claim.owner, token::PROGRAM);
    let payout = Payout { market: us.market, mint: us.mint, token_program, owner, owner_signs: false, to };
    let payer = world.attacker.insecure_clone();
    // a limit of units, and a price for one
    let budget =
        |data: &[u8]| Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data: data.to_vec() };
    let size = |proof: &[Hash]| {
        let segment = us.segment(&world.vm);
        let claim = instruction::claim(payer.pubkey(), us.protocol, &payout, (1, index, 5), proof, segment);
        let all = vec![budget(&[2, 0, 0, 4, 0]), budget(&[3, 1, 0, 0, 0, 0, 0, 0, 0]), claim];
        let transaction = Transaction::new_with_payer(&all, Some(&payer.pubkey()));
        // the message, one signature and their count
        (all, transaction.message_data().len() + 64 + 1)
    };
    let (all, bytes) = size(&proof);
    assert!(bytes <= PACKET, "{bytes}");
    proof.push([0; 32]);
    assert!(size(&proof).1 > PACKET);
    world.vm.send(&all, &[&payer]).succeeds();
    assert_eq!(token::balance(&world.vm, &to), 5);
}

#[test]
fn a_safe_that_others_could_spend_from_pays_nobody() {
    let (mut world, claim) = one();
    let (tokens, payer) = (world.safe_tokens(), world.attacker.insecure_clone());
    // a delegate, frozen, a close authority, another owner
    for (at, value) in [(72, 1), (108, 2), (129, 1), (32, 7)] {
        let before = world.vm.account(&tokens).expect("there");
        world.vm.edit(&tokens, |account| account.data[at] = value);
        world.vm.send(std::slice::from_ref(&claim), &[&payer]).fails_with(SafeNotSound);
        world.vm.put(tokens, before);
    }
    world.vm.send(&[claim], &[&payer]).succeeds();
}
