//! Data sets: the generated one, CIFAR-10 on disk, and its download from a server in this process.

mod cifar;
mod fetch;
mod generated;
