//! A guest whose rows are its events: view 0 gets the batch as it came, whatever its columns are.
//!
//! The schema never crosses, so one module serves every view whose columns are its event's, in
//! order. The manifest in its section is a placeholder: whoever uses the component replaces it.
//! Invariant: row `i` comes from event `i` and has its bytes. Deliberately absent: the SDK, and any
//! look at a value.

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package mirror:guest;
        world mirror {
            export lockstep:features/transform@0.2.0;
        }
    ",
    world: "mirror:guest/mirror",
    generate_all,
});

use exports::lockstep::features::transform;

/// What `lockstep build` wants to find; it stands for the manifest of a case.
#[unsafe(link_section = "lockstep:manifest")]
#[used]
static MANIFEST: [u8; include_bytes!("manifest.json").len()] = *include_bytes!("manifest.json");

struct Mirror;

export!(Mirror);

impl transform::Guest for Mirror {
    fn map(_views: u64, batch: Vec<u8>) -> Vec<u8> {
        let rows = batch.first_chunk().map_or(0, |rows| u32::from_le_bytes(*rows));
        let length = batch.len() as u32;
        let mut out = Vec::with_capacity(batch.len() + 4 * (rows as usize + 3));
        let mut push = |number: u32| out.extend(number.to_le_bytes());
        push(0);
        push(rows);
        (0..rows).for_each(&mut push);
        push(length);
        out.extend(batch);
        out
    }
}
