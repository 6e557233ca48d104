//! The guest `tests/guests/mirror`, whose view's rows are its events, with the manifest of a case.
//!
//! Invariant: the component is built once a process; only its manifest section differs from case to
//! case. Deliberately absent: any cache of compiled components, which tests would fill.

use crate::artifacts::wasm;
use lockstep_core::{Error, Result};
use lockstep_engine::catalog::Catalog;
use lockstep_guest::{Artifact, Engine, MANIFEST_SECTION, custom_sections};
use serde_json::Value as Json;
use std::sync::Arc;

/// The component, and what runs it.
#[derive(Clone, Copy)]
pub struct Guest<'a> {
    /// What compiles the artifacts.
    pub engine: &'a Engine,
    /// The component without a manifest.
    pub component: &'a [u8],
}

/// The mirror's component without its manifest, which is its last section.
pub fn component() -> Result<Vec<u8>> {
    let path = wasm("tests/guests/mirror");
    let mut component = std::fs::read(&path)
        .map_err(|error| Error::retry("cannot read the mirror's component").because(error))?;
    let placeholder = match custom_sections(&component, MANIFEST_SECTION)?[..] {
        [placeholder] => section(placeholder),
        _ => return Err(Error::bug("the mirror has no manifest, or two")),
    };
    if !component.ends_with(&placeholder) {
        return Err(Error::bug("the mirror's manifest is not its last section"));
    }
    component.truncate(component.len() - placeholder.len());
    Ok(component)
}

impl Guest<'_> {
    /// The catalogue of the mirror with this manifest.
    pub fn catalog(&self, manifest: &Json) -> Result<Arc<Catalog>> {
        let wasm = artifact_of(self.component, manifest);
        let artifact = Artifact::from_bytes(self.engine, "mirror", wasm)?;
        Ok(Arc::new(Catalog::new(vec![("mirror".to_string(), artifact)])?))
    }
}

/// The bytes of a mirror with this manifest; `component` is that of [`component`].
pub fn artifact_of(component: &[u8], manifest: &Json) -> Vec<u8> {
    [component, &section(manifest.to_string().as_bytes())].concat()
}

/// The manifest's custom section.
fn section(content: &[u8]) -> Vec<u8> {
    let mut body = leb(MANIFEST_SECTION.len());
    body.extend(MANIFEST_SECTION.as_bytes());
    body.extend(content);
    [vec![0], leb(body.len()), body].concat()
}

/// An unsigned LEB128 number.
fn leb(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}
