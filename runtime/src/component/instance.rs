//! One running guest.
//!
//! Invariant: after a fault an instance is dead and must be dropped; every call starts with its
//! whole deadline or its whole fuel, and the instance owns its memory alone. Deliberately absent:
//! what an answer means.

use super::artifact::{Artifact, LOG_FUNCTION, LOG_INTERFACE};
use super::engine::Flavour;
use super::fault::Fault;
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
}

type MapFunc<'b> = TypedFunc<(u64, &'b [u8]), (Vec<u8>,)>;
type ComputeFunc<'b> = TypedFunc<(u32, &'b [u8]), (Vec<u8>,)>;

/// A compiled artifact that is ready to be instantiated.
pub(super) struct Compiled {
    pre: InstancePre<Guest>,
    map: Option<ComponentExportIndex>,
    compute: Option<ComponentExportIndex>,
}

impl Compiled {
    /// Links `component`, whose imports and exports were checked.
    pub(super) fn new(
        component: &Component,
        map: Option<ComponentExportIndex>,
        compute: Option<ComponentExportIndex>,
    ) -> wasmtime::Result<Compiled> {
        let mut linker = Linker::new(component.engine());
        linker.instance(LOG_INTERFACE)?.func_wrap(LOG_FUNCTION, log)?;
        Ok(Compiled { pre: linker.instantiate_pre(component)?, map, compute })
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
    map: Option<Func>,
    compute: Option<Func>,
    flavour: Flavour,
    interruptible: bool,
}

impl Instance {
    /// Starts a fresh instance.
    pub(super) fn new(artifact: &Artifact, metered: bool) -> Result<Instance> {
        let compiled = artifact.compiled(metered)?;
        let mut instance = Instance {
            store: Store::new(compiled.pre.engine(), Guest::default()),
            map: None,
            compute: None,
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
                    fault.reason()
                )),
            }),
        }
    }

    fn link(&mut self, compiled: &Compiled) -> wasmtime::Result<()> {
        let exports = compiled.pre.instantiate(&mut self.store)?;
        if let Some(index) = &compiled.map {
            let map: MapFunc<'_> = exports.get_typed_func(&mut self.store, index)?;
            self.map = Some(*map.func());
        }
        if let Some(index) = &compiled.compute {
            let compute: ComputeFunc<'_> = exports.get_typed_func(&mut self.store, index)?;
            self.compute = Some(*compute.func());
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
        let answer = match call {
            Call::Map { views } => self.map.map(|func| {
                let map: MapFunc<'_> = unsafe { TypedFunc::new_unchecked(func) };
                map.call(store, (views, batch))
            }),
            Call::Compute { transform } => self.compute.map(|func| {
                let compute: ComputeFunc<'_> = unsafe { TypedFunc::new_unchecked(func) };
                compute.call(store, (transform, batch))
            }),
        };
        match answer {
            Some(Ok((answer,))) => Ok(answer),
            Some(Err(error)) => Err(Fault::new(error, self.store.data_mut())),
            None => Err(Fault::Host(Error::bug("the artifact does not export what it declares"))),
        }
    }
}
