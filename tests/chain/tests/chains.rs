//! The same promises on both chains: tokens are real, failures are seen, trouble is told plainly.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use firebreak_chain::{Chain, ChainError, Options, Program, account, send, token};
use futures_util::StreamExt;
use solana_client::{nonblocking::pubsub_client::PubsubClient, rpc_config::RpcAccountInfoConfig};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_token_interface::{instruction, state::Mint};
use tokio::time::timeout;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const SOL: u64 = 1_000_000_000;

async fn tokens_move_and_a_subscriber_sees_it(chain: &Chain) -> TestResult {
    let rpc = chain.rpc();
    let alice = Keypair::new();
    chain.airdrop(&alice.pubkey(), 5 * SOL).await?;
    let funded = account(&rpc, &alice.pubkey()).await?;
    assert_eq!(funded.map(|a| a.lamports), Some(5 * SOL));

    let mint = token::create_mint(&rpc, chain.payer(), 6).await?;
    let vault = token::create_account(&rpc, chain.payer(), &mint, &alice.pubkey()).await?;
    let thief = token::create_account(&rpc, chain.payer(), &mint, &Pubkey::new_unique()).await?;
    token::mint_to(&rpc, chain.payer(), &mint, &vault, 1_000).await?;

    let pubsub = PubsubClient::new(chain.ws_url()).await?;
    let config = RpcAccountInfoConfig {
        commitment: Some(CommitmentConfig::processed()),
        ..RpcAccountInfoConfig::default()
    };
    let (mut notices, _unsubscribe) = pubsub.account_subscribe(&vault, Some(config)).await?;
    // A subscription counts from when the node has taken it up, a little after it has said so.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let taken = token::transfer(&vault, &thief, &alice.pubkey(), 400);
    send::send(&rpc, &alice, &[], &[taken]).await?.ok()?;
    let notice = timeout(Duration::from_secs(5), notices.next()).await?;
    assert!(notice.is_some(), "the stream ended");
    assert_eq!(token::balance(&rpc, &vault).await?, 600);
    assert_eq!(token::balance(&rpc, &thief).await?, 400);
    Ok(())
}

async fn a_failing_transaction_lands_and_says_why(chain: &Chain) -> TestResult {
    let rpc = chain.rpc();
    let alice = Keypair::new();
    chain.airdrop(&alice.pubkey(), SOL).await?;
    let mint = token::create_mint(&rpc, chain.payer(), 6).await?;
    let from = token::create_account(&rpc, chain.payer(), &mint, &alice.pubkey()).await?;
    let to = token::create_account(&rpc, chain.payer(), &mint, &alice.pubkey()).await?;

    let too_much = token::transfer(&from, &to, &alice.pubkey(), 1);
    let landed = send::send(&rpc, &alice, &[], &[too_much]).await?;
    assert!(landed.error.is_some());
    assert!(landed.slot > 0);
    assert!(matches!(landed.ok(), Err(ChainError::Failed { .. })));
    Ok(())
}

/// The token program's own bytes, as Surfnet has them: a program that is always at hand.
async fn token_program_file(folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let chain = Chain::surfnet(Options::default()).await?;
    let program = account(&chain.rpc(), &spl_token_interface::id()).await?.ok_or("no token program")?;
    // Upgradeable ones keep their bytes elsewhere, behind a header.
    let bytes = match program.data.starts_with(b"\x7fELF") {
        true => program.data,
        false => {
            let address = Pubkey::try_from(program.data.get(4..36).ok_or("no program data address")?)?;
            let data = account(&chain.rpc(), &address).await?.ok_or("no program data")?.data;
            data.get(45..).ok_or("no program bytes")?.to_vec()
        }
    };
    let file = folder.join("token.so");
    fs::write(&file, bytes)?;
    Ok(file)
}

/// `chain` has a copy of the token program at `address`: it must run there.
async fn a_program_runs_at_its_address(chain: &Chain, address: Pubkey) -> TestResult {
    let rpc = chain.rpc();
    let mint = Keypair::new();
    let rent = rpc.get_minimum_balance_for_rent_exemption(Mint::LEN).await?;
    let payer = chain.payer().pubkey();
    let space = Mint::LEN as u64;
    let create =
        solana_system_interface::instruction::create_account(&payer, &mint.pubkey(), rent, space, &address);
    let real = spl_token_interface::id();
    let mut initialize = instruction::initialize_mint2(&real, &mint.pubkey(), &payer, None, 9)?;
    initialize.program_id = address;
    send::send(&rpc, chain.payer(), &[&mint], &[create, initialize]).await?.ok()?;
    let created = account(&rpc, &mint.pubkey()).await?.ok_or("no mint")?;
    assert_eq!(created.owner, address);
    assert_eq!(Mint::unpack(&created.data)?.decimals, 9);
    Ok(())
}

