//! The guardians' command line against a real chain: what it does, what it refuses, and that it always says which.

mod forty;
mod fragile;
mod keepers;
mod migration;
mod owed;
mod proposals;
mod registrations;
mod runbook;
mod together;
mod world;

use std::time::Duration;

use firebreak_chain::send;
use firebreak_client::interface::{Operation, Severity, state::Market};
use firebreak_guardian::{console::Stop, exit::Exit};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_system_interface::instruction::create_nonce_account;
use tokio::time::timeout;
use world::{PATIENCE, TestResult, World};

impl World {
    async fn severity(&self) -> Result<Severity, Box<dyn std::error::Error>> {
        let account = firebreak_chain::account(&self.chain.rpc(), &self.venue.market).await?;
        let account = account.ok_or("no market")?;
        let market: Market = firebreak_client::decode(&account.owner, &account.data)?;
        let latch = market.board.slots[3 * Severity::RAISED + 1];
        let closed = latch.closed & Operation::WITHDRAW.mask() != 0;
        Ok(if closed { Severity::Major } else { Severity::Normal })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_pauses_and_everybody_sees_it() -> TestResult {
    let world = World::open().await?;
    let pause = "g pause --market 0 --operations withdraw,repay --for 1h --keypair $KEYS/guardian-0.json";

    let shown = world.run(&format!("{pause} --dry-run")).await.done();
    for word in [
        "pause market 0 for 1 h",
        "market 0, severity: Normal -> Major",
        "latch by guardian, Major: - -> until",
        "paused in this period: - -> 1 h",
        "ignored, as exits stay open: repay",
        "opens your budget there",
        "must sign too: nobody else",
        "journal, entries: 5 -> 6",
        "dry run: nothing was signed or sent",
    ] {
        assert!(shown.out.contains(word), "no `{word}` in:\n{}", shown.out);
    }
    assert_eq!(world.severity().await?, Severity::Normal, "only shown");

    world.run(pause).await.says("there is no terminal to ask on");
    assert_eq!(world.run(pause).await.exit, Exit::NotSent);
    assert_eq!(world.severity().await?, Severity::Normal, "nobody said yes");

    let done = world.run(&format!("{pause} --yes")).await.done().says("done: confirmed in slot");
    println!(
        "pause, from its signature to confirmed on a Surfnet: {}",
        done.out.lines().last().unwrap_or("")
    );
    assert_eq!(world.severity().await?, Severity::Major);
    let status = world.run("g status").await.done();
    assert!(status.out.contains("latch by guardian: Major since slot"), "{}", status.out);
    assert!(status.out.contains("may pause 10 h all markets (not open), 9 h market 0\n"), "{}", status.out);

    // a shorter one changes nothing, and is refused before anything is signed
    let again = world.run(&format!("{} --yes", pause.replace("1h", "30m"))).await;
    assert_eq!(again.exit, Exit::Refused, "{}", again.err);
    again.says("AlreadyHeld").says("nothing was sent").says("does not help");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_opened_ahead_and_by_anyone() -> TestResult {
    let world = World::open().await?;
    let remedy = "6 of 6 budgets are not open: `open-budgets` opens them";
    world.run("g status").await.done().says(remedy);
    world.run("g members").await.done().says(remedy).says("10 h market 0 (not open)");

    let open = "g open-budgets --keypair $KEYS/authority.json --yes";
    let opened = world.run(open).await.done().says("open 6 of 6 budgets");
    assert!(opened.out.contains("for all markets, paused in this period: - -> 0 s"), "{}", opened.out);
    for command in ["status", "members"] {
        let seen = world.run(&format!("g {command}")).await.done();
        assert!(!seen.out.contains("not open"), "{}", seen.out);
    }
    let none = world.run(open).await;
    assert_eq!(none.exit, Exit::NotFound, "{}", none.err);
    none.says("nothing to open");
    world.run("g journal verify").await.done().says("5 entries, all proven");

    // a pause only takes what is there
    let pause = "g pause --market 0 --operations withdraw --for 1h --keypair $KEYS/guardian-0.json --yes";
    let paused = world.run(pause).await.done().says("paused in this period: 0 s -> 1 h");
    assert!(!paused.out.contains("opens your budget"), "{}", paused.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_proven_with_what_lives_in_events_only() -> TestResult {
    let world = World::open().await?;
    let verified = world.run("g journal verify").await.done();
    assert!(verified.out.contains("5 entries, all proven"), "{}", verified.out);
    assert!(verified.out.contains("2 of them live in events only"), "{}", verified.out);
    world.run("g status").await.done().says("5 entries, all proven to the head");

    let exported = world.run("g journal export").await.done();
    let lines: Vec<serde_json::Value> =
        exported.out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let acts: Vec<_> = lines.iter().filter_map(|line| line["act"].as_str()).collect();
    let expected =
        ["ProtocolCreated", "MarketRegistered", "LimiterRegistered", "KeeperRegistered", "LimiterArmed"];
    assert_eq!(acts, expected);

    // who looks at too few transactions is told so, and exports nothing
    let cut = world.run("g journal export --transactions 1").await;
    assert_eq!(cut.exit, Exit::Unreachable, "{}", cut.err);
    assert!(cut.out.is_empty(), "{}", cut.out);
    cut.says("entries 0 to 1").says("--transactions");

    world.run("g explain $SIGNATURE").await.done().says("MarketRegistered");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_tighten_at_once_and_loosen_by_a_proposal_only() -> TestResult {
    let world = World::open().await?;
    let authority = "--keypair $KEYS/authority.json --yes";
    let tighten = format!("g tighten limiter:$VAULT --set short.rate_bps=500 {authority}");
    world.run(&tighten).await.done().says("short.rate_bps: 1000 bps -> 500 bps, tightens");

    let loosen = "limiter:$VAULT --set short.rate_bps=900";
    let refused = world.run(&format!("g tighten {loosen} {authority}")).await;
    assert_eq!(refused.exit, Exit::Usage, "{}", refused.err);
    refused.says("LooseningWaits").says("500 bps -> 900 bps, loosens").says("`propose`");
    let floor = world.run(&format!("g tighten limiter:$VAULT --set short.rate_bps=200 {authority}")).await;
    floor.says("BelowFloor");

    let proposed = world.run(&format!("g propose {loosen} {authority}")).await.done();
    assert!(proposed.out.contains("takes effect: not before"), "{}", proposed.out);
    let waiting = world.run("g proposals").await.done();
    assert!(waiting.out.contains("proposal 0: waits"), "{}", waiting.out);
    assert!(waiting.out.contains("500 bps -> 900 bps"), "{}", waiting.out);

    let early = world.run("g execute 0 --keypair $KEYS/guardian-1.json --yes").await;
    assert_eq!(early.exit, Exit::Refused, "{}", early.err);
    early.says("ProposalNotRipe").says("trying again can help");

    let not_yours = world.run("g cancel 0 --keypair $KEYS/guardian-1.json --yes").await;
    assert_eq!(not_yours.exit, Exit::WrongKey, "{}", not_yours.err);
    world.run(&format!("g cancel 0 {authority}")).await.done().says("status: Pending -> Cancelled");
    for command in ["cancel", "execute"] {
        let over = world.run(&format!("g {command} 0 {authority}")).await;
        assert_eq!(over.exit, Exit::NotFound, "{}", over.err);
        over.says("cancelled");
    }
    let never = world.run(&format!("g execute 7 {authority}")).await;
    assert_eq!(never.exit, Exit::NotFound, "{}", never.err);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_act_is_told_before_anything_is_signed() -> TestResult {
    let world = World::open().await?;
    let stranger = Keypair::new().pubkey();
    for (command, role) in [
        ("pause --all --keypair $KEYS/authority.json".to_owned(), "not a guardian"),
        ("tighten market:0 --set dwell=1h --keypair $KEYS/guardian-0.json".to_owned(), "not the authority"),
        (format!("propose protocol --delay 4d --as {stranger} --print"), "not the authority"),
    ] {
        let refused = world.run(&format!("g {command} --yes")).await;
        assert_eq!(refused.exit, Exit::WrongKey, "{}", refused.err);
        refused.says(role);
    }
    let nothing = world.run("g pause --all --keypair $KEYS/none.json --yes").await;
    assert_eq!(nothing.exit, Exit::WrongKey, "{}", nothing.err);
    nothing.says("none.json");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_transaction_is_signed_elsewhere_and_lands() -> TestResult {
    let world = World::open().await?;
    let guardian = &world.guardians[2];
    let command = format!("g pause --market 0 --operations withdraw --as {} ", guardian.pubkey());
    let not_here = world.run(&format!("{command} --yes")).await;
    assert_eq!(not_here.exit, Exit::Usage, "{}", not_here.err);
    let printed = world.run(&format!("{command} --print")).await.done();
    // only the transaction is on standard output, the words are beside it
    assert!(printed.err.contains("market 0, severity: Normal -> Major"), "{}", printed.err);
    let unsigned = printed.out.trim();
    let early = world.run(&format!("g send {unsigned} --yes")).await;
    assert_eq!(early.exit, Exit::Usage, "{}", early.err);
    early.says(&format!("still to be signed by {}", guardian.pubkey()));
    let signed = world.sign_elsewhere(&printed.out)?;
    assert_eq!(world.run(&format!("g send {signed}")).await.exit, Exit::NotSent, "nobody said yes");
    assert_eq!(world.severity().await?, Severity::Normal);
    let sent = world.run(&format!("g send {signed} --yes")).await.done();
    assert!(sent.out.contains("market 0, severity: Normal -> Major"), "{}", sent.out);
    assert_eq!(world.severity().await?, Severity::Major);
    // the same again is the same, not another one
    let slot = |ended: &world::Ended| {
        let line = ended.out.lines().find_map(|line| line.strip_prefix("done: confirmed in slot "));
        line.and_then(|rest| rest.split(' ').next()).map(str::to_owned)
    };
    let again = world.run(&format!("g send {signed} --yes")).await.done();
    assert!(slot(&sent).is_some() && slot(&again) == slot(&sent), "{} {}", again.out, sent.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_was_signed_in_advance_lands_when_it_is_needed() -> TestResult {
    let world = World::open().await?;
    let (rpc, payer, guardian) = (world.chain.rpc(), world.chain.payer(), &world.guardians[0]);
    let nonce = Keypair::new();
    let (key, authority) = (nonce.pubkey(), guardian.pubkey());
    let rent = rpc.get_minimum_balance_for_rent_exemption(80).await?;
    let create = create_nonce_account(&payer.pubkey(), &key, &authority, rent);
    send::send(&rpc, payer, &[&nonce], &create).await?.ok()?;

    let pause = format!("g pause --market 0 --for 2h --valid 30d --nonce {key} --sign-only --yes");
    let strange = world.run(&format!("{pause} --keypair $KEYS/guardian-1.json")).await;
    assert!(matches!(strange.exit, Exit::WrongKey | Exit::Refused), "{}", strange.err);
    let pause = format!("{pause} --keypair $KEYS/guardian-0.json --priority-fee 5");
    let signed = world.run(&pause).await.done();
    assert_eq!(world.severity().await?, Severity::Normal, "only signed");
    world.wait(20 * 86_400).await?;
    // somebody opens meanwhile the budget that it would have opened
    world.run("g open-budgets --keypair $KEYS/guardian-1.json --yes").await.done();
    let sent = world.run(&format!("g send {} --yes", signed.out.trim())).await.done();
    assert!(sent.out.contains("market 0, severity: Normal -> Major"), "{}", sent.out);
    assert_eq!(world.severity().await?, Severity::Major);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_cluster_and_a_dead_endpoint_are_named() -> TestResult {
    let world = World::open().await?;
    let pause = "g pause --market 0 --keypair $KEYS/guardian-0.json --yes";
    let other = world.run(&format!("{pause} --genesis mainnet")).await;
    assert_eq!(other.exit, Exit::WrongCluster, "{}", other.err);
    other.says("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d");
    let genesis = world.chain.rpc().get_genesis_hash().await?;
    world.run(&format!("g status --genesis {genesis}")).await.done();
    assert_eq!(world.severity().await?, Severity::Normal);

    let (_asks, stop) = Stop::new();
    let dead = "g status --url http://127.0.0.1:9 --protocol 11111111111111111111111111111112";
    let dead = world::execute(dead.split(' ').map(str::to_owned), stop).await;
    assert_eq!(dead.exit, Exit::Unreachable, "{}", dead.err);
    dead.says("127.0.0.1:9").says("trying again can help");

    let (_asks, stop) = Stop::new();
    let elsewhere = format!("g status --url {} --protocol {}", world.chain.rpc_url(), world.vault);
    let elsewhere = world::execute(elsewhere.split(' ').map(str::to_owned), stop).await;
    assert_eq!(elsewhere.exit, Exit::NotFound, "{}", elsewhere.err);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_says_whether_something_was_sent() -> TestResult {
    let world = World::open().await?;
    let pause = "g pause --market 0 --operations withdraw --keypair $KEYS/guardian-0.json --yes";
    let (asks, stop) = Stop::new();
    asks.send(true)?;
    let before = world.run_until(pause, stop).await;
    assert_eq!(before.exit, Exit::NotSent, "{}", before.err);
    before.says("nothing was sent");
    assert_eq!(world.severity().await?, Severity::Normal);

    // at whatever moment it comes, what is said is what happened
    for milliseconds in [5, 20, 40, 80, 160, 320] {
        let (asks, stop) = Stop::new();
        let interrupt = async {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            asks.send(true)
        };
        let pause = pause.replace("guardian-0", "guardian-1");
        let (ended, _) = tokio::join!(world.run_until(&pause, stop), interrupt);
        match ended.exit {
            Exit::NotSent => assert!(!ended.err.contains("sending "), "{}", ended.err),
            Exit::Done => assert_eq!(world.severity().await?, Severity::Major),
            Exit::Unknown => {
                let sent = ended.err.lines().find_map(|line| line.strip_prefix("sending "));
                let sent = sent.ok_or("the signature is said before it is sent")?;
                assert!(ended.err.contains(&format!("explain {sent}")), "{}", ended.err);
            }
            other => assert!(ended.err.contains("AlreadyHeld"), "{other:?}: {}", ended.err),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_one_document() -> TestResult {
    let world = World::open().await?;
    for command in ["status", "members", "proposals", "journal show", "journal verify", "explain 6028"] {
        let ended = world.run(&format!("g {command} --json")).await.done();
        let _: serde_json::Value = serde_json::from_str(&ended.out)?;
    }
    let pause = "g pause --market 0 --keypair $KEYS/guardian-0.json --yes --json";
    let done: serde_json::Value = serde_json::from_str(&world.run(pause).await.done().out)?;
    assert_eq!(done["outcome"], "landed");
    assert!(done["signature"].is_string() && done["slot"].is_u64(), "{done}");
    assert!(done["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{done}");
    let refused = world.run(&format!("{pause} --for 30m")).await;
    let refused: serde_json::Value = serde_json::from_str(&refused.out)?;
    assert_eq!(refused["exit"], Exit::Refused as u8);
    assert_eq!(refused["retry_can_help"], false);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_watched_is_shown_again_when_it_changes() -> TestResult {
    let world = World::open().await?;
    let (asks, stop) = Stop::new();
    let watch = world.run_until("g watch --every 1", stop);
    let pause = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        world.run("g pause --market 0 --keypair $KEYS/guardian-0.json --yes").await.done();
        tokio::time::sleep(Duration::from_secs(3)).await;
        asks.send(true)
    };
    let (watched, _) = timeout(PATIENCE, async { tokio::join!(watch, pause) }).await?;
    let watched = watched.done();
    let (before, after) = watched.out.split_once("latch by guardian").ok_or(watched.out.clone())?;
    assert!(before.contains("market 0") && after.contains("way down"), "{}", watched.out);
    Ok(())
}
