//! The venue's arithmetic against wide, exact arithmetic, and its rules at their edges.

use anchor_lang::{error::Error, prelude::Pubkey};
use firebreak_interface::state::Limits;
use proptest::prelude::*;

use super::*;
use crate::error::VenueError;

/// A dollar, as a price or a value.
const DOLLAR: u64 = 1_000_000;
/// A whole token of six decimals.
const TOKEN: u64 = 1_000_000;

fn collateral(decimals: u8, factor: u16, liquidation: u16) -> Collateral {
    Collateral {
        unit: Collateral::unit_of(decimals).expect("few decimals"),
        settings: CollateralSettings {
            collateral_factor_bps: factor,
            liquidation_factor_bps: liquidation,
            max_price_age: 60,
        },
        ..Collateral::default()
    }
}

/// A stable quote of six decimals and a coin of nine, at 90 % (95 %) and 80 % (90 %).
fn listings() -> [Collateral; 2] {
    [collateral(6, 9_000, 9_500), collateral(9, 8_000, 9_000)]
}

fn prices(quote: u64, coin: u64) -> Prices {
    Prices::from([quote, coin, 0, 0])
}

fn portfolio(quote: Balance, coin: Balance) -> Portfolio {
    Portfolio { balances: [quote, coin, Balance::default(), Balance::default()], ..Portfolio::default() }
}

fn has(deposit: u64) -> Balance {
    Balance { deposit, debt: 0 }
}

fn owes(debt: u64) -> Balance {
    Balance { deposit: 0, debt }
}

#[track_caller]
fn fails_with<T: std::fmt::Debug>(result: anchor_lang::Result<T>, expected: VenueError) {
    assert_eq!(result.expect_err("a refusal"), Error::from(expected));
}

#[test]
fn amounts_of_zero_and_above_the_balance_are_refused() {
    let mut balance = has(10);
    for refused in [balance.deposit(0), balance.withdraw(0), balance.borrow(0), balance.repay(0)] {
        fails_with(refused, VenueError::ZeroAmount);
    }
    for amount in [11, u64::MAX] {
        if cfg!(not(feature = "drainable")) {
            fails_with(balance.withdraw(amount), VenueError::AboveDeposit);
        }
        fails_with(balance.seize(amount), VenueError::AboveDeposit);
        fails_with(owes(10).repay(amount), VenueError::AboveDebt);
    }
    fails_with(balance.borrow(1), VenueError::WithdrawFirst);
    fails_with(has(1).deposit(u64::MAX), VenueError::BalanceOverflow);
    fails_with(owes(1).borrow(u64::MAX), VenueError::BalanceOverflow);
    balance.withdraw(10).expect("it is his");
    assert_eq!(balance, Balance::default());
}

#[test]
fn what_comes_in_pays_the_debt_first() {
    let mut balance = owes(10);
    balance.deposit(15).expect("it fits");
    assert_eq!(balance, has(5));
    balance.debit(8).expect("it fits");
    assert_eq!(balance, owes(3));
}

#[test]
fn a_loan_ends_exactly_where_the_collateral_factor_does() {
    let (listed, prices) = (listings(), prices(DOLLAR, 100 * DOLLAR));
    let limits = Limits::NONE;
    // 10 coins of 100 dollars at 80 %: 800 dollars
    let coins = has(10_000_000_000);
    let at = portfolio(owes(800 * TOKEN), coins);
    at.check(&listed, &prices, Requirement::Initial(&limits)).expect("exactly enough");
    let above = portfolio(owes(800 * TOKEN + 1), coins);
    fails_with(above.check(&listed, &prices, Requirement::Initial(&limits)), VenueError::Unhealthy);
    assert!(above.is_healthy(&listed, &prices, Requirement::Maintenance).expect("fresh prices"));
    // at 90 % for liquidation: 900 dollars
    let liquidated = portfolio(owes(900 * TOKEN + 1), coins);
    assert!(!liquidated.is_healthy(&listed, &prices, Requirement::Maintenance).expect("fresh prices"));
}

#[test]
fn only_what_a_portfolio_holds_needs_a_fresh_price() {
    let (listed, limits) = (listings(), Limits::NONE);
    let stale = Prices::default();
    let saver = portfolio(has(1), has(1));
    saver.check(&listed, &stale, Requirement::Initial(&limits)).expect("nothing is owed");
    let borrower = portfolio(has(1), owes(1));
    fails_with(borrower.check(&listed, &stale, Requirement::Initial(&limits)), VenueError::StalePrice);
}

