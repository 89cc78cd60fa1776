//! What the guardians see of a keeper that runs.

use clap::Parser;
use firebreak_client::{ProtocolAddresses, interface::state::Keeper};
use firebreak_keeper::{
    config::Typed,
    record::{Format, Record},
};
use solana_signer::Signer;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::world::{PATIENCE, Page, TestResult, World};

const SOL: u64 = 1_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_that_runs_is_heard_of() -> TestResult {
    let world = World::open().await?;
    world.chain.airdrop(&world.keeper.pubkey(), SOL).await?;
    world.run("g status").await.done().says("never heard of");

    world.write_key("keeper.json", &world.keeper)?;
    let file = world.path("keeper.json").display().to_string();
    let protocol = world.venue.protocol.to_string();
    let (url, socket) = (world.chain.rpc_url(), world.chain.ws_url());
    let typed = ["keeper", "--protocol", &protocol, "--url", url, "--ws-url", socket, "--keypair", &file];
    let (_, config) = Typed::try_parse_from(typed)?.resolve()?;
    let lines = Page::default();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = firebreak_keeper::run(config, Record::new(Format::Json, Box::new(lines.clone())), async {
        let _ = stopped.await;
    });
    let seat = ProtocolAddresses::new(world.venue.protocol).keeper(&world.keeper.pubkey());
    let heard = async {
        while !lines.text().contains(r#""event":"heartbeat""#) {
            sleep(std::time::Duration::from_millis(50)).await;
        }
        let account = firebreak_chain::account(&world.chain.rpc(), &seat).await?.ok_or("no keeper")?;
        let keeper: Keeper = firebreak_client::decode(&account.owner, &account.data)?;
        assert!(keeper.seen_at.is_set(), "the chain has it");
        let status = world.run("g status").await.done();
        assert!(status.out.contains(", heard of "), "{}", status.out);
        stop.send(()).map_err(|()| "it ended by itself")?;
        TestResult::Ok(())
    };
    let (ran, heard) = timeout(PATIENCE, async { tokio::join!(running, heard) }).await?;
    heard?;
    Ok(ran?)
}
