//! Registrations: proposed in words, executed after the delay, and on chain exactly what was asked for.

mod rules;

use firebreak_chain::token;
use firebreak_client::{
    Limiter, Market, ProtocolAddresses,
    account::Kind,
    interface::{
        BreakerError, Operation, Operations,
        constants::{KEEPER_TERM_MAX, LOOSENING_DELAY_DEFAULT, MINOR_MAX},
        pda,
        state::{
            Coverage, CoverageRow, Keeper, LimiterSettings, MarketSettings, MintCap, Protocol, WindowSettings,
        },
    },
};
use firebreak_guardian::exit::Exit;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::world::{Found, TestResult, World};

const AUTHORITY: &str = "--keypair $KEYS/authority.json --yes";
const ANYBODY: &str = "--keypair $KEYS/guardian-1.json --yes";
/// Of the token that is listed here.
const DECIMALS: u8 = 6;

impl World {
    pub(crate) async fn read<T: Kind>(&self, key: &Pubkey) -> Found<T> {
        let account = firebreak_chain::account(&self.chain.rpc(), key).await?.ok_or("no account")?;
        Ok(firebreak_client::decode(&account.owner, &account.data)?)
    }

    async fn is_there(&self, key: &Pubkey) -> Found<bool> {
        Ok(firebreak_chain::account(&self.chain.rpc(), key).await?.is_some())
    }

    /// A vault with a thousand tokens of a mint of its own.
    async fn new_vault(&self) -> Found<(Pubkey, Pubkey)> {
        let (rpc, payer) = (self.chain.rpc(), self.chain.payer());
        let mint = token::create_mint(&rpc, payer, DECIMALS).await?;
        let vault = token::create_account(&rpc, payer, &mint, &Pubkey::new_unique()).await?;
        token::mint_to(&rpc, payer, &mint, &vault, 1_000_000_000).await?;
        Ok((mint, vault))
    }

    /// Proposes it, reads it in words, waits, and executes it; gives what was said at the execution.
    async fn registered(&self, registration: &str, words: &[&str]) -> Found<String> {
        let number = self.read::<Protocol>(&self.venue.protocol).await?.next_proposal;
        let proposed = self.run(&format!("g propose {registration} {AUTHORITY}")).await.done();
        assert!(proposed.out.contains(&format!("propose, as number {number}")), "{}", proposed.out);
        for word in ["takes effect: not before", "expires: ", "must sign too: nobody else"] {
            assert!(proposed.out.contains(word), "no `{word}` in:\n{}", proposed.out);
        }
        // whoever may veto it reads the same
        let waiting = self.run("g proposals").await.done();
        for word in words {
            assert!(proposed.out.contains(word), "no `{word}` in:\n{}", proposed.out);
            assert!(waiting.out.contains(word), "no `{word}` in:\n{}", waiting.out);
        }
        let early = self.run(&format!("g execute {number} {ANYBODY}")).await;
        assert_eq!(early.exit, Exit::Refused, "{}", early.err);
        early.says("ProposalNotRipe");
        self.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
        Ok(self.executed(number).await)
    }

    async fn executed(&self, number: u64) -> String {
        let done = self.run(&format!("g execute {number} {ANYBODY}")).await.done();
        assert!(done.out.contains("status: Pending -> Executed"), "{}", done.out);
        assert!(done.out.contains("the rent of what it creates is paid by"), "{}", done.out);
        done.out
    }

