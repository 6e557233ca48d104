//! Components that no compiler of Rust emits, each far beyond one limit of loading.
//!
//! Invariant: each would be a valid component, or nearly one, with the evil guest's manifest, so
//! that nothing but the limit refuses it. Deliberately absent: what the limits are.

use crate::artifacts::root;
use lockstep_guest::MANIFEST_SECTION;
use std::borrow::Cow;
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentExportKind, ComponentImportSection,
    ComponentInstanceSection, ComponentSectionId, ComponentTypeRef, ComponentTypeSection,
    ConstExpr, CustomSection, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    InstanceSection, MemorySection, MemoryType, Module, ModuleArg, ModuleSection,
    NestedComponentSection, RawSection, RefType, StartSection, TableSection, TableType,
    TypeSection, ValType,
};

/// A hostile component: its name, the limit that it exceeds (or a word of the refusal, if it has a
/// part that is never allowed), and how its bytes are made.
pub type Hostile = (&'static str, &'static str, fn() -> Vec<u8>);

/// All of them.
pub const ALL: [Hostile; 32] = [
    ("24 levels of components that double", "within a component", doubling),
    ("4 core modules", "MODULES_MAX", || component(&[(); 4].map(|()| empty()))),
    ("100 components", "COMPONENTS_MAX", many_components),
    ("50 instances of a module", "INSTANCES_MAX", many_instances),
    ("50 instances of an interface", "INSTANCES_MAX", many_component_instances),
    ("10,000 types of components", "COMPONENT_ITEMS_MAX", many_component_types),
    ("10,000 imports of a component", "COMPONENT_ITEMS_MAX", many_component_imports),
    ("types of components, 5,000 within one another", "COMPONENT_TYPE_BYTES_MAX", nested_types),
    ("100,000 custom sections", "SECTIONS_MAX", many_sections),
    ("a file of 17 MiB", "ARTIFACT_BYTES_MAX", large_file),
    ("a manifest of 2 MiB", "MANIFEST_BYTES_MAX", large_manifest),
    ("a name of 100,000 bytes", "WASM_NAME_BYTES_MAX", long_name),
    ("100,000 types", "TYPES_MAX", many_types),
    ("a type with 1,000 parameters", "TYPE_VALUES_MAX", wide_type),
    ("100,000 imports", "IMPORTS_MAX", many_imports),
    ("100,000 exports", "EXPORTS_MAX", many_exports),
    ("100,000 globals", "GLOBALS_MAX", many_globals),
    ("90,000 segments of data", "SEGMENTS_MAX", many_segments),
    ("500,000 functions", "FUNCTIONS_MAX", many_functions),
    ("5 MiB of code", "CODE_BYTES_MAX", much_code),
    ("a function of 600 KB", "FUNCTION_BYTES_MAX", long_function),
    ("50,000 local variables", "FUNCTION_LOCALS_MAX", many_locals),
    ("20,000 blocks within one another", "FUNCTION_DEPTH_MAX", deep_blocks),
    ("a br_table of 100,000 targets", "FUNCTION_TARGETS_MAX", wide_table),
    ("5,000 conditions on 100 variables", "COMPILE_COST_US_MAX", many_conditions),
    ("jump tables into blocks with 5,000 variables", "COMPILE_FLOW_MAX", many_flows),
    ("3,000 blocks that carry 50 values", "COMPILE_CARRIED_MAX", many_phis),
    ("a memory of 4 GiB", "GUEST_MEMORY_MAX_BYTES", || memories(&[65_536])),
    ("2 memories", "GUEST_MEMORIES_MAX", || memories(&[1, 1])),
    ("20 tables", "GUEST_TABLES_MAX", many_tables),
    ("a table of 10,000,000 elements", "GUEST_TABLE_ELEMENTS_MAX", large_table),
    ("a start function that loops", "a start function", looping_start),
];

/// The bytes of the hostile component called `name`.
pub fn hostile(name: &str) -> Option<Vec<u8>> {
    ALL.iter().find(|(known, _, _)| *known == name).map(|(_, _, bytes)| bytes())
}

fn manifest() -> Vec<u8> {
    let file = root().join("tests/guests/evil/src/manifest.json");
    std::fs::read(file).unwrap_or_else(|error| panic!("the evil guest has no manifest: {error}"))
}

/// A component under construction, with its manifest at the end.
fn finish(mut component: Component) -> Vec<u8> {
    let manifest = manifest();
    component
        .section(&CustomSection { name: MANIFEST_SECTION.into(), data: Cow::Borrowed(&manifest) });
    component.finish()
}

fn component(modules: &[Module]) -> Vec<u8> {
    let mut component = Component::new();
    modules.iter().for_each(|module| {
        component.section(&ModuleSection(module));
    });
    finish(component)
}

