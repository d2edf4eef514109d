use std::process::ExitCode;

use lsp_server::Connection;

use super::PROBLEMS;
use super::args::LspArgs;
use super::out::complain;
use crate::lsp;

pub(super) fn run(_args: &LspArgs) -> ExitCode {
    let (connection, threads) = Connection::stdio();
    let served = lsp::serve(&connection);
    // The threads end once nobody can send.
    drop(connection);
    let ended = served.and_then(|()| threads.join().map_err(|e| e.to_string()));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the connection to the editor broke: {error}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}
