//! `lockstep new`: creates a small transform crate that builds, passes its tests and trains without
//! changes.
//!
//! Invariant: nothing that exists is overwritten: the folder is created here, or the command fails.
//! The files are those of `cli/template`, with the crate's name and the path of the SDK filled in.
//! Deliberately absent: options. An author deletes what is not needed.

use crate::terminal::say;
use lockstep_runtime::{Error, Result};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The file by which the SDK's folder is recognised.
const SDK_MANIFEST: &str = "guest-sdk/Cargo.toml";
/// Most letters in a crate's name.
const NAME_LETTERS_MAX: usize = 64;

/// The files of a new crate, with the placeholders `{{name}}`, `{{module}}` and `{{sdk}}`.
const TEMPLATE: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../template/crate.toml")),
    ("clippy.toml", include_str!("../template/clippy.toml")),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
    ("lockstep.toml", include_str!("../template/lockstep.toml")),
    ("data/orders.ndjson", include_str!("../template/data/orders.ndjson")),
    ("data/spine.ndjson", include_str!("../template/data/spine.ndjson")),
];
/// The files that version control must ignore.
const IGNORED: &str = "/target\n/store\n/*.wasm\n/training.parquet\n";

/// Creates a transform crate in the new folder `folder`, whose last part is the crate's name, and
/// prints what to do next. `sdk` is the SDK's folder; without it the folder is searched for.
pub fn scaffold(folder: &Path, sdk: Option<&Path>) -> Result<()> {
    let name = crate_name(folder)?;
    let sdk = match sdk {
        Some(sdk) => given_sdk(sdk)?,
        None => find_sdk()?,
    };
    write_crate(folder, &name, &sdk)?;
    let folder = folder.display();
    say(format!(
        "made {folder}: a view and an on-demand transform in src/lib.rs, with sample data\n\n  \
         cd {folder}\n  cargo test            # the functions, natively\n  \
         lockstep build        # the artifact\n  \
         lockstep training-set checkout --spine data/spine.ndjson -o training.parquet"
    ));
    Ok(())
}

fn crate_name(folder: &Path) -> Result<String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || !name.chars().all(plain) || name.len() > NAME_LETTERS_MAX {
        return Err(Error::input(format!(
            "{name:?} is no name for a crate: use at most {NAME_LETTERS_MAX} small letters, digits \
             and dashes, a letter first"
        )));
    }
    Ok(name.to_string())
}

fn given_sdk(sdk: &Path) -> Result<PathBuf> {
    let manifest = sdk.join("Cargo.toml");
    sdk.canonicalize().ok().filter(|_| manifest.is_file()).ok_or_else(|| {
        Error::input(format!(
            "--sdk {}: there is no Cargo.toml in it; name the folder of lockstep-sdk, which is \
             called guest-sdk",
            sdk.display()
        ))
    })
}

/// Searches for the SDK in the folders above the current one and above this program.
fn find_sdk() -> Result<PathBuf> {
    let starts = [std::env::current_dir(), std::env::current_exe()];
    let starts = starts.into_iter().filter_map(|start| start.ok()?.canonicalize().ok());
    starts.into_iter().find_map(|start| sdk_above(&start)).ok_or_else(|| {
        Error::input(format!(
            "there is no {SDK_MANIFEST} above the current folder or above this program; say where \
             the SDK is with --sdk"
        ))
    })
}

fn sdk_above(start: &Path) -> Option<PathBuf> {
    let found = start.ancestors().find(|folder| folder.join(SDK_MANIFEST).is_file())?;
    found.join(SDK_MANIFEST).parent().map(Path::to_path_buf)
}

fn write_crate(folder: &Path, name: &str, sdk: &Path) -> Result<()> {
    let failed = |path: &Path, error: std::io::Error| {
        let place = path.display();
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Error::input(format!("{place} exists already; choose another name, or remove it"))
            }
            _ => Error::retry(format!("cannot make {place}")).because(error),
        }
    };
    // This refuses to overwrite: it fails if anything of that name exists.
    fs::create_dir(folder).map_err(|error| failed(folder, error))?;
    let from = folder.canonicalize().map_err(|error| failed(folder, error))?;
    let sdk = relative(&from, sdk).display().to_string();
    let module = name.replace('-', "_");
    let fill = |text: &str| {
        // The debug form of a path is a valid TOML string if the path is UTF-8.
        text.replace("{{name}}", name)
            .replace("{{module}}", &module)
            .replace("{{sdk}}", &format!("{sdk:?}"))
    };
    for (file, text) in TEMPLATE.into_iter().chain([(".gitignore", IGNORED)]) {
        let path = folder.join(file);
        let made = match path.parent() {
            Some(parent) => fs::create_dir_all(parent),
            None => Ok(()),
        };
        made.and_then(|()| fs::write(&path, fill(text))).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

/// The relative path from one absolute folder to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from_parts, to_parts): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (from.components().collect(), to.components().collect());
    let shared = from_parts.iter().zip(&to_parts).take_while(|(a, b)| a == b).count();
    let up = from_parts[shared..].iter().map(|_| Component::ParentDir);
    up.chain(to_parts[shared..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: names that cargo accepts are accepted, others are refused.
    #[test]
    fn names_are_checked() {
        assert_eq!(crate_name(Path::new("a/my-crate_2/")).unwrap(), "my-crate_2");
        for bad in ["", "..", "/", "My", "2x", "a b", "é", "a.b"] {
            assert!(crate_name(Path::new(bad)).is_err(), "{bad:?}");
        }
        assert!(crate_name(Path::new(&"a".repeat(NAME_LETTERS_MAX + 1))).is_err());
    }

    /// Goal: a relative path from folder to folder leads to the right folder.
    #[test]
    fn relative_ways_lead_there() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b/c", "/a/x"), Path::new("../../x"));
        assert_eq!(way("/a", "/a/b"), Path::new("b"));
        assert_eq!(way("/a/b", "/c/d"), Path::new("../../c/d"));
    }

    /// Goal: a new crate is complete, has no placeholder left, and is never overwritten.
    #[test]
    fn a_crate_is_written_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("my-orders");
        scaffold(&new, Some(&root)).unwrap();
        for (file, _) in TEMPLATE {
            let text = fs::read_to_string(new.join(file)).unwrap();
            assert!(!text.contains("{{"), "{file}");
        }
        let manifest = fs::read_to_string(new.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"my-orders\"") && manifest.contains("guest-sdk"));
        let error = scaffold(&new, Some(&root)).unwrap_err();
        assert!(error.message.contains("exists already"), "{error}");
        let error = scaffold(&folder.path().join("other"), Some(folder.path())).unwrap_err();
        assert!(error.message.contains("--sdk"), "{error}");
        assert!(!folder.path().join("other").exists());
    }
}
