//! The example venue, as it was compiled, against real SPL tokens and the real breaker.

#[path = "venue/custody.rs"]
mod custody;
#[path = "venue/held.rs"]
mod held;
#[path = "venue/migration.rs"]
mod migration;
#[path = "venue/severities.rs"]
mod severities;
#[path = "venue/splitting.rs"]
mod splitting;

use firebreak_client::{
    Refusal,
    addresses::current_segment,
    venue::{self, Balance, CollateralSettings, Portfolio, Side, Venue, VenueState},
};
use firebreak_interface::{
    GateError, Instant, Operation, Operations, Severity,
    constants::LOOSENING_DELAY_DEFAULT,
    instruction, pda,
    state::{
        Journal, Limiter, LimiterSettings, Market, MarketSettings, PauseOrder, ProtocolSettings,
        RouteSettings, Safe,
    },
};
use firebreak_scenarios::{Outcome, Vm, token, world::OTHER_PROGRAM};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// A dollar, as a price.
const DOLLAR: u64 = 1_000_000;
/// A dollar token.
const USD: u64 = 1_000_000;
/// A coin, worth 100 dollars at first.
const COIN: u64 = 1_000_000_000;
/// Coins and dollars that the market maker brings.
const LIQUIDITY: (u64, u64) = (1_000_000 * USD, 10_000 * COIN);

/// The venue whose vaults are in the breaker's custody, with the drill's bugs.
const CUSTODY: &str = "venue_custody";

/// The venue with a market maker's liquidity, seasoned limiters and fresh prices.
struct Floor {
    vm: Vm,
    venue: Venue,
    admin: Keypair,
    guardians: Vec<Keypair>,
    usd: Pubkey,
    coin: Pubkey,
}

/// A user and his tokens.
struct User {
    key: Keypair,
    usd: Pubkey,
    coin: Pubkey,
}

impl Floor {
    fn new(program: &'static str) -> Self {
        let mut floor = Self::connected(program);
        let (usd, coin) = (floor.usd, floor.coin);
        for mint in [usd, coin] {
            floor.list(mint);
        }
        floor.venue = floor.venue.clone().with_writable_market();
        floor.price(100);
        let maker = floor.user(LIQUIDITY);
        for (mint, purse, amount) in [(usd, maker.usd, LIQUIDITY.0), (coin, maker.coin, LIQUIDITY.1)] {
            let deposit = floor.venue.deposit(maker.key.pubkey(), mint, purse, amount);
            floor.vm.send(&[deposit], &[&maker.key]).succeeds();
        }
        for mint in [usd, coin] {
            let (key, protocol, segment) = (floor.admin.pubkey(), floor.venue.protocol, floor.segment());
            let arm = instruction::arm_limiter(key, protocol, venue::vault(&mint), segment);
            floor.as_admin(arm).succeeds();
        }
        floor.vm.advance(LOOSENING_DELAY_DEFAULT.into());
        floor.price(100);
        floor
    }

    /// The venue as a protocol of the breaker, listing nothing.
    fn connected(program: &'static str) -> Self {
        let mut vm = Vm::with(&[
            (firebreak_interface::ID, "breaker"),
            (venue::ID, program),
            (OTHER_PROGRAM, "firebreak_probe"),
        ]);
        let admin = vm.person();
        let guardians: Vec<Keypair> = (0..3).map(|_| vm.person()).collect();
        let [usd, coin] = [6, 9].map(|decimals| token::mint(&mut vm, &admin, decimals));
        let mut venue = Venue::new(Vec::new());
        venue.custody = program == CUSTODY;
        let mut floor = Self { vm, venue, admin, guardians, usd, coin };
        let key = floor.admin.pubkey();
        floor.as_admin(floor.venue.initialize(key, key)).succeeds();
        let guardians = floor.guardians.iter().map(Signer::pubkey).collect();
        let settings = ProtocolSettings::starting(key, guardians);
        floor.as_admin(floor.venue.connect(key, &settings)).succeeds();
        let protocol = floor.venue.protocol;
        if floor.vm.account(&protocol).is_some() {
            floor.as_admin(instruction::extend_journal(key, protocol, 0)).succeeds();
            let minor = Operations::of(&[Operation::LIST]);
            let major = Operations(Operations::NON_EXITS.0 & !Operation::DEPOSIT.mask());
            let market = MarketSettings::closing(minor, major, Operations::NON_EXITS);
            let segment = floor.segment();
            floor.as_admin(instruction::create_market(key, key, protocol, 0, &market, segment)).succeeds();
            let cover =
                instruction::register_coverage(key, key, protocol, &venue::coverage(), floor.segment());
            floor.as_admin(cover).succeeds();
        }
        floor
    }

