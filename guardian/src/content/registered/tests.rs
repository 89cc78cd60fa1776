use firebreak_interface::{
    Operation, Operations,
    state::{CoverageRow, KeeperSettings, MarketSettings, Reading, TermSettings},
};

use super::*;
use crate::{
    chain::Token,
    content::of,
    status::tests::{key, snapshot},
};

#[test]
fn each_registration_is_told_with_all_that_it_holds() {
    let mut snapshot = snapshot();
    let market = snapshot.markets[0].0;
    let vault = key(40);
    let closing = Operations::of(&[Operation::BORROW]);
    let mut settings = MarketSettings::closing(closing, closing, Operations::NON_EXITS);
    settings.responses[2].limits.max_order = 5;
    let limiter =
        Proposed::RegisterLimiter { settings: LimiterSettings::starting(2_500_000, 10), mint_cap: 3_000_000 };
    let feed = |byte| Feed { account: key(byte), id: [byte; 32] };
    let term = |reading, coefficient| TermSettings { reading, coefficient };
    let invariant = InvariantSettings {
        left: vec![term(Reading::TokenBalance, 1), term(Reading::U64(8), 3)],
        right: vec![term(Reading::MintSupply, 1)],
        ratio_bps: [10_000, 9_900, 9_500],
    };
    let keeper = KeeperSettings { key: key(60), max_seconds: 3_600, raises_per_day: 3, term: 86_400 };
    let row = CoverageRow { instruction: [0xab; 8], operations: Operation::WITHDRAW.mask() };
    for (proposed, accounts, words) in [
        (
            Proposed::CreateMarket { id: 3, settings },
            vec![],
            vec![
                "registers market 3",
                "critical.closed: all but the exits",
                "critical.max_order: 5",
                "dwell: 10 min",
            ],
        ),
        (
            limiter.clone(),
            vec![market, vault],
            vec![
                "registers a limiter of vault",
                "in market 0",
                "bootstrap_cap: 2500000 units",
                "mint_cap: 3000000 units",
                "in shadow",
            ],
        ),
        (
            Proposed::RegisterBand { index: 2, settings: BandSettings::starting(feed(7), feed(8)) },
            vec![market],
            vec![
                "registers price band 2 of market 0",
                "of feed 0707070707",
                "second price: ",
                "step_bps: 200 bps",
                "band:0/2 --arm",
            ],
        ),
        (
            Proposed::RegisterInvariant { index: 1, settings: invariant },
            vec![market, vault, key(41), key(42)],
            vec![
                &*format!("there must be: balance:{vault} + 3xu64:{}@8", key(41)),
                &*format!("to cover: supply:{}", key(42)),
                "critical.ratio_bps: 9500 bps",
                "invariant:0/1 --arm",
            ],
        ),
        (
            Proposed::RegisterKeeper(keeper),
            vec![],
            vec![
                "registers keeper",
                "for 1 h at most and 1 h a day together: 3 a day",
                "for 1 d from its execution",
            ],
        ),
        (
            Proposed::RegisterCoverage(vec![row]),
            vec![],
            vec!["adds 1 instructions", "instruction 0xabababababababab: asks for withdraw"],
        ),
        (
            Proposed::RegisterSafe,
            vec![market, key(43)],
            vec![&*format!("registers a safe of mint {} in market 0", key(43)), "goes back to the vault"],
        ),
        (
            Proposed::RegisterRoute(RouteSettings::starting()),
            vec![market, vault],
            vec![
                &*format!("the way of vault {vault} in market 0 to its safe"),
                "migrated: where guardians order it",
                "holds nothing: what a limiter would hold it refuses",
                "released to the vault alone",
            ],
        ),
        (
            Proposed::RegisterRoute(RouteSettings {
                destination: key(44),
                holds: 2,
                by_anyone: 1,
                ..RouteSettings::starting()
            }),
            vec![market, vault],
            vec![
                "by anyone while a limiter or an invariant holds Critical",
                "holds what exceeds the gross limit or a net limit, for 6 h",
                &*format!("may be RELEASED TO {} too", key(44)),
            ],
        ),
    ] {
        let text = of(&proposed, &accounts, &snapshot).join("\n");
        for word in words {
            assert!(text.contains(word), "no `{word}` in:\n{text}");
        }
        assert!(!text.contains("no limit"), "{text}");
        assert!(!text.contains("EXITS"), "{text}");
    }
    // where the mint is known, a person reads tokens
    snapshot.tokens.insert(vault, Token { mint: key(43), decimals: 6 });
    let text = of(&limiter, &[market, vault], &snapshot).join("\n");
    assert!(text.contains(&format!("of vault {vault}, of mint {}, in market 0", key(43))), "{text}");
    assert!(text.contains("bootstrap_cap: 2.5 tokens (2500000 units)"), "{text}");
    settings.critical_closes_exits = true;
    let text = of(&Proposed::CreateMarket { id: 3, settings }, &[], &snapshot).join("\n");
    assert!(text.contains("Critical may CLOSE EXITS"), "{text}");
    settings.responses[2].closed |= Operation::REPAY.mask();
    let text = of(&Proposed::CreateMarket { id: 3, settings }, &[], &snapshot).join("\n");
    assert!(text.contains("Critical CLOSES EXITS, while it holds: repay"), "{text}");
}

#[test]
fn what_is_created_is_where_the_program_creates_it() {
    let snapshot = snapshot();
    let (market, vault) = (snapshot.markets[0].0, key(40));
    let settings = BandSettings::starting(Feed::default(), Feed::default());
    let band = Proposed::RegisterBand { index: 2, settings };
    assert_eq!(created(&band, &[market], &snapshot), Some(pda::band(&market, 2).0));
    let limiter = Proposed::RegisterLimiter { settings: LimiterSettings::starting(1, 1), mint_cap: 1 };
    assert_eq!(created(&limiter, &[market, vault], &snapshot), Some(snapshot.addresses.limiter(&vault)));
    assert_eq!(created(&Proposed::RegisterCoverage(Vec::new()), &[], &snapshot), None);
    let safe = created(&Proposed::RegisterSafe, &[market, key(43)], &snapshot);
    assert_eq!(safe, Some(pda::safe(&market, &key(43)).0));
    // it is registered again, with other settings
    let route = Proposed::RegisterRoute(RouteSettings::starting());
    assert_eq!(created(&route, &[market, vault], &snapshot), None);
}
