//! `cargo xtask deploy`: what no cluster is to carry is refused before anything is sent.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::artefacts::ARTEFACTS;
use crate::ids::{self, Address, Addresses, Ids};
use crate::process::run;
use crate::progress::note;
use crate::workspace::Workspace;

/// What every program of a drill says (`interface/src/drill.rs`), and no other does.
const MARKER: &[u8] = b"firebreak drill: floors in seconds";

/// The program that all others know.
const BREAKER: &str = "breaker";

/// What is deployed, and under which address.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// The compiled program
    file: PathBuf,
    /// Key file of the address to deploy it under, or that address
    #[arg(long, value_name = "KEYPAIR")]
    program_id: String,
    /// The table of addresses that it was built for
    #[arg(long, value_name = "FILE")]
    ids: PathBuf,
    /// Check the program and send nothing
    #[arg(long)]
    check: bool,
    /// Passed on to `solana program deploy`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

/// Checks a program, and deploys it with the Solana command line.
pub(crate) fn command(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let table = Ids::read(workspace, Some(&arguments.ids))?.addresses(workspace)?;
    let drills = ids::of_the_drill(workspace)?;
    let program = read(&arguments.file)?;
    let address = address(&arguments.program_id)?;
    let name = check(&program, &address, &table, &drills)
        .with_context(|| format!("{} is not deployed", arguments.file.display()))?;
    note(format!("{} is the {name} of {}", arguments.file.display(), arguments.ids.display()));
    if arguments.check { Ok(()) } else { run(&mut deployment(arguments)) }
}

fn deployment(arguments: &Arguments) -> Command {
    let mut command = Command::new("solana");
    command
        .args(["program", "deploy", "--program-id", &arguments.program_id])
        .arg(&arguments.file)
        .args(&arguments.arguments);
    command
}

/// Fails unless these bytes may be deployed under this address; says which program of the table they are.
fn check<'a>(program: &[u8], address: &Address, table: &'a Addresses, drills: &Addresses) -> Result<&'a str> {
    ensure!(
        !contains(program, MARKER) && !drills.values().any(|drill| contains(program, drill)),
        "it is a drill: its delays are seconds, and nothing that it guards is safe"
    );
    let place = table.iter().find(|(_, known)| *known == address);
    let (place, _) = place.context("the table has no program at the address it would be deployed under")?;
    match declared(program, table) {
        Some(name) if name == place => Ok(name),
        Some(name) => bail!("it is the {name}, and the address is the {place}'s"),
        None => bail!("it was built for another table: it declares no address of this one"),
    }
}

/// The program of the table that these bytes are. Who is guarded knows the breaker's address beside its own.
fn declared<'a>(program: &[u8], table: &'a Addresses) -> Option<&'a str> {
    let known = table.iter().filter(|(_, address)| contains(program, *address));
    known.map(|(name, _)| name.as_str()).max_by_key(|name| *name != BREAKER)
}

fn contains(program: &[u8], bytes: &[u8]) -> bool {
    program.windows(bytes.len()).any(|found| found == bytes)
}

