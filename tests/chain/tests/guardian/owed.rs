//! What a safe owes, from the command line: withdrawals that wait in it, and claims on it.

use std::fs;

use firebreak_chain::{send, token};
use firebreak_client::interface::{
    constants::HOLD_EXTENSION_MAX,
    pda,
    state::{Held, Safe},
};
use firebreak_guardian::exit::Exit;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::world::{Found, TestResult, World};

const AUTHORITY: &str = "--keypair $KEYS/authority.json --yes";
const TWO: &str = "--keypair $KEYS/guardian-0.json --keypair $KEYS/guardian-1.json --yes";
const ANYBODY: &str = "--keypair $KEYS/guardian-2.json --yes";
const HOUR: u32 = 3_600;

/// A user whose withdrawal waits.
struct User {
    key: Keypair,
    account: Pubkey,
}

impl World {
    fn our_safe(&self) -> Pubkey {
        pda::safe(&self.venue.market, &self.mint).0
    }

    async fn has(&self, account: &Pubkey) -> Found<u64> {
        Ok(token::balance(&self.chain.rpc(), account).await?)
    }

    /// A safe with so much in it that nobody brought by the breaker.
    async fn safe_with(&self, amount: u64) -> TestResult {
        self.run(&format!("g propose safe --market 0 --mint {} {AUTHORITY}", self.mint)).await.done();
        let tokens = pda::safe_tokens(&self.our_safe()).0;
        token::mint_to(&self.chain.rpc(), self.chain.payer(), &self.mint, &tokens, amount).await?;
        Ok(())
    }

