//! The authority's key in the hands of a thief: to take money, and to take hostages.

use firebreak_interface::{
    BreakerError::*,
    Direction, Operation, Operations, Severity, Verdict,
    constants::*,
    instruction::{self, Governance, INSTRUCTIONS},
    state::{Amendment, Invariant, Limiter, LimiterSettings, Proposed},
};
use firebreak_probe::Depth;
use firebreak_scenarios::{Amending, FUNDS, Flow, Governed, MINT_CAP, Setup, World, token};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Layers that stand between the key and the money, in the order in which they fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Everything: what the thief proposed waits.
    Delay,
    /// Nobody looked for a whole delay: what he listed is registered, under the cap that its mint shares.
    Cap,
    /// Nor for as long again: what he listed is seasoned, and the limits are what he made of them.
    Limits,
    /// Nor as long again: the limiters are in shadow.
    Nothing,
}

/// What the thief has to work with: two vaults of old, and three that he listed, rich already.
struct Heist {
    world: World,
    old: Vec<Flow>,
    listed: Vec<Flow>,
}

/// What a listed vault holds.
const LISTED: u64 = 100 * FUNDS;

impl Heist {
    fn new() -> Self {
        let mut world = World::with(|setup| setup.armed = false);
        let us = &world.us;
        let (second, _) = us.guard_vault(&mut world.vm, us.market, FUNDS, &Setup::default().limiter);
        let first = us.flow(Direction::Out, Operation::WITHDRAW, 1);
        let old = vec![first, Flow { vault: second, ..first }];
        for flow in &old {
            let arm = us.arm(&world.vm, flow.vault);
            world.vm.send(&[arm], &[&us.authority]).succeeds();
        }
        world.vm.advance(SEASONED_AFTER);
        let listed = (0..3).map(|_| {
            let us = &world.us;
            let vault = token::account(&mut world.vm, &us.authority, &us.mint, &us.program.owner);
            token::issue(&mut world.vm, &us.authority, &us.mint, &vault, LISTED);
            Flow { vault, ..first }
        });
        let listed = listed.collect();
        Self { world, old, listed }
    }

    fn limiter(&self, flow: &Flow) -> Option<Limiter> {
        let key = self.world.us.program.addresses.limiter(&flow.vault);
        self.world.vm.account(&key).map(|_| self.world.vm.read(&key))
    }

    /// A change of the limiter of one of the old vaults.
    fn change(&self, flow: &Flow, amendment: Amendment) -> Amending {
        let subject = self.world.us.program.addresses.limiter(&flow.vault);
        Amending { subject, amendment, rest: vec![INSTRUCTIONS, flow.vault] }
    }

    fn loosened(&self, flow: &Flow) -> Amending {
        let mut settings = self.limiter(flow).expect("an old vault").settings;
        for window in &mut settings.windows {
            window.rate_bps *= 2;
        }
        self.change(flow, Amendment::Limiter(settings))
    }

    /// The thief proposes all of it in the first hour, and executes what has waited until this layer stood alone.
    fn prepare(&mut self, standing: Standing) {
        let (market, settings) = (self.world.us.market, Setup::default().limiter);
        let listing = Proposed::RegisterLimiter { settings, mint_cap: MINT_CAP };
        let listings: Vec<Pubkey> = self
            .listed
            .clone()
            .iter()
            .map(|flow| self.world.propose_act(&listing, &[market, flow.vault]))
            .collect();
        let looser: Vec<Amending> = self.old.iter().map(|flow| self.loosened(flow)).collect();
        let loosenings: Vec<Pubkey> = looser.iter().map(|change| self.world.propose(change)).collect();
        // whatever he signs or hurries before its time is refused
        self.world.vm.advance(u64::from(LOOSENING_DELAY_DEFAULT) - 1);
        for (flow, proposal) in self.listed.iter().zip(&listings) {
            let us = &self.world.us;
            let register = us.register_limiter(&self.world.vm, market, flow.vault, &settings);
            self.world
                .vm
                .send(std::slice::from_ref(&register), &[&us.authority])
                .fails_with(RegistrationClosed);
            self.world.register_by(*proposal, &register).fails_with(ProposalNotRipe);
        }
        for (change, proposal) in looser.iter().zip(&loosenings) {
            self.world.amend(change).fails_with(LooseningWaits);
            self.world.execute(*proposal, change).fails_with(ProposalNotRipe);
        }
        if standing == Standing::Delay {
            return;
        }
        self.world.vm.advance(1);
        for (flow, proposal) in self.listed.iter().zip(&listings) {
            let us = &self.world.us;
            let register = us.register_limiter(&self.world.vm, market, flow.vault, &settings);
            self.world.register_by(*proposal, &register).succeeds();
            let us = &self.world.us;
            let arm = us.arm(&self.world.vm, flow.vault);
            self.world.vm.send(&[arm], &[&us.authority]).succeeds();
        }
        if standing == Standing::Cap {
            return;
        }
        for (change, proposal) in looser.iter().zip(&loosenings) {
            self.world.execute(*proposal, change).succeeds();
        }
        // the buffers fill, and the averages see what is there
        self.world.vm.advance(SEASONED_AFTER);
        if standing == Standing::Limits {
            return;
        }
        for flow in [&self.old[..], &self.listed].concat() {
            let disarm = self.change(&flow, Amendment::Disarm);
            self.world.pass(&disarm);
        }
    }

