//! Tools for people who write nets. Each takes a checked net or a file and returns a text or a
//! value; the command line prints it.

pub mod derive;
pub mod diff;
#[cfg(feature = "cli")]
pub mod doctor;
pub mod draw;
pub mod fix;
#[cfg(feature = "cli")]
pub mod flame;
pub mod markup;
#[cfg(feature = "cli")]
pub mod plot;
pub mod provenance;
pub mod reference;
pub mod shipped;
pub mod show;
pub mod std_blocks;
