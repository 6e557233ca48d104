//! One running instance of a guest.
//!
//! Invariant: after a fault an instance is unusable and must be dropped; every call starts with its
//! whole time, and if it is metered with its whole fuel; and no instance shares memory with another. Deliberately
//! absent: what a reply means.

use super::artifact::{Artifact, LOG_FUNCTION, LOG_INTERFACE};
use super::engine::Flavour;
use super::fault::{Fault, Subject};
use super::limits::{CALL_FUEL_MAX, CALL_LOG_MAX_BYTES, LOG_FUEL, RERUN_TICKS_MAX};
use super::usage::Usage;
use lockstep_core::error::{Error, Result};
use lockstep_core::flat::outcome_reason;
use wasmtime::component::{
    Component, ComponentExportIndex, Func, InstancePre, Lift, Linker, Lower, TypedFunc, WasmList,
    WasmStr,
};
use wasmtime::{Store, StoreContextMut, Trap};

/// A call from the host to a guest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    /// Map events to rows of these views.
    Map {
        /// A bit set: bit `i` is the manifest's view `i`.
        views: u64,
    },
    /// Compute the outputs of one on-demand transform.
    Compute {
        /// Its index in the manifest.
        transform: u32,
    },
    /// Call one of the functions of a user-defined aggregate.
    Aggregate {
        /// Which function.
        step: Step,
        /// The aggregate's index in the manifest.
        aggregate: u32,
    },
}

/// The functions of a user-defined aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// From groups of rows to one state for each group.
    Update,
    /// From groups of states to one state for each group.
    Merge,
    /// From states to one value for each.
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

/// The functions that an artifact exports, as far as its manifest needs them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exports<T> {
    /// From the interface `transform`.
    pub(super) map: Option<T>,
    /// From the interface `on-demand`.
    pub(super) compute: Option<T>,
    /// From the interface `aggregate`, in the order of [`Step::ALL`].
    pub(super) aggregate: Option<[T; Step::ALL.len()]>,
}

/// A function that a host calls with a bit set of views or an index in the manifest, and a batch.
/// The reply is of type `R`: copied, or left in the guest's memory.
type Called<'b, N, R> = TypedFunc<(N, &'b [u8]), (R,)>;

/// A compiled artifact that is ready to be instantiated.
pub(super) struct Compiled {
    pre: InstancePre<Usage>,
    exports: Exports<ComponentExportIndex>,
    answers_stay: bool,
}

impl Compiled {
    /// Links `component`, whose imports and exports were checked. With `answers_stay`, no code of
    /// the component runs between a reply and the next call.
    pub(super) fn new(
        component: &Component,
        exports: Exports<ComponentExportIndex>,
        answers_stay: bool,
    ) -> wasmtime::Result<Compiled> {
        let mut linker = Linker::new(component.engine());
        linker.instance(LOG_INTERFACE)?.func_wrap(LOG_FUNCTION, log)?;
        Ok(Compiled { pre: linker.instantiate_pre(component)?, exports, answers_stay })
    }

    /// Whether a reply stays in the guest's memory until the next call.
    pub(super) fn answers_stay(&self) -> bool {
        self.answers_stay
    }
}

/// Keeps the guest's message, cut at the limit of a reason; logging too much traps. The work of the
/// host costs fuel, too.
fn log(mut store: StoreContextMut<'_, Usage>, (message,): (WasmStr,)) -> wasmtime::Result<()> {
    let text = message.to_str(&store)?;
    let (length, kept) = (text.len(), outcome_reason(text.as_bytes()));
    drop(text);
    if store.data().metered {
        let left = store.get_fuel()?.checked_sub(LOG_FUEL).ok_or(Trap::OutOfFuel)?;
        store.set_fuel(left)?;
    }
    let usage = store.data_mut();
    usage.message = Some(kept);
    usage.logged_bytes = usage.logged_bytes.saturating_add(length);
    if usage.logged_bytes > CALL_LOG_MAX_BYTES {
        return Err(wasmtime::Error::msg(format!(
            "a call's messages are above the limit of {CALL_LOG_MAX_BYTES} bytes"
        )));
    }
    Ok(())
}

/// One running guest.
pub(super) struct Instance {
    store: Store<Usage>,
    exports: Exports<Func>,
    flavour: Flavour,
    interruptible: bool,
    answers_stay: bool,
    /// The last reply, if it was copied.
    answer: Vec<u8>,
}