/// An address as the Solana command line takes it: written out, or the public half of a key file.
fn address(text: &str) -> Result<Address> {
    if let Ok(address) = ids::decode(text) {
        return Ok(address);
    }
    let context = || format!("{text} is neither an address nor a key file");
    let file = fs::read_to_string(text).with_context(context)?;
    let bytes: Vec<u8> = serde_json::from_str(&file).with_context(context)?;
    let public = bytes.get(size_of::<Address>()..).with_context(context)?;
    public.try_into().with_context(context)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Fails unless the compiled programs are what their names say: a drill is known for one by each of its marks, every
/// other program has none of them, and what this checkout deploys is taken for itself.
pub(crate) fn check_built(workspace: &Workspace) -> Result<()> {
    let (own, drills) = (Ids::default().addresses(workspace)?, ids::of_the_drill(workspace)?);
    for artefact in ARTEFACTS {
        let name = artefact.name;
        let program = read(&workspace.deploy().join(format!("{name}.so")))?;
        let marks = [contains(&program, MARKER), drills.values().any(|drill| contains(&program, drill))];
        ensure!(
            marks == [artefact.is_drill(); 2],
            "{name}: says that it is a drill, has its address: {marks:?}"
        );
        let is = declared(&program, &own);
        ensure!(!artefact.is_drill() || is.is_none(), "{name} knows the address of the real {is:?}");
        if artefact.is_drill() {
            let of_any = own.values().chain(drills.values());
            let taken = of_any.filter(|address| check(&program, address, &own, &drills).is_ok()).count();
            ensure!(taken == 0, "{name} is a drill, and may be deployed");
        }
        if let Some(address) = own.get(name) {
            let is = check(&program, address, &own, &drills).with_context(|| format!("{name} is refused"))?;
            ensure!(is == name, "{name} is taken for the {is}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [Address; 2] = [[1; 32], [2; 32]];
    const DRILLS: [Address; 2] = [[3; 32], [4; 32]];

    fn table([breaker, venue]: [Address; 2]) -> Addresses {
        [("breaker", breaker), ("venue", venue)].map(|(name, address)| (name.to_owned(), address)).into()
    }

    /// A program that has these addresses among its bytes.
    fn program(addresses: &[Address]) -> Vec<u8> {
        [b"\x7fELF", addresses.concat().as_slice(), b"and text"].concat()
    }

    fn checked(program: &[u8], address: &Address) -> Result<String> {
        check(program, address, &table(OURS), &table(DRILLS)).map(str::to_owned)
    }

    #[track_caller]
    fn refused(program: &[u8], address: &Address, reason: &str) {
        let error = format!("{:#}", checked(program, address).expect_err(reason));
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn a_program_is_deployed_under_the_address_that_it_declares() {
        let [breaker, venue] = OURS;
        assert_eq!(checked(&program(&[breaker]), &breaker).expect("the breaker"), "breaker");
        assert_eq!(checked(&program(&[venue, breaker]), &venue).expect("the venue"), "venue");
        refused(&program(&[breaker]), &venue, "it is the breaker, and the address is the venue's");
        refused(&program(&[breaker, venue]), &breaker, "it is the venue, and the address is the breaker's");
        refused(&program(&[breaker]), &[9; 32], "no program at the address");
        refused(&program(&[[9; 32]]), &breaker, "built for another table");
    }

    #[test]
    fn a_drill_is_deployed_nowhere() {
        let [breaker, venue] = OURS;
        let marked = [program(&[breaker]), MARKER.to_vec()].concat();
        refused(&marked, &breaker, "it is a drill");
        for drill in DRILLS {
            refused(&program(&[breaker, drill]), &breaker, "it is a drill");
            refused(&program(&[venue, breaker, drill]), &venue, "it is a drill");
            refused(&program(&[drill]), &drill, "it is a drill");
        }
    }

    #[test]
    fn a_key_file_stands_for_its_public_half() {
        let text = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
        assert_eq!(address(text).expect("an address"), ids::decode(text).expect("an address"));
        let file = std::env::temp_dir().join(format!("firebreak-key-{}.json", std::process::id()));
        let name = file.to_str().expect("a name of text");
        let key: Vec<u8> = [[7; 32], OURS[0]].concat();
        for (key, expected) in [(&key[..], Some(OURS[0])), (&key[1..], None), (&key[..31], None)] {
            fs::write(&file, serde_json::to_string(key).expect("a list")).expect("writable");
            assert_eq!(address(name).ok(), expected);
        }
        fs::remove_file(&file).expect("it was written");
        assert!(address(name).is_err(), "there is none");
    }

    #[test]
    fn the_rest_is_left_to_the_solana_command_line() {
        let arguments = Arguments {
            file: "breaker.so".into(),
            program_id: "breaker.keypair.json".into(),
            ids: "ids.json".into(),
            check: false,
            arguments: vec!["--url".into(), "devnet".into()],
        };
        let command = deployment(&arguments);
        assert_eq!(command.get_program(), "solana");
        let line: Vec<_> = command.get_args().filter_map(|argument| argument.to_str()).collect();
        let expected = "program deploy --program-id breaker.keypair.json breaker.so --url devnet";
        assert_eq!(line.join(" "), expected);
    }
}
