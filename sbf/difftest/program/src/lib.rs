//! Functions whose results must not depend on the compiler
