//! Finds the modules of a crate, and resolves each path in them to a module.
//!
//! Invariant: a path that begins with `crate`, `self`, `super` or a child module is resolved to the
//! module that defines its item, through any number of imports. Deliberately absent: names from
//! other crates, and glob imports, which count as uses of the module they name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, UseTree};

/// A module's path from the crate's root.
pub(super) type Module = Vec<String>;

/// One use: the module, the line, the path as written, and the module that defines what it names.
pub(super) type Use = (Module, usize, String, Module);

/// A crate's modules.
#[derive(Default)]
pub(super) struct Tree {
    modules: BTreeMap<Module, Contents>,
}

/// What is in a module.
#[derive(Default)]
struct Contents {
    /// Names that are imported, with the path that each stands for.
    imports: BTreeMap<String, Vec<String>>,
    /// Every path that is written, with its line.
    paths: Vec<(usize, Vec<String>)>,
}

impl Tree {
    /// Reads the crate whose root is this file.
    pub(super) fn read(root: &Path) -> Tree {
        let mut tree = Tree::default();
        tree.read_file(root, root.parent().unwrap(), vec![]);
        tree
    }

    fn read_file(&mut self, file: &Path, folder: &Path, module: Module) {
        let text = std::fs::read_to_string(file).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        self.read_items(&parsed.items, folder, module);
    }

    fn read_items(&mut self, items: &[Item], folder: &Path, module: Module) {
        let mut contents = Contents::default();
        let mut children = Vec::new();
        for item in items {
            match item {
                Item::Mod(child) if !is_test(&child.attrs) => children.push(child),
                Item::Mod(_) => {}
                other => Paths(&mut contents).visit_item(other),
            }
        }
        self.modules.insert(module.clone(), contents);
        for child in children {
            self.read_child(child, folder, &module);
        }
    }

    fn read_child(&mut self, child: &ItemMod, folder: &Path, parent: &Module) {
        let name = child.ident.to_string();
        let mut module = parent.clone();
        module.push(name.clone());
        let inside: PathBuf = folder.join(&name);
        match &child.content {
            Some((_, items)) => self.read_items(items, &inside, module),
            None => {
                let flat = folder.join(format!("{name}.rs"));
                let file = if flat.is_file() { flat } else { inside.join("mod.rs") };
                self.read_file(&file, &inside, module);
            }
        }
    }

    /// Every use of this crate's own items.
    pub(super) fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        for (module, contents) in &self.modules {
            for (line, path) in &contents.paths {
                if let Some(definer) = self.definer(module, path, 0) {
                    uses.push((module.clone(), *line, path.join("::"), definer));
                }
            }
        }
        uses
    }

    /// The module that defines what `path`, written in `module`, names; `None` if it is in another
    /// crate.
    fn definer(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut at = module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                at = vec![];
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                let child: Module = at.iter().cloned().chain([first.to_string()]).collect();
                if !self.modules.contains_key(&child) {
                    return None;
                }
            }
        }
        assert!(depth < 32, "{path:?} in {module:?} imports itself");
        while let Some((name, behind)) = rest.split_first() {
            let child: Module = at.iter().cloned().chain([name.clone()]).collect();
            if self.modules.contains_key(&child) {
                (at, rest) = (child, behind);
            } else if let Some(import) = self.modules.get(&at)?.imports.get(name) {
                let path: Vec<String> = import.iter().chain(behind).cloned().collect();
                return self.definer(&at, &path, depth + 1);
            } else {
                break;
            }
        }
        Some(at)
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

/// Collects the paths of a module's items.
struct Paths<'a>(&'a mut Contents);

impl Visit<'_> for Paths<'_> {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        if !is_test(&item.attrs) {
            self.import(&item.tree, &mut vec![]);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        if path.leading_colon.is_none() && names.len() > 1 {
            let line = path.segments[0].ident.span().start().line;
            self.0.paths.push((line, names));
        }
        visit::visit_path(self, path);
    }
}

impl Paths<'_> {
    fn import(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        let (ident, name) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.import(&path.tree, before);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, before));
                return;
            }
            UseTree::Glob(_) => {
                self.0.paths.push((0, before.clone()));
                return;
            }
            UseTree::Name(name) => (&name.ident, name.ident.to_string()),
            UseTree::Rename(rename) => (&rename.ident, rename.rename.to_string()),
        };
        let mut path = before.clone();
        match ident.to_string().as_str() {
            // `use a::{self}` is `use a`.
            "self" if !path.is_empty() => {}
            own => path.push(own.to_string()),
        }
        let name = if name == "self" { path.last().unwrap().clone() } else { name };
        self.0.paths.push((ident.span().start().line, path.clone()));
        self.0.imports.insert(name, path);
    }
}