    fn list(&mut self, mint: Pubkey) {
        let key = self.admin.pubkey();
        let settings = CollateralSettings {
            collateral_factor_bps: 8_000,
            liquidation_factor_bps: 9_000,
            max_price_age: 60,
        };
        self.as_admin(self.venue.list_collateral(key, mint, settings)).succeeds();
        self.venue.mints.push(mint);
        let (protocol, market) = (self.venue.protocol, self.venue.market);
        if self.vm.account(&market).is_some() {
            let settings = LimiterSettings::starting(u64::MAX / 8, 1_000);
            let (vault, segment) = (venue::vault(&mint), self.segment());
            let mint_cap = settings.bootstrap_cap;
            let new = instruction::NewLimiter { market, vault, mint, mint_cap, settings: &settings };
            let register = instruction::register_limiter(key, key, protocol, &new, segment);
            self.as_admin(register).succeeds();
            let (of, token, segment) = ((protocol, market), (mint, token::PROGRAM), self.segment());
            self.as_admin(instruction::register_safe(key, key, of, token, segment)).succeeds();
            // what exceeds a limit may wait
            let settings = RouteSettings { holds: 2, ..RouteSettings::starting() };
            let (of_vault, segment) = ((vault, mint), self.segment());
            let route = instruction::register_route(key, key, of, of_vault, &settings, segment);
            self.as_admin(route).succeeds();
        }
    }

    fn segment(&self) -> Option<u32> {
        current_segment(&self.vm.read::<Journal>(&pda::journal(&self.venue.protocol).0))
    }

    fn as_admin(&mut self, instruction: Instruction) -> Outcome {
        self.vm.send(&[instruction], &[&self.admin])
    }

    /// Publishes a dollar's price and a coin's, in dollars.
    fn price(&mut self, coin: u64) {
        let (key, now) = (self.admin.pubkey(), self.vm.clock().1);
        for (mint, price) in [(self.usd, DOLLAR), (self.coin, coin * DOLLAR)] {
            self.as_admin(self.venue.set_price(key, mint, price, now)).succeeds();
        }
    }

    /// A user with a portfolio and so much of both tokens.
    fn user(&mut self, (usd, coin): (u64, u64)) -> User {
        let key = self.vm.person();
        let [usd, coin] = [(self.usd, usd), (self.coin, coin)].map(|(mint, amount)| {
            let account = token::account(&mut self.vm, &key, &mint, &key.pubkey());
            token::issue(&mut self.vm, &self.admin, &mint, &account, amount);
            account
        });
        self.vm.send(&[self.venue.create_portfolio(key.pubkey())], &[&key]).succeeds();
        User { key, usd, coin }
    }

    fn send(&mut self, user: &User, build: impl FnOnce(&Self, Pubkey) -> Instruction) -> Outcome {
        let instruction = build(self, user.key.pubkey());
        self.vm.send(&[instruction], &[&user.key])
    }

    fn deposit_coins(&mut self, user: &User, amount: u64) -> Outcome {
        self.send(user, |f, key| f.venue.deposit(key, f.coin, user.coin, amount))
    }

    fn withdraw_coins(&mut self, user: &User, amount: u64) -> Outcome {
        self.send(user, |f, key| f.venue.withdraw(key, f.coin, user.coin, amount))
    }

