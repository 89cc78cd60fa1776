//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueHint};
use firebreak_interface::Operations;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use crate::{act::amend::Subject, exit, words};

/// Guards a protocol: shows what holds, pauses, tightens, proposes, executes, proves the journal.
///
/// Every act is simulated and shown in words before anything is signed. Endpoint and key come from the options, else from
/// the Solana CLI's configuration file. Money is never moved by any of these commands, but for fees and rent.
#[derive(Debug, Parser)]
#[command(name = "firebreak-guardian", version, propagate_version = true, after_long_help = exit::table())]
pub struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Whether the answer is to be JSON.
    pub fn is_json(&self) -> bool {
        self.global.json
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// RPC endpoint: an address, or m, t, d, l for mainnet-beta, testnet, devnet, localhost.
    #[arg(long, short = 'u', global = true, env = "FIREBREAK_URL", value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,
    /// Address of the protocol's account in the breaker.
    #[arg(long, short = 'p', global = true, env = "FIREBREAK_PROTOCOL", value_parser = words::address)]
    pub(crate) protocol: Option<Pubkey>,
    /// Key file to sign with, as solana-keygen writes it.
    #[arg(long, short = 'k', global = true, env = "FIREBREAK_KEYPAIR", value_hint = ValueHint::FilePath)]
    pub(crate) keypair: Option<PathBuf>,
    /// Acts for this address, whose key is elsewhere: with --print or --dry-run.
    #[arg(long = "as", value_name = "ADDRESS", global = true, value_parser = words::address)]
    pub(crate) acting: Option<Pubkey>,
    /// Genesis hash, or name, of the cluster that the endpoint must be of.
    #[arg(long, global = true, env = "FIREBREAK_GENESIS")]
    pub(crate) genesis: Option<String>,
    /// The Solana CLI's configuration file, for endpoint and key.
    #[arg(long, short = 'C', global = true, value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Answers in JSON, one document on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Simulates and shows, signs nothing.
    #[arg(long, global = true, conflicts_with_all = ["print", "sign_only"])]
    pub(crate) dry_run: bool,
    /// Prints the unsigned transaction in base64, to be signed elsewhere within a minute.
    #[arg(long, global = true, conflicts_with = "sign_only")]
    pub(crate) print: bool,
    /// Signs and prints the transaction in base64, for `send`; sends nothing.
    #[arg(long, global = true)]
    pub(crate) sign_only: bool,
    /// Signs and sends without asking.
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
    /// Micro-lamports a compute unit on top of the base fee: more in a crowd.
    #[arg(long, global = true, default_value_t = 0, value_name = "MICRO_LAMPORTS")]
    pub(crate) priority_fee: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The protocol at a glance: what holds and for how long, what waits, who may pause, whether the journal is true.
    Status(Transactions),
    /// The status again and again, until Ctrl-C.
    Watch(Watch),
    /// Closes operations of one market, or of all, for a while: a guardian's first move.
    #[command(after_long_help = PAUSE)]
    Pause(Pause),
    /// Makes settings tighter at once, by the authority's signature.
    #[command(after_long_help = TIGHTEN)]
    Tighten(Tighten),
    /// Proposes what loosens: it waits in the open before anyone can execute it.
    #[command(after_long_help = PROPOSE)]
    Propose(Propose),
    /// Takes a proposal back (the authority), or clears one away that is over (anyone).
    Cancel(Number),
    /// Executes a proposal whose delay is over. Anyone may.
    #[command(after_long_help = EXECUTE)]
    Execute(Number),
    /// Sends a transaction that --print gave and that was signed elsewhere, after showing what it changes.
    Send {
        /// The signed transaction, in base64.
        transaction: String,
    },
    /// Tidies what is over and tells the journal of the fall. Anyone may; it changes no answer.
    StepDown(Where),
    /// What waits, with the time left and what it will do.
    Proposals,
    /// Who may do what: authority, guardians with their budgets, keepers.
    Members,
    /// The record of every defensive act.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// What an error's number or name means, or what became of a transaction.
    Explain(Explain),
    /// Prints a shell's completions.
    #[command(hide = true)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Writes a man page for each command into a folder.
    #[command(hide = true)]
    Man {
        /// The folder.
        folder: PathBuf,
    },
}

const PAUSE: &str = "\
When: something leaves that should not, a price is wrong, a key is lost, and you are not sure yet. A needless pause costs a \
guardian's budget and users' patience; a late one costs the vault.

It can: close withdraw, borrow, swap and every other operation that is no exit, from the slot in which it lands; it acts as \
Major, so what the market's response to Major closes is closed as well.

It cannot: close repay, add_collateral, reduce or close; move a token; last longer than 72 h, or than what is left of your \
budget of 10 h in 30 days for this market; be repeated from an old signature after a resume.

Signed in advance: with --nonce ACCOUNT --valid 30d --sign-only it is printed, kept, and sent by `send` when it is needed. The next \
resume voids it, and so does the nonce's advance.

It ends by itself, in steps. Overlapping pauses are charged once. Look first: firebreak-guardian status";

const TIGHTEN: &str = "\
When: a limit is too wide, and you hold the authority's key. It holds from the slot in which it lands.

It cannot: loosen anything, nor go below a quarter of the last value that waited; undoing it is a proposal, and waits.

