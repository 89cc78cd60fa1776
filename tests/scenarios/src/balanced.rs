//! A market under an invariant: what its vault holds, and what a ledger of the protected program says that it owes.

use firebreak_interface::{
    constants::INVARIANT_TERMS,
    instruction::{self, NewInvariant},
    pda,
    state::{Invariant, InvariantSettings, Reading, TermSettings},
};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    FUNDS,
    outcome::Outcome,
    token,
    world::{PROGRAM, World},
};

/// Where the protected program keeps its books.
pub const LEDGER: Pubkey = Pubkey::new_from_array([31; 32]);
/// What it owes its users: an unsigned field of 64 bits.
pub const OWED: Reading = Reading::U64(8);
/// What its traders won or lost: a signed field of 64 bits.
pub const WON: Reading = Reading::I64(16);
/// What it owes in a fine unit: an unsigned field of 128 bits.
pub const OWED_FINELY: Reading = Reading::U128(24);

/// A term that counts once.
pub const fn once(reading: Reading) -> TermSettings {
    TermSettings { reading, coefficient: 1 }
}

/// What the books say.
#[derive(Clone, Copy, Debug)]
pub struct Books {
    /// What [`OWED`] reads.
    pub owed: u64,
    /// What [`WON`] reads.
    pub won: i64,
    /// What [`OWED_FINELY`] reads.
    pub owed_finely: u128,
}

/// A world whose market has an invariant; no limiter is armed in it.
pub struct Balanced {
    /// The world.
    pub world: World,
    /// The invariant's settings.
    pub settings: InvariantSettings,
    /// The terms' accounts: the left side's, then the right's.
    pub terms: Vec<Pubkey>,
    /// The invariant.
    pub invariant: Pubkey,
}

impl Default for Balanced {
    /// A vault that covers what is owed, to the unit; the invariant may call Critical.
    fn default() -> Self {
        Self::unregistered().seasoned()
    }
}

impl Balanced {
    /// A world where an invariant can still be registered, with the settings of one: the vault covers what is owed, or it
    /// is Minor, 99 % of it or Major, 95 % of it or Critical.
    pub fn unregistered() -> Self {
        Self::over(World::with(|setup| (setup.armed, setup.seasoned) = (false, false)))
    }

    /// As [`Self::unregistered`], over a world in which no limiter is armed.
    pub fn over(world: World) -> Self {
        let left = vec![once(Reading::TokenBalance)];
        let settings = InvariantSettings { left, right: vec![once(OWED)], ratio_bps: [10_000, 9_900, 9_500] };
        let (terms, invariant) = (vec![world.us.vault, LEDGER], pda::invariant(&world.us.market, 0).0);
        let mut this = Self { world, settings, terms, invariant };
        this.write(&Books { owed: FUNDS, won: 0, owed_finely: 0 });
        this
    }

    /// An invariant that a world has already, over [`LEDGER`] and our vault.
    pub fn around(world: World, invariant: Pubkey) -> Self {
        let left = vec![once(Reading::TokenBalance)];
        let ratio_bps = world.vm.read::<Invariant>(&invariant).ratio_bps;
        let settings = InvariantSettings { left, right: vec![once(OWED)], ratio_bps };
        let terms = vec![world.us.vault, LEDGER];
        Self { world, settings, terms, invariant }
    }

    /// A world where as many accounts as there may be are to be compared, fields of 128 bits all.
    pub fn wide() -> Self {
        let mut this = Self::unregistered();
        let term = TermSettings { reading: Reading::U128(8), coefficient: u64::MAX };
        let sides = [0, INVARIANT_TERMS].map(|first| {
            let places = first..first + INVARIANT_TERMS;
            places.map(|place| (this.put_wide(place, u128::MAX - 1), term)).collect::<Vec<_>>()
        });
        this.compare(&sides[0], &sides[1]);
        this
    }

