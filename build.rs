//! Tells the linker where libtorch lies, so that what is built finds it without LD_LIBRARY_PATH, and compiles
//! what netc takes of libtorch's process groups.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    if env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return;
    }
    let libtorch = env::var("LIBTORCH").unwrap_or_default();
    let folder = Path::new(&libtorch);
    if !folder.join("lib/libtorch_cpu.so").exists() {
        println!(
            "cargo::error=no libtorch in LIBTORCH={libtorch}: run scripts/libtorch.sh, \
             or set LIBTORCH to the folder of a libtorch 2.11.0"
        );
        return;
    }
    let beside = folder.parent().unwrap_or(folder);
    let found = [folder.join("lib"), beside.join("nvidia/cu13/lib")].map(|rpath| rpath.display().to_string());
    let found = found.into_iter().filter(|rpath| Path::new(rpath).exists());
    // Where an archive of netc has it: lib/netc/ beside the folder of the programs.
    let shipped =
        ["torch/lib", "nvidia/cu13/lib"].map(|folder| format!("$ORIGIN/../lib/netc/libtorch/{folder}"));
    let rpaths: Vec<String> = found.chain(shipped).collect();
    // As a runpath, which LD_LIBRARY_PATH goes before: a libtorch that LIBTORCH names at run time is the one that is taken.
    println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags");
    for rpath in &rpaths {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{rpath}");
    }
    println!("cargo::rustc-env=NETC_RPATHS={}", rpaths.join(":"));
    #[cfg(feature = "torch")]
    {
        process_groups(folder);
        operations(folder);
    }
}

#[cfg(feature = "torch")]
fn against(libtorch: &Path, file: &str) -> cc::Build {
    println!("cargo::rerun-if-changed={file}");
    let include = libtorch.join("include");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(1)
        .file(file)
        .flag(format!("-isystem{}", include.join("torch/csrc/api/include").display()))
        .flag(format!("-isystem{}", include.display()))
        .define("_GLIBCXX_USE_CXX11_ABI", "1");
    build
}

/// Operations that tch has no binding for. They share libtorch's threads, which are those of its OpenMP.
#[cfg(feature = "torch")]
fn operations(libtorch: &Path) {
    against(libtorch, "src/lower/kernels/aten.cpp").flag("-fopenmp").compile("netc_aten");
    against(libtorch, "src/lower/kernels/script.cpp").compile("netc_script");
    println!("cargo::rustc-link-search=native={}", libtorch.join("lib").display());
    println!("cargo::rustc-link-lib=dylib:+verbatim=libgomp.so.1");
}

#[cfg(feature = "torch")]
fn process_groups(libtorch: &Path) {
    println!("cargo::rerun-if-changed=src/run/dist/gloo");
    against(libtorch, "src/run/dist/c10d.cpp")
        .include("src/run/dist/gloo")
        .define("USE_C10D_GLOO", "1")
        .compile("netc_c10d");
}
