//! Lamports are nobody's permission: an address that holds some is created all the same.

use std::collections::BTreeSet;

use firebreak_interface::{
    ID,
    constants::LOOSENING_DELAY_MAX,
    instruction,
    state::{
        Amendment, ClaimPage, Coverage, CoverageRow, GuardianAct, GuardianBudget, Held, Invariant, Journal,
        JournalSegment, Keeper, KeeperSettings, Layout, Limiter, Market, MintCap, PriceBand, Proposal,
        Proposed, Protocol, ProtocolSettings, Route, RouteSettings, Safe,
    },
};
use firebreak_scenarios::{
    Balanced, Banded, Integrator, Setup, World, banded::SECOND, holding::GROSS, token, world::OTHER_PROGRAM,
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;

use crate::claims;

/// A kind of account, by its first bytes.
type Tag = [u8; 8];

/// The attacker sends so many lamports to each address that this instruction creates; it creates them, and the payer
/// pays what is missing and no more. Gives their kinds.
#[track_caller]
fn creates(world: &mut World, create: &Instruction, signer: &Keypair, ahead: u64) -> Vec<Tag> {
    let writable = create.accounts.iter().filter(|account| account.is_writable);
    let new: Vec<Pubkey> =
        writable.map(|account| account.pubkey).filter(|key| world.vm.account(key).is_none()).collect();
    for key in &new {
        let send = system::transfer(&world.attacker.pubkey(), key, ahead);
        world.vm.send(&[send], &[&world.attacker]).succeeds();
    }
    world.vm.send(std::slice::from_ref(create), &[signer]).succeeds();
    let tag = |key| {
        let account = world.vm.account(key).expect("it is there");
        assert_eq!(account.lamports, ahead.max(world.vm.rent(account.data.len())));
        // a safe's tokens are the token program's
        let is_tokens = account.owner == token::PROGRAM;
        assert!(is_tokens || account.owner == ID);
        (!is_tokens).then(|| account.data[..8].try_into().expect("eight bytes"))
    };
    new.iter().filter_map(tag).collect()
}

/// Every kind of account that there is.
const KINDS: [Tag; 16] = [
    ClaimPage::TAG,
    Coverage::TAG,
    GuardianBudget::TAG,
    Held::TAG,
    Invariant::TAG,
    Journal::TAG,
    JournalSegment::TAG,
    Keeper::TAG,
    Limiter::TAG,
    Market::TAG,
    MintCap::TAG,
    PriceBand::TAG,
    Proposal::TAG,
    Protocol::TAG,
    Route::TAG,
    Safe::TAG,
];

/// An attacker knows every address before its time: whatever he sends there, nobody is kept from creating what belongs there.
#[test]
fn lamports_sent_ahead_block_nobody() {
    for ahead in [890_880, 2_000_000_000] {
        let mut kinds = BTreeSet::new();
        let banded = Banded::unregistered(SECOND);
        let band = banded.registers();
        let balanced = Balanced::over(banded.world);
        let invariant = balanced.registers();
        let mut world = balanced.world;
        assert!(ahead >= world.vm.rent(0), "the runtime takes no less");
        let us = &world.us;
        let authority = us.authority.insecure_clone();
        // of a mint that has no cap yet
        let mint = token::mint(&mut world.vm, &authority, 6);
        let vault = token::account(&mut world.vm, &authority, &mint, &us.program.owner);
        let keeper = KeeperSettings { key: world.vm.key().pubkey(), ..Setup::default().keepers[0] };
        let other = Integrator::new(OTHER_PROGRAM);
        let guardians = us.guardians.iter().map(Signer::pubkey).collect();
        let settings = ProtocolSettings::starting(authority.pubkey(), guardians);
        let (vm, key, segment, protocol) =
            (&world.vm, authority.pubkey(), us.segment(&world.vm), us.protocol);
        let limiter = instruction::NewLimiter {
            market: us.market,
            vault,
            mint,
            mint_cap: firebreak_scenarios::MINT_CAP,
            settings: &Setup::default().limiter,
        };
        let longer = Proposed::Amend(Amendment::LooseningDelay(LOOSENING_DELAY_MAX));
        let rows = [CoverageRow { instruction: [1; 8], operations: 1 }];
        let by_authority = [
            other.calls(instruction::create_protocol(key, OTHER_PROGRAM, &settings)),
            us.create_market(vm, 1, &Setup::default().market),
            instruction::register_limiter(key, key, protocol, &limiter, segment),
            us.register_keeper(vm, &keeper),
            us.register_coverage(vm, &rows),
            us.register_safe(vm),
            us.register_route(vm, us.vault, &RouteSettings::starting()),
            us.propose(vm, &longer, &[protocol]),
            instruction::extend_journal(key, protocol, 1),
            band,
            invariant,
        ];
        for create in by_authority {
            kinds.extend(creates(&mut world, &create, &authority, ahead));
        }
        let guardian = world.us.guardians[0].insecure_clone();
        // of the market that was created above
        let market = world.us.program.addresses.market(1);
        let open = world.us.open_budget(Some(market), guardian.pubkey());
        assert_eq!(creates(&mut world, &open, &authority, ahead), [GuardianBudget::TAG]);
        kinds.insert(GuardianBudget::TAG);
        let stamp = world.stamp();
        let freeze = GuardianAct::FreezeAuthority { authority_epoch: 0 };
        let (scope, segment) = ((world.us.protocol, None), world.us.segment(&world.vm));
        let propose = instruction::propose_as_guardian(guardian.pubkey(), scope, 3, &freeze, &stamp, segment);
        assert_eq!(creates(&mut world, &propose, &guardian, ahead), [Proposal::TAG]);

        let mut waits = World::holding(1, |_| {});
        let (hold, alice) = (waits.withdraws(&waits.withdrawing(GROSS, 0)), waits.alice.insecure_clone());
        assert_eq!(creates(&mut waits, &hold, &alice, ahead), [Held::TAG]);
        let (mut claimed, claim) = claims::one();
        let stranger = claimed.attacker.insecure_clone();
        assert_eq!(creates(&mut claimed, &claim, &stranger, ahead), [ClaimPage::TAG]);
        kinds.extend([Held::TAG, ClaimPage::TAG]);
        assert_eq!(kinds, BTreeSet::from(KINDS));
    }
}