#[test]
fn the_limits_in_force_bind_new_positions_only() {
    let (listed, prices) = (listings(), prices(DOLLAR, 100 * DOLLAR));
    let one_coin = 1_000_000_000;
    let open = |margin: u64, limits: &Limits| {
        let mut trader = portfolio(has(margin), Balance::default());
        trader.open_position(&listed, 1, one_coin, 100 * DOLLAR, limits)?;
        trader.check(&listed, &prices, Requirement::Initial(limits))?;
        Ok(trader)
    };
    // a tenth of 100 dollars, out of a quote that counts 90 %
    let margin = 11_111_112;
    open(margin, &Limits::NONE).expect("exactly enough");
    fails_with(open(margin - 1, &Limits::NONE), VenueError::Unhealthy);

    let doubled = Limits { margin_multiplier_bps: 20_000, ..Limits::NONE };
    fails_with(open(margin, &doubled), VenueError::Unhealthy);
    open(2 * margin, &doubled).expect("twice the margin");
    let two_fold = Limits { max_leverage_bps: 20_000, ..Limits::NONE };
    fails_with(open(55_555_555, &two_fold), VenueError::Unhealthy);
    open(55_555_556, &two_fold).expect("half of the size");
    let small_orders = Limits { max_order: 100 * DOLLAR - 1, ..Limits::NONE };
    fails_with(open(margin, &small_orders), VenueError::OrderAboveLimit);
    let small_positions = Limits { max_position: 100 * DOLLAR - 1, ..Limits::NONE };
    fails_with(open(margin, &small_positions), VenueError::PositionAboveLimit);

    let trader = open(margin, &Limits::NONE).expect("exactly enough");
    assert!(trader.is_healthy(&listed, &prices, Requirement::Maintenance).expect("fresh prices"));
    let mut again = trader;
    fails_with(again.open_position(&listed, 1, 1, DOLLAR, &Limits::NONE), VenueError::PositionOpen);
    fails_with(again.open_position(&listed, 0, 0, DOLLAR, &Limits::NONE), VenueError::ZeroSize);
    fails_with(again.open_position(&listed, 2, 1, DOLLAR, &Limits::NONE), VenueError::UnknownCollateral);
}

#[test]
fn profit_and_loss_net_in_the_quote() {
    let listed = listings();
    let one_coin = 1_000_000_000;
    let close = |size: i64, price: u64, quote: Balance| {
        let mut trader = portfolio(quote, Balance::default());
        trader.open_position(&listed, 1, size, 100 * DOLLAR, &Limits::NONE)?;
        let (_, pnl) = trader.close_position(&listed, 1, &prices(DOLLAR, price * DOLLAR))?;
        anchor_lang::Result::Ok((pnl, trader.balances[QUOTE]))
    };
    let thirty = i128::from(30 * DOLLAR);
    assert_eq!(close(one_coin, 130, has(TOKEN)).expect("it nets"), (thirty, has(31 * TOKEN)));
    assert_eq!(close(-one_coin, 70, owes(10 * TOKEN)).expect("it nets"), (thirty, has(20 * TOKEN)));
    assert_eq!(close(one_coin, 70, has(TOKEN)).expect("it nets"), (-thirty, owes(29 * TOKEN)));
    assert_eq!(close(-one_coin, 130, has(40 * TOKEN)).expect("it nets"), (-thirty, has(10 * TOKEN)));
    assert_eq!(close(one_coin, 100, has(TOKEN)).expect("it nets"), (0, has(TOKEN)));
    // the smallest position rounds a loss up to a unit and a profit down to none
    assert_eq!(close(1, 99, has(TOKEN)).expect("it nets"), (-1, has(TOKEN - 1)));
    assert_eq!(close(1, 101, has(TOKEN)).expect("it nets"), (0, has(TOKEN)));

    let mut idle = portfolio(has(1), has(1));
    fails_with(idle.close_position(&listed, 1, &prices(DOLLAR, DOLLAR)), VenueError::NoPosition);
}

#[test]
fn a_price_is_newer_than_the_last_and_fresh_for_its_age() {
    let mut oracle = Oracle::default();
    assert_eq!(oracle.fresh(60, 0), None, "no price was published");
    fails_with(oracle.publish(0, 100, 100), VenueError::ZeroPrice);
    fails_with(oracle.publish(5, 101, 100), VenueError::PriceFromTheFuture);
    oracle.publish(5, 100, 100).expect("a first price");
    fails_with(oracle.publish(6, 99, 200), VenueError::PriceGoesBack);
    assert_eq!(oracle.fresh(60, 160), Some(5));
    assert_eq!(oracle.fresh(60, 161), None);
    assert_eq!(oracle.fresh(60, 99), None, "the clock went back");
}

