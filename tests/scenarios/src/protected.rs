//! A protocol under the breaker, with its people: set up by real transactions, good by default.

use firebreak_client::addresses::current_segment;
use firebreak_interface::{
    Direction, Operation, Operations, Severity,
    constants::LOOSENING_DELAY_DEFAULT,
    instruction::{self, NewLimiter, RaiseOrder},
    pda,
    state::{
        CoverageRow, Journal, KeeperSettings, LimiterSettings, MarketSettings, PauseOrder, ProtocolSettings,
        RouteSettings, WindowSettings,
    },
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    integrator::{Flow, Integrator},
    token,
    vm::Vm,
};

/// What the vault holds at first.
pub const FUNDS: u64 = 1_000_000_000;

/// What the unseasoned limiters of a mint may have together: a few vaults may start on one day.
pub const MINT_CAP: u64 = 4 * FUNDS;

/// How a protocol is set up; a scenario changes what matters to it.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Delay of a loosening, in seconds.
    pub loosening_delay: u32,
    /// The market's settings.
    pub market: MarketSettings,
    /// The limiter's settings.
    pub limiter: LimiterSettings,
    /// What the vault holds.
    pub funds: u64,
    /// Guardians.
    pub guardians: usize,
    /// Settings of the keepers, beside their keys.
    pub keepers: Vec<KeeperSettings>,
    /// Whether the guardians' budgets are open, for the market and for all.
    pub budgets: bool,
    /// Whether the journal has a segment.
    pub segment: bool,
    /// The vault's way to its safe; none where there is neither.
    pub route: Option<RouteSettings>,
    /// Whether the vault is in the breaker's custody.
    pub custody: bool,
    /// Whether the limiter is armed.
    pub armed: bool,
    /// Whether a loosening delay has passed since: the limiter knows an average and may act as Critical.
    pub seasoned: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let minor = Operations::of(&[Operation::LIST]);
        let major = Operations(Operations::NON_EXITS.0 & !Operation::DEPOSIT.mask());
        let keeper = KeeperSettings {
            key: Pubkey::default(),
            max_seconds: 3_600,
            raises_per_day: 4,
            term: 30 * 86_400,
        };
        Self {
            loosening_delay: LOOSENING_DELAY_DEFAULT,
            market: MarketSettings::closing(minor, major, Operations::NON_EXITS),
            limiter: LimiterSettings {
                hard_severity: Severity::Critical as u32,
                windows: [
                    WindowSettings { seconds: 3_600, rate_bps: 1_000 },
                    WindowSettings { seconds: 86_400, rate_bps: 2_500 },
                ],
                ..LimiterSettings::starting(FUNDS, 1_000)
            },
            funds: FUNDS,
            guardians: 3,
            keepers: vec![keeper; 2],
            budgets: true,
            segment: true,
            route: None,
            custody: false,
            armed: true,
            seasoned: true,
        }
    }
}

/// A protocol, its market, vault and limiter, and its people.
pub struct Protected {
    /// The protected program.
    pub program: Integrator,
    /// Its protocol account.
    pub protocol: Pubkey,
    /// Governance; also pays for the set-up and may issue the mint.
    pub authority: Keypair,
    /// Emergency signers.
    pub guardians: Vec<Keypair>,
    /// Bots.
    pub keepers: Vec<Keypair>,
    /// Its market.
    pub market: Pubkey,
    /// Mint of the vault.
    pub mint: Pubkey,
    /// Token account that the limiter guards.
    pub vault: Pubkey,
    /// Its limiter.
    pub limiter: Pubkey,
}

