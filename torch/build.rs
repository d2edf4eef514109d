//! Tells the linker where libtorch lies, so that what is built finds it without LD_LIBRARY_PATH,
//! and compiles what tch has no binding for.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let libtorch = env::var("LIBTORCH").unwrap_or_default();
    let folder = Path::new(&libtorch);
    let suffix = if macos() { "dylib" } else { "so" };
    if !folder.join(format!("lib/libtorch_cpu.{suffix}")).exists() {
        println!(
            "cargo::error=no libtorch in LIBTORCH={libtorch}: run scripts/libtorch.sh, \
             or set LIBTORCH to the folder of a libtorch 2.11.0"
        );
        return;
    }
    // As a runpath, which LD_LIBRARY_PATH goes before: a libtorch that LIBTORCH names at run time
    // is the one that is taken.
    if !macos() {
        println!("cargo::rustc-link-arg=-Wl,--enable-new-dtags");
        // Where the linker finds what libtorch itself links, which a runpath for other machines
        // does not say.
        let beside = folder.parent().unwrap_or(folder);
        for libraries in [folder.join("lib"), beside.join("nvidia/cu13/lib")] {
            println!("cargo::rustc-link-arg=-Wl,-rpath-link,{}", libraries.display());
        }
    }
    for rpath in env::var("DEP_NETC_RPATHS").unwrap_or_default().split(':') {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{rpath}");
    }
    println!("cargo::rerun-if-changed=src/native/guarded.hpp");
    process_groups(folder);
    operations(folder);
    against(folder, "src/trace/kineto.cpp").compile("netc_kineto");
}

/// Whether this builds for macOS, on which netc-torch is untested.
fn macos() -> bool {
    env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "macos")
}

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

/// Operations that tch has no binding for. They share libtorch's threads, which are those of its
/// OpenMP.
fn operations(libtorch: &Path) {
    // Apple's Clang takes OpenMP's pragmas only from behind its driver.
    let openmp: &[&str] = if macos() { &["-Xclang", "-fopenmp"] } else { &["-fopenmp"] };
    let mut aten = against(libtorch, "src/lower/kernels/aten.cpp");
    openmp.iter().for_each(|flag| _ = aten.flag(flag));
    aten.compile("netc_aten");
    against(libtorch, "src/lower/kernels/script.cpp").compile("netc_script");
    against(libtorch, "src/lower/cuda/graph.cpp").compile("netc_cuda_graph");
    println!("cargo::rustc-link-search=native={}", libtorch.join("lib").display());
    let library = if macos() { "dylib=omp" } else { "dylib:+verbatim=libgomp.so.1" };
    println!("cargo::rustc-link-lib={library}");
}

fn process_groups(libtorch: &Path) {
    println!("cargo::rerun-if-changed=src/run/dist/gloo");
    against(libtorch, "src/run/dist/c10d.cpp")
        .include("src/run/dist/gloo")
        .define("USE_C10D_GLOO", "1")
        .compile("netc_c10d");
}
