//! The stage: a venue with two collaterals, its depositors, and, where it is guarded, the breaker around it.
//!
//! The venue's own reserve stands in the vaults before the limiters are registered, as in a protocol that connects
//! to the breaker later in its life. So the limiters start with full buffers, which is the best that an
//! attacker can meet.

use std::sync::atomic::{AtomicU32, Ordering};

use firebreak_chain::{Chain, account, send, token};
use firebreak_client::{
    ProtocolAddresses,
    addresses::current_segment,
    clock,
    instruction::{self as breaker, NewLimiter},
    interface::{
        Operation, Operations, constants,
        state::{
            Journal, KeeperSettings, LimiterSettings, MarketSettings, ProtocolSettings, RouteSettings,
            WindowSettings,
        },
    },
    venue::{self, CollateralSettings, MARKET_ID, Venue},
};
use futures_util::future::try_join_all;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_associated_token_account_interface::{
    address::get_associated_token_address, instruction::create_associated_token_account,
};

use crate::{
    error::{DemoError, Trying},
    programs::Guard,
    watch::{Watched, decode},
};

/// One whole SOL, as lamports and as the smallest unit of the second collateral.
const SOL: u64 = 1_000_000_000;
/// One whole dollar token.
pub(crate) const USD: u64 = 1_000_000;
/// What fees and rent of one person come to, and more.
const PURSE_LAMPORTS: u64 = 5 * SOL;
/// The journal's first segment has room for every entry of the set-up, and of an attack.
const SEGMENT: Option<u32> = Some(0);
/// What exceeds a net limit waits in the safe.
const BEYOND_NET: u8 = 2;
/// How long a withdrawal waits in the drill, in seconds: with the minute in which guardians decide, long enough for slow machines.
const HELD_FOR: u32 = 15;
/// How long a latch of a rule holds in the drill, in seconds: long enough for people to act in it.
const DRILL_LATCH: u32 = 20;

/// A collateral of the venue, and how it is guarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collateral {
    pub(crate) name: &'static str,
    pub(crate) decimals: u8,
    /// Micro-dollars a whole token.
    pub(crate) price: u64,
    /// In the vault before the breaker is connected.
    pub(crate) reserve: u64,
    /// Cap of each of the limiter's buffers until it has seen a day.
    pub(crate) bootstrap_cap: u64,
    /// What can always leave, so that a wind-down finishes.
    pub(crate) floor: u64,
}

/// Where the dollar token stands in the venue's list: the attacked one, in which positions are settled.
pub(crate) const DOLLAR: usize = 0;
/// Where the other token stands: what is borrowed and traded.
pub(crate) const COIN: usize = 1;

pub(crate) const COLLATERALS: [Collateral; 2] = [
    Collateral {
        name: "USDC",
        decimals: 6,
        price: 1_000_000,
        reserve: 500_000 * USD,
        bootstrap_cap: 50_000 * USD,
        floor: 500 * USD,
    },
    Collateral {
        name: "SOL",
        decimals: 9,
        price: 150_000_000,
        reserve: 2_500 * SOL,
        bootstrap_cap: 250 * SOL,
        floor: SOL,
    },
];

/// Somebody with a portfolio and a purse of each token.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) key: Keypair,
    pub(crate) purses: [Pubkey; 2],
}

impl Person {
    fn new(mints: &[Pubkey; 2]) -> Self {
        let key = Keypair::new();
        let purses = mints.map(|mint| get_associated_token_address(&key.pubkey(), &mint));
        Self { key, purses }
    }

    pub(crate) fn address(&self) -> Pubkey {
        self.key.pubkey()
    }
}

/// Everybody and everything on one chain.
pub(crate) struct Stage {
    pub(crate) venue: Venue,
    pub(crate) mints: [Pubkey; 2],
    /// Deposit, trade, borrow and repay all the time.
    pub(crate) traders: Vec<Person>,
    /// Owes a debt and holds a position while the attack runs.
    pub(crate) resident: Person,
    /// Deposited and went away.
    pub(crate) lenders: Vec<Person>,
    pub(crate) attacker: Person,
    pub(crate) guardians: Vec<Keypair>,
    pub(crate) keeper: Keypair,
    /// Owns the venue's own reserve.
    pub(crate) treasury: Person,
    /// Has nothing to do with any of it, and sends what anyone may.
    pub(crate) bystander: Keypair,
    rpc_url: String,
    serial: AtomicU32,
}

