//! The client's builders and decoders against what Anchor derives from this source.

use anchor_lang::{
    AnchorSerialize, Discriminator, InstructionData, ToAccountMetas,
    prelude::{AccountMeta, AccountSerialize, Pubkey},
    solana_program::instruction::Instruction,
};
use firebreak_client::venue as client;
use firebreak_interface::{
    ids, pda,
    state::{ProtocolSettings, check_coverage},
};

use crate::{accounts, error::VenueError, instruction, state};

/// The accounts of everything that the tests build.
struct World {
    venue: client::Venue,
    user: Pubkey,
    mint: Pubkey,
    token_account: Pubkey,
}

impl World {
    fn new() -> Self {
        let mint = Pubkey::new_unique();
        Self {
            venue: client::Venue::new(vec![mint, Pubkey::new_unique()]),
            user: Pubkey::new_unique(),
            mint,
            token_account: Pubkey::new_unique(),
        }
    }

    fn gated(&self) -> accounts::Gated {
        accounts::Gated {
            venue: Pubkey::find_program_address(&[state::seeds::VENUE], &crate::ID).0,
            protocol: self.venue.protocol,
            market: pda::market(&self.venue.protocol, 0).0,
        }
    }

    fn guarded(&self, mint: &Pubkey) -> accounts::Guarded {
        let vault = Pubkey::find_program_address(&[state::seeds::VAULT, mint.as_ref()], &crate::ID).0;
        accounts::Guarded {
            gate: self.gated(),
            vault,
            limiter: pda::limiter(&self.venue.protocol, &vault).0,
            recorder: pda::recorder(&crate::ID).0,
            breaker: ids::BREAKER,
        }
    }

    fn wallet(&self, mint: Pubkey) -> accounts::Wallet {
        accounts::Wallet { mint, account: self.token_account, token_program: anchor_spl::token::ID }
    }

    fn portfolio(&self) -> Pubkey {
        Pubkey::find_program_address(&[state::seeds::PORTFOLIO, self.user.as_ref()], &crate::ID).0
    }

    fn vault_authority(&self) -> Pubkey {
        Pubkey::find_program_address(&[state::seeds::VAULT_AUTHORITY], &crate::ID).0
    }

    fn oracle(&self, mint: &Pubkey) -> Pubkey {
        Pubkey::find_program_address(&[state::seeds::ORACLE, mint.as_ref()], &crate::ID).0
    }

    fn oracles(&self) -> Vec<AccountMeta> {
        self.venue.mints.iter().map(|mint| AccountMeta::new_readonly(self.oracle(mint), false)).collect()
    }

    #[track_caller]
    fn same(&self, built: Instruction, accounts: impl ToAccountMetas, args: impl InstructionData) {
        self.same_with(built, accounts, args, Vec::new());
    }

    #[track_caller]
    fn same_with(
        &self,
        built: Instruction,
        accounts: impl ToAccountMetas,
        args: impl InstructionData,
        remaining: Vec<AccountMeta>,
    ) {
        let mut metas = accounts.to_account_metas(None);
        metas.extend(remaining);
        assert_eq!(built.program_id, crate::ID);
        assert_eq!(built.data, args.data());
        assert_eq!(built.accounts, metas);
    }
}

#[test]
fn the_admins_instructions_are_the_same() {
    let world = World::new();
    let (venue, admin, mint) = (&world.venue, world.user, world.mint);
    let upgrade_authority = Pubkey::new_unique();
    let loader = anchor_lang::solana_program::bpf_loader_upgradeable::ID;
    world.same(
        venue.initialize(admin, upgrade_authority),
        accounts::Initialize {
            admin,
            upgrade_authority,
            program_data: Pubkey::find_program_address(&[crate::ID.as_ref()], &loader).0,
            venue: world.gated().venue,
            system_program: anchor_lang::system_program::ID,
        },
        instruction::Initialize {},
    );
    let settings = ProtocolSettings::starting(admin, vec![Pubkey::new_unique(); 3]);
    world.same(
        venue.connect(admin, &settings),
        accounts::Connect {
            admin,
            venue: world.gated().venue,
            recorder: pda::recorder(&crate::ID).0,
            program: crate::ID,
            protocol: venue.protocol,
            journal: pda::journal(&venue.protocol).0,
            system_program: anchor_lang::system_program::ID,
            event_authority: pda::event_authority().0,
            breaker: ids::BREAKER,
        },
        instruction::Connect { settings },
    );
    let bounds = (8_000u16, 9_000u16, 60u32);
    let listing = |(collateral_factor_bps, liquidation_factor_bps, max_price_age)| {
        client::CollateralSettings { collateral_factor_bps, liquidation_factor_bps, max_price_age }
    };
    world.same(
        venue.list_collateral(admin, mint, listing(bounds)),
        accounts::ListCollateral {
            admin,
            venue: world.gated().venue,
            protocol: venue.protocol,
            market: venue.market,
            mint,
            vault_authority: world.vault_authority(),
            vault: world.guarded(&mint).vault,
            oracle: world.oracle(&mint),
            token_program: anchor_spl::token::ID,
            system_program: anchor_lang::system_program::ID,
        },
        instruction::ListCollateral {
            settings: state::CollateralSettings {
                collateral_factor_bps: bounds.0,
                liquidation_factor_bps: bounds.1,
                max_price_age: bounds.2,
            },
        },
    );
    world.same(
        venue.set_price(admin, mint, 5, -6),
        accounts::SetPrice { admin, venue: world.gated().venue, oracle: world.oracle(&mint) },
        instruction::SetPrice { price: 5, published_at: -6 },
    );
}

