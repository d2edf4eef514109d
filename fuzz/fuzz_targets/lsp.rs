#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| netc_fuzz::run("lsp", data));