/// What each person brings: in the purse, then what of it is deposited.
const TRADER: [(u64, u64); 2] = [(110_000 * USD, 100_000 * USD), (50 * SOL, 0)];
const LENDER: [(u64, u64); 2] = [(50_000 * USD, 50_000 * USD), (1_250 * SOL, 1_250 * SOL)];
const NOTHING: [(u64, u64); 2] = [(0, 0), (0, 0)];
const TRADERS: usize = 3;
const LENDERS: usize = 2;

impl Stage {
    /// Builds everything, in the order in which a protocol would.
    pub(crate) async fn set_up(chain: &Chain, guard: Guard) -> Result<Self, DemoError> {
        let (rpc, admin) = (chain.rpc(), chain.payer());
        let mints = create_mints(&rpc, admin).await.trying("creating the mints")?;
        let stage = Self {
            venue: Venue::new(mints.to_vec()),
            mints,
            traders: (0..TRADERS).map(|_| Person::new(&mints)).collect(),
            resident: Person::new(&mints),
            lenders: (0..LENDERS).map(|_| Person::new(&mints)).collect(),
            attacker: Person::new(&mints),
            guardians: (0..constants::MIN_GUARDIANS).map(|_| Keypair::new()).collect(),
            keeper: Keypair::new(),
            treasury: Person::new(&mints),
            bystander: Keypair::new(),
            rpc_url: chain.rpc_url().to_owned(),
            serial: AtomicU32::new(0),
        };
        stage.create_venue(admin, guard).await?;
        if guard.is_on() {
            stage.register(admin, guard).await?;
        }
        if guard == Guard::Drill {
            stage.lead_to_safety(admin).await?;
        }
        let traders = stage.traders.iter().chain([&stage.resident]);
        let people = traders.map(|person| (person, TRADER));
        let people = people.chain(stage.lenders.iter().map(|person| (person, LENDER)));
        let people = people.chain([(&stage.attacker, NOTHING), (&stage.treasury, NOTHING)]);
        try_join_all(people.map(|(person, brings)| stage.welcome(admin, person, brings))).await?;
        if guard.is_on() {
            stage.arm(admin).await?;
        }
        Ok(stage)
    }

    pub(crate) fn rpc(&self) -> RpcClient {
        let processed = solana_commitment_config::CommitmentConfig::processed();
        RpcClient::new_with_commitment(self.rpc_url.clone(), processed)
    }

