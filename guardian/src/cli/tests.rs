//! The command line by itself.

use clap::{CommandFactory, error::ErrorKind};
use firebreak_interface::{
    Operation,
    state::{BandSettings, Feed, LimiterSettings, MarketSettings},
};

use super::*;
use crate::{act::register, setting};

fn refused(arguments: &str) -> ErrorKind {
    Cli::try_parse_from(arguments.split(' ')).expect_err(arguments).kind()
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn help_says_what_a_pause_cannot_do_and_what_exit_codes_mean() {
    let mut command = Cli::command();
    command.build();
    let pause = command.find_subcommand_mut("pause").expect("a command").render_long_help().to_string();
    assert!(pause.contains("When:") && pause.contains("It cannot:"), "{pause}");
    for name in [
        "confirm",
        "resume",
        "freeze",
        "maintenance",
        "approve",
        "veto",
        "migrate",
        "held",
        "release",
        "claims",
    ] {
        let help = command.find_subcommand_mut(name).expect(name).render_long_help().to_string();
        assert!(help.contains("When:") && help.contains("It cannot:"), "{help}");
    }
    let help = command.render_long_help().to_string();
    assert!(help.contains("Exit codes:") && help.contains("10  sent, and it can no longer land"), "{help}");
}

#[test]
fn what_must_be_said_is_asked_for() {
    assert_eq!(refused("g pause"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g pause --all --market 0"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("g pause --all --operations steal"), ErrorKind::ValueValidation);
    assert_eq!(refused("g tighten market:0"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g propose protocol --unpin --detach"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("g propose protocol --approve-upgrade 00"), ErrorKind::ValueValidation);
    assert_eq!(refused("g status --dry-run --print"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("g propose protocol --guardians veto"), ErrorKind::ValueValidation);
    assert_eq!(refused("g execute -1"), ErrorKind::UnknownArgument);
    assert_eq!(refused("g confirm --market 0"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g resume"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g resume --all --source nobody"), ErrorKind::ValueValidation);
    assert_eq!(refused("g resume --all --severity normal"), ErrorKind::ValueValidation);
    assert_eq!(refused("g maintenance 0"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g approve 1/x"), ErrorKind::ValueValidation);
    assert_eq!(refused("g send"), ErrorKind::MissingRequiredArgument);
    let other = Pubkey::new_from_array([5; 32]);
    // an order or the moves, not both at once
    assert_eq!(refused("g migrate"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g migrate --market 0 --move --propose"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("g migrate --market 0 --move --severity major"), ErrorKind::ArgumentConflict);
    assert_eq!(refused(&format!("g migrate --market 0 --vault {other}")), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g held decide 3 --market 0"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("g held decide 3 --market 0 --pay --refuse"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("g held flag 3..1 --market 0"), ErrorKind::ValueValidation);
    assert_eq!(refused(&format!("g release propose --vault {other}")), ErrorKind::MissingRequiredArgument);
    assert_eq!(
        refused(&format!("g propose route --market 0 --vault {other} --hold all")),
        ErrorKind::InvalidValue
    );
    assert_eq!(refused(&format!("g freeze --propose --with {other}")), ErrorKind::ArgumentConflict);
}

fn asked(arguments: &str) -> Option<register::Asked> {
    let cli = Cli::try_parse_from(arguments.split(' ')).unwrap_or_else(|error| panic!("{error}"));
    match cli.command {
        Command::Propose(propose) => propose.new.map(|new| new.asked().0),
        _ => None,
    }
}

#[test]
fn what_is_registered_is_told_apart_from_what_is_changed() {
    let key = Pubkey::new_from_array([5; 32]);
    assert!(asked("g propose market:0 --set dwell=1h").is_none());
    assert!(asked(&format!("g propose keeper:{key} --revoke")).is_none());
    let market = "g propose market 3 --minor-closes none --major-closes borrow --critical-closes all";
    let Some(register::Asked::Market { id: 3, settings }) = asked(market) else { panic!("a market") };
    // what goes for every command goes before it too
    assert!(asked(&market.replace("propose", "propose --yes")).is_some());
    let (none, borrow) = (Operations::default(), Operations::of(&[Operation::BORROW]));
    assert_eq!(settings, MarketSettings::closing(none, borrow, Operations::NON_EXITS));
    let tight = "--minor-max-order 9 --major-max-leverage 5x --critical-margin 1.5x --critical-max-order 2";
    let Some(register::Asked::Market { settings, .. }) = asked(&format!("{market} {tight}")) else {
        panic!("a market")
    };
    // what is not said of a severity is as the one below has it
    assert_eq!(settings.responses.map(|one| one.limits.max_order), [9, 9, 2]);
    assert_eq!(settings.responses.map(|one| one.limits.max_leverage_bps), [u32::MAX, 50_000, 50_000]);
    assert_eq!(settings.responses.map(|one| one.limits.margin_multiplier_bps), [10_000, 10_000, 15_000]);

    let limiter = format!("g propose limiter {key} --market 0 --bootstrap-cap 5 --floor 1");
    let Some(register::Asked::Limiter { settings, .. }) = asked(&limiter) else { panic!("a limiter") };
    assert_eq!(settings, LimiterSettings::starting(0, 0), "what is not said is as the docs start");
    let band = format!("g propose band 1/2 --price {key}");
    let Some(register::Asked::Band { market: 1, index: 2, settings, .. }) = asked(&band) else {
        panic!("a band")
    };
    assert_eq!(settings, BandSettings::starting(Feed::default(), Feed::default()));
}

/// Which fields an option changes, and to what.
fn changed<S: setting::Named>(settings: impl Fn(&str) -> S, option: &str) -> Vec<(&'static str, String)> {
    let (start, with) = (settings("").fields(), settings(option).fields());
    with.into_iter().zip(start).filter(|(new, old)| new != old).map(|(new, _)| new).collect()
}

#[test]
fn each_option_says_the_field_that_it_is_called_after() {
    let key = Pubkey::new_from_array([5; 32]);
    let limiter = |rest: &str| match asked(
        format!("g propose limiter {key} --market 0 --bootstrap-cap 5 --floor 1 {rest}").trim(),
    ) {
        Some(register::Asked::Limiter { settings, .. }) => settings,
        other => panic!("{other:?}"),
    };
    for (option, field, value) in [
        ("--short 2h", "short.seconds", "2 h"),
        ("--short-rate 1%", "short.rate_bps", "100 bps"),
        ("--long 2d", "long.seconds", "2 d"),
        ("--long-rate 2%", "long.rate_bps", "200 bps"),
        ("--elastic 3%", "elastic_bps", "300 bps"),
        ("--elastic-window 2m", "elastic_seconds", "2 min"),
        ("--gross 4%", "gross_bps", "400 bps"),
        ("--gross-window 3h", "gross_seconds", "3 h"),
        ("--undeclared-soft 0.5%", "undeclared_soft_bps", "50 bps"),
        ("--undeclared-hard 6%", "undeclared_hard_bps", "600 bps"),
        ("--undeclared-window 4h", "undeclared_seconds", "4 h"),
        ("--soft 7%", "soft_bps", "700 bps"),
        ("--soft-severity major", "soft_severity", "Major"),
        ("--hard-severity critical", "hard_severity", "Critical"),
    ] {
        assert_eq!(changed(limiter, option), [(field, value.to_owned())], "{option}");
    }
    let band = |rest: &str| match asked(format!("g propose band 1/2 --price {key} {rest}").trim()) {
        Some(register::Asked::Band { settings, .. }) => settings,
        other => panic!("{other:?}"),
    };
    for (option, field, value) in [
        ("--max-age 5m", "max_age", "5 min"),
        ("--max-confidence 1%", "max_conf_bps", "100 bps"),
        ("--stale-severity major", "stale_severity", "Major"),
        ("--wide-severity major", "wide_severity", "Major"),
        ("--minor-deviation 1%", "minor.deviation_bps", "100 bps"),
        ("--major-deviation 2%", "major.deviation_bps", "200 bps"),
        ("--critical-deviation 3%", "critical.deviation_bps", "300 bps"),
        ("--minor-divergence 4%", "minor.divergence_bps", "400 bps"),
        ("--major-divergence 6%", "major.divergence_bps", "600 bps"),
        ("--critical-divergence 7%", "critical.divergence_bps", "700 bps"),
        ("--step 8%", "step_bps", "800 bps"),
        ("--observe-within 9m", "observe_within", "9 min"),
    ] {
        assert_eq!(changed(band, option), [(field, value.to_owned())], "{option}");
    }
    let market = |rest: &str| {
        let closes = "--minor-closes none --major-closes none --critical-closes none";
        match asked(format!("g propose market 3 {closes} {rest}").trim()) {
            Some(register::Asked::Market { settings, .. }) => settings,
            other => panic!("{other:?}"),
        }
    };
    for (option, field, value) in [
        ("--minor-for 1h", "minor.seconds", "1 h"),
        ("--major-for 2h", "major.seconds", "2 h"),
        ("--critical-for 9h", "critical.seconds", "9 h"),
        ("--dwell 3h", "dwell", "3 h"),
        ("--liquidation-grace 4h", "liquidation_grace", "4 h"),
        ("--critical-closes-exits", "critical_closes_exits", "true"),
        ("--critical-max-position 5", "critical.max_position", "5"),
        ("--critical-max-order 6", "critical.max_order", "6"),
        ("--critical-max-leverage 7x", "critical.max_leverage_bps", "70000 bps"),
        ("--critical-margin 8x", "critical.margin_multiplier_bps", "80000 bps"),
    ] {
        assert_eq!(changed(market, option), [(field, value.to_owned())], "{option}");
    }
    // of Minor and Major it goes for those above too
    for (option, field) in [
        ("--minor-max-position", "max_position"),
        ("--minor-max-order", "max_order"),
        ("--minor-max-leverage", "max_leverage_bps"),
        ("--minor-margin", "margin_multiplier_bps"),
    ] {
        let value = if field.ends_with("bps") { "2x" } else { "2" };
        let names = |option: String| -> Vec<_> { changed(market, &option).iter().map(|one| one.0).collect() };
        let of = |severities: &[&str]| -> Vec<_> {
            severities.iter().map(|one| format!("{one}.{field}")).collect()
        };
        assert_eq!(names(format!("{option} {value}")), of(&["minor", "major", "critical"]));
        assert_eq!(
            names(format!("{} {value}", option.replace("minor", "major"))),
            of(&["major", "critical"])
        );
    }
}

#[test]
fn a_registration_asks_for_what_it_cannot_know() {
    let key = Pubkey::new_from_array([5; 32]);
    let missing = ErrorKind::MissingRequiredArgument;
    assert_eq!(refused("g propose"), missing);
    assert_eq!(refused("g propose market 3 --minor-closes none"), missing);
    assert_eq!(refused(&format!("g propose limiter {key} --market 0 --floor 1")), missing);
    assert_eq!(refused("g propose band 0/0"), missing);
    assert_eq!(refused(&format!("g propose keeper {key} --term 1d")), missing);
    assert_eq!(refused("g propose coverage"), missing);
    let invalid = ErrorKind::ValueValidation;
    assert_eq!(refused(&format!("g propose band 0 --price {key}")), invalid);
    assert_eq!(
        refused(&format!("g propose limiter {key} --market 0 --floor 1 --bootstrap-cap 5 --soft 60")),
        invalid
    );
    assert_eq!(refused("g propose coverage pay"), invalid);
    assert_eq!(refused("g propose limitr --set a=b"), invalid);
    let feed = format!("g propose band 0/0 --price {key} --second-feed {}", "ab".repeat(32));
    assert_eq!(refused(&feed), missing, "a feed of no account");
    assert_eq!(refused("g propose protocol --unpin market 3"), missing);
}

#[test]
fn help_teaches_each_registration() {
    for name in ["market", "limiter", "band", "invariant", "keeper", "coverage"] {
        let help = Cli::try_parse_from(["g", "help", "propose", name]).expect_err("help");
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        let help = help.to_string();
        for word in ["When:", "It can:", "It cannot:", &format!("propose {name}")] {
            assert!(help.contains(word), "no `{word}` in:\n{help}");
        }
    }
    let help = Cli::try_parse_from(["g", "help", "propose", "limiter"]).expect_err("help").to_string();
    for word in
        ["--short-rate <SHARE>", "[default: 10%]", "[default: 1h]", "--bootstrap-cap <AMOUNT>", "tokens"]
    {
        assert!(help.contains(word), "no `{word}` in:\n{help}");
    }
}
