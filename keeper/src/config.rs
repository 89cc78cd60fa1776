//! What was typed, and what it means. Everything behind this sees only [`Config`].

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use firebreak_interface::constants::{BASIS_POINTS, MINOR_MAX, MINOR_MIN};
use solana_pubkey::Pubkey;

use crate::record::Format;

/// Between two heartbeats of a registered keeper. No raise is shorter, so whoever watches tells a bot that is down from one
/// that waits before anything that it raised is over; and a day of them costs 144 signatures, 720,000 lamports.
pub const HEARTBEAT: Duration = Duration::from_secs(600);

/// Watches a protocol guarded by Firebreak and pulls the breaker when something goes wrong.
///
/// The keeper finds the protocol's markets, limiters and vaults on the chain, watches them over websockets, and
/// sends `poke` when the accounts prove that tokens left without a record or that a limiter latched. If its key is
/// registered, it also sends `raise`, a caution, when a vault drains faster than usual. Everything it sees and does is
/// one line on standard output.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Typed {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

const EXAMPLES: &str = "\
Examples:
  firebreak-keeper --protocol <ADDRESS> --url http://127.0.0.1:8899 --keypair keeper.json
  firebreak-keeper check --protocol <ADDRESS> --url https://rpc.example --keypair keeper.json
  firebreak-keeper --protocol <ADDRESS> --url <A> --url <B> --keypair keeper.json --json > keeper.log

Exit codes: 0 ended by SIGINT or SIGTERM, or check passed; 1 internal; 2 wrong usage or configuration, or endpoints
of different clusters; 3 key file; 4 no RPC answers (check only: a running keeper keeps trying); 5 the protocol's
account is missing or not the breaker's; 6 the key cannot pay (check only).";

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Validates the configuration, the key and the endpoints, says what would be guarded, and exits.
    Check,
}

#[derive(Debug, Args)]
#[command(next_line_help = false)]
struct Flags {
    /// Address of the protocol's account in the breaker: all that the keeper has to be told.
    #[arg(long, env = "FIREBREAK_PROTOCOL", global = true, value_name = "ADDRESS")]
    protocol: Option<String>,
    /// RPC endpoint; repeat it for several of the same cluster. The first is read from, all are sent to.
    #[arg(long, env = "FIREBREAK_URL", value_delimiter = ',', global = true, value_name = "URL")]
    url: Vec<String>,
    /// Websocket; repeat it for several. By default each RPC endpoint's: the next port, or the same host without one.
    #[arg(long, env = "FIREBREAK_WS_URL", value_delimiter = ',', global = true, value_name = "URL")]
    ws_url: Vec<String>,
    /// Key file that signs and pays, as solana-keygen writes it, readable by its owner alone.
    #[arg(long, env = "FIREBREAK_KEYPAIR", global = true, value_name = "FILE")]
    keypair: Option<PathBuf>,
    /// One JSON object a line instead of text.
    #[arg(long, env = "FIREBREAK_JSON", global = true)]
    json: bool,
    /// Net outflow within 3 slots that calls for a raise, in basis points of the vault.
    #[arg(
        long,
        env = "FIREBREAK_OUTFLOW_3_SLOTS_BPS",
        default_value_t = 1_000,
        global = true,
        value_name = "BPS"
    )]
    outflow_3_slots_bps: u64,
    /// Net outflow within 60 seconds that calls for a raise, in basis points of the vault.
    #[arg(
        long,
        env = "FIREBREAK_OUTFLOW_60S_BPS",
        default_value_t = 2_000,
        global = true,
        value_name = "BPS"
    )]
    outflow_60s_bps: u64,
    /// How long a raise holds, in seconds; cut to what the key is registered for.
    #[arg(
        long,
        env = "FIREBREAK_RAISE_SECONDS",
        default_value_t = 3_600,
        global = true,
        value_name = "SECONDS"
    )]
    raise_seconds: u32,
    /// Price of a compute unit in the first transaction of an act, in micro-lamports; fourfold with each signature.
    #[arg(
        long,
        env = "FIREBREAK_FEE",
        default_value_t = 10_000,
        global = true,
        value_name = "MICRO_LAMPORTS"
    )]
    fee: u64,
    /// Where that price stops climbing.
    #[arg(
        long,
        env = "FIREBREAK_FEE_CEILING",
        default_value_t = 1_000_000,
        global = true,
        value_name = "MICRO_LAMPORTS"
    )]
    fee_ceiling: u64,
    /// Time between two full reads of everything watched, in milliseconds: what a websocket did not tell is found then.
    #[arg(long, env = "FIREBREAK_POLL_MS", default_value_t = 1_000, global = true, value_name = "MS")]
    poll_ms: u64,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Guard until told to stop.
    Guard,
    /// Validate and exit.
    Check,
}

/// Thresholds of the outflow rule, in basis points of the balance before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowLimits {
    /// Within three slots.
    pub three_slots_bps: u64,
    /// Within sixty seconds.
    pub minute_bps: u64,
}

