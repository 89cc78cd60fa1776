//! A guarded venue on a Surfnet, the keys of those who guard it, and the command line as they type it.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::Parser;
use firebreak_chain::{Chain, Options, Program, send, token};
use firebreak_client::{
    instruction::{self as breaker, NewLimiter},
    interface::{
        Operation, Operations, constants, ids,
        state::{KeeperSettings, Layout, LimiterSettings, MarketSettings, ProtocolSettings},
    },
    venue::{self, MARKET_ID, Venue},
};
use firebreak_guardian::{
    cli::Cli,
    console::{Console, Stop},
    exit::Exit,
    run,
};
use solana_client::rpc_request::RpcRequest;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tempfile::TempDir;

pub(crate) type Found<T> = Result<T, Box<dyn std::error::Error>>;
pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

const SOL: u64 = 1_000_000_000;

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.exit, Exit::Done, "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, word: &str) -> Self {
        assert!(
            self.out.contains(word) || self.err.contains(word),
            "no `{word}` in:\n{}\n{}",
            self.out,
            self.err
        );
        self
    }
}

pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) venue: Venue,
    pub(crate) vault: Pubkey,
    pub(crate) guardians: Vec<Keypair>,
    pub(crate) keeper: Keypair,
    pub(crate) mint: Pubkey,
    /// Of a transaction that the venue made.
    pub(crate) signature: String,
    folder: TempDir,
}