#[test]
fn the_users_instructions_are_the_same() {
    let world = World::new();
    let (venue, owner, mint, account) = (&world.venue, world.user, world.mint, world.token_account);
    let (portfolio, vault_authority) = (world.portfolio(), world.vault_authority());
    world.same(
        venue.create_portfolio(owner),
        accounts::CreatePortfolio { owner, portfolio, system_program: anchor_lang::system_program::ID },
        instruction::CreatePortfolio {},
    );
    let (wallet, guard) = (|| world.wallet(mint), || world.guarded(&mint));
    world.same(
        venue.deposit(owner, mint, account, 9),
        accounts::Deposit { owner, portfolio, wallet: wallet(), guard: guard() },
        instruction::Deposit { amount: 9 },
    );
    world.same(
        venue.add_collateral(owner, mint, account, 9),
        accounts::AddCollateral { owner, portfolio, wallet: wallet(), guard: guard() },
        instruction::AddCollateral { amount: 9 },
    );
    world.same(
        venue.repay(owner, mint, account, 9),
        accounts::Repay { owner, portfolio, wallet: wallet(), guard: guard() },
        instruction::Repay { amount: 9 },
    );
    world.same_with(
        venue.withdraw(owner, mint, account, 9),
        accounts::Withdraw {
            owner,
            portfolio,
            wallet: wallet(),
            vault_authority,
            guard: guard(),
            holding: accounts::Holding {
                route: None,
                safe: None,
                tokens: None,
                held: None,
                system_program: None,
                journal: None,
                segment: None,
                event_authority: None,
            },
        },
        instruction::Withdraw { amount: 9, hold_as: None },
        world.oracles(),
    );
    for segment in [None, Some(3)] {
        let safe = pda::safe(&venue.market, &mint).0;
        world.same_with(
            venue.withdraw_or_hold(owner, mint, account, (9, 7), segment),
            accounts::Withdraw {
                owner,
                portfolio,
                wallet: wallet(),
                vault_authority,
                guard: guard(),
                holding: accounts::Holding {
                    route: Some(pda::route(&venue.market, &guard().vault).0),
                    safe: Some(safe),
                    tokens: Some(pda::safe_tokens(&safe).0),
                    held: Some(pda::held(&safe, &owner, 7).0),
                    system_program: Some(anchor_lang::system_program::ID),
                    journal: Some(pda::journal(&venue.protocol).0),
                    segment: segment.map(|number| pda::segment(&venue.protocol, number).0),
                    event_authority: Some(pda::event_authority().0),
                },
            },
            instruction::Withdraw { amount: 9, hold_as: Some(7) },
            world.oracles(),
        );
    }
    world.same_with(
        venue.borrow(owner, mint, account, 9),
        accounts::Borrow { owner, portfolio, wallet: wallet(), vault_authority, guard: guard() },
        instruction::Borrow { amount: 9 },
        world.oracles(),
    );
    world.same_with(
        venue.open(owner, 1, -5, 7),
        accounts::Open { owner, portfolio, guard: world.gated() },
        instruction::Open { index: 1, size: -5, worst_price: 7 },
        world.oracles(),
    );
    world.same_with(
        venue.close(owner, 1, 7),
        accounts::Close { owner, portfolio, guard: world.gated() },
        instruction::Close { index: 1, worst_price: 7 },
        world.oracles(),
    );
}

