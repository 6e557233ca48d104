//! `lockstep build`: compiles an author's crate to one component, which is identified by its
//! digest.
//!
//! Invariant: the bytes depend on the sources, their locked dependencies and the compiler alone,
//! not on the machine: flags and profile are set here, those of the environment are ignored, and
//! every package's folder is renamed to `/name-version` in the compiler's output. Before the
//! component is written, it is loaded by the same code that hosts use, what its on-demand transforms
//! read is found in it or in the project beside it, and it is asked about made-up events (S7); and it
//! appears under its name completely or not at all. Deliberately absent: optimising after the
//! linker, and a Wasm
//! target with a system interface, which would import clocks and randomness.
//!
//! A path dependency outside the crate's workspace enters cargo's symbol hashes by its absolute
//! path. For equal digests everywhere, keep such a dependency in the workspace or a registry.

mod dependencies;
mod imports;

use crate::guests;
use dependencies::Dependencies;
use lockstep_runtime::{
    Artifact, Code, Engine, Error, MANIFEST_SECTION, Manifest, ProjectFile, Result, check_inputs,
    custom_sections, probe, write_atomically,
};
use serde_json::Value as Json;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wit_component::ComponentEncoder;

/// The target that guests are compiled for: no operating system, so nothing to import.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The first bytes of every WebAssembly file.
const MAGIC: &[u8] = b"\0asm";
/// The profile that guests are compiled with, set here so that a crate needs none of its own.
const PROFILE: &str = "artifact";
/// The profile's settings.
const PROFILE_SETTINGS: [&str; 9] = [
    "inherits=\"release\"",
    "opt-level=3",
    "lto=true",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=\"symbols\"",
    "debug=false",
    "incremental=false",
    "overflow-checks=true",
];
/// Variables of cargo that are kept: they say where things are or how to reach them, not what to
/// compile.
const KEPT_VARIABLES: [&str; 10] = [
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRY_",
    "CARGO_REGISTRIES_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "CARGO_LOG",
];

/// What to build, and where to write it.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The folder of the transform crate's `Cargo.toml`.
    pub crate_dir: PathBuf,
    /// The file to write; by default `<crate name>.wasm` next to the crate's `Cargo.toml`.
    pub output: Option<PathBuf>,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The file written.
    pub path: PathBuf,
    /// `sha256:` and the 64 hexadecimal digits of the file's digest.
    pub digest: String,
    /// The file's size in bytes.
    pub size_bytes: u64,
    /// The interfaces that it imports: none, or the log.
    pub imports: Vec<String>,
    /// What it declares.
    pub manifest: Manifest,
}

/// Compiles a transform crate to a component, checks that it is pure as far as made-up events show
/// it, and writes it.
pub fn build(options: &BuildOptions) -> Result<Built> {
    make(options, true)
}

/// As [`build`], without asking the component anything: for tests of hosts, which must find what is
/// not pure by themselves.
pub fn build_unasked(options: &BuildOptions) -> Result<Built> {
    make(options, false)
}

fn make(options: &BuildOptions, ask: bool) -> Result<Built> {
    let crate_dir = options.crate_dir.canonicalize().map_err(|error| {
        Error::input(format!(
            "{}: there is no such folder; name that of a transform crate, or make one with \
             `lockstep new`",
            options.crate_dir.display()
        ))
        .with_code(Code::NotFound {
            what: "folder",
            place: options.crate_dir.display().to_string(),
        })
        .because(error)
    })?;
    if crate_dir.is_file() {
        return Err(Error::input(format!(
            "{}: it is a file; name the folder of the crate's Cargo.toml",
            options.crate_dir.display()
        )));
    }
    if !crate_dir.join("Cargo.toml").is_file() {
        return Err(Error::input(format!(
            "{}: there is no Cargo.toml; run this in a transform crate, or make one with \
             `lockstep new`",
            options.crate_dir.display()
        )));
    }
    let package = Package::read(&crate_dir)?;
    let path = match &options.output {
        Some(path) => path.clone(),
        None => crate_dir.join(format!("{}.wasm", package.name.replace('-', "_"))),
    };
    check_output(&path)?;
    install_target(&crate_dir)?;
    let module = compile(&crate_dir, &package)?;
    let of_crate = |error: Error| error.at(format!("crate {}", package.name));
    imports::check(&module, &package.dependencies).map_err(of_crate)?;
    let wasm = wrap(&module).map_err(of_crate)?;
    let engine = guests::fresh()?;
    let artifact = Artifact::from_bytes(&engine, &path.display().to_string(), wasm.clone())?;
    resolve(&engine, artifact.manifest(), &path).map_err(of_crate)?;
    if ask {
        refuse_impure(probe(&artifact)?)?;
    }
    write_atomically(&path, &wasm)?;
    Ok(Built {
        path,
        digest: artifact.digest().to_string(),
        size_bytes: artifact.size_bytes(),
        imports: artifact.imports()?.to_vec(),
        manifest: artifact.manifest().clone(),
    })
}

