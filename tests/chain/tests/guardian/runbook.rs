//! Every command of the runbook, in its order, in one incident.

use std::{collections::HashMap, time::Duration};

use firebreak_client::interface::{
    constants::{AUTHORITY_FREEZE, LOOSENING_DELAY_DEFAULT},
    state::Market,
};
use firebreak_guardian::{console::Stop, exit::Exit};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::world::{TestResult, World, execute};

const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

/// The lines of the runbook's shell blocks, each with the line of prose before its block.
fn commands() -> Vec<(String, String)> {
    let (mut commands, mut prose, mut inside) = (Vec::new(), String::new(), false);
    for line in RUNBOOK.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => commands.push((prose.clone(), line.to_owned())),
            "" => {}
            line => prose = line.to_owned(),
        }
    }
    commands
}

#[test]
fn every_command_that_the_prose_names_is_one() {
    let mut program = <firebreak_guardian::cli::Cli as clap::CommandFactory>::command();
    program.build();
    for name in [
        "status",
        "proposals",
        "members",
        "explain",
        "open-budgets",
        "pause",
        "confirm",
        "approve",
        "veto",
        "freeze",
        "resume",
        "sign",
        "send",
        "maintenance",
        "tighten",
        "cancel",
        "execute",
        "safes",
        "migrate",
        "held",
        "release",
    ] {
        assert!(program.find_subcommand(name).is_some(), "{name}");
        assert!(RUNBOOK.contains(&format!("firebreak-guardian {name}")), "{name} is in the runbook");
    }
    for exit in Exit::ALL.iter().filter(|exit| ![Exit::Done, Exit::Contradiction, Exit::Usage].contains(exit))
    {
        assert!(RUNBOOK.contains(&format!("\n| {} |", *exit as u8)), "{exit:?} is in the runbook's table");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_does_what_the_runbook_says() -> TestResult {
    let world = World::in_shadow().await?;
    // on a quiet day: vaults with their ways to safety
    let vaults = world.guarded(2).await?;
    world.run("g tighten limiter:$VAULT --arm --keypair $KEYS/authority.json --yes").await.done();
    // what somebody proposed with the authority's key before the incident
    let proposed = "g propose limiter:$VAULT --set short.rate_bps=2000 --keypair $KEYS/authority.json --yes";
    world.run(proposed).await.done();
    world.run(&proposed.replace("2000", "1500")).await.done();

    let mut names: HashMap<String, String> =
        world.names().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    names.insert("GUARDIAN".to_owned(), world.guardians[2].pubkey().to_string());
    names.insert("OTHER".to_owned(), world.guardians[1].pubkey().to_string());
    names.insert("KEEPER".to_owned(), world.keeper.pubkey().to_string());
    let bot = Pubkey::new_unique();
    names.insert("RESCUED".to_owned(), vaults[0].to_string());
    names.insert("BOT".to_owned(), bot.to_string());
    let (mut exported, mut has_moved) = (HashMap::new(), false);
    let commands = commands();
    assert!(commands.len() > 20, "{} commands", commands.len());
    for (prose, command) in commands {
        let mut line = command.clone();
        for (name, value) in &names {
            line = line.replace(&format!("${name}"), value);
        }
        assert!(!line.contains('$'), "{command}: a name that nothing stands for");
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
            exported.insert(name.to_owned(), value.to_owned());
            continue;
        }
        if prose.contains("After the loosening delay") && line.ends_with("proposals") {
            world.wait(u64::from(LOOSENING_DELAY_DEFAULT) + 60).await?;
        }
        if prose.contains("proposes again after 30 days") {
            world.wait(AUTHORITY_FREEZE + 60).await?;
        }
        let arguments = with_exported(&line, &exported);
        let (asks, stop) = Stop::new();
        let is_endless = line.contains(" watch");
        let end = async {
            if is_endless {
                tokio::time::sleep(Duration::from_secs(2)).await;
                let _ = asks.send(true);
            }
        };
        let (ended, ()) = tokio::join!(execute(arguments.into_iter(), stop), end);
        assert_eq!(ended.exit, Exit::Done, "{command}\n{}\n{}", ended.out, ended.err);
        assert!(!ended.out.is_empty(), "{command} says something");
        if line.contains("--print") {
            names.insert("SIGNED".to_owned(), world.sign_elsewhere(&ended.out)?);
        }
        if line.contains("--sign-only") {
            names.insert("PARTIAL".to_owned(), ended.out.trim().to_owned());
        }
        if line.contains(" sign ") {
            names.insert("SIGNED".to_owned(), ended.out.trim().to_owned());
        }
        if line.contains("--all --for 1h") {
            assert!(ended.out.contains("the protocol, severity: Normal -> Major"), "{}", ended.out);
        }
        if line.contains(" explain 6034") || line.contains("PauseBudgetSpent") {
            assert!(ended.out.contains("pause budget") && ended.out.contains("6034"), "{}", ended.out);
        }
        for (act, word) in [
            ("open-budgets", "open 6 of 6 budgets"),
            ("confirm --market 0", "market 0, latch by guardian, Major: until"),
            ("approve 0/0", "after this it has all it takes"),
            ("execute 0/0", "the protocol, latch by guardian, Major: until"),
            ("veto 1 --keypair", "loosens"),
            ("freeze --keypair", "the protocol, authority frozen until"),
            ("resume --market 0", "market 0, severity: Major -> Minor"),
            ("execute 0/1", "market 0, keepers quieted until"),
            ("migrate --market 0 --keypair", "vaults are moved to safety until"),
            ("held list", "nothing is held"),
            ("release propose", "when the authority sends `release begin 0/2`"),
            ("release begin 0/2", "to be released: 0 -> 40000"),
            ("release step", "gives 0.01 tokens (10000 units) to the vault"),
            ("explain ConditionHolds", "6115"),
        ] {
            assert!(!line.contains(act) || ended.out.contains(word), "{line}: no `{word}` in\n{}", ended.out);
        }
        if line.contains("--move") {
            let again = if has_moved { "nothing to do: it is empty" } else { "move 2 of 2 vaults" };
            assert!(ended.out.contains(again), "{}", ended.out);
            has_moved = true;
        }
        if line.contains("execute 2") {
            assert!(ended.out.contains("short.rate_bps: 500 bps -> 1000 bps"), "{}", ended.out);
        }
    }

    let members = world.run("g members").await.done();
    assert!(members.out.contains(&format!("keeper {bot}")), "{}", members.out);
    let account = firebreak_chain::account(&world.chain.rpc(), &world.venue.market).await?;
    let account = account.ok_or("no market")?;
    let market: Market = firebreak_client::decode(&account.owner, &account.data)?;
    assert!(market.board.is_clear(), "what was over was tidied");
    Ok(())
}

/// A command line with what the shell's variables add to it, where it does not say otherwise. The variables are not the
/// process's own here: tests share one.
fn with_exported(line: &str, exported: &HashMap<String, String>) -> Vec<String> {
    let mut arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    for (variable, option) in
        [("FIREBREAK_URL", "--url"), ("FIREBREAK_PROTOCOL", "--protocol"), ("FIREBREAK_KEYPAIR", "--keypair")]
    {
        if let Some(value) = exported.get(variable)
            && !arguments.iter().any(|argument| argument == option)
        {
            arguments.extend([option.to_owned(), value.clone()]);
        }
    }
    arguments
}