#[test]
fn everybodys_instructions_are_the_same() {
    let world = World::new();
    let (venue, portfolio) = (&world.venue, world.portfolio());
    let (caller, debt, collateral) = (Pubkey::new_unique(), venue.mints[0], venue.mints[1]);
    let side = |mint| client::Side { mint, account: world.token_account };
    world.same_with(
        venue.unwind(caller, world.user),
        accounts::Unwind { caller, portfolio, guard: world.gated() },
        instruction::Unwind {},
        world.oracles(),
    );
    world.same_with(
        venue.liquidate(caller, world.user, side(debt), side(collateral), 9),
        accounts::Liquidate {
            liquidator: caller,
            portfolio,
            debt_wallet: world.wallet(debt),
            collateral_wallet: world.wallet(collateral),
            vault_authority: world.vault_authority(),
            debt_guard: world.guarded(&debt),
            collateral_guard: world.guarded(&collateral),
        },
        instruction::Liquidate { amount: 9 },
        world.oracles(),
    );
    for (venue, owner, segment) in [
        (venue.clone(), world.vault_authority(), None),
        (venue.clone().in_custody(), pda::route(&venue.market, &world.guarded(&debt).vault).0, Some(3)),
    ] {
        let (vault, safe) = (world.guarded(&debt).vault, pda::safe(&venue.market, &debt).0);
        world.same(
            venue.migrate_vault(debt, segment),
            accounts::MigrateVault {
                venue: venue.address,
                protocol: venue.protocol,
                market: venue.market,
                limiter: pda::limiter(&venue.protocol, &vault).0,
                route: pda::route(&venue.market, &vault).0,
                vault,
                vault_authority: owner,
                mint: debt,
                safe,
                tokens: pda::safe_tokens(&safe).0,
                token_program: anchor_spl::token::ID,
                instructions: firebreak_interface::instruction::INSTRUCTIONS,
                journal: pda::journal(&venue.protocol).0,
                segment: segment.map(|number| pda::segment(&venue.protocol, number).0),
                event_authority: pda::event_authority().0,
                breaker: ids::BREAKER,
            },
            instruction::MigrateVault {},
        );
    }
    #[cfg(feature = "drainable")]
    world.same(
        venue.claim_rebate(caller, debt, world.token_account, 9),
        accounts::ClaimRebate {
            owner: caller,
            wallet: world.wallet(debt),
            vault_authority: world.vault_authority(),
            guard: world.guarded(&debt),
        },
        instruction::ClaimRebate { amount: 9 },
    );
}

/// Bytes of an account as the program stores it.
fn stored(account: &impl AccountSerialize) -> Vec<u8> {
    let mut data = Vec::new();
    account.try_serialize(&mut data).expect("memory is there");
    data
}

/// The same value, written by the client.
fn written<T: AnchorSerialize, D: Discriminator>(value: &T) -> Vec<u8> {
    let mut data = D::DISCRIMINATOR.to_vec();
    value.serialize(&mut data).expect("memory is there");
    data
}

#[test]
fn the_accounts_read_the_same() {
    let mut venue = state::Venue { admin: Pubkey::new_unique(), bump: 9, ..Default::default() };
    venue.connect(Pubkey::new_unique(), Pubkey::new_unique()).expect("not connected yet");
    let collateral = state::Collateral {
        mint: Pubkey::new_unique(),
        unit: 1_000,
        settings: state::CollateralSettings { max_price_age: 7, ..Default::default() },
        ..Default::default()
    };
    venue.list(collateral).expect("there is room");
    let data = stored(&venue);
    let read = client::VenueState::decode(&crate::ID, &data).expect("a venue");
    assert_eq!(written::<_, state::Venue>(&read), data);
    assert_eq!(client::Venue::from(&read).mints, [collateral.mint]);

    let oracle = state::Oracle { price: 5, published_at: -6, ..Default::default() };
    let data = stored(&oracle);
    let read = client::Oracle::decode(&crate::ID, &data).expect("an oracle");
    assert_eq!(written::<_, state::Oracle>(&read), data);

    let mut portfolio = state::Portfolio { owner: Pubkey::new_unique(), bump: 3, ..Default::default() };
    portfolio.balances[1].deposit(77).expect("it fits");
    portfolio.positions[2].open(-4, 5).expect("none is open");
    let data = stored(&portfolio);
    let read = client::Portfolio::decode(&crate::ID, &data).expect("a portfolio");
    assert_eq!(written::<_, state::Portfolio>(&read), data);

    let foreign = Pubkey::new_unique();
    assert_eq!(
        client::Portfolio::decode(&foreign, &data),
        Err(client::VenueAccountError::WrongOwner(foreign))
    );
    assert_eq!(
        client::Oracle::decode(&crate::ID, &data),
        Err(client::VenueAccountError::WrongKind("Oracle"))
    );
    assert_eq!(
        client::Portfolio::decode(&crate::ID, &data[..50]),
        Err(client::VenueAccountError::CutShort("Portfolio"))
    );
}

#[test]
fn the_errors_have_the_same_names() {
    let first = u32::from(VenueError::NotTheUpgradeAuthority);
    assert_eq!(client::error_name(first - 1), None);
    for (error, name) in [
        (VenueError::NotTheUpgradeAuthority, "NotTheUpgradeAuthority"),
        (VenueError::AboveDeposit, "AboveDeposit"),
        (VenueError::MarginOverflow, "MarginOverflow"),
        (VenueError::HoldElsewhere, "HoldElsewhere"),
    ] {
        assert_eq!(client::error_name(error.into()), Some(name));
        assert_eq!(error.name(), name);
    }
    assert_eq!(client::error_name(u32::from(VenueError::HoldElsewhere) + 1), None);
}

#[test]
fn no_instruction_is_missing_from_the_coverage_table() {
    let idl = include_str!("../../../idl/venue.json");
    let idl: serde_json::Value = serde_json::from_str(idl).expect("the description is JSON");
    let instructions = idl["instructions"].as_array().expect("a list");
    let names = instructions.iter().filter_map(|instruction| instruction["name"].as_str());
    assert_eq!(check_coverage(&client::coverage(), names), Ok(()));
}