/// Refuses to replace anything but a component: `path` may be a link to a file of events.
fn check_output(path: &Path) -> Result<()> {
    let place = path.display().to_string();
    let Ok(metadata) = path.metadata() else { return Ok(()) };
    let mut start = Vec::new();
    if metadata.is_file() {
        let opened = std::fs::File::open(path);
        let read = opened.and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
        read.map_err(|error| {
            Error::input(format!("{place}: the file that is there cannot be read")).because(error)
        })?;
    }
    if start == MAGIC || metadata.is_file() && metadata.len() == 0 {
        return Ok(());
    }
    let message = format!(
        "{place}: this is there and is no component, so `lockstep build` does not replace it; name \
         another file with --output, or remove this one"
    );
    Err(Error::input(message).with_code(Code::OutputIsInput { output: place }))
}

/// The first of these errors, with the names of the functions of the others.
fn refuse_impure(found: Vec<Error>) -> Result<()> {
    let mut found = found.into_iter();
    let Some(mut first) = found.next() else { return Ok(()) };
    let others: Vec<String> = found
        .filter_map(|error| match error.code {
            Code::Impure { function, .. } => Some(function),
            _ => None,
        })
        .collect();
    if !others.is_empty() {
        first.message = format!("{}; neither is: {}", first.message, others.join(", "));
    }
    Err(first)
}

/// Resolves what the on-demand transforms read, in the crate or in the other artifacts of the project
/// whose file is beside `path`. An artifact that is not built yet has no views.
fn resolve(engine: &Engine, manifest: &Manifest, path: &Path) -> Result<()> {
    let project = ProjectFile::beside(path)?;
    let artifacts = project.iter().flat_map(|project| project.artifacts.values());
    let others = artifacts.filter(|other| other.as_path() != path && other.is_file());
    let others: Vec<Artifact> =
        others.map(|other| Artifact::load(engine, other)).collect::<Result<_>>()?;
    let others: Vec<&Manifest> = others.iter().map(Artifact::manifest).collect();
    check_inputs(manifest, &others)
}

/// `program` in the crate's folder, without the environment's flags and profiles.
fn command(program: &str, crate_dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(crate_dir).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_cargo = text.starts_with("CARGO_") || text == "RUSTFLAGS" || text == "RUSTC";
        if of_cargo && !KEPT_VARIABLES.iter().any(|kept| text.starts_with(kept)) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command and returns its standard output; its standard error is shown as it comes.
fn output(command: &mut Command, what: &str) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| {
        Error::retry(format!("cannot run {name}; install Rust with rustup, from rustup.rs"))
            .because(error)
    })?;
    if !output.status.success() {
        return Err(Error::input(format!("{what}; {name} says why above")));
    }
    String::from_utf8(output.stdout)
        .map_err(|error| Error::bug(format!("{name} did not write UTF-8")).because(error))
}

/// Adds the compilation target to the toolchain if it is missing.
fn install_target(crate_dir: &Path) -> Result<()> {
    let mut rustc = command("rustc", crate_dir);
    let libraries = output(
        rustc.args(["--print", "target-libdir", "--target", TARGET]),
        "the compiler does not know its targets",
    )?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    let mut rustup = command("rustup", crate_dir);
    output(
        rustup.args(["target", "add", TARGET]),
        &format!("the target {TARGET} is not installed and cannot be added; install it yourself"),
    )?;
    Ok(())
}

/// What cargo says about the crate and everything it depends on.
struct Package {
    id: String,
    name: String,
    /// The folder of each package, and the name that replaces it in the artifact.
    folders: Vec<(String, String)>,
    /// Which package needs which.
    dependencies: Dependencies,
}

impl Package {
    fn read(crate_dir: &Path) -> Result<Package> {
        let mut cargo = command("cargo", crate_dir);
        let text = output(
            cargo.args(["metadata", "--format-version", "1", "--filter-platform", TARGET]),
            "cargo cannot read the crate",
        )?;
        let metadata: Json = serde_json::from_str(&text)
            .map_err(|error| Error::bug("cargo metadata is not JSON").because(error))?;
        let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
        let manifest = crate_dir.join("Cargo.toml");
        let own = packages
            .iter()
            .find(|package| package["manifest_path"].as_str().map(Path::new) == Some(&manifest));
        let Some(own) = own else {
            return Err(Error::input(format!(
                "{}: it is a workspace, not a crate; name the folder of a transform crate in it",
                manifest.display()
            )));
        };
        let name = own["name"].as_str().unwrap_or_default().to_string();
        let kinds = own["targets"].as_array().into_iter().flatten();
        let is_library = |target: &Json| is_cdylib(target);
        if !kinds.into_iter().any(is_library) {
            return Err(Error::input(format!(
                "{}: crate {name} is not compiled to a module; add\n\n    [lib]\n    crate-type = \
                 [\"cdylib\", \"rlib\"]",
                manifest.display()
            )));
        }
        let mut folders: Vec<(String, String)> = packages.iter().filter_map(folder).collect();
        // If two prefixes match, the compiler uses the last one, which is that of the inner folder.
        folders.sort_by_key(|(folder, _)| folder.len());
        let id = own["id"].as_str().unwrap_or_default().to_string();
        let dependencies = Dependencies::read(&metadata, &id);
        Ok(Package { id, name, folders, dependencies })
    }
}

