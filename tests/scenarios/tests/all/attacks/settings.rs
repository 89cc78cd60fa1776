//! Settings changed while money leaves, and ways around the wait.

use firebreak_client::Refusal;
use firebreak_interface::{
    BreakerError::*,
    Direction, Instant, Operation,
    constants::*,
    instruction::{self, Governance},
    pda,
    state::{DISCRIMINATOR, Limiter, LimiterSettings, MarketSettings, Proposed, Response, Status},
};
use firebreak_scenarios::{Amending, FUNDS, MINT_CAP, Setup, World, token};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// A world in which only the limit speaks: no pause ends an attack early.
fn unpaused() -> World {
    World::with(|setup| {
        let responses = setup.market.responses.map(|response| Response { closed: 0, ..response });
        setup.market = MarketSettings { responses, ..setup.market };
    })
}

/// The limiter's own latch is lifted by hand: what is ripe need not wait for it.
fn lift(world: &mut World) {
    let key = world.us.limiter;
    let limiter = Limiter { held: [Instant::NEVER; 3], ..world.limiter() };
    world
        .vm
        .edit(&key, |account| account.data[DISCRIMINATOR..].copy_from_slice(bytemuck::bytes_of(&limiter)));
}

/// What the limiter would pay now, all its windows agreeing.
fn left(world: &mut World) -> u64 {
    // an inflow of nothing that arrived: a touch that moves no tokens
    world.record(Direction::In, Operation::DEPOSIT, 1).succeeds();
    world.limiter().net.map(|net| net.available).into_iter().min().unwrap_or(0)
}

/// The attacker takes what is left, and has so much more then.
fn take(world: &mut World) -> u64 {
    let (before, left) = (world.alice(), left(world));
    if left > 0 {
        world.withdraw(left).succeeds();
    }
    world.alice() - before
}

/// Case 6: limits up between two withdrawals. A limit that is doubled was used as much as before, and its other half
/// comes with time.
#[test]
fn a_doubled_limit_refills_nothing_that_was_used() {
    let mut world = unpaused();
    let doubled = world.limiter_scaled(8);
    let proposal = world.propose(&doubled);
    world.wait();
    let first = take(&mut world);
    assert_eq!(first, FUNDS / 10);
    world.execute(proposal, &doubled).fails_with(LatchLive);
    lift(&mut world);
    world.execute(proposal, &doubled).succeeds();
    assert_eq!(take(&mut world), 0, "nothing is paid twice");
    world.withdraw(1).succeeds();
    assert_eq!(world.alice(), FUNDS + first, "and what is asked for is refused");

    let mut world = unpaused();
    let proposal = world.propose(&doubled);
    world.wait();
    take(&mut world);
    lift(&mut world);
    world.execute(proposal, &doubled).succeeds();
    world.vm.advance(360);
    // a tenth of the window at twice the rate of nine tenths of the funds, and nothing for the time before
    let tenth = (FUNDS - FUNDS / 10) / 5 / 10;
    let refilled = left(&mut world);
    assert!(refilled <= tenth && refilled > tenth / 2, "{refilled} came back, {tenth} may");
}

/// Case 6: limits down and up again, as often as proposals wait, in one slot: the thief of the authority's key prepared the
/// way back eight times.
#[test]
fn a_limit_that_goes_down_and_up_again_pays_once() {
    for part in [1, 2, 5] {
        let mut world = unpaused();
        let undo = world.limiter_scaled(4);
        let tighter = world.limiter_scaled(1);
        // before there is something to undo, an undoing is for nothing
        let early = world.propose(&undo);
        world.amend(&tighter).succeeds();
        let proposals: Vec<Pubkey> = (1..PENDING_PROPOSALS).map(|_| world.propose(&undo)).collect();
        world.wait();
        let may = left(&mut world);
        world.execute(early, &undo).fails_with(ProposalVoid);
        let mut taken = 0;
        for (i, proposal) in proposals.into_iter().enumerate() {
            let (before, some) = (world.alice(), left(&mut world) / part);
            if some > 0 {
                world.withdraw(some).succeeds();
            }
            taken += world.alice() - before;
            if i == 0 {
                world.execute(proposal, &undo).succeeds();
                assert_eq!(world.limiter().settings, Setup::default().limiter);
                world.amend(&tighter).succeeds();
            } else {
                // what was proposed before the first way back is no way back from the second way down
                world.execute(proposal, &undo).fails_with(ProposalVoid);
            }
        }
        taken += take(&mut world);
        assert!(taken <= may && taken > 0, "{taken} left, {may} may");
    }
}

