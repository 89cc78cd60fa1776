//! Forty vaults to safety: one is frozen, whoever moves them is interrupted, and the same command again goes on.

use std::time::Duration;

use firebreak_chain::{custody::Custody, send, token};
use firebreak_client::{
    ProtocolAddresses,
    interface::{
        pda,
        state::{Act, Journal, JournalSegment, Route},
    },
    journal,
};
use firebreak_guardian::{console::Stop, exit::Exit};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::time::{sleep, timeout};

use crate::fragile::endpoint;
use crate::world::{Found, PATIENCE, TestResult, World};

const VAULTS: u64 = 40;
/// Its mint's freeze authority froze it.
const FROZEN: usize = 17;
/// More than one transaction moves.
const SOME: u64 = 10;
/// In the first vault; each other one has one more than the one before, so that none stands for another.
const LEAST: u64 = 40_000;
const MOVE: &str = "g migrate --market 0 --move --keypair $KEYS/guardian-2.json --yes";

/// The market's vaults and what each had.
struct Forty {
    world: World,
    custody: Custody,
    vaults: Vec<(Pubkey, u64)>,
}

impl Forty {
    async fn in_safe(&self) -> Result<u64, Box<dyn std::error::Error>> {
        Ok(token::balance(&self.world.chain.rpc(), &self.custody.safe_tokens()).await?)
    }

    /// How many vaults are in the safe: each is there whole and alone, or where it was whole, and the sum is exact.
    async fn moved(&self) -> Result<usize, Box<dyn std::error::Error>> {
        let (mut moved, mut sum) = (0, 0);
        for (vault, had) in &self.vaults {
            let has = token::balance(&self.world.chain.rpc(), vault).await?;
            let route: Route = self.world.read(&pda::route(&self.custody.market, vault).0).await?;
            assert_eq!(route.sent, route.received, "no fee");
            assert_eq!(has + route.received, *had, "vault {vault}");
            assert!(has == 0 || has == *had, "all of a vault, or nothing");
            sum += route.received;
            moved += usize::from(has == 0);
        }
        assert_eq!(self.in_safe().await?, sum, "the safe has what the routes say, and no more");
        Ok(moved)
    }

    /// What the journal says of each move: what left the vault, what arrived in the safe.
    async fn told(&self) -> Found<Vec<(u64, u64)>> {
        let addresses = ProtocolAddresses::new(self.custody.protocol);
        let head: Journal = self.world.read(&addresses.journal).await?;
        let mut segments: Vec<JournalSegment> = Vec::new();
        for segment in addresses.segments(&head) {
            segments.push(self.world.read(&segment).await?);
        }
        let entries = journal::verify(&head, &segments, &[])?.entries;
        let moves = entries.iter().filter(|entry| entry.act == Act::MovedToSafe);
        Ok(moves.map(|entry| (entry.value, entry.threshold)).collect())
    }

    async fn freezes(&self, freezes: bool) -> TestResult {
        let (rpc, admin) = (self.world.chain.rpc(), self.world.chain.payer());
        let by = if freezes { token::freeze } else { token::thaw };
        let instruction = by(&admin.pubkey(), &self.custody.mint, &self.vaults[FROZEN].0);
        send::send(&rpc, admin, &[], &[instruction]).await?.ok()?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_failure_leaves_is_moved_by_the_same_command() -> TestResult {
    let world = World::in_shadow().await?;
    let mint = token::create_freezable_mint(&world.chain.rpc(), world.chain.payer(), 6).await?;
    let custody = Custody { protocol: world.venue.protocol, market: world.venue.market, mint };
    let amounts: Vec<u64> = (0..VAULTS).map(|number| LEAST + number).collect();
    let vaults = custody.open(&world.chain, &amounts).await?.into_iter().zip(amounts).collect();
    let forty = Forty { world, custody, vaults };
    let world = &forty.world;
    forty.freezes(true).await?;
    world.run("g pause --market 0 --for 1h --keypair $KEYS/guardian-0.json --yes").await.done();
    let two = "--keypair $KEYS/guardian-0.json --keypair $KEYS/guardian-1.json --yes";
    world.run(&format!("g migrate --market 0 {two}")).await.done().says("40 vaults have a route");
    assert_eq!(forty.moved().await?, 0, "ordered, not moved");

    // the endpoint takes two transactions, and is gone
    let gone = endpoint(world.chain.rpc_url(), 2).await?;
    let lost = world.run_at(MOVE, &gone).await;
    assert_eq!(lost.exit, Exit::Left, "{}\n{}", lost.out, lost.err);
    let before = forty.moved().await?;
    assert!((1..20).contains(&before), "{before} moved by two transactions:\n{}", lost.out);
    let left = format!("{} of 40 left: the same command again goes on with them", 40 - before);
    assert!(lost.out.contains(&left), "{}", lost.out);

    // interrupted on the way
    let (asks, stop) = Stop::new();
    let interrupt = async {
        while forty.in_safe().await? < (before as u64 + SOME) * LEAST {
            sleep(Duration::from_millis(20)).await;
        }
        asks.send(true)?;
        TestResult::Ok(())
    };
    let (cut, asked) =
        timeout(PATIENCE, async { tokio::join!(world.run_until(MOVE, stop), interrupt) }).await?;
    asked?;
    assert_eq!(cut.exit, Exit::Left, "{}\n{}", cut.out, cut.err);
    let first = forty.moved().await?;
    assert!((before + SOME as usize..35).contains(&first), "{first} moved before:\n{}", cut.out);
    world.run("g journal verify").await.done();

    // the others follow, the frozen one stands in nobody's way
    let rest = world.run(MOVE).await;
    assert_eq!(rest.exit, Exit::Left, "{}\n{}", rest.out, rest.err);
    assert!(rest.out.contains(&format!("move {} of 40 vaults", 40 - first)), "{}", rest.out);
    assert!(rest.out.contains("1 of 40 left: the same command again goes on with them"), "{}", rest.out);
    assert!(rest.out.contains(", FROZEN or with somebody else"), "{}", rest.out);
    assert_eq!(forty.moved().await?, 39);
    let frozen = token::balance(&world.chain.rpc(), &forty.vaults[FROZEN].0).await?;
    assert_eq!(frozen, forty.vaults[FROZEN].1, "what is frozen is all there");
    let again = world.run(MOVE).await;
    assert_eq!(again.exit, Exit::Left, "{}", again.out);
    assert_eq!(forty.moved().await?, 39, "nothing moves twice");
    world.run("g journal verify").await.done();

    forty.freezes(false).await?;
    world.run(MOVE).await.done().says("move 1 of 40 vaults");
    assert_eq!(forty.moved().await?, 40);
    assert_eq!(forty.in_safe().await?, (0..VAULTS).map(|number| LEAST + number).sum::<u64>());
    let mut told = forty.told().await?;
    told.sort_unstable();
    let each: Vec<_> = (0..VAULTS).map(|number| (LEAST + number, LEAST + number)).collect();
    assert_eq!(told, each, "an entry for each vault that was moved, and for no other call");
    Ok(())
}
