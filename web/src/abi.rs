//! How a page calls [`answer`](crate::answer()): three functions and two texts in this module's
//! memory.
//!
//! The page asks [`question`] for room, writes UTF-8 there, calls [`ask`], and reads the answer
//! from where [`reply`] says.

// Names for the page to call. There is no other unsafe code.
#![allow(unsafe_code)]

use std::cell::RefCell;

thread_local! {
    static QUESTION: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static REPLY: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Room for a question of so many bytes.
#[unsafe(export_name = "question")]
pub extern "C" fn question(length: usize) -> *mut u8 {
    QUESTION.with_borrow_mut(|bytes| {
        bytes.clear();
        bytes.resize(length, 0);
        bytes.as_mut_ptr()
    })
}

/// Answers the question that stands in its room; how many bytes the answer has.
#[unsafe(export_name = "ask")]
pub extern "C" fn ask() -> usize {
    let question = QUESTION.take();
    REPLY.set(crate::answer(&String::from_utf8_lossy(&question)));
    REPLY.with_borrow(String::len)
}

/// Where the last answer stands, until the next call.
#[unsafe(export_name = "reply")]
pub extern "C" fn reply() -> *const u8 {
    REPLY.with_borrow(|text| text.as_ptr())
}
