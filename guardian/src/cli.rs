//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueHint};
use firebreak_interface::{Operations, Severity, state::Source};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use crate::{
    act::{amend::Subject, latch, members::Member, named::Named},
    exit, words,
};

mod help;

/// Guards a protocol: shows what holds, pauses, confirms, resumes, vetoes, tightens, proposes, executes, proves the journal.
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
    /// Key file to sign with, as solana-keygen writes it, or usb://ledger where this tool was built for it; again where several
    /// guardians sign one transaction. The first pays.
    #[arg(long, short = 'k', global = true, env = "FIREBREAK_KEYPAIR", value_hint = ValueHint::FilePath)]
    pub(crate) keypair: Vec<PathBuf>,
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
    /// Signs with the keys that are here and prints the transaction in base64, for `sign` or `send`; sends nothing.
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
    #[command(after_long_help = help::PAUSE)]
    Pause(Pause),
    /// Makes settings tighter at once, by the authority's signature.
    #[command(after_long_help = help::TIGHTEN)]
    Tighten(Tighten),
    /// Proposes what loosens: it waits in the open before anyone can execute it.
    #[command(after_long_help = help::PROPOSE)]
    Propose(Propose),
    /// Makes a latch hold longer: guardians together.
    #[command(after_long_help = help::CONFIRM)]
    Confirm(Confirm),
    /// Clears a latch early: guardians together, and what rules latched only while they measure less.
    #[command(after_long_help = help::RESUME)]
    Resume(Resume),
    /// Voids what the authority proposed and refuses what it would propose, for 30 days: guardians together.
    #[command(after_long_help = help::FREEZE)]
    Freeze(Freeze),
    /// Proposes planned work in a market, during which keepers' raises are refused: a guardian's proposal, which waits.
    #[command(after_long_help = help::MAINTENANCE)]
    Maintenance(Maintenance),
    /// Approves a proposal, here and now, after showing what it does: a guardian, or several.
    #[command(after_long_help = help::APPROVE)]
    Approve(Approve),
    /// Speaks against a proposal that waits: a guardian, or several; with enough of them it is over.
    #[command(after_long_help = help::VETO)]
    Veto(Veto),
    /// Takes a proposal back (the authority), or clears one away that is over (anyone).
    Cancel(Which),
    /// Executes a proposal whose delay is over and that has the approvals it takes. Anyone may.
    #[command(after_long_help = help::EXECUTE)]
    Execute(Execute),
    /// Adds one's signature to a transaction that --print or --sign-only gave elsewhere, after showing what it changes.
    #[command(after_long_help = help::SIGN)]
    Sign {
        /// The transaction, in base64.
        transaction: String,
    },
    /// Sends a transaction that was signed elsewhere, after showing what it changes.
    Send {
        /// The signed transaction, in base64; or copies of it with a part of the signatures each.
        #[arg(required = true)]
        transaction: Vec<String>,
    },
    /// Tidies what is over and tells the journal of the fall. Anyone may; it changes no answer.
    StepDown(Where),
    /// What waits, with the time left and what it will do.
    Proposals,
    /// Who may do what: authority, guardians with their budgets, keepers.
    Members,
    /// Opens the guardians' pause budgets that are not open yet, as many as one transaction holds. Anyone may; whoever does
    /// pays their rent.
    #[command(after_long_help = help::OPEN_BUDGETS)]
    OpenBudgets,
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
    /// Other guardians or thresholds, with the approval of today's: add:KEY, remove:KEY, or an act and how many it takes, as
    /// veto=2; again for more of it.
    #[arg(long, group = "what", value_name = "CHANGE")]
    pub(crate) guardians: Vec<Member>,
    /// An upgrade to code of this sha256, in hex, is let through.
    #[arg(long, group = "what", value_name = "SHA256", value_parser = sha256)]
    pub(crate) approve_upgrade: Option<Sha256>,
    /// The protected program is watched no longer.
    #[arg(long, group = "what")]
    pub(crate) unpin: bool,
    /// The protocol leaves: its gates read as open.
    #[arg(long, group = "what")]
    pub(crate) detach: bool,
    /// Once more exactly what was vetoed under this number: it waits twice as long, and no few veto it.
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) again: Option<Named>,
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

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Which {
    /// The proposal, as `proposals` shows it: the authority's by its number, a guardian's as GUARDIAN/NUMBER, either by its
    /// account.
    pub(crate) proposal: Named,
}