impl Protected {
    /// Puts a protected program that the VM carries under the breaker.
    pub fn join(vm: &mut Vm, address: Pubkey, setup: &Setup) -> Self {
        let mut this = Self::found(vm, address, setup);
        if setup.segment {
            this.extend_journal(vm);
        }
        this.market = this.register_market(vm, 0, &setup.market);
        if setup.budgets {
            this.open_budgets(vm, None);
            this.open_budgets(vm, Some(this.market));
        }
        for keeper in &setup.keepers {
            let key = vm.person();
            let settings = KeeperSettings { key: key.pubkey(), ..*keeper };
            let register = this.register_keeper(vm, &settings);
            vm.send(&[register], &[&this.authority]).succeeds();
            this.keepers.push(key);
        }
        (this.vault, this.limiter) = if setup.custody {
            this.guard_vault_in_custody(vm, this.market, setup.funds, &setup.limiter)
        } else {
            this.guard_vault(vm, this.market, setup.funds, &setup.limiter)
        };
        if let Some(settings) = &setup.route {
            let (safe, route) = (this.register_safe(vm), this.register_route(vm, this.vault, settings));
            vm.send(&[safe, route], &[&this.authority]).succeeds();
        }
        if setup.armed {
            let arm = this.arm(vm, this.vault);
            vm.send(&[arm], &[&this.authority]).succeeds();
        }
        if setup.seasoned {
            vm.advance(setup.loosening_delay.into());
        }
        this
    }

    /// Creates the protocol of a program that the VM carries, with nothing in it.
    pub fn found(vm: &mut Vm, address: Pubkey, setup: &Setup) -> Self {
        let program = Integrator::new(address);
        let authority = vm.person();
        let guardians: Vec<Keypair> = (0..setup.guardians).map(|_| vm.person()).collect();
        let members = guardians.iter().map(Signer::pubkey).collect();
        let settings = ProtocolSettings {
            loosening_delay: setup.loosening_delay,
            ..ProtocolSettings::starting(authority.pubkey(), members)
        };
        let create = instruction::create_protocol(authority.pubkey(), address, &settings);
        vm.send(&[program.calls(create)], &[&authority]).succeeds();
        let mint = token::mint(vm, &authority, 6);
        let none = Pubkey::default();
        let protocol = program.addresses.protocol;
        let keepers = Vec::new();
        Self {
            program,
            protocol,
            authority,
            guardians,
            keepers,
            market: none,
            mint,
            vault: none,
            limiter: none,
        }
    }

    /// Number of the journal's current segment.
    pub fn segment(&self, vm: &Vm) -> Option<u32> {
        current_segment(&vm.read::<Journal>(&self.program.addresses.journal))
    }

    /// Makes room in the journal.
    pub fn extend_journal(&self, vm: &mut Vm) {
        let number = vm.read::<Journal>(&self.program.addresses.journal).segments;
        let extend = instruction::extend_journal(self.authority.pubkey(), self.protocol, number);
        vm.send(&[extend], &[&self.authority]).succeeds();
    }

    /// Registers a market.
    pub fn register_market(&self, vm: &mut Vm, id: u64, settings: &MarketSettings) -> Pubkey {
        let create = self.create_market(vm, id, settings);
        vm.send(&[create], &[&self.authority]).succeeds();
        self.program.addresses.market(id)
    }

    /// Creates a vault with funds and registers its limiter, in shadow.
    pub fn guard_vault(
        &self,
        vm: &mut Vm,
        market: Pubkey,
        funds: u64,
        settings: &LimiterSettings,
    ) -> (Pubkey, Pubkey) {
        self.guard(vm, market, (funds, settings), |_| self.program.owner)
    }

    /// The same with a vault in the breaker's custody: its route owns it.
    pub fn guard_vault_in_custody(
        &self,
        vm: &mut Vm,
        market: Pubkey,
        funds: u64,
        settings: &LimiterSettings,
    ) -> (Pubkey, Pubkey) {
        self.guard(vm, market, (funds, settings), |vault| pda::route(&market, vault).0)
    }

    fn guard(
        &self,
        vm: &mut Vm,
        market: Pubkey,
        (funds, settings): (u64, &LimiterSettings),
        owner: impl Fn(&Pubkey) -> Pubkey,
    ) -> (Pubkey, Pubkey) {
        let vault = token::account_of(vm, &self.authority, &self.mint, owner);
        token::issue(vm, &self.authority, &self.mint, &vault, funds);
        let register = self.register_limiter(vm, market, vault, settings);
        vm.send(&[register], &[&self.authority]).succeeds();
        (vault, self.program.addresses.limiter(&vault))
    }