    /// Sets the field of the term at this place of [`Self::wide`].
    pub fn put_wide(&mut self, place: usize, value: u128) -> Pubkey {
        let key = Pubkey::new_from_array([100 + place as u8; 32]);
        self.put(key, [&[1; 8], &value.to_le_bytes()[..]].concat());
        key
    }

    /// Compares this instead.
    pub fn compare(&mut self, left: &[(Pubkey, TermSettings)], right: &[(Pubkey, TermSettings)]) {
        self.terms = left.iter().chain(right).map(|(account, _)| *account).collect();
        let [left, right] = [left, right].map(|side| side.iter().map(|(_, term)| *term).collect());
        self.settings = InvariantSettings { left, right, ratio_bps: self.settings.ratio_bps };
    }

    /// The invariant, in shadow.
    pub fn shadow(mut self) -> Self {
        self.register().succeeds();
        self
    }

    /// The invariant, registered, armed, and old enough to call Critical.
    pub fn seasoned(self) -> Self {
        let mut this = self.shadow();
        this.arm().succeeds();
        let delay = this.world.protocol().loosening_delay;
        this.world.vm.advance(delay.into());
        this
    }

    /// The protected program writes its books.
    pub fn write(&mut self, books: &Books) {
        let (owed, won, owed_finely) =
            (books.owed.to_le_bytes(), books.won.to_le_bytes(), books.owed_finely.to_le_bytes());
        let data = [&[1; 8], &owed[..], &won, &owed_finely].concat();
        self.put(LEDGER, data);
    }

    /// An account of the protected program.
    fn put(&mut self, key: Pubkey, data: Vec<u8>) {
        let lamports = self.world.vm.rent(data.len());
        let account = Account { lamports, data, owner: PROGRAM, executable: false, rent_epoch: 0 };
        self.world.vm.put(key, account);
    }

    /// The books say that this is owed, and nothing else.
    pub fn owe(&mut self, owed: u64) {
        self.write(&Books { owed, won: 0, owed_finely: 0 });
    }

    /// What was drained comes back.
    pub fn give_back(&mut self) {
        let (loot, vault) = (self.world.loot, self.world.us.vault);
        let give = token::transfer(&loot, &vault, &self.world.attacker.pubkey(), self.world.loot());
        self.world.vm.send(&[give], &[&self.world.attacker]).succeeds();
    }

    /// `register_invariant` by the authority.
    pub fn registers(&self) -> Instruction {
        let (us, key) = (&self.world.us, self.world.us.authority.pubkey());
        let new = NewInvariant { market: us.market, index: 0, settings: &self.settings, terms: &self.terms };
        instruction::register_invariant(key, key, us.protocol, &new, us.segment(&self.world.vm))
    }

    /// The authority registers the invariant.
    pub fn register(&mut self) -> Outcome {
        let register = self.registers();
        self.world.vm.send(&[register], &[&self.world.us.authority])
    }

    /// `arm_invariant` by the authority.
    pub fn arms(&self) -> Instruction {
        let us = &self.world.us;
        let segment = us.segment(&self.world.vm);
        instruction::arm_rule(us.authority.pubkey(), us.protocol, self.invariant, segment)
    }

    /// The authority arms the invariant.
    pub fn arm(&mut self) -> Outcome {
        let arm = self.arms();
        self.world.vm.send(&[arm], &[&self.world.us.authority])
    }

    /// `poke_invariant`.
    pub fn pokes(&self) -> Instruction {
        let us = &self.world.us;
        let segment = us.segment(&self.world.vm);
        instruction::poke_invariant(us.protocol, us.market, self.invariant, &self.terms, segment)
    }

    /// Anyone pokes the invariant.
    pub fn poke(&mut self) -> Outcome {
        let poke = self.pokes();
        self.world.send(&[poke])
    }

    /// The invariant's account.
    pub fn state(&self) -> Invariant {
        self.world.vm.read(&self.invariant)
    }
}
