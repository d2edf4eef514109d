//! Tells `netc` where the libtorch of its sibling `netc-torch` lies, and the build script of that
//! package likewise.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let libtorch = env::var("LIBTORCH").unwrap_or_default();
    let folder = Path::new(&libtorch);
    let beside = folder.parent().unwrap_or(folder);
    let found = [folder.join("lib"), beside.join("nvidia/cu13/lib")];
    // What is built for other machines does not look where its own builder had it.
    println!("cargo::rerun-if-env-changed=NETC_PORTABLE");
    let portable = env::var_os("NETC_PORTABLE").is_some_and(|value| !value.is_empty());
    let here = |folder: &Path| folder.join("..").is_absolute() && folder.exists();
    let found = found.into_iter().filter(|folder| !portable && here(folder));
    // Where an archive of netc has it: lib/netc/ beside the folder of the programs.
    let macos = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "macos");
    let origin = if macos { "@loader_path" } else { "$ORIGIN" };
    let shipped = ["torch/lib", "nvidia/cu13/lib"];
    let shipped = shipped.map(|folder| format!("{origin}/../lib/netc/libtorch/{folder}"));
    let rpaths: Vec<String> =
        found.map(|folder| folder.display().to_string()).chain(shipped).collect();
    // The suite and an example compute with tensors. The linker of macOS knows rpaths of one kind
    // alone.
    let kind = if macos { "" } else { "--enable-new-dtags," };
    for rpath in &rpaths {
        println!("cargo::rustc-link-arg-tests=-Wl,{kind}-rpath,{rpath}");
        println!("cargo::rustc-link-arg-examples=-Wl,{kind}-rpath,{rpath}");
    }
    println!("cargo::rustc-env=NETC_RPATHS={}", rpaths.join(":"));
    println!("cargo::metadata=RPATHS={}", rpaths.join(":"));
}
