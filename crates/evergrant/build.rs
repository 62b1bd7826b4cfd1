//! Hands the linker the order in which what a gateway runs lies side by side: fewer pages to touch, and fewer to keep.

use std::env::{var, var_os};
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=profile/layout.ld");
    println!("cargo:rerun-if-env-changed=EVERGRANT_NO_LAYOUT");
    if !reads_linker_scripts() || var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    if let Some(folder) = var_os("CARGO_MANIFEST_DIR") {
        let script = PathBuf::from(folder).join("profile/layout.ld");
        println!("cargo:rustc-link-arg-bin=evergrant=-T{}", script.display());
    }
}

/// Whether it is the linker that comes with the compiler or the system, and nobody wants it otherwise: others refuse what they do
/// not read.
fn reads_linker_scripts() -> bool {
    let is_linux = var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux");
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_chosen = var_os("RUSTC_LINKER").is_some() || CHOOSES.iter().any(|choice| flags.contains(choice));
    is_linux && !is_chosen && var_os("EVERGRANT_NO_LAYOUT").is_none()
}

/// What stands in the flags of whoever chooses a linker.
const CHOOSES: [&str; 4] = ["linker", "-fuse-ld", "--ld-path", "link-arg=-B"];
