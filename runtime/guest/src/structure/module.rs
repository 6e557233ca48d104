//! A core module: how much it declares, and the cost of its functions.
//!
//! Invariant: each number is checked before the items behind it are read. Deliberately absent: a
//! start function, which would run before any call; `lockstep build` makes none.

use super::super::limits::{
    EXPORTS_MAX, FUNCTION_BYTES_MAX, GLOBALS_MAX, GUEST_MEMORIES_MAX, GUEST_MEMORY_MAX_BYTES,
    GUEST_TABLE_ELEMENTS_MAX, GUEST_TABLES_MAX, IMPORTS_MAX, SEGMENTS_MAX, TYPE_VALUES_MAX,
    TYPES_MAX,
};
use super::body::{self, CodeBudget, Signature};
use super::budget::{Budget, at_most, foreign, unreadable};
use super::component::name_of;
use lockstep_core::error::Result;
use wasmparser::{ElementItems, Payload, TypeRef};

/// The bytes of a page of linear memory.
const PAGE_BYTES: u64 = 64 << 10;

/// What is known of a core module so far.
#[derive(Debug, Default)]
pub(super) struct ModuleWalk {
    types: Vec<Signature>,
    /// The type of each function that the module defines.
    functions: Vec<u32>,
    /// How many bodies were read.
    bodies: usize,
}

/// What all modules of a component may have together.
#[derive(Debug)]
pub(super) struct ModuleBudget {
    code: CodeBudget,
    tables: Budget,
    memories: Budget,
    memory: Budget,
    elements: Budget,
    segments: Budget,
}

impl ModuleBudget {
    pub(super) fn new() -> ModuleBudget {
        ModuleBudget {
            code: CodeBudget::new(),
            tables: Budget::new("GUEST_TABLES_MAX", GUEST_TABLES_MAX, "tables"),
            memories: Budget::new("GUEST_MEMORIES_MAX", GUEST_MEMORIES_MAX, "memories"),
            memory: Budget::new(
                "GUEST_MEMORY_MAX_BYTES",
                GUEST_MEMORY_MAX_BYTES,
                "bytes of memory at its start",
            ),
            elements: Budget::new(
                "GUEST_TABLE_ELEMENTS_MAX",
                GUEST_TABLE_ELEMENTS_MAX,
                "elements of tables",
            ),
            segments: Budget::new("SEGMENTS_MAX", SEGMENTS_MAX, "segments of data or elements"),
        }
    }

    fn memory(&mut self, initial_pages: u64) -> Result<()> {
        let bytes = initial_pages.saturating_mul(PAGE_BYTES);
        self.memory.spend(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    fn table(&mut self, initial: u64) -> Result<()> {
        self.elements.spend(usize::try_from(initial).unwrap_or(usize::MAX))
    }
}

impl ModuleWalk {
    /// Reads one section of the module, or one function.
    pub(super) fn take(&mut self, payload: Payload<'_>, budget: &mut ModuleBudget) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                at_most("TYPES_MAX", TYPES_MAX, section.count() as usize, "types of functions")?;
                for ty in section.into_iter_err_on_gc_types() {
                    let ty = ty.map_err(unreadable)?;
                    let signature =
                        Signature { params: ty.params().len(), results: ty.results().len() };
                    at_most(
                        "TYPE_VALUES_MAX",
                        TYPE_VALUES_MAX,
                        signature.params + signature.results,
                        "parameters and results in one type",
                    )?;
                    self.types.push(signature);
                }
            }
            Payload::ImportSection(section) => {
                at_most("IMPORTS_MAX", IMPORTS_MAX, section.count() as usize, "imports")?;
                for import in section.into_imports() {
                    let import = import.map_err(unreadable)?;
                    name_of(import.module)?;
                    name_of(import.name)?;
                    match import.ty {
                        TypeRef::Table(ty) => budget.table(ty.initial)?,
                        TypeRef::Memory(ty) => budget.memory(ty.initial)?,
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => {
                budget.code.functions.spend(section.count() as usize)?;
                for ty in section {
                    self.functions.push(ty.map_err(unreadable)?);
                }
            }
            Payload::TableSection(section) => {
                budget.tables.spend(section.count() as usize)?;
                for item in section {
                    budget.table(item.map_err(unreadable)?.ty.initial)?;
                }
            }
            Payload::MemorySection(section) => {
                budget.memories.spend(section.count() as usize)?;
                for item in section {
                    budget.memory(item.map_err(unreadable)?.initial)?;
                }
            }
            Payload::GlobalSection(section) => {
                at_most("GLOBALS_MAX", GLOBALS_MAX, section.count() as usize, "globals")?;
            }
            Payload::ExportSection(section) => {
                at_most("EXPORTS_MAX", EXPORTS_MAX, section.count() as usize, "exports")?;
                for export in section {
                    name_of(export.map_err(unreadable)?.name)?;
                }
            }
            Payload::ElementSection(section) => {
                budget.segments.spend(section.count() as usize)?;
                for segment in section {
                    budget.elements.spend(match segment.map_err(unreadable)?.items {
                        ElementItems::Functions(items) => items.count() as usize,
                        ElementItems::Expressions(_, items) => items.count() as usize,
                    })?;
                }
            }
            // The count of segments of data comes before them, and wasmtime compares both.
            Payload::DataCountSection { .. } => {}
            Payload::DataSection(section) => budget.segments.spend(section.count() as usize)?,
            Payload::CodeSectionStart { size, .. } => budget.code.bytes.spend(size as usize)?,
            Payload::CodeSectionEntry(function) => {
                let range = function.range();
                at_most(
                    "FUNCTION_BYTES_MAX",
                    FUNCTION_BYTES_MAX,
                    range.end - range.start,
                    "bytes in one function",
                )?;
                let ty = self.functions.get(self.bodies).map_or(0, |ty| *ty as usize);
                self.bodies += 1;
                let of = self.types.get(ty).copied();
                body::check(&function, of, &self.types, &mut budget.code)?;
            }
            Payload::CustomSection(section) => name_of(section.name())?,
            Payload::StartSection { .. } => return Err(foreign("a start function")),
            _ => return Err(foreign("a section of another kind than a module's")),
        }
        Ok(())
    }
}