impl Instance {
    /// Starts a fresh instance, for which `reserved_bytes` of the memory of all guests were taken.
    /// They are given back with the instance, or if it does not start.
    pub(super) fn new(
        artifact: &Artifact,
        metered: bool,
        reserved_bytes: usize,
    ) -> Result<Instance, Fault> {
        let usage = Usage::new(artifact.engine().memory().clone(), reserved_bytes, metered);
        let compiled = artifact.compiled(metered).map_err(Fault::Host)?;
        let mut instance = Instance {
            store: Store::new(compiled.pre.engine(), usage),
            exports: Exports { map: None, compute: None, aggregate: None },
            flavour: Flavour { metered, ..artifact.flavour() },
            interruptible: artifact.engine().interruptible(),
            answers_stay: compiled.answers_stay,
            answer: Vec::new(),
        };
        instance.store.limiter(|usage| usage);
        instance.start_budget(RERUN_TICKS_MAX);
        match instance.link(compiled) {
            Ok(()) => Ok(instance),
            Err(error) => Err(match Fault::new(error, instance.store.data_mut()) {
                fault @ (Fault::Host(_) | Fault::Starved(_) | Fault::NoRoom) => fault,
                fault => Fault::Host(Error::input(format!(
                    "artifact {} does not start: {}; fix what it does before its first call",
                    artifact.name(),
                    fault.reason(Subject::Transform)
                ))),
            }),
        }
    }

    /// The bytes of its linear memories.
    pub(super) fn memory_bytes(&self) -> usize {
        self.store.data().memory_bytes
    }

    /// Gives back what was reserved for it and is not used.
    pub(super) fn give_back_reserve(&mut self) {
        self.store.data_mut().give_back_reserve();
    }

    fn link(&mut self, compiled: &Compiled) -> wasmtime::Result<()> {
        let instance = compiled.pre.instantiate(&mut self.store)?;
        let indexed = |store: &mut Store<Usage>, index: &ComponentExportIndex| {
            let func: wasmtime::Result<Called<'_, u32, Vec<u8>>> =
                instance.get_typed_func(store, index);
            func.map(|func| *func.func())
        };
        let exports = &compiled.exports;
        if let Some(index) = &exports.map {
            let map: Called<'_, u64, Vec<u8>> = instance.get_typed_func(&mut self.store, index)?;
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

    /// Gives the next call so many ticks, and its whole fuel if it is metered.
    fn start_budget(&mut self, ticks: u64) {
        if self.flavour.metered {
            self.store.set_fuel(CALL_FUEL_MAX).expect("a metered engine counts fuel");
        }
        if self.interruptible {
            self.store.set_epoch_deadline(ticks);
        }
        self.store.data_mut().start_call();
    }

    /// Calls the guest, for at most so many ticks; the reply is valid until the next call. After a
    /// fault the instance must be dropped.
    pub(super) fn call(&mut self, call: Call, batch: &[u8], ticks: u64) -> Result<&[u8], Fault> {
        self.start_budget(ticks);
        let answered = if self.answers_stay {
            self.answer_of::<WasmList<u8>>(call, batch).map(Answer::Stays)
        } else {
            self.answer_of::<Vec<u8>>(call, batch).map(Answer::Copied)
        };
        match answered {
            Ok(Answer::Stays(list)) => Ok(list.as_le_slice(&self.store)),
            Ok(Answer::Copied(answer)) => {
                self.answer = answer;
                Ok(&self.answer)
            }
            Err(error) => Err(error),
        }
    }

    fn answer_of<R: Lift + 'static>(&mut self, call: Call, batch: &[u8]) -> Result<R, Fault> {
        let store = &mut self.store;
        let answer = match call {
            Call::Map { views } => self.exports.map.map(|func| ask(store, func, (views, batch))),
            Call::Compute { transform } => {
                self.exports.compute.map(|func| ask(store, func, (transform, batch)))
            }
            Call::Aggregate { step, aggregate } => self
                .exports
                .aggregate
                .map(|funcs| ask(store, funcs[step as usize], (aggregate, batch))),
        };
        match answer {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => Err(Fault::new(error, self.store.data_mut())),
            None => Err(Fault::Host(Error::bug("the artifact does not export what it declares"))),
        }
    }
}

/// Where a reply is stored.
enum Answer {
    Stays(WasmList<u8>),
    Copied(Vec<u8>),
}

fn ask<N: Lower + Copy, R: Lift + 'static>(
    store: &mut Store<Usage>,
    func: Func,
    sent: (N, &[u8]),
) -> wasmtime::Result<R> {
    // SAFETY: `link` got each function through `get_typed_func` with these very component types: a
    // `WasmList<u8>` is a list of bytes as a `Vec<u8>` is, and lifetimes do not matter to the
    // check.
    let func: Called<'_, N, R> = unsafe { TypedFunc::new_unchecked(func) };
    func.call(store, sent).map(|(answer,)| answer)
}
