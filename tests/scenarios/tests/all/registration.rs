//! Setting a protocol up, and every bound of its settings.

use firebreak_interface::{
    BreakerError::*,
    Operation, Severity,
    constants::*,
    instruction::{self, NewInvariant},
    pda,
    state::{
        Act, Feed, KeeperSettings, Limiter, LimiterSettings, Limits, Market, MarketSettings, Protocol,
        ProtocolSettings, Thresholds, program_data,
    },
};
use firebreak_scenarios::{Balanced, Banded, FUNDS, Integrator, Outcome, Setup, Vm, World, token, world};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_token_interface::instruction::AuthorityType;

#[test]
fn everything_is_registered_and_told() {
    let world = World::default();
    let acts: Vec<Act> = world.told().iter().map(|entry| entry.act).collect();
    use Act::*;
    assert_eq!(
        acts,
        [
            ProtocolCreated,
            MarketRegistered,
            KeeperRegistered,
            KeeperRegistered,
            LimiterRegistered,
            LimiterArmed
        ]
    );
    assert!(world.verify_journal(&world.told()).expect("sound").is_whole());
    let protocol = world.protocol();
    assert_eq!((protocol.guardians().len(), protocol.armed_limiters), (3, 1));
    assert_eq!(protocol.authority, world.us.authority.pubkey());
    assert_eq!((protocol.program, protocol.recorder), (world::PROGRAM, world.us.program.recorder));
    let limiter = world.limiter();
    assert_eq!((limiter.armed, limiter.expected), (1, FUNDS));
    assert_eq!((limiter.market, limiter.mint), (world.us.market, world.us.mint));
}

/// Creates a protocol whose settings are good but for `change`.
fn create(change: impl FnOnce(&mut ProtocolSettings)) -> Outcome {
    let mut vm = Vm::with(&world::PROGRAMS);
    let authority = vm.person();
    let guardians = (0..3).map(|_| vm.key().pubkey()).collect();
    let mut settings = ProtocolSettings::starting(authority.pubkey(), guardians);
    change(&mut settings);
    let create = instruction::create_protocol(authority.pubkey(), world::PROGRAM, &settings);
    vm.send(&[Integrator::new(world::PROGRAM).calls(create)], &[&authority])
}

#[test]
pub(crate) fn a_protocol_has_three_to_sixteen_guardians() {
    let guardians = |count: u8| {
        move |s: &mut ProtocolSettings| {
            s.guardians = (1..=count).map(|i| Pubkey::new_from_array([i; 32])).collect();
            s.thresholds = Thresholds::majority(count);
        }
    };
    create(guardians(2)).fails_with(GuardianCount);
    create(guardians(3)).succeeds();
    create(guardians(16)).succeeds();
    create(guardians(17)).fails_with(GuardianCount);
}

#[test]
pub(crate) fn a_guardian_is_a_key_and_listed_once() {
    create(|s| s.guardians[2] = s.guardians[0]).fails_with(InvalidGuardian);
    create(|s| s.guardians[2] = Pubkey::default()).fails_with(InvalidGuardian);
}

#[test]
pub(crate) fn nobody_governs_by_the_default_key() {
    create(|settings| settings.authority = Pubkey::default()).fails_with(InvalidAuthority);
}

#[test]
pub(crate) fn no_key_has_two_roles() {
    create(|s| s.guardians[1] = s.authority).fails_with(GuardianRoleConflict);
    let mut world = World::with(|setup| setup.armed = false);
    for key in [world.us.guardians[2].pubkey(), world.us.authority.pubkey()] {
        let settings = KeeperSettings { key, ..Setup::default().keepers[0] };
        let register = world.us.register_keeper(&world.vm, &settings);
        world.vm.send(&[register], &[&world.us.authority]).fails_with(GuardianRoleConflict);
    }
}

#[test]
pub(crate) fn a_loosening_waits_a_day_to_thirty() {
    for (delay, sound) in [
        (0, false),
        (LOOSENING_DELAY_MIN - 1, false),
        (LOOSENING_DELAY_MIN, true),
        (LOOSENING_DELAY_MAX, true),
        (LOOSENING_DELAY_MAX + 1, false),
        (u32::MAX, false),
    ] {
        let outcome = create(|s| s.loosening_delay = delay);
        if sound {
            outcome.succeeds();
        } else {
            outcome.fails_with(DelayOutOfBounds);
        }
    }
}

