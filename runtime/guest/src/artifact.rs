//! An artifact: a WebAssembly component with its manifest and digest.
//!
//! An artifact is opened in two steps. Its manifest is read when it is opened. Its structure is
//! checked, and it is compiled and linked, when it is first needed, so an artifact that costs much
//! or is wrong costs those who use it, and nobody else.
//!
//! Invariant: an [`Artifact`] that exists has exactly one valid manifest, and it runs only if it is
//! within the limits of its structure, imports nothing except perhaps the log, and exports what its
//! manifest needs with the right types. Its digest is computed over the file's bytes and is part of
//! every value's identity (S23). Deliberately absent: running the guest. The manifest is read from
//! a custom section, so reading it is safe even from an artifact that is not trusted.

use super::engine::{Engine, Flavour};
use super::failed_merges::FailedMerges;
use super::instance::{Compiled, Exports, Step};
use super::limits::{ARTIFACT_BYTES_MAX, MANIFEST_BYTES_MAX};
use super::section::{Layer, MANIFEST_SECTION, custom_sections, layer};
use super::structure::Structure;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, ErrorKind, Result};
use lockstep_core::manifest::Manifest;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Type};

/// The interface through which a guest maps events to rows.
pub const TRANSFORM_INTERFACE: &str = "lockstep:features/transform@0.2.0";
/// The interface through which a guest computes features at request time.
pub const ON_DEMAND_INTERFACE: &str = "lockstep:features/on-demand@0.2.0";
/// The interface through which a guest computes user-defined aggregates.
pub const AGGREGATE_INTERFACE: &str = "lockstep:features/aggregate@0.2.0";
/// The one interface that a guest may import.
pub const LOG_INTERFACE: &str = "lockstep:features/log@0.2.0";
/// The one function of [`LOG_INTERFACE`].
pub(super) const LOG_FUNCTION: &str = "write";

/// A loaded artifact. A clone refers to the same artifact.
#[derive(Clone)]
pub struct Artifact(Arc<Inner>);

struct Inner {
    name: String,
    digest: String,
    bytes: Box<[u8]>,
    manifest: Manifest,
    engine: Engine,
    /// Made at first use; an error if the artifact cannot be run.
    ordinary: OnceLock<Result<Ordinary>>,
    /// Made at first use.
    metered: OnceLock<Compiled>,
    /// Held while it is compiled, so that it is compiled once.
    compiling: Mutex<()>,
    failed_merges: FailedMerges,
}

/// An artifact that can be run.
struct Ordinary {
    imports: Vec<String>,
    compiled: Compiled,
}

impl Artifact {
    /// Loads the artifact in the file at `path`, ready to run.
    pub fn load(engine: &Engine, path: &Path) -> Result<Artifact> {
        let artifact = Artifact::open(engine, path)?;
        artifact.prepare()?;
        Ok(artifact)
    }

    /// Opens the artifact in the file at `path`: reads its manifest.
    pub fn open(engine: &Engine, path: &Path) -> Result<Artifact> {
        let name = path.display().to_string();
        let bytes = read(path).map_err(|error| error.at(format!("artifact {name}")))?;
        Artifact::of_bytes(engine, &name, bytes)
    }

    /// Loads the artifact in `bytes`, ready to run; `name` is its name in errors.
    pub fn from_bytes(engine: &Engine, name: &str, bytes: impl Into<Vec<u8>>) -> Result<Artifact> {
        let artifact = Artifact::of_bytes(engine, name, bytes)?;
        artifact.prepare()?;
        Ok(artifact)
    }

    /// Opens the artifact in `bytes`: reads its manifest. `name` is its name in errors.
    pub fn of_bytes(engine: &Engine, name: &str, bytes: impl Into<Vec<u8>>) -> Result<Artifact> {
        let bytes = bytes.into().into_boxed_slice();
        let manifest = declared(&bytes).map_err(|error| error.at(format!("artifact {name}")))?;
        let digits: String = sha256(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Artifact(Arc::new(Inner {
            name: name.to_string(),
            digest: format!("sha256:{digits}"),
            bytes,
            manifest,
            engine: engine.clone(),
            ordinary: OnceLock::new(),
            metered: OnceLock::new(),
            compiling: Mutex::default(),
            failed_merges: FailedMerges::default(),
        })))
    }