/// Case 6: the window is changed between two withdrawals. Whoever takes all there is, whenever he can, gets no more in any
/// window than the larger of the two bounds.
#[test]
fn another_window_is_no_new_window() {
    for seconds in [1_800, 7_200] {
        let mut world = unpaused();
        let before = world.limiter().bound(FUNDS).expect("no overflow");
        let other = world.limiter_with(|settings| {
            settings.windows[0].seconds = seconds;
            settings.elastic_seconds = settings.elastic_seconds.min(seconds / ELASTIC_WINDOW_SHARE);
        });
        let proposal = world.propose(&other);
        world.wait();
        let mut paid = Vec::new();
        for step in 0..3 * HOUR / 100 {
            if step == 9 {
                lift(&mut world);
                world.execute(proposal, &other).succeeds();
                assert_eq!(left(&mut world), 0, "what was used stays used");
            }
            paid.push((world.now().unix, take(&mut world)));
            world.vm.advance(100);
        }
        let bound = before.max(world.limiter().bound(FUNDS).expect("no overflow"));
        let window = i64::from(seconds.min(3_600));
        for (start, _) in &paid {
            let within = paid.iter().filter(|(at, _)| (*start..start + window).contains(at));
            let sum: u64 = within.map(|(_, amount)| amount).sum();
            assert!(sum <= bound, "{sum} left in {window} seconds, {bound} may");
        }
        assert!(paid.iter().map(|(_, amount)| amount).sum::<u64>() > FUNDS / 10, "the limit refills");
    }
}

/// Case 6: a limiter in shadow counts, so that one that is armed again has no fresh limit.
#[test]
fn a_limiter_that_was_in_shadow_has_no_fresh_limit() {
    let mut world = unpaused();
    let disarm = world.disarming(world.us.limiter);
    world.pass(&disarm);
    let used = take(&mut world);
    assert_eq!(used, FUNDS / 10);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    assert_eq!(take(&mut world), 0);
}

/// Case 6: a vault has one limiter for ever, whatever is proposed and however long it waits.
#[test]
fn no_proposal_makes_a_second_limiter_for_a_vault() {
    let mut world = World::default();
    let (market, vault) = (world.us.market, world.us.vault);
    let settings = LimiterSettings { soft_bps: 9_999, ..Setup::default().limiter };
    let again = world.us.register_limiter(&world.vm, market, vault, &settings);
    let proposed = Proposed::RegisterLimiter { settings, mint_cap: MINT_CAP };
    let proposal = world.propose_act(&proposed, &[market, vault]);
    world.wait();
    take(&mut world);
    let before = world.vm.account(&world.us.limiter);
    let registered = world.register_by(proposal, &again);
    // the runtime gives an address to nobody twice
    registered.fails_as(&InstructionError::Custom(0));
    assert_eq!(world.vm.account(&world.us.limiter), before);
    assert_eq!(take(&mut world), 0);
}

/// Case 6: no window and no limit is ever off, neither at once nor after any wait.
#[test]
fn no_amendment_turns_a_limit_off() {
    let mut world = World::default();
    let break_it: [fn(&mut LimiterSettings); 9] = [
        |settings| settings.windows[0].seconds = 0,
        |settings| settings.windows[0].seconds = u32::MAX,
        |settings| settings.windows[1].seconds = 0,
        |settings| settings.windows[0].rate_bps = u32::MAX,
        |settings| settings.elastic_seconds = 0,
        |settings| settings.elastic_bps = u32::MAX,
        |settings| settings.gross_seconds = 0,
        |settings| settings.undeclared_seconds = 0,
        |settings| settings.bootstrap_cap = u64::MAX,
    ];
    for change in break_it {
        let change = world.limiter_with(change);
        world.amend(&change).fails_with(LimiterSettingOutOfBounds);
        world.proposes(&change.proposed(), &[change.subject]).fails_with(LimiterSettingOutOfBounds);
    }
}

