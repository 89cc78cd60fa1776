//! Safes and routes are registered before an incident or not at all: by whom, with what, and how long that waits.

use firebreak_interface::{
    BreakerError::*,
    Severity,
    constants::{DAY, HOLD_MAX, HOLD_MIN},
    instruction::{self, Governance},
    pda,
    state::{Proposed, RouteSettings, TOKEN, TOKEN_2022},
};
use firebreak_scenarios::{World, token};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use super::{escort, halted};

/// System's error: an account that is there is not created.
const ALREADY_IN_USE: u32 = 0;

#[test]
pub(crate) fn a_route_is_made_and_changed_before_an_incident_or_not_at_all() {
    // before the first limiter is armed the authority alone; in an incident not even then
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let safe = world.us.register_safe(&world.vm);
    let authority = world.us.authority.insecure_clone();
    world.vm.send(&[safe], &[&authority]).succeeds();
    let register = |world: &World, settings| world.us.register_route(&world.vm, world.us.vault, &settings);
    let starting = RouteSettings::starting();
    let pause = world.order(3_600);
    world.pause(0, &pause).succeeds();
    let route = register(&world, starting);
    world.vm.send(&[route], &[&authority]).fails_with(RouteInIncident);
    world.vm.advance(DAY);
    let route = register(&world, starting);
    world.vm.send(&[route], &[&authority]).succeeds();
    assert_eq!((world.route().epoch, world.limiter().holds), (1, 0));
    let route = register(&world, RouteSettings { holds: 2, ..starting });
    world.vm.send(&[route], &[&authority]).succeeds();
    assert_eq!((world.route().epoch, world.limiter().holds), (2, 2));

    for settings in [
        RouteSettings { hold_seconds: 0, ..starting },
        RouteSettings { hold_seconds: HOLD_MIN - 1, ..starting },
        RouteSettings { hold_seconds: HOLD_MAX + 1, ..starting },
        RouteSettings { holds: 3, ..starting },
        RouteSettings { by_anyone: 2, ..starting },
    ] {
        let route = register(&world, settings);
        world.vm.send(&[route], &[&authority]).fails_with(RouteSettingOutOfBounds);
    }
    let vault = world.us.vault;
    for destination in [vault, world.us.limiter] {
        let route = register(&world, RouteSettings { destination, ..starting });
        world.vm.send(&[route], &[&authority]).fails_with(WrongDestination);
    }
    let mut other = register(&world, RouteSettings { destination: world.purse, ..starting });
    other.accounts[10].pubkey = world.loot;
    world.vm.send(&[other], &[&authority]).fails_with(WrongDestination);
    let thief = world.attacker.insecure_clone();
    let mut stranger = register(&world, starting);
    for account in &mut stranger.accounts[..2] {
        account.pubkey = thief.pubkey();
    }
    world.vm.send(&[stranger], &[&thief]).fails_with(NotTheAuthority);
}

#[test]
fn from_the_first_armed_limiter_on_a_route_waits_and_is_refused_in_an_incident() {
    let mut world = escort();
    let authority = world.us.authority.insecure_clone();
    let settings = RouteSettings { by_anyone: 1, ..RouteSettings::starting() };
    let route = world.us.register_route(&world.vm, world.us.vault, &settings);
    world.vm.send(&[route], &[&authority]).fails_with(RegistrationClosed);
    let bound = [world.us.market, world.us.vault];
    let proposal = world.propose_act(&Proposed::RegisterRoute(settings), &bound);
    let (protocol, of) = (world.us.protocol, (world.us.vault, world.us.mint));
    let execute = |world: &World, settings: &RouteSettings| {
        instruction::register_route(
            world.alice.pubkey(),
            Governance::Proposal(proposal),
            (protocol, world.us.market),
            of,
            settings,
            world.us.segment(&world.vm),
        )
    };
    let early = execute(&world, &settings);
    world.send(&[early]).fails_with(ProposalNotRipe);
    world.wait();
    let pause = world.order(3_600);
    world.pause(0, &pause).succeeds();
    let now = execute(&world, &settings);
    world.send(&[now]).fails_with(RouteInIncident);
    world.vm.advance(DAY);
    let other = execute(&world, &RouteSettings { holds: 1, ..settings });
    world.send(&[other]).fails_with(WrongProposal);
    let now = execute(&world, &settings);
    world.send(&[now]).succeeds();
    assert_eq!(world.route().settings, settings);
}

#[test]
fn a_safe_is_of_its_mint_and_of_that_mints_program() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let authority = world.us.authority.insecure_clone();
    let mut foreign = world.us.register_safe(&world.vm);
    foreign.accounts[8].pubkey = TOKEN_2022;
    world.vm.send(&[foreign], &[&authority]).fails_with(WrongTokenProgram);
    let (key, of, vault) = (authority.pubkey(), (world.us.protocol, world.us.market), world.us.vault);
    let no_mint = instruction::register_safe(key, key, of, (vault, TOKEN), world.us.segment(&world.vm));
    world.vm.send(&[no_mint], &[&authority]).fails_with(MintNotGuardable);
    let safe = world.us.register_safe(&world.vm);
    world.vm.send(std::slice::from_ref(&safe), &[&authority]).succeeds();
    assert_eq!((world.safe().tokens, world.safe().token_program), (world.safe_tokens(), TOKEN));
    assert_eq!(world.protocol().safes, 1);
    world.vm.send(&[safe], &[&authority]).fails_as(&InstructionError::Custom(ALREADY_IN_USE));
}

