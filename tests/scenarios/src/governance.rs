//! What governance does: amendments at once, proposals, and their execution by a stranger.

use firebreak_interface::{
    instruction::{self, Governance, INSTRUCTIONS},
    state::{Amendment, BandSettings, Limiter, LimiterSettings, MarketSettings, Proposal, Proposed, Ratios},
};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{
    Balanced, Banded, Outcome, Protected, Vm, World,
    banded::{HUNDRED, SECOND},
};

/// An amendment, what it changes, and the accounts that it names beside.
#[derive(Clone, Debug)]
pub struct Amending {
    /// What changes.
    pub subject: Pubkey,
    /// How.
    pub amendment: Amendment,
    /// Accounts that follow.
    pub rest: Vec<Pubkey>,
}

impl Amending {
    /// As a proposal keeps it.
    pub fn proposed(&self) -> Proposed {
        Proposed::Amend(self.amendment.clone())
    }
}

impl Protected {
    /// `amend`, by whoever stands behind it.
    pub fn amend(&self, vm: &Vm, by: impl Into<Governance>, change: &Amending) -> Instruction {
        let what = (&change.amendment, &change.rest[..]);
        instruction::amend(by, self.protocol, change.subject, what, self.segment(vm))
    }

    /// `propose` by the authority, under the next number.
    pub fn propose(&self, vm: &Vm, proposed: &Proposed, bound: &[Pubkey]) -> Instruction {
        let (key, nonce) = (self.authority.pubkey(), self.next_proposal(vm));
        instruction::propose(key, key, self.protocol, nonce, (proposed, bound), self.segment(vm))
    }

    /// `cancel` of a proposal.
    pub fn cancel(&self, vm: &Vm, by: &Pubkey, proposal: Pubkey) -> Instruction {
        instruction::cancel(*by, self.protocol, proposal, self.segment(vm))
    }

    fn next_proposal(&self, vm: &Vm) -> u64 {
        vm.read::<firebreak_interface::state::Protocol>(&self.protocol).next_proposal
    }
}

/// The same registration, paid by a stranger, with a proposal in the place of the authority's signature.
pub fn executed(registration: &Instruction, payer: &Pubkey, proposal: Pubkey) -> Instruction {
    let mut by_proposal = registration.clone();
    by_proposal.accounts[0].pubkey = *payer;
    by_proposal.accounts[1] = AccountMeta::new_readonly(firebreak_interface::ID, false);
    by_proposal.accounts[2] = AccountMeta::new(proposal, false);
    by_proposal
}

impl World {
    /// Our limiter's settings, but for `change`.
    pub fn limiter_with(&self, change: impl FnOnce(&mut LimiterSettings)) -> Amending {
        let mut settings = self.limiter().settings;
        change(&mut settings);
        let rest = vec![INSTRUCTIONS, self.us.vault];
        Amending { subject: self.us.limiter, amendment: Amendment::Limiter(settings), rest }
    }

    /// Our limiter's settings, so many quarters of its rates.
    pub fn limiter_scaled(&self, quarters: u32) -> Amending {
        self.limiter_with(|settings| {
            for window in &mut settings.windows {
                window.rate_bps = window.rate_bps * quarters / 4;
            }
        })
    }

    /// Our market's settings, but for `change`.
    pub fn market_with(&self, change: impl FnOnce(&mut MarketSettings)) -> Amending {
        let mut settings = self.market().settings();
        change(&mut settings);
        self.amending(self.us.market, Amendment::Market(settings))
    }

    /// Another loosening delay.
    pub fn delay_of(&self, seconds: u32) -> Amending {
        self.amending(self.us.protocol, Amendment::LooseningDelay(seconds))
    }

    /// A limiter goes back to shadow; its vault is shown.
    pub fn disarming(&self, limiter: Pubkey) -> Amending {
        let vault = self.vm.read::<Limiter>(&limiter).vault;
        let rest = vec![INSTRUCTIONS, vault];
        Amending { rest, ..self.amending(limiter, Amendment::Disarm) }
    }

    /// The protocol leaves: all these markets and limiters with their vaults are shown, in the order of their addresses, then
    /// our safe where we have one.
    pub fn detaching(&self, markets: &[Pubkey], limiters: &[Pubkey]) -> Amending {
        let sorted = |keys: &[Pubkey]| {
            let mut keys = keys.to_vec();
            keys.sort_unstable();
            keys
        };
        let guarded = |limiter: Pubkey| [limiter, self.vm.read::<Limiter>(&limiter).vault];
        let limiters: Vec<_> = sorted(limiters).into_iter().flat_map(guarded).collect();
        let safe = Some(self.safe_key()).filter(|safe| self.vm.account(safe).is_some());
        let rest = [vec![INSTRUCTIONS], sorted(markets), limiters, safe.into_iter().collect()].concat();
        Amending { rest, ..self.amending(self.us.protocol, Amendment::Detach) }
    }

    /// The loss of our vault is accepted, so much being left.
    pub fn accepting_loss(&self, least: u64) -> Amending {
        let rest = vec![INSTRUCTIONS, self.us.vault];
        Amending { rest, ..self.amending(self.us.limiter, Amendment::AcceptLoss { least }) }
    }