async fn slots_tick_with_the_clock(chain: &Chain, wanted: Duration) -> TestResult {
    let slot = chain.measure_slot(5).await?;
    assert!(slot > wanted / 2 && slot < wanted * 3, "a slot took {slot:?}, not about {wanted:?}");
    Ok(())
}

fn missing_program() -> Options {
    Options::with_programs([Program::new(Pubkey::new_unique(), "/nowhere/breaker.so")])
}

fn assert_names_the_build(error: &ChainError) {
    let text = error.to_string();
    assert!(text.contains("/nowhere/breaker.so"), "{text}");
    assert!(text.contains("cargo xtask build"), "{text}");
}

fn taken_port() -> (TcpListener, Options) {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
    let options = Options { rpc_port: Some(taken.local_addr().expect("bound").port()), ..Options::default() };
    (taken, options)
}

/// Two ports in a row, below those that the system gives to others.
fn free_pair() -> u16 {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (16_000..18_000).find(|&port| free(port) && free(port + 1)).expect("two free ports")
}

mod surfnet {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn moves_real_tokens() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        assert_eq!(chain.name(), "surfnet");
        tokens_move_and_a_subscriber_sees_it(&chain).await?;
        a_failing_transaction_lands_and_says_why(&chain).await?;
        Ok(chain.shutdown().await?)
    }

    #[tokio::test]
    async fn starts_at_once_and_ticks() -> TestResult {
        let slot = Duration::from_millis(200);
        let options = Options { slot_time: Some(slot), ..Options::default() };
        let start = Instant::now();
        let chain = Chain::surfnet(options).await?;
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        slots_tick_with_the_clock(&chain, slot).await
    }

    #[tokio::test]
    async fn answers_on_the_ports_it_was_given() -> TestResult {
        let wanted = free_pair();
        let options = Options { rpc_port: Some(wanted), ..Options::default() };
        let chain = Chain::surfnet(options).await?;
        assert!(chain.rpc_url().ends_with(&wanted.to_string()));
        tokens_move_and_a_subscriber_sees_it(&chain).await
    }

    #[tokio::test]
    async fn runs_a_program_at_the_given_address() -> TestResult {
        let folder = tempfile::tempdir()?;
        let file = token_program_file(folder.path()).await?;
        let address = Pubkey::new_unique();
        let chain = Chain::surfnet(Options::with_programs([Program::new(address, file)])).await?;
        a_program_runs_at_its_address(&chain, address).await
    }

    #[tokio::test]
    async fn names_a_port_in_use() {
        let (_taken, options) = taken_port();
        let error = Chain::surfnet(options).await.err().expect("the port is taken");
        assert!(matches!(error, ChainError::PortInUse { .. }), "{error}");
    }

    #[tokio::test]
    async fn names_a_missing_program() {
        let error = Chain::surfnet(missing_program()).await.err();
        assert_names_the_build(&error.expect("the file is missing"));
    }
}

mod validator {
    use super::*;

    #[tokio::test]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn moves_real_tokens_and_ticks() -> TestResult {
        let folder = tempfile::tempdir()?;
        let file = token_program_file(folder.path()).await?;
        let address = Pubkey::new_unique();
        let chain = Chain::validator(Options::with_programs([Program::new(address, file)])).await?;
        assert_eq!(chain.name(), "validator");
        a_program_runs_at_its_address(&chain, address).await?;
        tokens_move_and_a_subscriber_sees_it(&chain).await?;
        a_failing_transaction_lands_and_says_why(&chain).await?;
        slots_tick_with_the_clock(&chain, Duration::from_millis(400)).await?;
        Ok(chain.shutdown().await?)
    }

    #[tokio::test]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn shows_its_log_when_it_ends_early() {
        let options = Options { validator_args: vec!["--no-such-option".into()], ..Options::default() };
        let error = Chain::validator(options).await.err().expect("an unknown option");
        let text = error.to_string();
        assert!(text.contains("no-such-option"), "{text}");
    }

    #[tokio::test]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn names_a_port_in_use() {
        let (_taken, options) = taken_port();
        let error = Chain::validator(options).await.err().expect("the port is taken");
        assert!(matches!(error, ChainError::PortInUse { .. }), "{error}");
    }

    #[tokio::test]
    async fn names_a_missing_program() {
        let error = Chain::validator(missing_program()).await.err();
        assert_names_the_build(&error.expect("the file is missing"));
    }
}
