//! Abuse that must fail, at the level of transactions.

mod settings;
mod stolen_key;
mod way_back;

use firebreak_interface::{
    BreakerError::*,
    Direction, Operation, Severity, Verdict,
    constants::SEASONED_AFTER,
    state::{Limiter, LimiterSettings, MarketSettings},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{FUNDS, Flow, MINT_CAP, Setup, World, token};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Case 1b: an integration that turns Deny into an error has lost nothing and latched nothing.
#[test]
fn an_error_rolls_the_evidence_back_but_not_an_earlier_one() {
    for soft_first in [false, true] {
        let mut world = World::default();
        let paid = FUNDS / 10 / 10 * 7;
        if soft_first {
            world.withdraw(paid).succeeds();
        }
        let (vault, limiter) = (world.vault(), world.vm.account(&world.us.limiter));
        let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, FUNDS / 2);
        let asked = world.us.program.flow(&flow);
        let transfer = token::transfer(&world.us.vault, &world.loot, &world.us.program.owner, FUNDS / 2);
        world
            .perform(&[(Guard::Always, asked), (Guard::MustBeAllowed, transfer)])
            .fails_as(&InstructionError::Custom(firebreak_probe::NOT_ALLOWED));
        assert_eq!(world.vault(), vault);
        assert_eq!(world.vm.account(&world.us.limiter), limiter);
        if soft_first {
            world.poke().succeeds();
            assert_eq!(world.severity(), Severity::Minor);
        } else {
            world.poke().fails_with(NothingToLatch);
        }
    }
}

/// Vaults of one mint in markets of their own, and the accounts of those who take from them.
struct Spread {
    world: World,
    vaults: Vec<Flow>,
    purses: Vec<Pubkey>,
}

impl Spread {
    /// Our vault and three more, each in its own market, each with so much in it.
    fn new(seasoned: bool, funds: u64) -> Self {
        let mut world = World::with(|setup| {
            (setup.armed, setup.seasoned, setup.funds) = (false, false, funds);
        });
        let (setup, us) = (Setup::default(), &world.us);
        let mut vaults = vec![us.flow(Direction::Out, Operation::WITHDRAW, 1)];
        for id in 1..4 {
            let market = us.register_market(&mut world.vm, id, &setup.market);
            let (vault, _) = us.guard_vault(&mut world.vm, market, funds, &setup.limiter);
            vaults.push(Flow { market, vault, ..vaults[0] });
        }
        for flow in &vaults {
            let arm = us.arm(&world.vm, flow.vault);
            world.vm.send(&[arm], &[&us.authority]).succeeds();
        }
        if seasoned {
            world.vm.advance(SEASONED_AFTER);
        }
        let users = 0..10;
        let purses = users
            .map(|_| {
                let user = world.vm.person();
                token::account(&mut world.vm, &user, &world.us.mint, &user.pubkey())
            })
            .collect();
        Self { world, vaults, purses }
    }

    fn limiter(&self, flow: &Flow) -> Limiter {
        self.world.vm.read(&self.world.us.program.addresses.limiter(&flow.vault))
    }

    fn holds(&self, flow: &Flow) -> u64 {
        token::balance(&self.world.vm, &flow.vault)
    }

    /// Else an attack would prove less than it could.
    fn was_refused_nothing(&self) {
        assert_eq!(self.vaults.iter().map(|flow| self.limiter(flow).denied).sum::<u64>(), 0);
    }

    /// A thousand transfers within an hour, over all vaults, users and operations that pay out: ten times what the vaults
    /// may pay at once. A careful thief never asks for more than is left, so that nothing latches. Gives what each lost.
    fn split(&mut self, is_careful: bool) -> Vec<u64> {
        let before: Vec<u64> = self.vaults.iter().map(|flow| self.holds(flow)).collect();
        let limit: u64 = self.vaults.iter().map(|flow| self.limiter(flow).net[0].available).sum();
        let part = limit * 10 / TRANSFERS;
        let operations = [Operation::WITHDRAW, Operation::BORROW, Operation::CLAIM, Operation::LIQUIDATE];
        for i in 0..TRANSFERS as usize {
            let flow = self.vaults[i % self.vaults.len()];
            let left = self.limiter(&flow).net.map(|net| net.available).into_iter().min().unwrap_or(0).max(1);
            let amount = if is_careful { part.min(left) } else { part };
            let operation = operations[i / self.vaults.len() % operations.len()];
            let flow = Flow { operation, amount, ..flow };
            let us = &self.world.us;
            let pay = us.program.pays(us.program.flow(&flow), &flow.vault, &self.purses[i % 10], amount);
            self.world.send(&[pay]).succeeds();
            self.world.vm.advance(3);
        }
        self.vaults.iter().zip(before).map(|(flow, before)| before - self.holds(flow)).collect()
    }
}

/// Transfers of an attack by splitting: one each three seconds stays within a window of an hour.
const TRANSFERS: u64 = 1_000;

