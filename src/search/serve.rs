//! A read-only web page for watching a search, on the loopback interface only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;

use super::report::{Report, live_page};
use super::{SearchError, Watcher};
use crate::limits::{MAX_CONNECTIONS, MAX_REQUEST_BYTES};

/// The timeout for a request.
const ASKING: Duration = Duration::from_secs(5);
/// The timeout for a whole connection.
const ANSWERING: Duration = Duration::from_secs(30);
/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the page of a search's folder from a separate thread until the process ends, and returns
/// its address. With `port` 0 any free port is used.
///
/// `/` is the page, `/status.json` the status for programs.
///
/// # Errors
/// A port that is in use.
pub fn serve(folder: &Path, port: u16) -> Result<SocketAddr, SearchError> {
    let failed = |error: io::Error| {
        SearchError::new(format!("cannot serve on 127.0.0.1:{port}: {error}"))
            .help("choose another port with --serve=PORT, or leave it out for any free one")
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let routes = Router::new()
        .route("/", get(page))
        .route("/status.json", get(status))
        .with_state(Arc::new(folder.to_path_buf()));
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            accept(listener, routes).await;
            Ok::<(), io::Error>(())
        })
    });
    Ok(address)
}

/// Accepts a limited number of connections at a time, one request each. Slow clients time out.
async fn accept(listener: tokio::net::TcpListener, routes: Router) {
    let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // For example out of file descriptors; others are closed in the meantime.
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(routes.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(ASKING).keep_alive(false);
            http.max_buf_size(MAX_REQUEST_BYTES);
            let answered = http.serve_connection(TokioIo::new(stream), service);
            // A client that disconnected or timed out cannot receive an error.
            let _ = tokio::time::timeout(ANSWERING, answered).await;
            drop(seat);
        });
    }
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
        let text =
            serde_json::to_string(&status).map_err(|error| SearchError::new(error.to_string()))?;
        Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
    })
}

/// Answers only requests with this machine as `Host`, which prevents DNS rebinding.
fn answer(headers: &HeaderMap, make: impl FnOnce() -> Result<Response, SearchError>) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name != "127.0.0.1" && name != "localhost" {
        return (StatusCode::FORBIDDEN, "this page is for this machine alone\n").into_response();
    }
    make().unwrap_or_else(|error| {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
    })
}