    /// `create_market` by the authority.
    pub fn create_market(&self, vm: &Vm, id: u64, settings: &MarketSettings) -> Instruction {
        let key = self.authority.pubkey();
        instruction::create_market(key, key, self.protocol, id, settings, self.segment(vm))
    }

    /// `register_limiter` by the authority.
    pub fn register_limiter(
        &self,
        vm: &Vm,
        market: Pubkey,
        vault: Pubkey,
        settings: &LimiterSettings,
    ) -> Instruction {
        let key = self.authority.pubkey();
        let new = NewLimiter { market, vault, mint: self.mint, mint_cap: MINT_CAP, settings };
        instruction::register_limiter(key, key, self.protocol, &new, self.segment(vm))
    }

    /// `register_keeper` by the authority.
    pub fn register_keeper(&self, vm: &Vm, settings: &KeeperSettings) -> Instruction {
        let key = self.authority.pubkey();
        instruction::register_keeper(key, key, self.protocol, settings, self.segment(vm))
    }

    /// `register_coverage` by the authority.
    pub fn register_coverage(&self, vm: &Vm, rows: &[CoverageRow]) -> Instruction {
        let key = self.authority.pubkey();
        instruction::register_coverage(key, key, self.protocol, rows, self.segment(vm))
    }

    /// `register_safe` of our mint by the authority.
    pub fn register_safe(&self, vm: &Vm) -> Instruction {
        let (key, of) = (self.authority.pubkey(), (self.protocol, self.market));
        let mint = (self.mint, token::program_of(vm, &self.mint));
        instruction::register_safe(key, key, of, mint, self.segment(vm))
    }

    /// `register_route` of a vault of our mint by the authority.
    pub fn register_route(&self, vm: &Vm, vault: Pubkey, settings: &RouteSettings) -> Instruction {
        let (key, of) = (self.authority.pubkey(), (self.protocol, self.market));
        instruction::register_route(key, key, of, (vault, self.mint), settings, self.segment(vm))
    }

    /// `arm_limiter` by the authority.
    pub fn arm(&self, vm: &Vm, vault: Pubkey) -> Instruction {
        instruction::arm_limiter(self.authority.pubkey(), self.protocol, vault, self.segment(vm))
    }

    /// `poke` of the vault.
    pub fn poke(&self, vm: &Vm) -> Instruction {
        instruction::poke(self.protocol, self.market, self.vault, self.segment(vm))
    }

    /// `step_down` of a market, or of what holds in all.
    pub fn step_down(&self, vm: &Vm, market: Option<Pubkey>) -> Instruction {
        instruction::step_down(self.protocol, market, self.segment(vm))
    }

    /// `open_budget` of a guardian, for a market or for all; the authority pays.
    pub fn open_budget(&self, market: Option<Pubkey>, guardian: Pubkey) -> Instruction {
        instruction::open_budget(self.authority.pubkey(), self.protocol, market, guardian)
    }

    /// Opens the budgets of all guardians, for a market or for all.
    pub fn open_budgets(&self, vm: &mut Vm, market: Option<Pubkey>) {
        for guardian in &self.guardians {
            let open = self.open_budget(market, guardian.pubkey());
            vm.send(&[open], &[&self.authority]).succeeds();
        }
    }

    /// `pause` by a guardian, of the market or of all.
    pub fn pause(
        &self,
        vm: &Vm,
        guardian: &Keypair,
        market: Option<Pubkey>,
        order: &PauseOrder,
    ) -> Instruction {
        instruction::pause(guardian.pubkey(), self.protocol, market, order, self.segment(vm))
    }

    /// `raise` by a keeper.
    pub fn raise(&self, vm: &Vm, keeper: &Keypair, order: &RaiseOrder) -> Instruction {
        instruction::raise(keeper.pubkey(), self.protocol, self.market, order, self.segment(vm))
    }

    /// A flow of the vault, the market read-only.
    pub fn flow(&self, direction: Direction, operation: Operation, amount: u64) -> Flow {
        let (market, vault) = (self.market, self.vault);
        Flow { market, market_may_rise: false, vault, direction, operation, amount }
    }
}
