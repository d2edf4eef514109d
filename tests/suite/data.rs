//! Data sets: the generated one, CIFAR on disk and its download from a server in this process, and
//! images of the user's own.

mod cifar;
mod damage;
mod fetch;
pub mod folder;
mod folder_names;
mod generated;
mod hostile;
pub mod npz;
mod npz_values;
mod picture;
mod recipe_text;
