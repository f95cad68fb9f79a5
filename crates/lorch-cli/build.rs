//! Links the command so that it starts quickly.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    // A position-independent executable has 33,000 addresses corrected at every start, which takes as
    // long as validating a document takes in all. Stack, heap and libraries still move about.
    if variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