/// Case 2: ten times the limit in a thousand transfers; the property tests of the interface take more.
#[test]
fn splitting_buys_nothing() {
    for is_careful in [false, true] {
        let mut spread = Spread::new(true, FUNDS);
        let bounds: Vec<u64> = spread
            .vaults
            .iter()
            .map(|flow| spread.limiter(flow).bound(FUNDS).expect("no overflow"))
            .collect();
        let lost = spread.split(is_careful);
        for (lost, bound) in lost.iter().zip(&bounds) {
            assert!(lost <= bound && *lost > 0, "{lost} left a vault, {bound} may");
        }
        let taken: u64 = spread.purses.iter().map(|purse| token::balance(&spread.world.vm, purse)).sum();
        assert_eq!(taken, lost.iter().sum::<u64>(), "no token came from elsewhere");
        if is_careful {
            assert!(lost.iter().all(|lost| *lost > FUNDS / 10), "a refill on top of a full buffer");
            spread.was_refused_nothing();
        }
    }
}

/// Case 2: fresh vaults of a mint, however rich, pay by the one cap that they share.
#[test]
fn splitting_over_fresh_vaults_takes_from_one_cap() {
    let mut spread = Spread::new(false, 100 * FUNDS);
    let capped: u64 = spread.vaults.iter().map(|flow| spread.limiter(flow).net[0].available).sum();
    assert_eq!(capped, MINT_CAP, "a tenth of each vault would be ten times as much");
    let lost: u64 = spread.split(true).iter().sum();
    // a full buffer and its refill; nobody brought anything that elastic capacity could come from
    assert!(lost <= 2 * MINT_CAP && lost > MINT_CAP, "{lost} left, {} may", 2 * MINT_CAP);
    spread.was_refused_nothing();
}

/// Case 2: what leaves by a way that never asked is seen at the next touch, whoever touches.
#[test]
fn a_drain_around_the_breaker_latches_at_the_next_touch() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    let touch = world.record(Direction::Out, Operation::WITHDRAW, 1).succeeds();
    assert_eq!(world.limiter().severity(world.now()), Severity::Major);
    let _ = touch.verdict();
    world.withdraw(1).succeeds();
    assert_eq!(world.alice(), FUNDS, "the next withdrawal is refused");
}

/// Case 3: the maximum at the end of a window and again at the start of the next.
#[test]
fn no_window_lets_more_out_than_its_bound() {
    for offset in [0, 1, 1_799, 3_599] {
        let mut world = World::with(|setup| {
            // only the limit speaks here: no pause ends the attack early
            setup.market = MarketSettings {
                responses: setup
                    .market
                    .responses
                    .map(|r| firebreak_interface::state::Response { closed: 0, ..r }),
                ..setup.market
            };
        });
        world.vm.advance(offset);
        let bound = world.limiter().bound(FUNDS).expect("no overflow");
        let mut paid = Vec::new();
        for _ in 0..3 {
            for _ in 0..4 {
                let before = world.alice();
                // whatever is still there
                let available = world.limiter().net[0].available.max(1);
                world.withdraw(available).succeeds();
                paid.push((world.now().unix, world.alice() - before));
                world.vm.advance(1);
            }
            world.vm.advance(3_600 - 4);
        }
        for (start, _) in &paid {
            let window = paid.iter().filter(|(at, _)| (*start..start + 3_600).contains(at));
            let sum: u64 = window.map(|(_, amount)| amount).sum();
            assert!(sum <= bound, "{sum} left in an hour, {bound} may");
        }
    }
}

/// Case 4: a flash loan through the vault is worth nothing.
#[test]
fn washed_inflow_pays_for_nothing() {
    let mut world = World::default();
    let rich = 100 * FUNDS;
    token::issue(&mut world.vm, &world.us.authority, &world.us.mint, &world.purse, rich);
    let (before, capacity) = (world.alice(), world.limiter().net[0].available);
    let out = |world: &World, amount| {
        let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, amount);
        world.us.program.pays(world.us.program.flow(&flow), &flow.vault, &world.purse, amount)
    };
    let [transfer, record] = world.deposits(rich);
    let back = out(&world, rich);
    let more = out(&world, FUNDS / 10 * 3);
    world.send(&[transfer, record, back, more]).succeeds();
    assert_eq!(world.alice(), before, "the loan came back, and no more");
    assert_eq!(world.vault(), FUNDS);
    assert!(world.limiter().net[0].available <= capacity);
    world.vm.advance(1);
    world.withdraw(FUNDS / 10 + 1).succeeds();
    assert_eq!(world.alice(), before);
}

