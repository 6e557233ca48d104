//! The records that a store keeps of the events that were set aside, that is, kept with the reason
//! outside the feature values (S8).
//!
//! A record holds at most [`SET_ASIDE_EVENT_BYTES_MAX`] bytes of its event. No line of text is
//! longer; of a longer event, which only a columnar file can hold, the record states the full
//! length. The records of one commit have at most [`SET_ASIDE_COMMIT_BYTES_MAX`] bytes, so that any
//! number of bad events stays below the store's limit for a batch. If the records of a single event
//! exceed this limit, because many views refused it, they share it equally.
//!
//! Invariant: a record depends on its event and on what refused it, never on the commit that holds
//! it, so stores are equal however the events were divided into batches (S24). Deliberately absent:
//! reading an event back from its record.

use lockstep_core::error::{Error, Result};
use lockstep_core::event::SetAside;
use lockstep_source::LINE_BYTES_MAX;
use lockstep_store::StateBatch;
use lockstep_store::generations::SetNumber;

/// The most bytes that are kept of one set-aside event; the rest is cut off.
pub const SET_ASIDE_EVENT_BYTES_MAX: usize = LINE_BYTES_MAX;
/// The most bytes of the records of one commit, as they are stored.
pub const SET_ASIDE_COMMIT_BYTES_MAX: usize = 16 << 20;

/// The most bytes of a record for each byte of its event: JSON writes a control character as six.
const ESCAPED_BYTES_MAX: usize = 6;

/// The records of these events. Returns `None` if they have too many bytes for one commit and
/// belong to more than one event; the caller then commits fewer events at a time.
pub(crate) fn records(events: &[SetAside]) -> Option<Vec<Vec<u8>>> {
    let of_one_event = events.iter().all(|event| event.position == events[0].position);
    let mut left = SET_ASIDE_COMMIT_BYTES_MAX;
    let mut records = Vec::with_capacity(events.len());
    for event in events {
        let record = record(event, SET_ASIDE_EVENT_BYTES_MAX);
        match left.checked_sub(record.len()) {
            Some(rest) => left = rest,
            None if of_one_event => {
                let share = SET_ASIDE_COMMIT_BYTES_MAX / events.len() / ESCAPED_BYTES_MAX;
                return Some(events.iter().map(|event| self::record(event, share)).collect());
            }
            None => return None,
        }
        records.push(record);
    }
    Some(records)
}

/// Adds the records of `events`, made by [`records`], to a commit. `set` gives the state set, the
/// number of the view's states in the store, for the view that refused an event.
pub(crate) fn write(
    writes: &mut StateBatch,
    (source, partition): (&str, &str),
    events: &[SetAside],
    records: Vec<Vec<u8>>,
    set: &dyn Fn(&str) -> Option<SetNumber>,
) -> Result<()> {
    for (event, record) in events.iter().zip(records) {
        let view = match event.view.as_deref() {
            None => None,
            Some(view) => {
                let unknown = || Error::bug(format!("view {view} has no state set"));
                Some((set(view).ok_or_else(unknown)?, view))
            }
        };
        writes.set_aside((source, partition), event.position, view, record)?;
    }
    Ok(())
}

/// The record as JSON: the reason, and the event as text, or as hexadecimal digits if its bytes are
/// not text.
fn record(event: &SetAside, bytes_max: usize) -> Vec<u8> {
    let mut record = serde_json::json!({ "reason": event.reason });
    let cut = match std::str::from_utf8(&event.bytes) {
        Ok(text) => {
            let kept = &text[..text.floor_char_boundary(bytes_max)];
            record["event"] = kept.into();
            kept.len() < text.len()
        }
        Err(_) => {
            let kept = &event.bytes[..event.bytes.len().min(bytes_max)];
            let hex: String = kept.iter().map(|byte| format!("{byte:02x}")).collect();
            record["event_hex"] = hex.into();
            kept.len() < event.bytes.len()
        }
    };
    if cut {
        record["event_bytes"] = event.bytes.len().into();
    }
    record.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: u64, bytes: Vec<u8>) -> SetAside {
        SetAside { position, view: None, reason: "bad".into(), bytes }
    }

    fn read(record: &[u8]) -> serde_json::Value {
        serde_json::from_slice(record).unwrap()
    }

    /// Goal: an event at the limit is kept whole, and of a longer one the record holds the front,
    /// cut at a character, and the length (S8).
    #[test]
    fn s08_a_long_event_is_cut_and_says_so() {
        let limit = SET_ASIDE_EVENT_BYTES_MAX;
        let whole = read(&records(&[event(0, vec![b'x'; limit])]).unwrap()[0]);
        assert_eq!(whole["event"].as_str().unwrap().len(), limit);
        assert!(whole.get("event_bytes").is_none());
        let long = "é".repeat(limit / 2 + 1).into_bytes();
        let odd = [b"x", &long[..]].concat();
        for (bytes, kept) in [(long, limit), (odd, limit - 1)] {
            let cut = read(&records(&[event(0, bytes.clone())]).unwrap()[0]);
            assert_eq!(cut["event"].as_str().unwrap().as_bytes(), &bytes[..kept]);
            assert_eq!(cut["event_bytes"], bytes.len());
        }
        let cut = read(&records(&[event(0, vec![0xff; limit + 1])]).unwrap()[0]);
        assert_eq!(cut["event_hex"].as_str().unwrap().len(), 2 * limit);
        assert_eq!(cut["event_bytes"], limit + 1);
    }

    /// Goal: records of several events above the limit of a commit are refused, and those of one
    /// event share it, whatever their text. Method: control characters, which take six bytes.
    #[test]
    fn the_records_of_a_commit_have_a_limit() {
        let worst = vec![1; SET_ASIDE_EVENT_BYTES_MAX];
        let several: Vec<_> = (0..3).map(|position| event(position, worst.clone())).collect();
        assert!(records(&several[..2]).is_some());
        assert!(records(&several).is_none());
        let of_one: Vec<_> = (0..40).map(|_| event(7, worst.clone())).collect();
        let records = records(&of_one).unwrap();
        let bytes: usize = records.iter().map(Vec::len).sum();
        assert!(bytes > SET_ASIDE_COMMIT_BYTES_MAX / 2, "{bytes}");
        assert!(bytes <= SET_ASIDE_COMMIT_BYTES_MAX + 40 * 100, "{bytes}");
    }

    /// Goal: the stored bytes do not change without a version (docs/FORMAT.md). Method: a text,
    /// bytes that are no text, and an event that was cut.
    #[test]
    fn the_layout_is_the_golden_one() {
        let golden = [
            (b"{\"id\": 1}".to_vec(), r#"{"event":"{\"id\": 1}","reason":"bad"}"#),
            (vec![0xff, 0x01], r#"{"event_hex":"ff01","reason":"bad"}"#),
        ];
        for (bytes, expected) in golden {
            assert_eq!(records(&[event(0, bytes)]).unwrap()[0], expected.as_bytes());
        }
        let cut = record(&event(0, b"abcdef".to_vec()), 4);
        assert_eq!(cut, br#"{"event":"abcd","event_bytes":6,"reason":"bad"}"#);
    }
}
