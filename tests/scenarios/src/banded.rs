//! A market under a price band, and the price accounts that its oracle posts to.

use firebreak_interface::{
    instruction,
    oracle::{self, PYTH_PUSH_ORACLE, PYTH_RECEIVER, PriceUpdate},
    pda,
    state::{BandSettings, Feed, PriceBand},
};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{integrator::Integrator, outcome::Outcome, world::World};

/// A price of 100, in units of ten to the power of -8.
pub const HUNDRED: i64 = 10_000_000_000;
/// The price that the protocol uses.
pub const FIRST: Feed = Feed { account: Pubkey::new_from_array([21; 32]), id: [1; 32] };
/// A second price of the same thing.
pub const SECOND: Feed = Feed { account: Pubkey::new_from_array([22; 32]), id: [2; 32] };

/// A world whose market has a price band; nothing but prices happens in it.
pub struct Banded {
    /// The world.
    pub world: World,
    /// The band's settings.
    pub settings: BandSettings,
    /// The band.
    pub band: Pubkey,
}

impl Default for Banded {
    fn default() -> Self {
        Self::armed(Feed::default())
    }
}

impl Banded {
    /// A world where a band can still be registered; both feeds say 100.
    pub fn unregistered(second: Feed) -> Self {
        Self::over(World::with(|setup| (setup.armed, setup.seasoned) = (false, false)), second)
    }

    /// As [`Self::unregistered`], over a world in which no limiter is armed.
    pub fn over(world: World, second: Feed) -> Self {
        let settings = BandSettings::starting(FIRST, second);
        let band = pda::band(&world.us.market, 0).0;
        let mut this = Self { world, settings, band };
        this.post_both(HUNDRED);
        this
    }

    /// A band that a world has already.
    pub fn around(world: World, band: Pubkey) -> Self {
        let settings = world.vm.read::<PriceBand>(&band).settings;
        Self { world, settings, band }
    }

    /// A band in shadow.
    pub fn shadow(second: Feed) -> Self {
        let mut this = Self::unregistered(second);
        this.register().succeeds();
        this
    }

    /// A band that is armed, has learned a price of 100 and may call Critical.
    pub fn armed(second: Feed) -> Self {
        let mut this = Self::shadow(second);
        this.season();
        this
    }

    /// Arms a band in shadow; it learns a price of 100 and may call Critical from then on.
    pub fn season(&mut self) {
        self.arm().succeeds();
        self.world.wait();
        for _ in 0..=6 {
            self.world.vm.advance(600);
            self.post_both(HUNDRED);
            self.observe().succeeds();
        }
    }

    /// A fresh price of a feed, as the oracle would post it now.
    pub fn price(&self, feed: &Feed, price: i64) -> PriceUpdate {
        let (posted_slot, publish_time) = self.world.vm.clock();
        PriceUpdate {
            partial: None,
            feed_id: feed.id,
            price,
            conf: 0,
            exponent: -8,
            publish_time,
            posted_slot,
        }
    }

    /// Puts a price where the feed's account is.
    pub fn put(&mut self, feed: &Feed, update: &PriceUpdate) {
        let data = oracle::encode(update);
        let lamports = self.world.vm.rent(data.len());
        let account = Account { lamports, data, owner: PYTH_RECEIVER, executable: false, rent_epoch: 0 };
        self.world.vm.put(feed.account, account);
    }

    /// The oracle posts a price of the primary feed.
    pub fn post(&mut self, price: i64) {
        let update = self.price(&FIRST, price);
        self.put(&FIRST, &update);
    }

    /// The oracle posts the same price to both feeds.
    pub fn post_both(&mut self, price: i64) {
        self.post(price);
        let update = self.price(&SECOND, price);
        self.put(&SECOND, &update);
    }

    /// `register_band` by the authority.
    pub fn registers(&self) -> Instruction {
        let (us, key) = (&self.world.us, self.world.us.authority.pubkey());
        let segment = us.segment(&self.world.vm);
        instruction::register_band(key, key, us.protocol, us.market, 0, &self.settings, segment)
    }

    /// The authority registers the band.
    pub fn register(&mut self) -> Outcome {
        let register = self.registers();
        self.world.vm.send(&[register], &[&self.world.us.authority])
    }

    /// `arm_band` by the authority.
    pub fn arms(&self) -> Instruction {
        let us = &self.world.us;
        instruction::arm_rule(us.authority.pubkey(), us.protocol, self.band, us.segment(&self.world.vm))
    }

    /// The authority arms the band.
    pub fn arm(&mut self) -> Outcome {
        let arm = self.arms();
        self.world.vm.send(&[arm], &[&self.world.us.authority])
    }

    /// `observe`.
    pub fn observes(&self) -> Instruction {
        instruction::observe(self.band, &self.settings)
    }

    /// Anyone shows the band the prices that are posted.
    pub fn observe(&mut self) -> Outcome {
        let observe = self.observes();
        self.world.send(&[observe])
    }

    /// `poke_band`.
    pub fn pokes(&self) -> Instruction {
        let us = &self.world.us;
        let segment = us.segment(&self.world.vm);
        instruction::poke_band(us.protocol, us.market, self.band, &self.settings, segment)
    }

    /// Anyone pokes the band.
    pub fn poke(&mut self) -> Outcome {
        let poke = self.pokes();
        self.world.send(&[poke])
    }

    /// The price is posted, and anyone pokes.
    pub fn poke_at(&mut self, price: i64) -> Outcome {
        self.post(price);
        self.poke()
    }

    /// An instruction of the oracle's poster, which does nothing here.
    pub fn posts(&self) -> Instruction {
        Integrator::new(PYTH_PUSH_ORACLE).performs(&[])
    }

    /// The band's account.
    pub fn state(&self) -> PriceBand {
        self.world.vm.read(&self.band)
    }
}