/// Case 11: a delay that is shortened shortens nothing that waits already, and what is proposed under the shorter one is
/// ripe no sooner than the longer one would have been.
#[test]
fn a_shorter_delay_is_no_shorter_way() {
    let mut world = World::default();
    let start = world.now();
    let longest = start.plus(LOOSENING_DELAY_DEFAULT.into());
    let (shorter, looser) = (world.delay_of(LOOSENING_DELAY_MIN), world.limiter_scaled(5));
    let shortening = world.propose(&shorter);
    world.amend(&shorter).fails_with(LooseningWaits);
    world.vm.advance(u64::from(LOOSENING_DELAY_DEFAULT) / 2);
    let waiting = world.propose(&looser);
    world.vm.set_clock(longest.slot, longest.unix);
    world.execute(shortening, &shorter).succeeds();
    assert_eq!(world.protocol().loosening_delay, LOOSENING_DELAY_MIN);
    // half of its own delay is over, which is all of the shorter one
    world.execute(waiting, &looser).fails_with(ProposalNotRipe);
    let quicker = world.propose(&looser);
    world.execute(quicker, &looser).fails_with(ProposalNotRipe);
    let ripe = world.proposal(&quicker).ripe_at;
    assert_eq!(ripe.unix, world.proposal(&waiting).ripe_at.unix, "nothing was gained");
    let below = world.delay_of(LOOSENING_DELAY_MIN - 1);
    world.proposes(&below.proposed(), &[below.subject]).fails_with(DelayOutOfBounds);
    world.amend(&below).fails_with(DelayOutOfBounds);
    world.vm.set_clock(ripe.slot, ripe.unix);
    world.execute(quicker, &looser).succeeds();
}

/// Case 11: the same gain by other instructions. Each waits as long, or is refused for ever.
#[test]
fn the_same_thing_through_another_instruction_waits_as_long() {
    let mut world = World::default();
    let authority = world.us.authority.insecure_clone();
    let us = &world.us;
    let loose = LimiterSettings { soft_bps: 9_999, ..Setup::default().limiter };
    let open = MarketSettings { critical_closes_exits: false, ..Setup::default().market };
    let fresh = token::account(&mut world.vm, &authority, &us.mint, &us.program.owner);
    let (us, vm) = (&world.us, &world.vm);
    // a looser limiter beside it, or a market that closes less
    for registration in [us.register_limiter(vm, us.market, fresh, &loose), us.create_market(vm, 1, &open)] {
        world.vm.send(&[registration], &[&authority]).fails_with(RegistrationClosed);
    }
    // a limiter that measures anew, is in shadow, or answers to nobody
    let ways = [
        world.accepting_loss(1),
        world.disarming(world.us.limiter),
        world.detaching(&[world.us.market], &[world.us.limiter]),
        world.moving_to(world.attacker.pubkey()),
    ];
    for way in &ways {
        world.amend(way).fails_with(LooseningWaits);
    }
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&authority]).fails_with(AlreadyArmed);
    // to propose it as another act, or of another account, is not to have proposed it
    let proposals = ways.each_ref().map(|way| world.propose(way));
    world.wait();
    let looser = world.limiter_scaled(5);
    for proposal in proposals {
        let executed = world.execute(proposal, &looser);
        if world.proposal(&proposal).ripe_at.reached(world.now()) {
            executed.fails_with(WrongProposal);
        } else {
            executed.fails_with(ProposalNotRipe);
        }
    }
}

/// Case 11: a disarming is proposed in shadow, where nobody minds it, to be executed once the limiter is armed.
#[test]
fn what_was_proposed_of_a_rule_in_shadow_is_void_once_it_is_armed() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let disarm = world.disarming(world.us.limiter);
    let proposal = world.propose(&disarm);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    world.wait();
    world.execute(proposal, &disarm).fails_with(ProposalVoid);
    assert_eq!(world.limiter().armed, 1);
}