    /// Governance moves to this key, which is shown to be no keeper's.
    pub fn moving_to(&self, key: Pubkey) -> Amending {
        let rest = vec![self.us.program.addresses.keeper(&key)];
        Amending { rest, ..self.amending(self.us.protocol, Amendment::Authority(key)) }
    }

    /// An amendment that names no account beside its subject.
    pub fn amending(&self, subject: Pubkey, amendment: Amendment) -> Amending {
        Amending { subject, amendment, rest: Vec::new() }
    }

    /// The authority amends at once.
    pub fn amend(&mut self, change: &Amending) -> Outcome {
        let amend = self.us.amend(&self.vm, self.us.authority.pubkey(), change);
        self.vm.send(&[amend], &[&self.us.authority])
    }

    /// The authority proposes.
    pub fn proposes(&mut self, proposed: &Proposed, bound: &[Pubkey]) -> Outcome {
        let propose = self.us.propose(&self.vm, proposed, bound);
        self.vm.send(&[propose], &[&self.us.authority])
    }

    /// The authority proposes an act, whose address is given.
    #[track_caller]
    pub fn propose_act(&mut self, proposed: &Proposed, bound: &[Pubkey]) -> Pubkey {
        let nonce = self.protocol().next_proposal;
        self.proposes(proposed, bound).succeeds();
        self.us.program.addresses.proposal(nonce)
    }

    /// The authority proposes an amendment, whose proposal's address is given.
    #[track_caller]
    pub fn propose(&mut self, change: &Amending) -> Pubkey {
        self.propose_act(&change.proposed(), &[change.subject])
    }

    /// A stranger executes a proposal.
    pub fn execute(&mut self, proposal: Pubkey, change: &Amending) -> Outcome {
        let execute = self.us.amend(&self.vm, Governance::Proposal(proposal), change);
        self.vm.send(&[execute], &[&self.attacker])
    }

    /// A stranger executes a proposal of a registration.
    pub fn register_by(&mut self, proposal: Pubkey, registration: &Instruction) -> Outcome {
        let execute = executed(registration, &self.attacker.pubkey(), proposal);
        self.vm.send(&[execute], &[&self.attacker])
    }

    /// The authority cancels a proposal, or a stranger does.
    pub fn cancel(&mut self, proposal: Pubkey, is_authority: bool) -> Outcome {
        let by = if is_authority { &self.us.authority } else { &self.attacker };
        let cancel = self.us.cancel(&self.vm, &by.pubkey(), proposal);
        self.vm.send(&[cancel], &[by])
    }

    /// A loosening delay goes by.
    pub fn wait(&mut self) {
        let delay = self.protocol().loosening_delay;
        self.vm.advance(delay.into());
    }

    /// An amendment by its whole way: proposed, waited for, executed by a stranger.
    #[track_caller]
    pub fn pass(&mut self, change: &Amending) {
        let proposal = self.propose(change);
        self.wait();
        self.execute(proposal, change).succeeds();
    }

    /// A proposal.
    #[track_caller]
    pub fn proposal(&self, address: &Pubkey) -> Proposal {
        self.vm.read(address)
    }
}

/// A world in which there is one of everything that governance amends, all of it armed and seasoned.
pub struct Governed {
    /// The world.
    pub world: World,
    /// Its market's band.
    pub band: Pubkey,
    /// Its market's invariant.
    pub invariant: Pubkey,
    /// Accounts of the invariant's terms.
    pub terms: Vec<Pubkey>,
}

impl Default for Governed {
    fn default() -> Self {
        let mut banded = Banded::shadow(SECOND);
        banded.post_both(HUNDRED);
        banded.arm().succeeds();
        let band = banded.band;
        let mut balanced = Balanced::over(banded.world).shadow();
        balanced.arm().succeeds();
        let Balanced { mut world, terms, invariant, .. } = balanced;
        let arm = world.us.arm(&world.vm, world.us.vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
        world.wait();
        Self { world, band, invariant, terms }
    }
}

impl Governed {
    /// The band's settings, but for `change`.
    pub fn band_with(&self, change: impl FnOnce(&mut BandSettings)) -> Amending {
        let mut settings = self.world.vm.read::<firebreak_interface::state::PriceBand>(&self.band).settings;
        change(&mut settings);
        let rest = vec![self.world.us.market];
        Amending { rest, ..self.world.amending(self.band, Amendment::Band(settings)) }
    }

    /// Other ratios of the invariant.
    pub fn ratios(&self, bps: [u32; 3]) -> Amending {
        let rest = vec![self.world.us.market];
        Amending { rest, ..self.world.amending(self.invariant, Amendment::Invariant(Ratios { bps })) }
    }

    /// The invariant goes back to shadow; its terms are shown.
    pub fn disarming(&self) -> Amending {
        let rest = [&[INSTRUCTIONS], &self.terms[..]].concat();
        Amending { rest, ..self.world.amending(self.invariant, Amendment::Disarm) }
    }

    /// The invariant's loss is accepted, so much of what is owed being there.
    pub fn accepting_loss(&self, least: u64) -> Amending {
        let rest = [&[INSTRUCTIONS], &self.terms[..]].concat();
        Amending { rest, ..self.world.amending(self.invariant, Amendment::AcceptLoss { least }) }
    }
}