/// What a compute unit may cost, in micro-lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// At first.
    pub start: u64,
    /// At most.
    pub ceiling: u64,
}

impl Fees {
    /// The price when an act was signed so often before: fourfold each time, up to the ceiling.
    pub fn price(&self, attempt: u32) -> u64 {
        let factor = 4u64.checked_pow(attempt).unwrap_or(u64::MAX);
        self.start.saturating_mul(factor).min(self.ceiling)
    }
}

/// A validated configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The protocol's account.
    pub protocol: Pubkey,
    /// RPC endpoints, at least one.
    pub urls: Vec<String>,
    /// Websockets, at least one.
    pub ws_urls: Vec<String>,
    /// The key file.
    pub keypair: PathBuf,
    /// How lines look.
    pub format: Format,
    /// Thresholds of the outflow rule.
    pub outflow: OutflowLimits,
    /// How long a raise holds, in seconds.
    pub raise_seconds: u32,
    /// What a compute unit may cost.
    pub fees: Fees,
    /// Time between two full reads.
    pub poll: Duration,
}

/// A setting that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting without a default was not given.
    #[error("--{flag} is missing (or {variable} in the environment)")]
    Missing {
        /// The flag.
        flag: &'static str,
        /// The variable.
        variable: &'static str,
    },
    /// Not an address.
    #[error("--protocol {0} is not an address: base58 of 32 bytes is expected")]
    Address(String),
    /// Not a URL of the right kind.
    #[error("--{flag} {url} is not a URL that begins with {expected}")]
    Url {
        /// The flag.
        flag: &'static str,
        /// What was given.
        url: String,
        /// The schemes that fit.
        expected: &'static str,
    },
    /// A websocket cannot be derived from the RPC endpoint.
    #[error("no websocket follows from --url {0}: its port has no next one; give --ws-url")]
    NoNextPort(String),
    /// A number out of its bounds.
    #[error("--{flag} {value} is outside {low} to {high} {unit}")]
    Bounds {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: u64,
        /// Lowest.
        low: u64,
        /// Highest.
        high: u64,
        /// Unit.
        unit: &'static str,
    },
    /// A price that would have to fall.
    #[error("--fee-ceiling {ceiling} is below --fee {start}")]
    CeilingBelowFee {
        /// First price.
        start: u64,
        /// Highest price.
        ceiling: u64,
    },
}

impl Typed {
    /// What it means.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that cannot be meant.
    pub fn resolve(self) -> Result<(Mode, Config), ConfigError> {
        let mode = if self.command.is_some() { Mode::Check } else { Mode::Guard };
        Ok((mode, self.flags.resolve()?))
    }
}

impl Flags {
    fn resolve(self) -> Result<Config, ConfigError> {
        let missing = |flag, variable| ConfigError::Missing { flag, variable };
        let protocol = self.protocol.ok_or(missing("protocol", "FIREBREAK_PROTOCOL"))?;
        let protocol = protocol.parse().map_err(|_| ConfigError::Address(protocol))?;
        if self.url.is_empty() {
            return Err(missing("url", "FIREBREAK_URL"));
        }
        let keypair = self.keypair.ok_or(missing("keypair", "FIREBREAK_KEYPAIR"))?;
        for url in &self.url {
            check_url("url", url, ["http://", "https://"], "http:// or https://")?;
        }
        for url in &self.ws_url {
            check_url("ws-url", url, ["ws://", "wss://"], "ws:// or wss://")?;
        }
        let ws_urls = match self.ws_url.is_empty() {
            true => self.url.iter().map(|url| websocket_of(url)).collect::<Result<_, _>>()?,
            false => self.ws_url,
        };
        let bps = |flag, value| within(flag, value, 1, BASIS_POINTS, "basis points");
        let seconds = u64::from(self.raise_seconds);
        within("raise-seconds", seconds, MINOR_MIN.into(), MINOR_MAX.into(), "seconds")?;
        if self.fee_ceiling < self.fee {
            return Err(ConfigError::CeilingBelowFee { start: self.fee, ceiling: self.fee_ceiling });
        }
        Ok(Config {
            protocol,
            urls: self.url,
            ws_urls,
            keypair,
            format: if self.json { Format::Json } else { Format::Text },
            outflow: OutflowLimits {
                three_slots_bps: bps("outflow-3-slots-bps", self.outflow_3_slots_bps)?,
                minute_bps: bps("outflow-60s-bps", self.outflow_60s_bps)?,
            },
            raise_seconds: self.raise_seconds,
            fees: Fees { start: self.fee, ceiling: self.fee_ceiling },
            poll: Duration::from_millis(within("poll-ms", self.poll_ms, 100, 60_000, "milliseconds")?),
        })
    }
}

fn within(
    flag: &'static str,
    value: u64,
    low: u64,
    high: u64,
    unit: &'static str,
) -> Result<u64, ConfigError> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::Bounds { flag, value, low, high, unit })
    }
}