    /// He takes all there is in a vault, in one slot, asking for no more than is left so that nothing closes it.
    fn rob(&mut self, flow: &Flow) -> u64 {
        let holds = |heist: &Self| token::balance(&heist.world.vm, &flow.vault);
        let before = holds(self);
        for _ in 0..10 {
            let amount = match self.limiter(flow) {
                Some(limiter) if limiter.armed != 0 => {
                    limiter.net.iter().map(|net| net.available).min().unwrap_or(0)
                }
                Some(_) => holds(self),
                None => return self.ask_in_vain(flow),
            };
            if amount > 0 {
                let flow = Flow { amount, ..*flow };
                self.world.pay(&flow).succeeds();
            }
        }
        before - holds(self)
    }

    /// A vault without a limiter is refused under whatever name, and loses nothing.
    fn ask_in_vain(&mut self, flow: &Flow) -> u64 {
        for operation in [Operation::WITHDRAW, Operation::BORROW, Operation::CLAIM, Operation::LIQUIDATE] {
            let flow = Flow { operation, ..*flow };
            let asks = self.world.us.program.records(&flow, Depth::Tell);
            assert_eq!(self.world.send(&[asks]).succeeds().returned(), [Verdict::Deny as u8]);
        }
        0
    }

    /// All vaults, in one slot: what the old ones lose, each no more than its limiter's bound, and what the listed ones lose.
    fn run(standing: Standing) -> (u64, u64) {
        let mut heist = Self::new();
        heist.prepare(standing);
        let slot = heist.world.now().slot;
        let lose = |heist: &mut Self, flows: Vec<Flow>| -> u64 {
            let mut total = 0;
            for flow in flows {
                // a touch: what was refilled since the last one is there
                if heist.limiter(&flow).is_some() {
                    let touch =
                        Flow { direction: Direction::In, operation: Operation::DEPOSIT, amount: 1, ..flow };
                    heist.world.record_flow(&touch).succeeds();
                }
                let holds = token::balance(&heist.world.vm, &flow.vault);
                let bound = heist.limiter(&flow).filter(|limiter| limiter.armed != 0);
                let bound = bound.map(|limiter| limiter.bound(holds).expect("no overflow"));
                let lost = heist.rob(&flow);
                assert!(bound.is_none_or(|bound| lost <= bound), "{lost} left a vault, {bound:?} may");
                total += lost;
            }
            total
        };
        let (old, listed) = (heist.old.clone(), heist.listed.clone());
        let lost = (lose(&mut heist, old), lose(&mut heist, listed));
        assert_eq!(heist.world.now().slot, slot);
        lost
    }
}

/// Case 15: the sequence of the case that sets the bar. Each layer that falls shows what it was worth; while the delay stands
/// nothing leaves by what the thief proposed.
#[test]
fn each_layer_between_the_key_and_the_money_is_worth_something() {
    let [waits, capped, limited, open] =
        [Standing::Delay, Standing::Cap, Standing::Limits, Standing::Nothing].map(Heist::run);
    // two vaults, a tenth each, as anybody could take: the key added nothing
    assert_eq!(waits, (2 * FUNDS / 10, 0));
    assert_eq!(capped.0, waits.0, "the old limits stand");
    assert!(capped.1 > 0 && capped.1 <= MINT_CAP, "{} of what was listed", capped.1);
    assert_eq!(capped.1, 3 * FUNDS, "three bootstrap caps, of three hundred times as much");
    assert_eq!(limited.0, 2 * waits.0, "one step doubles");
    assert!(limited.1 > MINT_CAP, "{} once the cap is over", limited.1);
    assert!(limited.1 <= 3 * LISTED / 10);
    assert_eq!(open, (2 * FUNDS, 3 * LISTED), "without limiters all of it");
}

