//! The example venue: addresses, accounts and instruction builders, for whoever drives it without linking its program.
//!
//! The program's own tests compare all of this with what Anchor derives from its source.

use borsh::BorshSerialize;
use firebreak_interface::{
    Operation, Operations, ids, instruction as breaker, pda,
    state::{CoverageRow, ProtocolSettings},
};
use solana_program::{
    hash::hash,
    instruction::{AccountMeta, Instruction},
    pubkey::Pubkey,
};

pub use accounts::{
    Balance, Collateral, CollateralSettings, Oracle, Portfolio, Position, VenueAccountError, VenueState,
};
pub use errors::error_name;

mod accounts;
mod errors;

/// The venue program.
pub const ID: Pubkey = ids::VENUE;
/// Number of its one market at the breaker.
pub const MARKET_ID: u64 = 0;

/// What each of its instructions asks for; no operation where it asks nothing, because it moves nothing.
pub const ASKS: [(&str, Option<Operation>); 15] = [
    ("deposit", Some(Operation::DEPOSIT)),
    ("add_collateral", Some(Operation::ADD_COLLATERAL)),
    ("repay", Some(Operation::REPAY)),
    ("close", Some(Operation::CLOSE)),
    ("withdraw", Some(Operation::WITHDRAW)),
    ("borrow", Some(Operation::BORROW)),
    ("open", Some(Operation::OPEN)),
    ("unwind", Some(Operation::LIQUIDATE)),
    ("liquidate", Some(Operation::LIQUIDATE)),
    ("list_collateral", Some(Operation::LIST)),
    ("initialize", None),
    ("connect", None),
    ("create_portfolio", None),
    ("set_price", None),
    ("migrate_vault", None),
];

/// The same as the rows of its coverage table at the breaker.
pub fn coverage() -> Vec<CoverageRow> {
    let row = |(name, operation): (&str, Option<Operation>)| {
        CoverageRow::of(
            name,
            operation.map_or(Operations::default(), |operation| Operations::of(&[operation])),
        )
    };
    ASKS.into_iter().map(row).collect()
}

/// System program.
const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
/// The loader of upgradeable programs.
const LOADER: Pubkey = Pubkey::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
/// SPL Token.
const TOKEN: Pubkey = firebreak_interface::state::TOKEN;

/// The venue as its caller sees it: its addresses, derived once, and what it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Venue {
    /// The venue's account.
    pub address: Pubkey,
    /// Owner of all its vaults, unless they are in the breaker's custody.
    pub vault_authority: Pubkey,
    /// Its recording PDA at the breaker.
    pub recorder: Pubkey,
    /// Its protocol at the breaker.
    pub protocol: Pubkey,
    /// Its market at the breaker.
    pub market: Pubkey,
    /// Listed mints, in order: what judges a portfolio brings the oracle of each.
    pub mints: Vec<Pubkey>,
    /// Whether flows bring the market writable: a breach then closes it in the same transaction, at the price of a
    /// lock on every flow.
    pub market_writable: bool,
    /// Whether the vaults belong to the breaker: only of a program built with `custody`.
    pub custody: bool,
}

impl Venue {
    /// The venue, listing these mints in this order.
    pub fn new(mints: Vec<Pubkey>) -> Self {
        let recorder = pda::recorder(&ID).0;
        let protocol = pda::protocol(&ID, &recorder).0;
        Self {
            address: derive(&[b"venue"]),
            vault_authority: derive(&[b"vault_authority"]),
            recorder,
            protocol,
            market: pda::market(&protocol, MARKET_ID).0,
            mints,
            market_writable: false,
            custody: false,
        }
    }

    /// The same, with flows that bring the market writable.
    #[must_use]
    pub fn with_writable_market(mut self) -> Self {
        self.market_writable = true;
        self
    }

    /// The same, of a program whose vaults are in the breaker's custody.
    #[must_use]
    pub fn in_custody(mut self) -> Self {
        self.custody = true;
        self
    }

