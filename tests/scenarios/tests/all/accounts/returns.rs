//! The accounts by which money comes back, swapped one by one: what begins a release, and each step of it. Whose proposals and
//! signatures begin none is in `releases/refused.rs`.

mod claims;

use firebreak_client::Refusal;
use firebreak_interface::{
    BreakerError::{self, *},
    ID,
    constants::{MIGRATION_WINDOW, RELEASE_STEPS},
    instruction::{self, Migrate, SLOT_HASHES},
    pda,
    state::{Act, ClaimsOrder, GuardianAct, ReleaseOrder, Route, RouteSettings, TOKEN, TOKEN_2022},
};
use firebreak_scenarios::{FUNDS, Setup, World, token};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use super::street::*;
use crate::releases::agree;

/// A vault in the breaker's custody, and its way to safety and back.
#[derive(Clone, Copy)]
struct Way {
    market: Pubkey,
    mint: Pubkey,
    vault: Pubkey,
    limiter: Pubkey,
    route: Pubkey,
    safe: Pubkey,
    tokens: Pubkey,
}

impl Way {
    fn of((market, mint): (Pubkey, Pubkey), (vault, limiter): (Pubkey, Pubkey)) -> Self {
        let (route, safe) = (pda::route(&market, &vault).0, pda::safe(&market, &mint).0);
        Self { market, mint, vault, limiter, route, safe, tokens: pda::safe_tokens(&safe).0 }
    }

    fn keys(&self) -> [Pubkey; 7] {
        [self.market, self.mint, self.vault, self.limiter, self.route, self.safe, self.tokens]
    }

    fn migrate(&self) -> Migrate {
        let Self { market, vault, mint, .. } = *self;
        Migrate { market, vault, owner: None, mint, token_program: TOKEN }
    }

    /// All that this vault had goes back to it.
    fn back(&self) -> ReleaseOrder {
        ReleaseOrder { vault: self.vault, amount: FUNDS, destination: self.vault, owner: self.route }
    }
}

/// Our rescued vault, and what could stand in the place of its own. The safes of the second market and of the neighbour have as
/// much as ours.
struct Returns {
    street: Street,
    ours: Way,
    /// Another vault, rescued to the same safe.
    beside: Way,
    /// A vault of our second market.
    second: Way,
    /// A vault of our market, of another mint.
    minted: Way,
    /// The neighbour's.
    theirs: Way,
}

/// Our world with another of its markets and mints in the place of the first.
fn within<T>(world: &mut World, of: (Pubkey, Pubkey), act: impl FnOnce(&mut World) -> T) -> T {
    let first = (world.us.market, world.us.mint);
    (world.us.market, world.us.mint) = of;
    let done = act(world);
    (world.us.market, world.us.mint) = first;
    done
}

/// One more vault of ours, with its way.
fn guarded(world: &mut World, of: (Pubkey, Pubkey)) -> Way {
    within(world, of, |world| {
        let (us, settings) = (&world.us, Setup::default().limiter);
        let way = Way::of(of, us.guard_vault_in_custody(&mut world.vm, of.0, FUNDS, &settings));
        let has_safe = world.vm.account(&way.safe).is_some();
        let safe = (!has_safe).then(|| us.register_safe(&world.vm));
        let route = us.register_route(&world.vm, way.vault, &RouteSettings::starting());
        let all: Vec<_> = safe.into_iter().chain([route]).collect();
        world.vm.send(&all, &[&us.authority]).succeeds();
        way
    })
}