#[test]
pub(crate) fn nobody_puts_another_program_under_a_protocol() {
    let mut world = World::default();
    let neighbour = Pubkey::new_from_array([9; 32]);
    let key = world.alice.pubkey();
    let guardians = world.us.guardians.iter().map(Signer::pubkey).collect();
    let settings = ProtocolSettings::starting(key, guardians);
    // the recorder is ours, so our program signs; the protected program is somebody else's
    let mut create = instruction::create_protocol(key, neighbour, &settings);
    create.accounts[1].pubkey = world.us.program.recorder;
    create.accounts[3].pubkey = pda::protocol(&neighbour, &world.us.program.recorder).0;
    create.accounts[4].pubkey = pda::journal(&create.accounts[3].pubkey).0;
    world.send(&[world.us.program.calls(create)]).fails_with(RecorderNotOfProgram);
}

/// A program that does not call the breaker itself is put under it by whoever may upgrade it, and by nobody else.
#[test]
pub(crate) fn the_upgrade_authority_creates_the_protocol_of_its_program() {
    let mut world = World::default();
    let (owner, stranger) = (world.vm.person(), world.attacker.insecure_clone());
    let data = program_data(&world::OTHER_PROGRAM);
    let upgradeable = |authority: Option<Pubkey>| {
        move |account: &mut solana_account::Account| {
            account.data[12] = u8::from(authority.is_some());
            account.data[13..45].copy_from_slice(authority.unwrap_or_default().as_ref());
        }
    };
    world.vm.edit(&data, upgradeable(Some(owner.pubkey())));
    let guardians = world.us.guardians.iter().map(Signer::pubkey).collect();
    let settings = ProtocolSettings::starting(owner.pubkey(), guardians);
    let create = |key: Pubkey| {
        instruction::create_protocol_as_upgrade_authority(key, key, world::OTHER_PROGRAM, &settings)
    };
    let good = create(owner.pubkey());
    world.vm.send(&[create(stranger.pubkey())], &[&stranger]).fails_with(NotTheProgram);
    let mut unsigned = create(stranger.pubkey());
    let last = unsigned.accounts.len() - 1;
    (unsigned.accounts[last - 1].pubkey, unsigned.accounts[last - 1].is_signer) = (owner.pubkey(), false);
    world.vm.send(&[unsigned], &[&stranger]).fails_with(NotTheProgram);
    let mut another = good.clone();
    another.accounts[last].pubkey = program_data(&world::PROGRAM);
    world.vm.send(&[another], &[&owner]).fails_with(NotTheProgram);
    let mut alone = good.clone();
    alone.accounts.truncate(last - 1);
    world.vm.send(&[alone], &[&owner]).fails_with(NotTheProgram);
    // a program that nobody may upgrade has nobody to speak for it
    world.vm.edit(&data, upgradeable(None));
    world.vm.send(std::slice::from_ref(&good), &[&owner]).fails_with(NotTheProgram);
    world.vm.edit(&data, upgradeable(Some(owner.pubkey())));
    world.vm.send(&[good], &[&owner]).succeeds();
    let theirs = Integrator::new(world::OTHER_PROGRAM);
    let told = world.vm.told(&theirs.addresses.protocol);
    assert_eq!((told[0].entry.act, told[0].entry.actor), (Act::ProtocolCreated, owner.pubkey()));
    assert_eq!(world.vm.read::<Protocol>(&theirs.addresses.protocol).recorder, theirs.recorder);
}

/// A world where registration is open, and the next market's number.
struct Open(World, u64);

impl Open {
    fn new() -> Self {
        Self(World::with(|setup| (setup.armed, setup.seasoned) = (false, false)), 1)
    }

    /// Registers another market whose settings are good but for `change`.
    fn market(&mut self, change: impl FnOnce(&mut MarketSettings)) -> Outcome {
        let Self(world, id) = self;
        let mut settings = Setup::default().market;
        change(&mut settings);
        let create = world.us.create_market(&world.vm, *id, &settings);
        *id += 1;
        world.vm.send(&[create], &[&world.us.authority])
    }

