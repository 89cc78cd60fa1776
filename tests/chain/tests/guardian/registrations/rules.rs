//! Registrations of bands and invariants: what they read is read before they are proposed.

use firebreak_client::interface::{
    constants::LOOSENING_DELAY_DEFAULT,
    oracle::{self, PYTH_RECEIVER, PriceUpdate},
    pda,
    state::{BandSettings, Feed, Invariant, PriceBand, Term},
};
use firebreak_guardian::exit::Exit;
use solana_account::Account;
use solana_pubkey::Pubkey;

use super::{ANYBODY, AUTHORITY};
use crate::world::{TestResult, World};

const FEED: [u8; 32] = [0xab; 32];

impl World {
    /// Posts a price, as of now, to this account.
    async fn post(&self, to: &Pubkey, feed: [u8; 32], price: i64) -> TestResult {
        let clock = firebreak_chain::account(&self.chain.rpc(), &firebreak_client::clock::ADDRESS).await?;
        let clock = clock.ok_or("no clock")?;
        let now = firebreak_client::clock::read(&clock.owner, &clock.data).ok_or("no clock")?;
        let update = PriceUpdate {
            partial: None,
            feed_id: feed,
            price,
            conf: 1,
            exponent: -8,
            publish_time: now.unix,
            posted_slot: now.slot,
        };
        let account = Account {
            lamports: 10_000_000,
            data: oracle::encode(&update),
            owner: PYTH_RECEIVER,
            ..Account::default()
        };
        self.copy(&account, to, |_| {}).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_band_is_registered_on_the_feeds_that_its_accounts_hold() -> TestResult {
    let world = World::open().await?;
    let (price, second) = (Pubkey::new_unique(), Pubkey::new_unique());
    world.post(&price, FEED, 123_45000000).await?;
    world.post(&second, [0xcd; 32], 123_50000000).await?;
    let band = format!("band 0/2 --price {price} --second {second}");
    let other = "cd".repeat(32);
    world
        .refused(&[
            (format!("{band} --price-feed {other}"), "was said: the account holds no price of this feed"),
            (format!("band 0/2 --price {price} --second {price}"), "SameFeedTwice"),
            ("band 0/2 --price $VAULT".to_owned(), "holds no price of Pyth's"),
            (format!("{band} --minor-deviation 0.1%"), "--minor-deviation is 0.1%: it may be 0.5% to 50%"),
            (
                format!("{band} --major-divergence 1%"),
                "--major-divergence is 1%: it must be more than --minor-divergence",
            ),
            (format!("{band} --step 6%"), "--step is 6%: it may be 0.01% to 5%"),
            (format!("{band} --max-age 2h"), "--max-age is 2h: it may be 5s to 1h"),
            (band.replace("0/2", "0/64"), "index 64: a market's are 0 to 63 (RulePlace)"),
        ])
        .await?;
    let more = "--critical-deviation 30% --step 1% --stale-severity major --observe-within 5m";
    let number = 0;
    {
        let proposed = world.run(&format!("g propose {band} {more} {AUTHORITY}")).await.done();
        for word in [
            format!("{price} says 123.45 of feed {}", "ab".repeat(32)),
            "registers price band 2 of market 0".to_owned(),
        ] {
            assert!(proposed.out.contains(&word), "no `{word}` in:\n{}", proposed.out);
        }
        assert!(!proposed.out.contains("NOT as of now"), "{}", proposed.out);
    }
    world.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
    world.run("g proposals").await.done().says(&format!("second price: {second} of feed {other}"));
    // the prices are two days old by now: whoever executes it posts new ones first
    let stale = world.run(&format!("g execute {number} {ANYBODY}")).await;
    assert_eq!(stale.exit, Exit::Refused, "{}", stale.err);
    stale.says("PriceUnusable");
    let late = world.run(&format!("g propose {band} --keypair $KEYS/authority.json --dry-run")).await.done();
    assert!(late.out.contains("NOT as of now"), "{}", late.out);
    assert!(late.out.contains("proposal 0 registers it too"), "{}", late.out);
    world.post(&price, FEED, 200_00000000).await?;
    world.post(&second, [0xcd; 32], 200_00000000).await?;
    world.executed(number).await;

    let found: PriceBand = world.read(&pda::band(&world.venue.market, 2).0).await?;
    let feeds = (Feed { account: price, id: FEED }, Feed { account: second, id: [0xcd; 32] });
    let expected = BandSettings {
        deviation_bps: [500, 1_000, 3_000],
        step_bps: 100,
        stale_severity: 2,
        observe_within: 300,
        ..BandSettings::starting(feeds.0, feeds.1)
    };
    assert_eq!((found.settings, found.index, found.market), (expected, 2, world.venue.market));
    assert_eq!(found.reference, found.seen);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invariant_is_registered_with_its_terms() -> TestResult {
    let world = World::open().await?;
    let (mint, vault) = world.new_vault().await?;
    let ledger = world.venue.address;
    let right = format!("--right supply:{mint} --right u64:{ledger}@0");
    let ratios = "--minor 100% --major 99% --critical 95.5%";
    let invariant = format!("invariant 0/3 --left 2xbalance:{vault} {right} {ratios}");
    world
        .refused(&[
            (invariant.replace("--major 99%", "--major 101%"), "--major is 101%: it may be 0.01% to 100%"),
            (invariant.replace("95.5%", "0%"), "--critical is 0%: it may be 0.01% to 99%"),
            (format!("{invariant}{}", format!(" --left supply:{mint}").repeat(8)), "--left is there 9 times"),
            (invariant.replace("u64:", "balance:").replace("@0", ""), "TermUnreadable"),
            (invariant.replace("@0", "@100000"), "TermUnreadable"),
            (format!("{invariant} --right supply:{mint}"), "SameTermTwice"),
            (invariant.replace("2xbalance", "0xbalance"), "ZeroCoefficient"),
            (
                invariant.replace(&mint.to_string(), &Pubkey::new_unique().to_string()),
                "there is no such account",
            ),
        ])
        .await?;
    let invariant = format!("invariant 0/3 --left 2xbalance:{vault} --right supply:{mint} {ratios}");
    let words = [
        "registers invariant 3 of market 0",
        &format!("there must be: 2xbalance:{vault}"),
        &format!("to cover: supply:{mint}"),
        "critical.ratio_bps: 9550 bps",
    ];
    let false_now = world
        .run(&format!(
            "g propose {} --keypair $KEYS/authority.json --dry-run",
            invariant.replace("--minor 100%", "--minor 300%")
        ))
        .await
        .done();
    assert!(
        false_now.out.contains("it does NOT hold now: the left side is 200% of the right"),
        "{}",
        false_now.out
    );
    let done = world.registered(&invariant, &words).await?;
    assert!(
        done.contains(&format!("invariant 3 of market 0, left term 1: - -> 2xbalance:{vault}")),
        "{done}"
    );

    let found: Invariant = world.read(&pda::invariant(&world.venue.market, 3).0).await?;
    assert_eq!((found.ratio_bps, found.counts), ([10_000, 9_900, 9_550], [1, 1]));
    let terms: Vec<_> =
        found.terms().iter().map(|term| (term.account, term.kind, term.coefficient)).collect();
    assert_eq!(terms, [(vault, 1, 2), (mint, 2, 1)]);
    assert_eq!(found.terms[2], Term::default());
    Ok(())
}
