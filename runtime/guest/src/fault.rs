//! Why a guest's call failed.
//!
//! Invariant: the text of a fault depends on the guest and its input alone (no address, no path of
//! the host, no time), because it becomes the reason why an event is set aside. Deliberately
//! absent: backtraces.

use super::limits::{CALL_FUEL_MAX, CALL_GROWS_MAX, GUEST_MEMORY_MAX_BYTES};
use super::usage::{Stopped, Usage, of_the_system};
use lockstep_core::error::Error;
use lockstep_core::flat::outcome_reason;
use wasmtime::Trap;

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A transform, which maps events.
    Transform,
    /// A user-defined aggregate, which works on groups of inputs or states.
    Aggregate,
}

impl Subject {
    fn guest(self) -> &'static str {
        match self {
            Subject::Transform => "the transform",
            Subject::Aggregate => "the aggregate",
        }
    }

    fn item(self) -> &'static str {
        match self {
            Subject::Transform => "the event",
            Subject::Aggregate => "what the aggregate is given",
        }
    }
}

/// Why a call failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The guest trapped; with the panic's message if it logged one.
    Trap(String),
    /// The reply violates the interface.
    Lie(String),
    /// The batch does not fit in one call.
    Oversize(String),
    /// The call exceeded its deadline.
    Timeout,
    /// The call used up its fuel.
    Fuel,
    /// The guest asked for more memory or table elements than the limit.
    Memory,
    /// The guest tried to grow its memory or its tables too often.
    Grows,
    /// The guest overflowed the native stack.
    Stack,
    /// All guests together have the memory that they may have.
    NoRoom,
    /// The system has no memory left.
    Starved(wasmtime::Error),
    /// The host failed, not the guest.
    Host(Error),
}

impl Fault {
    /// The fault of a call that returned `error`.
    pub(super) fn new(error: wasmtime::Error, usage: &mut Usage) -> Fault {
        match usage.stopped {
            Some(Stopped::Greed) => return Fault::Memory,
            Some(Stopped::Grows) => return Fault::Grows,
            Some(Stopped::NoRoom) => return Fault::NoRoom,
            Some(Stopped::Starved) => return Fault::Starved(error),
            None if of_the_system(&error) => return Fault::Starved(error),
            None => {}
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Fault::Timeout,
            Some(Trap::OutOfFuel) => Fault::Fuel,
            Some(Trap::StackOverflow) => Fault::Stack,
            Some(trap) => Fault::Trap(usage.message.take().unwrap_or_else(|| trap.to_string())),
            None => Fault::Lie(error.root_cause().to_string()),
        }
    }

    /// Whether S9 lets only the metered rerun decide.
    pub(super) fn is_resource(&self) -> bool {
        matches!(
            self,
            Fault::Timeout
                | Fault::Fuel
                | Fault::Memory
                | Fault::Grows
                | Fault::Stack
                | Fault::NoRoom
        )
    }

    /// The reason to give for setting an event aside, or for a missing value.
    pub(super) fn reason(&self, subject: Subject) -> String {
        let guest = subject.guest();
        let text = match self {
            Fault::Trap(message) => format!("{guest} failed: {message}"),
            Fault::Lie(message) => format!("{guest}'s answer is not valid: {message}"),
            Fault::Oversize(message) => format!("{} is too large: {message}", subject.item()),
            Fault::Timeout => format!("{guest} did not end"),
            Fault::Fuel => format!("{guest} did not end within {CALL_FUEL_MAX} units of fuel"),
            Fault::Memory => {
                format!("{guest} needs more than {GUEST_MEMORY_MAX_BYTES} bytes of memory")
            }
            Fault::Grows => {
                format!("{guest} grows its memory or a table more than {CALL_GROWS_MAX} times")
            }
            Fault::NoRoom => "all guests together have the memory that they may have".to_string(),
            Fault::Stack => format!("{guest} recurses too deep: its stack overflowed"),
            Fault::Starved(error) => format!("the system has no memory left for a guest: {error}"),
            Fault::Host(error) => error.to_string(),
        };
        outcome_reason(text.as_bytes())
    }
}