    /// The owner of a mint's vault: its route in custody.
    pub fn vault_owner(&self, mint: &Pubkey) -> Pubkey {
        if self.custody { pda::route(&self.market, &vault(mint)).0 } else { self.vault_authority }
    }

    /// Creates the venue. `upgrade_authority` is the program's; where it has none, any signer.
    pub fn initialize(&self, admin: Pubkey, upgrade_authority: Pubkey) -> Instruction {
        let program_data = Pubkey::find_program_address(&[ID.as_ref()], &LOADER).0;
        let accounts = vec![
            payer(admin),
            signer(upgrade_authority),
            read(program_data),
            write(self.address),
            read(SYSTEM),
        ];
        instruction("initialize", accounts, &())
    }

    /// Makes the venue a protocol of the breaker.
    pub fn connect(&self, admin: Pubkey, settings: &ProtocolSettings) -> Instruction {
        // the accounts of the breaker's own instruction, whose recorder the venue signs for
        let mut inner = breaker::create_protocol(admin, ID, settings).accounts.into_iter();
        let mut accounts: Vec<_> = inner.by_ref().take(1).collect();
        accounts.push(write(self.address));
        accounts.extend(inner.map(|account| AccountMeta { is_signer: false, ..account }));
        instruction("connect", accounts, settings)
    }

    /// Lists a collateral; the caller then adds its mint to [`Venue::mints`].
    pub fn list_collateral(&self, admin: Pubkey, mint: Pubkey, settings: CollateralSettings) -> Instruction {
        let accounts = vec![
            payer(admin),
            write(self.address),
            read(self.protocol),
            read(self.market),
            read(mint),
            read(self.vault_owner(&mint)),
            write(vault(&mint)),
            write(oracle(&mint)),
            read(TOKEN),
            read(SYSTEM),
        ];
        instruction("list_collateral", accounts, &settings)
    }

    /// Publishes a price, in micro-dollars a whole token.
    pub fn set_price(&self, admin: Pubkey, mint: Pubkey, price: u64, published_at: i64) -> Instruction {
        let accounts = vec![signer(admin), read(self.address), write(oracle(&mint))];
        instruction("set_price", accounts, &(price, published_at))
    }

    /// Opens a portfolio.
    pub fn create_portfolio(&self, owner: Pubkey) -> Instruction {
        let accounts = vec![payer(owner), write(portfolio(&owner)), read(SYSTEM)];
        instruction("create_portfolio", accounts, &())
    }

    /// Brings tokens in from `source`.
    pub fn deposit(&self, owner: Pubkey, mint: Pubkey, source: Pubkey, amount: u64) -> Instruction {
        instruction("deposit", self.inflow(owner, mint, source), &amount)
    }

    /// Brings tokens in from `source` under a debt or a position: an exit.
    pub fn add_collateral(&self, owner: Pubkey, mint: Pubkey, source: Pubkey, amount: u64) -> Instruction {
        instruction("add_collateral", self.inflow(owner, mint, source), &amount)
    }

    /// Pays a debt from `source`: an exit.
    pub fn repay(&self, owner: Pubkey, mint: Pubkey, source: Pubkey, amount: u64) -> Instruction {
        instruction("repay", self.inflow(owner, mint, source), &amount)
    }

    /// Takes a deposit out to `destination`.
    pub fn withdraw(&self, owner: Pubkey, mint: Pubkey, destination: Pubkey, amount: u64) -> Instruction {
        let none = std::array::from_fn(|_| read(ID));
        self.withdrawal(owner, (mint, destination), none, (amount, None))
    }

