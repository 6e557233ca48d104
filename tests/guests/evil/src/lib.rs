//! A guest that misbehaves in every way that a host must survive, chosen by an event's `kind`.
//!
//! Invariant: a batch without a misdeed is answered truly, so that a test can tell a neighbour
//! that survived from one that did not; each kind does one thing wrong and nothing else. View 0,
//! `steady`, never misbehaves; view 1, `evil`, does; view 2, `keyed`, emits the null keys that its
//! view does not allow; view 3, `told`, has the aggregate of `aggregate.rs`, whose misdeeds are its
//! own. What it frees it overwrites. Deliberately absent: the SDK, which could not lie.

mod aggregate;
mod answer;
mod batch;
mod costly;
mod misdeed;
mod scribbling;

use answer::Answer;
use batch::Events;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package evil:guest;
        world evil {
            import lockstep:features/log@0.2.0;
            export lockstep:features/transform@0.2.0;
            export lockstep:features/on-demand@0.2.0;
            export lockstep:features/aggregate@0.2.0;
        }
    ",
    world: "evil:guest/evil",
    generate_all,
});

use exports::lockstep::features::{on_demand, transform};

/// What the guest declares, written by hand because it may be a lie as well.
#[unsafe(link_section = "lockstep:manifest")]
#[used]
static MANIFEST: [u8; include_bytes!("manifest.json").len()] = *include_bytes!("manifest.json");

struct Evil;

export!(Evil);

/// A panic says where and why.
fn install_hook() {
    std::panic::set_hook(Box::new(|info| lockstep::features::log::write(&info.to_string())));
}

impl transform::Guest for Evil {
    fn map(views: u64, batch: Vec<u8>) -> Vec<u8> {
        install_hook();
        let events = Events::read(&batch);
        let mut out = Vec::new();
        for view in (0..4).filter(|view| views & 1 << view != 0) {
            out.extend(match view {
                0 => honest(&events).write(),
                1 => evil(&events),
                2 => keyed(&events).write(),
                _ => told(&events).write(),
            });
        }
        if views & 2 != 0 && events.rows().any(|row| events.kind(row) == "lie pointer") {
            // A list that lies outside the guest's memory.
            return unsafe { Vec::from_raw_parts(0xffff_fff0_u32 as *mut u8, 4096, 4096) };
        }
        out
    }
}

impl on_demand::Guest for Evil {
    /// Row by row `x + 1`, from a request of `kind` and `x` and a feature that is not used.
    fn compute(_transform: u32, batch: Vec<u8>) -> Vec<u8> {
        let request = batch::Request::read(&batch);
        let mut answer = Answer::default();
        for row in 0..request.kinds.len() {
            costly::act(&request.kinds[row]);
            match &*request.kinds[row] {
                "trap" => core::arch::wasm32::unreachable(),
                "refuse" => answer.refuse(row as u32, b"the request is refused"),
                "skip" => {}
                "twice" => {
                    answer.output(row as u32, 0.0);
                    answer.output(row as u32, 0.0);
                }
                _ => answer.output(row as u32, request.xs[row] + 1.0),
            }
        }
        answer.write_outputs()
    }
}

/// One row an event, with its value.
fn honest(events: &Events<'_>) -> Answer {
    let mut answer = Answer::default();
    for row in events.rows() {
        answer.emit(row as u32, Some(events.actor(row).unwrap_or("nobody")), events.value(row));
    }
    answer
}

/// As [`honest`], with the null keys as they are.
fn keyed(events: &Events<'_>) -> Answer {
    let mut answer = Answer::default();
    for row in events.rows() {
        answer.emit(row as u32, events.actor(row), events.value(row));
        answer.emit(row as u32, Some("always"), events.value(row));
    }
    answer
}

/// As [`honest`], with the kind as the note.
fn told(events: &Events<'_>) -> Answer {
    let mut answer = honest(events);
    answer.notes = events.rows().map(|row| events.kind(row).to_string()).collect();
    answer
}

fn evil(events: &Events<'_>) -> Vec<u8> {
    let mut answer = Answer::default();
    for row in events.rows() {
        misdeed::act(events, row, &mut answer);
    }
    let mut bytes = answer.write();
    for row in events.rows() {
        misdeed::lie(events.kind(row), &mut bytes);
    }
    bytes
}
