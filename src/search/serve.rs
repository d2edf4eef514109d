//! A page for watching a search: read-only, on this machine's loopback alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::report::{Report, live_page};
use super::{SearchError, Watcher};

/// Serves the page of a search's folder from a thread of its own until the process ends; its address.
/// `port` 0 takes any free one.
///
/// `/` is the page, `/status.json` what it says of the state, for programs.
///
/// # Errors
/// A port that is taken.
pub fn serve(folder: &Path, port: u16) -> Result<SocketAddr, SearchError> {
    let failed = |error: io::Error| {
        SearchError::new(format!("cannot serve on 127.0.0.1:{port}: {error}"))
            .help("choose another port with --serve=PORT, or leave it out for any free one")
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    let routes = Router::new()
        .route("/", get(page))
        .route("/status.json", get(status))
        .with_state(Arc::new(folder.to_path_buf()));
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, routes).await
        })
    });
    Ok(address)
}

async fn page(State(folder): State<Arc<PathBuf>>, headers: HeaderMap) -> Response {
    answer(&headers, || {
        let (status, _) = Watcher::new(&folder)?.look()?;
        Ok(Html(live_page(&status, &Report::read(&folder)?)).into_response())
    })
}

async fn status(State(folder): State<Arc<PathBuf>>, headers: HeaderMap) -> Response {
    answer(&headers, || {
        let (status, _) = Watcher::new(&folder)?.look()?;
        let text = serde_json::to_string(&status).map_err(|error| SearchError::new(error.to_string()))?;
        Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
    })
}

/// Answers those who asked for this machine by name: a page of elsewhere that points its own name here does not.
fn answer(headers: &HeaderMap, make: impl FnOnce() -> Result<Response, SearchError>) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name != "127.0.0.1" && name != "localhost" {
        return (StatusCode::FORBIDDEN, "this page is for this machine alone\n").into_response();
    }
    make().unwrap_or_else(|error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response())
}
