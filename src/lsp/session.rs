//! A session with one editor, from `initialize` to `exit`.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use serde_json::{Value, json};

use super::answer::Answer;
use super::capabilities::capabilities;
use super::frames::Frames;
use super::protocol::{self, ErrorCode, Incoming, Notification, Request, ResponseError};
use super::server::Server;

/// Serves one editor until it says `exit` or its messages end. What no message and no text can do
/// is end it earlier. Returns whether the editor said `shutdown` before, as the protocol asks of
/// it. The codes of problems lead to their pages in the folder `pages`.
///
/// # Errors
///
/// The output could not be written.
pub fn serve(
    input: impl BufRead + Send + 'static,
    output: impl Write,
    pages: Option<String>,
) -> io::Result<bool> {
    let incoming = listen(input);
    let (waiting, cancelled) = (VecDeque::new(), BTreeSet::new());
    let mut session = Session {
        incoming,
        waiting,
        cancelled,
        output,
        phase: Phase::New,
        server: Server { pages, ..Server::default() },
    };
    while let Some(message) = session.next()? {
        match message {
            Incoming::Notification(note) if note.method == "exit" => break,
            message => session.handle(message)?,
        }
    }
    Ok(session.phase == Phase::ShutDown)
}

/// Reads on its own thread, so that messages that belong together are seen together.
fn listen(input: impl BufRead + Send + 'static) -> Receiver<Incoming> {
    let (sender, incoming) = channel();
    std::thread::spawn(move || {
        Frames::new(input).map(Incoming::from).try_for_each(|message| sender.send(message))
    });
    incoming
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Phase {
    New,
    Running,
    ShutDown,
}

struct Session<W> {
    incoming: Receiver<Incoming>,
    waiting: VecDeque<Incoming>,
    /// The ids of waiting requests that need no answer any more, as JSON.
    cancelled: BTreeSet<String>,
    output: W,
    phase: Phase,
    server: Server,
}

impl<W: Write> Session<W> {
    /// The next message; while none waits, files are checked. None once the input has ended.
    fn next(&mut self) -> io::Result<Option<Incoming>> {
        loop {
            let ended = self.drain();
            if let Some(message) = self.waiting.pop_front() {
                return Ok(Some(message));
            }
            self.cancelled.clear();
            if self.check()? {
                continue;
            }
            if ended {
                return Ok(None);
            }
            match self.incoming.recv() {
                Ok(message) => self.queue(message),
                Err(_) => return Ok(None),
            }
        }
    }

    /// Takes all that has come; whether the input has ended.
    fn drain(&mut self) -> bool {
        loop {
            match self.incoming.try_recv() {
                Ok(message) => self.queue(message),
                Err(end) => return end == TryRecvError::Disconnected,
            }
        }
    }

    fn queue(&mut self, message: Incoming) {
        match message {
            Incoming::Notification(note) if note.method == "$/cancelRequest" => {
                self.cancelled.insert(note.params["id"].to_string());
            }
            message => self.waiting.push_back(message),
        }
    }

    /// Checks the most urgent file; whether there was one.
    fn check(&mut self) -> io::Result<bool> {
        let Some(path) = self.server.stale.pop() else { return Ok(false) };
        let shown = catch_unwind(AssertUnwindSafe(|| self.server.check(&path))).unwrap_or_default();
        shown.iter().try_for_each(|message| self.send(message))?;
        Ok(true)
    }

    fn send(&mut self, message: &Value) -> io::Result<()> {
        protocol::write(&mut self.output, message)
    }

    fn handle(&mut self, message: Incoming) -> io::Result<()> {
        match message {
            Incoming::Request(request) => {
                let id = request.id.clone();
                let answer = match self.cancelled.remove(&id.to_string()) {
                    true => Err(ResponseError::new(
                        ErrorCode::RequestCancelled,
                        "the editor cancelled it",
                    )),
                    false => self.answer(request)?,
                };
                self.send(&protocol::response(&id, answer))
            }
            Incoming::Malformed { id, failure } => {
                self.send(&protocol::response(&id, Err(failure)))
            }
            Incoming::Notification(note) if self.phase == Phase::Running => {
                self.note(note);
                Ok(())
            }
            Incoming::Notification(_) | Incoming::Response => Ok(()),
        }
    }

    fn answer(&mut self, request: Request) -> io::Result<Answer> {
        let invalid =
            |message: &str| Ok(Err(ResponseError::new(ErrorCode::InvalidRequest, message)));
        match (self.phase, request.method.as_str()) {
            (Phase::New, "initialize") => {
                self.phase = Phase::Running;
                self.server.work_in(&request.params);
                let netc = json!({ "name": "netc", "version": env!("CARGO_PKG_VERSION") });
                Ok(Ok(json!({ "capabilities": capabilities(), "serverInfo": netc })))
            }
            (Phase::New, _) => Ok(Err(ResponseError::new(
                ErrorCode::ServerNotInitialized,
                "expected `initialize` first",
            ))),
            (Phase::Running, "initialize") => invalid("expected one `initialize`, got another"),
            (Phase::Running, "shutdown") => {
                while self.check()? {}
                self.phase = Phase::ShutDown;
                Ok(Ok(Value::Null))
            }
            (Phase::Running, _) => Ok(self.guarded(request)),
            (Phase::ShutDown, _) => invalid("expected `exit` after `shutdown`"),
        }
    }

    /// The answer; an internal error should the code that finds it panic, so that one bad request
    /// does not end the session.
    fn guarded(&self, request: Request) -> Answer {
        let Request { method, params, .. } = request;
        catch_unwind(AssertUnwindSafe(|| self.server.answer(&method, params))).unwrap_or_else(
            |_| {
                let message = format!("netc failed to answer {method}; this is a bug in netc");
                Err(ResponseError::new(ErrorCode::InternalError, message))
            },
        )
    }

    fn note(&mut self, note: Notification) {
        // A panic is passed over as what makes no sense is; the session goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| self.server.note(note)));
    }
}
