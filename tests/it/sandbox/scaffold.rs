//! `lockstep new`: the new crate must build, and train on its own sample data.
//!
//! Method: the crate is made in a temporary folder and shares the workspace's target folder and
//! lock, so that little is compiled and no dependency is resolved again. Deliberately absent: the
//! crate's native tests, which are the author's first example and run there with `cargo test`.

use super::crate_dir;
use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::build::{BuildOptions, build};
use lockstep_cli::scaffold::scaffold;
use lockstep_guest::{Artifact, Engine, EngineConfig};
use lockstep_kit::artifacts::wasm;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A new crate `name` in `folder`, which shares the workspace's target folder and lock.
fn new_crate(folder: &Path, name: &str) -> PathBuf {
    let root = crate_dir().join("../../..").canonicalize().unwrap();
    fs::create_dir(folder.join(".cargo")).unwrap();
    let config = format!("[build]\ntarget-dir = {:?}\n", root.join("target").to_str().unwrap());
    fs::write(folder.join(".cargo/config.toml"), config).unwrap();
    let new = folder.join(name);
    scaffold(&new, Some(&root.join("guest-sdk"))).unwrap();
    fs::copy(root.join("Cargo.lock"), new.join("Cargo.lock")).unwrap();
    new
}

/// Goal: what an on-demand transform reads is resolved before anything is written. Method: `#[from]`
/// names a feature that is not there; then the same feature of a view in another artifact of the
/// project.
#[test]
fn a_feature_that_is_not_there_is_refused_at_build() {
    let folder = tempfile::tempdir().unwrap();
    let new = new_crate(folder.path(), "shop-inputs");
    let source = fs::read_to_string(new.join("src/lib.rs")).unwrap();
    let read = "#[from(spending.price_mean_30d)]";
    let change = |feature: &str| {
        assert!(source.contains(read));
        fs::write(new.join("src/lib.rs"), source.replace(read, feature)).unwrap();
        build(&BuildOptions { crate_dir: new.clone(), output: None })
    };
    let error = change("#[from(spending.price_meen_30d)]").unwrap_err().to_string();
    let begin =
        "crate shop-inputs: surprise.usual: view spending has no feature \"price_meen_30d\"";
    assert!(error.starts_with(begin) && error.contains("\"price_mean_30d\""), "{error}");
    let written: Vec<_> = fs::read_dir(&new).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(written.iter().all(|path| path.extension().is_none_or(|kind| kind != "wasm")));

    let error = change("#[from(pair_mentions.count_30d)]").unwrap_err().to_string();
    assert!(
        error.contains("there is no view \"pair_mentions\"; the views are spending"),
        "{error}"
    );
    let project = fs::read_to_string(new.join("lockstep.toml")).unwrap();
    let other = "[artifacts]\nmentions = \"mentions.wasm\"\n";
    fs::write(new.join("lockstep.toml"), project.replace("[artifacts]\n", other)).unwrap();
    fs::copy(wasm("transforms/user-mentions"), new.join("mentions.wasm")).unwrap();
    let error = change("#[from(pair_mentions.count_30d)]").unwrap_err().to_string();
    assert!(error.contains("reads pair_mentions.count_30d as Option<f64>; write i64"), "{error}");
}

/// Goal: the lints of a new crate find what would make a transform impure, and nothing in the crate
/// as it is. Method: clippy checks the crate, and then some lines more.
fn lints_find_what_is_not_pure(new: &Path) {
    let clippy = || {
        let mut cargo = Command::new("cargo");
        cargo.args(["clippy", "--offline", "--quiet", "--lib"]).current_dir(new);
        cargo.env_remove("CARGO_TARGET_DIR").output().unwrap()
    };
    let checked = clippy();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let file = new.join("src/lib.rs");
    let sound = fs::read_to_string(&file).unwrap();
    let impure = "
        pub fn impure(x: f64) -> f64 {
            static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
            CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let map: std::collections::HashMap<u8, u8> = [(1, 2)].into_iter().collect();
            let now = std::time::SystemTime::now();
            drop((map, now));
            x.exp()
        }
        std::thread_local! { static KEPT: u8 = const { 0 }; }
    ";
    fs::write(&file, format!("{sound}\n{impure}")).unwrap();
    let checked = clippy();
    let text = String::from_utf8_lossy(&checked.stderr);
    assert!(!checked.status.success());
    let reasons =
        ["outlives an event", "use BTreeMap", "has no clock", "use libm::exp", "thread_local"];
    for reason in reasons {
        assert!(text.contains(reason), "{reason}: {text}");
    }
    fs::write(&file, sound).unwrap();
}

/// Goal: two commands lead from nothing to rows of a training set.
#[test]
fn a_new_crate_builds_and_trains() {
    let folder = tempfile::tempdir().unwrap();
    let new = new_crate(folder.path(), "shop-orders");

    let built = build(&BuildOptions { crate_dir: new.clone(), output: None }).unwrap();
    assert!(built.path.ends_with("shop-orders/shop_orders.wasm"));
    assert_eq!(built.imports, ["lockstep:features/log@0.2.0"]);
    assert_eq!(built.manifest.views[0].description, "What a user spends.");
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let artifact = Artifact::load(&engine, &built.path).unwrap();
    let text = lockstep_cli::inspect::describe(&artifact).unwrap();
    for part in [
        &built.digest,
        "imports  lockstep:features/log@0.2.0",
        "spending.price_mean_30d",
        "mean of price",
    ] {
        assert!(text.contains(part), "{text}");
    }

    let at = |file: &str| new.join(file).to_str().unwrap().to_string();
    let (project, spine, output) =
        (at("lockstep.toml"), at("data/spine.ndjson"), at("training.parquet"));
    let command = [
        "lockstep",
        "training-set",
        "checkout",
        "--spine",
        &spine,
        "-o",
        &output,
        "--project",
        &project,
    ];
    Arguments::try_parse_from(command).unwrap().run().unwrap();
    lints_find_what_is_not_pure(&new);
    assert!(fs::metadata(&output).unwrap().len() > 0);
}