/// Case 11: the authority moves away and back, and what it proposed in its old term comes back with it.
#[test]
fn an_authority_that_comes_back_finds_nothing_of_its_old_term() {
    let mut world = World::default();
    let (heir, old) = (world.vm.person(), world.us.authority.insecure_clone());
    let looser = world.limiter_scaled(5);
    let away = world.moving_to(heir.pubkey());
    let back = world.moving_to(old.pubkey());
    let moving = world.propose(&away);
    // ripe when it is back
    world.vm.advance(DAY);
    let loosening = world.propose(&looser);
    for (change, to) in [(&away, &heir), (&back, &old)] {
        let proposal = if to.pubkey() == old.pubkey() { world.propose(change) } else { moving };
        world.wait();
        let accept = Governance::Accepted { proposal, authority: to.pubkey() };
        let accept = world.us.amend(&world.vm, accept, change);
        world.vm.send(&[accept], &[to]).succeeds();
        world.us.authority = to.insecure_clone();
    }
    assert_eq!(world.protocol().authority, old.pubkey());
    world.execute(loosening, &looser).fails_with(ProposalVoid);
    world.cancel(loosening, false).succeeds();
}

/// Case 11: close and create again. A proposal keeps its address for ever, whatever became of it, and waits anew under another.
#[test]
fn no_proposal_comes_back_under_its_old_number() {
    let mut world = World::default();
    let looser = world.limiter_scaled(5);
    let (executed, cancelled) = (world.propose(&looser), world.propose(&looser));
    world.cancel(cancelled, true).succeeds();
    world.wait();
    world.execute(executed, &looser).succeeds();
    for (nonce, (proposal, status)) in
        [(executed, Status::Executed), (cancelled, Status::Cancelled)].into_iter().enumerate()
    {
        assert_eq!(world.proposal(&proposal).status(), Some(status));
        let again = {
            let (us, key) = (&world.us, world.us.authority.pubkey());
            let bound = [looser.subject];
            let proposed = looser.proposed();
            instruction::propose(
                key,
                key,
                us.protocol,
                nonce as u64,
                (&proposed, &bound),
                us.segment(&world.vm),
            )
        };
        assert_eq!(again.accounts[3].pubkey, proposal);
        // the address is derived from the next number, and no other
        world.vm.send(&[again], &[&world.us.authority]).fails_with(Refusal::Anchor(2006));
        world.execute(proposal, &looser).fails_with(ProposalFinished);
    }
    let third = world.propose(&looser);
    assert_eq!(third, pda::proposal(&world.us.protocol, 2).0);
    world.execute(third, &looser).fails_with(ProposalNotRipe);
}

/// Case 11: a clock that ran ahead, or goes back, ripens nothing and revives nothing.
#[test]
fn no_moved_clock_ripens_a_proposal() {
    let mut world = World::default();
    let looser = world.limiter_scaled(5);
    let proposal = world.propose(&looser);
    let (proposed, ripe) = (world.now(), world.proposal(&proposal).ripe_at);
    for (slot, unix) in [
        (ripe.slot, proposed.unix),
        (proposed.slot, ripe.unix),
        (u64::MAX, ripe.unix - 1),
        (ripe.slot - 1, i64::MAX),
        (proposed.slot - 1, proposed.unix - 1),
        (0, 0),
    ] {
        world.vm.set_clock(slot, unix);
        world.execute(proposal, &looser).fails_with(ProposalNotRipe);
    }
    // one that expired stays so for whoever set the clocks right
    let expires = world.proposal(&proposal).expires_at;
    world.vm.set_clock(expires.slot, expires.unix);
    world.execute(proposal, &looser).fails_with(ProposalExpired);
    world.cancel(proposal, false).succeeds();
    world.vm.set_clock(ripe.slot, ripe.unix);
    world.execute(proposal, &looser).fails_with(ProposalFinished);
    let elsewhere = Amending { subject: world.us.market, ..looser };
    world.execute(proposal, &elsewhere).fails_with(ProposalFinished);
}