impl Returns {
    fn new() -> Self {
        let route = Some(RouteSettings::starting());
        let mut world = World::with(|setup| {
            (setup.route, setup.custody) = (route, true);
            (setup.armed, setup.seasoned) = (false, false);
        });
        let us = &world.us;
        let (market, mint) = (us.market, us.mint);
        let ours = Way::of((market, mint), (us.vault, us.limiter));
        let other_market = us.register_market(&mut world.vm, 1, &Setup::default().market);
        let other_mint = token::mint(&mut world.vm, &us.authority, 6);
        let beside = guarded(&mut world, (market, mint));
        let second = guarded(&mut world, (other_market, mint));
        let minted = guarded(&mut world, (market, other_mint));
        let arm = world.us.arm(&world.vm, ours.vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
        world.wait();
        world.order_migration();
        for way in [ours, beside, minted] {
            let us = &world.us;
            let migrate = instruction::migrate(us.protocol, &way.migrate(), us.segment(&world.vm));
            world.send(&[migrate]).succeeds();
        }
        world.vm.advance(MIGRATION_WINDOW);
        let theirs = Setup { route, custody: true, ..Setup::default() };
        let mut street = Street::beside_one(world, theirs);
        let (us, them) = (&street.world.us, &street.neighbour);
        let theirs = Way::of((them.market, them.mint), (them.vault, them.limiter));
        token::issue(&mut street.world.vm, &us.authority, &mint, &second.tokens, 2 * FUNDS);
        token::issue(&mut street.world.vm, &them.authority, &theirs.mint, &theirs.tokens, 2 * FUNDS);
        Self { street, ours, beside, second, minted, theirs }
    }

    /// What is in all accounts of the call, and of whatever stands in their place.
    fn state(&self, good: &Instruction) -> Vec<Option<Vec<u8>>> {
        let mut all = good.clone();
        for way in [self.ours, self.beside, self.second, self.minted, self.theirs] {
            all.accounts.extend(way.keys().map(|key| AccountMeta::new_readonly(key, false)));
        }
        self.street.state(&all)
    }

    /// Refuses these at this place, each by the same error.
    fn refuses_each(
        &mut self,
        good: &Instruction,
        signers: &[&Keypair],
        place: usize,
        swaps: &[Pubkey],
        expected: Refusal,
    ) {
        let swaps: Vec<_> = swaps.iter().map(|swap| (*swap, expected)).collect();
        self.street.refuses(good, signers, place, &swaps);
    }

    /// The same of token accounts and mints, and of what has the right bytes, or some of them, and is none.
    fn refuses_all(
        &mut self,
        good: &Instruction,
        signers: &[&Keypair],
        place: usize,
        swaps: &[Pubkey],
        expected: Refusal,
    ) {
        let all = [&self.street.fakes(good, place)[..], swaps].concat();
        self.refuses_each(good, signers, place, &all, expected);
    }

    /// Refuses several that go together.
    fn refuses_sets(
        &mut self,
        good: &Instruction,
        signers: &[&Keypair],
        sets: &[(&[(usize, Pubkey)], BreakerError)],
    ) {
        for (swaps, expected) in sets {
            let mut bad = good.clone();
            for (place, key) in *swaps {
                bad.accounts[*place].pubkey = *key;
            }
            self.street.world.vm.send(&[bad], signers).fails_with(*expected);
        }
    }

    /// Refuses the authority where it did not sign, and a guardian who signs in its place.
    fn refuses_authorities(&mut self, good: &Instruction, place: usize) {
        let world = &self.street.world;
        let (attacker, guardian) = (world.attacker.insecure_clone(), world.us.guardians[0].insecure_clone());
        let mut unsigned = good.clone();
        unsigned.accounts[place].is_signer = false;
        self.street.world.vm.send(&[unsigned], &[&attacker]).fails_with(NOT_SIGNED);
        self.refuses_each(good, &[&guardian], place, &[guardian.pubkey()], by(NotTheAuthority));
    }

    /// `begin_release` of one of our vaults, with the authority's signature.
    fn begins(&self, proposal: Pubkey, way: &Way, order: &ReleaseOrder) -> Instruction {
        let us = &self.street.world.us;
        let of = (us.protocol, way.market, way.mint);
        let segment = us.segment(&self.street.world.vm);
        instruction::begin_release(proposal, Some(us.authority.pubkey()), of, order, segment)
    }

    /// `open_claims` on one of our safes.
    fn opens(&self, proposal: Pubkey, way: &Way, order: &ClaimsOrder) -> Instruction {
        let us = &self.street.world.us;
        let (key, of) = (us.authority.pubkey(), (us.protocol, way.market));
        instruction::open_claims(proposal, key, of, order, us.segment(&self.street.world.vm))
    }

    /// Our guardians agree on an act in one of our markets.
    fn agree(&mut self, way: &Way, nonce: u64, act: GuardianAct) -> Pubkey {
        within(&mut self.street.world, (way.market, way.mint), |world| agree(world, nonce, &act))
    }

    /// Our authority signs it.
    fn signs(&mut self, act: Instruction) {
        let authority = self.street.world.us.authority.insecure_clone();
        self.street.world.vm.send(&[act], &[&authority]).succeeds();
    }
}

#[test]
fn begin_release() {
    let mut returns = Returns::new();
    let Returns { ours, beside, second, minted, theirs, .. } = returns;
    let us = &returns.street.world.us;
    let (protocol, authority) = (us.protocol, us.authority.insecure_clone());
    let (purse, loot) = (returns.street.world.purse, returns.street.world.loot);
    let their_protocol = returns.street.neighbour.protocol;
    let signers = [&authority];
    let order = ours.back();
    let claims = ClaimsOrder { mint: ours.mint, epoch: 1, root: [1; 32], total: FUNDS };
    let of_claims = returns.agree(&ours, 0, GuardianAct::OpenClaims(claims));
    let of_beside = returns.agree(&ours, 1, GuardianAct::Release(beside.back()));
    let more = ReleaseOrder { amount: 2 * FUNDS, ..order };
    let of_more = returns.agree(&ours, 2, GuardianAct::Release(more));
    let proposal = returns.agree(&ours, 3, GuardianAct::Release(order));
    let good = returns.begins(proposal, &ours, &order);
    let before = returns.state(&good);

    for place in [0, 2, 3, 4, 5] {
        returns.street.refuses_fakes(&good, &signers, place);
    }
    // what guardians approved is of one vault, one amount and one act
    returns.refuses_each(&good, &signers, 0, &[of_claims, of_beside, of_more], by(WrongProposal));
    // with the order that they did approve it is of the other vault's route
    let of_another = [(4, ours.route), (5, ours.safe), (6, ours.tokens)];
    let beside_good = returns.begins(of_beside, &beside, &beside.back());
    returns.refuses_sets(&beside_good, &signers, &[(&of_another, WrongVault)]);
    let mut kept = good.clone();
    kept.accounts[0].is_writable = false;
    returns.street.world.vm.send(&[kept], &signers).fails_with(NOT_WRITABLE);
    returns.refuses_authorities(&good, 1);
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
            (theirs.route, by(WrongMarket)),
            (second.route, by(WrongMarket)),
            (minted.route, by(WrongSafe)),
            (beside.route, by(WrongVault)),
            (ours.safe, WRONG_KIND),
        ],
    );
    returns.refuses_each(&good, &signers, 5, &[theirs.safe, second.safe, minted.safe], by(WrongSafe));
    let strange = [purse, loot, ours.vault, theirs.tokens, second.tokens, minted.tokens];
    returns.refuses_all(&good, &signers, 6, &strange, by(WrongSafe));
    returns.street.refuses_journals(&good, &signers);

    returns.refuses_sets(
        &good,
        &signers,
        &[
            // a safe that has more, with its own tokens
            (&[(5, second.safe), (6, second.tokens)], WrongSafe),
            (&[(4, second.route), (5, second.safe), (6, second.tokens)], WrongMarket),
            (&[(4, minted.route), (5, minted.safe), (6, minted.tokens)], WrongVault),
            // another market, in which nothing was ordered: guardians approved it in ours
            (&[(3, second.market), (4, second.route), (5, second.safe), (6, second.tokens)], WrongProposal),
            (&[(2, their_protocol), (3, theirs.market)], WrongMarket),
            (
                &[
                    (2, their_protocol),
                    (3, theirs.market),
                    (4, theirs.route),
                    (5, theirs.safe),
                    (6, theirs.tokens),
                ],
                WrongProtocol,
            ),
        ],
    );

    assert_eq!(returns.state(&good), before);
    returns.signs(good);
    let release = returns.street.world.route().release;
    assert_eq!((release.left, release.step), (FUNDS, FUNDS / RELEASE_STEPS));
    assert_eq!([release.to, release.owner], [ours.vault, ours.route]);
    assert_eq!(returns.street.world.vm.read::<Route>(&beside.route).release.left, 0);
}

