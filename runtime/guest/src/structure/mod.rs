//! The structure of a component, checked before anything is compiled.
//!
//! Compiling takes time and memory that grow faster than the bytes do: a component of a few
//! kilobytes can instantiate another one twice, level by level, and a small function can carry
//! thousands of values through thousands of branches. So the bytes are walked once, and only what
//! `lockstep build` can make is accepted: a core module, the small modules that adapt its imports,
//! and for each interface a component that gives functions their types and contains no code.
//!
//! Invariant: a component that passes costs a bounded time and memory to validate, to compile and
//! to link. Every refusal names a constant of `limits.rs` and what was found. Deliberately absent:
//! whether the component is valid, which wasmtime checks when it compiles.

mod body;
mod budget;
mod component;
mod module;

pub(super) use component::Structure;
