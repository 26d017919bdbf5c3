//! Has the programs of this package find libtorch where they were linked to it, and all of it: nothing refers to what is for CUDA
//! by name, and so the linker would drop it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Only with the feature `tch` there is something to link to.
    if let Ok(libraries) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libraries}");
        if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
            println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
            println!("cargo::rustc-link-arg=-ltorch");
        }
    }
}
