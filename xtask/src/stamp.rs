//! What a program was made of, remembered beside it. Asking cargo whether there is anything to do takes over a second for
//! each program, for it resolves the standard library anew; a hash over the sources takes a few milliseconds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::workspace::{Workspace, hex};

/// Everything a program can be made of, beside crates that `Cargo.lock` names. More than any one needs: a change too many
/// asks cargo, a change too few would leave a stale program.
const SOURCES: [&str; 7] = [
    "Cargo.lock",
    "Cargo.toml",
    "interface",
    "programs",
    "tests/programs",
    "sbf/difftest/program",
    "xtask/src",
];

/// What one program is made of now, and where that was written down when it was built.
#[derive(Debug)]
pub(crate) struct Stamp {
    made_of: String,
    file: PathBuf,
}

impl Stamp {
    /// The stamp of a program for this recipe: compiler, options, addresses, whatever is not in the sources.
    pub(crate) fn new(workspace: &Workspace, program: &str, recipe: &str) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(recipe);
        for source in SOURCES {
            add(&mut hash, &workspace.root, Path::new(source))?;
        }
        let file = workspace.sbf().join("stamps").join(program);
        Ok(Self { made_of: hex(&hash.finalize()), file })
    }

    /// Whether the program with this hash was made of the same.
    pub(crate) fn matches(&self, sha256: &str) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|kept| kept == self.text(sha256))
    }

    /// Writes down what the program with this hash was made of.
    pub(crate) fn keep(&self, sha256: &str) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&self.file, self.text(sha256))
            .with_context(|| format!("cannot write {}", self.file.display()))
    }

    fn text(&self, sha256: &str) -> String {
        format!("made of {}\nsha256 {sha256}\n", self.made_of)
    }
}

/// Adds a file, or all of a folder in the order of names, each with its name and length.
fn add(hash: &mut Sha256, root: &Path, relative: &Path) -> Result<()> {
    let path = root.join(relative);
    let context = || format!("cannot read {}", path.display());
    if path.is_dir() {
        let mut names: Vec<_> = fs::read_dir(&path)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())).collect())
            .with_context(context)?;
        names.sort();
        for name in names {
            add(hash, root, &relative.join(name))?;
        }
        return Ok(());
    }
    let content = fs::read(&path).with_context(context)?;
    hash.update(relative.to_string_lossy().as_bytes());
    hash.update((content.len() as u64).to_le_bytes());
    hash.update(&content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipe_source_or_program_is_no_match() {
        let workspace = Workspace::find().expect("tests run inside the checkout");
        let stamp = Stamp::new(&workspace, "stamp-of-a-test", "one").expect("readable");
        stamp.keep("abc").expect("writable");
        assert!(Stamp::new(&workspace, "stamp-of-a-test", "one").expect("readable").matches("abc"));
        assert!(!Stamp::new(&workspace, "stamp-of-a-test", "two").expect("readable").matches("abc"));
        assert!(!stamp.matches("abd"));
        fs::remove_file(&stamp.file).expect("it was written");
        assert!(!stamp.matches("abc"));

        let place = std::env::temp_dir().join(format!("firebreak-stamp-{}", std::process::id()));
        fs::create_dir_all(place.join("a/b")).expect("writable");
        let hash_of = |content: &str| {
            fs::write(place.join("a/b/c.rs"), content).expect("writable");
            let mut hash = Sha256::new();
            add(&mut hash, &place, Path::new("a")).expect("readable");
            hex(&hash.finalize())
        };
        assert_eq!(hash_of("x"), hash_of("x"));
        assert_ne!(hash_of("x"), hash_of("y"));
        fs::remove_dir_all(&place).expect("removable");
    }
}
