//! Money to safety: what is registered, ordered and moved.

use firebreak_interface::{
    Severity,
    constants::MIGRATION_WINDOW,
    instruction::{self, Behind, Migrate},
    pda,
    state::{MigrateOrder, Route, RouteSettings, Safe, Source},
};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{Outcome, World, token};

impl World {
    /// Address of the safe of our market and mint.
    pub fn safe_key(&self) -> Pubkey {
        pda::safe(&self.us.market, &self.us.mint).0
    }

    /// Its token account.
    pub fn safe_tokens(&self) -> Pubkey {
        pda::safe_tokens(&self.safe_key()).0
    }

    /// The safe.
    pub fn safe(&self) -> Safe {
        self.vm.read(&self.safe_key())
    }

    /// What is in it.
    pub fn in_safe(&self) -> u64 {
        token::balance(&self.vm, &self.safe_tokens())
    }

    /// Address of our vault's route.
    pub fn route_key(&self) -> Pubkey {
        pda::route(&self.us.market, &self.us.vault).0
    }

    /// The route.
    pub fn route(&self) -> Route {
        self.vm.read(&self.route_key())
    }

    /// All that a move of our vault's money could change, as it is: token accounts, and the breaker's.
    pub fn standing(&self) -> Vec<Option<Account>> {
        let (us, addresses) = (&self.us, &self.us.program.addresses);
        let tokens = [us.vault, self.safe_tokens(), self.purse, self.loot];
        let breakers =
            [us.protocol, us.market, us.limiter, self.route_key(), self.safe_key(), addresses.journal];
        let keys = tokens.into_iter().chain(breakers).chain(addresses.segments(&self.journal()));
        keys.map(|key| self.vm.account(&key)).collect()
    }

    /// Our vault and its way to safety, in escort.
    pub fn way(&self) -> Migrate {
        let (us, owner) = (&self.us, self.us.program.owner);
        let in_custody = self.route().is_custody(&self.route_key());
        Migrate {
            market: us.market,
            vault: us.vault,
            owner: (!in_custody).then_some(owner),
            mint: us.mint,
            token_program: token::program_of(&self.vm, &us.mint),
        }
    }

    /// The authority registers the safe of our market and mint, while it may do so alone.
    pub fn register_safe(&mut self) -> Outcome {
        let register = self.us.register_safe(&self.vm);
        self.vm.send(&[register], &[&self.us.authority])
    }

    /// The same of our vault's way to it.
    pub fn register_route(&mut self, settings: &RouteSettings) -> Outcome {
        let register = self.us.register_route(&self.vm, self.us.vault, settings);
        self.vm.send(&[register], &[&self.us.authority])
    }

    /// `order_migration` because of what holds, by our guardians at these places.
    pub fn ordering_migration(
        &mut self,
        source: Source,
        severity: Severity,
        places: &[usize],
    ) -> Instruction {
        let market = self.us.market;
        let order = MigrateOrder { latch: self.latch(Some(market), source, severity) };
        let keys: Vec<_> = self.guardian_keys(places).iter().map(Keypair::pubkey).collect();
        let scope = (self.us.protocol, market);
        instruction::order_migration(Behind::signers(&keys), scope, &order, self.us.segment(&self.vm))
    }

    /// A guardian pauses, and a quorum orders that money be moved because of it.
    pub fn order_migration(&mut self) {
        let pause = self.order(3_600);
        self.pause(0, &pause).succeeds();
        let order = self.ordering_migration(Source::Guardian, Severity::Major, &[0, 1]);
        let keys = self.guardian_keys(&[0, 1]);
        self.vm.send(&[order], &[&keys[0], &keys[1]]).succeeds();
    }

    /// `migrate` of our vault: by our program where its owner must sign.
    pub fn migrating(&self) -> Instruction {
        let way = self.way();
        let migrate = instruction::migrate(self.us.protocol, &way, self.us.segment(&self.vm));
        if way.owner.is_some() { self.us.program.calls(migrate) } else { migrate }
    }

    /// Somebody moves what our vault has to its safe.
    pub fn migrate(&mut self) -> Outcome {
        let migrate = self.migrating();
        self.vm.send(&[migrate], &[&self.attacker])
    }

    /// All that our vault has goes to safety, by an order whose day is over then.
    pub fn rescue(&mut self) {
        self.order_migration();
        self.migrate().succeeds();
        self.vm.advance(MIGRATION_WINDOW);
    }
}
