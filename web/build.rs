//! Lists the nets that the page comes with: every `.net` file below `nets/`.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<()> {
    let var = |name| env::var(name).map_err(Error::other);
    // Nets nest no deeper than a main thread's stack allows, and a browser's default is an eighth
    // of that.
    if var("CARGO_CFG_TARGET_ARCH")? == "wasm32" {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=8388608");
    }
    let nets = PathBuf::from(var("CARGO_MANIFEST_DIR")?).join("../nets").canonicalize()?;
    println!("cargo::rerun-if-changed={}", nets.display());
    let mut files = Vec::new();
    collect(&nets, &mut files)?;
    files.sort();
    let entry = |file: &PathBuf| {
        let name = file.strip_prefix(&nets).unwrap_or(file).display().to_string();
        format!("({name:?}, include_str!({file:?})),\n")
    };
    let list: String = files.iter().map(entry).collect();
    let out = Path::new(&var("OUT_DIR")?).join("nets.rs");
    fs::write(out, format!("&[\n{list}]"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "net") {
            files.push(path);
        }
    }
    Ok(())
}
