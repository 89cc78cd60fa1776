//! An operator's own program addresses (`--ids FILE`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::artefacts::Artefact;
use crate::workspace::Workspace;

/// Names the file to `interface/`'s build script.
const VARIABLE: &str = "FIREBREAK_IDS";
const OWN_TABLE: &str = "interface/program-ids.json";
const DRILLS_TABLE: &str = "interface/drill-ids.json";
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ADDRESS_BYTES: usize = 32;

/// The table of program addresses that everything is built for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    file: Option<PathBuf>,
}

impl Ids {
    /// Checks an operator's table against the checkout's own; without one, the checkout's is used.
    pub(crate) fn read(workspace: &Workspace, file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else {
            return Ok(Self::default());
        };
        let own = table(&workspace.root.join(OWN_TABLE))?;
        let given = table(file)?;
        check(&own, &given)
            .with_context(|| format!("{} is no table of program ids like {OWN_TABLE}", file.display()))?;
        let file =
            fs::canonicalize(file).with_context(|| format!("cannot find the place of {}", file.display()))?;
        Ok(Self { file: Some(file) })
    }

    /// The addresses of one program: a drill has its own, whatever table the operator brought.
    pub(crate) fn of(&self, artefact: &Artefact) -> Self {
        if artefact.is_drill() { Self::default() } else { self.clone() }
    }

    /// The table's text.
    pub(crate) fn text(&self, workspace: &Workspace) -> Result<String> {
        let own = || workspace.root.join(OWN_TABLE);
        let file = self.file.clone().unwrap_or_else(own);
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// The programs of the table and their addresses.
    pub(crate) fn addresses(&self, workspace: &Workspace) -> Result<Addresses> {
        let own = || workspace.root.join(OWN_TABLE);
        addresses(&self.file.clone().unwrap_or_else(own))
    }

    /// Makes a build follow the table. Without one of the operator's, a variable left in the environment
    /// does not count either: it would build for addresses that nobody checked.
    pub(crate) fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match &self.file {
            Some(file) => command.env(VARIABLE, file),
            None => command.env_remove(VARIABLE),
        }
    }
}

/// Programs by name, and their addresses.
pub(crate) type Addresses = BTreeMap<String, Address>;

/// The bytes of an address.
pub(crate) type Address = [u8; ADDRESS_BYTES];

/// The drill's programs and their addresses.
pub(crate) fn of_the_drill(workspace: &Workspace) -> Result<Addresses> {
    addresses(&workspace.root.join(DRILLS_TABLE))
}

fn addresses(file: &Path) -> Result<Addresses> {
    let read = |(name, address): (String, Value)| {
        let bytes = decode(address.as_str().unwrap_or_default());
        Ok((name, bytes?))
    };
    let read: Result<Addresses> = table(file)?.into_iter().map(read).collect();
    read.with_context(|| format!("{} is no table of program ids", file.display()))
}

type Table = BTreeMap<String, Value>;

fn table(file: &Path) -> Result<Table> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is no JSON object of names and addresses", file.display()))
}

fn check(own: &Table, given: &Table) -> Result<()> {
    for name in own.keys() {
        ensure!(given.contains_key(name), "it has no address for {name:?}");
    }
    let mut seen = BTreeMap::new();
    for (name, address) in given {
        ensure!(own.contains_key(name), "there is no program {name:?}");
        let address = address.as_str().with_context(|| format!("the address of {name:?} is no string"))?;
        let bytes =
            decode(address).with_context(|| format!("the address of {name:?}, {address:?}, is none"))?;
        if let Some(other) = seen.insert(bytes, name) {
            bail!("{other:?} and {name:?} have the same address");
        }
    }
    Ok(())
}

/// Reads base 58 text as an address.
pub(crate) fn decode(text: &str) -> Result<Address> {
    let mut bytes = [0_u8; ADDRESS_BYTES];
    for symbol in text.bytes() {
        let Some(digit) = ALPHABET.iter().position(|known| *known == symbol) else {
            bail!("{:?} is no symbol of base 58", char::from(symbol));
        };
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * ALPHABET.len();
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        ensure!(carry == 0, "it has more than {ADDRESS_BYTES} bytes");
    }
    // A leading zero byte is written as one `1`; other numbers of them would be other byte strings.
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let ones = text.bytes().take_while(|symbol| *symbol == b'1').count();
    ensure!(zeros == ones, "it does not have {ADDRESS_BYTES} bytes");
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artefacts::ARTEFACTS;

    const TOKEN: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
    const SYSTEM: &str = "11111111111111111111111111111111";

    fn table(entries: &[(&str, &str)]) -> Table {
        entries.iter().map(|(name, address)| ((*name).to_owned(), Value::from(*address))).collect()
    }

    #[test]
    fn addresses_are_read() {
        assert_eq!(decode(SYSTEM).expect("the system program"), [0; 32]);
        let token = decode(TOKEN).expect("the token program");
        assert_eq!(token[..4], [6, 221, 246, 225]);
        assert_eq!(token[28..], [126, 255, 0, 169]);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in
            ["", "1", "0OIl", &TOKEN[1..], &format!("{TOKEN}1"), &format!("1{TOKEN}"), &"z".repeat(44)]
        {
            assert!(decode(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_table_names_every_program_once() {
        let own = table(&[("breaker", SYSTEM), ("venue", TOKEN)]);
        check(&own, &own).expect("it is the table itself");
        for (wrong, reason) in [
            (table(&[("breaker", SYSTEM)]), "no address for \"venue\""),
            (table(&[("breaker", SYSTEM), ("venue", TOKEN), ("vault", TOKEN)]), "no program \"vault\""),
            (table(&[("breaker", TOKEN), ("venue", TOKEN)]), "same address"),
            (table(&[("breaker", "?"), ("venue", TOKEN)]), "\"breaker\""),
        ] {
            let error = format!("{:#}", check(&own, &wrong).expect_err(reason));
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_drill_has_addresses_of_its_own_whatever_the_operator_brings() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let [own, drills] =
            [OWN_TABLE, DRILLS_TABLE].map(|file| addresses(&root.join(file)).expect("a table"));
        assert!(own.keys().eq(drills.keys()), "{own:?} {drills:?}");
        assert!(own.values().all(|address| drills.values().all(|drill| drill != address)));

        let operators = Ids { file: Some("/operators/ids.json".into()) };
        for artefact in ARTEFACTS {
            let mut build = Command::new("cargo");
            operators.of(&artefact).apply(&mut build);
            let named = build.get_envs().find_map(|(name, value)| (name == VARIABLE).then_some(value)?);
            assert_eq!(named.is_none(), artefact.name.ends_with("_drill"), "{artefact:?}");
        }
    }

    #[test]
    fn anchors_settings_name_the_same_addresses() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let own = super::table(&root.join(OWN_TABLE)).expect("the checkout has one");
        let anchor = fs::read_to_string(root.join("Anchor.toml")).expect("the checkout has one");
        check(&own, &own).expect("the checkout's own table is one");
        for (name, address) in &own {
            let line = format!("{name} = {address}");
            assert!(anchor.lines().any(|found| found == line), "Anchor.toml lacks {line}");
        }
    }
}
