//! The whole of it, as `cargo xtask demo` runs it: real programs, real RPC and websockets, a keeper of its own.

use std::path::PathBuf;

use firebreak_demo::{ChainKind, DemoError, Ground, Path, Report, Scenario, programs, run};
use tokio::sync::Mutex;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn scenario(path: Path, chain: ChainKind) -> Scenario {
    Scenario {
        path,
        ground: Ground {
            chain,
            slot_time: None,
            rpc_port: None,
            programs: programs::folder(),
            progress: |text| eprintln!("{text}"),
        },
        keeper: programs::keeper(),
    }
}

/// What both paths promise on both chains.
async fn is_contained(path: Path, chain: ChainKind) -> Result<Report, DemoError> {
    // What is measured in slots has the machine for itself.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = run(&scenario(path, chain)).await?;
    let figures = &report.figures;
    assert_eq!(report.broken(), [], "{figures:?}");
    assert_eq!(figures.chain, chain);
    // Without the breaker nothing is left but what is not worth a transaction.
    assert!(figures.lost_without >= report.at_stake_without / 100 * 99, "{figures:?}");
    assert!(figures.lost_with > 0, "an attack that gets nothing shows nothing: {figures:?}");
    assert!(figures.latched_slot >= Some(figures.attack_slot), "{figures:?}");
    assert!(figures.landed_slot.is_some(), "the keeper did nothing: {figures:?}");
    let open = report.honest.iter().filter(|attempt| attempt.result.is_ok());
    let open: Vec<_> = open.map(|attempt| attempt.operation).collect();
    for wanted in ["deposit", "add collateral", "repay", "close a position"] {
        assert!(open.contains(&wanted), "{wanted} is not in {open:?}");
    }
    assert!(!open.contains(&"withdraw"), "a latched market paid out: {open:?}");
    Ok(report)
}

async fn a_recorded_drain_stays_below_the_bound(chain: ChainKind) -> TestResult {
    let report = is_contained(Path::Recorded, chain).await?;
    let bound = report.figures.bound.ok_or("a recorded path has a bound")?;
    assert!(report.figures.lost_with <= bound);
    assert!(bound < report.at_stake, "a bound of everything bounds nothing");
    Ok(())
}

async fn an_undeclared_drain_closes_the_market_at_once(chain: ChainKind) -> TestResult {
    let report = is_contained(Path::Undeclared, chain).await?;
    let figures = &report.figures;
    assert_eq!(figures.bound, None);
    let closed = figures.closed_slot.ok_or("the market never closed")?;
    assert!((figures.attack_slot..=figures.attack_slot + 2).contains(&closed), "{figures:?}");
    Ok(())
}

mod surfnet {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_recorded_drain_stays_below_the_bound() -> TestResult {
        super::a_recorded_drain_stays_below_the_bound(ChainKind::Surfnet).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_undeclared_drain_closes_the_market_at_once() -> TestResult {
        super::an_undeclared_drain_closes_the_market_at_once(ChainKind::Surfnet).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn missing_programs_are_named_before_anything_starts() {
        let mut scenario = scenario(Path::Recorded, ChainKind::Surfnet);
        scenario.ground.programs = PathBuf::from("/nowhere");
        let error = run(&scenario).await;
        let text = error.expect_err("there are none").to_string();
        assert!(text.contains("cargo xtask build --all") && text.contains("/nowhere"), "{text}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_keeper_that_dies_is_told_with_its_last_words() -> TestResult {
        let folder = tempfile::tempdir()?;
        let keeper = script(folder.path(), "echo 'no such protocol' >&2; exit 5")?;
        let error = run(&Scenario { keeper, ..scenario(Path::Recorded, ChainKind::Surfnet) }).await;
        let error = error.expect_err("it ended");
        assert!(matches!(error, DemoError::KeeperEnded { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("no such protocol") && text.contains('5'), "{text}");
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_port_in_use_is_named() -> TestResult {
        let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        let port = taken.local_addr()?.port();
        let mut scenario = scenario(Path::Recorded, ChainKind::Surfnet);
        scenario.ground.rpc_port = Some(port);
        let error = anyhow::Error::from(run(&scenario).await.expect_err("the port is taken"));
        assert!(format!("{error:#}").contains(&port.to_string()), "{error:#}");
        Ok(())
    }

    fn script(folder: &std::path::Path, body: &str) -> std::io::Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        let file = folder.join("keeper");
        std::fs::write(&file, format!("#!/bin/sh\n{body}\n"))?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
        Ok(file)
    }
}

mod validator {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn a_recorded_drain_stays_below_the_bound() -> TestResult {
        super::a_recorded_drain_stays_below_the_bound(ChainKind::Validator).await
    }

    #[tokio::test(flavor = "multi_thread")]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn an_undeclared_drain_closes_the_market_at_once() -> TestResult {
        super::an_undeclared_drain_closes_the_market_at_once(ChainKind::Validator).await
    }
}