    /// Registers the limiter of another vault, its settings good but for `change`.
    fn limiter(&mut self, change: impl FnOnce(&mut LimiterSettings)) -> Outcome {
        let Self(world, _) = self;
        let mut settings = Setup::default().limiter;
        change(&mut settings);
        let us = &world.us;
        let vault = token::account(&mut world.vm, &us.authority, &us.mint, &us.program.owner);
        let register = us.register_limiter(&world.vm, us.market, vault, &settings);
        world.vm.send(&[register], &[&us.authority])
    }
}

#[test]
pub(crate) fn a_markets_times_have_bounds() {
    let mut open = Open::new();
    let bounds = [(MINOR_MIN, MINOR_MAX), (MAJOR_MIN, MAJOR_MAX), (CRITICAL_MIN, CRITICAL_MAX)];
    for (i, (min, max)) in bounds.into_iter().enumerate() {
        open.market(|s| s.durations[i] = min).succeeds();
        open.market(|s| s.durations[i] = max).succeeds();
        for seconds in [0, min - 1, max + 1, u32::MAX] {
            open.market(|s| s.durations[i] = seconds).fails_with(DurationOutOfBounds);
        }
    }
    for seconds in [0, DWELL_MIN - 1, DWELL_MAX + 1] {
        open.market(|s| s.dwell = seconds).fails_with(DwellOutOfBounds);
    }
    for seconds in [0, LIQUIDATION_GRACE_MIN - 1, LIQUIDATION_GRACE_MAX + 1] {
        open.market(|s| s.liquidation_grace = seconds).fails_with(GraceOutOfBounds);
    }
}

#[test]
pub(crate) fn a_higher_severity_is_never_looser() {
    let mut open = Open::new();
    open.market(|s| s.responses[1].closed = 0).fails_with(ResponseNotMonotone);
    let tight = Limits { max_position: 100, ..Limits::NONE };
    open.market(|s| s.responses[0].limits = tight).fails_with(LimitsNotMonotone);
    open.market(|s| s.responses.iter_mut().for_each(|r| r.limits = tight)).succeeds();
}

#[test]
pub(crate) fn only_a_critical_that_said_so_closes_exits() {
    let mut open = Open::new();
    let repay = Operation::REPAY.mask();
    for lowest in 0..3 {
        let close = |s: &mut MarketSettings| s.responses[lowest..].iter_mut().for_each(|r| r.closed |= repay);
        open.market(close).fails_with(ExitClosed);
        let outcome = open.market(|s| {
            close(s);
            s.critical_closes_exits = true;
        });
        if lowest == 2 {
            outcome.succeeds();
        } else {
            outcome.fails_with(ExitClosed);
        }
    }
}

#[test]
pub(crate) fn nothing_in_a_limiter_is_ever_off() {
    let mut open = Open::new();
    type Change = fn(&mut LimiterSettings);
    let unsound: [Change; 18] = [
        |s| s.windows[0].seconds = 0,
        |s| s.windows[0].seconds = WINDOW_MIN - 1,
        |s| s.windows[1].seconds = WINDOW_MAX + 1,
        |s| s.windows[1].seconds = u32::MAX,
        |s| s.windows.swap(0, 1),
        |s| s.windows[0].rate_bps = 10_001,
        |s| s.windows[1].rate_bps = u32::MAX,
        |s| s.elastic_bps = 10_001,
        |s| s.elastic_seconds = ELASTIC_WINDOW_MIN - 1,
        |s| s.elastic_seconds = s.windows[0].seconds / ELASTIC_WINDOW_SHARE + 1,
        |s| s.gross_bps = GROSS_MAX_BPS + 1,
        |s| s.gross_seconds = 0,
        |s| s.undeclared_soft_bps = 0,
        |s| s.undeclared_hard_bps = 10_001,
        |s| s.undeclared_seconds = 0,
        |s| s.soft_bps = 0,
        |s| s.floor = s.bootstrap_cap + 1,
        |s| s.bootstrap_cap = u64::MAX,
    ];
    for change in unsound {
        open.limiter(change).fails_with(LimiterSettingOutOfBounds);
    }
    open.limiter(|s| s.windows.iter_mut().for_each(|w| w.rate_bps = 0)).succeeds();
}