/// A world whose vault has a safe and no route yet, in which nothing is armed.
fn with_a_safe() -> World {
    let mut world = World::with(|setup| setup.armed = false);
    let safe = world.us.register_safe(&world.vm);
    world.vm.send(&[safe], &[&world.us.authority]).succeeds();
    world
}

/// What is still missing there, a safe of a second mint and the vault's route, and what a proposal of each binds.
fn additions(world: &mut World) -> [(Instruction, Proposed, [Pubkey; 2]); 2] {
    let authority = world.us.authority.insecure_clone();
    let second = token::mint(&mut world.vm, &authority, 6);
    let (us, key, settings) = (&world.us, authority.pubkey(), RouteSettings::starting());
    let of = ((us.protocol, us.market), (second, TOKEN));
    let safe = instruction::register_safe(key, key, of.0, of.1, us.segment(&world.vm));
    let route = us.register_route(&world.vm, us.vault, &settings);
    [
        (safe, Proposed::RegisterSafe, [us.market, second]),
        (route, Proposed::RegisterRoute(settings), [us.market, us.vault]),
    ]
}

/// Whether what these would create is there.
fn are_there(world: &World, additions: &[(Instruction, Proposed, [Pubkey; 2]); 2]) -> [bool; 2] {
    let safe = pda::safe(&world.us.market, &additions[0].2[1]).0;
    [safe, world.route_key()].map(|key| world.vm.account(&key).is_some())
}

/// What befalls a market: how, and at which severity it is then.
type Incident = (fn(&mut World), Severity);

const RAISE: Incident = (|world| drop(world.raise(0, 3_600).succeeds()), Severity::Minor);
const PAUSE: Incident = (
    |world| {
        let pause = world.order(3_600);
        world.pause(0, &pause).succeeds();
    },
    Severity::Major,
);
const PAUSE_OF_ALL: Incident = (
    |world| {
        let pause = world.order(3_600);
        world.pause_all(0, &pause).succeeds();
    },
    Severity::Major,
);
const HALT: Incident = (halted, Severity::Critical);

/// Before the first limiter is armed the authority's signature is enough, but not in an incident.
#[test]
fn the_authority_adds_none_to_a_market_above_minor() {
    for (befalls, severity) in [RAISE, PAUSE, PAUSE_OF_ALL] {
        let mut world = with_a_safe();
        let additions = additions(&mut world);
        befalls(&mut world);
        assert_eq!(world.severity(), severity);
        let authority = world.us.authority.insecure_clone();
        if severity > Severity::Minor {
            for (addition, ..) in &additions {
                world.vm.send(std::slice::from_ref(addition), &[&authority]).fails_with(RouteInIncident);
            }
            assert_eq!((are_there(&world, &additions), world.protocol().safes), ([false; 2], 1));
            world.vm.advance(DAY);
            assert_eq!(world.severity(), Severity::Normal);
        }
        for (addition, ..) in &additions {
            world.vm.send(std::slice::from_ref(addition), &[&authority]).succeeds();
        }
        assert_eq!((are_there(&world, &additions), world.protocol().safes), ([true; 2], 2));
    }
}

/// Nor does a proposal that was ripe when it began: who stole the key could have made it long before. It is not used up by
/// that, and is executed when the incident is over.
#[test]
fn a_proposal_that_was_ripe_before_adds_none_to_a_market_above_minor() {
    for (befalls, severity) in [RAISE, PAUSE, PAUSE_OF_ALL, HALT] {
        let mut world = with_a_safe();
        let arm = world.us.arm(&world.vm, world.us.vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
        let additions = additions(&mut world);
        let proposals = additions.each_ref().map(|(_, proposed, bound)| world.propose_act(proposed, bound));
        world.wait();
        for proposal in &proposals {
            assert!(world.proposal(proposal).ripe_at.reached(world.now()), "ripe before the incident");
        }
        befalls(&mut world);
        assert_eq!(world.severity(), severity);
        if severity > Severity::Minor {
            for (proposal, (addition, ..)) in proposals.iter().zip(&additions) {
                world.register_by(*proposal, addition).fails_with(RouteInIncident);
            }
            assert_eq!((are_there(&world, &additions), world.protocol().safes), ([false; 2], 1));
            world.vm.advance(3 * DAY);
            assert_eq!(world.severity(), Severity::Normal);
        }
        for (proposal, (addition, ..)) in proposals.iter().zip(&additions) {
            world.register_by(*proposal, addition).succeeds();
        }
        assert_eq!((are_there(&world, &additions), world.protocol().safes), ([true; 2], 2));
    }
}
