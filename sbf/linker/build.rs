//! Links the shared LLVM 22 that `LLVM_SYS_221_PREFIX`, or else `llvm-config-22` on the path, names.
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=LLVM_SYS_221_PREFIX");
    println!("cargo::rerun-if-env-changed=PATH");
    let Some(lib) = library_dir() else {
        println!(
            "cargo::error=LLVM 22 was not found: install llvm-22-dev, or set LLVM_SYS_221_PREFIX to its prefix"
        );
        return;
    };
    println!("cargo::rustc-link-search=native={}", lib.display());
    println!("cargo::rustc-link-lib=dylib=LLVM");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
}

fn library_dir() -> Option<PathBuf> {
    if let Ok(prefix) = std::env::var("LLVM_SYS_221_PREFIX") {
        return Some(PathBuf::from(prefix).join("lib"));
    }
    let output = Command::new("llvm-config-22").arg("--libdir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}
