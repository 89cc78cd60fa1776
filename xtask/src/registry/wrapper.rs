//! What stands between cargo and the compiler while programs are built (`RUSTC_WRAPPER`).
//!
//! For everything compiled for the Solana VM it
//! - takes paths out of the result: crate identities from name, version and features in place of cargo's
//!   hash, which knows where the checkout lies; and neutral file names in panic messages;
//! - links only the program itself: a dependency that also asks for a `cdylib` is built as an `rlib`;
//! - compiles std with the platform layer of a system that has no threads, files or clock.
//!
//! What is compiled for the host (build scripts, macros) passes through unchanged.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::workspace::hex;

/// Set for the compiler's wrapper alone: the patched source of std.
pub(crate) const STD_SOURCE: &str = "FIREBREAK_SBF_STD_SOURCE";
/// Set for the compiler's wrapper alone: the description of the target.
pub(crate) const TARGET_SPEC: &str = "FIREBREAK_SBF_TARGET_SPEC";
/// To be raised with every change of what is compiled; it makes cargo start anew.
pub(crate) const REVISION: &str = "wrapper 2";

/// std's own cfgs: the layer of `zkvm` needs no operating system, and the alignment that the allocator
/// promises is chosen by processor, among which `bpf` is not listed.
const STD_CFGS: [&str; 2] = ["target_os=\"zkvm\"", "target_arch=\"hexagon\""];

/// A library that is linked, which only the program itself is to be.
const CDYLIB: &str = "cdylib";

/// What cargo says about the crate by environment variables, and where things are.
#[derive(Debug, Clone)]
struct Crate {
    package: String,
    version: String,
    /// Whether the user asked for this package by name.
    primary: bool,
    manifest_dir: PathBuf,
    out_dir: Option<PathBuf>,
    working_dir: PathBuf,
    std_source: PathBuf,
    target_spec: OsString,
}

/// Acts as the wrapper if cargo started this process as one.
pub(crate) fn if_wrapper() -> Option<ExitCode> {
    let std_source = env::var_os(STD_SOURCE)?;
    let target_spec = env::var_os(TARGET_SPEC)?;
    let mut args = env::args_os().skip(1);
    let rustc = args.next()?;
    let args = match Crate::from_env(std_source.into(), target_spec)
        .and_then(|krate| compiler_args(krate.as_ref(), args.collect()))
    {
        Ok(args) => args,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Some(ExitCode::FAILURE);
        }
    };
    let error = Command::new(&rustc).args(args).exec();
    eprintln!("error: cannot start {}: {error}", rustc.display());
    Some(ExitCode::FAILURE)
}

impl Crate {
    /// `None` while cargo only asks the compiler questions.
    fn from_env(std_source: PathBuf, target_spec: OsString) -> Result<Option<Self>> {
        let Ok(package) = env::var("CARGO_PKG_NAME") else {
            return Ok(None);
        };
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .with_context(|| format!("cargo does not say where {package} lies"))?;
        Ok(Some(Self {
            package,
            version: env::var("CARGO_PKG_VERSION").unwrap_or_default(),
            primary: env::var_os("CARGO_PRIMARY_PACKAGE").is_some(),
            manifest_dir: manifest_dir.into(),
            out_dir: env::var_os("OUT_DIR").map(PathBuf::from),
            working_dir: env::current_dir().context("the working folder is gone")?,
            std_source,
            target_spec,
        }))
    }
}

/// Everything that is to be done before the compiler runs, and its arguments.
fn compiler_args(krate: Option<&Crate>, args: Vec<OsString>) -> Result<Vec<OsString>> {
    let Some(krate) = krate else {
        return Ok(args);
    };
    // Cargo takes a crate for stale as long as a file that it expects is missing.
    if let Some(file) = not_linked(krate, &args) {
        fs::write(&file, "").with_context(|| format!("cannot write {}", file.display()))?;
    }
    rewrite(krate, args)
}

/// The library that `krate` asks for and does not get.
fn not_linked(krate: &Crate, args: &[OsString]) -> Option<PathBuf> {
    let for_sbf = value_of(args, "--target") == Some(&krate.target_spec);
    let asked = pairs(args).any(|(flag, value)| flag == "--crate-type" && value == CDYLIB);
    if !for_sbf || !asked || krate.primary {
        return None;
    }
    let folder = value_of(args, "--out-dir")?;
    let name = value_of(args, "--crate-name")?.to_str()?;
    let suffix = pairs(args)
        .filter(|(flag, _)| *flag == "-C")
        .find_map(|(_, value)| value.to_str()?.strip_prefix("extra-filename="))
        .unwrap_or_default();
    Some(Path::new(folder).join(format!("lib{name}{suffix}.so")))
}

