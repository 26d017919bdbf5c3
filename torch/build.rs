//! Has the programs of this package find libtorch where they were linked to it.

fn main() {
    if let Ok(libraries) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libraries}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
