//! The standard library's source, as the Solana VM needs it.
//!
//! A program has no writable statics and one 4 KiB stack frame per function. Two places of the standard
//! library assume more; a private copy of its source is changed there. Each change must match exactly
//! once: a compiler whose source differs is refused, never half patched.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::workspace::hex;

/// One change of one file.
#[derive(Debug)]
struct Patch {
    /// Path below `library/`.
    file: &'static str,
    /// What the change is for, named when it does not apply.
    purpose: &'static str,
    from: &'static str,
    to: &'static str,
}

const RANDOM: &str = "std/src/hash/random.rs";
const STABLE_SORT: &str = "core/src/slice/sort/stable/mod.rs";
const FIXED_KEYS: &str = "hash maps take fixed keys, for a program has no place to keep random ones";
const SMALL_SCRATCH: &str = "stable sort keeps a quarter of a stack frame as scratch, not all of it";

const PATCHES: [Patch; 5] = [
    Patch { file: RANDOM, purpose: FIXED_KEYS, from: "use crate::cell::Cell;\n", to: "" },
    Patch {
        file: RANDOM,
        purpose: FIXED_KEYS,
        from: "use crate::sys::random::hashmap_random_keys;\n",
        to: "",
    },
    Patch {
        file: RANDOM,
        purpose: FIXED_KEYS,
        from: "        thread_local!(static KEYS: Cell<(u64, u64)> = {
            Cell::new(hashmap_random_keys())
        });

        KEYS.with(|keys| {
            let (k0, k1) = keys.get();
            keys.set((k0.wrapping_add(1), k1));
            RandomState { k0, k1 }
        })
",
        to: "        RandomState { k0: 0, k1: 0 }\n",
    },
    Patch {
        file: STABLE_SORT,
        purpose: SMALL_SCRATCH,
        from: "                    let mut stack_buf = AlignedStorage::<T, 4096>::new();
                    let stack_scratch = stack_buf.as_uninit_slice_mut();
                    let mut heap_buf;
",
        to: "                    let mut stack_buf = AlignedStorage::<T, 1024>::new();
                    let stack_scratch = stack_buf.as_uninit_slice_mut();
                    let mut heap_buf;
",
    },
    Patch {
        file: STABLE_SORT,
        purpose: SMALL_SCRATCH,
        from: "\n    let mut stack_buf = AlignedStorage::<T, 4096>::new();
    let stack_scratch = stack_buf.as_uninit_slice_mut();
",
        to: "\n    let mut stack_buf = AlignedStorage::<T, 1024>::new();
    let stack_scratch = stack_buf.as_uninit_slice_mut();
",
    },
];

/// Copies `library` (of the compiler that calls itself `compiler`) into `parent` and patches the copy.
/// The folder's name follows from everything that shapes the compiled library, so that a change of any
/// of it is a different folder, which cargo compiles anew. `recipe` stands for what lies outside this file.
pub(super) fn prepare(library: &Path, compiler: &str, recipe: &str, parent: &Path) -> Result<PathBuf> {
    let done = parent.join(format!("std-{}", identity(compiler, recipe)));
    if done.is_dir() {
        return Ok(done);
    }
    let draft = parent.join("std-draft");
    if draft.exists() {
        fs::remove_dir_all(&draft).with_context(|| format!("cannot clear {}", draft.display()))?;
    }
    copy(library, &draft)?;
    for patch in &PATCHES {
        let file = draft.join(patch.file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = apply(patch, &text).with_context(|| {
            format!(
                "the standard library of this compiler is not the one that Firebreak knows how to prepare.\n\
                 compiler: {}\nfile: {}\nUse the compiler version named in docs/sbf-build.md, or the \
                 platform toolchain (`cargo build-sbf`)",
                compiler.lines().next().unwrap_or(compiler),
                library.join(patch.file).display()
            )
        })?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    remove_others(parent, &draft)?;
    fs::rename(&draft, &done).with_context(|| format!("cannot create {}", done.display()))?;
    Ok(done)
}

fn apply(patch: &Patch, text: &str) -> Result<String> {
    match text.matches(patch.from).count() {
        1 => Ok(text.replacen(patch.from, patch.to, 1)),
        found => bail!(
            "the patch {:?} fits {found} places of {}, and must fit one; it looks for:\n{}",
            patch.purpose,
            patch.file,
            patch.from.trim_end()
        ),
    }
}

fn identity(compiler: &str, recipe: &str) -> String {
    let mut hash = Sha256::new();
    for part in [compiler, recipe] {
        hash.update(part);
        hash.update([0]);
    }
    for patch in &PATCHES {
        for part in [patch.file, patch.from, patch.to] {
            hash.update(part);
            hash.update([0]);
        }
    }
    hex(&hash.finalize()[..6])
}

/// Copies a folder; links are followed, for a distribution may link files into place.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

/// Removes what earlier compilers or patches left.
fn remove_others(parent: &Path, keep: &Path) -> Result<()> {
    let entries = fs::read_dir(parent).with_context(|| format!("cannot read {}", parent.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", parent.display()))?.path();
        let is_copy =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("std-"));
        if is_copy && path != keep {
            fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch() -> Patch {
        Patch { file: "core/src/lib.rs", purpose: "a test", from: "old\n", to: "new\n" }
    }

    #[test]
    fn a_patch_applies_where_it_fits_once() {
        assert_eq!(apply(&patch(), "a\nold\nb\n").expect("it fits"), "a\nnew\nb\n");
    }

    #[test]
    fn a_patch_that_fits_nowhere_or_twice_is_an_error_that_says_so() {
        for (text, count) in [("a\n", "0 places"), ("old\nold\n", "2 places")] {
            let error = apply(&patch(), text).expect_err("it must not apply");
            let error = error.to_string();
            for part in ["a test", "core/src/lib.rs", count, "old"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }

    #[test]
    fn another_compiler_is_refused_by_name() {
        let place = std::env::temp_dir().join(format!("firebreak-std-{}", std::process::id()));
        let library = place.join("library");
        for file in [RANDOM, STABLE_SORT] {
            let file = library.join(file);
            fs::create_dir_all(file.parent().expect("it has one")).expect("writable");
            fs::write(&file, "something else\n").expect("writable");
        }
        let error = prepare(&library, "rustc 9.9.9\nhost: x", "", &place.join("out"));
        fs::remove_dir_all(&place).expect("it exists");
        let error = format!("{:#}", error.expect_err("the source differs"));
        assert!(error.contains("rustc 9.9.9") && error.contains(RANDOM), "{error}");
    }

    #[test]
    fn the_folder_follows_what_shapes_the_library() {
        assert_eq!(identity("a", "b"), identity("a", "b"));
        assert_ne!(identity("a", "b"), identity("c", "b"));
        assert_ne!(identity("a", "b"), identity("a", "c"));
        assert_ne!(identity("ab", ""), identity("a", "b"));
    }
}