#[test]
fn listings_keep_their_bounds() {
    let settings = |factor, liquidation, age| CollateralSettings {
        collateral_factor_bps: factor,
        liquidation_factor_bps: liquidation,
        max_price_age: age,
    };
    settings(9_500, 9_500, 1).check().expect("the highest factors");
    fails_with(settings(9_000, 9_501, 60).check(), VenueError::FactorOutOfBounds);
    fails_with(settings(9_001, 9_000, 60).check(), VenueError::FactorOutOfBounds);
    fails_with(settings(0, 0, 0).check(), VenueError::PriceAgeOutOfBounds);
    fails_with(settings(0, 0, 86_401).check(), VenueError::PriceAgeOutOfBounds);
    fails_with(Collateral::unit_of(19), VenueError::TooManyDecimals);

    let mut venue = Venue::default();
    for place in 0..MAX_COLLATERALS {
        let collateral = Collateral { mint: Pubkey::new_unique(), ..Collateral::default() };
        assert_eq!(venue.list(collateral).map(usize::from).expect("there is room"), place);
        fails_with(venue.list(collateral), VenueError::AlreadyListed);
    }
    let fifth = Collateral { mint: Pubkey::new_unique(), ..Collateral::default() };
    fails_with(venue.list(fifth), VenueError::TooManyCollaterals);
    venue.connect(Pubkey::new_unique(), Pubkey::new_unique()).expect("not connected yet");
    fails_with(venue.connect(Pubkey::new_unique(), Pubkey::new_unique()), VenueError::AlreadyConnected);
}

/// Amounts and prices of any size, with their edges.
fn words() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        (any::<u64>(), 0u32..64).prop_map(|(x, shift)| x >> shift),
        prop::sample::select(vec![0, 1, 2, u64::MAX - 1, u64::MAX]),
    ]
}

fn positive() -> impl Strategy<Value = u64> {
    words().prop_map(|x| x.max(1))
}