    /// Makes it ready to run, unless it is already: checks its structure, compiles and links it.
    ///
    /// # Errors
    /// If it exceeds a limit, is not what `lockstep build` makes, or does not keep its manifest.
    pub fn prepare(&self) -> Result<()> {
        self.ordinary().map(|_| ())
    }

    /// Its name in errors, which is its path.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it declares.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// `sha256:` and the 64 hexadecimal digits of its file's digest.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// The size of its file in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.0.bytes.len() as u64
    }

    /// The bytes of its file.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The interfaces that it imports: none, or the log.
    ///
    /// # Errors
    /// As [`Artifact::prepare`].
    pub fn imports(&self) -> Result<&[String]> {
        Ok(&self.ordinary()?.imports)
    }

    /// The merges of its aggregates that have failed in this process.
    pub fn failed_merges(&self) -> &FailedMerges {
        &self.0.failed_merges
    }

    /// The engine that it was loaded into.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// How its code is compiled for ordinary calls.
    pub(super) fn flavour(&self) -> Flavour {
        Flavour { strict: self.0.manifest.strict, metered: false }
    }

    /// Its compiled code for ordinary calls, or for the metered rerun of S9.
    pub(super) fn compiled(&self, metered: bool) -> Result<&Compiled> {
        let ordinary = &self.ordinary()?.compiled;
        if !metered {
            return Ok(ordinary);
        }
        if let Some(compiled) = self.0.metered.get() {
            return Ok(compiled);
        }
        let _compiling = self.0.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.metered.get().is_none() {
            let compiled = self
                .compile(metered, ordinary.answers_stay())
                .map_err(|error| error.at(format!("artifact {}", self.0.name)))?;
            let _ = self.0.metered.set(compiled);
        }
        Ok(self.0.metered.get().expect("it was just set"))
    }

    fn ordinary(&self) -> Result<&Ordinary> {
        if self.0.ordinary.get().is_none() {
            let _compiling = self.0.compiling.lock().unwrap_or_else(PoisonError::into_inner);
            if self.0.ordinary.get().is_none() {
                let made =
                    self.make().map_err(|error| error.at(format!("artifact {}", self.0.name)));
                // What failed for want of memory may succeed later.
                if matches!(&made, Err(error) if error.kind != ErrorKind::Input) {
                    made?;
                } else {
                    let _ = self.0.ordinary.set(made);
                }
            }
        }
        self.0.ordinary.get().expect("it was just set").as_ref().map_err(Error::clone)
    }

    fn make(&self) -> Result<Ordinary> {
        let Structure { imports, answers_stay } = Structure::read(&self.0.bytes)?;
        check_imports(&imports)?;
        Ok(Ordinary { imports, compiled: self.compile(false, answers_stay)? })
    }

    fn compile(&self, metered: bool, answers_stay: bool) -> Result<Compiled> {
        let flavour = Flavour { metered, ..self.flavour() };
        let component = self.0.engine.component(flavour, &self.0.bytes, &self.0.digest)?;
        link(&component, exports(&component, &self.0.manifest)?, answers_stay)
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Artifact")
            .field("name", &self.0.name)
            .field("digest", &self.0.digest)
            .finish_non_exhaustive()
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let cannot = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input("there is no such file; `lockstep build` makes it")
                .with_code(Code::NotFound { what: "artifact", place: path.display().to_string() })
                .because(error)
        }
        _ => Error::retry("cannot read the file").because(error),
    };
    // Looked at before it is opened: opening a pipe would wait for a writer.
    if !path.metadata().map_err(cannot)?.is_file() {
        return Err(Error::input("it is not a file; name the .wasm file itself"));
    }
    let file = fs::File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(ARTIFACT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}

/// What a component declares, which is something.
fn declared(bytes: &[u8]) -> Result<Manifest> {
    let manifest = manifest(bytes)?;
    if manifest.views.is_empty() && manifest.on_demand.is_empty() {
        // Whatever else is wrong with it matters more.
        check_imports(&Structure::read(bytes)?.imports)?;
        return Err(Error::input(
            "its manifest declares neither a view nor an on-demand transform; list one in export!",
        ));
    }
    Ok(manifest)
}

