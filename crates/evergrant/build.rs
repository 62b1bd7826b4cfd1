//! Hands the linker the order in which what a gateway runs lies side by side: fewer pages to touch, and fewer to keep.

use std::env::{var, var_os};
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=layout.ld");
    if !reads_linker_scripts() || var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    if let Some(folder) = var_os("CARGO_MANIFEST_DIR") {
        let script = PathBuf::from(folder).join("layout.ld");
        println!("cargo:rustc-link-arg-bin=evergrant=-Wl,-T,{}", script.display());
    }
}

/// Whether it is the linker that comes with the compiler or the system: others refuse what they do not read.
fn reads_linker_scripts() -> bool {
    let is_linux = var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux");
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    is_linux && var_os("RUSTC_LINKER").is_none() && !flags.contains("linker") && !flags.contains("-fuse-ld")
}
