//! Layers: no module may depend on a module that contains it, and crates depend in one direction.
//!
//! Method: the sources are parsed, and each path in them is resolved through imports and re-exports
//! to the module that defines what it names. So `super::Name`, if the parent only re-exports it
//! from a sibling, is a dependency on the sibling. Deliberately absent: paths inside macros, and
//! tests, which may use what contains them.

mod resolve;

use crate::tidy::{check, root};
use resolve::Tree;
use std::path::Path;

/// The crates whose modules are checked.
const CRATES: [&str; 8] = [
    "runtime",
    "runtime/core",
    "runtime/disk",
    "runtime/engine",
    "runtime/guest",
    "runtime/source",
    "runtime/store",
    "cli",
];

/// Goal: a module can be read without the one that contains it. Method: every path of every module.
#[test]
fn no_module_depends_on_one_that_contains_it() {
    let mut problems = Vec::new();
    for package in CRATES {
        let tree = Tree::read(&root().join(package).join("src/lib.rs"));
        for (module, line, path, definer) in tree.uses() {
            let contains = module.len() > definer.len() && module.starts_with(&definer);
            if contains {
                problems.push(format!(
                    "{package}: module {} (line {line}) uses {path}, which is defined in {}, a module that contains it",
                    module.join("::"),
                    if definer.is_empty() { "the crate's root".into() } else { definer.join("::") },
                ));
            }
        }
    }
    check(problems);
}

/// Goal: the check can fail. Method: a tree with each way to name a containing module, and with a
/// re-export, which is not one.
#[test]
fn the_check_resolves_paths() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "pub mod a;\nmod b;\npub use b::Sibling;\npub struct Root;\n");
    write("b.rs", "pub struct Sibling;\n");
    write(
        "a.rs",
        "mod inner;\nmod plain;\npub struct Outer;\nuse crate::b::Sibling as Renamed;\n\
         pub fn outer() {}\n",
    );
    write(
        "a/inner.rs",
        "use super::Outer;\nuse crate::{Root, Sibling};\nuse super::Renamed;\n\
         fn call() { super::outer(); crate::a::outer() }\nuse super as up;\n",
    );
    write(
        "a/plain.rs",
        "use super::inner;\n#[cfg(test)]\nmod tests { use super::super::Outer; }\n",
    );
    let tree = Tree::read(Path::new(&folder.path().join("lib.rs")));
    let mut found: Vec<(String, String)> = tree
        .uses()
        .into_iter()
        .filter(|(module, _, _, definer)| {
            module.len() > definer.len() && module.starts_with(definer)
        })
        .map(|(module, _, path, _)| (module.join("::"), path))
        .collect();
    found.sort();
    let expected = ["crate::Root", "crate::a::outer", "super", "super::Outer", "super::outer"];
    let expected = expected.map(|path| ("a::inner".to_string(), path.to_string()));
    assert_eq!(found, expected);
}
