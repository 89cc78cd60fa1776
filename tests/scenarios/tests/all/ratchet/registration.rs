//! Registrations once a limiter was armed: each waits, and is bound to what was read in its proposal.

use firebreak_interface::{
    BreakerError::*,
    instruction::{self, NewInvariant, NewLimiter},
    pda,
    state::{CoverageRow, InvariantSettings, KeeperSettings, Proposed, Reading, RouteSettings, TOKEN},
};
use firebreak_scenarios::{
    Banded, Governed, MINT_CAP, Setup,
    balanced::{LEDGER, OWED, once},
    banded::{FIRST, HUNDRED, SECOND},
    token,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// A registration of each kind, as the authority signs it, and as it is proposed. The route is to the safe before it.
pub(super) fn registrations(governed: &mut Governed) -> Vec<(Instruction, Proposed, Vec<Pubkey>)> {
    let world = &mut governed.world;
    let us = &world.us;
    let (setup, key) = (Setup::default(), us.authority.pubkey());
    let vault = token::account(&mut world.vm, &us.authority, &us.mint, &us.program.owner);
    let keeper = KeeperSettings { key: world.vm.key().pubkey(), ..setup.keepers[0] };
    let rows = vec![CoverageRow { instruction: [1; 8], operations: 1 }];
    let band = firebreak_interface::state::BandSettings::starting(FIRST, SECOND);
    let sides = [Reading::TokenBalance, OWED].map(|reading| vec![once(reading)]);
    let [left, right] = sides;
    let invariant = InvariantSettings { left, right, ratio_bps: [10_000, 9_900, 9_500] };
    let terms = [us.vault, LEDGER];
    let new = NewInvariant { market: us.market, index: 1, settings: &invariant, terms: &terms };
    let route = RouteSettings::starting();
    let (vm, segment) = (&world.vm, us.segment(&world.vm));
    let limiter = Proposed::RegisterLimiter { settings: setup.limiter, mint_cap: MINT_CAP };
    vec![
        (
            us.create_market(vm, 1, &setup.market),
            Proposed::CreateMarket { id: 1, settings: setup.market },
            vec![],
        ),
        (us.register_limiter(vm, us.market, vault, &setup.limiter), limiter, vec![us.market, vault]),
        (us.register_keeper(vm, &keeper), Proposed::RegisterKeeper(keeper), vec![]),
        (us.register_coverage(vm, &rows), Proposed::RegisterCoverage(rows), vec![]),
        (
            instruction::register_band(key, key, us.protocol, us.market, 1, &band, segment),
            Proposed::RegisterBand { index: 1, settings: band },
            vec![us.market],
        ),
        (
            instruction::register_invariant(key, key, us.protocol, &new, segment),
            Proposed::RegisterInvariant { index: 1, settings: invariant.clone() },
            vec![us.market, us.vault, LEDGER],
        ),
        (us.register_safe(vm), Proposed::RegisterSafe, vec![us.market, us.mint]),
        (us.register_route(vm, us.vault, &route), Proposed::RegisterRoute(route), vec![us.market, us.vault]),
    ]
}

#[test]
fn every_registration_waits_once_a_limiter_was_armed() {
    let mut governed = Governed::default();
    for (registration, proposed, bound) in registrations(&mut governed) {
        let signed = [&governed.world.us.authority];
        governed.world.vm.send(std::slice::from_ref(&registration), &signed).fails_with(RegistrationClosed);
        for wrong in [&[Pubkey::default()][..], &[], &[Pubkey::default(); 2]] {
            if wrong.len() != bound.len() {
                governed.world.proposes(&proposed, wrong).fails_with(WrongProposal);
            }
        }
        let proposal = governed.world.propose_act(&proposed, &bound);
        governed.world.register_by(proposal, &registration).fails_with(ProposalNotRipe);
        governed.world.wait();
        // a band begins with prices that can be used
        let mut banded = Banded::around(governed.world, governed.band);
        banded.post_both(HUNDRED);
        governed.world = banded.world;
        governed.world.register_by(proposal, &registration).succeeds();
        governed.world.register_by(proposal, &registration).fails_with(ProposalFinished);
        let last = *governed.world.told().last().expect("told");
        assert_eq!(last.actor, proposal, "the journal says by which proposal");
    }
    assert_eq!((governed.world.protocol().markets, governed.world.protocol().safes), (2, 1));
    assert_eq!(governed.world.route().safe, governed.world.safe_key());
    governed.world.verify_journal(&governed.world.told()).expect("sound");
}

/// What was read in the proposal is what is registered, whoever brings the accounts.
#[test]
fn a_registration_is_bound_to_its_market_its_vault_and_its_terms() {
    let mut governed = Governed::default();
    let second = governed.world.us.create_market(&governed.world.vm, 1, &Setup::default().market);
    let proposed = Proposed::CreateMarket { id: 1, settings: Setup::default().market };
    let proposal = governed.world.propose_act(&proposed, &[]);
    governed.world.wait();
    // another number is another market
    let third = governed.world.us.create_market(&governed.world.vm, 2, &Setup::default().market);
    governed.world.register_by(proposal, &third).fails_with(WrongProposal);
    governed.world.register_by(proposal, &second).succeeds();
    let second = governed.world.us.program.addresses.market(1);

    let registrations = registrations(&mut governed);
    let world = &mut governed.world;
    let us = &world.us;
    let (setup, key) = (Setup::default(), us.authority.pubkey());
    let other_vault = token::account(&mut world.vm, &us.authority, &us.mint, &us.program.owner);
    let (_, proposed, bound) = &registrations[1];
    let limiter = world.propose_act(proposed, bound);
    let (_, proposed, bound) = &registrations[5];
    let invariant = world.propose_act(proposed, bound);
    let Proposed::RegisterInvariant { settings, .. } = proposed else { panic!("the sixth registers one") };
    world.wait();
    let us = &world.us;
    let (vm, segment, vault) = (&world.vm, us.segment(&world.vm), registrations[1].2[1]);
    let new = NewLimiter {
        market: us.market,
        vault,
        mint: us.mint,
        mint_cap: MINT_CAP + 1,
        settings: &setup.limiter,
    };
    let others = [
        us.register_limiter(vm, second, vault, &setup.limiter),
        us.register_limiter(vm, us.market, other_vault, &setup.limiter),
        instruction::register_limiter(key, key, us.protocol, &new, segment),
    ];
    for other in others {
        world.register_by(limiter, &other).fails_with(WrongProposal);
    }
    world.register_by(limiter, &registrations[1].0).succeeds();
    let (us, segment) = (&world.us, world.us.segment(&world.vm));
    let terms = [[us.vault, LEDGER], [world.purse, LEDGER], [us.vault, world.purse]];
    for (market, terms) in [(second, terms[0]), (us.market, terms[1]), (us.market, terms[2])] {
        let new = NewInvariant { market, index: 1, settings, terms: &terms };
        let other = instruction::register_invariant(key, key, world.us.protocol, &new, segment);
        world.register_by(invariant, &other).fails_with(WrongProposal);
    }
    world.register_by(invariant, &registrations[5].0).succeeds();
}

/// Where a vault's money goes is read before: another mint's safe or another vault's route is not what waited.
#[test]
fn a_registration_is_bound_to_its_mint_and_to_the_vault_that_it_leads_away_from() {
    let mut governed = Governed::default();
    let second = governed.world.us.create_market(&governed.world.vm, 1, &Setup::default().market);
    let of_second = Proposed::CreateMarket { id: 1, settings: Setup::default().market };
    let registrations = registrations(&mut governed);
    let world = &mut governed.world;
    let other_mint = token::mint(&mut world.vm, &world.us.authority, 6);
    let market = world.propose_act(&of_second, &[]);
    let [limiter, safe, route] = [1, 6, 7].map(|place: usize| {
        let (_, proposed, bound) = &registrations[place];
        world.propose_act(proposed, bound)
    });
    world.wait();
    world.register_by(market, &second).succeeds();
    world.register_by(limiter, &registrations[1].0).succeeds();
    let (us, key, segment) = (&world.us, world.us.authority.pubkey(), world.us.segment(&world.vm));
    let second = us.program.addresses.market(1);
    let safe_of =
        |market, mint| instruction::register_safe(key, key, (us.protocol, market), (mint, TOKEN), segment);
    for other in [safe_of(us.market, other_mint), safe_of(second, us.mint)] {
        world.register_by(safe, &other).fails_with(WrongProposal);
    }
    world.register_by(safe, &registrations[6].0).succeeds();

    let us = &world.us;
    let (other_vault, settings) = (registrations[1].2[1], RouteSettings::starting());
    let others = [
        us.register_route(&world.vm, other_vault, &settings),
        us.register_route(&world.vm, us.vault, &RouteSettings { by_anyone: 1, ..settings }),
        // a safe's proposal is none of a route
        registrations[6].0.clone(),
    ];
    for other in &others {
        world.register_by(route, other).fails_with(WrongProposal);
    }
    assert!(world.vm.account(&pda::route(&world.us.market, &other_vault).0).is_none());
    world.register_by(route, &registrations[7].0).succeeds();
    assert_eq!(world.route().vault, world.us.vault);
}
