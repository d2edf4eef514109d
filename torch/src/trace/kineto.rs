//! The calls into `kineto.cpp`. All `unsafe` code for libtorch's profiler is here.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_void};
use std::fmt::Display;
use std::marker::PhantomData;
use std::ptr::null_mut;

use netc::run::trace::{Activity, TraceEvent};

use crate::native::message;

#[repr(C)]
struct RawTrace {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawEvent {
    name: *const c_char,
    start_ns: u64,
    duration_ns: u64,
    correlation: u64,
    op: u64,
    lane: i64,
    activity: u8,
}

unsafe extern "C" {
    fn netc_trace_start(cuda: bool) -> *mut c_char;
    fn netc_trace_stop(made: *mut *mut RawTrace) -> *mut c_char;
    fn netc_trace_free(trace: *mut RawTrace);
    fn netc_trace_events(trace: *const RawTrace, count: *mut usize) -> *const RawEvent;
    fn netc_trace_save(trace: *mut RawTrace, path: *const c_char) -> *mut c_char;
    fn netc_trace_listens() -> bool;
    fn netc_range_start(name: *const c_char, length: usize) -> *mut c_void;
    fn netc_range_end(range: *mut c_void);
}

/// libtorch's profiler while it records what this thread calls.
#[derive(Debug)]
pub(crate) struct Recording {
    /// It ends on the thread on which it began.
    _this_thread: PhantomData<*mut ()>,
}

impl Recording {
    /// Starts to record ops and ranges, with `cuda` also the kernels of all GPUs. There is one
    /// recording at a time.
    ///
    /// # Errors
    /// Those of libtorch, as text.
    pub(crate) fn start(cuda: bool) -> Result<Recording, String> {
        // SAFETY: the call keeps nothing of ours. It may set a variable of the environment, which
        // no other thread of netc reads or sets meanwhile.
        unsafe { message::checked(netc_trace_start(cuda)) }?;
        Ok(Recording { _this_thread: PhantomData })
    }

    /// Ends it. The device must have finished its work.
    ///
    /// # Errors
    /// Those of libtorch, as text.
    pub(crate) fn stop(self) -> Result<Recorded, String> {
        std::mem::forget(self);
        stop()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let _ = stop();
    }
}

fn stop() -> Result<Recorded, String> {
    let mut made = null_mut();
    // SAFETY: `made` is written only on success, with a trace that is ours.
    unsafe { message::checked(netc_trace_stop(&raw mut made)) }.map(|()| Recorded(made))
}

/// What was recorded.
#[derive(Debug)]
pub(crate) struct Recorded(*mut RawTrace);

impl Drop for Recorded {
    fn drop(&mut self) {
        // SAFETY: the pointer came from netc_trace_stop and is freed once.
        unsafe { netc_trace_free(self.0) }
    }
}

impl Recorded {
    /// The events, in no order.
    pub(crate) fn events(&self) -> Vec<TraceEvent> {
        let mut count = 0;
        // SAFETY: the events and their names live as long as the trace, and `count` is theirs. An
        // empty list has any pointer, which is not read.
        let events = unsafe {
            let first = netc_trace_events(self.0, &raw mut count);
            if count == 0 { &[] } else { std::slice::from_raw_parts(first, count) }
        };
        let event = |event: &RawEvent| TraceEvent {
            activity: match event.activity {
                0 => Activity::Op,
                1 => Activity::Range,
                2 => Activity::Launch,
                3 => Activity::Kernel,
                _ => Activity::Other,
            },
            // SAFETY: every name ends in NUL.
            name: unsafe { CStr::from_ptr(event.name) }.to_string_lossy().into_owned(),
            start: event.start_ns,
            duration: event.duration_ns,
            correlation: event.correlation,
            op: event.op,
            lane: event.lane,
        };
        events.iter().map(event).collect()
    }

    /// It as JSON that the viewers of Chrome and Perfetto show.
    ///
    /// # Errors
    /// Those of libtorch and of its temporary file, as text.
    pub(crate) fn chrome(self) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        // libtorch writes to paths alone, and says nothing of those that it cannot write to.
        let path = folder.path().join("trace.json");
        let text = CString::new(path.as_os_str().as_encoded_bytes())
            .map_err(|_| format!("a NUL byte in {}", path.display()))?;
        // SAFETY: the path outlives the call, which is the only one for this trace.
        unsafe { message::checked(netc_trace_save(self.0, text.as_ptr())) }?;
        std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// A named stretch of this thread's time, from its creation until it is dropped, in whatever is
/// recorded meanwhile. It takes nanoseconds where nothing is.
#[derive(Debug)]
pub(crate) struct TraceRange(*mut c_void);

impl TraceRange {
    /// Begins a range. The name is made only where something is recorded.
    pub(crate) fn new(name: impl Display) -> TraceRange {
        // SAFETY: it asks libtorch, and nothing else.
        if !unsafe { netc_trace_listens() } {
            return TraceRange(null_mut());
        }
        let name = name.to_string();
        // SAFETY: libtorch copies the name, whose length is given.
        TraceRange(unsafe { netc_range_start(name.as_ptr().cast(), name.len()) })
    }
}

impl Drop for TraceRange {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pointer came from netc_range_start and is freed once, on this thread: a
            // pointer is not sent to another.
            unsafe { netc_range_end(self.0) }
        }
    }
}