    /// Takes a deposit out to `destination`, a token account of the owner's. What the breaker would hold waits in the safe
    /// under a number that the owner has not in use there; `segment` is the journal's current one.
    pub fn withdraw_or_hold(
        &self,
        owner: Pubkey,
        mint: Pubkey,
        destination: Pubkey,
        (amount, nonce): (u64, u64),
        segment: Option<u32>,
    ) -> Instruction {
        let safe = pda::safe(&self.market, &mint).0;
        let holding = [
            read(pda::route(&self.market, &vault(&mint)).0),
            write(safe),
            write(pda::safe_tokens(&safe).0),
            write(pda::held(&safe, &owner, nonce).0),
            read(SYSTEM),
            write(pda::journal(&self.protocol).0),
            self.segment(segment),
            read(pda::event_authority().0),
        ];
        self.withdrawal(owner, (mint, destination), holding, (amount, Some(nonce)))
    }

    /// Moves a mint's vault to its safe: anyone may, once the breaker says so.
    pub fn migrate_vault(&self, mint: Pubkey, segment: Option<u32>) -> Instruction {
        let (vault, safe) = (vault(&mint), pda::safe(&self.market, &mint).0);
        let accounts = vec![
            read(self.address),
            read(self.protocol),
            read(self.market),
            write(pda::limiter(&self.protocol, &vault).0),
            write(pda::route(&self.market, &vault).0),
            write(vault),
            read(self.vault_owner(&mint)),
            read(mint),
            write(safe),
            write(pda::safe_tokens(&safe).0),
            read(TOKEN),
            read(breaker::INSTRUCTIONS),
            write(pda::journal(&self.protocol).0),
            self.segment(segment),
            read(pda::event_authority().0),
            read(firebreak_interface::ID),
        ];
        instruction("migrate_vault", accounts, &())
    }

    /// Takes a loan out to `destination`.
    pub fn borrow(&self, owner: Pubkey, mint: Pubkey, destination: Pubkey, amount: u64) -> Instruction {
        let mut accounts = self.outflow(owner, mint, destination);
        accounts.extend(self.oracles());
        instruction("borrow", accounts, &amount)
    }

    /// Opens a position on the price of listing `index`; a long pays at most `worst_price`, a short gets at least it.
    pub fn open(&self, owner: Pubkey, index: u8, size: i64, worst_price: u64) -> Instruction {
        instruction("open", self.netting(owner, portfolio(&owner)), &(index, size, worst_price))
    }

    /// Closes a position: an exit. A long gets at least `worst_price`, a short pays at most it.
    pub fn close(&self, owner: Pubkey, index: u8, worst_price: u64) -> Instruction {
        instruction("close", self.netting(owner, portfolio(&owner)), &(index, worst_price))
    }

    /// Closes the positions of somebody's unhealthy portfolio.
    pub fn unwind(&self, caller: Pubkey, owner: Pubkey) -> Instruction {
        instruction("unwind", self.netting(caller, portfolio(&owner)), &())
    }

    /// Pays `amount` of somebody's debt and is paid in his collateral.
    pub fn liquidate(
        &self,
        liquidator: Pubkey,
        owner: Pubkey,
        debt: Side,
        collateral: Side,
        amount: u64,
    ) -> Instruction {
        let mut accounts = vec![signer(liquidator), write(portfolio(&owner))];
        accounts.extend(wallet(debt));
        accounts.extend(wallet(collateral));
        accounts.push(read(self.vault_owner(&collateral.mint)));
        accounts.extend(self.guarded(&debt.mint));
        accounts.extend(self.guarded(&collateral.mint));
        accounts.extend(self.oracles());
        instruction("liquidate", accounts, &amount)
    }

    /// The drill's unrecorded payment to `destination`; only a program built with `drainable` has it.
    pub fn claim_rebate(&self, owner: Pubkey, mint: Pubkey, destination: Pubkey, amount: u64) -> Instruction {
        let mut accounts = vec![signer(owner)];
        accounts.extend(wallet(Side { mint, account: destination }));
        accounts.push(read(self.vault_owner(&mint)));
        accounts.extend(self.guarded(&mint));
        instruction("claim_rebate", accounts, &amount)
    }