    /// Each of these is refused for the reason beside it, and nothing was proposed.
    async fn refused(&self, bad: &[(String, &str)]) -> TestResult {
        for (registration, word) in bad {
            let refused = self.run(&format!("g propose {registration} {AUTHORITY}")).await;
            assert_eq!(refused.exit, Exit::Usage, "{registration}: {}\n{}", refused.err, refused.out);
            refused.says(word);
        }
        let protocol: Protocol = self.read(&self.venue.protocol).await?;
        assert_eq!((protocol.next_proposal, protocol.pending_proposals), (0, 0), "nothing was sent");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_is_registered_as_it_was_asked_for() -> TestResult {
    let world = World::open().await?;
    let closes = "--minor-closes list --major-closes list,borrow --critical-closes all";
    world
        .refused(&[
            (
                format!("market 7 {}", closes.replace("list,borrow", "borrow")),
                "--major-closes leaves list open",
            ),
            (
                format!("market 7 {}", closes.replace("all", "list,borrow,repay")),
                "--critical-closes has repay",
            ),
            (format!("market 7 {closes} --minor-for 5m"), "--minor-for is 5min: it may be 10min to 1d"),
            (
                format!("market 7 {closes} --dwell 2d"),
                "--dwell is 2d: it may be 10min to 1d (DwellOutOfBounds)",
            ),
            (format!("market 7 {closes} --minor-max-order 5 --major-max-order 6"), "LimitsNotMonotone"),
            (format!("market 0 {closes}"), "market 0 is there already"),
            (format!("protocol --delay 4d market 7 {closes}"), "one at a time: a change of the protocol"),
        ])
        .await?;
    let more =
        "--major-for 2h --dwell 15m --minor-max-order 500 --critical-margin 2x --critical-max-leverage 1.5x";
    let words = ["registers market 7", "major.closed: borrow, list", "minor.max_order: 500", "dwell: 15 min"];
    let done = world.registered(&format!("market 7 {closes} {more}"), &words).await?;
    assert!(done.contains("market 7, critical.margin_multiplier_bps: - -> 20000 bps"), "{done}");

    let market: Market = world.read(&ProtocolAddresses::new(world.venue.protocol).market(7)).await?;
    let mut expected = MarketSettings::closing(
        Operations::of(&[Operation::LIST]),
        Operations::of(&[Operation::LIST, Operation::BORROW]),
        Operations::NON_EXITS,
    );
    expected.responses.iter_mut().for_each(|response| response.limits.max_order = 500);
    expected.responses[2].limits.margin_multiplier_bps = 20_000;
    expected.responses[2].limits.max_leverage_bps = 15_000;
    (expected.durations[1], expected.dwell) = (7_200, 900);
    assert_eq!((market.id, market.settings()), (7, expected));
    world.run("g status").await.done().says("market 7: Normal");
    // once is enough
    let again = world.run(&format!("g propose market 7 {closes} {AUTHORITY}")).await;
    assert_eq!(again.exit, Exit::Usage, "{}", again.err);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limiter_is_registered_in_tokens_as_it_was_asked_for() -> TestResult {
    let world = World::open().await?;
    let (mint, vault) = world.new_vault().await?;
    let limiter = |rest: &str| format!("limiter {vault} --market 0 {rest}");
    let amounts = "--bootstrap-cap 250.5 --floor 0.5";
    world
        .refused(&[
            (limiter(&format!("{amounts} --short-rate 150%")), "--short-rate is 150%: it may be 0% to 100%"),
            (limiter(&format!("{amounts} --short 2d")), "--long is 1d: it must be longer than --short, 2d"),
            (
                limiter("--bootstrap-cap 1 --floor 2"),
                "--floor is 2000000 units: it may be --bootstrap-cap at most",
            ),
            (
                limiter("--bootstrap-cap 0.0000001 --floor 0"),
                "--bootstrap-cap: 0.0000001 tokens are no amount of a token with 6",
            ),
            (limiter("--bootstrap-cap 5 --floor 1 --mint-cap 4"), "there is 4 tokens (4000000 units) left"),
            (format!("limiter {mint} --market 0 {amounts}"), "is no token account"),
            (format!("limiter $VAULT --market 0 {amounts}"), "is there already: nothing is registered twice"),
        ])
        .await?;
    let nowhere = world.run(&format!("g propose limiter {vault} --market 9 {amounts} {AUTHORITY}")).await;
    assert_eq!(nowhere.exit, Exit::NotFound, "{}", nowhere.err);
    nowhere.says("there is no market 9; there are: 0");

    // the world's own limiter has taken all of its mint's cap, and gives it back before this could be executed
    let (rpc, payer) = (world.chain.rpc(), world.chain.payer());
    let beside = token::create_account(&rpc, payer, &world.mint, &Pubkey::new_unique()).await?;
    let spent = format!("g propose limiter {beside} --market 0 --bootstrap-cap 50000units --floor 0");
    world.run(&format!("{spent} --keypair $KEYS/authority.json --dry-run")).await.done();

    let more = "--short-rate 5% --long 2d --gross 2x --hard-severity critical --elastic 0.5%";
    let words = [
        &format!("registers a limiter of vault {vault}, of mint {mint}, in market 0"),
        "bootstrap_cap: 250.5 tokens (250500000 units)",
        "floor: 0.5 tokens (500000 units)",
        "mint_cap: 250.5 tokens",
        "short.rate_bps: 500 bps",
        "hard_severity: Critical",
        "in shadow",
    ];
    let dry = limiter(&format!("{amounts} {more} --keypair $KEYS/authority.json --dry-run"));
    let shown = world.run(&format!("g propose {dry}")).await.done();
    assert!(shown.out.contains("the vault holds 1000 tokens (1000000000 units); its owner"), "{}", shown.out);
    assert!(shown.out.contains("dry run: nothing was signed or sent"), "{}", shown.out);
    let read: serde_json::Value =
        serde_json::from_str(&world.run(&format!("g propose {dry} --json")).await.done().out)?;
    assert_eq!((&read["outcome"], &read["act"]), (&"simulated".into(), &"propose, as number 0".into()));
    let says = read["says"].as_array().ok_or("no array")?;
    assert!(says.iter().any(|line| line == "bootstrap_cap: 250.5 tokens (250500000 units)"), "{read}");
    assert!(!world.is_there(&pda::proposal(&world.venue.protocol, 0).0).await?, "only shown");

    let done = world.registered(&limiter(&format!("{amounts} {more}")), &words).await?;
    assert!(done.contains(&format!("the limiter of vault {vault}, armed: - -> false")), "{done}");
    assert!(done.contains("taken of it: - -> 250500000 until"), "{done}");
    let addresses = ProtocolAddresses::new(world.venue.protocol);
    let found: Limiter = world.read(&addresses.limiter(&vault)).await?;
    let start = LimiterSettings::starting(250_500_000, 500_000);
    let [short, long] = start.windows;
    let expected = LimiterSettings {
        windows: [WindowSettings { rate_bps: 500, ..short }, WindowSettings { seconds: 172_800, ..long }],
        elastic_bps: 50,
        gross_bps: 20_000,
        hard_severity: 3,
        ..start
    };
    assert_eq!(found.settings, expected);
    assert_eq!((found.market, found.mint, found.armed), (world.venue.market, mint, 0));
    let shared: MintCap = world.read(&pda::mint_cap(&world.venue.protocol, &mint).0).await?;
    assert_eq!((shared.cap, shared.taken), (250_500_000, 250_500_000));
    world
        .run(&format!("g tighten limiter:{vault} --arm {AUTHORITY}"))
        .await
        .done()
        .says("armed: false -> true");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_is_registered_for_its_term() -> TestResult {
    let world = World::open().await?;
    let bot = Pubkey::new_unique();
    let keeper = format!("keeper {bot} --max-raise 6h --raises-per-day 4 --term 90d");
    world
        .refused(&[
            (
                keeper.replace("raise 6h", "raise 5m"),
                "--max-raise is 5min: it may be 10min to 1d (KeeperSettingOutOfBounds)",
            ),
            (keeper.replace("-day 4", "-day 25"), "--raises-per-day is 25: it may be 1 to 24"),
            (keeper.replace("term 90d", "term 366d"), "--term is 366d: it may be 1s to 365d"),
            (keeper.replace(&bot.to_string(), "$G1"), "is a guardian of this protocol"),
            (keeper.replace(&bot.to_string(), "$AUTHORITY"), "is the authority of this protocol"),
            (
                keeper.replace(&bot.to_string(), &world.keeper.pubkey().to_string()),
                "was registered already, until",
            ),
        ])
        .await?;
    assert_eq!((MINOR_MAX, KEEPER_TERM_MAX), (86_400, 365 * 86_400));
    let longer =
        world.run(&format!("g propose {} {AUTHORITY}", keeper.replace("term 90d", "term 91d"))).await.done();
    assert!(!longer.out.contains("registers it too"), "{}", longer.out);
    let words = [
        &format!("registers keeper {bot}"),
        "6 h at most",
        "4 a day",
        "for 90 d from its execution",
        "proposal 0",
    ];
    let done = world.registered(&keeper, &words).await?;
    assert!(done.contains(&format!("keeper {bot}, raises today: - -> 0 of 4")), "{done}");
    let found: Keeper = world.read(&ProtocolAddresses::new(world.venue.protocol).keeper(&bot)).await?;
    assert_eq!((found.key, found.max_seconds, found.raises_per_day), (bot, 21_600, 4));
    assert_eq!(found.expires.unix - found.day_start.unix, 90 * 86_400);
    world.run("g members").await.done().says(&bot.to_string());
    // the other one that waited for the same key registers nothing any longer
    world.run("g proposals").await.done().says("proposal 0: void: what it registers is there already");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_is_added_row_by_row() -> TestResult {
    let world = World::open().await?;
    let many: Vec<_> = (0..65).map(|number| format!("i{number}=none")).collect();
    world
        .refused(&[
            (
                "coverage pay=withdraw pay=none".to_owned(),
                "pay is in the table already, or named twice (CoveredTwice)",
            ),
            ("coverage pay=steal".to_owned(), "`steal` is no operation"),
            (
                format!("coverage {}", many.join(" ")),
                "no room for i64: 64 rows are there, and a table has 64 (CoverageCount)",
            ),
            (format!("coverage {}", many[..64].join(" ")), "ask for less at a time"),
        ])
        .await?;
    let rows = [
        CoverageRow::of("withdraw", Operations::of(&[Operation::WITHDRAW, Operation::CLAIM])),
        CoverageRow::of("set_fee", Operations::default()),
    ];
    let words = ["adds 2 instructions to the coverage table", "asks for withdraw, claim", "asks for nothing"];
    let done = world.registered("coverage withdraw=withdraw,claim set_fee=none", &words).await?;
    assert!(done.contains("the coverage table, row 2: - -> instruction 0x"), "{done}");
    let table: Coverage = world.read(&pda::coverage(&world.venue.protocol).0).await?;
    assert_eq!(table.rows(), rows);
    let twice = world.run(&format!("g propose coverage a=none set_fee=none {AUTHORITY}")).await;
    assert_eq!(twice.exit, Exit::Usage, "{}", twice.err);
    twice.says("set_fee is in the table already");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_first_limiter_is_armed_registrations_take_no_proposal() -> TestResult {
    let world = World::in_shadow().await?;
    let addresses = ProtocolAddresses::new(world.venue.protocol);
    let closes = "--minor-closes none --major-closes borrow --critical-closes all";
    let registered = world.run(&format!("g propose market 1 {closes} {AUTHORITY}")).await.done();
    for word in [
        "register at once",
        "registers market 1",
        "as no limiter of this protocol is armed yet",
        "market 1, severity: - -> Normal",
    ] {
        assert!(registered.out.contains(word), "no `{word}` in:\n{}", registered.out);
    }
    let market: Market = world.read(&addresses.market(1)).await?;
    assert_eq!(market.id, 1);
    world.run(&format!("g propose limiter:$VAULT --set short.rate_bps=2000 {AUTHORITY}")).await.done();
    let again = world.run(&format!("g propose market 2 {closes} --again 0 {AUTHORITY}")).await;
    assert_eq!(again.exit, Exit::Usage, "{}", again.err);
    again.says("--again is of a proposal, and none is needed");

    // another key's word is none, and a governance program's PDA signs elsewhere
    let thief = world.run(&format!("g propose market 2 {closes} {ANYBODY}")).await;
    assert_eq!(thief.exit, Exit::WrongKey, "{}", thief.err);
    let printed = world.run(&format!("g propose market 2 {closes} --as $AUTHORITY --print")).await.done();
    assert!(printed.err.contains("registers market 2"), "{}", printed.err);
    let read: serde_json::Value = {
        let json =
            world.run(&format!("g propose market 2 {closes} --as $AUTHORITY --print --json")).await.done();
        serde_json::from_str(&json.out)?
    };
    assert_eq!(read["outcome"], "printed");
    assert!(read["transaction"].is_string() && read["signature"].is_null(), "{read}");
    assert!(!world.is_there(&addresses.market(2)).await?, "only printed");

    // what the new limiters of a mint share is told, and what of it is left
    let (mint, vault) = world.new_vault().await?;
    let (rpc, payer) = (world.chain.rpc(), world.chain.payer());
    let other = token::create_account(&rpc, payer, &mint, &Pubkey::new_unique()).await?;
    let limiter = |vault: &Pubkey, rest: &str| {
        format!("g propose limiter {vault} --market 1 --floor 1 {rest} {AUTHORITY}")
    };
    world.run(&limiter(&vault, "--bootstrap-cap 60 --mint-cap 100")).await.done();
    for (rest, rule, word) in [
        ("--bootstrap-cap 50", BreakerError::MintCapSpent, "there is 40 tokens (40000000 units) left"),
        (
            "--bootstrap-cap 5 --mint-cap 200",
            BreakerError::MintCapDiffers,
            "it is 100 tokens (100000000 units) until",
        ),
    ] {
        let refused = world.run(&limiter(&other, rest)).await;
        assert_eq!(refused.exit, Exit::Usage, "{}", refused.err);
        refused.says(word).says(&rule.name());
    }
    world.run(&limiter(&other, "--bootstrap-cap 40000000units")).await.done().says("mint_cap: 100 tokens");
    let found: Limiter = world.read(&addresses.limiter(&other)).await?;
    assert_eq!(found.settings, LimiterSettings::starting(40_000_000, 1_000_000));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_and_its_limiter_wait_side_by_side() -> TestResult {
    let world = World::open().await?;
    let (mint, vault) = world.new_vault().await?;
    let closes = "--minor-closes none --major-closes borrow --critical-closes all";
    world.run(&format!("g propose market 1 {closes} {AUTHORITY}")).await.done();
    let limiter = format!("g propose limiter {vault} --market 1 --bootstrap-cap 10 --floor 1 {AUTHORITY}");
    let proposed = world.run(&limiter).await.done();
    assert!(proposed.out.contains("market 1 is not there yet: execute proposal 0 first"), "{}", proposed.out);
    world
        .run("g proposals")
        .await
        .done()
        .says(&format!("registers a limiter of vault {vault}, of mint {mint}, in market 1"));
    world.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
    let early = world.run(&format!("g execute 1 {ANYBODY}")).await;
    assert_eq!(early.exit, Exit::Refused, "its market is not there: {}", early.err);
    world.executed(0).await;
    world.executed(1).await;
    let addresses = ProtocolAddresses::new(world.venue.protocol);
    let found: Limiter = world.read(&addresses.limiter(&vault)).await?;
    assert_eq!(found.market, addresses.market(1));

    // the guardians end one that they do not know, and the authority says it once more
    let keeper = format!(
        "g propose keeper {} --max-raise 1h --raises-per-day 1 --term 1d {AUTHORITY}",
        Pubkey::new_unique()
    );
    world.run(&keeper).await.done();
    world.run("g veto 2 --keypair $K0 --keypair $K1 --yes").await.done().says("registers keeper");
    world.run(&format!("{keeper} --again 2")).await.done().says("4 d from now");
    let other = world.run(&format!("{} --again 2", keeper.replace("raise 1h", "raise 2h"))).await;
    assert_eq!(other.exit, Exit::Usage, "{}", other.err);
    other.says("said something else");
    Ok(())
}