fn is_cdylib(target: &Json) -> bool {
    let types = target["crate_types"].as_array().into_iter().flatten();
    types.into_iter().any(|kind| kind == "cdylib")
}

/// A package's folder, and the name that replaces it.
fn folder(package: &Json) -> Option<(String, String)> {
    let folder = Path::new(package["manifest_path"].as_str()?).parent()?.to_str()?;
    let (name, version) = (package["name"].as_str()?, package["version"].as_str()?);
    Some((folder.to_string(), format!("/{name}-{version}")))
}

/// Compiles the crate and reads the core module.
fn compile(crate_dir: &Path, package: &Package) -> Result<Vec<u8>> {
    let mut cargo = command("cargo", crate_dir);
    cargo.args(["build", "--lib", "--target", TARGET, "--profile", PROFILE]);
    cargo.arg("--message-format=json-render-diagnostics");
    for setting in PROFILE_SETTINGS {
        cargo.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
    }
    // Flags are separated by this character, so that a path may contain blanks.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(crate_dir, package)?.join("\x1f"));
    let messages = output(&mut cargo, &format!("crate {} does not compile", package.name))?;
    let module = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .find_map(|message| {
            let own = message["reason"] == "compiler-artifact"
                && message["package_id"] == package.id.as_str()
                && is_cdylib(&message["target"]);
            let files = message["filenames"].as_array().filter(|_| own)?;
            let paths = files.iter().filter_map(|file| file.as_str().map(PathBuf::from));
            paths.into_iter().find(|path| path.extension() == Some(OsStr::new("wasm")))
        });
    let module = module
        .ok_or_else(|| Error::bug(format!("cargo built no module of crate {}", package.name)))?;
    std::fs::read(&module)
        .map_err(|error| Error::retry(format!("cannot read {}", module.display())).because(error))
}

/// The compiler's flags: SIMD, and no path of this machine in the artifact.
fn flags(crate_dir: &Path, package: &Package) -> Result<Vec<String>> {
    let mut rustc = command("rustc", crate_dir);
    let sysroot = output(rustc.args(["--print", "sysroot"]), "the compiler has no sysroot")?;
    let mut rustc = command("rustc", crate_dir);
    let version = output(rustc.arg("-vV"), "the compiler has no version")?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    let mut flags = vec!["-Ctarget-feature=+simd128".to_string()];
    let mut rename = |from: &str, to: &str| flags.push(format!("--remap-path-prefix={from}={to}"));
    rename(sysroot.trim(), "/rust");
    // If the standard library's sources are installed, they get the name that they have otherwise.
    let library = format!("{}/lib/rustlib/src/rust", sysroot.trim());
    rename(&library, &format!("/rustc/{}", commit.unwrap_or("unknown")));
    for (folder, name) in &package.folders {
        rename(folder, name);
    }
    Ok(flags)
}

/// Makes a component of a core module, with the module's manifest at its end.
fn wrap(module: &[u8]) -> Result<Vec<u8>> {
    let manifest = match custom_sections(module, MANIFEST_SECTION)?[..] {
        [manifest] => manifest,
        [] => {
            return Err(Error::input(
                "it declares nothing; end its lib.rs with `export!(views = […])`",
            ));
        }
        _ => return Err(two_manifests()),
    };
    // The linker joins the declarations of several `export!`s into one section.
    let mut values = serde_json::Deserializer::from_slice(manifest).into_iter::<Json>();
    if values.next().is_some() && values.next().is_some() {
        return Err(two_manifests());
    }
    let mut component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| Error::input(format!("its module is not a component: {error:#}")))?;
    append_section(&mut component, MANIFEST_SECTION, manifest);
    Ok(component)
}

fn two_manifests() -> Error {
    Error::input(
        "it declares two manifests; call `export!` once, and depend on no crate that calls it",
    )
}

/// Appends a custom section at depth 0.
fn append_section(wasm: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut section = Vec::with_capacity(content.len() + name.len() + 8);
    push_leb(&mut section, name.len());
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    wasm.push(0);
    push_leb(wasm, section.len());
    wasm.extend_from_slice(&section);
}

/// Appends an unsigned LEB128 number.
fn push_leb(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an appended section is found by the reader. Method: lengths near those where LEB128
    /// needs another byte.
    #[test]
    fn appends_what_readers_find() {
        for length in [0, 1, 100, 127, 128, 20_000] {
            let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
            let content = vec![7; length];
            append_section(&mut wasm, "other", b"x");
            append_section(&mut wasm, MANIFEST_SECTION, &content);
            assert_eq!(custom_sections(&wasm, MANIFEST_SECTION).unwrap(), [&content[..]]);
        }
    }
}