/// Which latch.
#[derive(Debug, Args)]
pub(crate) struct Latched {
    #[command(flatten)]
    pub(crate) scope: Where,
    /// What raised the latch: limiter, price-band, invariant, guardian, keeper or program. The worst there is if not said.
    #[arg(long, value_parser = latch::parse_source)]
    pub(crate) source: Option<Source>,
    /// Its severity: minor, major or critical. The worst there is if not said.
    #[arg(long, value_parser = words::parse_level)]
    pub(crate) severity: Option<Severity>,
}

/// How guardians do together what takes several.
#[derive(Debug, Args)]
pub(crate) struct Together {
    /// Proposes it instead, as the first who approves it; the others `approve`, and anybody sends `execute`.
    #[arg(long, conflicts_with = "with")]
    pub(crate) propose: bool,
    #[command(flatten)]
    pub(crate) others: Others,
}

#[derive(Debug, Args)]
pub(crate) struct Others {
    /// Another guardian signs the same transaction, elsewhere: with --sign-only or --print. Again for more of them.
    #[arg(long, value_name = "ADDRESS", value_parser = words::address)]
    pub(crate) with: Vec<Pubkey>,
}

/// What only holds or closes may be signed in advance.
#[derive(Debug, Args)]
pub(crate) struct Advance {
    /// A nonce account of who pays: with --sign-only it can be kept, and sent when it is needed.
    #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
    pub(crate) nonce: Option<Pubkey>,
}

#[derive(Debug, Args)]
pub(crate) struct Confirm {
    #[command(flatten)]
    pub(crate) latch: Latched,
    /// How long from now, as 6h or 2d: within its severity's bounds, counted from the latch's beginning.
    #[arg(long = "for", value_name = "DURATION", value_parser = words::parse_seconds)]
    pub(crate) seconds: u32,
    #[command(flatten)]
    pub(crate) together: Together,
    #[command(flatten)]
    pub(crate) advance: Advance,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) latch: Latched,
    #[command(flatten)]
    pub(crate) together: Together,
}

#[derive(Debug, Args)]
pub(crate) struct Freeze {
    #[command(flatten)]
    pub(crate) together: Together,
    #[command(flatten)]
    pub(crate) advance: Advance,
}

#[derive(Debug, Args)]
pub(crate) struct Maintenance {
    /// The market, by its number.
    pub(crate) market: u64,
    /// How long: 1m to 4h, from when it is executed.
    #[arg(long = "for", value_name = "DURATION", value_parser = words::parse_seconds)]
    pub(crate) seconds: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) others: Others,
}

#[derive(Debug, Args)]
pub(crate) struct Veto {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) others: Others,
    #[command(flatten)]
    pub(crate) advance: Advance,
}

#[derive(Debug, Args)]
pub(crate) struct Execute {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) others: Others,
}

impl Command {
    /// Who signs elsewhere.
    pub(crate) fn with(&self) -> &[Pubkey] {
        match self {
            Self::Confirm(Confirm { together, .. })
            | Self::Resume(Resume { together, .. })
            | Self::Freeze(Freeze { together, .. }) => &together.others.with,
            Self::Approve(Approve { others, .. })
            | Self::Veto(Veto { others, .. })
            | Self::Execute(Execute { others, .. }) => &others.with,
            _ => &[],
        }
    }
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
        for name in ["confirm", "resume", "freeze", "maintenance", "approve", "veto"] {
            let help = command.find_subcommand_mut(name).expect(name).render_long_help().to_string();
            assert!(help.contains("When:") && help.contains("It cannot:"), "{help}");
        }
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
        assert_eq!(refused(&format!("g freeze --propose --with {other}")), ErrorKind::ArgumentConflict);
    }
}