/// The compiler's arguments for `krate`, given cargo's.
fn rewrite(krate: &Crate, args: Vec<OsString>) -> Result<Vec<OsString>> {
    if value_of(&args, "--target") != Some(&krate.target_spec) {
        return Ok(args);
    }
    let is_std = value_of(&args, "--crate-name").is_some_and(|name| name == "std") && krate.package == "std";
    if is_std && !krate.manifest_dir.starts_with(&krate.std_source) {
        bail!(
            "this cargo takes std from {}, not from the prepared copy in {}; use the compiler version \
             named in docs/sbf-build.md",
            krate.manifest_dir.display(),
            krate.std_source.display()
        );
    }
    let identity = identity(krate, &args);
    let mut result = Vec::with_capacity(args.len() + 12);
    let mut identified = false;
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == "-C" || arg == "--crate-type" {
            let value = args.next().with_context(|| format!("{} without a value", arg.display()))?;
            let text = value.to_string_lossy();
            if arg == "-C" && text.starts_with("metadata=") {
                result.extend([arg, format!("metadata={identity}").into()]);
                identified = true;
                continue;
            }
            if arg == "--crate-type" && text == CDYLIB && !krate.primary {
                continue;
            }
            result.extend([arg, value]);
        } else {
            result.push(arg);
        }
    }
    if !identified {
        bail!("cargo gives {} no metadata to replace", krate.package);
    }
    for (from, to) in remaps(krate) {
        let mut rule = OsString::from("--remap-path-prefix=");
        rule.push(from);
        rule.push("=");
        rule.push(to);
        result.push(rule);
    }
    if is_std {
        result.push("-Aexplicit_builtin_cfgs_in_flags".into());
        for cfg in STD_CFGS {
            result.extend(["--cfg".into(), cfg.into()]);
        }
    }
    Ok(result)
}

/// What tells one crate of a build from another, wherever it is built.
fn identity(krate: &Crate, args: &[OsString]) -> String {
    let name = value_of(args, "--crate-name").map(|name| name.to_string_lossy().into_owned());
    let features: BTreeSet<_> = pairs(args)
        .filter(|(flag, value)| *flag == "--cfg" && value.to_string_lossy().starts_with("feature="))
        .map(|(_, value)| value.to_string_lossy().into_owned())
        .collect();
    let mut hash = Sha256::new();
    for part in
        [name.unwrap_or_default(), krate.package.clone(), krate.version.clone()].into_iter().chain(features)
    {
        hash.update(part);
        hash.update([0]);
    }
    hex(&hash.finalize()[..8])
}

/// Folders and what stands for them; the compiler takes the last that fits.
fn remaps(krate: &Crate) -> Vec<(&Path, String)> {
    const STD: &str = "/rust";
    let mut rules = vec![
        (krate.working_dir.as_path(), "/build".to_owned()),
        (krate.std_source.as_path(), STD.to_owned()),
    ];
    // Cargo names files inside the working folder from there, and a target folder may lie inside.
    if let Ok(relative) = krate.std_source.strip_prefix(&krate.working_dir) {
        rules.push((relative, STD.to_owned()));
    }
    let name = format!("/{}-{}", krate.package, krate.version);
    if let Some(out_dir) = &krate.out_dir {
        rules.push((out_dir, format!("{name}/out")));
    }
    if !krate.manifest_dir.starts_with(&krate.std_source) {
        rules.push((&krate.manifest_dir, name));
    }
    rules
}

fn pairs(args: &[OsString]) -> impl Iterator<Item = (&OsString, &OsString)> {
    args.iter().zip(args.iter().skip(1))
}