    fn borrow_usd(&mut self, user: &User, amount: u64) -> Outcome {
        self.send(user, |f, key| f.venue.borrow(key, f.usd, user.usd, amount))
    }

    fn portfolio(&self, user: &User) -> Portfolio {
        let account = self.vm.account(&venue::portfolio(&user.key.pubkey())).expect("he has one");
        Portfolio::decode(&account.owner, &account.data).expect("a portfolio")
    }

    fn vault(&self, mint: Pubkey) -> u64 {
        token::balance(&self.vm, &venue::vault(&mint))
    }

    /// What is in the safe of a mint.
    fn in_safe(&self, mint: Pubkey) -> u64 {
        token::balance(&self.vm, &pda::safe_tokens(&self.safe_key(mint)).0)
    }

    fn safe_key(&self, mint: Pubkey) -> Pubkey {
        pda::safe(&self.venue.market, &mint).0
    }

    fn safe(&self, mint: Pubkey) -> Safe {
        self.vm.read(&self.safe_key(mint))
    }

    /// What holds in the market now.
    fn severity(&self) -> Severity {
        let (market, (slot, unix)) = (self.vm.read::<Market>(&self.venue.market), self.vm.clock());
        market.board.severity(Instant::new(slot, unix))
    }

    fn limiter(&self, mint: Pubkey) -> Limiter {
        self.vm.read(&pda::limiter(&self.venue.protocol, &venue::vault(&mint)).0)
    }
}

fn has(deposit: u64) -> Balance {
    Balance { deposit, debt: 0 }
}

fn owes(debt: u64) -> Balance {
    Balance { deposit: 0, debt }
}

/// The venue's error of this name, as a transaction tells it.
fn error(name: &str) -> Refusal {
    let code = (7_000..7_100).find(|code| venue::error_name(*code) == Some(name));
    Refusal::Unknown(code.expect("the venue has an error of this name"))
}

#[test]
fn an_honest_user_goes_through_everything() {
    for program in ["venue", CUSTODY] {
        an_honest_user_of(program);
    }
}

fn an_honest_user_of(program: &'static str) {
    let mut floor = Floor::new(program);
    let alice = floor.user((100 * USD, 10 * COIN));
    floor.deposit_coins(&alice, 10 * COIN).succeeds();
    // 10 coins of 100 dollars carry 800 dollars
    floor.borrow_usd(&alice, 801 * USD).fails_with(error("Unhealthy"));
    floor.borrow_usd(&alice, 500 * USD).succeeds();
    assert_eq!(token::balance(&floor.vm, &alice.usd), 600 * USD);
    floor.withdraw_coins(&alice, 4 * COIN).fails_with(error("Unhealthy"));
    floor.send(&alice, |f, key| f.venue.repay(key, f.usd, alice.usd, 500 * USD)).succeeds();
    assert_eq!(floor.portfolio(&alice).balances[..2], [has(0), has(10 * COIN)]);

    // a long of 5 coins gains 50 dollars, paid out only by a withdrawal
    let coins = i64::try_from(5 * COIN).expect("few");
    floor.send(&alice, |f, key| f.venue.open(key, 1, coins, 99 * DOLLAR)).fails_with(error("WorsePrice"));
    floor.send(&alice, |f, key| f.venue.open(key, 1, coins, 100 * DOLLAR)).succeeds();
    floor.send(&alice, |f, key| f.venue.add_collateral(key, f.usd, alice.usd, USD)).succeeds();
    floor.price(110);
    let vault = floor.vault(floor.usd);
    floor.send(&alice, |f, key| f.venue.close(key, 1, 110 * DOLLAR)).succeeds();
    assert_eq!(floor.vault(floor.usd), vault, "closing pays nothing out");
    assert_eq!(floor.portfolio(&alice).balances[..2], [has(51 * USD), has(10 * COIN)]);
    floor
        .send(&alice, |f, key| f.venue.add_collateral(key, f.usd, alice.usd, USD))
        .fails_with(error("NothingAtRisk"));
    floor.withdraw_coins(&alice, 10 * COIN).succeeds();
    floor.send(&alice, |f, key| f.venue.withdraw(key, f.usd, alice.usd, 51 * USD)).succeeds();
    assert_eq!(floor.portfolio(&alice).balances[..2], [has(0), has(0)]);
    assert_eq!(token::balance(&floor.vm, &alice.usd), 150 * USD);
    assert_eq!(floor.limiter(floor.usd).expected, floor.vault(floor.usd), "every flow was recorded");
    assert_eq!(floor.limiter(floor.coin).expected, floor.vault(floor.coin), "every flow was recorded");
}

