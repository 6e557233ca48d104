//! One running guest.
//!
//! Invariant: after a fault an instance is dead and must be dropped; every call starts with its
//! whole deadline or its whole fuel, and the instance owns its memory alone. Deliberately absent:
//! what an answer means.

use super::artifact::{Artifact, LOG_FUNCTION, LOG_INTERFACE};
use super::engine::Flavour;
use super::fault::{Fault, Subject};
use super::limits::{CALL_FUEL_MAX, CALL_LOG_MAX_BYTES, CALL_TICKS_MAX, Guest};
use crate::error::{Error, Result};
use crate::flat::outcome_reason;
use wasmtime::component::{
    Component, ComponentExportIndex, Func, InstancePre, Linker, TypedFunc, WasmStr,
};
use wasmtime::{Store, StoreContextMut};

/// What a host asks of a guest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    /// Rows of these views, a bit set.
    Map {
        /// Bit `i` is the manifest's view `i`.
        views: u64,
    },
    /// The outputs of one on-demand transform.
    Compute {
        /// Its index in the manifest.
        transform: u32,
    },
    /// One of the functions of a user-defined aggregate.
    Aggregate {
        /// Which.
        step: Step,
        /// The aggregate's index in the manifest.
        aggregate: u32,
    },
}

/// The functions of a user-defined aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// From groups of rows to a state each.
    Update,
    /// From groups of states to a state each.
    Merge,
    /// From states to a value each.
    Finalize,
}

impl Step {
    /// All of them.
    pub(super) const ALL: [Step; 3] = [Step::Update, Step::Merge, Step::Finalize];

    /// Its name in `wit/aggregate.wit`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Step::Update => "update",
            Step::Merge => "merge",
            Step::Finalize => "finalize",
        }
    }
}

/// What an artifact exports, as far as its manifest needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exports<T> {
    /// Of the interface `transform`.
    pub(super) map: Option<T>,
    /// Of the interface `on-demand`.
    pub(super) compute: Option<T>,
    /// Of the interface `aggregate`, in the order of [`Step::ALL`].
    pub(super) aggregate: Option<[T; Step::ALL.len()]>,
}

type MapFunc<'b> = TypedFunc<(u64, &'b [u8]), (Vec<u8>,)>;
/// One that is chosen by its index in the manifest.
type IndexedFunc<'b> = TypedFunc<(u32, &'b [u8]), (Vec<u8>,)>;

/// A compiled artifact that is ready to be instantiated.
pub(super) struct Compiled {
    pre: InstancePre<Guest>,
    exports: Exports<ComponentExportIndex>,
}

impl Compiled {
    /// Links `component`, whose imports and exports were checked.
    pub(super) fn new(
        component: &Component,
        exports: Exports<ComponentExportIndex>,
    ) -> wasmtime::Result<Compiled> {
        let mut linker = Linker::new(component.engine());
        linker.instance(LOG_INTERFACE)?.func_wrap(LOG_FUNCTION, log)?;
        Ok(Compiled { pre: linker.instantiate_pre(component)?, exports })
    }
}

/// Keeps the guest's message, cut at the limit of a reason; too much of them traps.
fn log(mut store: StoreContextMut<'_, Guest>, (message,): (WasmStr,)) -> wasmtime::Result<()> {
    let text = message.to_str(&store)?;
    let (length, kept) = (text.len(), outcome_reason(text.as_bytes()));
    drop(text);
    let guest = store.data_mut();
    guest.message = Some(kept);
    guest.logged_bytes = guest.logged_bytes.saturating_add(length);
    if guest.logged_bytes > CALL_LOG_MAX_BYTES {
        return Err(wasmtime::Error::msg(format!(
            "a call's messages are above the limit of {CALL_LOG_MAX_BYTES} bytes"
        )));
    }
    Ok(())
}

/// One running guest.
pub(super) struct Instance {
    store: Store<Guest>,
    exports: Exports<Func>,
    flavour: Flavour,
    interruptible: bool,
}

impl Instance {
    /// Starts a fresh instance.
    pub(super) fn new(artifact: &Artifact, metered: bool) -> Result<Instance> {
        let compiled = artifact.compiled(metered)?;
        let mut instance = Instance {
            store: Store::new(compiled.pre.engine(), Guest::default()),
            exports: Exports { map: None, compute: None, aggregate: None },
            flavour: Flavour { metered, ..artifact.flavour() },
            interruptible: artifact.engine().interruptible(),
        };
        instance.store.limiter(|guest| guest);
        instance.start_budget();
        match instance.link(compiled) {
            Ok(()) => Ok(instance),
            Err(error) => Err(match Fault::new(error, instance.store.data_mut()) {
                Fault::Host(error) => error,
                fault => Error::input(format!(
                    "artifact {} does not start: {}; fix what it does before its first call",
                    artifact.name(),
                    fault.reason(Subject::Transform)
                )),
            }),
        }
    }

    fn link(&mut self, compiled: &Compiled) -> wasmtime::Result<()> {
        let instance = compiled.pre.instantiate(&mut self.store)?;
        let indexed = |store: &mut Store<Guest>, index: &ComponentExportIndex| {
            let func: wasmtime::Result<IndexedFunc<'_>> = instance.get_typed_func(store, index);
            func.map(|func| *func.func())
        };
        let exports = &compiled.exports;
        if let Some(index) = &exports.map {
            let map: MapFunc<'_> = instance.get_typed_func(&mut self.store, index)?;
            self.exports.map = Some(*map.func());
        }
        if let Some(index) = &exports.compute {
            self.exports.compute = Some(indexed(&mut self.store, index)?);
        }
        if let Some([update, merge, finalize]) = &exports.aggregate {
            let store = &mut self.store;
            self.exports.aggregate =
                Some([indexed(store, update)?, indexed(store, merge)?, indexed(store, finalize)?]);
        }
        Ok(())
    }

    /// Gives the next call its whole budget.
    fn start_budget(&mut self) {
        if self.flavour.metered {
            self.store.set_fuel(CALL_FUEL_MAX).expect("a metered engine counts fuel");
        } else if self.interruptible {
            self.store.set_epoch_deadline(CALL_TICKS_MAX);
        }
        let guest = self.store.data_mut();
        (guest.message, guest.logged_bytes) = (None, 0);
    }

    /// Calls the guest. After a fault the instance must be dropped.
    pub(super) fn call(&mut self, call: Call, batch: &[u8]) -> Result<Vec<u8>, Fault> {
        self.start_budget();
        let store = &mut self.store;
        // SAFETY: `link` got each function through `get_typed_func` with these very types; only
        // the lifetime of the borrowed bytes differs, which the type check does not know.
        let indexed = |store: &mut Store<Guest>, func: Func, index: u32| {
            let func: IndexedFunc<'_> = unsafe { TypedFunc::new_unchecked(func) };
            func.call(store, (index, batch))
        };
        let answer = match call {
            Call::Map { views } => self.exports.map.map(|func| {
                // SAFETY: as above.
                let map: MapFunc<'_> = unsafe { TypedFunc::new_unchecked(func) };
                map.call(store, (views, batch))
            }),
            Call::Compute { transform } => {
                self.exports.compute.map(|func| indexed(store, func, transform))
            }
            Call::Aggregate { step, aggregate } => {
                self.exports.aggregate.map(|funcs| indexed(store, funcs[step as usize], aggregate))
            }
        };
        match answer {
            Some(Ok((answer,))) => Ok(answer),
            Some(Err(error)) => Err(Fault::new(error, self.store.data_mut())),
            None => Err(Fault::Host(Error::bug("the artifact does not export what it declares"))),
        }
    }
}
