//! An aggregate of texts that misbehaves by them: `merge trap` traps when it is merged.
//!
//! Invariant: the state is the sorted texts, each with a line's end, and the value is the state; a
//! text that names no misdeed of a step does that step truly. So a misdeed costs what its group
//! would have had, and a test knows every other answer. Deliberately absent: any limit on a state,
//! which is the host's to keep.

use crate::answer::{Answer, push};
use crate::batch::{number, texts};
use crate::exports::lockstep::features::aggregate::Guest;
use crate::misdeed::CALLS;
use std::sync::atomic::Ordering;

impl Guest for crate::Evil {
    fn update(_aggregate: u32, bytes: Vec<u8>) -> Vec<u8> {
        let (ends, batch) = ends(&bytes);
        let texts = texts(batch);
        let mut start = 0;
        let groups =
            ends.into_iter().map(|end| texts[std::mem::replace(&mut start, end)..end].to_vec());
        states("update", groups.collect())
    }

    fn merge(_aggregate: u32, bytes: Vec<u8>) -> Vec<u8> {
        let (ends, rest) = ends(&bytes);
        let states = lines(rest);
        let mut start = 0;
        let groups =
            ends.into_iter().map(|end| states[std::mem::replace(&mut start, end)..end].concat());
        self::states("merge", groups.collect())
    }

    fn finalize(_aggregate: u32, bytes: Vec<u8>) -> Vec<u8> {
        crate::install_hook();
        let mut answer = Answer::default();
        let states = lines(&bytes);
        for (at, texts) in states.iter().enumerate() {
            let source = at as u32;
            match misdeed("finalize", texts) {
                Some("refuse") => answer.refuse(source, b"refused on purpose"),
                Some("skip") => {}
                Some("twice") => {
                    answer.text(source, "once");
                    answer.text(source, "twice");
                }
                other => {
                    act(other);
                    answer.text(source, &state(texts));
                }
            }
        }
        let mut bytes = answer.write_texts();
        for texts in &states {
            match misdeed("finalize", texts) {
                Some("lie utf8") => *bytes.last_mut().unwrap() = 0xff,
                Some("lie empty") => bytes.clear(),
                Some("lie leftover") => bytes.push(0),
                Some("lie rows") => bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes()),
                _ => {}
            }
        }
        bytes
    }
}

/// The ends of ranges, and what is behind them.
fn ends(bytes: &[u8]) -> (Vec<usize>, &[u8]) {
    let count = number(bytes, 0);
    let ends = (0..count).map(|at| number(bytes, 4 + 4 * at)).collect();
    (ends, &bytes[4 + 4 * count..])
}

/// The texts of each state.
fn lines(bytes: &[u8]) -> Vec<Vec<&str>> {
    let (ends, bytes) = ends(bytes);
    let mut start = 0;
    let states = ends.into_iter().map(|end| {
        let state = &bytes[std::mem::replace(&mut start, end)..end];
        std::str::from_utf8(state).unwrap().lines().collect()
    });
    states.collect()
}

fn state(texts: &[&str]) -> String {
    let mut sorted = texts.to_vec();
    sorted.sort_unstable();
    sorted.iter().map(|text| format!("{text}\n")).collect()
}

/// What a group's texts want done in this step.
fn misdeed<'t>(step: &str, texts: &[&'t str]) -> Option<&'t str> {
    texts.iter().find_map(|text| text.strip_prefix(step)?.strip_prefix(' '))
}

/// What happens before there is an answer.
fn act(misdeed: Option<&str>) {
    match misdeed {
        Some("trap") => core::arch::wasm32::unreachable(),
        Some("panic") => panic!("a panic on purpose"),
        Some("trap when warm") if CALLS.fetch_add(1, Ordering::Relaxed) > 0 => {
            core::arch::wasm32::unreachable()
        }
        other => crate::costly::act(other.unwrap_or_default()),
    }
}

/// Each group's state.
fn states(step: &str, groups: Vec<Vec<&str>>) -> Vec<u8> {
    crate::install_hook();
    let (mut refused, mut states) = (Vec::new(), Vec::new());
    for (group, texts) in groups.iter().enumerate() {
        let misdeed = misdeed(step, texts);
        act(misdeed);
        states.push(match misdeed {
            Some("refuse") => {
                refused.push(group);
                String::new()
            }
            Some("lie both") => {
                refused.push(group);
                state(texts)
            }
            Some("oversize") => "x".repeat(201),
            Some("differ") => format!("call {}\n", CALLS.fetch_add(1, Ordering::Relaxed)),
            _ => state(texts),
        });
    }
    let mut out = Vec::new();
    push(&mut out, [refused.len()]);
    let message = b"refused on purpose";
    refused.iter().for_each(|group| push(&mut out, [*group, message.len()]));
    refused.iter().for_each(|_| out.extend(message));
    let count = out.len();
    push(&mut out, [states.len()]);
    let mut end = 0;
    for state in &states {
        end += state.len();
        push(&mut out, [end]);
    }
    states.iter().for_each(|state| out.extend(state.bytes()));
    for texts in &groups {
        let most = u32::MAX.to_le_bytes();
        let mut spoil = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
        match misdeed(step, texts) {
            Some("lie refused") => spoil(0, &most),
            Some("lie count") => spoil(count, &most),
            Some("lie fewer") => spoil(count, &(states.len() as u32 - 1).to_le_bytes()),
            Some("lie end") => spoil(count + 4 * states.len(), &most),
            Some("lie order") => spoil(count + 4, &most),
            Some("lie short") => drop(out.pop()),
            Some("lie leftover") => out.push(0),
            Some("lie empty") => out.clear(),
            // A list that lies outside the guest's memory.
            Some("lie pointer") => {
                return unsafe { Vec::from_raw_parts(0xffff_fff0_u32 as *mut u8, 4096, 4096) };
            }
            _ => {}
        }
    }
    out
}
