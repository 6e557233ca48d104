//! The level of components: which sections there are, and how many things they declare.
//!
//! Invariant: a component within the component contains types, imports and exports alone, so an
//! instance of it contains nothing, and instances cannot multiply. Deliberately absent: what the
//! types and the imports say, which `artifact.rs` checks by name.

use super::super::limits::{
    COMPONENT_ITEMS_MAX, COMPONENT_TYPE_BYTES_MAX, COMPONENTS_MAX, INSTANCES_MAX, MODULES_MAX,
    SECTIONS_MAX, WASM_NAME_BYTES_MAX,
};
use super::budget::{Budget, at_most, foreign, not_ours, unreadable};
use super::module::{ModuleBudget, ModuleWalk};
use lockstep_core::error::Result;
use wasmparser::{
    CanonicalFunction, CanonicalOption, Encoding, FromReader, Parser, Payload, SectionLimited,
};

/// What the walk found out about a component that is within its limits.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    /// The names that it imports.
    pub(crate) imports: Vec<String>,
    /// Whether no function that it lifts has a `post-return`, a function that frees the memory of a
    /// reply. wasmtime runs it before a call returns, so the reply must then be copied during the
    /// call; without one it stays where the guest left it until the next call.
    pub(crate) answers_stay: bool,
}

/// What surrounds the section that is being read.
enum Level {
    /// The artifact itself.
    Component,
    /// A component within it.
    Interface,
    Module(Box<ModuleWalk>),
}

/// Counts that go on through the whole component.
struct Counts {
    sections: Budget,
    modules: Budget,
    components: Budget,
    instances: Budget,
    items: Budget,
    of_modules: ModuleBudget,
}

impl Structure {
    /// Walks the bytes of a component.
    ///
    /// # Errors
    /// If it exceeds a limit, has a part that `lockstep build` never makes, or cannot be read.
    pub(crate) fn read(wasm: &[u8]) -> Result<Structure> {
        let mut walk = Walk {
            levels: Vec::new(),
            counts: Counts::new(),
            found: Structure { imports: Vec::new(), answers_stay: true },
        };
        for payload in Parser::new(0).parse_all(wasm) {
            walk.take(payload.map_err(unreadable)?)?;
        }
        Ok(walk.found)
    }
}

impl Counts {
    fn new() -> Counts {
        Counts {
            sections: Budget::new("SECTIONS_MAX", SECTIONS_MAX, "sections"),
            modules: Budget::new("MODULES_MAX", MODULES_MAX, "core modules"),
            components: Budget::new("COMPONENTS_MAX", COMPONENTS_MAX, "components within it"),
            instances: Budget::new("INSTANCES_MAX", INSTANCES_MAX, "instances"),
            items: Budget::new(
                "COMPONENT_ITEMS_MAX",
                COMPONENT_ITEMS_MAX,
                "types, aliases, imports, exports and functions of components",
            ),
            of_modules: ModuleBudget::new(),
        }
    }
}

struct Walk {
    levels: Vec<Level>,
    counts: Counts,
    found: Structure,
}

impl Walk {
    fn take(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version { encoding, .. } => return self.begin(encoding),
            Payload::End(_) => {
                self.levels.pop();
                return Ok(());
            }
            Payload::CodeSectionEntry(_) => {}
            _ => self.counts.sections.spend(1)?,
        }
        match self.levels.last_mut() {
            Some(Level::Module(module)) => module.take(payload, &mut self.counts.of_modules),
            Some(Level::Component) => self.component(payload),
            Some(Level::Interface) => self.interface(payload),
            None => Err(foreign("sections outside a component")),
        }
    }

    fn begin(&mut self, encoding: Encoding) -> Result<()> {
        let level = match (encoding, self.levels.len()) {
            (Encoding::Component, 0) => Level::Component,
            (Encoding::Component, 1) => {
                self.counts.components.spend(1)?;
                Level::Interface
            }
            (Encoding::Module, 1) => {
                self.counts.modules.spend(1)?;
                Level::Module(Box::default())
            }
            _ => return Err(foreign("modules or components within a component of a component")),
        };
        self.levels.push(level);
        Ok(())
    }

    /// A section of the artifact itself.
    fn component(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => Ok(()),
            Payload::InstanceSection(section) => {
                self.counts.instances.spend(section.count() as usize)?;
                self.items(&section)
            }
            Payload::ComponentInstanceSection(section) => {
                self.counts.instances.spend(section.count() as usize)?;
                self.items(&section)
            }
            Payload::ComponentAliasSection(section) => self.items(&section),
            Payload::ComponentCanonicalSection(section) => {
                self.items(&section)?;
                for function in section {
                    let function = function.map_err(unreadable)?;
                    self.found.answers_stay &= stays(&function);
                }
                Ok(())
            }
            Payload::ComponentImportSection(section) => {
                self.items(&section)?;
                for import in section {
                    let name = import.map_err(unreadable)?.name.name;
                    name_of(name)?;
                    self.found.imports.push(name.to_string());
                }
                Ok(())
            }
            other => self.interface(other),
        }
    }

    /// A section that a component within the artifact may have, too.
    fn interface(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::CustomSection(section) => name_of(section.name()),
            Payload::ComponentTypeSection(section) => {
                let range = section.range();
                at_most(
                    "COMPONENT_TYPE_BYTES_MAX",
                    COMPONENT_TYPE_BYTES_MAX,
                    range.end - range.start,
                    "bytes of types of components in a section",
                )?;
                self.items(&section)
            }
            Payload::ComponentImportSection(section) => self.items(&section),
            Payload::ComponentExportSection(section) => {
                self.items(&section)?;
                for export in section {
                    name_of(export.map_err(unreadable)?.name.name)?;
                }
                Ok(())
            }
            Payload::UnknownSection { .. } => Err(not_ours()),
            Payload::ComponentStartSection { .. } => Err(foreign("a start function")),
            Payload::CoreTypeSection(_) => Err(foreign("types of core modules")),
            _ => Err(foreign("modules, instances or code within a component of the component")),
        }
    }

    fn items<'a, T: FromReader<'a>>(&mut self, section: &SectionLimited<'a, T>) -> Result<()> {
        self.counts.items.spend(section.count() as usize)
    }
}

/// Checks the length of a name.
pub(super) fn name_of(name: &str) -> Result<()> {
    at_most("WASM_NAME_BYTES_MAX", WASM_NAME_BYTES_MAX, name.len(), "bytes in a name")
}

fn stays(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } => {
            !options.iter().any(|option| matches!(option, CanonicalOption::PostReturn(_)))
        }
        _ => true,
    }
}
