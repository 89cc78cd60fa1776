//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueHint};
use firebreak_interface::{Operations, Severity, state::Source};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use crate::{
    act::{latch, named::Named},
    exit, words,
};

mod change;
mod help;
mod money;
mod register;

pub(crate) use change::{Change, Propose, Tighten};
pub(crate) use money::{Claims, Held, Migrate, OfSafe, Release};

/// Guards a protocol: shows what holds, pauses, confirms, resumes, vetoes, tightens, proposes, executes, proves the journal.
///
/// Every act is simulated and shown in words before anything is signed. Endpoint and key come from the options, else from
/// the Solana CLI's configuration file. Tokens are moved to safes that were registered before, and back, by nobody's word alone.
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
    /// Proposes what loosens, or registers what is new: it waits in the open before anyone can execute it.
    #[command(after_long_help = help::PROPOSE)]
    Propose(Box<Propose>),
    /// Makes a latch hold longer: guardians together.
    #[command(after_long_help = help::CONFIRM)]
    Confirm(Confirm),
    /// Clears a latch early: guardians together, and what rules latched only while they measure less.
    #[command(after_long_help = help::RESUME)]
    Resume(Resume),
    /// Moves a market's vaults to safety: guardians together order it, then anyone moves them.
    #[command(after_long_help = help::MIGRATE)]
    Migrate(Migrate),
    /// What is in each safe, what it owes to whom, and the vaults' ways there and back.
    Safes,
    /// Withdrawals that wait in a safe, in their users' names: told, paid by anyone, flagged and decided by guardians together.
    #[command(subcommand, after_long_help = help::HELD)]
    Held(Held),
    /// Brings money back from a safe: guardians propose and approve it, the authority begins it, anyone takes its steps.
    #[command(subcommand, after_long_help = help::RELEASE)]
    Release(Release),
    /// Shares a safe out among users, for a protocol that never comes back.
    #[command(subcommand, after_long_help = help::CLAIMS)]
    Claims(Claims),
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
            | Self::Freeze(Freeze { together, .. })
            | Self::Migrate(Migrate { together, .. })
            | Self::Held(Held::Flag { together, .. } | Held::Decide { together, .. }) => {
                &together.others.with
            }
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
mod tests;
