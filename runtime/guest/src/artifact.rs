//! An artifact: a WebAssembly component with its manifest and digest.
//!
//! Invariant: an [`Artifact`] that exists has exactly one valid manifest, imports nothing except
//! perhaps the log, exports what its manifest needs with the right types, and was compiled. Its
//! digest is computed over the file's bytes and is part of every value's identity (S23).
//! Deliberately absent: running the guest. The manifest is read from a custom section, so reading
//! it is safe even from an artifact that is not trusted.

use super::cache::Entry;
use super::engine::{Engine, Flavour};
use super::instance::{Compiled, Exports, Step};
use super::lifted::answers_stay;
use super::limits::{ARTIFACT_BYTES_MAX, MANIFEST_BYTES_MAX};
use super::section::{Layer, MANIFEST_SECTION, custom_sections, layer};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::manifest::Manifest;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};
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
    imports: Vec<String>,
    engine: Engine,
    ordinary: Compiled,
    metered: OnceLock<Compiled>,
}

impl Artifact {
    /// Loads the artifact in the file at `path`.
    pub fn load(engine: &Engine, path: &Path) -> Result<Artifact> {
        let name = path.display().to_string();
        let bytes = read(path).map_err(|error| error.at(format!("artifact {name}")))?;
        Artifact::from_bytes(engine, &name, bytes)
    }

    /// Loads the artifact in `bytes`; `name` is its name in errors.
    pub fn from_bytes(engine: &Engine, name: &str, bytes: impl Into<Vec<u8>>) -> Result<Artifact> {
        let bytes = bytes.into().into_boxed_slice();
        load(engine, name, bytes).map_err(|error| error.at(format!("artifact {name}")))
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
    pub fn imports(&self) -> &[String] {
        &self.0.imports
    }

    /// The engine that it was loaded into.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// How its code is compiled for ordinary calls.
    pub(super) fn flavour(&self) -> Flavour {
        Flavour { strict: self.0.manifest.strict, metered: false }
    }

    /// Its compiled code: made at load for ordinary calls, and at first use for the metered rerun
    /// of S9.
    pub(super) fn compiled(&self, metered: bool) -> Result<&Compiled> {
        if !metered {
            return Ok(&self.0.ordinary);
        }
        if self.0.metered.get().is_none() {
            let flavour = Flavour { metered, ..self.flavour() };
            let component = compile(&self.0.engine, flavour, &self.0.bytes, &self.0.digest)?;
            let stay = self.0.ordinary.answers_stay();
            let compiled = link(&component, exports(&component, &self.0.manifest)?, stay)?;
            // Another thread may have set it first; its code is the same.
            let _ = self.0.metered.set(compiled);
        }
        Ok(self.0.metered.get().expect("it was just set"))
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

/// The SHA-256 digest of the concatenation of these parts.
pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
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

fn load(engine: &Engine, name: &str, bytes: Box<[u8]>) -> Result<Artifact> {
    let manifest = manifest(&bytes)?;
    let digits: String = sha256(&[&bytes]).iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = format!("sha256:{digits}");
    let flavour = Flavour { strict: manifest.strict, metered: false };
    let component = compile(engine, flavour, &bytes, &digest)?;
    let imports = imports(&component)?;
    let stay = answers_stay(&bytes);
    let ordinary = link(&component, exports(&component, &manifest)?, stay)?;
    Ok(Artifact(Arc::new(Inner {
        name: name.to_string(),
        digest,
        bytes,
        manifest,
        imports,
        engine: engine.clone(),
        ordinary,
        metered: OnceLock::new(),
    })))
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

fn compile(engine: &Engine, flavour: Flavour, bytes: &[u8], digest: &str) -> Result<Component> {
    let wasmtime = engine.flavour(flavour)?;
    let digits = digest.trim_start_matches("sha256:");
    let entry = engine.cache_dir().and_then(|dir| Entry::new(dir, digits, wasmtime));
    if let Some(component) = entry.as_ref().and_then(|entry| entry.load(wasmtime)) {
        return Ok(component);
    }
    let component = Component::from_binary(wasmtime, bytes).map_err(|error| {
        Error::input(
            "it is not a component that this build runs; run `lockstep build` in its crate",
        )
        .because(error)
    })?;
    if let Some(entry) = entry {
        // A cache that cannot be written costs time and nothing else.
        let _ = entry.store(&component);
    }
    Ok(component)
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

/// The interfaces that a component imports; only the log is allowed.
fn imports(component: &Component) -> Result<Vec<String>> {
    let ty = component.component_type();
    let names = ty.imports(component.engine()).map(|(name, _)| name.to_string());
    let names: Vec<String> = names.collect();
    match names.iter().find(|name| *name != LOG_INTERFACE) {
        Some(name) => Err(Error::input(format!(
            "it imports {name:?}, but a transform may import nothing but {LOG_INTERFACE:?}: build \
             it for wasm32-unknown-unknown with `lockstep build`, and drop what asks for a clock, \
             randomness, files or the network"
        ))),
        None => Ok(names),
    }
}

/// The functions that the manifest needs.
fn exports(component: &Component, manifest: &Manifest) -> Result<Exports<ComponentExportIndex>> {
    if manifest.views.is_empty() && manifest.on_demand.is_empty() {
        return Err(Error::input(
            "its manifest declares neither a view nor an on-demand transform; list one in export!",
        ));
    }
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
