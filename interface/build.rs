//! Turns the table of program ids into constants: `program-ids.json`, or an operator's own file named by
//! `FIREBREAK_IDS` (`cargo xtask build --ids FILE` sets it, so every artefact follows). A drill has `drill-ids.json` and no
//! other: nobody has a key to those addresses, and none can be given to it.

use std::{env, error::Error, fs, path::PathBuf};

/// The programs the table must name, each exactly once.
const PROGRAMS: [&str; 2] = ["breaker", "venue"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-env-changed=FIREBREAK_IDS");
    let own = |name| env::var("CARGO_MANIFEST_DIR").map(|folder| PathBuf::from(folder).join(name));
    let file = match (env::var_os("FIREBREAK_IDS"), env::var_os("CARGO_FEATURE_DRILL")) {
        (None, None) => own("program-ids.json")?,
        (Some(path), None) => PathBuf::from(path),
        (None, Some(_)) => own("drill-ids.json")?,
        (Some(_), Some(_)) => {
            return Err("FIREBREAK_IDS is set: a drill takes no addresses but its own".into());
        }
    };
    println!("cargo:rerun-if-changed={}", file.display());
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;

    let mut constants = String::new();
    for (program, id) in parse(&text).map_err(|e| format!("{}: {e}", file.display()))? {
        constants.push_str(&format!(
            "/// Address of the program `{program}`.\n\
             pub const {}: Pubkey = Pubkey::from_str_const(\"{id}\");\n",
            program.to_uppercase()
        ));
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("ids.rs"), constants)?;
    Ok(())
}

/// A flat object of strings is all the table may be; a JSON parser would weigh on every integrator's build.
fn parse(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let words: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let pairs: Vec<(&str, &str)> = words.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    if words.len() != 2 * PROGRAMS.len() || names != PROGRAMS {
        return Err(format!("expected exactly the keys {PROGRAMS:?}, found {names:?}"));
    }
    if pairs[0].1 == pairs[1].1 {
        return Err("two programs share one id".into());
    }
    Ok(pairs)
}
