//! Money to safety from the command line: registered on a quiet day, ordered by guardians, moved by anyone, again after any
//! failure.

use firebreak_chain::{send, token};
use firebreak_client::{
    Limiter, Market,
    instruction::{self as breaker, NewLimiter},
    interface::{
        Severity, pda,
        state::{LimiterSettings, Route, Rule, Safe, Source, Trip},
    },
};
use firebreak_guardian::exit::Exit;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::world::{Found, TestResult, World};

const AUTHORITY: &str = "--keypair $KEYS/authority.json --yes";
const TWO: &str = "--keypair $KEYS/guardian-0.json --keypair $KEYS/guardian-1.json --yes";
const ANYBODY: &str = "--keypair $KEYS/guardian-2.json --yes";
/// What is in each vault.
const AMOUNT: u64 = 40_000;
/// Where a token account has its state, and what it is when it is frozen.
const STATE: usize = 108;
const FROZEN: u8 = 2;

impl World {
    fn safe(&self) -> Pubkey {
        pda::safe(&self.venue.market, &self.mint).0
    }

    async fn in_safe(&self) -> Found<u64> {
        Ok(token::balance(&self.chain.rpc(), &pda::safe_tokens(&self.safe()).0).await?)
    }

    /// Vaults in the breaker's custody, each with a limiter, a route and so much in it.
    async fn in_custody(&self, count: usize) -> Found<Vec<Pubkey>> {
        let (rpc, admin, protocol) = (self.chain.rpc(), self.chain.payer(), self.venue.protocol);
        let key = admin.pubkey();
        let mut vaults = Vec::new();
        for _ in 0..count {
            // the owner is the route, whose address is the vault's: so it is handed over
            let vault = token::create_account(&rpc, admin, &self.mint, &key).await?;
            let owner = pda::route(&self.venue.market, &vault).0;
            let hand_over = token::give(&vault, &key, &owner);
            token::mint_to(&rpc, admin, &self.mint, &vault, AMOUNT).await?;
            let limits = LimiterSettings::starting(0, 0);
            let new = NewLimiter {
                market: self.venue.market,
                vault,
                mint: self.mint,
                mint_cap: 50_000,
                settings: &limits,
            };
            let register = breaker::register_limiter(key, key, protocol, &new, Some(0));
            send::send(&rpc, admin, &[], &[hand_over, register]).await?.ok()?;
            vaults.push(vault);
        }
        Ok(vaults)
    }

    /// The same, with safe and routes, all by the command line.
    pub(crate) async fn guarded(&self, count: usize) -> Found<Vec<Pubkey>> {
        let vaults = self.in_custody(count).await?;
        self.run(&format!("g propose safe --market 0 --mint {} {AUTHORITY}", self.mint)).await.done();
        for vault in &vaults {
            let routed =
                self.run(&format!("g propose route --market 0 --vault {vault} {AUTHORITY}")).await.done();
            assert!(routed.out.contains("in custody: the vault belongs to its route"), "{}", routed.out);
        }
        Ok(vaults)
    }

