//! Embeds the online host in a serving binary: `cargo run --example online -- demo`.
//!
//! The argument is a project's folder whose store is filled, such as the one that `make demo` left.

use lockstep_runtime::{AsOf, OnlineHost, Result, Time};

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "demo".into());
    // Opened once: loads the artifacts, resolves the services, opens the store.
    let host = OnlineHost::open(&folder)?;
    let request = [("actor", "u00078"), ("candidate", "u00305"), ("area", "fs")];
    // `AsOf::Now` reads the clock once and says in the answer what it read.
    let as_of = AsOf::At(Time::parse("2026-09-01T00:00:00Z")?);
    let vector = host.get("mention_ranker", &request, as_of)?;
    for (name, value) in vector.iter() {
        println!("{name} = {value}");
    }
    println!("as of {}, known up to commit {}", vector.as_of, vector.known);
    Ok(())
}
