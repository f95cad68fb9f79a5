//! Golden cases, conformance and checks across crates.
