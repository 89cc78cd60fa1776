//! The keeper as its operator meets it: what the process says and how it exits when something is wrong.

#![cfg(unix)]

mod node;

use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use bytemuck::Zeroable;
use firebreak_client::{ID, Protocol, ProtocolAddresses, account::encode, clock, key};
use firebreak_interface::{
    Instant,
    state::{Keeper, KeeperSettings},
};
use node::{Node, dead_url};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tempfile::TempDir;

const PROTOCOL: Pubkey = Pubkey::new_from_array([5; 32]);
const SYSVARS: Pubkey = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");

struct Operator {
    folder: TempDir,
}

impl Operator {
    fn new() -> Self {
        let operator = Self { folder: tempfile::tempdir().expect("a folder") };
        let key = serde_json::to_string(&Keypair::new().to_bytes().to_vec()).expect("a list");
        operator.write_key(&key, 0o600);
        operator
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("keeper.json")
    }

    fn write_key(&self, text: &str, mode: u32) {
        std::fs::write(self.key_file(), text).expect("a file");
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.key_file(), mode).expect("its mode");
    }

    fn command(&self, urls: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firebreak-keeper"));
        command.args(["--protocol", &PROTOCOL.to_string(), "--keypair"]).arg(self.key_file());
        for url in urls {
            command.args(["--url", url]);
        }
        command
    }

    fn check(&self, urls: &[&str]) -> Output {
        self.command(urls).arg("check").output().expect("it starts")
    }
}

fn assert_ends(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

fn breaker_protocol() -> Vec<u8> {
    encode(&Protocol { version: 1, min_reader: 1, ..Protocol::zeroed() })
}

#[test]
fn what_is_missing_is_said_and_exits_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_firebreak-keeper")).output().expect("it starts");
    assert_ends(&output, 2, &["--protocol", "FIREBREAK_PROTOCOL"]);
    let output = Operator::new().command(&["ftp://x"]).output().expect("it starts");
    assert_ends(&output, 2, &["--url", "http"]);
}

#[test]
fn a_missing_key_file_exits_3() {
    let operator = Operator::new();
    std::fs::remove_file(operator.key_file()).expect("it was there");
    assert_ends(&operator.check(&[&dead_url()]), 3, &["missing", "solana-keygen"]);
}

#[test]
fn a_key_file_that_others_may_read_exits_3_and_shows_nothing_of_it() {
    let operator = Operator::new();
    operator.write_key("[12,34,56]", 0o644);
    let output = operator.check(&[&dead_url()]);
    assert_ends(&output, 3, &["may be read by others", "chmod 600"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("34,56"));
}

#[test]
fn a_file_that_holds_no_key_exits_3() {
    let operator = Operator::new();
    operator.write_key("[1,2,3]", 0o600);
    assert_ends(&operator.check(&[&dead_url()]), 3, &["holds no key"]);
}

#[test]
fn check_on_a_dead_rpc_exits_4_and_names_it() {
    let url = dead_url();
    assert_ends(&Operator::new().check(&[&url]), 4, &["no RPC endpoint answers", &url]);
}

#[test]
fn a_protocol_that_is_not_there_exits_5_and_names_the_cluster() {
    let node = Node::start("genesis1");
    let output = Operator::new().check(&[&node.url]);
    assert_ends(&output, 5, &[&PROTOCOL.to_string(), "--url", "genesis"]);
}

#[test]
fn a_protocol_that_the_breaker_does_not_own_exits_5() {
    let node = Node::start("genesis1");
    node.put(PROTOCOL, Pubkey::new_from_array([7; 32]), breaker_protocol());
    let owner = Pubkey::new_from_array([7; 32]).to_string();
    assert_ends(&Operator::new().check(&[&node.url]), 5, &["is not a protocol", &owner]);
}

#[test]
fn an_account_of_another_kind_exits_5() {
    let node = Node::start("genesis1");
    node.put(PROTOCOL, ID, vec![0; 100]);
    assert_ends(&Operator::new().check(&[&node.url]), 5, &["is not a protocol"]);
}

#[test]
fn endpoints_of_two_clusters_exit_2() {
    let (one, other) = (Node::start("genesis1"), Node::start("genesis2"));
    one.put(PROTOCOL, ID, breaker_protocol());
    other.put(PROTOCOL, ID, breaker_protocol());
    let output = Operator::new().check(&[&one.url, &other.url]);
    assert_ends(&output, 2, &["different clusters", &one.url, &other.url]);
}

#[test]
fn a_key_without_lamports_exits_6_and_says_what_it_needs() {
    let node = Node::start("genesis1");
    node.put(PROTOCOL, ID, breaker_protocol());
    assert_ends(&Operator::new().check(&[&node.url]), 6, &["holds 0 lamports", "2000000"]);
}

#[test]
fn check_says_what_would_be_guarded() {
    let node = Node::start("genesis1");
    node.put(PROTOCOL, ID, breaker_protocol());
    node.fund(5_000_000);
    let output = Operator::new().check(&[&dead_url(), &node.url]);
    assert_ends(&output, 0, &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("0 markets, 0 limiters, 0 vaults"), "{said}");
    assert!(said.contains("not registered"), "{said}");
}

#[test]
fn check_tells_a_registration_that_runs_from_one_that_is_over() {
    let (node, operator) = (Node::start("genesis1"), Operator::new());
    node.put(PROTOCOL, ID, breaker_protocol());
    node.fund(5_000_000);
    let key = key::read(&operator.key_file()).expect("a key").pubkey();
    let start = Instant::new(10_000, 1_000_000);
    let settings = KeeperSettings { key, max_seconds: 3_600, raises_per_day: 3, term: 1_000 };
    let mut keeper = Keeper::zeroed();
    keeper.initialize(PROTOCOL, 254, &settings, start).expect("within bounds");
    node.put(ProtocolAddresses::new(PROTOCOL).keeper(&key), ID, encode(&keeper));
    for (seconds, words) in [(999, "may poke and raise"), (1_000, "not registered to raise, or no longer")] {
        let now = start.plus(seconds);
        let mut clock = vec![0; 40];
        clock[..8].copy_from_slice(&now.slot.to_le_bytes());
        clock[32..].copy_from_slice(&now.unix.to_le_bytes());
        node.put(clock::ADDRESS, SYSVARS, clock);
        let output = operator.check(&[&node.url]);
        assert_ends(&output, 0, &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_running_keeper_outlives_a_dead_rpc_and_ends_when_told() {
    let operator = Operator::new();
    let mut keeper =
        operator.command(&[&dead_url()]).arg("--json").stdout(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(keeper.try_wait().expect("a state").is_none(), "it gave up");
    let told = Command::new("kill").args(["-TERM", &keeper.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while keeper.try_wait().expect("a state").is_none() {
        assert!(std::time::Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = keeper.wait_with_output().expect("its output");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() > 1, "{text}");
    assert!(lines.iter().all(|line| line["event"] == "error" && line["retried"] == true), "{text}");
}