/// The only manifest of a component.
fn manifest(bytes: &[u8]) -> Result<Manifest> {
    if bytes.is_empty() {
        return Err(Error::input("the file is empty; build it again with `lockstep build`"));
    }
    if bytes.len() as u64 > ARTIFACT_BYTES_MAX {
        return Err(Error::input(format!(
            "the file is above the limit of {ARTIFACT_BYTES_MAX} bytes"
        ))
        .with_code(Code::limit("ARTIFACT_BYTES_MAX", ARTIFACT_BYTES_MAX as usize)));
    }
    match layer(bytes) {
        Layer::Component => {}
        Layer::Module => {
            return Err(Error::input(
                "it is a core WebAssembly module, no component; run `lockstep build` in its crate",
            ));
        }
        Layer::Other => {
            return Err(Error::input(
                "it is not WebAssembly; name a .wasm file that `lockstep build` made",
            ));
        }
    }
    match custom_sections(bytes, MANIFEST_SECTION)?[..] {
        [json] if json.len() > MANIFEST_BYTES_MAX => Err(Error::input(format!(
            "its manifest of {} bytes is above the limit of {MANIFEST_BYTES_MAX}",
            json.len()
        ))
        .with_code(Code::limit("MANIFEST_BYTES_MAX", MANIFEST_BYTES_MAX))),
        [json] => Manifest::parse(json),
        [] => Err(Error::input(format!(
            "it has no manifest (custom section {MANIFEST_SECTION:?}); run `lockstep build` in its \
             crate, whose lib.rs must end with `export!`"
        ))),
        ref many => Err(Error::input(format!(
            "it has {} manifests instead of one; call `export!` once and rebuild it",
            many.len()
        ))),
    }
}

fn link(
    component: &Component,
    exports: Exports<ComponentExportIndex>,
    answers_stay: bool,
) -> Result<Compiled> {
    Compiled::new(component, exports, answers_stay).map_err(|error| {
        Error::input(format!(
            "its import of {LOG_INTERFACE:?} has another type than this build's; rebuild it"
        ))
        .because(error)
    })
}

/// Checks that a component imports nothing but the log.
fn check_imports(names: &[String]) -> Result<()> {
    match names.iter().find(|name| *name != LOG_INTERFACE) {
        Some(name) => Err(Error::input(format!(
            "it imports {name:?}, but a transform may import nothing but {LOG_INTERFACE:?}: build \
             it for wasm32-unknown-unknown with `lockstep build`, and drop what asks for a clock, \
             randomness, files or the network"
        ))),
        None => Ok(()),
    }
}

/// The functions that the manifest needs.
fn exports(component: &Component, manifest: &Manifest) -> Result<Exports<ComponentExportIndex>> {
    let mut exports = Exports { map: None, compute: None, aggregate: None };
    if !manifest.views.is_empty() {
        exports.map = Some(export(component, TRANSFORM_INTERFACE, "map", Type::U64)?);
    }
    if !manifest.on_demand.is_empty() {
        exports.compute = Some(export(component, ON_DEMAND_INTERFACE, "compute", Type::U32)?);
    }
    if !manifest.aggregates.is_empty() {
        let step = |step: Step| export(component, AGGREGATE_INTERFACE, step.name(), Type::U32);
        let [update, merge, finalize] = Step::ALL;
        exports.aggregate = Some([step(update)?, step(merge)?, step(finalize)?]);
    }
    Ok(exports)
}

/// The function `(first, list<u8>) -> list<u8>` of an exported interface.
fn export(
    component: &Component,
    interface: &str,
    function: &str,
    first: Type,
) -> Result<ComponentExportIndex> {
    let found = component.get_export_index(None, interface).and_then(|instance| {
        match component.get_export(Some(&instance), function)? {
            (ComponentItem::ComponentFunc(ty), index) => Some((ty, index)),
            _ => None,
        }
    });
    match found {
        Some((ty, index)) if has_type(&ty, &first) => Ok(index),
        Some(_) => Err(Error::input(format!(
            "its {function:?} of {interface:?} has another type than this build's; rebuild it"
        ))),
        None => Err(Error::input(format!(
            "its manifest needs {interface:?} but it does not export that; rebuild it with \
             `lockstep build`"
        ))),
    }
}

fn has_type(ty: &ComponentFunc, first: &Type) -> bool {
    let bytes = |ty: &Type| matches!(ty, Type::List(list) if list.ty() == Type::U8);
    let params: Vec<Type> = ty.params().map(|(_, ty)| ty).collect();
    let results: Vec<Type> = ty.results().collect();
    matches!(&params[..], [number, batch] if number == first && bytes(batch))
        && matches!(&results[..], [answer] if bytes(answer))
        && !ty.async_()
}
