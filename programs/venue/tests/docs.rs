//! `docs/integrate.md` shows the venue's own code.

use std::{fs, io, path::Path};

/// All Rust text under a folder, its white space made equal.
fn source(folder: &Path) -> io::Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            text += &source(&path)?;
        } else {
            text += &normal(&fs::read_to_string(&path)?);
        }
        text += " ";
    }
    Ok(text)
}

fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_example_is_code_of_the_venue() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = source(&root.join("src")).expect("the venue's source");
    let page = fs::read_to_string(root.join("../../docs/integrate.md")).expect("the page");
    let examples: Vec<&str> =
        page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 5, "the page shows examples");
    for example in examples {
        assert!(code.contains(&normal(example)), "no such code in the venue:\n{example}");
    }
}