    /// Everybody who may have tokens of their own.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.traders.iter().chain(&self.lenders).chain([&self.resident, &self.attacker, &self.treasury])
    }

    pub(crate) fn vault(&self, place: usize) -> Pubkey {
        venue::vault(&self.mints[place])
    }

    /// The accounts that tell how the attacked vault is doing.
    pub(crate) fn watched(&self) -> Watched {
        let vault = self.vault(DOLLAR);
        Watched {
            protocol: self.venue.protocol,
            market: self.venue.market,
            limiter: ProtocolAddresses::new(self.venue.protocol).limiter(&vault),
            vault,
            purse: self.attacker.purses[DOLLAR],
        }
    }

    /// An instruction that changes nothing but the transaction's signature: two equal ones under one blockhash
    /// would be one transaction.
    pub(crate) fn serial(&self) -> Instruction {
        const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
        const SET_COMPUTE_UNIT_LIMIT: u8 = 2;
        const ENOUGH: u32 = 400_000;
        let limit = ENOUGH + self.serial.fetch_add(1, Ordering::Relaxed) % ENOUGH;
        let mut data = vec![SET_COMPUTE_UNIT_LIMIT];
        data.extend(limit.to_le_bytes());
        Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data }
    }

    async fn create_venue(&self, admin: &Keypair, guard: Guard) -> Result<(), DemoError> {
        let (rpc, key, venue) = (self.rpc(), admin.pubkey(), &self.venue);
        let guardians = self.guardians.iter().map(Signer::pubkey).collect();
        let settings = guard.protocol(key, guardians);
        let create = [venue.initialize(key, key), venue.connect(key, &settings)];
        done(send::send(&rpc, admin, &[], &create).await, "creating the venue")?;
        if guard.is_on() {
            let market = [
                breaker::extend_journal(key, venue.protocol, 0),
                breaker::create_market(key, key, venue.protocol, MARKET_ID, &guard.market(), SEGMENT),
                breaker::register_coverage(key, key, venue.protocol, &venue::coverage(), SEGMENT),
            ];
            done(send::send(&rpc, admin, &[], &market).await, "registering the market")?;
        }
        let settings = CollateralSettings {
            collateral_factor_bps: 8_000,
            liquidation_factor_bps: 8_500,
            max_price_age: 86_400,
        };
        let published = unix_time(&rpc).await?;
        let mut list = Vec::new();
        for (collateral, mint) in COLLATERALS.iter().zip(self.mints) {
            list.push(venue.list_collateral(key, mint, settings));
            list.push(venue.set_price(key, mint, collateral.price, published));
            list.push(mint_to(&mint, &venue::vault(&mint), &key, collateral.reserve));
        }
        done(send::send(&rpc, admin, &[], &list).await, "listing the collaterals")
    }

    async fn register(&self, admin: &Keypair, guard: Guard) -> Result<(), DemoError> {
        let (rpc, key, protocol) = (self.rpc(), admin.pubkey(), self.venue.protocol);
        let market = self.venue.market;
        let mut instructions: Vec<_> = COLLATERALS
            .iter()
            .zip(self.mints)
            .map(|(collateral, mint)| {
                let settings = guard.limits(collateral);
                let vault = venue::vault(&mint);
                let mint_cap = settings.bootstrap_cap;
                let new = NewLimiter { market, vault, mint, mint_cap, settings: &settings };
                breaker::register_limiter(key, key, protocol, &new, SEGMENT)
            })
            .collect();
        let settings = KeeperSettings {
            key: self.keeper.pubkey(),
            max_seconds: constants::MINOR_MAX,
            raises_per_day: constants::KEEPER_RAISES_PER_DAY_MAX,
            term: constants::KEEPER_TERM_MAX,
        };
        instructions.push(breaker::register_keeper(key, key, protocol, &settings, SEGMENT));
        instructions.push(lamports(&key, &self.keeper.pubkey()));
        done(send::send(&rpc, admin, &[], &instructions).await, "registering limiters and keeper")
    }

    /// Gives each mint a safe and each vault a route to it, on a quiet day; and a purse to who will need one.
    async fn lead_to_safety(&self, admin: &Keypair) -> Result<(), DemoError> {
        let (rpc, key, token) = (self.rpc(), admin.pubkey(), spl_token_interface::id());
        let of = (self.venue.protocol, self.venue.market);
        let settings =
            RouteSettings { holds: BEYOND_NET, hold_seconds: HELD_FOR, ..RouteSettings::starting() };
        for mint in self.mints {
            let ways = [
                breaker::register_safe(key, key, of, (mint, token), SEGMENT),
                breaker::register_route(key, key, of, (venue::vault(&mint), mint), &settings, SEGMENT),
            ];
            done(send::send(&rpc, admin, &[], &ways).await, "registering safes and routes")?;
        }
        let later = [1, 2].map(|segment| breaker::extend_journal(key, self.venue.protocol, segment));
        done(send::send(&rpc, admin, &[], &later).await, "making room in the journal")?;
        let people = self.guardians.iter().chain([&self.bystander]);
        let purses: Vec<_> = people.map(|person| lamports(&key, &person.pubkey())).collect();
        done(send::send(&rpc, admin, &[], &purses).await, "funding the guardians")
    }

    /// The journal's current segment.
    pub(crate) async fn segment(&self, rpc: &RpcClient) -> Result<Option<u32>, DemoError> {
        let address = ProtocolAddresses::new(self.venue.protocol).journal;
        let found = account(rpc, &address).await.trying("reading the journal")?;
        let found = found.ok_or(DemoError::NoAccount { what: "journal", address })?;
        Ok(current_segment(&decode::<Journal>(&found, "journal")?))
    }

    async fn arm(&self, admin: &Keypair) -> Result<(), DemoError> {
        let (rpc, key) = (self.rpc(), admin.pubkey());
        let arm = |mint| breaker::arm_limiter(key, self.venue.protocol, venue::vault(&mint), SEGMENT);
        done(send::send(&rpc, admin, &[], &self.mints.map(arm)).await, "arming the limiters")
    }

    /// Somebody comes with tokens and deposits some.
    async fn welcome(
        &self,
        admin: &Keypair,
        person: &Person,
        brings: [(u64, u64); 2],
    ) -> Result<(), DemoError> {
        let (rpc, key, owner) = (self.rpc(), admin.pubkey(), person.address());
        let mut come = vec![lamports(&key, &owner), self.venue.create_portfolio(owner)];
        let mut deposits = Vec::new();
        for ((mint, purse), (amount, deposit)) in self.mints.into_iter().zip(person.purses).zip(brings) {
            let token = spl_token_interface::id();
            come.push(create_associated_token_account(&key, &owner, &mint, &token));
            if amount > 0 {
                come.push(mint_to(&mint, &purse, &key, amount));
            }
            if deposit > 0 {
                deposits.push(self.venue.deposit(owner, mint, purse, deposit));
            }
        }
        done(send::send(&rpc, admin, &[&person.key], &come).await, "opening a portfolio")?;
        if deposits.is_empty() {
            return Ok(());
        }
        done(send::send(&rpc, &person.key, &[], &deposits).await, "funding the vaults")
    }
}

