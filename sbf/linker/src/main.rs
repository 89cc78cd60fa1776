//! `firebreak-sbf-linker`: the linker that `rustc` calls for SBF programs.
fn main() -> anyhow::Result<()> {
    firebreak_sbf_linker::run()
}
