//! Writes `src/onnx/proto/onnx.rs` from `src/onnx/proto/onnx.proto`, ONNX's own schema:
//! `cargo run --manifest-path scripts/onnx-proto/Cargo.toml`, after a change of the schema or of
//! prost.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/onnx/proto");
    let schema = protox::compile(["onnx.proto"], [&folder])?;
    prost_build::Config::new().out_dir(&folder).bytes(["."]).disable_comments(["."]).compile_fds(schema)?;
    Ok(())
}