/// What is set before any attack.
impl Guard {
    fn protocol(self, authority: Pubkey, guardians: Vec<Pubkey>) -> ProtocolSettings {
        let settings = ProtocolSettings::starting(authority, guardians);
        match self {
            Self::Drill => ProtocolSettings { loosening_delay: constants::LOOSENING_DELAY_MIN, ..settings },
            Self::On | Self::Off => settings,
        }
    }

    /// What each severity closes: nothing that a user needs at first, then what lets tokens leave, then all but the exits. In the
    /// drill a withdrawal is the limiter's until guardians close it: what is too much waits in the safe.
    fn market(self) -> MarketSettings {
        let caution = Operations::of(&[Operation::LIST, Operation::CLAIM]);
        let no_way_out = Operations::of(&[
            Operation::LIST,
            Operation::CLAIM,
            Operation::BORROW,
            Operation::REMOVE_COLLATERAL,
            Operation::OPEN,
            Operation::INCREASE,
            Operation::SWAP,
            Operation::MINT,
            Operation::REDEEM,
        ]);
        match self {
            Self::Drill => MarketSettings {
                durations: [DRILL_LATCH; 3],
                ..MarketSettings::closing(caution, no_way_out, Operations::NON_EXITS)
            },
            Self::On | Self::Off => {
                let no_way_out = Operations(no_way_out.0 | Operation::WITHDRAW.mask());
                MarketSettings::closing(caution, no_way_out, Operations::NON_EXITS)
            }
        }
    }

    fn limits(self, collateral: &Collateral) -> LimiterSettings {
        let settings = LimiterSettings::starting(collateral.bootstrap_cap, collateral.floor);
        let [short, long] = settings.windows;
        match self {
            Self::Drill => LimiterSettings {
                windows: [WindowSettings { seconds: 60, ..short }, WindowSettings { seconds: 600, ..long }],
                elastic_seconds: 6,
                gross_seconds: 600,
                undeclared_seconds: 600,
                ..settings
            },
            Self::On | Self::Off => settings,
        }
    }
}

async fn create_mints(rpc: &RpcClient, admin: &Keypair) -> Result<[Pubkey; 2], firebreak_chain::ChainError> {
    let [dollar, coin] = COLLATERALS.map(|collateral| token::create_mint(rpc, admin, collateral.decimals));
    let (dollar, coin) = tokio::try_join!(dollar, coin)?;
    Ok([dollar, coin])
}

async fn unix_time(rpc: &RpcClient) -> Result<i64, DemoError> {
    let missing = DemoError::NoAccount { what: "clock", address: clock::ADDRESS };
    let found = account(rpc, &clock::ADDRESS).await.trying("reading the clock")?;
    let now = found.and_then(|account| clock::read(&account.owner, &account.data));
    now.map(|now| now.unix).ok_or(missing)
}

fn done(
    landed: Result<send::Landed, firebreak_chain::ChainError>,
    what: &'static str,
) -> Result<(), DemoError> {
    landed.and_then(send::Landed::ok).map(drop).trying(what)
}

fn lamports(from: &Pubkey, to: &Pubkey) -> Instruction {
    solana_system_interface::instruction::transfer(from, to, PURSE_LAMPORTS)
}

/// The builder checks nothing but the program id, and that is the token program's own.
fn mint_to(mint: &Pubkey, to: &Pubkey, authority: &Pubkey, amount: u64) -> Instruction {
    spl_token_interface::instruction::mint_to(&spl_token_interface::id(), mint, to, authority, &[], amount)
        .expect("the token program's id is right")
}