#[test]
pub(crate) fn soft_is_below_hard_and_each_has_its_severities() {
    let mut open = Open::new();
    open.limiter(|s| s.undeclared_soft_bps = s.undeclared_hard_bps).fails_with(SoftNotBelowHard);
    for (soft, hard) in [
        (Severity::Normal, Severity::Major),
        (Severity::Critical, Severity::Critical),
        (Severity::Minor, Severity::Minor),
        (Severity::Minor, Severity::Normal),
    ] {
        let change = |s: &mut LimiterSettings| {
            (s.soft_severity, s.hard_severity) = (soft as u32, hard as u32);
        };
        open.limiter(change).fails_with(SeverityNotAllowed);
    }
    open.limiter(|s| s.hard_severity = u32::MAX).fails_with(SeverityNotAllowed);
}

#[test]
pub(crate) fn only_a_vault_that_its_owner_alone_can_move_is_guarded() {
    let mut world = World::with(|setup| setup.armed = false);
    let settings = Setup::default().limiter;
    let (us, vm) = (&world.us, &mut world.vm);
    let owned = |vm: &mut Vm| token::account(vm, &us.authority, &us.mint, &us.program.owner);
    let mut refused = Vec::new();
    let delegated = owned(vm);
    let approve = token::approve(&delegated, &world.attacker.pubkey(), &us.program.owner, 1);
    vm.send(&[us.program.calls(approve)], &[&us.authority]).succeeds();
    refused.push(delegated);
    let closable = owned(vm);
    let owner = us.program.owner;
    let hand = token::set_authority(&closable, &world.attacker.pubkey(), AuthorityType::CloseAccount, &owner);
    vm.send(&[us.program.calls(hand)], &[&us.authority]).succeeds();
    refused.push(closable);
    let frozen = owned(vm);
    vm.edit(&frozen, |account| account.data[108] = 2);
    refused.push(frozen);
    // the same bytes under a program that says what it likes, a mint, a wallet, nothing at all
    let copy = vm.key().pubkey();
    let mut alike = vm.account(&us.vault).expect("the vault");
    alike.owner = us.program.program;
    vm.put(copy, alike);
    refused.extend([copy, us.mint, us.authority.pubkey(), vm.key().pubkey()]);
    for vault in refused {
        let register = world.us.register_limiter(&world.vm, world.us.market, vault, &settings);
        world.vm.send(&[register], &[&world.us.authority]).fails_with(VaultNotGuardable);
    }
}

#[test]
pub(crate) fn a_keepers_registration_has_bounds() {
    let mut world = World::with(|setup| setup.armed = false);
    type Change = fn(&mut KeeperSettings);
    let unsound: [Change; 8] = [
        |s| s.key = Pubkey::default(),
        |s| s.max_seconds = MINOR_MIN - 1,
        |s| s.max_seconds = MINOR_MAX + 1,
        |s| s.raises_per_day = 0,
        |s| s.raises_per_day = KEEPER_RAISES_PER_DAY_MAX + 1,
        |s| s.term = 0,
        |s| s.term = KEEPER_TERM_MAX + 1,
        |s| s.term = u32::MAX,
    ];
    for change in unsound {
        let mut settings = KeeperSettings { key: world.vm.key().pubkey(), ..Setup::default().keepers[0] };
        change(&mut settings);
        let register = world.us.register_keeper(&world.vm, &settings);
        world.vm.send(&[register], &[&world.us.authority]).fails_with(KeeperSettingOutOfBounds);
    }
}

#[test]
pub(crate) fn registration_closes_with_the_first_armed_limiter() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let setup = Setup::default();
    let market = world.us.register_market(&mut world.vm, 1, &setup.market);
    let (other, _) = world.us.guard_vault(&mut world.vm, market, FUNDS, &setup.limiter);
    let arm = world.us.arm(&world.vm, other);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();

    let vault = token::account(&mut world.vm, &world.us.authority, &world.us.mint, &world.us.program.owner);
    let keeper = KeeperSettings { key: world.vm.key().pubkey(), ..setup.keepers[0] };
    for register in [
        world.us.create_market(&world.vm, 2, &setup.market),
        world.us.register_limiter(&world.vm, market, vault, &setup.limiter),
        world.us.register_keeper(&world.vm, &keeper),
    ] {
        world.vm.send(&[register], &[&world.us.authority]).fails_with(RegistrationClosed);
    }
    // arming another is a tightening
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(std::slice::from_ref(&arm), &[&world.us.authority]).succeeds();
    world.vm.send(&[arm], &[&world.us.authority]).fails_with(AlreadyArmed);
    assert_eq!(world.protocol().armed_limiters, 2);
}

