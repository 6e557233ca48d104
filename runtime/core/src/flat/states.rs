//! States of user-defined aggregates as they cross between host and guest: the bytes of
//! `wit/aggregate.wit`.
//!
//! Invariant: in a decoded reply, each group has either a state within its limit or a reason, and
//! every count, end and length was checked against the bytes before it was used. Deliberately
//! absent: what a state means, which only the guest knows.

use super::decode::{take_items, take_u32};
use super::limits::BATCH_BYTES_MAX;
use super::outcome::{Refused, take_refused};
use crate::code::Code;
use crate::error::{Error, Result};
use std::sync::Arc;

/// A group's state, or why the guest refused the group.
pub type GroupState = std::result::Result<Arc<[u8]>, String>;

/// Appends the number of lengths and the end of each range, if ranges of these lengths follow one
/// another. An error of kind [`Input`](crate::ErrorKind::Input) says that the ends are too large:
/// send less.
pub fn put_ends(lengths: impl ExactSizeIterator<Item = usize>, out: &mut Vec<u8>) -> Result<()> {
    out.extend((lengths.len() as u32).to_le_bytes());
    let mut end = 0usize;
    for length in lengths {
        end = end.saturating_add(length);
        if end > BATCH_BYTES_MAX {
            return Err(Error::input(format!(
                "the states of one call are above the limit of {BATCH_BYTES_MAX} bytes"
            ))
            .with_code(Code::limit("BATCH_BYTES_MAX", BATCH_BYTES_MAX)));
        }
        out.extend((end as u32).to_le_bytes());
    }
    Ok(())
}

/// Appends these states.
pub fn put_states<'s, S>(states: S, out: &mut Vec<u8>) -> Result<()>
where
    S: ExactSizeIterator<Item = &'s [u8]> + Clone,
{
    put_ends(states.clone().map(<[u8]>::len), out)?;
    states.for_each(|state| out.extend_from_slice(state));
    Ok(())
}

/// Reads the states of `groups` groups, each at most `state_bytes_max` long, from the front of
/// `bytes` and removes them.
pub fn take_states(
    bytes: &mut &[u8],
    groups: usize,
    state_bytes_max: usize,
) -> Result<Vec<GroupState>> {
    let mut refused = take_refused(bytes, groups, "group")?.into_iter().peekable();
    let count = take_u32(bytes)?;
    if count != groups {
        return Err(Error::input(format!("{count} states are answered for {groups} groups")));
    }
    let mut ends = take_items(bytes, count, 4, "ends of states")?;
    let (mut states, mut start) = (Vec::with_capacity(count), 0);
    for group in 0..groups {
        let end = take_u32(&mut ends)?;
        let length = end.checked_sub(start).ok_or_else(|| {
            Error::input(format!("the state of group {group} ends at {end}, before {start}"))
        })?;
        if length > state_bytes_max {
            return Err(Error::input(format!(
                "the state of group {group} has {length} bytes, above its limit of {state_bytes_max}"
            )));
        }
        let state = take_items(bytes, length, 1, "of a state")?;
        start = end;
        match refused.next_if(|refused| refused.row as usize == group) {
            None => states.push(Ok(state.into())),
            Some(Refused { reason, .. }) if state.is_empty() => states.push(Err(reason)),
            Some(_) => {
                return Err(Error::input(format!("group {group} is both answered and refused")));
            }
        }
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// A reply for three groups; the second one is refused for "no".
    fn answer() -> Vec<u8> {
        let head = numbers(&[1, 1, 2]);
        let ends = numbers(&[3, 2, 2, 5]);
        [&head[..], b"no", &ends, b"abcde"].concat()
    }

    fn read(bytes: &[u8], groups: usize, most: usize) -> Result<Vec<GroupState>> {
        let mut rest = bytes;
        let states = take_states(&mut rest, groups, most)?;
        assert_eq!(rest, b"");
        Ok(states)
    }

    /// Goal: a reply is decoded, and what the host writes has the layout of the interface.
    #[test]
    fn states_are_laid_out_as_the_interface_says() {
        let states = read(&answer(), 3, 3).unwrap();
        assert_eq!(states[0].as_deref().unwrap(), b"ab");
        assert_eq!(states[1], Err("no".to_string()));
        assert_eq!(states[2].as_deref().unwrap(), b"cde");
        let mut out = vec![9];
        put_states([&b"ab"[..], b"", b"cde"].into_iter(), &mut out).unwrap();
        assert_eq!(out, [&[9][..], &numbers(&[3, 2, 2, 5]), b"abcde"].concat());
        assert!(put_ends([BATCH_BYTES_MAX, 1].into_iter(), &mut out).is_err());
        assert!(put_ends([usize::MAX, 1].into_iter(), &mut out).is_err());
    }

    /// Goal: each malformed reply has its own error (S21).
    #[test]
    fn s21_lies_about_states_are_named() {
        let check = |bytes: &[u8], groups: usize, most: usize, message: &str| {
            let mut rest = bytes;
            let error = take_states(&mut rest, groups, most).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        };
        check(&answer(), 2, 9, "3 states are answered for 2 groups");
        check(&answer(), 3, 2, "group 2 has 3 bytes, above its limit of 2");
        check(&answer()[..answer().len() - 1], 3, 9, "do not fit");
        let ends = |ends: &[u32]| [&numbers(&[0, 3])[..], &numbers(ends), b"abcde"].concat();
        check(&ends(&[2, 1, 5]), 3, 9, "ends at 1, before 2");
        check(&ends(&[2, 2, u32::MAX]), 3, 9, "above its limit");
        check(&ends(&[2, 2, 9]), 3, 9, "do not fit");
        check(&numbers(&[0, u32::MAX]), 3, 9, "answered for 3 groups");
        let both = [&numbers(&[1, 0, 0, 1, 1])[..], b"x"].concat();
        check(&both, 1, 9, "both answered and refused");
        check(&numbers(&[1, 7, 0]), 1, 9, "group 7 is refused, of 1 groups");
        check(&numbers(&[2]), 1, 9, "2 groups are refused of 1");
        check(b"", 1, 9, "in the middle of a header");
    }

    proptest! {
        /// Goal: no bytes cause a panic, and what is accepted is within the limits.
        #[test]
        fn s21_no_bytes_panic(
            at in 0usize..40, number in any::<u32>(), cut in 0usize..40, groups in 0usize..5,
        ) {
            let mut bytes = answer();
            let at = at.min(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            if let Ok(states) = take_states(&mut &bytes[..], groups, 3) {
                prop_assert_eq!(states.len(), groups);
                prop_assert!(states.iter().flatten().all(|state| state.len() <= 3));
            }
        }
    }
}