/// `a * b / c`, rounded down, in arithmetic that is wide enough.
fn exact(a: u64, b: u64, c: u64) -> u128 {
    u128::from(a) * u128::from(b) / u128::from(c)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn values_and_amounts_are_exact_or_named_overflows(
        amount in words(), price in positive(), decimals in 0u8..=18
    ) {
        let collateral = collateral(decimals, 8_000, 9_000);
        let value = exact(amount, price, collateral.unit);
        match u64::try_from(value) {
            Ok(value) => prop_assert_eq!(collateral.value_down(amount, price).expect("it fits"), value),
            Err(_) => fails_with(collateral.value_down(amount, price), VenueError::ValueOverflow),
        }
        let back = exact(amount, collateral.unit, price);
        match u64::try_from(back) {
            Ok(back) => prop_assert_eq!(collateral.amount_down(amount, price).expect("it fits"), back),
            Err(_) => fails_with(collateral.amount_down(amount, price), VenueError::AmountOverflow),
        }
        if let (Ok(down), Ok(up)) =
            (collateral.value_down(amount, price), collateral.value_up(amount, price))
        {
            prop_assert!(up - down <= 1);
            // there and back again never gains
            if let Ok(back) = collateral.amount_down(down, price) {
                prop_assert!(back <= amount);
            }
        }
    }

    #[test]
    fn opening_and_closing_at_one_price_gains_nothing(
        size in any::<i64>(), price in positive(), quote_price in positive(), deposit in words()
    ) {
        let listed = listings();
        let mut trader = portfolio(has(deposit), Balance::default());
        if trader.open_position(&listed, 1, size, price, &Limits::NONE).is_ok() {
            let (_, pnl) =
                trader.close_position(&listed, 1, &prices(quote_price, price)).expect("nothing to settle");
            prop_assert_eq!(pnl, 0);
            prop_assert_eq!(trader.balances[QUOTE], has(deposit));
        }
    }

    #[test]
    fn the_two_sides_of_a_position_never_gain_together(
        size in 1i64..=i64::MAX, entry in positive(), exit in positive(), decimals in 0u8..=18
    ) {
        let market = collateral(decimals, 8_000, 9_000);
        let long = Position { size, entry_price: entry }.pnl(&market, exit);
        let short = Position { size: -size, entry_price: entry }.pnl(&market, exit);
        if let (Ok(long), Ok(short)) = (long, short) {
            prop_assert!((-1..=0).contains(&(long + short)));
        }
    }

    #[test]
    fn health_is_what_exact_arithmetic_says(
        quote in (0u64..1 << 40, any::<bool>()),
        coin in (0u64..1 << 40, any::<bool>()),
        size in -(1i64 << 40)..1 << 40,
        entry in 1u64..1 << 30,
        quote_price in 1u64..1 << 30,
        coin_price in 1u64..1 << 30,
    ) {
        let listed = listings();
        let balance = |(amount, is_debt): (u64, bool)| if is_debt { owes(amount) } else { has(amount) };
        let mut account = portfolio(balance(quote), balance(coin));
        account.positions[1] = Position { size, entry_price: entry };
        let prices = prices(quote_price, coin_price);

        // everything in hundredths of a percent of a billionth of a micro-dollar: no rounding at all
        let exact = |factor: [i128; 2], margin: i128, pnl_counts: bool| -> i128 {
            let worth = |amount: u64, price: u64, scale: i128| i128::from(amount) * i128::from(price) * scale;
            let side = |(amount, is_debt): (u64, bool), price, scale, factor: i128| {
                worth(amount, price, scale) * if is_debt { -10_000 } else { factor }
            };
            let pnl = i128::from(size) * (i128::from(coin_price) - i128::from(entry)) * 10_000;
            let counted = if pnl_counts { pnl } else { pnl.min(0) };
            side(quote, quote_price, 1_000, factor[0]) + side(coin, coin_price, 1, factor[1]) + counted
                - i128::from(size.unsigned_abs()) * i128::from(coin_price) * margin
        };
        // each of at most six roundings takes less than one micro-dollar, and margin and factor share in it
        let slack = 6 * 10_000 * 1_000_000_000;
        let limits = Limits::NONE;
        for (requirement, exact) in [
            (Requirement::Initial(&limits), exact([9_000, 8_000], 1_000, false)),
            (Requirement::Maintenance, exact([9_500, 9_000], 500, true)),
        ] {
            let is_healthy = account.is_healthy(&listed, &prices, requirement).expect("it fits");
            if account.is_at_risk() {
                prop_assert!(!is_healthy || exact >= 0, "rounding made it healthy: {}", exact);
                prop_assert!(is_healthy || exact < slack, "rounding took too much: {}", exact);
            } else {
                prop_assert!(is_healthy);
            }
        }
    }

    #[test]
    fn a_liquidation_never_makes_a_portfolio_worse(
        coins in 1u64 << 20..1 << 40,
        debt in 1u64 << 20..1 << 40,
        share in 1u64..=1_000,
        coin_price in 1u64 << 20..1 << 30,
    ) {
        let listed = listings();
        let prices = prices(DOLLAR, coin_price);
        let before = portfolio(owes(debt), has(coins));
        let amount = debt / 1_000 * share;
        let seized = listed[1].seized_for(coin_price, &listed[0], DOLLAR, amount).expect("it fits");
        // what is taken is worth at most what was repaid and the bonus
        prop_assert!(exact(seized, coin_price, listed[1].unit) <= exact(amount, 10_500, 10_000));
        let mut after = before;
        if after.balances[0].repay(amount).is_ok() && after.balances[1].seize(seized).is_ok() {
            let was = before.is_healthy(&listed, &prices, Requirement::Maintenance).expect("it fits");
            let is = after.is_healthy(&listed, &prices, Requirement::Maintenance).expect("it fits");
            prop_assert!(is || !was);
        }
    }

    #[test]
    fn a_balance_is_a_deposit_or_a_debt_and_conserves_every_unit(
        steps in prop::collection::vec((0u8..6, 0u64..1_000), 1..100)
    ) {
        let (mut balance, mut net) = (Balance::default(), 0i128);
        for (step, amount) in steps {
            let mut after = balance;
            let (done, change) = match step {
                0 => (after.deposit(amount), i128::from(amount)),
                1 if amount > balance.deposit => continue, // refused, or the drill's bug
                1 => (after.withdraw(amount), -i128::from(amount)),
                2 => (after.borrow(amount), -i128::from(amount)),
                3 => (after.repay(amount), i128::from(amount)),
                4 => (after.credit(amount), i128::from(amount)),
                _ => (after.debit(amount), -i128::from(amount)),
            };
            if done.is_ok() {
                (balance, net) = (after, net + change);
            }
            prop_assert!(balance.deposit == 0 || balance.debt == 0);
            prop_assert_eq!(i128::from(balance.deposit) - i128::from(balance.debt), net);
        }
    }
}
