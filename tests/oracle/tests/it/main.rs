//! Tests of the oracle through its public face, in one binary.
//!
//! Invariant: values are expected as worked out by hand or by the definition's loop, never as the
//! code under test gave them. Deliberately absent: any host; those are checked by the oracle.

mod asked;
mod check;
mod collections;
mod declaration;
mod definition;
mod frequencies;
mod history;
mod independence;
mod integers;
mod laws;
mod moments;
mod random;
mod ranks;
mod rows;
mod windows;