    /// Withdrawals of a hundred each, which came now and wait for an hour: as a program that was answered Hold leaves them.
    async fn holding(&self, count: u64) -> Found<Vec<User>> {
        let safe_key = self.our_safe();
        self.safe_with(100 * count).await?;
        let (rpc, payer) = (self.chain.rpc(), self.chain.payer());
        let now = self.clock().await?;
        let mut safe: Safe = self.read(&safe_key).await?;
        let mut users = Vec::new();
        for number in 0..count {
            let key = Keypair::new();
            let account = token::create_account(&rpc, payer, &self.mint, &key.pubkey()).await?;
            let (address, bump) = pda::held(&safe_key, &key.pubkey(), 7);
            let mut held: Held = bytemuck::Zeroable::zeroed();
            assert_eq!(safe.hold(100)?, number);
            let keys = [safe_key, key.pubkey(), account];
            let normal = firebreak_client::interface::Severity::Normal;
            held.initialize(keys, bump, (7, number, 100), (HOUR, normal), now);
            self.write(&address, &held).await?;
            users.push(User { key, account });
        }
        self.write(&safe_key, &safe).await?;
        Ok(users)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_paid_when_it_is_due() -> TestResult {
    let world = World::in_shadow().await?;
    let users = world.holding(3).await?;
    let claim = format!("g held claim all --market 0 {ANYBODY}");
    let listed = world.run("g held list --market 0").await.done();
    let line = format!("1: 0.0001 tokens (100 units) of {}, matures ", users[1].key.pubkey());
    assert!(listed.out.contains(&line), "{}", listed.out);
    assert!(listed.out.contains("; matures in 59 min"), "{}", listed.out);
    world.run("g safes").await.done().says("owed to 3 held withdrawals 300");
    let early = world.run(&claim).await.done();
    assert!(early.out.contains("nothing to do: it is not due"), "{}", early.out);

    world.wait(u64::from(HOUR) + 60).await?;
    world.run("g held list --market 0").await.done().says("DUE: `held claim 2` pays it");
    // one whose account is closed holds up nobody else
    world.change(&users[0].account, |data| data[32..64].fill(9)).await?;
    let some = world.run(&claim).await;
    assert_eq!(some.exit, Exit::Left, "{}\n{}", some.out, some.err);
    assert!(some.out.contains("1 of 3 left") && some.out.contains("signs with --to"), "{}", some.out);
    assert_eq!((world.has(&users[1].account).await?, world.has(&users[2].account).await?), (100, 100));

    // its owner names another account, and nobody else does
    let (rpc, payer) = (world.chain.rpc(), world.chain.payer());
    let other = token::create_account(&rpc, payer, &world.mint, &users[0].key.pubkey()).await?;
    let to = format!("g held claim 0 --market 0 --to {other}");
    assert_eq!(world.run(&format!("{to} {ANYBODY}")).await.exit, Exit::WrongKey);
    world.write_key("user.json", &users[0].key)?;
    world.chain.airdrop(&users[0].key.pubkey(), 1_000_000_000).await?;
    world.run(&format!("{to} --keypair $KEYS/user.json --yes")).await.done();
    assert_eq!(world.has(&other).await?, 100);
    world.run("g held list --market 0").await.done().says("nothing is held");
    let again = world.run(&format!("g held claim 1 --market 0 {ANYBODY}")).await;
    assert_eq!(again.exit, Exit::NotFound, "{}", again.err);
    again.says("paid or refused already");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn guardians_flag_and_decide_together() -> TestResult {
    let world = World::in_shadow().await?;
    let users = world.holding(4).await?;
    let flag = |range: &str| format!("g held flag {range} --market 0 {TWO}");
    let none = world.run(&flag("2..4")).await;
    assert_eq!(none.exit, Exit::Usage, "{}", none.err);
    none.says("2..4, where there are 0 to 3").says("WrongHeldRange");
    let alone = world.run("g held flag 1..3 --market 0 --keypair $KEYS/guardian-0.json --yes").await;
    alone.says("this takes 2 guardians");
    let flagged = world.run(&flag("1..3")).await.done();
    assert!(flagged.out.contains("flags held withdrawals 1 to 3"), "{}", flagged.out);
    world.wait(u64::from(HOUR) + 60).await?;
    world.run("g held list --market 0").await.done().says("FLAGGED, waits for the guardians' decision");

    let unflagged = world.run(&format!("g held decide 0 --refuse --market 0 {TWO}")).await;
    assert_eq!(unflagged.exit, Exit::Usage, "{}", unflagged.err);
    world
        .run(&format!("g held decide 1 --pay --market 0 {TWO}"))
        .await
        .done()
        .says("pays flagged withdrawals 1 to 1");
    // the same by a proposal, each alone
    let refuse = "g held decide 2 --refuse --market 0 --propose --keypair $KEYS/guardian-0.json --yes";
    world.run(refuse).await.done();
    world.run("g approve 0/0 --keypair $KEYS/guardian-1.json --yes").await.done();
    world.run(&format!("g execute 0/0 {ANYBODY}")).await.done();

    let claimed = world.run(&format!("g held claim all --market 0 {ANYBODY}")).await.done();
    assert!(claimed.out.contains("settle 3 of 4"), "{}", claimed.out);
    for (user, paid) in users.iter().zip([100, 100, 0, 0]) {
        assert_eq!(world.has(&user.account).await?, paid);
    }
    let safe: Safe = world.read(&world.our_safe()).await?;
    assert_eq!((safe.owed, safe.open, safe.kept), (100, 1, 100), "the refused one stays");
    // nobody decided on the last: it is paid
    world.wait(u64::from(HOLD_EXTENSION_MAX)).await?;
    world.run(&format!("g held claim 3 --market 0 {ANYBODY}")).await.done();
    assert_eq!(world.has(&users[3].account).await?, 100);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_safe_is_shared_out_by_a_list() -> TestResult {
    let world = World::in_shadow().await?;
    world.safe_with(1_000).await?;
    let (rpc, payer) = (world.chain.rpc(), world.chain.payer());
    let owners: Vec<_> = (0..5).map(|_| Pubkey::new_unique()).collect();
    for owner in &owners[..4] {
        send::send(&rpc, payer, &[], &[token::open_associated(&payer.pubkey(), owner, &world.mint)])
            .await?
            .ok()?;
    }
    let list = |amount: u64| {
        let line = |owner: &Pubkey| format!("{owner},{amount}units\n");
        owners.iter().map(line).collect::<String>()
    };
    fs::write(world.path("claims.csv"), list(201))?;
    let propose = "g claims propose --market 0 --file $KEYS/claims.csv --proofs $KEYS/proofs.json --keypair $KEYS/guardian-0.json --yes";
    let more = world.run(propose).await;
    assert_eq!(more.exit, Exit::Usage, "{}", more.err);
    more.says("ClaimsAboveSafe").says("0.001 tokens (1000 units)");
    fs::write(world.path("claims.csv"), list(150))?;
    let proposed = world.run(propose).await.done();
    assert!(proposed.out.contains("5 claims of 0.00075 tokens (750 units) together"), "{}", proposed.out);
    // who approves makes the same root of the same list
    let root = |text: &str| text.lines().find(|line| line.contains("root ")).map(str::to_owned);
    let check = propose.replace("guardian-0.json --yes", "guardian-1.json --dry-run");
    let checked = world.run(&check).await.done();
    assert!(root(&checked.out).is_some() && root(&checked.out) == root(&proposed.out), "{}", checked.out);
    world.run("g approve 0/0 --keypair $KEYS/guardian-1.json --yes").await.done();
    world.wait(2 * 86_400 + 60).await?;
    let stranger = world.run(&format!("g claims open 0/0 {ANYBODY}")).await;
    assert_eq!(stranger.exit, Exit::WrongKey, "{}", stranger.err);
    let pay = format!("g claims pay --proofs $KEYS/proofs.json {ANYBODY}");
    let early = world.run(&pay).await;
    assert_eq!(early.exit, Exit::Usage, "{}", early.err);
    early.says("set 0 with root");

    world.run(&format!("g claims open 0/0 {AUTHORITY}")).await.done().says("left for claims: 0 -> 750");
    world.run(&format!("{pay} --index 2")).await.done().says("pay 1 of 1 claims");
    let paid = world.run(&pay).await;
    assert_eq!(paid.exit, Exit::Left, "{}\n{}", paid.out, paid.err);
    for word in ["pay 3 of 5 claims", "nothing to do: it is paid already", "neither", "1 of 5 left"] {
        assert!(paid.out.contains(word), "no `{word}` in:\n{}", paid.out);
    }
    for owner in &owners[..4] {
        assert_eq!(world.has(&token::associated(owner, &world.mint)).await?, 150);
    }
    world.run("g safes").await.done().says("left for claims 150");
    Ok(())
}
