//! The commands, one per file.

pub mod backfill;
pub mod build;
pub mod demo;
mod fill;
pub mod get;
pub mod inspect;
pub mod new;
pub mod parity;
pub mod stream;
pub mod training_set;
