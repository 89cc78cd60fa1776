//! Links SBF programs with the LLVM 22 of a distribution