fn empty() -> Module {
    Module::new()
}

fn doubling() -> Vec<u8> {
    let mut inner = Component::new();
    inner.section(&ModuleSection(&empty()));
    let mut instances = InstanceSection::new();
    instances.instantiate(0, Vec::<(&str, ModuleArg)>::new());
    inner.section(&instances);
    for _ in 0..24 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&inner));
        let mut twice = ComponentInstanceSection::new();
        for _ in 0..2 {
            twice.instantiate(0, Vec::<(&str, ComponentExportKind, u32)>::new());
        }
        outer.section(&twice);
        inner = outer;
    }
    finish(inner)
}

fn many_components() -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..100 {
        component.section(&NestedComponentSection(&Component::new()));
    }
    finish(component)
}

fn many_instances() -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(&empty()));
    let mut instances = InstanceSection::new();
    for _ in 0..50 {
        instances.instantiate(0, Vec::<(&str, ModuleArg)>::new());
    }
    component.section(&instances);
    finish(component)
}

fn many_component_instances() -> Vec<u8> {
    let mut component = Component::new();
    component.section(&NestedComponentSection(&Component::new()));
    let mut instances = ComponentInstanceSection::new();
    for _ in 0..50 {
        instances.instantiate(0, Vec::<(&str, ComponentExportKind, u32)>::new());
    }
    component.section(&instances);
    finish(component)
}

fn many_component_types() -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..100 {
        let mut types = ComponentTypeSection::new();
        for _ in 0..100 {
            types.defined_type().primitive(wasm_encoder::PrimitiveValType::U8);
        }
        component.section(&types);
    }
    finish(component)
}

fn many_component_imports() -> Vec<u8> {
    let mut component = Component::new();
    let mut types = ComponentTypeSection::new();
    types.instance(&wasm_encoder::InstanceType::new());
    component.section(&types);
    let mut imports = ComponentImportSection::new();
    for at in 0..10_000 {
        imports.import(format!("i{at}"), ComponentTypeRef::Instance(0));
    }
    component.section(&imports);
    finish(component)
}

/// Types of instances that each declare the next one.
fn nested_types() -> Vec<u8> {
    let mut section = vec![1];
    for _ in 0..5_000 {
        section.extend([0x42, 1, 1]);
    }
    section.extend([0x42, 0]);
    let mut component = Component::new();
    component.section(&RawSection { id: ComponentSectionId::Type.into(), data: &section });
    finish(component)
}

fn many_sections() -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..100_000 {
        component.section(&CustomSection { name: "x".into(), data: Cow::Borrowed(&[]) });
    }
    finish(component)
}

fn with_custom(name: &str, bytes: usize) -> Vec<u8> {
    let (mut component, data) = (Component::new(), vec![b' '; bytes]);
    component.section(&CustomSection { name: name.into(), data: Cow::Borrowed(&data) });
    component.finish()
}

fn large_file() -> Vec<u8> {
    with_custom("x", 17 << 20)
}

fn large_manifest() -> Vec<u8> {
    with_custom(MANIFEST_SECTION, 2 << 20)
}

fn long_name() -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("m", &"x".repeat(100_000), EntityType::Function(0));
    module.section(&types).section(&imports);
    component(&[module])
}

fn many_types() -> Vec<u8> {
    let mut types = TypeSection::new();
    for at in 0..100_000_usize {
        let params = (0..17).filter(|bit| at >> bit & 1 == 1).map(|_| ValType::I32);
        types.ty().function(params.collect::<Vec<ValType>>(), []);
    }
    let mut module = Module::new();
    module.section(&types);
    component(&[module])
}

fn wide_type() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function(vec![ValType::I32; 1_000], []);
    let mut module = Module::new();
    module.section(&types);
    component(&[module])
}

fn many_imports() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    for at in 0..100_000 {
        imports.import("m", &format!("f{at}"), EntityType::Function(0));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports);
    component(&[module])
}

