//! A vault of our program for a mint of Token-2022.

use firebreak_interface::{
    Direction, Operation,
    constants::SEASONED_AFTER,
    error::Checked,
    instruction::{self, NewLimiter},
    pda,
    state::{LimiterSettings, MintCap, RouteSettings, Use, Warnings, check_account, check_mint},
};
use firebreak_probe::Guard;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    integrator::Flow,
    outcome::Outcome,
    token_2022::{self, Extension},
    world::World,
};

/// A world in which everything can still be registered.
pub fn open_world() -> World {
    World::with(|setup| (setup.armed, setup.seasoned) = (false, false))
}

/// A vault of our program for a mint of Token-2022, and a purse of Alice.
#[derive(Clone, Copy, Debug)]
pub struct Extended {
    /// The mint.
    pub mint: Pubkey,
    /// Its decimals.
    pub decimals: u8,
    /// The vault.
    pub vault: Pubkey,
    /// The purse.
    pub purse: Pubkey,
}

impl Extended {
    /// A new mint with these extensions, a vault and a purse with so much each.
    pub fn new(world: &mut World, decimals: u8, extensions: &[Extension], funds: u64) -> Self {
        let mint = token_2022::mint(&mut world.vm, &world.us.authority, decimals, extensions);
        let new = Self::empty(world, decimals, mint);
        for account in [&new.vault, &new.purse] {
            token_2022::issue(&mut world.vm, &world.us.authority, &mint, account, funds);
        }
        new
    }

    /// A vault and a purse for this mint.
    pub fn empty(world: &mut World, decimals: u8, mint: Pubkey) -> Self {
        let (authority, vm) = (&world.us.authority, &mut world.vm);
        let vault = token_2022::account(vm, authority, &mint, &world.us.program.owner);
        let purse = token_2022::account(vm, authority, &mint, &world.alice.pubkey());
        Self { mint, decimals, vault, purse }
    }

    /// Registers a limiter.
    pub fn register(&self, world: &mut World, settings: &LimiterSettings) -> Outcome {
        let key = world.us.authority.pubkey();
        let new = NewLimiter {
            market: world.us.market,
            vault: self.vault,
            mint: self.mint,
            mint_cap: settings.bootstrap_cap,
            settings,
        };
        let segment = world.us.segment(&world.vm);
        let register = instruction::register_limiter(key, key, world.us.protocol, &new, segment);
        world.vm.send(&[register], &[&world.us.authority])
    }

    /// Our world is about this vault and this purse from here on.
    pub fn take_over(&self, world: &mut World) {
        (world.us.mint, world.us.vault, world.purse) = (self.mint, self.vault, self.purse);
        world.us.limiter = world.us.program.addresses.limiter(&self.vault);
    }

    /// The same, with a way to safety; its limiter is armed and seasoned.
    pub fn guard(&self, world: &mut World, settings: &RouteSettings) {
        self.take_over(world);
        world.register_safe().succeeds();
        world.register_route(settings).succeeds();
        self.arm_and_season(world);
    }

    /// Arms the limiter, and lets it be seasoned.
    pub fn arm_and_season(&self, world: &mut World) {
        let arm = world.us.arm(&world.vm, self.vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
        world.vm.advance(SEASONED_AFTER);
    }

    /// Asks, and pays Alice if allowed.
    pub fn withdraw(&self, world: &mut World, amount: u64) -> u64 {
        let before = self.held(world);
        self.pay(world, &self.purse, amount).succeeds();
        before - self.held(world)
    }

    /// Asks, and pays if allowed.
    pub fn pay(&self, world: &mut World, to: &Pubkey, amount: u64) -> Outcome {
        let flow = Flow { vault: self.vault, ..world.us.flow(Direction::Out, Operation::WITHDRAW, amount) };
        let asked = world.us.program.flow(&flow);
        let pay = self.transfer(&self.vault, to, &world.us.program.owner, amount);
        world.perform(&[(Guard::Always, asked), (Guard::IfAllowed, pay)])
    }

    /// Pays in and records `amount`, or what arrived of it.
    pub fn deposit(&self, world: &mut World, amount: u64, recorded: u64) {
        let flow = Flow { vault: self.vault, ..world.us.flow(Direction::In, Operation::DEPOSIT, recorded) };
        let record = world.us.program.calls(world.us.program.flow(&flow));
        let pay = self.transfer(&self.purse, &self.vault, &world.alice.pubkey(), amount);
        world.send(&[pay, record]).succeeds();
    }

    /// Moves tokens of the mint; `owner` signs.
    pub fn transfer(&self, from: &Pubkey, to: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
        token_2022::transfer(from, &self.mint, to, owner, amount, self.decimals)
    }

    /// Moves tokens out of the vault by its owner's signature, as our program gives it.
    pub fn send(&self, world: &mut World, to: &Pubkey, amount: u64) -> Outcome {
        let take = self.transfer(&self.vault, to, &world.us.program.owner, amount);
        let take = world.us.program.calls(take);
        world.send(&[take])
    }

    /// Somebody moves tokens out of the vault by his own signature.
    pub fn take(&self, world: &mut World, thief: &Keypair, to: &Pubkey, amount: u64) -> Outcome {
        world.vm.send(&[self.transfer(&self.vault, to, &thief.pubkey(), amount)], &[thief])
    }

    /// What the vault holds.
    pub fn held(&self, world: &World) -> u64 {
        token_2022::balance(&world.vm, &self.vault)
    }

    /// The numbers of the extensions that the registration recorded a warning of.
    pub fn warned(&self, world: &World) -> Vec<u16> {
        let cap: MintCap = world.vm.read(&pda::mint_cap(&world.us.protocol, &self.mint).0);
        cap.warnings().rows().map(|row| row.number).collect()
    }

    /// What the mint's bytes say.
    pub fn check_mint(&self, world: &World) -> Checked<Warnings> {
        let mint = world.vm.account(&self.mint).expect("the mint");
        check_mint(&mint.owner, &mint.data)
    }

    /// What the vault's bytes say.
    pub fn check_vault(&self, world: &World, usage: Use) -> Checked<Warnings> {
        let vault = world.vm.account(&self.vault).expect("the vault");
        check_account(&vault.owner, &vault.data, usage)
    }
}
