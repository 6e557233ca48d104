//! The misdeeds, by name.
//!
//! Invariant: a name that is not a misdeed's is answered truly. What an event does while it is
//! looked at is in [`act`], or in `costly.rs` if it uses things up; how the finished bytes are
//! spoilt is in [`lie`]. Deliberately absent: misdeeds that no bytes can show, such as reading a clock, which a guest has no import for.

use crate::answer::{Answer, HEADER};
use crate::batch::Events;
use std::hint::black_box;
use std::sync::atomic::{AtomicI64, Ordering};

/// What a well-behaved guest must not have: it outlives a call.
pub static CALLS: AtomicI64 = AtomicI64::new(0);

/// The value of the event before.
static BEFORE: AtomicI64 = AtomicI64::new(0);

/// Looks at one event.
pub fn act(events: &Events<'_>, row: usize, answer: &mut Answer) {
    let source = row as u32;
    let (actor, value) = (events.actor(row).unwrap_or("nobody"), events.value(row));
    crate::costly::act(events.kind(row));
    match events.kind(row) {
        "trap" => core::arch::wasm32::unreachable(),
        "panic" => panic!("a panic on purpose"),
        "overflow" => answer.emit(source, Some(actor), value + black_box(i64::MAX)),
        "memory past 4 GiB" => {
            // More than the memory's type allows: the answer is -1, on every host.
            let grown = core::arch::wasm32::memory_grow(0, 65_535);
            assert_eq!(grown, usize::MAX);
            answer.emit(source, Some(actor), value);
        }
        "refuse" => answer.refuse(source, b"refused on purpose"),
        "refuse at length" => answer.refuse(source, &[0xff; 100_000]),
        "refuse twice" => {
            answer.refuse(source, b"once");
            answer.refuse(source, b"twice");
        }
        "emit and refuse" => {
            answer.emit(source, Some(actor), value);
            answer.refuse(source, b"and emitted");
        }
        "lie source row" => answer.emit(events.rows().end as u32, Some(actor), value),
        "lie source order" => {
            answer.emit(source, Some(actor), value);
            answer.emit(source, Some(actor), value);
            answer.sources.swap_remove(answer.sources.len() - 2);
            answer.sources.insert(0, source + 1);
        }
        "three rows" => (0..3).for_each(|ordinal| answer.emit(source, Some(actor), ordinal)),
        "no row" => {}
        "nan payload" => {
            answer.emit(source, Some(actor), value);
            *answer.numbers.last_mut().unwrap() = f64::from_bits(0xfff8_dead_beef_0001);
        }
        "trap when warm" => match CALLS.fetch_add(1, Ordering::Relaxed) {
            0 => answer.emit(source, Some(actor), value),
            _ => core::arch::wasm32::unreachable(),
        },
        "nan bits" => answer.emit(source, Some(actor), nan_bits()),
        "slow nan bits" => {
            answer.emit(source, Some(actor), nan_bits());
            *answer.numbers.last_mut().unwrap() = dawdle();
        }
        "place" => answer.emit(source, Some(actor), row as i64),
        "length" => answer.emit(source, Some(actor), events.rows().end as i64),
        "before" => answer.emit(source, Some(actor), BEFORE.swap(value + 1, Ordering::Relaxed)),
        "pages" => {
            black_box(vec![1u8; 3000].leak());
            answer.emit(source, Some(actor), core::arch::wasm32::memory_size(0) as i64);
        }
        "grow" => answer.emit(source, Some(actor), core::arch::wasm32::memory_grow(0, 1) as i64),
        "state" => {
            answer.emit(source, Some(actor), CALLS.fetch_add(1, Ordering::Relaxed));
        }
        _ => answer.emit(source, Some(actor), value),
    }
}

pub fn hog() -> ! {
    loop {
        black_box(vec![1u8; 1 << 20].leak());
    }
}

pub fn recurse(depth: i64) -> i64 {
    if black_box(depth) == i64::MIN { 0 } else { 1 + black_box(recurse(black_box(depth) + 1)) }
}

/// The bits of a NaN of two instructions, which differ between machines unless canonicalised.
fn nan_bits() -> i64 {
    let nan = black_box(f64::from_bits(0x7ff8_0000_dead_beef));
    (nan + black_box(1.0)).to_bits() as i64
}

/// Longer than a call's deadline, at a fifth of its fuel: each step waits for the one before.
fn dawdle() -> f64 {
    let (mut slow, step) = (black_box(1.0f64), black_box(1.0f64));
    for _ in 0..30_000_000 {
        slow = (slow + step).sqrt();
    }
    if slow > 1.0 { 1.0 } else { 0.0 }
}

/// Spoils the bytes of an outcome, which refuses nothing.
pub fn lie(kind: &str, outcome: &mut Vec<u8>) {
    if !kind.starts_with("lie") && kind != "null in non-null" {
        return;
    }
    let number = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    let rows = number(outcome, 4);
    let batch = 12 + 4 * rows;
    let nodes = batch + 8;
    let ends = nodes + 4 * 8 + 4;
    let body = batch + HEADER;
    let end_of: Vec<usize> = (0..10).map(|buffer| number(outcome, ends + 4 * buffer)).collect();
    let mut spoil = |at: usize, bytes: &[u8]| outcome[at..at + bytes.len()].copy_from_slice(bytes);
    match kind {
        "lie rows" => spoil(batch, &u32::MAX.to_le_bytes()),
        "lie outcome rows" => spoil(4, &u32::MAX.to_le_bytes()),
        "lie refused" => spoil(0, &u32::MAX.to_le_bytes()),
        "lie node rows" => spoil(nodes + 8, &(rows as u32 + 1).to_le_bytes()),
        "lie nulls" => spoil(nodes + 4, &1u32.to_le_bytes()),
        "lie nodes" => spoil(batch + 4, &3u32.to_le_bytes()),
        "lie buffers" => spoil(ends - 4, &9u32.to_le_bytes()),
        "lie buffer end" => spoil(ends, &u32::MAX.to_le_bytes()),
        "lie buffer order" => spoil(ends + 4 * 8, &1u32.to_le_bytes()),
        "lie length" => spoil(batch - 4, &u32::MAX.to_le_bytes()),
        "lie offsets" => spoil(body + end_of[7], &7u32.to_le_bytes()),
        "lie last offset" => spoil(body + end_of[7] + 4 * rows, &u32::MAX.to_le_bytes()),
        "lie utf8" => spoil(body + end_of[8], &[0xff]),
        "null in non-null" => {
            // `value` gets one null: a validity buffer of its own, and every end behind it moves.
            let validity = body + end_of[2];
            let bits = rows.div_ceil(8);
            for (buffer, end) in end_of.iter().enumerate().skip(3) {
                spoil(ends + 4 * buffer, &((end + bits) as u32).to_le_bytes());
            }
            spoil(nodes + 12, &1u32.to_le_bytes());
            let length = body - batch + end_of[9] + bits;
            spoil(batch - 4, &(length as u32).to_le_bytes());
            let mut validity_bits = vec![0xff; bits];
            validity_bits[0] = 0xfe;
            outcome.splice(validity..validity, validity_bits);
        }
        "lie leftover" => outcome.push(0),
        "lie empty" => outcome.clear(),
        _ => {}
    }
}