#[test]
pub(crate) fn a_stranger_registers_and_arms_nothing() {
    let mut world = World::with(|setup| setup.armed = false);
    let setup = Setup::default();
    let vault = token::account(&mut world.vm, &world.us.authority, &world.us.mint, &world.us.program.owner);
    let keeper = KeeperSettings { key: world.attacker.pubkey(), ..setup.keepers[0] };
    let mut stolen = [
        world.us.create_market(&world.vm, 1, &setup.market),
        world.us.register_limiter(&world.vm, world.us.market, vault, &setup.limiter),
        world.us.register_keeper(&world.vm, &keeper),
        world.us.arm(&world.vm, world.us.vault),
    ];
    for instruction in &mut stolen {
        for account in &mut instruction.accounts {
            if account.pubkey == world.us.authority.pubkey() {
                account.pubkey = world.attacker.pubkey();
            }
        }
        world.vm.send(std::slice::from_ref(instruction), &[&world.attacker]).fails_with(NotTheAuthority);
    }
}

#[test]
fn nothing_is_created_twice() {
    let mut world = World::with(|setup| setup.armed = false);
    let setup = Setup::default();
    let market = world.us.create_market(&world.vm, 0, &setup.market);
    let limiter = world.us.register_limiter(&world.vm, world.us.market, world.us.vault, &setup.limiter);
    let keeper = KeeperSettings { key: world.us.keepers[0].pubkey(), ..setup.keepers[0] };
    let keeper = world.us.register_keeper(&world.vm, &keeper);
    // the System program refuses an address in use
    let in_use = solana_instruction::error::InstructionError::Custom(0);
    for again in [market, limiter, keeper] {
        world.vm.send(&[again], &[&world.us.authority]).fails_as(&in_use);
    }
    let guardians = (0..3).map(|_| world.vm.key().pubkey()).collect();
    let settings = ProtocolSettings::starting(world.attacker.pubkey(), guardians);
    let key = world.alice.pubkey();
    let create = world.us.program.calls(instruction::create_protocol(key, world::PROGRAM, &settings));
    world.send(&[create]).fails_as(&in_use);
}

/// A latch remembers in 64 bits which rules it stands for.
#[test]
pub(crate) fn a_market_has_so_many_rules_of_a_kind() {
    let mut banded = Banded::unregistered(Feed::default());
    let (us, key) = (&banded.world.us, banded.world.us.authority.pubkey());
    for (index, fits) in [(RULES_PER_MARKET, false), (RULES_PER_MARKET - 1, true)] {
        let segment = us.segment(&banded.world.vm);
        let (protocol, market) = (us.protocol, us.market);
        let band = instruction::register_band(key, key, protocol, market, index, &banded.settings, segment);
        let outcome = banded.world.vm.send(&[band], &[&us.authority]);
        if fits {
            outcome.succeeds();
        } else {
            outcome.fails_with(RulePlace);
        }
    }
    let mut balanced = Balanced::unregistered();
    let (us, key) = (&balanced.world.us, balanced.world.us.authority.pubkey());
    let new = NewInvariant {
        market: us.market,
        index: RULES_PER_MARKET,
        settings: &balanced.settings,
        terms: &balanced.terms,
    };
    let beyond = instruction::register_invariant(key, key, us.protocol, &new, us.segment(&balanced.world.vm));
    balanced.world.vm.send(&[beyond], &[&us.authority]).fails_with(RulePlace);
    // limiters are counted
    let mut world = World::with(|setup| setup.armed = false);
    assert_eq!((world.market().limiters, world.limiter().place), (1, 0));
    let (_, second) = world.us.guard_vault(&mut world.vm, world.us.market, 1_000, &Setup::default().limiter);
    assert_eq!(world.vm.read::<Limiter>(&second).place, 1);
    let count = std::mem::offset_of!(Market, limiters);
    world.vm.edit(&world.us.market, |account| account.data[8 + count] = RULES_PER_MARKET);
    let vault = token::account(&mut world.vm, &world.us.authority, &world.us.mint, &world.us.program.owner);
    let register = world.us.register_limiter(&world.vm, world.us.market, vault, &Setup::default().limiter);
    world.vm.send(&[register], &[&world.us.authority]).fails_with(RulePlace);
}
