//! Data sets: the generated one, CIFAR on disk and its download from a server in this process, and images of the user's
//! own.

mod cifar;
mod fetch;
pub mod folder;
mod generated;
pub mod npz;
