use std::io::BufReader;
use std::process::ExitCode;

use crate::cli::net::args::LspArgs;
use crate::cli::out::{PROBLEMS, error};
use crate::diag::Code;
use crate::disk;
use crate::lsp;
use crate::run::data::cache_folder;

pub(in crate::cli) fn run(_args: &LspArgs) -> ExitCode {
    match lsp::serve(BufReader::new(std::io::stdin()), std::io::stdout().lock(), pages()) {
        Ok(true) => ExitCode::SUCCESS,
        // The protocol's code for an editor that leaves without `shutdown`.
        Ok(false) => ExitCode::from(PROBLEMS),
        Err(why) => {
            error(&format!("the connection to the editor broke: {why}"));
            ExitCode::from(PROBLEMS)
        }
    }
}

/// The folder with the page of each code, for editors to open; none if it cannot be written, and
/// then codes lead nowhere.
fn pages() -> Option<String> {
    let folder = cache_folder().ok()?.join(concat!("codes-", env!("CARGO_PKG_VERSION")));
    std::fs::create_dir_all(&folder).ok()?;
    for code in Code::ALL {
        let file = folder.join(format!("{}.md", code.as_str()));
        let page = code.page();
        if !disk::read_text(&file, page.len()).is_ok_and(|old| old == page) {
            disk::replace(&file, page.as_bytes()).ok()?;
        }
    }
    folder.into_os_string().into_string().ok()
}