Fields are changed by name, as in: firebreak-guardian tighten limiter:VAULT --set soft_bps=5000 --set short.rate_bps=500
Shares are in bps, durations as 90, 30m, 6h or 2d, operations as withdraw,borrow. A wrong name lists the right ones.";

const PROPOSE: &str = "\
When: a limit is too narrow, a keeper goes, a loss is to be accepted. Anybody can read what was proposed while it waits for the \
loosening delay, and what they read is all that it can ever do.

It cannot: take effect earlier, go further than twice a limit in one proposal, or outlive a week after its delay.";

const EXECUTE: &str = "\
It does exactly what was proposed, on exactly those accounts, or nothing. Moving the authority is signed by the new one.";

#[derive(Debug, Args)]
pub(crate) struct Transactions {
    /// Reads at most so many transactions for journal entries that no segment holds.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) transactions: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Seconds between two looks.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) every: u64,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("scope").required(true))]
pub(crate) struct Where {
    /// This market.
    #[arg(long, group = "scope", value_name = "ID")]
    pub(crate) market: Option<u64>,
    /// All markets.
    #[arg(long, group = "scope")]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    pub(crate) scope: Where,
    /// What to close: names with commas between, 16 to 63 for the protocol's own, all for all but the exits.
    #[arg(long, default_value = "all", value_parser = words::parse_operations)]
    pub(crate) operations: Operations,
    /// How long: 30m to 72h, within your budget.
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = words::parse_seconds)]
    pub(crate) seconds: u32,
    /// For how long the signed order is good, where it does not land at once.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = words::parse_seconds)]
    pub(crate) valid: u32,
    /// A nonce account of yours: with --sign-only, and --valid as long, the pause can be kept and sent when it is needed.
    #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
    pub(crate) nonce: Option<Pubkey>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Tighten {
    /// protocol, market:ID, limiter:VAULT, band:MARKET/INDEX or invariant:MARKET/INDEX.
    pub(crate) subject: Subject,
    /// A field's new value; again for more fields.
    #[arg(long, group = "what", value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// A limiter, band or invariant goes from shadow to force.
    #[arg(long, group = "what")]
    pub(crate) arm: bool,
    /// The protected program is pinned as it is deployed.
    #[arg(long, group = "what")]
    pub(crate) pin: bool,
    /// The approved upgrade is approved no longer.
    #[arg(long, group = "what")]
    pub(crate) take_back_upgrade: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Propose {
    /// protocol, market:ID, limiter:VAULT, band:MARKET/INDEX, invariant:MARKET/INDEX or keeper:KEY.
    pub(crate) subject: Subject,
    /// A field's new value; again for more fields.
    #[arg(long, group = "what", value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// A limiter, band or invariant goes back to shadow.
    #[arg(long, group = "what")]
    pub(crate) disarm: bool,
    /// A limiter or invariant measures from what there is, if it is so much at least: units, or basis points.
    #[arg(long, group = "what", value_name = "LEAST")]
    pub(crate) accept_loss: Option<u64>,
    /// A keeper's registration ends.
    #[arg(long, group = "what")]
    pub(crate) revoke: bool,
    /// The protocol's loosenings wait for so long.
    #[arg(long, group = "what", value_name = "DURATION", value_parser = words::parse_seconds)]
    pub(crate) delay: Option<u32>,
    /// This key governs.
    #[arg(long, group = "what", value_name = "KEY", value_parser = words::address)]
    pub(crate) authority: Option<Pubkey>,
    /// An upgrade to code of this sha256, in hex, is let through.
    #[arg(long, group = "what", value_name = "SHA256", value_parser = sha256)]
    pub(crate) approve_upgrade: Option<Sha256>,
    /// The protected program is watched no longer.
    #[arg(long, group = "what")]
    pub(crate) unpin: bool,
    /// The protocol leaves: its gates read as open.
    #[arg(long, group = "what")]
    pub(crate) detach: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sha256(pub(crate) [u8; 32]);

fn sha256(text: &str) -> Result<Sha256, String> {
    let expected = || format!("`{text}` is no sha256: 64 hex digits are expected, not all zero");
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(expected());
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| expected())?;
    }
    if bytes == [0; 32] { Err(expected()) } else { Ok(Sha256(bytes)) }
}

#[derive(Debug, Args)]
pub(crate) struct Number {
    /// The proposal's number, as `proposals` shows it.
    pub(crate) number: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Proves that every entry there ever was is seen and leads to the head.
    Verify(Deep),
    /// The entries, the last ones at the end.
    Show(Show),
    /// Every entry as a line of JSON, to be kept elsewhere.
    Export(Deep),
    /// Creates the next segment, so that entries find room. Anyone may; whoever does pays its rent.
    Extend,
}

#[derive(Debug, Args)]
pub(crate) struct Deep {
    /// Reads at most so many transactions for entries that no segment holds.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) transactions: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// So many entries.
    #[arg(long, default_value_t = 20)]
    pub(crate) last: usize,
    #[command(flatten)]
    pub(crate) deep: Deep,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// An error's number (6028, 0x178c) or name, or a transaction's signature.
    pub(crate) what: String,
}

impl Explain {
    pub(crate) fn signature(&self) -> Option<Signature> {
        self.what.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

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
        let help = command.render_long_help().to_string();
        assert!(
            help.contains("Exit codes:") && help.contains("10  sent, and it can no longer land"),
            "{help}"
        );
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
        assert_eq!(refused("g execute -1"), ErrorKind::UnknownArgument);
    }
}
