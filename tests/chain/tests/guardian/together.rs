//! Guardians who act together in one transaction, wherever their keys are.

use firebreak_guardian::exit::Exit;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_system_interface::instruction::create_nonce_account;

use firebreak_chain::send;

use crate::world::{TestResult, World};

const PAUSE: &str = "g pause --market 0 --operations withdraw --for 1h --keypair $K0 --yes";

impl World {
    /// The latches of the status, as programs read them.
    async fn latches(&self) -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
        let status: serde_json::Value = serde_json::from_str(&self.run("g status --json").await.done().out)?;
        Ok(status["markets"][0]["latches"].as_array().cloned().unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_makes_a_latch_hold_longer() -> TestResult {
    let world = World::open().await?;
    let confirm = "g confirm --market 0 --for 6h --yes";
    let nothing = world.run(&format!("{confirm} --keypair $K0 --keypair $K1")).await;
    assert_eq!(nothing.exit, Exit::NotFound, "{}", nothing.err);
    nothing.says("no such latch holds in market 0: nothing holds there");

    world.run(PAUSE).await.done();
    let alone = world.run(&format!("{confirm} --keypair $K0")).await;
    assert_eq!(alone.exit, Exit::Usage, "{}", alone.err);
    alone.says("this takes 2 guardians, and 1 would sign").says("--propose");
    let stranger = world.run(&format!("{confirm} --keypair $K0 --keypair $KEYS/authority.json")).await;
    assert_eq!(stranger.exit, Exit::WrongKey, "{}", stranger.err);
    stranger.says("is not a guardian");
    let too_long = world.run(&format!("{} --keypair $K0 --keypair $K1", confirm.replace("6h", "73h"))).await;
    assert_eq!(too_long.exit, Exit::Usage, "{}", too_long.err);
    too_long.says("Major lasts 3 d from its beginning");
    let shorter = world.run(&format!("{} --keypair $K0 --keypair $K1", confirm.replace("6h", "40m"))).await;
    assert_eq!(shorter.exit, Exit::Usage, "{}", shorter.err);
    let twice = world.run(&format!("{confirm} --keypair $K0 --keypair $K0")).await;
    twice.says("this takes 2 guardians, and 1 would sign");

    let done = world.run(&format!("{confirm} --keypair $K0 --keypair $K1")).await.done();
    for word in [
        "confirm in market 0",
        "the latch by guardian, Major, since slot",
        "market 0, latch by guardian, Major: until",
    ] {
        assert!(done.out.contains(word), "no `{word}` in:\n{}", done.out);
    }
    let left = world.latches().await?[0]["seconds_left"].as_i64().unwrap_or(0);
    assert!((5 * 3_600..=6 * 3_600).contains(&left), "{left}");
    world.run("g journal show").await.done().says("Confirmed").says("guardians 0, 1, for 6 h from then");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_passed_from_guardian_to_guardian() -> TestResult {
    let world = World::open().await?;
    world.run(PAUSE).await.done();
    let confirm = "g confirm --market 0 --for 6h --keypair $K0 --with $G1 --yes";
    let here = world.run(confirm).await;
    assert_eq!(here.exit, Exit::Usage, "{}", here.err);
    here.says("is elsewhere: add --sign-only");

    let partial = world.run(&format!("{confirm} --sign-only")).await.done();
    let other = world.guardians[1].pubkey().to_string();
    assert!(partial.err.contains(&format!("still to be signed by {other}")), "{}", partial.err);
    let text = partial.out.trim();
    let early = world.run(&format!("g send {text} --yes")).await;
    assert_eq!(early.exit, Exit::Usage, "{}", early.err);
    early.says(&format!("still to be signed by {other}"));
    let stranger = world.run(&format!("g sign {text} --keypair $K2 --yes")).await;
    assert_eq!(stranger.exit, Exit::WrongKey, "{}", stranger.err);
    stranger.says(&format!("still to be signed by {other}"));
    let unasked = world.run(&format!("g sign {text} --keypair $K1")).await;
    assert_eq!(unasked.exit, Exit::NotSent, "nobody said yes: {}", unasked.err);

    let whole = world.run(&format!("g sign {text} --keypair $K1 --yes")).await.done();
    assert!(whole.err.contains("market 0, latch by guardian, Major: until"), "{}", whole.err);
    whole.err.contains("signed by all").then_some(()).ok_or(whole.err.clone())?;
    let again = world.run(&format!("g sign {} --keypair $K1 --yes", whole.out.trim())).await;
    again.says("all have signed");
    world.run(&format!("g send {} --yes", whole.out.trim())).await.done();

    // two who sign side by side
    let resume = "g resume --market 0 --keypair $K0 --keypair $K1";
    let unsigned = world.run(&format!("{resume} --print")).await.done();
    let (mut copies, unsigned) = (Vec::new(), unsigned.out.trim());
    for key in ["$K0", "$K1"] {
        let signed = world.run(&format!("g sign {unsigned} --keypair {key} --yes")).await.done();
        copies.push(signed.out.trim().to_owned());
    }
    let half = world.run(&format!("g send {} --yes", copies[1])).await;
    assert_eq!(half.exit, Exit::Usage, "{}", half.err);
    half.says(&format!("still to be signed by {}", world.guardians[0].pubkey()));
    let mixed = world.run(&format!("g send {} {} --yes", copies[0], whole.out.trim())).await;
    mixed.says("different transactions");
    world.run(&format!("g send {} --yes", copies.join(" "))).await.done();
    assert!(world.latches().await?.is_empty(), "it was cleared");
    world.run("g status").await.done().says("way down: below Minor in");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_limiter_latched_is_cleared_once_it_measures_less() -> TestResult {
    let world = World::open().await?;
    world.leak().await?;
    let shown = world.run("g status").await.done();
    assert!(shown.out.contains("latch by limiter: Minor"), "{}", shown.out);
    assert!(shown.out.contains("    by the limiter of vault"), "{}", shown.out);

    let keys = "--keypair $K0 --keypair $K1 --yes";
    let resume = format!("g resume --market 0 {keys}");
    let refused = world.run(&resume).await;
    assert_eq!(refused.exit, Exit::Refused, "{}", refused.err);
    refused
        .says("ConditionHolds")
        .says("while it measures less: the limiter of vault")
        .says("trying again can help");
    // it would end by itself before that: they hold it
    world.run(&format!("g confirm --market 0 --for 20h {keys}")).await.done();
    world.wait(12 * 3_600).await?;

    world.run(PAUSE).await.done();
    let worst = world.run(&format!("{resume} --dry-run")).await.done();
    assert!(worst.out.contains("clears the latch by guardian, Major"), "the worst is meant: {}", worst.out);
    let limiter = format!("{resume} --source limiter");
    let other = world.run(&format!("{limiter} --severity critical")).await;
    assert_eq!(other.exit, Exit::NotFound, "{}", other.err);
    other.says("the latch by limiter, Minor");
    let done = world.run(&limiter).await.done();
    assert!(done.out.contains("market 0, latch by limiter, Minor: until"), "{}", done.out);
    let left = world.latches().await?;
    assert!(left.len() == 1 && left[0]["source"] == "guardian", "the pause goes on: {left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_that_was_signed_in_advance_freezes_once() -> TestResult {
    let world = World::open().await?;
    let (rpc, payer) = (world.chain.rpc(), world.chain.payer());
    let nonce = Keypair::new();
    let (key, authority) = (nonce.pubkey(), world.guardians[0].pubkey());
    let rent = rpc.get_minimum_balance_for_rent_exemption(80).await?;
    let create = create_nonce_account(&payer.pubkey(), &key, &authority, rent);
    send::send(&rpc, payer, &[&nonce], &create).await?.ok()?;

    let keys = "--keypair $K0 --keypair $K1 --yes";
    let kept = world.run(&format!("g freeze {keys} --nonce {key} --sign-only")).await.done();
    world.wait(20 * 86_400).await?;
    world.run("g propose protocol --delay 4d --keypair $KEYS/authority.json --yes").await.done();
    let sent = world.run(&format!("g send {} --yes", kept.out.trim())).await.done();
    assert!(sent.out.contains("the protocol, authority frozen until"), "{}", sent.out);
    world.run("g proposals").await.done().says("void: the authority moved or was frozen since");
    world.run("g members").await.done().says("FROZEN until");
    world.run("g status").await.done().says("authority FROZEN until");

    let again = world.run(&format!("g freeze {keys}")).await;
    assert_eq!(again.exit, Exit::Usage, "{}", again.err);
    again.says("is frozen until");
    let proposes = world.run("g propose protocol --delay 5d --keypair $KEYS/authority.json --yes").await;
    assert_eq!(proposes.exit, Exit::Refused, "{}", proposes.err);
    proposes.says("AuthorityFrozen");
    Ok(())
}