#[test]
fn an_unhealthy_portfolio_is_unwound_and_liquidated() {
    for program in ["venue", CUSTODY] {
        an_unhealthy_portfolio_of(program);
    }
}

fn an_unhealthy_portfolio_of(program: &'static str) {
    let mut floor = Floor::new(program);
    let (bob, carol) = (floor.user((0, 10 * COIN)), floor.user((1_000 * USD, 0)));
    floor.deposit_coins(&bob, 10 * COIN).succeeds();
    floor.borrow_usd(&bob, 600 * USD).succeeds();
    let coins = i64::try_from(5 * COIN).expect("few");
    floor.send(&bob, |f, key| f.venue.open(key, 1, coins, 100 * DOLLAR)).succeeds();

    let owner = bob.key.pubkey();
    let liquidate = |f: &Floor, key: Pubkey, amount: u64| {
        let (debt, collateral) =
            (Side { mint: f.usd, account: carol.usd }, Side { mint: f.coin, account: carol.coin });
        f.venue.liquidate(key, owner, debt, collateral, amount)
    };
    floor.send(&carol, |f, key| f.venue.unwind(key, owner)).fails_with(error("Healthy"));
    floor.send(&carol, |f, key| liquidate(f, key, USD)).fails_with(error("Healthy"));

    floor.price(70); // 10 coins at 90 % carry 630 dollars; 600 are owed and 150 lost
    floor.send(&carol, |f, key| liquidate(f, key, USD)).fails_with(error("PositionsFirst"));
    floor.send(&carol, |f, key| f.venue.unwind(key, owner)).succeeds();
    assert_eq!(floor.portfolio(&bob).balances[..2], [owes(750 * USD), has(10 * COIN)]);
    floor.send(&carol, |f, key| liquidate(f, key, 751 * USD)).fails_with(error("AboveDebt"));
    floor.send(&carol, |f, key| liquidate(f, key, 700 * USD)).fails_with(error("AboveDeposit"));
    floor.send(&carol, |f, key| liquidate(f, key, 200 * USD)).succeeds();
    // 200 dollars and a bonus of 5 % are 3 coins of 70 dollars
    assert_eq!(floor.portfolio(&bob).balances[..2], [owes(550 * USD), has(7 * COIN)]);
    assert_eq!(token::balance(&floor.vm, &carol.coin), 3 * COIN);
    assert_eq!(token::balance(&floor.vm, &carol.usd), 800 * USD);
    for mint in [floor.usd, floor.coin] {
        assert_eq!(floor.limiter(mint).expected, floor.vault(mint), "every flow was recorded");
    }
}

#[test]
fn bad_amounts_are_refused_before_the_breaker_hears_of_them() {
    let mut floor = Floor::new("venue");
    let alice = floor.user((0, COIN));
    floor.deposit_coins(&alice, 0).fails_with(error("ZeroAmount"));
    floor.deposit_coins(&alice, COIN).succeeds();
    let before = floor.limiter(floor.coin);
    floor.withdraw_coins(&alice, 0).fails_with(error("ZeroAmount"));
    for amount in [COIN + 1, 9_000 * COIN, u64::MAX] {
        floor.withdraw_coins(&alice, amount).fails_with(error("AboveDeposit"));
    }
    floor.borrow_usd(&alice, u64::MAX).fails_with(error("Unhealthy"));
    floor
        .send(&alice, |f, key| f.venue.repay(key, f.usd, alice.usd, u64::MAX))
        .fails_with(error("AboveDebt"));
    let open = |size: i64| move |f: &Floor, key: Pubkey| f.venue.open(key, 1, size, 100 * DOLLAR);
    floor.send(&alice, open(0)).fails_with(error("ZeroSize"));
    floor.send(&alice, open(i64::MIN)).fails_with(error("Unhealthy"));
    let after = floor.limiter(floor.coin);
    assert_eq!((after.denied, after.held), (before.denied, before.held));
}

