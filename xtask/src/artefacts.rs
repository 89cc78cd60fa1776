//! The programs that this workspace builds, and how.

use anyhow::{Result, bail};

/// What the optimiser works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Fewer compute units.
    Speed,
    /// Fewer bytes.
    Size,
}

/// Who needs a program, which decides when it is built without being named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The product: built by default.
    Product,
    /// Drills and tests.
    Drill,
}

/// One `.so` in the deploy folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Artefact {
    /// File name without `.so`, and what the user calls it.
    pub(crate) name: &'static str,
    /// Cargo package.
    pub(crate) package: &'static str,
    /// Folder of the package, relative to the checkout.
    pub(crate) folder: &'static str,
    /// Name of the library target.
    pub(crate) library: &'static str,
    /// Cargo features.
    pub(crate) features: &'static [&'static str],
    /// What it is optimised for.
    pub(crate) goal: Goal,
    /// Who needs it.
    pub(crate) purpose: Purpose,
}

/// The program whose merged bitcode is kept: the test of the linker links it again with each remedy broken.
pub(crate) const DIFFTEST: &str = "sbf_difftest_program";

/// The feature that makes a program a drill: delays of seconds, and addresses of its own.
const DRILL: &str = "drill";

impl Artefact {
    /// Whether its delays are seconds.
    pub(crate) fn is_drill(&self) -> bool {
        self.features.contains(&DRILL)
    }
}

/// Every program, in the order of building. `docs/sbf-build.md` has the figures behind each goal.
pub(crate) const ARTEFACTS: [Artefact; 9] = [
    Artefact {
        name: "breaker",
        package: "breaker",
        folder: "programs/breaker",
        library: "breaker",
        features: &[],
        goal: Goal::Size,
        purpose: Purpose::Product,
    },
    Artefact {
        name: "venue",
        package: "venue",
        folder: "programs/venue",
        library: "venue",
        features: &[],
        goal: Goal::Size,
        purpose: Purpose::Product,
    },
    Artefact {
        name: "venue_drainable",
        package: "venue",
        folder: "programs/venue",
        library: "venue",
        features: &["drainable"],
        goal: Goal::Size,
        purpose: Purpose::Drill,
    },
    Artefact {
        name: "venue_unguarded",
        package: "venue",
        folder: "programs/venue",
        library: "venue",
        features: &["drainable", "unguarded"],
        goal: Goal::Size,
        purpose: Purpose::Drill,
    },
    Artefact {
        name: "venue_custody",
        package: "venue",
        folder: "programs/venue",
        library: "venue",
        features: &["drainable", "custody"],
        goal: Goal::Size,
        purpose: Purpose::Drill,
    },
    Artefact {
        name: "breaker_drill",
        package: "breaker",
        folder: "programs/breaker",
        library: "breaker",
        features: &[DRILL],
        goal: Goal::Size,
        purpose: Purpose::Drill,
    },
    Artefact {
        name: "venue_drill",
        package: "venue",
        folder: "programs/venue",
        library: "venue",
        features: &["drainable", DRILL],
        goal: Goal::Size,
        purpose: Purpose::Drill,
    },
    Artefact {
        name: "firebreak_probe",
        package: "firebreak-probe",
        folder: "tests/programs/probe",
        library: "firebreak_probe",
        features: &[],
        goal: Goal::Speed,
        purpose: Purpose::Drill,
    },
    Artefact {
        name: DIFFTEST,
        package: "sbf-difftest-program",
        folder: "sbf/difftest/program",
        library: "sbf_difftest_program",
        features: &[],
        goal: Goal::Speed,
        purpose: Purpose::Drill,
    },
];

/// The programs that `names` asks for: those named, else all of them, else the product's.
pub(crate) fn select(names: &[String], all: bool) -> Result<Vec<Artefact>> {
    for name in names {
        if !ARTEFACTS.iter().any(|artefact| artefact.name == name) {
            let known: Vec<_> = ARTEFACTS.iter().map(|artefact| artefact.name).collect();
            bail!("no program is called {name:?}; there are: {}", known.join(", "));
        }
    }
    Ok(ARTEFACTS
        .into_iter()
        .filter(|artefact| {
            all || if names.is_empty() {
                artefact.purpose == Purpose::Product
            } else {
                names.iter().any(|name| name == artefact.name)
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(chosen: &[Artefact]) -> Vec<&str> {
        chosen.iter().map(|artefact| artefact.name).collect()
    }

    #[test]
    fn the_product_is_built_by_default_and_anything_by_name() {
        let default = select(&[], false).expect("nothing to refuse");
        assert_eq!(names(&default), ["breaker", "venue"]);
        let named = select(&["venue_drainable".into()], false).expect("it exists");
        assert_eq!(names(&named), ["venue_drainable"]);
        assert_eq!(select(&[], true).expect("all").len(), ARTEFACTS.len());
        let error = select(&["vault".into()], false).expect_err("there is none");
        assert!(error.to_string().contains("venue_unguarded"), "{error}");
    }

    #[test]
    fn no_two_artefacts_share_a_file() {
        let files: BTreeSet<_> = ARTEFACTS.iter().map(|artefact| artefact.name).collect();
        assert_eq!(files.len(), ARTEFACTS.len());
    }
}
