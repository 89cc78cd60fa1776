//! The keeper's transport against real nodes: what it hears, what it does when it hears nothing, what it
//! says when an act cannot be brought about.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use firebreak_chain::{Chain, ChainError, Options, send, token};
use firebreak_keeper::transport::{
    sender::{Effort, Outcome, SendError, Sender},
    snapshot,
    socket::{self, AccountNotice, Canary, Event, Gap, Socket},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;
use tokio::{
    io::copy_bidirectional,
    net::TcpStream,
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};

type TestResult = Result<(), Box<dyn std::error::Error>>;

const SOL: u64 = 1_000_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// A vault with tokens and what it takes to move them.
struct Venue {
    owner: Keypair,
    vault: Pubkey,
    purse: Pubkey,
}

impl Venue {
    async fn open(chain: &Chain) -> Result<Self, ChainError> {
        let rpc = chain.rpc();
        let owner = Keypair::new();
        chain.airdrop(&owner.pubkey(), 10 * SOL).await?;
        let mint = token::create_mint(&rpc, chain.payer(), 6).await?;
        let vault = token::create_account(&rpc, chain.payer(), &mint, &owner.pubkey()).await?;
        let purse = token::create_account(&rpc, chain.payer(), &mint, &owner.pubkey()).await?;
        token::mint_to(&rpc, chain.payer(), &mint, &vault, 1_000).await?;
        Ok(Self { owner, vault, purse })
    }

    fn withdrawal(&self, amount: u64) -> Instruction {
        token::transfer(&self.vault, &self.purse, &self.owner.pubkey(), amount)
    }

    async fn withdraw(&self, chain: &Chain, amount: u64) -> Result<u64, ChainError> {
        let withdrawal = [self.withdrawal(amount)];
        let landed = send::send(&chain.rpc(), &self.owner, &[], &withdrawal).await?;
        Ok(landed.ok()?.slot)
    }
}

fn listen(url: &str, accounts: &[Pubkey]) -> mpsc::Receiver<Event> {
    let (events, receiver) = mpsc::channel(64);
    let socket = Socket::new(url, accounts.iter().copied());
    tokio::spawn(socket::run(socket, events, std::future::pending()));
    receiver
}

/// The first event for which `pick` has something to say.
async fn until<T>(
    events: &mut mpsc::Receiver<Event>,
    mut pick: impl FnMut(Event) -> Option<T>,
) -> Result<T, Box<dyn std::error::Error>> {
    let search = async {
        while let Some(event) = events.recv().await {
            if let Some(found) = pick(event) {
                return Some(found);
            }
        }
        None
    };
    Ok(timeout(PATIENCE, search).await?.ok_or("the events ended")?)
}

fn connected(event: Event) -> Option<u64> {
    match event {
        Event::Connected { slot } => Some(slot),
        _ => None,
    }
}

fn gap(event: Event) -> Option<Gap> {
    match event {
        Event::Gap(gap) => Some(gap),
        _ => None,
    }
}

/// The state of the vault with `amount` in it.
fn holding(vault: Pubkey, amount: u64) -> impl FnMut(Event) -> Option<AccountNotice> {
    move |event| match event {
        Event::Account(notice) if notice.key == vault => {
            let account = spl_token_interface::state::Account::unpack(&notice.data).ok()?;
            (account.amount == amount).then_some(notice)
        }
        _ => None,
    }
}

async fn hears_a_withdrawal(chain: &Chain, expected: Canary) -> TestResult {
    let venue = Venue::open(chain).await?;
    let mut events = listen(chain.ws_url(), &[venue.vault]);
    // each is told once, in either order: where the clock speaks the canary may come first
    let (mut slot, mut told) = (None, None);
    while slot.is_none() || told.is_none() {
        match until(&mut events, Some).await? {
            Event::Connected { slot: connected } => slot = Some(connected),
            Event::Canary(canary) => told = Some(canary),
            _ => {}
        }
    }
    assert_eq!(told, Some(expected));
    let slot = slot.ok_or("connected")?;

    let read = snapshot::read(&chain.rpc(), &[venue.vault, Pubkey::new_unique()], slot).await?;
    assert!(read[0].slot >= slot);
    assert!(read[0].account.is_some());
    assert!(read[1].account.is_none());

    let landed = venue.withdraw(chain, 300).await?;
    let notice = until(&mut events, holding(venue.vault, 700)).await?;
    assert_eq!(notice.owner, spl_token_interface::id());
    assert!(notice.slot.abs_diff(landed) <= 1, "noticed for {}, landed in {landed}", notice.slot);
    Ok(())
}

/// A wire between keeper and node that can be cut, or left open and dead.
struct Wire {
    port: u16,
    frozen: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Wire {
    async fn to(url: &str, port: u16) -> Result<Self, Box<dyn std::error::Error>> {
        let to = url.trim_start_matches("ws://").to_owned();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        let frozen = Arc::new(AtomicBool::new(false));
        let is_frozen = Arc::clone(&frozen);
        let task = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Ok(mut far) = TcpStream::connect(&to).await else {
                    continue;
                };
                let freeze = async {
                    while !is_frozen.load(Ordering::Relaxed) {
                        sleep(Duration::from_millis(10)).await;
                    }
                };
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    // Both ends stay open and nothing passes any more.
                    () = freeze => std::future::pending().await,
                }
            }
        });
        Ok(Self { port, frozen, task })
    }

    fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    async fn cut(self) -> u16 {
        self.task.abort();
        let _ = self.task.await;
        self.port
    }
}