#[test]
fn a_refused_outflow_pays_nothing_changes_nothing_and_latches() {
    let mut floor = Floor::new("venue");
    let whale = floor.user((0, 2_000 * COIN));
    floor.deposit_coins(&whale, 2_000 * COIN).succeeds();
    floor.vm.advance(3_600);
    let (vault, portfolio) = (floor.vault(floor.coin), floor.portfolio(&whale));
    // a tenth of the vault an hour: his own coins, and yet too many at once
    let refused = floor.withdraw_coins(&whale, 1_900 * COIN).0.expect("it ends in success");
    assert_eq!(floor.vault(floor.coin), vault);
    assert_eq!(floor.portfolio(&whale), portfolio);
    assert!(refused.logs.iter().any(|log| log.starts_with("Program data: ")), "it says Refused");
    assert_eq!(floor.severity(), Severity::Major);
    floor.withdraw_coins(&whale, COIN).fails_with(GateError::Closed);
}

#[test]
fn a_pause_closes_everything_but_the_exits() {
    let mut floor = Floor::new("venue");
    let alice = floor.user((100 * USD, 20 * COIN));
    floor.deposit_coins(&alice, 10 * COIN).succeeds();
    floor.borrow_usd(&alice, 100 * USD).succeeds();
    let size = i64::try_from(COIN).expect("few");
    floor.send(&alice, |f, key| f.venue.open(key, 1, size, 100 * DOLLAR)).succeeds();

    let order = PauseOrder { closed: u64::MAX, seconds: 3_600, pause_epoch: 0, expires_at: i64::MAX };
    let (guardian, market) = (floor.guardians[0].pubkey(), floor.venue.market);
    let pause = instruction::pause(guardian, floor.venue.protocol, Some(market), &order, floor.segment());
    let open = instruction::open_budget(guardian, floor.venue.protocol, Some(market), guardian);
    floor.vm.send(&[open, pause], &[&floor.guardians[0]]).succeeds();

    floor.deposit_coins(&alice, COIN).fails_with(GateError::Closed);
    floor.withdraw_coins(&alice, COIN).fails_with(GateError::Closed);
    floor.borrow_usd(&alice, USD).fails_with(GateError::Closed);
    floor.send(&alice, |f, key| f.venue.open(key, 0, 1, DOLLAR)).fails_with(GateError::Closed);
    floor.send(&alice, |f, key| f.venue.unwind(key, key)).fails_with(GateError::Closed);
    let mint = token::mint(&mut floor.vm, &floor.admin, 6);
    let settings =
        CollateralSettings { collateral_factor_bps: 0, liquidation_factor_bps: 0, max_price_age: 1 };
    let list = floor.venue.list_collateral(floor.admin.pubkey(), mint, settings);
    floor.as_admin(list).fails_with(GateError::Closed);

    floor.price(101);
    floor.send(&alice, |f, key| f.venue.add_collateral(key, f.coin, alice.coin, COIN)).succeeds();
    floor.send(&alice, |f, key| f.venue.close(key, 1, 0)).succeeds();
    floor.send(&alice, |f, key| f.venue.repay(key, f.usd, alice.usd, 50 * USD)).succeeds();
}