    async fn ordered(&self) {
        let pause = "g pause --market 0 --for 1h --keypair $KEYS/guardian-0.json --yes";
        self.run(pause).await.done();
        self.run(&format!("g migrate --market 0 {TWO}")).await.done();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_day_prepares_what_an_incident_needs() -> TestResult {
    let world = World::in_shadow().await?;
    let safe = format!("g propose safe --market 0 --mint {}", world.mint);
    let route = format!("g propose route --market 0 --vault {}", world.vault);
    // first things first
    let early = world.run(&format!("{route} {AUTHORITY}")).await;
    assert_eq!(early.exit, Exit::NotFound, "{}", early.err);
    early.says("has no safe of mint").says("propose safe --market 0 --mint");
    for (bad, word) in [
        (format!("g propose safe --market 0 --mint {}", world.vault), "(MintNotGuardable)"),
        (
            format!("{route} --hold-for 30m"),
            "--hold-for is 30min: it may be 1h to 3d (RouteSettingOutOfBounds)",
        ),
        (format!("g propose route --market 0 --vault {}", world.mint), "is no token account"),
    ] {
        let refused = world.run(&format!("{bad} {AUTHORITY}")).await;
        assert_eq!(refused.exit, Exit::Usage, "{bad}: {}\n{}", refused.err, refused.out);
        refused.says(word);
    }

    let done = world.run(&format!("{safe} {AUTHORITY}")).await.done();
    for word in [
        &format!("registers a safe of mint {} in market 0", world.mint),
        "takes effect: in the slot",
        "kept for its vaults: - -> 0",
    ] {
        assert!(done.out.contains(word), "no `{word}` in:\n{}", done.out);
    }
    let again = world.run(&format!("{safe} {AUTHORITY}")).await;
    assert_eq!(again.exit, Exit::Usage, "{}", again.err);
    again.says("is there already");
    let found: Safe = world.read(&world.safe()).await?;
    assert_eq!((found.market, found.mint), (world.venue.market, world.mint));

    let foreign = token::create_mint(&world.chain.rpc(), world.chain.payer(), 6).await?;
    let foreign =
        token::create_account(&world.chain.rpc(), world.chain.payer(), &foreign, &Pubkey::new_unique())
            .await?;
    for destination in [world.vault, foreign] {
        let refused = world.run(&format!("{route} --destination {destination} {AUTHORITY}")).await;
        assert_eq!(refused.exit, Exit::Usage, "{}", refused.err);
        refused.says("--destination").says("WrongDestination");
    }
    let done = world.run(&format!("{route} --hold gross --hold-for 2h --by-anyone {AUTHORITY}")).await.done();
    for word in [
        "holds what exceeds the gross limit, for 2 h",
        "by anyone while a limiter or an invariant",
        "in escort: ",
        "released to the vault alone",
    ] {
        assert!(done.out.contains(word), "no `{word}` in:\n{}", done.out);
    }
    let key = pda::route(&world.venue.market, &world.vault).0;
    let found: Route = world.read(&key).await?;
    let settings = found.settings;
    assert_eq!((settings.holds, settings.hold_seconds, settings.by_anyone), (1, 7_200, 1));
    let shown = world.run("g safes").await.done();
    assert!(
        shown.out.contains("; by anyone at Critical; holds what exceeds the gross limit, for 2 h"),
        "{}",
        shown.out
    );

    // once a limiter is armed, other settings wait, and all can read them
    world.run(&format!("g tighten limiter:$VAULT --arm {AUTHORITY}")).await.done();
    let waits = world.run(&format!("{route} {AUTHORITY}")).await.done();
    assert!(waits.out.contains("this sets all of it anew, for the 2. time"), "{}", waits.out);
    assert!(waits.out.contains("takes effect: not before"), "{}", waits.out);
    world.run("g proposals").await.done().says("holds nothing: what a limiter would hold it refuses");
    world.wait(3 * 86_400).await?;
    world.run(&format!("g execute 0 {ANYBODY}")).await.done();
    let found: Route = world.read(&key).await?;
    assert_eq!((found.settings.holds, found.settings.by_anyone, found.epoch), (0, 0, 2));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn guardians_order_it_and_anyone_moves_the_vaults() -> TestResult {
    let world = World::in_shadow().await?;
    let vaults = world.guarded(9).await?;
    let order = format!("g migrate --market 0 {TWO}");
    let moves = format!("g migrate --market 0 --move {ANYBODY}");

    // nothing holds, nothing is ordered
    for (command, word) in
        [(&order, "a guardian's `pause` is one"), (&moves, "`migrate --market 0` orders it")]
    {
        let early = world.run(command).await;
        assert_eq!(early.exit, Exit::NotFound, "{}", early.err);
        early.says(word);
    }
    world.run("g pause --market 0 --for 1h --keypair $KEYS/guardian-0.json --yes").await.done();
    let alone = world.run("g migrate --market 0 --keypair $KEYS/guardian-0.json --yes").await;
    assert_eq!(alone.exit, Exit::Usage, "{}", alone.err);
    alone.says("this takes 2 guardians");

    let ordered = world.run(&order).await.done();
    for word in [
        "order the migration of market 0",
        "because of the latch by guardian, Major",
        "9 vaults have a route, of which anyone moves 9",
        "ends by itself: ",
        "vaults are moved to safety until: - -> ",
    ] {
        assert!(ordered.out.contains(word), "no `{word}` in:\n{}", ordered.out);
    }
    assert_eq!(world.in_safe().await?, 0, "ordered, not moved");
    world.run("g safes").await.done().says("market 0: MIGRATING");

    let shown = world.run(&format!("{} --dry-run", moves.replace("--yes", ""))).await.done();
    assert!(shown.out.contains("move 9 of 9 vaults") && shown.out.contains("find no room"), "{}", shown.out);
    assert_eq!(world.in_safe().await?, 0, "only shown");
    let printed = world
        .run(&format!("g migrate --market 0 --move --as $G1 --print --vault {}", vaults[0]))
        .await
        .done();
    assert!(!printed.out.trim().is_empty() && !printed.out.contains(' '), "a transaction: {}", printed.out);

    // one of them, then the rest
    let one = world.run(&format!("{moves} --vault {}", vaults[4])).await.done();
    assert!(one.out.contains("move 1 of 1 vaults"), "{}", one.out);
    assert_eq!(world.in_safe().await?, AMOUNT);
    let rest = world.run(&moves).await.done();
    assert!(
        rest.out.contains("move 8 of 9 vaults") && rest.out.contains("nothing to do: it is empty"),
        "{}",
        rest.out
    );
    assert!(rest.out.ends_with("nothing is left to do\n"), "{}", rest.out);
    assert!(rest.err.contains("8 of 8: vault "), "a line for each:\n{}", rest.err);
    assert_eq!(world.in_safe().await?, 9 * AMOUNT);
    let signatures: std::collections::HashSet<_> =
        rest.err.lines().filter_map(|line| line.strip_prefix("sending ")).collect();
    assert!((2..5).contains(&signatures.len()), "several in a transaction:\n{}", rest.err);

    // a late inflow is swept too
    token::mint_to(&world.chain.rpc(), world.chain.payer(), &world.mint, &vaults[2], 7).await?;
    world.run(&moves).await.done().says("move 1 of 9 vaults");
    let json = world.run(&format!("{moves} --json")).await.done();
    let json: serde_json::Value = serde_json::from_str(&json.out)?;
    assert_eq!((&json["left"], &json["items"][0]["outcome"]), (&0.into(), &"nothing".into()));

    let shown = world.run("g safes").await.done();
    assert!(shown.out.contains("kept for its vaults 360007"), "{}", shown.out);
    assert!(shown.out.contains("moved to safety: 40007 sent, 40007 received"), "{}", shown.out);
    let limiter: Limiter = world.read(&pda::limiter(&world.venue.protocol, &vaults[0]).0).await?;
    assert_eq!((limiter.expected, limiter.undeclared), (0, 0), "what was moved is not missing");
    world.run("g journal verify").await.done();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_stops_no_other_and_is_moved_later() -> TestResult {
    let world = World::in_shadow().await?;
    let vaults = world.guarded(4).await?;
    // the venue's own vault is in escort
    world.run(&format!("g propose route --market 0 --vault $VAULT {AUTHORITY}")).await.done();
    token::mint_to(&world.chain.rpc(), world.chain.payer(), &world.mint, &world.vault, AMOUNT).await?;
    world.ordered().await;
    world.change(&vaults[1], |data| data[STATE] = FROZEN).await?;

    let moves = format!("g migrate --market 0 --move {ANYBODY}");
    let shown = world.run("g migrate --market 0 --move --as $G2 --dry-run").await.done();
    assert!(shown.out.contains(&format!("left out: vault {}: ", vaults[1])), "{}", shown.out);
    assert_eq!(shown.out.matches("moved to safety: 0 sent").count(), 3, "{}", shown.out);
    let partly = world.run(&moves).await;
    assert_eq!(partly.exit, Exit::Left, "{}\n{}", partly.out, partly.err);
    assert_eq!(world.in_safe().await?, 3 * AMOUNT, "the others");
    for word in [
        "2 of 5 left: the same command again goes on with them",
        "REFUSED: ",
        ", FROZEN or with somebody else who may spend or close it: REFUSED: ",
        "LEFT: in escort: the protected program",
        &format!("signing for the vault's owner {}", world.venue.vault_authority),
    ] {
        assert!(partly.out.contains(word), "no `{word}` in:\n{}", partly.out);
    }
    let json = world.run(&format!("{moves} --json")).await;
    assert_eq!(json.exit, Exit::Left);
    let json: serde_json::Value = serde_json::from_str(&json.out)?;
    assert_eq!(json["left"], 2, "{json}");

    world.change(&vaults[1], |data| data[STATE] = 1).await?;
    let rest = world.run(&moves).await;
    assert_eq!(rest.exit, Exit::Left, "the one in escort: {}", rest.out);
    assert_eq!(world.in_safe().await?, 4 * AMOUNT);
    let market: Market = world.read(&world.venue.market).await?;
    assert!(market.migrating_until.is_set());

    // it is over by itself
    world.wait(86_400 + 60).await?;
    let late = world.run(&moves).await;
    assert_eq!(late.exit, Exit::NotFound, "{}", late.err);
    late.says("NoMigration");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_safety_goes_back_in_steps() -> TestResult {
    let world = World::in_shadow().await?;
    let vault = world.guarded(1).await?[0];
    let propose = format!("g release propose --vault {vault} --keypair $KEYS/guardian-0.json --yes");
    for (options, word) in [
        ("--amount 0", "--amount is 0"),
        ("--amount 0.0000001", "--amount: 0.0000001 tokens are no amount"),
        ("--amount 1 --to-destination", "--to-destination: the route of vault"),
    ] {
        let refused = world.run(&format!("{propose} {options}")).await;
        assert_eq!(refused.exit, Exit::Usage, "{}", refused.err);
        refused.says(word);
    }
    let step = format!("g release step --vault {vault} {ANYBODY}");
    let none = world.run(&step).await;
    assert_eq!(none.exit, Exit::NotFound, "{}", none.err);
    none.says("no release of vault");

    world.ordered().await;
    world.run(&format!("g migrate --market 0 --move {ANYBODY}")).await.done();
    let proposed = world.run(&format!("{propose} --amount 0.04")).await.done();
    for word in [
        &format!("releases 40000 of vault {vault} in market 0, to the vault, in four steps"),
        "the safe owes nobody 0.04 tokens (40000 units) now",
        "1 more must approve it, each with `approve 0/0`",
        "2 d from now, when the authority sends `release begin 0/0`",
        "cannot: begin while a migration is ordered",
    ] {
        assert!(proposed.out.contains(word), "no `{word}` in:\n{}", proposed.out);
    }
    let approve = "g approve 0/0 --keypair $KEYS/guardian-1.json --yes";
    world
        .run(approve)
        .await
        .done()
        .says("after this it has all it takes: the authority sends `release begin 0/0`");
    let begin = |keys: &str| format!("g release begin 0/0 {keys}");
    let early = world.run(&begin(AUTHORITY)).await;
    assert_eq!(early.exit, Exit::Refused, "{}", early.err);
    early.says("trying again can help");
    world.wait(2 * 86_400 + 60).await?;
    let execute = world.run(&format!("g execute 0/0 {ANYBODY}")).await;
    assert_eq!(execute.exit, Exit::Usage, "{}", execute.err);
    execute.says("`release begin`");
    world.run("g proposals").await.done().says("RIPE: the authority sends `release begin 0/0`");
    let stranger = world.run(&begin(ANYBODY)).await;
    assert_eq!(stranger.exit, Exit::WrongKey, "{}", stranger.err);
    stranger.says("14 days after the last approval");

    let begun = world.run(&begin(AUTHORITY)).await.done();
    assert!(begun.out.contains("to be released: 0 -> 40000"), "{}", begun.out);
    let dwell: Market = world.read(&world.venue.market).await?;
    for taken in 1..=4u64 {
        world.run("g safes").await.done().says("going back to the vault: ");
        let done = world.run(&step).await.done();
        assert!(done.out.contains("gives 0.01 tokens (10000 units) to the vault"), "{}", done.out);
        assert_eq!(token::balance(&world.chain.rpc(), &vault).await?, taken * AMOUNT / 4);
        if taken < 4 {
            let early = world.run(&step).await;
            assert_eq!(early.exit, Exit::Refused, "{}", early.err);
            early.says("ReleaseNotDue").says("trying again can help");
        }
        world.wait(u64::from(dwell.dwell) + 60).await?;
    }
    assert_eq!(world.in_safe().await?, 0);
    assert_eq!(world.run(&step).await.exit, Exit::NotFound, "it is over");
    let shown = world.run("g safes").await.done();
    assert!(!shown.out.contains("going back"), "{}", shown.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_authority_it_goes_back_two_weeks_later() -> TestResult {
    let world = World::in_shadow().await?;
    let vault = world.guarded(1).await?[0];
    world.ordered().await;
    world.run(&format!("g migrate --market 0 --move {ANYBODY}")).await.done();
    let propose = format!("g release propose --vault {vault} --amount 40000units");
    world.run(&format!("{propose} --keypair $KEYS/guardian-0.json --yes")).await.done();
    world.run("g approve 0/0 --keypair $KEYS/guardian-1.json --yes").await.done();
    world.wait(13 * 86_400).await?;
    let begin = format!("g release begin 0/0 {ANYBODY}");
    assert_eq!(world.run(&begin).await.exit, Exit::WrongKey);
    world.wait(86_400 + 60).await?;
    world.run(&begin).await.done().says("to be released: 0 -> 40000");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_critical_anyone_moves_the_vaults_whose_routes_say_so() -> TestResult {
    let world = World::in_shadow().await?;
    let vaults = world.guarded(2).await?;
    world
        .run(&format!("g propose route --market 0 --vault {} --by-anyone {AUTHORITY}", vaults[0]))
        .await
        .done();
    let moves = format!("g migrate --market 0 --move {ANYBODY}");
    assert_eq!(world.run(&moves).await.exit, Exit::NotFound, "nothing holds");

    // what two looks at a seasoned limiter latch
    let now = world.clock().await?;
    let mut market: Market = world.read(&world.venue.market).await?;
    let trip = Trip { rule: Rule::Undeclared, severity: Severity::Critical, value: 9, threshold: 3 };
    assert!(market.latch_trip((Source::Limiter, 0), &trip, now.plus(86_400), now));
    world.write(&world.venue.market, &market).await?;
    let moved = world.run(&moves).await;
    assert_eq!(moved.exit, Exit::Left, "{}\n{}", moved.out, moved.err);
    moved.says("move 1 of 2 vaults").says("guardians did not order it, and its route lets nobody else");
    assert_eq!(world.in_safe().await?, AMOUNT);
    // guardians order the rest, because of the same
    world
        .run(&format!("g migrate --market 0 {TWO}"))
        .await
        .done()
        .says("because of the latch by limiter, Critical");
    world.run(&moves).await.done();
    assert_eq!(world.in_safe().await?, 2 * AMOUNT);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_safe_and_its_route_wait_side_by_side() -> TestResult {
    let world = World::open().await?;
    let route = format!("g propose route --market 0 --vault $VAULT --hold limits --hold-for 1d {AUTHORITY}");
    let early = world.run(&route).await;
    assert_eq!(early.exit, Exit::NotFound, "{}", early.err);
    let safe = format!("g propose safe --market 0 --mint {} {AUTHORITY}", world.mint);
    world.run(&safe).await.done().says("takes effect: not before");
    // a second one is told that it comes second
    world.run(&safe.replace("--yes", "--dry-run")).await.done().says("proposal 0 registers it too");
    let routed = world.run(&route).await.done();
    assert!(routed.out.contains("execute proposal 0 first, which does that"), "{}", routed.out);
    // one more reason to look: as of now it would be refused
    world.run("g pause --market 0 --for 1h --keypair $KEYS/guardian-0.json --yes").await.done();
    world
        .run(&route.replace("--yes", "--dry-run"))
        .await
        .done()
        .says("NOT as of now: ")
        .says("RouteInIncident");
    world.wait(2 * 86_400 + 60).await?;
    let first = world.run(&format!("g execute 1 {ANYBODY}")).await;
    assert_eq!(first.exit, Exit::Refused, "its safe is not there: {}", first.err);
    world.run(&format!("g execute 0 {ANYBODY}")).await.done();
    world.run(&format!("g execute 1 {ANYBODY}")).await.done();
    let found: Route = world.read(&pda::route(&world.venue.market, &world.vault).0).await?;
    assert_eq!((found.settings.holds, found.settings.hold_seconds, found.safe), (2, 86_400, world.safe()));
    Ok(())
}
