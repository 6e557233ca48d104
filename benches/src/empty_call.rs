//! The cheapest call there is: into a component, to a function that takes, does and answers
//! nothing.
//!
//! Invariant: the engine has the settings of `runtime/src/component/engine.rs` that cost a call
//! something, and each call gets a deadline as the runtime gives it. Deliberately absent: the
//! thread that moves the epoch on, since nothing here can run for long.

use lockstep_guest::GUEST_STACK_MAX_BYTES;
use wasmtime::component::{Component, Func, Linker, TypedFunc};
use wasmtime::{Config, Engine, Result, Store};

/// The component: a module that exports `noop`, its instance, and `noop` lifted and exported.
const COMPONENT: &[u8] = &[
    0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, // a component
    0x01, 0x22, // core module of 34 bytes
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // a module
    0x01, 0x04, 0x01, 0x60, 0x00, 0x00, // type 0: no parameters, no results
    0x03, 0x02, 0x01, 0x00, // function 0 has type 0
    0x07, 0x08, 0x01, 0x04, b'n', b'o', b'o', b'p', 0x00, 0x00, // exported as noop
    0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b, // its body is empty
    0x02, 0x04, 0x01, 0x00, 0x00, 0x00, // core instance 0: module 0, no arguments
    0x07, 0x05, 0x01, 0x40, 0x00, 0x01, 0x00, // type 0: a function, no parameters, no result
    0x06, 0x0a, 0x01, 0x00, 0x00, 0x01, 0x00, 0x04, b'n', b'o', b'o',
    b'p', // its core function
    0x08, 0x06, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, // lifted to type 0
    0x0b, 0x0a, 0x01, 0x00, 0x04, b'n', b'o', b'o', b'p', 0x01, 0x00,
    0x00, // exported as noop
];
/// Epochs in which the call must end, as the runtime's deadline.
const CALL_TICKS_MAX: u64 = lockstep_guest::CALL_TICKS_MAX;

/// A running component.
#[derive(Debug)]
pub struct EmptyCall {
    store: Store<()>,
    noop: Func,
}

impl EmptyCall {
    /// Starts the component.
    pub fn new() -> Result<EmptyCall> {
        let mut settings = Config::new();
        settings
            .concurrency_support(false)
            .max_wasm_stack(GUEST_STACK_MAX_BYTES)
            .wasm_backtrace_max_frames(None)
            .wasm_relaxed_simd(false)
            .wasm_memory64(false)
            .wasm_multi_memory(false)
            .wasm_tail_call(false)
            .epoch_interruption(true);
        let engine = Engine::new(&settings)?;
        let component = Component::new(&engine, COMPONENT)?;
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(CALL_TICKS_MAX);
        let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
        let noop: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "noop")?;
        let noop = *noop.func();
        Ok(EmptyCall { store, noop })
    }

    /// Calls it, in the way of `runtime/src/component/instance.rs`.
    pub fn call(&mut self) -> Result<()> {
        self.store.set_epoch_deadline(CALL_TICKS_MAX);
        // SAFETY: `new` got the function through `get_typed_func` with this very type.
        let noop: TypedFunc<(), ()> = unsafe { TypedFunc::new_unchecked(self.noop) };
        noop.call(&mut self.store, ())
    }
}
