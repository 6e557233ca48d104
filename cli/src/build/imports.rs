//! What a compiled module imports, and which dependency brings it.
//!
//! Invariant: a module that passes imports nothing but the host's log. Deliberately absent: the check
//! of the finished component, which is that of every host.

use super::dependencies::Dependencies;
use lockstep_runtime::{Error, Result};
use wasmparser::{Parser, Payload};

/// The module's name for the interfaces of the contract.
const CONTRACT: &str = "lockstep:features/";

/// Packages whose code imports functions of a browser or a system, how their imports begin, and
/// what that is.
const KNOWN: [(&str, &[&str], &str); 2] = [
    ("wasm-bindgen", &["__wbindgen_", "wbg"], "a browser's JavaScript"),
    ("wasi", &["wasi_", "wasi:"], "a WASI system"),
];

/// Features that bring such imports, by package.
const FEATURES: [(&str, &str); 6] = [
    ("chrono", "`default-features = false` leaves out its clock"),
    ("getrandom", "leave out its feature `js` or `wasm_js`: a transform has no randomness"),
    ("rand", "a transform has no randomness"),
    ("uuid", "leave out its features `js` and `v4`: a transform has no randomness"),
    ("time", "leave out its feature `wasm-bindgen`: a transform has no clock"),
    ("instant", "a transform has no clock"),
];

/// Refuses a module that imports anything but the log, and names what brings the import.
pub(super) fn check(module: &[u8], dependencies: &Dependencies) -> Result<()> {
    let damaged = |error| Error::bug("the compiler's module cannot be read").because(error);
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ImportSection(imports) = payload.map_err(damaged)? else { continue };
        for import in imports.into_imports() {
            let import = import.map_err(damaged)?;
            if !import.module.starts_with(CONTRACT) {
                return Err(refusal(import.module, import.name, dependencies));
            }
        }
    }
    Ok(())
}

/// Why the import `name` of `module` is refused.
fn refusal(module: &str, name: &str, dependencies: &Dependencies) -> Error {
    let of = |begins: &&[&str]| {
        begins.iter().any(|begin| module.starts_with(begin) || name.starts_with(begin))
    };
    let Some((package, _, system)) = KNOWN.iter().find(|(_, begins, _)| of(begins)) else {
        return Error::input(format!(
            "it imports the function {name:?} of {module:?}, and a transform imports nothing: a \
             function that is declared `extern` has to be compiled into the crate"
        ));
    };
    let way = dependencies.way_to(package);
    let brought = match way.as_deref() {
        None | Some([]) => format!("{package} brings it"),
        Some([_]) => format!("its dependency {package} brings it"),
        Some(way) => format!("its dependency {} brings it ({})", way[0], way.join(" needs ")),
    };
    let advice = way.iter().flatten().find_map(|name| {
        let (_, advice) = FEATURES.iter().find(|(package, _)| package == name)?;
        Some(format!("of {name}: {advice}"))
    });
    let advice = advice.unwrap_or_else(|| {
        "turn off the feature that needs it, or do without the dependency".to_string()
    });
    Error::input(format!(
        "it imports the function {name:?} of {system}, and a transform imports nothing; {brought}; \
         {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A module with one type, `func()`, and one import of it.
    fn importing(module: &str, name: &str) -> Vec<u8> {
        let mut section = vec![1];
        for text in [module, name] {
            section.push(text.len() as u8);
            section.extend(text.as_bytes());
        }
        section.extend([0, 0]);
        let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02".to_vec();
        bytes.push(section.len() as u8);
        bytes.extend(section);
        bytes
    }

    /// The crate `shop`, which needs `first`, which needs the others in this order.
    fn dependencies(way: &[&str]) -> Dependencies {
        let mut names = vec!["shop"];
        names.extend(way);
        let packages: Vec<_> =
            names.iter().map(|name| json!({"id": format!("{name} 1.0"), "name": name})).collect();
        let nodes: Vec<_> = names
            .windows(2)
            .map(|pair| {
                json!({
                    "id": format!("{} 1.0", pair[0]),
                    "deps": [{"pkg": format!("{} 1.0", pair[1]), "dep_kinds": [{"kind": null}]},
                             {"pkg": "wasi 1.0", "dep_kinds": [{"kind": "dev"}]}],
                })
            })
            .collect();
        let metadata = json!({"packages": packages, "resolve": {"nodes": nodes}});
        Dependencies::read(&metadata, "shop 1.0")
    }

    /// Goal: the dependency that brings an import is named, and what to do. Method: modules of a few
    /// bytes and what cargo would say.
    #[test]
    fn an_import_is_traced_to_its_dependency() {
        for (module, name, way, message) in [
            (
                "__wbindgen_placeholder__",
                "__wbindgen_describe",
                &["chrono", "js-sys", "wasm-bindgen"][..],
                "it imports the function \"__wbindgen_describe\" of a browser's JavaScript, and a \
                 transform imports nothing; its dependency chrono brings it (chrono needs js-sys \
                 needs wasm-bindgen); of chrono: `default-features = false` leaves out its clock",
            ),
            (
                "wbg",
                "__wbg_now",
                &["wasm-bindgen"],
                "it imports the function \"__wbg_now\" of a browser's JavaScript, and a transform \
                 imports nothing; its dependency wasm-bindgen brings it; turn off the feature that \
                 needs it, or do without the dependency",
            ),
            (
                "wasi_snapshot_preview1",
                "random_get",
                &["rand", "getrandom", "wasi"],
                "it imports the function \"random_get\" of a WASI system, and a transform imports \
                 nothing; its dependency rand brings it (rand needs getrandom needs wasi); of rand: a \
                 transform has no randomness",
            ),
            (
                "env",
                "fast_exp",
                &[],
                "it imports the function \"fast_exp\" of \"env\", and a transform imports nothing: a \
                 function that is declared `extern` has to be compiled into the crate",
            ),
        ] {
            let error = check(&importing(module, name), &dependencies(way)).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let log = importing("lockstep:features/log@0.2.0", "write");
        check(&log, &dependencies(&[])).unwrap();
    }

    /// Goal: what only tests need does not count as brought.
    #[test]
    fn dependencies_of_tests_do_not_count() {
        assert_eq!(dependencies(&["a", "b"]).way_to("wasi"), None);
        assert_eq!(dependencies(&["a", "b"]).way_to("b"), Some(vec!["a", "b"]));
    }
}
