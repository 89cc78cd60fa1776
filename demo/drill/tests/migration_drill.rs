//! The whole of it, as `cargo xtask demo --migrate` runs it: real programs, real RPC and websockets, the real command line.

use std::path::PathBuf;

use firebreak_demo::{
    ChainKind, DemoError, Ground,
    migration::{Report, run},
    programs,
};

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

/// What the drill promises on both chains.
async fn money_goes_to_safety_and_comes_back(chain: ChainKind) -> TestResult {
    let report: Report = run(&ground(chain)).await?;
    let figures = &report.figures;
    assert_eq!(report.broken(), [], "{figures:?}");
    assert_eq!(figures.chain, chain);
    let [attacked, other] = &figures.vaults;
    assert!(figures.bound < attacked.before, "a bound of everything bounds nothing: {figures:?}");
    assert_eq!(attacked.returned, attacked.moved + figures.thief_waiting, "{figures:?}");
    assert_eq!(other.returned, other.moved, "{figures:?}");
    assert!(figures.paused_slot > figures.attack_slot, "{figures:?}");
    assert!(figures.ordered_slot > figures.paused_slot, "{figures:?}");
    assert!(figures.normal_slot > figures.returned_slot, "{figures:?}");
    assert!(report.malicious_refused > 0, "he never met the gate");
    assert_eq!(report.tried.len(), 5);
    let shut: Vec<_> = report.honest.iter().filter(|attempt| attempt.result.is_err()).collect();
    assert!(shut.iter().any(|attempt| attempt.operation == "withdraw"), "a paused market paid out");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_to_safety_and_comes_back_on_a_surfnet() -> TestResult {
    money_goes_to_safety_and_comes_back(ChainKind::Surfnet).await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(feature = "validator"), ignore = "needs solana-test-validator: cargo xtask test --validator")]
async fn money_goes_to_safety_and_comes_back_on_a_validator() -> TestResult {
    money_goes_to_safety_and_comes_back(ChainKind::Validator).await
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_programs_are_named_before_anything_starts() {
    let ground = Ground { programs: PathBuf::from("/nowhere"), ..ground(ChainKind::Surfnet) };
    let error = run(&ground).await.expect_err("there are none");
    assert!(matches!(error, DemoError::MissingPrograms { .. }), "{error}");
    assert!(error.to_string().contains("breaker_drill.so, venue_drill.so"), "{error}");
}
