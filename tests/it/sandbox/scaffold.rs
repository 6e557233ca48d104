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
use std::fs;
use std::path::Path;
use std::process::Command;

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
    let root = crate_dir().join("../../..").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    let config = format!("[build]\ntarget-dir = {:?}\n", root.join("target").to_str().unwrap());
    fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
    let new = folder.path().join("shop-orders");
    scaffold(&new, Some(&root.join("guest-sdk"))).unwrap();
    fs::copy(root.join("Cargo.lock"), new.join("Cargo.lock")).unwrap();

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