#[test]
fn release() {
    let mut returns = Returns::new();
    let Returns { ours, beside, second, minted, theirs, .. } = returns;
    // three vaults get back what they had; two of them share a safe
    for (nonce, way) in (0..).zip([ours, beside, minted]) {
        let proposal = returns.agree(&way, nonce, GuardianAct::Release(way.back()));
        let begin = returns.begins(proposal, &way, &way.back());
        returns.signs(begin);
    }
    let world = &mut returns.street.world;
    let (attacker, alice) = (world.attacker.insecure_clone(), world.alice.insecure_clone());
    let (purse, loot) = (world.purse, world.loot);
    let signers = [&attacker];
    let (protocol, program) = (world.us.protocol, world.us.program.program);
    let segment = world.us.segment(&world.vm);
    let good = instruction::release(protocol, &ours.migrate(), ours.vault, segment);
    // of the vault's mint and owner, and not the vault
    let sibling = token::account(&mut world.vm, &alice, &ours.mint, &ours.route);
    let his = token::associated(&mut world.vm, &alice, &ours.mint, &attacker.pubkey());
    let nothing = world.vm.key().pubkey();
    let their_protocol = returns.street.neighbour.protocol;
    let before = returns.state(&good);

    for place in 0..5 {
        returns.street.refuses_fakes(&good, &signers, place);
    }
    returns.street.refuses(
        &good,
        &signers,
        0,
        &[(their_protocol, by(WrongProtocol)), (ours.market, WRONG_KIND)],
    );
    returns.street.refuses(
        &good,
        &signers,
        1,
        &[(theirs.market, by(WrongProtocol)), (second.market, by(WrongMarket)), (protocol, WRONG_KIND)],
    );
    returns.street.refuses(
        &good,
        &signers,
        2,
        &[
            (theirs.limiter, by(WrongMarket)),
            (second.limiter, by(WrongMarket)),
            (minted.limiter, by(WrongVault)),
            (beside.limiter, by(WrongVault)),
            (ours.route, WRONG_KIND),
        ],
    );
    returns.street.refuses(
        &good,
        &signers,
        3,
        &[
            (theirs.route, by(WrongMarket)),
            (second.route, by(WrongMarket)),
            (minted.route, by(WrongMint)),
            (beside.route, by(WrongVault)),
            (ours.limiter, WRONG_KIND),
        ],
    );
    returns.refuses_each(&good, &signers, 4, &[theirs.safe, second.safe, minted.safe], by(WrongSafe));
    let strange = [loot, purse, ours.vault, theirs.tokens, second.tokens, minted.tokens];
    returns.refuses_all(&good, &signers, 5, &strange, by(WrongSafe));
    let strange = [
        loot,
        his,
        attacker.pubkey(),
        purse,
        sibling,
        beside.vault,
        second.vault,
        minted.vault,
        theirs.vault,
        ours.tokens,
        nothing,
    ];
    returns.refuses_all(&good, &signers, 6, &strange, by(WrongDestination));
    returns.refuses_all(&good, &signers, 7, &[theirs.mint, minted.mint, ours.vault], by(WrongMint));
    returns.refuses_each(&good, &signers, 8, &[TOKEN_2022, program, ID], by(WrongTokenProgram));
    returns.refuses_each(&good, &signers, 9, &[purse, SLOT_HASHES, nothing], by(WrongCompany));
    returns.street.refuses_journals(&good, &signers);

    returns.refuses_sets(
        &good,
        &signers,
        &[
            // the step of the one vault to the other, with and without the limiter that goes with it
            (&[(2, beside.limiter), (3, beside.route)], WrongDestination),
            (&[(3, beside.route), (6, beside.vault)], WrongVault),
            (&[(2, beside.limiter), (6, beside.vault)], WrongVault),
            // out of another safe
            (&[(4, second.safe), (5, second.tokens)], WrongSafe),
            (&[(3, second.route), (4, second.safe), (5, second.tokens)], WrongMarket),
            (&[(2, second.limiter), (3, second.route), (4, second.safe), (5, second.tokens)], WrongMarket),
            (&[(4, minted.safe), (5, minted.tokens), (7, minted.mint)], WrongMint),
            (&[(3, minted.route), (4, minted.safe), (5, minted.tokens), (7, minted.mint)], WrongVault),
            (
                &[
                    (1, second.market),
                    (2, second.limiter),
                    (3, second.route),
                    (4, second.safe),
                    (5, second.tokens),
                ],
                WrongDestination,
            ),
            (&[(0, their_protocol), (1, theirs.market)], WrongMarket),
            (
                &[
                    (0, their_protocol),
                    (1, theirs.market),
                    (2, theirs.limiter),
                    (3, theirs.route),
                    (4, theirs.safe),
                    (5, theirs.tokens),
                    (7, theirs.mint),
                ],
                WrongDestination,
            ),
        ],
    );

    // all of a market in which nothing was agreed on: to its vault, and to the address that stands for none
    let mut nowhere = good.clone();
    let Way { market, limiter, route, safe, tokens, .. } = second;
    for (account, key) in nowhere.accounts[1..].iter_mut().zip([market, limiter, route, safe, tokens]) {
        account.pubkey = key;
    }
    let none = [(second.vault, by(WrongDestination)), (Pubkey::default(), NOT_WRITABLE)];
    returns.street.refuses(&nowhere, &signers, 6, &none);

    assert_eq!(returns.state(&good), before);
    let world = &mut returns.street.world;
    world.vm.send(&[good], &signers).succeeds();
    let step = FUNDS / RELEASE_STEPS;
    assert_eq!((world.vault(), world.in_safe(), world.loot()), (step, 2 * FUNDS - step, 0));
    assert_eq!((world.route().release.left, world.limiter().expected), (FUNDS - step, step));
    let other: Route = world.vm.read(&beside.route);
    assert_eq!((other.release.left, token::balance(&world.vm, &beside.vault)), (FUNDS, 0));
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.actor, last.subject), (Act::Released, ours.route, ours.vault));
}
