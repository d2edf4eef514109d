//! What the program shares with libraries in C and C++: messages of its own C++ files, and what the
//! dynamic linker opens at run time.

#![allow(unsafe_code)]

pub(crate) mod linker;
pub(crate) mod message;