/// Case 5: one unit a slot, zero amounts, a mint without decimals.
#[test]
fn dust_gains_nothing_and_loses_nothing() {
    let mut world = World::default();
    world.withdraw(FUNDS / 20).succeeds();
    for _ in 0..50 {
        world.record(Direction::Out, Operation::WITHDRAW, 0).fails_with(ZeroFlow);
        world.vm.advance_slots(1);
        world.vm.advance_unix(0);
        world.withdraw(1).succeeds();
    }
    let dusted = world.limiter();
    assert!(dusted.net[0].available < FUNDS / 20);

    // the same hour in 50 touches or in one: the refill differs by a unit at most
    let refilled = |touches: u64| {
        let mut world = World::default();
        world.withdraw(FUNDS / 20).succeeds();
        for _ in 0..touches {
            world.vm.advance(1_000 / touches);
            // an inflow of nothing that arrived: a touch that moves no tokens
            world.record(Direction::In, Operation::DEPOSIT, 1).succeeds();
        }
        world.limiter().net[0].available
    };
    let (often, once) = (refilled(50), refilled(1));
    assert!(once.abs_diff(often) <= 1, "{often} after 50 touches, {once} after one");
}

/// Case 6: between two withdrawals nothing makes the usage go away.
#[test]
fn registering_again_is_no_way_to_a_fresh_limit() {
    let mut world = World::default();
    world.withdraw(FUNDS / 20).succeeds();
    let again =
        world.us.register_limiter(&world.vm, world.us.market, world.us.vault, &Setup::default().limiter);
    world.vm.send(&[again], &[&world.us.authority]).fails_with(RegistrationClosed);
    let loose = LimiterSettings { soft_bps: 9_999, ..Setup::default().limiter };
    let market = world.us.create_market(&world.vm, 7, &Setup::default().market);
    world.vm.send(&[market], &[&world.us.authority]).fails_with(RegistrationClosed);
    let vault = token::account(&mut world.vm, &world.us.authority, &world.us.mint, &world.us.program.owner);
    let fresh = world.us.register_limiter(&world.vm, world.us.market, vault, &loose);
    world.vm.send(&[fresh], &[&world.us.authority]).fails_with(RegistrationClosed);
}

/// Case 15: with the authority's key, every bound taken in one slot.
#[test]
fn each_vault_loses_at_most_its_own_bound() {
    let mut world = World::with(|setup| setup.armed = false);
    let setup = Setup::default();
    let (second, _) = world.us.guard_vault(&mut world.vm, world.us.market, FUNDS, &setup.limiter);
    for vault in [world.us.vault, second] {
        let arm = world.us.arm(&world.vm, vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    }
    world.vm.advance(2 * 86_400);
    for vault in [world.us.vault, second] {
        let bound = world.limiter().bound(FUNDS).expect("no overflow");
        let flow = Flow { vault, ..world.us.flow(Direction::Out, Operation::WITHDRAW, FUNDS / 50) };
        for _ in 0..50 {
            world.pay(&flow).succeeds();
        }
        let lost = FUNDS - token::balance(&world.vm, &vault);
        assert!(lost <= bound && lost > 0, "{lost} lost, {bound} may be");
    }
}

/// Case 16: nothing half-way through a flash loan can be shown to the breaker, nor one look make a halt.
#[test]
fn a_flash_loan_latches_nothing() {
    let mut world = World::default();
    let poke = world.us.poke(&world.vm);
    let borrow = world.us.program.drains(&world.us.vault, &world.purse, FUNDS / 2);
    let repay = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), FUNDS / 2);
    world.send(&[borrow.clone(), poke.clone(), repay.clone()]).fails_with(WrongCompany);
    let (us, key) = (&world.us, world.alice.pubkey());
    let lend = token::transfer(&us.vault, &world.purse, &us.program.owner, FUNDS / 2);
    let back = token::transfer(&world.purse, &us.vault, &key, FUNDS / 2);
    let wrapped = us.program.performs(&[(Guard::Always, lend), (Guard::Always, poke), (Guard::Always, back)]);
    world.send(&[wrapped]).fails_with(NotTopLevel);
    world.send(&[borrow, repay]).succeeds();
    world.poke().fails_with(NothingToLatch);
    assert_eq!(world.severity(), Severity::Normal);
}

/// Rule 4: nobody below a declared Critical stands in an exit's way, whatever is latched at once.
#[test]
fn exits_stay_open_under_everything_at_once() {
    let mut world = World::default();
    let order = firebreak_interface::state::PauseOrder { closed: u64::MAX, ..world.order(3_600) };
    world.pause(0, &order).succeeds();
    world.pause_all(1, &order).succeeds();
    world.raise(0, 600).succeeds();
    world.raise(1, 600).succeeds();
    world.drain(FUNDS / 10).succeeds();
    world.poke().succeeds();
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    for exit in [Operation::REPAY, Operation::ADD_COLLATERAL, Operation::REDUCE, Operation::CLOSE] {
        world.gate(exit).succeeds();
        let flow = world.us.flow(Direction::In, exit, 1_000);
        let transfer = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1_000);
        let record = world.us.program.calls(world.us.program.flow(&flow));
        assert_eq!(world.send(&[transfer, record]).succeeds().verdict(), Verdict::Allow);
    }
}