impl World {
    /// A venue with one market, one armed limiter and a keeper. The entries of its creation are in events only: the
    /// journal had no segment yet.
    pub(crate) async fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let world = Self::in_shadow().await?;
        let arm =
            breaker::arm_limiter(world.chain.payer().pubkey(), world.venue.protocol, world.vault, Some(0));
        send::send(&world.chain.rpc(), world.chain.payer(), &[], &[arm]).await?.ok()?;
        Ok(world)
    }

    /// The same, before its limiter is armed.
    pub(crate) async fn in_shadow() -> Result<Self, Box<dyn std::error::Error>> {
        let programs = programs();
        let chain = Chain::surfnet(Options::with_programs([
            Program::new(ids::BREAKER, programs.join("breaker.so")),
            Program::new(ids::VENUE, programs.join("venue.so")),
        ]))
        .await?;
        let folder = tempfile::tempdir()?;
        let (rpc, admin) = (chain.rpc(), chain.payer().insecure_clone());
        let key = admin.pubkey();
        let guardians: Vec<Keypair> = (0..3).map(|_| Keypair::new()).collect();
        let mint = token::create_mint(&rpc, &admin, 6).await?;
        let venue = Venue::new(vec![mint]);
        let settings = ProtocolSettings::starting(key, guardians.iter().map(Signer::pubkey).collect());
        let closing = MarketSettings::closing(
            Operations::of(&[Operation::LIST]),
            Operations::of(&[Operation::LIST, Operation::BORROW]),
            Operations::NON_EXITS,
        );
        let protocol = venue.protocol;
        let create = [
            venue.initialize(key, key),
            venue.connect(key, &settings),
            breaker::create_market(key, key, protocol, MARKET_ID, &closing, None),
            breaker::extend_journal(key, protocol, 0),
        ];
        let created = send::send(&rpc, &admin, &[], &create).await?.ok()?;
        let collateral = venue::CollateralSettings {
            collateral_factor_bps: 8_000,
            liquidation_factor_bps: 8_500,
            max_price_age: 86_400,
        };
        let vault = venue::vault(&mint);
        let limits = LimiterSettings::starting(50_000, 500);
        let new = NewLimiter {
            market: venue.market,
            vault,
            mint,
            mint_cap: limits.bootstrap_cap,
            settings: &limits,
        };
        let keeper_key = Keypair::new();
        let keeper = KeeperSettings {
            key: keeper_key.pubkey(),
            max_seconds: constants::MINOR_MAX,
            raises_per_day: 3,
            term: constants::KEEPER_TERM_MAX,
        };
        let register = [
            venue.list_collateral(key, mint, collateral),
            breaker::register_limiter(key, key, protocol, &new, Some(0)),
            breaker::register_keeper(key, key, protocol, &keeper, Some(0)),
        ];
        send::send(&rpc, &admin, &[], &register).await?.ok()?;
        for guardian in &guardians {
            chain.airdrop(&guardian.pubkey(), SOL).await?;
        }
        let (keeper, signature) = (keeper_key, created.signature.to_string());
        let world = Self { chain, venue, vault, guardians, keeper, mint, signature, folder };
        world.write_key("authority.json", &admin)?;
        for (number, guardian) in world.guardians.iter().enumerate() {
            world.write_key(&format!("guardian-{number}.json"), guardian)?;
        }
        Ok(world)
    }

    pub(crate) fn write_key(&self, name: &str, key: &Keypair) -> io::Result<()> {
        let path = self.path(name);
        fs::write(&path, serde_json::to_string(&key.to_bytes().to_vec())?)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The keeper says that it is there.
    pub(crate) async fn beat(&self) -> TestResult {
        let beat = breaker::heartbeat(self.keeper.pubkey(), &self.venue.protocol);
        send::send(&self.chain.rpc(), self.chain.payer(), &[&self.keeper], &[beat]).await?.ok()?;
        Ok(())
    }

    /// Somebody deposits 40,000, then 600 of it leave around the breaker: more than a hundredth, less than three. Who pokes
    /// latches that as Minor.
    pub(crate) async fn leak(&self) -> TestResult {
        const DEPOSIT: u64 = 40_000;
        const LEAK: u64 = 600;
        /// Where a token account has its amount.
        const AMOUNT: std::ops::Range<usize> = 64..72;
        let (rpc, admin) = (self.chain.rpc(), self.chain.payer());
        let owner = admin.pubkey();
        let purse = token::create_account(&rpc, admin, &self.mint, &owner).await?;
        token::mint_to(&rpc, admin, &self.mint, &purse, DEPOSIT).await?;
        let deposit = self.venue.deposit(owner, self.mint, purse, DEPOSIT);
        send::send(&rpc, admin, &[], &[self.venue.create_portfolio(owner), deposit]).await?.ok()?;
        self.change(&self.vault, |data| data[AMOUNT].copy_from_slice(&(DEPOSIT - LEAK).to_le_bytes()))
            .await?;
        let poke = breaker::poke(self.venue.protocol, self.venue.market, self.vault, Some(0));
        send::send(&rpc, admin, &[], &[poke]).await?.ok()?;
        Ok(())
    }

    /// Writes an account as no program of this chain would.
    pub(crate) async fn change(&self, key: &Pubkey, by: impl Fn(&mut [u8])) -> TestResult {
        let account = firebreak_chain::account(&self.chain.rpc(), key).await?.ok_or("no account")?;
        self.copy(&account, key, by).await
    }

    /// Writes a copy of an account, changed, to another address.
    pub(crate) async fn copy(
        &self,
        account: &solana_account::Account,
        to: &Pubkey,
        by: impl Fn(&mut [u8]),
    ) -> TestResult {
        let mut data = account.data.clone();
        by(&mut data);
        let data: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        let (owner, lamports) = (account.owner.to_string(), account.lamports);
        let update = serde_json::json!({ "data": data, "owner": owner, "lamports": lamports });
        let set = RpcRequest::Custom { method: "surfnet_setAccount" };
        let params = serde_json::json!([to.to_string(), update]);
        self.chain.rpc().send::<serde_json::Value>(set, params).await?;
        Ok(())
    }

    /// Writes an account of the breaker as the breaker did not.
    pub(crate) async fn write<T: Layout>(&self, key: &Pubkey, state: &T) -> TestResult {
        let data = firebreak_client::account::encode(state);
        let lamports = self.chain.rpc().get_minimum_balance_for_rent_exemption(data.len()).await?;
        let owner = firebreak_client::interface::ID;
        let account = solana_account::Account { lamports, data, owner, ..solana_account::Account::default() };
        self.copy(&account, key, |_| {}).await
    }

    /// The chain's clock.
    pub(crate) async fn clock(&self) -> Found<firebreak_client::interface::Instant> {
        let key = firebreak_client::clock::ADDRESS;
        let account = firebreak_chain::account(&self.chain.rpc(), &key).await?.ok_or("no clock")?;
        Ok(firebreak_client::clock::read(&account.owner, &account.data).ok_or("no clock")?)
    }

    /// What the placeholders of a command stand for.
    pub(crate) fn names(&self) -> HashMap<&'static str, String> {
        HashMap::from([
            ("URL", self.chain.rpc_url().to_owned()),
            ("PROTOCOL", self.venue.protocol.to_string()),
            ("VAULT", self.vault.to_string()),
            ("SIGNATURE", self.signature.clone()),
            ("AUTHORITY", self.chain.payer().pubkey().to_string()),
            ("G1", self.guardians[1].pubkey().to_string()),
            ("G2", self.guardians[2].pubkey().to_string()),
            ("K0", self.path("guardian-0.json").display().to_string()),
            ("K1", self.path("guardian-1.json").display().to_string()),
            ("K2", self.path("guardian-2.json").display().to_string()),
            ("KEYS", self.folder.path().display().to_string()),
        ])
    }

    /// Lets so many seconds go by, and the slots of 400 ms that belong to them.
    pub(crate) async fn wait(&self, seconds: u64) -> TestResult {
        let rpc = self.chain.rpc();
        let slot = rpc.get_slot().await? + seconds * 5 / 2;
        let travel = RpcRequest::Custom { method: "surfnet_timeTravel" };
        rpc.send::<serde_json::Value>(travel, serde_json::json!([{ "absoluteSlot": slot }])).await?;
        Ok(())
    }

    /// What the third guardian's wallet makes of a printed transaction.
    pub(crate) fn sign_elsewhere(&self, printed: &str) -> Result<String, Box<dyn std::error::Error>> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let mut transaction: solana_transaction::Transaction =
            wincode::deserialize(&STANDARD.decode(printed.trim())?)?;
        let blockhash = transaction.message.recent_blockhash;
        transaction.try_sign(&[&self.guardians[2]], blockhash)?;
        Ok(STANDARD.encode(wincode::serialize(&transaction)?))
    }

    /// Runs a command of this protocol with the keys in the folder.
    pub(crate) async fn run(&self, command: &str) -> Ended {
        let (_asks, stop) = Stop::new();
        self.run_until(command, stop).await
    }

    /// The same, by another endpoint than the chain's own.
    pub(crate) async fn run_at(&self, command: &str, url: &str) -> Ended {
        let (_asks, stop) = Stop::new();
        self.execute_at(command, url, stop).await
    }

    /// The same, until somebody asks to stop.
    pub(crate) async fn run_until(&self, command: &str, stop: Stop) -> Ended {
        self.execute_at(command, self.chain.rpc_url(), stop).await
    }

    async fn execute_at(&self, command: &str, url: &str, stop: Stop) -> Ended {
        let mut command = format!("{command} --url {url} --protocol $PROTOCOL");
        for (name, value) in self.names() {
            command = command.replace(&format!("${name}"), &value);
        }
        // an empty configuration: the machine's own must not answer for what a command leaves out
        let config = self.path("config.yml");
        fs::write(&config, "").expect("a file");
        let command = format!("{command} --config {}", config.display());
        execute(command.split_whitespace().map(str::to_owned), stop).await
    }
}

/// Runs a command line in this process.
pub(crate) async fn execute(arguments: impl Iterator<Item = String>, stop: Stop) -> Ended {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            return Ended { exit: Exit::Usage, out: String::new(), err: error.to_string() };
        }
    };
    let (out, err) = (Page::default(), Page::default());
    let console = Console::of(Box::new(out.clone()), Box::new(err.clone()), cli.is_json());
    let exit = run(cli, console, stop).await;
    Ended { exit, out: out.text(), err: err.text() }
}

/// What was written, in memory.
#[derive(Clone, Default)]
pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The folder of compiled programs: `FIREBREAK_PROGRAMS`, else `deploy` in the target folder of this test.
fn programs() -> PathBuf {
    let this = std::env::current_exe().unwrap_or_default();
    let nearest = || {
        let mut candidates = this.ancestors().skip(1).map(|folder| folder.join("deploy"));
        candidates.find(|folder| folder.is_dir()).unwrap_or_else(|| Path::new("deploy").to_owned())
    };
    std::env::var_os("FIREBREAK_PROGRAMS").map_or_else(nearest, PathBuf::from)
}

/// Longer than any answer takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