#[test]
fn every_substituted_account_is_refused() {
    let mut floor = Floor::new("venue");
    let (alice, mallory) = (floor.user((0, 10 * COIN)), floor.user((0, 0)));
    floor.deposit_coins(&alice, 10 * COIN).succeeds();
    let (key, coin) = (alice.key.pubkey(), floor.coin);
    let good = floor.venue.withdraw(key, coin, alice.coin, COIN);
    let at = |address: &Pubkey| {
        good.accounts.iter().position(|account| account.pubkey == *address).expect("it is there")
    };
    let swapped = |old: &Pubkey, new: &Pubkey| {
        let mut instruction = good.clone();
        instruction.accounts[at(old)].pubkey = *new;
        instruction
    };
    let vault = venue::vault(&coin);
    let (other_vault, protocol) = (venue::vault(&floor.usd), floor.venue.protocol);
    let mallorys_purse = token::account(&mut floor.vm, &mallory.key, &coin, &floor.venue.vault_authority);
    let fake_market = Pubkey::new_unique();
    let market = floor.vm.account(&floor.venue.market).expect("a market");
    floor.vm.put(fake_market, market);
    for (old, new, expected) in [
        (venue::portfolio(&key), venue::portfolio(&mallory.key.pubkey()), error("NotTheOwner")),
        (vault, mallorys_purse, error("NotAVault")),
        (vault, other_vault, error("WrongLimiter")),
        (pda::limiter(&protocol, &vault).0, pda::limiter(&protocol, &other_vault).0, error("WrongLimiter")),
        (floor.venue.vault_authority, mallory.key.pubkey(), error("WrongVaultAuthority")),
        (protocol, floor.venue.market, Refusal::Gate(GateError::WrongProtocol)),
        (floor.venue.market, fake_market, Refusal::Gate(GateError::WrongMarket)),
        (venue::oracle(&coin), venue::oracle(&floor.usd), error("WrongOracle")),
        // Anchor's own: another owner, another kind
        (floor.venue.address, fake_market, Refusal::Anchor(3007)),
        (venue::portfolio(&key), floor.venue.address, Refusal::Anchor(3002)),
    ] {
        floor.vm.send(&[swapped(&old, &new)], &[&alice.key]).fails_with(expected);
    }
    let look_alike = swapped(&firebreak_interface::ID, &venue::ID);
    floor
        .vm
        .send(&[look_alike], &[&alice.key])
        .fails_as(&solana_instruction::error::InstructionError::IncorrectProgramId);
    let other_recorder = swapped(&floor.venue.recorder, &mallory.key.pubkey());
    floor
        .vm
        .send(&[other_recorder], &[&alice.key])
        .fails_as(&solana_instruction::error::InstructionError::PrivilegeEscalation);

    let mut short = good.clone();
    short.accounts.pop();
    floor.vm.send(&[short], &[&alice.key]).fails_with(error("OracleCount"));
    let mut long = good.clone();
    long.accounts.push(AccountMeta::new_readonly(venue::oracle(&coin), false));
    floor.vm.send(&[long], &[&alice.key]).fails_with(error("OracleCount"));
    floor.vm.send(&[good], &[&alice.key]).succeeds();
}

#[test]
fn a_price_must_be_fresh_and_the_admins() {
    let mut floor = Floor::new("venue");
    let alice = floor.user((0, 10 * COIN));
    floor.deposit_coins(&alice, 10 * COIN).succeeds();
    floor.vm.advance(61);
    floor.borrow_usd(&alice, USD).fails_with(error("StalePrice"));
    floor.withdraw_coins(&alice, COIN).succeeds(); // he owes nothing, so no price matters
    let now = floor.vm.clock().1;
    let (coin, admin) = (floor.coin, floor.admin.pubkey());
    floor.send(&alice, |f, key| f.venue.set_price(key, coin, DOLLAR, now)).fails_with(error("NotTheAdmin"));
    floor.as_admin(floor.venue.set_price(admin, coin, 0, now)).fails_with(error("ZeroPrice"));
    floor.as_admin(floor.venue.set_price(admin, coin, 1, now + 1)).fails_with(error("PriceFromTheFuture"));
    floor.as_admin(floor.venue.set_price(admin, coin, 1, now - 62)).fails_with(error("PriceGoesBack"));
}

