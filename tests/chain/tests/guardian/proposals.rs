//! Proposals and the guardians' word for them or against them, each given alone.

use firebreak_client::{ProtocolAddresses, interface::constants::LOOSENING_DELAY_DEFAULT};
use firebreak_guardian::exit::Exit;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::world::{TestResult, World};

const PAUSE: &str = "g pause --market 0 --operations withdraw --for 1h --keypair $K0 --yes";
const LOOSEN: &str =
    "g propose limiter:$VAULT --set short.rate_bps=2000 --keypair $KEYS/authority.json --yes";

#[tokio::test(flavor = "multi_thread")]
async fn one_proposes_another_approves_and_anybody_executes() -> TestResult {
    let world = World::open().await?;
    world.run(PAUSE).await.done();
    let propose = "g confirm --market 0 --for 6h --propose --yes";
    let two = world.run(&format!("{propose} --keypair $K0 --keypair $K1")).await;
    assert_eq!(two.exit, Exit::Usage, "one proposes: {}", two.err);
    let proposed = world.run(&format!("{propose} --keypair $K1")).await.done();
    for word in [
        "propose, as number 1/0: confirm in market 0",
        "1 more must approve it",
        "approved by: - -> guardian 1",
    ] {
        assert!(proposed.out.contains(word), "no `{word}` in:\n{}", proposed.out);
    }
    let waiting = world.run("g proposals").await.done();
    let (first, second) = (world.guardians[0].pubkey(), world.guardians[1].pubkey());
    for word in [
        format!("proposal 1/0 by guardian {second}: waits for 1 more to approve it"),
        format!("approved by 1 of 2 needed: guardian 1 {second}; not by: guardian 0 {first}"),
        "makes the latch by guardian, Major".to_owned(),
    ] {
        assert!(waiting.out.contains(&word), "no `{word}` in:\n{}", waiting.out);
    }

    let early = world.run("g execute 1/0 --keypair $KEYS/authority.json --yes").await;
    assert_eq!(early.exit, Exit::Refused, "{}", early.err);
    early.says("NotApproved").says("approved by 1 of 2 needed");
    for (key, exit, word) in [
        ("$K1", Exit::Usage, "has approved proposal 1/0 already"),
        ("$KEYS/authority.json", Exit::WrongKey, "is not a guardian"),
    ] {
        let refused = world.run(&format!("g approve 1/0 --keypair {key} --yes")).await;
        assert_eq!(refused.exit, exit, "{}", refused.err);
        refused.says(word);
    }
    let veto = world.run("g veto 1/0 --keypair $K0 --yes").await;
    assert_eq!(veto.exit, Exit::Usage, "{}", veto.err);
    veto.says("waits for nobody");

    let unasked = world.run("g approve 1/0 --keypair $K0").await;
    assert_eq!(unasked.exit, Exit::NotSent);
    let (content, changes) = unasked.out.split_once("changes, as simulated").ok_or(unasked.out.clone())?;
    assert!(content.contains("hold for 6 h from its execution"), "what it does is read first: {content}");
    assert!(changes.contains("approved by: guardian 1 -> guardians 0, 1"), "{changes}");
    let approved = world.run("g approve 1/0 --keypair $K0 --yes").await.done();
    assert!(approved.out.contains("anybody sends `execute 1/0`"), "{}", approved.out);
    let done = world.run("g execute 1/0 --keypair $KEYS/authority.json --yes").await.done();
    assert!(done.out.contains("status: Pending -> Executed"), "{}", done.out);
    for command in ["execute", "approve"] {
        let over = world.run(&format!("g {command} 1/0 --keypair $K2 --yes")).await;
        assert_eq!(over.exit, Exit::NotFound, "{}", over.err);
        over.says("executed");
    }
    world.run("g journal show").await.done().says("guardian 0, so that 2 have approved");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_and_signatures_count_together() -> TestResult {
    let world = World::open().await?;
    world.run(PAUSE).await.done();
    let propose = "g resume --market 0 --propose --yes --keypair $K0";
    world.run(propose).await.done();
    // the first is no second
    let same = world.run("g execute 0/0 --keypair $K0 --yes").await;
    assert_eq!(same.exit, Exit::Refused, "{}", same.err);
    let done = world.run("g execute 0/0 --keypair $K1 --yes").await.done();
    assert!(done.out.contains("stands for the approval of"), "{}", done.out);
    world.run("g status").await.done().says("way down");
    let numbered = world.run(&PAUSE.replace("$K0", "$K1")).await.done();
    assert!(numbered.out.contains("pause market 0"), "{}", numbered.out);
    world.run(propose).await.done().says("propose, as number 0/1");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_whose_reason_is_gone_does_nothing() -> TestResult {
    let world = World::open().await?;
    world.run(PAUSE).await.done();
    world.run("g resume --market 0 --propose --yes --keypair $K0").await.done();
    // another guardian finds another reason
    world.run(&PAUSE.replace("$K0", "$K1").replace("1h", "5h")).await.done();
    world.run("g proposals").await.done().says("void: more came to that latch since");
    let stale = world.run("g execute 0/0 --keypair $K1 --yes").await;
    assert_eq!(stale.exit, Exit::Refused, "{}", stale.err);
    stale.says("AnotherLatch");

    world.wait(86_400 + 60).await?;
    world.run("g proposals").await.done().says("expired; anyone may cancel it");
    for command in ["approve", "execute"] {
        let expired = world.run(&format!("g {command} 0/0 --keypair $K1 --yes")).await;
        assert_eq!(expired.exit, Exit::NotFound, "{}", expired.err);
        expired.says("expired");
    }
    world.run("g cancel 0/0 --keypair $K2 --yes").await.done().says("Pending -> Cancelled");
    world.run("g proposals").await.done().says("nothing waits");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_veto_ends_what_the_authority_proposed() -> TestResult {
    let world = World::open().await?;
    world.run(LOOSEN).await.done();
    world.run("g approve 0 --keypair $K0 --yes").await.done().says("decides nothing");
    let first = world.run("g veto 0 --keypair $K0 --yes").await.done();
    assert!(first.out.contains("short.rate_bps: 1000 bps -> 2000 bps, loosens"), "{}", first.out);
    assert!(first.out.contains("after this 1 more must speak against it"), "{}", first.out);
    world.run("g proposals").await.done().says("spoken against by 1 of 2 needed");
    let again = world.run("g veto 0 --keypair $K0 --yes").await;
    assert_eq!(again.exit, Exit::Usage, "{}", again.err);
    again.says("has spoken against proposal 0 already");
    let last = world.run("g veto 0 --keypair $K1 --yes").await.done();
    assert!(last.out.contains("status: Pending -> Vetoed"), "{}", last.out);
    for command in ["veto", "approve", "execute"] {
        let over = world.run(&format!("g {command} 0 --keypair $K2 --yes")).await;
        assert_eq!(over.exit, Exit::NotFound, "{}", over.err);
        over.says("vetoed");
    }
    // once more, with twice the delay; what is another is no second time
    let other = world.run(&format!("{} --again 0", LOOSEN.replace("2000", "1900"))).await;
    assert_eq!(other.exit, Exit::Usage, "{}", other.err);
    other.says("said something else");
    world.run(&format!("{LOOSEN} --again 0")).await.done().says("4 d from now");
    let waits = world.run(&format!("{LOOSEN} --again 1")).await;
    assert_eq!(waits.exit, Exit::NotFound, "{}", waits.err);
    waits.says("was not vetoed");
    // both at once
    world.run("g veto 1 --keypair $K1 --keypair $K2 --yes").await.done().says("nobody executes it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_loss_takes_the_guardians_word_beside_the_delay() -> TestResult {
    let world = World::open().await?;
    world.leak().await?;
    let accept = "g propose limiter:$VAULT --accept-loss 39000 --keypair $KEYS/authority.json --yes";
    world.run(accept).await.done();
    world.run("g approve 0 --keypair $K0 --yes").await.done().says("after this 1 more must approve it");
    world.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
    world.run("g proposals").await.done().says("proposal 0: waits for 1 more to approve it");
    let early = world.run("g execute 0 --keypair $K0 --yes").await;
    assert_eq!(early.exit, Exit::Refused, "{}", early.err);
    early.says("NotApproved");
    let last = world.run("g approve 0 --keypair $K2 --yes").await.done();
    assert!(last.out.contains("anybody sends `execute 0`"), "{}", last.out);
    world.run("g proposals").await.done().says("proposal 0: RIPE");
    // a leak this small has decayed since: there is nothing left to accept
    world.run("g execute 0 --keypair $K0 --yes").await.says("NothingChanges");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn guardians_change_by_their_own_word_and_votes_of_before_count_for_nothing() -> TestResult {
    let world = World::open().await?;
    let authority = "--keypair $KEYS/authority.json --yes";
    for (change, word) in [
        ("remove:$G1 --guardians remove:$G2", "GuardianCount"),
        ("resume=1", "ThresholdOutOfBounds"),
        ("add:$G1", "is a guardian already"),
    ] {
        let refused = world.run(&format!("g propose protocol --guardians {change} {authority}")).await;
        assert_eq!(refused.exit, Exit::Usage, "{}", refused.err);
        refused.says(word);
    }
    let newcomer = Pubkey::new_unique();
    let change = format!("--guardians remove:$G2 --guardians add:{newcomer} --guardians confirm=3");
    let proposed = world.run(&format!("g propose protocol {change} {authority}")).await.done();
    for word in [
        "leaves: ",
        &format!("comes: {newcomer}"),
        "threshold of confirm: 2 -> 3",
        "each with `approve 0`: 2",
    ] {
        assert!(proposed.out.contains(word), "no `{word}` in:\n{}", proposed.out);
    }
    world.run("g approve 0 --keypair $K0 --keypair $K1 --yes").await.done();
    // what they also approve, and what they do not live to see
    world.run("g maintenance 0 --for 1h --keypair $K0 --yes").await.done();
    world.run("g approve 0/0 --keypair $K2 --yes").await.done();
    world.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
    let done = world.run(&format!("g execute 0 {authority}")).await.done();
    assert!(done.out.contains("the protocol, threshold of confirm: 2 -> 3"), "{}", done.out);

    world.run("g proposals").await.done().says("approved by 0 of 2 needed: nobody");
    let void = world.run(&format!("g execute 0/0 {authority}")).await;
    assert_eq!(void.exit, Exit::Refused, "{}", void.err);
    void.says("NotApproved");
    let former = world.run("g approve 0/0 --keypair $K2 --yes").await;
    assert_eq!(former.exit, Exit::WrongKey, "{}", former.err);
    world.run("g approve 0/0 --keypair $K0 --keypair $K1 --yes").await.done();
    world.run(&format!("g execute 0/0 {authority}")).await.done();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_is_announced_and_begins_after_the_delay() -> TestResult {
    let world = World::open().await?;
    world.run("g status").await.done().says("never heard of");
    world.beat().await?;
    world.run("g members").await.done().says("heard of").says("0 of 3 raises today");

    let too_long = world.run("g maintenance 0 --for 5h --keypair $K0 --yes").await;
    assert_eq!(too_long.exit, Exit::Usage, "{}", too_long.err);
    too_long.says("MaintenanceOutOfBounds");
    world.run("g maintenance 0 --for 2h --keypair $K0 --yes").await.done().says("takes effect: not before");
    world.run("g approve 0/0 --keypair $K2 --yes").await.done();
    let early = world.run("g execute 0/0 --keypair $K1 --yes").await;
    assert_eq!(early.exit, Exit::Refused, "{}", early.err);
    early.says("ProposalNotRipe").says("trying again can help");
    world.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
    world.run("g proposals").await.done().says("RIPE");
    world.run("g execute 0/0 --keypair $KEYS/authority.json --yes").await.done();
    world.run("g status").await.done().says("maintenance: keepers' raises are refused for");

    // one that waits can be ended
    world.run("g maintenance 0 --for 1h --keypair $K1 --yes").await.done();
    world.run("g veto 1/0 --keypair $K0 --keypair $K2 --yes").await.done().says("Pending -> Vetoed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_proposal_of_this_protocol_is_refused() -> TestResult {
    let world = World::open().await?;
    world.run(LOOSEN).await.done();
    let addresses = ProtocolAddresses::new(world.venue.protocol);
    let ours = addresses.proposal(0);
    world.run(&format!("g approve {ours} --keypair $K0 --dry-run")).await.done().says("approve proposal 0");

    // the same bytes elsewhere, and those of another protocol
    let account = firebreak_chain::account(&world.chain.rpc(), &ours).await?.ok_or("no proposal")?;
    let theirs = Pubkey::new_unique();
    let protocol = account.data.windows(32).position(|bytes| bytes == world.venue.protocol.as_ref());
    let protocol = protocol.ok_or("no protocol")?;
    world.copy(&account, &theirs, |data| data[protocol..protocol + 32].fill(7)).await?;
    let copy = Pubkey::new_unique();
    world.copy(&account, &copy, |_| {}).await?;
    for (name, word) in [
        (theirs.to_string().as_str(), "is a proposal of another protocol"),
        (copy.to_string().as_str(), "is not where the breaker would have made it"),
        ("9", "there is no proposal 9"),
        ("0/9", "has made no proposal 9"),
        ("7/0", "there is no guardian 7"),
        ("$VAULT", "is no proposal of the breaker"),
        ("$G1", "is no proposal of the breaker"),
    ] {
        let refused = world.run(&format!("g approve {name} --keypair $K0 --yes")).await;
        assert_eq!(refused.exit, Exit::NotFound, "{name}: {}", refused.err);
        refused.says(word);
    }
    Ok(())
}
