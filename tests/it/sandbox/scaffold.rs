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
    assert!(built.imports.is_empty());
    assert_eq!(built.manifest.views[0].description, "What a user spends.");
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let artifact = Artifact::load(&engine, &built.path).unwrap();
    let text = lockstep_cli::inspect::describe(&artifact).unwrap();
    for part in [&built.digest, "imports  none", "spending.price_mean_30d", "mean of price"] {
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
    assert!(fs::metadata(&output).unwrap().len() > 0);
}