/// A module of such functions without parameters, with these sections behind the functions.
fn module(functions: &[Function], between: impl FnOnce(&mut Module)) -> Module {
    let many = vec![ValType::I32; 50];
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function(many.clone(), many);
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for function in functions {
        declared.function(0);
        code.function(function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared);
    between(&mut module);
    module.section(&code);
    module
}

fn functions(functions: &[Function]) -> Vec<u8> {
    component(&[module(functions, |_| {})])
}

fn nothing() -> Function {
    let mut function = Function::new([]);
    function.instructions().end();
    function
}

fn many_exports() -> Vec<u8> {
    let mut exports = ExportSection::new();
    for at in 0..100_000 {
        exports.export(&format!("f{at}"), ExportKind::Func, 0);
    }
    component(&[module(&[nothing()], |module| {
        module.section(&exports);
    })])
}

fn many_globals() -> Vec<u8> {
    let mut globals = GlobalSection::new();
    for _ in 0..100_000 {
        let of = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(of, &ConstExpr::i32_const(0));
    }
    let mut module = Module::new();
    module.section(&globals);
    component(&[module])
}

fn memory(pages: u64) -> MemoryType {
    MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

fn many_segments() -> Vec<u8> {
    let (mut memories, mut data) = (MemorySection::new(), DataSection::new());
    memories.memory(memory(1));
    for at in 0..90_000 {
        data.active(0, &ConstExpr::i32_const(at % 60_000), *b"x");
    }
    let mut module = Module::new();
    module.section(&memories).section(&data);
    component(&[module])
}

fn many_functions() -> Vec<u8> {
    functions(&vec![nothing(); 500_000])
}

/// A function of `count` additions.
fn straight(count: usize) -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    for _ in 0..count {
        function.instructions().local_get(0).i32_const(1).i32_add().local_set(0);
    }
    function.instructions().end();
    function
}

fn much_code() -> Vec<u8> {
    functions(&vec![straight(10_000); 80])
}

fn long_function() -> Vec<u8> {
    functions(&[straight(100_000)])
}

fn many_locals() -> Vec<u8> {
    let mut function = Function::new([(50_000, ValType::I32)]);
    function.instructions().end();
    functions(&[function])
}

fn deep_blocks() -> Vec<u8> {
    let mut function = Function::new([]);
    for _ in 0..20_000 {
        function.instructions().block(BlockType::Empty);
    }
    for _ in 0..=20_000 {
        function.instructions().end();
    }
    functions(&[function])
}

fn wide_table() -> Vec<u8> {
    let mut function = Function::new([]);
    function.instructions().block(BlockType::Empty).i32_const(0);
    function.instructions().br_table(vec![0; 100_000], 0).end().end();
    functions(&[function])
}

fn many_conditions() -> Vec<u8> {
    let mut function = Function::new([(100, ValType::I32)]);
    for at in 0..5_000 {
        let mut code = function.instructions();
        code.local_get(0).if_(BlockType::Empty).i32_const(at).local_set(at as u32 % 100).end();
    }
    function.instructions().end();
    functions(&[function])
}

/// Many functions, each cheap by itself, whose jump tables lead into blocks that change variables.
fn many_flows() -> Vec<u8> {
    const BLOCKS: u32 = 30;
    let mut function = Function::new([(5_000, ValType::I32)]);
    for _ in 0..BLOCKS {
        function.instructions().block(BlockType::Empty);
    }
    function.instructions().local_get(0).br_table((0..BLOCKS).collect::<Vec<u32>>(), 0);
    for at in 0..BLOCKS {
        function.instructions().end().local_get(at).i32_const(1).i32_add().local_set(at);
    }
    function.instructions().end();
    functions(&vec![function; 20])
}

fn many_phis() -> Vec<u8> {
    let mut function = Function::new([]);
    (0..50).for_each(|value| {
        function.instructions().i32_const(value);
    });
    for _ in 0..1_500 {
        function.instructions().loop_(BlockType::FunctionType(1)).i32_const(1).br_if(0);
    }
    for _ in 0..1_500 {
        function.instructions().end();
    }
    (0..50).for_each(|_| {
        function.instructions().drop();
    });
    function.instructions().end();
    functions(&[function])
}

fn memories(pages: &[u64]) -> Vec<u8> {
    let mut memories = MemorySection::new();
    pages.iter().for_each(|pages| {
        memories.memory(memory(*pages));
    });
    let mut module = Module::new();
    module.section(&memories);
    component(&[module])
}

fn table(elements: u64) -> TableType {
    TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: elements,
        maximum: None,
        shared: false,
    }
}

fn many_tables() -> Vec<u8> {
    let mut tables = TableSection::new();
    for _ in 0..20 {
        tables.table(table(1));
    }
    let mut module = Module::new();
    module.section(&tables);
    component(&[module])
}

fn large_table() -> Vec<u8> {
    let mut tables = TableSection::new();
    tables.table(table(10_000_000));
    let mut elements = ElementSection::new();
    elements.passive(Elements::Functions(Cow::Borrowed(&[0; 10])));
    component(&[module(&[nothing()], |module| {
        module.section(&tables).section(&elements);
    })])
}

fn looping_start() -> Vec<u8> {
    let mut endless = Function::new([]);
    endless.instructions().loop_(BlockType::Empty).br(0).end().end();
    component(&[module(&[endless], |module| {
        module.section(&StartSection { function_index: 0 });
    })])
}