fn check_url(
    flag: &'static str,
    url: &str,
    schemes: [&str; 2],
    expected: &'static str,
) -> Result<(), ConfigError> {
    let host = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() && !host.starts_with(['/', ':']) => Ok(()),
        _ => Err(ConfigError::Url { flag, url: url.to_owned(), expected }),
    }
}

/// Where Solana nodes have their websocket: on the port after the RPC's, or at the same address where the URL has none.
fn websocket_of(url: &str) -> Result<String, ConfigError> {
    let (scheme, rest) = match url.strip_prefix("https://") {
        Some(rest) => ("wss://", rest),
        None => ("ws://", url.trim_start_matches("http://")),
    };
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |end| rest.split_at(end));
    let port = authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port {
        None => Ok(format!("{scheme}{authority}{path}")),
        Some((host, port)) => {
            let next = port.checked_add(1).ok_or_else(|| ConfigError::NoNextPort(url.to_owned()))?;
            Ok(format!("{scheme}{host}:{next}{path}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOCOL: &str = "FirebreakBreaker1111111111111111111111111111";
    const GOOD: [&str; 7] =
        ["keeper", "--protocol", PROTOCOL, "--url", "http://127.0.0.1:8899", "--keypair", "key.json"];

    fn resolve(more: &[&str]) -> Result<(Mode, Config), ConfigError> {
        let arguments = GOOD.iter().chain(more).copied();
        Typed::try_parse_from(arguments).expect("known flags").resolve()
    }

    #[test]
    fn a_protocol_an_url_and_a_key_are_enough() {
        let (mode, config) = resolve(&[]).expect("complete");
        assert_eq!(mode, Mode::Guard);
        assert_eq!(config.ws_urls, ["ws://127.0.0.1:8900"]);
        assert_eq!(config.format, Format::Text);
        assert_eq!(config.outflow, OutflowLimits { three_slots_bps: 1_000, minute_bps: 2_000 });
    }

    #[test]
    fn check_takes_the_same_flags_in_any_place() {
        assert_eq!(resolve(&["check"]).expect("complete").0, Mode::Check);
        let after = ["keeper", "check"].iter().chain(&GOOD[1..]);
        let (mode, _) = Typed::try_parse_from(after).expect("known flags").resolve().expect("complete");
        assert_eq!(mode, Mode::Check);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (flag, at) in [("protocol", 1), ("url", 3), ("keypair", 5)] {
            let mut arguments = GOOD.to_vec();
            arguments.drain(at..at + 2);
            let error =
                Typed::try_parse_from(arguments).expect("known flags").resolve().expect_err("missing");
            assert!(error.to_string().contains(&format!("--{flag}")), "{error}");
        }
    }

    #[test]
    fn a_typo_is_refused_with_a_suggestion() {
        let error = Typed::try_parse_from(GOOD.iter().chain(&["--keypare", "x"])).expect_err("a typo");
        assert!(error.to_string().contains("--keypair"), "{error}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (more, word) in [
            (["--url", "127.0.0.1:8899"], "--url"),
            (["--url", "http://"], "--url"),
            (["--url", "http://:80"], "--url"),
            (["--ws-url", "http://a"], "--ws-url"),
            (["--outflow-3-slots-bps", "0"], "--outflow-3-slots-bps"),
            (["--outflow-60s-bps", "10001"], "--outflow-60s-bps"),
            (["--raise-seconds", "599"], "--raise-seconds"),
            (["--raise-seconds", "86401"], "--raise-seconds"),
            (["--fee-ceiling", "9999"], "--fee-ceiling"),
            (["--poll-ms", "99"], "--poll-ms"),
        ] {
            let error = resolve(&more).expect_err(more[1]);
            assert!(error.to_string().contains(word), "{error}");
        }
        let mut arguments = GOOD;
        arguments[2] = "FirebreakBreaker";
        let error = Typed::try_parse_from(arguments).expect("known flags").resolve().expect_err("too short");
        assert_eq!(error, ConfigError::Address("FirebreakBreaker".into()));
    }

    #[test]
    fn websockets_follow_from_endpoints() {
        for (url, socket) in [
            ("http://localhost:8899", "ws://localhost:8900"),
            ("https://rpc.example/key?x=1", "wss://rpc.example/key?x=1"),
            ("https://rpc.example:443/", "wss://rpc.example:444/"),
            ("http://[::1]:8899", "ws://[::1]:8900"),
            ("http://[::1]", "ws://[::1]"),
        ] {
            assert_eq!(websocket_of(url).as_deref(), Ok(socket), "{url}");
        }
        let last = "http://a:65535";
        assert_eq!(websocket_of(last), Err(ConfigError::NoNextPort(last.into())));
    }

    #[test]
    fn the_fee_climbs_to_its_ceiling_and_no_further() {
        let fees = Fees { start: 10, ceiling: 1_000 };
        assert_eq!((0..6).map(|n| fees.price(n)).collect::<Vec<_>>(), [10, 40, 160, 640, 1_000, 1_000]);
        assert_eq!(fees.price(u32::MAX), 1_000);
    }
}