#[test]
fn a_vault_without_a_limiter_takes_nothing_in() {
    let mut floor = Floor::connected("venue");
    let (key, usd) = (floor.admin.pubkey(), floor.usd);
    let settings =
        CollateralSettings { collateral_factor_bps: 1, liquidation_factor_bps: 2, max_price_age: 60 };
    floor.as_admin(floor.venue.list_collateral(key, usd, settings)).succeeds();
    let alice = floor.user((USD, 0));
    floor.send(&alice, |f, key| f.venue.deposit(key, f.usd, alice.usd, USD)).fails_with(error("NotGuarded"));
    assert_eq!(token::balance(&floor.vm, &alice.usd), USD);
}

#[test]
fn only_the_upgrade_authority_says_who_is_admin() {
    let mut vm = Vm::with(&[(venue::ID, "venue")]);
    let (deployer, mallory) = (vm.person(), vm.person());
    let venue = Venue::new(Vec::new());
    let initialize = venue.initialize(mallory.pubkey(), mallory.pubkey());
    let program_data = initialize.accounts[2].pubkey;
    // slot, then the authority as an option
    vm.edit(&program_data, |account| {
        account.data[12] = 1;
        account.data[13..45].copy_from_slice(deployer.pubkey().as_ref());
    });
    vm.send(&[initialize], &[&mallory]).fails_with(error("NotTheUpgradeAuthority"));
    let initialize = venue.initialize(deployer.pubkey(), deployer.pubkey());
    vm.send(&[initialize], &[&deployer]).succeeds();
    let account = vm.account(&venue.address).expect("a venue");
    let state = VenueState::decode(&account.owner, &account.data).expect("a venue");
    assert_eq!((state.admin, state.listed), (deployer.pubkey(), 0));
}

#[test]
fn the_drills_bugs_drain_until_the_breaker_stops_them() {
    let mut floor = Floor::new("venue_drainable");
    let thief = floor.user((0, 0));
    let everything = floor.vault(floor.coin);
    let rebate = |f: &Floor, key: Pubkey, amount: u64| f.venue.claim_rebate(key, f.coin, thief.coin, amount);

    floor.withdraw_coins(&thief, everything).succeeds();
    assert_eq!(floor.vault(floor.coin), everything, "recorded: refused");
    floor.withdraw_coins(&thief, COIN).fails_with(GateError::Closed);
    floor.send(&thief, |f, key| rebate(f, key, COIN)).fails_with(GateError::Closed);

    let mut floor = Floor::new("venue_drainable");
    let thief = floor.user((0, 0));
    floor.withdraw_coins(&thief, COIN).succeeds();
    assert_eq!(token::balance(&floor.vm, &thief.coin), COIN, "below the limit the bug pays");
    floor.send(&thief, |f, key| f.venue.claim_rebate(key, f.coin, thief.coin, 500 * COIN)).succeeds();
    assert_eq!(
        floor.limiter(floor.coin).expected,
        floor.vault(floor.coin) + 500 * COIN,
        "nobody recorded it"
    );

    let mut floor = Floor::new("venue");
    let thief = floor.user((0, 0));
    floor
        .send(&thief, |f, key| f.venue.claim_rebate(key, f.coin, thief.coin, COIN))
        .fails_with(Refusal::Anchor(101));
}

#[test]
fn without_the_breaker_the_drill_takes_everything() {
    let mut floor = Floor::connected("venue_unguarded");
    for mint in [floor.usd, floor.coin] {
        floor.list(mint);
    }
    let (maker, thief) = (floor.user(LIQUIDITY), floor.user((0, 0)));
    floor.deposit_coins(&maker, LIQUIDITY.1).succeeds();
    floor.withdraw_coins(&thief, LIQUIDITY.1 / 2).succeeds();
    floor.send(&thief, |f, key| f.venue.claim_rebate(key, f.coin, thief.coin, LIQUIDITY.1 / 2)).succeeds();
    assert_eq!(token::balance(&floor.vm, &thief.coin), LIQUIDITY.1);
    // nor is there anything that could move the rest to a safe
    floor.send(&thief, |f, _| f.venue.migrate_vault(f.usd, None)).fails_with(error("NotGuarded"));
}