/// Case 17: with the authority's key, every limit to its floor, every mask and every time to its end, a comparison that is
/// false today, one more unit each slot, and a delay four times as long.
#[test]
fn tightening_takes_no_hostages() {
    let honest = Governed::default();
    let undo = [
        honest.world.limiter_scaled(4),
        honest.world.market_with(|_| {}),
        honest.band_with(|_| {}),
        honest.ratios([10_000, 9_900, 9_500]),
        honest.world.delay_of(LOOSENING_DELAY_DEFAULT),
    ];
    let before = (honest.world.limiter().settings, honest.world.market().settings());
    let (band, invariant) = (honest.band, honest.invariant);

    let mut governed = honest;
    let ransom = [
        governed.world.limiter_with(|settings| {
            settings.windows.iter_mut().for_each(|window| window.rate_bps /= 4);
            (settings.elastic_bps, settings.gross_bps) = (settings.elastic_bps / 4, settings.gross_bps / 4);
            settings.bootstrap_cap /= 4;
        }),
        governed.world.market_with(|settings| {
            settings.responses.iter_mut().for_each(|response| response.closed |= Operations::NON_EXITS.0);
            settings.durations = [MINOR_MAX, MAJOR_MAX, CRITICAL_MAX];
            settings.dwell = DWELL_MAX;
        }),
        governed.ratios([10_100, 10_050, 9_500]),
        governed.world.delay_of(4 * LOOSENING_DELAY_DEFAULT),
    ];
    for change in &ransom {
        governed.world.amend(change).succeeds();
        // not one unit more
        governed.world.amend(change).fails_with(NothingChanges);
    }
    let lower = governed.world.limiter_with(|settings| settings.windows[0].rate_bps -= 1);
    governed.world.amend(&lower).fails_with(BelowFloor);
    let exits = governed.world.market_with(|settings| settings.responses[0].closed = u64::MAX);
    governed.world.amend(&exits).fails_with(ExitClosed);

    // a user takes a quarter of what he could, until the comparison that is false today is shown
    let (vault, alice) = (governed.world.vault(), governed.world.alice());
    governed.world.withdraw(FUNDS / 40).succeeds();
    assert_eq!(governed.world.alice(), alice + FUNDS / 40);
    governed.world.deposit(FUNDS / 40).succeeds();
    let us = &governed.world.us;
    let segment = us.segment(&governed.world.vm);
    let poke = instruction::poke_invariant(us.protocol, us.market, invariant, &governed.terms, segment);
    for _ in 0..3 {
        let _ = governed.world.send(std::slice::from_ref(&poke));
        governed.world.vm.advance(10);
    }
    assert_eq!(governed.world.severity(), Severity::Major, "what is tightened calls no halt");
    for exit in [Operation::REPAY, Operation::ADD_COLLATERAL, Operation::REDUCE, Operation::CLOSE] {
        governed.world.gate(exit).succeeds();
        let flow = governed.world.us.flow(Direction::In, exit, 1_000);
        let pay = token::transfer(
            &governed.world.purse,
            &governed.world.us.vault,
            &governed.world.alice.pubkey(),
            1_000,
        );
        let record = governed.world.us.program.calls(governed.world.us.program.flow(&flow));
        assert_eq!(governed.world.send(&[pay, record]).succeeds().verdict(), Verdict::Allow);
    }

    // the way back is proposed; the thief tightens one more unit each slot
    let world = &mut governed.world;
    let undo: Vec<_> = undo.into_iter().filter(|change| change.subject != band).collect();
    let proposals: Vec<Pubkey> = undo.iter().map(|change| world.propose(change)).collect();
    for _ in 0..20 {
        world.vm.advance(1);
        let more = world.limiter_with(|settings| settings.soft_bps -= 1);
        world.amend(&more).succeeds();
        let more = world.market_with(|settings| {
            let responses = settings.responses.iter_mut();
            responses.for_each(|response| response.limits.margin_multiplier_bps += 1);
        });
        world.amend(&more).succeeds();
    }
    world.wait();
    for (change, proposal) in undo.iter().zip(proposals) {
        let execute = world.us.amend(&world.vm, Governance::Proposal(proposal), change);
        world.vm.send(&[execute], &[&world.attacker]).succeeds();
    }
    assert_eq!((world.limiter().settings, world.market().settings()), before, "in one step");
    assert_eq!(world.vm.read::<Invariant>(&invariant).ratio_bps, [10_000, 9_900, 9_500]);
    assert_eq!(world.protocol().loosening_delay, LOOSENING_DELAY_DEFAULT);
    // no unit was lost to anybody, and what was paused ends
    assert_eq!((world.vault(), world.loot()), (vault + 4_000, 0));
    world.vm.advance(u64::from(MAJOR_MAX) + 2 * u64::from(DWELL_MAX));
    assert_eq!(world.severity(), Severity::Normal);
    world.withdraw(FUNDS / 20).succeeds();
    assert_eq!(world.vault(), vault + 4_000 - FUNDS / 20);
}

/// Case 17: a delay that is made as long as it may be at once leaves every rule as settled as it was.
#[test]
fn a_longer_delay_takes_no_halt_away() {
    let mut world = World::default();
    let longer = world.delay_of(4 * LOOSENING_DELAY_DEFAULT);
    world.amend(&longer).succeeds();
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
}

/// Case 17: a limit that is at its floor still pays, so that a wind-down finishes and nobody has to be paid off.
#[test]
fn a_limit_at_its_floor_still_pays() {
    let mut world = World::default();
    let floor = world.limiter_scaled(1);
    world.amend(&floor).succeeds();
    let floor: &LimiterSettings = &world.limiter().settings.clone();
    assert!(floor.windows.iter().all(|window| window.rate_bps > 0));
    let mut days = 0;
    while world.vault() > FUNDS / 2 && days < 60 {
        world.vm.advance(DAY);
        world.record(Direction::In, Operation::DEPOSIT, 1).succeeds();
        let left = world.limiter().net.iter().map(|net| net.available).min().unwrap_or(0);
        world.withdraw(left).succeeds();
        days += 1;
    }
    assert!(world.vault() <= FUNDS / 2, "half of it is out after {days} days");
}