/// An address where nobody listens.
fn dead_url() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
    let port = listener.local_addr().expect("bound").port();
    format!("http://127.0.0.1:{port}")
}

fn sender(urls: &[&str]) -> Result<Sender, SendError> {
    Sender::new(urls.iter().map(|&url| url.to_owned()), Effort::default())
}

fn signer<'a>(
    payer: &'a Keypair,
    instruction: &'a Instruction,
) -> impl Fn(solana_hash::Hash, u32) -> Result<Transaction, String> + 'a {
    move |blockhash, _| {
        Ok(Transaction::new_signed_with_payer(
            std::slice::from_ref(instruction),
            Some(&payer.pubkey()),
            &[payer],
            blockhash,
        ))
    }
}

async fn never() -> bool {
    false
}

mod surfnet {
    use super::*;

    #[tokio::test]
    async fn hears_a_withdrawal_and_relies_on_slots() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        hears_a_withdrawal(&chain, Canary::Slots).await
    }

    #[tokio::test]
    async fn comes_back_after_a_cut_and_hears_again() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let venue = Venue::open(&chain).await?;
        let wire = Wire::to(chain.ws_url(), 0).await?;
        let mut events = listen(&wire.url(), &[venue.vault]);
        until(&mut events, connected).await?;

        let port = wire.cut().await;
        assert!(matches!(until(&mut events, gap).await?, Gap::Lost(_)));
        assert!(matches!(until(&mut events, gap).await?, Gap::Connect(_)));
        // In the dark: only a snapshot tells of this one.
        venue.withdraw(&chain, 100).await?;

        let _wire = Wire::to(chain.ws_url(), port).await?;
        let slot = until(&mut events, connected).await?;
        let read = snapshot::read(&chain.rpc(), &[venue.vault], slot).await?;
        let account = read[0].account.as_ref().ok_or("the vault is there")?;
        let state = spl_token_interface::state::Account::unpack(&account.data)?;
        assert_eq!(state.amount, 900);

        venue.withdraw(&chain, 100).await?;
        until(&mut events, holding(venue.vault, 800)).await?;
        Ok(())
    }

    #[tokio::test]
    async fn a_half_open_connection_is_a_gap() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let wire = Wire::to(chain.ws_url(), 0).await?;
        let mut events = listen(&wire.url(), &[]);
        until(&mut events, connected).await?;
        wire.frozen.store(true, Ordering::Relaxed);
        assert!(matches!(until(&mut events, gap).await?, Gap::Silent(_)));
        Ok(())
    }

    #[tokio::test]
    async fn delivers_although_one_endpoint_is_dead_and_one_hangs() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let venue = Venue::open(&chain).await?;
        let dead = dead_url();
        // Takes connections and never answers.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let hanging = format!("http://{}", listener.local_addr()?);
        let sender = sender(&[&dead, &hanging, chain.rpc_url()])?;
        let withdrawal = venue.withdrawal(250);
        let start = Instant::now();
        let delivery = sender.deliver(signer(&venue.owner, &withdrawal), never).await?;
        assert!(matches!(delivery.outcome, Outcome::Landed { slot } if slot > 0));
        assert!(delivery.accepted_after.is_some());
        assert_eq!(delivery.signatures, 1);
        assert!(start.elapsed() < Effort::default().call * 2, "held up: {:?}", start.elapsed());
        assert_eq!(token::balance(&chain.rpc(), &venue.vault).await?, 750);
        Ok(())
    }

    #[tokio::test]
    async fn an_effect_seen_ends_the_effort() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let venue = Venue::open(&chain).await?;
        let sender = sender(&[chain.rpc_url()])?;
        // It fails on chain, as an act does that somebody else has done already.
        let too_much = venue.withdrawal(5_000);
        let seen = async || true;
        let delivery = sender.deliver(signer(&venue.owner, &too_much), seen).await?;
        assert_eq!(delivery.outcome, Outcome::EffectSeen);
        Ok(())
    }

    #[tokio::test]
    async fn a_refusal_by_the_program_is_final() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let venue = Venue::open(&chain).await?;
        let sender = sender(&[chain.rpc_url()])?;
        let too_much = venue.withdrawal(5_000);
        let sent = sender.deliver(signer(&venue.owner, &too_much), never).await;
        let error = sent.expect_err("the vault holds less");
        assert!(matches!(error, SendError::Failed { .. }), "{error}");
        assert!(!error.retry_can_help());
        Ok(())
    }

    #[tokio::test]
    async fn an_unfunded_keeper_is_told_what_it_needs() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let poor = Keypair::new();
        let sender = sender(&[chain.rpc_url()])?;
        let nothing = solana_system_interface::instruction::transfer(&poor.pubkey(), &poor.pubkey(), 0);
        let sent = sender.deliver(signer(&poor, &nothing), never).await;
        let error = sent.expect_err("it has no SOL");
        assert!(matches!(error, SendError::Unfunded { lamports: 0, .. }), "{error}");
        assert!(error.to_string().contains(&poor.pubkey().to_string()));
        assert!(!error.retry_can_help());
        Ok(())
    }

    #[tokio::test]
    async fn a_dead_rpc_is_named_and_may_be_tried_again() -> TestResult {
        let dead = dead_url();
        let sender = sender(&[&dead])?;
        let payer = Keypair::new();
        let nothing = solana_system_interface::instruction::transfer(&payer.pubkey(), &payer.pubkey(), 0);
        let sent = sender.deliver(signer(&payer, &nothing), never).await;
        let error = sent.expect_err("nobody listens");
        assert!(matches!(error, SendError::Unreachable(_)), "{error}");
        assert!(error.to_string().contains(&dead), "{error}");
        assert!(error.retry_can_help());
        Ok(())
    }

    #[tokio::test]
    async fn an_act_can_be_spawned_and_blockhashes_kept_fresh() -> TestResult {
        let chain = Chain::surfnet(Options::default()).await?;
        let venue = Arc::new(Venue::open(&chain).await?);
        let sender = Arc::new(sender(&[chain.rpc_url()])?);
        let fresh = Arc::clone(&sender);
        tokio::spawn(async move { fresh.keep_fresh(std::future::pending()).await });
        let acting = Arc::clone(&venue);
        let act = tokio::spawn(async move {
            let withdrawal = acting.withdrawal(1);
            sender.deliver(signer(&acting.owner, &withdrawal), never).await
        });
        assert!(matches!(act.await??.outcome, Outcome::Landed { .. }));
        Ok(())
    }
}

mod validator {
    use super::*;

    #[tokio::test]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn hears_a_withdrawal_and_relies_on_the_clock() -> TestResult {
        let chain = Chain::validator(Options::default()).await?;
        hears_a_withdrawal(&chain, Canary::Clock).await?;

        let poor = Keypair::new();
        let sender = sender(&[chain.rpc_url()])?;
        let nothing = solana_system_interface::instruction::transfer(&poor.pubkey(), &poor.pubkey(), 0);
        let sent = sender.deliver(signer(&poor, &nothing), never).await;
        let error = sent.expect_err("it has no SOL");
        assert!(matches!(error, SendError::Unfunded { lamports: 0, .. }), "{error}");
        Ok(())
    }
}
