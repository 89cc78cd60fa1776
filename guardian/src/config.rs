//! Where endpoint and key come from when the command line does not say: the Solana CLI's own configuration file.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::error::Error;

/// What is taken from the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `json_rpc_url`.
    pub url: Option<String>,
    /// `keypair_path`.
    pub keypair: Option<PathBuf>,
}

impl Config {
    /// Reads the file: this one, which must be there, or the Solana CLI's own if there is one.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn read(path: Option<&Path>) -> Result<Self, Error> {
        let of_home = || Some(home()?.join(".config/solana/cli/config.yml"));
        let Some(file) = path.map(Path::to_owned).or_else(of_home) else {
            return Ok(Self::default());
        };
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::parse(&text).map_err(|reason| Error::Config { path: file, reason }),
            Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(error) => Err(Error::Config { path: file, reason: error.to_string() }),
        }
    }

    /// The file is YAML, of which the two settings are plain lines at its top level.
    fn parse(text: &str) -> Result<Self, String> {
        let setting = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let Some(value) = line.map(str::trim) else {
                return Ok(None);
            };
            let quotes = ['"', '\''];
            let value = match quotes.into_iter().find(|quote| value.starts_with(*quote)) {
                Some(quote) => value[1..].strip_suffix(quote).filter(|inner| !inner.contains(quote)),
                None => Some(value).filter(|value| !value.starts_with(['|', '>', '&', '*', '{', '['])),
            };
            match value {
                Some(value) => Ok(Some(value.to_owned()).filter(|value| !value.is_empty())),
                None => Err(format!("`{name}` is not a plain value")),
            }
        };
        Ok(Self { url: setting("json_rpc_url")?, keypair: setting("keypair_path")?.map(PathBuf::from) })
    }
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).filter(|home| !home.as_os_str().is_empty())
}

/// An endpoint as people name it: an address, or the Solana CLI's short names.
pub fn endpoint(text: &str) -> String {
    let full = match text {
        "m" | "mainnet" | "mainnet-beta" => "https://api.mainnet-beta.solana.com",
        "t" | "testnet" => "https://api.testnet.solana.com",
        "d" | "devnet" => "https://api.devnet.solana.com",
        "l" | "localhost" => "http://localhost:8899",
        full => full,
    };
    full.to_owned()
}

/// Genesis hashes of the public clusters, by the names that [`endpoint`] takes.
const CLUSTERS: [(&str, &str); 3] = [
    ("mainnet-beta", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"),
    ("testnet", "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"),
    ("devnet", "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"),
];

/// The genesis hash that was named, by itself or by its cluster.
pub fn genesis(text: &str) -> String {
    let cluster = match text {
        "m" | "mainnet" => "mainnet-beta",
        "t" => "testnet",
        "d" => "devnet",
        other => other,
    };
    let known = CLUSTERS.iter().find(|(name, _)| *name == cluster);
    known.map_or(text, |(_, genesis)| genesis).to_owned()
}

/// A cluster's name, by its genesis hash.
pub fn cluster(genesis: &str) -> Option<&'static str> {
    CLUSTERS.iter().find(|(_, known)| *known == genesis).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_solana_cli_writes() {
        let text = "---\njson_rpc_url: http://localhost:8899\nwebsocket_url: ''\nkeypair_path: \"/keys/a b.json\"\naddress_labels:\n  '11111111111111111111111111111111': System Program\ncommitment: confirmed\n";
        let config = Config::parse(text).expect("a configuration");
        assert_eq!(config.url.as_deref(), Some("http://localhost:8899"));
        assert_eq!(config.keypair, Some(PathBuf::from("/keys/a b.json")));
        assert_eq!(Config::parse("").expect("empty"), Config::default());
        assert_eq!(Config::parse("json_rpc_url: ''").expect("empty"), Config::default());
    }

    #[test]
    fn refuses_what_it_would_misread() {
        for text in ["json_rpc_url: |\n  http://x", "keypair_path: \"open", "json_rpc_url: 'a' # 'b'"] {
            assert!(Config::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let error = Config::read(Some(Path::new("/nowhere/config.yml"))).expect_err("no file");
        assert!(matches!(error, Error::Config { .. }) && error.to_string().contains("/nowhere"), "{error}");
    }

    #[test]
    fn short_names_are_those_of_the_solana_cli() {
        assert_eq!(endpoint("d"), "https://api.devnet.solana.com");
        assert_eq!(endpoint("http://x:1"), "http://x:1");
        assert_eq!(cluster(&genesis("m")), Some("mainnet-beta"));
        assert_eq!(genesis("abc"), "abc");
        assert_eq!(cluster("abc"), None);
    }
}
