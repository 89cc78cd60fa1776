//! The whole of it, as `cargo xtask demo --migrate` runs it: real programs, real RPC and websockets, the real command line.

use std::path::PathBuf;

use firebreak_demo::{
    ChainKind, DemoError, Ground,
    migration::{End, Ending, Report, run},
    programs,
};
use tokio::sync::Mutex;

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn ground(chain: ChainKind) -> Ground {
    Ground {
        chain,
        slot_time: None,
        rpc_port: None,
        programs: programs::folder(),
        progress: |text| eprintln!("{text}"),
    }
}

/// What the drill promises on both chains, however it ends.
async fn drill(chain: ChainKind, ending: Ending) -> Result<Report, DemoError> {
    // delays are seconds: two chains at once would be slow ones
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _alone = ONE_AT_A_TIME.lock().await;
    let report = run(&ground(chain), ending).await?;
    let figures = &report.figures;
    assert_eq!(report.broken(), [], "{figures:?}");
    assert_eq!(figures.chain, chain);
    assert!(figures.bound < figures.vaults[0].before, "a bound of everything bounds nothing: {figures:?}");
    assert!(figures.paused_slot > figures.attack_slot, "{figures:?}");
    assert!(figures.ordered_slot > figures.paused_slot, "{figures:?}");
    let shut: Vec<_> = report.honest.iter().filter(|attempt| attempt.result.is_err()).collect();
    assert!(shut.iter().any(|attempt| attempt.operation == "withdraw"), "a paused market paid out");
    Ok(report)
}

async fn money_comes_back(chain: ChainKind) -> TestResult {
    let report = drill(chain, Ending::Return).await?;
    let figures = &report.figures;
    let [attacked, other] = &figures.vaults;
    assert_eq!(attacked.returned, attacked.moved + figures.thief_waiting, "{figures:?}");
    assert_eq!(other.returned, other.moved, "{figures:?}");
    let End::Return { returned_slot, normal_slot, .. } = figures.end else { panic!("{figures:?}") };
    assert!(normal_slot > returned_slot, "{figures:?}");
    assert_eq!(report.tried.len(), 6);
    Ok(())
}

async fn money_is_shared_out(chain: ChainKind) -> TestResult {
    let report = drill(chain, Ending::Claims).await?;
    let figures = &report.figures;
    assert!(figures.vaults.iter().all(|vault| vault.returned == 0), "{figures:?}");
    let End::Claims { claims, paid, .. } = figures.end else { panic!("{figures:?}") };
    assert_eq!(claims, paid, "{figures:?}");
    // three traders, the resident, two lenders and the treasury have dollars there; the lenders and the treasury have coins
    assert!(claims >= 10, "{figures:?}");
    assert_eq!(report.tried.len(), 7);
    Ok(())
}

mod surfnet {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn money_comes_back() -> TestResult {
        super::money_comes_back(ChainKind::Surfnet).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn money_is_shared_out() -> TestResult {
        super::money_is_shared_out(ChainKind::Surfnet).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn missing_programs_are_named_before_anything_starts() {
        let ground = Ground { programs: PathBuf::from("/nowhere"), ..ground(ChainKind::Surfnet) };
        let error = run(&ground, Ending::Return).await.expect_err("there are none");
        assert!(matches!(error, DemoError::MissingPrograms { .. }), "{error}");
        assert!(error.to_string().contains("breaker_drill.so, venue_drill.so"), "{error}");
    }
}

mod validator {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn money_comes_back() -> TestResult {
        super::money_comes_back(ChainKind::Validator).await
    }

    #[tokio::test(flavor = "multi_thread")]
    #[cfg_attr(
        not(feature = "validator"),
        ignore = "needs solana-test-validator: cargo xtask test --validator"
    )]
    async fn money_is_shared_out() -> TestResult {
        super::money_is_shared_out(ChainKind::Validator).await
    }
}