    fn inflow(&self, owner: Pubkey, mint: Pubkey, account: Pubkey) -> Vec<AccountMeta> {
        let mut accounts = vec![signer(owner), write(portfolio(&owner))];
        accounts.extend(wallet(Side { mint, account }));
        accounts.extend(self.guarded(&mint));
        accounts
    }

    fn outflow(&self, owner: Pubkey, mint: Pubkey, account: Pubkey) -> Vec<AccountMeta> {
        let mut accounts = vec![signer(owner), write(portfolio(&owner))];
        accounts.extend(wallet(Side { mint, account }));
        accounts.push(read(self.vault_owner(&mint)));
        accounts.extend(self.guarded(&mint));
        accounts
    }

    fn withdrawal(
        &self,
        owner: Pubkey,
        (mint, destination): (Pubkey, Pubkey),
        holding: [AccountMeta; 8],
        args: (u64, Option<u64>),
    ) -> Instruction {
        let mut accounts = self.outflow(owner, mint, destination);
        accounts[0] = payer(owner);
        accounts.extend(holding);
        accounts.extend(self.oracles());
        instruction("withdraw", accounts, &args)
    }

    /// The journal's current segment, as an account that may be missing.
    fn segment(&self, number: Option<u32>) -> AccountMeta {
        number.map_or_else(|| read(ID), |number| write(pda::segment(&self.protocol, number).0))
    }

    fn netting(&self, caller: Pubkey, portfolio: Pubkey) -> Vec<AccountMeta> {
        let mut accounts = vec![signer(caller), write(portfolio)];
        accounts.extend([read(self.address), read(self.protocol), read(self.market)]);
        accounts.extend(self.oracles());
        accounts
    }

    /// What the program calls `Guarded`.
    fn guarded(&self, mint: &Pubkey) -> [AccountMeta; 7] {
        let vault = vault(mint);
        [
            read(self.address),
            read(self.protocol),
            AccountMeta { pubkey: self.market, is_signer: false, is_writable: self.market_writable },
            write(vault),
            write(pda::limiter(&self.protocol, &vault).0),
            read(self.recorder),
            read(firebreak_interface::ID),
        ]
    }

    fn oracles(&self) -> impl Iterator<Item = AccountMeta> {
        self.mints.iter().map(|mint| read(oracle(mint)))
    }
}

/// One side of a liquidation: a token, and the liquidator's account of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// The token.
    pub mint: Pubkey,
    /// The liquidator's account.
    pub account: Pubkey,
}

/// The vault of a mint.
pub fn vault(mint: &Pubkey) -> Pubkey {
    derive(&[b"vault", mint.as_ref()])
}

/// The oracle of a mint.
pub fn oracle(mint: &Pubkey) -> Pubkey {
    derive(&[b"oracle", mint.as_ref()])
}

/// A user's portfolio.
pub fn portfolio(owner: &Pubkey) -> Pubkey {
    derive(&[b"portfolio", owner.as_ref()])
}

fn derive(seeds: &[&[u8]]) -> Pubkey {
    Pubkey::find_program_address(seeds, &ID).0
}

/// What the program calls `Wallet`.
fn wallet(side: Side) -> [AccountMeta; 3] {
    [read(side.mint), write(side.account), read(TOKEN)]
}

fn instruction(name: &str, accounts: Vec<AccountMeta>, args: &impl BorshSerialize) -> Instruction {
    let mut data = discriminator("global", name).to_vec();
    // writing Borsh to a growing buffer fails only where a type's own serializer does; ours have none
    let written = args.serialize(&mut data);
    debug_assert!(written.is_ok());
    Instruction { program_id: ID, accounts, data }
}

/// Anchor's discriminators: the first bytes of sha256 of the kind and the name.
fn discriminator(kind: &str, name: &str) -> [u8; 8] {
    let hash = hash(format!("{kind}:{name}").as_bytes()).to_bytes();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    first
}

fn read(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, false)
}

fn write(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, false)
}

fn signer(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, true)
}

fn payer(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, true)
}
