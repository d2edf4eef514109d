//! What a writer of nets lives in: tools that read a net and say something about it. Each takes a
//! checked net or a file and gives a text or a value; the command line prints it.

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
pub mod show;