fn value_of<'a>(args: &'a [OsString], flag: &str) -> Option<&'a OsString> {
    pairs(args).find(|(name, _)| *name == flag).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "/checkout/target/sbf/sbf-solana.json";

    fn library() -> Crate {
        Crate {
            package: "spl-token".into(),
            version: "8.0.0".into(),
            primary: false,
            manifest_dir: "/home/me/.cargo/registry/src/index/spl-token-8.0.0".into(),
            out_dir: None,
            working_dir: "/home/me/.cargo/registry/src/index/spl-token-8.0.0".into(),
            std_source: "/checkout/target/sbf/std-0".into(),
            target_spec: SPEC.into(),
        }
    }

    fn args(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    fn rewritten(krate: &Crate, text: &str) -> Vec<String> {
        rewrite(krate, args(text))
            .expect("these arguments are fine")
            .into_iter()
            .map(|arg| arg.into_string().expect("UTF-8"))
            .collect()
    }

    fn cargo_line(extra: &str) -> String {
        format!("--crate-name spl_token src/lib.rs -C metadata=0123 --target {SPEC} {extra}")
    }

    fn metadata(args: &[String]) -> &String {
        args.iter().find(|arg| arg.starts_with("metadata=")).expect("there is one")
    }

    #[test]
    fn what_runs_on_the_host_is_left_alone() {
        let line = "--crate-name syn src/lib.rs -C metadata=0123 --crate-type cdylib";
        assert_eq!(rewritten(&library(), line), line.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn the_identity_of_a_crate_does_not_know_where_it_lies() {
        let here = library();
        let mut there = library();
        there.manifest_dir = "/elsewhere/spl-token-8.0.0".into();
        there.working_dir = "/elsewhere/spl-token-8.0.0".into();
        there.std_source = "/elsewhere/std".into();
        let here = rewritten(&here, &cargo_line(""));
        let there = rewritten(&there, &cargo_line("").replace("0123", "4567"));
        assert_eq!(metadata(&here), metadata(&there));
        assert!(!metadata(&here).contains("0123"));
    }

    #[test]
    fn name_version_and_features_tell_crates_apart() {
        let plain = rewritten(&library(), &cargo_line(""));
        let feature = rewritten(&library(), &cargo_line("--cfg feature=\"no-entrypoint\""));
        assert_ne!(metadata(&plain), metadata(&feature));
        let order = |a: &str, b: &str| {
            let line = cargo_line(&format!("--cfg feature=\"{a}\" --cfg feature=\"{b}\""));
            rewritten(&library(), &line)
        };
        assert_eq!(metadata(&order("a", "b")), metadata(&order("b", "a")));
        let mut older = library();
        older.version = "7.0.0".into();
        assert_ne!(metadata(&plain), metadata(&rewritten(&older, &cargo_line(""))));
    }

    fn rules(krate: &Crate) -> Vec<String> {
        rewritten(krate, &cargo_line(""))
            .iter()
            .filter_map(|arg| arg.strip_prefix("--remap-path-prefix="))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn folders_get_neutral_names() {
        let mut program = library();
        program.manifest_dir = "/checkout/programs/breaker".into();
        program.working_dir = "/checkout".into();
        program.out_dir = Some("/checkout/target/sbf/build/x/out".into());
        assert_eq!(
            rules(&program),
            [
                "/checkout=/build",
                "/checkout/target/sbf/std-0=/rust",
                "target/sbf/std-0=/rust",
                "/checkout/target/sbf/build/x/out=/spl-token-8.0.0/out",
                "/checkout/programs/breaker=/spl-token-8.0.0",
            ]
        );
    }

    #[test]
    fn std_has_one_name_wherever_the_target_folder_lies() {
        let mut inside = library();
        inside.manifest_dir = "/checkout/target/sbf/std-0/core".into();
        inside.working_dir = "/checkout".into();
        let mut outside = inside.clone();
        outside.std_source = "/target/sbf/std-0".into();
        outside.manifest_dir = "/target/sbf/std-0/core".into();
        // As cargo names the file in either case.
        assert!(rules(&inside).contains(&"target/sbf/std-0=/rust".to_owned()));
        assert_eq!(rules(&outside), ["/checkout=/build", "/target/sbf/std-0=/rust"]);
    }

    #[test]
    fn only_the_program_itself_is_linked() {
        let line = cargo_line("--crate-type cdylib --crate-type lib");
        let dependency = rewritten(&library(), &line);
        assert!(!dependency.contains(&"cdylib".to_owned()));
        assert!(dependency.contains(&"lib".to_owned()));
        let mut program = library();
        program.primary = true;
        assert!(rewritten(&program, &line).contains(&"cdylib".to_owned()));
    }

    #[test]
    fn a_library_that_is_not_linked_leaves_a_file_for_cargo_to_find() {
        let line = cargo_line("--crate-type cdylib -C extra-filename=-89ab --out-dir /target/deps");
        let file = |krate: &Crate, line: &str| not_linked(krate, &args(line));
        assert_eq!(file(&library(), &line), Some("/target/deps/libspl_token-89ab.so".into()));
        assert_eq!(file(&library(), &line.replace("cdylib", "lib")), None);
        assert_eq!(file(&library(), &line.replace(SPEC, "x86_64-unknown-linux-gnu")), None);
        let mut program = library();
        program.primary = true;
        assert_eq!(file(&program, &line), None);
    }

    #[test]
    fn std_gets_its_platform_and_must_be_the_prepared_one() {
        let mut std = library();
        std.package = "std".into();
        std.manifest_dir = "/checkout/target/sbf/std-0/std".into();
        let line = format!("--crate-name std src/lib.rs -C metadata=0123 --target {SPEC}");
        let result = rewritten(&std, &line);
        assert!(result.contains(&"target_os=\"zkvm\"".to_owned()));
        assert!(!rewritten(&library(), &cargo_line("")).contains(&"target_os=\"zkvm\"".to_owned()));
        std.manifest_dir = "/usr/lib/rustlib/src/rust/library/std".into();
        let error = rewrite(&std, args(&line)).expect_err("that is the unpatched one");
        assert!(error.to_string().contains("/usr/lib/rustlib"), "{error}");
    }

    #[test]
    fn a_cargo_that_gives_no_metadata_is_refused() {
        let line = format!("--crate-name spl_token src/lib.rs --target {SPEC}");
        assert!(rewrite(&library(), args(&line)).is_err());
    }
}
